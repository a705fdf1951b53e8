/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames on RUN/aeod.sock and on the pair between supervisor and sensor: u32 length of the payload,
 * u16 kind, u16 zero, payload; little endian. Payloads: JSON text for people's verbs, the snapshot
 * of metric.h for `metrics`, plain structs on the pair.
 */
#ifndef AEO_WIRE_H
#define AEO_WIRE_H

#include "base.h"
#include "buf.h"

#define WIRE_MAX (16u << 20)	/* larger frames are refused */
#define WIRE_REQUEST_MAX 65536u /* a client's frame */
#define WIRE_HEAD 8

/* Kinds are append-only. A request is answered by WIRE_OK (one or, for the streams, many) or
 * WIRE_ERROR (text). */
enum wire_kind {
	WIRE_OK = 1,
	WIRE_ERROR,   /* text: why */
	WIRE_END,     /* a stream ended */
	WIRE_METRICS, /* request: one snapshot, made now */
	WIRE_SUBSCRIBE, /* request, payload: JSON filter; answers a stream of JSON events, one a frame */
	WIRE_STATUS, /* request: JSON, "aeo.status/1" */
	WIRE_PROBES, /* request: JSON, "aeo.probes/1" */
	WIRE_TOP, /* request: JSON, "aeo.top/1"; payload {"cgroup_id":"N"} answers the tasks of one row */
	WIRE_CONFIG, /* request: the running configuration as text, secrets removed */
	WIRE_LINE,   /* request: JSON, the figures of the last tick over the whole node */
	/* on the pair */
	WIRE_READY = 64, /* sensor to supervisor: struct wire_ready */
	WIRE_CHILD,	 /* supervisor to sensor: struct wire_child, at each start of a child */
	WIRE_STATS, /* supervisor to sensor: the kernel's run-time statistics are on (u32 1) or off (u32 0) */
};

struct wire_ready {
	uint32_t probes, ms;
	uint32_t pinned; /* 1: maps and programs are pinned */
	uint32_t port;	 /* of /metrics; 0: switched off */
	char listen[64];
};

struct wire_child {
	char name[16];
	int32_t pid; /* 0: ended */
	uint32_t restarts;
	uint64_t started_ns; /* CLOCK_BOOTTIME */
};

/* Append one frame. A payload above WIRE_MAX is not appended: b has failed. */
void wire__put(struct buf *b, enum wire_kind kind, const void *payload, size_t n);

/*
 * The first frame of data[0..n): its kind and payload (inside data). Bytes the frame takes, 0 when
 * it is not complete yet, -EMSGSIZE when it is larger than `most`, -EPROTO when the head is
 * malformed.
 */
ssize_t wire__get(const char *data, size_t n, size_t most, enum wire_kind *ret_kind,
		  const char **ret_payload, size_t *ret_len);

/* Blocking helpers for clients. Send one frame; read one frame into b (cleared first), waiting at
 * most timeout_ms (-1: for ever). 0 or negative errno; -ETIMEDOUT, -ECONNRESET when the peer is
 * gone, -EMSGSIZE, -EPROTO. */
int wire__send(int fd, enum wire_kind kind, const void *payload, size_t n);
int wire__recv(int fd, struct buf *b, int timeout_ms, enum wire_kind *ret_kind);
/* Connect to a unix socket (close-on-exec, blocking). Descriptor or negative errno. */
int wire__connect(const char *path);

#endif
