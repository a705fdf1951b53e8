/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "metric.h"

/* A snapshot and its text. */
struct scrape {
	struct buf snapshot, text;
};

static void scrape_end(struct metrics *m, struct scrape *s, enum metric_format format)
{
	buf__clear(&s->snapshot);
	buf__clear(&s->text);
	assert_int_equal(metrics__end(m, &s->snapshot), 0);
	assert_int_equal(metrics__render(s->snapshot.data, s->snapshot.len, format, &s->text), 0);
}

static void scrape_done(struct scrape *s)
{
	buf__done(&s->snapshot);
	buf__done(&s->text);
}

/* The value of the sample that is written exactly so; NAN when there is none. */
static double sample(const struct scrape *s, const char *series)
{
	size_t n = strlen(series);

	for (const char *line = s->text.data; line && *line;
	     line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
		if (!strncmp(line, series, n) && line[n] == ' ')
			return strtod(line + n, NULL);
	}
	return (double)NAN;
}

static bool has_line(const struct scrape *s, const char *line)
{
	size_t n = strlen(line);
	const char *at = s->text.data;

	while ((at = strstr(at, line))) {
		if ((at == s->text.data || at[-1] == '\n') && at[n] == '\n')
			return true;
		at++;
	}
	return false;
}

static void add(struct metrics *m, enum metric_id id, const char *cgroup, double v)
{
	cleanup_buf struct buf b = BUF_INIT;

	label__add(&b, "cgroup", cgroup);
	metrics__add(m, id, b.data, v);
}

static void test_label_escapes(void **state)
{
	cleanup_buf struct buf b = BUF_INIT;

	(void)state;
	label__add(&b, "cgroup", "/a\"b\\c\nd\x1b[2J");
	label__add(&b, "unit", "");
	label__add(&b, "binary", "\xc3\xa4\xff\xe2\x80\xae\xc0\x80");
	assert_string_equal(b.data,
			    "cgroup=\"/a\\\"b\\\\c\\nd\\\\x1b[2J\","
			    "binary=\"\xc3\xa4\\\\xff\\\\xe2\\\\x80\\\\xae\\\\xc0\\\\x80\"");
}

/* Hostile names all the way through: one line a sample, no byte below 0x20 but the newline. */
static void test_hostile_names(void **state)
{
	struct metrics *m = metrics__new(10000);
	struct scrape s = {BUF_INIT, BUF_INIT}, plain = {BUF_INIT, BUF_INIT};
	char all[300];
	size_t lines[2] = {0, 0};

	(void)state;
	for (int i = 0; i < 255; i++)
		all[i] = (char)(i + 1);
	all[255] = '\0';
	metrics__begin(m);
	add(m, METRIC_exec, all, 1);
	scrape_end(m, &s, FORMAT_OPENMETRICS);
	for (size_t i = 0; i < s.text.len; i++) {
		assert_true((unsigned char)s.text.data[i] >= 0x20 || s.text.data[i] == '\n');
		lines[0] += s.text.data[i] == '\n';
	}
	metrics__begin(m);
	add(m, METRIC_exec, "/plain", 1);
	scrape_end(m, &plain, FORMAT_OPENMETRICS);
	for (size_t i = 0; i < plain.text.len; i++)
		lines[1] += plain.text.data[i] == '\n';
	assert_int_equal(lines[0], lines[1]);
	scrape_done(&s);
	scrape_done(&plain);
	metrics__free(m);
}

static void test_formats(void **state)
{
	struct metrics *m = metrics__new(10000);
	struct scrape s = {BUF_INIT, BUF_INIT};

	(void)state;
	metrics__begin(m);
	add(m, METRIC_exec, "/a", 3);
	metrics__add(m, METRIC_blocked, "cgroup=\"/a\",call=\"read\",state=\"sleep\"", 1.5);
	scrape_end(m, &s, FORMAT_PROMETHEUS);
	assert_true(has_line(&s, "# TYPE aeo_exec_total counter"));
	assert_true(has_line(&s, "# HELP aeo_exec_total Programs executed."));
	assert_true(has_line(&s, "aeo_exec_total{cgroup=\"/a\"} 3"));
	assert_null(strstr(s.text.data, "# EOF"));
	assert_null(strstr(s.text.data, "# UNIT"));
	metrics__begin(m);
	add(m, METRIC_exec, "/a", 3);
	metrics__add(m, METRIC_blocked, "cgroup=\"/a\",call=\"read\",state=\"sleep\"", 1.5);
	scrape_end(m, &s, FORMAT_OPENMETRICS);
	assert_true(has_line(&s, "# TYPE aeo_exec counter"));
	assert_true(has_line(&s, "# UNIT aeo_blocked_seconds seconds"));
	assert_true(has_line(&s, "aeo_exec_total{cgroup=\"/a\"} 3"));
	assert_true(has_line(
		&s, "aeo_blocked_seconds_total{cgroup=\"/a\",call=\"read\",state=\"sleep\"} 1.5"));
	assert_string_equal(s.text.data + s.text.len - 6, "# EOF\n");
	scrape_done(&s);
	metrics__free(m);
}

/* Every row gives a family that both readers take, with a sample from the first scrape. */
static void test_every_family(void **state)
{
	struct metrics *m = metrics__new(10000);
	struct scrape s = {BUF_INIT, BUF_INIT};

	(void)state;
	for (int format = FORMAT_PROMETHEUS; format <= FORMAT_OPENMETRICS; format++) {
		metrics__begin(m);
		scrape_end(m, &s, (enum metric_format)format);
		for (int i = 0; i < METRIC_MAX; i++) {
			const struct metric_row *r = metric__row((enum metric_id)i);
			cleanup_buf struct buf line = BUF_INIT;
			const char *at;

			assert_int_equal(strncmp(r->name, "aeo_", 4), 0);
			if (r->type == METRIC_HISTOGRAM)
				assert_true(r->k0 < r->k1 && r->k1 < AEO_BUCKETS - 1);
			buf__printf(&line, "\n%s%s", r->name,
				    r->type == METRIC_HISTOGRAM ? "_bucket{" :
				    *r->labels			? "{" :
								  " ");
			at = strstr(s.text.data, line.data);
			if (!at)
				fail_msg("%s has no sample", r->name);
			for (int k = 0; k < i; k++)
				assert_string_not_equal(r->name,
							metric__row((enum metric_id)k)->name);
		}
	}
	assert_true(has_line(&s, "aeo_exec_total{cgroup=\"/\"} 0"));
	assert_true(has_line(&s, "aeo_lost_total{probe=\"none\",cause=\"none\"} 0"));
	assert_true(has_line(&s, "aeo_node_runqueue_seconds_count 0"));
	scrape_done(&s);
	metrics__free(m);
}

static void test_histogram(void **state)
{
	struct metrics *m = metrics__new(10000);
	struct scrape s = {BUF_INIT, BUF_INIT};
	/* k0 is 4 and k1 19 here: what lies below is summed into 4, what lies above into +Inf */
	struct aeo_hist h = {
		.bucket = {1, [3] = 2, [4] = 4, [5] = 8, [19] = 16, [20] = 32, [27] = 64},
		.sum_ns = 1500000001};
	struct exemplar e[AEO_BUCKETS] = {
		[2] = {3e-6, 1700000000.25, "low", "a"},
		[4] = {15e-6, 1700000001.5, "slow\"est", "b\x1b"},
		[27] = {99.5, 1700000002, "top", "c"},
	};

	(void)state;
	metrics__begin(m);
	metrics__hist(m, METRIC_runqueue_node, "", &h, e);
	metrics__hist(m, METRIC_runqueue, "cgroup=\"/a\"", &h, NULL);
	metrics__hist(m, METRIC_runqueue, "cgroup=\"/a\"", &h, NULL);
	scrape_end(m, &s, FORMAT_OPENMETRICS);
	assert_true(has_line(
		&s,
		"aeo_node_runqueue_seconds_bucket{le=\"0.000016\"} 7 # {id=\"slow\\\"est\",binary=\"b\\\\x1b\"} "
		"0.000015 1700000001.5"));
	assert_true(has_line(&s, "aeo_node_runqueue_seconds_bucket{le=\"0.000032\"} 15"));
	assert_true(has_line(&s, "aeo_node_runqueue_seconds_bucket{le=\"0.262144\"} 15"));
	assert_true(has_line(&s, "aeo_node_runqueue_seconds_bucket{le=\"0.524288\"} 31"));
	assert_true(has_line(
		&s,
		"aeo_node_runqueue_seconds_bucket{le=\"+Inf\"} 127 # {id=\"top\",binary=\"c\"} 99.5 1700000002"));
	assert_true(has_line(&s, "aeo_node_runqueue_seconds_sum 1.500000001"));
	assert_true(has_line(&s, "aeo_node_runqueue_seconds_count 127"));
	/* added twice: summed */
	assert_true(has_line(&s, "aeo_runqueue_seconds_bucket{cgroup=\"/a\",le=\"0.000016\"} 14"));
	assert_true(has_line(&s, "aeo_runqueue_seconds_sum{cgroup=\"/a\"} 3.000000002"));
	/* exemplars are of their snapshot, and Prometheus text has none */
	metrics__begin(m);
	metrics__hist(m, METRIC_runqueue_node, "", &h, NULL);
	scrape_end(m, &s, FORMAT_OPENMETRICS);
	assert_null(strstr(s.text.data, " # {"));
	metrics__begin(m);
	metrics__hist(m, METRIC_runqueue_node, "", &h, e);
	scrape_end(m, &s, FORMAT_PROMETHEUS);
	assert_null(strstr(s.text.data, " # {"));
	assert_true(has_line(&s, "aeo_node_runqueue_seconds_bucket{le=\"0.000016\"} 7"));
	scrape_done(&s);
	metrics__free(m);
}

/* The worst labels still keep to the 128 characters of an exemplar; then the id stands alone. */
static void test_exemplar_labels(void **state)
{
	struct metrics *m = metrics__new(10000);
	struct scrape s = {BUF_INIT, BUF_INIT};
	struct aeo_hist h = {.bucket = {[5] = 1}};
	struct exemplar e[AEO_BUCKETS] = {[5] = {20e-6, 1, "i", ""}};

	(void)state;
	memset(e[5].binary, 1, sizeof(e[5].binary) - 1);
	metrics__begin(m);
	metrics__hist(m, METRIC_runqueue_node, "", &h, e);
	scrape_end(m, &s, FORMAT_OPENMETRICS);
	assert_non_null(strstr(s.text.data, "# {id=\"i\"} 0.00002 1\n"));
	scrape_done(&s);
	metrics__free(m);
}

static void test_caps(void **state)
{
	struct metrics *m = metrics__new(10000);
	struct scrape s = {BUF_INIT, BUF_INIT};
	uint32_t cap = metric__row(METRIC_exec)->cap;
	char name[32];

	(void)state;
	metrics__begin(m);
	for (uint32_t i = 0; i < cap + 5; i++) {
		(void)snprintf(name, sizeof(name), "/c%u", i);
		add(m, METRIC_exec, name, 1 + i);
	}
	scrape_end(m, &s, FORMAT_PROMETHEUS);
	assert_true(sample(&s, "aeo_exec_total{cgroup=\"/c0\"}") == 1);
	assert_true(isnan(sample(&s, "aeo_exec_total{cgroup=\"/c200\"}")));
	assert_true(sample(&s, "aeo_exec_total{cgroup=\"other\"}") == 5 * cap + 15);
	assert_true(sample(&s, "aeo_series_other_total{family=\"aeo_exec_total\"}") == 5);
	/* in another order, the same places: a series keeps what it earned */
	metrics__begin(m);
	for (uint32_t i = cap + 5; i-- > 0;) {
		(void)snprintf(name, sizeof(name), "/c%u", i);
		add(m, METRIC_exec, name, 2 + i);
	}
	scrape_end(m, &s, FORMAT_PROMETHEUS);
	assert_true(sample(&s, "aeo_exec_total{cgroup=\"/c0\"}") == 2);
	assert_true(sample(&s, "aeo_exec_total{cgroup=\"other\"}") == 5 * cap + 20);
	assert_true(sample(&s, "aeo_series_other_total{family=\"aeo_exec_total\"}") == 5);
	scrape_done(&s);
	metrics__free(m);
}

/* A collector's own `other` and the registry's are one series, never two. */
static void test_other_is_one(void **state)
{
	struct metrics *m = metrics__new(10000);
	struct scrape s = {BUF_INIT, BUF_INIT};
	const char *first;

	(void)state;
	metrics__set_cap(m, METRIC_exec, 2);
	metrics__begin(m);
	add(m, METRIC_exec, "other", 4);
	add(m, METRIC_exec, "/a", 1);
	add(m, METRIC_exec, "/b", 1);
	add(m, METRIC_exec, "/c", 2);
	scrape_end(m, &s, FORMAT_PROMETHEUS);
	first = strstr(s.text.data, "aeo_exec_total{cgroup=\"other\"} 6\n");
	assert_non_null(first);
	assert_null(strstr(first + 1, "aeo_exec_total{cgroup=\"other\"}"));
	assert_true(sample(&s, "aeo_series_other_total{family=\"aeo_exec_total\"}") == 1);
	scrape_done(&s);
	metrics__free(m);
}

static void test_other_never_falls(void **state)
{
	struct metrics *m = metrics__new(10000);
	struct scrape s = {BUF_INIT, BUF_INIT};

	(void)state;
	metrics__set_cap(m, METRIC_exec, 1);
	metrics__begin(m);
	add(m, METRIC_exec, "/a", 10);
	add(m, METRIC_exec, "/b", 20);
	add(m, METRIC_exec, "/c", 30);
	scrape_end(m, &s, FORMAT_PROMETHEUS);
	assert_true(sample(&s, "aeo_exec_total{cgroup=\"other\"}") == 50);
	/* a summed-up series vanishes: what it counted stays */
	metrics__begin(m);
	add(m, METRIC_exec, "/a", 11);
	add(m, METRIC_exec, "/b", 21);
	scrape_end(m, &s, FORMAT_PROMETHEUS);
	assert_true(sample(&s, "aeo_exec_total{cgroup=\"other\"}") == 51);
	/* the admitted one vanishes: its place is free at the next scrape, `other` keeps what it
	 * had counted of the new one */
	metrics__begin(m);
	add(m, METRIC_exec, "/b", 22);
	scrape_end(m, &s, FORMAT_PROMETHEUS);
	assert_true(sample(&s, "aeo_exec_total{cgroup=\"other\"}") == 52);
	metrics__begin(m);
	add(m, METRIC_exec, "/b", 25);
	scrape_end(m, &s, FORMAT_PROMETHEUS);
	assert_true(sample(&s, "aeo_exec_total{cgroup=\"/b\"}") == 3);
	assert_true(sample(&s, "aeo_exec_total{cgroup=\"other\"}") == 52);
	/* the same labels begin a new life */
	metrics__begin(m);
	add(m, METRIC_exec, "/b", 2);
	scrape_end(m, &s, FORMAT_PROMETHEUS);
	assert_true(sample(&s, "aeo_exec_total{cgroup=\"/b\"}") == 2);
	assert_true(sample(&s, "aeo_exec_total{cgroup=\"other\"}") == 52);
	scrape_done(&s);
	metrics__free(m);
}

/* Gauges say what is: nothing of the gone stays. */
static void test_gauge_other(void **state)
{
	struct metrics *m = metrics__new(10000);
	struct scrape s = {BUF_INIT, BUF_INIT};

	(void)state;
	metrics__set_cap(m, METRIC_build_info, 1);
	metrics__begin(m);
	metrics__add(m, METRIC_build_info, "version=\"1\"", 1);
	metrics__add(m, METRIC_build_info, "version=\"2\"", -5);
	scrape_end(m, &s, FORMAT_PROMETHEUS);
	assert_true(
		sample(&s,
		       "aeo_build_info{version=\"other\",revision=\"other\",kernel=\"other\"}") ==
		-5);
	metrics__begin(m);
	metrics__add(m, METRIC_build_info, "version=\"1\"", 1);
	scrape_end(m, &s, FORMAT_PROMETHEUS);
	assert_true(
		sample(&s,
		       "aeo_build_info{version=\"other\",revision=\"other\",kernel=\"other\"}") ==
		0);
	scrape_done(&s);
	metrics__free(m);
}

/*
 * Random lives of 40 counters with 8 places: `other` never falls, an own series never falls while
 * its counter does not, and nothing is counted twice or lost: what is shown, and was shown by own
 * series that are gone, is what all lives counted.
 */
static void test_lives(void **state)
{
	enum { LIVES = 40, ROUNDS = 400 };
	struct metrics *m = metrics__new(10000);
	struct scrape s = {BUF_INIT, BUF_INIT};
	double value[LIVES] = {0}, shown[LIVES], other = 0, gone = 0, dead = 0;
	bool alive[LIVES] = {false};

	(void)state;
	for (int i = 0; i < LIVES; i++)
		shown[i] = (double)NAN;
	metrics__set_cap(m, METRIC_exec, 8);
	srandom(7);
	for (int round = 0; round < ROUNDS; round++) {
		double sum = 0, counted = dead, now;

		metrics__begin(m);
		for (int k = 0; k < LIVES; k++) {
			int i = (k * 7 + round) % LIVES;
			char name[16];

			if (random() % 10 == 0) {
				dead += alive[i] ? value[i] : 0;
				counted += alive[i] ? value[i] : 0;
				alive[i] = !alive[i];
				value[i] = 0;
				/* a life of the same name right behind it, with less on its
				 * counter */
				if (!alive[i] && random() % 3 == 0)
					alive[i] = true;
			}
			if (!alive[i])
				continue;
			value[i] += (double)(random() % 5) + 0.1;
			counted += value[i];
			(void)snprintf(name, sizeof(name), "/c%d", i);
			add(m, METRIC_exec, name, value[i]);
		}
		scrape_end(m, &s, FORMAT_PROMETHEUS);
		now = sample(&s, "aeo_exec_total{cgroup=\"other\"}");
		now = isnan(now) ? 0 : now;
		assert_true(now >= other);
		other = now;
		for (int i = 0; i < LIVES; i++) {
			char series[64];

			(void)snprintf(series, sizeof(series), "aeo_exec_total{cgroup=\"/c%d\"}",
				       i);
			now = sample(&s, series);
			if (!isnan(shown[i]) && (isnan(now) || now < shown[i]))
				gone += shown[i];
			shown[i] = now;
			sum += isnan(now) ? 0 : now;
		}
		/* a new life that already counted more than the old one had cannot be told from it:
		 * counters say no more than that */
		assert_true(sum + other + gone <= counted + 1e-6);
		assert_true(sum + other + gone >= counted * 0.9 - 50);
	}
	scrape_done(&s);
	metrics__free(m);
}

/* The sum of the same numbers in another order is no fall. */
static void test_last_digits(void **state)
{
	struct metrics *m = metrics__new(10000);
	struct scrape s = {BUF_INIT, BUF_INIT};
	const double parts[] = {0.1, 0.2, 0.3, 1e-9, 1234567.891};
	double last = 0, total = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		total += parts[i];
	metrics__set_cap(m, METRIC_exec, 0);
	for (size_t round = 0; round < 20; round++) {
		double now;

		metrics__begin(m);
		for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
			size_t at = (i * (1 + round % 4) + round) % ARRAY_SIZE(parts);

			add(m, METRIC_exec, "/a", parts[at]);
			add(m, METRIC_exec, "/b", parts[ARRAY_SIZE(parts) - 1 - at]);
		}
		scrape_end(m, &s, FORMAT_PROMETHEUS);
		now = sample(&s, "aeo_exec_total{cgroup=\"other\"}");
		assert_true(now >= last && now < 2 * total + 1e-6);
		last = now;
	}
	scrape_done(&s);
	metrics__free(m);
}

/* Members vanish one by one, and their sum is then taken in another order: still no fall. */
static void test_last_digits_of_the_gone(void **state)
{
	struct metrics *m = metrics__new(10000);
	struct scrape s = {BUF_INIT, BUF_INIT};
	enum { MEMBERS = 200 };
	double value[MEMBERS], last = 0;
	char name[16];

	(void)state;
	metrics__set_cap(m, METRIC_exec, 0);
	srandom(11);
	for (int i = 0; i < MEMBERS; i++)
		value[i] = (double)random() / 1e7;
	for (int round = 0; round < MEMBERS; round++) {
		metrics__begin(m);
		for (int i = 0; i < MEMBERS; i++) {
			(void)snprintf(name, sizeof(name), "/c%d", i);
			if ((i * 37) % MEMBERS >= round)
				add(m, METRIC_exec, name, value[i]);
		}
		scrape_end(m, &s, FORMAT_PROMETHEUS);
		assert_true(sample(&s, "aeo_exec_total{cgroup=\"other\"}") >= last);
		last = sample(&s, "aeo_exec_total{cgroup=\"other\"}");
	}
	scrape_done(&s);
	metrics__free(m);
}

static void test_total_cap(void **state)
{
	struct metrics *m = metrics__new(1000);
	struct scrape s = {BUF_INIT, BUF_INIT};
	struct aeo_hist h = {.bucket = {[6] = 1}};
	size_t lines = 0;
	char labels[64];

	(void)state;
	for (int i = 0; i < METRIC_MAX; i++)
		metrics__set_cap(m, (enum metric_id)i, 5000);
	metrics__begin(m);
	for (int i = 0; i < 2000; i++) {
		(void)snprintf(labels, sizeof(labels), "cgroup=\"/c%d\"", i);
		metrics__add(m, METRIC_exec, labels, 1);
		metrics__hist(m, METRIC_runqueue, labels, &h, NULL);
	}
	scrape_end(m, &s, FORMAT_PROMETHEUS);
	for (const char *at = s.text.data; at && *at; at = strchr(at, '\n') + 1)
		lines += *at != '#';
	assert_int_equal(lines, metrics__count(m));
	assert_in_range(lines, 900, 1000);
	assert_true(sample(&s, "aeo_runqueue_seconds_count{cgroup=\"other\"}") > 1900);
	scrape_done(&s);
	metrics__free(m);
}

/* Labels that are too long get no line of their own, but are not lost. */
static void test_long_labels(void **state)
{
	struct metrics *m = metrics__new(1000);
	struct scrape s = {BUF_INIT, BUF_INIT};
	char name[4096];

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	metrics__begin(m);
	add(m, METRIC_exec, name, 7);
	scrape_end(m, &s, FORMAT_PROMETHEUS);
	assert_true(sample(&s, "aeo_exec_total{cgroup=\"other\"}") == 7);
	scrape_done(&s);
	metrics__free(m);
}

/* Whatever a collector says, a reader gets numbers that a counter can have. */
static void test_impossible_values(void **state)
{
	struct metrics *m = metrics__new(1000);
	struct scrape s = {BUF_INIT, BUF_INIT};

	(void)state;
	metrics__begin(m);
	add(m, METRIC_exec, "/a", (double)NAN);
	add(m, METRIC_exec, "/b", -1);
	add(m, METRIC_exec, "/c", (double)INFINITY);
	scrape_end(m, &s, FORMAT_OPENMETRICS);
	assert_true(has_line(&s, "aeo_exec_total{cgroup=\"/a\"} 0"));
	assert_true(has_line(&s, "aeo_exec_total{cgroup=\"/b\"} 0"));
	assert_true(has_line(&s, "aeo_exec_total{cgroup=\"/c\"} 0"));
	scrape_done(&s);
	metrics__free(m);
}

static void test_values_read_back(void **state)
{
	static const double some[] = {0,
				      1,
				      0.5,
				      1e-9,
				      16e-6,
				      0.1,
				      1.0 / 3,
				      123456.789,
				      1e15,
				      1e16,
				      1e300,
				      5e-324,
				      9007199254740993.0};

	(void)state;
	srandom(3);
	for (size_t i = 0; i < ARRAY_SIZE(some) + 200000; i++) {
		cleanup_buf struct buf b = BUF_INIT;
		double v = i < ARRAY_SIZE(some) ? some[i] :
						  (double)random() * (double)random() / 1e9;

		metric__render_value(&b, v);
		assert_true(strtod(b.data, NULL) == v);
	}
}

/* Every cut of a good snapshot is refused, and leaves nothing behind. */
static void test_malformed(void **state)
{
	struct metrics *m = metrics__new(10000);
	cleanup_buf struct buf good = BUF_INIT, text = BUF_INIT;
	struct aeo_hist h = {.bucket = {[6] = 1}};
	struct exemplar e[AEO_BUCKETS] = {[6] = {50e-6, 1, "id", "b"}};
	uint32_t changes = 0;

	(void)state;
	metrics__begin(m);
	metrics__hist(m, METRIC_runqueue_node, "", &h, e);
	add(m, METRIC_exec, "/a", 1);
	assert_int_equal(metrics__end(m, &good), 0);
	buf__str(&text, "before");
	for (size_t n = 0; n < good.len; n++) {
		assert_int_equal(metrics__render(good.data, n, FORMAT_OPENMETRICS, &text), -EPROTO);
		assert_string_equal(text.data, "before");
	}
	buf__char(&good, 0);
	assert_int_equal(metrics__render(good.data, good.len, FORMAT_OPENMETRICS, &text), -EPROTO);
	good.len--;
	/* a changed byte is refused or shows in a value, a label or a help text; never as a control
	 * byte */
	for (size_t i = 0; i < good.len; i++) {
		char old = good.data[i];

		good.data[i] = '\n';
		buf__clear(&text);
		if (metrics__render(good.data, good.len, FORMAT_OPENMETRICS, &text) == 0)
			changes++;
		else
			assert_int_equal(text.len, 0);
		assert_null(strstr(text.data ? text.data : "", "\n\n"));
		good.data[i] = old;
	}
	assert_true(changes < good.len);
	metrics__free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_label_escapes),
		cmocka_unit_test(test_hostile_names),
		cmocka_unit_test(test_formats),
		cmocka_unit_test(test_every_family),
		cmocka_unit_test(test_histogram),
		cmocka_unit_test(test_exemplar_labels),
		cmocka_unit_test(test_caps),
		cmocka_unit_test(test_other_is_one),
		cmocka_unit_test(test_other_never_falls),
		cmocka_unit_test(test_gauge_other),
		cmocka_unit_test(test_lives),
		cmocka_unit_test(test_last_digits),
		cmocka_unit_test(test_last_digits_of_the_gone),
		cmocka_unit_test(test_total_cap),
		cmocka_unit_test(test_long_labels),
		cmocka_unit_test(test_impossible_values),
		cmocka_unit_test(test_values_read_back),
		cmocka_unit_test(test_malformed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
