/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* TCP connections as both the state probe and the socket iterator know them: by socket, from the handshake to the close. */
#ifndef AEO_TCP_BPF_H
#define AEO_TCP_BPF_H

#include "late.bpf.h"
#include "compat_io.bpf.h"

#define TCP_PROTOCOL 6
#define ROOT_CGROUP 1 /* the first node of every hierarchy */
#define TCP_FULL_STATES (~(1u << TCP_TIME_WAIT | 1u << TCP_NEW_SYN_RECV)) /* the others are smaller structs */
#define SOCK_DONE_BIT 1 /* enum sock_flags: the peer's FIN has come */

enum tcp_bytes { BYTES_SENT, BYTES_RECEIVED };
enum tcp_opened { OPENED_UNKNOWN, OPENED_CONNECT, OPENED_ACCEPT };

struct aeo_conn {
	__u64 start_ns;		/* CLOCK_MONOTONIC, 0: before we came */
	__u64 cgroup_id;
	__u64 sent;		/* bytes already counted */
	__u64 received;
	__u64 sampled_ns;	/* when its round-trip time was last taken */
	__u32 opened;		/* enum tcp_opened */
	__u32 mine;		/* opened or closed by us: no event */
	struct aeo_who who;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, struct aeo_conn);
} aeo_conns AEO_MAP;

static __always_inline struct aeo_conn *conn_find(const struct sock *sk)
{
	__u64 key = (__u64)sk;

	return bpf_map_lookup_elem(&aeo_conns, &key);
}

static __always_inline void conn_keep(const struct sock *sk, const struct aeo_conn *c)
{
	__u64 key = (__u64)sk;

	if (bpf_map_update_elem(&aeo_conns, &key, c, BPF_ANY))
		count_add(COUNT_tcp_missed, 0, 0, 0, 1);
}

static __always_inline void conn_forget(const struct sock *sk)
{
	__u64 key = (__u64)sk;

	bpf_map_delete_elem(&aeo_conns, &key);
}

/* Cgroup of a full socket: its own on v2, what we noted on v1, the root where nothing is known. */
static __always_inline __u64 conn_cgroup(const struct sock *sk, const struct aeo_conn *c)
{
	__u64 id = c ? c->cgroup_id : 0;

	if (!id && cfg.cg_subsys == ~0u)
		id = sock_cgroup_id(sk);
	return id ?: ROOT_CGROUP;
}

/* Payload sent, each byte once. */
static __always_inline __u64 tcp_sent(const struct sock *sk)
{
	const struct tcp_sock *tp = (const void *)sk;
	__u64 all = BPF_CORE_READ(tp, bytes_sent), again = BPF_CORE_READ(tp, bytes_retrans);

	return all > again ? all - again : 0;
}

/* Payload received: the kernel counts the peer's FIN as a byte. */
static __always_inline __u64 tcp_received(const struct sock *sk)
{
	const struct tcp_sock *tp = (const void *)sk;
	__u64 all = BPF_CORE_READ(tp, bytes_received), fin = BPF_CORE_READ(sk, __sk_common.skc_flags) >> SOCK_DONE_BIT & 1;

	return all > fin ? all - fin : 0;
}

static __always_inline __u64 tcp_srtt_ns(const struct sock *sk)
{
	const struct tcp_sock *tp = (const void *)sk;

	return (__u64)(BPF_CORE_READ(tp, srtt_us) >> 3) * 1000;
}

/* Count what was not yet counted; the counters only grow. */
static __always_inline void conn_count(struct aeo_conn *c, __u64 cgroup, __u64 sent, __u64 received)
{
	if (sent > c->sent)
		count_add(COUNT_tcp_bytes, BYTES_SENT, 0, cgroup, sent - c->sent);
	if (received > c->received)
		count_add(COUNT_tcp_bytes, BYTES_RECEIVED, 0, cgroup, received - c->received);
	c->sent = sent;
	c->received = received;
}

#endif
