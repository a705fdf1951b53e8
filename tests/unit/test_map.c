/* SPDX-License-Identifier: Apache-2.0 */
#include "testing.h"

#include "map.h"

static void put_get_remove(void **state)
{
	struct map *m = map__new(sizeof(uint64_t), sizeof(uint32_t), 10);
	uint64_t key = 7;
	bool new = false;
	uint32_t *v;

	(void)state;
	assert_non_null(m);
	assert_null(map__get(m, &key));
	v = map__put(m, &key, &new);
	assert_non_null(v);
	assert_true(new);
	assert_int_equal(*v, 0);
	*v = 42;
	assert_ptr_equal(map__put(m, &key, &new), v);
	assert_false(new);
	assert_int_equal(*(uint32_t *)map__get(m, &key), 42);
	assert_int_equal(map__count(m), 1);
	assert_true(map__remove(m, &key));
	assert_false(map__remove(m, &key));
	assert_null(map__get(m, &key));
	assert_int_equal(map__count(m), 0);
	m = map__free(m);
	assert_null(m);
}

static void refuses_when_full(void **state)
{
	struct map *m = map__new(1, 1, 2);
	bool new = false;

	(void)state;
	assert_non_null(map__put(m, "a", NULL));
	assert_non_null(map__put(m, "b", NULL));
	new = false;
	errno = 0;
	assert_null(map__put(m, "c", &new));
	assert_int_equal(errno, ENOSPC);
	assert_false(new); /* untouched on failure */
	assert_non_null(map__put(m, "a", NULL));
	assert_true(map__remove(m, "a"));
	assert_non_null(map__put(m, "c", NULL));
	map__free(m);
}

/* 200,000 steps against a plain array; values must keep their place while the map grows. */
static void agrees_with_an_array(void **state)
{
	enum { KEYS = 3000 };
	struct map *m = map__new(sizeof(uint32_t), sizeof(uint64_t), KEYS);
	uint64_t *place[KEYS] = {NULL}, rnd = 1;
	size_t count = 0;

	(void)state;
	for (int i = 0; i < 200000; i++) {
		uint32_t key;
		bool new = false;

		rnd = rnd * 6364136223846793005ull + 1442695040888963407ull;
		key = (uint32_t)(rnd >> 33) % KEYS;
		if (rnd >> 63) {
			uint64_t *v = map__put(m, &key, &new);

			assert_non_null(v);
			assert_int_equal(new, place[key] == NULL);
			if (!new)
				assert_ptr_equal(v, place[key]);
			*v = key;
			count += new;
			place[key] = v;
		} else {
			assert_int_equal(map__remove(m, &key), place[key] != NULL);
			count -= place[key] != NULL;
			place[key] = NULL;
		}
		assert_int_equal(map__count(m), count);
	}
	for (uint32_t key = 0; key < KEYS; key++) {
		assert_ptr_equal(map__get(m, &key), place[key]);
		if (place[key])
			assert_int_equal(*place[key], key);
	}
	map__free(m);
}

static void walk_may_remove(void **state)
{
	struct map *m = map__new(sizeof(uint32_t), sizeof(uint32_t), 1000);
	const void *key;
	size_t at = 0, seen = 0;
	uint32_t *v;

	(void)state;
	for (uint32_t i = 0; i < 1000; i++)
		*(uint32_t *)map__put(m, &i, NULL) = i;
	while ((v = map__next(m, &at, &key))) {
		uint32_t k;

		memcpy(&k, key, sizeof(k));
		assert_int_equal(*v, k);
		seen++;
		if (k % 2)
			assert_true(map__remove(m, &k));
	}
	assert_int_equal(seen, 1000);
	assert_int_equal(map__count(m), 500);
	map__free(m);
}

static void keys_of_odd_sizes(void **state)
{
	struct map *m = map__new(17, 3, 100);
	char a[17] = "sixteen bytes..a", b[17] = "sixteen bytes..a";

	(void)state;
	b[16] = 1;
	memcpy(map__put(m, a, NULL), "aaa", 3);
	memcpy(map__put(m, b, NULL), "bbb", 3);
	assert_memory_equal(map__get(m, a), "aaa", 3);
	assert_memory_equal(map__get(m, b), "bbb", 3);
	assert_null(map__free(NULL));
	map__free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(put_get_remove),	cmocka_unit_test(refuses_when_full),
		cmocka_unit_test(agrees_with_an_array), cmocka_unit_test(walk_may_remove),
		cmocka_unit_test(keys_of_odd_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
