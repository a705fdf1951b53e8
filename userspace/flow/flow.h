/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Readings become series. Totals of each key are kept, never step back, and survive the end of
 * their cgroup in `other`.
 *
 * Histograms and calls of their own get the cgroups that waited most (a setting, sticky): what such
 * a cgroup counted before it earned its place stays in `other`, and so does a call.
 */
#ifndef AEO_FLOW_H
#define AEO_FLOW_H

#include "metric.h"
#include "model.h"

struct flow;

/* Texts and subjects come from other rooms: main joins them. */
struct flow_doors {
	void *arg;
	const struct subject *(*subject)(void *arg, uint64_t cgroup_id);
	const char *(*drop_reason)(void *arg, uint32_t reason);
	const char *(*device)(void *arg, uint32_t dev);
	/* AEO_BUCKETS slowest samples of a node-wide channel */
	const struct aeo_exemplar *(*slowest)(void *arg, bool dense, uint16_t channel);
};

struct flow *flow__new(const struct flow_doors *doors, size_t top_cgroups, size_t top_calls);
struct flow *flow__free(struct flow *f);

/* One pass of readings: begin, then each reading, then end, which computes rates and awards places.
 * Without end it only brings the totals up to date. now: boot ns. */
void flow__begin(struct flow *f, uint64_t now);
void flow__take(struct flow *f, const struct reading *r);
void flow__end(struct flow *f);
/* A cgroup is over: fold it into `other`. */
void flow__forget(struct flow *f, uint64_t cgroup_id);
/* Rows of the task iterator, between the same begin and end of their own pass (every 10 s). */
void flow__tasks_begin(struct flow *f);
void flow__task(struct flow *f, const struct aeo_taskrow *row);

/* Add every series to a snapshot. */
void flow__collect(struct flow *f, struct metrics *m);

/* What happened in the last tick, per second, for `top`. */
struct flow_row {
	uint64_t cgroup_id;
	double cpu_wait; /* seconds runnable per second */
	double blocked;	 /* seconds asleep inside calls, per second */
	double io_wait; /* seconds that its block I/O took, per second: requests at once add up, and so do stacked devices */
	double retransmits; /* per second */
	double calls;	    /* per second */
};
/* The next cgroup's row, in no order; *at is 0 at first and the walk's own. False behind the
 * last. */
bool flow__row(const struct flow *f, size_t *at, struct flow_row *ret);
/* Totals of the last tick over all cgroups: calls, execs and longest run-queue wait bucket, for the
 * line a second. */
struct flow_line {
	double calls, switches, execs, runqueue_p99_s, offcpu_s;
};
void flow__line(const struct flow *f, struct flow_line *ret);

#endif
