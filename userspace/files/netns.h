/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accept queues that overflowed, by network namespace. The namespaces are found over
 * /proc/PID/ns/net, some hundred processes a tick. Private to this room.
 */
#ifndef AEO_FILES_NETNS_H
#define AEO_FILES_NETNS_H

#include <dirent.h>

#include "cgroup.h"
#include "node.h"

#define NETNS_MOST 64

struct netns {
	uint64_t inode;
	uint32_t pid; /* the process over which it is read: the first one seen there; 0: none known */
	uint64_t cgroup_id; /* of that process, 0: not known */
	uint64_t next_s;
	uint32_t round;	      /* of the search that saw it last */
	uint64_t v[2], known; /* overflows, drops */
};

struct netns_set {
	char root[ROOT_MOST];
	char controller[32]; /* of the naming hierarchy, "" for v2 */
	DIR *proc;	     /* the search that is under way */
	uint32_t round;
	uint64_t next_s; /* when the next round of the search begins */
	struct netns ns[NETNS_MOST];
	size_t count;
	size_t more,
		more_now; /* processes seen in namespaces without a place: in the last round, in this one */
};

void netns__init(struct netns_set *s, const char *root, const struct cgroup_tree *tree);
void netns__done(struct netns_set *s);
/* Search on, and read what is due. */
void netns__tick(struct netns_set *s, struct reader *r, const struct cgroups *g, uint64_t now_ns);

#endif
