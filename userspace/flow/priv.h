/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AEO_FLOW_PRIV_H
#define AEO_FLOW_PRIV_H

#include "call.h"
#include "clock.h"
#include "flow.h"
#include "map.h"

#define CGROUPS_MAX 65536
#define KEYS_MAX 65536
#define IDLE_NS \
	(600 *  \
	 NS_PER_S) /* a cgroup that did not wait for so long gives its place to one that does */

struct fcgroup {
	struct aeo_hist dense[DENSE_MAX]; /* totals */
	struct aeo_hist base[DENSE_MAX];  /* what it had counted when it earned its place */
	uint64_t wait0, block0, io0, retrans0, calls0; /* sums at the last tick */
	uint64_t block_ns, io_ns, retrans, calls;      /* sums of this pass */
	struct flow_row row;
	uint64_t waited_ns; /* boot time of the last wait */
	uint32_t own_calls; /* calls with series of their own */
	bool top;
};

struct fcall {
	struct aeo_call now, base;
	struct aeo_call
		placed; /* what it had counted when its cgroup earned its place: that stays in `other` */
	uint64_t score0;
	bool own;
};

struct fcount {
	uint64_t value;
};

struct ftask {
	uint64_t count;
	uint64_t oldest_ns;
};

struct ftaskkey {
	uint64_t cgroup_id;
	uint32_t call;
	uint32_t state;
};

struct flow {
	struct flow_doors doors;
	size_t top_cgroups, top_calls, top_count;
	uint64_t now, ended, passes; /* of this pass, of the last one that ended; how many ended */
	struct map *cgroups;	     /* id -> struct fcgroup */
	struct map *calls;	     /* struct aeo_callkey -> struct fcall */
	struct map *hists;	     /* struct aeo_hkey -> struct aeo_hist */
	struct map *counts;	     /* struct aeo_ckey -> struct fcount */
	struct map *tasks;	     /* struct ftaskkey -> struct ftask */
	struct map *zombies;	     /* id -> struct fcount */
	/* what ended, and what never had a place */
	struct aeo_hist retired[DENSE_MAX]; /* all of them, for the node's sum */
	struct aeo_hist
		retired_other[DENSE_MAX]; /* without what had series of its own, which went with it */
	struct aeo_call retired_calls;
	struct aeo_hist retired_hists[HIST_MAX];
	uint64_t retired_counts[COUNT_MAX];
	struct aeo_hist node[DENSE_MAX], node0[DENSE_MAX];
	struct flow_line line;
	uint64_t calls_sum, calls_sum0;
};

void hist__add(struct aeo_hist *to, const struct aeo_hist *from);
void hist__sub(struct aeo_hist *to, const struct aeo_hist *from);
/* to = max(to, now), field by field: a reading that raced with the kernel never steps back. */
void hist__rise(struct aeo_hist *to, const struct aeo_hist *now);
void call__add(struct aeo_call *to, const struct aeo_call *from);
void call__sub(struct aeo_call *to, const struct aeo_call *from);
void call__rise(struct aeo_call *to, const struct aeo_call *now);
/* q of the durations in a histogram, in seconds: the upper bound of its bucket; 0 for an empty one. */
double hist__quantile(const struct aeo_hist *h, double q);

/* places.c */
void places__award(struct flow *f);

/* walks.c */
void walks__collect(struct flow *f, struct metrics *m, struct buf *b);

#endif
