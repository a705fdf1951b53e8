/* SPDX-License-Identifier: Apache-2.0 */
/* Open addressing over pointers to entries; a removed entry leaves a mark. The hash has a seed of
 * its own in each map, so that keys chosen by others cannot aim at one bucket. */
#include "map.h"

#include <sys/random.h>

struct map {
	size_t key_size, value_size, value_at, most;
	size_t count, used, cap; /* used counts removal marks too */
	char **slot;
	uint64_t seed[2];
};

#define GONE ((char *)1)

struct map *map__new(size_t key_size, size_t value_size, size_t most)
{
	struct map *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->key_size = key_size;
	m->value_size = value_size;
	m->value_at = (key_size + 15) & ~(size_t)15;
	m->most = most;
	m->cap = 64;
	m->slot = calloc(m->cap, sizeof(*m->slot));
	if (getrandom(m->seed, sizeof(m->seed), GRND_NONBLOCK) != (ssize_t)sizeof(m->seed))
		m->seed[0] = m->seed[1] =
			(uintptr_t)m->slot; /* early at boot: where memory happens to lie */
	return m->slot ? m : map__free(m);
}

struct map *map__free(struct map *m)
{
	if (!m)
		return NULL;
	for (size_t i = 0; m->slot && i < m->cap; i++)
		if (m->slot[i] != GONE)
			free(m->slot[i]);
	free(m->slot);
	free(m);
	return NULL;
}

static uint64_t hash(const struct map *m, const void *key)
{
	const char *p = key;
	uint64_t h = m->seed[0];

	for (size_t left = m->key_size; left;) {
		size_t n = MIN(left, sizeof(uint64_t));
		uint64_t word = 0;
		__uint128_t product;

		memcpy(&word, p, n);
		product = (__uint128_t)(h ^ word ^ 0x9e3779b97f4a7c15) * (m->seed[1] | 1);
		h = (uint64_t)product ^ (uint64_t)(product >> 64);
		p += n;
		left -= n;
	}
	return h ^ h >> 32;
}

/* Slot of the key, or the first free one on its way. */
static char **find(const struct map *m, const void *key)
{
	char **gone = NULL;

	for (size_t i = hash(m, key) & (m->cap - 1);; i = (i + 1) & (m->cap - 1)) {
		if (!m->slot[i])
			return gone ? gone : &m->slot[i];
		if (m->slot[i] == GONE)
			gone = gone ? gone : &m->slot[i];
		else if (!memcmp(m->slot[i], key, m->key_size))
			return &m->slot[i];
	}
}

static int rehash(struct map *m)
{
	struct map bigger = *m;

	while (bigger.cap < m->count * 4 + 64)
		bigger.cap *= 2;
	bigger.slot = calloc(bigger.cap, sizeof(*bigger.slot));
	if (!bigger.slot)
		return -ENOMEM;
	for (size_t i = 0; i < m->cap; i++)
		if (m->slot[i] && m->slot[i] != GONE)
			*find(&bigger, m->slot[i]) = m->slot[i];
	free(m->slot);
	bigger.used = m->count;
	*m = bigger;
	return 0;
}

void *map__get(const struct map *m, const void *key)
{
	char *e = *find(m, key);

	return e && e != GONE ? e + m->value_at : NULL;
}

void *map__put(struct map *m, const void *key, bool *ret_new)
{
	char **slot = find(m, key), *e = *slot;

	if (e && e != GONE) {
		if (ret_new)
			*ret_new = false;
		return e + m->value_at;
	}
	if (m->count >= m->most) {
		errno = ENOSPC;
		return NULL;
	}
	if (m->used * 4 >= m->cap * 3) {
		if (rehash(m)) {
			errno = ENOMEM;
			return NULL;
		}
		slot = find(m, key);
	}
	e = calloc(1, m->value_at + m->value_size);
	if (!e)
		return NULL;
	memcpy(e, key, m->key_size);
	m->used += *slot == NULL;
	*slot = e;
	m->count++;
	if (ret_new)
		*ret_new = true;
	return e + m->value_at;
}

bool map__remove(struct map *m, const void *key)
{
	char **slot = find(m, key);

	if (!*slot || *slot == GONE)
		return false;
	free(*slot);
	*slot = GONE;
	m->count--;
	return true;
}

size_t map__count(const struct map *m)
{
	return m->count;
}

void *map__next(const struct map *m, size_t *at, const void **ret_key)
{
	while (*at < m->cap) {
		char *e = m->slot[(*at)++];

		if (e && e != GONE) {
			if (ret_key)
				*ret_key = e;
			return e + m->value_at;
		}
	}
	return NULL;
}
