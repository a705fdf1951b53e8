/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading small kernel files again and again: descriptors stay open and are read with pread into
 * one buffer. There is a budget of kept descriptors, from RLIMIT_NOFILE; what does not fit is
 * opened, read and closed. Private to this room.
 */
#ifndef AEO_FILES_READER_H
#define AEO_FILES_READER_H

#include "parse.h"

#define READER_BUFFER (128u << 10)
#define READER_PATH 4608

/* A descriptor that may be kept: -1 while it is not. */
#define READER_CLOSED (-1)

enum keep {
	KEEP_NEVER, /* open, read, close */
	KEEP_SLOW, /* read every 10 s: kept while less than a quarter of the limit is in use by us */
	KEEP_ALWAYS, /* read each second: kept while less than half of it is */
};

struct reader {
	char *buf;	 /* READER_BUFFER bytes, owned; what was read last */
	size_t kept;	 /* descriptors open now */
	size_t most[3];	 /* by enum keep */
	uint64_t opened; /* opens since start */
	uint64_t reads;
};

/* Allocate the buffer and look at the limit of descriptors. 0 or negative errno. */
int reader__init(struct reader *r);
void reader__done(struct reader *r);

/*
 * Read a file whole: from *fd when it is open, else from `path`, and then keep the descriptor in
 * *fd if `keep` and the budget allow. `many`: the kernel hands the file out in pieces (read until
 * the end; such as /proc/vmstat), else one pread takes it all. A file larger than the buffer is
 * cut behind its last whole line. The text lies in the buffer until the next call. 0, or a
 * negative errno with *fd closed: -ENOENT (no such file), -ENODEV (the cgroup is gone or its
 * controller off).
 */
int reader__read(struct reader *r, int *fd, const char *path, enum keep keep, bool many,
		 struct text *ret);
/* Close a kept descriptor. */
void reader__close(struct reader *r, int *fd);

typedef void (*line_fn)(void *arg, struct text line);
/*
 * Read a file of any size, one line at a time. A line longer than the buffer is left out. fn must
 * not use the reader. 0 or negative errno; lines before an error were delivered.
 */
int reader__lines(struct reader *r, int *fd, const char *path, enum keep keep, line_fn fn,
		  void *arg);

#endif
