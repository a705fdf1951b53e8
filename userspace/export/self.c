/* SPDX-License-Identifier: Apache-2.0 */
#include "self.h"

static const struct metric_row rows[] = {
#define COUNTER METRIC_COUNTER
#define GAUGE METRIC_GAUGE
#define METRIC(id, name, type, unit, cap, labels, k0, k1, help) \
	{name, unit, labels, help, type, cap, k0, k1},
#include "self.def"
#undef METRIC
};

static const char *const causes[FAIL_MAX] = {
	[FAIL_AWAY] = "sensor_away",  [FAIL_TIMEOUT] = "timeout", [FAIL_BUSY] = "busy",
	[FAIL_ANSWER] = "bad_answer", [FAIL_MEMORY] = "memory",
};

static void put_sample(struct buf *b, const char *name, const char *labels, double v)
{
	buf__str(b, name);
	buf__str(b, labels);
	buf__char(b, ' ');
	metric__render_value(b, v);
	buf__char(b, '\n');
}

void self__render(const struct self *s, enum metric_format format, struct buf *b)
{
	for (int i = 0; i < SELF_MAX; i++) {
		metric__render_head(b, &rows[i], format);
		if (i != SELF_failures) {
			put_sample(b, rows[i].name, "", s->value[i]);
			continue;
		}
		for (int k = 0; k < FAIL_MAX; k++) {
			char labels[40];

			(void)snprintf(labels, sizeof(labels), "{cause=\"%s\"}", causes[k]);
			put_sample(b, rows[i].name, labels, (double)s->failures[k]);
		}
	}
}
