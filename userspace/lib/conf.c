/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration's rows and values. How files are read is conf_read.c, what types there are
 * conf_type.c. */
#include "conf.h"

#include "conf_row.h"

struct conf {
	struct conf_value v[CONF_MAX];
};

const struct conf_row conf_rows[CONF_MAX] = {
#define CONF(id, name, type, standard, least, most, unit, when, help) \
	{name, &conf_type_##type, standard, least, most, unit, CONF_WHEN_##when, help},
#include "conf.def"
#undef CONF
};

void conf_value__done(struct conf_value *v)
{
	for (size_t i = 0; i < v->count; i++)
		free(v->items[i]);
	free(v->items);
	free(v->text);
	*v = (struct conf_value){0};
}

int conf_value__copy(const struct conf_value *from, struct conf_value *ret_to)
{
	cleanup(conf_value__done) struct conf_value v = {from->number, from->percent, NULL, NULL,
							 0};

	v.text = from->text ? strdup(from->text) : NULL;
	if (from->text && !v.text)
		return -ENOMEM;
	v.items = from->count ? calloc(from->count, sizeof(*v.items)) : NULL;
	if (from->count && !v.items)
		return -ENOMEM;
	for (; v.count < from->count; v.count++) {
		v.items[v.count] = strdup(from->items[v.count]);
		if (!v.items[v.count])
			return -ENOMEM;
	}
	*ret_to = v;
	v = (struct conf_value){0};
	return 0;
}

bool conf_value__equal(const struct conf_value *a, const struct conf_value *b)
{
	if (a->number != b->number || a->percent != b->percent || a->count != b->count ||
	    strcmp(a->text ? a->text : "", b->text ? b->text : "") != 0)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->items[i], b->items[i]) != 0)
			return false;
	return true;
}

/* The row's default, read as if it stood in a file: in quotes for what is text, plain otherwise. */
static int set_default(const struct conf_row *row, struct conf_value *v)
{
	const char *stop = row->type->list ? "," : row->type == &conf_type_ENUM ? "|" : "";

	for (const char *s = row->standard; *s || !row->type->list;) {
		size_t n = strcspn(s, stop);
		bool text = row->type == &conf_type_STRING || row->type == &conf_type_ADDRESS ||
			    row->type == &conf_type_LIST;
		int err = row->type->parse(row, &(struct conf_scalar){s, n, !text}, v);

		if (err || !row->type->list)
			return err;
		s += n + (s[n] != '\0');
	}
	return 0;
}

struct conf *conf__new(void)
{
	struct conf *c = calloc(1, sizeof(*c));
	int err = 0;

	if (!c)
		return NULL;
	for (size_t i = 0; i < CONF_MAX && !err; i++)
		err = set_default(&conf_rows[i], &c->v[i]);
	if (err) {
		c = conf__free(c);
		errno = -err;
	}
	return c;
}

struct conf *conf__free(struct conf *c)
{
	for (size_t i = 0; c && i < CONF_MAX; i++)
		conf_value__done(&c->v[i]);
	free(c);
	return NULL;
}

void conf__take(struct conf *c, struct conf_value *fresh, const bool *set)
{
	for (size_t i = 0; i < CONF_MAX; i++) {
		if (!set[i])
			continue;
		conf_value__done(&c->v[i]);
		c->v[i] = fresh[i];
		fresh[i] = (struct conf_value){0};
	}
}

uint64_t conf__uint(const struct conf *c, enum conf_id id)
{
	return c->v[id].number;
}

double conf__percent(const struct conf *c, enum conf_id id)
{
	return c->v[id].percent;
}

const char *conf__string(const struct conf *c, enum conf_id id)
{
	return c->v[id].text ? c->v[id].text : "";
}

const char *conf__item(const struct conf *c, enum conf_id id, size_t i)
{
	return i < c->v[id].count ? c->v[id].items[i] : NULL;
}

size_t conf__reload(struct conf *c, const struct conf *next, struct buf *ret_restart)
{
	size_t taken = 0;

	for (size_t i = 0; i < CONF_MAX; i++) {
		struct conf_value v;

		if (conf_value__equal(&c->v[i], &next->v[i]))
			continue;
		if (conf_rows[i].when == CONF_WHEN_RESTART) {
			buf__printf(ret_restart, "%s\n", conf_rows[i].name);
		} else if (!conf_value__copy(&next->v[i], &v)) {
			conf_value__done(&c->v[i]);
			c->v[i] = v;
			taken++;
		}
	}
	return taken;
}

/* Names share their first components with the row before: print the sections that are new. Returns
 * how deep the key stands. */
static size_t print_sections(const char *name, const char *before, struct buf *b)
{
	size_t depth = 0;
	bool same = true;
	const char *dot;

	for (; (dot = strchr(name, '.')); name = dot + 1, depth++) {
		size_t n = (size_t)(dot - name) + 1;

		same = same && !strncmp(name, before, n);
		before += same ? n : 0;
		if (same)
			continue;
		buf__printf(b, "%s%*s%.*s:\n", b->len && !depth ? "\n" : "", (int)depth * 2, "",
			    (int)n - 1, name);
	}
	return depth;
}

static void print_about(const struct conf_row *row, int indent, struct buf *b)
{
	bool unit = row->unit[0] && row->type != &conf_type_ADDRESS &&
		    !strstr(row->help, row->unit);

	buf__printf(b, "%*s# %s\n%*s# ", indent, "", row->help, indent, "");
	row->type->expect(row, b);
	if (unit && (row->type == &conf_type_UINT || row->type == &conf_type_PERCENT))
		buf__printf(b, " %s", row->unit);
	buf__str(b, row->when == CONF_WHEN_RESTART ? "; takes a restart\n" : "\n");
}

void conf__print(const struct conf *c, bool defaults, struct buf *b)
{
	const char *before = "";

	for (size_t i = 0; i < CONF_MAX; i++) {
		const struct conf_row *row = &conf_rows[i];
		int indent = (int)print_sections(row->name, before, b) * 2;

		if (defaults)
			print_about(row, indent, b);
		buf__printf(b, "%*s%s: ", indent, "",
			    row->name + (strrchr(row->name, '.') - row->name) + 1);
		if (!strcmp(row->unit, "secret"))
			buf__str(b, "\"***\"");
		else
			row->type->print(row, &c->v[i], b);
		buf__char(b, '\n');
		before = row->name;
	}
}
