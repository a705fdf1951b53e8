/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A process ended: its last thread went. Code, signal and core dump as wait(2) would tell the
 * parent, and how long it lived and ran. Newer kernels say whether it is the last thread in a
 * second argument, which older ones refuse to let a program name; so the count of living threads is
 * asked, which is taken down before this hook.
 */
#include "probe.bpf.h"

#define GROUP_EXIT 4 /* SIGNAL_GROUP_EXIT: the code is the group's */
#define EXIT_EXTRA 2 /* numbers beyond the slots: cpu, ppid */

/* unit exit */
enum { EXIT_OK, EXIT_ERROR, EXIT_SIGNAL };

static __always_inline __u16 class_of(__u32 code)
{
	if (code & 0x7f)
		return EXIT_SIGNAL;
	return code ? EXIT_ERROR : EXIT_OK;
}

/* The last threads of a process may go at the same moment and all see no thread living: the first
 * to enter here is the one. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, __u64);
	__type(value, __u32);
} aeo_exits AEO_MAP;

static __always_inline int is_last(struct task_struct *t, struct signal_struct *sig)
{
	__u64 key = (task_start(t) << 22) ^ (__u32)t->tgid;
	__u32 one = 1;

	if (sig->live.counter)
		return 0;
	/* Alone: it always was, or the others have been here before they were taken off the
	 * list. */
	if (sig->nr_threads == 1)
		return !bpf_map_lookup_elem(&aeo_exits, &key);
	return !bpf_map_update_elem(&aeo_exits, &key, &one, BPF_NOEXIST);
}

/* CPU time of all threads: those gone, this one, and a leader that left before and still waits. */
static __always_inline __u64 cpu_ns(struct task_struct *t, struct signal_struct *sig)
{
	__u64 ns = sig->sum_sched_runtime + t->se.sum_exec_runtime;

	return t->pid == t->tgid ? ns : ns + t->group_leader->se.sum_exec_runtime;
}

static __always_inline void exit_event(struct task_struct *t, struct signal_struct *sig, __u32 code,
				       __u64 cgroup)
{
	struct aeo_ev *e;

	if (ours(t) || !(e = ev_begin_more(PROBE_exit, t, cgroup, EXIT_EXTRA)))
		return;
	e->slot[0] = code >> 8 & 0xff;
	e->slot[1] = code & 0x7f;
	e->slot[2] = code >> 7 & 1;
	e->slot[3] = e->time_ns - e->start_ns;
	ev_extra(e)[0] = cpu_ns(t, sig);
	ev_extra(e)[1] = t->real_parent->tgid;
	ev_end(e);
}

AEO_PROG("tp_btf/sched_process_exit", exit_exit, struct task_struct *t)
{
	struct signal_struct *sig = t->signal;
	__u32 code;
	__u64 cgroup;

	if (t->flags & PF_KTHREAD)
		return 0;
	count_run(PROBE_exit);
	if (!is_last(t, sig))
		return 0;
	code = sig->flags & GROUP_EXIT ? sig->group_exit_code : t->group_leader->exit_code;
	cgroup = task_cgroup(t);
	count_add(COUNT_exit, class_of(code), 0, cgroup, 1);
	exit_event(t, sig, code, cgroup);
	return 0;
}

char LICENSE[] SEC("license") __weak = "Dual BSD/GPL";
