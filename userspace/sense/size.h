/* SPDX-License-Identifier: Apache-2.0 */
/* Sizes of the maps, computed before the load from the possible CPUs and the ceiling. Pure. */
#ifndef AEO_SIZE_H
#define AEO_SIZE_H

#include "base.h"
#include "event.h"

struct map_sizes {
	uint32_t cgroups;	/* dense indices, 0 included */
	uint32_t shards;	/* of each dense histogram: a power of two */
	uint32_t task_sets;	/* a power of two */
	uint32_t calls, hists, counts, starts;
	uint32_t ring_evt, ring_sec; /* bytes: powers of two */
	uint64_t bytes;		/* what all maps together take */
};

/* Sizes for `cpus` possible CPUs, at most `cgroups` cgroups wanted, within `ceiling` bytes. 0, or -ENOSPC when not even the smallest
 * sizes fit (ret then holds those). */
int map_sizes__compute(uint32_t cpus, uint32_t cgroups, uint64_t ceiling, struct map_sizes *ret);

#endif
