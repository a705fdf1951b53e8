/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration is refused in one printable line, or what was taken prints as a file that reads
 * back to the same. */
#include "conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check_message(const struct buf *b)
{
	if (!b->len)
		abort();
	for (size_t at = 0, len; at < b->len; at += len) {
		len = utf8__printable(b->data + at, b->len - at);
		if (!len)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	cleanup_buf struct buf error = BUF_INIT, text = BUF_INIT, again = BUF_INIT;
	struct conf *c = conf__new(), *back = conf__new();

	if (!c || !back)
		abort();
	if (conf__parse(c, "f\n", (const char *)data, n, &error)) {
		check_message(&error);
		buf__clear(&error);
	}
	conf__print(c, n % 2, &text);
	if (conf__parse(back, "back", text.data, text.len, &error))
		abort();
	conf__print(back, n % 2, &again);
	if (text.len != again.len || memcmp(text.data, again.data, text.len) != 0)
		abort();
	(void)conf__reload(back, c, &error);
	conf__free(c);
	conf__free(back);
	return 0;
}
