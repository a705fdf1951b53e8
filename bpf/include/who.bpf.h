/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Who is running: cgroup, dense index, and whether it is one of ours. Included by probe.bpf.h,
 * behind its maps. */
#ifndef AEO_WHO_BPF_H
#define AEO_WHO_BPF_H

/* Cgroup id of a task: v2, or the v1 hierarchy that names cgroups on this node. */
static __always_inline __u64 task_cgroup(struct task_struct *t)
{
	struct css_set *set = t->cgroups;
	struct cgroup_subsys_state *css;
	__u32 subsys = cfg.cg_subsys;

	if (subsys == ~0u)
		return set->dfl_cgrp->kn->id;
	/* The index is a constant for the verifier but not for CO-RE, so the field's offset is
	 * asked for and the index added. */
	css = *(struct cgroup_subsys_state **)((char *)set + bpf_core_field_offset(set->subsys) +
					       subsys * 8);
	return css->cgroup->kn->id;
}

/* The same of a task that is a plain number for the verifier. */
static __always_inline __u64 read_cgroup(struct task_struct *t)
{
	struct css_set *set = BPF_CORE_READ(t, cgroups);
	struct cgroup_subsys_state *css = NULL;

	if (cfg.cg_subsys == ~0u)
		return BPF_CORE_READ(set, dfl_cgrp, kn, id);
	bpf_probe_read_kernel(&css, sizeof(css),
			      (char *)set + bpf_core_field_offset(set->subsys) + cfg.cg_subsys * 8);
	return BPF_CORE_READ(css, cgroup, kn, id);
}

static __always_inline __u64 current_cgroup(void)
{
	struct task_struct *t = current_task();

	return HAS_TASK_BTF ? task_cgroup(t) : read_cgroup(t);
}

static __always_inline __u64 cgroup_id_of(struct cgroup *c)
{
	return c ? BPF_CORE_READ(c, kn, id) : 0;
}

static __always_inline struct aeo_cpu *this_cpu(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&aeo_cpus, &zero);
}

/* Dense index of a cgroup, 0 (`other`) for one that has none. */
static __always_inline __u32 cgroup_index(__u64 id)
{
	__u32 *idx = bpf_map_lookup_elem(&aeo_cgroups, &id);

	return idx ? *idx : 0;
}

/* Whether the running process is ours: our own acts make no events. */
static __always_inline int ours(struct task_struct *t)
{
	__u32 tgid = TASK(t, tgid), parent = TASK(t, real_parent, tgid);

	return tgid == cfg.super_tgid || tgid == cfg.self_tgid || parent == cfg.super_tgid ||
	       parent == cfg.self_tgid;
}

#endif
