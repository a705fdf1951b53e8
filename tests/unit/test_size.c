/* SPDX-License-Identifier: Apache-2.0 */
#include "sense/size.h"
#include "testing.h"

#define MIB (1024.0 * 1024)
#define FIXED (4 * 1024 * 1024) /* maps that probes bring along */

static bool is_power(uint32_t n)
{
	return n && !(n & (n - 1));
}

/* The ceiling holds for every machine that we say it holds for, and what the maps need is there. */
static void test_ceiling(void **state)
{
	static const uint32_t cpus[] = {1, 2, 16, 128, 512};
	(void)state;

	for (size_t i = 0; i < sizeof(cpus) / sizeof(cpus[0]); i++) {
		struct map_sizes m;

		assert_int_equal(map_sizes__compute(cpus[i], 2048, 32 * 1024 * 1024, FIXED, &m), 0);
		print_message("%u CPUs: %.1f MiB, %u cgroups, %u shards\n", cpus[i],
			      (double)m.bytes / MIB, m.cgroups, m.shards);
		assert_true(m.bytes <= 32 * 1024 * 1024);
		assert_true(is_power(m.shards) && is_power(m.task_sets) && is_power(m.ring_evt) &&
			    is_power(m.ring_sec));
		assert_true(m.cgroups >= 257);
		assert_true(m.shards <= 8);
	}
}

static void test_two_cpus_have_all(void **state)
{
	struct map_sizes m;
	(void)state;

	assert_int_equal(map_sizes__compute(2, 2048, 32 * 1024 * 1024, FIXED, &m), 0);
	assert_int_equal(m.cgroups, 2049);
	assert_int_equal(m.calls, 16384);
	assert_int_equal(m.task_sets, 32768);
}

/* Memory is given up in the declared order: shards before maps, cgroups last. */
static void test_order(void **state)
{
	struct map_sizes roomy, tight;
	(void)state;

	assert_int_equal(map_sizes__compute(16, 2048, 64 * 1024 * 1024, FIXED, &roomy), 0);
	assert_int_equal(map_sizes__compute(16, 2048, roomy.bytes - 1, FIXED, &tight), 0);
	assert_true(tight.shards < roomy.shards);
	assert_int_equal(tight.cgroups, roomy.cgroups);
	assert_int_equal(tight.hists, roomy.hists);
}

static void test_too_small(void **state)
{
	struct map_sizes m;
	(void)state;

	assert_int_equal(map_sizes__compute(512, 2048, 1024 * 1024, FIXED, &m), -ENOSPC);
	assert_true(m.bytes > 1024 * 1024);
	assert_true(m.cgroups <= 2049 && m.cgroups > 64);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ceiling),
		cmocka_unit_test(test_two_cpus_have_all),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_too_small),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
