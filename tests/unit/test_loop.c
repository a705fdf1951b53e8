/* SPDX-License-Identifier: Apache-2.0 */
#include "testing.h"

#include <signal.h>
#include <sys/socket.h>

#include "clock.h"
#include "loop.h"

struct seen {
	struct loop *loop;
	struct loop_watch *watch;
	int fd, calls, events;
};

static void count_to_three(void *arg)
{
	struct seen *s = arg;

	if (++s->calls == 3)
		loop__stop(s->loop);
}

static void timers_repeat(void **state)
{
	struct seen s = {.loop = loop__new()};
	uint64_t begin = clock__boot();

	(void)state;
	assert_non_null(loop__timer(s.loop, 20, 10, count_to_three, &s));
	assert_int_equal(loop__run(s.loop), 0);
	assert_int_equal(s.calls, 3);
	assert_true(clock__boot() - begin >= 38 * NS_PER_MS);
	assert_null(loop__free(s.loop));
	assert_null(loop__free(NULL));
}

static void timer_counts_from_now(void **state)
{
	struct seen s = {.loop = loop__new(), .calls = 2};
	struct timespec nap = {0, 60 * (long)NS_PER_MS};
	uint64_t begin;

	(void)state;
	/* the loop's own idea of now is from before the nap */
	(void)nanosleep(&nap, NULL);
	begin = clock__boot();
	assert_non_null(loop__timer(s.loop, 40, 0, count_to_three, &s));
	assert_int_equal(loop__run(s.loop), 0);
	assert_true(clock__boot() - begin >= 38 * NS_PER_MS);
	loop__free(s.loop);
}

static void read_one(void *arg, int events)
{
	struct seen *s = arg;
	char c;

	s->calls++;
	s->events |= events;
	if (events & LOOP_READ && read(s->fd, &c, 1) == 1 && c == '.') {
		s->watch = loop__unwatch(s->watch);
		loop__stop(s->loop);
	}
}

static void descriptors_wake(void **state)
{
	struct seen s = {.loop = loop__new()};
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	s.fd = pair[0];
	s.watch = loop__fd(s.loop, pair[0], LOOP_READ, read_one, &s);
	assert_non_null(s.watch);
	assert_int_equal(write(pair[1], "ab.", 3), 3);
	assert_int_equal(loop__run(s.loop), 0);
	assert_int_equal(s.calls, 3);
	assert_int_equal(s.events, LOOP_READ);
	loop__free(s.loop);
	/* the descriptor stayed ours */
	assert_int_equal(write(pair[0], "x", 1), 1);
	close(pair[0]);
	close(pair[1]);
}

static void write_then_read(void *arg, int events)
{
	struct seen *s = arg;

	s->events |= events;
	if (s->calls++ == 0)
		assert_int_equal(loop__fd_events(s->watch, LOOP_READ), 0);
	else
		loop__stop(s->loop);
}

static void events_can_change(void **state)
{
	struct seen s = {.loop = loop__new()};
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(write(pair[1], "a", 1), 1);
	s.watch = loop__fd(s.loop, pair[0], LOOP_WRITE, write_then_read, &s);
	assert_int_equal(loop__run(s.loop), 0);
	assert_int_equal(s.events, LOOP_WRITE | LOOP_READ);
	loop__free(s.loop);
	close(pair[0]);
	close(pair[1]);
}

static void refuses_a_bad_descriptor(void **state)
{
	struct loop *l = loop__new();

	(void)state;
	errno = 0;
	assert_null(loop__fd(l, 9999, LOOP_READ, read_one, NULL));
	assert_int_equal(errno, EBADF);
	assert_null(loop__signal(l, 0, count_to_three, NULL));
	assert_int_equal(errno, EINVAL);
	loop__free(l);
}

static void signals_arrive_though_inherited_as_ignored(void **state)
{
	struct seen s = {.loop = loop__new(), .calls = 2};

	(void)state;
	(void)signal(SIGUSR1, SIG_IGN);
	assert_non_null(loop__signal(s.loop, SIGUSR1, count_to_three, &s));
	assert_int_equal(raise(SIGUSR1), 0);
	assert_int_equal(loop__run(s.loop), 0);
	assert_int_equal(s.calls, 3);
	loop__free(s.loop);
	(void)signal(SIGUSR1, SIG_DFL);
}

/* Sanitizers see what this leaks when the watches are not closed. */
static void free_closes_all_even_after_stop(void **state)
{
	struct seen s = {.loop = loop__new()};

	(void)state;
	assert_non_null(loop__timer(s.loop, 1000000, 0, count_to_three, &s));
	assert_non_null(loop__signal(s.loop, SIGUSR2, count_to_three, &s));
	loop__stop(s.loop);
	assert_null(loop__free(s.loop));
	assert_int_equal(s.calls, 0);
	assert_null(loop__unwatch(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(timers_repeat),
		cmocka_unit_test(timer_counts_from_now),
		cmocka_unit_test(descriptors_wake),
		cmocka_unit_test(events_can_change),
		cmocka_unit_test(refuses_a_bad_descriptor),
		cmocka_unit_test(signals_arrive_though_inherited_as_ignored),
		cmocka_unit_test(free_closes_all_even_after_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
