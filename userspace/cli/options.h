/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of commands.def that say what a verb takes. */
#ifndef AEO_CLI_OPTIONS_H
#define AEO_CLI_OPTIONS_H

#include "base.h"

enum option_kind { OPTION_FLAG, OPTION_WORD, OPTION_COUNT, OPTION_CHOICE, OPTION_COMMON };

struct option_row {
	const char *name, *argument, *verbs;
	enum option_kind kind;
	size_t at; /* in struct verb_options */
	const char *what;
};

extern const struct option_row option_rows[];
extern const size_t option_count;

/* Whether a verb takes it. */
bool option__of(const struct option_row *row, const char *verb);

#endif
