/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The table of tasks that are off the CPU, and the per-CPU cache of call counters: shared by the
 * two hottest probes. */
#ifndef AEO_TASKS_BPF_H
#define AEO_TASKS_BPF_H

#include "probe.bpf.h"

/* Entry of a task that left the CPU, or NULL. */
static __always_inline struct aeo_task *task_find(__u32 pid)
{
	__u32 at = pid & (cfg.task_sets - 1);
	struct aeo_taskset *set = bpf_map_lookup_elem(&aeo_tasks, &at);

	if (!set)
		return NULL;
	if (set->way[0].pid == pid)
		return &set->way[0];
	return set->way[1].pid == pid ? &set->way[1] : NULL;
}

/* Entry of a task, taken when it has none. NULL when both ways of its set are in use. */
static __always_inline struct aeo_task *task_take(__u32 pid)
{
	__u32 at = pid & (cfg.task_sets - 1);
	struct aeo_taskset *set = bpf_map_lookup_elem(&aeo_tasks, &at);
	struct aeo_task *t;

	if (!set)
		return NULL;
	if (set->way[0].pid == pid)
		return &set->way[0];
	if (set->way[1].pid == pid)
		return &set->way[1];
	t = !set->way[0].pid ? &set->way[0] : !set->way[1].pid ? &set->way[1] : NULL;
	if (t) {
		__builtin_memset(t, 0, sizeof(*t));
		t->pid = pid;
	}
	return t;
}

static __always_inline void cell_add(struct aeo_call *to, const struct aeo_callcache *from)
{
	__sync_fetch_and_add(&to->calls, from->calls);
#pragma unroll
	for (int i = 0; i < ERR_MAX; i++)
		if (from->err[i])
			__sync_fetch_and_add(&to->err[i], from->err[i]);
	if (from->restarts)
		__sync_fetch_and_add(&to->restarts, from->restarts);
	if (from->sleep_ns)
		__sync_fetch_and_add(&to->sleep_ns, from->sleep_ns);
	if (from->runnable_ns)
		__sync_fetch_and_add(&to->runnable_ns, from->runnable_ns);
}

/* Write one cache entry back to the shared map; a full map counts into `other`. Out of line: it is
 * rare, and the hot path stays short. */
static __noinline int cache_flush(struct aeo_callcache *c)
{
	static const struct aeo_call empty;
	struct aeo_callkey key = {};
	struct aeo_call *cell;
	struct aeo_cpu *cpu;

	if (!c || !c->cgroup_id)
		return 0;
	key.cgroup_id = c->cgroup_id;
	key.call = c->call;
	cell = bpf_map_lookup_elem(&aeo_calls, &key);
	if (!cell) {
		bpf_map_update_elem(&aeo_calls, &key, &empty, BPF_NOEXIST);
		cell = bpf_map_lookup_elem(&aeo_calls, &key);
	}
	if (!cell) {
		key.cgroup_id = AEO_OTHER_CGROUP;
		key.call = AEO_CALL_NONE;
		cell = bpf_map_lookup_elem(&aeo_calls, &key);
	}
	if (cell)
		cell_add(cell, c);
	else if ((cpu = this_cpu()))
		cpu->lost_calls += c->calls;
	return 0;
}

/* The cache entry of (cgroup, call), made free for it by writing the old one back. */
static __always_inline struct aeo_callcache *cache_of(struct aeo_cpu *cpu, __u64 cgroup, __u32 call)
{
	struct aeo_callcache *c = &cpu->cache[(call ^ (__u32)cgroup * 37) & (AEO_CACHE - 1)];

	if (c->cgroup_id == cgroup && c->call == call && c->calls < (1u << 20) &&
	    c->restarts < (1u << 20))
		return c;
	cache_flush(c);
	__builtin_memset(c, 0, sizeof(*c));
	c->cgroup_id = cgroup;
	c->call = call;
	return c;
}

#endif
