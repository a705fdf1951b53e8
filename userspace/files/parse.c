/* SPDX-License-Identifier: Apache-2.0 */
#include "parse.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

bool text__line(struct text *rest, struct text *ret)
{
	const char *end;
	size_t n;

	if (!rest->n)
		return false;
	end = memchr(rest->s, '\n', rest->n);
	n = end ? (size_t)(end - rest->s) : rest->n;
	*ret = (struct text){rest->s, n};
	n += end != NULL;
	rest->s += n;
	rest->n -= n;
	return true;
}

bool text__word(struct text *rest, struct text *ret)
{
	size_t i = 0, from;

	while (i < rest->n && is_blank(rest->s[i]))
		i++;
	from = i;
	while (i < rest->n && !is_blank(rest->s[i]))
		i++;
	*ret = (struct text){rest->s + from, i - from};
	rest->s += i;
	rest->n -= i;
	return ret->n > 0;
}

/* Digits at the start of t; how many were taken. */
static size_t digits(struct text t, unsigned base, uint64_t *ret)
{
	uint64_t v = 0;
	size_t i;

	for (i = 0; i < t.n; i++) {
		char c = t.s[i];
		unsigned d = c >= '0' && c <= '9' ? (unsigned)(c - '0') :
			     c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10) :
						    99;

		if (d >= base)
			break;
		if (__builtin_mul_overflow(v, base, &v) || __builtin_add_overflow(v, d, &v))
			v = UINT64_MAX;
	}
	if (i)
		*ret = v;
	return i;
}

bool text__u64(struct text word, uint64_t *ret)
{
	uint64_t v;

	if (!word.n || digits(word, 10, &v) != word.n)
		return false;
	*ret = v;
	return true;
}

bool text__equal(struct text t, const char *s)
{
	return strlen(s) == t.n && !memcmp(t.s, s, t.n);
}

bool text__starts(struct text t, const char *s)
{
	size_t n = strlen(s);

	return n <= t.n && !memcmp(t.s, s, n);
}

ssize_t text__find(struct text t, const char *s, size_t from)
{
	const char *p = from <= t.n ? memmem(t.s + from, t.n - from, s, strlen(s)) : NULL;

	return p ? p - t.s : -1;
}

void text__copy(struct text t, char *ret, size_t cap)
{
	size_t n = MIN(t.n, cap - 1);

	memcpy(ret, t.s, n);
	ret[n] = 0;
}

static uint64_t times(uint64_t v, uint64_t scale)
{
	uint64_t r;

	return __builtin_mul_overflow(v, scale, &r) ? UINT64_MAX : r;
}

static uint64_t plus(uint64_t a, uint64_t b)
{
	uint64_t r;

	return __builtin_add_overflow(a, b, &r) ? UINT64_MAX : r;
}

static bool key_is(struct text key, const char *want)
{
	size_t n = strlen(want);

	if (n && want[n - 1] == '*')
		return key.n >= n - 1 && !memcmp(key.s, want, n - 1);
	return key.n == n && !memcmp(key.s, want, n);
}

/* Row of a key, looked for from *hint on: the rows stand in the file's order. */
static const struct key_row *row_of(const struct key_row *rows, size_t nrows, struct text key,
				    size_t *hint)
{
	for (size_t i = 0; i < nrows; i++) {
		size_t at = (*hint + i) % nrows;

		if (key_is(key, rows[at].key)) {
			*hint = at;
			return &rows[at];
		}
	}
	return NULL;
}

static void forget(const struct key_row *rows, size_t nrows, struct values *v)
{
	for (size_t i = 0; i < nrows; i++)
		values__forget(v, rows[i].value);
}

static void put(struct values *v, const struct key_row *row, uint64_t number)
{
	number = times(number, row->scale);
	if (values__known(v->known, row->value))
		number = plus(v->v[row->value], number);
	values__set(v, row->value, number);
}

void keys__parse(struct text t, const struct key_row *rows, size_t nrows, struct values *v)
{
	struct text line, key, word;
	size_t hint = 0;

	forget(rows, nrows, v);
	while (text__line(&t, &line)) {
		const struct key_row *row;
		uint64_t number;

		if (!text__word(&line, &key))
			continue;
		if (key.s[key.n - 1] == ':')
			key.n--;
		row = row_of(rows, nrows, key, &hint);
		if (row && text__word(&line, &word) && text__u64(word, &number))
			put(v, row, number);
	}
}

bool number__parse(struct text t, uint64_t unlimited, uint64_t *ret)
{
	struct text line, word;
	uint64_t v;

	if (!text__line(&t, &line) || !text__word(&line, &word))
		return false;
	if (text__equal(word, "max")) {
		*ret = unlimited;
		return true;
	}
	if (word.s[0] == '-' && text__u64((struct text){word.s + 1, word.n - 1}, &v)) {
		*ret = unlimited;
		return true;
	}
	return text__u64(word, ret);
}

bool quota__parse(struct text t, uint64_t unlimited, uint64_t *ret_quota, uint64_t *ret_period)
{
	struct text line, quota, period;
	uint64_t q, p;

	if (!text__line(&t, &line) || !text__word(&line, &quota) || !text__word(&line, &period))
		return false;
	if (!number__parse(quota, unlimited, &q) || !text__u64(period, &p))
		return false;
	*ret_quota = q;
	*ret_period = p;
	return true;
}

unsigned psi__parse(struct text t, uint64_t ret_some_full[2])
{
	struct text line, kind, word;
	unsigned seen = 0;

	while (text__line(&t, &line)) {
		unsigned k;

		if (!text__word(&line, &kind))
			continue;
		k = text__equal(kind, "some") ? 0 : text__equal(kind, "full") ? 1 : 2;
		while (k < 2 && text__word(&line, &word)) {
			if (!text__starts(word, "total="))
				continue;
			if (text__u64((struct text){word.s + 6, word.n - 6}, &ret_some_full[k]))
				seen |= 1u << k;
		}
	}
	return seen;
}

size_t list__parse(struct text t, const char *key, uint64_t *ret, size_t cap)
{
	struct text line, word;
	size_t n = 0;

	while (text__line(&t, &line)) {
		if (!text__word(&line, &word) || !text__equal(word, key))
			continue;
		while (n < cap && text__word(&line, &word) && text__u64(word, &ret[n]))
			n++;
		return n;
	}
	return 0;
}

/* "8:16" */
static bool device_number(struct text t, uint32_t *ret_major, uint32_t *ret_minor)
{
	ssize_t colon = text__find(t, ":", 0);
	uint64_t major, minor;

	if (colon < 0 || !text__u64((struct text){t.s, (size_t)colon}, &major))
		return false;
	if (!text__u64((struct text){t.s + colon + 1, t.n - (size_t)colon - 1}, &minor))
		return false;
	if (major > UINT32_MAX || minor > UINT32_MAX)
		return false;
	*ret_major = (uint32_t)major;
	*ret_minor = (uint32_t)minor;
	return true;
}

static bool io_value(struct text word, struct io_line *io)
{
	static const char *const names[IO_VALUES] = {"rbytes=", "wbytes=", "rios=", "wios="};

	for (size_t i = 0; i < IO_VALUES; i++) {
		size_t n = strlen(names[i]);

		if (text__starts(word, names[i]))
			return text__u64((struct text){word.s + n, word.n - n}, &io->v[i]);
	}
	return false;
}

bool io__next(struct text *rest, struct io_line *ret)
{
	struct text line, word;

	while (text__line(rest, &line)) {
		struct io_line io = {0};
		bool device = false, value = false;

		while (text__word(&line, &word)) {
			if (text__find(word, "=", 0) >= 0)
				value |= io_value(word, &io);
			else if (device_number(word, &io.major, &io.minor))
				device = true;
		}
		if (device && value) {
			*ret = io;
			return true;
		}
	}
	return false;
}

bool nic__parse(struct text line, struct nic_line *ret)
{
	/* columns of the file: bytes packets errs drop fifo frame compressed multicast, then the
	 * same for sending */
	static const uint8_t column[NIC_VALUES] = {0, 1, 2, 3, 8, 9, 10, 11};
	struct nic_line nic = {{0}, {0}};
	ssize_t colon = text__find(line, ":", 0);
	struct text name = {line.s, colon < 0 ? 0 : (size_t)colon}, word;
	uint64_t number[12];

	if (colon < 0 || !text__word(&name, &word))
		return false;
	text__copy(word, nic.name, sizeof(nic.name));
	line.s += colon + 1;
	line.n -= (size_t)colon + 1;
	for (size_t i = 0; i < ARRAY_SIZE(number); i++)
		if (!text__word(&line, &word) || !text__u64(word, &number[i]))
			return false;
	for (size_t i = 0; i < NIC_VALUES; i++)
		nic.v[i] = number[column[i]];
	*ret = nic;
	return true;
}

bool decimal__parse(struct text word, uint64_t *ret_hundredths)
{
	uint64_t whole, part = 0;
	size_t n = digits(word, 10, &whole);
	struct text tail = {word.s + n, word.n - n};

	if (!n || (tail.n && tail.s[0] != '.'))
		return false;
	for (size_t i = 1; i <= 2; i++) {
		char c = i < tail.n ? tail.s[i] : '0';

		if (c < '0' || c > '9')
			return false;
		part = part * 10 + (uint64_t)(c - '0');
	}
	*ret_hundredths = plus(times(whole, 100), part);
	return true;
}

bool softnet__parse(struct text t, uint64_t *ret_processed, uint64_t *ret_dropped,
		    uint64_t *ret_squeezed)
{
	uint64_t sum[3] = {0, 0, 0};
	struct text line, word;
	bool any = false;

	while (text__line(&t, &line)) {
		uint64_t v[3];
		size_t i = 0;

		while (i < 3 && text__word(&line, &word) && digits(word, 16, &v[i]) == word.n)
			i++;
		if (i < 3)
			continue;
		for (i = 0; i < 3; i++)
			sum[i] = plus(sum[i], v[i]);
		any = true;
	}
	if (!any)
		return false;
	*ret_processed = sum[0];
	*ret_dropped = sum[1];
	*ret_squeezed = sum[2];
	return true;
}

static void nettable_pair(struct text names, struct text numbers, const struct key_row *rows,
			  size_t nrows, struct values *v)
{
	struct text name, number;
	size_t hint = 0;

	while (text__word(&names, &name) && text__word(&numbers, &number)) {
		const struct key_row *row = row_of(rows, nrows, name, &hint);
		uint64_t value;

		if (row && text__u64(number, &value))
			put(v, row, value);
	}
}

void nettable__parse(struct text t, const char *prefix, const struct key_row *rows, size_t nrows,
		     struct values *v)
{
	struct text line, names = {NULL, 0};

	forget(rows, nrows, v);
	while (text__line(&t, &line)) {
		struct text word;

		if (!text__word(&line, &word) || !text__equal(word, prefix))
			continue;
		if (names.s) {
			nettable_pair(names, line, rows, nrows, v);
			return;
		}
		names = line;
	}
}
