/* SPDX-License-Identifier: Apache-2.0 */
#include "loop.h"

#include <signal.h>
#include <uv.h>

struct loop {
	uv_loop_t uv;
};

struct loop_watch {
	union {
		uv_handle_t handle;
		uv_poll_t poll;
		uv_timer_t timer;
		uv_signal_t signal;
	} u;
	loop_fn fn;
	loop_fd_fn fd_fn;
	void *arg;
};

struct loop *loop__new(void)
{
	struct loop *l = calloc(1, sizeof(*l));
	int err;

	if (!l)
		return NULL;
	err = uv_loop_init(&l->uv);
	if (err) {
		free(l);
		errno = -err;
		return NULL;
	}
	return l;
}

static void freed(uv_handle_t *h)
{
	free(h->data);
}

static void close_handle(uv_handle_t *h, void *arg)
{
	(void)arg;
	if (!uv_is_closing(h))
		uv_close(h, freed);
}

struct loop *loop__free(struct loop *l)
{
	if (!l)
		return NULL;
	uv_walk(&l->uv, close_handle, NULL);
	/* A stop that came after the run ends the first of these at once. */
	while (uv_loop_close(&l->uv) == UV_EBUSY)
		(void)uv_run(&l->uv, UV_RUN_DEFAULT);
	free(l);
	return NULL;
}

int loop__run(struct loop *l)
{
	int left = uv_run(&l->uv, UV_RUN_DEFAULT);

	return left < 0 ? left : 0;
}

void loop__stop(struct loop *l)
{
	uv_stop(&l->uv);
}

static struct loop_watch *watch_new(void *arg)
{
	struct loop_watch *w = calloc(1, sizeof(*w));

	if (w)
		w->arg = arg;
	return w;
}

/* The handle could not be started: give it back to the loop when it was initialised, else free
 * it. */
static struct loop_watch *watch_fail(struct loop_watch *w, bool inited, int err)
{
	if (inited)
		uv_close(&w->u.handle, freed);
	else
		free(w);
	errno = -err;
	return NULL;
}

static int to_uv(int events)
{
	return (events & LOOP_READ ? UV_READABLE : 0) | (events & LOOP_WRITE ? UV_WRITABLE : 0) |
	       (events & LOOP_PRIORITY ? UV_PRIORITIZED : 0);
}

static void on_poll(uv_poll_t *h, int status, int events)
{
	struct loop_watch *w = h->data;

	w->fd_fn(w->arg, status < 0 ? LOOP_READ :
				      (events & UV_READABLE ? LOOP_READ : 0) |
					      (events & UV_WRITABLE ? LOOP_WRITE : 0) |
					      (events & UV_PRIORITIZED ? LOOP_PRIORITY : 0));
}

struct loop_watch *loop__fd(struct loop *l, int fd, int events, loop_fd_fn fn, void *arg)
{
	struct loop_watch *w = watch_new(arg);
	int err;

	if (!w)
		return NULL;
	w->fd_fn = fn;
	err = uv_poll_init(&l->uv, &w->u.poll, fd);
	if (err)
		return watch_fail(w, false, err);
	w->u.handle.data = w;
	err = uv_poll_start(&w->u.poll, to_uv(events), on_poll);
	return err ? watch_fail(w, true, err) : w;
}

int loop__fd_events(struct loop_watch *w, int events)
{
	return uv_poll_start(&w->u.poll, to_uv(events), on_poll);
}

static void on_timer(uv_timer_t *h)
{
	struct loop_watch *w = h->data;

	w->fn(w->arg);
}

struct loop_watch *loop__timer(struct loop *l, uint64_t first_ms, uint64_t every_ms, loop_fn fn,
			       void *arg)
{
	struct loop_watch *w = watch_new(arg);
	int err;

	if (!w)
		return NULL;
	w->fn = fn;
	err = uv_timer_init(&l->uv, &w->u.timer);
	if (err)
		return watch_fail(w, false, err);
	w->u.handle.data = w;
	uv_update_time(&l->uv); /* first_ms counts from now, not from when the loop last looked */
	err = uv_timer_start(&w->u.timer, on_timer, first_ms, every_ms);
	return err ? watch_fail(w, true, err) : w;
}

static void on_signal(uv_signal_t *h, int signo)
{
	struct loop_watch *w = h->data;

	(void)signo;
	w->fn(w->arg);
}

struct loop_watch *loop__signal(struct loop *l, int signo, loop_fn fn, void *arg)
{
	struct loop_watch *w = watch_new(arg);
	int err;

	if (!w)
		return NULL;
	w->fn = fn;
	err = uv_signal_init(&l->uv, &w->u.signal);
	if (err)
		return watch_fail(w, false, err);
	w->u.handle.data = w;
	err = uv_signal_start(&w->u.signal, on_signal, signo);
	return err ? watch_fail(w, true, err) : w;
}

struct loop_watch *loop__unwatch(struct loop_watch *w)
{
	if (w)
		uv_close(&w->u.handle, freed);
	return NULL;
}
