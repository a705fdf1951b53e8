/* SPDX-License-Identifier: Apache-2.0 */
/* Places and `other`: what is exported never steps back and nothing is counted twice, whoever comes, earns a place, and goes. */
#include "flow/flow.h"
#include "testing.h"

static const struct subject *subject(void *arg, uint64_t id)
{
	static struct subject s[8];
	static char labels[8][24];
	(void)arg;

	id &= 7;
	(void)snprintf(labels[id], sizeof(labels[id]), "cgroup=\"/c%u\"", (unsigned)id);
	s[id] = (struct subject){.cgroup_id = id, .cgroup = labels[id], .labels = labels[id]};
	return &s[id];
}

static const char *text(void *arg, uint32_t n)
{
	(void)arg;
	(void)n;
	return "x";
}

static const struct aeo_exemplar *no_exemplars(void *arg, bool dense, uint16_t channel)
{
	(void)arg;
	(void)dense;
	(void)channel;
	return NULL;
}

static const struct flow_doors doors = {NULL, subject, text, text, no_exemplars};

struct fixture {
	struct flow *flow;
	struct metrics *metrics;
	uint64_t now;
};

static void dense(struct fixture *x, uint64_t cgroup, uint64_t n)
{
	struct aeo_hist h = {.sum_ns = n * 1000000};
	struct reading r = {
		.kind = READ_DENSE, .channel = DENSE_runqueue, .cgroup_id = cgroup, .hist = &h};

	h.bucket[10] = n;
	flow__take(x->flow, &r);
}

static void call(struct fixture *x, uint64_t cgroup, uint32_t nr, uint64_t n)
{
	struct aeo_call c = {.calls = n, .err[ERR_AGAIN] = n};
	struct reading r = {.kind = READ_CALL, .label = nr, .cgroup_id = cgroup, .call = &c};

	flow__take(x->flow, &r);
}

/* Value of one sample in the rendered text, -1 when it is not there. */
static double sample(struct fixture *x, const char *line)
{
	cleanup_buf struct buf snap = BUF_INIT, out = BUF_INIT;
	const char *at;

	metrics__begin(x->metrics);
	flow__collect(x->flow, x->metrics);
	assert_int_equal(metrics__end(x->metrics, &snap), 0);
	assert_int_equal(metrics__render(snap.data, snap.len, FORMAT_PROMETHEUS, &out), 0);
	at = strstr(out.data, line);
	return at ? strtod(at + strlen(line), NULL) : -1;
}

static int setup(void **state)
{
	struct fixture *x = calloc(1, sizeof(*x));

	x->flow = flow__new(&doors, 2, 2);
	x->metrics = metrics__new(10000);
	*state = x;
	return x->flow && x->metrics ? 0 : -1;
}

static int teardown(void **state)
{
	struct fixture *x = *state;

	flow__free(x->flow);
	metrics__free(x->metrics);
	free(x);
	return 0;
}

static void pass(struct fixture *x, uint64_t a, uint64_t b, uint64_t c)
{
	x->now += 1000000000;
	flow__begin(x->flow, x->now);
	dense(x, 1, a);
	dense(x, 2, b);
	dense(x, 3, c);
	call(x, 1, 0, a);
	call(x, 1, 1, a);
	call(x, 1, 2, a);
	flow__end(x->flow);
}

#define OTHER "aeo_runqueue_seconds_count{cgroup=\"other\"} "
#define CALLS "aeo_syscall_calls_total{cgroup=\"other\",call=\"other\"} "
#define ERRORS "aeo_syscall_errors_total{cgroup=\"other\",class=\"EAGAIN\"} "
#define NODE "aeo_node_runqueue_seconds_count "

/* Own series and `other` together are the node's. */
static void assert_whole(struct fixture *x)
{
	double own1 = sample(x, "aeo_runqueue_seconds_count{cgroup=\"/c1\"} "),
	       own2 = sample(x, "aeo_runqueue_seconds_count{cgroup=\"/c2\"} ");

	assert_true(sample(x, OTHER) + MAX(own1, 0) + MAX(own2, 0) == sample(x, NODE));
}

static void test_places(void **state)
{
	struct fixture *x = *state;

	for (uint64_t i = 1; i <= 5; i++) {
		pass(x, 100 * i, 50 * i, i);
		assert_whole(x);
	}
	/* two places: the two that waited most have them, and started at nothing */
	assert_true(sample(x, "aeo_runqueue_seconds_count{cgroup=\"/c1\"} ") >= 0);
	assert_true(sample(x, "aeo_runqueue_seconds_count{cgroup=\"/c2\"} ") >= 0);
	assert_true(sample(x, "aeo_runqueue_seconds_count{cgroup=\"/c3\"} ") < 0);
	assert_true(sample(x, NODE) == 500 + 250 + 5);
	/* one without a place ends: all of it stays in `other` */
	flow__forget(x->flow, 3);
	x->now += 1000000000;
	flow__begin(x->flow, x->now);
	dense(x, 1, 600);
	dense(x, 2, 300);
	flow__end(x->flow);
	assert_whole(x);
	assert_true(sample(x, NODE) == 600 + 300 + 5);
}

static void test_other_never_steps_back(void **state)
{
	struct fixture *x = *state;
	double before = 0, node = 0, calls = 0, errors = 0;

	for (uint64_t i = 1; i <= 12; i++) {
		if (i <= 8)
			pass(x, 10 * i, 5 * i, i);
		else
			pass(x, 80, 40, 8 + i);
		if (i == 6)
			flow__forget(x->flow, 3);
		if (i == 9)
			flow__forget(x->flow, 1);
		assert_true(sample(x, OTHER) >= before);
		assert_true(sample(x, NODE) >= node);
		assert_true(sample(x, CALLS) >= calls);
		assert_true(sample(x, ERRORS) >= errors);
		calls = sample(x, CALLS);
		errors = sample(x, ERRORS);
		before = sample(x, OTHER);
		node = sample(x, NODE);
	}
}

/* A reading that is behind (an entry moved between the cache and the shared map) does not pull a series back. */
static void test_reading_behind(void **state)
{
	struct fixture *x = *state;
	double before;

	pass(x, 100, 0, 0);
	before = sample(x, "aeo_syscall_calls_total{cgroup=\"other\",call=\"other\"} ");
	assert_true(before == 300);
	pass(x, 90, 0, 0);
	assert_true(sample(x, "aeo_syscall_calls_total{cgroup=\"other\",call=\"other\"} ") ==
		    before);
}

static void test_calls(void **state)
{
	struct fixture *x = *state;
	double own = 0, all;

	for (uint64_t i = 1; i <= 6; i++)
		pass(x, 100 * i, 50 * i, i);
	/* two calls have a place each, the third is in `other`; what they counted before is there too */
	static const char *const names[] = {"read", "write", "open"};
	size_t places = 0;
	for (size_t i = 0; i < 3; i++) {
		char line[80];
		double v;

		(void)snprintf(line, sizeof(line),
			       "aeo_syscall_calls_total{cgroup=\"/c1\",call=\"%s\"} ", names[i]);
		v = sample(x, line);
		places += v >= 0;
		own += v >= 0 ? v : 0;
	}
	assert_int_equal(places, 2);
	all = own + sample(x, "aeo_syscall_calls_total{cgroup=\"/c1\",call=\"other\"} ") +
	      sample(x, "aeo_syscall_calls_total{cgroup=\"other\",call=\"other\"} ");
	assert_true(all == 1800);
}

static void disk(struct fixture *x, uint64_t cgroup, uint32_t dev, uint64_t ms, uint64_t resent)
{
	struct aeo_hist h = {.sum_ns = ms * 1000000};
	struct reading io = {.kind = READ_HIST,
			     .channel = HIST_block,
			     .label = dev,
			     .cgroup_id = cgroup,
			     .hist = &h};
	struct reading sent = {.kind = READ_COUNT,
			       .channel = COUNT_tcp_retransmits,
			       .cgroup_id = cgroup,
			       .count = resent};
	struct reading queue = io, bytes = sent;

	queue.channel = HIST_block_queue;
	bytes.channel = COUNT_tcp_bytes;
	flow__take(x->flow, &io);
	flow__take(x->flow, &queue);
	if (!resent)
		return;
	flow__take(x->flow, &sent);
	flow__take(x->flow, &bytes);
}

static bool row_of(struct fixture *x, uint64_t cgroup, struct flow_row *ret)
{
	size_t at = 0;

	while (flow__row(x->flow, &at, ret))
		if (ret->cgroup_id == cgroup)
			return true;
	return false;
}

/* What `top` shows of block I/O (both devices together) and of segments sent again, also of a cgroup known by nothing else. */
static void test_rows(void **state)
{
	struct fixture *x = *state;
	struct flow_row r;

	for (uint64_t i = 1; i <= 3; i++) {
		x->now += 2000000000;
		flow__begin(x->flow, x->now);
		disk(x, 5, 1, 100 * i, 10 * i);
		disk(x, 5, 2, 300 * i, 0);
		disk(x, 0, 1, 9000 * i, 9000 * i);
		flow__end(x->flow);
	}
	assert_true(row_of(x, 5, &r));
	assert_float_equal(r.io_wait, 0.2, 1e-9);
	assert_float_equal(r.retransmits, 5, 1e-9);
	assert_false(row_of(x, 0, &r));
	flow__forget(x->flow, 5);
	assert_false(row_of(x, 5, &r));
}

/* A scrape between two ticks brings totals up to date; the rates of a tick stay per second of the whole tick. */
static void test_scrape_between(void **state)
{
	struct fixture *x = *state;
	struct flow_row r;

	for (uint64_t i = 1; i <= 3; i++)
		pass(x, 100 * i, 0, 0);
	flow__begin(x->flow, x->now + 900000000);
	dense(x, 1, 390);
	call(x, 1, 0, 390);
	pass(x, 400, 0, 0);
	assert_true(row_of(x, 1, &r));
	assert_float_equal(r.cpu_wait, 0.1, 1e-9);
	assert_float_equal(r.calls, 300, 1e-6);
}

/* One that lost its place for idleness, and waited more than all others before, does not stand in their way. */
static void test_idle_stands_aside(void **state)
{
	struct fixture *x = *state;

	for (uint64_t i = 1; i <= 4; i++)
		pass(x, 10000 * i, 5000 * i, 0);
	x->now += 700000000000;
	for (uint64_t i = 1; i <= 4; i++) {
		x->now += 1000000000;
		flow__begin(x->flow, x->now);
		for (uint64_t c = 3; c <= 4; c++)
			dense(x, c, i * c);
		flow__end(x->flow);
	}
	assert_true(sample(x, "aeo_runqueue_seconds_count{cgroup=\"/c1\"} ") < 0);
	assert_true(sample(x, "aeo_runqueue_seconds_count{cgroup=\"/c3\"} ") >= 0);
	assert_true(sample(x, "aeo_runqueue_seconds_count{cgroup=\"/c4\"} ") >= 0);
}

static void execs(struct fixture *x, uint64_t cgroup, uint64_t n)
{
	struct reading r = {
		.kind = READ_COUNT, .channel = COUNT_exec, .cgroup_id = cgroup, .count = n};
	struct aeo_hist h = {.sum_ns = n * 1000000};
	struct reading rtt = {
		.kind = READ_HIST, .channel = HIST_tcp_rtt, .cgroup_id = cgroup, .hist = &h};

	h.bucket[10] = n;
	flow__take(x->flow, &r);
	flow__take(x->flow, &rtt);
}

/* What a cgroup counted outlives it: the sum over all series does not step back. */
static void test_keys_of_the_gone(void **state)
{
	struct fixture *x = *state;

	for (uint64_t i = 0; i < 2; i++) {
		flow__begin(x->flow, x->now += 1000000000);
		execs(x, ~0ULL, 2);
		if (!i) {
			execs(x, 3, 7);
			assert_true(sample(x, "aeo_exec_total{cgroup=\"/c3\"} ") == 7);
		}
		flow__end(x->flow);
		flow__forget(x->flow, 3);
	}
	assert_true(sample(x, "aeo_exec_total{cgroup=\"/c3\"} ") < 0);
	assert_true(sample(x, "aeo_exec_total{cgroup=\"other\"} ") == 9);
	assert_true(sample(x, "aeo_tcp_rtt_seconds_count{cgroup=\"other\"} ") == 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_places, setup, teardown),
		cmocka_unit_test_setup_teardown(test_other_never_steps_back, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reading_behind, setup, teardown),
		cmocka_unit_test_setup_teardown(test_calls, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rows, setup, teardown),
		cmocka_unit_test_setup_teardown(test_scrape_between, setup, teardown),
		cmocka_unit_test_setup_teardown(test_idle_stands_aside, setup, teardown),
		cmocka_unit_test_setup_teardown(test_keys_of_the_gone, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
