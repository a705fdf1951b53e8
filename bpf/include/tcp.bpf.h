/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* TCP connections as both the state probe and the socket iterator know them: by socket, from the
 * handshake to the close. */
#ifndef AEO_TCP_BPF_H
#define AEO_TCP_BPF_H

#include "late.bpf.h"
#include "compat_io.bpf.h"

#define TCP_PROTOCOL 6
#define ROOT_CGROUP 1 /* the first node of every hierarchy */
#define TCP_FULL_STATES \
	(~(1u << TCP_TIME_WAIT | 1u << TCP_NEW_SYN_RECV)) /* the others are smaller structs */
#define SOCK_DONE_BIT 1 /* enum sock_flags: the peer's FIN has come */

enum tcp_bytes { BYTES_SENT, BYTES_RECEIVED };
enum tcp_opened { OPENED_UNKNOWN, OPENED_CONNECT, OPENED_ACCEPT };

struct aeo_conn {
	__u64 start_ns; /* CLOCK_MONOTONIC, 0: before we came */
	__u64 cgroup_id;
	__u64 sent; /* bytes already counted */
	__u64 received;
	__u64 sampled_ns; /* when its round-trip time was last taken */
	__u32 opened;	  /* enum tcp_opened */
	__u32 mine;	  /* opened or closed by us: no event */
	struct aeo_who who;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, struct aeo_conn);
} aeo_conns AEO_MAP;

/* Who listens where, for v1 only. */
struct tcp_port {
	__u64 net;
	__u64 port;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct tcp_port);
	__type(value, __u64);
} aeo_listen AEO_MAP;

static __always_inline struct tcp_port port_of(const struct sock *sk)
{
	const struct inet_sock *inet = (const void *)sk;

	return (struct tcp_port){
		.net = (__u64)BPF_CORE_READ(sk, __sk_common.skc_net.net),
		.port = BPF_CORE_READ(inet, inet_sport),
	};
}

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

/* What the kernel knows about a connection, as we count it. */
struct tcp_figures {
	__u64 sent;	/* payload, each byte once */
	__u64 received; /* payload: the kernel counts the peer's FIN as a byte */
	__u64 srtt_us;
	__u64 retrans;
};

/* From what the kernel has: bytes_sent, bytes_retrans, bytes_received, srtt_us, total_retrans,
 * skc_flags. */
static __always_inline struct tcp_figures tcp_figures(__u64 sent, __u64 again, __u64 received,
						      __u32 srtt, __u32 retrans, __u64 flags)
{
	__u64 fin = flags >> SOCK_DONE_BIT & 1;

	return (struct tcp_figures){
		.sent = sent > again ? sent - again : 0,
		.received = received > fin ? received - fin : 0,
		.srtt_us = srtt >> 3,
		.retrans = retrans,
	};
}

/* Count what was not yet counted; the counters only grow. */
static __always_inline void conn_count(struct aeo_conn *c, __u64 cgroup,
				       const struct tcp_figures *f)
{
	if (f->sent > c->sent)
		count_add(COUNT_tcp_bytes, BYTES_SENT, 0, cgroup, f->sent - c->sent);
	if (f->received > c->received)
		count_add(COUNT_tcp_bytes, BYTES_RECEIVED, 0, cgroup, f->received - c->received);
	c->sent = f->sent;
	c->received = f->received;
}

#endif
