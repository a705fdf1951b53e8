/* SPDX-License-Identifier: Apache-2.0 */
#include "size.h"

/* What a hash entry costs beside key and value, rounded up: the kernel's element head and
 * bucket. */
#define HASH_OVERHEAD 64
#define PAGE 4096u

static uint64_t page_up(uint64_t n)
{
	return (n + PAGE - 1) & ~(uint64_t)(PAGE - 1);
}

uint64_t map_shape__bytes(bool hash, bool per_cpu, uint32_t cpus, uint64_t entries, uint64_t key,
			  uint64_t value)
{
	uint64_t values = per_cpu ? ((value + 7) & ~7ULL) * cpus : (value + 7) & ~7ULL;

	return page_up(entries * (values + (hash ? key + HASH_OVERHEAD : 0)));
}

static uint64_t hash_bytes(uint64_t entries, uint64_t key, uint64_t value)
{
	return map_shape__bytes(true, false, 1, entries, key, value);
}

static uint64_t total(const struct map_sizes *m, uint64_t cpus, uint64_t fixed)
{
	uint64_t percpu = cpus * (sizeof(struct aeo_cpu) +
				  PROBE_MAX * (sizeof(struct aeo_acct) + sizeof(struct aeo_big)));
	uint64_t dense =
		page_up((uint64_t)m->cgroups * DENSE_MAX * m->shards * sizeof(struct aeo_hist));
	uint64_t slowest =
		page_up((DENSE_MAX + HIST_MAX) * AEO_BUCKETS * sizeof(struct aeo_exemplar));

	return fixed + page_up(percpu) + dense + slowest +
	       page_up((uint64_t)m->task_sets * 2 * sizeof(struct aeo_task)) +
	       hash_bytes(m->calls, sizeof(struct aeo_callkey), sizeof(struct aeo_call)) +
	       hash_bytes(m->hists, sizeof(struct aeo_hkey), sizeof(struct aeo_hist)) +
	       hash_bytes(m->counts, sizeof(struct aeo_ckey), 8) + hash_bytes(m->cgroups, 8, 4) +
	       page_up((uint64_t)m->cgroups * 4) + m->ring_evt + m->ring_sec;
}

/* What is given up first when memory is short: shards, then the tail of the shared maps, then the
 * task table, then cgroups. */
static bool shrink(struct map_sizes *m)
{
	if (m->shards > 1)
		m->shards /= 2;
	else if (m->hists > 1024)
		m->hists /= 2;
	else if (m->calls > 4096)
		m->calls /= 2;
	else if (m->task_sets > 8192)
		m->task_sets /= 2;
	else if (m->ring_evt > 1u << 18)
		m->ring_evt /= 2;
	else if (m->cgroups > 256)
		m->cgroups /= 2;
	else
		return false;
	return true;
}

int map_sizes__compute(uint32_t cpus, uint32_t cgroups, uint64_t ceiling, uint64_t fixed,
		       struct map_sizes *ret)
{
	struct map_sizes m = {
		.cgroups = MAX(cgroups, 64u) + 1,
		.shards = 1,
		.task_sets = 32768,
		.calls = 16384,
		.hists = 4096,
		.counts = 8192,
		.ring_evt = 1u << 20,
		.ring_sec = 1u << 19,
	};
	int err = 0;

	while (m.shards < 8 && m.shards < cpus)
		m.shards *= 2;
	while (cpus > 32 && m.ring_evt < 1u << 22 && m.ring_evt < cpus << 15)
		m.ring_evt *= 2;
	while ((m.bytes = total(&m, cpus, fixed)) > ceiling)
		if (!shrink(&m)) {
			err = -ENOSPC;
			break;
		}
	*ret = m;
	return err;
}
