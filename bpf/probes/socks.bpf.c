/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Open TCP connections, found through the descriptors that hold them. User space runs this iterator
 * every 10 s: each run counts the bytes since the last one, takes a round-trip time of each
 * connection, and writes a row a descriptor.
 */
#include "tcp.bpf.h"

#define MODE_TYPE 0170000
#define MODE_SOCKET 0140000
#define SAMPLE_NS 5000000000ULL /* a connection that several tasks hold gives one sample a run */
#define OPEN_STATES                                                          \
	(1u << TCP_ESTABLISHED | 1u << TCP_FIN_WAIT1 | 1u << TCP_FIN_WAIT2 | \
	 1u << TCP_CLOSE_WAIT | 1u << TCP_LAST_ACK | 1u << TCP_CLOSING)

static __always_inline int is_open(const struct sock *sk)
{
	__u32 family = BPF_CORE_READ(sk, __sk_common.skc_family);

	return (family == FAMILY_IPV4 || family == FAMILY_IPV6) &&
	       BPF_CORE_READ(sk, sk_protocol) == TCP_PROTOCOL &&
	       (1u << (BPF_CORE_READ(sk, __sk_common.skc_state) & 31) & OPEN_STATES);
}

static __always_inline struct tcp_figures figures_read(const struct sock *sk)
{
	const struct tcp_sock *tp = (const void *)sk;

	return tcp_figures(BPF_CORE_READ(tp, bytes_sent), BPF_CORE_READ(tp, bytes_retrans),
			   BPF_CORE_READ(tp, bytes_received), BPF_CORE_READ(tp, srtt_us),
			   BPF_CORE_READ(tp, total_retrans),
			   BPF_CORE_READ(sk, __sk_common.skc_flags));
}

/* A connection from before we came: its bytes so far are not ours to count. */
static __always_inline struct aeo_conn *adopt(const struct sock *sk, struct task_struct *t,
					      const struct tcp_figures *f)
{
	struct aeo_conn c = {.opened = OPENED_UNKNOWN, .mine = ours(t)};

	c.cgroup_id = cfg.cg_subsys == ~0u ? sock_cgroup_id(sk) : task_cgroup(t);
	c.sent = f->sent;
	c.received = f->received;
	conn_keep(sk, &c);
	/* Closed meanwhile, on another CPU: nobody would take the entry away. */
	if (!is_open(sk))
		conn_forget(sk);
	return conn_find(sk);
}

static __always_inline void refresh(struct aeo_conn *c, struct task_struct *t, __u64 cgroup,
				    const struct tcp_figures *f)
{
	__u64 now = bpf_ktime_get_ns();

	if (!c->who.pid) {
		c->mine = ours(t);
		who_note(&c->who, t);
	}
	conn_count(c, cgroup, f);
	if (!f->srtt_us || now - c->sampled_ns < SAMPLE_NS)
		return;
	c->sampled_ns = now;
	hist_add(HIST_tcp_rtt, 0, 0, cgroup, f->srtt_us * 1000);
}

AEO_PROG("iter/task_file", socks_iter, struct bpf_iter_meta *meta, struct task_struct *t, __u32 fd,
	 struct file *file)
{
	struct aeo_sockrow row = {};
	struct tcp_figures f;
	struct socket *socket;
	struct aeo_conn *c;
	struct sock *sk;

	if (!t || !file || (file->f_inode->i_mode & MODE_TYPE) != MODE_SOCKET)
		return 0;
	count_run(PROBE_socks);
	socket = file->private_data;
	sk = BPF_CORE_READ(socket, sk);
	if (!sk || !is_open(sk))
		return 0;
	f = figures_read(sk);
	c = conn_find(sk);
	if (!c)
		c = adopt(sk, t, &f);
	row.sock = (__u64)sk;
	row.cgroup_id = conn_cgroup(sk, c);
	row.sent = f.sent;
	row.received = f.received;
	row.srtt_us = f.srtt_us;
	row.retrans = f.retrans;
	if (c)
		refresh(c, t, row.cgroup_id, &f);
	bpf_seq_write(meta->seq, &row, sizeof(row));
	return 0;
}

char LICENSE[] SEC("license") __weak = "Dual BSD/GPL";
