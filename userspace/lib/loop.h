/* SPDX-License-Identifier: Apache-2.0 */
/* The event loop of a program (libuv lives behind it). Callbacks run one at a time, on the thread
 * that runs the loop. */
#ifndef AEO_LOOP_H
#define AEO_LOOP_H

#include "base.h"

struct loop;
struct loop_watch;

#define LOOP_READ 1
#define LOOP_WRITE 2
#define LOOP_PRIORITY 4 /* exceptional condition: a pressure trigger */

typedef void (*loop_fn)(void *arg);
typedef void (*loop_fd_fn)(void *arg, int events);

struct loop *loop__new(void);
/* Close all watches and free. Accepts NULL, returns NULL. */
struct loop *loop__free(struct loop *l);
/* Run until loop__stop. 0 or negative errno. */
int loop__run(struct loop *l);
void loop__stop(struct loop *l);
/* Call fn when fd is ready for any of `events` (LOOP_*); an error on it is told as LOOP_READ. The
 * descriptor stays the caller's, becomes non-blocking, and must outlive the watch. NULL with
 * errno. */
struct loop_watch *loop__fd(struct loop *l, int fd, int events, loop_fd_fn fn, void *arg);
/* Change the events of a descriptor's watch; 0: none until changed again. 0 or negative errno. */
int loop__fd_events(struct loop_watch *w, int events);
/* Call fn first after `first_ms` and then every `every_ms` (0: once). NULL with errno. */
struct loop_watch *loop__timer(struct loop *l, uint64_t first_ms, uint64_t every_ms, loop_fn fn,
			       void *arg);
/* Call fn on a signal, also one inherited as ignored. NULL with errno. */
struct loop_watch *loop__signal(struct loop *l, int signo, loop_fn fn, void *arg);
/* Stop watching, also from inside its own callback. The watch is freed by the loop; the pointer is
 * dead. Accepts NULL, returns NULL. */
struct loop_watch *loop__unwatch(struct loop_watch *w);

#endif
