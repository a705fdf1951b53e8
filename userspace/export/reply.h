/* SPDX-License-Identifier: Apache-2.0 */
/* Answers, as responses of the HTTP library. All return NULL when memory is short. */
#ifndef AEO_REPLY_H
#define AEO_REPLY_H

#include <microhttpd.h>

#include "self.h"

/* A short plain text that lives as long as the program. `close`: the connection ends behind it. */
struct MHD_Response *reply__text(const char *text, bool close);
/*
 * The metrics page of a snapshot: our own families, then the sensor's. Counts what it made in `self`, also its own time, which the next
 * scrape shows. *ret_err: 0, -EPROTO for a malformed snapshot, -EMSGSIZE, -ENOMEM (NULL is returned then).
 */
struct MHD_Response *reply__metrics(struct self *self, const char *snapshot, size_t n,
				    enum metric_format format, bool gzip, int *ret_err);

#endif
