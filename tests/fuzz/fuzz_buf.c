/* SPDX-License-Identifier: Apache-2.0 */
/* Escaping: what comes out is one line of printable text and gives the same bytes back; unescaping
 * takes nothing else. */
#include "buf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check_shown(const char *s, size_t n)
{
	for (size_t at = 0, len; at < n; at += len) {
		len = utf8__printable(s + at, n - at);
		if (!len)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	cleanup_buf struct buf shown = BUF_INIT, back = BUF_INIT, again = BUF_INIT;
	const char *raw = (const char *)data;

	buf__escape(&shown, raw, n);
	if (!n)
		return 0;
	check_shown(shown.data, shown.len);
	if (buf__unescape(&back, shown.data, shown.len) || back.len != n ||
	    memcmp(back.data, raw, n) != 0)
		abort();
	buf__clear(&back);
	if (!buf__unescape(&back, raw, n)) {
		buf__escape(&again, back.data, back.len);
		if (again.len != n || memcmp(again.data, raw, n) != 0)
			abort();
	} else if (back.len) {
		abort();
	}
	return 0;
}
