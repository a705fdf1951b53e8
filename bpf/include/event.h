/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The wire between the kernel and user space. Both worlds include this file.
 *
 * Rules: fixed-width integers and byte arrays only, explicit padding, zeroed at begin, sizes
 * asserted, numbers append-only. A change of layout raises AEO_ABI, and intake refuses what it does
 * not know.
 */
#ifndef AEO_EVENT_H
#define AEO_EVENT_H

#ifndef __bpf__
#include <linux/types.h>
#endif

#define AEO_ABI 1
#define AEO_COMM 16
#define AEO_TEXT 24
#define AEO_SLOTS 4
#define AEO_EXTRA 12  /* numeric fields beyond the four slots, at most */
#define AEO_TAIL 1024 /* bytes of tail text, at most: a power of two, the verifier wants a mask */
/* slot k counts values of (2^(k-1), 2^k] microseconds; the last one everything above */
#define AEO_BUCKETS 28
#define AEO_CALL_COMPAT 0x10000u  /* call numbers of the 32-bit table carry this mark */
#define AEO_CALL_NONE 0xffffffffu /* not in a system call */
#define AEO_CACHE 256 /* entries of the per-CPU write-back cache of call counters: a power of two */

/* Probe ids: their order is the file's order, append-only. */
enum aeo_probe {
#define PROBE(name, ...) PROBE_##name,
#include "probes.def"
#undef PROBE
	PROBE_MAX
};

/* The frequent channels, from their rows. */
enum aeo_dense {
#define DENSE(name, ...) DENSE_##name,
#define HIST(name, ...)
#define COUNT(name, ...)
#include "channels.def"
	DENSE_MAX
#undef DENSE
#undef HIST
#undef COUNT
};

enum aeo_hist_id {
#define DENSE(name, ...)
#define HIST(name, ...) HIST_##name,
#define COUNT(name, ...)
#include "channels.def"
	HIST_MAX
#undef DENSE
#undef HIST
#undef COUNT
};

enum aeo_count_id {
#define DENSE(name, ...)
#define HIST(name, ...)
#define COUNT(name, ...) COUNT_##name,
#include "channels.def"
	COUNT_MAX
#undef DENSE
#undef HIST
#undef COUNT
};

/* Why an event did not arrive. Append-only. */
enum aeo_loss {
	LOSS_RING,  /* the ring was full */
	LOSS_READ,  /* memory that the event needed could not be read */
	LOSS_LIMIT, /* above the probe's own rate limit */
	LOSS_SHED,  /* switched off by the budget */
	LOSS_MAX
};

/* Classes of a failed call. Append-only. */
enum aeo_errclass { ERR_OTHER, ERR_AGAIN, ERR_INTR, ERR_TIMEDOUT, ERR_INPROGRESS, ERR_MAX };

/* How a task left the CPU. */
enum aeo_state { STATE_SLEEP, STATE_DISK, STATE_RUNNABLE };

/* An event: this head, then `extra` numbers of 8 bytes, then `tail` bytes of text. The names of
 * slots, extra numbers, text and tail stand in the probe's row. */
struct aeo_ev {
	__u16 abi;
	__u16 probe; /* enum aeo_probe */
	__u32 len;   /* bytes of the whole record */
	__u32 cpu;
	__u16 extra;   /* numbers that follow this head */
	__u16 tail;    /* bytes of text that follow them */
	__u64 seq;     /* per probe and CPU, taken before the reservation: a hole is a loss */
	__u64 time_ns; /* CLOCK_BOOTTIME */
	__u64 cgroup_id;
	__u32 pid;	/* thread */
	__u32 tgid;	/* process */
	__u64 start_ns; /* start of the process, CLOCK_BOOTTIME */
	char comm[AEO_COMM];
	__u64 slot[AEO_SLOTS];
	char text[AEO_TEXT];
};
_Static_assert(sizeof(struct aeo_ev) == 128, "the head of an event is 128 bytes");

/* Largest record: what the per-CPU scratch holds. */
struct aeo_big {
	struct aeo_ev ev;
	__u64 extra[AEO_EXTRA];
	char tail[AEO_TAIL];
};
_Static_assert(sizeof(struct aeo_big) == 128 + 8 * AEO_EXTRA + AEO_TAIL, "no hole in a record");

/* The account of a probe on one CPU. attempted = received + sum(lost) + in flight, always. */
struct aeo_acct {
	__u64 attempted;
	__u64 submitted;
	__u64 lost[LOSS_MAX];
	__u64 runs; /* program runs, events or not: what the cost estimate multiplies */
	__u64 pad;
};
_Static_assert(sizeof(struct aeo_acct) == 64, "one cache line");

/* A histogram in nanoseconds; bucket k as AEO_BUCKETS says. */
struct aeo_hist {
	__u64 bucket[AEO_BUCKETS];
	__u64 pad[3];
	__u64 sum_ns;
};
_Static_assert(sizeof(struct aeo_hist) == 256, "an index masked to 31 stays inside");

/* Key of the generic histogram map. */
struct aeo_hkey {
	__u16 hist;	 /* enum aeo_hist_id */
	__u16 op;	 /* small label: operation, vector, cause */
	__u32 label;	 /* large label: device, call, reason */
	__u64 cgroup_id; /* 0: node-wide */
};

/* Key of the generic counter map; the value is a __u64. */
struct aeo_ckey {
	__u16 count; /* enum aeo_count_id */
	__u16 op;
	__u32 label;
	__u64 cgroup_id;
};

/* Call counters of one (cgroup, call). */
struct aeo_callkey {
	__u64 cgroup_id;
	__u32 call; /* number, AEO_CALL_COMPAT for the 32-bit table */
	__u32 pad;
};

struct aeo_call {
	__u64 calls; /* calls that returned */
	__u64 err[ERR_MAX];
	__u64 restarts;	   /* returns of -512..-516: the kernel will call again */
	__u64 sleep_ns;	   /* off the CPU inside the call, asleep at the switch */
	__u64 runnable_ns; /* off the CPU inside the call, runnable at the switch */
};

/* The same in the per-CPU cache: small counters that are flushed long before they can overflow. */
struct aeo_callcache {
	__u64 cgroup_id;
	__u32 call;
	__u32 calls;
	__u32 err[ERR_MAX];
	__u32 restarts;
	__u64 sleep_ns;
	__u64 runnable_ns;
};
_Static_assert(sizeof(struct aeo_callcache) == 56, "no hole in a cache entry");

/* What a CPU knows about the task that runs on it, and its share of the call counters. */
struct aeo_cpu {
	__u64 cgroup_id;  /* of the running task, set at the switch */
	__u64 enter_ns;	  /* start of the call in progress when it is sampled, else 0 */
	__u32 cgroup_idx; /* dense index of that cgroup, 0 = other */
	__u32 pid;	  /* that the above are of: the kernel may skip the run of a switch */
	__u64 runs_exit;  /* runs of the two hottest programs, kept here to spare them a lookup */
	__u64 runs_switch;
	__u64 lost_tasks; /* switches whose task found no place in the table */
	__u64 lost_calls; /* calls that found no place in the shared map, in the counts of no cgroup */
	struct aeo_callcache cache[AEO_CACHE];
};

/* A task while it is off the CPU. Two ways a set, indexed by pid. */
struct aeo_task {
	__u32 pid;
	__u32 call;
	__u64 off_ns; /* CLOCK_MONOTONIC; 0: on the CPU */
	__u64 enter_ns;
	__u32 cgroup_idx;
	__u16 state; /* enum aeo_state */
	__u16 iowait;
	__u64 cgroup_id; /* that cgroup_idx belongs to */
};
_Static_assert(sizeof(struct aeo_task) == 40, "no hole in a task");

/* The slowest sample seen in one bucket of a node-wide histogram since user space cleared it. */
struct aeo_exemplar {
	__u64 value_ns;
	__u64 time_ns; /* CLOCK_BOOTTIME */
	__u64 cgroup_id;
	__u32 pid;
	__u32 tgid;
	char comm[AEO_COMM];
};
_Static_assert(sizeof(struct aeo_exemplar) == 48, "no hole in an exemplar");

/* One row of the task iterator: a user task off the CPU, a zombie, or a running call. */
struct aeo_taskrow {
	__u64 cgroup_id;
	__u64 age_ns; /* since it left the CPU; 0 unknown */
	__u64 start_ns;
	__u64 cpu_ns;  /* run time so far */
	__u64 wait_ns; /* run-queue wait so far */
	__u32 pid;
	__u32 tgid;
	__u32 call;  /* AEO_CALL_NONE outside */
	__u32 state; /* the kernel's task state bits; exit state in the upper half */
	char comm[AEO_COMM];
};

/* One row of the socket iterator: an open TCP connection. */
struct aeo_sockrow {
	__u64 sock; /* identity only */
	__u64 cgroup_id;
	__u64 sent; /* bytes acknowledged by the peer */
	__u64 received;
	__u32 srtt_us;
	__u32 retrans;
};

/* Set between open and load; constant for the verifier afterwards. */
struct aeo_cfg {
	__u32 cg_subsys;    /* index of the v1 controller that names cgroups; ~0: v2 */
	__u32 cg_hierarchy; /* hierarchy id of the same; 0: v2 */
	__u32 super_tgid;   /* ours: their acts make no events */
	__u32 self_tgid;
	__u32 shard_mask;   /* shards of the dense histograms - 1 */
	__u32 cgroups;	    /* dense indices, 0 is `other` */
	__u32 task_sets;    /* sets of the task table: a power of two */
	__u32 rq_issue_arg; /* position of the request in block_rq_issue: 0, or 1 before 5.11 */
	__u32 skb_reason;   /* kfree_skb says why */
	__u32 limit_per_s;  /* events per probe, CPU and second, for probes that limit themselves */
	__u64 slow_ns;	    /* block I/O and blocked calls above this make an event */
};

#endif
