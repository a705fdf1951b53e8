/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The frequent channel: histograms and counters. Included by probe.bpf.h, behind its maps. */
#ifndef AEO_FREQUENT_BPF_H
#define AEO_FREQUENT_BPF_H

/* Bucket of a duration: the smallest k with ns <= 2^k microseconds. */
static __always_inline __u64 bucket_of(__u64 ns)
{
	__u64 v = ns ? (ns - 1) / 1000 : 0, k = 0;

	if (v >> 27)
		return AEO_BUCKETS - 1;
	if (v >> 16) {
		v >>= 16;
		k += 16;
	}
	if (v >> 8) {
		v >>= 8;
		k += 8;
	}
	if (v >> 4) {
		v >>= 4;
		k += 4;
	}
	if (v >> 2) {
		v >>= 2;
		k += 2;
	}
	if (v >> 1) {
		v >>= 1;
		k += 1;
	}
	k += v;
	return k < AEO_BUCKETS ? k : AEO_BUCKETS - 1;
}

static __always_inline void hist_put(struct aeo_hist *h, __u64 bucket, __u64 ns)
{
	/* The compiler knows the bound and would drop the mask, by which the verifier learns it. */
	asm volatile("%0 &= 31" : "+r"(bucket));
	__sync_fetch_and_add(&h->bucket[bucket], 1);
	__sync_fetch_and_add(&h->sum_ns, ns);
}

/* Remember the slowest sample of a bucket. Two CPUs may race; either sample is a real one. */
static __always_inline void slowest_put(__u32 channel, __u32 bucket, __u64 ns,
					struct task_struct *t, __u64 cgroup)
{
	__u32 at = channel * AEO_BUCKETS + bucket;
	struct aeo_exemplar *x = bpf_map_lookup_elem(&aeo_slowest, &at);

	if (!x || x->value_ns >= ns)
		return;
	x->value_ns = ns;
	x->time_ns = bpf_ktime_get_boot_ns();
	x->cgroup_id = cgroup;
	x->pid = TASK(t, pid);
	x->tgid = TASK(t, tgid);
	bpf_probe_read_kernel_str(x->comm, sizeof(x->comm), t->comm);
}

/* Add to a dense histogram of a cgroup index. */
static __always_inline __u32 dense_add(enum aeo_dense which, __u32 idx, __u64 ns)
{
	__u32 shard = bpf_get_smp_processor_id() & cfg.shard_mask;
	__u32 at = (idx * DENSE_MAX + which) * (cfg.shard_mask + 1) + shard;
	__u64 bucket = bucket_of(ns);
	struct aeo_hist *h = bpf_map_lookup_elem(&aeo_dense, &at);

	if (h)
		hist_put(h, bucket, ns);
	return bucket;
}

/* Value of a key in a map, made when it is new; falls back to the channel's `other` cgroup (~0)
 * when the map is full. */
#define AEO_OTHER_CGROUP (~0ULL)

static __always_inline void hist_add(enum aeo_hist_id hist, __u16 op, __u32 label, __u64 cgroup,
				     __u64 ns)
{
	static const struct aeo_hist empty;
	struct aeo_hkey key = {.hist = hist, .op = op, .label = label, .cgroup_id = cgroup};
	struct aeo_hist *h = bpf_map_lookup_elem(&aeo_hists, &key);

	if (!h) {
		bpf_map_update_elem(&aeo_hists, &key, &empty, BPF_NOEXIST);
		h = bpf_map_lookup_elem(&aeo_hists, &key);
	}
	if (!h) {
		key.op = 0;
		key.label = 0;
		key.cgroup_id = AEO_OTHER_CGROUP;
		h = bpf_map_lookup_elem(&aeo_hists, &key);
	}
	if (h)
		hist_put(h, bucket_of(ns), ns);
}

static __always_inline void count_add(enum aeo_count_id count, __u16 op, __u32 label, __u64 cgroup,
				      __u64 n)
{
	struct aeo_ckey key = {.count = count, .op = op, .label = label, .cgroup_id = cgroup};
	__u64 *v = bpf_map_lookup_elem(&aeo_counts, &key), zero = 0;

	if (!v) {
		bpf_map_update_elem(&aeo_counts, &key, &zero, BPF_NOEXIST);
		v = bpf_map_lookup_elem(&aeo_counts, &key);
	}
	if (!v) {
		key.op = 0;
		key.label = 0;
		key.cgroup_id = AEO_OTHER_CGROUP;
		v = bpf_map_lookup_elem(&aeo_counts, &key);
	}
	if (v)
		__sync_fetch_and_add(v, n);
}

#endif
