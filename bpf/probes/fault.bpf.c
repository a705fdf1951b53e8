/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Page faults that had to read from a disk or from swap, timed whole, in sampling windows. The form
 * that is always there, and the only one where functions cannot be traced (or, before 5.13, only
 * once), is in sched.bpf.c: time asleep for I/O outside any call.
 */
#include "window.bpf.h"

#define FAULT_SLOTS 1024 /* a power of two */

/* How a major fault was seen: by its sleep (sched.bpf.c), or whole. */
enum major_fault { MAJOR_IOWAIT, MAJOR_WINDOW };

/* Faults under way, by pid. A slot is simply taken over: what a window left behind needs no
 * sweeping. */
struct fault_slot {
	__u64 pid;
	__u64 start_ns;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, FAULT_SLOTS);
	__type(key, __u32);
	__type(value, struct fault_slot);
} aeo_faults AEO_MAP;

static __always_inline struct fault_slot *slot_of(__u32 pid)
{
	__u32 at = pid & (FAULT_SLOTS - 1);

	return bpf_map_lookup_elem(&aeo_faults, &at);
}

AEO_PROG("fentry/handle_mm_fault", fault_enter)
{
	__u32 pid = bpf_get_current_pid_tgid();
	struct fault_slot *s = slot_of(pid);

	count_run(PROBE_fault);
	if (s) {
		s->start_ns = bpf_ktime_get_ns();
		s->pid = pid;
	}
	return 0;
}

AEO_PROG("fexit/handle_mm_fault", fault_exit, struct vm_area_struct *vma, unsigned long address,
	 unsigned int flags, struct pt_regs *regs, unsigned int result)
{
	__u32 pid = bpf_get_current_pid_tgid();
	struct fault_slot *s = slot_of(pid);
	__u64 ns;

	count_run(PROBE_fault);
	if (!s || s->pid != pid)
		return 0;
	s->pid = 0;
	ns = bpf_ktime_get_ns() - s->start_ns;
	if ((result & VM_FAULT_MAJOR) && ns < WINDOW_MAX_NS)
		hist_add(HIST_major_fault, MAJOR_WINDOW, 0, current_cgroup(), ns);
	return 0;
}

char LICENSE[] SEC("license") __weak = "Dual BSD/GPL";
