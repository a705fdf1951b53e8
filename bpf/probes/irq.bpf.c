/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Time in soft interrupts, by vector, and in the handlers of hardware interrupts; both in sampling
 * windows only. */
#include "window.bpf.h"

#define IRQ_HARD 10 /* behind the kernel's ten vectors */

struct irq_start {
	__u64 soft_ns;
	__u64 hard_ns;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct irq_start);
} aeo_irqs AEO_MAP;

static __always_inline struct irq_start *here(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&aeo_irqs, &zero);
}

static __always_inline void book(__u64 *start, __u32 vector)
{
	__u64 ns = bpf_ktime_get_ns() - *start;

	if (*start && ns < WINDOW_MAX_NS)
		hist_add(HIST_irq, vector, 0, 0, ns);
	*start = 0;
}

AEO_PROG("tp_btf/softirq_entry", irq_soft_enter)
{
	struct irq_start *s = here();

	count_run(PROBE_irq);
	if (s)
		s->soft_ns = bpf_ktime_get_ns();
	return 0;
}

AEO_PROG("tp_btf/softirq_exit", irq_soft_exit, unsigned int vector)
{
	struct irq_start *s = here();

	count_run(PROBE_irq);
	if (s)
		book(&s->soft_ns, vector);
	return 0;
}

AEO_PROG("tp_btf/irq_handler_entry", irq_hard_enter)
{
	struct irq_start *s = here();

	count_run(PROBE_irq);
	if (s)
		s->hard_ns = bpf_ktime_get_ns();
	return 0;
}

AEO_PROG("tp_btf/irq_handler_exit", irq_hard_exit)
{
	struct irq_start *s = here();

	count_run(PROBE_irq);
	if (s)
		book(&s->hard_ns, IRQ_HARD);
	return 0;
}

char LICENSE[] SEC("license") __weak = "Dual BSD/GPL";
