/* SPDX-License-Identifier: Apache-2.0 */
/* Maps and programs pinned for people with bpftool. Links of seeing probes never are: they die with
 * this process. */
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "priv.h"

static const char *const folders[] = {"maps", "progs"};

#define DEEP 4 /* folders within folders, more than any layout had */

/* Remove what stands in a folder of ours, of whatever layout: nothing from an earlier run is ever
 * adopted. Takes fd. */
static void empty_folder(int fd, int depth)
{
	DIR *d = fdopendir(fd);
	struct dirent *e;

	if (!d) {
		close(fd);
		return;
	}
	while ((e = readdir(d))) {
		int sub;

		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..") ||
		    !unlinkat(fd, e->d_name, 0))
			continue;
		sub = depth ? openat(fd, e->d_name,
				     O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) :
			      -1;
		if (sub >= 0)
			empty_folder(sub, depth - 1);
		(void)unlinkat(fd, e->d_name, AT_REMOVEDIR);
	}
	closedir(d);
}

/* Ours to empty and to fill: no link, and nobody else may write in it. A bpffs is often mounted so
 * that everybody may make a folder. */
static int open_own(const char *path)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return -errno;
	return st.st_uid != geteuid() || st.st_mode & (S_IWGRP | S_IWOTH) ? -EPERM : take_fd(&fd);
}

void pins__remove(struct sense *s)
{
	int dir = open_own(s->pin_dir);

	if (dir >= 0) {
		empty_folder(dir, DEEP);
		(void)rmdir(s->pin_dir);
	}
	s->pinned = false;
}

static int make_folders(struct sense *s)
{
	cleanup_fd int dir = -1;

	if (mkdir(s->pin_dir, 0700) && errno != EEXIST)
		return -errno;
	dir = open_own(s->pin_dir);
	if (dir < 0)
		return dir;
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		if (mkdirat(dir, folders[i], 0700))
			return -errno;
	return 0;
}

static int pin_all(struct sense *s)
{
	struct bpf_map *m;
	char path[320];
	int err = 0;

	bpf_object__for_each_map(m, s->skel->obj) {
		(void)snprintf(path, sizeof(path), "%s/maps/%s", s->pin_dir, bpf_map__name(m));
		for (char *p = path + strlen(s->pin_dir); *p; p++)
			if (*p == '.')
				*p = '_'; /* bpffs refuses dots */
		if (bpf_map__fd(m) >= 0)
			err = bpf_obj_pin(bpf_map__fd(m), path);
		if (err)
			return -errno;
	}
	for (size_t i = 0; i < s->progs; i++) {
		struct bpf_program *p =
			bpf_object__find_program_by_name(s->skel->obj, s->prog[i].name);

		(void)snprintf(path, sizeof(path), "%s/progs/%s", s->pin_dir, s->prog[i].name);
		if (s->prog[i].chosen && p && bpf_obj_pin(bpf_program__fd(p), path))
			return -errno;
	}
	return 0;
}

int sense__pin(struct sense *s, struct buf *ret_why)
{
	int err;

	if (!s->pin_dir[0])
		return -ENOENT;
	pins__remove(s);
	err = make_folders(s);
	if (!err)
		err = pin_all(s);
	if (err) {
		buf__printf(ret_why, "pinning under %s: %s", s->pin_dir, strerror(-err));
		pins__remove(s);
		return err;
	}
	s->pinned = true;
	return 0;
}
