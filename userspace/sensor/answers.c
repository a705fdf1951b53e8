/* SPDX-License-Identifier: Apache-2.0 */
/* Requests on the local socket. */
#include <math.h>

#include "json.h"
#include "priv.h"

static const char *drop_reason(void *arg, uint32_t reason)
{
	return sense__drop_reason(arg, reason);
}

struct tell_common answers__common(const struct sensor *s)
{
	return (struct tell_common){s->node,	   s->boot_id,	clock__wall(),
				    clock__boot(), drop_reason, s->sense};
}

static void fill_probes(struct sensor *s)
{
	for (enum aeo_probe p = 0; p < PROBE_MAX; p++)
		sense__probe(s->sense, p, &s->probes[p]);
}

static void answer_probes(struct sensor *s, struct buf *b)
{
	struct tell_common c = answers__common(s);

	fill_probes(s);
	tell__probes(b, &c, s->probes, PROBE_MAX);
}

static double map_bytes(struct sensor *s)
{
	struct map_info m;
	double sum = 0;

	for (size_t i = 0; sense__map(s->sense, i, &m); i++)
		sum += (double)m.bytes;
	return sum;
}

static const char *layout_name(enum cgroup_layout l)
{
	return l == CGROUP_V2 ? "v2" : l == CGROUP_V1 ? "v1" : "hybrid";
}

static void answer_status(struct sensor *s, struct buf *b)
{
	const struct budget *g = &s->budget;
	struct tell_common c = answers__common(s);
	struct tell_status t = {.probes = s->probes, .probe_count = PROBE_MAX};
	struct attrib_counts n;
	size_t k = 0;

	fill_probes(s);
	attrib__counts(s->attrib, &n);
	t.cpu = (struct tell_amount){g->cpu_limit, g->cpu_now};
	t.bpf = (struct tell_amount){g->bpf_limit, g->bpf_now};
	t.rss = (struct tell_amount){g->rss_limit, g->rss_now};
	t.maps = (struct tell_amount){(double)conf__uint(s->conf, CONF_budget_maps), map_bytes(s)};
	t.bpf_measured = g->measured;
	for (enum shed i = 0; i < SHED_MAX; i++)
		if (g->shed[i])
			t.shed[k++] = shed__name(i);
	t.mode_configured = conf__string(s->conf, CONF_heal_mode);
	t.kernel = s->kernel;
	t.cgroup_layout = layout_name(s->tree.layout);
	t.windows = sense__no_windows(s->sense);
	t.pinned = s->pinned;
	t.processes = s->process;
	while (t.process_count < PROCESSES && s->process[t.process_count].name[0])
		t.process_count++;
	t.cgroups = n.cgroups;
	t.containers = n.containers;
	t.unnamed = n.unnamed;
	t.series = metrics__count(s->metrics);
	t.refused = sense__refused(s->sense);
	sense__overflow(s->sense, &t.tasks_lost, &t.calls_lost);
	t.events_dropped = s->events_dropped;
	tell__status(b, &c, &t);
}

/* ---- top ---- */

#define ROWS_MAX 4096  /* cgroups looked at */
#define ROWS_TOLD 1000 /* and told: those with the most trouble */

static double trouble(const struct tell_row *r)
{
	return r->cpu_wait + r->io_wait + fmax(r->throttled, 0) + fmax(r->memory_pressure, 0) +
	       r->retransmits / 1e3 + r->calls / 1e9;
}

static int by_trouble(const void *a, const void *b)
{
	double x = trouble(a), y = trouble(b);

	return (x < y) - (x > y);
}

static void answer_rows(struct sensor *s, struct buf *b)
{
	struct tell_common c = answers__common(s);
	cleanup_free struct tell_row *rows = calloc(ROWS_MAX, sizeof(*rows));
	struct flow_row r;
	size_t n = 0, at = 0;

	while (rows && n < ROWS_MAX && flow__row(s->flow, &at, &r)) {
		struct pressure_rate p = pressure__of(s, r.cgroup_id);
		const struct subject *who = attrib__get(s->attrib, r.cgroup_id);

		/* one that is gone, or was before it had a name, is told only for what it did
		 * last */
		if (r.cgroup_id == ~0ULL ||
		    ((who->gone || !who->cgroup[0]) && r.cpu_wait + r.calls <= 0))
			continue;
		/* without the kernel's account of stalls (v1), the time that block requests took */
		rows[n++] = (struct tell_row){who,	   r.cpu_wait,
					      p.throttled, isnan(p.io) ? r.io_wait : p.io,
					      p.memory,	   r.retransmits,
					      r.calls};
	}
	if (rows)
		qsort(rows, n, sizeof(*rows), by_trouble);
	tell__top(b, &c, rows, MIN(n, (size_t)ROWS_TOLD), n);
}

struct tasks_ctx {
	uint64_t cgroup_id;
	struct aeo_taskrow row[TELL_TASKS];
	size_t n;
};

/* Keep the TELL_TASKS rows with the most wait. */
static void keep_task(void *arg, const struct aeo_taskrow *row)
{
	struct tasks_ctx *t = arg;
	size_t at = t->n;

	if (row->cgroup_id != t->cgroup_id)
		return;
	if (t->n == TELL_TASKS) {
		at = 0;
		for (size_t i = 1; i < t->n; i++)
			if (t->row[i].wait_ns < t->row[at].wait_ns)
				at = i;
		if (t->row[at].wait_ns >= row->wait_ns)
			return;
	} else {
		t->n++;
	}
	t->row[at] = *row;
}

static void answer_tasks(struct sensor *s, uint64_t id, struct buf *b)
{
	struct tell_common c = answers__common(s);
	cleanup_free struct tasks_ctx *t = calloc(1, sizeof(*t));

	if (!t)
		return;
	t->cgroup_id = id;
	(void)sense__tasks(s->sense, keep_task, t);
	tell__tasks(b, &c, t->row, t->n);
}

static void answer_top(struct sensor *s, const char *payload, size_t n, struct buf *b)
{
	struct jdoc *d = n ? jdoc__parse(payload, n, NULL) : NULL;
	uint64_t id;

	if (d && !jval__u64(jval__get(jdoc__root(d), "cgroup_id"), &id))
		answer_tasks(s, id, b);
	else
		answer_rows(s, b);
	jdoc__free(d);
}

static void answer_line(struct sensor *s, struct buf *b)
{
	struct flow_line l;
	struct json j = {b, false};

	flow__line(s->flow, &l);
	json__open(&j, NULL, '{');
	json__double(&j, "calls", l.calls);
	json__double(&j, "switches", l.switches);
	json__double(&j, "execs", l.execs);
	json__double(&j, "runqueue_p99_s", l.runqueue_p99_s);
	json__double(&j, "cpu_pct", s->budget.cpu_now);
	json__double(&j, "bpf_pct", s->budget.bpf_now);
	json__close(&j, '}');
}

/* Who takes over the exporter, which the network reaches, does not get to see what everybody runs.
 * It connects first while it is still root, and later as its user. */
static bool is_exporter(const struct sensor *s, const struct client *c)
{
	if (client__uid(c) && client__uid(c) == s->export_uid)
		return true;
	for (size_t i = 0; i < PROCESSES; i++)
		if (!strcmp(s->process[i].name, "aeo-export") &&
		    s->process[i].pid == client__pid(c))
			return true;
	return false;
}

void answers__on(void *arg, struct client *c, enum wire_kind kind, const char *payload, size_t n)
{
	struct sensor *s = arg;
	cleanup_buf struct buf b = BUF_INIT;
	int err = 0;

	if (kind != WIRE_METRICS && is_exporter(s, c)) {
		buf__str(&b, "only metrics for the exporter");
		(void)client__send(c, WIRE_ERROR, b.data, b.len);
		return;
	}
	switch (kind) {
	case WIRE_METRICS:
		err = collect__snapshot(s, &b);
		break;
	case WIRE_SUBSCRIBE:
		events__subscribe(s, c, payload, n);
		return;
	case WIRE_STATUS:
		answer_status(s, &b);
		break;
	case WIRE_PROBES:
		answer_probes(s, &b);
		break;
	case WIRE_TOP:
		answer_top(s, payload, n, &b);
		break;
	case WIRE_LINE:
		answer_line(s, &b);
		break;
	case WIRE_CONFIG:
		conf__print(s->conf, false, &b);
		break;
	default:
		buf__str(&b, "no such request");
		(void)client__send(c, WIRE_ERROR, b.data, b.len);
		return;
	}
	if (err || b.failed) {
		const char *why = strerror(err ? -err : ENOMEM);

		(void)client__send(c, WIRE_ERROR, why, strlen(why));
		return;
	}
	(void)client__send(c, WIRE_OK, b.data ? b.data : "", b.len);
}
