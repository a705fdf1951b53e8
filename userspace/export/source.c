/* SPDX-License-Identifier: Apache-2.0 */
#include "source.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "clock.h"
#include "log.h"
#include "wire.h"

#define READ_STEP 262144u /* bytes a turn of the loop, at most */

struct question {
	snapshot_fn fn; /* NULL: given up, its answer is dropped when it comes */
	void *arg;
	uint64_t until_ns;
};

struct source {
	struct loop *loop;
	struct sockaddr_un address;
	int fd;
	struct loop_watch *watch, *tick;
	struct question line[SOURCE_WAITING];
	size_t waiting;
	bool asked; /* the first of the line is with the sensor */
	bool slow;  /* the last answer did not come in time */
	struct buf in;
	uint64_t connects;
	struct stat known; /* the socket that we last connected to, or that nobody listened on */
	int said;	   /* the error of connecting that was logged last */
	locked_out_fn locked_out;
	void *arg;
};

static void ask_next(struct source *s);

/* The first of the line gets its answer. */
static void answer(struct source *s, int err, const char *data, size_t n)
{
	struct question q = s->line[0];

	s->asked = false;
	s->waiting--;
	memmove(s->line, s->line + 1, s->waiting * sizeof(s->line[0]));
	if (q.fn)
		q.fn(q.arg, err, data, n);
}

static void disconnect(struct source *s, const char *why)
{
	size_t n = s->waiting;

	log_notice("the connection to the sensor ended: %s", why);
	s->watch = loop__unwatch(s->watch);
	close(s->fd);
	s->fd = -1;
	s->slow = false;
	buf__done(&s->in);
	while (n--)
		answer(s, -ENOTCONN, NULL, 0);
}

/* One frame, when it is there. False when there is none, or no connection any more. */
static bool take_frame(struct source *s)
{
	enum wire_kind kind;
	const char *payload;
	size_t len;
	ssize_t took = wire__get(s->in.data, s->in.len, WIRE_MAX, &kind, &payload, &len);

	if (!took)
		return false;
	if (took < 0 || !s->asked) {
		disconnect(s, took < 0 ? "it sent what is no frame" :
					 "it answered a question that was not asked");
		return false;
	}
	s->slow = false;
	answer(s, kind == WIRE_OK ? 0 : -EPROTO, payload, len);
	if (s->fd < 0)
		return false;
	memmove(s->in.data, s->in.data + took, s->in.len - (size_t)took);
	s->in.len -= (size_t)took;
	if (!s->in.len)
		buf__done(&s->in); /* a snapshot is large, and a minute long */
	return s->in.len > 0;
}

static void on_readable(void *arg, int events)
{
	struct source *s = arg;
	ssize_t n;

	(void)events;
	if (buf__reserve(&s->in, READ_STEP)) {
		disconnect(s, strerror(ENOMEM));
		return;
	}
	n = read(s->fd, s->in.data + s->in.len, READ_STEP);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		disconnect(s, n ? strerror(errno) : "it was closed");
		return;
	}
	s->in.len += (size_t)n;
	while (take_frame(s))
		;
	if (s->fd >= 0)
		ask_next(s);
}

static void ask_next(struct source *s)
{
	struct buf frame = BUF_INIT;
	ssize_t n;

	if (s->asked || !s->waiting)
		return;
	wire__put(&frame, WIRE_METRICS, NULL, 0);
	n = frame.failed ? -1 : send(s->fd, frame.data, frame.len, MSG_NOSIGNAL | MSG_DONTWAIT);
	buf__done(&frame);
	/* eight bytes on an idle socket: either all of them or a peer that is gone, which the watch will tell */
	s->asked = true;
	if (n < WIRE_HEAD)
		(void)shutdown(s->fd, SHUT_RDWR);
}

/* A new socket may get the old one's inode number, but not its time. */
static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_ino && a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static int try_connect(struct source *s)
{
	cleanup_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct stat st = {.st_ino = 0};
	int err = 0;

	if (fd < 0)
		return -errno;
	(void)stat(s->address.sun_path, &st);
	if (connect(fd, (struct sockaddr *)&s->address, sizeof(s->address)))
		err = -errno;
	/* a socket without a sensor stays ours to wait for; another one in its place is news */
	if ((err == -EACCES || err == -EPERM) && !is_same(&st, &s->known))
		return -EACCES;
	if (!err || err == -ECONNREFUSED)
		s->known = st;
	if (err)
		return err == -EACCES || err == -EPERM ? -ECONNREFUSED : err;
	s->watch = loop__fd(s->loop, fd, LOOP_READ, on_readable, s);
	if (!s->watch)
		return -errno;
	s->fd = take_fd(&fd);
	s->connects++;
	return 0;
}

static void look_for_sensor(struct source *s)
{
	int err = try_connect(s);

	if (!err) {
		log_info("connected to the sensor at %s", s->address.sun_path);
		s->said = 0;
		return;
	}
	if (err != s->said)
		log_notice("no sensor at %s yet: %s", s->address.sun_path, strerror(-err));
	s->said = err;
	if (err == -EACCES && s->locked_out)
		s->locked_out(s->arg);
}

static void on_tick(void *arg)
{
	struct source *s = arg;
	uint64_t now = clock__boot();
	size_t first = s->asked;

	if (s->fd < 0)
		look_for_sensor(s);
	if (s->asked && s->line[0].fn && now > s->line[0].until_ns) {
		struct question q = s->line[0];

		/* the answer may still come, and would be taken for that of the next question */
		s->slow = true;
		s->line[0].fn = NULL;
		q.fn(q.arg, -ETIMEDOUT, NULL, 0);
	}
	while (s->waiting > first && now > s->line[first].until_ns) {
		struct question q = s->line[first];

		s->waiting--;
		memmove(s->line + first, s->line + first + 1,
			(s->waiting - first) * sizeof(s->line[0]));
		q.fn(q.arg, -ETIMEDOUT, NULL, 0);
	}
}

struct source *source__new(struct loop *l, const char *path, locked_out_fn fn, void *arg)
{
	struct source *s = calloc(1, sizeof(*s));
	size_t n = strlen(path);

	if (!s)
		return NULL;
	s->loop = l;
	s->fd = -1;
	s->address.sun_family = AF_UNIX;
	if (n >= sizeof(s->address.sun_path)) {
		free(s);
		errno = ENAMETOOLONG;
		return NULL;
	}
	memcpy(s->address.sun_path, path, n);
	s->tick = loop__timer(l, 1000, 1000, on_tick, s);
	if (!s->tick)
		return source__free(s);
	look_for_sensor(s);
	s->locked_out = fn;
	s->arg = arg;
	return s;
}

struct source *source__free(struct source *s)
{
	size_t n = s ? s->waiting : 0;

	if (!s)
		return NULL;
	while (n--)
		answer(s, -ENOTCONN, NULL, 0);
	loop__unwatch(s->watch);
	loop__unwatch(s->tick);
	if (s->fd >= 0)
		close(s->fd);
	buf__done(&s->in);
	free(s);
	return NULL;
}

int source__ask(struct source *s, snapshot_fn fn, void *arg)
{
	if (s->fd < 0)
		return -ENOTCONN;
	if (s->waiting == SOURCE_WAITING)
		return -EBUSY;
	s->line[s->waiting++] =
		(struct question){fn, arg, clock__boot() + SOURCE_TIMEOUT_S * NS_PER_S};
	ask_next(s);
	return 0;
}

bool source__ready(const struct source *s)
{
	return s->fd >= 0 && !s->slow;
}

uint64_t source__connects(const struct source *s)
{
	return s->connects;
}
