/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The head of a request, checked byte by byte before the HTTP library sees it.
 *
 * libmicrohttpd 0.9.75 takes bare line feeds, folded fields and repeated lengths, and counts neither fields nor bytes of a head as our
 * rules do. Its calls of recv and gnutls_record_recv are therefore answered by this file's functions of those names (the program's
 * own come before a library's), which pass every byte on unchanged and only look. What they found is asked when the head is complete;
 * a head that never completes meets its deadline.
 */
#ifndef AEO_HEAD_H
#define AEO_HEAD_H

#include "base.h"

#define HEAD_BYTES 16384u
#define HEAD_FIELDS 64u

enum head_fault { HEAD_FINE, HEAD_MALFORMED, HEAD_TOO_LARGE };

struct head {
	uint64_t began_ns; /* CLOCK_BOOTTIME of the first byte of the head being read; 0 between requests */
	enum head_fault fault; /* the first one; it stays, the connection is not used again */
	bool has_body;	       /* the request announces a body */
	uint8_t state;
	bool cr; /* the last byte was a carriage return */
	uint32_t bytes, fields;
	uint16_t lengths, codings, hosts;
	uint8_t name_len;
	char name[24]; /* of the field being read, in lower case; longer names are none that matter */
};

/* Look at the next bytes of a connection. */
void head__feed(struct head *h, const char *data, size_t n);

/* From now on what is received from this descriptor is fed to h, behind the TLS where there is one; NULL ends it. False: the
 * descriptor's number is too large. */
bool head__watch(int fd, struct head *h, bool tls);

#endif
