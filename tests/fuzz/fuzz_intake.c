/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a record: what is accepted lies inside them and can be told as one line of JSON. */
#include <stdlib.h>

#include "intake.h"
#include "tell/tell.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const struct subject nobody = {.cgroup = "/",
					      .unit = "",
					      .container = "",
					      .container_id = "",
					      .runtime = "",
					      .pod = "",
					      .pod_uid = "",
					      .namespace_ = "",
					      .workload = "",
					      .unnamed = "",
					      .labels = ""};
	static const char *const redact[] = {"password", "token", NULL};
	struct tell_common common = {.node = "node",
				     .boot_id = "boot",
				     .wall_ns = 1700000000000000000ULL,
				     .boot_ns = 1000000000ULL};
	uint64_t *copy = aligned_alloc(8, (n + 7) & ~(size_t)7 ? (n + 7) & ~(size_t)7 : 8);
	struct buf line = BUF_INIT;
	struct event e;

	memcpy(copy, data, n);
	if (n >= 2)
		*(uint16_t *)copy = AEO_ABI; /* the rest is more interesting */
	if (!intake__check(copy, n, 8, &e)) {
		if ((const char *)e.tail + e.ev->tail > (const char *)copy + n)
			abort();
		tell__event(&line, &common, &e, &nobody, redact);
		for (size_t i = 0; i < line.len; i++)
			if ((unsigned char)line.data[i] < 0x20)
				abort();
	}
	buf__done(&line);
	free(copy);
	return 0;
}
