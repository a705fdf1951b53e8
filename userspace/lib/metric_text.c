/* SPDX-License-Identifier: Apache-2.0 */
/* From a snapshot to text: a reader that trusts no byte, and two writers that share their lines. */
#include <math.h>

#include "metric.h"
#include "metric_wire.h"

struct reader {
	const char *at, *end;
};

static bool read_bytes(struct reader *r, void *to, size_t n)
{
	if ((size_t)(r->end - r->at) < n)
		return false;
	memcpy(to, r->at, n);
	r->at += n;
	return true;
}

static const char *read_text(struct reader *r, size_t n)
{
	const char *s = r->at;

	if ((size_t)(r->end - r->at) < n)
		return NULL;
	r->at += n;
	return s;
}

struct text {
	const char *s;
	size_t n;
};

/* A family as it was read. */
struct head {
	struct snap_family f;
	struct text name, unit, help;
};

struct le {
	char text[24];
	size_t n;
};

static bool is_name_char(char c, bool first)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
	       (!first && c >= '0' && c <= '9');
}

static bool is_name(struct text t)
{
	for (size_t i = 0; i < t.n; i++) {
		if (!is_name_char(t.s[i], i == 0))
			return false;
	}
	return t.n > 0;
}

static bool ends_with(struct text t, struct text end)
{
	return t.n > end.n && !memcmp(t.s + t.n - end.n, end.s, end.n);
}

static bool is_help(struct text t)
{
	while (t.n) {
		size_t n = utf8__printable(t.s, t.n);

		if (!n)
			return false;
		t.s += n;
		t.n -= n;
	}
	return true;
}

#define TEXT(literal) ((struct text){literal, sizeof(literal) - 1})

/* The family's name in OpenMetrics: a counter's has no _total there. */
static struct text base_name(struct text name, enum metric_type type)
{
	return type == METRIC_COUNTER ? (struct text){name.s, name.n - (sizeof("_total") - 1)} :
					name;
}

static bool head_ok(const struct head *h)
{
	const struct snap_family *f = &h->f;
	struct text base;

	if (f->type > METRIC_HISTOGRAM || f->zero || !is_name(h->name) || !is_help(h->help))
		return false;
	if (f->type == METRIC_COUNTER && !ends_with(h->name, TEXT("_total")))
		return false;
	base = base_name(h->name, f->type);
	if (h->unit.n && (!is_name(h->unit) || !ends_with(base, h->unit) ||
			  base.s[base.n - h->unit.n - 1] != '_'))
		return false;
	if (f->type == METRIC_HISTOGRAM)
		return f->buckets >= 1 && f->k0 + f->buckets <= AEO_BUCKETS - 1;
	return !f->buckets;
}

static bool read_head(struct reader *r, struct head *h)
{
	if (!read_bytes(r, &h->f, sizeof(h->f)))
		return false;
	h->name.n = h->f.name_len;
	h->unit.n = h->f.unit_len;
	h->help.n = h->f.help_len;
	h->name.s = read_text(r, h->name.n);
	h->unit.s = h->name.s ? read_text(r, h->unit.n) : NULL;
	h->help.s = h->unit.s ? read_text(r, h->help.n) : NULL;
	return h->help.s && head_ok(h);
}

/* What a label's value may be made of, by its first byte: 1 plain, 2 a backslash, 3 a longer
 * character; 0 ends or is refused. */
static const uint8_t plain[256] = {
	[' ' ... '!'] = 1, ['#' ... '['] = 1, ['\\'] = 2, [']' ... '~'] = 1, [0xc2 ... 0xf4] = 3,
};

/* Behind the value that begins at s (behind its quote): its closing quote, or NULL. */
static const char *value_end(const char *s, const char *end)
{
	while (s < end) {
		size_t n = 1;

		switch (plain[(unsigned char)*s]) {
		case 0:
			return *s == '"' ? s : NULL;
		case 2:
			if (end - s < 2 || (s[1] != '\\' && s[1] != '"' && s[1] != 'n'))
				return NULL;
			n = 2;
			break;
		case 3:
			n = utf8__printable(s, (size_t)(end - s));
			if (!n)
				return NULL;
			break;
		default:
			break;
		}
		s += n;
	}
	return NULL;
}

/* Labels as label__add writes them: name="value",name="value"; nothing else ever reaches a line. */
static bool labels_ok(struct text t)
{
	const char *s = t.s, *end = t.s + t.n;

	while (s < end) {
		const char *name = s;

		while (s < end && is_name_char(*s, s == name))
			s++;
		if (s == name || end - s < 2 || s[0] != '=' || s[1] != '"')
			return false;
		s = value_end(s + 2, end);
		if (!s)
			return false;
		s++;
		if (s == end)
			return true;
		if (*s++ != ',' || s == end)
			return false;
	}
	return true;
}

static char *put(char *p, const char *s, size_t n)
{
	memcpy(p, s, n);
	return p + n;
}

static char *put_u64(char *p, uint64_t v)
{
	char digits[20];
	size_t n = sizeof(digits);

	do {
		digits[--n] = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	return put(p, digits + n, sizeof(digits) - n);
}

#define VALUE_MAX 32 /* bytes of a value as text, at most */

/*
 * Most values are whole, or nanoseconds divided by 1e9: for those, the digits of the quotient read
 * back as the same double (both are the nearest to it) and cost a tenth of a search for the
 * shortest.
 */
static char *put_value(char *p, double v)
{
	double scaled = v * 1e9;
	uint64_t nano;
	char digits[9];
	int n = 9;

	if (v >= 0 && v < 9007199254740992.0 && v == (double)(uint64_t)v)
		return put_u64(p, (uint64_t)v);
	if (v > 0 && scaled < 9007199254740992.0) {
		nano = (uint64_t)(scaled + 0.5);
		if ((double)nano / 1e9 == v) {
			p = put_u64(p, nano / 1000000000);
			*p++ = '.';
			nano %= 1000000000;
			for (int i = 8; i >= 0; i--, nano /= 10)
				digits[i] = (char)('0' + nano % 10);
			while (digits[n - 1] == '0')
				n--;
			return put(p, digits, (size_t)n);
		}
	}
	{
		cleanup_buf struct buf b = BUF_INIT;

		buf__double(&b, v);
		return put(p, b.data, MIN(b.len, (size_t)VALUE_MAX));
	}
}

void metric__render_value(struct buf *b, double v)
{
	if (buf__reserve(b, VALUE_MAX))
		return;
	b->len = (size_t)(put_value(b->data + b->len, v) - b->data);
	b->data[b->len] = '\0';
}

static void put_help(struct buf *b, struct text help, enum metric_format format)
{
	for (size_t i = 0; i < help.n; i++) {
		if (help.s[i] == '\\' || (help.s[i] == '"' && format == FORMAT_OPENMETRICS))
			buf__char(b, '\\');
		buf__char(b, help.s[i]);
	}
}

static void put_head(struct buf *b, const struct head *h, enum metric_format format)
{
	static const char *const types[] = {"counter", "gauge", "histogram"};
	struct text name = format == FORMAT_OPENMETRICS ? base_name(h->name, h->f.type) : h->name;

	buf__str(b, "# HELP ");
	buf__add(b, name.s, name.n);
	buf__char(b, ' ');
	put_help(b, h->help, format);
	buf__str(b, "\n# TYPE ");
	buf__add(b, name.s, name.n);
	buf__char(b, ' ');
	buf__str(b, types[h->f.type]);
	buf__char(b, '\n');
	if (format == FORMAT_OPENMETRICS && h->unit.n) {
		buf__str(b, "# UNIT ");
		buf__add(b, name.s, name.n);
		buf__char(b, ' ');
		buf__add(b, h->unit.s, h->unit.n);
		buf__char(b, '\n');
	}
}

void metric__render_head(struct buf *b, const struct metric_row *row, enum metric_format format)
{
	struct head h = {
		.f.type = (uint8_t)row->type,
		.name = {row->name, strlen(row->name)},
		.unit = {row->unit, strlen(row->unit)},
		.help = {row->help, strlen(row->help)},
	};

	put_head(b, &h, format);
}

/* Everything a series' lines are made of. */
struct lines {
	struct head head;
	enum metric_format format;
	struct le le[AEO_BUCKETS];
	struct text labels;
	double values[AEO_BUCKETS + 2];
};

static void le_texts(struct lines *l)
{
	for (uint8_t i = 0; i < l->head.f.buckets; i++) {
		double le = (double)(1ULL << (l->head.f.k0 + i)) / 1e6;

		l->le[i].n = (size_t)(put_value(l->le[i].text, le) - l->le[i].text);
	}
	l->le[l->head.f.buckets] = (struct le){"+Inf", 4};
}

static char *put_sample(char *p, const struct lines *l, struct text suffix, const struct le *le,
			double v)
{
	p = put(p, l->head.name.s, l->head.name.n);
	p = put(p, suffix.s, suffix.n);
	if (l->labels.n || le) {
		*p++ = '{';
		p = put(p, l->labels.s, l->labels.n);
		if (le) {
			if (l->labels.n)
				*p++ = ',';
			p = put(p, "le=\"", 4);
			p = put(p, le->text, le->n);
			*p++ = '"';
		}
		*p++ = '}';
	}
	*p++ = ' ';
	p = put_value(p, v);
	*p++ = '\n';
	return p;
}

struct exemplar_read {
	uint8_t bucket, labels_len;
	double value, wall_s;
	const char *labels;
};

static bool read_exemplar(struct reader *r, uint8_t least, uint8_t most, struct exemplar_read *e)
{
	if (!read_bytes(r, &e->bucket, 1) || !read_bytes(r, &e->labels_len, 1) ||
	    !read_bytes(r, &e->value, sizeof(e->value)) ||
	    !read_bytes(r, &e->wall_s, sizeof(e->wall_s)))
		return false;
	e->labels = read_text(r, e->labels_len);
	return e->labels && e->bucket >= least && e->bucket <= most &&
	       e->labels_len <= SNAP_EXEMPLAR_LABELS && isfinite(e->value) && isfinite(e->wall_s) &&
	       labels_ok((struct text){e->labels, e->labels_len});
}

/* The line just written gets its exemplar: ` # {labels} value time`. */
static char *put_exemplar(char *p, const struct exemplar_read *e)
{
	p = put(p - 1, " # {", 4);
	p = put(p, e->labels, e->labels_len);
	p = put(p, "} ", 2);
	p = put_value(p, e->value);
	*p++ = ' ';
	/* milliseconds are enough of a time, and short */
	p = put_value(p, round(e->wall_s * 1e3) / 1e3);
	*p++ = '\n';
	return p;
}

/* Buckets summed up as the format wants them, then sum and count. */
static char *put_hist(char *p, const struct lines *l, struct reader *r, uint16_t exemplars)
{
	uint8_t buckets = l->head.f.buckets;
	struct exemplar_read e = {0};
	double total = 0;
	bool have = false;

	for (uint8_t i = 0; i <= buckets; i++) {
		total += l->values[i];
		p = put_sample(p, l, TEXT("_bucket"), &l->le[i], total);
		if (!have && exemplars) {
			if (!read_exemplar(r, i, buckets, &e))
				return NULL;
			have = true;
			exemplars--;
		}
		if (!have || e.bucket != i)
			continue;
		have = false;
		if (l->format == FORMAT_OPENMETRICS)
			p = put_exemplar(p, &e);
	}
	p = put_sample(p, l, TEXT("_sum"), NULL, l->values[buckets + 1]);
	p = put_sample(p, l, TEXT("_count"), NULL, total);
	return have || exemplars ? NULL : p;
}

static bool values_ok(const struct lines *l)
{
	for (size_t i = 0; i < snap__values(l->head.f.buckets); i++) {
		if (l->head.f.type != METRIC_GAUGE &&
		    !(isfinite(l->values[i]) && l->values[i] >= 0))
			return false;
	}
	return true;
}

static int put_series(struct reader *r, struct lines *l, struct buf *b)
{
	struct snap_series s;
	size_t n = snap__values(l->head.f.buckets), room;
	char *p;

	if (!read_bytes(r, &s, sizeof(s)) || s.labels_len > SNAP_LABELS ||
	    s.exemplars > (l->head.f.buckets ? l->head.f.buckets + 1 : 0))
		return -EPROTO;
	l->labels = (struct text){read_text(r, s.labels_len), s.labels_len};
	if (!l->labels.s || !labels_ok(l->labels) ||
	    !read_bytes(r, l->values, n * sizeof(double)) || !values_ok(l))
		return -EPROTO;
	room = (n + 1) * (l->head.name.n + s.labels_len + VALUE_MAX + 48) +
	       s.exemplars * (SNAP_EXEMPLAR_LABELS + 2 * VALUE_MAX + 16);
	if (b->len + room > METRIC_TEXT_MAX)
		return -EMSGSIZE;
	if (buf__reserve(b, room))
		return -ENOMEM;
	p = b->data + b->len;
	p = n > 1 ? put_hist(p, l, r, s.exemplars) : put_sample(p, l, TEXT(""), NULL, l->values[0]);
	if (!p)
		return -EPROTO;
	b->len = (size_t)(p - b->data);
	return 0;
}

static int put_families(struct reader *r, struct lines *l, struct buf *b)
{
	struct snap_head head;

	if (!read_bytes(r, &head, sizeof(head)) || head.magic != SNAP_MAGIC ||
	    head.version != SNAP_VERSION)
		return -EPROTO;
	for (uint16_t i = 0; i < head.families; i++) {
		if (!read_head(r, &l->head))
			return -EPROTO;
		le_texts(l);
		put_head(b, &l->head, l->format);
		for (uint32_t k = 0; k < l->head.f.series; k++) {
			int err = put_series(r, l, b);

			if (err)
				return err;
		}
	}
	return r->at == r->end ? 0 : -EPROTO;
}

int metrics__render(const char *data, size_t n, enum metric_format format, struct buf *ret_text)
{
	struct reader r = {data, data + n};
	struct lines l = {.format = format};
	size_t before = ret_text->len;
	int err = put_families(&r, &l, ret_text);

	if (!err && format == FORMAT_OPENMETRICS)
		buf__str(ret_text, "# EOF\n");
	if (ret_text->data && !buf__reserve(ret_text, 0)) {
		ret_text->len = err ? before : ret_text->len;
		ret_text->data[ret_text->len] = '\0';
	}
	return err ? err : ret_text->failed ? -ENOMEM : 0;
}
