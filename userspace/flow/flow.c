/* SPDX-License-Identifier: Apache-2.0 */
#include "priv.h"

struct flow *flow__new(const struct flow_doors *doors, size_t top_cgroups, size_t top_calls)
{
	struct flow *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->doors = *doors;
	f->top_cgroups = top_cgroups;
	f->top_calls = top_calls;
	f->cgroups = map__new(sizeof(uint64_t), sizeof(struct fcgroup), CGROUPS_MAX);
	f->calls = map__new(sizeof(struct aeo_callkey), sizeof(struct fcall), KEYS_MAX);
	f->hists = map__new(sizeof(struct aeo_hkey), sizeof(struct aeo_hist), KEYS_MAX);
	f->counts = map__new(sizeof(struct aeo_ckey), sizeof(struct fcount), KEYS_MAX);
	f->tasks = map__new(sizeof(struct ftaskkey), sizeof(struct ftask), KEYS_MAX);
	f->zombies = map__new(sizeof(uint64_t), sizeof(struct fcount), CGROUPS_MAX);
	if (!f->cgroups || !f->calls || !f->hists || !f->counts || !f->tasks || !f->zombies)
		return flow__free(f);
	return f;
}

struct flow *flow__free(struct flow *f)
{
	if (!f)
		return NULL;
	map__free(f->cgroups);
	map__free(f->calls);
	map__free(f->hists);
	map__free(f->counts);
	map__free(f->tasks);
	map__free(f->zombies);
	free(f);
	return NULL;
}

void flow__begin(struct flow *f, uint64_t now)
{
	struct fcgroup *c;
	size_t at = 0;

	f->now = now;
	f->calls_sum = 0;
	while ((c = map__next(f->cgroups, &at, NULL)))
		c->block_ns = c->io_ns = c->retrans = c->calls = 0;
}

static struct fcgroup *cgroup_of(struct flow *f, uint64_t id)
{
	struct fcgroup *c = map__get(f->cgroups, &id);

	return c ? c : map__put(f->cgroups, &id, NULL);
}

static void take_dense(struct flow *f, const struct reading *r)
{
	struct fcgroup *c = cgroup_of(f, r->cgroup_id);

	if (!c)
		return;
	if (r->hist->sum_ns > c->dense[r->channel].sum_ns && r->channel == DENSE_runqueue)
		c->waited_ns = f->now;
	hist__rise(&c->dense[r->channel], r->hist);
}

static void take_call(struct flow *f, const struct reading *r)
{
	struct aeo_callkey key = {.cgroup_id = r->cgroup_id, .call = r->label};
	struct fcall *call = map__put(f->calls, &key, NULL);
	struct fcgroup *c = cgroup_of(f, r->cgroup_id);

	if (!call || !c)
		return;
	call__rise(&call->now, r->call);
	c->block_ns += call->now.sleep_ns + call->now.runnable_ns;
	c->calls += call->now.calls;
	f->calls_sum += call->now.calls;
}

static void take_hist(struct flow *f, const struct reading *r)
{
	struct aeo_hkey key = {
		.hist = r->channel, .op = r->op, .label = r->label, .cgroup_id = r->cgroup_id};
	struct aeo_hist *h = map__put(f->hists, &key, NULL);
	struct fcgroup *c;

	if (!h)
		return;
	hist__rise(h, r->hist);
	c = r->channel == HIST_block && r->cgroup_id ? cgroup_of(f, r->cgroup_id) : NULL;
	if (c)
		c->io_ns += h->sum_ns;
}

static void take_count(struct flow *f, const struct reading *r)
{
	struct aeo_ckey key = {
		.count = r->channel, .op = r->op, .label = r->label, .cgroup_id = r->cgroup_id};
	struct fcount *n = map__put(f->counts, &key, NULL);
	struct fcgroup *c;

	if (!n)
		return;
	n->value = MAX(n->value, r->count);
	c = r->channel == COUNT_tcp_retransmits && r->cgroup_id ? cgroup_of(f, r->cgroup_id) : NULL;
	if (c)
		c->retrans += n->value;
}

void flow__take(struct flow *f, const struct reading *r)
{
	switch (r->kind) {
	case READ_DENSE:
		take_dense(f, r);
		break;
	case READ_HIST:
		take_hist(f, r);
		break;
	case READ_COUNT:
		take_count(f, r);
		break;
	case READ_CALL:
		take_call(f, r);
		break;
	}
}

/* Growth of a sum since the last pass that ended, per second; 0 in the first. */
static double rate(const struct flow *f, uint64_t now, uint64_t *before)
{
	uint64_t grown = now - MIN(*before, now);
	double s = (double)(f->now - f->ended) / 1e9;

	*before = now;
	return f->passes < 2 || s <= 0 ? 0 : (double)grown / s;
}

static void sum_node(struct flow *f)
{
	struct fcgroup *c;
	size_t at = 0;

	for (size_t i = 0; i < DENSE_MAX; i++) {
		f->node0[i] = f->node[i];
		f->node[i] = f->retired[i];
	}
	while ((c = map__next(f->cgroups, &at, NULL)))
		for (size_t i = 0; i < DENSE_MAX; i++)
			hist__add(&f->node[i], &c->dense[i]);
}

static void set_line(struct flow *f)
{
	struct aeo_hist d = f->node[DENSE_runqueue];
	struct aeo_hist off = f->node[DENSE_offcpu];
	uint64_t n = 0, zero = 0;

	hist__sub(&d, &f->node0[DENSE_runqueue]);
	hist__sub(&off, &f->node0[DENSE_offcpu]);
	for (size_t i = 0; i < AEO_BUCKETS; i++)
		n += d.bucket[i];
	f->line.switches = rate(f, n, &zero);
	f->line.calls = rate(f, f->calls_sum, &f->calls_sum0);
	f->line.runqueue_p99_s = hist__quantile(&d, 0.99);
	zero = 0;
	f->line.offcpu_s = rate(f, off.sum_ns, &zero) / 1e9;
}

void flow__end(struct flow *f)
{
	struct fcgroup *c;
	const void *key;
	size_t at = 0;

	f->passes++;
	while ((c = map__next(f->cgroups, &at, &key))) {
		memcpy(&c->row.cgroup_id, key, sizeof(uint64_t));
		c->row.cpu_wait = rate(f, c->dense[DENSE_runqueue].sum_ns, &c->wait0) / 1e9;
		c->row.blocked = rate(f, c->block_ns, &c->block0) / 1e9;
		c->row.io_wait = rate(f, c->io_ns, &c->io0) / 1e9;
		c->row.retransmits = rate(f, c->retrans, &c->retrans0);
		c->row.calls = rate(f, c->calls, &c->calls0);
	}
	sum_node(f);
	set_line(f);
	places__award(f);
	f->ended = f->now;
}

static void forget_calls(struct flow *f, uint64_t id)
{
	const struct aeo_callkey *key;
	struct fcall *call;
	size_t at = 0;

	while ((call = map__next(f->calls, &at, (const void **)&key)))
		if (key->cgroup_id == id) {
			if (call->own)
				call__add(&f->retired_calls, &call->base);
			else
				call__add(&f->retired_calls, &call->now);
			(void)map__remove(f->calls, key);
		}
}

static void forget_keys(struct flow *f, uint64_t id)
{
	const struct aeo_hkey *hkey;
	const struct aeo_ckey *ckey;
	struct aeo_hist *h;
	struct fcount *n;
	size_t at = 0;

	while ((h = map__next(f->hists, &at, (const void **)&hkey)))
		if (hkey->cgroup_id == id) {
			if (hkey->hist < HIST_MAX)
				hist__add(&f->retired_hists[hkey->hist], h);
			(void)map__remove(f->hists, hkey);
		}
	at = 0;
	while ((n = map__next(f->counts, &at, (const void **)&ckey)))
		if (ckey->cgroup_id == id) {
			if (ckey->count < COUNT_MAX)
				f->retired_counts[ckey->count] += n->value;
			(void)map__remove(f->counts, ckey);
		}
}

void flow__forget(struct flow *f, uint64_t id)
{
	struct fcgroup *c = map__get(f->cgroups, &id);

	if (c) {
		for (size_t i = 0; i < DENSE_MAX; i++) {
			hist__add(&f->retired[i], &c->dense[i]);
			hist__add(&f->retired_other[i], c->top ? &c->base[i] : &c->dense[i]);
		}
		if (c->top)
			f->top_count--;
		(void)map__remove(f->cgroups, &id);
	}
	forget_calls(f, id);
	forget_keys(f, id);
}

bool flow__row(const struct flow *f, size_t *at, struct flow_row *ret)
{
	const struct fcgroup *c = map__next(f->cgroups, at, NULL);

	if (c)
		*ret = c->row;
	return c;
}

void flow__line(const struct flow *f, struct flow_line *ret)
{
	*ret = f->line;
}
