/* SPDX-License-Identifier: Apache-2.0 */
/* The life of the object: open, load (again, without what was refused), attach, free. */
#include "sense.h"

#include <stdarg.h>
#include <sys/mman.h>

#include "clock.h"
#include "priv.h"

/* libbpf says which program failed only in its messages; the last one named is kept here. One
 * thread loads, once. */
static char failed_prog[32];
static char failed_text[160];

static int on_libbpf(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	char line[512];
	const char *at;

	if (level == LIBBPF_DEBUG || vsnprintf(line, sizeof(line), fmt, ap) < 0)
		return 0;
	at = strstr(line, "prog '");
	if (at && (strstr(line, "failed to load") || strstr(line, "load failed") ||
		   strstr(line, "failed to find") || strstr(line, "failed to auto-attach") ||
		   strstr(line, "relo"))) {
		(void)snprintf(failed_prog, sizeof(failed_prog), "%.*s", (int)strcspn(at + 6, "'"),
			       at + 6);
		(void)snprintf(failed_text, sizeof(failed_text), "%.*s", (int)strcspn(line, "\n"),
			       line);
	}
	return 0;
}

/* Maps whose size set_sizes() chooses. */
static bool is_sized(const char *name)
{
	static const char *const sized[] = {"aeo_ring_evt", "aeo_ring_sec", "aeo_acct",
					    "aeo_scratch",  "aeo_cpus",	    "aeo_cgroups",
					    "aeo_free",	    "aeo_dense",    "aeo_slowest",
					    "aeo_calls",    "aeo_tasks",    "aeo_hists",
					    "aeo_counts"};

	for (size_t i = 0; i < ARRAY_SIZE(sized); i++)
		if (!strcmp(sized[i], name))
			return true;
	return false;
}

/* Bytes of the maps that probes bring along. */
static uint64_t fixed_bytes(uint32_t cpus)
{
	struct aeo *skel = aeo__open();
	struct bpf_map *m;
	uint64_t sum = 0;

	if (!skel)
		return 0;
	bpf_object__for_each_map(m, skel->obj) {
		enum bpf_map_type t = bpf_map__type(m);
		bool hash = t != BPF_MAP_TYPE_ARRAY && t != BPF_MAP_TYPE_PERCPU_ARRAY;
		bool per_cpu = t == BPF_MAP_TYPE_PERCPU_ARRAY || t == BPF_MAP_TYPE_PERCPU_HASH ||
			       t == BPF_MAP_TYPE_LRU_PERCPU_HASH;

		if (!is_sized(bpf_map__name(m)))
			sum += map_shape__bytes(hash, per_cpu, cpus, bpf_map__max_entries(m),
						bpf_map__key_size(m), bpf_map__value_size(m));
	}
	aeo__destroy(skel);
	return sum;
}

struct sense *sense__open(const struct sense_options *o, struct buf *ret_why)
{
	struct sense *s = calloc(1, sizeof(*s));
	int cpus = libbpf_num_possible_cpus();

	if (!s || cpus <= 0) {
		buf__str(ret_why, "cannot count the possible CPUs");
		free(s);
		return NULL;
	}
	(void)libbpf_set_print(on_libbpf);
	s->opt = *o;
	if (o->pin_dir)
		(void)snprintf(s->pin_dir, sizeof(s->pin_dir), "%s", o->pin_dir);
	s->cpus = (uint32_t)cpus;
	s->btf = btf__load_vmlinux_btf();
	if (!s->btf) {
		buf__printf(ret_why,
			    "this kernel shows no type information (/sys/kernel/btf/vmlinux): %s",
			    strerror(errno));
		return sense__free(s);
	}
	hooks__init(s);
	(void)map_sizes__compute(s->cpus, o->cgroups, o->map_bytes, fixed_bytes(s->cpus), &s->size);
	s->intake = intake__new(s->cpus);
	s->index = map__new(sizeof(uint64_t), sizeof(uint32_t), s->size.cgroups);
	s->scratch_bytes = sizeof(struct aeo_cpu) * s->cpus;
	s->scratch = malloc(s->scratch_bytes);
	s->gone = map__new(sizeof(uint64_t), sizeof(uint64_t), GONE_MAX);
	s->calls = map__new(sizeof(struct aeo_callkey), sizeof(struct aeo_call), s->size.calls * 2);
	if (!s->intake || !s->index || !s->scratch || !s->gone || !s->calls)
		return sense__free(s);
	hooks__reasons(s);
	return s;
}

static void close_object(struct sense *s)
{
	for (size_t i = 0; i < s->progs; i++) {
		(void)bpf_link__destroy(s->prog[i].link);
		s->prog[i].link = NULL;
	}
	if (s->skel)
		aeo__destroy(s->skel);
	s->skel = NULL;
}

struct sense *sense__free(struct sense *s)
{
	if (!s)
		return NULL;
	window__stop(s);
	if (s->rings)
		ring_buffer__free(s->rings);
	if (s->dense)
		(void)munmap(s->dense, s->dense_bytes);
	if (s->slowest)
		(void)munmap(s->slowest, s->slowest_bytes);
	if (s->pinned)
		pins__remove(s);
	close_object(s);
	btf__free(s->btf);
	intake__free(s->intake);
	map__free(s->index);
	map__free(s->gone);
	map__free(s->calls);
	for (size_t i = 0; i < s->reasons_n; i++)
		free(s->reasons[i]);
	free(s->reasons);
	free(s->scratch);
	free(s);
	return NULL;
}

static struct bpf_program *find_prog(struct sense *s, const char *name)
{
	return bpf_object__find_program_by_name(s->skel->obj, name);
}

static void set_sizes(struct sense *s)
{
	const struct map_sizes *m = &s->size;

	(void)bpf_map__set_max_entries(s->skel->maps.aeo_ring_evt, m->ring_evt);
	(void)bpf_map__set_max_entries(s->skel->maps.aeo_ring_sec, m->ring_sec);
	(void)bpf_map__set_max_entries(s->skel->maps.aeo_cgroups, m->cgroups);
	(void)bpf_map__set_max_entries(s->skel->maps.aeo_free, m->cgroups);
	(void)bpf_map__set_max_entries(s->skel->maps.aeo_dense, m->cgroups * DENSE_MAX * m->shards);
	(void)bpf_map__set_max_entries(s->skel->maps.aeo_calls, m->calls);
	(void)bpf_map__set_max_entries(s->skel->maps.aeo_hists, m->hists);
	(void)bpf_map__set_max_entries(s->skel->maps.aeo_counts, m->counts);
	(void)bpf_map__set_max_entries(s->skel->maps.aeo_tasks, m->task_sets);
}

/* Index of the naming controller in css_set: the kernel's own enumeration knows; /proc/cgroups may
 * leave controllers out. */
static uint32_t subsys_index(struct sense *s)
{
	int id = btf__find_by_name_kind(s->btf, "cgroup_subsys_id", BTF_KIND_ENUM);
	const struct btf_type *t = id < 0 ? NULL : btf__type_by_id(s->btf, (uint32_t)id);
	char want[64];

	if (s->opt.tree->subsys == ~0u || !t)
		return s->opt.tree->subsys;
	(void)snprintf(want, sizeof(want), "%s_cgrp_id", s->opt.tree->controller);
	for (int i = 0; i < btf_vlen(t); i++) {
		const char *name = btf__name_by_offset(s->btf, btf_enum(t)[i].name_off);

		if (name && !strcmp(name, want))
			return (uint32_t)btf_enum(t)[i].val;
	}
	return s->opt.tree->subsys;
}

static void set_config(struct sense *s)
{
	struct aeo_cfg *c = (struct aeo_cfg *)&s->skel->rodata->cfg;

	c->cg_subsys = subsys_index(s);
	c->cg_hierarchy = s->opt.tree->hierarchy;
	c->super_tgid = s->opt.super_tgid;
	c->self_tgid = (uint32_t)getpid();
	c->shard_mask = s->size.shards - 1;
	c->cgroups = s->size.cgroups;
	c->task_sets = s->size.task_sets;
	c->rq_issue_arg = hook__args(s, "block_rq_issue") > 1;
	c->skb_reason = hook__args(s, "kfree_skb") > 2;
	c->limit_per_s = s->opt.limit_per_s;
	c->slow_ns = s->opt.slow_ns;
}

static struct program *prog_by_name(struct sense *s, const char *name)
{
	for (size_t i = 0; i < s->progs; i++)
		if (!strcmp(s->prog[i].name, name))
			return &s->prog[i];
	return NULL;
}

/* One attempt with the present choice. */
static int load_once(struct sense *s)
{
	s->skel = aeo__open();
	if (!s->skel)
		return -errno;
	set_sizes(s);
	set_config(s);
	for (size_t i = 0; i < s->progs; i++) {
		struct bpf_program *p = find_prog(s, s->prog[i].name);

		if (p)
			(void)bpf_program__set_autoload(p, s->prog[i].chosen);
		else
			s->prog[i].chosen = false;
	}
	failed_prog[0] = '\0';
	return aeo__load(s->skel);
}

static int map_memory(struct sense *s)
{
	s->dense_bytes =
		(size_t)s->size.cgroups * DENSE_MAX * s->size.shards * sizeof(struct aeo_hist);
	s->slowest_bytes =
		(size_t)(DENSE_MAX + HIST_MAX) * AEO_BUCKETS * sizeof(struct aeo_exemplar);
	s->dense = mmap(NULL, s->dense_bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
			bpf_map__fd(s->skel->maps.aeo_dense), 0);
	if (s->dense == MAP_FAILED) {
		s->dense = NULL;
		return -errno;
	}
	s->slowest = mmap(NULL, s->slowest_bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
			  bpf_map__fd(s->skel->maps.aeo_slowest), 0);
	if (s->slowest == MAP_FAILED) {
		s->slowest = NULL;
		return -errno;
	}
	return 0;
}

/* The free indices, 1..n-1, and the keys that full maps count into. */
static int fill_maps(struct sense *s)
{
	int fd = bpf_map__fd(s->skel->maps.aeo_free);
	static const struct aeo_call no_call;
	static const struct aeo_hist no_hist;
	struct aeo_callkey call = {.cgroup_id = ~0ULL, .call = AEO_CALL_NONE};
	uint64_t zero = 0;
	int err =
		bpf_map_update_elem(bpf_map__fd(s->skel->maps.aeo_calls), &call, &no_call, BPF_ANY);

	for (uint32_t i = 1; !err && i < s->size.cgroups; i++)
		err = bpf_map_update_elem(fd, NULL, &i, BPF_ANY);
	for (uint16_t i = 0; !err && i < HIST_MAX; i++) {
		struct aeo_hkey key = {.hist = i, .cgroup_id = ~0ULL};

		err = bpf_map_update_elem(bpf_map__fd(s->skel->maps.aeo_hists), &key, &no_hist,
					  BPF_ANY);
	}
	for (uint16_t i = 0; !err && i < COUNT_MAX; i++) {
		struct aeo_ckey key = {.count = i, .cgroup_id = ~0ULL};

		err = bpf_map_update_elem(bpf_map__fd(s->skel->maps.aeo_counts), &key, &zero,
					  BPF_ANY);
	}
	return err;
}

static int on_record(void *arg, void *data, size_t n)
{
	struct sense *s = arg;
	struct event e;

	if (!intake__take(s->intake, data, n, &e) && s->on_event)
		s->on_event(s->on_event_arg, &e);
	return 0;
}

static int open_rings(struct sense *s)
{
	s->rings = ring_buffer__new(bpf_map__fd(s->skel->maps.aeo_ring_sec), on_record, s, NULL);
	if (!s->rings)
		return -errno;
	return ring_buffer__add(s->rings, bpf_map__fd(s->skel->maps.aeo_ring_evt), on_record, s);
}

/* Load until the kernel takes what is left; every refusal drops one program to its next rung. */
static int load_ladder(struct sense *s, struct buf *ret_why)
{
	for (size_t tries = 0; tries <= s->progs; tries++) {
		struct program *p;
		int err;

		hooks__choose(s);
		err = load_once(s);
		if (!err)
			return 0;
		p = failed_prog[0] ? prog_by_name(s, failed_prog) : NULL;
		close_object(s);
		if (!p || p->refused[0]) {
			buf__printf(ret_why, "loading the BPF object: %s%s%s", strerror(-err),
				    failed_text[0] ? ": " : "", failed_text);
			return err;
		}
		(void)snprintf(p->refused, sizeof(p->refused), "refused at load: %s",
			       strerror(-err));
	}
	return -ELOOP;
}

int sense__load(struct sense *s, struct buf *ret_why)
{
	int err = load_ladder(s, ret_why);

	if (err)
		return err;
	err = map_memory(s);
	if (!err)
		err = fill_maps(s);
	if (!err)
		err = open_rings(s);
	if (err)
		buf__printf(ret_why, "preparing the maps: %s", strerror(-err));
	return err;
}

static bool is_windowed(const struct program *p)
{
	return p->flags & WINDOW || p->kind == ITER;
}

/* Attach what is chosen; the first refusal is noted in its row. */
static int attach_once(struct sense *s)
{
	for (size_t i = 0; i < s->progs; i++) {
		struct program *p = &s->prog[i];

		if (!p->chosen || is_windowed(p))
			continue;
		p->link = bpf_program__attach(find_prog(s, p->name));
		if (!p->link) {
			int err = -errno;

			(void)snprintf(p->refused, sizeof(p->refused), "refused at attach: %s",
				       err == -524 ? "not supported by this kernel" :
						     strerror(-err));
			return err;
		}
	}
	return 0;
}

static void reset_maps(struct sense *s)
{
	if (s->rings)
		ring_buffer__free(s->rings);
	s->rings = NULL;
	(void)munmap(s->dense, s->dense_bytes);
	(void)munmap(s->slowest, s->slowest_bytes);
	s->dense = NULL;
	s->slowest = NULL;
	close_object(s);
}

/* Put the cgroups that were indexed into a fresh object. */
static int reindex(struct sense *s)
{
	const void *key;
	size_t at = 0;
	cleanup_free uint64_t *ids = calloc(map__count(s->index) + 1, sizeof(*ids));
	size_t n = 0;

	if (!ids)
		return -ENOMEM;
	while (map__next(s->index, &at, &key))
		memcpy(&ids[n++], key, sizeof(*ids));
	for (size_t i = 0; i < n; i++) {
		(void)map__remove(s->index, &ids[i]);
		(void)sense__cgroup_add(s, ids[i]);
	}
	return 0;
}

int sense__attach(struct sense *s, struct buf *ret_why)
{
	cost__calibrate_begin(s);
	for (size_t tries = 0; tries <= s->progs; tries++) {
		int err = attach_once(s);

		if (!err) {
			cost__calibrate_end(s);
			s->attach_ns = clock__boot();
			return 0;
		}
		reset_maps(s);
		err = sense__load(s, ret_why);
		if (!err)
			err = reindex(s);
		if (err)
			return err;
	}
	buf__str(ret_why, "the kernel refuses every ladder");
	return -ELOOP;
}

int sense__windows(struct sense *s)
{
	return window__start(s);
}

/* Detach, or attach again, what counts calls; the windows' program is paused with latency, one
 * level before. */
static int shed_calls(struct sense *s, bool off)
{
	int err = 0;

	for (size_t i = 0; i < s->progs; i++) {
		struct program *p = &s->prog[i];

		if (p->probe != PROBE_syscalls || !p->chosen || is_windowed(p))
			continue;
		(void)bpf_link__destroy(p->link);
		p->link = off ? NULL : bpf_program__attach(find_prog(s, p->name));
		if (!off && !p->link)
			err = -errno;
	}
	return err;
}

int sense__shed(struct sense *s, enum shed what, bool off)
{
	switch (what) {
	case SHED_LATENCY:
		window__pause(s, off);
		return 0;
	case SHED_EVENTS:
		__atomic_store_n(&s->skel->bss->aeo_shed_events, off, __ATOMIC_RELAXED);
		return 0;
	case SHED_CALLS:
		s->calls_shed = off;
		return shed_calls(s, off);
	default:
		return 0;
	}
}
