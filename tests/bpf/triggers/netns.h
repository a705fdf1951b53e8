/* SPDX-License-Identifier: Apache-2.0 */
/* A network of one's own for triggers: nothing but a loopback device, and the kernel's own counters of what went on in it. */
#ifndef AEO_NETNS_H
#define AEO_NETNS_H

#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "trigger.h"

static inline void enter_netns(void)
{
	struct ifreq lo = {.ifr_name = "lo"};
	int s;

	must(!unshare(CLONE_NEWNET), "unshare");
	s = socket(AF_INET, SOCK_DGRAM, 0);
	must(s >= 0 && !ioctl(s, SIOCGIFFLAGS, &lo), "lo");
	lo.ifr_flags |= IFF_UP;
	must(!ioctl(s, SIOCSIFFLAGS, &lo), "lo up");
	(void)close(s);
}

static inline struct sockaddr_in loopback(unsigned short port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
}

/* A counter of this network's /proc/net/snmp: "Tcp", "RetransSegs". */
static inline unsigned long snmp(const char *protocol, const char *name)
{
	FILE *f = fopen("/proc/self/net/snmp", "re");
	char names[2048], values[2048];
	char *n, *v, *save_n = NULL, *save_v = NULL;

	must(f != NULL, "snmp");
	while (fgets(names, sizeof(names), f) && fgets(values, sizeof(values), f)) {
		if (strncmp(names, protocol, strlen(protocol)) || names[strlen(protocol)] != ':')
			continue;
		n = strtok_r(names, " \n", &save_n);
		v = strtok_r(values, " \n", &save_v);
		for (; n && v;
		     n = strtok_r(NULL, " \n", &save_n), v = strtok_r(NULL, " \n", &save_v))
			if (!strcmp(n, name)) {
				(void)fclose(f);
				return strtoul(v, NULL, 10);
			}
	}
	(void)fclose(f);
	return 0;
}

#endif
