/* SPDX-License-Identifier: Apache-2.0 */
/* What a client says it takes (RFC 9110 §12.5). Both accept NULL: no such field. */
#ifndef AEO_ACCEPT_H
#define AEO_ACCEPT_H

#include "metric.h"

/* The format of an Accept field: OpenMetrics where version 1.0.0 of it is wanted at least as much as plain text. */
enum metric_format accept__format(const char *field);
/* Whether an Accept-Encoding field takes gzip. */
bool accept__gzip(const char *field);

#endif
