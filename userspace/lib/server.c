/* SPDX-License-Identifier: Apache-2.0 */
#include "server.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

struct client {
	struct server *server;
	struct client *next;
	int fd;
	struct loop_watch *watch;
	struct buf in, out;
	size_t out_at; /* bytes of out that are sent */
	struct ucred peer;
	void *tag;
	bool dead; /* to be freed after the callback */
};

struct server {
	struct loop *loop;
	char path[108];
	int fd, spare; /* spare: given up to accept, and close, when there are no descriptors left */
	struct loop_watch *watch;
	gid_t gid;
	uid_t extra;
	request_fn fn;
	gone_fn gone;
	void *arg;
	struct client *clients;
	size_t count;
};

static void client_free(struct client *c)
{
	struct server *s = c->server;

	for (struct client **p = &s->clients; *p; p = &(*p)->next)
		if (*p == c) {
			*p = c->next;
			break;
		}
	if (s->count-- == SERVER_CLIENTS)
		(void)loop__fd_events(s->watch, LOOP_READ);
	s->gone(s->arg, c);
	loop__unwatch(c->watch);
	close(c->fd);
	buf__done(&c->in);
	buf__done(&c->out);
	free(c);
}

/* Send what the socket takes; forget what is sent. False when the peer is gone. */
static bool flush(struct client *c)
{
	while (c->out_at < c->out.len) {
		ssize_t n = send(c->fd, c->out.data + c->out_at, c->out.len - c->out_at,
				 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN)
			return false;
		if (n < 0)
			break;
		c->out_at += (size_t)n;
	}
	if (c->out_at < c->out.len) {
		/* a client that is always a little late must not make the buffer grow */
		if (c->out_at >= c->out.len - c->out_at) {
			c->out.len -= c->out_at;
			memcpy(c->out.data, c->out.data + c->out_at, c->out.len);
			c->out_at = 0;
		}
		return true;
	}
	c->out_at = 0;
	if (c->out.cap > SERVER_QUEUE / 4)
		buf__done(&c->out);
	buf__clear(&c->out);
	return true;
}

static void serve_requests(struct client *c)
{
	size_t at = 0;

	while (!c->dead) {
		const char *payload;
		enum wire_kind kind;
		size_t n;
		ssize_t took = wire__get(c->in.data + at, c->in.len - at, WIRE_REQUEST_MAX, &kind,
					 &payload, &n);

		if (took < 0)
			c->dead = true;
		if (took <= 0)
			break;
		c->server->fn(c->server->arg, c, kind, payload, n);
		at += (size_t)took;
	}
	memmove(c->in.data, c->in.data + at, c->in.len - at);
	c->in.len -= at;
}

static void on_client(void *arg, int events)
{
	struct client *c = arg;

	if (events & LOOP_READ) {
		ssize_t n;

		if (buf__reserve(&c->in, 4096))
			c->dead = true;
		n = c->dead ? 0 : recv(c->fd, c->in.data + c->in.len, 4096, MSG_DONTWAIT);
		if (n > 0) {
			c->in.len += (size_t)n;
			serve_requests(c);
		} else if (!n || (errno != EAGAIN && errno != EINTR)) {
			c->dead = true;
		}
	}
	if (!c->dead && !flush(c))
		c->dead = true;
	if (c->dead)
		client_free(c);
	else
		(void)loop__fd_events(c->watch, LOOP_READ | (c->out.len ? LOOP_WRITE : 0));
}

/* Whether the peer had the group beside its primary one. */
static bool in_group(int fd, gid_t gid)
{
	gid_t groups[1024];
	socklen_t len = sizeof(groups);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len))
		return false;
	for (size_t i = 0; i < len / sizeof(*groups); i++)
		if (groups[i] == gid)
			return true;
	return false;
}

static bool allowed(const struct server *s, int fd, const struct ucred *p)
{
	return !p->uid || p->uid == geteuid() || (s->extra != (uid_t)-1 && p->uid == s->extra) ||
	       (s->gid != (gid_t)-1 && (p->gid == s->gid || in_group(fd, s->gid)));
}

/* Without a descriptor left the peer would wait, the socket stay ready, and we run in circles. */
static void turn_away(struct server *s)
{
	int fd;

	if (s->spare >= 0)
		close(s->spare);
	fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd >= 0)
		close(fd);
	s->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void on_accept(void *arg, int events)
{
	struct server *s = arg;
	struct client *c;
	socklen_t len = sizeof(c->peer);
	int fd;

	(void)events;
	fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0 && (errno == EMFILE || errno == ENFILE))
		turn_away(s);
	if (fd < 0)
		return;
	c = calloc(1, sizeof(*c));
	if (!c || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &c->peer, &len) ||
	    !allowed(s, fd, &c->peer)) {
		close(fd);
		free(c);
		return;
	}
	c->server = s;
	c->fd = fd;
	c->watch = loop__fd(s->loop, fd, LOOP_READ, on_client, c);
	if (!c->watch) {
		close(fd);
		free(c);
		return;
	}
	c->next = s->clients;
	s->clients = c;
	/* Further ones wait in the listen queue; a descriptor that stays ready would keep us
	 * running. */
	if (++s->count == SERVER_CLIENTS)
		(void)loop__fd_events(s->watch, 0);
}

/* Bind with the umask closed, so that the socket is never open to others, not even between bind and
 * chmod. */
static int bind_socket(struct server *s, gid_t gid)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	mode_t mask;
	int err;

	memcpy(a.sun_path, s->path, sizeof(s->path));
	(void)unlink(s->path);
	mask = umask(0177);
	err = bind(s->fd, (struct sockaddr *)&a, sizeof(a)) ? -errno : 0;
	(void)umask(mask);
	if (!err && gid != (gid_t)-1 && (chown(s->path, (uid_t)-1, gid) || chmod(s->path, 0660)))
		err = -errno;
	return err ? err : listen(s->fd, 128) ? -errno : 0;
}

struct server *server__new(struct loop *l, const char *path, gid_t gid, uid_t extra, request_fn fn,
			   gone_fn gone, void *arg)
{
	struct server *s = calloc(1, sizeof(*s));
	int err = -ENAMETOOLONG;

	if (!s)
		return NULL;
	*s = (struct server){.loop = l,
			     .fd = -1,
			     .spare = -1,
			     .gid = gid,
			     .extra = extra,
			     .fn = fn,
			     .gone = gone,
			     .arg = arg};
	if (strlen(path) < sizeof(s->path)) {
		(void)snprintf(s->path, sizeof(s->path), "%s", path);
		s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		err = s->fd < 0 ? -errno : bind_socket(s, gid);
		s->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
	}
	s->watch = err ? NULL : loop__fd(l, s->fd, LOOP_READ, on_accept, s);
	if (s->watch)
		return s;
	if (!err)
		err = -errno;
	if (s->fd >= 0)
		close(s->fd);
	if (s->spare >= 0)
		close(s->spare);
	free(s);
	errno = -err;
	return NULL;
}

struct server *server__free(struct server *s)
{
	if (!s)
		return NULL;
	while (s->clients)
		client_free(s->clients);
	loop__unwatch(s->watch);
	close(s->fd);
	if (s->spare >= 0)
		close(s->spare);
	(void)unlink(s->path);
	free(s);
	return NULL;
}

int client__send(struct client *c, enum wire_kind kind, const void *payload, size_t n)
{
	if (c->out.len - c->out_at + n > SERVER_QUEUE + WIRE_MAX ||
	    (c->out.len > c->out_at && c->out.len - c->out_at + n > SERVER_QUEUE))
		return -ENOBUFS;
	wire__put(&c->out, kind, payload, n);
	if (c->out.failed)
		return -ENOMEM;
	/* Sent by the loop: a peer that is gone is noticed and freed there, never under the
	 * caller's feet. */
	return loop__fd_events(c->watch, LOOP_READ | LOOP_WRITE);
}

uid_t client__uid(const struct client *c)
{
	return c->peer.uid;
}

pid_t client__pid(const struct client *c)
{
	return c->peer.pid;
}

void **client__tag(struct client *c)
{
	return &c->tag;
}

struct client *server__next(struct server *s, struct client *c)
{
	return c ? c->next : s->clients;
}
