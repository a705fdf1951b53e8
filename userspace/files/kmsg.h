/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's log: records of /dev/kmsg against the rows of kernel_log.def. Private to this
 * room.
 */
#ifndef AEO_FILES_KMSG_H
#define AEO_FILES_KMSG_H

#include "files.h"
#include "parse.h"

#define KMSG_RECORD 8192 /* the kernel hands out no longer one */
#define KMSG_BATCH 256

struct kmsg {
	int fd; /* -1: cannot be read */
	kernel_log_fn fn;
	void *arg;
	uint64_t next_seq; /* 0: none seen yet */
	uint64_t lost;	   /* records overwritten before they were read */
	uint64_t findings[KERNEL_LOG_MAX];
};

/* Open ROOT/dev/kmsg behind its last record; without it k->fd is -1. */
void kmsg__open(struct kmsg *k, const char *root);
/* Take over an open descriptor that delivers one record a read. */
void kmsg__adopt(struct kmsg *k, int fd);
void kmsg__close(struct kmsg *k);
/* As files__kernel_log_read. */
int kmsg__read(struct kmsg *k);

/* One record "PRIORITY,SEQ,USEC,FLAGS[,…];TEXT\n". False when malformed. */
struct kmsg_record {
	uint64_t seq, time_us;
	unsigned level, facility;
	struct text line;
};
bool kmsg__parse(struct text record, struct kmsg_record *ret);
/* What the line of a record says, or false: nothing that has a row. */
bool kmsg__find(const struct kmsg_record *r, struct kernel_log_finding *ret);
/* Name and meaning of a class. */
const char *kernel_log__name(enum kernel_log_class c);

#endif
