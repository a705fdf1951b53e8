/* SPDX-License-Identifier: Apache-2.0 */
#include "priv.h"

/* A file system that found an error may have closed itself: its state is looked at anew. */
static void on_log(void *arg, const struct kernel_log_finding *k)
{
	struct files *f = arg;

	if (k->class_ == KERNEL_LOG_filesystem || k->class_ == KERNEL_LOG_read_only)
		f->mounts.dirty = true;
	if (k->class_ == KERNEL_LOG_read_only && k->device[0])
		mounts__closed(&f->mounts, &f->node, k->device);
	if (f->log_fn)
		f->log_fn(f->log_arg, k);
}

struct files *files__new(const struct cgroup_tree *tree, const char *root)
{
	struct files *f;
	int rc;

	if (strlen(root) >= ROOT_MOST) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	f = calloc(1, sizeof(*f));
	if (!f)
		return NULL;
	f->kmsg.fd = -1;
	node__init(&f->node, root);
	mounts__init(&f->mounts, root);
	netns__init(&f->netns, root, tree);
	rc = reader__init(&f->reader);
	rc = rc ? rc : cgroups__init(&f->cgroups, tree);
	if (rc) {
		files__free(f);
		errno = -rc;
		return NULL;
	}
	kmsg__open(&f->kmsg, root);
	f->kmsg.fn = on_log;
	f->kmsg.arg = f;
	return f;
}

struct files *files__free(struct files *f)
{
	if (!f)
		return NULL;
	kmsg__close(&f->kmsg);
	netns__done(&f->netns);
	mounts__done(&f->mounts, &f->reader);
	node__done(&f->node, &f->reader);
	cgroups__done(&f->cgroups, &f->reader);
	reader__done(&f->reader);
	buf__done(&f->labels);
	free(f);
	return NULL;
}

int files__cgroup_add(struct files *f, const struct subject *s)
{
	return cgroups__add(&f->cgroups, s);
}

void files__cgroup_remove(struct files *f, uint64_t id)
{
	cgroups__remove(&f->cgroups, &f->reader, id);
}

static void node_psi(const struct files *f, uint64_t ret[PSI_RESOURCES][PSI_KINDS])
{
	for (unsigned i = 0; i < PSI_RESOURCES * PSI_KINDS; i++)
		ret[i / PSI_KINDS][i % PSI_KINDS] = node__value(&f->node, NV_psi_cpu_some + i);
}

int files__tick(struct files *f, uint64_t now_boot_ns)
{
	uint64_t before[PSI_RESOURCES][PSI_KINDS], now[PSI_RESOURCES][PSI_KINDS];
	int rc, one;

	node_psi(f, before);
	rc = node__tick(&f->node, &f->reader, now_boot_ns);
	node_psi(f, now);
	for (size_t i = 0; i < PSI_RESOURCES; i++)
		f->cgroups.calm[i] = now[i][PSI_SOME] != FILES_UNKNOWN &&
				     now[i][PSI_SOME] == before[i][PSI_SOME];
	cgroups__tick(&f->cgroups, &f->reader, now_boot_ns);
	one = mounts__tick(&f->mounts, &f->reader, now_boot_ns);
	netns__tick(&f->netns, &f->reader, &f->cgroups, now_boot_ns);
	return rc ? rc : one;
}

/* The quota as CPU time by second. */
static uint64_t cpu_limit(const struct cg *c)
{
	uint64_t quota = cg__value(c, CG_quota_us), period = cg__value(c, CG_period_us);

	if (quota == FILES_UNKNOWN || quota == FILES_UNLIMITED)
		return quota;
	if (period == FILES_UNKNOWN || !period || quota > UINT32_MAX)
		return FILES_UNKNOWN;
	return quota * 1000000000ULL / period;
}

static void describe(const struct files *f, const struct cg *c, struct files_cgroup *ret)
{
	*ret = (struct files_cgroup){
		.subject = c->s,
		.read_ns = c->read_ns,
		.cpu_ns = cg__value(c, CG_cpu_ns),
		.throttled_ns = cg__value(c, CG_throttled_ns),
		.periods = cg__value(c, CG_periods),
		.throttled = cg__value(c, CG_throttled),
		.cpu_limit_ns = cpu_limit(c),
		.memory = cg__value(c, CG_memory),
		.memory_high = cg__value(c, CG_memory_high),
		.memory_max = cg__value(c, CG_memory_max),
		.swap = cg__value(c, CG_swap),
		.oom_kills = cg__value(c, CG_event_oom_kill),
		.major_faults = cg__value(c, CG_major_faults),
		.pids = cg__value(c, CG_pids),
		.pids_max = cg__value(c, CG_pids_max),
	};
	if (cg__is_root(c)) {
		node_psi(f, ret->psi_us);
		return;
	}
	for (unsigned i = 0; i < PSI_RESOURCES * PSI_KINDS; i++)
		ret->psi_us[i / PSI_KINDS][i % PSI_KINDS] = cg__value(c, CG_psi_cpu_some + i);
}

int files__cgroup(const struct files *f, uint64_t id, struct files_cgroup *ret)
{
	const struct cg *c = map__get(f->cgroups.map, &id);

	if (!c || !c->read_ns)
		return -ENOENT;
	describe(f, c, ret);
	return 0;
}

void files__each_cgroup(const struct files *f, files_cgroup_fn fn, void *arg)
{
	const struct cg *c;
	size_t at = 0;

	while ((c = map__next(f->cgroups.map, &at, NULL))) {
		struct files_cgroup one;

		if (!c->read_ns)
			continue;
		describe(f, c, &one);
		fn(arg, &one);
	}
}

#define TICK_NS 10000000ULL

/* Ticks of some modes of /proc/stat, in nanoseconds. */
static uint64_t cpu_time(const struct node *n, enum node_value first, enum node_value last)
{
	uint64_t sum = 0;

	if (node__value(n, first) == FILES_UNKNOWN)
		return FILES_UNKNOWN;
	for (enum node_value v = first; v <= last; v++)
		sum += n->v[v];
	return sum * TICK_NS;
}

void files__node(const struct files *f, struct files_node *ret)
{
	const struct node *n = &f->node;
	uint64_t user = cpu_time(n, NV_cpu_user, NV_cpu_system),
		 rest = cpu_time(n, NV_cpu_irq, NV_cpu_softirq);

	*ret = (struct files_node){
		.read_ns = n->read_ns,
		.cpu_busy_ns = user == FILES_UNKNOWN ? FILES_UNKNOWN : user + rest,
		.cpu_idle_ns = cpu_time(n, NV_cpu_idle, NV_cpu_iowait),
		.running = node__value(n, NV_running),
		.blocked = node__value(n, NV_blocked),
		.memory_total = node__value(n, NV_mem_total),
		.memory_available = node__value(n, NV_mem_available),
		.direct_scans = node__value(n, NV_pgscan_direct),
		.oom_kills = node__value(n, NV_oom_kill),
	};
	node_psi(f, ret->psi_us);
}

int files__kernel_log_fd(const struct files *f)
{
	return f->kmsg.fd;
}

void files__on_kernel_log(struct files *f, kernel_log_fn fn, void *arg)
{
	f->log_fn = fn;
	f->log_arg = arg;
}

int files__kernel_log_read(struct files *f)
{
	return kmsg__read(&f->kmsg);
}
