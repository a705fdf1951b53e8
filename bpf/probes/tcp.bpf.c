/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * TCP by connection, never by packet: opened, accepted, failed, how long the handshake took, closed
 * with its figures; and what goes wrong: segments sent again, resets.
 *
 * A socket has its cgroup with it on v2. On v1 it is the naming cgroup of the task that connected,
 * or that listened.
 */
#include "tcp.bpf.h"
#include "text.bpf.h"

#define TCP_EXTRA 6

enum tcp_resets { RESET_SENT, RESET_RECEIVED };

static __always_inline void listening(const struct sock *sk)
{
	struct tcp_port at = port_of(sk);
	__u64 cgroup = current_cgroup();

	if (cfg.cg_subsys != ~0u)
		bpf_map_update_elem(&aeo_listen, &at, &cgroup, BPF_ANY);
}

static __always_inline void connecting(const struct sock *sk)
{
	struct task_struct *t = current_task();
	struct aeo_conn c = {
		.start_ns = bpf_ktime_get_ns(), .opened = OPENED_CONNECT, .mine = ours(t)};

	c.cgroup_id = cfg.cg_subsys == ~0u ? sock_cgroup_id(sk) : current_cgroup();
	who_note(&c.who, t);
	conn_keep(sk, &c);
}

static __always_inline void accepted(const struct sock *sk)
{
	struct aeo_conn c = {.start_ns = bpf_ktime_get_ns(), .opened = OPENED_ACCEPT};
	struct tcp_port at = port_of(sk);
	__u64 *cgroup;

	if (cfg.cg_subsys == ~0u) {
		c.cgroup_id = sock_cgroup_id(sk);
	} else {
		cgroup = bpf_map_lookup_elem(&aeo_listen, &at);
		c.cgroup_id = cgroup ? *cgroup : 0;
	}
	conn_keep(sk, &c);
	count_add(COUNT_tcp_accepts, 0, 0, c.cgroup_id ?: ROOT_CGROUP, 1);
}

static __always_inline void established(const struct sock *sk, int old)
{
	struct aeo_conn *c = conn_find(sk);
	__u64 cgroup;

	/* SYN_RECEIVED is also where two ends meet that connect to each other. */
	if (old == TCP_SYN_RECV && (!c || c->opened != OPENED_CONNECT)) {
		accepted(sk);
		return;
	}
	cgroup = conn_cgroup(sk, c);
	count_add(COUNT_tcp_connects, 0, 0, cgroup, 1);
	if (c && c->start_ns)
		hist_add(HIST_tcp_connect, 0, 0, cgroup, bpf_ktime_get_ns() - c->start_ns);
}

/* An accepted connection is known by who closes it: nobody else runs in its name before. */
static __always_inline void closing(const struct sock *sk)
{
	struct task_struct *t = current_task();
	struct aeo_conn *c = conn_find(sk);

	if (!c || c->who.pid)
		return;
	c->mine = ours(t);
	who_note(&c->who, t);
}

/* The socket as the verifier knows it: read plainly, not by the probe-read helpers. */
static __always_inline struct tcp_figures figures_of(struct tcp_sock *tp, const struct sock *sk)
{
	return tcp_figures(tp->bytes_sent, tp->bytes_retrans, tp->bytes_received, tp->srtt_us,
			   tp->total_retrans, sk->__sk_common.skc_flags);
}

static __always_inline void fill(struct aeo_ev *e, struct tcp_sock *tp, const struct aeo_conn *c,
				 const struct tcp_figures *f)
{
	struct sock *sk = &tp->inet_conn.icsk_inet.sk;
	__u64 *extra = ev_extra(e);

	e->slot[0] = f->sent;
	e->slot[1] = f->received;
	e->slot[2] = c && c->start_ns ? bpf_ktime_get_ns() - c->start_ns : 0;
	e->slot[3] = f->srtt_us * 1000;
	extra[0] = f->retrans;
	extra[1] = sk->__sk_common.skc_family;
	extra[2] = bpf_ntohs(tp->inet_conn.icsk_inet.inet_sport);
	extra[3] = bpf_ntohs(sk->__sk_common.skc_dport);
	extra[4] = sk->sk_err;
	extra[5] = c ? c->opened : OPENED_UNKNOWN;
	e->extra = TCP_EXTRA;
	e->tail = put_addresses((char *)&extra[TCP_EXTRA], sk, extra[1]);
	e->len = sizeof(*e) + 8 * TCP_EXTRA + e->tail;
}

/* The record is reserved with room for the longest addresses. */
static __always_inline void close_event(struct tcp_sock *tp, const struct aeo_conn *c, __u64 cgroup,
					const struct tcp_figures *f)
{
	struct aeo_ev *e;

	if ((c && c->mine) || !limit_pass(PROBE_tcp))
		return;
	e = ev_begin_more(PROBE_tcp, current_task(), cgroup, TCP_EXTRA + TEXT_ADDRESSES / 8);
	if (!e)
		return;
	who_put(e, c ? &c->who : &nobody);
	fill(e, tp, c, f);
	ev_end_quiet(e);
}

static __always_inline void stopped_listening(const struct sock *sk)
{
	struct tcp_port at = port_of(sk);

	if (cfg.cg_subsys != ~0u)
		bpf_map_delete_elem(&aeo_listen, &at);
}

static __always_inline void closed(const struct sock *sk, int old)
{
	struct aeo_conn *c = conn_find(sk);
	struct tcp_sock *tp = bpf_skc_to_tcp_sock((void *)sk);
	__u64 cgroup = conn_cgroup(sk, c);
	struct tcp_figures f;

	/* Without a connection: the handshake of a client that never came to its end. */
	if (!tp || (!c && (old == TCP_SYN_RECV || old == TCP_CLOSE)))
		return;
	f = figures_of(tp, sk);
	if (old == TCP_SYN_SENT)
		count_add(COUNT_tcp_failures, 0, 0, cgroup, 1);
	if (f.srtt_us)
		hist_add(HIST_tcp_rtt, 0, 0, cgroup, f.srtt_us * 1000);
	if (c)
		conn_count(c, cgroup, &f);
	close_event(tp, c, cgroup, &f);
	conn_forget(sk);
}

AEO_PROG("tp_btf/inet_sock_set_state", tcp_state, const struct sock *sk, const int old,
	 const int new)
{
	if (sk->sk_protocol != TCP_PROTOCOL)
		return 0;
	count_run(PROBE_tcp);
	if (new == TCP_SYN_SENT)
		connecting(sk);
	else if (new == TCP_ESTABLISHED)
		established(sk, old);
	else if (new == TCP_CLOSE && old == TCP_LISTEN)
		stopped_listening(sk);
	else if (new == TCP_CLOSE)
		closed(sk, old);
	else if (new == TCP_LISTEN)
		listening(sk);
	else if (new == TCP_FIN_WAIT1 || new == TCP_LAST_ACK)
		closing(sk);
	return 0;
}

static __always_inline __u64 cgroup_of(const struct sock *sk)
{
	struct aeo_conn *c = cfg.cg_subsys == ~0u ? NULL : conn_find(sk);

	return conn_cgroup(sk, c);
}

/* One buffer may stand for several segments: counted as the kernel's RetransSegs counts them. */
AEO_PROG("tp_btf/tcp_retransmit_skb", tcp_retransmit, const struct sock *sk,
	 const struct sk_buff *skb)
{
	const struct tcp_skb_cb *cb = (const void *)&skb->cb;

	count_run(PROBE_tcp);
	count_add(COUNT_tcp_retransmits, 0, 0, cgroup_of(sk), BPF_CORE_READ(cb, tcp_gso_segs) ?: 1);
	return 0;
}

/* An answer to a handshake sent again: the listening socket stands for the connection that does not
 * exist yet. */
AEO_PROG("tp_btf/tcp_retransmit_synack", tcp_synack, const struct sock *sk)
{
	struct tcp_port at = port_of(sk);
	__u64 cgroup = conn_cgroup(sk, NULL), *known;

	count_run(PROBE_tcp);
	known = cfg.cg_subsys == ~0u ? NULL : bpf_map_lookup_elem(&aeo_listen, &at);
	count_add(COUNT_tcp_retransmits, 0, 0, known ? *known : cgroup, 1);
	return 0;
}

/* The socket is missing when nobody listened, and only half there in TIME-WAIT. One that its own
 * task aborts is closed first, and then no longer in our table. */
AEO_PROG("tp_btf/tcp_send_reset", tcp_rst_out, const struct sock *sk)
{
	__u64 cgroup = ROOT_CGROUP;

	count_run(PROBE_tcp);
	if (sk && (1u << sk->__sk_common.skc_state & TCP_FULL_STATES))
		cgroup = cfg.cg_subsys != ~0u && sk->__sk_common.skc_state == TCP_CLOSE ?
				 current_cgroup() :
				 cgroup_of(sk);
	count_add(COUNT_tcp_resets, RESET_SENT, 0, cgroup, 1);
	return 0;
}

AEO_PROG("tp_btf/tcp_receive_reset", tcp_rst_in, const struct sock *sk)
{
	count_run(PROBE_tcp);
	count_add(COUNT_tcp_resets, RESET_RECEIVED, 0, cgroup_of(sk), 1);
	return 0;
}

char LICENSE[] SEC("license") __weak = "Dual BSD/GPL";
