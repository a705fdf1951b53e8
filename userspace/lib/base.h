/* SPDX-License-Identifier: Apache-2.0 */
/* What every file may use: sizes, ownership by scope, and names that must not be used. */
#ifndef AEO_BASE_H
#define AEO_BASE_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#define PRINTF(f, a) __attribute__((format(printf, f, a)))
#define UNUSED __attribute__((unused))

/* Local variables that clean up when their scope ends: `cleanup_free char *s = NULL;`. `take(p)`
 * hands the pointer over. */
static inline void free_ptr(void *p)
{
	free(*(void **)p);
}

static inline void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void close_file(FILE **f)
{
	if (*f)
		fclose(*f);
}

#define cleanup(f) __attribute__((cleanup(f)))
#define cleanup_free cleanup(free_ptr)
#define cleanup_fd cleanup(close_fd)
#define cleanup_file cleanup(close_file)

#define take(p)                             \
	({                                  \
		__typeof__(p) taken_ = (p); \
		(p) = NULL;                 \
		taken_;                     \
	})

static inline int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

/* glibc's checked sprintf is a macro where the compiler has no __va_arg_pack (clang). */
#undef sprintf
#undef vsprintf
/* Unsafe or unbounded: use buf.h, snprintf, strtoull with checks, posix_spawn. */
#pragma GCC poison strcpy strcat sprintf vsprintf gets strtok atoi atol atof popen tmpnam mktemp

#endif
