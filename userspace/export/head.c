/* SPDX-License-Identifier: Apache-2.0 */
#include "head.h"

#include <dlfcn.h>
#include <gnutls/gnutls.h>
#include <sys/socket.h>

#include "clock.h"

enum { LINE_FIRST, LINE_BEGIN, LINE_REQUEST, FIELD_NAME, FIELD_VALUE, BODY };

static void fault(struct head *h, enum head_fault why)
{
	if (!h->fault)
		h->fault = why;
}

static bool is_token(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c && strchr("!#$%&'*+-.^_`|~", c));
}

static bool is_named(const struct head *h, const char *name)
{
	return h->name_len == strlen(name) && !memcmp(h->name, name, h->name_len);
}

/* A field's name is complete. */
static void name_end(struct head *h)
{
	if (!h->name_len)
		fault(h, HEAD_MALFORMED);
	h->lengths += is_named(h, "content-length");
	h->codings += is_named(h, "transfer-encoding");
	h->hosts += is_named(h, "host");
	h->has_body |= h->codings > 0;
	if (h->lengths > 1 || h->codings > 1 || h->hosts > 1 || (h->lengths && h->codings))
		fault(h, HEAD_MALFORMED);
}

static void head_end(struct head *h)
{
	h->state = h->has_body ? BODY : LINE_FIRST;
	h->began_ns = 0;
	h->bytes = h->fields = 0;
	h->lengths = h->codings = h->hosts = 0;
}

/* Behind CR LF. */
static void line_end(struct head *h)
{
	switch (h->state) {
	case LINE_FIRST: /* an empty line before the request: allowed, and counted */
		break;
	case LINE_BEGIN:
		head_end(h);
		break;
	case FIELD_NAME:
		fault(h, HEAD_MALFORMED);
		h->state = LINE_BEGIN;
		break;
	default:
		h->state = LINE_BEGIN;
		break;
	}
}

static void value_byte(struct head *h, unsigned char c)
{
	if (!is_named(h, "content-length") || c == ' ' || c == '\t')
		return;
	if (c < '0' || c > '9')
		fault(h, HEAD_MALFORMED);
	else
		h->has_body |= c != '0';
}

static void name_byte(struct head *h, unsigned char c)
{
	if (c == ':') {
		name_end(h);
		h->state = FIELD_VALUE;
		return;
	}
	if (!is_token(c)) /* also the blank before a colon */
		fault(h, HEAD_MALFORMED);
	if (h->name_len < sizeof(h->name))
		h->name[h->name_len++] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

static void line_byte(struct head *h, unsigned char c)
{
	switch (h->state) {
	case LINE_FIRST:
		h->state = LINE_REQUEST;
		break;
	case LINE_BEGIN:
		if (c == ' ' || c == '\t')
			fault(h, HEAD_MALFORMED); /* folded */
		if (++h->fields > HEAD_FIELDS)
			fault(h, HEAD_TOO_LARGE);
		h->state = FIELD_NAME;
		h->name_len = 0;
		name_byte(h, c);
		break;
	case FIELD_NAME:
		name_byte(h, c);
		break;
	case FIELD_VALUE:
		value_byte(h, c);
		break;
	default:
		break;
	}
}

void head__feed(struct head *h, const char *data, size_t n)
{
	for (size_t i = 0; i < n && h->state != BODY; i++) {
		unsigned char c = (unsigned char)data[i];

		if (!h->began_ns)
			h->began_ns = clock__boot();
		if (++h->bytes > HEAD_BYTES)
			fault(h, HEAD_TOO_LARGE);
		if (h->cr != (c == '\n'))
			fault(h, HEAD_MALFORMED); /* CR and LF only together */
		h->cr = c == '\r';
		if (c == '\n')
			line_end(h);
		else if (c < 0x20 && c != '\t' && c != '\r')
			fault(h, HEAD_MALFORMED);
		else if (c != '\r')
			line_byte(h, c);
	}
}

/* By descriptor: the program has one thread, and few connections. */
static struct {
	struct head *head;
	bool tls;
} watched[1024];

bool head__watch(int fd, struct head *h, bool tls)
{
	if (fd < 0 || (size_t)fd >= ARRAY_SIZE(watched))
		return false;
	watched[fd].head = h;
	watched[fd].tls = tls;
	return true;
}

static void look(int fd, const void *data, ssize_t n, bool tls)
{
	if (n > 0 && fd >= 0 && (size_t)fd < ARRAY_SIZE(watched) && watched[fd].head &&
	    watched[fd].tls == tls)
		head__feed(watched[fd].head, data, (size_t)n);
}

/* Under TLS it is GnuTLS that calls this, for ciphertext, and the HTTP library reads by gnutls_record_recv. */
ssize_t recv(int fd, void *to, size_t n, int flags)
{
	ssize_t got = recvfrom(fd, to, n, flags, NULL, NULL);

	if (!(flags & MSG_PEEK))
		look(fd, to, got, false);
	return got;
}

ssize_t gnutls_record_recv(gnutls_session_t session, void *to, size_t n)
{
	static ssize_t (*real)(gnutls_session_t, void *, size_t);
	ssize_t got;

	if (!real)
		real = (ssize_t(*)(gnutls_session_t, void *, size_t))dlsym(RTLD_NEXT,
									   "gnutls_record_recv");
	if (!real)
		return GNUTLS_E_INTERNAL_ERROR;
	got = real(session, to, n);
	look(gnutls_transport_get_int(session), to, got, true);
	return got;
}
