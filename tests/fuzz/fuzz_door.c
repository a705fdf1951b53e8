/* SPDX-License-Identifier: Apache-2.0 */
/* An address to listen on, from a file that anybody may have written. */
#include "door.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *text = strndup((const char *)data, n);
	struct door d;

	if (text && !door__parse(text, &d) && !d.len)
		abort();
	free(text);
	return 0;
}
