/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A budget on ourselves: two CPU ceilings over a minute, and resident memory. Near a ceiling work
 * is shed in the declared order, one level every ten ticks, and taken back, last first, when the
 * load has stayed low.
 */
#include "priv.h"

#define START_TICKS 3
#define STEP_TICKS 10 /* between two steps */
#define LOW 0.7	      /* of the ceiling: below it a level may come back */

const char *shed__name(enum shed what)
{
	static const char *const names[SHED_MAX] = {"traces", "detail", "latency", "events",
						    "calls"};

	return names[what];
}

/* CPU time (user and system) and resident memory from /proc/PID/stat. */
int process__use(int32_t pid, struct process_use *ret)
{
	unsigned long long user, system;
	char path[64], line[1024];
	cleanup_file FILE *f = NULL;
	const char *p;
	long rss;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = pid > 0 ? fopen(path, "re") : NULL;
	if (!f || !fgets(line, sizeof(line), f) || !(p = strrchr(line, ')')))
		return -ENOENT;
	if (sscanf(p + 1,
		   " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu %*d %*d %*d %*d %*d %*d %*u %*u %ld",
		   &user, &system, &rss) != 3)
		return -EPROTO;
	ret->cpu_ns = (user + system) * (NS_PER_S / (uint64_t)sysconf(_SC_CLK_TCK));
	ret->rss = (uint64_t)MAX(rss, 0) * (uint64_t)sysconf(_SC_PAGESIZE);
	return 0;
}

void budget__configure(struct sensor *s)
{
	s->budget.cpu_limit = conf__percent(s->conf, CONF_budget_cpu);
	s->budget.bpf_limit = conf__percent(s->conf, CONF_budget_bpf);
	s->budget.rss_limit = (double)conf__uint(s->conf, CONF_budget_rss);
}

/* Sums over our processes: the view that a person opened is not ours to count. */
static void sum_processes(struct sensor *s, uint64_t *ret_cpu, uint64_t *ret_rss)
{
	uint64_t cpu = 0, rss = 0;

	for (size_t i = 0; i < PROCESSES; i++) {
		struct process_use use;

		if (!s->process[i].name[0] || !strcmp(s->process[i].name, "view") ||
		    process__use(s->process[i].pid, &use))
			continue;
		cpu += use.cpu_ns;
		rss += use.rss;
	}
	*ret_cpu = cpu;
	*ret_rss = rss;
}

static double mean(const double *v, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += v[i];
	return n ? sum / (double)n : 0;
}

static void measure(struct sensor *s)
{
	struct budget *g = &s->budget;
	uint64_t cpu, rss, bpf = sense__run_time(s->sense, &g->measured), now = clock__boot();
	double ns = (double)(now - g->at_ns0);

	sum_processes(s, &cpu, &rss);
	g->rss_now = (double)rss;
	/* the first seconds are the start, which is over soon, not the load */
	if (g->at_ns0 && ns > 0 && s->ticks > START_TICKS) {
		g->cpu[g->at] = cpu > g->cpu_ns0 ? 100 * (double)(cpu - g->cpu_ns0) / ns : 0;
		g->bpf[g->at] = bpf > g->bpf_ns0 ? 100 * (double)(bpf - g->bpf_ns0) / ns /
							   (double)sysconf(_SC_NPROCESSORS_ONLN) :
						   0;
		g->at = (g->at + 1) % ARRAY_SIZE(g->cpu);
		g->filled = MIN(g->filled + 1, ARRAY_SIZE(g->cpu));
	}
	g->cpu_now = mean(g->cpu, g->filled);
	g->bpf_now = mean(g->bpf, g->filled);
	g->cpu_ns0 = cpu;
	g->bpf_ns0 = bpf;
	g->at_ns0 = now;
}

/* How near the nearest ceiling is: 1 is at it. */
static double load(const struct budget *g, const char **ret_which)
{
	double cpu = g->cpu_now / g->cpu_limit, bpf = g->bpf_now / g->bpf_limit,
	       rss = g->rss_now / g->rss_limit;
	double most = MAX(cpu, MAX(bpf, rss));

	*ret_which = most == cpu ? "CPU of our processes" :
		     most == bpf ? "BPF run time" :
				   "resident memory";
	return most;
}

static void turn(struct sensor *s, enum shed level, bool off, const char *which, double near)
{
	int err = level == SHED_DETAIL || level == SHED_TRACES ? 0 :
								 sense__shed(s->sense, level, off);

	s->budget.changed_ns = clock__boot(); /* a step that fails is not tried at every tick */
	if (err) {
		log_warn("budget: %s %s failed: %s", off ? "shedding" : "taking back",
			 shed__name(level), strerror(-err));
		return;
	}
	if (level == SHED_DETAIL)
		s->no_detail = off;
	if (level == SHED_CALLS)
		*(off ? &s->budget.gap_begin_ns : &s->budget.gap_end_ns) = clock__wall();
	s->budget.shed[level] = off;
	s->budget.steps++;
	s->budget.changed_ns = clock__boot();
	log_notice("budget: %s at %.0f %% of its ceiling, %s %s", which, near * 100,
		   off ? "shedding" : "taking back", shed__name(level));
}

void budget__tick(struct sensor *s)
{
	struct budget *g = &s->budget;
	const char *which;
	double near;

	measure(s);
	near = load(g, &which);
	if (g->filled < STEP_TICKS ||
	    clock__boot() - g->changed_ns < STEP_TICKS * conf__uint(s->conf, CONF_sense_tick))
		return;
	if (near >= 1) {
		for (enum shed i = 0; i < SHED_MAX; i++)
			if (!g->shed[i]) {
				turn(s, i, true, which, near);
				return;
			}
	} else if (near < LOW) {
		for (int i = SHED_MAX - 1; i >= 0; i--)
			if (g->shed[i]) {
				turn(s, (enum shed)i, false, which, near);
				return;
			}
	}
}
