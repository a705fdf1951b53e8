/* SPDX-License-Identifier: Apache-2.0 */
/* Reader: a document is refused in one printable line or can be walked to its last value. Writer: a
 * string of any bytes is read back to them. */
#include "json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static volatile size_t sum;

static void walk(const struct jval *v, int depth)
{
	const struct jval *child;
	const char *key = "", *s = jval__string(v);
	uint64_t u = 0;
	double d = 0;
	bool t = false;

	if (depth > 32)
		abort();
	sum += s ? strlen(s) : 0;
	sum += (size_t)jval__u64(v, &u) + (size_t)jval__double(v, &d) + (size_t)jval__bool(v, &t);
	for (size_t i = 0; (child = jval__at(v, i)); i++)
		walk(child, depth + 1);
	for (size_t i = 0; (child = jval__member(v, i, &key)); i++) {
		if (i < 50 && jval__get(v, key) != child)
			abort();
		walk(child, depth + 1);
	}
}

static void read_document(const char *text, size_t n)
{
	cleanup_buf struct buf error = BUF_INIT;
	struct jdoc *d = jdoc__parse(text, n, &error);

	if (d)
		walk(jdoc__root(d), 0);
	else if (errno != EINVAL || !error.len)
		abort(); /* cJSON must take whatever the strict pass took */
	for (size_t at = 0, len; at < error.len; at += len) {
		len = utf8__printable(error.data + at, error.len - at);
		if (!len)
			abort();
	}
	jdoc__free(d);
}

static void write_string(const char *raw, size_t n)
{
	cleanup_buf struct buf text = BUF_INIT, back = BUF_INIT;
	struct json j = {.b = &text};
	struct jdoc *d;
	const char *s;

	json__open(&j, NULL, '{');
	json__bytes(&j, "k", raw, n);
	json__close(&j, '}');
	d = jdoc__parse(text.data, text.len, NULL);
	s = d ? jval__string(jval__get(jdoc__root(d), "k")) : NULL;
	if (!s || buf__unescape(&back, s, strlen(s)) || back.len != n ||
	    (n && memcmp(back.data, raw, n) != 0))
		abort();
	jdoc__free(d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	read_document((const char *)data, n);
	write_string((const char *)data, n);
	return 0;
}
