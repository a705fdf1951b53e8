/* SPDX-License-Identifier: Apache-2.0 */
#include "reader.h"

#include <fcntl.h>
#include <sys/resource.h>

/*
 * Each kept file holds a page or more of kernel memory: no use of thousands beyond this,
 * whatever the limit.
 */
#define KEPT_MOST 4096

int reader__init(struct reader *r)
{
	struct rlimit limit = {1024, 1024};

	memset(r, 0, sizeof(*r));
	(void)getrlimit(RLIMIT_NOFILE, &limit);
	r->most[KEEP_ALWAYS] = MIN(limit.rlim_cur / 2, (rlim_t)KEPT_MOST);
	r->most[KEEP_SLOW] = r->most[KEEP_ALWAYS] / 2;
	r->buf = malloc(READER_BUFFER);
	return r->buf ? 0 : -ENOMEM;
}

void reader__done(struct reader *r)
{
	free(r->buf);
	r->buf = NULL;
}

void reader__close(struct reader *r, int *fd)
{
	if (*fd < 0)
		return;
	close(*fd);
	*fd = READER_CLOSED;
	r->kept--;
}

static int acquire(struct reader *r, int *fd, const char *path)
{
	if (*fd >= 0)
		return 0;
	*fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (*fd < 0) {
		*fd = READER_CLOSED;
		return -errno;
	}
	r->kept++;
	r->opened++;
	return 0;
}

static void release(struct reader *r, int *fd, enum keep keep, int rc)
{
	if (rc || r->kept > r->most[keep])
		reader__close(r, fd);
}

static ssize_t fill(struct reader *r, int fd, size_t from, off_t at)
{
	ssize_t n;

	do {
		n = pread(fd, r->buf + from, READER_BUFFER - from, at);
	} while (n < 0 && errno == EINTR);
	r->reads++;
	return n < 0 ? -errno : n;
}

/* A number cut in two would be a wrong number. */
static size_t whole_lines(const struct reader *r, size_t n)
{
	const char *end;

	if (n < READER_BUFFER)
		return n;
	end = memrchr(r->buf, '\n', n);
	return end ? (size_t)(end - r->buf) + 1 : 0;
}

int reader__read(struct reader *r, int *fd, const char *path, enum keep keep, bool many,
		 struct text *ret)
{
	size_t got = 0;
	ssize_t n;
	int rc = acquire(r, fd, path);

	if (rc)
		return rc;
	do {
		n = fill(r, *fd, got, (off_t)got);
		got += n > 0 ? (size_t)n : 0;
	} while (many && n > 0 && got < READER_BUFFER);
	rc = n < 0 ? (int)n : 0;
	release(r, fd, keep, rc);
	if (!rc)
		*ret = (struct text){r->buf, whole_lines(r, got)};
	return rc;
}

/* Deliver the whole lines of the buffer; how many bytes remain of the last one. */
static size_t deliver(struct reader *r, size_t n, line_fn fn, void *arg)
{
	const char *end = memrchr(r->buf, '\n', n);
	struct text rest, line;
	size_t whole;

	if (!end)
		return n < READER_BUFFER ? n : 0;
	whole = (size_t)(end - r->buf) + 1;
	rest = (struct text){r->buf, whole};
	while (text__line(&rest, &line))
		fn(arg, line);
	memmove(r->buf, r->buf + whole, n - whole);
	return n - whole;
}

int reader__lines(struct reader *r, int *fd, const char *path, enum keep keep, line_fn fn,
		  void *arg)
{
	size_t have = 0;
	off_t at = 0;
	ssize_t n;
	int rc = acquire(r, fd, path);

	if (rc)
		return rc;
	while ((n = fill(r, *fd, have, at)) > 0) {
		at += n;
		have = deliver(r, have + (size_t)n, fn, arg);
	}
	if (!n && have)
		fn(arg, (struct text){r->buf, have});
	rc = n < 0 ? (int)n : 0;
	release(r, fd, keep, rc);
	return rc;
}
