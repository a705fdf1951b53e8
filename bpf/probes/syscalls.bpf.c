/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Calls that returned, by cgroup and call, and latency by sampling.
 *
 * Counted at the return, so: the child of a fork passes here too and is left out; rt_sigreturn
 * restores foreign registers and shows as -1; exit and exit_group never return and are counted when
 * the task goes; -512..-516 is the kernel about to call again. The entry program is attached only
 * in short windows. It notes the time in the CPU's slot, the switch carries it with the task, and
 * this program, which is always attached, turns it into a latency: so a long call is not cut off by
 * the window's end.
 */
#include "tasks.bpf.h"

#if defined(__TARGET_ARCH_x86)
#define NR(regs) ((long)(regs)->orig_ax)
#define NR_SIGRETURN 15
#define NR_SIGRETURN_COMPAT 173
#define NR_EXIT 60
#define NR_EXIT_GROUP 231
static __always_inline int is_fork(long nr, int compat)
{
	if (compat)
		return nr == 2 || nr == 190 || nr == 120 || nr == 435;
	return (nr >= 56 && nr <= 58) || nr == 435;
}
#else
#define NR(regs) ((long)(int)(regs)->syscallno)
#define NR_SIGRETURN 139
#define NR_SIGRETURN_COMPAT 173
#define NR_EXIT 93
#define NR_EXIT_GROUP 94
static __always_inline int is_fork(long nr, int compat)
{
	if (compat)
		return nr == 2 || nr == 190 || nr == 120 || nr == 435;
	return nr == 220 || nr == 435;
}
#endif

static __always_inline enum aeo_errclass class_of(long ret)
{
	switch (ret) {
	case -11:
		return ERR_AGAIN;
	case -4:
		return ERR_INTR;
	case -110:
		return ERR_TIMEDOUT;
	case -115:
		return ERR_INPROGRESS;
	}
	return ERR_OTHER;
}

/* A sampled call returned: node-wide histogram by call. */
static __noinline int sampled(struct aeo_cpu *cpu, __u32 call)
{
	__u64 ns;

	if (!cpu)
		return 0;
	ns = bpf_ktime_get_ns() - cpu->enter_ns;
	cpu->enter_ns = 0;
	hist_add(HIST_syscall, 0, call, 0, ns);
	return 0;
}

static __always_inline void count_return(struct aeo_callcache *c, long ret)
{
	if (ret <= -512 && ret >= -516) {
		c->restarts++;
		return;
	}
	c->calls++;
	if (ret < 0 && ret >= -4095)
		c->err[class_of(ret)]++;
}

/* The CPU's slot was filled at the switch. Where the kernel skipped that run it speaks of another
 * task: the call would be counted for its cgroup, and timed from its entry. */
static __always_inline void know_task(struct aeo_cpu *cpu, struct task_struct *t)
{
	__u32 pid = HAS_TASK_BTF ? (__u32)t->pid : (__u32)bpf_get_current_pid_tgid();

	if (cpu->pid != pid) {
		cpu->pid = pid;
		cpu->cgroup_id = 0;
		cpu->enter_ns = 0;
	}
	if (!cpu->cgroup_id)
		cpu->cgroup_id = current_cgroup();
}

static __always_inline void returned(struct pt_regs *regs, long ret)
{
	struct aeo_cpu *cpu = this_cpu();
	struct task_struct *t = current_task();
	int compat = task_compat(t);
	long nr = NR(regs);

	if (!cpu)
		return;
	cpu->runs_exit++;
	if (nr < 0) { /* its result is the restored register of what the signal interrupted */
		nr = compat ? NR_SIGRETURN_COMPAT : NR_SIGRETURN;
		ret = 0;
	}
	if (!ret && is_fork(nr, compat))
		return;
	if (compat)
		nr |= AEO_CALL_COMPAT;
	know_task(cpu, t);
	count_return(cache_of(cpu, cpu->cgroup_id, nr), ret);
	if (cpu->enter_ns)
		sampled(cpu, nr);
}

AEO_PROG("tp_btf/sys_exit", sys_exit, struct pt_regs *regs, long ret)
{
	hold_cpu();
	returned(regs, ret);
	release_cpu();
	return 0;
}

AEO_PROG("tp_btf/sys_enter", sys_enter)
{
	struct aeo_cpu *cpu = this_cpu();

	if (cpu)
		cpu->enter_ns = bpf_ktime_get_ns();
	return 0;
}

/* exit and exit_group, by the task that called them; a task killed from outside is in some other
 * call, or in none. */
AEO_PROG("tp_btf/sched_process_exit", sys_gone, struct task_struct *t)
{
	struct aeo_cpu *cpu = this_cpu();
	long nr = task_call_in_progress(t);

	count_run(PROBE_syscalls);
	if (!cpu)
		return 0;
	cpu->enter_ns = 0;
	if (nr == NR_EXIT || nr == NR_EXIT_GROUP)
		cache_of(cpu, task_cgroup(t), nr)->calls++;
	return 0;
}

char LICENSE[] SEC("license") __weak = "Dual BSD/GPL";
