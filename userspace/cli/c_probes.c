/* SPDX-License-Identifier: Apache-2.0 */
#include "priv.h"

static void details(const struct jval *p)
{
	const struct jval *why = jval__get(p, "why_not"), *blind = jval__get(p, "blind");
	cleanup_buf struct buf b = BUF_INIT;
	char text[32];

	buf__printf(&b, "\n%s: %s\n", text_of(p, "name", text, sizeof(text)),
		    text_of(p, "what", text, sizeof(text)));
	for (size_t i = 0; i < jval__count(why); i++) {
		char a[32], r[32];

		buf__printf(&b, "  not %s: %s\n",
			    text_of(jval__at(why, i), "variant", a, sizeof(a)),
			    text_of(jval__at(why, i), "reason", r, sizeof(r)));
	}
	for (size_t i = 0; i < jval__count(blind); i++)
		buf__printf(&b, "  blind to: %s\n", jval__string(jval__at(blind, i)));
	fputs(b.data ? b.data : "", stdout);
}

int cmd_probes(struct cli *c)
{
	static const char *const heads[] = {"PROBE",	  "ON",	       "VARIANT",
					    ">ATTEMPTED", ">RECEIVED", ">IN FLIGHT",
					    ">RUNS",	  ">COST",     "COST IS"};
	struct table *t = table__new(heads, ARRAY_SIZE(heads));
	cleanup_buf struct buf b = BUF_INIT;
	struct verb_options o;
	const struct jval *list;
	struct jdoc *d;
	char text[32];
	int code;

	code = options__parse(c, &o);
	if (!code)
		code = ask(c, WIRE_PROBES, NULL, 0, &b);
	if (code || o.json) {
		if (!code)
			printf("%s\n", b.data);
		table__print(NULL);
		free(t);
		return code;
	}
	d = answer__parse(&b);
	list = d ? jval__get(jdoc__root(d), "probes") : NULL;
	for (size_t i = 0; i < jval__count(list); i++) {
		const struct jval *p = jval__at(list, i);

		table__cell(t, text_of(p, "name", text, sizeof(text)));
		table__cell(t, text_of(p, "on", text, sizeof(text)));
		table__cell(t, text_of(p, "variant", text, sizeof(text)));
		table__cell(t, text_of(p, "attempted", text, sizeof(text)));
		table__cell(t, text_of(p, "received", text, sizeof(text)));
		table__cell(t, text_of(p, "in_flight", text, sizeof(text)));
		table__cell(t, text_of(p, "run_count", text, sizeof(text)));
		table__cellf(t, "%.3f s", number_of(p, "run_time_ns") / 1e9);
		table__cell(t, text_of(p, "run_time_source", text, sizeof(text)));
	}
	table__print(t);
	for (size_t i = 0; i < jval__count(list); i++)
		details(jval__at(list, i));
	jdoc__free(d);
	return d ? EXIT_OK : EXIT_FAILED;
}
