/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON that people and programs get: its shape, its redaction, and that no foreign byte gets
 * through. */
#include <math.h>

#include "intake.h"
#include "tell/tell.h"
#include "testing.h"

static const char *const redact[] = {"pass", "token", "authorization", "api-key", NULL};
static const struct tell_common common = {
	.node = "n\x1b[1m", .boot_id = "b", .wall_ns = 1700000000123456789ULL, .boot_ns = 5000};

#define ARGV(...) ((const char *const[]){__VA_ARGS__, NULL})

/* An argv as the kernel hands it over, NUL after each word. */
static size_t pack(char *to, const char *const *words)
{
	size_t n = 0;

	for (; *words; words++) {
		memcpy(to + n, *words, strlen(*words) + 1);
		n += strlen(*words) + 1;
	}
	return n;
}

static void assert_argv(const char *const *words, const char *wanted)
{
	cleanup_buf struct buf b = BUF_INIT;
	char argv[1024];
	size_t n = pack(argv, words);

	tell__argv(&b, argv, n, redact);
	assert_buf(&b, wanted);
}

static void test_argv(void **state)
{
	(void)state;
	assert_argv(ARGV("ls", "-l", "/etc/passwd"), "ls -l /etc/passwd");
	assert_argv(ARGV("mysql", "--password=hunter2", "db"), "mysql --password=*** db");
	assert_argv(ARGV("mysql", "--PassWord", "hunter2", "db"), "mysql --PassWord *** db");
	assert_argv(ARGV("app", "--api-key", "k", "--token=t", "x"),
		    "app --api-key *** --token=*** x");
	assert_argv(ARGV("env", "PGPASSWORD=p=q", "psql"), "env PGPASSWORD=*** psql");
	/* a header, a JSON body, a whole script in one word */
	assert_argv(ARGV("curl", "-H", "Authorization: Bearer abc", "u"),
		    "curl -H Authorization:*** u");
	assert_argv(ARGV("curl", "-d", "{\"token\":\"abc\"}"), "curl -d {\"token\":***");
	assert_argv(ARGV("sh", "-c", "A=1 mysql --password=x db"),
		    "sh -c A=1 mysql --password=***");
	assert_argv(ARGV("sh", "-c", "mysql --password x; ls"), "sh -c mysql --password ***");
	assert_argv(ARGV("sh", "-c", "--password x"), "sh -c --password ***");
	assert_argv(ARGV("sh", "-c", "mysql '--password'\tx"), "sh -c mysql '--password'\t***");
	/* an address with a password, patterns or not */
	assert_argv(ARGV("git", "clone", "https://me:hunter2@host/x"),
		    "git clone https://me:***@host/x");
	assert_argv(ARGV("git", "https://host:80/x@y"), "git https://host:***@y");
	assert_argv(ARGV("git", "https://host/x"), "git https://host/x");
	/* a process may call itself what it likes */
	assert_argv(ARGV("daemon --password=x"), "daemon --password=***");
	assert_argv(ARGV("a", "--token"), "a --token");
	assert_argv(ARGV("passwd", "root"), "passwd root");
	assert_argv(ARGV(""), "");
}

static void test_argv_raw(void **state)
{
	cleanup_buf struct buf b = BUF_INIT;

	(void)state;
	tell__argv(&b, "a\0--password=x\0", 15, NULL);
	assert_buf(&b, "a --password=x");
	tell__argv(&b, "", 0, redact);
	assert_int_equal(b.len, 0);
	tell__argv(&b, "\0\0\0", 3, redact);
	assert_int_equal(b.len, 0);
	/* cut behind the name, and inside the value */
	tell__argv(&b, "a\0--token\0se", 12, redact);
	assert_buf(&b, "a --token ***");
	tell__argv(&b, "a\0--token=se", 12, redact);
	assert_buf(&b, "a --token=***");
}

/* Names of every kind that a process, a cgroup or a runtime may have. */
#define HOSTILE "a\n\x1b[31m\xe2\x80\xae\xff\xc0\xaf\r\"\\b"
/* what people see of it: buf__escape's text */
#define SHOWN "a\\x0a\\x1b[31m\\xe2\\x80\\xae\\xff\\xc0\\xaf\\x0d\"\\\\b"

static const struct subject hostile = {
	.cgroup_id = 7,
	.cgroup = HOSTILE,
	.unit = HOSTILE,
	.container = HOSTILE,
	.container_id = HOSTILE,
	.runtime = "",
	.pod = HOSTILE,
	.pod_uid = "",
	.namespace_ = HOSTILE,
	.workload = HOSTILE,
	.unnamed = "",
	.labels = "",
};

/* Parsed: valid JSON that our own strict reader takes; and no byte below 0x20. */
static struct jdoc *parsed(const struct buf *b)
{
	cleanup_buf struct buf why = BUF_INIT;
	struct jdoc *d;

	assert_false(b->failed);
	for (size_t i = 0; i < b->len; i++)
		assert_true((unsigned char)b->data[i] >= 0x20);
	assert_null(memmem(b->data, b->len, "\xe2\x80\xae", 3));
	d = jdoc__parse(b->data, b->len, &why);
	if (!d)
		fail_msg("%s in %s", why.data, b->data);
	return d;
}

static const char *string_at(const struct jval *o, const char *key)
{
	return jval__string(jval__get(o, key));
}

static void test_hostile_event(void **state)
{
	static const char tail[] = HOSTILE "\0--password=hunter2\0" HOSTILE;
	cleanup_buf struct buf b = BUF_INIT;
	struct aeo_ev ev = {.probe = PROBE_exec,
			    .time_ns = 1000,
			    .pid = 1,
			    .tgid = 1,
			    .comm = "a\n\x1b[31m\xff",
			    .extra = 4};
	uint64_t extra[AEO_EXTRA] = {0};
	struct event e = {&ev, extra, tail, 3};
	struct jdoc *d;
	const struct jval *s, *f;

	(void)state;
	ev.tail = sizeof(tail) - 1;
	tell__event(&b, &common, &e, &hostile, redact);
	d = parsed(&b);
	assert_string_equal(string_at(jdoc__root(d), "schema"), "aeo.event/1");
	assert_string_equal(string_at(jdoc__root(d), "probe"), "exec");
	assert_string_equal(string_at(jdoc__root(d), "at"), "2023-11-14T22:13:20.123Z");
	assert_string_equal(string_at(jdoc__root(d), "at_ns"), "1000");
	assert_string_equal(string_at(jdoc__root(d), "lost_before"), "3");
	s = jval__get(jdoc__root(d), "subject");
	assert_string_equal(string_at(s, "kind"), "process");
	assert_string_equal(string_at(s, "unit"), SHOWN);
	assert_string_equal(string_at(s, "cgroup"), SHOWN);
	assert_string_equal(string_at(s, "binary"), "a\\x0a\\x1b[31m\\xff");
	f = jval__get(jdoc__root(d), "fields");
	assert_string_equal(string_at(f, "argv"), SHOWN " --password=*** " SHOWN);
	jdoc__free(d);
}

static void test_top(void **state)
{
	cleanup_buf struct buf b = BUF_INIT;
	struct tell_row rows[2] = {{&hostile, 0.5, (double)NAN, 0.25, (double)NAN, 3, 100},
				   {&hostile, 1.5, 0, 0, 0, 0, 0}};
	struct jdoc *d;
	const struct jval *r;
	double v;

	(void)state;
	tell__top(&b, &common, rows, 2, 9);
	d = parsed(&b);
	assert_string_equal(string_at(jdoc__root(d), "schema"), "aeo.top/1");
	assert_string_equal(string_at(jdoc__root(d), "node"), "n\\x1b[1m");
	assert_string_equal(string_at(jdoc__root(d), "cgroups"), "9");
	assert_int_equal(jval__count(jval__get(jdoc__root(d), "rows")), 2);
	r = jval__at(jval__get(jdoc__root(d), "rows"), 0);
	assert_int_equal(jval__double(jval__get(r, "cpu_wait"), &v), 0);
	assert_float_equal(v, 0.5, 1e-9);
	/* what the kernel does not tell is null, never 0 */
	assert_non_null(jval__get(r, "throttled"));
	assert_int_not_equal(jval__double(jval__get(r, "throttled"), &v), 0);
	assert_int_not_equal(jval__double(jval__get(r, "memory_pressure"), &v), 0);
	assert_string_equal(string_at(jval__get(r, "subject"), "cgroup_id"), "7");
	jdoc__free(d);
}

/* More rows than an answer has room for: cut between two rows, still one document. */
static void test_top_is_bounded(void **state)
{
	static char path[4000];
	static struct tell_row rows[1000];
	cleanup_buf struct buf b = BUF_INIT;
	struct subject s = hostile;
	struct jdoc *d;

	(void)state;
	memset(path, 1, sizeof(path) - 1);
	s.cgroup = path;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		rows[i] = (struct tell_row){&s, 1, 1, 1, 1, 1, 1};
	tell__top(&b, &common, rows, ARRAY_SIZE(rows), ARRAY_SIZE(rows));
	d = parsed(&b);
	assert_in_range(jval__count(jval__get(jdoc__root(d), "rows")), 40, 80);
	jdoc__free(d);
}

static void test_tasks(void **state)
{
	static const struct {
		uint32_t state;
		const char *text;
	} states[] = {{0, "runnable"}, {1, "sleep"},	       {2, "disk"},
		      {0x402, "disk"}, {0x20 << 16, "zombie"}, {0x20, "zombie"}};
	cleanup_buf struct buf b = BUF_INIT;
	struct aeo_taskrow rows[ARRAY_SIZE(states)] = {0};
	struct jdoc *d;
	const struct jval *list;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
		rows[i] = (struct aeo_taskrow){.pid = 42,
					       .tgid = 41,
					       .state = states[i].state,
					       .call = AEO_CALL_NONE,
					       .age_ns = 1500000000};
		memcpy(rows[i].comm, "\n\x1b\xff", 3);
	}
	rows[0].call = 0;
	tell__tasks(&b, &common, rows, ARRAY_SIZE(rows));
	d = parsed(&b);
	list = jval__get(jdoc__root(d), "tasks");
	assert_int_equal(jval__count(list), ARRAY_SIZE(states));
	for (size_t i = 0; i < ARRAY_SIZE(states); i++)
		assert_string_equal(string_at(jval__at(list, i), "state"), states[i].text);
	assert_string_equal(string_at(jval__at(list, 0), "comm"), "\\x0a\\x1b\\xff");
	assert_non_null(string_at(jval__at(list, 0), "call"));
	assert_null(string_at(jval__at(list, 1), "call"));
	jdoc__free(d);
}

static void test_probes(void **state)
{
	cleanup_buf struct buf b = BUF_INIT;
	struct probe_info p[2] = {
		{.name = "exec",
		 .what = "w",
		 .blind = "x",
		 .is_default = true,
		 .on = true,
		 .variant = "tp",
		 .attempted = 5,
		 .received = 3,
		 .in_flight = 1,
		 .lost = {[LOSS_RING] = 1},
		 .run_count = 5,
		 .run_time_ns = 10,
		 .measured = true},
		{.name = "drops",
		 .what = "w",
		 .blind = "x",
		 .why_not = {{"fentry", HOSTILE}},
		 .why_nots = 1},
	};
	struct jdoc *d;
	const struct jval *first, *second;

	(void)state;
	tell__probes(&b, &common, p, 2);
	d = parsed(&b);
	first = jval__at(jval__get(jdoc__root(d), "probes"), 0);
	second = jval__at(jval__get(jdoc__root(d), "probes"), 1);
	assert_string_equal(string_at(first, "run_time_source"), "measured");
	assert_string_equal(string_at(jval__get(first, "lost"), "ring"), "1");
	assert_string_equal(string_at(first, "attempted"), "5");
	assert_string_equal(string_at(second, "run_time_source"), "estimated");
	assert_null(string_at(second, "variant"));
	assert_string_equal(string_at(jval__at(jval__get(second, "why_not"), 0), "reason"), SHOWN);
	jdoc__free(d);
}

static void test_status(void **state)
{
	static const struct tell_process children[] = {{"aeod", 10, 1000, 0},
						       {"aeo-export", 0, 0, 3}};
	cleanup_buf struct buf b = BUF_INIT;
	struct tell_status s = {
		.cpu = {5, 1.5},
		.rss = {64, 32},
		.shed = {"traces"},
		.mode_configured = "enforce",
		.kernel = HOSTILE,
		.cgroup_layout = "v2",
		.processes = children,
		.process_count = 2,
	};
	struct jdoc *d;
	const struct jval *root;

	(void)state;
	tell__status(&b, &common, &s);
	d = parsed(&b);
	root = jdoc__root(d);
	/* without hands it only looks on, whatever is configured */
	assert_string_equal(string_at(jval__get(root, "mode"), "configured"), "enforce");
	assert_string_equal(string_at(jval__get(root, "mode"), "effective"), "observe");
	assert_non_null(jval__get(root, "leases"));
	assert_int_equal(jval__count(jval__get(root, "leases")), 0);
	assert_non_null(jval__get(root, "ledger"));
	assert_string_equal(string_at(jval__get(root, "kernel"), "release"), SHOWN);
	assert_string_equal(string_at(jval__get(jval__get(root, "budget"), "rss"), "used"), "32");
	assert_string_equal(jval__string(jval__at(jval__get(jval__get(root, "budget"), "shed"), 0)),
			    "traces");
	assert_int_equal(jval__count(jval__get(root, "processes")), 2);
	jdoc__free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_argv),	       cmocka_unit_test(test_argv_raw),
		cmocka_unit_test(test_hostile_event),  cmocka_unit_test(test_top),
		cmocka_unit_test(test_tasks),	       cmocka_unit_test(test_probes),
		cmocka_unit_test(test_top_is_bounded), cmocka_unit_test(test_status),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
