/* SPDX-License-Identifier: Apache-2.0 */
#include "priv.h"
#include "shown.h"

static void details(const struct jval *p)
{
	const struct jval *why = jval__get(p, "why_not"), *blind = jval__get(p, "blind");
	char text[32], other[32];

	shown__line("%s", "");
	shown__line("%s: %s", text_of(p, "name", text, sizeof(text)),
		    text_of(p, "what", other, sizeof(other)));
	for (size_t i = 0; i < jval__count(why); i++)
		shown__line("  not %s: %s",
			    text_of(jval__at(why, i), "variant", text, sizeof(text)),
			    text_of(jval__at(why, i), "reason", other, sizeof(other)));
	for (size_t i = 0; i < jval__count(blind); i++)
		if (jval__string(jval__at(blind, i)))
			shown__line("  blind to: %s", jval__string(jval__at(blind, i)));
}

static const char *const heads[] = {"PROBE", "ON",	   "VARIANT", ">ATTEMPTED", ">RECEIVED",
				    ">LOST", ">IN FLIGHT", ">RUNS",   ">COST",	    "COST IS"};

static double lost(const struct jval *p)
{
	const struct jval *all = jval__get(p, "lost");
	const char *key;
	double sum = 0;

	for (size_t i = 0; jval__member(all, i, &key); i++)
		sum += number_of(all, key);
	return sum;
}

static void row(struct table *t, const struct jval *p)
{
	char text[32];

	table__cell(t, text_of(p, "name", text, sizeof(text)));
	table__cell(t, text_of(p, "on", text, sizeof(text)));
	table__cell(t, text_of(p, "variant", text, sizeof(text)));
	table__cell(t, text_of(p, "attempted", text, sizeof(text)));
	table__cell(t, text_of(p, "received", text, sizeof(text)));
	table__cellf(t, "%.0f", lost(p));
	table__cell(t, text_of(p, "in_flight", text, sizeof(text)));
	table__cell(t, text_of(p, "run_count", text, sizeof(text)));
	table__cell(t, shown__seconds(number_of(p, "run_time_ns") / 1e9, text, sizeof(text)));
	table__cell(t, text_of(p, "run_time_source", text, sizeof(text)));
}

int cmd_probes(struct cli *c)
{
	cleanup_buf struct buf b = BUF_INIT;
	struct verb_options o;
	const struct jval *list;
	struct table *t;
	struct jdoc *d;
	int code = options__parse(c, &o);

	if (!code)
		code = ask(c, WIRE_PROBES, NULL, 0, &b);
	if (code)
		return code;
	if (o.json)
		return puts(b.data) < 0 ? EXIT_FAILED : EXIT_OK;
	d = answer__parse(&b);
	if (!d)
		return EXIT_FAILED;
	list = jval__get(jdoc__root(d), "probes");
	t = table__new(heads, ARRAY_SIZE(heads));
	for (size_t i = 0; i < jval__count(list); i++)
		row(t, jval__at(list, i));
	table__print(t);
	for (size_t i = 0; i < jval__count(list); i++)
		details(jval__at(list, i));
	jdoc__free(d);
	return EXIT_OK;
}
