/* SPDX-License-Identifier: Apache-2.0 */
/* The node's own files: /proc, network devices, interrupts. Private to this room. */
#ifndef AEO_FILES_NODE_H
#define AEO_FILES_NODE_H

#include "files.h"
#include "reader.h"

enum node_value {
#define NODE_VALUE(id, ...) NV_##id,
#include "node_values.def"
#undef NODE_VALUE
	NODE_VALUES
};

enum node_file {
#define NODE_FILE(id, ...) NF_##id,
#define NODE_KEY(...)
#include "node_files.def"
#undef NODE_FILE
#undef NODE_KEY
	NODE_FILES
};

#define NICS_MOST 512
#define IRQS_MOST 256
#define DISKS_MOST 512
#define ROOT_MOST 256

/* A file that is read now and then. */
struct due {
	int fd;
	uint64_t next_s; /* seconds since boot */
};

struct disk_name {
	uint32_t major, minor;
	char name[32];
};

struct node {
	char root[ROOT_MOST];
	uint64_t read_ns;
	uint64_t v[NODE_VALUES];
	uint64_t known[(NODE_VALUES + 63) / 64];
	struct due file[NODE_FILES];
	struct {
		uint8_t from, n;
	} keys[NODE_FILES];

	struct due nic_file, irq_file, disk_file;
	struct nic_line nics[NICS_MOST];
	size_t nic_count, nic_more;	  /* more: found, but no room for them */
	struct irq_line irqs[IRQS_MOST];  /* only those that fired */
	struct irq_line irqs0[IRQS_MOST]; /* as last read */
	size_t irq_count, irq_cpus;
	/* counts of CPUs that are offline now, which the files leave out: of irqs0's lines, of softnet's */
	uint64_t irq_gone[IRQS_MOST], irq_gone0[IRQS_MOST], softnet_gone[3];
	size_t irq_count0, irq_cpus0, irq_at, softnet_cpus;
	struct disk_name disks[DISKS_MOST];
	size_t disk_count;
};

void node__init(struct node *n, const char *root);
void node__done(struct node *n, struct reader *r);
/* Read what is due. 0, or the first error that is not a missing file. */
int node__tick(struct node *n, struct reader *r, uint64_t now_ns);
/* The value, or FILES_UNKNOWN. */
uint64_t node__value(const struct node *n, enum node_value v);
/* The kernel's name of a block device, or NULL. */
const char *node__disk(const struct node *n, uint32_t major, uint32_t minor);

/*
 * Is a file due? Then it is read by fn(arg) and its next time set: `seconds` later, or 10 where
 * the reading cost more than a millisecond or failed. 0, or what fn returned if that is more than
 * a missing file.
 */
int due__read(struct due *d, uint64_t now_s, unsigned seconds, int (*fn)(void *arg), void *arg);

#endif
