/* SPDX-License-Identifier: Apache-2.0 */
/* What a verb takes, by the rows of commands.def. */
#include "options.h"

#include "priv.h"

const struct option_row option_rows[] = {
#define OPTION(name, argument, verbs, kind, member, what) \
	{name, argument, verbs, OPTION_##kind, offsetof(struct verb_options, member), what},
#include "commands.def"
};
const size_t option_count = ARRAY_SIZE(option_rows);

static bool has_word(const char *words, const char *word, char separator, uint64_t *ret_index)
{
	size_t n = strlen(word);

	for (uint64_t i = 0; n && *words; i++) {
		size_t len = (size_t)(strchrnul(words, separator) - words);

		if (len == n && !memcmp(words, word, n)) {
			if (ret_index)
				*ret_index = i;
			return true;
		}
		words += len + (words[len] == separator);
	}
	return false;
}

bool option__of(const struct option_row *row, const char *verb)
{
	return has_word(row->verbs, verb, ' ', NULL);
}

/* The row of a word: "-n", "-nVALUE", "--name", "--name=VALUE". */
static const struct option_row *row_of(const char *verb, const char *word, const char **ret_value)
{
	for (size_t i = 0; i < option_count; i++) {
		const struct option_row *row = &option_rows[i];
		size_t n = strlen(row->name);
		bool is_long = row->name[1] == '-';

		if (row->kind == OPTION_COMMON || !option__of(row, verb) ||
		    strncmp(word, row->name, n))
			continue;
		if (word[n] && (is_long ? word[n] != '=' : !row->argument[0]))
			continue;
		*ret_value = word[n] ? word + n + is_long : NULL;
		return row;
	}
	return NULL;
}

static bool take_number(const char *text, void *to)
{
	uint64_t n;
	char *end;

	errno = 0;
	n = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || !n)
		return false;
	memcpy(to, &n, sizeof(n));
	return true;
}

static bool take_value(const struct option_row *row, const char *value, struct verb_options *o)
{
	void *to = (char *)o + row->at;
	uint64_t index;

	switch (row->kind) {
	case OPTION_FLAG:
		*(bool *)to = true;
		return !value;
	case OPTION_WORD:
		memcpy(to, &value, sizeof(value));
		return value && *value;
	case OPTION_COUNT:
		return value && take_number(value, to);
	case OPTION_CHOICE:
		if (!value || !has_word(row->argument, value, '|', &index))
			return false;
		memcpy(to, &index, sizeof(index));
		return true;
	case OPTION_COMMON:
		break;
	}
	return false;
}

int options__parse(struct cli *c, struct verb_options *ret)
{
	struct verb_options o = {.format = 0};

	for (int i = 0; i < c->argc; i++) {
		const char *value = NULL, *word = c->argv[i];
		const struct option_row *row = row_of(c->verb, word, &value);

		if (!row) {
			log_error("%s: unexpected \"%s\"; aeod --help shows what it takes", c->verb,
				  word);
			return EXIT_USAGE;
		}
		if (row->argument[0] && !value && i + 1 < c->argc)
			value = c->argv[++i];
		if (!take_value(row, value, &o)) {
			log_error("%s: %s%s%s, found \"%s\"", c->verb, row->name,
				  row->argument[0] ? " takes " : " takes nothing", row->argument,
				  value ? value : "");
			return EXIT_USAGE;
		}
	}
	o.json = o.format == 1;
	*ret = o;
	return EXIT_OK;
}
