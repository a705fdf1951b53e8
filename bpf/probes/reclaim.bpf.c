/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A task that needs memory and has to free some first: how long that held it up, by cgroup; apart
 * for the whole node short of memory (direct) and for a cgroup at its limit (memcg).
 */
#include "probe.bpf.h"

enum reclaim { RECLAIM_DIRECT, RECLAIM_MEMCG };

struct reclaim_key {
	__u32 pid;
	__u32 kind;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 2048);
	__type(key, struct reclaim_key);
	__type(value, __u64);
} aeo_reclaim AEO_MAP;

static __always_inline int begin(enum reclaim kind)
{
	struct reclaim_key key = {.pid = (__u32)bpf_get_current_pid_tgid(), .kind = kind};
	__u64 now = bpf_ktime_get_ns();

	count_run(PROBE_reclaim);
	if (bpf_map_update_elem(&aeo_reclaim, &key, &now, BPF_ANY))
		count_add(COUNT_reclaim_missed, 0, 0, 0, 1);
	return 0;
}

static __always_inline int end(enum reclaim kind)
{
	struct reclaim_key key = {.pid = (__u32)bpf_get_current_pid_tgid(), .kind = kind};
	__u64 *start = bpf_map_lookup_elem(&aeo_reclaim, &key);

	count_run(PROBE_reclaim);
	if (!start)
		return 0;
	hist_add(HIST_reclaim, kind, 0, current_cgroup(), bpf_ktime_get_ns() - *start);
	bpf_map_delete_elem(&aeo_reclaim, &key);
	return 0;
}

AEO_PROG("tp_btf/mm_vmscan_direct_reclaim_begin", reclaim_begin)
{
	return begin(RECLAIM_DIRECT);
}

AEO_PROG("tp_btf/mm_vmscan_direct_reclaim_end", reclaim_end)
{
	return end(RECLAIM_DIRECT);
}

AEO_PROG("tp_btf/mm_vmscan_memcg_reclaim_begin", reclaim_cgbegin)
{
	return begin(RECLAIM_MEMCG);
}

AEO_PROG("tp_btf/mm_vmscan_memcg_reclaim_end", reclaim_cgend)
{
	return end(RECLAIM_MEMCG);
}

char LICENSE[] SEC("license") __weak = "Dual BSD/GPL";
