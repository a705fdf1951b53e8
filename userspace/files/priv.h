/* SPDX-License-Identifier: Apache-2.0 */
/* The room's one object. Private to this room. */
#ifndef AEO_FILES_PRIV_H
#define AEO_FILES_PRIV_H

#include "buf.h"
#include "cgroup.h"
#include "kmsg.h"
#include "mounts.h"
#include "netns.h"
#include "node.h"

struct files {
	struct reader reader;
	struct cgroups cgroups;
	struct node node;
	struct mounts mounts;
	struct netns_set netns;
	struct kmsg kmsg;
	kernel_log_fn log_fn;
	void *log_arg;
	struct buf labels; /* scratch of collect */
};

#endif
