/* SPDX-License-Identifier: Apache-2.0 */
#include "below.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

static int open_how(int dir, const char *path, uint64_t flags, enum below how)
{
	struct open_how h = {.flags = flags | O_CLOEXEC};
	long fd;

	h.resolve = RESOLVE_NO_MAGICLINKS;
	h.resolve |= how == BELOW_USER ? RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV :
					 RESOLVE_IN_ROOT;
	fd = syscall(SYS_openat2, dir, path, &h, sizeof(h));
	return fd < 0 ? -errno : (int)fd;
}

int below__open_dir(int dir, const char *path, enum below how)
{
	return open_how(dir, path, O_PATH | O_DIRECTORY, how);
}

int below__list_dir(int dir, const char *path, enum below how)
{
	return open_how(dir, path, O_RDONLY | O_DIRECTORY, how);
}

int below__read(int dir, const char *path, enum below how, struct buf *b)
{
	/* Without O_NONBLOCK a FIFO in the file's place would hold us. */
	int fd cleanup_fd = open_how(dir, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, how);
	size_t before = b->len;
	struct stat st;
	ssize_t n;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EACCES;
	do {
		if (b->len - before > BELOW_MOST)
			return -EFBIG;
		if (buf__reserve(b, 16384) < 0)
			return -ENOMEM;
		n = read(fd, b->data + b->len, 16384);
		if (n < 0 && errno != EINTR)
			return -errno;
		b->len += n > 0 ? (size_t)n : 0;
	} while (n);
	return b->len - before > BELOW_MOST ? -EFBIG : 0;
}
