/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"

#include "priv.h"

static const struct {
	const char *name;
	command_fn fn;
} commands[] = {
#define COMMAND(name, shown, function, what) {#name, function},
#include "commands.def"
};

/* What is asked of the program itself: --help alone or with a verb, --man, --completion SHELL. */
static bool is_page(const struct cli *c, int *ret_code)
{
	const char *v = c->verb;

	if (c->args.help || !v) {
		page__help(c->args.help ? stdout : stderr);
		*ret_code = c->args.help ? EXIT_OK : EXIT_USAGE;
	} else if (!strcmp(v, "--man") && !c->argc) {
		*ret_code = page__man();
	} else if (!strcmp(v, "--completion") && c->argc == 1) {
		*ret_code = page__completion(c->argv[0]);
	} else {
		return false;
	}
	return true;
}

int cli__main(int argc, char **argv, const struct cli_doors *doors)
{
	struct cli c = {.args = ARGS_INIT, .doors = doors};
	const char *bad = NULL;
	int code;

	log__init("aeod", LOG_INFO);
	if (args__take(&argc, argv, &c.args, &bad)) {
		log_error("%s: a value is missing or too many", bad);
		return EXIT_USAGE;
	}
	c.verb = argc > 1 ? argv[1] : NULL;
	c.argc = MAX(argc - 2, 0);
	c.argv = argv + 2;
	if (is_page(&c, &code))
		return code;
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(commands[i].name, c.verb))
			return commands[i].fn(&c);
	log_error("no verb \"%s\"; aeod --help lists them", c.verb);
	return EXIT_USAGE;
}

/* run, sensor and what they take */
static int only_common(struct cli *c)
{
	if (!c->argc)
		return EXIT_OK;
	log_error("%s: unexpected \"%s\"", c->verb, c->argv[0]);
	return EXIT_USAGE;
}

int cmd_run(struct cli *c)
{
	if (only_common(c))
		return EXIT_USAGE;
	return c->args.check_config ? c->doors->check_config(&c->args) : c->doors->run(&c->args);
}

int cmd_sensor(struct cli *c)
{
	return only_common(c) ? EXIT_USAGE : c->doors->sensor(&c->args);
}

int cmd_version(struct cli *c)
{
	cleanup_buf struct buf b = BUF_INIT;
	struct json j = {&b, false};
	struct verb_options o;

	if (options__parse(c, &o))
		return EXIT_USAGE;
	if (!o.json) {
		printf("aeod %s (%s)\n", AEO_VERSION, AEO_REVISION);
		return EXIT_OK;
	}
	json__open(&j, NULL, '{');
	json__string(&j, "schema", "aeo.version/1");
	json__string(&j, "version", AEO_VERSION);
	json__string(&j, "revision", AEO_REVISION);
	json__close(&j, '}');
	printf("%s\n", b.data);
	return EXIT_OK;
}
