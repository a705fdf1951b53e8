/* SPDX-License-Identifier: Apache-2.0 */
#include "http.h"

#include <sys/socket.h>

#include "accept.h"
#include "clock.h"
#include "head.h"
#include "log.h"
#include "reply.h"

/* Room for a head of HEAD_BYTES, what the library keeps for each of HEAD_FIELDS fields, and the head of an answer. */
#define CONNECTION_MEMORY 32768

/* A connection. */
struct peer {
	struct peer *next, **at;
	int fd;
	struct head head;
	uint64_t since_ns;   /* connected, or its last request ended: CLOCK_BOOTTIME */
	uint64_t sending_ns; /* its answer began; 0 when none is on its way */
	bool waiting;	     /* for a snapshot */
	bool used;	     /* had a request before */
	bool cut;
};

/* A request, from its complete head to the end of its answer. */
struct request {
	struct http *http;
	struct peer *peer;
	struct MHD_Connection *connection; /* NULL: gone while it waited */
	enum metric_format format;
	bool gzip;
	uint64_t asked_ns;
	struct MHD_Response *response; /* what waits to be queued; owned */
	unsigned int status;
};

struct http {
	struct loop *loop;
	struct MHD_Daemon *mhd;
	struct loop_watch *epoll, *tick, *soon;
	struct source *source;
	struct tls *tls;
	struct self *self;
	struct peer *peers;
	struct http_limits limits;
};

static void pump_soon(struct http *h);

static void pump(struct http *h)
{
	MHD_UNSIGNED_LONG_LONG ms = 1;

	(void)MHD_run(h->mhd);
	/* what it has read already, no descriptor will tell again */
	if (MHD_get_timeout(h->mhd, &ms) == MHD_YES && !ms)
		pump_soon(h);
}

static void on_soon(void *arg)
{
	struct http *h = arg;

	h->soon = loop__unwatch(h->soon);
	pump(h);
}

static void pump_soon(struct http *h)
{
	if (!h->soon)
		h->soon = loop__timer(h->loop, 0, 0, on_soon, h);
}

static void on_epoll(void *arg, int events)
{
	(void)events;
	pump(arg);
}

/* When a connection has had its time; ~0 never. */
static uint64_t deadline(const struct http_limits *l, const struct peer *p)
{
	if (p->waiting)
		return ~0ULL;
	if (p->sending_ns)
		return p->sending_ns + l->send_s * NS_PER_S;
	if (p->head.began_ns)
		return p->head.began_ns + l->head_s * NS_PER_S;
	return p->since_ns + (p->used ? l->idle_s : l->head_s) * NS_PER_S;
}

/* The library's own time-out begins anew with each byte: a slow client could hold on for hours. */
static void on_tick(void *arg)
{
	struct http *h = arg;
	uint64_t now = clock__boot();

	for (struct peer *p = h->peers; p; p = p->next) {
		if (p->cut || now < deadline(&h->limits, p))
			continue;
		p->cut = true;
		h->self->value[SELF_cut] += p->sending_ns || p->head.began_ns || !p->used;
		(void)shutdown(p->fd, SHUT_RDWR);
	}
	pump(h);
}

static void peer_start(struct http *h, struct MHD_Connection *c, void **ret_peer)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct peer *p = info ? calloc(1, sizeof(*p)) : NULL;

	*ret_peer = NULL;
	if (!p)
		return;
	p->fd = info->connect_fd;
	p->since_ns = clock__boot();
	if (!head__watch(p->fd, &p->head, h->tls != NULL)) {
		free(p);
		return;
	}
	p->next = h->peers;
	if (p->next)
		p->next->at = &p->next;
	p->at = &h->peers;
	h->peers = p;
	h->self->value[SELF_connections]++;
	*ret_peer = p;
}

static void peer_end(struct http *h, struct peer *p)
{
	if (!p)
		return;
	(void)head__watch(p->fd, NULL, false);
	*p->at = p->next;
	if (p->next)
		p->next->at = p->at;
	h->self->value[SELF_connections]--;
	free(p);
}

static void on_connection(void *cls, struct MHD_Connection *c, void **socket_context,
			  enum MHD_ConnectionNotificationCode what)
{
	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		peer_start(cls, c, socket_context);
	} else {
		peer_end(cls, *socket_context);
		*socket_context = NULL;
	}
}

static void request_free(struct request *r)
{
	if (r->response)
		MHD_destroy_response(r->response);
	free(r);
}

static void on_completed(void *cls, struct MHD_Connection *c, void **con_cls,
			 enum MHD_RequestTerminationCode why)
{
	struct request *r = *con_cls;

	(void)cls, (void)c, (void)why;
	*con_cls = NULL;
	if (!r)
		return;
	r->peer->sending_ns = 0;
	r->peer->since_ns = clock__boot();
	r->peer->used = true;
	r->connection = NULL;
	if (!r->peer->waiting)
		request_free(r);
}

static enum MHD_Result send_reply(struct request *r)
{
	enum MHD_Result ok = MHD_NO; /* ends the connection */

	if (r->response)
		ok = MHD_queue_response(r->connection, r->status, r->response);
	r->peer->sending_ns = clock__boot();
	return ok;
}

static enum MHD_Result send_text(struct request *r, unsigned int status, const char *text,
				 const char *field, const char *value)
{
	r->status = status;
	r->response = reply__text(text, false);
	if (r->response && field)
		(void)MHD_add_response_header(r->response, field, value);
	return send_reply(r);
}

static const struct {
	enum self_failure failure;
	const char *text;
} failures[] = {
	[FAIL_AWAY] = {FAIL_AWAY, "no connection to the sensor\n"},
	[FAIL_TIMEOUT] = {FAIL_TIMEOUT, "the sensor did not answer in time\n"},
	[FAIL_BUSY] = {FAIL_BUSY, "too many scrapes at once\n"},
	[FAIL_ANSWER] = {FAIL_ANSWER, "the sensor's answer is no snapshot\n"},
	[FAIL_MEMORY] = {FAIL_MEMORY, "out of memory\n"},
};

static enum self_failure failure_of(int err)
{
	switch (-err) {
	case ENOTCONN:
		return FAIL_AWAY;
	case ETIMEDOUT:
		return FAIL_TIMEOUT;
	case EBUSY:
		return FAIL_BUSY;
	case ENOMEM:
		return FAIL_MEMORY;
	default:
		return FAIL_ANSWER;
	}
}

static void fail_scrape(struct request *r, int err)
{
	enum self_failure why = failure_of(err);

	r->http->self->failures[why]++;
	r->status = MHD_HTTP_SERVICE_UNAVAILABLE;
	r->response = reply__text(failures[why].text, false);
	if (r->response)
		(void)MHD_add_response_header(r->response, "Retry-After", "1");
}

static void on_snapshot(void *arg, int err, const char *data, size_t n)
{
	struct request *r = arg;
	struct self *self = r->http->self;

	self->value[SELF_snapshot] += (double)(clock__mono() - r->asked_ns) / 1e9;
	self->value[SELF_connects] = (double)source__connects(r->http->source);
	self->value[SELF_certificate] = r->http->tls ? tls__expires(r->http->tls) : 0;
	if (!r->connection) {
		request_free(r);
		return;
	}
	self->value[SELF_scrapes] += !err;
	if (!err)
		r->response = reply__metrics(self, data, n, r->format, r->gzip, &err);
	r->status = MHD_HTTP_OK;
	if (err)
		fail_scrape(r, err);
	r->peer->waiting = false;
	MHD_resume_connection(r->connection);
	pump_soon(r->http);
}

static enum MHD_Result get_metrics(struct request *r)
{
	int err;

	r->format = accept__format(
		MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, "Accept"));
	r->gzip = accept__gzip(
		MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, "Accept-Encoding"));
	r->asked_ns = clock__mono();
	err = source__ask(r->http->source, on_snapshot, r);
	if (err) {
		fail_scrape(r, err);
		return send_reply(r);
	}
	r->peer->waiting = true;
	MHD_suspend_connection(r->connection);
	return MHD_YES;
}

static enum MHD_Result get_health(struct request *r)
{
	return send_text(r, MHD_HTTP_OK, "ok\n", NULL, NULL);
}

static enum MHD_Result get_ready(struct request *r)
{
	if (source__ready(r->http->source))
		return send_text(r, MHD_HTTP_OK, "ready\n", NULL, NULL);
	return send_text(r, MHD_HTTP_SERVICE_UNAVAILABLE, "no sensor answers\n", "Retry-After",
			 "1");
}

static const struct {
	const char *path;
	enum MHD_Result (*get)(struct request *r);
} routes[] = {
	{"/metrics", get_metrics},
	{"/healthz", get_health},
	{"/readyz", get_ready},
};

static enum MHD_Result route(struct request *r, const char *url, const char *method)
{
	for (size_t i = 0; i < ARRAY_SIZE(routes); i++) {
		if (strcmp(url, routes[i].path))
			continue;
		if (!strcmp(method, "GET") || !strcmp(method, "HEAD"))
			return routes[i].get(r);
		return send_text(r, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD\n", "Allow",
				 "GET, HEAD");
	}
	return send_text(r, MHD_HTTP_NOT_FOUND, "there are /metrics, /healthz and /readyz\n", NULL,
			 NULL);
}

/* A head against the rules is answered once, and its connection ends. */
static enum MHD_Result refuse(struct request *r)
{
	const struct head *h = &r->peer->head;

	r->http->self->value[SELF_refused]++;
	if (h->fault == HEAD_MALFORMED) {
		r->status = MHD_HTTP_BAD_REQUEST;
		r->response = reply__text("malformed request\n", true);
	} else if (h->fault) {
		r->status = MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE;
		r->response = reply__text("at most 16 KiB and 64 fields\n", true);
	} else {
		r->status = MHD_HTTP_CONTENT_TOO_LARGE;
		r->response = reply__text("no request body is taken\n", true);
	}
	return send_reply(r);
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *c, const char *url,
				  const char *method, const char *version, const char *upload,
				  size_t *upload_n, void **con_cls)
{
	struct request *r = *con_cls;
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	(void)version, (void)upload, (void)upload_n;
	if (r)
		return r->response ? send_reply(r) : route(r, url, method);
	r = info && info->socket_context ? calloc(1, sizeof(*r)) : NULL;
	if (!r)
		return MHD_NO;
	*r = (struct request){.http = cls, .peer = info->socket_context, .connection = c};
	*con_cls = r;
	/* answered now, before a body is read, the connection ends behind the answer; otherwise we are called again */
	return r->peer->head.fault || r->peer->head.has_body ? refuse(r) : MHD_YES;
}

static void on_library_log(void *arg, const char *fmt, va_list ap)
{
	char text[256];

	(void)arg;
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	text[strcspn(text, "\n")] = '\0';
	log_debug("http: %s", text);
}

static struct MHD_Daemon *start(struct http *h, int fd, bool tls12)
{
	unsigned int flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG |
			     (h->tls ? MHD_USE_TLS : 0);
	const char *versions = tls12 ? "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2" :
				       "NORMAL:-VERS-ALL:+VERS-TLS1.3";
	const struct MHD_OptionItem secure[] = {
		{MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)versions},
		{MHD_OPTION_HTTPS_CERT_CALLBACK, 0, (void *)(uintptr_t)tls__retrieve},
		{MHD_OPTION_END, 0, NULL},
	};
	static const struct MHD_OptionItem plain[] = {{MHD_OPTION_END, 0, NULL}};

	return MHD_start_daemon(flags, 0, NULL, NULL, on_request, h, MHD_OPTION_EXTERNAL_LOGGER,
				on_library_log, NULL, MHD_OPTION_LISTEN_SOCKET, fd,
				MHD_OPTION_CONNECTION_LIMIT, (unsigned int)HTTP_CONNECTIONS,
				MHD_OPTION_CONNECTION_TIMEOUT, h->limits.idle_s + 5,
				MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
				MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_SIGPIPE_HANDLED_BY_APP,
				1, MHD_OPTION_NOTIFY_COMPLETED, on_completed, h,
				MHD_OPTION_NOTIFY_CONNECTION, on_connection, h, MHD_OPTION_ARRAY,
				h->tls ? secure : plain, MHD_OPTION_END);
}

struct http *http__new(struct loop *l, int listen_fd, struct tls *tls, bool tls12,
		       struct source *source, struct self *self, struct http_limits limits)
{
	struct http *h = calloc(1, sizeof(*h));
	const union MHD_DaemonInfo *info;

	if (!h)
		return NULL;
	*h = (struct http){.loop = l, .source = source, .tls = tls, .self = self, .limits = limits};
	h->mhd = start(h, listen_fd, tls12);
	info = h->mhd ? MHD_get_daemon_info(h->mhd, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
	if (info) {
		h->epoll = loop__fd(l, info->epoll_fd, LOOP_READ, on_epoll, h);
		h->tick = loop__timer(l, 1000, 1000, on_tick, h);
	}
	if (!h->epoll || !h->tick) {
		http__free(h);
		errno = EIO;
		return NULL;
	}
	return h;
}

struct http *http__free(struct http *h)
{
	if (!h)
		return NULL;
	loop__unwatch(h->epoll);
	loop__unwatch(h->tick);
	loop__unwatch(h->soon);
	if (h->mhd) {
		/* what was just resumed is taken back first */
		(void)MHD_run(h->mhd);
		MHD_stop_daemon(h->mhd);
	}
	free(h);
	return NULL;
}
