/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "call.h"

struct unit_row {
	const char *unit;
	uint64_t value;
	const char *text;
	bool is_bit;
};

static const struct unit_row rows[] = {
#define UNIT(unit, value, text) {#unit, value, text, false},
#define BIT(unit, value, text) {#unit, value, text, true},
#include "units.def"
#undef UNIT
#undef BIT
};

const char *unit__enum(const char *unit, uint64_t value)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (!rows[i].is_bit && rows[i].value == value && !strcmp(rows[i].unit, unit))
			return rows[i].text;
	return NULL;
}

/* Flags: every set bit that has a row. */
static bool flags(const char *unit, uint64_t value, char *text, size_t n)
{
	size_t at = 0;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].is_bit && value & rows[i].value && !strcmp(rows[i].unit, unit)) {
			at += (size_t)snprintf(text + at, n - at, "%s%s", at ? "," : "",
					       rows[i].text);
			if (at >= n)
				return true;
		}
	return at;
}

const char *unit__text(const char *unit, uint64_t value, char *text, size_t n)
{
	const char *name = unit__enum(unit, value);

	if (name)
		(void)snprintf(text, n, "%s", name);
	else if (!strcmp(unit, "call"))
		(void)call__name((uint32_t)value, text, n);
	else if (!strcmp(unit, "dev"))
		(void)snprintf(text, n, "%u:%u", (unsigned)(value >> 20),
			       (unsigned)(value & 0xfffff));
	else if (!strcmp(unit, "bool"))
		(void)snprintf(text, n, "%s", value ? "true" : "false");
	else if (!strcmp(unit, "int"))
		(void)snprintf(text, n, "%lld", (long long)value);
	else if (!strlen(unit) || !flags(unit, value, text, n))
		(void)snprintf(text, n, "%llu", (unsigned long long)value);
	return text;
}

#define DEVICES 64

const char *device__name(const char *root, uint32_t dev)
{
	static struct {
		uint32_t dev;
		char name[32];
	} known[DEVICES];
	static size_t next;
	char path[512], target[256];
	const char *slash;
	ssize_t n;

	for (size_t i = 0; i < DEVICES; i++)
		if (known[i].name[0] && known[i].dev == dev)
			return known[i].name;
	(void)snprintf(path, sizeof(path), "%s/sys/dev/block/%u:%u", root, dev >> 20,
		       dev & 0xfffff);
	n = readlink(path, target, sizeof(target) - 1);
	target[MAX(n, 0)] = '\0';
	slash = strrchr(target, '/');
	next = (next + 1) % DEVICES;
	known[next].dev = dev;
	if (slash)
		(void)snprintf(known[next].name, sizeof(known[next].name), "%.31s", slash + 1);
	else
		(void)snprintf(known[next].name, sizeof(known[next].name), "%u:%u", dev >> 20,
			       dev & 0xfffff);
	return known[next].name;
}
