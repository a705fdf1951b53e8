/* SPDX-License-Identifier: Apache-2.0 */
#include "intake.h"
#include "testing.h"

static struct aeo_big record(enum aeo_probe probe, uint32_t cpu, uint64_t seq, uint16_t extra,
			     uint16_t tail)
{
	struct aeo_big b;

	memset(&b, 0, sizeof(b));
	b.ev.abi = AEO_ABI;
	b.ev.probe = (uint16_t)probe;
	b.ev.cpu = cpu;
	b.ev.seq = seq;
	b.ev.extra = extra;
	b.ev.tail = tail;
	b.ev.len = (uint32_t)(sizeof(b.ev) + 8u * extra + tail);
	return b;
}

static void test_good(void **state)
{
	struct aeo_big b = record(PROBE_exec, 1, 1, 2, 5);
	struct event e;
	(void)state;

	b.extra[1] = 77;
	memcpy((char *)&b.extra[2], "hello", 5);
	assert_int_equal(intake__check(&b, b.ev.len, 2, &e), 0);
	assert_int_equal(e.extra[1], 77);
	assert_memory_equal(e.tail, "hello", 5);
	/* the ring may hand over more than the record says */
	assert_int_equal(intake__check(&b, sizeof(b), 2, &e), 0);
}

static void refuse(struct aeo_big *b, size_t n)
{
	struct event e;

	assert_int_equal(intake__check(b, n, 2, &e), -EPROTO);
}

static void test_refused(void **state)
{
	struct aeo_big b = record(PROBE_exec, 1, 1, 0, 0), bad;
	(void)state;

	refuse(&b, sizeof(b.ev) - 1);
	bad = b, bad.ev.abi++, refuse(&bad, sizeof(bad));
	bad = b, bad.ev.probe = PROBE_MAX, refuse(&bad, sizeof(bad));
	bad = b, bad.ev.cpu = 2, refuse(&bad, sizeof(bad));
	bad = b, bad.ev.len--, refuse(&bad, sizeof(bad));
	bad = b, bad.ev.tail = 1, refuse(&bad, sizeof(bad));
	bad = b, bad.ev.extra = AEO_EXTRA + 1, refuse(&bad, sizeof(bad));
	bad = record(PROBE_exec, 1, 1, AEO_EXTRA, AEO_TAIL), refuse(&bad, sizeof(bad) - 1);
	bad = b, memset(bad.ev.comm, 'x', sizeof(bad.ev.comm)), refuse(&bad, sizeof(bad));
	bad = b, memset(bad.ev.text, 'x', sizeof(bad.ev.text)), refuse(&bad, sizeof(bad));
	bad = record(PROBE_exec, 1, 1, 0, 0);
	bad.ev.tail = AEO_TAIL + 1, bad.ev.len = sizeof(bad.ev) + AEO_TAIL + 1,
	refuse(&bad, sizeof(bad) + 8);
}

/* A hole in the sequence of one probe on one CPU is a loss there, and nowhere else. */
static void test_holes(void **state)
{
	struct intake *in = intake__new(2);
	struct event e;
	(void)state;

	assert_non_null(in);
	for (uint64_t seq = 1; seq <= 3; seq++) {
		struct aeo_big b = record(PROBE_exec, 0, seq, 0, 0);

		assert_int_equal(intake__take(in, &b, sizeof(b.ev), &e), 0);
		assert_int_equal(e.lost_before, 0);
	}
	struct aeo_big b = record(PROBE_exec, 0, 8, 0, 0);
	assert_int_equal(intake__take(in, &b, sizeof(b.ev), &e), 0);
	assert_int_equal(e.lost_before, 4);
	b = record(PROBE_exec, 1, 1, 0, 0);
	assert_int_equal(intake__take(in, &b, sizeof(b.ev), &e), 0);
	assert_int_equal(e.lost_before, 0);
	b.ev.abi = 99;
	assert_int_equal(intake__take(in, &b, sizeof(b.ev), &e), -EPROTO);
	assert_int_equal(intake__received(in, PROBE_exec), 5);
	assert_int_equal(intake__refused(in), 1);
	intake__free(in);
}

/* Every probe's row names at most what a record can carry, and every name fits. */
static void test_rows(void **state)
{
	char name[24], unit[24];
	(void)state;

	for (enum aeo_probe p = 0; p < PROBE_MAX; p++) {
		size_t n = 0;

		while (probe__field(p, n, name, unit)) {
			assert_true(strlen(name) > 0 && strlen(name) < sizeof(name) - 1);
			assert_true(strlen(unit) > 0);
			n++;
		}
		assert_true(n <= AEO_SLOTS + AEO_EXTRA);
		assert_int_equal(probe__find(probe__row(p)->name), p);
		assert_true(strlen(probe__row(p)->what) > 0 && strlen(probe__row(p)->blind) > 0);
	}
	assert_int_equal(probe__find("no such"), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_holes),
		cmocka_unit_test(test_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
