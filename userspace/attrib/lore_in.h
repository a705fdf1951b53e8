/* SPDX-License-Identifier: Apache-2.0 */
/* Between lore.c (what is known) and watch.c (how it is noticed). */
#ifndef AEO_ATTRIB_LORE_IN_H
#define AEO_ATTRIB_LORE_IN_H

#include <pthread.h>

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
	uint64_t read, failed, overflows, refused, dropped;
	/* catch.c */
	pthread_mutex_t lock; /* of all the above; recursive */
	pthread_t thread;
	bool threaded;
	int stop, wake; /* eventfds: for the thread to end; for the owner to take the news */
	struct news *news, **news_end;
	size_t news_count;
	uint64_t (*now)(void);
};

/* What was learned and not told yet. */
struct news {
	struct news *next;
	struct known k;
};

static inline struct lore *lore__hold(struct lore *l)
{
	(void)pthread_mutex_lock(&l->lock);
	return l;
}

static inline void lore__release(struct lore **l)
{
	(void)pthread_mutex_unlock(&(*l)->lock);
}

/* The lock, until the end of the scope. */
#define HOLD(l) struct lore *held_ cleanup(lore__release) UNUSED = lore__hold(l)

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
void watch__add_missing(struct lore *l, uint64_t now_ns);
/* Take in what inotify has. */
void watch__take(struct lore *l, uint64_t now_ns);

/* catch.c: the thread that does so at once, and what it found. */
void catch__start(struct lore *l);
void catch__stop(struct lore *l);
void news__add(struct lore *l, const struct known *k);

#endif
