/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Metrics: the families (metrics.def), the snapshot that the sensor makes at each scrape, and its
 * binary form on the socket.
 *
 * A family has a cap of series. A series earns its place and keeps it; what does not get one is
 * summed into the family's series `other` (label cgroup="other" in families by cgroup, otherwise
 * its last label "other") and counted in aeo_series_other_total. A counter never steps back: when a
 * summed-up series vanishes, its last value stays in `other`.
 */
#ifndef AEO_METRIC_H
#define AEO_METRIC_H

#include "buf.h"
#include "event.h"

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

/* Rows of metrics.def: METRIC(id, name, type, unit, cap, labels, k0, k1, help). k0..k1: the
 * power-of-two buckets in microseconds that a histogram shows (le = 2^k us), 16 of them by
 * default. */
enum metric_id {
#define METRIC(id, ...) METRIC_##id,
#include "metrics.def"
#undef METRIC
	METRIC_MAX
};

struct metric_row {
	const char *name, *unit, *labels, *help;
	enum metric_type type;
	uint32_t cap; /* series at most, `other` not counted */
	uint8_t k0, k1;
};

/* The row of a family, by id. */
const struct metric_row *metric__row(enum metric_id id);

/* Append `,name="value"` (without the comma when b is empty) with Prometheus escaping: backslash,
 * quote, newline; other unprintable bytes and invalid UTF-8 become \\xNN as buf__escape writes
 * them. An empty value appends nothing. */
void label__add(struct buf *b, const char *name, const char *value);

struct metrics; /* the registry: which series earned their place, what `other` holds */

/* A registry with at most max_series series in all (export.series, default 10,000). NULL with
 * errno. */
struct metrics *metrics__new(size_t max_series);
struct metrics *metrics__free(struct metrics *m);

/* Another cap than the row's, where a setting says so. Series that have a place keep it. */
void metrics__set_cap(struct metrics *m, enum metric_id id, uint32_t cap);

/* Begin a snapshot; then add every series that exists now, in any order, families interleaved as
 * you like; then end it. `labels` is the text that label__add made ("" for none). A series added
 * twice in one snapshot: values are summed. */
void metrics__begin(struct metrics *m);
void metrics__add(struct metrics *m, enum metric_id id, const char *labels, double value);

struct exemplar {
	double value;  /* seconds */
	double wall_s; /* when, seconds since the epoch */
	char id[40];
	char binary[AEO_COMM * 4];
};

/* A histogram in the kernel's buckets (see AEO_BUCKETS): exported are k0..k1 of its row, the lower
 * ones summed into k0, the higher ones into +Inf. `exemplars`: AEO_BUCKETS of them or NULL; value 0
 * is none. */
void metrics__hist(struct metrics *m, enum metric_id id, const char *labels,
		   const struct aeo_hist *h, const struct exemplar *exemplars);
/* End: append the snapshot's binary form to b. Every family of metrics.def is in it; one that got
 * no series has a zero (cgroup="/", its other labels "none"). 0, -ENOMEM, or -EMSGSIZE above
 * WIRE_MAX. */
int metrics__end(struct metrics *m, struct buf *b);
/* Series in the last snapshot, as a time series database counts them: each bucket, sum and count of
 * a histogram is one. */
size_t metrics__count(const struct metrics *m);

enum metric_format { FORMAT_PROMETHEUS, FORMAT_OPENMETRICS };

/* The lines that stand before a family's samples: HELP and TYPE, in OpenMetrics UNIT too.
 * Appended. */
void metric__render_head(struct buf *b, const struct metric_row *row, enum metric_format format);
/* A sample's value: shortest where it is a whole number of units or of billionths, otherwise as
 * buf__double. Appended. */
void metric__render_value(struct buf *b, double v);

/* Append the text exposition of a snapshot that came over the socket (foreign bytes: every length
 * is checked). Prometheus text 0.0.4 has no exemplars; OpenMetrics 1.0 has them and ends with "#
 * EOF". 0, -EPROTO for a malformed snapshot (what was appended is then cut off again), -EMSGSIZE
 * for more than METRIC_TEXT_MAX bytes, -ENOMEM. */
#define METRIC_TEXT_MAX (64u << 20)
int metrics__render(const char *data, size_t n, enum metric_format format, struct buf *ret_text);

#endif
