/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the maps: dense histograms from mapped memory, shared hashes in batches, per-CPU caches merged in. */
#include <linux/bpf.h>

#include "priv.h"

#define BATCH 512

/* The index that the kernel has for a cgroup, else one from the pool. */
static int take_index(struct sense *s, uint64_t id, uint32_t *ret_idx)
{
	int cgroups = bpf_map__fd(s->skel->maps.aeo_cgroups),
	    pool = bpf_map__fd(s->skel->maps.aeo_free);

	if (!bpf_map_lookup_elem(cgroups, &id, ret_idx))
		return 0;
	if (bpf_map_lookup_and_delete_elem(pool, NULL, ret_idx))
		return -ENOSPC;
	if (bpf_map_update_elem(cgroups, &id, ret_idx, BPF_NOEXIST)) { /* the kernel was faster */
		(void)bpf_map_update_elem(pool, NULL, ret_idx, BPF_ANY);
		if (bpf_map_lookup_elem(cgroups, &id, ret_idx))
			return -errno;
	}
	return 0;
}

int sense__cgroup_add(struct sense *s, uint64_t id)
{
	uint32_t idx, *known = map__get(s->index, &id);
	int err;

	(void)map__remove(s->gone, &id); /* it was forgotten before anybody knew its name */
	if (known)
		return 0;
	err = take_index(s, id, &idx);
	if (err)
		return err;
	known = map__put(s->index, &id, NULL);
	if (!known)
		return -errno;
	*known = idx;
	return 0;
}

void sense__cgroups_adopt(struct sense *s, void (*fn)(void *arg, uint64_t cgroup_id), void *arg)
{
	int cgroups = bpf_map__fd(s->skel->maps.aeo_cgroups);
	uint64_t id, next;
	uint32_t left = s->size.cgroups;
	int end = bpf_map_get_next_key(cgroups, NULL, &next);

	while (!end && left--) {
		id = next;
		end = bpf_map_get_next_key(cgroups, &id, &next);
		if (!map__get(s->index, &id) && !sense__cgroup_add(s, id))
			fn(arg, id);
	}
}

static struct aeo_hist *dense_cell(const struct sense *s, uint32_t idx, enum aeo_dense which)
{
	return &s->dense[((size_t)idx * DENSE_MAX + which) * s->size.shards];
}

/* Remember that an id is over, forgetting the oldest such. */
static void remember_gone(struct sense *s, uint64_t id)
{
	uint64_t *old = &s->gone_ids[s->gone_at];

	if (*old)
		(void)map__remove(s->gone, old);
	*old = id;
	s->gone_at = (s->gone_at + 1) % GONE_MAX;
	(void)map__put(s->gone, &id, NULL);
}

void sense__cgroup_forget(struct sense *s, uint64_t id)
{
	uint32_t *idx = map__get(s->index, &id);

	if (idx && *idx) {
		(void)bpf_map_delete_elem(bpf_map__fd(s->skel->maps.aeo_cgroups), &id);
		memset(dense_cell(s, *idx, 0), 0,
		       DENSE_MAX * s->size.shards * sizeof(struct aeo_hist));
		(void)bpf_map_update_elem(bpf_map__fd(s->skel->maps.aeo_free), NULL, idx, BPF_ANY);
	}
	(void)map__remove(s->index, &id);
	remember_gone(s, id);
}

int sense__fd(const struct sense *s)
{
	return ring_buffer__epoll_fd(s->rings);
}

int sense__poll(struct sense *s, event_fn fn, void *arg)
{
	s->on_event = fn;
	s->on_event_arg = arg;
	if (!s->rings)
		return -ENOENT;
	return ring_buffer__consume(s->rings);
}

void sense__quiet(struct sense *s, bool quiet)
{
	__atomic_store_n(&s->skel->bss->aeo_quiet, quiet, __ATOMIC_RELAXED);
}

static void read_dense_of(struct sense *s, uint64_t id, uint32_t idx, reading_fn fn, void *arg)
{
	for (uint16_t which = 0; which < DENSE_MAX; which++) {
		const struct aeo_hist *cell = dense_cell(s, idx, which);
		struct aeo_hist sum = {.sum_ns = 0};
		struct reading r = {
			.kind = READ_DENSE, .channel = which, .cgroup_id = id, .hist = &sum};

		for (uint32_t shard = 0; shard < s->size.shards; shard++) {
			for (size_t b = 0; b < AEO_BUCKETS; b++)
				sum.bucket[b] +=
					__atomic_load_n(&cell[shard].bucket[b], __ATOMIC_RELAXED);
			sum.sum_ns += __atomic_load_n(&cell[shard].sum_ns, __ATOMIC_RELAXED);
		}
		fn(arg, &r);
	}
}

static void read_dense(struct sense *s, reading_fn fn, void *arg)
{
	const void *key;
	const uint32_t *idx;
	size_t at = 0;

	while ((idx = map__next(s->index, &at, &key))) {
		uint64_t id;

		memcpy(&id, key, sizeof(id));
		if (*idx)
			read_dense_of(s, id, *idx, fn, arg);
	}
	read_dense_of(s, ~0ULL, 0, fn, arg);
}

/* Walk a hash map in batches; `each` says true to have the key deleted. */
typedef bool (*pair_fn)(void *ctx, const void *key, const void *value);

static int walk(int fd, size_t key_size, size_t value_size, pair_fn each, void *ctx)
{
	cleanup_free char *keys = malloc(key_size * BATCH), *values = malloc(value_size * BATCH);
	cleanup_free char *doomed = NULL;
	uint64_t token[2] = {0, 0};
	bool first = true, more = true;
	size_t dead = 0;
	int err = 0;

	if (!keys || !values)
		return -ENOMEM;
	while (more) {
		uint32_t n = BATCH;

		err = bpf_map_lookup_batch(fd, first ? NULL : token, token, keys, values, &n,
					   NULL) ?
			      -errno :
			      0;
		more = !err;
		if (err && err != -ENOENT)
			return err;
		for (uint32_t i = 0; i < n; i++) {
			char *grown;

			if (!each(ctx, keys + i * key_size, values + i * value_size))
				continue;
			grown = realloc(doomed, (dead + 1) * key_size);
			if (!grown)
				continue; /* it goes at the next reading */
			doomed = grown;
			memcpy(doomed + dead++ * key_size, keys + i * key_size, key_size);
		}
		first = false;
	}
	for (size_t i = 0; i < dead; i++)
		(void)bpf_map_delete_elem(fd, doomed + i * key_size);
	return 0;
}

struct walk_ctx {
	struct sense *s;
	reading_fn fn;
	void *arg;
};

static bool is_gone(const struct sense *s, uint64_t id)
{
	return map__get(s->gone, &id) != NULL;
}

static bool on_hist(void *ctx, const void *key, const void *value)
{
	const struct walk_ctx *w = ctx;
	const struct aeo_hkey *k = key;
	struct reading r = {.kind = READ_HIST,
			    .channel = k->hist,
			    .op = k->op,
			    .label = k->label,
			    .cgroup_id = k->cgroup_id,
			    .hist = value};

	if (is_gone(w->s, k->cgroup_id))
		return true;
	w->fn(w->arg, &r);
	return false;
}

static bool on_count(void *ctx, const void *key, const void *value)
{
	const struct walk_ctx *w = ctx;
	const struct aeo_ckey *k = key;
	struct reading r = {.kind = READ_COUNT,
			    .channel = k->count,
			    .op = k->op,
			    .label = k->label,
			    .cgroup_id = k->cgroup_id};

	if (is_gone(w->s, k->cgroup_id))
		return true;
	memcpy(&r.count, value, sizeof(r.count));
	w->fn(w->arg, &r);
	return false;
}

static bool on_call(void *ctx, const void *key, const void *value)
{
	const struct walk_ctx *w = ctx;
	const struct aeo_callkey *k = key;
	struct aeo_call *sum;

	if (is_gone(w->s, k->cgroup_id))
		return true;
	sum = map__put(w->s->calls, k, NULL);
	if (sum)
		memcpy(sum, value, sizeof(*sum));
	return false;
}

static void add_cache(struct sense *s, const struct aeo_callcache *c)
{
	struct aeo_callkey key = {.cgroup_id = c->cgroup_id, .call = c->call};
	struct aeo_call *sum;

	if (!c->cgroup_id || is_gone(s, c->cgroup_id))
		return;
	sum = map__put(s->calls, &key, NULL);
	if (!sum)
		return;
	sum->calls += c->calls;
	for (size_t i = 0; i < ERR_MAX; i++)
		sum->err[i] += c->err[i];
	sum->restarts += c->restarts;
	sum->sleep_ns += c->sleep_ns;
	sum->runnable_ns += c->runnable_ns;
}

const struct aeo_cpu *cpus__read(struct sense *s)
{
	uint32_t zero = 0;

	if (bpf_map_lookup_elem(bpf_map__fd(s->skel->maps.aeo_cpus), &zero, s->scratch))
		return NULL;
	return s->scratch;
}

/* The shared map first, then the caches: an entry that moves meanwhile is missed once, never counted twice. */
static int read_calls(struct sense *s, struct walk_ctx *w)
{
	const struct aeo_cpu *cpu;
	const struct aeo_callkey *key;
	struct aeo_call *sum;
	size_t at = 0;
	int err;

	while ((sum = map__next(s->calls, &at, (const void **)&key)))
		if (is_gone(s, key->cgroup_id))
			(void)map__remove(s->calls, key);
		else
			memset(sum, 0, sizeof(*sum));
	err = walk(bpf_map__fd(s->skel->maps.aeo_calls), sizeof(struct aeo_callkey),
		   sizeof(struct aeo_call), on_call, w);
	cpu = err ? NULL : cpus__read(s);
	if (!cpu)
		return err ? err : -errno;
	for (uint32_t i = 0; i < s->cpus; i++)
		for (size_t k = 0; k < AEO_CACHE; k++)
			add_cache(s, &cpu[i].cache[k]);
	at = 0;
	while ((sum = map__next(s->calls, &at, (const void **)&key))) {
		struct reading r = {.kind = READ_CALL,
				    .label = key->call,
				    .cgroup_id = key->cgroup_id,
				    .call = sum};

		w->fn(w->arg, &r);
	}
	return 0;
}

int sense__read(struct sense *s, reading_fn fn, void *arg)
{
	struct walk_ctx w = {s, fn, arg};
	int err;

	read_dense(s, fn, arg);
	err = walk(bpf_map__fd(s->skel->maps.aeo_hists), sizeof(struct aeo_hkey),
		   sizeof(struct aeo_hist), on_hist, &w);
	if (!err)
		err = walk(bpf_map__fd(s->skel->maps.aeo_counts), sizeof(struct aeo_ckey),
			   sizeof(uint64_t), on_count, &w);
	return err ? err : read_calls(s, &w);
}

const struct aeo_exemplar *sense__slowest(const struct sense *s, bool dense, uint16_t channel)
{
	return &s->slowest[(size_t)((dense ? 0 : DENSE_MAX) + channel) * AEO_BUCKETS];
}

void sense__slowest_clear(struct sense *s)
{
	memset(s->slowest, 0, s->slowest_bytes);
}

int acct__sum(struct sense *s, enum aeo_probe probe, struct aeo_acct *ret)
{
	cleanup_free struct aeo_acct *v = calloc(s->cpus, sizeof(*v));
	struct aeo_acct sum = {.attempted = 0};
	uint32_t key = probe;

	if (!v || bpf_map_lookup_elem(bpf_map__fd(s->skel->maps.aeo_acct), &key, v))
		return -errno;
	for (uint32_t i = 0; i < s->cpus; i++) {
		sum.attempted += v[i].attempted;
		sum.submitted += v[i].submitted;
		sum.runs += v[i].runs;
		for (size_t k = 0; k < LOSS_MAX; k++)
			sum.lost[k] += v[i].lost[k];
	}
	*ret = sum;
	return 0;
}

void sense__overflow(struct sense *s, uint64_t *ret_tasks, uint64_t *ret_calls)
{
	const struct aeo_cpu *cpu = cpus__read(s);

	*ret_tasks = *ret_calls = 0;
	for (uint32_t i = 0; cpu && i < s->cpus; i++) {
		*ret_tasks += cpu[i].lost_tasks;
		*ret_calls += cpu[i].lost_calls;
	}
}

const char *sense__drop_reason(struct sense *s, uint32_t reason)
{
	return reason < s->reasons_n && s->reasons[reason] ? s->reasons[reason] : "unknown";
}
