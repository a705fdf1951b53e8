/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The runtimes' folders by inotify. A container's folder is made before its cgroup, its file is written about when the cgroup is
 * made: so the folder is watched from its creation until the file was read, and a container that lives 50 ms is known in time.
 */
#include <dirent.h>
#include <limits.h>
#include <sys/inotify.h>

#include "clock.h"
#include "lore_in.h"

#define WATCHES 1024		     /* at most: each pins an inode in the kernel */
#define MISSING_NS (100 * NS_PER_MS) /* folders that are not there yet are looked for so often */
#define FOLDER_MASK (IN_CREATE | IN_MOVED_TO | IN_DELETE | IN_MOVED_FROM | IN_ONLYDIR)
#define ITEM_MASK (IN_CLOSE_WRITE | IN_MOVED_TO | IN_ONLYDIR)

enum level { LEVEL_FOLDER, LEVEL_SPACE, LEVEL_ITEM };

struct watch {
	enum folder_id folder;
	enum level level;
	char space[129], name[129];
};

/* What one round of reading carries. */
struct round {
	struct lore *l;
	uint64_t now_ns;
};

int watch__open(struct lore *l)
{
	l->watches = map__new(sizeof(int), sizeof(struct watch), WATCHES);
	if (!l->watches)
		return -ENOMEM;
	l->ino = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	return l->ino < 0 ? -errno : l->ino;
}

void watch__close(struct lore *l)
{
	l->watches = map__free(l->watches);
	close_fd(&l->ino);
}

static int add_watch(struct lore *l, int fd, uint32_t mask, const struct watch *w)
{
	char path[64];
	struct watch *new;
	int wd;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	wd = inotify_add_watch(l->ino, path, mask);
	if (wd < 0)
		return -errno;
	new = map__put(l->watches, &wd, NULL);
	if (!new) {
		(void)inotify_rm_watch(l->ino, wd);
		return -ENOSPC;
	}
	*new = *w;
	return wd;
}

static void learned(struct round *r, const struct known *k)
{
	if (*k->named.pod)
		lore__add_pod(r->l, &k->named);
	news__add(r->l, k);
}

static void drop_watch(struct lore *l, int wd)
{
	(void)inotify_rm_watch(l->ino, wd);
	map__remove(l->watches, &wd);
}

/* A file that is not there, or not whole, is still being written. */
static bool more_to_come(int result, const struct known *k)
{
	return result ? result == -EAGAIN || result == -EINVAL : k->early;
}

/* A container's folder is there: read its file, now or when it is written. */
static void item_made(struct round *r, enum folder_id id, const char *space, const char *name)
{
	struct watch w = {.folder = id, .level = LEVEL_ITEM};
	char path[2 * STATE_PATH];
	struct known *k = NULL;
	int fd cleanup_fd = -1, wd = -1, result;

	if (!id__is_safe(name, strlen(name)))
		return;
	(void)snprintf(w.space, sizeof(w.space), "%s", space);
	(void)snprintf(w.name, sizeof(w.name), "%s", name);
	(void)snprintf(path, sizeof(path), "%s/%s%s%s", folder__path(r->l, id), space,
		       *space ? "/" : "", name);
	fd = below__open_dir(r->l->root_fd, path, BELOW_ROOT);
	if (fd >= 0 && !strchr(folder__row(id)->file, '/'))
		wd = add_watch(r->l, fd, ITEM_MASK, &w);
	result = lore__learn(r->l, id, space, name, r->now_ns, &k);
	if (!result)
		learned(r, k);
	if (wd >= 0 && !more_to_come(result, k))
		drop_watch(r->l, wd);
}

static void item_written(struct round *r, int wd, const struct watch *w, const char *file)
{
	const struct folder *f = folder__row(w->folder);
	struct known *k = NULL;
	int result;

	if (strcmp(file, f->file) != 0 && (!f->early_file || strcmp(file, f->early_file) != 0))
		return;
	result = lore__learn(r->l, w->folder, w->space, w->name, r->now_ns, &k);
	if (!result)
		learned(r, k);
	if (!more_to_come(result, k))
		drop_watch(r->l, wd);
}

static void pod_made(struct round *r, const char *folder)
{
	struct known k = {.runtime = ""};

	if (state__pod_folder(folder, &k.named) < 0)
		return;
	lore__add_pod(r->l, &k.named);
	news__add(r->l, &k);
}

static void list(struct round *r, enum folder_id id, enum level level, const char *space);

static void space_made(struct round *r, enum folder_id id, const char *space)
{
	struct watch w = {.folder = id, .level = LEVEL_SPACE};
	char path[2 * STATE_PATH];
	int fd cleanup_fd = -1;

	if (!id__is_safe(space, strlen(space)))
		return;
	(void)snprintf(w.space, sizeof(w.space), "%s", space);
	(void)snprintf(path, sizeof(path), "%s/%s", folder__path(r->l, id), space);
	fd = below__open_dir(r->l->root_fd, path, BELOW_ROOT);
	if (fd >= 0)
		(void)add_watch(r->l, fd, FOLDER_MASK, &w);
	list(r, id, LEVEL_SPACE, space);
}

static void made(struct round *r, enum folder_id id, enum level level, const char *space,
		 const char *name)
{
	const struct folder *f = folder__row(id);

	if (!f->file)
		pod_made(r, name);
	else if (f->spaces && level == LEVEL_FOLDER)
		space_made(r, id, name);
	else if (r->l->started || f->by_path || !id__is_hex(name, strlen(name)))
		item_made(r, id, space, name);
}

/* What a folder holds already. At the start only what is not asked for by id; what appeared since is all new. */
static void list(struct round *r, enum folder_id id, enum level level, const char *space)
{
	struct dirent *e;
	char path[2 * STATE_PATH];
	DIR *d;
	int fd;

	(void)snprintf(path, sizeof(path), "%s%s%s", folder__path(r->l, id), *space ? "/" : "",
		       space);
	fd = below__list_dir(r->l->root_fd, path, BELOW_ROOT);
	d = fd < 0 ? NULL : fdopendir(fd);

	if (!d && fd >= 0)
		close(fd);
	for (size_t i = 0; d && i < 4 * r->l->most && (e = readdir(d)); i++)
		if (e->d_name[0] != '.')
			made(r, id, level, space, e->d_name);
	if (d)
		closedir(d);
}

static void watch_folder(struct round *r, enum folder_id id)
{
	struct watch w = {.folder = id, .level = LEVEL_FOLDER};
	int fd cleanup_fd = below__open_dir(r->l->root_fd, folder__path(r->l, id), BELOW_ROOT);

	if (fd < 0 || add_watch(r->l, fd, FOLDER_MASK, &w) < 0)
		return;
	r->l->watched[id] = true;
	list(r, id, LEVEL_FOLDER, "");
}

void watch__add_missing(struct lore *l, uint64_t now_ns)
{
	struct round r = {l, now_ns};

	if (l->ino < 0 || (l->missing_ns && now_ns - l->missing_ns < MISSING_NS))
		return;
	l->missing_ns = now_ns ? now_ns : 1;
	for (int i = 0; i < FOLDER_MAX; i++)
		if (!l->watched[i])
			watch_folder(&r, i);
	l->started = true;
}

static void take_event(struct round *r, const struct inotify_event *e)
{
	struct watch *w = map__get(r->l->watches, &e->wd), copy;

	if (e->mask & IN_Q_OVERFLOW) {
		r->l->overflows++;
		for (int i = 0; i < FOLDER_MAX; i++)
			if (r->l->watched[i])
				list(r, i, LEVEL_FOLDER, "");
		return;
	}
	if (!w)
		return;
	copy = *w;
	if (e->mask & IN_IGNORED) {
		if (copy.level == LEVEL_FOLDER)
			r->l->watched[copy.folder] = false;
		map__remove(r->l->watches, &e->wd);
	} else if (copy.level == LEVEL_ITEM) {
		if (e->len)
			item_written(r, e->wd, &copy, e->name);
	} else if (e->len && (e->mask & IN_ISDIR)) {
		if (e->mask & (IN_CREATE | IN_MOVED_TO))
			made(r, copy.folder, copy.level, copy.space, e->name);
		else
			lore__died(r->l, copy.folder, e->name, r->now_ns);
	}
}

void watch__take(struct lore *l, uint64_t now_ns)
{
	char events[16384] __attribute__((aligned(__alignof__(struct inotify_event))));
	struct round r = {l, now_ns};

	/* As much as one turn of the loop may take: what is left makes the descriptor readable again. */
	for (int i = 0; l->ino >= 0 && i < 16; i++) {
		ssize_t n = read(l->ino, events, sizeof(events));

		for (ssize_t at = 0; at + (ssize_t)sizeof(struct inotify_event) <= n;) {
			const struct inotify_event *e = (const struct inotify_event *)(events + at);

			take_event(&r, e);
			at += (ssize_t)(sizeof(*e) + e->len);
		}
		if (n <= 0)
			return;
	}
}
