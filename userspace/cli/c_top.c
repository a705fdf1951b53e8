/* SPDX-License-Identifier: Apache-2.0 */
#include "priv.h"

int cmd_top(struct cli *c)
{
	static const char *const heads[] = {"SUBJECT",	     ">CPU WAIT",  ">THROTTLED", ">IO WAIT",
					    ">MEM PRESSURE", ">RETRANS/S", ">CALLS/S"};
	struct table *t = table__new(heads, ARRAY_SIZE(heads));
	cleanup_buf struct buf b = BUF_INIT;
	struct verb_options o;
	struct jdoc *d;
	const struct jval *rows;
	int code = options__parse(c, &o);

	if (!code)
		code = ask(c, WIRE_TOP, NULL, 0, &b);
	if (!code && o.json)
		printf("%s\n", b.data);
	d = code || o.json ? NULL : answer__parse(&b);
	rows = d ? jval__get(jdoc__root(d), "rows") : NULL;
	for (size_t i = 0; i < jval__count(rows); i++) {
		const struct jval *r = jval__at(rows, i);

		table__cell(t, subject_name(jval__get(r, "subject")));
		table__cellf(t, "%.4f", number_of(r, "cpu_wait"));
		table__cellf(t, "%.4f", number_of(r, "throttled"));
		table__cellf(t, "%.4f", number_of(r, "io_wait"));
		table__cellf(t, "%.4f", number_of(r, "memory_pressure"));
		table__cellf(t, "%.1f", number_of(r, "retransmits"));
		table__cellf(t, "%.0f", number_of(r, "calls"));
	}
	if (d)
		table__print(t);
	jdoc__free(d);
	return code;
}

int cmd_bugtool(struct cli *c)
{
	log_error("%s: not in this build", c->verb);
	return EXIT_FAILED;
}
