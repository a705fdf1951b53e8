/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the configuration: rows, their types, and values. Included by conf*.c alone; everybody
 * else reads conf.h. */
#ifndef AEO_CONF_ROW_H
#define AEO_CONF_ROW_H

#include "conf.h"

#define CONF_FILE_MAX (1u << 20) /* bytes of a configuration file */
#define CONF_ITEMS_MAX 256	 /* strings in one list */
#define CONF_TEXT_MAX 4096	 /* bytes of one string */

struct conf_value {
	uint64_t number; /* UINT, BOOL, ENUM (index), DURATION (ns), BYTES */
	double percent;	 /* PERCENT */
	char *text;	 /* STRING, ADDRESS, ENUM (name); owned */
	char **items;	 /* LIST; owned, each item too */
	size_t count;
};

/* One scalar as it stands in the file. */
struct conf_scalar {
	const char *text;
	size_t n;
	bool plain; /* written without quotes */
};

struct conf_row;

struct conf_type {
	bool list; /* written as a list; `parse` is then called once an item and appends */
	/* 0; -EINVAL wrong form, -ERANGE outside least..most, -ENOMEM. */
	int (*parse)(const struct conf_row *row, const struct conf_scalar *s, struct conf_value *v);
	/* The value as YAML that `parse` reads back. */
	void (*print)(const struct conf_row *row, const struct conf_value *v, struct buf *b);
	/* What may be written, for messages and the manual: "a duration of 100ms to 1m". */
	void (*expect)(const struct conf_row *row, struct buf *b);
};

#define CONF_TYPES(X) \
	X(UINT) X(DURATION) X(BYTES) X(PERCENT) X(BOOL) X(STRING) X(ADDRESS) X(ENUM) X(LIST)
#define DECLARE(name) extern const struct conf_type conf_type_##name;
CONF_TYPES(DECLARE)
#undef DECLARE

enum conf_when { CONF_WHEN_RELOAD, CONF_WHEN_RESTART };

struct conf_row {
	const char *name;
	const struct conf_type *type;
	const char *standard; /* as in conf.def: ENUM names all, LIST separates by commas */
	double least, most;
	const char *unit;
	enum conf_when when;
	const char *help;
};

extern const struct conf_row conf_rows[CONF_MAX];

void conf_value__done(struct conf_value *v);
int conf_value__copy(const struct conf_value *from, struct conf_value *ret_to);
bool conf_value__equal(const struct conf_value *a, const struct conf_value *b);

/* Move each value of fresh[] whose set[] is true into c; the others stay. */
void conf__take(struct conf *c, struct conf_value *fresh, const bool *set);

#endif
