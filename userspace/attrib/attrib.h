/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who it was: cgroup id to unit, container, pod, workload.
 *
 * Everything is keyed by the id that the kernel gave the cgroup: a path may be used again, an id is not, so a record never names the
 * cgroup's successor. Names come from the runtimes' state files, read only, and are caught while the container starts: when its folder
 * is made (inotify), when its cgroup is made (the kernel's event), and some milliseconds later again where the file was not there yet.
 */
#ifndef AEO_ATTRIB_H
#define AEO_ATTRIB_H

#include "model.h"

/*
 * Which hierarchy names cgroups, from ROOT/proc: v2; or v1 and hybrid, where memory comes first, then cpuacct, cpu, pids. `root` is ""
 * or where the node's root is mounted. 0; -ENOENT no hierarchy of use is mounted; other negative errno.
 *
 * `subsys` is the line of the controller in /proc/cgroups, which is css_set's order as long as the kernel lists all controllers it was
 * built with; kernels that leave out those without v1 files shift it. Whoever has the kernel's BTF should prefer its enumerator
 * CONTROLLER_cgrp_id of enum cgroup_subsys_id.
 */
int cgroup_tree__detect(const char *root, struct cgroup_tree *ret);

struct attrib;

typedef void (*subject_fn)(void *arg, const struct subject *s);

/* At most `most` cgroups are kept; a removed one is kept for grace_ns for its late events. Nothing is read yet. NULL with errno. */
struct attrib *attrib__new(const struct cgroup_tree *tree, const char *root, size_t most,
			   uint64_t grace_ns);
struct attrib *attrib__free(struct attrib *a);

/* Called before a subject is forgotten: by the tick, or to make room. Its strings are dead afterwards. fn NULL: nobody is told. */
void attrib__on_forgotten(struct attrib *a, subject_fn fn, void *arg);

/* Every cgroup that exists; fn (may be NULL) for each, parents first. Number of cgroups, or negative errno. */
ssize_t attrib__scan(struct attrib *a, subject_fn fn, void *arg);

/*
 * A cgroup was made, as the kernel's event says; path[0..n) is relative to the hierarchy's root, and foreign. May come late: its
 * name is looked for all the same. Never NULL; the subject is the same at each call for one id, and stays until it is forgotten. Its
 * strings may be replaced by better ones while the container starts; the old ones stay valid as long.
 */
const struct subject *attrib__made(struct attrib *a, uint64_t id, const char *path, size_t n);
/* A cgroup was removed: it is gone, and forgotten after the grace. */
void attrib__removed(struct attrib *a, uint64_t id, uint64_t now_ns);
/*
 * Who a cgroup is. An id that was never heard of is looked up in the hierarchy by its file handle (needs CAP_DAC_READ_SEARCH; without,
 * the tree is read again, at most once a second). Never NULL: an id that does not exist gives a subject without a path, whose labels
 * say cgroup="unknown"; 0 and ~0, the sums of others, cgroup="other".
 */
const struct subject *attrib__get(struct attrib *a, uint64_t id);

/* Every 100 ms and after each batch of events (cheap when nothing is due): looks again for names, forgets what is over, notices
 * cgroups whose end was not reported. now_ns: CLOCK_BOOTTIME. */
void attrib__tick(struct attrib *a, uint64_t now_ns);
/* A descriptor that is readable when a runtime wrote something or a look is due, so that names do not wait for the tick; then call
 * attrib__read. Negative errno where the kernel refuses: the tick does it all then, 100 ms later. Owned by attrib. */
int attrib__fd(const struct attrib *a);
void attrib__read(struct attrib *a);

/* Walk the subjects, those gone included: start with *at = 0, until NULL. Nothing else may be called meanwhile. */
const struct subject *attrib__next(const struct attrib *a, size_t *at);

/* Why containers have no name. UNNAMED_PENDING is passing, the others were found at the end of the looking. */
#define UNNAMED_REASONS(X)                    \
	X(PENDING, "pending")                 \
	X(NO_STATE, "no state file")          \
	X(NO_NAME, "state without a name")    \
	X(MALFORMED, "state malformed")       \
	X(TOO_LARGE, "state too large")       \
	X(REFUSED, "state not readable")      \
	X(NESTED, "inside another container") \
	X(TAKEN, "another cgroup has this container's id")

enum unnamed {
#define X(id, text) UNNAMED_##id,
	UNNAMED_REASONS(X)
#undef X
		UNNAMED_MAX
};

/* Text of a reason: the value of subject.unnamed and of the metric's label. */
const char *unnamed__text(enum unnamed why);

struct attrib_counts {
	size_t cgroups;	      /* that exist */
	size_t containers;    /* of these, containers' own cgroups */
	size_t unnamed;	      /* of these, without a name now */
	size_t gone;	      /* kept for late events */
	uint64_t named_total; /* containers that got their name */
	uint64_t unnamed_total
		[UNNAMED_MAX]; /* containers that were given up, by reason; PENDING: that ended before their name came */
	uint64_t renamed_total; /* names that came after the cgroup */
	uint64_t evicted_total; /* gone cgroups forgotten before their time to make room */
	uint64_t refused_total; /* cgroups that found no room: they are `other` */
	uint64_t unknown_total; /* ids that were asked for and do not exist */
	uint64_t missed_total;	/* ends of cgroups that were noticed, not reported */
	uint64_t state_read_total, state_failed_total;
	uint64_t overflow_total; /* times that inotify lost events */
};
void attrib__counts(const struct attrib *a, struct attrib_counts *ret);

/* Boot time is read by this instead of the kernel's clock: for tests. */
void attrib__set_clock(struct attrib *a, uint64_t (*now)(void));

#endif
