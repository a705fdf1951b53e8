/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel says in files: cgroup files, /proc, mounts, network counters, its own log. No
 * BPF, so it works on every node.
 *
 * Unknown is never 0: a file or controller that is not there makes no series, and the accessors
 * answer FILES_UNKNOWN. Nothing is allocated at a tick once a cgroup is known. Not thread-safe:
 * one loop.
 */
#ifndef AEO_FILES_H
#define AEO_FILES_H

#include "model.h"

struct files;
struct metrics;

#define FILES_UNKNOWN UINT64_MAX
#define FILES_UNLIMITED (UINT64_MAX - 1) /* of a limit: there is none */

/*
 * `tree`: how cgroups are named here (its root includes --root already); copied. `root`: prefix of
 * /proc, /dev and of mount points, "" or the value of --root or a fixture; copied. The budget of
 * kept descriptors is half of the soft RLIMIT_NOFILE of this moment, 4096 at most: raise the limit
 * first. NULL with errno.
 */
struct files *files__new(const struct cgroup_tree *tree, const char *root);
/* Close everything. Accepts NULL, returns NULL. */
struct files *files__free(struct files *f);

/*
 * Watch a cgroup. `s` is borrowed and must live until files__cgroup_remove, or until it is added
 * again with another pointer (the same id replaces the pointer). Its strings are read anew at
 * every collect. 0, -ENOSPC above 16384 cgroups, -ENOMEM.
 */
int files__cgroup_add(struct files *f, const struct subject *s);
/*
 * Forget it. An unknown id is nothing: a cgroup that vanished under a reading was dropped
 * already.
 */
void files__cgroup_remove(struct files *f, uint64_t id);

/*
 * Read what is due: to be called every second, with CLOCK_BOOTTIME. Everything of a cgroup is read
 * at the first tick after it was added; then CPU time, memory and pressure each second, everything
 * else (memory.stat, io.stat, events, limits) every 10 s, spread over the cgroups; all files of a
 * cgroup that used no CPU since the last look every 10 s, and pressure of a resource that nothing
 * on the node waited for. A node file that costs more than a millisecond is read every 10 s. 0, or
 * the first negative errno of a node file (the rest was read all the same).
 */
int files__tick(struct files *f, uint64_t now_boot_ns);
/* Add every series of the last readings to the snapshot. */
void files__collect(struct files *f, struct metrics *m);

enum psi_resource { PSI_CPU, PSI_IO, PSI_MEMORY, PSI_RESOURCES };
enum psi_kind { PSI_SOME, PSI_FULL, PSI_KINDS };

/* The last reading of one cgroup. Totals since the cgroup's birth, descendants included. */
struct files_cgroup {
	const struct subject *subject;
	uint64_t read_ns;      /* boot time of the reading of the cheap files */
	uint64_t cpu_ns;       /* CPU time used */
	uint64_t throttled_ns; /* runnable, but the quota was used up */
	uint64_t periods;      /* of the quota, in which something ran */
	uint64_t throttled;    /* periods in which the quota was used up */
	uint64_t cpu_limit_ns; /* quota by second, or FILES_UNLIMITED */
	uint64_t memory, memory_high, memory_max, swap; /* bytes; high and max or FILES_UNLIMITED */
	uint64_t oom_kills;
	uint64_t major_faults;
	uint64_t pids, pids_max;		   /* tasks; max or FILES_UNLIMITED */
	uint64_t psi_us[PSI_RESOURCES][PSI_KINDS]; /* stalled, totals; of the root: the node's */
};

/* 0, or -ENOENT: not watched, gone, or not read yet. */
int files__cgroup(const struct files *f, uint64_t id, struct files_cgroup *ret);
typedef void (*files_cgroup_fn)(void *arg, const struct files_cgroup *c);
/* Every cgroup that was read, in no order. fn must not add or remove. */
void files__each_cgroup(const struct files *f, files_cgroup_fn fn, void *arg);

struct files_node {
	uint64_t read_ns;
	uint64_t psi_us[PSI_RESOURCES][PSI_KINDS];
	uint64_t cpu_busy_ns, cpu_idle_ns; /* over all CPUs; idle includes waiting for I/O */
	uint64_t running, blocked; /* tasks runnable, tasks in uninterruptible sleep for I/O */
	uint64_t memory_total, memory_available; /* bytes */
	uint64_t direct_scans; /* pages looked at by tasks that had to reclaim themselves */
	uint64_t oom_kills;
};

void files__node(const struct files *f, struct files_node *ret);

/* Classes of what the kernel reports in its log: rows of kernel_log.def. */
enum kernel_log_class {
#define LOG_CLASS(id, what) KERNEL_LOG_##id,
#define LOG_PATTERN(...)
#include "kernel_log.def"
#undef LOG_CLASS
#undef LOG_PATTERN
	KERNEL_LOG_MAX
};

/* Valid during the call only. The text is foreign (device and task names), unescaped. */
struct kernel_log_finding {
	enum kernel_log_class class_;
	const char *name; /* of the class: "hung_task" */
	uint64_t time_us; /* as the kernel stamped it: since boot, suspend not included */
	uint64_t seq;	  /* number of the record */
	int32_t pid;	  /* that it names; 0: none */
	char device[32];  /* that it names; "": none */
	const char *text; /* the line, `len` bytes */
	size_t len;
};

typedef void (*kernel_log_fn)(void *arg, const struct kernel_log_finding *k);

/*
 * Descriptor of the kernel's log for the loop (LOOP_READ), or -1 when it cannot be read: then no
 * series of it exists. Owned by f.
 */
int files__kernel_log_fd(const struct files *f);
/* Whom findings are told to. */
void files__on_kernel_log(struct files *f, kernel_log_fn fn, void *arg);
/*
 * Read what is there, at most 256 records; call when the descriptor is readable. 0, or negative
 * errno: stop watching.
 */
int files__kernel_log_read(struct files *f);

#endif
