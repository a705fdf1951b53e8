/* SPDX-License-Identifier: Apache-2.0 */
#include "reply.h"

#include <zlib.h>

#include "clock.h"

static const char *const types[] = {
	[FORMAT_PROMETHEUS] = "text/plain; version=0.0.4; charset=utf-8",
	[FORMAT_OPENMETRICS] = "application/openmetrics-text; version=1.0.0; charset=utf-8",
};

static struct MHD_Response *with_header(struct MHD_Response *r, const char *name, const char *value)
{
	if (!r || MHD_add_response_header(r, name, value) == MHD_YES)
		return r;
	MHD_destroy_response(r);
	return NULL;
}

static struct MHD_Response *with_rules(struct MHD_Response *r, const char *type)
{
	r = with_header(r, "Content-Type", type);
	r = with_header(r, "Cache-Control", "no-store");
	return with_header(r, "X-Content-Type-Options", "nosniff");
}

struct MHD_Response *reply__text(const char *text, bool close)
{
	struct MHD_Response *r = MHD_create_response_from_buffer(
		strlen(text), (void *)(uintptr_t)text, MHD_RESPMEM_PERSISTENT);

	r = with_rules(r, "text/plain; charset=utf-8");
	return close ? with_header(r, "Connection", "close") : r;
}

/* b becomes its compressed form. The lowest level: text of metrics shrinks to a tenth already, at a third of the default's time. */
static int compress_text(struct buf *b)
{
	z_stream z = {.next_in = (unsigned char *)b->data, .avail_in = (unsigned int)b->len};
	struct buf out = BUF_INIT;
	int err;

	if (deflateInit2(&z, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return -ENOMEM;
	do {
		err = buf__reserve(&out, 65536) ? Z_MEM_ERROR : Z_OK;
		if (err)
			break;
		z.next_out = (unsigned char *)out.data + out.len;
		z.avail_out = 65536;
		err = deflate(&z, Z_FINISH);
		out.len += 65536 - z.avail_out;
	} while (err == Z_OK || err == Z_BUF_ERROR);
	(void)deflateEnd(&z);
	if (err != Z_STREAM_END) {
		buf__done(&out);
		return -ENOMEM;
	}
	buf__done(b);
	*b = out;
	return 0;
}

/* The seconds since *from, which becomes now. */
static double lap(uint64_t *from)
{
	uint64_t was = *from;

	*from = clock__mono();
	return (double)(*from - was) / 1e9;
}

struct MHD_Response *reply__metrics(struct self *self, const char *snapshot, size_t n,
				    enum metric_format format, bool gzip, int *ret_err)
{
	cleanup_buf struct buf b = BUF_INIT;
	struct MHD_Response *r;
	uint64_t at = clock__mono();
	int err;

	self__render(self, format, &b);
	err = metrics__render(snapshot, n, format, &b);
	self->value[SELF_render] += lap(&at);
	self->value[SELF_text] += (double)b.len;
	if (!err && gzip)
		err = compress_text(&b);
	self->value[SELF_compress] += gzip ? lap(&at) : 0;
	if (err) {
		*ret_err = err;
		return NULL;
	}
	r = MHD_create_response_from_buffer(b.len, b.data, MHD_RESPMEM_MUST_FREE);
	if (r) {
		self->value[SELF_sent] += (double)b.len;
		b = (struct buf)BUF_INIT; /* the response's now */
	}
	r = with_rules(r, types[format]);
	r = with_header(r, "Vary", "Accept, Accept-Encoding");
	if (gzip)
		r = with_header(r, "Content-Encoding", "gzip");
	*ret_err = r ? 0 : -ENOMEM;
	return r;
}
