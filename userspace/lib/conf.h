/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration: one YAML file for aeod and aeo-export, every knob a row of conf.def.
 *
 * Read by libyaml's event interface against the rows. Refused, with file, line, column, field and
 * what was expected: unknown and duplicate keys, anchors, aliases, tags, merge keys, several
 * documents, wrong units, numbers out of range, text where a number is due. A missing file is the
 * defaults, unless it was named with --config. Read by root, a file that others may write is
 * refused.
 */
#ifndef AEO_CONF_H
#define AEO_CONF_H

#include <sys/socket.h>

#include "buf.h"

/* CONF(id, "section.key", type, default, least, most, unit, reload, help)
 *   type    UINT | DURATION | BYTES | PERCENT | BOOL | STRING | ADDRESS
 *           | ENUM (default names all: "observe|off|…", the first is it)
 *           | LIST (default separated by commas)
 *           Text that another reader would take for a number, a date or a truth value needs quotes.
 *   unit    for the manual; DURATION is written 500ms, 1s, 5m, 1h, 7d and kept in ns; BYTES 64MiB,
 *           20kB; PERCENT 2.5% or 2.5
 *   reload  RELOAD: SIGHUP takes it; RESTART: it is named as needing a restart */
enum conf_id {
#define CONF(id, ...) CONF_##id,
#include "conf.def"
#undef CONF
	CONF_MAX
};

struct conf;

/* All defaults. NULL with errno. */
struct conf *conf__new(void);
struct conf *conf__free(struct conf *c);
/* Read a file over the defaults. On error c is unchanged and *ret_error (a buf, appended to; may be
 * NULL) holds one line "FILE:LINE:COLUMN: FIELD: what was found, what was expected". 0, -ENOENT
 * when there is no such file, -EINVAL, or another negative errno. */
int conf__read(struct conf *c, const char *path, struct buf *ret_error);
/* The same from memory; `name` stands for the file in messages. Out of memory is said by -ENOMEM
 * alone. */
int conf__parse(struct conf *c, const char *name, const char *text, size_t n,
		struct buf *ret_error);

uint64_t conf__uint(const struct conf *c,
		    enum conf_id id); /* UINT, DURATION (ns), BYTES, ENUM (index), BOOL (0, 1) */
double conf__percent(const struct conf *c, enum conf_id id); /* PERCENT, 0..100 */
/* STRING, ADDRESS ("" for none), ENUM (name). Never NULL; valid until the row is reloaded or read
 * again. */
const char *conf__string(const struct conf *c, enum conf_id id);
/* LIST of strings: the i-th, or NULL behind the last. */
const char *conf__item(const struct conf *c, enum conf_id id, size_t i);

/* A socket address from an ADDRESS row's text: numeric "127.0.0.1:10942" or "[::1]:10942". 0,
 * -EINVAL, or -ERANGE for the port. */
int conf__address(const char *text, struct sockaddr_storage *ret_address, socklen_t *ret_len);

/* Take over from `next` what can be reloaded; append to b the names ("section.key") of changed rows
 * that need a restart, one a line. Number of rows taken. */
size_t conf__reload(struct conf *c, const struct conf *next, struct buf *ret_restart);
/* The configuration as YAML, every row with its value; with `defaults` also help, unit and range as
 * comments (the reference page). Rows whose unit is "secret" print "***". */
void conf__print(const struct conf *c, bool defaults, struct buf *b);

#endif
