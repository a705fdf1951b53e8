/* SPDX-License-Identifier: Apache-2.0 */
/* What people see in a terminal: nothing but printable characters, in columns that hold. */
#include <math.h>

#include "cli/priv.h"
#include "cli/shown.h"
#include "testing.h"

static void assert_shown(const char *s, const char *wanted)
{
	cleanup_buf struct buf b = BUF_INIT;

	shown__add(&b, s);
	assert_buf(&b, wanted);
}

static void test_add(void **state)
{
	(void)state;
	assert_shown("plain", "plain");
	assert_shown(NULL, "-");
	assert_shown("", "-");
	assert_shown("\x1b[2J\n", "\\x1b[2J\\x0a");
	assert_shown("a\xe2\x80\xae"
		     "b",
		     "a\\xe2\\x80\\xaeb");
	assert_shown("\xff\xc0\xaf", "\\xff\\xc0\\xaf");
	assert_shown("\xe2\x80", "\\xe2\\x80");
	/* what the daemon escaped stays as it is */
	assert_shown("dev-disk\\x2duuid", "dev-disk\\x2duuid");
	assert_shown("gr\xc3\xb6\xc3\x9f"
		     "e",
		     "gr\xc3\xb6\xc3\x9f"
		     "e");
	shown__set_ascii(true);
	assert_shown("gr\xc3\xb6", "gr\\xc3\\xb6");
	shown__set_ascii(false);
}

static void assert_fits(const char *s, size_t columns, bool right, const char *wanted)
{
	cleanup_buf struct buf b = BUF_INIT;

	shown__fit(&b, s, columns, right);
	assert_int_equal(b.data ? shown__width(b.data) : 0, columns ? columns : 0);
	assert_buf(&b, wanted);
}

#define DOTS "\xe2\x80\xa6"
#define WIDE "\xe6\xbc\xa2" /* two columns */

static void test_fit(void **state)
{
	(void)state;
	assert_int_equal(shown__width(WIDE WIDE "a"), 5);
	assert_int_equal(shown__width("e\xcc\x81"), 1); /* with a combining accent */
	assert_int_equal(shown__width("\n"), 4);
	assert_fits("abc", 5, false, "abc  ");
	assert_fits("abc", 5, true, "  abc");
	assert_fits("abc", 3, true, "abc");
	assert_fits("abcdef", 4, false, "abc" DOTS);
	assert_fits("abcdef", 1, false, DOTS);
	/* the end of a path says more than its beginning */
	assert_fits("/system.slice/nginx.service", 10, false, DOTS "x.service");
	/* a wide character or an escape that does not fit whole leaves its place empty */
	assert_fits(WIDE WIDE WIDE, 4, false, WIDE DOTS " ");
	assert_fits("a\n\n", 6, false, "a\\x0a" DOTS);
	assert_fits("a\n\n", 5, false, "a" DOTS "   ");
	assert_fits("/" WIDE WIDE, 4, false, DOTS WIDE " ");
	assert_fits(NULL, 2, false, "- ");
}

static void test_quantities(void **state)
{
	static const struct {
		double v;
		const char *seconds, *bytes, *count;
	} rows[] = {
		{0, "0", "0 B", "0"},
		{0.4e-6, "0", "0 B", "0.0"},
		{12e-6, "12 \xc2\xb5s", "0 B", "0.0"},
		{0.9996e-3, "1.0 ms", "0 B", "0.0"},
		{9.96e-3, "10 ms", "0 B", "0.0"},
		{0.31, "310 ms", "0 B", "0.3"},
		{0.9996, "1.00 s", "1 B", "1.0"},
		{12, "12.0 s", "12 B", "12"},
		{1023, "17 min", "1023 B", "1023"},
		{1536, "26 min", "1.50 KiB", "1536"},
		{1048000, "12 d", "1023 KiB", "1.05 M"},
		{1048570, "12 d", "1.00 MiB", "1.05 M"},
		{999990, "12 d", "977 KiB", "1.00 M"},
		{1e9, "11574 d", "954 MiB", "1.00 G"},
	};
	char text[48];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_string_equal(shown__seconds(rows[i].v, text, sizeof(text)), rows[i].seconds);
		assert_string_equal(shown__bytes(rows[i].v, text, sizeof(text)), rows[i].bytes);
		assert_string_equal(shown__count(rows[i].v, text, sizeof(text)), rows[i].count);
	}
	assert_string_equal(shown__seconds((double)NAN, text, sizeof(text)), "?");
	assert_string_equal(shown__count((double)NAN, text, sizeof(text)), "?");
}

/* Standard output of a call, into b. */
static void capture(struct buf *b, void (*print)(void))
{
	int saved, pipes[2];
	ssize_t n;
	char text[4096];

	assert_int_equal(pipe(pipes), 0);
	(void)fflush(stdout);
	saved = dup(STDOUT_FILENO);
	assert_true(saved >= 0 && dup2(pipes[1], STDOUT_FILENO) >= 0);
	print();
	(void)fflush(stdout);
	assert_true(dup2(saved, STDOUT_FILENO) >= 0);
	close(saved);
	close(pipes[1]);
	while ((n = read(pipes[0], text, sizeof(text))) > 0)
		buf__add(b, text, (size_t)n);
	close(pipes[0]);
}

static void print_table(void)
{
	static const char *const heads[] = {"NAME", ">N", "LAST"};
	struct table *t = table__new(heads, 3);

	table__cell(t, "a\n\x1b[31mforged");
	table__cellf(t, "%d", 7);
	table__cell(t, "x");
	table__cell(t, WIDE);
	table__cell(t, "1234");
	table__cell(t, NULL);
	table__print(t);
}

static void print_line(void)
{
	shown__line("%s=%d", "a\nb\r", 1);
	shown__line("%s", "");
}

static void test_table(void **state)
{
	cleanup_buf struct buf b = BUF_INIT;

	(void)state;
	capture(&b, print_table);
	assert_buf(&b, "NAME                    N  LAST\n"
		       "a\\x0a\\x1b[31mforged     7  x\n" WIDE "                   1234  -\n");
	capture(&b, print_line);
	assert_buf(&b, "a\\x0ab\\x0d=1\n\n");
}

static struct verb_options parsed(const char *verb, int wanted, int argc, char **argv)
{
	struct cli c = {.verb = verb, .argc = argc, .argv = argv};
	struct verb_options o = {.count = 77};

	assert_int_equal(options__parse(&c, &o), wanted);
	if (wanted)
		assert_int_equal(o.count, 77);
	return o;
}

#define PARSE(verb, wanted, ...) \
	parsed(verb, wanted, ARRAY_SIZE(((char *[]){__VA_ARGS__})), (char *[]){__VA_ARGS__})

/* Each verb takes what its rows say, and nothing else. */
static void test_options(void **state)
{
	struct verb_options o;

	(void)state;
	o = PARSE("events", 0, "-f", "-n5", "--probe=exec,exit", "--pid", "12", "-o", "json");
	assert_true(o.follow && o.json && o.count == 5 && o.pid == 12);
	assert_string_equal(o.probe, "exec,exit");
	o = PARSE("bugtool", 0, "-f", "x.tar.gz");
	assert_string_equal(o.file, "x.tar.gz");
	assert_false(o.follow);
	o = PARSE("top", 0, "-s", "io", "-otable");
	assert_true(o.sort == 2 && !o.json);
	log__init("test", LOG_ERROR - 1);
	(void)PARSE("status", 2, "-f");
	(void)PARSE("status", 2, "--probe", "exec");
	(void)PARSE("status", 2, "-o", "jso");
	(void)PARSE("status", 2, "-o");
	(void)PARSE("events", 2, "-fx");
	(void)PARSE("events", 2, "-n", "0");
	(void)PARSE("events", 2, "-n", "-1");
	(void)PARSE("events", 2, "-n", "99999999999999999999999");
	(void)PARSE("events", 2, "--probe=");
	(void)PARSE("events", 2, "--probes", "exec");
	(void)PARSE("run", 2, "--quiet"); /* taken before, by what all programs share */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_add),	   cmocka_unit_test(test_fit),
		cmocka_unit_test(test_quantities), cmocka_unit_test(test_table),
		cmocka_unit_test(test_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
