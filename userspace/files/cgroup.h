/* SPDX-License-Identifier: Apache-2.0 */
/* Cgroups that are watched: their files, when each is due, what was read. Private to this room. */
#ifndef AEO_FILES_CGROUP_H
#define AEO_FILES_CGROUP_H

#include "files.h"
#include "map.h"
#include "reader.h"

#define CGROUPS_MOST 16384
#define CG_SLOW_S \
	10 /* seconds between readings of expensive files, and of all files of an idle cgroup */
#define CG_ABSENT_TURNS \
	6	     /* a file that was not there is looked for at every sixth of those turns */
#define CG_DEVICES 8 /* of io.stat with series of their own; what lies above is summed */
#define CG_OTHER_DEVICE UINT32_MAX

enum cg_value {
#define CGROUP_VALUE(id) CG_##id,
#define CGROUP_SERIES(...)
#include "cgroup_values.def"
#undef CGROUP_VALUE
#undef CGROUP_SERIES
	CG_VALUES
};
_Static_assert(CG_VALUES <= 64, "one bit a value");

enum cg_file {
#define CGROUP_FILE(id, ...) CGF_##id,
#define CGROUP_KEY(...)
#include "cgroup_files.def"
#undef CGROUP_FILE
#undef CGROUP_KEY
	CG_FILES
};

#define CG_FDS 14 /* files of one tree */

struct cg_io {
	uint32_t major, minor; /* CG_OTHER_DEVICE twice: the sum of the rest */
	uint64_t v[IO_VALUES];
};

struct cg {
	const struct subject *s;
	uint64_t read_ns;	      /* last reading of the cheap files, 0: never */
	uint64_t next_s, next_slow_s; /* seconds since boot when they are due */
	uint64_t known;		      /* bit i: v[i] */
	uint64_t v[CG_VALUES];
	struct cg_io io[CG_DEVICES + 1];
	uint32_t devices, turns;
	int fd[CG_FDS];
};

struct cgroups {
	struct cgroup_tree tree;
	struct map *map; /* u64 cgroup id → struct cg */
	bool verify; /* the tree is the kernel's: a directory's inode number is the cgroup's id */
	size_t first, n; /* rows of this tree */
	/* Nothing on the node waited for it since the last tick, so no cgroup did: its files
	 * need not be read. */
	bool calm[PSI_RESOURCES];
	char dir[CG_FILES][300]; /* directory of a row's hierarchy, "": there is none */
	struct {
		uint8_t from, n;
	} keys[CG_FILES];  /* a file's rows of CGROUP_KEY */
	uint64_t vanished; /* dropped because a reading found them gone */
};

int cgroups__init(struct cgroups *g, const struct cgroup_tree *tree);
void cgroups__done(struct cgroups *g, struct reader *r);
int cgroups__add(struct cgroups *g, const struct subject *s);
void cgroups__remove(struct cgroups *g, struct reader *r, uint64_t id);
/* Read what is due. */
void cgroups__tick(struct cgroups *g, struct reader *r, uint64_t now_ns);
/* The value, or FILES_UNKNOWN. */
uint64_t cg__value(const struct cg *c, enum cg_value v);
bool cg__is_root(const struct cg *c);

#endif
