/* SPDX-License-Identifier: Apache-2.0 */
#include "door.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#define BACKLOG 128

static int parse_port(const char *s, uint16_t *ret)
{
	unsigned long v = 0;

	if (!*s || strlen(s) > 5)
		return -EINVAL;
	for (; *s; s++) {
		if (*s < '0' || *s > '9')
			return -EINVAL;
		v = v * 10 + (unsigned long)(*s - '0');
	}
	if (v > 65535)
		return -EINVAL;
	*ret = htons((uint16_t)v);
	return 0;
}

static bool is_loopback6(const struct in6_addr *a)
{
	return IN6_IS_ADDR_LOOPBACK(a) || (IN6_IS_ADDR_V4MAPPED(a) && a->s6_addr[12] == 127);
}

static int set_address(struct door *d, const char *host, bool brackets, uint16_t port)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)&d->address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&d->address;

	if (!brackets && *host && inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = port;
		d->len = sizeof(*v4);
		d->loopback = ntohl(v4->sin_addr.s_addr) >> 24 == 127;
		return 0;
	}
	if (*host ? brackets && inet_pton(AF_INET6, host, &v6->sin6_addr) == 1 : !brackets) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = port;
		d->len = sizeof(*v6);
		d->loopback = is_loopback6(&v6->sin6_addr);
		return 0;
	}
	return -EINVAL;
}

int door__parse(const char *text, struct door *ret)
{
	struct door d = {.len = 0};
	const char *colon = strrchr(text, ':');
	bool brackets = *text == '[';
	char host[64];
	uint16_t port;
	size_t n;
	int err;

	if (!colon || parse_port(colon + 1, &port))
		return -EINVAL;
	n = (size_t)(colon - text);
	if (brackets) {
		if (n < 3 || colon[-1] != ']')
			return -EINVAL;
		text++;
		n -= 2;
	}
	if (n >= sizeof(host))
		return -EINVAL;
	memcpy(host, text, n);
	host[n] = '\0';
	err = set_address(&d, host, brackets, port);
	if (!err)
		*ret = d;
	return err;
}

int door__open(const struct door *d)
{
	cleanup_fd int fd =
		socket(d->address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1, off = 0;

	if (fd < 0)
		return -errno;
	/* a restart finds its port again while old connections still end */
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)))
		return -errno;
	/* ":PORT" is both families */
	if (d->address.any.sa_family == AF_INET6 &&
	    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)))
		return -errno;
	if (bind(fd, &d->address.any, d->len) || listen(fd, BACKLOG))
		return -errno;
	return take_fd(&fd);
}

unsigned int door__port(int fd)
{
	struct door d = {.len = sizeof(d.address)};

	if (getsockname(fd, &d.address.any, &d.len))
		return 0;
	return ntohs(d.address.any.sa_family == AF_INET ?
			     ((struct sockaddr_in *)&d.address)->sin_port :
			     ((struct sockaddr_in6 *)&d.address)->sin6_port);
}
