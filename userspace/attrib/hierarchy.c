/* SPDX-License-Identifier: Apache-2.0 */
/* The cgroup hierarchy as files: from id to path, from path to id, and all of it. */
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "attrib_in.h"

#define HANDLE_KERNFS 0xfe /* the kernel's FILEID_KERNFS: the handle is the 8 bytes of the id */

int hierarchy__open(struct attrib *a)
{
	char link[64];
	ssize_t n;

	a->mount_fd = open(a->tree.root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (a->mount_fd < 0)
		return -errno;
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", a->mount_fd);
	n = readlink(link, a->mount, sizeof(a->mount) - 1);
	a->mount[n > 0 ? n : 0] = 0;
	return 0;
}

int hierarchy__path(const struct attrib *a, uint64_t id, char *ret, size_t size)
{
	struct {
		struct file_handle head;
		uint64_t id;
	} h = {.head = {.handle_bytes = sizeof(h.id), .handle_type = HANDLE_KERNFS}};
	size_t before = strlen(a->mount);
	int fd cleanup_fd = -1;
	char link[64], path[4200];
	struct stat st;
	ssize_t n;

	memcpy(h.head.f_handle, &id, sizeof(id));
	fd = open_by_handle_at(a->mount_fd, &h.head, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESTALE : -errno;
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	if (n <= 0)
		return -EIO;
	path[n] = 0;
	/* Of a cgroup that is on its way out the kernel adds " (deleted)": then the path leads nowhere. */
	if (strncmp(path, a->mount, before) != 0 || stat(path, &st) < 0 || st.st_ino != id)
		return -ESTALE;
	n -= (ssize_t)before;
	if ((size_t)n >= size)
		return -ENAMETOOLONG;
	memcpy(ret, n ? path + before : "/", n ? (size_t)n + 1 : 2);
	return 0;
}

uint64_t hierarchy__id(const struct attrib *a, const char *path, size_t n)
{
	char full[4600];
	struct stat st;

	if ((size_t)snprintf(full, sizeof(full), "%s%.*s", a->tree.root, (int)n, path) >=
	    sizeof(full))
		return 0;
	return lstat(full, &st) < 0 ? 0 : st.st_ino;
}

struct walk {
	struct attrib *a;
	subject_fn fn;
	void *arg;
	struct buf path;
	DIR *level[DEPTH_MOST];
	size_t at[DEPTH_MOST]; /* bytes of the path at each level */
	int depth;
	ssize_t found;
};

static void enter(struct walk *w, int parent, const char *name)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	const struct entry *e;
	struct stat st;
	DIR *d;

	if (fd < 0)
		return;
	if (fstat(fd, &st) < 0 || !(d = fdopendir(fd))) {
		close(fd);
		return;
	}
	w->level[w->depth] = d;
	w->at[w->depth] = w->path.len;
	w->depth++;
	e = entry__add(w->a, st.st_ino, w->path.len ? w->path.data : "/",
		       w->path.len ? w->path.len : 1);
	w->found++;
	if (e && w->fn)
		w->fn(w->arg, &e->s);
}

ssize_t attrib__scan(struct attrib *a, subject_fn fn, void *arg)
{
	struct walk w = {.a = a, .fn = fn, .arg = arg, .path = BUF_INIT};

	attrib__listen(a, a->now());
	enter(&w, a->mount_fd, ".");
	while (w.depth) {
		struct dirent *e = readdir(w.level[w.depth - 1]);

		if (!e) {
			closedir(w.level[--w.depth]);
			continue;
		}
		if (e->d_type != DT_DIR || e->d_name[0] == '.' || w.depth == DEPTH_MOST)
			continue;
		w.path.len = w.at[w.depth - 1];
		buf__char(&w.path, '/');
		buf__str(&w.path, e->d_name);
		if (!w.path.failed)
			enter(&w, dirfd(w.level[w.depth - 1]), e->d_name);
	}
	buf__done(&w.path);
	return w.found ? w.found : -ENOENT;
}
