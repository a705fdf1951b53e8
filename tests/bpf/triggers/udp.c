/* SPDX-License-Identifier: Apache-2.0 */
/* udp CLOSED DELIVERED: in a network of its own, datagrams to a port where nobody is, and others to a socket that reads them. */
#include "netns.h"

int main(int argc, char **argv)
{
	unsigned long nobody = number(argc > 1 ? argv[1] : NULL, 100),
		      delivered = number(argc > 2 ? argv[2] : NULL, 100);
	struct sockaddr_in at = loopback(0), closed = loopback(9);
	socklen_t len = sizeof(at);
	char b[64] = "";
	int to, from;

	enter_netns();
	to = socket(AF_INET, SOCK_DGRAM, 0);
	from = socket(AF_INET, SOCK_DGRAM, 0);
	must(to >= 0 && from >= 0 && !bind(to, (struct sockaddr *)&at, len) &&
		     !getsockname(to, (struct sockaddr *)&at, &len),
	     "sockets");
	for (unsigned long i = 0; i < delivered; i++) {
		must(sendto(from, b, sizeof(b), 0, (struct sockaddr *)&at, len) == sizeof(b),
		     "sendto");
		must(recv(to, b, sizeof(b), 0) == sizeof(b), "recv");
	}
	for (unsigned long i = 0; i < nobody; i++)
		must(sendto(from, b, sizeof(b), 0, (struct sockaddr *)&closed, sizeof(closed)) ==
			     sizeof(b),
		     "sendto nobody");
	printf("{\"pid\":%d,\"nobody\":%lu,\"delivered\":%lu,\"no_ports\":%lu,\"in_datagrams\":%lu}\n",
	       getpid(), nobody, delivered, snmp("Udp", "NoPorts"), snmp("Udp", "InDatagrams"));
	return 0;
}
