/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Space, inodes and read-only state of the file systems of the host that lie on its own block
 * devices. Those of the network, of FUSE and whatever is mounted below one are never touched:
 * asking them can hang. Private to this room.
 */
#ifndef AEO_FILES_MOUNTS_H
#define AEO_FILES_MOUNTS_H

#include "node.h"

#define MOUNTS_MOST 64
#define UNSAFE_MOST 1024
#define CLOSED_MOST 16

struct mount_row {
	struct mount_line m;
	bool known; /* the numbers below were read */
	bool read_only;
	uint64_t size, free, available, inodes,
		inodes_free; /* bytes; inodes 0: the file system has no fixed number of them */
};

/*
 * A file system that the kernel said it closed for writing. From 6.12 on ext4 shows that nowhere
 * else, before 6.15 not even as an option.
 */
struct closed_mount {
	uint32_t major, minor, id;
};

struct mounts {
	char root[ROOT_MOST];
	struct due list, space;
	uint64_t listed_s; /* when the list was read */
	bool dirty;	   /* read the list anew: the kernel reported a file system error */
	struct mount_row row[MOUNTS_MOST];
	size_t count, more;			 /* more: found, but no room for them */
	struct closed_mount closed[CLOSED_MOST]; /* until they are unmounted */
	size_t closed_count;
	uint32_t unsafe[UNSAFE_MOST]; /* ids of mounts below which nothing is asked */
	size_t unsafe_count;
};

void mounts__init(struct mounts *m, const char *root);
void mounts__done(struct mounts *m, struct reader *r);
/* Every 10 s the space; the list when it changed, a minute at most after. As node__tick. */
int mounts__tick(struct mounts *m, struct reader *r, uint64_t now_ns);

/*
 * The kernel's log says that the file system on this device (as it is named there) was closed
 * for writing.
 */
void mounts__closed(struct mounts *m, const struct node *n, const char *device);
/* Name of its device for people: the kernel's, or what was mounted. */
const char *mount__device(const struct mount_row *row, const struct node *n);

#endif
