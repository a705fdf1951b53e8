/* SPDX-License-Identifier: Apache-2.0 */
#include "wire.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "clock.h"

void wire__put(struct buf *b, enum wire_kind kind, const void *payload, size_t n)
{
	unsigned char head[WIRE_HEAD] = {(unsigned char)n,
					 (unsigned char)(n >> 8),
					 (unsigned char)(n >> 16),
					 (unsigned char)(n >> 24),
					 (unsigned char)kind,
					 (unsigned char)(kind >> 8),
					 0,
					 0};

	if (n > WIRE_MAX)
		b->failed = true; /* every reader would refuse it */
	/* whole or not at all: a head without its payload would take the next frame for it */
	if (buf__reserve(b, sizeof(head) + n))
		return;
	buf__add(b, head, sizeof(head));
	buf__add(b, payload, n);
}

ssize_t wire__get(const char *data, size_t n, size_t most, enum wire_kind *ret_kind,
		  const char **ret_payload, size_t *ret_len)
{
	const unsigned char *h = (const unsigned char *)data;
	size_t len;

	if (n < WIRE_HEAD)
		return 0;
	len = h[0] | (size_t)h[1] << 8 | (size_t)h[2] << 16 | (size_t)h[3] << 24;
	if (h[6] || h[7])
		return -EPROTO;
	if (len > most)
		return -EMSGSIZE;
	if (n < WIRE_HEAD + len)
		return 0;
	*ret_kind = (enum wire_kind)(h[4] | h[5] << 8);
	*ret_payload = data + WIRE_HEAD;
	*ret_len = len;
	return (ssize_t)(WIRE_HEAD + len);
}

int wire__send(int fd, enum wire_kind kind, const void *payload, size_t n)
{
	cleanup_buf struct buf b = BUF_INIT;

	wire__put(&b, kind, payload, n);
	if (b.failed)
		return -ENOMEM;
	for (size_t done = 0; done < b.len;) {
		ssize_t w = send(fd, b.data + done, b.len - done, MSG_NOSIGNAL);

		if (w < 0 && errno != EINTR)
			return -errno;
		done += w > 0 ? (size_t)w : 0;
	}
	return 0;
}

/* Read exactly n bytes before the deadline (boot ns; 0: none). */
static int read_all(int fd, void *to, size_t n, uint64_t deadline)
{
	for (size_t done = 0; done < n;) {
		uint64_t now = clock__boot();
		struct pollfd p = {fd, POLLIN, 0};
		int ms =
			deadline ?
				(int)((deadline - MIN(now, deadline) + NS_PER_MS - 1) / NS_PER_MS) :
				-1;
		int ready = poll(&p, 1, ms);
		ssize_t r;

		if (ready < 0 && errno != EINTR)
			return -errno;
		if (!ready)
			return -ETIMEDOUT;
		if (ready < 0)
			continue;
		r = read(fd, (char *)to + done, n - done);
		if (!r)
			return -ECONNRESET;
		if (r < 0 && errno != EINTR && errno != EAGAIN)
			return -errno;
		done += r > 0 ? (size_t)r : 0;
	}
	return 0;
}

int wire__recv(int fd, struct buf *b, int timeout_ms, enum wire_kind *ret_kind)
{
	uint64_t deadline = timeout_ms < 0 ? 0 : clock__boot() + (uint64_t)timeout_ms * NS_PER_MS;
	char head[WIRE_HEAD];
	enum wire_kind kind;
	const char *payload;
	size_t len;
	ssize_t took;
	int err = read_all(fd, head, sizeof(head), deadline);

	if (err)
		return err;
	buf__clear(b);
	took = wire__get(head, sizeof(head), WIRE_MAX, &kind, &payload, &len);
	if (took < 0)
		return (int)took;
	len = (unsigned char)head[0] | (size_t)(unsigned char)head[1] << 8 |
	      (size_t)(unsigned char)head[2] << 16 | (size_t)(unsigned char)head[3] << 24;
	kind = (enum wire_kind)((unsigned char)head[4] | (unsigned char)head[5] << 8);
	err = buf__reserve(b, len);
	if (!err)
		err = read_all(fd, b->data, len, deadline);
	if (err)
		return err;
	b->len = len;
	b->data[len] = '\0';
	*ret_kind = kind;
	return 0;
}

int wire__connect(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	cleanup_fd int fd = -1;
	size_t n = strlen(path);

	if (n >= sizeof(a.sun_path))
		return -ENAMETOOLONG;
	memcpy(a.sun_path, path, n + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)))
		return -errno;
	return take_fd(&fd);
}
