/* SPDX-License-Identifier: Apache-2.0 */
#include "priv.h"

static void processes(const struct jval *root)
{
	static const char *const heads[] = {"PROCESS", ">PID", ">UP", ">RESTARTS"};
	const struct jval *list = jval__get(root, "processes");
	struct table *t = table__new(heads, ARRAY_SIZE(heads));
	char text[32];

	for (size_t i = 0; i < jval__count(list); i++) {
		const struct jval *p = jval__at(list, i);

		table__cell(t, text_of(p, "name", text, sizeof(text)));
		table__cell(t, text_of(p, "pid", text, sizeof(text)));
		table__cellf(t, "%.0f s", number_of(p, "up_s"));
		table__cell(t, text_of(p, "restarts", text, sizeof(text)));
	}
	table__print(t);
}

static void account(const struct jval *root)
{
	static const char *const heads[] = {"PROBE", ">ATTEMPTED", ">RECEIVED", ">RING",
					    ">READ", ">LIMIT",	   ">SHED",	">IN FLIGHT"};
	static const char *const causes[] = {"ring", "read", "limit", "shed"};
	const struct jval *list = jval__get(root, "probes");
	struct table *t = table__new(heads, ARRAY_SIZE(heads));
	char text[32];

	for (size_t i = 0; i < jval__count(list); i++) {
		const struct jval *p = jval__at(list, i);

		table__cell(t, text_of(p, "name", text, sizeof(text)));
		table__cell(t, text_of(p, "attempted", text, sizeof(text)));
		table__cell(t, text_of(p, "received", text, sizeof(text)));
		for (size_t k = 0; k < ARRAY_SIZE(causes); k++)
			table__cell(t,
				    text_of(jval__get(p, "lost"), causes[k], text, sizeof(text)));
		table__cell(t, text_of(p, "in_flight", text, sizeof(text)));
	}
	table__print(t);
}

static void summary(const struct jval *root)
{
	const struct jval *g = jval__get(root, "budget"), *k = jval__get(root, "kernel"),
			  *m = jval__get(root, "mode");
	const struct jval *seen = jval__get(root, "seen"), *shed = jval__get(g, "shed"),
			  *hands = jval__get(root, "hands");
	char text[64], other[64];
	bool have_hands = false;

	printf("node %s, kernel %s, cgroup %s\n", text_of(root, "node", text, sizeof(text)),
	       text_of(k, "release", other, sizeof(other)),
	       text_of(k, "cgroup", other, sizeof(other)));
	if (hands)
		(void)jval__bool(hands, &have_hands);
	printf("mode %s%s\n", text_of(m, "effective", text, sizeof(text)),
	       have_hands ? "" : " (no hands: aeo-guardian is not installed)");
	printf("cpu %.2f %% of a core (ceiling %.1f), bpf %.3f %% of the machine (ceiling %.1f, %s)\n",
	       number_of(jval__get(g, "cpu"), "used"), number_of(jval__get(g, "cpu"), "limit"),
	       number_of(jval__get(g, "bpf"), "used"), number_of(jval__get(g, "bpf"), "limit"),
	       text_of(g, "bpf_source", text, sizeof(text)));
	printf("memory %.1f MiB (ceiling %.0f), maps %.1f MiB (ceiling %.0f)\n",
	       number_of(jval__get(g, "rss"), "used") / 1048576,
	       number_of(jval__get(g, "rss"), "limit") / 1048576,
	       number_of(jval__get(g, "maps"), "used") / 1048576,
	       number_of(jval__get(g, "maps"), "limit") / 1048576);
	for (size_t i = 0; i < jval__count(shed); i++)
		printf("shed: %s\n", jval__string(jval__at(shed, i)));
	printf("%s cgroups, %s containers, %s unnamed; %s series\n",
	       text_of(seen, "cgroups", text, sizeof(text)),
	       text_of(seen, "containers", other, sizeof(other)),
	       text_of(seen, "unnamed", other, sizeof(other)),
	       text_of(seen, "series", other, sizeof(other)));
	if (jval__string(jval__get(root, "no_windows")))
		printf("%s\n", jval__string(jval__get(root, "no_windows")));
	printf("\n");
}

int cmd_status(struct cli *c)
{
	cleanup_buf struct buf b = BUF_INIT;
	struct verb_options o;
	struct jdoc *d;
	int code = options__parse(c, &o);

	if (!code)
		code = ask(c, WIRE_STATUS, NULL, 0, &b);
	if (code)
		return code;
	if (o.json) {
		printf("%s\n", b.data);
		return EXIT_OK;
	}
	d = answer__parse(&b);
	if (!d)
		return EXIT_FAILED;
	summary(jdoc__root(d));
	processes(jdoc__root(d));
	printf("\n");
	account(jdoc__root(d));
	jdoc__free(d);
	return EXIT_OK;
}
