/* SPDX-License-Identifier: Apache-2.0 */
/* JSON for people and programs, of the shapes that ACTING.md section 9 fixes, from plain values. */
#ifndef AEO_TELL_H
#define AEO_TELL_H

#include "json.h"
#include "model.h"

/* What stands in every answer. */
struct tell_common {
	const char *node; /* host name */
	const char *boot_id;
	uint64_t wall_ns, boot_ns;
	const char *(*drop_reason)(
		void *arg, uint32_t reason); /* the kernel's name of it; NULL: shown as a number */
	void *arg;
};

/* Open an answer: '{', schema "aeo.KIND/1", node, boot_id, now. */
void tell__begin(struct json *j, const char *kind, const struct tell_common *c);

void tell__subject(struct json *j, const char *key, const struct subject *s, const char *binary,
		   uint32_t pid, uint64_t start_ns);

/* One event on one line, without the newline. `redact`: NULL-terminated patterns whose argument
 * values become "***". */
void tell__event(struct buf *b, const struct tell_common *c, const struct event *e,
		 const struct subject *s, const char *const *redact);

/*
 * argv (NUL-separated, n bytes) as a command line with redacted values. A pattern is looked for
 * anywhere in an argument, in upper or lower case; what follows it behind `=` or `:` becomes "***",
 * to the end of that argument, and behind a word that begins with `-` the next argument does. The
 * password in an address (scheme://user:password@host) is redacted whatever the patterns are.
 * redact NULL: nothing is.
 */
void tell__argv(struct buf *b, const char *argv, size_t n, const char *const *redact);

/* {"schema":"aeo.probes/1", probes: [...]} */
void tell__probes(struct buf *b, const struct tell_common *c, const struct probe_info *p, size_t n);

struct tell_process {
	char name[16];
	int32_t pid;
	uint64_t started_ns;
	uint32_t restarts;
};

struct tell_amount {
	double limit, used; /* cpu, bpf: percent; rss, maps: bytes */
};

struct tell_status {
	const struct probe_info *probes;
	size_t probe_count;
	struct tell_amount cpu, bpf, rss, maps;
	bool bpf_measured;
	const char *shed[8]; /* NULL-terminated names */
	const char *mode_configured;
	const char *kernel, *cgroup_layout, *windows; /* windows: why there are none, or NULL */
	bool pinned, hands;
	const struct tell_process *processes;
	size_t process_count;
	uint64_t cgroups, containers, unnamed, series, refused, tasks_lost, calls_lost,
		events_dropped;
};

void tell__status(struct buf *b, const struct tell_common *c, const struct tell_status *s);

/* One row of `top`: seconds per second, retransmits and calls per second; NaN is unknown. */
struct tell_row {
	const struct subject *subject;
	double cpu_wait, throttled, io_wait, memory_pressure, retransmits, calls;
};

/* The first n of `cgroups` that there are, as many of them as fit into TELL_BYTES. */
#define TELL_BYTES (900u << 10)
void tell__top(struct buf *b, const struct tell_common *c, const struct tell_row *rows, size_t n,
	       size_t cgroups);

/* The processes of one row, at most TELL_TASKS, by wait. */
#define TELL_TASKS 64
void tell__tasks(struct buf *b, const struct tell_common *c, const struct aeo_taskrow *rows,
		 size_t n);

#endif
