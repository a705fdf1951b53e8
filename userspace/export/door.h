/* SPDX-License-Identifier: Apache-2.0 */
/* Where the exporter listens. */
#ifndef AEO_DOOR_H
#define AEO_DOOR_H

#include <sys/socket.h>

#include "buf.h"

struct door {
	union {
		struct sockaddr any;
		struct sockaddr_storage room;
	} address;
	socklen_t len;
	bool loopback; /* nobody but this machine can knock */
};

/* "ADDRESS:PORT", "[IPV6]:PORT", or ":PORT" for every address. Names are not looked up. 0 or -EINVAL. */
int door__parse(const char *text, struct door *ret);
/* A listening socket, non-blocking, close-on-exec. Descriptor or negative errno. */
int door__open(const struct door *d);
/* The port that a listening socket got. */
unsigned int door__port(int fd);

#endif
