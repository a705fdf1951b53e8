/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What every probe file includes: the shared maps, who is running, and the two channels.
 *
 *   rare      ev_begin(PROBE_x) ... ev_end(e), or big_begin/big_end where the event has extra
 *             numbers or a tail
 *   frequent  hist_add(HIST_x, ...), count_add(COUNT_x, ...)
 *
 * A handler is written AEO_PROG("section", name, arguments). Compiled with -DAEO_EMPTY every
 * handler of the file does nothing: the test of a probe must then fail.
 */
#ifndef AEO_PROBE_BPF_H
#define AEO_PROBE_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>
#include "event.h"
#include "compat.bpf.h"

#define PF_KTHREAD 0x00200000

/* Every handler is optional for the loader: user space turns on the rungs that this kernel
 * takes. For tests, the handlers of one file do nothing (AEO_EMPTY), or what no verifier accepts
 * (AEO_REFUSE). */
#ifdef AEO_REFUSE
#define AEO_BROKEN *(volatile int *)4096
#else
#define AEO_BROKEN 0
#endif
#if defined(AEO_EMPTY) || defined(AEO_REFUSE)
#define AEO_PROG(sec, name, args...)                                                \
	static __always_inline int ____aeo_##name(unsigned long long *ctx, ##args); \
	SEC("?" sec) int name(unsigned long long *ctx)                              \
	{                                                                           \
		(void)ctx;                                                          \
		return AEO_BROKEN;                                                  \
	}                                                                           \
	static __attribute__((unused))                                              \
	__always_inline int ____aeo_##name(unsigned long long *ctx, ##args)
#else
#define AEO_PROG(sec, name, args...) SEC("?" sec) int BPF_PROG(name, ##args)
#endif

const volatile struct aeo_cfg cfg __weak = {};

/* Set by user space while low-value events are shed: those of the ordinary ring. */
__u32 aeo_shed_events __weak = 0;
/* Set by user space while nobody waits for events. */
__u32 aeo_quiet __weak = 0;

#define AEO_MAP __weak SEC(".maps")

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} aeo_ring_evt AEO_MAP;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 19);
} aeo_ring_sec AEO_MAP;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, PROBE_MAX);
	__type(key, __u32);
	__type(value, struct aeo_acct);
} aeo_acct AEO_MAP;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, PROBE_MAX);
	__type(key, __u32);
	__type(value, struct aeo_big);
} aeo_scratch AEO_MAP;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct aeo_cpu);
} aeo_cpus AEO_MAP;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 2048);
	__type(key, __u64);
	__type(value, __u32);
} aeo_cgroups AEO_MAP;

struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 2048);
	__uint(value_size, sizeof(__u32));
} aeo_free AEO_MAP;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE); /* user space reads and clears it in place */
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct aeo_hist);
} aeo_dense AEO_MAP;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE); /* user space reads and clears it in place */
	__uint(max_entries, (DENSE_MAX + HIST_MAX) * AEO_BUCKETS);
	__type(key, __u32);
	__type(value, struct aeo_exemplar);
} aeo_slowest AEO_MAP;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct aeo_callkey);
	__type(value, struct aeo_call);
} aeo_calls AEO_MAP;

struct aeo_taskset {
	struct aeo_task way[2];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct aeo_taskset);
} aeo_tasks AEO_MAP;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct aeo_hkey);
	__type(value, struct aeo_hist);
} aeo_hists AEO_MAP;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, struct aeo_ckey);
	__type(value, __u64);
} aeo_counts AEO_MAP;

#include "who.bpf.h"
#include "rare.bpf.h"
#include "frequent.bpf.h"

#endif
