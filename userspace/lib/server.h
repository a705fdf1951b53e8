/* SPDX-License-Identifier: Apache-2.0 */
/* The framed unix socket of a daemon: one request a frame, answers queued and bounded, peers
 * checked. */
#ifndef AEO_SERVER_H
#define AEO_SERVER_H

#include <sys/types.h>

#include "loop.h"
#include "wire.h"

#define SERVER_CLIENTS 64 /* at once; further ones wait in the listen queue */
/* bytes that wait for a client; a stream's frame above that is dropped and counted */
#define SERVER_QUEUE (4u << 20)

struct server;
struct client;

/* Handle one request of a client; payload valid during the call. Answer with client__send, now or
 * later. */
typedef void (*request_fn)(void *arg, struct client *c, enum wire_kind kind, const char *payload,
			   size_t n);
/* A client is gone: forget it. */
typedef void (*gone_fn)(void *arg, struct client *c);

/* Listen on path (an old socket there is replaced): mode 0660 with group gid, or 0600 when gid is
 * -1. Peers allowed: root, our own user, members of gid (primary or supplementary), and
 * `extra` (the exporter's user, -1 for none). NULL with errno. */
struct server *server__new(struct loop *l, const char *path, gid_t gid, uid_t extra, request_fn fn,
			   gone_fn gone, void *arg);
/* Close all, remove the socket. Accepts NULL, returns NULL. */
struct server *server__free(struct server *s);

/* Queue one frame. 0; -ENOBUFS when the queue is full (the frame is dropped, nothing else happens);
 * -ENOMEM. */
int client__send(struct client *c, enum wire_kind kind, const void *payload, size_t n);
/* Credentials of the peer. */
uid_t client__uid(const struct client *c);
pid_t client__pid(const struct client *c);
/* A place for the owner's data; NULL at first, never freed here. */
void **client__tag(struct client *c);
/* Walk the clients: NULL first, NULL behind the last. */
struct client *server__next(struct server *s, struct client *c);

#endif
