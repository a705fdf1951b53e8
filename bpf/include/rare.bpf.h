/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The rare channel: events, and the account of them. Included by probe.bpf.h, behind its maps. */
#ifndef AEO_RARE_BPF_H
#define AEO_RARE_BPF_H

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

/* Ordinary events are what the budget sheds before it touches counters; the attempt is counted all
 * the same. */
static __always_inline int is_shed(__u32 probe)
{
	if (ring_of(probe) != &aeo_ring_evt || !aeo_shed_events)
		return 0;
	count_lost(probe, LOSS_SHED);
	return 1;
}

/* Begin an event about a task (usually the current one) in a cgroup, with `more` numbers (a
 * constant) behind the head, zeroed: they stand at ev_extra(e). NULL: lost, and counted. */
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

/* Whether the reader is woken. While nobody waits for events he looks ten times a second by himself,
 * and one wake-up in 32 keeps a flood from filling the ring meanwhile; only new cgroups are told at
 * once. Without force the kernel wakes only a reader who has read all that was before. */
static __always_inline __u64 ev_wake(__u32 probe, const struct aeo_acct *a)
{
	if (probe == PROBE_cgroup)
		return BPF_RB_FORCE_WAKEUP;
	if (!aeo_quiet || !a)
		return 0;
	return a->submitted & 31 ? BPF_RB_NO_WAKEUP : BPF_RB_FORCE_WAKEUP;
}

static __always_inline void ev_end(struct aeo_ev *e)
{
	struct aeo_acct *a = acct_of(e->probe);

	bpf_ringbuf_submit(e, ev_wake(e->probe, a));
	if (a)
		__sync_fetch_and_add(&a->submitted, 1);
}

/* The same with extra numbers and a tail, built in per-CPU scratch: at most one program of a probe
 * may use it, in process context. */
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

/* Send it with `extra` numbers (a constant) and `tail` bytes, which must stand right behind those
 * numbers: the caller writes them at big_tail(b, extra). */
#define big_tail(b, n) ((char *)&(b)->extra[n])

static __always_inline void big_end(__u32 probe, struct aeo_big *b, __u32 extra, __u32 tail)
{
	struct aeo_acct *a = acct_of(probe);
	__u64 len = tail;

	/* The compiler may know the bound and compare elsewhere; the verifier wants it on this
	 * register. */
	asm volatile("" : "+r"(len));
	if (len > AEO_TAIL)
		len = AEO_TAIL;
	b->ev.extra = extra;
	b->ev.tail = len;
	len += sizeof(struct aeo_ev) + 8 * extra;
	b->ev.len = len;
	if (bpf_ringbuf_output(ring_of(probe), b, len, ev_wake(probe, a)))
		count_lost(probe, LOSS_RING);
	else if (a)
		__sync_fetch_and_add(&a->submitted, 1);
}

#endif
