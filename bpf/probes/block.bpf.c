/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Block I/O: how long the device took (issue to completion), how long the request waited before,
 * and how many bytes, by device, operation and cgroup.
 *
 * Requests are followed by request, and bios of devices that make no requests of their own (device
 * mapper, md, zram) by bio, from submission to completion. Who and which cgroup is noted as early
 * as possible: completions run in anybody's context.
 */
#include "late.bpf.h"
#include "compat_io.bpf.h"

enum ioop { IOOP_READ, IOOP_WRITE, IOOP_FLUSH, IOOP_DISCARD, IOOP_OTHER };

struct block_start {
	__u64 begin_ns; /* rq->start_time_ns: tells a request from the next one in the same memory */
	__u64 insert_ns; /* handed to the scheduler */
	__u64 issue_ns;	 /* handed to the device */
	__u64 queue_ns;
	__u64 cgroup_id;
	__u32 dev;
	__u32 bytes;
	__u32 op;
	__u32 mine;
	struct aeo_who who;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, __u64);
	__type(value, struct block_start);
} aeo_block AEO_MAP;

/* The I/O controller knows for whom a bio is, but only as finely as it is enabled; the running
 * task, where it is below, says more. */
static __always_inline __u64 bio_cgroup(struct bio *bio)
{
	struct cgroup *c;

	if (cfg.cg_subsys != ~0u || !bio || !bpf_core_field_exists(bio->bi_blkg) || !bio->bi_blkg)
		return current_cgroup();
	c = bio->bi_blkg->blkcg->css.cgroup;
	if (!c || cgroup_ancestor(BPF_CORE_READ(current_task(), cgroups, dfl_cgrp), c->level) ==
			  c->kn->id)
		return current_cgroup();
	return c->kn->id;
}

static __always_inline __u32 class_of(__u32 flags, __u32 bytes)
{
	__u32 op = flags & 0xff;

	if (op == IOOP_WRITE && !bytes)
		return IOOP_FLUSH;
	return op < IOOP_OTHER ? op : IOOP_OTHER;
}

static __always_inline void note(struct block_start *s, __u32 dev, __u32 op, __u32 bytes,
				 struct bio *bio)
{
	struct task_struct *t = current_task();

	s->dev = dev;
	s->op = op;
	s->bytes = bytes;
	s->mine = ours(t);
	s->cgroup_id = bio_cgroup(bio);
	who_note(&s->who, t);
}

static __always_inline void keep(void *what, const struct block_start *s)
{
	__u64 key = (__u64)what;

	if (bpf_map_update_elem(&aeo_block, &key, s, BPF_ANY))
		count_add(COUNT_block_missed, 0, 0, 0, 1);
}

static __always_inline struct block_start *find(void *what)
{
	__u64 key = (__u64)what;

	return bpf_map_lookup_elem(&aeo_block, &key);
}

static __always_inline void note_request(struct block_start *s, struct request *rq)
{
	s->begin_ns = rq->start_time_ns;
	note(s, disk_dev(request_disk(rq)), class_of(rq->cmd_flags, rq->__data_len), rq->__data_len,
	     rq->bio);
}

AEO_PROG("tp_btf/block_rq_insert", block_insert)
{
	struct block_start s = {};
	struct request *rq;

	if (cfg.rq_issue_arg) {
		rq = (struct request *)ctx[1];
		barrier_var(rq);
	} else {
		rq = (struct request *)ctx[0];
		barrier_var(rq);
	}
	count_run(PROBE_block);
	note_request(&s, rq);
	s.insert_ns = bpf_ktime_get_ns();
	keep(rq, &s);
	return 0;
}

static __always_inline void issued(struct block_start *s, struct request *rq)
{
	__u64 now = bpf_ktime_get_ns(), begin = s->begin_ns ?: s->insert_ns ?: now;

	/* merged in the meantime */
	s->bytes = rq->__data_len;
	s->issue_ns = now;
	s->queue_ns = now > begin ? now - begin : 0;
}

AEO_PROG("tp_btf/block_rq_issue", block_issue)
{
	struct block_start s = {}, *known;
	struct request *rq;

	if (cfg.rq_issue_arg) {
		rq = (struct request *)ctx[1];
		barrier_var(rq);
	} else {
		rq = (struct request *)ctx[0];
		barrier_var(rq);
	}
	count_run(PROBE_block);
	known = find(rq);
	if (known && known->begin_ns == rq->start_time_ns) {
		issued(known, rq);
		return 0;
	}
	note_request(&s, rq);
	issued(&s, rq);
	keep(rq, &s);
	return 0;
}

/* I/O above the threshold is worth an event of its own, in the name of who began it. */
static __always_inline void slow_event(const struct block_start *s, __u64 ns)
{
	struct aeo_ev *e;

	if (s->mine || !limit_pass(PROBE_block))
		return;
	e = ev_begin_of(PROBE_block, current_task(), s->cgroup_id);
	if (!e)
		return;
	who_put(e, &s->who);
	e->slot[0] = s->dev;
	e->slot[1] = s->op;
	e->slot[2] = s->bytes;
	e->slot[3] = ns;
	ev_end_quiet(e);
}

static __always_inline void done(const struct block_start *s)
{
	__u64 ns = bpf_ktime_get_ns() - s->issue_ns;

	hist_add(HIST_block, s->op, s->dev, s->cgroup_id, ns);
	hist_add(HIST_block_node, 0, 0, 0, ns);
	slowest_who(DENSE_MAX + HIST_block_node, bucket_of(ns), ns, &s->who, s->cgroup_id);
	if (s->bytes)
		count_add(COUNT_block_bytes, s->op, s->dev, s->cgroup_id, s->bytes);
	if (ns >= cfg.slow_ns)
		slow_event(s, ns);
}

AEO_PROG("tp_btf/block_rq_complete", block_complete, struct request *rq, int error,
	 unsigned int bytes)
{
	struct block_start *s = find(rq);
	__u64 key = (__u64)rq;

	count_run(PROBE_block);
	/* Part of a request may complete: then the rest goes on. */
	if (!s || bytes < rq->__data_len)
		return 0;
	if (s->issue_ns) {
		hist_add(HIST_block_queue, s->op, s->dev, s->cgroup_id, s->queue_ns);
		done(s);
	}
	bpf_map_delete_elem(&aeo_block, &key);
	return 0;
}

/* Before 5.11 the queue came first; a bio then still named its disk. */
AEO_PROG("tp_btf/block_bio_queue", block_bio_queue)
{
	struct block_start s = {};
	struct gendisk *disk;
	struct bio *bio;

	if (bio_names_disk()) {
		bio = (struct bio *)ctx[1];
		barrier_var(bio);
	} else {
		bio = (struct bio *)ctx[0];
		barrier_var(bio);
	}
	count_run(PROBE_block);
	disk = bio_disk(bio);
	if (!disk || disk->queue->mq_ops)
		return 0;
	note(&s, disk_dev(disk), class_of(bio->bi_opf, bio->bi_iter.bi_size), bio->bi_iter.bi_size,
	     bio);
	s.issue_ns = bpf_ktime_get_ns();
	keep(bio, &s);
	return 0;
}

AEO_PROG("tp_btf/block_bio_complete", block_bio_done, struct request_queue *q, struct bio *bio)
{
	struct block_start *s = find(bio);
	__u64 key = (__u64)bio;

	count_run(PROBE_block);
	if (!s)
		return 0;
	done(s);
	bpf_map_delete_elem(&aeo_block, &key);
	return 0;
}

char LICENSE[] SEC("license") __weak = "Dual BSD/GPL";
