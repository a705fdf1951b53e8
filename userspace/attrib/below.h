/* SPDX-License-Identifier: Apache-2.0 */
/* Reading files of others: never out of the folder that was meant, never a device, never without end. */
#ifndef AEO_ATTRIB_BELOW_H
#define AEO_ATTRIB_BELOW_H

#include "buf.h"

#define BELOW_MOST (1u << 20) /* bytes of a state file at most: what the JSON reader takes */

/* How links on the way are taken. */
enum below {
	BELOW_ROOT, /* folders that only root can change: links are followed inside the node's root (/var/lib/docker may be one) */
	BELOW_USER, /* folders of a user: no links, and no mounts (a user's own may never answer) */
};

/* A folder as an O_PATH descriptor, relative to dir. Negative errno. */
int below__open_dir(int dir, const char *path, enum below how);
/* The same, readable: for listing. */
int below__list_dir(int dir, const char *path, enum below how);
/* The whole of a regular file, appended to b. 0; -EFBIG above BELOW_MOST; -EACCES not a regular file; other negative errno. */
int below__read(int dir, const char *path, enum below how, struct buf *b);

#endif
