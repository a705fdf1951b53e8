/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* compat.bpf.h for disks and sockets: one accessor per kernel change, with the commit that made
 * it. */
#ifndef AEO_COMPAT_IO_BPF_H
#define AEO_COMPAT_IO_BPF_H

#include "probe.bpf.h"

#define FAMILY_IPV4 2
#define FAMILY_IPV6 10

/* f3fa33acca9f (5.17): a request no longer names its disk, its queue does. */
struct request___before_5_17 {
	struct gendisk *rq_disk;
} __attribute__((preserve_access_index));

static __always_inline struct gendisk *request_disk(struct request *rq)
{
	struct request___before_5_17 *old = (void *)rq;

	if (bpf_core_field_exists(old->rq_disk))
		return old->rq_disk;
	return rq->q->disk;
}

/* 309dca309fc3 (5.12): a bio names a block device instead of a disk. */
struct bio___before_5_12 {
	struct gendisk *bi_disk;
} __attribute__((preserve_access_index));

static __always_inline int bio_names_disk(void)
{
	struct bio___before_5_12 *old = NULL;

	return bpf_core_field_exists(old->bi_disk);
}

static __always_inline struct gendisk *bio_disk(struct bio *bio)
{
	struct bio___before_5_12 *old = (void *)bio;

	if (bpf_core_field_exists(old->bi_disk))
		return old->bi_disk;
	return bio->bi_bdev->bd_disk;
}

/* A device number as the kernel keeps it. */
static __always_inline __u32 disk_dev(struct gendisk *disk)
{
	return disk ? (__u32)disk->major << 20 | (__u32)disk->first_minor : 0;
}

/* 7f203bc89eb6 (6.1): a cgroup knows its ancestors by pointer instead of by id. */
struct cgroup___before_6_1 {
	__u64 ancestor_ids[0];
} __attribute__((preserve_access_index));

/* Id of a cgroup's ancestor (or its own) at a level, 0 where it does not reach.
 * bpf_get_current_ancestor_cgroup_id is not for tracing programs everywhere. */
static __always_inline __u64 cgroup_ancestor(struct cgroup *c, int level)
{
	struct cgroup___before_6_1 *old = (void *)c;
	struct cgroup *up = NULL;
	__u64 id = 0;

	if (level < 0 || level > BPF_CORE_READ(c, level))
		return 0;
	if (bpf_core_field_exists(old->ancestor_ids)) {
		bpf_probe_read_kernel(&id, sizeof(id),
				      (char *)c + bpf_core_field_offset(old->ancestor_ids) +
					      8 * level);
		return id;
	}
	bpf_probe_read_kernel(&up, sizeof(up),
			      (char *)c + bpf_core_field_offset(c->ancestors) + 8 * level);
	return BPF_CORE_READ(up, kn, id);
}

/* 8520e224f547 (5.15): a socket's cgroup is a plain pointer; before, its low bits said that it was
 * something else. */
struct sock_cgroup_data___before_5_15 {
	__u64 val;
} __attribute__((preserve_access_index));

struct sock___before_5_15 {
	struct sock_cgroup_data___before_5_15 sk_cgrp_data;
} __attribute__((preserve_access_index));

/* The v2 cgroup of a full socket, 0 for none. */
static __always_inline __u64 sock_cgroup_id(const struct sock *sk)
{
	const struct sock___before_5_15 *old = (const void *)sk;
	struct cgroup *c;
	__u64 val;

	if (bpf_core_field_exists(old->sk_cgrp_data.val)) {
		val = BPF_CORE_READ(old, sk_cgrp_data.val);
		c = val & 3 ? NULL : (struct cgroup *)val;
	} else {
		c = BPF_CORE_READ(sk, sk_cgrp_data.cgroup);
	}
	return c ? BPF_CORE_READ(c, kn, id) : 0;
}

#endif
