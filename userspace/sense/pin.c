/* SPDX-License-Identifier: Apache-2.0 */
/* Maps and programs pinned for people with bpftool. Links of seeing probes never are: they die with this process. */
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "priv.h"

static const char *const folders[] = {"maps", "progs"};

/* Remove the files of one of our folders, and the folder. What stands there from an earlier run, of whatever layout, is never adopted. */
static void remove_folder(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	while (d && (e = readdir(d)))
		if (e->d_name[0] != '.')
			(void)unlinkat(fd, e->d_name, 0);
	if (d)
		closedir(d);
	(void)unlinkat(dir, name, AT_REMOVEDIR);
}

void pins__remove(struct sense *s)
{
	cleanup_fd int dir = open(s->pin_dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	for (size_t i = 0; dir >= 0 && i < ARRAY_SIZE(folders); i++)
		remove_folder(dir, folders[i]);
	(void)rmdir(s->pin_dir);
	s->pinned = false;
}

static int make_folders(struct sense *s)
{
	char path[320];

	if (mkdir(s->pin_dir, 0700) && errno != EEXIST)
		return -errno;
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", s->pin_dir, folders[i]);
		if (mkdir(path, 0700) && errno != EEXIST)
			return -errno;
	}
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
		struct bpf_program *p = bpf_object__find_program_by_name(s->skel->obj, s->prog[i].name);

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
