/* SPDX-License-Identifier: Apache-2.0 */
/* The account, said aloud at exit. */
#include "intake.h"
#include "priv.h"

void report__losses(struct sensor *s)
{
	uint64_t attempted = 0, received = 0, in_flight = 0, lost[LOSS_MAX] = {0}, sum = 0;

	for (enum aeo_probe p = 0; p < PROBE_MAX; p++) {
		struct probe_info i;

		sense__probe(s->sense, p, &i);
		attempted += i.attempted;
		received += i.received;
		in_flight += i.in_flight;
		for (size_t k = 0; k < LOSS_MAX; k++)
			lost[k] += i.lost[k];
	}
	for (size_t k = 0; k < LOSS_MAX; k++)
		sum += lost[k];
	log_info(
		"events: %llu attempted, %llu received, %llu lost (ring %llu, read %llu, limit %llu, shed %llu), %llu in flight",
		(unsigned long long)attempted, (unsigned long long)received,
		(unsigned long long)sum, (unsigned long long)lost[LOSS_RING],
		(unsigned long long)lost[LOSS_READ], (unsigned long long)lost[LOSS_LIMIT],
		(unsigned long long)lost[LOSS_SHED], (unsigned long long)in_flight);
}
