/* SPDX-License-Identifier: Apache-2.0 */
#include "args.h"

struct option_row {
	const char *name;
	size_t at; /* offset of the pointer or bool */
	bool has_value;
};

static const struct option_row rows[] = {
	{"--config", offsetof(struct args, config), true},
	{"--run-dir", offsetof(struct args, run_dir), true},
	{"--state-dir", offsetof(struct args, state_dir), true},
	{"--bpffs", offsetof(struct args, bpffs), true},
	{"--root", offsetof(struct args, root), true},
	{"--quiet", offsetof(struct args, quiet), false},
	{"--check-config", offsetof(struct args, check_config), false},
	{"--help", offsetof(struct args, help), false},
};

const char *args__help(void)
{
	return "  --config FILE      configuration (" CONFIG_DEFAULT ")\n"
	       "  --run-dir DIR      socket and lock (" RUN_DIR_DEFAULT ")\n"
	       "  --state-dir DIR    what outlives a restart (/var/lib/autoecoops)\n"
	       "  --bpffs DIR        where maps and programs are pinned (/sys/fs/bpf)\n"
	       "  --root DIR         look for /proc, /sys and the runtimes' files below DIR\n";
}

/* The row of a word and, for `--name=value`, the value. */
static const struct option_row *row_of(const char *word, const char **ret_value)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		size_t n = strlen(rows[i].name);

		if (strncmp(word, rows[i].name, n) || (word[n] && word[n] != '='))
			continue;
		*ret_value = word[n] ? word + n + 1 : NULL;
		return &rows[i];
	}
	return NULL;
}

int args__take(int *argc, char **argv, struct args *ret, const char **ret_bad)
{
	int kept = 1;

	for (int i = 1; i < *argc; i++) {
		const char *value = NULL;
		const struct option_row *row = row_of(argv[i], &value);

		if (!row) {
			argv[kept++] = argv[i];
			continue;
		}
		if (row->has_value && !value)
			value = i + 1 < *argc ? argv[++i] : NULL;
		if (row->has_value != (value != NULL)) {
			*ret_bad = row->name;
			return -EINVAL;
		}
		if (row->has_value)
			memcpy((char *)ret + row->at, &value, sizeof(value));
		else
			*(bool *)((char *)ret + row->at) = true;
		ret->config_named |= row->at == offsetof(struct args, config);
	}
	argv[kept] = NULL;
	*argc = kept;
	return 0;
}

int args__give(const struct args *a, const char **argv)
{
	int n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *value;

		if (!rows[i].has_value ||
		    (rows[i].at == offsetof(struct args, config) && !a->config_named))
			continue;
		memcpy(&value, (const char *)a + rows[i].at, sizeof(value));
		argv[n++] = rows[i].name;
		argv[n++] = value;
	}
	return n;
}

bool args__path(const struct args *a, const char *name, char *path, size_t n)
{
	int len = snprintf(path, n, "%s/%s", a->run_dir, name);

	return len > 0 && (size_t)len < n;
}
