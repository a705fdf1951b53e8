/* SPDX-License-Identifier: Apache-2.0 */
/* One snapshot for a scrape: every room's series, then what we know about ourselves. */
#include "intake.h"
#include "priv.h"

/* Labels of one pair; valid until the next call. */
static const char *one(struct buf *b, const char *name, const char *value)
{
	buf__clear(b);
	label__add(b, name, value);
	return b->data ? b->data : "";
}

static void collect_probe(struct sensor *s, enum aeo_probe probe, struct buf *b)
{
	struct probe_info p;
	const char *labels;

	sense__probe(s->sense, probe, &p);
	labels = one(b, "probe", p.name);
	metrics__add(s->metrics, METRIC_attempted, labels, (double)p.attempted);
	metrics__add(s->metrics, METRIC_received, labels, (double)p.received);
	metrics__add(s->metrics, METRIC_in_flight, labels, (double)p.in_flight);
	metrics__add(s->metrics, METRIC_missed, labels, (double)p.missed);
	metrics__add(s->metrics, METRIC_probe_on, labels, p.on && !s->down[probe]);
	metrics__add(s->metrics, METRIC_beacons_missed, labels, (double)s->beacons_missed[probe]);
	metrics__add(s->metrics, METRIC_run_seconds, labels, (double)p.run_time_ns / 1e9);
	metrics__add(s->metrics, METRIC_runs, labels, (double)p.run_count);
	for (enum aeo_loss i = 0; i < LOSS_MAX; i++) {
		(void)one(b, "probe", p.name);
		label__add(b, "cause", loss__name(i));
		metrics__add(s->metrics, METRIC_lost, b->data, (double)p.lost[i]);
	}
}

static void collect_maps(struct sensor *s, struct buf *b)
{
	static const char *const rings[] = {"events", "security"};
	struct map_info m;
	uint64_t used, size;

	for (size_t i = 0; sense__map(s->sense, i, &m); i++) {
		const char *labels = one(b, "map", m.name);

		metrics__add(s->metrics, METRIC_map_entries, labels, (double)m.entries);
		metrics__add(s->metrics, METRIC_map_capacity, labels, (double)m.capacity);
		metrics__add(s->metrics, METRIC_map_bytes, labels, (double)m.bytes);
	}
	for (size_t i = 0; i < ARRAY_SIZE(rings); i++) {
		sense__ring(s->sense, i, &used, &size);
		metrics__add(s->metrics, METRIC_ring_used, one(b, "ring", rings[i]), (double)used);
		metrics__add(s->metrics, METRIC_ring_size, b->data, (double)size);
	}
}

static void collect_processes(struct sensor *s, struct buf *b)
{
	for (size_t i = 0; i < PROCESSES && s->process[i].name[0]; i++) {
		struct process_use use;
		const char *labels = one(b, "process", s->process[i].name);

		metrics__add(s->metrics, METRIC_self_restarts, labels, s->process[i].restarts);
		if (process__use(s->process[i].pid, &use))
			continue;
		metrics__add(s->metrics, METRIC_self_cpu, labels, (double)use.cpu_ns / 1e9);
		metrics__add(s->metrics, METRIC_self_rss, labels, (double)use.rss);
	}
}

static void collect_budget(struct sensor *s, struct buf *b)
{
	static const char *const levels[] = {[LOG_ERROR] = "error",
					     [LOG_WARN] = "warning",
					     [LOG_NOTICE] = "notice",
					     [LOG_INFO] = "info"};
	const struct budget *g = &s->budget;

	metrics__add(s->metrics, METRIC_budget_used, one(b, "ceiling", "cpu"), g->cpu_now);
	metrics__add(s->metrics, METRIC_budget_used, one(b, "ceiling", "bpf"), g->bpf_now);
	for (enum shed i = 0; i < SHED_MAX; i++)
		metrics__add(s->metrics, METRIC_budget_shed, one(b, "level", shed__name(i)),
			     g->shed[i]);
	metrics__add(s->metrics, METRIC_budget_steps, "", (double)g->steps);
	metrics__add(s->metrics, METRIC_calls_gap, one(b, "edge", "begin"),
		     (double)g->gap_begin_ns / 1e9);
	metrics__add(s->metrics, METRIC_calls_gap, one(b, "edge", "end"),
		     (double)g->gap_end_ns / 1e9);
	for (size_t i = LOG_ERROR; i < ARRAY_SIZE(levels); i++)
		metrics__add(s->metrics, METRIC_log_messages, one(b, "level", levels[i]),
			     (double)log__count(i));
}

static void collect_who(struct sensor *s, struct buf *b)
{
	struct attrib_counts n;
	uint64_t tasks, calls;

	attrib__counts(s->attrib, &n);
	metrics__add(s->metrics, METRIC_cgroups, "", (double)(n.cgroups + n.gone));
	for (enum unnamed i = 0; i < UNNAMED_MAX; i++)
		metrics__add(s->metrics, METRIC_unnamed, one(b, "reason", unnamed__text(i)),
			     (double)n.unnamed_total[i]);
	sense__overflow(s->sense, &tasks, &calls);
	metrics__add(s->metrics, METRIC_tasks_lost, "", (double)tasks);
	metrics__add(s->metrics, METRIC_calls_lost, "", (double)calls);
	metrics__add(s->metrics, METRIC_refused, "", (double)sense__refused(s->sense));
	metrics__add(s->metrics, METRIC_events_dropped, "", (double)s->events_dropped);
	metrics__add(s->metrics, METRIC_tick_lag, "", (double)s->tick_lag_ns / 1e9);
}

int collect__snapshot(struct sensor *s, struct buf *b)
{
	cleanup_buf struct buf labels = BUF_INIT;

	flow__begin(s->flow, clock__boot());
	(void)sense__read(s->sense, (reading_fn)flow__take, s->flow);
	metrics__begin(s->metrics);
	(void)one(&labels, "version", AEO_VERSION);
	label__add(&labels, "revision", AEO_REVISION);
	label__add(&labels, "kernel", s->kernel);
	metrics__add(s->metrics, METRIC_build_info, labels.data, 1);
	flow__collect(s->flow, s->metrics);
	files__collect(s->files, s->metrics);
	for (enum aeo_probe p = 0; p < PROBE_MAX; p++)
		collect_probe(s, p, &labels);
	collect_maps(s, &labels);
	collect_processes(s, &labels);
	collect_budget(s, &labels);
	collect_who(s, &labels);
	return metrics__end(s->metrics, b);
}
