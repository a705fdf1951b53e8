/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What every probe file includes: the shared maps, who is running, and the two channels.
 *
 *   rare      ev_begin(PROBE_x) ... ev_end(e), or big_begin/big_end where the event has extra numbers or a tail
 *   frequent  hist_add(HIST_x, ...), count_add(COUNT_x, ...)
 *
 * A handler is written AEO_PROG("section", name, arguments). Compiled with -DAEO_EMPTY every handler of the file does nothing:
 * the test of a probe must then fail.
 */
#ifndef AEO_PROBE_BPF_H
#define AEO_PROBE_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>
#include "event.h"
#include "compat.bpf.h"

#define PF_KTHREAD 0x00200000

/* Every handler is optional for the loader: user space turns on the rungs that this kernel takes. */
#ifdef AEO_EMPTY
#define AEO_PROG(sec, name, args...)                                                \
	static __always_inline int ____aeo_##name(unsigned long long *ctx, ##args); \
	SEC("?" sec) int name(unsigned long long *ctx)                              \
	{                                                                           \
		(void)ctx;                                                          \
		return 0;                                                           \
	}                                                                           \
	static __attribute__((unused))                                              \
	__always_inline int ____aeo_##name(unsigned long long *ctx, ##args)
#else
#define AEO_PROG(sec, name, args...) SEC("?" sec) int BPF_PROG(name, ##args)
#endif

const volatile struct aeo_cfg cfg __weak = {};

/* Set by user space while low-value events are shed: those of the ordinary ring. */
__u32 aeo_shed_events __weak = 0;

#define AEO_MAP __weak SEC(".maps")

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} aeo_ring_evt AEO_MAP;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 19);
} aeo_ring_sec AEO_MAP;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, PROBE_MAX);
	__type(key, __u32);
	__type(value, struct aeo_acct);
} aeo_acct AEO_MAP;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, PROBE_MAX);
	__type(key, __u32);
	__type(value, struct aeo_big);
} aeo_scratch AEO_MAP;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct aeo_cpu);
} aeo_cpus AEO_MAP;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 2048);
	__type(key, __u64);
	__type(value, __u32);
} aeo_cgroups AEO_MAP;

struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 2048);
	__uint(value_size, sizeof(__u32));
} aeo_free AEO_MAP;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE); /* user space reads and clears it in place */
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct aeo_hist);
} aeo_dense AEO_MAP;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE); /* user space reads and clears it in place */
	__uint(max_entries, (DENSE_MAX + HIST_MAX) * AEO_BUCKETS);
	__type(key, __u32);
	__type(value, struct aeo_exemplar);
} aeo_slowest AEO_MAP;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct aeo_callkey);
	__type(value, struct aeo_call);
} aeo_calls AEO_MAP;

struct aeo_taskset {
	struct aeo_task way[2];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct aeo_taskset);
} aeo_tasks AEO_MAP;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct aeo_hkey);
	__type(value, struct aeo_hist);
} aeo_hists AEO_MAP;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, struct aeo_ckey);
	__type(value, __u64);
} aeo_counts AEO_MAP;

/* ---- who ---------------------------------------------------------------------------------------------------------- */

/* Cgroup id of a task: v2, or the v1 hierarchy that names cgroups on this node. */
static __always_inline __u64 task_cgroup(struct task_struct *t)
{
	struct css_set *set = t->cgroups;
	struct cgroup_subsys_state *css;
	__u32 subsys = cfg.cg_subsys;

	if (subsys == ~0u)
		return set->dfl_cgrp->kn->id;
	/* The index is a constant for the verifier but not for CO-RE, so the field's offset is asked for and the index added. */
	css = *(struct cgroup_subsys_state **)((char *)set + bpf_core_field_offset(set->subsys) +
					       subsys * 8);
	return css->cgroup->kn->id;
}

/* The same of a task that is a plain number for the verifier. */
static __always_inline __u64 read_cgroup(struct task_struct *t)
{
	struct css_set *set = BPF_CORE_READ(t, cgroups);
	struct cgroup_subsys_state *css = NULL;

	if (cfg.cg_subsys == ~0u)
		return BPF_CORE_READ(set, dfl_cgrp, kn, id);
	bpf_probe_read_kernel(&css, sizeof(css),
			      (char *)set + bpf_core_field_offset(set->subsys) + cfg.cg_subsys * 8);
	return BPF_CORE_READ(css, cgroup, kn, id);
}

static __always_inline __u64 current_cgroup(void)
{
	struct task_struct *t = current_task();

	return HAS_TASK_BTF ? task_cgroup(t) : read_cgroup(t);
}

static __always_inline __u64 cgroup_id_of(struct cgroup *c)
{
	return c ? BPF_CORE_READ(c, kn, id) : 0;
}

static __always_inline struct aeo_cpu *this_cpu(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&aeo_cpus, &zero);
}

/* Dense index of a cgroup, 0 (`other`) for one that has none. */
static __always_inline __u32 cgroup_index(__u64 id)
{
	__u32 *idx = bpf_map_lookup_elem(&aeo_cgroups, &id);

	return idx ? *idx : 0;
}

/* Whether the running process is ours: our own acts make no events. */
static __always_inline int ours(struct task_struct *t)
{
	__u32 tgid = TASK(t, tgid);

	return tgid == cfg.super_tgid || tgid == cfg.self_tgid ||
	       (__u32)TASK(t, real_parent, tgid) == cfg.super_tgid;
}

/* ---- rare: events -------------------------------------------------------------------------------------------------- */

static __always_inline struct aeo_acct *acct_of(__u32 probe)
{
	return bpf_map_lookup_elem(&aeo_acct, &probe);
}

/* Called first in every handler that is not HOT. */
static __always_inline void count_run(__u32 probe)
{
	struct aeo_acct *a = acct_of(probe);

	if (a)
		__sync_fetch_and_add(&a->runs, 1);
}

static __always_inline void count_lost(__u32 probe, enum aeo_loss why)
{
	struct aeo_acct *a = acct_of(probe);

	if (a)
		__sync_fetch_and_add(&a->lost[why], 1);
}

static __always_inline void *ring_of(__u32 probe)
{
	switch (probe) {
#define PROBE(name, on, ring, ...) \
	case PROBE_##name:         \
		AEO_RING_##ring
#define AEO_RING_SEC return &aeo_ring_sec;
#define AEO_RING_EVT return &aeo_ring_evt;
#include "probes.def"
#undef PROBE
	}
	return &aeo_ring_evt;
}

static __always_inline void ev_fill(struct aeo_ev *e, __u32 probe, __u64 seq, struct task_struct *t,
				    __u64 cgroup)
{
	__builtin_memset(e, 0, sizeof(*e));
	e->abi = AEO_ABI;
	e->probe = probe;
	e->len = sizeof(*e);
	e->cpu = bpf_get_smp_processor_id();
	e->seq = seq;
	e->time_ns = bpf_ktime_get_boot_ns();
	e->cgroup_id = cgroup;
	e->pid = TASK(t, pid);
	e->tgid = TASK(t, tgid);
	e->start_ns = task_start(t);
	bpf_probe_read_kernel_str(e->comm, sizeof(e->comm), t->comm);
}

/* The sequence number of an attempt; counts it. */
static __always_inline __u64 ev_attempt(__u32 probe)
{
	struct aeo_acct *a = acct_of(probe);

	if (!a)
		return 0;
	__sync_fetch_and_add(&a->attempted, 1);
	return *(volatile __u64 *)&a->attempted;
}

/* Ordinary events are what the budget sheds before it touches counters; the attempt is counted all the same. */
static __always_inline int is_shed(__u32 probe)
{
	if (ring_of(probe) != &aeo_ring_evt || !aeo_shed_events)
		return 0;
	count_lost(probe, LOSS_SHED);
	return 1;
}

/* Begin an event about a task (usually the current one) in a cgroup, with `more` numbers (a constant) behind the head, zeroed: they
 * stand at ev_extra(e). NULL: lost, and counted. */
#define ev_extra(e) ((__u64 *)((e) + 1))

static __always_inline struct aeo_ev *ev_begin_more(__u32 probe, struct task_struct *t,
						    __u64 cgroup, __u32 more)
{
	__u64 seq = ev_attempt(probe);
	struct aeo_ev *e;

	if (is_shed(probe))
		return NULL;
	e = bpf_ringbuf_reserve(ring_of(probe), sizeof(*e) + 8 * more, 0);
	if (!e) {
		count_lost(probe, LOSS_RING);
		return NULL;
	}
	ev_fill(e, probe, seq, t, cgroup);
	__builtin_memset(ev_extra(e), 0, 8 * more);
	e->extra = more;
	e->len += 8 * more;
	return e;
}

static __always_inline struct aeo_ev *ev_begin_of(__u32 probe, struct task_struct *t, __u64 cgroup)
{
	return ev_begin_more(probe, t, cgroup, 0);
}

static __always_inline struct aeo_ev *ev_begin(__u32 probe)
{
	return ev_begin_of(probe, current_task(), current_cgroup());
}

static __always_inline void ev_end(struct aeo_ev *e)
{
	struct aeo_acct *a = acct_of(e->probe);

	bpf_ringbuf_submit(e, 0);
	if (a)
		__sync_fetch_and_add(&a->submitted, 1);
}

/* The same with extra numbers and a tail, built in per-CPU scratch: at most one program of a probe may use it, in process context. */
static __always_inline struct aeo_big *big_begin_of(__u32 probe, struct task_struct *t,
						    __u64 cgroup)
{
	struct aeo_big *b = bpf_map_lookup_elem(&aeo_scratch, &probe);
	__u64 seq = ev_attempt(probe);

	if (is_shed(probe))
		return NULL;
	if (!b) {
		count_lost(probe, LOSS_READ);
		return NULL;
	}
	ev_fill(&b->ev, probe, seq, t, cgroup);
	return b;
}

static __always_inline struct aeo_big *big_begin(__u32 probe)
{
	return big_begin_of(probe, current_task(), current_cgroup());
}

/* Send it with `extra` numbers (a constant) and `tail` bytes, which must stand right behind those numbers: the caller writes them at
 * big_tail(b, extra). */
#define big_tail(b, n) ((char *)&(b)->extra[n])

static __always_inline void big_end(__u32 probe, struct aeo_big *b, __u32 extra, __u32 tail)
{
	__u64 len = tail;

	/* The compiler may know the bound and compare elsewhere; the verifier wants it on this register. */
	asm volatile("" : "+r"(len));
	if (len > AEO_TAIL)
		len = AEO_TAIL;
	b->ev.extra = extra;
	b->ev.tail = len;
	len += sizeof(struct aeo_ev) + 8 * extra;
	b->ev.len = len;
	if (bpf_ringbuf_output(ring_of(probe), b, len, 0)) {
		count_lost(probe, LOSS_RING);
	} else {
		struct aeo_acct *a = acct_of(probe);

		if (a)
			__sync_fetch_and_add(&a->submitted, 1);
	}
}

/* ---- frequent: histograms and counters ----------------------------------------------------------------------------- */

/* Bucket of a duration: the smallest k with ns <= 2^k microseconds. */
static __always_inline __u64 bucket_of(__u64 ns)
{
	__u64 v = ns ? (ns - 1) / 1000 : 0, k = 0;

	if (v >> 27)
		return AEO_BUCKETS - 1;
	if (v >> 16) {
		v >>= 16;
		k += 16;
	}
	if (v >> 8) {
		v >>= 8;
		k += 8;
	}
	if (v >> 4) {
		v >>= 4;
		k += 4;
	}
	if (v >> 2) {
		v >>= 2;
		k += 2;
	}
	if (v >> 1) {
		v >>= 1;
		k += 1;
	}
	k += v;
	return k < AEO_BUCKETS ? k : AEO_BUCKETS - 1;
}

static __always_inline void hist_put(struct aeo_hist *h, __u64 bucket, __u64 ns)
{
	/* The compiler knows the bound and would drop the mask, by which the verifier learns it. */
	asm volatile("%0 &= 31" : "+r"(bucket));
	__sync_fetch_and_add(&h->bucket[bucket], 1);
	__sync_fetch_and_add(&h->sum_ns, ns);
}

/* Remember the slowest sample of a bucket. Two CPUs may race; either sample is a real one. */
static __always_inline void slowest_put(__u32 channel, __u32 bucket, __u64 ns,
					struct task_struct *t, __u64 cgroup)
{
	__u32 at = channel * AEO_BUCKETS + bucket;
	struct aeo_exemplar *x = bpf_map_lookup_elem(&aeo_slowest, &at);

	if (!x || x->value_ns >= ns)
		return;
	x->value_ns = ns;
	x->time_ns = bpf_ktime_get_boot_ns();
	x->cgroup_id = cgroup;
	x->pid = TASK(t, pid);
	x->tgid = TASK(t, tgid);
	bpf_probe_read_kernel_str(x->comm, sizeof(x->comm), t->comm);
}

/* Add to a dense histogram of a cgroup index. */
static __always_inline __u32 dense_add(enum aeo_dense which, __u32 idx, __u64 ns)
{
	__u32 shard = bpf_get_smp_processor_id() & cfg.shard_mask;
	__u32 at = (idx * DENSE_MAX + which) * (cfg.shard_mask + 1) + shard;
	__u64 bucket = bucket_of(ns);
	struct aeo_hist *h = bpf_map_lookup_elem(&aeo_dense, &at);

	if (h)
		hist_put(h, bucket, ns);
	return bucket;
}

/* Value of a key in a map, made when it is new; falls back to the channel's `other` cgroup (~0) when the map is full. */
#define AEO_OTHER_CGROUP (~0ULL)

static __always_inline void hist_add(enum aeo_hist_id hist, __u16 op, __u32 label, __u64 cgroup,
				     __u64 ns)
{
	static const struct aeo_hist empty;
	struct aeo_hkey key = {.hist = hist, .op = op, .label = label, .cgroup_id = cgroup};
	struct aeo_hist *h = bpf_map_lookup_elem(&aeo_hists, &key);

	if (!h) {
		bpf_map_update_elem(&aeo_hists, &key, &empty, BPF_NOEXIST);
		h = bpf_map_lookup_elem(&aeo_hists, &key);
	}
	if (!h) {
		key.op = 0;
		key.label = 0;
		key.cgroup_id = AEO_OTHER_CGROUP;
		h = bpf_map_lookup_elem(&aeo_hists, &key);
	}
	if (h)
		hist_put(h, bucket_of(ns), ns);
}

static __always_inline void count_add(enum aeo_count_id count, __u16 op, __u32 label, __u64 cgroup,
				      __u64 n)
{
	struct aeo_ckey key = {.count = count, .op = op, .label = label, .cgroup_id = cgroup};
	__u64 *v = bpf_map_lookup_elem(&aeo_counts, &key), zero = 0;

	if (!v) {
		bpf_map_update_elem(&aeo_counts, &key, &zero, BPF_NOEXIST);
		v = bpf_map_lookup_elem(&aeo_counts, &key);
	}
	if (!v) {
		key.op = 0;
		key.label = 0;
		key.cgroup_id = AEO_OTHER_CGROUP;
		v = bpf_map_lookup_elem(&aeo_counts, &key);
	}
	if (v)
		__sync_fetch_and_add(v, n);
}

#endif
