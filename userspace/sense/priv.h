/* SPDX-License-Identifier: Apache-2.0 */
/* Inside sense/: the state that its files share. */
#ifndef AEO_SENSE_PRIV_H
#define AEO_SENSE_PRIV_H

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <pthread.h>

#include "intake.h"
#include "map.h"
#include "sense.h"
#include "size.h"
#include "aeo.skel.h" /* wants event.h before it */

enum hook_kind { TP_BTF, FENTRY, FEXIT, KPROBE, ITER };

#define WINDOW 1
#define OPTIONAL 2
#define HOT 4

/* One row of programs.def and what became of it. */
struct program {
	enum aeo_probe probe;
	const char *role;
	int rung;
	const char *name;
	enum hook_kind kind;
	const char *hook;
	int flags;
	const char *loses;
	/* state */
	bool chosen;	  /* loaded and, unless for windows, attached */
	char refused[96]; /* why not, "" when not refused */
	struct bpf_link *link;
};

/* What a run of a probe's programs costs, and what they cost so far. */
struct probe_cost {
	uint64_t ns_per_run;	    /* measured; 0: not yet */
	uint64_t run_ns0, run_cnt0; /* the kernel's sums at the last start of a measurement */
	uint64_t time_ns;	    /* folded so far */
	uint64_t runs;		    /* folded so far */
	bool measured;
};

#define GONE_MAX 8192 /* forgotten cgroups that are remembered: their ids are never used again */

#define PROGRAMS_MAX 96

struct window; /* the sampling thread */

struct sense {
	struct sense_options opt;
	char pin_dir[256];
	struct aeo *skel;
	struct btf *btf; /* the running kernel's */
	struct program prog[PROGRAMS_MAX];
	size_t progs;
	struct map_sizes size;
	uint32_t cpus; /* possible */
	struct ring_buffer *rings;
	struct intake *intake;
	event_fn on_event;
	void *on_event_arg;
	struct aeo_hist *dense;	      /* mapped from the kernel */
	struct aeo_exemplar *slowest; /* mapped from the kernel */
	size_t dense_bytes, slowest_bytes;
	struct map *index;	     /* cgroup id -> uint32_t */
	struct map *gone;	     /* forgotten ids: what the caches still hold of them is old */
	uint64_t gone_ids[GONE_MAX]; /* the same in order of forgetting, a ring */
	size_t gone_at;
	struct map *calls; /* struct aeo_callkey -> struct aeo_call: shared map and caches merged */
	uint64_t gettime_ns; /* calibrated cost of a run */
	struct probe_cost cost[PROBE_MAX];
	struct window *window;
	bool pinned, measured, calls_shed;
	bool missing[PROBE_MAX]; /* the last beacon did not wake it */
	uint64_t attach_ns;
	char **reasons; /* drop reasons by number */
	size_t reasons_n;
	void *scratch; /* for batch reads */
	size_t scratch_bytes;
};

/* hooks.c: the rows, and what this kernel has. */
void hooks__init(struct sense *s);
/* Whether the kernel has the hook and takes the kind of program; else why not, in `why`. */
bool hook__exists(struct sense *s, const struct program *p, char *why, size_t n);
/* Choose the lowest rung of each role that is not refused. False when a probe lost a role that it
 * needs (it is then off). */
void hooks__choose(struct sense *s);
/* Parameters of a raw tracepoint (the context pointer not counted), -1 when there is none. */
int hook__args(struct sense *s, const char *tracepoint);
void hooks__reasons(struct sense *s);

/* window.c */
int window__start(struct sense *s);
void window__stop(struct sense *s);
/* Why there are no windows on this node, NULL when there are. */
const char *window__refused(const struct sense *s);
void window__pause(struct sense *s, bool pause);

/* facts.c */
uint64_t probe__runs(struct sense *s, enum aeo_probe probe);
void cost__calibrate_begin(struct sense *s);
void cost__calibrate_end(struct sense *s);

/* read.c */
int acct__sum(struct sense *s, enum aeo_probe probe, struct aeo_acct *ret);
/* The per-CPU slots, cpus of them; owned by s, valid until the next call. NULL with errno. */
const struct aeo_cpu *cpus__read(struct sense *s);

/* pin.c */
void pins__remove(struct sense *s);

#endif
