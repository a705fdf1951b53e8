/* SPDX-License-Identifier: Apache-2.0 */
#include "metric.h"

#include <math.h>
#include <sys/random.h>

#include "metric_wire.h"
#include "wire.h"

static const struct metric_row rows[] = {
#define COUNTER METRIC_COUNTER
#define GAUGE METRIC_GAUGE
#define HISTOGRAM METRIC_HISTOGRAM
#define METRIC(id, name, type, unit, cap, labels, k0, k1, help) \
	{name, unit, labels, help, type, cap, k0, k1},
#include "metrics.def"
#undef METRIC
};

/* A series as the registry remembers it: three arrays of its values lie behind it. Known by the
 * hash of its labels alone, seeded at random: two of 100,000 meet once in a billion registries, and
 * would be summed. */
struct series {
	uint64_t hash;
	uint32_t seen; /* number of the last snapshot that had it */
	bool admitted; /* has a place of its own; else part of `other` */
	uint16_t labels_len;
	char *labels; /* of an admitted one, NULL otherwise; owned */
	struct exemplar
		*exemplars; /* of this snapshot, by exported bucket; NULL where there were none */
	double v[]; /* cur[n], last[n], base[n]: what `other` had counted of it before it got its place */
};

struct slot {
	uint64_t hash;
	struct series *series;
};

struct family {
	const struct metric_row *row;
	size_t values, weight; /* doubles of a series; lines it makes in the text */
	uint8_t buckets;
	uint32_t cap, admitted;
	bool other_shown;
	struct series **list; /* in the order of their first snapshot */
	size_t n, room;
	struct slot *slots; /* open addressing, a power of two, at most half full */
	size_t slots_n;
	double *retired,
		*other; /* what vanished parts of `other` had counted; what it last showed */
	char other_labels[160], none_labels[160];
	uint64_t other_hash, went_other;
};

struct metrics {
	struct family families[METRIC_MAX];
	uint64_t seed;
	uint32_t now; /* number of the snapshot being made */
	size_t places, bytes, budget,
		budget_bytes; /* lines and snapshot bytes of admitted series, and what they may be */
	size_t count;
	bool failed;
};

const struct metric_row *metric__row(enum metric_id id)
{
	return &rows[id];
}

void label__add(struct buf *b, const char *name, const char *value)
{
	size_t n = strlen(value), plain;

	if (!n)
		return;
	if (b->len)
		buf__char(b, ',');
	buf__str(b, name);
	buf__add(b, "=\"", 2);
	for (; n; value += plain, n -= plain) {
		plain = utf8__printable(value, n);
		if (plain > 1 || (plain == 1 && *value != '"' && *value != '\\')) {
			buf__add(b, value, plain);
		} else if (*value == '\n') {
			buf__add(b, "\\n", 2);
			plain = 1;
		} else if (plain) {
			buf__char(b, '\\');
			buf__char(b, *value);
		} else {
			/* the escape's own backslash is escaped once more for the format */
			buf__char(b, '\\');
			buf__escape(b, value, 1);
			plain = 1;
		}
	}
	buf__char(b, '"');
}

static uint64_t mix(uint64_t a, uint64_t b)
{
	unsigned __int128 p = (unsigned __int128)a * b;

	return (uint64_t)p ^ (uint64_t)(p >> 64);
}

static uint64_t hash_text(uint64_t seed, const char *s, size_t n)
{
	uint64_t h = seed ^ n, word;

	for (; n >= sizeof(word); s += sizeof(word), n -= sizeof(word)) {
		memcpy(&word, s, sizeof(word));
		h = mix(h ^ word, 0x9e3779b97f4a7c15ULL);
	}
	word = 0;
	memcpy(&word, s, n);
	h = mix(h ^ word, 0xd1b54a32d192ed03ULL);
	return mix(h ^ seed, 0x9e3779b97f4a7c15ULL);
}

/* One text for every label of a row, its `cgroup` apart. */
static void fill_labels(const char *names, const char *cgroup, const char *rest, char *to, size_t n)
{
	cleanup_buf struct buf b = BUF_INIT;

	while (*names) {
		size_t len = strcspn(names, ",");
		char name[32];

		(void)snprintf(name, sizeof(name), "%.*s", (int)len, names);
		label__add(&b, name, strcmp(name, "cgroup") ? rest : cgroup);
		names += len + (names[len] == ',');
	}
	(void)snprintf(to, n, "%s", b.len ? b.data : "");
}

static int family_init(struct family *f, const struct metric_row *row, uint64_t seed)
{
	bool hist = row->type == METRIC_HISTOGRAM;

	f->row = row;
	f->cap = row->cap;
	f->buckets = hist ? (uint8_t)(row->k1 - row->k0 + 1) : 0;
	f->values = snap__values(f->buckets);
	f->weight = hist ? f->values + 1 : 1;
	fill_labels(row->labels, "other", "other", f->other_labels, sizeof(f->other_labels));
	fill_labels(row->labels, "/", "none", f->none_labels, sizeof(f->none_labels));
	f->other_hash = hash_text(seed, f->other_labels, strlen(f->other_labels));
	f->retired = calloc(f->values, sizeof(double));
	f->other = calloc(f->values, sizeof(double));
	return f->retired && f->other ? 0 : -ENOMEM;
}

struct metrics *metrics__new(size_t max_series)
{
	struct metrics *m = calloc(1, sizeof(*m));
	size_t reserve = 0;

	if (!m)
		return NULL;
	if (getrandom(&m->seed, sizeof(m->seed), 0) != (ssize_t)sizeof(m->seed))
		m->seed = (uint64_t)(uintptr_t)m;
	for (int i = 0; i < METRIC_MAX; i++) {
		if (family_init(&m->families[i], &rows[i], m->seed)) {
			metrics__free(m);
			errno = ENOMEM;
			return NULL;
		}
		reserve += m->families[i].weight;
	}
	/* each family's `other`, or its one zero, has its place already */
	m->budget = max_series > reserve ? max_series - reserve : 0;
	m->budget_bytes = WIRE_MAX - (1u << 20);
	return m;
}

static void series_free(struct series *s)
{
	free(s->labels);
	free(s->exemplars);
	free(s);
}

struct metrics *metrics__free(struct metrics *m)
{
	if (!m)
		return NULL;
	for (int i = 0; i < METRIC_MAX; i++) {
		struct family *f = &m->families[i];

		for (size_t k = 0; k < f->n; k++)
			series_free(f->list[k]);
		free(f->list);
		free(f->slots);
		free(f->retired);
		free(f->other);
	}
	free(m);
	return NULL;
}

void metrics__set_cap(struct metrics *m, enum metric_id id, uint32_t cap)
{
	m->families[id].cap = cap;
}

static struct slot *slot_of(const struct family *f, uint64_t hash)
{
	size_t at = hash & (f->slots_n - 1);

	while (f->slots[at].series && f->slots[at].hash != hash)
		at = (at + 1) & (f->slots_n - 1);
	return &f->slots[at];
}

/* A fresh table over the list, with room for one more. */
static int rehash(struct family *f)
{
	size_t want = f->slots_n ? f->slots_n : 8;
	struct slot *slots;

	while (want < (f->n + 1) * 2)
		want *= 2;
	slots = calloc(want, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	free(f->slots);
	f->slots = slots;
	f->slots_n = want;
	for (size_t i = 0; i < f->n; i++)
		*slot_of(f, f->list[i]->hash) = (struct slot){f->list[i]->hash, f->list[i]};
	return 0;
}

static struct series *series_new(struct family *f, uint64_t hash)
{
	struct series *s, **list = f->list;

	if (f->n == f->room) {
		list = realloc(f->list, (f->room + 16) * 2 * sizeof(*list));
		if (!list)
			return NULL;
		f->list = list;
		f->room = (f->room + 16) * 2;
	}
	if (f->slots_n < (f->n + 1) * 2 && rehash(f))
		return NULL;
	s = calloc(1, sizeof(*s) + 3 * f->values * sizeof(double));
	if (!s)
		return NULL;
	s->hash = hash;
	list[f->n++] = s;
	*slot_of(f, hash) = (struct slot){hash, s};
	return s;
}

static size_t series_bytes(const struct family *f, size_t labels_len)
{
	return sizeof(struct snap_series) + labels_len + f->values * sizeof(double);
}

/* Give a series its place, if there is one: all of it is then its own, but for what `other` has
 * shown of it, which stays there. */
static void admit(struct metrics *m, struct family *f, struct series *s, const char *labels,
		  size_t n)
{
	double *last = s->v + f->values, *base = last + f->values;
	bool alone = !*f->row->labels;
	size_t bytes = series_bytes(f, n);

	if (s->hash == f->other_hash && !alone)
		return;
	if (!alone && (f->admitted >= f->cap || m->places + f->weight > m->budget ||
		       n > SNAP_LABELS || m->bytes + bytes > m->budget_bytes))
		return;
	s->labels = malloc(n + 1);
	if (!s->labels) {
		m->failed = true;
		return;
	}
	memcpy(s->labels, labels, n + 1);
	s->labels_len = (uint16_t)n;
	s->admitted = true;
	f->admitted++;
	m->places += alone ? 0 : f->weight;
	m->bytes += bytes;
	for (size_t i = 0; i < f->values && f->row->type != METRIC_GAUGE; i++) {
		base[i] = last[i];
		f->retired[i] += last[i];
	}
}

/* The series with these labels, in this snapshot. NULL when memory is short. */
static struct series *touch(struct metrics *m, enum metric_id id, const char *labels)
{
	struct family *f = &m->families[id];
	size_t n;
	uint64_t hash;
	struct slot *slot;
	struct series *s;

	if (!*f->row->labels)
		labels = "";
	n = strlen(labels);
	hash = hash_text(m->seed, labels, n);
	slot = f->slots_n ? slot_of(f, hash) : NULL;
	s = slot && slot->series ? slot->series : NULL;
	if (s && s->seen == m->now)
		return s;
	if (!s) {
		s = series_new(f, hash);
		if (!s) {
			m->failed = true;
			return NULL;
		}
		admit(m, f, s, labels, n);
		f->went_other += !s->admitted && hash != f->other_hash;
	} else if (!s->admitted) {
		admit(m, f, s, labels, n);
	}
	memset(s->v, 0, f->values * sizeof(double));
	s->seen = m->now;
	return s;
}

void metrics__begin(struct metrics *m)
{
	m->now++;
	m->failed = false;
}

void metrics__add(struct metrics *m, enum metric_id id, const char *labels, double value)
{
	struct series *s = touch(m, id, labels);

	/* a counter is a finite number that is not negative; anything else would be refused by
	 * every reader */
	if (rows[id].type == METRIC_COUNTER && (!isfinite(value) || value < 0))
		value = 0;
	if (s)
		s->v[0] += value;
}

/* The slowest of what fell into each exported bucket. */
static void keep_exemplars(const struct family *f, struct series *s, const struct exemplar *from)
{
	if (!s->exemplars)
		s->exemplars = calloc(f->buckets + 1u, sizeof(*s->exemplars));
	if (!s->exemplars)
		return;
	for (int k = 0; k < AEO_BUCKETS; k++) {
		int at = k <= f->row->k0 ? 0 : MIN(k - f->row->k0, (int)f->buckets);

		if (isfinite(from[k].value) && from[k].value > s->exemplars[at].value)
			s->exemplars[at] = from[k];
	}
}

void metrics__hist(struct metrics *m, enum metric_id id, const char *labels,
		   const struct aeo_hist *h, const struct exemplar *exemplars)
{
	const struct family *f = &m->families[id];
	struct series *s = touch(m, id, labels);

	if (!s || !f->buckets)
		return;
	for (int k = 0; k < AEO_BUCKETS; k++)
		s->v[k <= f->row->k0 ? 0 : MIN(k - f->row->k0, (int)f->buckets)] +=
			(double)h->bucket[k];
	s->v[f->buckets + 1] += (double)h->sum_ns / 1e9;
	if (exemplars && s->admitted)
		keep_exemplars(f, s, exemplars);
}

/*
 * Compare with the last snapshot. A value that fell means a new life under the same labels: what
 * `other` had of the old one stays there. Sums of the same numbers in another order differ in their
 * last digits: that is no fall, the old value stands.
 */
static void settle(struct family *f, struct series *s)
{
	double *cur = s->v, *last = cur + f->values, *base = last + f->values;
	bool fell = false;

	for (size_t i = 0; i < f->values; i++) {
		if (cur[i] < last[i] && cur[i] > last[i] * (1 - 1e-9))
			cur[i] = last[i];
		fell |= cur[i] < last[i];
	}
	for (size_t i = 0; fell && i < f->values; i++) {
		f->retired[i] += s->admitted ? 0 : last[i];
		base[i] = 0;
	}
	memcpy(last, cur, f->values * sizeof(double));
}

/* A series that was not in this snapshot: its place is free; its share of `other` stays. */
static void vanish(struct metrics *m, struct family *f, struct series *s)
{
	for (size_t i = 0; i < f->values && !s->admitted && f->row->type != METRIC_GAUGE; i++)
		f->retired[i] += s->v[f->values + i];
	if (s->admitted) {
		f->admitted--;
		m->places -= *f->row->labels ? f->weight : 0;
		m->bytes -= series_bytes(f, s->labels_len);
	}
	series_free(s);
}

/* Bring a family's series and its `other` up to date. */
static void family_settle(struct metrics *m, struct family *f)
{
	size_t kept = 0, n = f->n;
	double sum[AEO_BUCKETS + 2] = {0};
	bool counter = f->row->type != METRIC_GAUGE;

	for (size_t i = 0; i < n; i++) {
		struct series *s = f->list[i];

		if (s->seen != m->now) {
			vanish(m, f, s);
			continue;
		}
		if (counter)
			settle(f, s);
		f->other_shown |= !s->admitted;
		for (size_t k = 0; k < f->values && !s->admitted; k++)
			sum[k] += s->v[k];
		f->list[kept++] = s;
	}
	f->n = kept;
	if (kept < n && rehash(f))
		m->failed = true;
	for (size_t k = 0; k < f->values; k++)
		f->other[k] = counter ? MAX(f->other[k], f->retired[k] + sum[k]) : sum[k];
}

static void put_exemplars(struct buf *b, const struct family *f, const struct series *s)
{
	for (uint8_t i = 0; s->exemplars && i <= f->buckets; i++) {
		const struct exemplar *e = &s->exemplars[i];
		cleanup_buf struct buf labels = BUF_INIT;
		uint8_t head[2] = {i, 0};

		if (!(e->value > 0))
			continue;
		label__add(&labels, "id", e->id);
		label__add(&labels, "binary", e->binary);
		if (labels.len > SNAP_EXEMPLAR_LABELS) {
			buf__clear(&labels);
			label__add(&labels, "id", e->id);
		}
		head[1] = (uint8_t)(labels.len > SNAP_EXEMPLAR_LABELS ? 0 : labels.len);
		buf__add(b, head, sizeof(head));
		buf__add(b, &e->value, sizeof(e->value));
		buf__add(b, &e->wall_s, sizeof(e->wall_s));
		buf__add(b, labels.data, head[1]);
	}
}

static uint16_t count_exemplars(const struct family *f, const struct series *s)
{
	uint16_t n = 0;

	for (uint8_t i = 0; s->exemplars && i <= f->buckets; i++)
		n += s->exemplars[i].value > 0;
	return n;
}

static void put_series(struct buf *b, const struct family *f, struct series *s)
{
	struct snap_series head = {s->labels_len, count_exemplars(f, s)};
	const double *base = s->v + 2 * f->values;

	buf__add(b, &head, sizeof(head));
	buf__add(b, s->labels, s->labels_len);
	for (size_t i = 0; i < f->values; i++) {
		double v = f->row->type == METRIC_GAUGE ? s->v[i] : MAX(s->v[i] - base[i], 0);

		buf__add(b, &v, sizeof(v));
	}
	put_exemplars(b, f, s);
	free(s->exemplars);
	s->exemplars = NULL;
}

static void put_plain(struct buf *b, const struct family *f, const char *labels,
		      const double *values)
{
	struct snap_series head = {(uint16_t)strlen(labels), 0};

	buf__add(b, &head, sizeof(head));
	buf__add(b, labels, head.labels_len);
	buf__add(b, values, f->values * sizeof(double));
}

static void put_family(struct metrics *m, struct buf *b, const struct family *f)
{
	const struct metric_row *r = f->row;
	static const double zero[AEO_BUCKETS + 2];
	bool none = !f->admitted && !f->other_shown;
	struct snap_family head = {
		.type = (uint8_t)r->type,
		.k0 = r->k0,
		.buckets = f->buckets,
		.name_len = (uint8_t)strlen(r->name),
		.unit_len = (uint8_t)strlen(r->unit),
		.help_len = (uint16_t)strlen(r->help),
		.series = f->admitted + f->other_shown + none,
	};

	m->count += head.series * f->weight;
	buf__add(b, &head, sizeof(head));
	buf__str(b, r->name);
	buf__str(b, r->unit);
	buf__str(b, r->help);
	for (size_t i = 0; i < f->n; i++) {
		if (f->list[i]->admitted)
			put_series(b, f, f->list[i]);
	}
	if (f->other_shown)
		put_plain(b, f, f->other_labels, f->other);
	if (none)
		put_plain(b, f, f->none_labels, zero);
}

/* How many series had to go to each family's `other` since the start; only families that have one
 * are named. */
static void add_other_totals(struct metrics *m)
{
	for (int i = 0; i < METRIC_MAX; i++) {
		cleanup_buf struct buf label = BUF_INIT;

		if (!m->families[i].went_other || i == METRIC_series_other)
			continue;
		label__add(&label, "family", rows[i].name);
		if (!label.failed)
			metrics__add(m, METRIC_series_other, label.data,
				     (double)m->families[i].went_other);
	}
}

int metrics__end(struct metrics *m, struct buf *b)
{
	struct snap_head head = {SNAP_MAGIC, SNAP_VERSION, METRIC_MAX};

	add_other_totals(m);
	m->count = 0;
	buf__add(b, &head, sizeof(head));
	for (int i = 0; i < METRIC_MAX; i++) {
		family_settle(m, &m->families[i]);
		put_family(m, b, &m->families[i]);
	}
	if (m->failed || b->failed)
		return -ENOMEM;
	return b->len > WIRE_MAX ? -EMSGSIZE : 0;
}

size_t metrics__count(const struct metrics *m)
{
	return m->count;
}
