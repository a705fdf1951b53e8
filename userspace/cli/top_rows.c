/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "map.h"
#include "priv.h"
#include "top.h"

#define ROWS_MAX 8192

const struct measure_row measure_rows[MEASURES] = {
	{'c', "CPU WAIT", "cpu_wait", "ready to run, and waiting for a CPU", true, 0.01},
	{'t', "THROTTLE", "throttled", "stopped by a CPU limit", true, 0.01},
	{'i', "I/O WAIT", "io_wait", "waiting for disks", true, 0.01},
	{'m', "MEM WAIT", "memory_pressure", "waiting for memory", true, 0.01},
	{'r', "RETRANS", "retransmits", "TCP segments sent again, a second", false, 1},
};

struct top {
	struct map *rows; /* cgroup id -> struct top_row */
	const struct top_row **order;
	size_t count;
	uint64_t snapshots, cgroups;
};

struct top *top__new(void)
{
	struct top *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->rows = map__new(sizeof(uint64_t), sizeof(struct top_row), ROWS_MAX);
	t->order = calloc(ROWS_MAX, sizeof(struct top_row *));
	return t->rows && t->order ? t : top__free(t);
}

static void forget_row(struct top *t, const uint64_t *id, struct top_row *row)
{
	free(row->name);
	free(row->cgroup);
	(void)map__remove(t->rows, id);
}

struct top *top__free(struct top *t)
{
	struct top_row *row;
	const void *id;
	size_t at = 0;

	if (!t)
		return NULL;
	while (t->rows && (row = map__next(t->rows, &at, &id)))
		forget_row(t, id, row);
	map__free(t->rows);
	free(t->order);
	free(t);
	return NULL;
}

static const char *string_of(const struct jval *o, const char *key)
{
	const char *s = jval__string(jval__get(o, key));

	return s ? s : "";
}

/* "namespace/pod/container", the container, the unit when the cgroup is the unit's own, else the path. */
static char *name_of(const struct jval *subject)
{
	const char *unit = string_of(subject, "unit"), *container = string_of(subject, "container");
	const char *pod = string_of(subject, "pod"), *cgroup = string_of(subject, "cgroup"),
		   *last = strrchr(cgroup, '/');
	char *name = NULL;

	if (*pod && asprintf(&name, "%s/%s%s%s", string_of(subject, "namespace"), pod,
			     *container ? "/" : "", container) >= 0)
		return name;
	if (*container)
		return strdup(container);
	return strdup(*unit && last && !strcmp(last + 1, unit) ? unit : cgroup);
}

static void name_row(struct top_row *row, const struct jval *subject)
{
	free(row->name);
	free(row->cgroup);
	row->name = name_of(subject);
	row->cgroup = strdup(string_of(subject, "cgroup"));
}

static double value_of(const struct jval *o, const char *key)
{
	const struct jval *v = jval__get(o, key);
	double d;

	return v && !jval__double(v, &d) ? d : (double)NAN;
}

static int take_row(struct top *t, const struct jval *o)
{
	const struct jval *subject = jval__get(o, "subject");
	struct top_row *row;
	uint64_t id;
	bool is_new;

	if (jval__u64(jval__get(subject, "cgroup_id"), &id))
		return -EPROTO;
	row = map__put(t->rows, &id, &is_new);
	if (!row)
		return -ENOMEM;
	name_row(row, subject);
	row->id = id;
	for (size_t m = 0; m < MEASURES; m++) {
		for (size_t i = 0; is_new && i < HISTORY; i++)
			row->past[m][i] = NAN;
		/* of snapshots that did not have the row */
		for (uint64_t i = row->seen + 1;
		     !is_new && i < t->snapshots && i < row->seen + HISTORY; i++)
			row->past[m][i % HISTORY] = NAN;
		row->v[m] = value_of(o, measure_rows[m].member);
		row->past[m][t->snapshots % HISTORY] = (float)row->v[m];
	}
	row->seen = t->snapshots;
	return row->name && row->cgroup ? 0 : -ENOMEM;
}

static void forget_gone(struct top *t)
{
	struct top_row *row;
	const void *id;
	size_t at = 0;

	while ((row = map__next(t->rows, &at, &id)))
		if (row->seen + HISTORY < t->snapshots)
			forget_row(t, id, row);
}

int top__take(struct top *t, const struct jval *answer)
{
	const struct jval *rows = jval__get(answer, "rows");
	int err = rows ? 0 : -EPROTO;

	if (err)
		return err;
	t->count = 0;
	t->snapshots++;
	forget_gone(t);
	for (size_t i = 0; !err && i < jval__count(rows); i++)
		err = take_row(t, jval__at(rows, i));
	if (jval__u64(jval__get(answer, "cgroups"), &t->cgroups))
		t->cgroups = jval__count(rows);
	return err;
}

static int by_name(const struct top_row *a, const struct top_row *b)
{
	int order = strcmp(a->name, b->name);

	return order ? order : (a->id > b->id) - (a->id < b->id);
}

static int compare(const void *a, const void *b, void *arg)
{
	const struct top_row *x = *(const struct top_row *const *)a,
			     *y = *(const struct top_row *const *)b;
	size_t sort = *(size_t *)arg;
	double p = sort < MEASURES ? x->v[sort] : 0, q = sort < MEASURES ? y->v[sort] : 0;

	p = isnan(p) ? -1 : p;
	q = isnan(q) ? -1 : q;
	return p == q ? by_name(x, y) : p < q ? 1 : -1;
}

size_t top__arrange(struct top *t, size_t sort, const char *filter)
{
	struct top_row *row;
	size_t at = 0;

	t->count = 0;
	while ((row = map__next(t->rows, &at, NULL)))
		if (row->seen == t->snapshots && row->name && row->cgroup && t->count < ROWS_MAX &&
		    (!*filter || strcasestr(row->name, filter) || strcasestr(row->cgroup, filter)))
			t->order[t->count++] = row;
	qsort_r(t->order, t->count, sizeof(*t->order), compare, &sort);
	return t->count;
}

const struct top_row *top__row(const struct top *t, size_t i)
{
	return i < t->count ? t->order[i] : NULL;
}

double top__past(const struct top *t, const struct top_row *row, enum measure m, size_t ago)
{
	if (ago >= HISTORY || ago >= t->snapshots)
		return (double)NAN;
	return (double)row->past[m][(t->snapshots - ago) % HISTORY];
}

uint64_t top__cgroups(const struct top *t)
{
	return t->cgroups;
}
