/* SPDX-License-Identifier: Apache-2.0 */
/* Inside sensor/: the state that its files share. */
#ifndef AEO_SENSOR_PRIV_H
#define AEO_SENSOR_PRIV_H

#include <sys/types.h>

#include "attrib.h"
#include "clock.h"
#include "conf.h"
#include "files.h"
#include "flow.h"
#include "log.h"
#include "loop.h"
#include "map.h"
#include "metric.h"
#include "sense.h"
#include "sensor.h"
#include "server.h"
#include "tell.h"
#include "intake.h"
#include "unit.h"

#define PAIR 3			 /* descriptor of the supervisor's pair */
#define GRACE_NS (60 * NS_PER_S) /* a removed cgroup is kept this long for late events */
#define WALK_TICKS 10		 /* iterators run every so many seconds */
#define BEACON_TICKS 10		 /* an act of our own that the probes must see */
#define PROCESSES 4

/* What we cost, over a minute. */
struct budget {
	double cpu[60], bpf[60]; /* percent, one a tick */
	size_t at, filled;
	uint64_t cpu_ns0, bpf_ns0, at_ns0;
	double cpu_now, bpf_now, rss_now; /* means of what is filled; bytes */
	double cpu_limit, bpf_limit, rss_limit;
	bool measured;
	bool shed[SHED_MAX];
	uint64_t changed_ns; /* last step */
	uint64_t steps;	     /* taken so far */
	uint64_t gap_begin_ns,
		gap_end_ns; /* wall time of the last gap in the counting of calls; 0: there was none */
};

struct sensor {
	const struct args *args;
	struct conf *conf;
	struct loop *loop;
	struct cgroup_tree tree;
	struct sense *sense;
	struct attrib *attrib;
	struct files *files;
	struct flow *flow;
	struct metrics *metrics;
	struct server *server;
	uid_t export_uid; /* may ask for metrics, and for nothing else */
	struct buf pair_in;
	struct tell_process process[PROCESSES];
	struct budget budget;
	struct map *pressure; /* cgroup id -> last sums and rates */
	char node[128], boot_id[40], kernel[80];
	char pin_dir[256];
	const char *redact[257]; /* as many as a list may have, NULL-terminated */
	bool pinned, no_detail;
	bool down[PROBE_MAX]; /* the last beacon did not wake it */
	uint64_t beacons_missed[PROBE_MAX];
	uint64_t cgroups_lost; /* events of cgroups that never came, as last looked at */
	uint64_t ticks, tick_ns, tick_due_ns, tick_lag_ns, started_ns, events_dropped, windows_ns;
	struct probe_info probes[PROBE_MAX]; /* filled anew for each answer */
};

/* events.c */
void events__on(void *arg, const struct event *e);
void events__subscribe(struct sensor *s, struct client *c, const char *payload, size_t n);
void events__gone(void *arg, struct client *c);

/* answers.c */
void answers__on(void *arg, struct client *c, enum wire_kind kind, const char *payload, size_t n);
struct tell_common answers__common(const struct sensor *s);

/* pressure.c: rates of cgroup files over the last tick, seconds per second; NaN where the kernel
 * has no such file. */
struct pressure_rate {
	double throttled, io, memory;
};
struct pressure_rate pressure__of(struct sensor *s, uint64_t cgroup_id);
void pressure__tick(struct sensor *s);
void pressure__forget(struct sensor *s, uint64_t cgroup_id);

/* collect.c */
int collect__snapshot(struct sensor *s, struct buf *b);

/* budget.c */
void budget__configure(struct sensor *s);
void budget__tick(struct sensor *s);
const char *shed__name(enum shed what);
struct process_use {
	uint64_t cpu_ns, rss; /* user and system time; bytes */
};
/* Of one process; 0 or negative errno. */
int process__use(int32_t pid, struct process_use *ret);

/* node.c: names of the node and of the folder of pins. */
void node__know(struct sensor *s);
void node__name_pins(struct sensor *s);

/* report.c: the account, to the log. */
void report__losses(struct sensor *s);

/* rights.c: give up what is not needed after the start. 0 or negative errno. */
int rights__drop(void);

#endif
