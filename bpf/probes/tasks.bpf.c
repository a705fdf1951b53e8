/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A walk over all tasks, when user space reads the iterator: one struct aeo_taskrow for each task
 * of a user process, zombies too. What a task off the CPU waits for, and since when, was noted at
 * its switch; a task that has not run since this daemon started has no note, and no age.
 */
#include "tasks.bpf.h"

#define EXITING 0x30 /* EXIT_ZOMBIE | EXIT_DEAD */

static __always_inline __u32 call_of(struct task_struct *t)
{
	long nr = task_call_in_progress(t);

	return nr < 0 ? AEO_CALL_NONE : (__u32)nr | (task_compat(t) ? AEO_CALL_COMPAT : 0);
}

/* Without a note the registers tell the call of a sleeper; those of a task on the CPU may be left
 * from an earlier call. */
static __always_inline void fill_wait(struct aeo_taskrow *row, struct task_struct *t)
{
	struct aeo_task *note = task_find(t->pid);
	__u64 off = note ? *(volatile __u64 *)&note->off_ns : 0, now = bpf_ktime_get_ns();

	if (t->exit_state & EXITING)
		return;
	if (off) {
		row->age_ns = now > off ? now - off : 0;
		row->call = note->call;
	} else if (task_state(t) & 0xff) {
		row->call = call_of(t);
	}
}

AEO_PROG("iter/task", tasks_walk)
{
	struct bpf_iter__task *it = (void *)ctx;
	struct seq_file *seq = it->meta->seq;
	struct task_struct *t = it->task;
	struct aeo_taskrow row = {};

	if (!t || t->flags & PF_KTHREAD)
		return 0;
	count_run(PROBE_tasks);
	row.cgroup_id = task_cgroup(t);
	row.start_ns = task_start(t);
	row.cpu_ns = t->se.sum_exec_runtime;
	row.wait_ns = t->sched_info.run_delay;
	row.pid = t->pid;
	row.tgid = t->tgid;
	row.call = AEO_CALL_NONE;
	row.state = (task_state(t) & 0xffff) | (__u32)t->exit_state << 16;
	bpf_probe_read_kernel_str(row.comm, sizeof(row.comm), t->comm);
	fill_wait(&row, t);
	bpf_seq_write(seq, &row, sizeof(row));
	return 0;
}

char LICENSE[] SEC("license") __weak = "Dual BSD/GPL";
