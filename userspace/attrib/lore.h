/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the runtimes' own folders say: read when a cgroup asks, and caught by inotify as they are written, which is before the cgroup
 * exists or a moment later. Files of root's folders name any cgroup; files of a user's folders only the cgroups of that user.
 */
#ifndef AEO_ATTRIB_LORE_H
#define AEO_ATTRIB_LORE_H

#include "path.h"
#include "state.h"

struct lore;

/* One container as its runtime describes it. */
struct known {
	struct named named;
	const char *runtime;
	char id[129];
	uint32_t uid;	/* whose folder; 0 root's */
	bool early;	/* from what the runtime was told; its own word is still to come */
	bool by_path;	/* found by named.path: the cgroup's own path need not say its name */
	uint64_t bound; /* cgroup id that lives, or lived, at that path; 0 none yet */
	uint64_t learned_ns;
	uint64_t dead_ns; /* its folder went away; 0: it is there */
};

typedef void (*known_fn)(void *arg, const struct known *k);

/* Below a root ("" is ours), at most so many containers and pods; what died is kept for grace_ns. NULL with errno. */
struct lore *lore__new(const char *root, size_t most, uint64_t grace_ns);
struct lore *lore__free(struct lore *l);
/* For tests: what the time is. */
void lore__set_clock(struct lore *l, uint64_t (*now)(void));
/* Readable when a runtime has written something. Negative errno where inotify is refused; lore then works by asking alone. */
int lore__fd(const struct lore *l);
/* Take in what the runtimes wrote; fn for every container and, with an empty id, every pod that was learned. */
void lore__read(struct lore *l, uint64_t now_ns, known_fn fn, void *arg);
/* Watch folders that have appeared (at most every 100 ms), forget what is long dead. */
void lore__tick(struct lore *l, uint64_t now_ns);

/*
 * The container of an id that a path gave away. 0; -ENOENT nobody has it (yet); -EAGAIN its folder is there, its file is not yet;
 * -ENODATA its runtime has no name for it; -EINVAL, -EFBIG, -EACCES and others: the file could not be read. *ret is a copy.
 */
int lore__ask(struct lore *l, const struct cgpath *c, uint64_t now_ns, struct known *ret);
/* The container, of root's (uid 0) or of a user's, whose own cgroup has exactly this path. False: none is known. */
bool lore__at_path(struct lore *l, const char *path, size_t n, uint32_t uid, struct known *ret);
/* It belongs to this cgroup now. */
void lore__bind(struct lore *l, const struct known *k, uint64_t id);
/* Look for one that is called as the path's last part (the cgroupfs driver's habit), and may be at this path. As lore__ask, and -EXDEV:
 * one of that name is known, and lies elsewhere. */
int lore__guess(struct lore *l, const char *path, size_t n, uint32_t uid, uint64_t now_ns,
		struct known *ret);
/* Pod of a uid: its name and namespace. False: not known (yet). */
bool lore__pod(struct lore *l, const char *uid, uint64_t now_ns, struct named *ret);
/* Remember a pod that a container's annotations named. */
void lore__add_pod(struct lore *l, const struct named *n);

struct lore_counts {
	uint64_t read, failed; /* state files that were read; that could not be */
	uint64_t overflows;    /* times that inotify lost events: folders were listed again */
	uint64_t refused;      /* containers that found no room */
	size_t known, pods, watches;
};
void lore__counts(struct lore *l, struct lore_counts *ret);

#endif
