/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A process was made, by fork, vfork or clone: an event with the child. Threads are only counted,
 * apart. Both by the maker's cgroup. */
#include "probe.bpf.h"

AEO_PROG("tp_btf/sched_process_fork", fork_fork, struct task_struct *t, struct task_struct *child)
{
	__u64 cgroup = task_cgroup(t);
	struct aeo_ev *e;

	count_run(PROBE_fork);
	if (child->tgid == t->tgid) {
		count_add(COUNT_thread, 0, 0, cgroup, 1);
		return 0;
	}
	count_add(COUNT_fork, 0, 0, cgroup, 1);
	if (child->flags & PF_KTHREAD || ours(t) || !(e = ev_begin_of(PROBE_fork, t, cgroup)))
		return 0;
	e->slot[0] = child->tgid;
	e->slot[1] = task_start(child);
	e->slot[2] = task_cgroup(child); /* clone3 can make it in another */
	e->slot[3] = child->mm == t->mm;
	ev_end(e);
	return 0;
}

char LICENSE[] SEC("license") __weak = "Dual BSD/GPL";
