/* SPDX-License-Identifier: Apache-2.0 */
#include "metric.h"

static const struct metric_row rows[] = {
#define COUNTER METRIC_COUNTER
#define GAUGE METRIC_GAUGE
#define HISTOGRAM METRIC_HISTOGRAM
#define METRIC(id, name, type, unit, cap, labels, k0, k1, help) {name, unit, labels, help, type, cap, k0, k1},
#include "metrics.def"
#undef METRIC
};

const struct metric_row *metric__row(enum metric_id id)
{
	return &rows[id];
}
