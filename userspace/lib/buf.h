/* SPDX-License-Identifier: Apache-2.0 */
/* A growing byte buffer. Failure to grow is remembered, so that callers append freely and ask once
 * at the end. */
#ifndef AEO_BUF_H
#define AEO_BUF_H

#include "base.h"

struct buf {
	char *data; /* NUL-terminated behind len once anything was appended; owned */
	size_t len;
	size_t cap;
	bool failed; /* an append did not fit into memory: the content is cut there */
};

#define BUF_INIT                  \
	{                         \
		NULL, 0, 0, false \
	}
#define cleanup_buf cleanup(buf__done)

/* Free the content; the struct may be used again. */
void buf__done(struct buf *b);
/* Forget the content, keep the memory. */
void buf__clear(struct buf *b);
/* Make room for n more bytes and a NUL. 0 or -ENOMEM (also remembered in failed). */
int buf__reserve(struct buf *b, size_t n);
void buf__add(struct buf *b, const void *data, size_t n);
void buf__str(struct buf *b, const char *s);
void buf__char(struct buf *b, char c);
void buf__printf(struct buf *b, const char *fmt, ...) PRINTF(2, 3);
void buf__u64(struct buf *b, uint64_t v);
/* Shortest decimal form that reads back as the same double; NaN, +Inf, -Inf as Prometheus writes
 * them. */
void buf__double(struct buf *b, double v);

/*
 * Foreign text for people: control bytes, DEL, C1 controls, bidi and zero-width marks and invalid
 * UTF-8 become \xNN (every byte of them), a backslash becomes \\. Reversible. Used by logs, the
 * command line, the full-screen view and inside JSON strings.
 */
void buf__escape(struct buf *b, const char *s, size_t n);
/* Bytes of s[0..n) that form one valid, printable UTF-8 character; 0 when the first byte must be
 * escaped. */
size_t utf8__printable(const char *s, size_t n);
/* Bytes of s[0..n) that form one valid UTF-8 character, printable or not; 0 for none. */
size_t utf8__length(const char *s, size_t n);
/* Bytes back from buf__escape's text. 0, -ENOMEM, or -EINVAL for a text that it did not write (b is
 * as it was). */
int buf__unescape(struct buf *b, const char *s, size_t n);

#endif
