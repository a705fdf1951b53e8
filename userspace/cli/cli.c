/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"

#include "priv.h"

static const struct {
	const char *name;
	bool shown;
	command_fn fn;
	const char *synopsis, *what;
} commands[] = {
#define COMMAND(name, shown, function, synopsis, what) {#name, shown, function, synopsis, what},
#include "commands.def"
#undef COMMAND
};

static void help(FILE *out)
{
	fprintf(out, "Usage: aeod VERB [options]\n\nVerbs:\n");
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (commands[i].shown)
			fprintf(out, "  %-10s %s\n             aeod %s %s\n", commands[i].name, commands[i].what, commands[i].name,
				commands[i].synopsis);
	fprintf(out, "\nOptions of every verb:\n%s", args__help());
	fprintf(out, "\nExit status: 0 ok, 1 failed, 2 usage or configuration, 6 the daemon cannot be reached.\n");
}

/* One man page of the whole program, from the same rows. */
static int man_page(void)
{
	printf(".TH AEOD 8 \"\" \"AutoEcoOps %s\" \"AutoEcoOps\"\n.SH NAME\naeod \\- see what a Linux node waits for, by cgroup, container "
	       "and process\n.SH SYNOPSIS\n.B aeod\n.I verb\n[options]\n.SH VERBS\n", AEO_VERSION);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (commands[i].shown)
			printf(".TP\n.B %s\n%s\n.br\n%s\n", commands[i].name, commands[i].synopsis, commands[i].what);
	printf(".SH OPTIONS\n.nf\n%s.fi\n.SH EXIT STATUS\n0 ok, 1 failed, 2 usage or configuration, 6 the daemon cannot be reached.\n"
	       ".SH FILES\n.TP\n%s\nconfiguration, see aeod.yaml(5)\n.TP\n%s/aeod.sock\nthe local socket\n", args__help(), CONFIG_DEFAULT,
	       RUN_DIR_DEFAULT);
	return EXIT_OK;
}

int cli__main(int argc, char **argv, const struct cli_doors *doors)
{
	struct cli c = {.args = ARGS_INIT, .doors = doors};
	const char *bad = NULL;

	log__init("aeod", LOG_INFO);
	if (args__take(&argc, argv, &c.args, &bad)) {
		log_error("%s: a value is missing or too many", bad);
		return EXIT_USAGE;
	}
	c.verb = argc > 1 ? argv[1] : NULL;
	if (c.args.help || !c.verb) {
		help(c.args.help ? stdout : stderr);
		return c.args.help ? EXIT_OK : EXIT_USAGE;
	}
	if (!strcmp(c.verb, "--man"))
		return man_page();
	c.argc = argc - 2;
	c.argv = argv + 2;
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

	if (options__parse(c, false, &o))
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
