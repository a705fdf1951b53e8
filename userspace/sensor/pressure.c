/* SPDX-License-Identifier: Apache-2.0 */
/* Growth of throttled and stalled time by cgroup, from the last two readings of its files. */
#include <math.h>

#include "priv.h"

struct pressure {
	uint64_t at_ns, throttled_ns, io_us, memory_us;
	struct pressure_rate rate;
};

static double grown(uint64_t now, uint64_t *before, bool first)
{
	uint64_t old = *before;

	*before = now;
	if (now == FILES_UNKNOWN)
		return (double)NAN;
	return first || old == FILES_UNKNOWN || now < old ? 0 : (double)(now - old);
}

static void on_cgroup(void *arg, const struct files_cgroup *c)
{
	struct sensor *s = arg;
	uint64_t id = c->subject->cgroup_id;
	struct pressure *p = map__put(s->pressure, &id, NULL);
	bool first;
	double seconds;

	if (!p || p->at_ns == c->read_ns)
		return;
	first = !p->at_ns;
	seconds = (double)(c->read_ns - p->at_ns) / 1e9;
	p->at_ns = c->read_ns;
	p->rate.throttled = grown(c->throttled_ns, &p->throttled_ns, first) / 1e9 / seconds;
	p->rate.io = grown(c->psi_us[PSI_IO][PSI_SOME], &p->io_us, first) / 1e6 / seconds;
	p->rate.memory =
		grown(c->psi_us[PSI_MEMORY][PSI_SOME], &p->memory_us, first) / 1e6 / seconds;
}

void pressure__tick(struct sensor *s)
{
	files__each_cgroup(s->files, on_cgroup, s);
}

struct pressure_rate pressure__of(struct sensor *s, uint64_t cgroup_id)
{
	const struct pressure *p = map__get(s->pressure, &cgroup_id);

	return p ? p->rate : (struct pressure_rate){(double)NAN, (double)NAN, (double)NAN};
}

void pressure__forget(struct sensor *s, uint64_t cgroup_id)
{
	(void)map__remove(s->pressure, &cgroup_id);
}
