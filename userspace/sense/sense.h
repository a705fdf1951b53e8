/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The eyes: load the probes, choose their variants by asking the kernel, attach, poll, count. The only room of aeod that knows libbpf.
 *
 * Life: open (questions to the kernel, no effect) -> load -> index the cgroups that exist -> attach -> poll and read -> free.
 */
#ifndef AEO_SENSE_H
#define AEO_SENSE_H

#include "buf.h"
#include "model.h"

struct sense;

struct sense_options {
	const struct cgroup_tree *tree;
	uint32_t super_tgid; /* the supervisor: our own acts make no events */
	uint32_t cgroups;    /* cgroups with histograms of their own */
	uint64_t slow_ns;    /* above this, block I/O and blocked calls make an event */
	uint64_t map_bytes;  /* ceiling of the maps' memory */
	uint32_t limit_per_s; /* events per probe, CPU and second, for probes that limit themselves */
	const char *root;     /* "" or another root for /sys and /proc files */
	const char *pin_dir; /* folder for pins, made and removed here; NULL: unpinned */
	bool off[PROBE_MAX]; /* switched off by configuration */
};

/* Ask the kernel and prepare. NULL with errno, and one line in ret_why. */
struct sense *sense__open(const struct sense_options *o, struct buf *ret_why);
struct sense *sense__free(struct sense *s);

/* Load the object: what the kernel refuses is switched off alone and the load repeated with the next rung. 0 or negative errno. */
int sense__load(struct sense *s, struct buf *ret_why);
/* Attach every chosen program that is not for windows. 0 or negative errno. */
int sense__attach(struct sense *s, struct buf *ret_why);
/* Start the thread of the sampling windows, with the rights that the caller has left. 0 or negative errno. */
int sense__windows(struct sense *s);
/* Pin maps and programs in pin_dir (cleaned first when it is ours). 0; negative errno: unpinned, and the daemon goes on. */
int sense__pin(struct sense *s, struct buf *ret_why);
/* Probes attached. */
uint32_t sense__probes_on(const struct sense *s);

/* Give an existing cgroup its dense index (a new one gets it in the kernel). 0, -ENOSPC: it counts into `other`. */
int sense__cgroup_add(struct sense *s, uint64_t id);
/* After cgroup events were lost: take over the indices that the kernel gave meanwhile, and tell each cgroup of them. */
void sense__cgroups_adopt(struct sense *s, void (*fn)(void *arg, uint64_t cgroup_id), void *arg);
/* A cgroup is forgotten: fold what it counted out of the maps and free its index. Call after its last reading. */
void sense__cgroup_forget(struct sense *s, uint64_t id);

/* Descriptor that becomes readable when events wait. A wake-up can be lost (PARTS: ring consumer), so poll every 100 ms as well. */
int sense__fd(const struct sense *s);
/* Hand all waiting events to fn. Number of events, or negative errno: -ENOENT when nothing was loaded. */
int sense__poll(struct sense *s, event_fn fn, void *arg);

/* Whether nobody waits for events: then they are not told one by one, but at the next poll. */
void sense__quiet(struct sense *s, bool quiet);

/* All counters and histograms as they stand: totals since start. Dense histograms come for each indexed cgroup, and once for index 0
 * with cgroup_id ~0 (`other`). 0 or negative errno. */
int sense__read(struct sense *s, reading_fn fn, void *arg);
/* The slowest samples of a node-wide channel: AEO_BUCKETS entries, owned by sense, live (the kernel writes them). `clear` forgets them. */
const struct aeo_exemplar *sense__slowest(const struct sense *s, bool dense, uint16_t channel);
void sense__slowest_clear(struct sense *s);

/* Run a task or socket iterator. 0, -ENOENT when the kernel has none of it, or negative errno. */
typedef void (*taskrow_fn)(void *arg, const struct aeo_taskrow *row);
int sense__tasks(struct sense *s, taskrow_fn fn, void *arg);
/* The walk itself brings the counters of open connections up to date, in the kernel. */
int sense__socks(struct sense *s);

/* Facts for status, metrics and `aeod probes`. */
void sense__probe(struct sense *s, enum aeo_probe probe, struct probe_info *ret);
/* The i-th map; false behind the last. */
bool sense__map(struct sense *s, size_t i, struct map_info *ret);
/* Bytes that wait in the i-th ring (0 evt, 1 sec) and its size. */
void sense__ring(struct sense *s, size_t i, uint64_t *ret_used, uint64_t *ret_size);
/* Switches whose task had no place in the table; calls that had none in the map. */
void sense__overflow(struct sense *s, uint64_t *ret_tasks, uint64_t *ret_calls);
/* Records from the rings that were refused as malformed. */
uint64_t sense__refused(const struct sense *s);
/* Why there are no sampling windows on this node; NULL when there are. */
const char *sense__no_windows(const struct sense *s);
/* Name of a drop reason by the running kernel's BTF, "unknown" where it has none. Owned by sense. */
const char *sense__drop_reason(struct sense *s, uint32_t reason);

/* The kernel's run-time statistics were switched on or off from outside: between the two calls the cost of a run is measured. */
void sense__stats(struct sense *s, bool on);
/* Run time of all programs so far, ns: measured cost of a run times runs. */
uint64_t sense__run_time(struct sense *s, bool *ret_measured);

/*
 * Act ourselves and look which probes saw it. fn is called for a probe that did not (`missing`; it was attached again), and once more when
 * it sees again (`was_missing`). Takes some milliseconds: it starts and waits for a child.
 */
typedef void (*beacon_fn)(void *arg, enum aeo_probe probe, bool missing, bool was_missing);
void sense__beacon(struct sense *s, beacon_fn fn, void *arg);
#ifdef AEO_FAULT
void sense__fault_lose_link(struct sense *s, enum aeo_probe probe);
#endif

/* Shedding, in the declared order; each may be taken back. */
enum shed { SHED_TRACES, SHED_DETAIL, SHED_LATENCY, SHED_EVENTS, SHED_CALLS, SHED_MAX };
/* Switch a level off or on. 0 or negative errno. */
int sense__shed(struct sense *s, enum shed what, bool off);

#endif
