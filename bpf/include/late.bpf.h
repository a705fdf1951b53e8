/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * For what ends in another context than it began in: who began it, kept until then; and a rate
 * limit for events that the node's traffic decides about.
 */
#ifndef AEO_LATE_BPF_H
#define AEO_LATE_BPF_H

#include "probe.bpf.h"

/* Who began something: pid 0 is nobody known. */
struct aeo_who {
	__u32 pid;
	__u32 tgid;
	__u64 start_ns;
	char comm[AEO_COMM];
};

static const struct aeo_who nobody;

struct aeo_limit {
	__u64 second;
	__u64 n;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, PROBE_MAX);
	__type(key, __u32);
	__type(value, struct aeo_limit);
} aeo_limits AEO_MAP;

static __always_inline void who_note(struct aeo_who *w, struct task_struct *t)
{
	w->pid = TASK(t, pid);
	w->tgid = TASK(t, tgid);
	w->start_ns = task_start(t);
	bpf_probe_read_kernel_str(w->comm, sizeof(w->comm), t->comm);
}

/* Put the event in the name of who began it, not of the task that happens to run now. */
static __always_inline void who_put(struct aeo_ev *e, const struct aeo_who *w)
{
	e->pid = w->pid;
	e->tgid = w->tgid;
	e->start_ns = w->start_ns;
	__builtin_memcpy(e->comm, w->comm, sizeof(e->comm));
}

/* slowest_put in the name of who began it. */
static __always_inline void slowest_who(__u32 channel, __u32 bucket, __u64 ns,
					const struct aeo_who *w, __u64 cgroup)
{
	__u32 at = channel * AEO_BUCKETS + bucket;
	struct aeo_exemplar *x = bpf_map_lookup_elem(&aeo_slowest, &at);

	if (!x || x->value_ns >= ns)
		return;
	x->value_ns = ns;
	x->time_ns = bpf_ktime_get_boot_ns();
	x->cgroup_id = cgroup;
	x->pid = w->pid;
	x->tgid = w->tgid;
	__builtin_memcpy(x->comm, w->comm, sizeof(x->comm));
}

/* ev_end without waking the reader, who looks ten times a second anyway: a wake-up costs more than
 * all the rest (an interrupt). */
static __always_inline void ev_end_quiet(struct aeo_ev *e)
{
	struct aeo_acct *a = acct_of(e->probe);

	bpf_ringbuf_submit(e, BPF_RB_NO_WAKEUP);
	if (a)
		__sync_fetch_and_add(&a->submitted, 1);
}

/* Whether one more event of the probe may go out on this CPU in this second; one that may not is
 * counted as attempted and lost. */
static __always_inline int limit_pass(__u32 probe)
{
	struct aeo_limit *l = bpf_map_lookup_elem(&aeo_limits, &probe);
	struct aeo_acct *a;
	__u64 second;

	if (!l || !cfg.limit_per_s)
		return 1;
	second = bpf_ktime_get_ns() >> 30; /* as good as a second, and no division */
	if (l->second != second) {
		l->second = second;
		l->n = 0;
	}
	if (l->n < cfg.limit_per_s) {
		l->n++;
		return 1;
	}
	a = acct_of(probe);
	if (a) {
		__sync_fetch_and_add(&a->attempted, 1);
		__sync_fetch_and_add(&a->lost[LOSS_LIMIT], 1);
	}
	return 0;
}

#endif
