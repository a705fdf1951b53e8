/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text for people: foreign names made harmless, fitted into columns, and quantities with the unit that suits them.
 *
 * Answers of the daemon carry foreign bytes escaped already. Here nothing is escaped twice: what is still unprintable (an answer may lie)
 * becomes \xNN, a backslash stays what it is.
 */
#ifndef AEO_CLI_SHOWN_H
#define AEO_CLI_SHOWN_H

#include "buf.h"

/* Whether characters beyond ASCII may be shown (the default). Without, they are shown as \xNN. */
void shown__set_ascii(bool ascii);
bool shown__is_ascii(void);

/* Append s, harmless. NULL and "" become "-". */
void shown__add(struct buf *b, const char *s);
/* Print one line to standard output, harmless as a whole. */
void shown__line(const char *fmt, ...) PRINTF(1, 2);
/* Columns that shown__add's text takes on a screen: wide characters two, combining ones none. */
size_t shown__width(const char *s);
/* Append exactly `columns` columns of s, made harmless. What is longer is cut and marked: a path (it begins with a slash) loses its
 * beginning, anything else its end. What is shorter is padded behind, or in front when `right`. */
void shown__fit(struct buf *b, const char *s, size_t columns, bool right);

/* Into text, which is returned: "1.25 s", "310 ms", "12 µs", "0"; "?" for NaN. */
const char *shown__seconds(double s, char *text, size_t n);
/* "1.5 KiB". */
const char *shown__bytes(double bytes, char *text, size_t n);
/* "1234", "1.2 M"; "?" for NaN. */
const char *shown__count(double count, char *text, size_t n);

#endif
