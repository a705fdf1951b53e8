/* SPDX-License-Identifier: Apache-2.0 */
/* What status, `aeod probes` and the self-metrics show: variants, the account, maps, rings, and
 * what it all costs. */
#include <linux/bpf.h>
#include <sys/mman.h>

#include "clock.h"
#include "priv.h"

/* ---- cost ---- */

#define CALIBRATE_CALLS 20000

/* CPU time of some calls of our own: what sys_exit adds to one is taken as the cost of any run
 * until the kernel's own figures come. */
static uint64_t time_calls(void)
{
	uint64_t t0 = clock__ns(CLOCK_THREAD_CPUTIME_ID);

	for (int i = 0; i < CALIBRATE_CALLS; i++)
		(void)getppid();
	return clock__ns(CLOCK_THREAD_CPUTIME_ID) - t0;
}

void cost__calibrate_begin(struct sense *s)
{
	s->gettime_ns = time_calls();
}

void cost__calibrate_end(struct sense *s)
{
	uint64_t with = time_calls();

	s->gettime_ns = with > s->gettime_ns ? MAX((with - s->gettime_ns) / CALIBRATE_CALLS, 20) :
					       50;
}

/* Runs of a probe's programs: counted by the programs themselves. */
uint64_t probe__runs(struct sense *s, enum aeo_probe probe)
{
	const struct aeo_cpu *cpu;
	struct aeo_acct a;
	uint64_t runs = acct__sum(s, probe, &a) ? 0 : a.runs;

	if (probe != PROBE_sched && probe != PROBE_syscalls)
		return runs;
	cpu = cpus__read(s);
	for (uint32_t i = 0; cpu && i < s->cpus; i++)
		runs += probe == PROBE_sched ? cpu[i].runs_switch : cpu[i].runs_exit;
	return runs;
}

/* The kernel's sums over a probe's programs. */
static void kernel_sums(struct sense *s, enum aeo_probe probe, uint64_t *ret_ns, uint64_t *ret_cnt,
			uint64_t *ret_missed)
{
	uint64_t ns = 0, cnt = 0, missed = 0;

	for (size_t i = 0; i < s->progs; i++) {
		struct bpf_prog_info info = {0};
		struct bpf_program *p;
		uint32_t len = sizeof(info);

		if (s->prog[i].probe != probe || !s->prog[i].chosen)
			continue;
		p = bpf_object__find_program_by_name(s->skel->obj, s->prog[i].name);
		if (!p || bpf_obj_get_info_by_fd(bpf_program__fd(p), &info, &len))
			continue;
		ns += info.run_time_ns;
		cnt += info.run_cnt;
		missed += info.recursion_misses;
	}
	*ret_ns = ns;
	*ret_cnt = cnt;
	*ret_missed = missed;
}

/* Turn the runs since the last look into time. */
static void fold(struct sense *s, enum aeo_probe probe)
{
	struct probe_cost *c = &s->cost[probe];
	uint64_t runs = probe__runs(s, probe);

	if (runs > c->runs)
		c->time_ns += (runs - c->runs) * (c->ns_per_run ? c->ns_per_run : s->gettime_ns);
	c->runs = MAX(runs, c->runs);
}

void sense__stats(struct sense *s, bool on)
{
	for (enum aeo_probe p = 0; p < PROBE_MAX; p++) {
		struct probe_cost *c = &s->cost[p];
		uint64_t ns, cnt, missed;

		fold(s, p);
		kernel_sums(s, p, &ns, &cnt, &missed);
		if (!on && cnt > c->run_cnt0) {
			c->ns_per_run = MAX((ns - c->run_ns0) / (cnt - c->run_cnt0), 1);
			c->measured = true;
		}
		c->run_ns0 = ns;
		c->run_cnt0 = cnt;
	}
}

uint64_t sense__run_time(struct sense *s, bool *ret_measured)
{
	uint64_t sum = 0;
	bool measured = false;

	for (enum aeo_probe p = 0; p < PROBE_MAX; p++) {
		fold(s, p);
		sum += s->cost[p].time_ns;
		measured |= s->cost[p].measured;
	}
	*ret_measured = measured;
	return sum;
}

/* ---- probes ---- */

static void variants(struct sense *s, enum aeo_probe probe, struct probe_info *ret)
{
	size_t at = 0;

	for (size_t i = 0; i < s->progs; i++) {
		struct program *p = &s->prog[i];

		if (p->probe != probe)
			continue;
		if (p->chosen) {
			ret->on = true;
			at += (size_t)snprintf(ret->variant + at, sizeof(ret->variant) - at, "%s%s",
					       at ? "," : "", p->name);
			at = MIN(at, sizeof(ret->variant) - 1);
		}
		if ((p->refused[0] || (p->flags & WINDOW && window__refused(s))) &&
		    ret->why_nots < PROBE_RUNGS) {
			ret->why_not[ret->why_nots].variant = p->name;
			(void)snprintf(ret->why_not[ret->why_nots++].reason,
				       sizeof(ret->why_not[0].reason), "%s",
				       p->refused[0] ? p->refused : window__refused(s));
		}
	}
}

void sense__probe(struct sense *s, enum aeo_probe probe, struct probe_info *ret)
{
	const struct probe_row *row = probe__row(probe);
	uint64_t ns, cnt, sum = 0;
	struct aeo_acct a;

	memset(ret, 0, sizeof(*ret));
	ret->name = row->name;
	ret->what = row->what;
	ret->blind = row->blind;
	ret->is_default = row->on;
	variants(s, probe, ret);
	/* Received is read before attempted, so what arrives in between is in flight, never less
	 * than nothing. */
	ret->received = intake__received(s->intake, probe);
	if (!acct__sum(s, probe, &a)) {
		ret->attempted = a.attempted;
		memcpy(ret->lost, a.lost, sizeof(ret->lost));
	}
	for (size_t i = 0; i < LOSS_MAX; i++)
		sum += ret->lost[i];
	ret->in_flight = ret->attempted - ret->received - sum;
	kernel_sums(s, probe, &ns, &cnt, &ret->missed);
	fold(s, probe);
	ret->run_count = s->cost[probe].runs;
	ret->run_time_ns = s->cost[probe].time_ns;
	ret->measured = s->cost[probe].measured;
}

uint32_t sense__probes_on(const struct sense *s)
{
	bool on[PROBE_MAX] = {false};
	uint32_t n = 0;

	for (size_t i = 0; i < s->progs; i++)
		if (s->prog[i].chosen && !on[s->prog[i].probe]) {
			on[s->prog[i].probe] = true;
			n++;
		}
	return n;
}

uint64_t sense__refused(const struct sense *s)
{
	return intake__refused(s->intake);
}

const char *sense__no_windows(const struct sense *s)
{
	return window__refused(s);
}

/* ---- maps and rings ---- */

/* Bytes that the kernel charged for a map, from its descriptor's fdinfo. */
static uint64_t map_bytes(int fd)
{
	char path[64], line[128];
	unsigned long long bytes = 0;
	cleanup_file FILE *f = NULL;

	(void)snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "memlock: %llu", &bytes) == 1)
			break;
	return bytes;
}

static uint64_t entries_of(struct sense *s, const struct bpf_map *m)
{
	char key[64], next[64];
	uint64_t n = 0;
	int fd = bpf_map__fd(m);

	if (bpf_map__type(m) != BPF_MAP_TYPE_HASH || bpf_map__key_size(m) > sizeof(key))
		return bpf_map__type(m) == BPF_MAP_TYPE_QUEUE ?
			       s->size.cgroups - 1 - map__count(s->index) :
			       bpf_map__max_entries(m);
	for (int err = bpf_map_get_next_key(fd, NULL, next); !err && n < bpf_map__max_entries(m);
	     n++) {
		memcpy(key, next, bpf_map__key_size(m));
		err = bpf_map_get_next_key(fd, key, next);
	}
	return n;
}

bool sense__map(struct sense *s, size_t i, struct map_info *ret)
{
	struct bpf_map *m = NULL;

	for (size_t k = 0; k <= i; k++) {
		m = bpf_object__next_map(s->skel->obj, m);
		if (!m)
			return false;
	}
	(void)snprintf(ret->name, sizeof(ret->name), "%s", bpf_map__name(m));
	ret->capacity = bpf_map__max_entries(m);
	ret->entries = entries_of(s, m);
	ret->bytes = map_bytes(bpf_map__fd(m));
	return true;
}

void sense__ring(struct sense *s, size_t i, uint64_t *ret_used, uint64_t *ret_size)
{
	const struct bpf_map *m = i ? s->skel->maps.aeo_ring_sec : s->skel->maps.aeo_ring_evt;
	long page = sysconf(_SC_PAGESIZE);
	/* two pages: the consumer's position, then the producer's; each may only be mapped by
	 * itself */
	uint64_t *cons = mmap(NULL, (size_t)page, PROT_READ, MAP_SHARED, bpf_map__fd(m), 0);
	uint64_t *prod = mmap(NULL, (size_t)page, PROT_READ, MAP_SHARED, bpf_map__fd(m), page);

	*ret_size = bpf_map__max_entries(m);
	*ret_used = 0;
	if (cons != MAP_FAILED && prod != MAP_FAILED)
		*ret_used = __atomic_load_n(prod, __ATOMIC_ACQUIRE) -
			    __atomic_load_n(cons, __ATOMIC_ACQUIRE);
	if (cons != MAP_FAILED)
		(void)munmap(cons, (size_t)page);
	if (prod != MAP_FAILED)
		(void)munmap(prod, (size_t)page);
}
