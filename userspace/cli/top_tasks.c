/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "priv.h"
#include "top.h"

static void take_task(struct top_task *t, const struct jval *o)
{
	char text[80];

	t->pid = (uint64_t)number_of(o, "tgid");
	t->tid = (uint64_t)number_of(o, "pid");
	(void)snprintf(t->comm, sizeof(t->comm), "%s", text_of(o, "comm", text, sizeof(text)));
	(void)snprintf(t->call, sizeof(t->call), "%s", text_of(o, "call", text, sizeof(text)));
	(void)snprintf(t->state, sizeof(t->state), "%s", text_of(o, "state", text, sizeof(text)));
	t->age_s = number_of(o, "age_s");
	t->cpu_s = number_of(o, "cpu_s");
	t->wait_s = number_of(o, "wait_s");
	t->cpu = t->wait = (double)NAN;
}

/* What a thread of the answer before used since then; a number that steps back is another thread of the same number. */
static void compare_task(struct top_task *t, const struct top_tasks *before, double seconds)
{
	for (size_t i = 0; i < before->n; i++) {
		const struct top_task *b = &before->row[i];

		if (b->tid != t->tid || b->cpu_s > t->cpu_s || b->wait_s > t->wait_s)
			continue;
		t->cpu = (t->cpu_s - b->cpu_s) / seconds;
		t->wait = (t->wait_s - b->wait_s) / seconds;
	}
}

static int by_wait(const void *a, const void *b)
{
	const struct top_task *x = a, *y = b;
	double p = isnan(x->wait) ? 0 : x->wait, q = isnan(y->wait) ? 0 : y->wait;

	if (p != q)
		return p < q ? 1 : -1;
	if (x->wait_s != y->wait_s)
		return x->wait_s < y->wait_s ? 1 : -1;
	return (x->tid > y->tid) - (x->tid < y->tid);
}

int top_tasks__take(struct top_tasks *t, const struct jval *answer, uint64_t now)
{
	const struct jval *list = jval__get(answer, "tasks");
	cleanup_free struct top_tasks *before = malloc(sizeof(*before));

	if (!list)
		return -EPROTO;
	if (!before)
		return -ENOMEM;
	*before = *t;
	t->n = MIN(jval__count(list), (size_t)TASKS_MAX);
	t->at_ns = now;
	for (size_t i = 0; i < t->n; i++) {
		take_task(&t->row[i], jval__at(list, i));
		if (before->at_ns && now > before->at_ns)
			compare_task(&t->row[i], before, (double)(now - before->at_ns) / 1e9);
	}
	qsort(t->row, t->n, sizeof(t->row[0]), by_wait);
	return 0;
}
