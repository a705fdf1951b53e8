/* SPDX-License-Identifier: Apache-2.0 */
#include "log.h"

#include <inttypes.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "buf.h"

static const char *name = "aeo";
static enum log_level shown = LOG_INFO;
static bool journal;
static uint64_t counts[LOG_DEBUG + 1];

/* The variable is inherited by whatever a service starts; it counts only where standard error is
 * still that stream. */
static bool is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	uint64_t dev, ino;
	struct stat st;

	return stream && sscanf(stream, "%" SCNu64 ":%" SCNu64, &dev, &ino) == 2 &&
	       !fstat(STDERR_FILENO, &st) && st.st_dev == dev && st.st_ino == ino;
}

void log__init(const char *program, enum log_level most)
{
	name = program;
	shown = most;
	journal = is_journal();
	/* started by descriptor, the kernel would call us by its number */
	(void)prctl(PR_SET_NAME, program);
}

void log__write(enum log_level level, const char *fmt, ...)
{
	cleanup_buf struct buf text = BUF_INIT, line = BUF_INIT;
	char raw[2048];
	va_list ap;
	int n;

	(void)__atomic_fetch_add(&counts[level], 1, __ATOMIC_RELAXED);
	if (level > shown)
		return;
	va_start(ap, fmt);
	n = vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	buf__escape(&text, raw, MIN((size_t)n, sizeof(raw) - 1));
	if ((size_t)n >= sizeof(raw))
		buf__str(&text, "...");
	if (journal)
		buf__printf(&line, "<%d>", (int)level);
	else
		buf__printf(&line, "%s: %s", name,
			    level == LOG_ERROR ? "error: " :
			    level == LOG_WARN  ? "warning: " :
						 "");
	buf__add(&line, text.data ? text.data : "", text.len);
	buf__char(&line, '\n');
	/* Nobody is left to tell when standard error is gone. */
	if (!line.failed && write(STDERR_FILENO, line.data, line.len) < 0)
		return;
}

uint64_t log__count(enum log_level level)
{
	return __atomic_load_n(&counts[level], __ATOMIC_RELAXED);
}
