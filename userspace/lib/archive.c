/* SPDX-License-Identifier: Apache-2.0 */
#include "archive.h"

#include <fcntl.h>
#include <zlib.h>

#define BLOCK 512
#define FILE_MAX (1u << 30)

/* A ustar head: numbers are octal text. */
struct head {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], sum[8], type, link[100],
		magic[6], version[2];
	char user[32], group[32], major[8], minor[8], prefix[155], pad[12];
};
_Static_assert(sizeof(struct head) == BLOCK, "a head is one block");

struct archive {
	gzFile gz;
	char *path;
	bool failed;
};

struct archive *archive__create(const char *path)
{
	struct archive *a = calloc(1, sizeof(*a));
	cleanup_fd int fd = -1;

	if (!a)
		return NULL;
	a->path = strdup(path);
	fd = a->path ? open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600) : -1;
	if (fd >= 0)
		a->gz = gzdopen(fd, "wb6");
	if (a->gz) {
		(void)take_fd(&fd);
		return a;
	}
	if (fd >= 0) {
		(void)unlink(path);
		errno = ENOMEM;
	}
	free(a->path);
	free(a);
	return NULL;
}

static int put(struct archive *a, const void *data, size_t n)
{
	/* gzwrite takes an unsigned, and 0 bytes are not an error of it */
	if (n && gzwrite(a->gz, data, (unsigned)n) != (int)n)
		a->failed = true;
	return a->failed ? -EIO : 0;
}

/* The sum of all bytes of the head, its own place taken as blanks. */
static void put_sum(struct head *h)
{
	const unsigned char *p = (const unsigned char *)h;
	unsigned sum = 0;

	memset(h->sum, ' ', sizeof(h->sum));
	for (size_t i = 0; i < sizeof(*h); i++)
		sum += p[i];
	(void)snprintf(h->sum, sizeof(h->sum), "%06o", sum);
}

int archive__add(struct archive *a, const char *name, const void *data, size_t n, uint64_t mtime)
{
	static const char zeros[BLOCK];
	struct head h = {.type = '0',
			 .magic = "ustar",
			 .version = {'0', '0'},
			 .user = "root",
			 .group = "root"};
	size_t len = strlen(name);
	int err;

	if (!len || *name == '/' || strstr(name, ".."))
		return -EINVAL;
	if (len >= sizeof(h.name))
		return -ENAMETOOLONG;
	if (n > FILE_MAX)
		return -EFBIG;
	memcpy(h.name, name, len);
	(void)snprintf(h.mode, sizeof(h.mode), "%07o", 0600u);
	(void)snprintf(h.uid, sizeof(h.uid), "%07o", 0u);
	(void)snprintf(h.gid, sizeof(h.gid), "%07o", 0u);
	(void)snprintf(h.size, sizeof(h.size), "%011llo", (unsigned long long)n);
	(void)snprintf(h.mtime, sizeof(h.mtime), "%011llo",
		       (unsigned long long)(mtime & 077777777777));
	put_sum(&h);
	err = put(a, &h, sizeof(h));
	if (!err)
		err = put(a, data, n);
	if (!err && n % BLOCK)
		err = put(a, zeros, BLOCK - n % BLOCK);
	return err;
}

int archive__finish(struct archive *a)
{
	static const char end[2 * BLOCK];
	bool ok = !put(a, end, sizeof(end));

	ok = gzclose(a->gz) == Z_OK && ok;
	if (!ok)
		(void)unlink(a->path);
	free(a->path);
	free(a);
	return ok ? 0 : -EIO;
}
