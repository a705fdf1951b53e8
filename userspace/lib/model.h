/* SPDX-License-Identifier: Apache-2.0 */
/* The nouns: plain values that rooms hand to one another. No room includes another; they meet
 * here. */
#ifndef AEO_MODEL_H
#define AEO_MODEL_H

#include "base.h"
#include "event.h"

/* Whom a series or an event is about: one cgroup. Strings are never NULL, "" is unknown; they are
 * foreign text, unescaped. Interned and owned by attrib/; valid until the cgroup is forgotten,
 * which is later than its last event (a grace time). */
struct subject {
	uint64_t cgroup_id;
	const char *cgroup;    /* path in its hierarchy, "/" for the root */
	const char *unit;      /* systemd unit, for example "nginx.service" */
	const char *container; /* the runtime's name of it, its id where it has none */
	const char *container_id;
	const char *runtime; /* docker | containerd | cri-o | podman | crun | runc | "" */
	const char *pod;     /* name */
	const char *pod_uid;
	const char *namespace_; /* of the pod */
	const char *workload; /* what the pod belongs to: its name without the generated suffixes */
	const char *unnamed;  /* why a container has no name: "" when it has, or is none */
	const char *labels;   /* for Prometheus: `cgroup="…",namespace="…"`, escaped */
	bool is_container;
	bool gone; /* removed; kept for late events */
};

/* How cgroups are named on this node. */
enum cgroup_layout { CGROUP_V2, CGROUP_V1, CGROUP_HYBRID };

struct cgroup_tree {
	enum cgroup_layout layout;
	char root[256];		/* where the naming hierarchy is mounted, --root included */
	uint32_t subsys;	/* index of its controller in css_set, ~0 for v2 */
	uint32_t hierarchy;	/* its id in /proc/cgroups, 0 for v2 */
	const char *controller; /* "memory", … or "" for v2 */
};

/* One program of a probe as it stands. */
struct probe_why_not {
	const char *variant;
	char reason[96];
};

#define PROBE_RUNGS 6

/* A probe as `aeod probes` and `status` show it. */
struct probe_info {
	const char *name, *what, *blind;
	bool is_default, on;
	char variant[96]; /* programs in use, comma separated; "" when off */
	struct probe_why_not why_not[PROBE_RUNGS];
	size_t why_nots;
	uint64_t attempted, received, in_flight, lost[LOSS_MAX];
	uint64_t run_count, run_time_ns, missed; /* missed: runs the kernel skipped (recursion) */
	bool measured;				 /* run_time_ns was measured, else estimated */
};

/* One map as the self-metrics show it. */
struct map_info {
	char name[16];
	uint64_t entries, capacity, bytes;
};

/* A reading of the frequent channel: one key with its totals since start. */
struct reading {
	enum { READ_DENSE, READ_HIST, READ_COUNT, READ_CALL } kind;
	uint16_t channel; /* enum aeo_dense, aeo_hist_id or aeo_count_id */
	uint16_t op;
	uint32_t label;	    /* device, call, reason; the call number for READ_CALL */
	uint64_t cgroup_id; /* 0 node-wide, ~0 the full maps' `other` */
	union {
		const struct aeo_hist *hist;
		const struct aeo_call *call;
		uint64_t count;
	};
};

typedef void (*reading_fn)(void *arg, const struct reading *r);

/* An event as it comes from the ring, checked: numbers, text and tail lie inside. Valid during the
 * call only. */
struct event {
	const struct aeo_ev *ev;
	const uint64_t *extra; /* ev->extra numbers */
	const char *tail;      /* ev->tail bytes, not NUL-terminated */
	uint64_t lost_before; /* events of this probe lost on this CPU since the last one that arrived */
};

typedef void (*event_fn)(void *arg, const struct event *e);

#endif
