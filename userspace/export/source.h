/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sensor, as the exporter knows it: a unix socket that gives one snapshot a question. Questions wait in line, one is asked at a
 * time, each is answered once: with a snapshot or with an error. The connection is looked for again each second while it is gone.
 */
#ifndef AEO_SOURCE_H
#define AEO_SOURCE_H

#include "loop.h"

#define SOURCE_WAITING 32  /* questions at once */
#define SOURCE_TIMEOUT_S 5 /* of an answer */

struct source;

/* err 0: the snapshot, valid during the call. -ENOTCONN: no sensor; -ETIMEDOUT; -EPROTO: it answered otherwise. */
typedef void (*snapshot_fn)(void *arg, int err, const char *data, size_t n);
/* There is a sensor, and we are not allowed to reach it as who we are now: a new start with more rights would be. */
typedef void (*locked_out_fn)(void *arg);

/* Connect to path; it need not be there yet. NULL with errno. */
struct source *source__new(struct loop *l, const char *path, locked_out_fn fn, void *arg);
/* Questions still waiting are answered with -ENOTCONN. Accepts NULL, returns NULL. */
struct source *source__free(struct source *s);
/* Ask for a snapshot. 0 (fn is called later, never from inside), -ENOTCONN, or -EBUSY when too many wait. */
int source__ask(struct source *s, snapshot_fn fn, void *arg);
/* Connected, and the last question was answered in time. */
bool source__ready(const struct source *s);
/* Connections made so far. */
uint64_t source__connects(const struct source *s);

#endif
