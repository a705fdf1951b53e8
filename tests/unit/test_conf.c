/* SPDX-License-Identifier: Apache-2.0 */
#include "testing.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/stat.h>

#include "conf.h"

static struct conf *parsed(const char *text)
{
	cleanup_buf struct buf error = BUF_INIT;
	struct conf *c = conf__new();

	assert_non_null(c);
	if (conf__parse(c, "f", text, strlen(text), &error))
		fail_msg("%s: %s", text, error.data ? error.data : "");
	return c;
}

static void defaults_stand(void **state)
{
	struct conf *c = conf__new();

	(void)state;
	assert_string_equal(conf__string(c, CONF_heal_mode), "observe");
	assert_int_equal(conf__uint(c, CONF_heal_mode), 0);
	assert_true(conf__percent(c, CONF_budget_cpu) == 5);
	assert_int_equal(conf__uint(c, CONF_budget_rss), 64 << 20);
	assert_int_equal(conf__uint(c, CONF_sense_tick), 1000000000);
	assert_string_equal(conf__string(c, CONF_export_listen), "127.0.0.1:10942");
	assert_null(conf__item(c, CONF_sense_probes_off, 0));
	assert_null(conf__free(c));
	assert_null(conf__free(NULL));
}

static void reads_every_type(void **state)
{
	struct conf *c = parsed(
		"log: {level: debug}\n"
		"heal:\n  mode: off\n"
		"budget: {cpu: 2.5%, bpf: 0.125, rss: 100MB, maps: 4MiB}\n"
		"export:\n  listen: \"[::1]:443\"\n  series: 1000\n  tls_certificate: /etc/x.pem\n  tls_key: \"\"\n"
		"sense: {tick: 1.5s, slow: 1m, off: [exec, \"sched\"]}\n"
		"events:\n  redact:\n    - password\n    - '--token'\n");

	(void)state;
	assert_string_equal(conf__string(c, CONF_log_level), "debug");
	assert_string_equal(conf__string(c, CONF_heal_mode), "off");
	assert_int_equal(conf__uint(c, CONF_heal_mode), 1);
	assert_true(conf__percent(c, CONF_budget_cpu) == 2.5);
	assert_true(conf__percent(c, CONF_budget_bpf) == 0.125);
	assert_int_equal(conf__uint(c, CONF_budget_rss), 100000000);
	assert_int_equal(conf__uint(c, CONF_budget_maps), 4 << 20);
	assert_string_equal(conf__string(c, CONF_export_listen), "[::1]:443");
	assert_string_equal(conf__string(c, CONF_export_tls_cert), "/etc/x.pem");
	assert_int_equal(conf__uint(c, CONF_sense_tick), 1500000000);
	assert_int_equal(conf__uint(c, CONF_sense_slow), 60000000000);
	assert_string_equal(conf__item(c, CONF_sense_probes_off, 0), "exec");
	assert_string_equal(conf__item(c, CONF_sense_probes_off, 1), "sched");
	assert_null(conf__item(c, CONF_sense_probes_off, 2));
	assert_string_equal(conf__item(c, CONF_events_redact, 1), "--token");
	conf__free(c);
}

static void nothing_is_the_defaults(void **state)
{
	static const char *const texts[] = {"",		  "# a comment\n",  "---\n",
					    "---\n...\n", "log:\nsense:\n", "log: {}\n"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct conf *c = parsed(texts[i]);

		assert_string_equal(conf__string(c, CONF_log_level), "info");
		conf__free(c);
	}
}

/* What is written, and the whole line that must be said about it. */
static const struct {
	const char *text, *said;
} refused[] = {
	{"log:\n  levle: info\n", "f:2:3: log.levle: found an unknown key, expected log.level"},
	{"levle: info\n", "f:1:1: levle: found an unknown key, expected log.level"},
	{"log.level: info\n",
	 "f:1:1: log.level: found a dot in a key, expected a section in a section"},
	{"zzzz: 1\n",
	 "f:1:1: zzzz: found an unknown key, expected one of log heal budget export sense events"},
	{"heal: {zzzzzz: 1}\n",
	 "f:1:8: heal.zzzzzz: found an unknown key, expected one of heal.mode"},
	{"\"lo\\0g\": 1\n",
	 "f:1:1: lo\\x00g: found an unknown key, expected one of log heal budget export sense events"},
	{"<<: {log: x}\n", "f:1:1: <<: found a merge key, expected none"},
	{"log: &a\n  level: info\n", "f:1:6: log: found an anchor (&), expected none"},
	{"log:\n  level: *a\n", "f:2:10: log.level: found an alias (*), expected the value itself"},
	{"log:\n  level: !!str info\n", "f:2:10: log.level: found a tag (!), expected none"},
	{"sense: {off: ! [a]}\n", "f:1:14: sense.off: found a tag (!), expected none"},
	{"log: {level: info}\nlog: {level: info}\n",
	 "f:2:1: log: found a duplicate key, expected each key once"},
	{"log:\n  level: info\n  level: info\n",
	 "f:3:3: log.level: found a duplicate key, expected each key once"},
	{"log: {level: info}\n---\nlog: {}\n",
	 "f:2:1: file: found a second document, expected one"},
	{"%YAML 1.1\n---\nlog: {}\n", "f:1:1: file: found a directive (%), expected none"},
	{"- log\n", "f:1:1: file: found a list, expected sections"},
	{"log\n", "f:1:1: file: found log, expected sections"},
	{"log: info\n", "f:1:6: log: found info, expected a section"},
	{"log: {level: {a: b}}\n",
	 "f:1:14: log.level: found a section, expected one of info, error, warning, notice, debug"},
	{"log: {level: }\n",
	 "f:1:14: log.level: found nothing, expected one of info, error, warning, notice, debug"},
	{"log: {? [a] : b}\n", "f:1:9: log: found a list, expected a key"},
	{"log: {level: \"\\e[31m\"}\n",
	 "f:1:14: log.level: found the text \"\\x1b[31m\", expected one of info, error, warning, notice, debug"},
	{"export: {series: \"100\"}\n",
	 "f:1:18: export.series: found the text \"100\", expected a whole number of 1000 to 100000"},
	{"export: {series: 99}\n",
	 "f:1:18: export.series: found 99, expected a whole number of 1000 to 100000"},
	{"export: {series: 0144}\n",
	 "f:1:18: export.series: found 0144, expected a whole number of 1000 to 100000"},
	{"export: {series: 1e3}\n",
	 "f:1:18: export.series: found 1e3, expected a whole number of 1000 to 100000"},
	{"export: {series: 200.0}\n",
	 "f:1:18: export.series: found 200.0, expected a whole number of 1000 to 100000"},
	{"export: {series: -200}\n",
	 "f:1:18: export.series: found -200, expected a whole number of 1000 to 100000"},
	{"export: {series: 18446744073709551716}\n",
	 "f:1:18: export.series: found 18446744073709551716, expected a whole number of 1000 to 100000"},
	{"budget: {cpu: 101%}\n",
	 "f:1:15: budget.cpu: found 101%, expected a percentage of 0.1% to 100%"},
	{"budget: {cpu: 5 %}\n",
	 "f:1:15: budget.cpu: found 5 %, expected a percentage of 0.1% to 100%"},
	{"budget: {rss: 64}\n",
	 "f:1:15: budget.rss: found 64, expected a size with its unit (B, kB, MB, GB, TB, KiB, MiB, GiB, TiB) of 16MiB to 4GiB"},
	{"budget: {rss: 64Mib}\n",
	 "f:1:15: budget.rss: found 64Mib, expected a size with its unit (B, kB, MB, GB, TB, KiB, MiB, GiB, TiB) of 16MiB to 4GiB"},
	/* 2^34 + 1 of them: as many bytes as one, in 64 bits */
	{"budget: {rss: 17179869185GiB}\n",
	 "f:1:15: budget.rss: found 17179869185GiB, expected a size with its unit (B, kB, MB, GB, TB, KiB, MiB, GiB, TiB) of 16MiB to 4GiB"},
	{"budget: {rss: 100000000.5B}\n",
	 "f:1:15: budget.rss: found 100000000.5B, expected a size with its unit (B, kB, MB, GB, TB, KiB, MiB, GiB, TiB) of 16MiB to 4GiB"},
	{"budget: {rss: \"64MiB\"}\n",
	 "f:1:15: budget.rss: found the text \"64MiB\", expected a size with its unit (B, kB, MB, GB, TB, KiB, MiB, GiB, TiB) of 16MiB to 4GiB"},
	{"sense: {tick: 1}\n",
	 "f:1:15: sense.tick: found 1, expected a duration with its unit (ns, us, ms, s, m, h, d) of 100ms to 1m"},
	{"sense: {tick: 61s}\n",
	 "f:1:15: sense.tick: found 61s, expected a duration with its unit (ns, us, ms, s, m, h, d) of 100ms to 1m"},
	{"sense: {off: exec}\n",
	 "f:1:14: sense.off: found exec, expected a list, [\"a\", \"b\"], of at most 256 printable texts (probe names)"},
	{"sense: {off: [no]}\n",
	 "f:1:15: sense.off: found no, expected a list, [\"a\", \"b\"], of at most 256 printable texts (probe names)"},
	{"sense: {off: [[a]]}\n",
	 "f:1:15: sense.off: found a list, expected a list, [\"a\", \"b\"], of at most 256 printable texts (probe names)"},
	{"export: {tls_key: 1.10}\n",
	 "f:1:19: export.tls_key: found 1.10, expected printable text, in quotes (path)"},
	{"export: {tls_key: No}\n",
	 "f:1:19: export.tls_key: found No, expected printable text, in quotes (path)"},
	{"export: {tls_key: \"a\\nb\"}\n",
	 "f:1:19: export.tls_key: found the text \"a\\x0ab\", expected printable text, in quotes (path)"},
	{"export: {listen: localhost:80}\n",
	 "f:1:18: export.listen: found localhost:80, expected ADDRESS:PORT or "
	 "[ADDRESS]:PORT, numeric, port 1 to 65535, or \"\" for none"},
	{"log:\n\tlevel: info\n",
	 "f:2:1: log: found a fault of form (while scanning for the next token: found character "
	 "that cannot start any token), expected YAML"},
	{"log: {level: info\n",
	 "f:2:1: log: found a fault of form (while parsing a flow mapping: did not find expected ',' "
	 "or '}'), expected YAML"},
	{"# \xff\n",
	 "f:1:1: file: found a fault of form (invalid leading UTF-8 octet), expected YAML"},
};

static void says_what_is_wrong_where(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		cleanup_buf struct buf error = BUF_INIT;
		struct conf *c = conf__new();

		assert_int_equal(conf__parse(c, "f", refused[i].text, strlen(refused[i].text),
					     &error),
				 -EINVAL);
		assert_buf(&error, refused[i].said);
		/* the same without a place to say it */
		assert_int_equal(conf__parse(c, "f", refused[i].text, strlen(refused[i].text),
					     NULL),
				 -EINVAL);
		conf__free(c);
	}
}

static void stays_unchanged_on_error(void **state)
{
	const char *text =
		"log: {level: debug}\nsense: {off: [exec, sched]}\nexport: {series: 1}\n";
	struct conf *c = parsed("sense: {off: [old]}\n");

	(void)state;
	assert_int_equal(conf__parse(c, "f", text, strlen(text), NULL), -EINVAL);
	assert_string_equal(conf__string(c, CONF_log_level), "info");
	assert_string_equal(conf__item(c, CONF_sense_probes_off, 0), "old");
	assert_null(conf__item(c, CONF_sense_probes_off, 1));
	conf__free(c);
}

static void printed_is_read_back(void **state)
{
	struct conf *c = parsed(
		"heal: {mode: off}\nsense: {tick: 1500ms, off: [\"a \\\"b\\\\\", \"é\"]}\n"
		"budget: {cpu: 0.3%, rss: 100000001B}\nexport: {listen: \"\", tls_key: \"no\"}\n");

	(void)state;
	for (int defaults = 0; defaults < 2; defaults++) {
		cleanup_buf struct buf text = BUF_INIT, again = BUF_INIT;
		struct conf *back;

		conf__print(c, defaults, &text);
		back = parsed(text.data);
		conf__print(back, defaults, &again);
		assert_string_equal(text.data, again.data);
		assert_string_equal(conf__item(back, CONF_sense_probes_off, 0), "a \"b\\");
		assert_int_equal(conf__uint(back, CONF_budget_rss), 100000001);
		conf__free(back);
	}
	conf__free(c);
}

static void reload_takes_what_it_may(void **state)
{
	cleanup_buf struct buf restart = BUF_INIT;
	struct conf *c = parsed("log: {level: error}\n");
	struct conf *next = parsed(
		"log: {level: debug}\nevents: {redact: [a]}\nsense: {tick: 2s, cgroups: 100}\n");

	(void)state;
	assert_int_equal(conf__reload(c, next, &restart), 2);
	conf__free(next);
	assert_string_equal(conf__string(c, CONF_log_level), "debug");
	assert_string_equal(conf__item(c, CONF_events_redact, 0), "a");
	assert_int_equal(conf__uint(c, CONF_sense_tick), 1000000000);
	assert_buf(&restart, "sense.tick\nsense.cgroups\n");
	next = parsed("log: {level: debug}\nevents: {redact: [a]}\n");
	assert_int_equal(conf__reload(c, next, &restart), 0);
	assert_int_equal(restart.len, 0);
	conf__free(next);
	conf__free(c);
}

static void reads_addresses(void **state)
{
	static const char *const wrong[] = {"",
					    ":80",
					    "1.2.3.4",
					    "1.2.3.4:",
					    "1.2.3.4:0x50",
					    "::1:80",
					    "[::1]80",
					    "[::1]",
					    "[]:80",
					    "[1.2.3.4]:80",
					    "1.2.3:80",
					    "01.2.3.4:80",
					    "1.2.3.4:080",
					    "1.2.3.4:8.0",
					    "[::1:80",
					    "host:80",
					    "]:80",
					    "[:80",
					    "1.2.3.4:80 ",
					    "1111111111111111111111111111111111111111111111111:80"};
	struct sockaddr_storage a = {0};
	socklen_t len = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		if (conf__address(wrong[i], &a, &len) != -EINVAL)
			fail_msg("%s", wrong[i]);
	assert_int_equal(conf__address("1.2.3.4:0", &a, &len), -ERANGE);
	assert_int_equal(conf__address("1.2.3.4:65536", &a, &len), -ERANGE);
	assert_int_equal(len, 0);
	assert_int_equal(conf__address("127.0.0.1:10942", &a, &len), 0);
	assert_int_equal(a.ss_family, AF_INET);
	assert_int_equal(len, sizeof(struct sockaddr_in));
	assert_int_equal(ntohs(((struct sockaddr_in *)&a)->sin_port), 10942);
	assert_int_equal(ntohl(((struct sockaddr_in *)&a)->sin_addr.s_addr), 0x7f000001);
	assert_int_equal(conf__address("[::1]:65535", &a, &len), 0);
	assert_int_equal(len, sizeof(struct sockaddr_in6));
	assert_int_equal(ntohs(((struct sockaddr_in6 *)&a)->sin6_port), 65535);
	assert_int_equal(((struct sockaddr_in6 *)&a)->sin6_addr.s6_addr[15], 1);
}

static void write_file(const char *path, size_t n, mode_t mode)
{
	cleanup_fd int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "log: {level: debug}\n", 20), 20);
	assert_int_equal(ftruncate(fd, (off_t)n), 0);
	assert_int_equal(fchmod(fd, mode), 0);
}

static void reads_only_files_it_may_trust(void **state)
{
	char folder[] = "/tmp/aeo-unit-XXXXXX", path[64];
	cleanup_buf struct buf error = BUF_INIT;
	struct conf *c = conf__new();

	(void)state;
	assert_non_null(mkdtemp(folder));
	(void)snprintf(path, sizeof(path), "%s/f.yaml", folder);
	assert_int_equal(conf__read(c, path, &error), -ENOENT);
	assert_non_null(strstr(error.data, "f.yaml:1:1: file: found No such file"));
	buf__clear(&error);
	assert_int_equal(conf__read(c, folder, &error), -EINVAL);
	assert_non_null(strstr(error.data, "found a folder, expected a regular file"));
	buf__clear(&error);
	write_file(path, 20, 0644);
	assert_int_equal(conf__read(c, path, &error), 0);
	assert_string_equal(conf__string(c, CONF_log_level), "debug");
	write_file(path, (1u << 20) + 1, 0644);
	assert_int_equal(conf__read(c, path, &error), -EINVAL);
	assert_non_null(strstr(error.data, "found more than 1 MiB"));
	buf__clear(&error);
	(void)unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(conf__read(c, path, &error), -EINVAL); /* and does not wait for a writer */
	assert_non_null(strstr(error.data, "found a special file"));
	(void)unlink(path);
	(void)rmdir(folder);
	conf__free(c);
}

/* As another user the mode of the file is nobody's danger, so the check is root's alone. */
static void root_refuses_what_others_may_write(void **state)
{
	char folder[] = "/tmp/aeo-unit-XXXXXX", path[64];
	cleanup_buf struct buf error = BUF_INIT;
	struct conf *c = conf__new();
	int err;

	(void)state;
	assert_non_null(mkdtemp(folder));
	(void)snprintf(path, sizeof(path), "%s/f.yaml", folder);
	write_file(path, 20, 0666);
	err = conf__read(c, path, &error);
	(void)unlink(path);
	(void)rmdir(folder);
	conf__free(c);
	assert_int_equal(err, geteuid() == 0 ? -EINVAL : 0);
	if (err)
		assert_non_null(strstr(
			error.data, ":1:1: file: found a file that others may write (mode 0666), "
				    "expected mode 0644 or stricter, since root reads it"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_stand),
		cmocka_unit_test(reads_every_type),
		cmocka_unit_test(nothing_is_the_defaults),
		cmocka_unit_test(says_what_is_wrong_where),
		cmocka_unit_test(stays_unchanged_on_error),
		cmocka_unit_test(printed_is_read_back),
		cmocka_unit_test(reload_takes_what_it_may),
		cmocka_unit_test(reads_addresses),
		cmocka_unit_test(reads_only_files_it_may_trust),
		cmocka_unit_test(root_refuses_what_others_may_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
