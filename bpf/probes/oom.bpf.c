/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The kernel killed a process for want of memory. Every victim passes mark_victim, also those
 * killed along with their group (memory.oom.group); who chose it, and against which limit, is known
 * one function earlier, in the same task: noted there under its pid, and taken from there.
 */
#include "probe.bpf.h"

#define OOM_EXTRA 6	       /* beyond the slots: struct memory */
#define CONSTRAINT_UNKNOWN 4   /* behind the kernel's own, of enum oom_constraint */
#define PAGE 4096ULL	       /* of both architectures as Debian builds them */
#define NOTE_NS 60000000000ULL /* a kill that takes longer to print is not this one */

struct memory {
	__u64 anon, file, shmem, swap, pgtables;
	__s64 score_adj;
};
_Static_assert(sizeof(struct memory) == 8 * OOM_EXTRA, "the numbers as they stand in the event");

/* One act of the OOM killer, until its victims are marked. */
struct note {
	__u64 time_ns;
	__u64 limit_cgroup; /* 0: the node's memory */
	__u64 total;	    /* bytes that were shared out under that limit */
	__u64 victim_cgroup;
	__u64 victim_start_ns;
	__u32 victim; /* process chosen */
	__u32 constraint;
	struct memory memory;
	char comm[AEO_COMM];
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 256);
	__type(key, __u32);
	__type(value, struct note);
} aeo_oom AEO_MAP;

static __always_inline void memory_of(struct memory *m, struct task_struct *t)
{
	struct mm_struct *mm = BPF_CORE_READ(t, mm);
	short adj = BPF_CORE_READ(t, signal, oom_score_adj);

	m->file = mm_pages(mm, 0) * PAGE;
	m->anon = mm_pages(mm, 1) * PAGE;
	m->swap = mm_pages(mm, 2) * PAGE;
	m->shmem = mm_pages(mm, 3) * PAGE;
	m->pgtables = BPF_CORE_READ(mm, pgtables_bytes.counter);
	m->score_adj = adj;
}

static __always_inline int note_act(struct oom_control *oc)
{
	struct task_struct *victim = BPF_CORE_READ(oc, chosen);
	__u32 pid = bpf_get_current_pid_tgid();
	struct note n = {};

	count_run(PROBE_oom);
	n.time_ns = bpf_ktime_get_boot_ns();
	n.limit_cgroup = BPF_CORE_READ(oc, memcg, css.cgroup, kn, id);
	n.total = BPF_CORE_READ(oc, totalpages) * PAGE;
	n.constraint = BPF_CORE_READ(oc, constraint);
	n.victim = BPF_CORE_READ(victim, tgid);
	n.victim_start_ns = BPF_CORE_READ(victim, group_leader, start_boottime);
	n.victim_cgroup = read_cgroup(victim);
	bpf_probe_read_kernel_str(n.comm, sizeof(n.comm), victim->comm);
	memory_of(&n.memory, victim);
	bpf_map_update_elem(&aeo_oom, &pid, &n, BPF_ANY);
	return 0;
}

AEO_PROG("fentry/oom_kill_process", oom_act, struct oom_control *oc)
{
	return note_act(oc);
}

AEO_PROG("kprobe/oom_kill_process", oom_act_kp)
{
	return note_act((struct oom_control *)PT_REGS_PARM1((struct pt_regs *)ctx));
}

static __always_inline struct note *note_of(__u32 pid)
{
	struct note *n = bpf_map_lookup_elem(&aeo_oom, &pid);

	return n && bpf_ktime_get_boot_ns() - n->time_ns < NOTE_NS ? n : NULL;
}

/* The head is about the victim. */
static __always_inline void fill_victim(struct aeo_ev *e, struct task_struct *t)
{
	e->pid = BPF_CORE_READ(t, pid);
	e->tgid = BPF_CORE_READ(t, tgid);
	e->start_ns = BPF_CORE_READ(t, group_leader, start_boottime);
	e->cgroup_id = read_cgroup(t);
	bpf_probe_read_kernel_str(e->comm, sizeof(e->comm), t->comm);
	memory_of((struct memory *)ev_extra(e), t);
}

/* a tracepoint that names the victim by number only: what the note says, if it is about this one */
static __always_inline void fill_number(struct aeo_ev *e, __u32 pid, const struct note *n)
{
	e->pid = pid;
	e->tgid = pid;
	if (!n || n->victim != pid) {
		e->start_ns = 0;
		e->cgroup_id = 0;
		__builtin_memset(e->comm, 0, sizeof(e->comm));
		return;
	}
	e->start_ns = n->victim_start_ns;
	e->cgroup_id = n->victim_cgroup;
	__builtin_memcpy(e->comm, n->comm, sizeof(e->comm));
	__builtin_memcpy(ev_extra(e), &n->memory, sizeof(n->memory));
}

/* The argument was the pid before 72ba14deb40a (6.10); later kernels, and those that took the
 * change back, give the task. A typed pointer may not be looked at as a number: on its way through
 * the record it loses its type. */
static __always_inline __u64 untyped(struct aeo_ev *e, unsigned long value)
{
	volatile __u64 *at = (volatile __u64 *)ev_extra(e);

	*at = value;
	value = *at;
	*at = 0;
	return value;
}

AEO_PROG("tp_btf/mark_victim", oom_victim, unsigned long arg)
{
	struct note *n = note_of(bpf_get_current_pid_tgid());
	__u64 cgroup, victim;
	struct aeo_ev *e;

	count_run(PROBE_oom);
	e = ev_begin_more(PROBE_oom, current_task(), 0, OOM_EXTRA);
	if (!e) /* looked at here and now: older verifiers forget what a check between them proved */
		return 0;
	victim = untyped(e, arg);
	e->slot[0] = e->tgid;
	__builtin_memcpy(e->text, e->comm, sizeof(e->comm));
	e->slot[1] = n ? n->limit_cgroup : 0;
	e->slot[2] = n ? n->constraint : CONSTRAINT_UNKNOWN;
	e->slot[3] = n ? n->total : 0;
	if (victim > 0xffffffff)
		fill_victim(e, (struct task_struct *)victim);
	else
		fill_number(e, victim, n);
	cgroup = e->cgroup_id;
	ev_end(e);
	count_add(COUNT_oom, 0, 0, cgroup, 1);
	return 0;
}

char LICENSE[] SEC("license") __weak = "Dual BSD/GPL";
