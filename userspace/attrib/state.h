/* SPDX-License-Identifier: Apache-2.0 */
/* The runtimes' state files: what a container is called. Foreign bytes in, checked text out; nothing is opened here. */
#ifndef AEO_ATTRIB_STATE_H
#define AEO_ATTRIB_STATE_H

#include "base.h"

#define STATE_NAME 256	/* bytes of a name with its NUL; longer ones are cut */
#define STATE_PATH 1024 /* bytes of a cgroup path with its NUL; longer ones are refused */

/* What one state file says of one container. "" where it says nothing. */
struct named {
	char name[STATE_NAME];
	char pod[STATE_NAME];
	char namespace_[STATE_NAME];
	char pod_uid[65];
	char path[STATE_PATH]; /* the cgroup that the runtime put it into, relative to the hierarchy's root */
};

/*
 * Parsers of one file's text each. `id` is the container that the file's place says it is about; a file that names another one is
 * refused. 0; -EINVAL not the JSON that this file should be; -ENODATA it says no name; -ENOMEM.
 */
typedef int (*state_fn)(const char *text, size_t n, const char *id, struct named *ret);

int state__docker(const char *text, size_t n, const char *id,
		  struct named *ret); /* containers/ID/config.v2.json */
int state__oci(const char *text, size_t n, const char *id,
	       struct named *ret); /* config.json of a bundle: the annotations */
/* crun's ID/config.json, written before the container's process is made, the status after: the path that it will have. */
int state__crun_early(const char *text, size_t n, const char *id, struct named *ret);
int state__crun(const char *text, size_t n, const char *id, struct named *ret); /* ID/status */
/* ID/state.json. Its path is as the runtime mounted it: "/sys/fs/cgroup/..."; see state__strip. */
int state__runc(const char *text, size_t n, const char *id, struct named *ret);

/* containers/storage's containers.json, all containers of Podman and CRI-O: fn for each id (64 hex digits) that has a name. */
int state__storage(const char *text, size_t n,
		   void (*fn)(void *arg, const char *id, const char *name), void *arg);

/* "NAMESPACE_NAME_UID", a pod's log folder. 0 or -EINVAL. */
int state__pod_folder(const char *folder, struct named *ret);

/* What a pod belongs to: its name without the suffixes that controllers generate (deployment: hash and five characters, daemon set
 * and job: five characters, cron job: its time besides, stateful set: its ordinal, static pod: the node's name). `node` may
 * be "". ret: STATE_NAME bytes. */
void state__workload(const char *pod, const char *pod_uid, const char *node, char *ret);

#endif
