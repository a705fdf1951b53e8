/* SPDX-License-Identifier: Apache-2.0 */
/* The only reader of records from the rings: foreign bytes until checked. */
#ifndef AEO_INTAKE_H
#define AEO_INTAKE_H

#include "model.h"

struct intake; /* per probe and CPU: what arrived, where the sequence has holes */

/* For CPUs 0..cpus-1. NULL with errno. */
struct intake *intake__new(uint32_t cpus);
struct intake *intake__free(struct intake *in);

/* Check one record: abi, probe, CPU, lengths. 0 and *ret_event (pointing into data, valid as long
 * as it is), or -EPROTO. */
int intake__check(const void *data, size_t n, uint32_t cpus, struct event *ret_event);

/* Check and account for one record. 0, or -EPROTO (counted by intake__refused). */
int intake__take(struct intake *in, const void *data, size_t n, struct event *ret_event);

uint64_t intake__received(const struct intake *in, enum aeo_probe probe);
/* Records that intake__check refused. */
uint64_t intake__refused(const struct intake *in);

/* The row of a probe. */
struct probe_row {
	const char *name, *what, *fields, *text, *tail, *blind;
	bool on, sec;
};
const struct probe_row *probe__row(enum aeo_probe probe);
/* Name and unit of the i-th numeric field of a probe's events, copied into `name` and `unit` (at
 * least 24 bytes each); false behind the last. Fields 0..3 are the slots, the rest `extra`. */
bool probe__field(enum aeo_probe probe, size_t i, char *name, char *unit);
/* Probe by name, or -ENOENT. */
int probe__find(const char *name);
/* Text of a loss cause and of an error class: label values. */
const char *loss__name(enum aeo_loss why);
const char *errclass__name(enum aeo_errclass c);

#endif
