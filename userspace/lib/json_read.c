/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader: a strict pass over the bytes, then cJSON, which on its own accepts duplicate keys,
 * cut strings at a NUL escape, broken UTF-8 and numbers that lose digits. The only user of cJSON.
 */
#include <cjson/cJSON.h>
#include <ctype.h>
#include <math.h>

#include "json.h"

#define SIZE_MOST (1u << 20)
#define DEPTH_MOST 32
#define VALUES_MOST 65536	      /* about 100 bytes of memory each */
#define NUMBER_MOST 60		      /* characters; cJSON cuts at 63 */
#define INTEGER_MOST 9007199254740991 /* 2^53 - 1: exact as a double, and so is its neighbour */

struct scan {
	const char *at, *end;
	const char *wrong; /* NULL while all is well */
	size_t values;
};

static bool fail(struct scan *s, const char *why)
{
	s->wrong = s->wrong ? s->wrong : why;
	return false;
}

static void skip_space(struct scan *s)
{
	while (s->at < s->end && memchr(" \t\r\n", *s->at, 4))
		s->at++;
}

static bool at_char(const struct scan *s, char c)
{
	return s->at < s->end && *s->at == c;
}

/* Four hexadecimal digits; -1 for others. */
static int scan_hex4(struct scan *s)
{
	int v = 0;

	for (int i = 0; i < 4; i++, s->at++) {
		int c = s->at < s->end ? (unsigned char)*s->at : 0;

		if (!isxdigit(c))
			return -1;
		v = v << 4 | (c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
	}
	return v;
}

/* Behind the backslash. */
static bool scan_escape(struct scan *s)
{
	int high, low;

	if (s->at == s->end || !memchr("\"\\/bfnrtu", *s->at, 9))
		return fail(s, "an unknown escape");
	if (*s->at++ != 'u')
		return true;
	high = scan_hex4(s);
	if (high < 0)
		return fail(s, "a \\u without four hexadecimal digits");
	if (!high)
		return fail(s, "\\u0000");
	if (high < 0xd800 || high > 0xdfff)
		return true;
	if (high > 0xdbff || s->end - s->at < 2 || s->at[0] != '\\' || s->at[1] != 'u')
		return fail(s, "half a surrogate pair");
	s->at += 2;
	low = scan_hex4(s);
	return (low >= 0xdc00 && low <= 0xdfff) || fail(s, "half a surrogate pair");
}

static bool scan_string(struct scan *s)
{
	if (!at_char(s, '"'))
		return fail(s, "no string where one is due");
	s->at++;
	while (s->at < s->end && *s->at != '"') {
		size_t len = utf8__length(s->at, (size_t)(s->end - s->at));

		if (!len)
			return fail(s, "bytes that are not UTF-8");
		if ((unsigned char)*s->at < 0x20)
			return fail(s, "a control byte in a string");
		s->at += len;
		if (s->at[-1] == '\\' && len == 1 && !scan_escape(s))
			return false;
	}
	if (s->at == s->end)
		return fail(s, "a string without end");
	s->at++;
	return true;
}

static size_t scan_digits(struct scan *s)
{
	const char *from = s->at;

	while (s->at < s->end && *s->at >= '0' && *s->at <= '9')
		s->at++;
	return (size_t)(s->at - from);
}

static bool scan_number(struct scan *s)
{
	const char *from = s->at, *from_digits;
	char text[NUMBER_MOST + 1];
	bool whole = true;
	size_t digits;
	double v;

	s->at += at_char(s, '-');
	from_digits = s->at;
	digits = scan_digits(s);
	if (!digits)
		return fail(s, "no value where one is due");
	if (digits > 1 && *from_digits == '0')
		return fail(s, "a number that begins with 0");
	if (at_char(s, '.')) {
		whole = false;
		s->at++;
		if (!scan_digits(s))
			return fail(s, "a number that ends with its point");
	}
	if (at_char(s, 'e') || at_char(s, 'E')) {
		whole = false;
		s->at++;
		s->at += at_char(s, '+') || at_char(s, '-');
		if (!scan_digits(s))
			return fail(s, "a number without its exponent");
	}
	if ((size_t)(s->at - from) > NUMBER_MOST)
		return fail(s, "a number of more than 60 characters");
	memcpy(text, from, (size_t)(s->at - from));
	text[s->at - from] = '\0';
	v = strtod(text, NULL);
	if (!isfinite(v))
		return fail(s, "a number that no double holds");
	if (whole && (digits > 16 || v > INTEGER_MOST || v < -INTEGER_MOST))
		return fail(s, "an integer beyond 2^53 that is not a string");
	return true;
}

static bool scan_word(struct scan *s, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(s->end - s->at) < n || memcmp(s->at, word, n) != 0)
		return fail(s, "no value where one is due");
	s->at += n;
	return true;
}

static bool scan_value(struct scan *s, int depth);

/* Elements of an array or members of an object, behind the bracket. */
static bool scan_elements(struct scan *s, int depth, char close)
{
	if (depth >= DEPTH_MOST)
		return fail(s, "nesting beyond 32");
	s->at++;
	skip_space(s);
	if (at_char(s, close)) {
		s->at++;
		return true;
	}
	for (;;) {
		skip_space(s);
		if (close == '}') {
			if (!scan_string(s))
				return false;
			skip_space(s);
			if (!at_char(s, ':'))
				return fail(s, "a key without its colon");
			s->at++;
		}
		if (!scan_value(s, depth + 1))
			return false;
		skip_space(s);
		if (at_char(s, close)) {
			s->at++;
			return true;
		}
		if (!at_char(s, ','))
			return fail(s, "neither a comma nor the end");
		s->at++;
	}
}

static bool scan_value(struct scan *s, int depth)
{
	skip_space(s);
	if (s->at == s->end)
		return fail(s, "the end where a value is due");
	if (++s->values > VALUES_MOST)
		return fail(s, "more than 65536 values");
	switch (*s->at) {
	case '{':
		return scan_elements(s, depth, '}');
	case '[':
		return scan_elements(s, depth, ']');
	case '"':
		return scan_string(s);
	case 't':
		return scan_word(s, "true");
	case 'f':
		return scan_word(s, "false");
	case 'n':
		return scan_word(s, "null");
	default:
		return scan_number(s);
	}
}

static bool scan_document(struct scan *s, size_t n)
{
	if (n > SIZE_MOST)
		return fail(s, "more than 1 MiB");
	if (!scan_value(s, 0))
		return false;
	skip_space(s);
	return s->at == s->end || fail(s, "bytes behind the value");
}

/* A value and, for arrays and objects, its children one behind the other: cJSON's lists would make
 * every walk by index quadratic. */
struct jval {
	const cJSON *c;
	const struct jval *child;
	size_t count;
};

struct jdoc {
	cJSON *tree;
	struct jval *val; /* val[0] is the root */
	size_t used;
	const char **keys; /* of the object that is being checked */
};

static int compare_keys(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char *find_duplicate(const char **keys, size_t n)
{
	qsort(keys, n, sizeof(*keys), compare_keys);
	for (size_t i = 1; i < n; i++)
		if (!strcmp(keys[i - 1], keys[i]))
			return keys[i];
	return NULL;
}

/* Lay out the children of v, and theirs. Returns a key that an object has twice, or NULL. */
static const char *lay_out(struct jdoc *d, struct jval *v)
{
	struct jval *child = d->val + d->used;
	size_t n = 0;

	for (const cJSON *c = v->c->child; c; c = c->next, n++) {
		child[n].c = c;
		d->keys[n] = c->string;
	}
	v->child = child;
	v->count = n;
	d->used += n;
	if (n && cJSON_IsObject(v->c)) {
		const char *twice = find_duplicate(d->keys, n);

		if (twice)
			return twice;
	}
	for (size_t i = 0; i < n; i++) {
		const char *twice = child[i].c->child ? lay_out(d, &child[i]) : NULL;

		if (twice)
			return twice;
	}
	return NULL;
}

static void say_where(const char *text, const struct scan *s, struct buf *b)
{
	size_t line = 1, column = 1;

	for (const char *p = text; p < s->at; p++) {
		column = *p == '\n' ? 1 : column + 1;
		line += *p == '\n';
	}
	buf__printf(b, "line %zu, column %zu: %s", line, column, s->wrong);
}

struct jdoc *jdoc__parse(const char *text, size_t n, struct buf *ret_error)
{
	struct scan s = {.at = text, .end = text + n};
	struct jdoc *d;
	const char *twice;

	errno = EINVAL;
	if (!scan_document(&s, n)) {
		if (ret_error)
			say_where(text, &s, ret_error);
		errno = EINVAL;
		return NULL;
	}
	d = calloc(1, sizeof(*d));
	if (!d)
		return NULL;
	d->tree = cJSON_ParseWithLength(text, n);
	d->val = calloc(s.values, sizeof(*d->val));
	d->keys = calloc(s.values, sizeof(*d->keys));
	if (!d->tree || !d->val || !d->keys) {
		errno = ENOMEM; /* the text was well formed */
		return jdoc__free(d);
	}
	d->val[0].c = d->tree;
	d->used = 1;
	twice = lay_out(d, &d->val[0]);
	free(d->keys);
	d->keys = NULL;
	if (!twice)
		return d;
	if (ret_error) {
		buf__str(ret_error, "the key \"");
		buf__escape(ret_error, twice, MIN(strlen(twice), (size_t)48));
		buf__str(ret_error, "\" twice");
	}
	d = jdoc__free(d);
	errno = EINVAL;
	return d;
}

struct jdoc *jdoc__free(struct jdoc *d)
{
	int err = errno;

	if (d) {
		cJSON_Delete(d->tree);
		free(d->val);
		free(d->keys);
		free(d);
	}
	errno = err;
	return NULL;
}

const struct jval *jdoc__root(const struct jdoc *d)
{
	return &d->val[0];
}

const struct jval *jval__get(const struct jval *o, const char *key)
{
	for (size_t i = 0; o && cJSON_IsObject(o->c) && i < o->count; i++)
		if (!strcmp(o->child[i].c->string, key))
			return &o->child[i];
	return NULL;
}

const struct jval *jval__at(const struct jval *a, size_t i)
{
	return a && cJSON_IsArray(a->c) && i < a->count ? &a->child[i] : NULL;
}

size_t jval__count(const struct jval *a)
{
	return a ? a->count : 0;
}

const char *jval__string(const struct jval *v)
{
	return v && cJSON_IsString(v->c) ? v->c->valuestring : NULL;
}

static int parse_u64(const char *s, uint64_t *ret)
{
	uint64_t v = 0;

	if (!*s || (s[0] == '0' && s[1]))
		return -EINVAL;
	for (; *s; s++)
		if (*s < '0' || *s > '9' || __builtin_mul_overflow(v, 10ull, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(*s - '0'), &v))
			return -EINVAL;
	*ret = v;
	return 0;
}

int jval__u64(const struct jval *v, uint64_t *ret)
{
	const char *s = jval__string(v);
	double d;

	if (s)
		return parse_u64(s, ret);
	if (jval__double(v, &d) || d < 0 || d > INTEGER_MOST || d != floor(d))
		return -EINVAL;
	*ret = (uint64_t)d;
	return 0;
}

int jval__double(const struct jval *v, double *ret)
{
	if (!v || !cJSON_IsNumber(v->c))
		return -EINVAL;
	*ret = v->c->valuedouble;
	return 0;
}

int jval__bool(const struct jval *v, bool *ret)
{
	if (!v || !cJSON_IsBool(v->c))
		return -EINVAL;
	*ret = cJSON_IsTrue(v->c);
	return 0;
}

const struct jval *jval__member(const struct jval *o, size_t i, const char **ret_key)
{
	if (!o || !cJSON_IsObject(o->c) || i >= o->count)
		return NULL;
	if (ret_key)
		*ret_key = o->child[i].c->string;
	return &o->child[i];
}
