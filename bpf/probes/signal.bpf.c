/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Signals as they are generated: counted by number and the target's cgroup; an event for those that
 * end, stop or dump a process. The event is about the task that ran when it was sent: the sender,
 * or, where the code is positive, whom the kernel interrupted.
 */
#include "probe.bpf.h"

#define SIGNAL_EXTRA 2 /* numbers beyond the slots: code, target_cgroup */

#define BIT_OF(n) (1ULL << (n))
/* QUIT ILL ABRT BUS FPE KILL SEGV TERM STOP XCPU XFSZ SYS, the same numbers on x86 and arm64 */
#define FATAL                                                                                 \
	(BIT_OF(3) | BIT_OF(4) | BIT_OF(6) | BIT_OF(7) | BIT_OF(8) | BIT_OF(9) | BIT_OF(11) | \
	 BIT_OF(15) | BIT_OF(19) | BIT_OF(24) | BIT_OF(25) | BIT_OF(31))

#define CODE_KERNEL 0x80 /* SI_KERNEL */

/* 0 and 1 stand for "no information", by a process and by the kernel itself; else there is a
 * structure. */
static __always_inline __s64 code_of(struct kernel_siginfo *info)
{
	if ((unsigned long)info <= 1)
		return info ? CODE_KERNEL : 0;
	return BPF_CORE_READ(info, si_code);
}

/* The lock of the target's signals is held, and this may be an interrupt: no scratch. */
static __always_inline void signal_event(int sig, struct kernel_siginfo *info,
					 struct task_struct *target, int result, __u64 cgroup)
{
	struct task_struct *t = current_task();
	struct aeo_ev *e;

	if (ours(t) || !(e = ev_begin_more(PROBE_signal, t, current_cgroup(), SIGNAL_EXTRA)))
		return;
	e->slot[0] = sig;
	e->slot[1] = target->tgid;
	e->slot[2] = task_start(target);
	e->slot[3] = result;
	ev_extra(e)[0] = code_of(info);
	ev_extra(e)[1] = cgroup;
	bpf_probe_read_kernel_str(e->text, AEO_COMM, target->comm);
	ev_end(e);
}

AEO_PROG("tp_btf/signal_generate", signal_send, int sig, struct kernel_siginfo *info,
	 struct task_struct *target, int group, int result)
{
	__u64 cgroup = task_cgroup(target);

	count_run(PROBE_signal);
	count_add(COUNT_signal, sig, 0, cgroup, 1);
	if (sig > 0 && sig < 32 && FATAL >> sig & 1)
		signal_event(sig, info, target, result, cgroup);
	return 0;
}

char LICENSE[] SEC("license") __weak = "Dual BSD/GPL";
