/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon's socket with real clients, on one thread: the loop runs a little, then the clients
 * look. */
#include "testing.h"

#include <fcntl.h>
#include <grp.h>
#include <malloc.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "clock.h"
#include "server.h"

struct rig {
	char folder[32], path[64];
	struct loop *loop;
	struct server *server;
	struct client *last;
	int requests, gone;
	size_t answer; /* bytes of payload */
};

static void on_request(void *arg, struct client *c, enum wire_kind kind, const char *payload,
		       size_t n)
{
	struct rig *r = arg;
	cleanup_buf struct buf b = BUF_INIT;

	r->requests++;
	r->last = c;
	if (kind == WIRE_SUBSCRIBE)
		return;
	buf__add(&b, payload, n);
	while (b.len < r->answer)
		buf__char(&b, 'x');
	assert_int_equal(client__send(c, WIRE_OK, b.data, b.len), 0);
}

static void on_gone(void *arg, struct client *c)
{
	struct rig *r = arg;

	r->gone++;
	if (r->last == c)
		r->last = NULL;
}

static int set_up(void **state)
{
	struct rig *r = calloc(1, sizeof(*r));

	(void)snprintf(r->folder, sizeof(r->folder), "/tmp/aeo-unit-XXXXXX");
	assert_non_null(mkdtemp(r->folder));
	(void)snprintf(r->path, sizeof(r->path), "%s/sock", r->folder);
	r->loop = loop__new();
	r->server = server__new(r->loop, r->path, (gid_t)-1, (uid_t)-1, on_request, on_gone, r);
	assert_non_null(r->server);
	*state = r;
	return 0;
}

static int tear_down(void **state)
{
	struct rig *r = *state;

	assert_null(server__free(r->server));
	assert_int_equal(access(r->path, F_OK), -1);
	loop__free(r->loop);
	(void)rmdir(r->folder);
	free(r);
	return 0;
}

static void stop(void *arg)
{
	loop__stop(arg);
}

static void spin(struct rig *r, uint64_t ms)
{
	struct loop_watch *w = loop__timer(r->loop, ms, 0, stop, r->loop);

	assert_int_equal(loop__run(r->loop), 0);
	loop__unwatch(w);
}

static void answers_each_request(void **state)
{
	struct rig *r = *state;
	cleanup_buf struct buf b = BUF_INIT;
	cleanup_fd int fd = wire__connect(r->path);
	enum wire_kind kind;

	assert_true(fd >= 0);
	assert_int_equal(wire__send(fd, WIRE_STATUS, "one", 3), 0);
	assert_int_equal(wire__send(fd, WIRE_STATUS, "two", 3), 0);
	spin(r, 20);
	assert_int_equal(r->requests, 2);
	assert_int_equal(client__uid(r->last), getuid());
	assert_int_equal(client__pid(r->last), getpid());
	assert_null(*client__tag(r->last));
	assert_ptr_equal(server__next(r->server, NULL), r->last);
	assert_null(server__next(r->server, r->last));
	assert_int_equal(wire__recv(fd, &b, 1000, &kind), 0);
	assert_buf(&b, "one");
	assert_int_equal(wire__recv(fd, &b, 1000, &kind), 0);
	assert_buf(&b, "two");
	close(take_fd(&fd));
	spin(r, 20);
	assert_int_equal(r->gone, 1);
	assert_null(server__next(r->server, NULL));
}

static void socket_is_closed_to_others(void **state)
{
	struct rig *r = *state;
	struct stat st;

	assert_int_equal(stat(r->path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

static void throws_out_who_breaks_the_rules(void **state)
{
	struct rig *r = *state;
	cleanup_fd int large = wire__connect(r->path), wrong = wire__connect(r->path);
	char c;

	assert_int_equal(write(large, "\1\0\1\0\1\0\0\0", 8), 8); /* 65537 bytes */
	assert_int_equal(write(wrong, "\0\0\0\0\1\0\1\0", 8), 8);
	spin(r, 20);
	assert_int_equal(r->gone, 2);
	assert_int_equal(r->requests, 0);
	assert_int_equal(read(large, &c, 1), 0);
	assert_int_equal(read(wrong, &c, 1), 0);
}

static void frames_may_come_in_pieces(void **state)
{
	struct rig *r = *state;
	cleanup_buf struct buf frame = BUF_INIT, b = BUF_INIT;
	cleanup_fd int fd = wire__connect(r->path);
	enum wire_kind kind;

	wire__put(&frame, WIRE_STATUS, "abc", 3);
	for (size_t i = 0; i < frame.len; i++) {
		assert_int_equal(r->requests, 0);
		assert_int_equal(write(fd, frame.data + i, 1), 1);
		spin(r, 2);
	}
	assert_int_equal(wire__recv(fd, &b, 1000, &kind), 0);
	assert_buf(&b, "abc");
}

/* CPU that this thread spends while the loop waits. */
static uint64_t cost_of_waiting(struct rig *r, uint64_t ms)
{
	uint64_t begin = clock__ns(CLOCK_THREAD_CPUTIME_ID);

	spin(r, ms);
	return clock__ns(CLOCK_THREAD_CPUTIME_ID) - begin;
}

static void further_clients_wait_and_cost_nothing(void **state)
{
	struct rig *r = *state;
	cleanup_buf struct buf b = BUF_INIT;
	int fd[SERVER_CLIENTS + 1];
	enum wire_kind kind;

	for (int i = 0; i <= SERVER_CLIENTS; i++) {
		fd[i] = wire__connect(r->path);
		assert_true(fd[i] >= 0);
		assert_int_equal(wire__send(fd[i], WIRE_STATUS, "a", 1), 0);
		spin(r, 2);
	}
	assert_int_equal(r->requests, SERVER_CLIENTS);
	assert_true(cost_of_waiting(r, 200) < 50 * NS_PER_MS);
	close(fd[0]);
	spin(r, 30);
	assert_int_equal(r->requests, SERVER_CLIENTS + 1);
	assert_int_equal(wire__recv(fd[SERVER_CLIENTS], &b, 1000, &kind), 0);
	for (int i = 1; i <= SERVER_CLIENTS; i++)
		close(fd[i]);
	spin(r, 30);
	assert_int_equal(r->gone, SERVER_CLIENTS + 1);
}

static void counts_what_does_not_fit(void **state)
{
	struct rig *r = *state;
	cleanup_fd int fd = wire__connect(r->path);
	static char frame[65536];
	int sent = 0, err = 0;

	assert_int_equal(wire__send(fd, WIRE_SUBSCRIBE, NULL, 0), 0);
	spin(r, 20);
	while (!(err = client__send(r->last, WIRE_OK, frame, sizeof(frame))))
		assert_true(++sent <= 64);
	assert_int_equal(err, -ENOBUFS);
	assert_true(sent >= 60);
	/* still served */
	spin(r, 20);
	assert_int_equal(r->gone, 0);
}

/* A client that is always behind, never by much: 60 MiB pass, and the queue's memory stays. */
static void a_late_client_does_not_grow_the_queue(void **state)
{
	struct rig *r = *state;
	cleanup_fd int fd = wire__connect(r->path);
	static char frame[1 << 20], text[1 << 16];
	struct mallinfo2 before, after;
	size_t got = 0;

	assert_int_equal(wire__send(fd, WIRE_SUBSCRIBE, NULL, 0), 0);
	spin(r, 20);
	for (int i = 0; i < 2; i++)
		assert_int_equal(client__send(r->last, WIRE_OK, frame, sizeof(frame)), 0);
	before = mallinfo2();
	for (size_t i = 1; i <= 60; i++) {
		assert_int_equal(client__send(r->last, WIRE_OK, frame, sizeof(frame)), 0);
		while (got < i * sizeof(frame)) {
			ssize_t n = recv(fd, text, sizeof(text), MSG_DONTWAIT);

			got += n > 0 ? (size_t)n : 0;
			if (n < 0)
				spin(r, 1);
		}
	}
	after = mallinfo2();
	assert_true(after.hblkhd + after.uordblks < before.hblkhd + before.uordblks + (16u << 20));
	assert_int_equal(r->gone, 0);
}

static void a_client_that_left_is_no_harm(void **state)
{
	struct rig *r = *state;
	int fd = wire__connect(r->path);
	static char frame[1 << 20];

	assert_int_equal(wire__send(fd, WIRE_SUBSCRIBE, NULL, 0), 0);
	spin(r, 20);
	close(fd);
	/* the owner has not heard of it yet */
	assert_int_equal(client__send(r->last, WIRE_OK, frame, sizeof(frame)), 0);
	spin(r, 20);
	assert_int_equal(r->gone, 1);
}

static void replaces_an_old_socket_and_refuses_long_paths(void **state)
{
	struct rig *r = *state;
	char longest[200], path[64];
	struct server *s;
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	cleanup_fd int old = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), fd = -1;

	(void)snprintf(path, sizeof(path), "%s/old", r->folder);
	memcpy(a.sun_path, path, strlen(path) + 1);
	assert_int_equal(bind(old, (struct sockaddr *)&a, sizeof(a)), 0);
	s = server__new(r->loop, path, (gid_t)-1, (uid_t)-1, on_request, on_gone, r);
	assert_non_null(s);
	fd = wire__connect(path);
	assert_true(fd >= 0);
	server__free(s);
	memset(longest, 'x', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	assert_null(server__new(r->loop, longest, (gid_t)-1, (uid_t)-1, on_request, on_gone, r));
	assert_int_equal(errno, ENAMETOOLONG);
	assert_null(server__free(NULL));
}

/* A member by a supplementary group, as `usermod -aG` makes them, is served; one who can reach the
 * socket without it is not. */
static void serves_members_of_the_group(void **state)
{
	struct rig *r = *state;
	char path[64];
	struct server *s;

	if (geteuid())
		skip();
	(void)snprintf(path, sizeof(path), "%s/group", r->folder);
	assert_int_equal(chmod(r->folder, 0755), 0);
	s = server__new(r->loop, path, 4242, (uid_t)-1, on_request, on_gone, r);
	assert_non_null(s);
	assert_int_equal(chmod(path, 0666), 0); /* so that the check of the peer is what decides */
	for (int member = 0; member < 2; member++) {
		int before = r->requests, status;
		pid_t pid = fork();

		if (!pid) {
			gid_t group = member ? 4242 : 4243;
			int fd = setgroups(1, &group) || setgid(1234) || setuid(1234) ?
					 -1 :
					 wire__connect(path);

			_exit(fd < 0 || wire__send(fd, WIRE_STATUS, NULL, 0));
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		spin(r, 20);
		assert_int_equal(r->requests - before, member);
	}
	server__free(s);
}

/* With no descriptor left a further client is turned away, and the loop sleeps. */
static void turns_away_without_descriptors(void **state)
{
	struct rig *r = *state;
	struct rlimit all, few;
	cleanup_fd int fd = -1, next = -1;
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	uint64_t cpu;
	char c;

	spin(r, 1);
	memcpy(a.sun_path, r->path, sizeof(r->path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	next = dup(fd);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &all), 0);
	few = (struct rlimit){(rlim_t)next, all.rlim_max};
	close(next);
	next = -1;
	few.rlim_cur = (rlim_t)MIN(few.rlim_cur, all.rlim_cur);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	cpu = clock__ns(CLOCK_PROCESS_CPUTIME_ID);
	spin(r, 100);
	cpu = clock__ns(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &all), 0);
	assert_int_equal(recv(fd, &c, 1, MSG_DONTWAIT), 0);
	assert_true(cpu < 30 * NS_PER_MS);
	assert_int_equal(r->requests, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(answers_each_request),
		TEST(socket_is_closed_to_others),
		TEST(throws_out_who_breaks_the_rules),
		TEST(frames_may_come_in_pieces),
		TEST(further_clients_wait_and_cost_nothing),
		TEST(counts_what_does_not_fit),
		TEST(a_late_client_does_not_grow_the_queue),
		TEST(a_client_that_left_is_no_harm),
		TEST(serves_members_of_the_group),
		TEST(turns_away_without_descriptors),
		TEST(replaces_an_old_socket_and_refuses_long_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
