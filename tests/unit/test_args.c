/* SPDX-License-Identifier: Apache-2.0 */
/* What people and children type, and the names of numbers that they read. */
#include "testing.h"

#include <sys/stat.h>

#include "args.h"
#include "call.h"
#include "event.h"
#include "unit.h"

static void takes_common_options_and_leaves_the_rest(void **state)
{
	char *argv[] = {"aeod", "--run-dir", "/r",	"top", "--root=/x",
			"-o",	"json",	     "--quiet", NULL};
	struct args a = ARGS_INIT;
	const char *bad = NULL;
	int argc = 8;

	(void)state;
	assert_int_equal(args__take(&argc, argv, &a, &bad), 0);
	assert_int_equal(argc, 4);
	assert_string_equal(argv[1], "top");
	assert_string_equal(argv[2], "-o");
	assert_string_equal(argv[3], "json");
	assert_null(argv[4]);
	assert_string_equal(a.run_dir, "/r");
	assert_string_equal(a.root, "/x");
	assert_true(a.quiet);
	assert_false(a.config_named);
	assert_string_equal(a.config, CONFIG_DEFAULT);
}

static void says_which_option_is_wrong(void **state)
{
	char *lacks[] = {"aeod", "run", "--config", NULL};
	char *extra[] = {"aeod", "--quiet=yes", NULL};
	struct args a = ARGS_INIT;
	const char *bad = NULL;
	int argc = 3;

	(void)state;
	assert_int_equal(args__take(&argc, lacks, &a, &bad), -EINVAL);
	assert_string_equal(bad, "--config");
	argc = 2;
	assert_int_equal(args__take(&argc, extra, &a, &bad), -EINVAL);
	assert_string_equal(bad, "--quiet");
}

static void gives_children_what_it_took(void **state)
{
	char *argv[] = {"aeod", "--config=/c", "--bpffs", "/b", "--state-dir=/s", NULL};
	struct args a = ARGS_INIT, again = ARGS_INIT;
	const char *given[12] = {"child"}, *bad = NULL;
	int argc = 5, n;

	(void)state;
	assert_int_equal(args__take(&argc, argv, &a, &bad), 0);
	n = 1 + args__give(&a, given + 1);
	assert_in_range(n, 1, 11);
	assert_int_equal(args__take(&n, (char **)given, &again, &bad), 0);
	assert_int_equal(n, 1);
	assert_string_equal(again.config, "/c");
	assert_true(again.config_named);
	assert_string_equal(again.bpffs, "/b");
	assert_string_equal(again.state_dir, "/s");
	assert_string_equal(again.run_dir, RUN_DIR_DEFAULT);
	/* a default configuration may be missing, so a child must not take it for a named one */
	a = (struct args)ARGS_INIT;
	n = 1 + args__give(&a, given + 1);
	again = (struct args)ARGS_INIT;
	assert_int_equal(args__take(&n, (char **)given, &again, &bad), 0);
	assert_false(again.config_named);
}

static void paths_fit_or_not(void **state)
{
	struct args a = ARGS_INIT;
	char path[24];

	(void)state;
	assert_true(args__path(&a, "lock", path, sizeof(path)));
	assert_string_equal(path, RUN_DIR_DEFAULT "/lock");
	assert_false(args__path(&a, "much-too-long", path, sizeof(path)));
}

static void names_calls(void **state)
{
	char text[48];

	(void)state;
#if defined(__x86_64__)
	assert_string_equal(call__name(0, text, sizeof(text)), "read");
	assert_string_equal(call__name(39, text, sizeof(text)), "getpid");
	assert_string_equal(call__name(435, text, sizeof(text)), "clone3");
#endif
	assert_string_equal(call__name(AEO_CALL_COMPAT | 3, text, sizeof(text)), "compat:read");
	assert_string_equal(call__name(60000, text, sizeof(text)), "call_60000");
	assert_string_equal(call__name(AEO_CALL_COMPAT | 60000, text, sizeof(text)),
			    "compat:call_60000");
	assert_string_equal(call__name(AEO_CALL_NONE, text, sizeof(text)), "none");
}

static void names_numbers_by_their_unit(void **state)
{
	char text[48], small[8];

	(void)state;
	assert_string_equal(unit__enum("signal", 9), "KILL");
	assert_null(unit__enum("signal", 500));
	assert_null(unit__enum("no such unit", 0));
	assert_string_equal(unit__text("signal", 500, text, sizeof(text)), "500");
	assert_string_equal(unit__text("execmarks", 3, text, sizeof(text)), "memfd,overlay_upper");
	assert_string_equal(unit__text("execmarks", 0, text, sizeof(text)), "");
	assert_string_equal(unit__text("execmarks", 1u << 30, text, sizeof(text)), "1073741824");
	assert_string_equal(unit__text("execmarks", 3, small, sizeof(small)), "memfd,o");
	assert_string_equal(unit__text("dev", 8u << 20 | 17, text, sizeof(text)), "8:17");
	assert_string_equal(unit__text("bool", 2, text, sizeof(text)), "true");
	assert_string_equal(unit__text("int", (uint64_t)-5, text, sizeof(text)), "-5");
	assert_string_equal(unit__text("", UINT64_MAX, text, sizeof(text)), "18446744073709551615");
}

static void names_devices(void **state)
{
	static const char *const folders[] = {"/sys", "/sys/dev", "/sys/dev/block"};
	char root[] = "/tmp/aeo-unit-XXXXXX", path[96];

	(void)state;
	assert_non_null(mkdtemp(root));
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		(void)snprintf(path, sizeof(path), "%s%s", root, folders[i]);
		assert_int_equal(mkdir(path, 0700), 0);
	}
	(void)snprintf(path, sizeof(path), "%s/sys/dev/block/8:17", root);
	assert_int_equal(symlink("../../devices/pci/block/sdb/sdb1", path), 0);
	assert_string_equal(device__name(root, 8u << 20 | 17), "sdb1");
	assert_int_equal(unlink(path), 0);
	/* remembered; and one that never was there keeps its number */
	assert_string_equal(device__name(root, 8u << 20 | 17), "sdb1");
	assert_string_equal(device__name(root, 9u << 20 | 1), "9:1");
	for (size_t i = ARRAY_SIZE(folders); i-- > 0;) {
		(void)snprintf(path, sizeof(path), "%s%s", root, folders[i]);
		assert_int_equal(rmdir(path), 0);
	}
	(void)rmdir(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_common_options_and_leaves_the_rest),
		cmocka_unit_test(says_which_option_is_wrong),
		cmocka_unit_test(gives_children_what_it_took),
		cmocka_unit_test(paths_fit_or_not),
		cmocka_unit_test(names_calls),
		cmocka_unit_test(names_numbers_by_their_unit),
		cmocka_unit_test(names_devices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
