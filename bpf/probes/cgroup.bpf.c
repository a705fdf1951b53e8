/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Cgroups as they come and go. A new cgroup gets its dense index here, before anything runs in it,
 * from the queue of free indices that user space fills; so a container that lives 50 ms has its own
 * histograms from its first switch.
 */
#include "probe.bpf.h"

static __always_inline int is_ours(struct cgroup *c)
{
	return BPF_CORE_READ(c, root, hierarchy_id) == (int)cfg.cg_hierarchy;
}

static __always_inline void cgroup_event(struct cgroup *c, const char *path, __u64 made)
{
	struct aeo_big *b = big_begin(PROBE_cgroup);
	long n;

	if (!b)
		return;
	b->ev.slot[0] = made;
	b->ev.slot[1] = cgroup_id_of(c);
	b->ev.slot[2] = BPF_CORE_READ(c, self.parent, cgroup, kn, id);
	b->ev.slot[3] = BPF_CORE_READ(c, level);
	n = bpf_probe_read_kernel_str(big_tail(b, 0), AEO_TAIL, path);
	big_end(PROBE_cgroup, b, 0, n > 0 ? n - 1 : 0);
}

AEO_PROG("tp_btf/cgroup_mkdir", cgroup_mkdir, struct cgroup *c, const char *path)
{
	__u64 id = cgroup_id_of(c);
	__u32 idx;

	if (!is_ours(c))
		return 0;
	count_run(PROBE_cgroup);
	if (!bpf_map_pop_elem(&aeo_free, &idx) &&
	    bpf_map_update_elem(&aeo_cgroups, &id, &idx, BPF_NOEXIST))
		bpf_map_push_elem(&aeo_free, &idx, 0); /* user space found the folder first */
	cgroup_event(c, path, 1);
	return 0;
}

AEO_PROG("tp_btf/cgroup_rmdir", cgroup_rmdir, struct cgroup *c, const char *path)
{
	if (!is_ours(c))
		return 0;
	count_run(PROBE_cgroup);
	cgroup_event(c, path, 0);
	return 0;
}

/* A task that moves itself goes on running: its CPU's slot follows at once. */
AEO_PROG("tp_btf/cgroup_attach_task", cgroup_attach, struct cgroup *dst, const char *path,
	 struct task_struct *t)
{
	struct aeo_cpu *cpu;

	if (!is_ours(dst) || t != current_task())
		return 0;
	count_run(PROBE_cgroup);
	cpu = this_cpu();
	if (cpu) {
		cpu->cgroup_id = cgroup_id_of(dst);
		cpu->cgroup_idx = cgroup_index(cpu->cgroup_id);
	}
	return 0;
}

char LICENSE[] SEC("license") __weak = "Dual BSD/GPL";
