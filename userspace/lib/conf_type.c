/* SPDX-License-Identifier: Apache-2.0 */
/* The types a row may have: how each is read, written and described. */
#include <arpa/inet.h>

#include "conf_row.h"

struct unit {
	const char *name;
	uint64_t size;
};

/* The first that divides a value prints it. */
static const struct unit durations[] = {
	{"d", 86400000000000}, {"h", 3600000000000}, {"m", 60000000000}, {"s", 1000000000},
	{"ms", 1000000},       {"us", 1000},	     {"ns", 1},
};

static const struct unit sizes[] = {
	{"TiB", 1ull << 40},
	{"GiB", 1ull << 30},
	{"MiB", 1ull << 20},
	{"KiB", 1ull << 10},
	{"B", 1},
	{"TB", 1000000000000},
	{"GB", 1000000000ull},
	{"MB", 1000000},
	{"kB", 1000},
};

struct decimal {
	uint64_t digits; /* without the point */
	uint64_t scale;	 /* 10^(digits behind the point) */
};

/* "12" or "1.5": up to 15 digits, no sign, no needless leading zero (which is octal elsewhere).
 * Bytes it takes, 0 for none. */
static size_t read_decimal(const char *s, size_t n, struct decimal *ret_d)
{
	struct decimal d = {0, 1};
	bool point = false;
	size_t i, digits = 0;

	if (n > 1 && s[0] == '0' && s[1] >= '0' && s[1] <= '9')
		return 0;
	for (i = 0; i < n; i++) {
		if (s[i] == '.' && !point && i) {
			point = true;
		} else if (s[i] >= '0' && s[i] <= '9' && digits < 15) {
			d.digits = d.digits * 10 + (uint64_t)(s[i] - '0');
			d.scale *= point ? 10 : 1;
			digits++;
		} else {
			break;
		}
	}
	if (!i || s[i - 1] == '.')
		return 0;
	*ret_d = d;
	return i;
}

static int in_range(const struct conf_row *row, double v)
{
	return v < row->least || v > row->most ? -ERANGE : 0;
}

static int parse_united(const struct conf_row *row, const struct conf_scalar *s,
			struct conf_value *v, const struct unit *units, size_t n)
{
	struct decimal d = {0, 1};
	size_t at = read_decimal(s->text, s->n, &d);
	uint64_t product;

	if (!s->plain || !at)
		return -EINVAL;
	for (const struct unit *u = units; u < units + n; u++) {
		if (strlen(u->name) != s->n - at || memcmp(u->name, s->text + at, s->n - at) != 0)
			continue;
		if (__builtin_mul_overflow(d.digits, u->size, &product))
			return -ERANGE;
		if (product % d.scale)
			return -EINVAL;
		v->number = product / d.scale;
		return in_range(row, (double)v->number);
	}
	return -EINVAL;
}

/* Every table has the unit 1, which divides all; it is what 0 is printed in. */
static void print_united(uint64_t v, struct buf *b, const struct unit *u)
{
	while (v ? v % u->size : u->size != 1)
		u++;
	buf__u64(b, v / u->size);
	buf__str(b, u->name);
}

static int parse_duration(const struct conf_row *row, const struct conf_scalar *s,
			  struct conf_value *v)
{
	return parse_united(row, s, v, durations, ARRAY_SIZE(durations));
}

static void print_duration(const struct conf_row *row, const struct conf_value *v, struct buf *b)
{
	(void)row;
	print_united(v->number, b, durations);
}

static void expect_duration(const struct conf_row *row, struct buf *b)
{
	buf__str(b, "a duration with its unit (ns, us, ms, s, m, h, d) of ");
	print_united((uint64_t)row->least, b, durations);
	buf__str(b, " to ");
	print_united((uint64_t)row->most, b, durations);
}

const struct conf_type conf_type_DURATION = {
	.parse = parse_duration,
	.print = print_duration,
	.expect = expect_duration,
};

static int parse_bytes(const struct conf_row *row, const struct conf_scalar *s,
		       struct conf_value *v)
{
	return parse_united(row, s, v, sizes, ARRAY_SIZE(sizes));
}

static void print_bytes(const struct conf_row *row, const struct conf_value *v, struct buf *b)
{
	(void)row;
	print_united(v->number, b, sizes);
}

static void expect_bytes(const struct conf_row *row, struct buf *b)
{
	buf__str(b, "a size with its unit (B, kB, MB, GB, TB, KiB, MiB, GiB, TiB) of ");
	print_united((uint64_t)row->least, b, sizes);
	buf__str(b, " to ");
	print_united((uint64_t)row->most, b, sizes);
}

const struct conf_type conf_type_BYTES = {
	.parse = parse_bytes,
	.print = print_bytes,
	.expect = expect_bytes,
};

static int parse_uint(const struct conf_row *row, const struct conf_scalar *s, struct conf_value *v)
{
	struct decimal d = {0, 1};

	if (!s->plain || read_decimal(s->text, s->n, &d) != s->n || memchr(s->text, '.', s->n))
		return -EINVAL;
	v->number = d.digits;
	return in_range(row, (double)d.digits);
}

static void print_uint(const struct conf_row *row, const struct conf_value *v, struct buf *b)
{
	(void)row;
	buf__u64(b, v->number);
}

static void expect_uint(const struct conf_row *row, struct buf *b)
{
	buf__printf(b, "a whole number of %.0f to %.0f", row->least, row->most);
}

const struct conf_type conf_type_UINT = {
	.parse = parse_uint,
	.print = print_uint,
	.expect = expect_uint,
};

static int parse_percent(const struct conf_row *row, const struct conf_scalar *s,
			 struct conf_value *v)
{
	struct decimal d = {0, 1};
	size_t at = read_decimal(s->text, s->n, &d);

	if (at && at < s->n && s->text[at] == '%')
		at++;
	if (!s->plain || !at || at != s->n)
		return -EINVAL;
	v->percent = (double)d.digits / (double)d.scale;
	return in_range(row, v->percent);
}

static void print_percent(const struct conf_row *row, const struct conf_value *v, struct buf *b)
{
	(void)row;
	buf__double(b, v->percent);
	buf__char(b, '%');
}

static void expect_percent(const struct conf_row *row, struct buf *b)
{
	buf__str(b, "a percentage of ");
	buf__double(b, row->least);
	buf__str(b, "% to ");
	buf__double(b, row->most);
	buf__char(b, '%');
}

const struct conf_type conf_type_PERCENT = {
	.parse = parse_percent,
	.print = print_percent,
	.expect = expect_percent,
};

static bool is_word(const struct conf_scalar *s, const char *word)
{
	return strlen(word) == s->n && !memcmp(word, s->text, s->n);
}

static int parse_bool(const struct conf_row *row, const struct conf_scalar *s, struct conf_value *v)
{
	(void)row;
	if (!s->plain || (!is_word(s, "true") && !is_word(s, "false")))
		return -EINVAL;
	v->number = is_word(s, "true");
	return 0;
}

static void print_bool(const struct conf_row *row, const struct conf_value *v, struct buf *b)
{
	(void)row;
	buf__str(b, v->number ? "true" : "false");
}

static void expect_bool(const struct conf_row *row, struct buf *b)
{
	(void)row;
	buf__str(b, "true or false");
}

const struct conf_type conf_type_BOOL = {
	.parse = parse_bool,
	.print = print_bool,
	.expect = expect_bool,
};

/* Another reader of the same file would take this plain scalar for no string: a number, a date, a
 * truth value, nothing. Then it must be quoted. */
static bool is_ambiguous(const struct conf_scalar *s)
{
	static const char *const words[] = {"y",   "n",	   "yes",   "no",  "on",
					    "off", "true", "false", "null"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strlen(words[i]) == s->n && !strncasecmp(words[i], s->text, s->n))
			return true;
	return !s->n || strchr("0123456789+-.~=<", s->text[0]);
}

/* A copy of text that people can see: no control bytes, no marks that deceive. NULL with errno. */
static char *copy_text(const struct conf_scalar *s)
{
	errno = EINVAL;
	if (s->n > CONF_TEXT_MAX)
		return NULL;
	for (size_t at = 0, len; at < s->n; at += len) {
		len = utf8__printable(s->text + at, s->n - at);
		if (!len)
			return NULL;
	}
	return strndup(s->text, s->n);
}

static void print_quoted(struct buf *b, const char *s)
{
	buf__char(b, '"');
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			buf__char(b, '\\');
		buf__char(b, *s);
	}
	buf__char(b, '"');
}

static int parse_string(const struct conf_row *row, const struct conf_scalar *s,
			struct conf_value *v)
{
	(void)row;
	if (s->plain && is_ambiguous(s))
		return -EINVAL;
	v->text = copy_text(s);
	return v->text ? 0 : -errno;
}

static void print_string(const struct conf_row *row, const struct conf_value *v, struct buf *b)
{
	(void)row;
	print_quoted(b, v->text);
}

static void expect_string(const struct conf_row *row, struct buf *b)
{
	buf__printf(b, "printable text, in quotes (%s)", row->unit[0] ? row->unit : "text");
}

const struct conf_type conf_type_STRING = {
	.parse = parse_string,
	.print = print_string,
	.expect = expect_string,
};

int conf__address(const char *text, struct sockaddr_storage *ret_address, socklen_t *ret_len)
{
	struct sockaddr_storage a = {0};
	struct sockaddr_in *v4 = (struct sockaddr_in *)&a;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&a;
	const char *colon = strrchr(text, ':');
	bool bracket = text[0] == '[';
	struct decimal port = {0, 1};
	char host[INET6_ADDRSTRLEN];
	size_t n;

	if (!colon || !colon[1] || (bracket && (colon < text + 2 || colon[-1] != ']')))
		return -EINVAL;
	n = (size_t)(colon - text) - (bracket ? 2 : 0);
	if (n >= sizeof(host) || strchr(colon, '.') ||
	    read_decimal(colon + 1, strlen(colon + 1), &port) != strlen(colon + 1))
		return -EINVAL;
	memcpy(host, text + bracket, n);
	host[n] = '\0';
	if (inet_pton(bracket ? AF_INET6 : AF_INET, host,
		      bracket ? (void *)&v6->sin6_addr : (void *)&v4->sin_addr) != 1)
		return -EINVAL;
	if (!port.digits || port.digits > 65535)
		return -ERANGE;
	/* Both families keep the port in the same place. */
	v4->sin_port = htons((uint16_t)port.digits);
	a.ss_family = bracket ? AF_INET6 : AF_INET;
	*ret_len = bracket ? sizeof(*v6) : sizeof(*v4);
	*ret_address = a;
	return 0;
}

static int parse_address(const struct conf_row *row, const struct conf_scalar *s,
			 struct conf_value *v)
{
	cleanup_free char *text = copy_text(s);
	struct sockaddr_storage a;
	socklen_t len;
	int err;

	(void)row;
	if (!text)
		return -errno;
	if (!s->n && s->plain)
		return -EINVAL;
	err = s->n ? conf__address(text, &a, &len) : 0;
	if (!err)
		v->text = take(text);
	return err;
}

static void expect_address(const struct conf_row *row, struct buf *b)
{
	(void)row;
	buf__str(b, "ADDRESS:PORT or [ADDRESS]:PORT, numeric, port 1 to 65535, or \"\" for none");
}

const struct conf_type conf_type_ADDRESS = {
	.parse = parse_address,
	.print = print_string,
	.expect = expect_address,
};

static int parse_enum(const struct conf_row *row, const struct conf_scalar *s, struct conf_value *v)
{
	const char *name = row->standard;

	for (uint64_t i = 0;; i++) {
		size_t n = strcspn(name, "|");

		if (n == s->n && !memcmp(name, s->text, n)) {
			v->number = i;
			v->text = strndup(name, n);
			return v->text ? 0 : -ENOMEM;
		}
		if (!name[n])
			return -EINVAL;
		name += n + 1;
	}
}

static void print_enum(const struct conf_row *row, const struct conf_value *v, struct buf *b)
{
	struct conf_scalar s = {v->text, strlen(v->text), true};

	(void)row;
	if (is_ambiguous(&s))
		print_quoted(b, v->text);
	else
		buf__str(b, v->text);
}

static void expect_enum(const struct conf_row *row, struct buf *b)
{
	buf__str(b, "one of ");
	for (const char *s = row->standard; *s; s++)
		buf__add(b, *s == '|' ? ", " : s, *s == '|' ? 2 : 1);
}

const struct conf_type conf_type_ENUM = {
	.parse = parse_enum,
	.print = print_enum,
	.expect = expect_enum,
};

static int parse_item(const struct conf_row *row, const struct conf_scalar *s, struct conf_value *v)
{
	cleanup_free char *text = NULL;
	char **items;

	(void)row;
	if ((s->plain && is_ambiguous(s)) || !s->n)
		return -EINVAL;
	if (v->count >= CONF_ITEMS_MAX)
		return -ERANGE;
	text = copy_text(s);
	if (!text)
		return -errno;
	items = reallocarray(v->items, v->count + 1, sizeof(*items));
	if (!items)
		return -ENOMEM;
	v->items = items;
	v->items[v->count++] = take(text);
	return 0;
}

static void print_list(const struct conf_row *row, const struct conf_value *v, struct buf *b)
{
	(void)row;
	buf__char(b, '[');
	for (size_t i = 0; i < v->count; i++) {
		buf__str(b, i ? ", " : "");
		print_quoted(b, v->items[i]);
	}
	buf__char(b, ']');
}

static void expect_list(const struct conf_row *row, struct buf *b)
{
	buf__printf(b, "a list, [\"a\", \"b\"], of at most %d printable texts (%s)", CONF_ITEMS_MAX,
		    row->unit[0] ? row->unit : "text");
}

const struct conf_type conf_type_LIST = {
	.list = true,
	.parse = parse_item,
	.print = print_list,
	.expect = expect_list,
};
