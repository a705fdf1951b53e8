/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTP side: GET and HEAD of /metrics, /healthz and /readyz, by libmicrohttpd on the program's own loop and thread. A scrape waits
 * suspended for its snapshot; nobody else waits for it.
 */
#ifndef AEO_HTTP_H
#define AEO_HTTP_H

#include "loop.h"
#include "self.h"
#include "source.h"
#include "tls.h"

#define HTTP_CONNECTIONS 256 /* further ones wait in the listen queue */

/* What a client may take, in seconds. */
struct http_limits {
	unsigned int head_s; /* for a whole head, TLS included */
	unsigned int send_s; /* for a whole answer */
	unsigned int idle_s; /* between requests */
};

#define HTTP_LIMITS ((struct http_limits){10, 30, 60})

struct http;

/* Serve on a listening socket, which is taken over and closed in the end. tls NULL: plain. tls12: TLS 1.2 beside 1.3. NULL with errno. */
struct http *http__new(struct loop *l, int listen_fd, struct tls *tls, bool tls12,
		       struct source *source, struct self *self, struct http_limits limits);
/* Answers that wait for a snapshot must have had it (source__free first). Accepts NULL, returns NULL. */
struct http *http__free(struct http *h);

#endif
