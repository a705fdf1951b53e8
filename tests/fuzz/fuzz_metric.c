/* SPDX-License-Identifier: Apache-2.0 */
/* A snapshot from the socket is foreign: any bytes give text or an error, and what was accepted never breaks a line of the format. */
#include "metric.h"

static void check_lines(const char *text, size_t n)
{
	while (n) {
		const char *end = memchr(text, '\n', n);
		size_t len;

		if (!end)
			abort();
		len = (size_t)(end - text);
		for (size_t i = 0; i < len; i++) {
			if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
				abort();
		}
		/* a comment or a sample of a metric: nothing foreign begins a line */
		if (len == 0 ||
		    !(text[0] == '#' || text[0] == '_' || (text[0] >= 'A' && text[0] <= 'z')))
			abort();
		n -= len + 1;
		text = end + 1;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	for (int format = FORMAT_PROMETHEUS; format <= FORMAT_OPENMETRICS; format++) {
		cleanup_buf struct buf text = BUF_INIT;
		int err = metrics__render((const char *)data, n, (enum metric_format)format, &text);

		if (err && text.len)
			abort();
		if (!err)
			check_lines(text.data, text.len);
	}
	return 0;
}
