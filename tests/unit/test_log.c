/* SPDX-License-Identifier: Apache-2.0 */
#include "testing.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "log.h"

/* Standard error goes to a file of its own while a test runs. */
struct caught {
	int saved, fd;
};

static struct caught catch_stderr(void)
{
	char path[] = "/tmp/aeo-unit-XXXXXX";
	struct caught c = {dup(STDERR_FILENO), mkstemp(path)};

	assert_true(c.saved >= 0 && c.fd >= 0);
	(void)unlink(path);
	assert_true(dup2(c.fd, STDERR_FILENO) >= 0);
	return c;
}

static void release_stderr(struct caught c, struct buf *ret_said)
{
	ssize_t n;

	assert_true(dup2(c.saved, STDERR_FILENO) >= 0);
	assert_int_equal(buf__reserve(ret_said, 65536), 0);
	n = pread(c.fd, ret_said->data, 65536, 0);
	assert_true(n >= 0);
	ret_said->len = (size_t)n;
	ret_said->data[n] = '\0';
	close(c.fd);
	close(c.saved);
}

static void one_line_a_message(void **state)
{
	cleanup_buf struct buf said = BUF_INIT;
	struct caught c = catch_stderr();

	(void)state;
	log__init("unit", LOG_INFO);
	log_info("cgroup %s is gone", "x\nunit: error: forged\r\x1b[2J\xe2\x80\xae");
	log_debug("not shown");
	log_warn("w");
	log_error("e");
	release_stderr(c, &said);
	assert_buf(&said,
		   "unit: cgroup x\\x0aunit: error: forged\\x0d\\x1b[2J\\xe2\\x80\\xae is gone\n"
		   "unit: warning: w\nunit: error: e\n");
}

static void cuts_and_says_so(void **state)
{
	cleanup_buf struct buf said = BUF_INIT;
	struct caught c = catch_stderr();
	char text[4000];

	(void)state;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	log_info("%s", text);
	release_stderr(c, &said);
	assert_int_equal(said.len, strlen("unit: ") + 2047 + strlen("...\n"));
	assert_string_equal(said.data + said.len - 5, "x...\n");
}

static void counts_by_level(void **state)
{
	cleanup_buf struct buf said = BUF_INIT;
	uint64_t errors = log__count(LOG_ERROR), debugs = log__count(LOG_DEBUG);
	struct caught c = catch_stderr();

	(void)state;
	log_error("one");
	log_debug("hidden, and counted");
	release_stderr(c, &said);
	assert_int_equal(log__count(LOG_ERROR), errors + 1);
	assert_int_equal(log__count(LOG_DEBUG), debugs + 1);
}

static void levels_for_the_journal_alone(void **state)
{
	cleanup_buf struct buf said = BUF_INIT;
	struct caught c = catch_stderr();
	char stream[64];
	struct stat st;

	(void)state;
	assert_int_equal(fstat(c.fd, &st), 0);
	(void)snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)st.st_dev,
		       (uintmax_t)st.st_ino);
	assert_int_equal(setenv("JOURNAL_STREAM", stream, 1), 0);
	log__init("unit", LOG_INFO);
	log_warn("to the journal");
	(void)snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)st.st_dev,
		       (uintmax_t)st.st_ino + 1);
	assert_int_equal(setenv("JOURNAL_STREAM", stream, 1), 0);
	log__init("unit", LOG_INFO);
	log_warn("inherited");
	(void)unsetenv("JOURNAL_STREAM");
	release_stderr(c, &said);
	assert_buf(&said, "<4>to the journal\nunit: warning: inherited\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_line_a_message),
		cmocka_unit_test(cuts_and_says_so),
		cmocka_unit_test(counts_by_level),
		cmocka_unit_test(levels_for_the_journal_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
