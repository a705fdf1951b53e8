/* SPDX-License-Identifier: Apache-2.0 */
/* Between lore.c (what is known) and watch.c (how it is noticed). */
#ifndef AEO_ATTRIB_LORE_IN_H
#define AEO_ATTRIB_LORE_IN_H

#include "below.h"
#include "lore.h"
#include "map.h"

#define EARLY_NS (60 * NS_PER_S) /* what was read before its cgroup came is kept so long */
#define STORAGE_FILES 10

enum folder_id {
#define FOLDER(id, ...) FOLDER_##id,
#include "folders.def"
#undef FOLDER
	FOLDER_MAX
};

enum user_base { USER_NONE, USER_RUN, USER_HOME };

/* Where a runtime keeps one folder a container. */
struct folder {
	const char *path;    /* below the root */
	enum user_base base; /* where `user_path` of a rootless runtime lies */
	const char *user_path;
	const char *file; /* inside a container's folder; NULL: the folder's name says it all */
	const char *runtime;
	state_fn parse;
	bool spaces; /* containers lie one level deeper, by containerd's namespace */
	bool by_path;
	const char *early_file; /* says the same less surely, earlier; NULL none */
	state_fn parse_early;
};

struct lore {
	char root[256];
	int root_fd, ino;
	size_t most;
	uint64_t grace_ns, seed;
	struct map *known;   /* by hash of uid, id and, where found by path, runtime */
	struct map *paths;   /* by hash of the cgroup's path: key in `known` */
	struct map *pods;    /* by hash of the uid: struct named */
	struct map *watches; /* by watch descriptor */
	bool watched[FOLDER_MAX], started;
	char docker[STATE_PATH]; /* its data root, where it was moved; "" not asked yet */
	uint64_t missing_ns, pods_ns, swept_ns;
	struct storage {
		uint64_t ino, mtime_ns, size, read_ns;
		int r;
	} storage[STORAGE_FILES]; /* containers.json as last read */
	uint64_t read, failed, overflows, refused;
};

const struct folder *folder__row(enum folder_id id);
/* Path of a folder below the root. */
const char *folder__path(struct lore *l, enum folder_id id);

/* Read a container's file and remember it. space "" where there is none. */
int lore__learn(struct lore *l, enum folder_id id, const char *space, const char *name,
		uint64_t now_ns, struct known **ret);
/* Its folder went away. */
void lore__died(struct lore *l, enum folder_id id, const char *name, uint64_t now_ns);

struct known *lore__remember(struct lore *l, const struct known *k);
struct known *lore__recall(struct lore *l, uint32_t uid, const char *runtime, bool by_path,
			   const char *id);
/* Home of a user, as an O_PATH descriptor. Negative errno. */
int lore__open_home(struct lore *l, uint32_t uid);

/* podman.c: as lore__ask, of one id. */
int podman__ask(struct lore *l, uint32_t uid, const char *id, uint64_t now_ns, struct known **ret);

int watch__open(struct lore *l);
void watch__close(struct lore *l);
/* Watch the folders that are not watched yet and list what is in those that are found by path. */
void watch__add_missing(struct lore *l, uint64_t now_ns, known_fn fn, void *arg);

#endif
