/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AEO_SUPER_PRIV_H
#define AEO_SUPER_PRIV_H

#include <sys/types.h>

#include "buf.h"
#include "super.h"
#include "wire.h"

enum child_id { CHILD_SENSOR, CHILD_EXPORT, CHILD_VIEW, CHILD_MAX };

struct child {
	const char *name;
	pid_t pid; /* 0: not running */
	int fd;	   /* our end of its pair, -1 */
	struct buf in;
	uint32_t restarts;
	uint64_t started_ns, again_ns; /* boot ns; again_ns: when to start it again, 0 never */
	uint32_t backoff_ms;
	bool wanted;
};

/* spawn.c: start a program of our own folder by descriptor. `verb` NULL for none. `pair`: gets the
 * other end as descriptor 3. Pid or negative errno. */
pid_t spawn__start(const struct args *a, const char *program, const char *verb, int pair);
/* Whether the program stands in our folder and is safe to start. */
int spawn__check(const char *program);

#endif
