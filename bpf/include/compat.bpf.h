/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One accessor per kernel change, with the commit that made it. Callers never see the history. */
#ifndef AEO_COMPAT_BPF_H
#define AEO_COMPAT_BPF_H

#include <bpf/bpf_core_read.h>

/* 3ca1032ab7ab (5.11) gave bpf_get_current_task_btf. Before it the running task is a plain number
 * for the verifier, whose fields are read by the probe-read helpers: TASK(t, field, ...) does
 * either. A tracepoint's own arguments need neither. */
#define HAS_TASK_BTF bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_get_current_task_btf)
#define TASK_1(t, a) (HAS_TASK_BTF ? (t)->a : BPF_CORE_READ(t, a))
#define TASK_2(t, a, b) (HAS_TASK_BTF ? (t)->a->b : BPF_CORE_READ(t, a, b))
#define TASK_PICK(_1, _2, name, ...) name
#define TASK(t, args...) TASK_PICK(args, TASK_2, TASK_1)(t, args)

static __always_inline struct task_struct *current_task(void)
{
	if (HAS_TASK_BTF)
		return (struct task_struct *)bpf_get_current_task_btf();
	return (struct task_struct *)bpf_get_current_task();
}

/* On 7.x the programs of the system-call tracepoints may be preempted, in the middle of a
 * change to what belongs to the CPU. fc7566ad0a82 (6.10) gave the functions that hold it; without
 * them there is no need. */
extern void bpf_preempt_disable(void) __weak __ksym;
extern void bpf_preempt_enable(void) __weak __ksym;

static __always_inline void hold_cpu(void)
{
	if (bpf_preempt_disable)
		bpf_preempt_disable();
}

static __always_inline void release_cpu(void)
{
	if (bpf_preempt_enable)
		bpf_preempt_enable();
}

/* 2f064a59a11f (5.14): task_struct.state became __state. */
struct task_struct___before_5_14 {
	volatile long state;
} __attribute__((preserve_access_index));

static __always_inline __u32 task_state(struct task_struct *t)
{
	struct task_struct___before_5_14 *old = (void *)t;

	if (bpf_core_field_exists(t->__state))
		return t->__state;
	return (__u32)old->state;
}

/* dd6e10fbd9fb (5.15) gave the helper bpf_task_pt_regs. Before it, the registers lie at the top of
 * the stack; later the top moved (FRED), so the helper is used wherever it exists. */
#if defined(__TARGET_ARCH_x86)
#define THREAD_BYTES (4 * 4096)
#define REGS_CALL(regs) ((long)BPF_CORE_READ(regs, orig_ax))
#else
#define THREAD_BYTES (4 * 4096)
#define REGS_CALL(regs) ((long)(int)BPF_CORE_READ(regs, syscallno))
#endif

/* The call that a user task is in, or a negative number outside calls. */
static __always_inline long task_call_in_progress(struct task_struct *t)
{
	struct pt_regs *regs;

	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_task_pt_regs))
		regs = (struct pt_regs *)bpf_task_pt_regs(t);
	else
		regs = (struct pt_regs *)((char *)t->stack + THREAD_BYTES - sizeof(struct pt_regs));
	return REGS_CALL(regs);
}

/* Whether the task runs the 32-bit table: TS_COMPAT is set for the duration of a 32-bit call (x86);
 * arm64 keeps a thread flag. */
static __always_inline int task_compat(struct task_struct *t)
{
#if defined(__TARGET_ARCH_x86)
	return (TASK(t, thread_info.status) & 0x0002) != 0;
#else
	return (TASK(t, thread_info.flags) & (1UL << 22)) != 0;
#endif
}

/* cf25e24db61c (5.5): task_struct.start_boottime, formerly real_start_time: always there on 5.10
 * and later. */
static __always_inline __u64 task_start(struct task_struct *t)
{
	return TASK(t, group_leader, start_boottime);
}

/* The bit moved between words over the versions, so CO-RE finds it. */
static __always_inline int task_iowait(struct task_struct *t)
{
	return (int)BPF_CORE_READ_BITFIELD(t, in_iowait);
}

/* 13bc24457850 (6.6) renamed inode.i_ctime to __i_ctime, 3aa63a569c64 (6.11) made it two numbers,
 * and 4e40eff0b573 (6.13) keeps a mark in the highest bit of the nanoseconds. */
struct inode___before_6_6 {
	struct timespec64 i_ctime;
} __attribute__((preserve_access_index));

struct inode___before_6_11 {
	struct timespec64 __i_ctime;
} __attribute__((preserve_access_index));

static __always_inline __u64 inode_ctime_ns(struct inode *inode)
{
	struct inode___before_6_11 *older = (void *)inode;
	struct inode___before_6_6 *oldest = (void *)inode;
	struct timespec64 ts = {};

	if (bpf_core_field_exists(inode->i_ctime_sec)) {
		ts.tv_sec = BPF_CORE_READ(inode, i_ctime_sec);
		ts.tv_nsec = BPF_CORE_READ(inode, i_ctime_nsec) & 0x7fffffff;
	} else if (bpf_core_field_exists(older->__i_ctime)) {
		ts = BPF_CORE_READ(older, __i_ctime);
	} else {
		ts = BPF_CORE_READ(oldest, i_ctime);
	}
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

/* The upper file of an overlay's inode: struct ovl_inode holds it right behind the inode since
 * 09d8b586731b (4.14). Where overlayfs is a module its types are not in the kernel's BTF, and the
 * place is reckoned from the inode's size. */
struct ovl_inode___any {
	struct inode vfs_inode;
	struct dentry *__upperdentry;
} __attribute__((preserve_access_index));

static __always_inline struct dentry *overlay_upper(struct inode *inode)
{
	struct ovl_inode___any *ovl = NULL;
	struct dentry *upper = NULL;
	long behind = bpf_core_type_size(struct inode);

	if (bpf_core_field_exists(ovl->__upperdentry))
		behind = bpf_core_field_offset(ovl->__upperdentry) -
			 bpf_core_field_offset(ovl->vfs_inode);
	bpf_probe_read_kernel(&upper, sizeof(upper), (char *)inode + behind);
	return upper;
}

/* f1a7941243c1 (6.2) made mm_struct.rss_stat an array of per-CPU counters; what the CPUs have not
 * yet added is left out. */
struct mm_rss_stat___before_6_2 {
	atomic_long_t count[4];
} __attribute__((preserve_access_index));

struct mm_struct___before_6_2 {
	struct mm_rss_stat___before_6_2 rss_stat;
} __attribute__((preserve_access_index));

/* Pages of a kind: 0 files, 1 anonymous, 2 swapped out, 3 shared memory. */
static __always_inline __u64 mm_pages(struct mm_struct *mm, int kind)
{
	struct mm_struct___before_6_2 *old = (void *)mm;
	long n;

	if (bpf_core_field_exists(old->rss_stat.count))
		n = BPF_CORE_READ(old, rss_stat.count[kind].counter);
	else
		n = BPF_CORE_READ(mm, rss_stat[kind].count);
	return n > 0 ? n : 0;
}

#endif
