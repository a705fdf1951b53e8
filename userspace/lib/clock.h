/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks, in nanoseconds. */
#ifndef AEO_CLOCK_H
#define AEO_CLOCK_H

#include <time.h>

#include "base.h"

#define NS_PER_S 1000000000ULL
#define NS_PER_MS 1000000ULL

static inline uint64_t clock__ns(clockid_t id)
{
	struct timespec ts = {0, 0};

	(void)clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

/* Since boot, suspend included: the clock of events, leases and deadlines. */
static inline uint64_t clock__boot(void)
{
	return clock__ns(CLOCK_BOOTTIME);
}

static inline uint64_t clock__mono(void)
{
	return clock__ns(CLOCK_MONOTONIC);
}

/* Wall time: for people and exemplars only, never for order. */
static inline uint64_t clock__wall(void)
{
	return clock__ns(CLOCK_REALTIME);
}

#endif
