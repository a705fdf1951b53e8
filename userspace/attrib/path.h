/* SPDX-License-Identifier: Apache-2.0 */
/* What the path of a cgroup says by itself: foreign text that anybody with a delegated tree can choose. No file is read. */
#ifndef AEO_ATTRIB_PATH_H
#define AEO_ATTRIB_PATH_H

#include "base.h"

#define CGPATH_UID 64 /* bytes of a pod's uid at most */

/* A piece of the parsed path; n 0: not there. */
struct piece {
	const char *s;
	size_t n;
};

enum cgpath_kind {
	CGPATH_NONE, /* no container that the path gives away */
	CGPATH_ID,   /* `id` is a runtime's 64 hex digits: its state files know the name */
	CGPATH_NAME, /* `id` is the name that the runtime was given */
};

struct cgpath {
	enum cgpath_kind kind;
	struct piece
		unit; /* the node's own systemd unit: the outermost one, slices left out, systemd's escape undone */
	struct piece id; /* of the innermost container */
	const char *
		runtime; /* docker, containerd, cri-o, podman, crun, runc; "" not said by the path */
	size_t own; /* bytes of the path up to the container's own cgroup; the rest lies inside the container */
	unsigned int
		depth; /* containers on the path; above 1: the innermost one runs in another one */
	uint32_t uid;  /* owner of a rootless container (user-UID.slice), else 0 */
	struct piece parent; /* component above the container's own cgroup */
	char pod_uid[CGPATH_UID +
		     1]; /* of the innermost pod, dashes as Kubernetes writes them; "" none */
};

/* Parse path[0..n), which starts with '/', relative to its hierarchy's root. Never fails: what is not recognized is left empty. The
 * pieces point into `path`. */
void cgpath__parse(const char *path, size_t n, struct cgpath *ret);

/* True for 64 of [0-9a-f]. */
bool id__is_hex(const char *s, size_t n);
/* True for 1 to 128 of [A-Za-z0-9_.+:@-], not starting with a dot: safe as one component of a path below a state folder. */
bool id__is_safe(const char *s, size_t n);
/* True for a pod's uid: 1 to CGPATH_UID of [0-9a-f-]. */
bool uid__is_valid(const char *s, size_t n);

#endif
