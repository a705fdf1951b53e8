/* SPDX-License-Identifier: Apache-2.0 */
/* The exporter, put together from its parts. */
#ifndef AEO_EXPORT_H
#define AEO_EXPORT_H

#include "args.h"
#include "conf.h"
#include "http.h"

/* Exit codes beside 0 and 1. */
#define EXPORT_CONFIG 2
#define EXPORT_LOCKED_OUT \
	6 /* the sensor is there, and only a new start with root's rights can reach it */

struct exporter {
	const struct args *args;
	struct conf *conf;
	const char *listen; /* overrides export.listen; NULL */
	int leash;	    /* whose end ends us: the supervisor's pair; -1 none */
	struct http_limits limits;
};

/* Log from log.level on. */
void exporter__log(const struct conf *c);
/* Run until a signal, the end of the leash, or an error that was logged. The program's exit code. */
int exporter__run(struct exporter *e);

#endif
