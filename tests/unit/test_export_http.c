/* SPDX-License-Identifier: Apache-2.0 */
/* The exporter as a client meets it, and as it meets its sensor. */
#include "export_rig.h"

#include <fcntl.h>
#include <zlib.h>

#define LOCAL "127.0.0.1:0"
#define GET "GET /metrics HTTP/1.1\r\n"
#define HOST "Host: a\r\n"

static int setup(void **state)
{
	struct rig *r = calloc(1, sizeof(*r));

	rig_init(r);
	rig_sensor_start(r, 0666);
	*state = r;
	return 0;
}

static int teardown(void **state)
{
	rig_done(*state);
	free(*state);
	return 0;
}

static void inflate_body(const struct buf *answer, struct buf *text)
{
	char *body = strstr(answer->data, "\r\n\r\n") + 4;
	z_stream z = {.next_in = (unsigned char *)body,
		      .avail_in = (unsigned int)(answer->len - (size_t)(body - answer->data))};

	assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
	assert_int_equal(buf__reserve(text, 4 << 20), 0);
	z.next_out = (unsigned char *)text->data;
	z.avail_out = 4 << 20;
	assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
	text->len = z.total_out;
	text->data[text->len] = '\0';
	(void)inflateEnd(&z);
}

static void test_pages(void **state)
{
	struct rig *r = *state;
	cleanup_buf struct buf b = BUF_INIT, text = BUF_INIT;
	int fd;

	assert_true(rig_start(r, LOCAL, HTTP_LIMITS));
	assert_int_equal(rig_get(r, "/metrics", "", &b), 200);
	assert_non_null(
		strstr(b.data, "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
	assert_non_null(strstr(b.data, "\naeo_exec_total{cgroup=\"/asked\"} 1\n"));
	assert_non_null(strstr(b.data, "\naeo_export_scrapes_total 1\n"));
	assert_null(strstr(b.data, "# EOF"));
	assert_int_equal(rig_get(r, "/metrics?x=1",
				 "Accept: application/openmetrics-text; version=1.0.0\r\n", &b),
			 200);
	assert_non_null(strstr(
		b.data,
		"Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n"));
	/* one snapshot a scrape, no cache */
	assert_non_null(strstr(b.data, "\naeo_exec_total{cgroup=\"/asked\"} 2\n"));
	assert_string_equal(b.data + b.len - 6, "# EOF\n");
	assert_int_equal(rig_get(r, "/metrics", "Accept-Encoding: gzip\r\n", &b), 200);
	assert_non_null(strstr(b.data, "Content-Encoding: gzip\r\n"));
	inflate_body(&b, &text);
	assert_non_null(strstr(text.data, "\naeo_exec_total{cgroup=\"/asked\"} 3\n"));
	assert_int_equal(rig_get(r, "/healthz", "", &b), 200);
	assert_int_equal(rig_get(r, "/readyz", "", &b), 200);
	assert_int_equal(rig_get(r, "/", "", &b), 404);
	assert_int_equal(rig_get(r, "/metrics/", "", &b), 404);
	/* one connection serves many requests */
	fd = rig_connect(r);
	assert_int_equal(rig_say(fd, "HEAD /metrics HTTP/1.1\r\n" HOST "\r\n", &b), 200);
	assert_true(rig_length(b.data) > 1000);
	assert_string_equal(b.data + b.len - 4, "\r\n\r\n");
	assert_int_equal(rig_say(fd, "POST /metrics HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n",
				 &b),
			 405);
	assert_non_null(strstr(b.data, "Allow: GET, HEAD\r\n"));
	assert_int_equal(rig_say(fd, "DELETE /healthz HTTP/1.1\r\n" HOST "\r\n", &b), 405);
	assert_int_equal(rig_say(fd, GET HOST "\r\n", &b), 200);
	close(fd);
	assert_int_equal(rig_end(r), 0);
}

/* What a head may be, and that the connection ends behind one that may not. */
static void test_strict(void **state)
{
	static char fields[65 * 8 + 1], large[17000];
	static const struct {
		const char *text;
		int status;
	} rows[] = {
		{GET HOST "\r\n", 200},
		{GET HOST "Content-Length: 0\r\n\r\n", 200},
		{GET "\r\n", 400},
		{GET HOST HOST "\r\n", 400},
		{GET HOST "X: a\n\r\n", 400},
		{GET HOST "X: a\r\n b\r\n\r\n", 400},
		{GET HOST "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400},
		{GET HOST "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
		{GET HOST "Content-Length: 3\r\n\r\nabc", 413},
		{GET HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 413},
		{GET HOST "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n", 413},
		{GET HOST "Host : b\r\n\r\n", 400},
		{fields, 431},
		{large, 431},
	};
	struct rig *r = *state;
	cleanup_buf struct buf b = BUF_INIT;
	size_t n;

	(void)snprintf(fields, sizeof(fields), "%s", GET HOST);
	for (n = strlen(fields); n + 8 < sizeof(fields); n += 6)
		(void)snprintf(fields + n, sizeof(fields) - n, "X: y\r\n");
	(void)snprintf(fields + n, sizeof(fields) - n, "\r\n");
	n = (size_t)snprintf(large, sizeof(large), "%sX: ", GET HOST);
	memset(large + n, 'x', sizeof(large) - n);
	(void)snprintf(large + sizeof(large) - 5, 5, "\r\n\r\n");
	assert_true(rig_start(r, LOCAL, HTTP_LIMITS));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int fd = rig_connect(r), status = rig_say(fd, rows[i].text, &b);

		if (status != rows[i].status)
			fail_msg("row %zu: %d", i, status);
		if (status != 200) {
			status = rig_read(fd, &b, false, 2000);
			assert_int_equal(status, 0);
		}
		close(fd);
	}
	assert_int_equal(rig_get(r, "/metrics", "", &b), 200);
	assert_non_null(strstr(b.data, "\naeo_export_refused_total 1"));
}

/* The largest head and the most fields that are allowed are served. */
static void test_largest_head(void **state)
{
	static char large[16384 + 1];
	struct rig *r = *state;
	cleanup_buf struct buf b = BUF_INIT;
	size_t n;
	int fd;

	assert_true(rig_start(r, LOCAL, HTTP_LIMITS));
	n = (size_t)snprintf(large, sizeof(large), "%s", GET HOST);
	for (int i = 0; i < 62; i++)
		n += (size_t)snprintf(large + n, sizeof(large) - n, "X-%d: y\r\n", i);
	n += (size_t)snprintf(large + n, sizeof(large) - n, "X: ");
	memset(large + n, 'x', sizeof(large) - 1 - n);
	(void)snprintf(large + sizeof(large) - 5, 5, "\r\n\r\n");
	assert_int_equal(strlen(large), 16384);
	fd = rig_connect(r);
	assert_int_equal(rig_say(fd, large, &b), 200);
	/* and again on the same connection */
	assert_int_equal(rig_say(fd, large, &b), 200);
	close(fd);
}

static void test_sensor_comes_and_goes(void **state)
{
	struct rig *r = *state;
	cleanup_buf struct buf b = BUF_INIT;
	int status = 0;

	rig_sensor_stop(r);
	(void)unlink(r->socket);
	assert_true(rig_start(r, LOCAL, HTTP_LIMITS));
	for (int round = 0; round < 2; round++) {
		assert_int_equal(rig_get(r, "/metrics", "", &b), 503);
		assert_int_equal(rig_get(r, "/readyz", "", &b), 503);
		assert_int_equal(rig_get(r, "/healthz", "", &b), 200);
		rig_sensor_start(r, 0666);
		for (int i = 0; i < 30 && status != 200; i++) {
			(void)usleep(100000);
			status = rig_get(r, "/metrics", "", &b);
		}
		assert_int_equal(status, 200);
		assert_int_equal(rig_get(r, "/readyz", "", &b), 200);
		rig_sensor_stop(r);
		(void)usleep(100000);
		status = 0;
	}
	assert_int_equal(rig_end(r), 0);
}

/* A sensor that does not answer holds up its own scrapes, for five seconds, and nobody else. */
static void test_silent_sensor(void **state)
{
	struct rig *r = *state;
	cleanup_buf struct buf b = BUF_INIT;
	uint64_t began;
	int fd[2];

	assert_true(rig_start(r, LOCAL, HTTP_LIMITS));
	r->mode = SENSOR_SILENT;
	for (int i = 0; i < 2; i++) {
		fd[i] = rig_connect(r);
		assert_int_equal(send(fd[i], GET HOST "\r\n", strlen(GET HOST "\r\n"), 0),
				 strlen(GET HOST "\r\n"));
	}
	(void)usleep(100000);
	began = clock__mono();
	assert_int_equal(rig_get(r, "/healthz", "", &b), 200);
	assert_true(clock__mono() - began < 500 * NS_PER_MS);
	for (int i = 0; i < 2; i++)
		assert_int_equal(rig_read(fd[i], &b, false, 8000), 503);
	assert_in_range((clock__mono() - began) / NS_PER_MS, 4000, 7000);
	assert_int_equal(rig_get(r, "/readyz", "", &b), 503);
	/* the late answer goes to nobody: the next scrape has its own */
	r->mode = SENSOR_GOOD;
	(void)usleep(200000);
	assert_int_equal(rig_say(fd[0], GET HOST "\r\n", &b), 200);
	assert_non_null(strstr(b.data, "\naeo_exec_total{cgroup=\"/asked\"} 2\n"));
	assert_non_null(strstr(b.data, "\naeo_export_failures_total{cause=\"timeout\"} 2\n"));
	assert_int_equal(rig_get(r, "/readyz", "", &b), 200);
	close(fd[0]);
	close(fd[1]);
}

static void test_bad_answers(void **state)
{
	static const enum sensor_mode modes[] = {SENSOR_GARBAGE, SENSOR_ERROR, SENSOR_NOFRAME};
	struct rig *r = *state;
	cleanup_buf struct buf b = BUF_INIT;

	assert_true(rig_start(r, LOCAL, HTTP_LIMITS));
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		r->mode = modes[i];
		assert_int_equal(rig_get(r, "/metrics", "", &b), 503);
	}
	r->mode = SENSOR_GOOD;
	(void)usleep(1500000);
	assert_int_equal(rig_get(r, "/metrics", "", &b), 200);
	assert_non_null(strstr(b.data, "\naeo_export_failures_total{cause=\"bad_answer\"} 2\n"));
	assert_non_null(strstr(b.data, "\naeo_export_failures_total{cause=\"sensor_away\"} 1\n"));
}

/* A client that goes away while its scrape waits, and one that asks before it has read. */
static void test_rude_clients(void **state)
{
	struct rig *r = *state;
	cleanup_buf struct buf b = BUF_INIT;
	int fd;

	assert_true(rig_start(r, LOCAL, HTTP_LIMITS));
	r->mode = SENSOR_SILENT;
	for (int i = 0; i < 10; i++) {
		fd = rig_connect(r);
		(void)send(fd, GET HOST "\r\n", strlen(GET HOST "\r\n"), 0);
		(void)usleep(20000);
		close(fd);
	}
	r->mode = SENSOR_GOOD;
	(void)usleep(300000);
	fd = rig_connect(r);
	assert_int_equal(rig_say(fd, GET HOST "\r\n" GET HOST "\r\n", &b), 200);
	close(fd);
	assert_int_equal(rig_get(r, "/metrics", "", &b), 200);
	assert_int_equal(rig_end(r), 0);
}

/* More scrapes at once than may wait: the rest is told so. */
static void test_many_scrapes(void **state)
{
	enum { N = SOURCE_WAITING + 8 };
	struct rig *r = *state;
	cleanup_buf struct buf b = BUF_INIT;
	int fd[N], ok = 0, busy = 0;

	assert_true(rig_start(r, LOCAL, HTTP_LIMITS));
	r->mode = SENSOR_SILENT;
	for (int i = 0; i < N; i++) {
		fd[i] = rig_connect(r);
		(void)send(fd[i], GET HOST "\r\n", strlen(GET HOST "\r\n"), 0);
	}
	(void)usleep(200000);
	r->mode = SENSOR_GOOD;
	for (int i = 0; i < N; i++) {
		int status = rig_read(fd[i], &b, false, 5000);

		ok += status == 200;
		busy += status == 503;
		close(fd[i]);
	}
	assert_int_equal(ok, SOURCE_WAITING);
	assert_int_equal(busy, 8);
}

/* Slow heads, slow readers and idle connections have their time, and are cut. */
static void test_slow_clients(void **state)
{
	struct rig *r = *state;
	cleanup_buf struct buf b = BUF_INIT;
	int drip, reader, idle, fresh, gone = 0, small = 4096;
	char text[4096];

	r->series = 60000; /* more than the socket's buffers take */
	assert_true(rig_start(r, LOCAL, ((struct http_limits){2, 2, 4})));
	idle = rig_connect(r);
	assert_int_equal(rig_say(idle, "GET /healthz HTTP/1.1\r\n" HOST "\r\n", &b), 200);
	fresh = rig_connect(r);
	drip = rig_connect(r);
	reader = rig_connect(r);
	(void)setsockopt(reader, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	(void)send(reader, GET HOST "\r\n", strlen(GET HOST "\r\n"), 0);
	/* a byte now and then does not help */
	for (int i = 0; i < 45; i++) {
		struct pollfd p = {drip, POLLIN, 0};

		(void)usleep(100000);
		if (send(drip, i == 0 ? "GET / " : "x", i == 0 ? 6 : 1, MSG_NOSIGNAL) < 0 ||
		    (poll(&p, 1, 0) && p.revents & POLLHUP)) {
			gone = i;
			break;
		}
		if (i == 30) /* still open: it had a request, so more time between two */
			assert_int_equal(rig_say(idle, "GET /healthz HTTP/1.1\r\n" HOST "\r\n", &b),
					 200);
	}
	assert_in_range(gone, 15, 36);
	assert_int_equal(read(fresh, text, sizeof(text)), 0);
	(void)usleep(100000);
	r->series = 0;
	assert_int_equal(rig_get(r, "/metrics", "", &b), 200);
	assert_non_null(strstr(b.data, "\naeo_export_cut_total 3\n"));
	assert_non_null(strstr(b.data, "\naeo_export_connections 2\n"));
	close(drip);
	close(reader);
	close(idle);
	close(fresh);
}

/* The connection above the limit is not accepted, until another one ends. */
static void test_connection_limit(void **state)
{
	struct rig *r = *state;
	cleanup_buf struct buf b = BUF_INIT;
	static int fd[HTTP_CONNECTIONS + 1];
	const char ask[] = "GET /healthz HTTP/1.1\r\n" HOST "\r\n";

	assert_true(rig_start(r, LOCAL, HTTP_LIMITS));
	for (int i = 0; i < HTTP_CONNECTIONS; i++) {
		fd[i] = rig_connect(r);
		assert_int_equal(rig_say(fd[i], ask, &b), 200);
	}
	fd[HTTP_CONNECTIONS] = rig_connect(r);
	assert_int_equal(send(fd[HTTP_CONNECTIONS], ask, strlen(ask), 0), strlen(ask));
	assert_int_equal(rig_read(fd[HTTP_CONNECTIONS], &b, false, 500), 0);
	close(fd[0]);
	assert_int_equal(rig_read(fd[HTTP_CONNECTIONS], &b, false, 3000), 200);
	for (int i = 1; i <= HTTP_CONNECTIONS; i++)
		close(fd[i]);
	assert_int_equal(rig_end(r), 0);
}

static void test_refuses_to_start(void **state)
{
	struct rig *r = *state, other = {0};
	char listen[32];

	/* the network without TLS */
	assert_false(rig_start(r, "0.0.0.0:0", HTTP_LIMITS));
	assert_int_equal(rig_wait(r), EXPORT_CONFIG);
	assert_non_null(strstr(r->said.data, "export.insecure"));
	rig_config(r, "export:\n  insecure: true\n");
	assert_true(rig_start(r, "0.0.0.0:0", HTTP_LIMITS));
	/* a port that is taken */
	rig_init(&other);
	(void)snprintf(listen, sizeof(listen), "127.0.0.1:%u", r->port);
	assert_false(rig_start(&other, listen, HTTP_LIMITS));
	assert_int_equal(rig_wait(&other), 1);
	assert_non_null(strstr(other.said.data, "another program has this port"));
	/* half a TLS */
	rig_config(&other, "export:\n  tls_certificate: /nowhere\n");
	assert_false(rig_start(&other, LOCAL, HTTP_LIMITS));
	assert_int_equal(rig_wait(&other), EXPORT_CONFIG);
	assert_non_null(strstr(other.said.data, "go together"));
	rig_done(&other);
}

static void test_leash(void **state)
{
	struct rig *r = *state;

	assert_true(rig_start(r, LOCAL, HTTP_LIMITS));
	assert_int_equal(write(r->leash, "news", 4), 4);
	(void)usleep(100000);
	assert_int_equal(kill(r->pid, 0), 0);
	close(r->leash);
	r->leash = -1;
	assert_int_equal(rig_wait(r), 0);
}

static void test_hangup(void **state)
{
	struct rig *r = *state;
	cleanup_buf struct buf b = BUF_INIT;

	assert_true(rig_start(r, LOCAL, HTTP_LIMITS));
	rig_config(r, "export:\n  listen: 127.0.0.1:9\n");
	assert_int_equal(kill(r->pid, SIGHUP), 0);
	assert_true(rig_hears(r, "export.listen takes effect at the next start", 2000));
	rig_config(r, "export:\n  nonsense: 1\n");
	assert_int_equal(kill(r->pid, SIGHUP), 0);
	assert_true(rig_hears(r, "the configuration in use stays", 2000));
	assert_int_equal(rig_get(r, "/metrics", "", &b), 200);
}

static bool status_has(pid_t pid, const char *line)
{
	char path[64], text[4096];
	cleanup_fd int fd = -1;
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/%d/status", pid);
	fd = open(path, O_RDONLY);
	n = read(fd, text, sizeof(text) - 1);
	assert_true(n > 0);
	text[n] = '\0';
	return strstr(text, line);
}

static void test_rights(void **state)
{
	struct rig *r = *state;

	assert_true(rig_start(r, LOCAL, HTTP_LIMITS));
	assert_true(status_has(r->pid, "\nNoNewPrivs:\t1\n"));
	if (getuid())
		skip();
	assert_true(status_has(r->pid, "\nCapPrm:\t0000000000000000\n"));
	assert_true(status_has(r->pid, "\nCapEff:\t0000000000000000\n"));
	assert_false(status_has(r->pid, "\nUid:\t0\t"));
	assert_false(status_has(r->pid, "\t0\t0\t0\n"));
}

/* Where the socket is root's alone: connected before the rights are dropped; ends with its own code
 * when a new start is needed. */
static void test_locked_out(void **state)
{
	struct rig *r = *state;
	cleanup_buf struct buf b = BUF_INIT;

	if (getuid())
		skip();
	rig_sensor_stop(r);
	rig_sensor_start(r, 0600);
	assert_true(rig_start(r, LOCAL, HTTP_LIMITS));
	assert_int_equal(rig_get(r, "/metrics", "", &b), 200);
	rig_sensor_stop(r);
	/* only its old socket is there: nothing that a new start would mend */
	(void)usleep(2500000);
	assert_int_equal(rig_get(r, "/metrics", "", &b), 503);
	rig_sensor_start(r, 0600);
	assert_int_equal(rig_wait(r), EXPORT_LOCKED_OUT);
	/* started while nobody listens */
	rig_sensor_stop(r);
	assert_true(rig_start(r, LOCAL, HTTP_LIMITS));
	(void)usleep(1500000);
	assert_int_equal(rig_get(r, "/healthz", "", &b), 200);
	rig_sensor_start(r, 0600);
	assert_int_equal(rig_wait(r), EXPORT_LOCKED_OUT);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_pages),
		TEST(test_strict),
		TEST(test_largest_head),
		TEST(test_silent_sensor),
		TEST(test_bad_answers),
		TEST(test_sensor_comes_and_goes),
		TEST(test_rude_clients),
		TEST(test_many_scrapes),
		TEST(test_slow_clients),
		TEST(test_rights),
		TEST(test_connection_limit),
		TEST(test_refuses_to_start),
		TEST(test_leash),
		TEST(test_hangup),
		TEST(test_locked_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
