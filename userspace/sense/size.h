/* SPDX-License-Identifier: Apache-2.0 */
/* Sizes of the maps, computed before the load from the possible CPUs and the ceiling. Pure. */
#ifndef AEO_SIZE_H
#define AEO_SIZE_H

#include "base.h"
#include "event.h"

struct map_sizes {
	uint32_t cgroups;   /* dense indices, 0 included */
	uint32_t shards;    /* of each dense histogram: a power of two */
	uint32_t task_sets; /* a power of two */
	uint32_t calls, hists, counts;
	uint32_t ring_evt, ring_sec; /* bytes: powers of two */
	uint64_t bytes;		     /* what all maps together take */
};

/* Sizes for `cpus` possible CPUs, at most `cgroups` cgroups wanted, within `ceiling` bytes of which
 * maps of fixed size take `fixed`. 0, or -ENOSPC when not even the smallest sizes fit (ret then
 * holds those). */
int map_sizes__compute(uint32_t cpus, uint32_t cgroups, uint64_t ceiling, uint64_t fixed,
		       struct map_sizes *ret);

/* Bytes of a map of a given shape; hash: entries have a head of their own; per_cpu: times cpus. */
uint64_t map_shape__bytes(bool hash, bool per_cpu, uint32_t cpus, uint64_t entries, uint64_t key,
			  uint64_t value);

#endif
