/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tcp count N    in a network of its own: N connections over IPv4 and one over IPv6, each 1000 bytes there and 300 back; N connects that
 *                are refused; N connections that the client resets
 * tcp hold BYTES a connection that carries BYTES and stays open until standard input ends, then carries 50 more
 */
#include "netns.h"

#define THERE 1000
#define BACK 300

static int listener(const struct sockaddr *addr, socklen_t len, struct sockaddr *ret_at)
{
	int s = socket(addr->sa_family, SOCK_STREAM, 0);

	must(s >= 0 && !bind(s, addr, len) && !listen(s, 16), "listen");
	must(!getsockname(s, ret_at, &len), "getsockname");
	return s;
}

static void carry(int from, int to, size_t n)
{
	char b[4096] = "";

	while (n) {
		size_t some = n < sizeof(b) ? n : sizeof(b);

		must(send(from, b, some, 0) == (ssize_t)some, "send");
		must(recv(to, b, some, MSG_WAITALL) == (ssize_t)some, "recv");
		n -= some;
	}
}

static void pair(int listens, const struct sockaddr *at, socklen_t len, int *ret_client,
		 int *ret_server)
{
	*ret_client = socket(at->sa_family, SOCK_STREAM, 0);
	must(*ret_client >= 0 && !connect(*ret_client, at, len), "connect");
	*ret_server = accept(listens, NULL, NULL);
	must(*ret_server >= 0, "accept");
}

/* The client closes first, and the server when it has seen that. */
static void talk(int listens, const struct sockaddr *at, socklen_t len)
{
	int client, server;
	char b;

	pair(listens, at, len, &client, &server);
	carry(client, server, THERE);
	carry(server, client, BACK);
	(void)close(client);
	must(!recv(server, &b, 1, 0), "end of the connection");
	(void)close(server);
}

static void refused(unsigned short port)
{
	struct sockaddr_in at = loopback(port);
	int s = socket(AF_INET, SOCK_STREAM, 0);

	must(s >= 0 && connect(s, (struct sockaddr *)&at, sizeof(at)) && errno == ECONNREFUSED,
	     "a refused connect");
	(void)close(s);
}

static void reset(int listens, const struct sockaddr *at, socklen_t len)
{
	struct linger now = {1, 0};
	int client, server;
	char b;

	pair(listens, at, len, &client, &server);
	must(!setsockopt(client, SOL_SOCKET, SO_LINGER, &now, sizeof(now)), "linger");
	(void)close(client);
	must(recv(server, &b, 1, 0) < 0 && errno == ECONNRESET, "a reset");
	(void)close(server);
}

static void count(unsigned long n)
{
	struct sockaddr_in at = loopback(0);
	struct sockaddr_in6 at6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	int l = listener((struct sockaddr *)&at, sizeof(at), (struct sockaddr *)&at);
	int l6 = listener((struct sockaddr *)&at6, sizeof(at6), (struct sockaddr *)&at6);

	for (unsigned long i = 0; i < n; i++)
		talk(l, (struct sockaddr *)&at, sizeof(at));
	talk(l6, (struct sockaddr *)&at6, sizeof(at6));
	for (unsigned long i = 0; i < n; i++)
		refused(1);
	for (unsigned long i = 0; i < n; i++)
		reset(l, (struct sockaddr *)&at, sizeof(at));
	printf("{\"pid\":%d,\"port\":\"%u\",\"port6\":\"%u\",\"orderly\":%lu,\"opened\":%lu,\"refused\":%lu,\"reset\":%lu,\"bytes\":%lu,"
	       "\"active\":%lu,\"passive\":%lu,\"fails\":%lu,\"outrsts\":%lu}\n",
	       getpid(), ntohs(at.sin_port), ntohs(at6.sin6_port), n, 2 * n + 1, n, n,
	       (n + 1) * (THERE + BACK), snmp("Tcp", "ActiveOpens"), snmp("Tcp", "PassiveOpens"),
	       snmp("Tcp", "AttemptFails"), snmp("Tcp", "OutRsts"));
}

static void hold(unsigned long bytes)
{
	struct sockaddr_in at = loopback(0);
	int l = listener((struct sockaddr *)&at, sizeof(at), (struct sockaddr *)&at), client,
	    server;
	char b;

	pair(l, (struct sockaddr *)&at, sizeof(at), &client, &server);
	carry(client, server, bytes);
	printf("{\"pid\":%d,\"bytes\":%lu}\n", getpid(), bytes);
	(void)fflush(stdout);
	while (read(0, &b, 1) > 0)
		;
	carry(client, server, 50);
}

int main(int argc, char **argv)
{
	unsigned long n = number(argc > 2 ? argv[2] : NULL, 10);

	enter_netns();
	if (argc > 1 && !strcmp(argv[1], "hold"))
		hold(n);
	else
		count(n);
	return 0;
}
