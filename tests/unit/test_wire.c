/* SPDX-License-Identifier: Apache-2.0 */
#include "testing.h"

#include <sys/socket.h>
#include <sys/un.h>

#include "clock.h"
#include "wire.h"

static void frames_follow_one_another(void **state)
{
	cleanup_buf struct buf b = BUF_INIT;
	enum wire_kind kind;
	const char *payload;
	size_t len;
	ssize_t took;

	(void)state;
	wire__put(&b, WIRE_OK, "first", 5);
	wire__put(&b, WIRE_END, NULL, 0);
	assert_int_equal(b.len, 2 * WIRE_HEAD + 5);
	assert_memory_equal(b.data, "\5\0\0\0\1\0\0\0first", WIRE_HEAD + 5);
	for (size_t n = 0; n < WIRE_HEAD + 5; n++)
		assert_int_equal(wire__get(b.data, n, 100, &kind, &payload, &len), 0);
	took = wire__get(b.data, b.len, 100, &kind, &payload, &len);
	assert_int_equal(took, WIRE_HEAD + 5);
	assert_int_equal(kind, WIRE_OK);
	assert_int_equal(len, 5);
	assert_ptr_equal(payload, b.data + WIRE_HEAD);
	took = wire__get(b.data + took, b.len - (size_t)took, 100, &kind, &payload, &len);
	assert_int_equal(took, WIRE_HEAD);
	assert_int_equal(kind, WIRE_END);
	assert_int_equal(len, 0);
}

static void refuses_before_the_payload_comes(void **state)
{
	enum wire_kind kind = WIRE_OK;
	const char *payload = "untouched";
	size_t len = 77;

	(void)state;
	assert_int_equal(wire__get("\x65\0\0\0\1\0\0\0", 8, 100, &kind, &payload, &len), -EMSGSIZE);
	assert_int_equal(wire__get("\xff\xff\xff\xff\1\0\0\0", 8, WIRE_MAX, &kind, &payload, &len),
			 -EMSGSIZE);
	assert_int_equal(wire__get("\0\0\0\0\1\0\1\0", 8, 100, &kind, &payload, &len), -EPROTO);
	assert_int_equal(wire__get("\0\0\0\0\1\0\0\1", 8, 100, &kind, &payload, &len), -EPROTO);
	assert_int_equal(len, 77);
	assert_string_equal(payload, "untouched");
}

static void never_puts_what_readers_refuse(void **state)
{
	cleanup_buf struct buf b = BUF_INIT;

	(void)state;
	wire__put(&b, WIRE_OK, "", (size_t)WIRE_MAX + 1);
	assert_true(b.failed);
	assert_int_equal(b.len, 0);
}

static void sends_and_receives(void **state)
{
	cleanup_buf struct buf b = BUF_INIT;
	enum wire_kind kind;
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(wire__send(pair[0], WIRE_STATUS, "{}", 2), 0);
	assert_int_equal(wire__send(pair[0], WIRE_END, NULL, 0), 0);
	buf__str(&b, "what was there before");
	assert_int_equal(wire__recv(pair[1], &b, 1000, &kind), 0);
	assert_int_equal(kind, WIRE_STATUS);
	assert_buf(&b, "{}");
	assert_int_equal(wire__recv(pair[1], &b, -1, &kind), 0);
	assert_int_equal(kind, WIRE_END);
	assert_int_equal(b.len, 0);
	close(pair[0]);
	assert_int_equal(wire__recv(pair[1], &b, 1000, &kind), -ECONNRESET);
	/* a peer that is gone is an error, not a signal */
	assert_int_equal(wire__send(pair[1], WIRE_OK, "x", 1), -EPIPE);
	close(pair[1]);
}

static void gives_up_on_a_slow_peer(void **state)
{
	cleanup_buf struct buf b = BUF_INIT;
	enum wire_kind kind = WIRE_READY;
	uint64_t begin = clock__boot();
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	/* the head and half of what it promises */
	assert_int_equal(write(pair[0], "\4\0\0\0\1\0\0\0ab", 10), 10);
	assert_int_equal(wire__recv(pair[1], &b, 50, &kind), -ETIMEDOUT);
	assert_in_range(clock__boot() - begin, 50 * NS_PER_MS, 5 * NS_PER_S);
	assert_int_equal(kind, WIRE_READY);
	close(pair[0]);
	close(pair[1]);
}

static void refuses_a_huge_frame(void **state)
{
	cleanup_buf struct buf b = BUF_INIT;
	enum wire_kind kind;
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(write(pair[0], "\377\377\377\377\1\0\0\0", 8), 8);
	assert_int_equal(wire__recv(pair[1], &b, 1000, &kind), -EMSGSIZE);
	assert_int_equal(write(pair[0], "\0\0\0\0\1\0\1\0", 8), 8);
	assert_int_equal(wire__recv(pair[1], &b, 1000, &kind), -EPROTO);
	close(pair[0]);
	close(pair[1]);
}

static void connects_by_path(void **state)
{
	char folder[] = "/tmp/aeo-unit-XXXXXX", path[64], longest[200];
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	cleanup_fd int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), client = -1;

	(void)state;
	assert_non_null(mkdtemp(folder));
	(void)snprintf(path, sizeof(path), "%s/sock", folder);
	assert_int_equal(wire__connect(path), -ENOENT);
	memcpy(a.sun_path, path, strlen(path) + 1);
	assert_int_equal(bind(server, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(wire__connect(path), -ECONNREFUSED);
	assert_int_equal(listen(server, 1), 0);
	client = wire__connect(path);
	assert_true(client >= 0);
	memset(longest, 'x', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(wire__connect(longest), -ENAMETOOLONG);
	(void)unlink(path);
	(void)rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_follow_one_another),
		cmocka_unit_test(refuses_before_the_payload_comes),
		cmocka_unit_test(never_puts_what_readers_refuse),
		cmocka_unit_test(sends_and_receives),
		cmocka_unit_test(gives_up_on_a_slow_peer),
		cmocka_unit_test(refuses_a_huge_frame),
		cmocka_unit_test(connects_by_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
