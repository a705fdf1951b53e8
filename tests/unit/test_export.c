/* SPDX-License-Identifier: Apache-2.0 */
/* The exporter's parts that need no socket: what a client accepts, where to listen, what a head may
 * be, our own families. */
#include "testing.h"

#include "export/accept.h"
#include "export/door.h"
#include "export/head.h"
#include "export/self.h"

static void test_format(void **state)
{
	static const struct {
		const char *field;
		enum metric_format format;
	} rows[] = {
		{NULL, FORMAT_PROMETHEUS},
		{"", FORMAT_PROMETHEUS},
		{"*/*", FORMAT_PROMETHEUS},
		{"text/plain", FORMAT_PROMETHEUS},
		{"application/openmetrics-text", FORMAT_OPENMETRICS},
		{"Application/OpenMetrics-Text ; Version=1.0.0", FORMAT_OPENMETRICS},
		{"application/openmetrics-text; version=\"1.0.0\"; charset=utf-8",
		 FORMAT_OPENMETRICS},
		{"application/openmetrics-text; version=0.0.1", FORMAT_PROMETHEUS},
		{"application/openmetrics-text; version=2.0.0, text/plain;q=0.1",
		 FORMAT_PROMETHEUS},
		/* Prometheus 2.42 and 3 */
		{"application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
		 "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
		 FORMAT_OPENMETRICS},
		{"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
		 "application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,"
		 "text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
		 FORMAT_OPENMETRICS},
		{"application/openmetrics-text;version=1.0.0;q=0.2,text/plain;q=0.5",
		 FORMAT_PROMETHEUS},
		{"application/openmetrics-text;version=1.0.0;q=0", FORMAT_PROMETHEUS},
		{"application/openmetrics-text;version=1.0.0;q=0.001", FORMAT_OPENMETRICS},
		{"application/openmetrics-text;q=x", FORMAT_PROMETHEUS},
		{",,;;=,application/openmetrics-text,,", FORMAT_OPENMETRICS},
		{"application/openmetrics-textual", FORMAT_PROMETHEUS},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (accept__format(rows[i].field) != rows[i].format)
			fail_msg("row %zu: %s", i, rows[i].field);
}

static void test_gzip(void **state)
{
	static const struct {
		const char *field;
		bool gzip;
	} rows[] = {
		{NULL, false},		 {"", false},
		{"gzip", true},		 {"GZIP;q=0.1", true},
		{"deflate, gzip", true}, {"gzip;q=0", false},
		{"gzip;q=0.000", false}, {"*", true},
		{"*, gzip;q=0", false},	 {"identity", false},
		{"br;q=1", false},	 {"gzip;q=1.000", true},
		{"x-gzip", true},	 {"*;q=0", false},
		{"gzipped", false},	 {"identity;q=0, *;q=0.5", true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (accept__gzip(rows[i].field) != rows[i].gzip)
			fail_msg("row %zu: %s", i, rows[i].field);
}

static void test_door(void **state)
{
	static const struct {
		const char *text;
		int err;
		bool loopback;
	} rows[] = {
		{"127.0.0.1:10942", 0, true},
		{"127.9.9.9:1", 0, true},
		{"[::1]:10942", 0, true},
		{"[::ffff:127.0.0.1]:1", 0, true},
		{"0.0.0.0:10942", 0, false},
		{"10.0.0.1:65535", 0, false},
		{"[::]:10942", 0, false},
		{"[fe80::1]:10942", 0, false},
		{":10942", 0, false},
		{"", -EINVAL, false},
		{"10942", -EINVAL, false},
		{"127.0.0.1", -EINVAL, false},
		{"127.0.0.1:", -EINVAL, false},
		{"127.0.0.1:65536", -EINVAL, false},
		{"127.0.0.1:-1", -EINVAL, false},
		{"127.0.0.1:1a", -EINVAL, false},
		{"127.1:10942", -EINVAL, false},
		{"::1:10942", -EINVAL, false},
		{"[::1]10942", -EINVAL, false},
		{"[]:1", -EINVAL, false},
		{"[127.0.0.1]:1", -EINVAL, false},
		{"localhost:10942", -EINVAL, false},
		{"[", -EINVAL, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct door d;
		int err = door__parse(rows[i].text, &d);

		if (err != rows[i].err || (!err && d.loopback != rows[i].loopback))
			fail_msg("row %zu: %s: %d", i, rows[i].text, err);
	}
}

#define GET "GET /metrics HTTP/1.1\r\n"
#define HOST "Host: a\r\n"

static void test_head(void **state)
{
	static const struct {
		const char *text;
		size_t n; /* 0: strlen */
		enum head_fault fault;
		bool body;
	} rows[] = {
		{GET HOST "\r\n", 0, HEAD_FINE, false},
		{"\r\n" GET HOST "\r\n", 0, HEAD_FINE, false},
		{GET HOST "Content-Length: 0\r\n\r\n", 0, HEAD_FINE, false},
		{GET HOST "content-length:\t000 \r\n\r\n", 0, HEAD_FINE, false},
		{GET HOST "X: a\tb\xff: c\r\n\r\n", 0, HEAD_FINE, false},
		{GET HOST "\r\n" GET HOST "\r\n", 0, HEAD_FINE, false},
		{GET HOST "Content-Length: 1\r\n\r\nx", 0, HEAD_FINE, true},
		{GET HOST "Content-Length: 10\r\n\r\n\n\n\n", 0, HEAD_FINE, true},
		{GET HOST "TRANSFER-encoding: chunked\r\n\r\n", 0, HEAD_FINE, true},
		{GET HOST "Content-Length: 5\r\nContent-Length: 5\r\n\r\n", 0, HEAD_MALFORMED,
		 true},
		{GET HOST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 0,
		 HEAD_MALFORMED, true},
		{GET HOST "Transfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n\r\n", 0,
		 HEAD_MALFORMED, true},
		{GET HOST "Content-Length: +5\r\n\r\n", 0, HEAD_MALFORMED, true},
		{GET HOST "Content-Length: 0x0\r\n\r\n", 0, HEAD_MALFORMED, false},
		{GET HOST HOST "\r\n", 0, HEAD_MALFORMED, false},
		{GET HOST "X: a\n\r\n", 0, HEAD_MALFORMED, false},
		{"GET /metrics HTTP/1.1\n" HOST "\r\n", 0, HEAD_MALFORMED, false},
		{GET HOST "X: a\rb\r\n\r\n", 0, HEAD_MALFORMED, false},
		{GET HOST "X: a\r\r\n\r\n", 0, HEAD_MALFORMED, false},
		{GET HOST "X: a\r\n b\r\n\r\n", 0, HEAD_MALFORMED, false},
		{GET HOST "X: a\r\n\tb\r\n\r\n", 0, HEAD_MALFORMED, false},
		{GET " Host: a\r\n\r\n", 0, HEAD_MALFORMED, false},
		{GET "Host : a\r\n\r\n", 0, HEAD_MALFORMED, false},
		{GET "Ho st: a\r\n\r\n", 0, HEAD_MALFORMED, false},
		{GET "Host\r\n\r\n", 0, HEAD_MALFORMED, false},
		{GET ": a\r\n\r\n", 0, HEAD_MALFORMED, false},
		{GET HOST "X: a\0b\r\n\r\n", sizeof(GET HOST "X: a\0b\r\n\r\n") - 1, HEAD_MALFORMED,
		 false},
		{GET HOST "X: \x1b[2J\r\n\r\n", 0, HEAD_MALFORMED, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		size_t n = rows[i].n ? rows[i].n : strlen(rows[i].text);

		/* whole, and byte by byte: the same */
		for (size_t step = 1; step <= n; step += n - 1) {
			struct head h = {0};

			for (size_t at = 0; at < n; at += step)
				head__feed(&h, rows[i].text + at, MIN(step, n - at));
			if (h.fault != rows[i].fault || (!h.fault && h.has_body != rows[i].body))
				fail_msg("row %zu, steps of %zu: fault %d, body %d", i, step,
					 h.fault, h.has_body);
			if (!h.fault && !rows[i].body && h.began_ns)
				fail_msg("row %zu: the head is not complete", i);
		}
	}
}

static void feed_fields(struct head *h, unsigned int n)
{
	head__feed(h, GET HOST, strlen(GET HOST));
	for (unsigned int i = 1; i < n; i++)
		head__feed(h, "X: y\r\n", 6);
	head__feed(h, "\r\n", 2);
}

static void test_head_limits(void **state)
{
	static char name[HEAD_BYTES];
	struct head h = {0};

	(void)state;
	/* twice on one connection: the counts begin anew */
	feed_fields(&h, HEAD_FIELDS);
	feed_fields(&h, HEAD_FIELDS);
	assert_int_equal(h.fault, HEAD_FINE);
	feed_fields(&h, HEAD_FIELDS + 1);
	assert_int_equal(h.fault, HEAD_TOO_LARGE);
	for (size_t over = 0; over < 2; over++) {
		size_t fill = HEAD_BYTES - strlen(GET HOST "X: \r\n\r\n") + over;

		h = (struct head){0};
		memset(name, 'x', fill);
		head__feed(&h, GET HOST "X: ", strlen(GET HOST "X: "));
		head__feed(&h, name, fill);
		head__feed(&h, "\r\n\r\n", 4);
		assert_int_equal(h.fault, over ? HEAD_TOO_LARGE : HEAD_FINE);
	}
	/* an unfinished head has a beginning, by which it is cut */
	h = (struct head){0};
	assert_int_equal(h.began_ns, 0);
	head__feed(&h, "G", 1);
	assert_int_not_equal(h.began_ns, 0);
}

static void test_self(void **state)
{
	struct self s = {.value = {[SELF_scrapes] = 3, [SELF_render] = 0.25},
			 .failures = {[FAIL_TIMEOUT] = 2}};
	cleanup_buf struct buf b = BUF_INIT;

	(void)state;
	self__render(&s, FORMAT_OPENMETRICS, &b);
	assert_non_null(
		strstr(b.data, "# TYPE aeo_export_scrapes counter\naeo_export_scrapes_total 3\n"));
	assert_non_null(strstr(
		b.data,
		"# UNIT aeo_export_render_seconds seconds\naeo_export_render_seconds_total 0.25\n"));
	assert_non_null(strstr(b.data, "aeo_export_failures_total{cause=\"timeout\"} 2\n"));
	assert_non_null(strstr(b.data, "aeo_export_failures_total{cause=\"sensor_away\"} 0\n"));
	assert_null(strstr(b.data, "# EOF"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_format),	    cmocka_unit_test(test_gzip),
		cmocka_unit_test(test_door),	    cmocka_unit_test(test_head),
		cmocka_unit_test(test_head_limits), cmocka_unit_test(test_self),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
