/* SPDX-License-Identifier: Apache-2.0 */
/* The head of a request, whole and in two pieces: the same verdict; and what a client says it accepts. */
#include "accept.h"
#include "head.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const char *text = (const char *)data;
	size_t cut = n ? data[0] % (n + 1) : 0;
	struct head whole = {0}, pieces = {0};
	char *field = strndup(text, n);

	head__feed(&whole, text, n);
	head__feed(&pieces, text, cut);
	head__feed(&pieces, text + cut, n - cut);
	if (whole.fault != pieces.fault || whole.has_body != pieces.has_body ||
	    whole.fields != pieces.fields)
		abort();
	if (!whole.fault && (whole.bytes > HEAD_BYTES || whole.fields > HEAD_FIELDS))
		abort();
	if (field) {
		(void)accept__format(field);
		(void)accept__gzip(field);
	}
	free(field);
	return 0;
}
