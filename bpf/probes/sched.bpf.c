/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The context switch: run-queue wait of the task that comes, how long it was off the CPU, and which
 * call it was blocked in.
 *
 * Run-queue wait needs no wake-up hook: the scheduler itself notes when a task was queued
 * (sched_info.last_queued, on the clock of the run queue, reached through the task's group) and
 * forgets it right after this tracepoint. Time off the CPU is ours: noted when a task leaves, in a
 * table indexed by pid, and booked when it comes back, by the state in which it left.
 */
#include "tasks.bpf.h"

static __always_inline __u16 state_of(struct task_struct *t, int preempt)
{
	__u32 s = task_state(t);

	if (preempt || !s)
		return STATE_RUNNABLE;
	return s & 0x2 ? STATE_DISK : STATE_SLEEP;
}

static __always_inline void leave(struct aeo_cpu *cpu, struct task_struct *prev, int preempt,
				  __u64 now)
{
	struct aeo_task *t;
	long call;

	if (task_state(prev) & 0x80) { /* dead: it never comes back */
		t = task_find(prev->pid);
		if (t)
			t->pid = 0;
		return;
	}
	t = task_take(prev->pid);
	if (!t) {
		cpu->lost_tasks++;
		return;
	}
	call = task_call_in_progress(prev);
	t->call = call < 0 ? AEO_CALL_NONE :
			     (__u32)call | (task_compat(prev) ? AEO_CALL_COMPAT : 0);
	t->state = state_of(prev, preempt);
	t->iowait = task_iowait(prev);
	t->enter_ns = cpu->enter_ns;
	t->off_ns = now;
}

/* An uninterruptible sleep this long inside a call is worth an event of its own. */
static __always_inline void slow_event(struct task_struct *next, __u64 cgroup, struct aeo_task *t,
				       __u64 off)
{
	struct aeo_ev *e;

	if (ours(next) || !(e = ev_begin_of(PROBE_sched, next, cgroup)))
		return;
	e->slot[0] = off;
	e->slot[1] = t->call;
	e->slot[2] = t->state;
	e->slot[3] = t->iowait;
	ev_end(e);
}

static __always_inline void book(struct aeo_cpu *cpu, struct task_struct *next, struct aeo_task *t,
				 __u64 now)
{
	__u64 off = now - t->off_ns;
	struct aeo_callcache *c;
	__u32 bucket = dense_add(DENSE_offcpu, cpu->cgroup_idx, off);

	if (bucket > 10)
		slowest_put(DENSE_offcpu, bucket, off, next, cpu->cgroup_id);
	if (t->call != AEO_CALL_NONE) {
		c = cache_of(cpu, cpu->cgroup_id, t->call);
		if (t->state == STATE_RUNNABLE)
			c->runnable_ns += off;
		else
			c->sleep_ns += off;
	}
	/* Waiting for a disk outside any call is a major fault that slept. */
	if (t->iowait && t->call == AEO_CALL_NONE)
		hist_add(HIST_major_fault, 0, 0, cpu->cgroup_id, off);
	if (off >= cfg.slow_ns && t->state == STATE_DISK)
		slow_event(next, cpu->cgroup_id, t, off);
}

static __always_inline void arrive(struct aeo_cpu *cpu, struct task_struct *next, __u64 now)
{
	struct aeo_task *t = next->flags & PF_KTHREAD ? NULL : task_find(next->pid);
	__u64 id = task_cgroup(next), queued = next->sched_info.last_queued, wait;
	__u32 bucket;

	if (t && t->cgroup_id == id && t->cgroup_idx) {
		cpu->cgroup_idx = t->cgroup_idx;
	} else {
		cpu->cgroup_idx = cgroup_index(id);
		if (t) {
			t->cgroup_id = id;
			t->cgroup_idx = cpu->cgroup_idx;
		}
	}
	cpu->cgroup_id = id;
	if (queued) {
		wait = next->se.cfs_rq->rq->clock - queued;
		if ((__s64)wait < 0)
			wait = 0;
		bucket = dense_add(DENSE_runqueue, cpu->cgroup_idx, wait);
		if (bucket > 10)
			slowest_put(DENSE_runqueue, bucket, wait, next, id);
	}
	if (!t || !t->off_ns)
		return;
	book(cpu, next, t, now);
	cpu->enter_ns = t->enter_ns;
	t->off_ns = 0;
}

AEO_PROG("tp_btf/sched_switch", sched_switch, bool preempt, struct task_struct *prev,
	 struct task_struct *next)
{
	struct aeo_cpu *cpu = this_cpu();
	__u64 now = bpf_ktime_get_ns();

	if (!cpu)
		return 0;
	cpu->runs_switch++;
	if (prev->pid && !(prev->flags & PF_KTHREAD))
		leave(cpu, prev, preempt, now);
	cpu->enter_ns = 0;
	cpu->cgroup_idx = 0;
	cpu->cgroup_id = 0;
	cpu->pid = next->pid;
	if (next->pid)
		arrive(cpu, next, now);
	return 0;
}

char LICENSE[] SEC("license") __weak = "Dual BSD/GPL";
