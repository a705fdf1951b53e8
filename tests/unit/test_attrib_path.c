/* SPDX-License-Identifier: Apache-2.0 */
/* Paths of every runtime and driver, row by row from tests/fixture/attrib/paths.tsv. */
#include "attrib/path.h"
#include "testing.h"

#define H1 "11111111111111111111111111111111111111111111111111111111111abcde"
#define H2 "2222222222222222222222222222222222222222222222222222222222fedcba"

static const char *const kinds[] = {"none", "id", "name"};

static void expand(struct buf *b, const char *s)
{
	for (; *s; s++) {
		if (s[0] == 'H' && (s[1] == '1' || s[1] == '2')) {
			buf__str(b, s[1] == '1' ? H1 : H2);
			s++;
		} else {
			buf__char(b, *s);
		}
	}
}

static void is_piece(const char *path, const char *what, struct piece p, const char *want)
{
	cleanup_buf struct buf b = BUF_INIT;

	if (strcmp(want, "-") != 0)
		expand(&b, want);
	if (p.n != b.len || memcmp(p.s ? p.s : "", b.data ? b.data : "", p.n) != 0)
		fail_msg("%s: %s is \"%.*s\", not \"%s\"", path, what, (int)p.n, p.s,
			 b.data ? b.data : "");
}

static void check(const char *const col[9])
{
	cleanup_buf struct buf b = BUF_INIT;
	struct cgpath c;
	size_t own;

	expand(&b, col[0]);
	cgpath__parse(b.data, b.len, &c);
	if (strcmp(kinds[c.kind], col[1]) != 0)
		fail_msg("%s: kind %s, not %s", b.data, kinds[c.kind], col[1]);
	is_piece(b.data, "runtime", (struct piece){c.runtime, strlen(c.runtime)}, col[2]);
	is_piece(b.data, "id", c.id, col[3]);
	own = !strcmp(col[4], "-") ? 0 : !strcmp(col[4], "all") ? b.len : b.len - strlen(col[4]);
	if (c.own != own)
		fail_msg("%s: the container's cgroup has %zu bytes, not %zu", b.data, c.own, own);
	if (c.depth != strtoul(col[5], NULL, 10))
		fail_msg("%s: depth %u, not %s", b.data, c.depth, col[5]);
	is_piece(b.data, "pod", (struct piece){c.pod_uid, strlen(c.pod_uid)}, col[6]);
	is_piece(b.data, "unit", c.unit, col[7]);
	if (c.uid != strtoul(col[8], NULL, 10))
		fail_msg("%s: uid %u, not %s", b.data, c.uid, col[8]);
}

static void every_runtime_and_driver(void **state)
{
	cleanup_file FILE *f = fopen("tests/fixture/attrib/paths.tsv", "re");
	char line[1024], *rest;
	int rows = 0;

	(void)state;
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		const char *col[9] = {NULL};

		line[strcspn(line, "\n")] = 0;
		if (line[0] == '#')
			continue;
		rest = line;
		for (size_t i = 0; i < ARRAY_SIZE(col); i++) {
			col[i] = strsep(&rest, "|");
			assert_non_null(col[i]);
		}
		check(col);
		rows++;
	}
	assert_true(rows > 70);
}

static void ids_are_strict(void **state)
{
	(void)state;
	assert_true(id__is_hex(H1, 64));
	assert_false(id__is_hex(H1, 63));
	assert_false(
		id__is_hex("A111111111111111111111111111111111111111111111111111111111111111", 64));
	assert_true(id__is_safe("web-1_2.x", 9));
	assert_false(id__is_safe("..", 2));
	assert_false(id__is_safe(".hidden", 7));
	assert_false(id__is_safe("a/b", 3));
	assert_false(id__is_safe("a\0b", 3));
	assert_false(id__is_safe("a b", 3));
	assert_false(id__is_safe("", 0));
	assert_true(uid__is_valid("0a1b-2c", 7));
	assert_false(uid__is_valid("../x", 4));
	assert_false(uid__is_valid("", 0));
}

/* A path without an end, a path of slashes, bytes that are no text: nothing is found, nothing is
 * read beyond. */
static void strange_paths(void **state)
{
	char big[70000];
	struct cgpath c;

	(void)state;
	cgpath__parse("", 0, &c);
	assert_int_equal(c.kind, CGPATH_NONE);
	cgpath__parse("////", 4, &c);
	assert_int_equal(c.kind, CGPATH_NONE);
	cgpath__parse("/docker/" H1 "/", 73, &c);
	assert_int_equal(c.kind, CGPATH_ID);
	assert_int_equal(c.own, 72);
	memset(big, '/', sizeof(big));
	cgpath__parse(big, sizeof(big), &c);
	assert_int_equal(c.kind, CGPATH_NONE);
	for (size_t i = 0; i + 8 < sizeof(big); i += 8)
		memcpy(big + i, "kubepods", 8);
	memcpy(big + sizeof(big) - 6, ".slice", 6);
	big[0] = '/';
	cgpath__parse(big, sizeof(big), &c);
	assert_string_equal(c.pod_uid, "");
	cgpath__parse("/a\0b/\x1b[31m\xff/docker\n/x", 20, &c);
	assert_int_equal(c.kind, CGPATH_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_runtime_and_driver),
		cmocka_unit_test(ids_are_strict),
		cmocka_unit_test(strange_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
