/* SPDX-License-Identifier: Apache-2.0 */
#include "buf.h"

#include <math.h>
#include <stdarg.h>

void buf__done(struct buf *b)
{
	free(b->data);
	*b = (struct buf)BUF_INIT;
}

void buf__clear(struct buf *b)
{
	b->len = 0;
	b->failed = false;
	if (b->data)
		b->data[0] = '\0';
}

int buf__reserve(struct buf *b, size_t n)
{
	size_t want, cap = b->cap ? b->cap : 256;
	char *p;

	if (b->failed)
		return -ENOMEM;
	if (__builtin_add_overflow(b->len, n, &want) || want >= SIZE_MAX / 2) {
		b->failed = true;
		return -ENOMEM;
	}
	want++;
	if (want <= b->cap)
		return 0;
	while (cap < want)
		cap *= 2;
	p = realloc(b->data, cap);
	if (!p) {
		b->failed = true;
		return -ENOMEM;
	}
	b->data = p;
	b->cap = cap;
	return 0;
}

void buf__add(struct buf *b, const void *data, size_t n)
{
	if (buf__reserve(b, n))
		return;
	if (n)
		memcpy(b->data + b->len, data, n);
	b->len += n;
	b->data[b->len] = '\0';
}

void buf__str(struct buf *b, const char *s)
{
	buf__add(b, s, strlen(s));
}

void buf__char(struct buf *b, char c)
{
	buf__add(b, &c, 1);
}

void buf__printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	b->failed = b->failed || n < 0;
	if (n < 0 || buf__reserve(b, (size_t)n))
		return;
	va_start(ap, fmt);
	(void)vsnprintf(b->data + b->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
}

void buf__u64(struct buf *b, uint64_t v)
{
	char digits[20];
	size_t n = sizeof(digits);

	do {
		digits[--n] = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	buf__add(b, digits + n, sizeof(digits) - n);
}

void buf__double(struct buf *b, double v)
{
	char text[32];

	if (isnan(v)) {
		buf__str(b, "NaN");
	} else if (isinf(v)) {
		buf__str(b, v > 0 ? "+Inf" : "-Inf");
	} else if (v >= 0 && v < 9007199254740992.0 && v == (double)(uint64_t)v) {
		buf__u64(b, (uint64_t)v);
	} else {
		for (int digits = 15; digits <= 17; digits++) {
			(void)snprintf(text, sizeof(text), "%.*g", digits, v);
			if (strtod(text, NULL) == v)
				break;
		}
		buf__str(b, text);
	}
}

/* Length of the valid UTF-8 sequence at s and its code point; 0 for none (overlong, surrogate, cut
 * off). */
static size_t utf8_decode(const unsigned char *s, size_t n, uint32_t *ret_code)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t len = s[0] < 0x80 ? 1 : s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : s[0] >= 0xc2 ? 2 : 0;
	uint32_t code;

	if (!len || len > n || s[0] > 0xf4)
		return 0;
	code = len == 1 ? s[0] : s[0] & (0x7f >> len);
	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (s[i] & 0x3f);
	}
	if (code < least[len] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
		return 0;
	*ret_code = code;
	return len;
}

/* Marks that change how the text around them is shown, or that are not shown at all. */
static bool is_deceptive(uint32_t c)
{
	static const struct {
		uint32_t first, last;
	} marks[] = {
		{0x00ad, 0x00ad},   /* soft hyphen */
		{0x034f, 0x034f},   /* grapheme joiner */
		{0x061c, 0x061c},   /* Arabic letter mark */
		{0x115f, 0x1160},   /* Hangul fillers */
		{0x17b4, 0x17b5},   /* Khmer inherent vowels */
		{0x180b, 0x180f},   /* Mongolian selectors and separator */
		{0x200b, 0x200f},   /* zero width, direction */
		{0x2028, 0x202e},   /* separators, embeddings, overrides */
		{0x2060, 0x206f},   /* joiners, isolates, deprecated */
		{0x3164, 0x3164},   /* Hangul filler */
		{0xfe00, 0xfe0f},   /* variation selectors */
		{0xfeff, 0xfeff},   /* byte order mark */
		{0xffa0, 0xffa0},   /* halfwidth filler */
		{0xfff0, 0xfffb},   /* unassigned invisible ones, interlinear notes */
		{0xe0000, 0xe0fff}, /* tags, more selectors */
	};

	for (size_t i = 0; i < ARRAY_SIZE(marks); i++)
		if (c >= marks[i].first && c <= marks[i].last)
			return true;
	return false;
}

size_t utf8__length(const char *s, size_t n)
{
	uint32_t code;

	return n ? utf8_decode((const unsigned char *)s, n, &code) : 0;
}

size_t utf8__printable(const char *s, size_t n)
{
	uint32_t code = 0;
	size_t len = n ? utf8_decode((const unsigned char *)s, n, &code) : 0;

	if (!len || code < 0x20 || (code >= 0x7f && code < 0xa0) || is_deceptive(code))
		return 0;
	return len;
}

void buf__escape(struct buf *b, const char *s, size_t n)
{
	static const char hex[] = "0123456789abcdef";

	while (n) {
		size_t len = utf8__printable(s, n);

		if (len == 1 && *s == '\\') {
			buf__add(b, "\\\\", 2);
		} else if (len) {
			buf__add(b, s, len);
		} else {
			unsigned char c = (unsigned char)*s;
			char out[4] = {'\\', 'x', hex[c >> 4], hex[c & 15]};

			buf__add(b, out, sizeof(out));
			len = 1;
		}
		s += len;
		n -= len;
	}
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int unescape(struct buf *b, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (s[i] != '\\') {
			buf__char(b, s[i]);
		} else if (i + 1 < n && s[i + 1] == '\\') {
			buf__char(b, s[++i]);
		} else if (i + 3 < n && s[i + 1] == 'x' && hex_digit(s[i + 2]) >= 0 &&
			   hex_digit(s[i + 3]) >= 0) {
			buf__char(b, (char)(hex_digit(s[i + 2]) << 4 | hex_digit(s[i + 3])));
			i += 3;
		} else {
			return -EINVAL;
		}
	}
	return 0;
}

int buf__unescape(struct buf *b, const char *s, size_t n)
{
	cleanup_buf struct buf again = BUF_INIT;
	size_t from = b->len;
	int err = unescape(b, s, n);

	/* Only what escaping these bytes gives was written by it: "\\x41" was not. */
	if (!err && !b->failed)
		buf__escape(&again, b->data ? b->data + from : "", b->len - from);
	if (b->failed || again.failed)
		return -ENOMEM;
	if (!err && again.len == n && (!n || !memcmp(again.data, s, n)))
		return 0;
	b->len = from;
	if (b->data)
		b->data[from] = '\0';
	return -EINVAL;
}
