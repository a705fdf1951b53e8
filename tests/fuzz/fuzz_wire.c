/* SPDX-License-Identifier: Apache-2.0 */
/* A stream of frames: each lies inside the bytes, keeps below the limit, and is what putting it
 * again gives; a frame that is cut off is never taken. */
#include "wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const char *at = (const char *)data;
	const char *end = at + n;

	for (;;) {
		cleanup_buf struct buf again = BUF_INIT;
		enum wire_kind kind = WIRE_OK;
		const char *payload = NULL;
		size_t len = 0;
		ssize_t took = wire__get(at, (size_t)(end - at), 4096, &kind, &payload, &len);

		if (took <= 0)
			return 0;
		if (took > end - at || len > 4096 || payload < at || payload + len != at + took)
			abort();
		if (wire__get(at, (size_t)took - 1, 4096, &kind, &payload, &len) != 0)
			abort();
		wire__put(&again, kind, payload, len);
		if (again.len != (size_t)took || memcmp(again.data, at, again.len) != 0)
			abort();
		at += took;
	}
}
