/* SPDX-License-Identifier: Apache-2.0 */
/* The live view without a terminal: rows, their order and their last minute, and what is drawn at
 * every size of a screen. */
#include <math.h>

#include "cli/priv.h"
#include "cli/shown.h"
#include "cli/top.h"
#include "testing.h"

/* One answer of the daemon: cgroup ids 1..n, each waiting `wait` times its id. */
static struct jdoc *answer(size_t n, double wait, const char *name)
{
	cleanup_buf struct buf b = BUF_INIT, why = BUF_INIT;
	struct json j = {&b, false};
	struct jdoc *d;

	json__open(&j, NULL, '{');
	json__u64s(&j, "cgroups", n + 5);
	json__open(&j, "rows", '[');
	for (size_t i = 1; i <= n; i++) {
		char path[256];

		(void)snprintf(path, sizeof(path), "/slice/%s%zu", name, i);
		json__open(&j, NULL, '{');
		json__open(&j, "subject", '{');
		json__u64s(&j, "cgroup_id", i);
		json__string(&j, "cgroup", path);
		json__close(&j, '}');
		json__double(&j, "cpu_wait", wait * (double)i);
		json__null(&j, "throttled");
		json__double(&j, "io_wait", 1.0 / (double)i);
		json__double(&j, "retransmits", i == 2 ? 7 : 0);
		json__close(&j, '}');
	}
	json__close(&j, ']');
	json__close(&j, '}');
	d = jdoc__parse(b.data, b.len, &why);
	if (!d)
		fail_msg("%s", why.data);
	return d;
}

static void hear(struct top *t, size_t n, double wait, const char *name)
{
	struct jdoc *d = answer(n, wait, name);

	assert_int_equal(top__take(t, jdoc__root(d)), 0);
	jdoc__free(d);
}

static void test_order(void **state)
{
	struct top *t = top__new();

	(void)state;
	hear(t, 12, 0.1, "c");
	assert_int_equal(top__arrange(t, MEASURE_CPU, ""), 12);
	assert_int_equal(top__row(t, 0)->id, 12);
	assert_null(top__row(t, 12));
	(void)top__arrange(t, MEASURE_IO, "");
	assert_int_equal(top__row(t, 0)->id, 1);
	(void)top__arrange(t, MEASURE_RETRANSMITS, "");
	assert_int_equal(top__row(t, 0)->id, 2);
	/* equal ones, and those that nothing is known of, by name */
	assert_string_equal(top__row(t, 1)->name, "/slice/c1");
	assert_string_equal(top__row(t, 2)->name, "/slice/c10");
	(void)top__arrange(t, MEASURE_THROTTLED, "");
	assert_true(isnan(top__row(t, 0)->v[MEASURE_THROTTLED]));
	assert_string_equal(top__row(t, 0)->name, "/slice/c1");
	(void)top__arrange(t, SORT_NAME, "");
	assert_string_equal(top__row(t, 11)->name, "/slice/c9");
	assert_int_equal(top__arrange(t, MEASURE_CPU, "C1"), 4);
	assert_int_equal(top__arrange(t, MEASURE_CPU, "nobody"), 0);
	assert_int_equal(top__cgroups(t), 17);
	top__free(t);
}

static void test_past(void **state)
{
	struct top *t = top__new();
	const struct top_row *row;

	(void)state;
	for (size_t i = 1; i <= 100; i++)
		hear(t, i % 10 == 5 ? 1 : 2, (double)i, "c");
	(void)top__arrange(t, MEASURE_CPU, "");
	row = top__row(t, 0);
	assert_int_equal(row->id, 2);
	assert_float_equal(top__past(t, row, MEASURE_CPU, 0), 200, 1e-3);
	assert_float_equal(top__past(t, row, MEASURE_CPU, 4), 192, 1e-3);
	/* snapshots that did not have it are holes, not what stood there before */
	assert_true(isnan(top__past(t, row, MEASURE_CPU, 5)));
	assert_true(isnan(top__past(t, row, MEASURE_CPU, 55)));
	assert_float_equal(top__past(t, row, MEASURE_CPU, HISTORY - 1), 82, 1e-3);
	assert_true(isnan(top__past(t, row, MEASURE_CPU, HISTORY)));
	/* one that stays away is not shown, and forgotten after a minute */
	hear(t, 1, 1, "c");
	assert_int_equal(top__arrange(t, MEASURE_CPU, ""), 1);
	for (size_t i = 0; i < HISTORY + 2; i++)
		hear(t, 1, 1, "c");
	hear(t, 2, 1, "c");
	(void)top__arrange(t, MEASURE_CPU, "");
	assert_true(isnan(top__past(t, top__row(t, 0), MEASURE_CPU, 1)));
	top__free(t);
}

static void test_bad_answers(void **state)
{
	static const char *const texts[] = {"{}", "[]", "{\"rows\":[{}]}",
					    "{\"rows\":[{\"subject\":{\"cgroup_id\":\"x\"}}]}"};
	struct top *t = top__new();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct jdoc *d = jdoc__parse(texts[i], strlen(texts[i]), NULL);
		struct top_tasks tasks = {.n = 0};

		assert_int_equal(top__take(t, jdoc__root(d)), -EPROTO);
		assert_int_equal(top_tasks__take(&tasks, jdoc__root(d), 1), -EPROTO);
		assert_int_equal(top__arrange(t, MEASURE_CPU, ""), 0);
		jdoc__free(d);
	}
	top__free(t);
}

#define LINES 60

struct drawn {
	char line[LINES][2048];
	enum look look[LINES];
	int columns;
};

static void draw_line(void *arg, int y, const char *text, enum look look)
{
	struct drawn *d = arg;

	assert_in_range(y, 0, LINES - 1);
	assert_true(!*text || shown__width(text) <= (size_t)d->columns);
	for (const char *s = text; *s;) {
		size_t n = utf8__printable(s, strlen(s));

		assert_true(n);
		s += n;
	}
	(void)snprintf(d->line[y], sizeof(d->line[y]), "%s", text);
	d->look[y] = look;
}

static void draw(struct view *v, struct drawn *d, int rows, int columns)
{
	struct canvas c = {rows, columns, draw_line, d};

	memset(d, 0, sizeof(*d));
	d->columns = columns;
	view__draw(v, &c);
	for (int y = rows; y < LINES; y++)
		assert_string_equal(d->line[y], "");
}

/* Every size, every mode, with names of the worst kind: each line fits and is printable. */
static void test_sizes(void **state)
{
	static struct drawn d;
	static struct top_tasks tasks = {
		.n = 2,
		.at_ns = 1,
		.row = {{.pid = 1, .tid = 1, .comm = "a\x1b[2J", .call = "\n", .cpu = 1},
			{.pid = 1, .tid = 2}}};
	struct view v = {.top = top__new(), .pressure = {50, 0.01, (double)NAN}};

	(void)state;
	hear(v.top, 40, 0.1, "\xe6\xbc\xa2\x1b[31m\xe2\x80\xae\xff");
	(void)snprintf(v.note, sizeof(v.note), "\x1b]0;title\x07");
	(void)snprintf(v.tasks_of, sizeof(v.tasks_of), "\r\n");
	for (int rows = 1; rows < LINES; rows += 3)
		for (int columns = 1; columns < 200; columns += 7)
			for (unsigned mode = 0; mode < 16; mode++) {
				v.help = mode & 1;
				v.typing = mode & 2;
				v.tasks = mode & 4 ? &tasks : NULL;
				v.sort = mode & 8 ? SORT_NAME : MEASURE_IO;
				shown__set_ascii(mode & 2);
				draw(&v, &d, rows, columns);
				assert_true(d.line[0][0]);
			}
	shown__set_ascii(false);
	top__free(v.top);
}

static void test_view(void **state)
{
	static struct drawn d;
	struct view v = {
		.top = top__new(), .pressure = {50, 0.01, (double)NAN}, .sort = MEASURE_CPU};

	(void)state;
	for (size_t i = 1; i <= 8; i++)
		hear(v.top, 40, 0.01 * (double)i, "c");
	draw(&v, &d, 24, 120);
	assert_non_null(strstr(d.line[0], "aeod top"));
	assert_non_null(strstr(d.line[3], "io \xe2\x96\x91"));
	assert_null(strstr(d.line[3], "memory"));
	assert_non_null(strstr(d.line[5], "CPU WAIT\xe2\x96\xbe"));
	assert_true(d.look[6] == LOOK_REVERSE && d.look[7] == LOOK_PLAIN);
	assert_non_null(strstr(d.line[6], "/slice/c40"));
	assert_non_null(strstr(d.line[6], "3.20 s         ?     25 ms         ?"));
	/* the last eight snapshots, an eighth higher each */
	assert_non_null(strstr(
		d.line[6],
		" \xe2\x96\x81\xe2\x96\x82\xe2\x96\x83\xe2\x96\x84\xe2\x96\x85\xe2\x96\x86\xe2\x96\x87\xe2\x96\x88"));
	/* the selected row stays selected where it goes, and in sight */
	v.selected_id = 1;
	draw(&v, &d, 24, 120);
	assert_int_equal(v.selected, 39);
	assert_true(d.look[23] == LOOK_REVERSE);
	assert_non_null(strstr(d.line[23], "/slice/c1 "));
	v.sort = MEASURE_IO;
	draw(&v, &d, 24, 120);
	assert_int_equal(v.selected, 0);
	assert_true(d.look[6] == LOOK_REVERSE);
	/* a narrow, low screen shows the measure that counts */
	draw(&v, &d, 8, 50);
	assert_non_null(strstr(d.line[1], "I/O WAIT"));
	assert_null(strstr(d.line[1], "CPU WAIT"));
	assert_non_null(strstr(d.line[2], "/slice/c1 "));
	(void)snprintf(v.filter, sizeof(v.filter), "nobody");
	draw(&v, &d, 24, 120);
	assert_non_null(strstr(d.line[6], "no row has that"));
	top__free(v.top);
}

static struct jdoc *task_answer(double wait, double cpu)
{
	char text[512];

	(void)snprintf(
		text, sizeof(text),
		"{\"tasks\":[{\"pid\":5,\"tgid\":5,\"comm\":\"idle\",\"state\":\"sleep\",\"call\":\"read\",\"age_s\":9,\"cpu_s\":90,\"wait_s\":50},"
		"{\"pid\":7,\"tgid\":6,\"comm\":\"busy\",\"state\":\"runnable\",\"call\":null,\"age_s\":0,\"cpu_s\":%g,\"wait_s\":%g}]}",
		cpu, wait);
	return jdoc__parse(text, strlen(text), NULL);
}

static void test_tasks(void **state)
{
	struct top_tasks t = {.n = 0};
	struct jdoc *first = task_answer(1, 2), *second = task_answer(1.5, 2.25),
		    *third = task_answer(0.1, 0.1);

	(void)state;
	assert_int_equal(top_tasks__take(&t, jdoc__root(first), 1000000000), 0);
	assert_int_equal(t.n, 2);
	assert_string_equal(t.row[0].comm, "idle");
	assert_true(isnan(t.row[0].wait));
	assert_int_equal(top_tasks__take(&t, jdoc__root(second), 1500000000), 0);
	assert_string_equal(t.row[0].comm, "busy");
	assert_int_equal(t.row[0].tid, 7);
	assert_string_equal(t.row[0].call, "-");
	assert_float_equal(t.row[0].wait, 1, 1e-9);
	assert_float_equal(t.row[0].cpu, 0.5, 1e-9);
	assert_float_equal(t.row[1].wait, 0, 1e-9);
	/* another thread got the number: nothing is known of its past */
	assert_int_equal(top_tasks__take(&t, jdoc__root(third), 2500000000), 0);
	assert_string_equal(t.row[1].comm, "busy");
	assert_true(isnan(t.row[1].wait));
	jdoc__free(first);
	jdoc__free(second);
	jdoc__free(third);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),	    cmocka_unit_test(test_past),
		cmocka_unit_test(test_bad_answers), cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_view),	    cmocka_unit_test(test_tasks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
