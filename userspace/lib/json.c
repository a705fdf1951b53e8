/* SPDX-License-Identifier: Apache-2.0 */
/* The writer. How JSON is read is json_read.c. */
#include "json.h"

#include <math.h>
#include <time.h>

#include "clock.h"

static void start(struct json *j, const char *key)
{
	if (j->comma)
		buf__char(j->b, ',');
	j->comma = true;
	if (key) {
		buf__char(j->b, '"');
		buf__str(j->b, key);
		buf__add(j->b, "\":", 2);
	}
}

void json__open(struct json *j, const char *key, char bracket)
{
	start(j, key);
	buf__char(j->b, bracket);
	j->comma = false;
}

void json__close(struct json *j, char bracket)
{
	buf__char(j->b, bracket);
	j->comma = true;
}

/* What buf__escape would write, with JSON's backslash before each of its backslashes. */
static void add_char(struct buf *b, const char *s, size_t len)
{
	static const char hex[] = "0123456789abcdef";
	unsigned char c = (unsigned char)*s;

	if (!len) {
		char out[5] = {'\\', '\\', 'x', hex[c >> 4], hex[c & 15]};

		buf__add(b, out, sizeof(out));
	} else if (c == '\\') {
		buf__add(b, "\\\\\\\\", 4);
	} else if (c == '"') {
		buf__add(b, "\\\"", 2);
	} else {
		buf__add(b, s, len);
	}
}

void json__bytes(struct json *j, const char *key, const char *s, size_t n)
{
	start(j, key);
	buf__char(j->b, '"');
	while (n) {
		size_t len = utf8__printable(s, n), took = MAX(len, (size_t)1);

		add_char(j->b, s, len);
		s += took;
		n -= took;
	}
	buf__char(j->b, '"');
}

void json__string(struct json *j, const char *key, const char *s)
{
	if (s)
		json__bytes(j, key, s, strlen(s));
	else
		json__null(j, key);
}

void json__u64s(struct json *j, const char *key, uint64_t v)
{
	start(j, key);
	buf__char(j->b, '"');
	buf__u64(j->b, v);
	buf__char(j->b, '"');
}

void json__int(struct json *j, const char *key, int64_t v)
{
	start(j, key);
	if (v < 0)
		buf__char(j->b, '-');
	buf__u64(j->b, v < 0 ? -(uint64_t)v : (uint64_t)v);
}

void json__double(struct json *j, const char *key, double v)
{
	start(j, key);
	if (isfinite(v))
		buf__double(j->b, v);
	else
		buf__str(j->b, "null");
}

void json__bool(struct json *j, const char *key, bool v)
{
	start(j, key);
	buf__str(j->b, v ? "true" : "false");
}

void json__null(struct json *j, const char *key)
{
	start(j, key);
	buf__str(j->b, "null");
}

void json__time(struct json *j, const char *key, uint64_t wall_ns)
{
	time_t s = (time_t)(wall_ns / NS_PER_S);
	struct tm tm = {0};

	start(j, key);
	(void)gmtime_r(&s, &tm);
	buf__printf(j->b, "\"%04d-%02d-%02dT%02d:%02d:%02d.%03dZ\"", tm.tm_year + 1900,
		    tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
		    (int)(wall_ns % NS_PER_S / NS_PER_MS));
}
