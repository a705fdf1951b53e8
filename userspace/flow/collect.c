/* SPDX-License-Identifier: Apache-2.0 */
/* Series into a snapshot. Label texts: the subject's first, then those that the family's row names. */
#include "intake.h"
#include "priv.h"
#include "unit.h"

enum label_kind { NONE, CALL, DEVICE_OP, REASON, OP };

struct channel {
	enum metric_id metric;
	enum label_kind label;
	const char *unit; /* of `op`: the channel's name */
};

static const struct channel hist_rows[] = {
#define DENSE(...)
#define HIST(name, probe, metric, label) {METRIC_##metric, label, #name},
#define COUNT(...)
#include "channels.def"
#undef HIST
#undef COUNT
	{0, NONE, ""}};

static const struct channel count_rows[] = {
#define HIST(...)
#define COUNT(name, probe, metric, label) {METRIC_##metric, label, #name},
#include "channels.def"
#undef DENSE
#undef HIST
#undef COUNT
	{0, NONE, ""}};

static const struct {
	enum metric_id metric, node;
} dense_rows[DENSE_MAX] = {
#define DENSE(name, ...) {METRIC_##name, METRIC_##name##_node},
#define HIST(...)
#define COUNT(...)
#include "channels.def"
#undef DENSE
#undef HIST
#undef COUNT
};

static const char other_cgroup[] = "cgroup=\"other\"";

/* The i-th label name of a family beside "cgroup"; "" behind the last. */
static void label_name(enum metric_id id, size_t i, char *name, size_t n)
{
	const char *p = metric__row(id)->labels;

	name[0] = '\0';
	while (*p) {
		size_t len = strcspn(p, ",");

		if (!(len == 6 && !strncmp(p, "cgroup", 6)) && !i--) {
			(void)snprintf(name, n, "%.*s", (int)len, p);
			return;
		}
		p += len + (p[len] == ',');
	}
}

static bool by_cgroup(enum metric_id id)
{
	return !strncmp(metric__row(id)->labels, "cgroup", 6);
}

static void subject_labels(struct flow *f, enum metric_id id, uint64_t cgroup, struct buf *b)
{
	buf__clear(b);
	if (!by_cgroup(id))
		return;
	if (cgroup == ~0ULL)
		buf__str(b, other_cgroup);
	else
		buf__str(b, f->doors.subject(f->doors.arg, cgroup)->labels);
}

static void add_label(struct buf *b, enum metric_id id, size_t i, const char *value)
{
	char name[24];

	label_name(id, i, name, sizeof(name));
	if (name[0])
		label__add(b, name, value);
}

/* Labels of a key of the generic maps. */
static void key_labels(struct flow *f, const struct channel *c, uint16_t op, uint32_t label,
		       uint64_t cgroup, struct buf *b)
{
	char text[64];

	subject_labels(f, c->metric, cgroup, b);
	switch (c->label) {
	case NONE:
		break;
	case CALL:
		add_label(b, c->metric, 0,
			  cgroup == ~0ULL ? "other" : call__name(label, text, sizeof(text)));
		break;
	case DEVICE_OP:
		add_label(b, c->metric, 0,
			  cgroup == ~0ULL ? "other" : f->doors.device(f->doors.arg, label));
		add_label(b, c->metric, 1,
			  cgroup == ~0ULL ? "other" : unit__text("ioop", op, text, sizeof(text)));
		break;
	case REASON:
		add_label(b, c->metric, 0,
			  cgroup == ~0ULL ? "other" : f->doors.drop_reason(f->doors.arg, label));
		break;
	case OP:
		add_label(b, c->metric, 0,
			  cgroup == ~0ULL ? "other" : unit__text(c->unit, op, text, sizeof(text)));
		break;
	}
}

/* The kernel's slowest samples as exemplars; true when there is one. */
static bool exemplars(struct flow *f, bool dense, uint16_t channel, struct exemplar *ret)
{
	const struct aeo_exemplar *x = f->doors.slowest(f->doors.arg, dense, channel);
	double boot_to_wall = ((double)clock__wall() - (double)clock__boot()) / 1e9;
	bool any = false;

	memset(ret, 0, AEO_BUCKETS * sizeof(*ret));
	for (size_t i = 0; x && i < AEO_BUCKETS; i++) {
		if (!x[i].value_ns)
			continue;
		any = true;
		ret[i].value = (double)x[i].value_ns / 1e9;
		ret[i].wall_s = (double)x[i].time_ns / 1e9 + boot_to_wall;
		(void)snprintf(ret[i].id, sizeof(ret[i].id), "%llx-%u",
			       (unsigned long long)x[i].time_ns, x[i].pid);
		(void)snprintf(ret[i].binary, sizeof(ret[i].binary), "%.*s", AEO_COMM, x[i].comm);
	}
	return any;
}

static void collect_dense(struct flow *f, struct metrics *m, enum aeo_dense d, struct buf *b)
{
	struct exemplar ex[AEO_BUCKETS];
	struct aeo_hist other = f->retired_other[d];
	struct fcgroup *c;
	const void *key;
	size_t at = 0;

	while ((c = map__next(f->cgroups, &at, &key))) {
		struct aeo_hist own = c->dense[d];
		uint64_t id;

		memcpy(&id, key, sizeof(id));
		hist__add(&other, c->top ? &c->base[d] : &c->dense[d]);
		if (!c->top)
			continue;
		hist__sub(&own, &c->base[d]);
		subject_labels(f, dense_rows[d].metric, id, b);
		metrics__hist(m, dense_rows[d].metric, b->data, &own, NULL);
	}
	metrics__hist(m, dense_rows[d].metric, other_cgroup, &other, NULL);
	metrics__hist(m, dense_rows[d].node, "", &f->node[d],
		      exemplars(f, true, d, ex) ? ex : NULL);
}

static void add_call(struct metrics *m, struct buf *b, const char *name, const struct aeo_call *c)
{
	size_t len = b->len;

	label__add(b, "call", name);
	metrics__add(m, METRIC_syscall_calls, b->data, (double)c->calls);
	label__add(b, "state", "asleep");
	metrics__add(m, METRIC_blocked, b->data, (double)c->sleep_ns / 1e9);
	b->len = len;
	b->data[len] = '\0';
	label__add(b, "call", name);
	label__add(b, "state", "runnable");
	metrics__add(m, METRIC_blocked, b->data, (double)c->runnable_ns / 1e9);
	b->len = len;
	b->data[len] = '\0';
}

/* Errors and restarts are summed over the calls of a cgroup. */
static void add_errors(struct metrics *m, struct buf *b, const struct aeo_call *sum)
{
	size_t len = b->len;

	metrics__add(m, METRIC_syscall_restarts, b->data, (double)sum->restarts);
	for (enum aeo_errclass i = 0; i < ERR_MAX; i++) {
		label__add(b, "class", errclass__name(i));
		metrics__add(m, METRIC_syscall_errors, b->data, (double)sum->err[i]);
		b->len = len;
		b->data[len] = '\0';
	}
}

struct call_sums {
	struct aeo_call all,
		rest; /* of a cgroup with a place: all its calls, and those without one */
};

static void collect_calls(struct flow *f, struct metrics *m, struct buf *b)
{
	struct map *sums = map__new(sizeof(uint64_t), sizeof(struct call_sums), CGROUPS_MAX);
	struct aeo_call other = f->retired_calls;
	const struct aeo_callkey *key;
	const uint64_t *id;
	struct call_sums *sum;
	struct fcall *call;
	char name[64];
	size_t at = 0;

	while (sums && (call = map__next(f->calls, &at, (const void **)&key))) {
		const struct fcgroup *c = map__get(f->cgroups, &key->cgroup_id);
		struct aeo_call own = call->now, all = call->now,
				rest = call->own ? call->base : call->now;

		if (!c || !c->top || !(sum = map__put(sums, &key->cgroup_id, NULL))) {
			call__add(&other, &call->now);
			continue;
		}
		call__sub(&all, &call->placed);
		call__sub(&rest, &call->placed);
		call__add(&sum->all, &all);
		call__add(&sum->rest, &rest);
		call__add(&other, &call->placed);
		if (!call->own)
			continue;
		call__sub(&own, &call->base);
		subject_labels(f, METRIC_syscall_calls, key->cgroup_id, b);
		add_call(m, b, call__name(key->call, name, sizeof(name)), &own);
	}
	at = 0;
	while (sums && (sum = map__next(sums, &at, (const void **)&id))) {
		subject_labels(f, METRIC_syscall_calls, *id, b);
		add_call(m, b, "other", &sum->rest);
		add_errors(m, b, &sum->all);
	}
	map__free(sums);
	buf__clear(b);
	buf__str(b, other_cgroup);
	add_call(m, b, "other", &other);
	add_errors(m, b, &other);
}

static void collect_hists(struct flow *f, struct metrics *m, struct buf *b)
{
	struct exemplar ex[AEO_BUCKETS];
	const struct aeo_hkey *h;
	struct aeo_hist *hist;
	uint64_t sampled = 0;
	size_t at = 0;

	while ((hist = map__next(f->hists, &at, (const void **)&h))) {
		const struct channel *c = &hist_rows[h->hist];
		bool is_node = h->hist < HIST_MAX && !by_cgroup(c->metric),
		     is_other = h->cgroup_id == ~0ULL;
		struct aeo_hist sum = *hist;

		if (h->hist >= HIST_MAX)
			continue;
		if (is_other)
			hist__add(&sum, &f->retired_hists[h->hist]);
		if (is_other && !sum.sum_ns)
			continue;
		for (size_t i = 0; h->hist == HIST_syscall && i < AEO_BUCKETS; i++)
			sampled += sum.bucket[i];
		key_labels(f, c, h->op, h->label, h->cgroup_id, b);
		metrics__hist(m, c->metric, b->data ? b->data : "", &sum,
			      is_node && c->label == NONE && exemplars(f, false, h->hist, ex) ?
				      ex :
				      NULL);
	}
	metrics__add(m, METRIC_syscall_sampled, "", (double)sampled);
}

static void collect_counts(struct flow *f, struct metrics *m, struct buf *b)
{
	const struct aeo_ckey *k;
	struct fcount *count;
	size_t at = 0;

	while ((count = map__next(f->counts, &at, (const void **)&k))) {
		bool is_other = k->cgroup_id == ~0ULL;
		uint64_t sum = count->value;

		if (k->count >= COUNT_MAX)
			continue;
		if (is_other)
			sum += f->retired_counts[k->count];
		if (is_other && !sum)
			continue;
		key_labels(f, &count_rows[k->count], k->op, k->label, k->cgroup_id, b);
		metrics__add(m, count_rows[k->count].metric, b->data ? b->data : "", (double)sum);
	}
}

void flow__collect(struct flow *f, struct metrics *m)
{
	cleanup_buf struct buf b = BUF_INIT;

	buf__str(&b, "");
	for (enum aeo_dense d = 0; d < DENSE_MAX; d++)
		collect_dense(f, m, d, &b);
	collect_calls(f, m, &b);
	collect_hists(f, m, &b);
	collect_counts(f, m, &b);
	walks__collect(f, m, &b);
}
