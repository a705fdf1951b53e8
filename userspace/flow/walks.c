/* SPDX-License-Identifier: Apache-2.0 */
/* What the iterators saw: tasks blocked now, calls running, zombies. */
#include "priv.h"

#define STATE_INTERRUPTIBLE 0x1
#define STATE_UNINTERRUPTIBLE 0x2
#define EXIT_ZOMBIE 0x20

static void clear(struct map *m)
{
	const void *key;
	size_t at = 0;

	while (map__next(m, &at, &key))
		(void)map__remove(m, key);
}

void flow__tasks_begin(struct flow *f)
{
	clear(f->tasks);
	clear(f->zombies);
}

static uint32_t state_of(const struct aeo_taskrow *row)
{
	if (row->state & STATE_UNINTERRUPTIBLE)
		return STATE_DISK;
	return row->state & STATE_INTERRUPTIBLE ? STATE_SLEEP : STATE_RUNNABLE;
}

void flow__task(struct flow *f, const struct aeo_taskrow *row)
{
	struct ftaskkey key = {
		.cgroup_id = row->cgroup_id, .call = row->call, .state = state_of(row)};
	struct fcount *zombie;
	struct ftask *t;

	if (row->state & (EXIT_ZOMBIE | (uint32_t)EXIT_ZOMBIE << 16)) {
		zombie = map__put(f->zombies, &row->cgroup_id, NULL);
		if (zombie)
			zombie->value++;
		return;
	}
	t = map__put(f->tasks, &key, NULL);
	if (!t)
		return;
	t->count++;
	t->oldest_ns = MAX(t->oldest_ns, row->age_ns);
}

struct state_sum {
	uint64_t count, oldest_ns;
};

static const char *const state_names[] = {"asleep", "uninterruptible", "runnable"};

static const char *labels_of(struct flow *f, uint64_t cgroup)
{
	return cgroup == ~0ULL ? "cgroup=\"other\"" :
				 f->doors.subject(f->doors.arg, cgroup)->labels;
}

static void collect_tasks(struct flow *f, struct metrics *m, struct buf *b)
{
	const struct ftaskkey *key;
	const struct ftask *t;
	char name[64];
	size_t at = 0;

	while ((t = map__next(f->tasks, &at, (const void **)&key))) {
		buf__clear(b);
		buf__str(b, labels_of(f, key->cgroup_id));
		label__add(b, "state", state_names[key->state]);
		metrics__add(m, METRIC_tasks, b->data, (double)t->count);
		if (key->state != STATE_DISK)
			continue;
		buf__clear(b);
		buf__str(b, labels_of(f, key->cgroup_id));
		label__add(b, "call", call__name(key->call, name, sizeof(name)));
		metrics__add(m, METRIC_tasks_blocked, b->data, (double)t->count);
		metrics__add(m, METRIC_tasks_oldest, b->data, (double)t->oldest_ns / 1e9);
	}
}

static void collect_zombies(struct flow *f, struct metrics *m)
{
	const struct fcount *n;
	const uint64_t *id;
	size_t at = 0;

	while ((n = map__next(f->zombies, &at, (const void **)&id)))
		metrics__add(m, METRIC_zombies, labels_of(f, *id), (double)n->value);
}

void walks__collect(struct flow *f, struct metrics *m, struct buf *b)
{
	collect_tasks(f, m, b);
	collect_zombies(f, m);
}
