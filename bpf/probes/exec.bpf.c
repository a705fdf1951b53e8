/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A program was executed: argv as the kernel laid it out, which file (device, inode, change time), and what descriptor 0 is. */
#include "probe.bpf.h"

#define MARK_TRUNCATED 4 /* argv is longer than what is kept */
#define EXEC_EXTRA 4	 /* numbers beyond the slots: argv_bytes, marks, fd0_kind, fd0_family */

static __always_inline void exec_file(struct aeo_big *b, struct task_struct *t)
{
	struct inode *inode = BPF_CORE_READ(t, mm, exe_file, f_inode);

	b->ev.slot[1] = BPF_CORE_READ(inode, i_sb, s_dev);
	b->ev.slot[2] = BPF_CORE_READ(inode, i_ino);
}

/* argv lies between arg_start and arg_end of the new memory, each argument ended by a NUL. */
static __always_inline __u32 exec_argv(struct aeo_big *b, struct task_struct *t)
{
	unsigned long start = BPF_CORE_READ(t, mm, arg_start), end = BPF_CORE_READ(t, mm, arg_end);
	__u32 n = end - start;

	b->extra[0] = end - start;
	if (end - start > AEO_TAIL) {
		n = AEO_TAIL;
		b->extra[1] |= MARK_TRUNCATED;
	}
	if (!n)
		return 0;
	n = ((n - 1) & (AEO_TAIL - 1)) + 1;
	if (bpf_probe_read_user(big_tail(b, EXEC_EXTRA), n, (void *)start))
		return 0;
	return n;
}

AEO_PROG("tp_btf/sched_process_exec", exec_exec, struct task_struct *t, int old_pid, struct linux_binprm *bprm)
{
	struct aeo_big *b;

	count_run(PROBE_exec);
	if (ours(t) || !(b = big_begin(PROBE_exec)))
		return 0;
	__builtin_memset(b->extra, 0, EXEC_EXTRA * sizeof(b->extra[0]));
	b->ev.slot[0] = t->real_parent->tgid;
	exec_file(b, t);
	big_end(PROBE_exec, b, EXEC_EXTRA, exec_argv(b, t));
	return 0;
}

char LICENSE[] SEC("license") __weak = "Dual BSD/GPL";
