/* SPDX-License-Identifier: Apache-2.0 */
/* Inside attrib/: the table of cgroups, shared by attrib.c (its life), resolve.c (who it was), hierarchy.c (the files). */
#ifndef AEO_ATTRIB_IN_H
#define AEO_ATTRIB_IN_H

#include "attrib.h"
#include "buf.h"
#include "lore.h"
#include "map.h"

#define PATH_SHOWN \
	1000 /* bytes of a cgroup's path that are kept; a longer one is cut and ends with its id */
#define DEPTH_MOST 64 /* levels of cgroups that are looked into */

struct block {
	struct block *next;
	char text[];
};

/* One cgroup. The subject is first: its address is the entry's. */
struct entry {
	struct subject s;
	struct block *blocks;	   /* all strings that were ever handed out, the newest first */
	struct entry *prev, *next; /* of the gone ones, the oldest first */
	uint64_t made_ns, gone_ns, due_ns;
	uint8_t tries;
	bool pending; /* a name is still looked for */
	bool settled; /* counted as named or unnamed */
	bool guessed; /* named as its path's last part, by a container of that name */
	bool cut;     /* the path is not whole */
	bool ghost;   /* an id that was asked for and does not exist */
	uint32_t own; /* bytes of the path of the container's own cgroup; 0: not in a container */
};

/* What is found out about a cgroup, before it becomes the strings of its subject. */
struct who {
	char unit[256], container[STATE_NAME], container_id[129], pod[STATE_NAME],
		namespace_[STATE_NAME], workload[STATE_NAME];
	char pod_uid[CGPATH_UID + 1];
	const char *runtime, *unnamed;
	uint32_t own;
	bool is_container;
};

struct attrib {
	struct cgroup_tree tree;
	struct lore *lore;
	struct map *entries; /* by cgroup id */
	struct map *paths;   /* by hash of the path: cgroup id */
	size_t most, cursor;
	uint64_t grace_ns, seed, swept_ns, rescanned_ns, asked_ns;
	uint64_t (*now)(void);
	struct entry *oldest, *newest; /* gone */
	size_t gone;
	subject_fn forgotten;
	void *forgotten_arg;
	int mount_fd, epoll, timer;
	uint64_t armed_ns;
	char mount[512]; /* the hierarchy's root as the kernel prints it */
	char node[256];
	struct subject other, all; /* of id ~0 and 0 */
	struct attrib_counts n;
};

/* attrib.c */
struct entry *entry__at_path(const struct attrib *a, const char *path, size_t n);
struct entry *entry__add(struct attrib *a, uint64_t id, const char *path, size_t n);
/* Take in what the runtimes wrote meanwhile. */
void attrib__listen(struct attrib *a, uint64_t now_ns);
void entry__end(struct attrib *a, struct entry *e, uint64_t now_ns);

/* subject.c: give an entry its strings. False: nothing changed, or no memory. */
bool subject__set(struct entry *e, const char *cgroup, const struct who *w);
void subject__done(struct entry *e);

/* resolve.c */
void resolve__first(struct attrib *a, struct entry *e);
/* Look once more, out of turn, where a name is still looked for. */
void resolve__again(struct attrib *a, struct entry *e);
void resolve__due(struct attrib *a, uint64_t now_ns);
void resolve__known(void *arg, const struct known *k);

/* hierarchy.c */
int hierarchy__open(struct attrib *a);
/* Path of a cgroup by its id, below the hierarchy's root. 0; -ESTALE it does not exist; other negative errno: cannot be asked. */
int hierarchy__path(const struct attrib *a, uint64_t id, char *ret, size_t size);
/* Id of the cgroup at a path; 0: none. */
uint64_t hierarchy__id(const struct attrib *a, const char *path, size_t n);

#endif
