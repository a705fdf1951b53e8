/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Addresses as text, written straight into a record of the ring. */
#ifndef AEO_TEXT_BPF_H
#define AEO_TEXT_BPF_H

#include "compat_io.bpf.h"
#include "probe.bpf.h"
#include <bpf/bpf_endian.h>

#define TEXT_ADDRESSES 80 /* two IPv6 addresses and a space */

/* Into the first 32 bytes of `text`. The mask is for the verifier: two of them and a space are 31
 * bytes. */
static __always_inline __u32 put_ip4(char *text, __u32 at, __u32 addr)
{
#pragma unroll
	for (int i = 0; i < 4; i++) {
		__u32 b = addr >> (8 * i) & 0xff;

		if (b > 99)
			text[at++ & 31] = '0' + b / 100;
		if (b > 9)
			text[at++ & 31] = '0' + b / 10 % 10;
		text[at++ & 31] = '0' + b % 10;
		if (i < 3)
			text[at++ & 31] = '.';
	}
	return at;
}

static __always_inline char hex_digit(__u32 d)
{
	return d + (d > 9 ? 'a' - 10 : '0');
}

/* In full, 39 characters: no offset then depends on the address. */
static __always_inline void put_ip6(char *text, const __u8 *addr)
{
#pragma unroll
	for (int i = 0; i < 16; i++) {
		__u32 at = 2 * i + i / 2;

		text[at] = hex_digit(addr[i] >> 4);
		text[at + 1] = hex_digit(addr[i] & 15);
		if (i % 2 && i < 15)
			text[at + 2] = ':';
	}
}

static __always_inline int is_mapped_ip4(const struct in6_addr *a)
{
	return !a->in6_u.u6_addr32[0] && !a->in6_u.u6_addr32[1] &&
	       a->in6_u.u6_addr32[2] == bpf_htonl(0xffff);
}

/* "LOCAL REMOTE" of a full socket; the number of characters. `text` holds TEXT_ADDRESSES bytes. */
static __always_inline __u32 put_addresses(char *text, const struct sock *sk, __u64 family)
{
	struct in6_addr local, remote;
	__u32 at;

	if (family == FAMILY_IPV6) {
		BPF_CORE_READ_INTO(&local, sk, __sk_common.skc_v6_rcv_saddr);
		BPF_CORE_READ_INTO(&remote, sk, __sk_common.skc_v6_daddr);
		if (!is_mapped_ip4(&remote)) {
			put_ip6(text, local.in6_u.u6_addr8);
			text[39] = ' ';
			put_ip6(text + 40, remote.in6_u.u6_addr8);
			return 79;
		}
	}
	at = put_ip4(text, 0, BPF_CORE_READ(sk, __sk_common.skc_rcv_saddr));
	text[at++ & 31] = ' ';
	return put_ip4(text, at, BPF_CORE_READ(sk, __sk_common.skc_daddr));
}

#endif
