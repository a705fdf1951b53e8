/* SPDX-License-Identifier: Apache-2.0 */
/* What the exporter counts of itself. Plain numbers, added to by the room's one thread. */
#ifndef AEO_SELF_H
#define AEO_SELF_H

#include "metric.h"

enum self_id {
#define METRIC(id, ...) SELF_##id,
#include "self.def"
#undef METRIC
	SELF_MAX
};

/* Why a scrape got no snapshot. */
enum self_failure { FAIL_AWAY, FAIL_TIMEOUT, FAIL_BUSY, FAIL_ANSWER, FAIL_MEMORY, FAIL_MAX };

struct self {
	double value[SELF_MAX]; /* all but failures */
	uint64_t failures[FAIL_MAX];
};

/* Append the families as text; no "# EOF". */
void self__render(const struct self *s, enum metric_format format, struct buf *b);

#endif
