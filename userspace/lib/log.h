/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What programs say while they run: one line a message on standard error. When that is the journal
 * (JOURNAL_STREAM names it) with the <N> level prefix, otherwise with the program's name. Every
 * byte of a message that is not printable is escaped here, so a hostile name can neither forge a
 * second line nor move the cursor. Libraries do not log; they return.
 */
#ifndef AEO_LOG_H
#define AEO_LOG_H

#include "base.h"

enum log_level { LOG_ERROR = 3, LOG_WARN = 4, LOG_NOTICE = 5, LOG_INFO = 6, LOG_DEBUG = 7 };

/* Name of the program and the least important level that is shown. Call once, first. */
void log__init(const char *program, enum log_level most);
/* A message of at most 2 KiB; what is longer is cut and ends with "...". */
void log__write(enum log_level level, const char *fmt, ...) PRINTF(2, 3);
/* Messages written so far at a level, for the self-metrics. */
uint64_t log__count(enum log_level level);

#define log_error(...) log__write(LOG_ERROR, __VA_ARGS__)
#define log_warn(...) log__write(LOG_WARN, __VA_ARGS__)
#define log_notice(...) log__write(LOG_NOTICE, __VA_ARGS__)
#define log_info(...) log__write(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log__write(LOG_DEBUG, __VA_ARGS__)

#endif
