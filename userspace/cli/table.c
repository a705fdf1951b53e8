/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>

#include "priv.h"
#include "shown.h"

struct table {
	const char *const *heads;
	size_t columns, cells;
	char **cell;
};

struct table *table__new(const char *const *heads, size_t columns)
{
	struct table *t = calloc(1, sizeof(*t));

	if (t) {
		t->heads = heads;
		t->columns = columns;
	}
	return t;
}

void table__cell(struct table *t, const char *s)
{
	struct buf b = BUF_INIT;
	char **grown;

	if (!t)
		return;
	shown__add(&b, s);
	grown = realloc(t->cell, (t->cells + 1) * sizeof(*grown));
	if (!grown) {
		buf__done(&b);
		return;
	}
	t->cell = grown;
	t->cell[t->cells++] = b.data;
}

void table__cellf(struct table *t, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	table__cell(t, text);
}

static void print_cell(const char *s, size_t wide, bool right, bool last)
{
	int pad = (int)(wide - MIN(shown__width(s), wide));

	if (right)
		printf("%*s%s", pad, "", s);
	else
		printf("%s%*s", s, last ? 0 : pad, "");
	fputs(last ? "\n" : "  ", stdout);
}

void table__print(struct table *t)
{
	cleanup_free size_t *wide = t ? calloc(t->columns, sizeof(*wide)) : NULL;

	if (!wide)
		return;
	for (size_t c = 0; c < t->columns; c++)
		wide[c] = shown__width(t->heads[c] + (t->heads[c][0] == '>'));
	for (size_t i = 0; i < t->cells; i++)
		wide[i % t->columns] =
			MAX(wide[i % t->columns], shown__width(t->cell[i] ? t->cell[i] : ""));
	for (size_t c = 0; c < t->columns; c++)
		print_cell(t->heads[c] + (t->heads[c][0] == '>'), wide[c], t->heads[c][0] == '>',
			   c + 1 == t->columns);
	for (size_t i = 0; i < t->cells; i++) {
		size_t c = i % t->columns;

		print_cell(t->cell[i] ? t->cell[i] : "", wide[c], t->heads[c][0] == '>',
			   c + 1 == t->columns);
		free(t->cell[i]);
	}
	free(t->cell);
	free(t);
}
