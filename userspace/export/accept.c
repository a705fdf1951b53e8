/* SPDX-License-Identifier: Apache-2.0 */
#include "accept.h"

#include <strings.h>

#define BLANK " \t"

/* A stretch of text between separators, without the blanks around it. */
struct part {
	const char *s;
	size_t n;
};

/* Take the next part up to `sep` from *at; false at the end. */
static bool next_part(struct part *at, char sep, struct part *ret)
{
	const char *end;
	struct part p = *at;

	if (!p.s)
		return false;
	end = memchr(p.s, sep, p.n);
	if (end) {
		at->n -= (size_t)(end - p.s) + 1;
		at->s = end + 1;
		p.n = (size_t)(end - p.s);
	} else {
		at->s = NULL;
	}
	while (p.n && strchr(BLANK, p.s[0]))
		p.s++, p.n--;
	while (p.n && strchr(BLANK, p.s[p.n - 1]))
		p.n--;
	*ret = p;
	return true;
}

static bool part_is(struct part p, const char *s)
{
	return p.n == strlen(s) && !strncasecmp(p.s, s, p.n);
}

static struct part behind(struct part p, const char *name)
{
	size_t n = strlen(name);

	if (p.n < n || strncasecmp(p.s, name, n))
		return (struct part){NULL, 0};
	p.s += n;
	p.n -= n;
	if (p.n >= 2 && p.s[0] == '"' && p.s[p.n - 1] == '"')
		return (struct part){p.s + 1, p.n - 2};
	return p;
}

/* A weight in thousandths: 0 to 1 with up to three decimals. Anything else wants nothing. */
static int weight_of(struct part p)
{
	int w = 0, scale = 1000;

	if (!p.n || (p.s[0] != '0' && p.s[0] != '1') || (p.n > 1 && p.s[1] != '.') || p.n > 5)
		return 0;
	for (size_t i = 0; i < p.n; i++) {
		if (i == 1)
			continue;
		if (p.s[i] < '0' || p.s[i] > '9')
			return 0;
		w += (p.s[i] - '0') * scale;
		scale /= 10;
	}
	return MIN(w, 1000);
}

/* One element of the list: its name, weight and version. */
struct choice {
	struct part name, version;
	int weight;
};

static bool next_choice(struct part *list, struct choice *ret)
{
	struct part one, p;

	if (!next_part(list, ',', &one))
		return false;
	*ret = (struct choice){.weight = 1000};
	(void)next_part(&one, ';', &ret->name);
	while (next_part(&one, ';', &p)) {
		struct part q = behind(p, "q="), v = behind(p, "version=");

		if (q.s)
			ret->weight = weight_of(q);
		if (v.s)
			ret->version = v;
	}
	return true;
}

enum metric_format accept__format(const char *field)
{
	struct part list = {field, field ? strlen(field) : 0};
	struct choice c;
	int open = 0, text = 0;

	while (next_choice(&list, &c)) {
		if (part_is(c.name, "application/openmetrics-text") &&
		    (!c.version.s || part_is(c.version, "1.0.0")))
			open = MAX(open, c.weight);
		else if (part_is(c.name, "text/plain") &&
			 (!c.version.s || part_is(c.version, "0.0.4")))
			text = MAX(text, c.weight);
	}
	return open > 0 && open >= text ? FORMAT_OPENMETRICS : FORMAT_PROMETHEUS;
}

bool accept__gzip(const char *field)
{
	struct part list = {field, field ? strlen(field) : 0};
	struct choice c;
	int any = 0, gzip = -1;

	while (next_choice(&list, &c)) {
		if (part_is(c.name, "gzip") || part_is(c.name, "x-gzip"))
			gzip = c.weight;
		else if (part_is(c.name, "*"))
			any = c.weight;
	}
	return gzip > 0 || (gzip < 0 && any > 0);
}
