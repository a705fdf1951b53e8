/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parsers of the kernel's text files. Foreign bytes: names in these files (mount points, devices,
 * cgroups) are chosen by others. Each parser works on data[0..n) that need not end in NUL, never
 * allocates, and takes what it understands: a line of a later kernel that it does not know is
 * skipped. Numbers that do not fit into 64 bits are 2^64 - 1. Private to this room.
 */
#ifndef AEO_FILES_PARSE_H
#define AEO_FILES_PARSE_H

#include "base.h"

/* A piece of text inside somebody else's buffer. */
struct text {
	const char *s;
	size_t n;
};

/* The next line of *rest, without its newline; false at the end. */
bool text__line(struct text *rest, struct text *ret);
/* The next word of *rest (separated by spaces and tabs); false at the end. */
bool text__word(struct text *rest, struct text *ret);
/* A decimal number that fills the whole word. */
bool text__u64(struct text word, uint64_t *ret);
bool text__equal(struct text t, const char *s);
bool text__starts(struct text t, const char *s);
/* Position of s in t from `from` on, or -1. */
ssize_t text__find(struct text t, const char *s, size_t from);
/* Copy, cut to cap - 1 bytes, with NUL. */
void text__copy(struct text t, char *ret, size_t cap);

/* A set of 64-bit values of which each may be unknown: bit i of known[] says that v[i] was read. */
struct values {
	uint64_t *v;
	uint64_t *known;
};

static inline bool values__known(const uint64_t *known, unsigned i)
{
	return known[i / 64] >> (i % 64) & 1;
}

static inline void values__set(struct values *v, unsigned i, uint64_t value)
{
	v->v[i] = value;
	v->known[i / 64] |= 1ULL << (i % 64);
}

static inline void values__forget(struct values *v, unsigned i)
{
	v->known[i / 64] &= ~(1ULL << (i % 64));
}

/*
 * Where the number behind a word goes: v[value], times scale. Rows with the same value are summed.
 * A word that ends in `*` stands for all that start so. Rows in the order of the file are found
 * fastest.
 */
struct key_row {
	const char *key;
	uint16_t value;
	uint32_t scale;
};

/* Lines "key number" or "key: number unit". Each value of the rows becomes known or unknown. */
void keys__parse(struct text t, const struct key_row *rows, size_t nrows, struct values *v);
/*
 * One number, or "max", or a negative one; the last two are `unlimited`. False for anything
 * else.
 */
bool number__parse(struct text t, uint64_t unlimited, uint64_t *ret);
/* cpu.max: quota and period in microseconds; quota `unlimited` for "max". */
bool quota__parse(struct text t, uint64_t unlimited, uint64_t *ret_quota, uint64_t *ret_period);
/* A pressure file: the totals in microseconds. Bit 0 of the result: some was there; bit 1: full. */
unsigned psi__parse(struct text t, uint64_t ret_some_full[2]);
/* The line that starts with `key`, its numbers from the second word on. How many, at most cap. */
size_t list__parse(struct text t, const char *key, uint64_t *ret, size_t cap);

#define IO_VALUES 4 /* bytes read, bytes written, reads, writes */
struct io_line {
	uint32_t major, minor;
	uint64_t v[IO_VALUES];
};

/*
 * The next device of io.stat. Kernels of 5.x and 6.x print devices without statistics, also
 * without ending their line.
 */
bool io__next(struct text *rest, struct io_line *ret);

#define NIC_VALUES 8 /* received bytes, packets, errors, drops; sent the same */
struct nic_line {
	char name[16];
	uint64_t v[NIC_VALUES];
};

/* One line of net/dev. False for its two head lines. */
bool nic__parse(struct text line, struct nic_line *ret);

/* A number with decimals ("12.5"), times 100, further decimals cut. */
bool decimal__parse(struct text word, uint64_t *ret_hundredths);

/* net/softnet_stat: sums over the CPUs. False when no line was understood. */
bool softnet__parse(struct text t, uint64_t *ret_processed, uint64_t *ret_dropped,
		    uint64_t *ret_squeezed);

/*
 * net/snmp, net/netstat: a line of names and one of numbers, both beginning with `prefix` (colon
 * included).
 */
void nettable__parse(struct text t, const char *prefix, const struct key_row *rows, size_t nrows,
		     struct values *v);

struct mount_line {
	uint32_t id, parent, major, minor;
	bool read_only; /* the mount or its file system */
	bool broken;	/* the file system closed itself after an error (emergency_ro, shutdown) */
	bool whole;	/* its root is the root of the file system: no bind mount of a folder */
	char path[512]; /* mount point, escapes undone */
	char type[24];
	char source[64];
};

/*
 * One line of mountinfo. False for a malformed line or a mount point that is longer than the
 * field.
 */
bool mount__parse(struct text line, struct mount_line *ret);

struct irq_line {
	char irq[12];	 /* number or short name: "24", "LOC" */
	char device[32]; /* what the kernel says it is for */
	uint64_t total;	 /* over the CPUs */
};

/* One line of /proc/interrupts; `cpus` from the head line (irq__cpus). */
bool irq__parse(struct text line, size_t cpus, struct irq_line *ret);
/* Number of CPU columns of the head line, 0 for another line. */
size_t irq__cpus(struct text line);

/* One line of /proc/partitions. False for its head. */
bool partition__parse(struct text line, uint32_t *ret_major, uint32_t *ret_minor,
		      char ret_name[32]);

/*
 * /proc/PID/cgroup: the path in the hierarchy of `controller` ("": the v2 hierarchy). False when
 * it is not there.
 */
bool pid_cgroup__parse(struct text t, const char *controller, struct text *ret);

/* A link of /proc/PID/ns: "net:[4026531840]". */
bool ns__parse(struct text t, uint64_t *ret_inode);

#endif
