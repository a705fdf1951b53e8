/* SPDX-License-Identifier: Apache-2.0 */
#include "log.h"

#include <stdarg.h>

#include "buf.h"

static const char *name = "aeo";
static enum log_level shown = LOG_INFO;
static bool journal;
static uint64_t counts[LOG_DEBUG + 1];

void log__init(const char *program, enum log_level most)
{
	name = program;
	shown = most;
	journal = getenv("JOURNAL_STREAM") != NULL;
}

void log__write(enum log_level level, const char *fmt, ...)
{
	cleanup_buf struct buf text = BUF_INIT, line = BUF_INIT;
	char raw[2048];
	va_list ap;
	int n;

	counts[level]++;
	if (level > shown)
		return;
	va_start(ap, fmt);
	n = vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	buf__escape(&text, raw, MIN((size_t)n, sizeof(raw) - 1));
	if (journal)
		buf__printf(&line, "<%d>", (int)level);
	else
		buf__printf(&line, "%s: %s", name, level == LOG_ERROR ? "error: " : level == LOG_WARN ? "warning: " : "");
	buf__add(&line, text.data ? text.data : "", text.len);
	buf__char(&line, '\n');
	/* Nobody is left to tell when standard error is gone. */
	if (!line.failed && write(STDERR_FILENO, line.data, line.len) < 0)
		return;
}

uint64_t log__count(enum log_level level)
{
	return counts[level];
}
