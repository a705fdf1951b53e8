/* SPDX-License-Identifier: Apache-2.0 */
#include "shown.h"

#include <locale.h>
#include <math.h>
#include <stdarg.h>
#include <wchar.h>

static bool ascii_only;

void shown__set_ascii(bool ascii)
{
	ascii_only = ascii;
}

bool shown__is_ascii(void)
{
	return ascii_only;
}

/* Widths of characters come from the C library, by a locale of its own: the program's is nobody's business here. */
static int width_of(const char *s, size_t n)
{
	static locale_t utf8;
	locale_t before;
	wchar_t wide = 0;
	mbstate_t state = {0};
	int columns = 1;

	if (n == 1)
		return 1;
	if (!utf8)
		utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	if (!utf8)
		return 1;
	before = uselocale(utf8);
	if (mbrtowc(&wide, s, n, &state) == n)
		columns = wcwidth(wide);
	(void)uselocale(before);
	return columns < 0 ? 1 : columns;
}

/* The next character of s: its bytes, or those of \xNN in `hex` when it cannot be shown. Bytes of s that it takes. */
static size_t next(const char *s, char hex[5], const char **ret_text, size_t *ret_bytes,
		   int *ret_columns)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char c = (unsigned char)*s;
	size_t len = utf8__printable(s, strnlen(s, 4));

	if (len && !(ascii_only && len > 1)) {
		*ret_text = s;
		*ret_bytes = len;
		*ret_columns = width_of(s, len);
		return len;
	}
	memcpy(hex, (char[]){'\\', 'x', digits[c >> 4], digits[c & 15], '\0'}, 5);
	*ret_text = hex;
	*ret_bytes = 4;
	*ret_columns = 4;
	return 1;
}

static const char *or_dash(const char *s)
{
	return s && *s ? s : "-";
}

void shown__add(struct buf *b, const char *s)
{
	const char *text;
	size_t bytes;
	int columns;
	char hex[5];

	for (s = or_dash(s); *s;) {
		s += next(s, hex, &text, &bytes, &columns);
		buf__add(b, text, bytes);
	}
}

void shown__line(const char *fmt, ...)
{
	cleanup_free char *line = NULL;
	cleanup_buf struct buf b = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&line, fmt, ap) < 0)
		line = NULL;
	va_end(ap);
	if (line && *line)
		shown__add(&b, line);
	puts(b.data ? b.data : "");
}

size_t shown__width(const char *s)
{
	const char *text;
	size_t bytes, sum = 0;
	int columns;
	char hex[5];

	for (s = or_dash(s); *s;) {
		s += next(s, hex, &text, &bytes, &columns);
		sum += (size_t)columns;
	}
	return sum;
}

/* Leave out characters from the beginning until what stays is at most `most` wide. */
static const char *tail_of(const char *s, size_t wide, size_t most)
{
	const char *text;
	size_t bytes;
	int columns;
	char hex[5];

	while (*s && wide > most) {
		s += next(s, hex, &text, &bytes, &columns);
		wide -= (size_t)columns;
	}
	return s;
}

/* Append characters as long as they fit; columns taken. */
static size_t put_head(struct buf *b, const char *s, size_t most)
{
	const char *text;
	size_t bytes, used = 0;
	int columns;
	char hex[5];

	while (*s) {
		s += next(s, hex, &text, &bytes, &columns);
		if (used + (size_t)columns > most)
			break;
		buf__add(b, text, bytes);
		used += (size_t)columns;
	}
	return used;
}

static void pad(struct buf *b, size_t n)
{
	while (n--)
		buf__char(b, ' ');
}

void shown__fit(struct buf *b, const char *s, size_t columns, bool right)
{
	const char *mark = ascii_only ? "~" : "\xe2\x80\xa6";
	size_t wide = shown__width(s), used = 0;

	s = or_dash(s);
	if (!columns)
		return;
	if (wide <= columns) {
		pad(b, right ? columns - wide : 0);
		shown__add(b, s);
		pad(b, right ? 0 : columns - wide);
	} else if (*s == '/') {
		buf__str(b, mark);
		used = put_head(b, tail_of(s, wide, columns - 1), columns - 1) + 1;
		pad(b, columns - used);
	} else {
		used = put_head(b, s, columns - 1) + 1;
		buf__str(b, mark);
		pad(b, columns - used);
	}
}

/* Three digits of v, and the unit of the largest step that leaves at least one before the point. */
static const char *scaled(double v, double step, const char *const *units, size_t count, char *text,
			  size_t n)
{
	size_t i = 0;

	while (i + 1 < count && v >= step * 0.9995) {
		v /= step;
		i++;
	}
	(void)snprintf(text, n, "%.*f%s%s",
		       v < 9.995 ? 2 :
		       v < 99.95 ? 1 :
				   0,
		       v, *units[i] ? " " : "", units[i]);
	return text;
}

const char *shown__seconds(double s, char *text, size_t n)
{
	double v = isnan(s) ? 0 : fabs(s);

	if (isnan(s) || v < 0.5e-6)
		(void)snprintf(text, n, "%s", isnan(s) ? "?" : "0");
	else if (v < 0.9995e-3)
		(void)snprintf(text, n, "%.0f %ss", v * 1e6, ascii_only ? "u" : "\xc2\xb5");
	else if (v < 0.9995)
		(void)snprintf(text, n, v < 9.95e-3 ? "%.1f ms" : "%.0f ms", v * 1e3);
	else if (v < 119.5)
		(void)snprintf(text, n, v < 9.995 ? "%.2f s" : "%.1f s", v);
	else if (v < 7200)
		(void)snprintf(text, n, "%.0f min", v / 60);
	else if (v < 172800)
		(void)snprintf(text, n, "%.1f h", v / 3600);
	else
		(void)snprintf(text, n, "%.0f d", v / 86400);
	return text;
}

const char *shown__bytes(double bytes, char *text, size_t n)
{
	static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};

	if (bytes < 1024) {
		(void)snprintf(text, n, "%.0f B", bytes);
		return text;
	}
	return scaled(bytes / 1024, 1024, units, ARRAY_SIZE(units), text, n);
}

const char *shown__count(double count, char *text, size_t n)
{
	static const char *const units[] = {"k", "M", "G", "T", "P", "E"};

	if (isnan(count) || count < 9999.5) {
		(void)snprintf(text, n,
			       isnan(count)	     ? "?" :
			       count && count < 9.95 ? "%.1f" :
						       "%.0f",
			       count);
		return text;
	}
	return scaled(count / 1e3, 1e3, units, ARRAY_SIZE(units), text, n);
}
