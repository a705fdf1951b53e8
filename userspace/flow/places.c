/* SPDX-License-Identifier: Apache-2.0 */
/* Who gets series of their own: cgroups by the time they waited, calls by what they cost. A place is kept; only a cgroup that did not wait
 * for ten minutes gives it up, and only to one that does. */
#include "priv.h"

#define WARM_UP \
	3 /* passes before the first award: the busiest since boot are not the busiest since start */
#define SHARE 0.01 /* a call earns a place with this share of its cgroup's cost */

static uint64_t score(const struct aeo_call *c)
{
	return c->sleep_ns + c->runnable_ns + c->calls * 1000;
}

/* The cgroup without a place that waited longest, of those that still wait. */
static struct fcgroup *next_cgroup(struct flow *f, uint64_t *ret_id)
{
	struct fcgroup *best = NULL, *c;
	uint64_t most = 0;
	const void *key;
	size_t at = 0;

	while ((c = map__next(f->cgroups, &at, &key))) {
		uint64_t id;

		memcpy(&id, key, sizeof(id));
		if (c->top || id == ~0ULL || c->dense[DENSE_runqueue].sum_ns <= most ||
		    f->now - c->waited_ns > IDLE_NS)
			continue;
		most = c->dense[DENSE_runqueue].sum_ns;
		best = c;
		*ret_id = id;
	}
	return best;
}

/* Everything of an idle holder goes back to `other`. */
static void evict(struct flow *f, uint64_t id, struct fcgroup *c)
{
	const struct aeo_callkey *key;
	struct fcall *call;
	size_t at = 0;

	c->top = false;
	c->own_calls = 0;
	f->top_count--;
	while ((call = map__next(f->calls, &at, (const void **)&key)))
		if (key->cgroup_id == id)
			call->own = false;
}

static bool make_room(struct flow *f)
{
	struct fcgroup *c;
	const void *key;
	size_t at = 0;

	if (f->top_count < f->top_cgroups)
		return true;
	while ((c = map__next(f->cgroups, &at, &key)))
		if (c->top && f->now - c->waited_ns > IDLE_NS) {
			uint64_t id;

			memcpy(&id, key, sizeof(id));
			evict(f, id, c);
			return true;
		}
	return false;
}

static void place_calls(struct flow *f, uint64_t id)
{
	const struct aeo_callkey *key;
	struct fcall *call;
	size_t at = 0;

	while ((call = map__next(f->calls, &at, (const void **)&key)))
		if (key->cgroup_id == id)
			call->placed = call->now;
}

static void award_cgroups(struct flow *f)
{
	struct fcgroup *c;
	uint64_t id = 0;

	while ((c = next_cgroup(f, &id)) && make_room(f)) {
		c->top = true;
		memcpy(c->base, c->dense, sizeof(c->base));
		place_calls(f, id);
		f->top_count++;
	}
}

/* A call earns its place in the pass in which it cost its cgroup more than a share of the usual. */
static void award_calls(struct flow *f)
{
	const struct aeo_callkey *key;
	struct fcall *call;
	size_t at = 0;

	while ((call = map__next(f->calls, &at, (const void **)&key))) {
		struct fcgroup *c = call->own ? NULL : map__get(f->cgroups, &key->cgroup_id);
		uint64_t now = score(&call->now), spent = now - call->score0;

		call->score0 = now;
		if (!c || !c->top || c->own_calls >= f->top_calls || !spent)
			continue;
		if ((double)spent <
		    SHARE * ((double)c->block_ns + (double)c->calls * 1000) / MAX(f->passes, 1u))
			continue;
		call->own = true;
		call->base = call->now;
		c->own_calls++;
	}
}

void places__award(struct flow *f)
{
	if (f->passes < WARM_UP)
		return;
	award_cgroups(f);
	award_calls(f);
}
