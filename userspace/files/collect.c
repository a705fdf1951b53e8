/* SPDX-License-Identifier: Apache-2.0 */
/* Readings to series. */
#include <math.h>

#include "metric.h"
#include "priv.h"

enum when { ALWAYS, MOVED, LIMITED };

static const struct {
	enum cg_value value;
	enum metric_id metric;
	const char *label;
	double scale;
	enum when when;
} cgroup_series[] = {
#define CGROUP_VALUE(id)
#define CGROUP_SERIES(value, metric, label, scale, when) \
	{CG_##value, METRIC_##metric, label, scale, when},
#include "cgroup_values.def"
#undef CGROUP_VALUE
#undef CGROUP_SERIES
};

static const struct {
	enum metric_id metric;
	const char *label;
	double scale;
} node_series[] = {
#define NODE_VALUE(id, metric, label, scale) {METRIC_##metric, label, scale},
#include "node_values.def"
#undef NODE_VALUE
};

static const char *const io_ops[] = {"op=\"read\"", "op=\"write\""};
static const char *const nic_ops[] = {"op=\"receive\"", "op=\"send\""};

/* The labels of a series are built behind those of its subject, which stay in the buffer. */
struct out {
	struct metrics *m;
	struct buf *b;
	size_t base;
};

static void rewind_to(struct out *o, size_t len)
{
	if (o->b->data)
		o->b->data[len] = 0;
	o->b->len = len;
}

static void begin(struct out *o, const char *labels)
{
	buf__clear(o->b);
	buf__str(o->b, labels);
	o->base = o->b->len;
}

/* Labels that are ours: written as they are. */
static void label_text(struct out *o, const char *label)
{
	if (label[0] && o->b->len)
		buf__char(o->b, ',');
	buf__str(o->b, label);
}

static void emit(struct out *o, enum metric_id id, double value)
{
	if (!o->b->failed)
		metrics__add(o->m, id, o->b->len ? o->b->data : "", value);
}

static void add(struct out *o, enum metric_id id, const char *label, double value)
{
	label_text(o, label);
	emit(o, id, value);
	rewind_to(o, o->base);
}

/* By its name, "8:16" where it has none, "other" for what stands for several. */
static void device_label(const struct files *f, struct out *o, const struct cg_io *io)
{
	const char *name =
		io->major == CG_OTHER_DEVICE ? "other" : node__disk(&f->node, io->major, io->minor);
	char number[24];

	snprintf(number, sizeof(number), "%u:%u", io->major, io->minor);
	label__add(o->b, "device", name ? name : number);
}

static void add_io(const struct files *f, struct out *o, const struct cg *c)
{
	for (size_t i = 0; i < ARRAY_SIZE(c->io); i++) {
		const struct cg_io *io = &c->io[i];

		for (size_t k = 0; k < IO_VALUES; k++) {
			if (!io->v[k])
				continue;
			label_text(o, io_ops[k % 2]);
			device_label(f, o, io);
			emit(o, k < 2 ? METRIC_cgroup_io_bytes : METRIC_cgroup_io,
			     (double)io->v[k]);
			rewind_to(o, o->base);
		}
	}
}

static void add_cpu_limit(struct out *o, const struct cg *c)
{
	uint64_t quota = cg__value(c, CG_quota_us), period = cg__value(c, CG_period_us);

	if (quota == FILES_UNKNOWN || quota == FILES_UNLIMITED || period == FILES_UNKNOWN ||
	    !period)
		return;
	emit(o, METRIC_cgroup_cpu_limit, (double)quota / (double)period);
}

static void add_cgroup(const struct files *f, struct out *o, const struct cg *c)
{
	begin(o, c->s->labels);
	for (size_t i = 0; i < ARRAY_SIZE(cgroup_series); i++) {
		uint64_t v = cg__value(c, cgroup_series[i].value);

		if (v == FILES_UNKNOWN ||
		    (v == FILES_UNLIMITED && cgroup_series[i].when == LIMITED) ||
		    (!v && cgroup_series[i].when == MOVED))
			continue;
		add(o, cgroup_series[i].metric, cgroup_series[i].label,
		    (double)v / cgroup_series[i].scale);
	}
	add_cpu_limit(o, c);
	add_io(f, o, c);
}

/* The root has no limits, on any node; and the node's pressure is its. */
static void add_root(const struct files *f, struct out *o)
{
	const struct cg *c;
	size_t at = 0;

	begin(o, "cgroup=\"/\"");
	while ((c = map__next(f->cgroups.map, &at, NULL)))
		if (cg__is_root(c)) {
			begin(o, c->s->labels);
			break;
		}
	for (unsigned i = NV_psi_cpu_some; i <= NV_psi_memory_full; i++)
		if (values__known(f->node.known, i))
			add(o, node_series[i].metric, node_series[i].label,
			    (double)f->node.v[i] / node_series[i].scale);
	add(o, METRIC_cgroup_cpu_limit, "", INFINITY);
	add(o, METRIC_cgroup_memory_limit, "class=\"max\"", INFINITY);
	add(o, METRIC_cgroup_pids_limit, "", INFINITY);
}

static void add_node(const struct node *n, struct out *o)
{
	begin(o, "");
	for (unsigned i = NV_psi_memory_full + 1; i < NODE_VALUES; i++) {
		double v = n->v[i] == FILES_UNLIMITED ? INFINITY :
							(double)n->v[i] / node_series[i].scale;

		if (values__known(n->known, i))
			add(o, node_series[i].metric, node_series[i].label, v);
	}
}

static void add_nics(const struct node *n, struct out *o)
{
	/* in the order of a nic_line: received bytes, packets, errors, drops, then sent */
	static const enum metric_id family[] = {METRIC_nic_bytes, METRIC_nic_packets,
						METRIC_nic_errors, METRIC_nic_drops};

	for (size_t i = 0; i < n->nic_count; i++)
		for (size_t k = 0; k < NIC_VALUES; k++) {
			begin(o, nic_ops[k / ARRAY_SIZE(family)]);
			label__add(o->b, "device", n->nics[i].name);
			emit(o, family[k % ARRAY_SIZE(family)], (double)n->nics[i].v[k]);
		}
	begin(o, "");
	if (n->nic_more)
		emit(o, METRIC_nic_unlisted, (double)n->nic_more);
}

static void add_irqs(const struct node *n, struct out *o)
{
	for (size_t i = 0; i < n->irq_count; i++) {
		begin(o, "");
		label__add(o->b, "device", n->irqs[i].device);
		label__add(o->b, "irq", n->irqs[i].irq);
		emit(o, METRIC_irq_line, (double)n->irqs[i].total);
	}
}

static void add_mounts(const struct files *f, struct out *o)
{
	for (size_t i = 0; i < f->mounts.count; i++) {
		const struct mount_row *r = &f->mounts.row[i];

		if (!r->known)
			continue;
		begin(o, "");
		label__add(o->b, "device", mount__device(r, &f->node));
		label__add(o->b, "fstype", r->m.type);
		label__add(o->b, "mount", r->m.path);
		emit(o, METRIC_filesystem_size, (double)r->size);
		emit(o, METRIC_filesystem_free, (double)r->free);
		emit(o, METRIC_filesystem_available, (double)r->available);
		emit(o, METRIC_filesystem_readonly, r->read_only);
		if (!r->inodes)
			continue;
		emit(o, METRIC_filesystem_inodes, (double)r->inodes);
		emit(o, METRIC_filesystem_inodes_free, (double)r->inodes_free);
	}
	begin(o, "");
	if (f->mounts.more)
		emit(o, METRIC_filesystem_unlisted, (double)f->mounts.more);
}

static void add_netns(const struct files *f, struct out *o)
{
	for (size_t i = 0; i < f->netns.count; i++) {
		const struct netns *ns = &f->netns.ns[i];
		const struct cg *c = ns->cgroup_id ? map__get(f->cgroups.map, &ns->cgroup_id) :
						     NULL;
		char inode[24];

		begin(o, c ? c->s->labels : "");
		snprintf(inode, sizeof(inode), "%llu", (unsigned long long)ns->inode);
		label__add(o->b, "netns", inode);
		if (ns->known & 1)
			emit(o, METRIC_tcp_listen_overflows, (double)ns->v[0]);
		if (ns->known & 2)
			emit(o, METRIC_tcp_listen_drops, (double)ns->v[1]);
	}
	begin(o, "");
	emit(o, METRIC_netns, (double)f->netns.count);
	emit(o, METRIC_netns_unlisted, (double)f->netns.more);
}

static void add_kernel_log(const struct files *f, struct out *o)
{
	if (f->kmsg.fd < 0)
		return;
	for (unsigned c = 0; c < KERNEL_LOG_MAX; c++) {
		begin(o, "");
		label__add(o->b, "class", kernel_log__name(c));
		emit(o, METRIC_kernel_log_findings, (double)f->kmsg.findings[c]);
	}
	begin(o, "");
	emit(o, METRIC_kernel_log_lost, (double)f->kmsg.lost);
}

void files__collect(struct files *f, struct metrics *m)
{
	struct out o = {m, &f->labels, 0};
	const struct cg *c;
	size_t at = 0;

	add_root(f, &o);
	while ((c = map__next(f->cgroups.map, &at, NULL)))
		if (c->read_ns)
			add_cgroup(f, &o, c);
	add_node(&f->node, &o);
	add_nics(&f->node, &o);
	add_irqs(&f->node, &o);
	add_mounts(f, &o);
	add_netns(f, &o);
	add_kernel_log(f, &o);
	begin(&o, "");
	emit(&o, METRIC_cgroups_watched, (double)map__count(f->cgroups.map));
}
