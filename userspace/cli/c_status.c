/* SPDX-License-Identifier: Apache-2.0 */
#include "priv.h"
#include "shown.h"

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
		table__cell(t, shown__seconds(number_of(p, "up_s"), text, sizeof(text)));
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

/* "1.20 % of a core (ceiling 5 %)" */
static const char *percent(const struct jval *amount, const char *of, char *text, size_t n)
{
	(void)snprintf(text, n, "%.2f %% of %s (ceiling %.4g %%)", number_of(amount, "used"), of,
		       number_of(amount, "limit"));
	return text;
}

static const char *bytes(const struct jval *amount, char *text, size_t n)
{
	char used[32], limit[32];

	(void)snprintf(text, n, "%s (ceiling %s)",
		       shown__bytes(number_of(amount, "used"), used, sizeof(used)),
		       shown__bytes(number_of(amount, "limit"), limit, sizeof(limit)));
	return text;
}

static void cost(const struct jval *g)
{
	const struct jval *shed = jval__get(g, "shed");
	char text[96], other[96], source[32];

	shown__line("cpu     %s; bpf %s, %s",
		    percent(jval__get(g, "cpu"), "a core", text, sizeof(text)),
		    percent(jval__get(g, "bpf"), "the machine", other, sizeof(other)),
		    text_of(g, "bpf_source", source, sizeof(source)));
	shown__line("memory  %s; maps %s", bytes(jval__get(g, "rss"), text, sizeof(text)),
		    bytes(jval__get(g, "maps"), other, sizeof(other)));
	for (size_t i = 0; i < jval__count(shed); i++)
		shown__line("shed    %s", jval__string(jval__at(shed, i)));
}

static void summary(const struct jval *root)
{
	const struct jval *k = jval__get(root, "kernel"), *m = jval__get(root, "mode"),
			  *seen = jval__get(root, "seen");
	const struct jval *hands = jval__get(root, "hands");
	char text[64], other[64], third[64], fourth[64];
	bool have_hands = false;

	if (hands)
		(void)jval__bool(hands, &have_hands);
	shown__line("node    %s, kernel %s, cgroup %s", text_of(root, "node", text, sizeof(text)),
		    text_of(k, "release", other, sizeof(other)),
		    text_of(k, "cgroup", third, sizeof(third)));
	shown__line("mode    %s%s", text_of(m, "effective", text, sizeof(text)),
		    have_hands ? "" : " (no hands: aeo-guardian is not installed)");
	cost(jval__get(root, "budget"));
	shown__line("seen    %s cgroups, %s containers (%s unnamed), %s series",
		    text_of(seen, "cgroups", text, sizeof(text)),
		    text_of(seen, "containers", other, sizeof(other)),
		    text_of(seen, "unnamed", third, sizeof(third)),
		    text_of(seen, "series", fourth, sizeof(fourth)));
	if (number_of(seen, "events_dropped_for_subscribers") > 0)
		shown__line("dropped %s events for readers that were too slow",
			    text_of(seen, "events_dropped_for_subscribers", text, sizeof(text)));
	if (jval__string(jval__get(root, "no_windows")))
		shown__line("note    %s", jval__string(jval__get(root, "no_windows")));
	shown__line("%s", "");
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
