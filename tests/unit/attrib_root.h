/* SPDX-License-Identifier: Apache-2.0 */
/* A root of a node in a temporary folder: what attrib/ reads below --root. */
#ifndef AEO_ATTRIB_ROOT_H
#define AEO_ATTRIB_ROOT_H

#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <sys/stat.h>

#include "testing.h"

static inline char *root__new(void)
{
	char path[] = "/tmp/aeo-root.XXXXXX";

	assert_non_null(mkdtemp(path));
	return strdup(path);
}

static inline int root_remove_(const char *path, const struct stat *st, int type, struct FTW *f)
{
	(void)st;
	(void)type;
	(void)f;
	return remove(path);
}

static inline void root__free(char *root)
{
	assert_int_equal(nftw(root, root_remove_, 16, FTW_DEPTH | FTW_PHYS), 0);
	free(root);
}

/* A folder and those above it; its inode, which is the cgroup's id below the hierarchy. */
static inline uint64_t root__dir(const char *root, const char *path)
{
	char full[8192];
	struct stat st;

	(void)snprintf(full, sizeof(full), "%s%s/", root, path);
	for (char *p = full + 1; (p = strchr(p, '/')); p++) {
		*p = 0;
		if (mkdir(full, 0755) < 0)
			assert_int_equal(errno, EEXIST);
		*p = '/';
	}
	assert_int_equal(stat(full, &st), 0);
	return st.st_ino;
}

/* A file, its folders made, written under another name and moved into place as runtimes do. */
static inline void root__put(const char *root, const char *path, const char *text)
{
	char full[8192], other[8300], dir[4096];
	int fd;

	(void)snprintf(dir, sizeof(dir), "%.*s", (int)(strrchr(path, '/') - path), path);
	(void)root__dir(root, dir);
	(void)snprintf(full, sizeof(full), "%s%s", root, path);
	(void)snprintf(other, sizeof(other), "%s.new", full);
	fd = open(other, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	assert_int_equal(rename(other, full), 0);
}

static inline void root__remove(const char *root, const char *path)
{
	char full[8192];

	(void)snprintf(full, sizeof(full), "%s%s", root, path);
	assert_int_equal(nftw(full, root_remove_, 16, FTW_DEPTH | FTW_PHYS), 0);
}

static inline bool root__is(const char *root, const char *path, const char *full)
{
	return !strncmp(full, root, strlen(root)) && !strcmp(full + strlen(root), path);
}

#endif
