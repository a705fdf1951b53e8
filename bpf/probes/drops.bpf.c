/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Packets that the kernel threw away, by its own reason. Where it gives none (before 5.17) every
 * one counts under DROP_UNKNOWN. It stays attached and a flood runs through it, so: one counter,
 * and an event only below the rate limit.
 */
#include "late.bpf.h"
#include <bpf/bpf_endian.h>

#define DROP_UNKNOWN (~0u)

/* Freed in the course of things: no drop. */
static __always_inline int is_drop(__u32 reason)
{
	if (bpf_core_enum_value_exists(enum skb_drop_reason, SKB_CONSUMED) &&
	    reason == bpf_core_enum_value(enum skb_drop_reason, SKB_CONSUMED))
		return 0;
	if (bpf_core_enum_value_exists(enum skb_drop_reason, SKB_NOT_DROPPED_YET) &&
	    reason == bpf_core_enum_value(enum skb_drop_reason, SKB_NOT_DROPPED_YET))
		return 0;
	return 1;
}

/* The task that happens to run has mostly nothing to do with the packet, so the event names
 * none. */
static __always_inline void drop_event(struct sk_buff *skb, __u64 location, __u32 reason)
{
	struct aeo_ev *e;

	if (!limit_pass(PROBE_drops))
		return;
	e = ev_begin_of(PROBE_drops, current_task(), 0);
	if (!e)
		return;
	who_put(e, &nobody);
	e->slot[0] = reason;
	e->slot[1] = location;
	e->slot[2] = bpf_ntohs(skb->protocol);
	e->slot[3] = skb->len;
	ev_end_quiet(e);
}

AEO_PROG("tp_btf/kfree_skb", drops_skb)
{
	__u32 reason = DROP_UNKNOWN;

	count_run(PROBE_drops);
	/* Read only where it is there: the verifier refuses an argument that this kernel does not
	 * have. */
	if (cfg.skb_reason) {
		reason = ctx[2];
		if (!is_drop(reason))
			return 0;
	}
	count_add(COUNT_drops, 0, reason, 0, 1);
	drop_event((struct sk_buff *)ctx[0], ctx[1], reason);
	return 0;
}

char LICENSE[] SEC("license") __weak = "Dual BSD/GPL";
