/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AEO_CLI_PRIV_H
#define AEO_CLI_PRIV_H

#include "buf.h"
#include "cli.h"
#include "json.h"
#include "log.h"
#include "wire.h"

enum { EXIT_OK, EXIT_FAILED, EXIT_USAGE, EXIT_UNREACHABLE = 6 };

struct cli {
	struct args args;
	const struct cli_doors *doors;
	const char *verb; /* NULL: none was typed */
	int argc;	  /* words behind the verb */
	char **argv;
};

typedef int (*command_fn)(struct cli *c);

#define COMMAND(name, shown, function, what) int function(struct cli *c);
#include "commands.def"

/* What the verbs take, beside the options of args.h; each verb its own part (commands.def). */
struct verb_options {
	uint64_t format; /* 0 table, 1 JSON */
	bool json, follow;
	uint64_t count, pid; /* 0: not given */
	uint64_t sort;	     /* index of its words */
	const char *file;
	const char *probe, *cgroup, *unit, *container, *binary;
};

/* Parse c->argv. 0, or EXIT_USAGE after saying what is wrong (*ret is as it was). */
int options__parse(struct cli *c, struct verb_options *ret);

/* Ask the daemon once. 0 and the answer in b; else an exit code, after saying why. */
int ask(struct cli *c, enum wire_kind kind, const char *payload, size_t n, struct buf *b);
/* Connect to the daemon: descriptor, or -1 after saying why. */
int ask__connect(struct cli *c);
/* Parse an answer; NULL after saying why. */
struct jdoc *answer__parse(const struct buf *b);

/* Columns for people: cells are foreign text, made harmless as shown.h says. Widths fit the content; the last column is not padded. */
struct table;
struct table *table__new(const char *const *heads, size_t columns);
void table__cell(struct table *t, const char *s); /* NULL: "-" */
void table__cellf(struct table *t, const char *fmt, ...) PRINTF(2, 3);
/* Print to standard output and free. Columns whose head starts with '>' are right-aligned. */
void table__print(struct table *t);

/* Member of an object as text: strings as they are, numbers and booleans rendered into `text`, "-" for null or missing. */
const char *text_of(const struct jval *o, const char *key, char *text, size_t n);
double number_of(const struct jval *o, const char *key);

/* pages.c: what comes from the rows. Exit codes. */
void page__help(FILE *out);
int page__man(void);
int page__completion(const char *shell); /* bash, zsh, fish */

/* A short name for a subject: container, unit or cgroup. */
const char *subject_name(const struct jval *subject);

#endif
