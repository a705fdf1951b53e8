/* SPDX-License-Identifier: Apache-2.0 */
/* Podman's names: it keeps them in its storage's lists of containers, not in a file a container. */
#include <fcntl.h>
#include <sys/stat.h>

#include "clock.h"
#include "lore_in.h"

/* Podman's names: a list for each storage driver; containers that do not outlive a reboot have one of their own. */
static const char *const storage_files[STORAGE_FILES] = {
#define LISTS(driver)                                                       \
	"var/lib/containers/storage/" driver "-containers/containers.json", \
		"var/lib/containers/storage/" driver "-containers/volatile-containers.json"
	LISTS("overlay"),
	LISTS("vfs"),
	LISTS("btrfs"),
	LISTS("zfs"),
#undef LISTS
	"run/containers/storage/overlay-containers/containers.json",
	"run/containers/storage/overlay-containers/volatile-containers.json",
};

static const char *const user_storage_files[] = {
	".local/share/containers/storage/overlay-containers/containers.json",
	".local/share/containers/storage/overlay-containers/volatile-containers.json",
	".local/share/containers/storage/vfs-containers/containers.json",
};

struct storage_arg {
	struct lore *l;
	uint64_t now_ns;
	uint32_t uid;
};

static void storage_one(void *arg, const char *id, const char *name)
{
	struct storage_arg *s = arg;
	struct known k = {.runtime = "podman", .uid = s->uid, .learned_ns = s->now_ns};

	memcpy(k.id, id, strlen(id));
	memcpy(k.named.name, name, strnlen(name, STATE_NAME - 1));
	(void)lore__remember(s->l, &k);
}

/* Whether a file is another one than when it was last read, or what it said may be forgotten by now. */
static bool changed(struct lore *l, size_t i, uint64_t now_ns)
{
	struct storage *old = &l->storage[i], new = {.read_ns = now_ns};
	int fd cleanup_fd = -1;
	struct stat st;
	char path[256];

	(void)snprintf(path, sizeof(path), "%.*s",
		       (int)(strrchr(storage_files[i], '/') - storage_files[i]), storage_files[i]);
	fd = below__open_dir(l->root_fd, path, BELOW_ROOT);
	if (fd < 0 || fstatat(fd, strrchr(storage_files[i], '/') + 1, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	new.ino = st.st_ino;
	new.size = (uint64_t)st.st_size;
	new.mtime_ns = (uint64_t)st.st_mtim.tv_sec *NS_PER_S + (uint64_t)st.st_mtim.tv_nsec;
	if (old->ino == new.ino && old->mtime_ns == new.mtime_ns &&
	    old->size == new.size &&now_ns - old->read_ns < EARLY_NS / 2)
		return false;
	*old = new;
	return true;
}

static int read_storage(struct lore *l, int dir, const char *path, enum below how, uint32_t uid,
			uint64_t now_ns)
{
	struct storage_arg arg = {l, now_ns, uid};
	struct buf b cleanup_buf = BUF_INIT;
	int r = below__read(dir, path, how, &b);

	if (!r) {
		l->read++;
		r = state__storage(b.data ? b.data : "", b.len, storage_one, &arg);
		l->failed += r == -EINVAL;
	}
	return r;
}

int podman__ask(struct lore *l, uint32_t uid, const char *id, uint64_t now_ns, struct known **ret)
{
	int fd cleanup_fd = -1, worst = -ENOENT, r;
	struct known *k;

	for (size_t i = 0; !uid && i < ARRAY_SIZE(storage_files); i++) {
		if (changed(l, i, now_ns))
			l->storage[i].r = read_storage(l, l->root_fd, storage_files[i], BELOW_ROOT,
						       0, now_ns);
		r = l->storage[i].r;
		worst = r && r != -ENOENT ? r : worst;
	}
	if (uid)
		fd = lore__open_home(l, uid);
	for (size_t i = 0; fd >= 0 && i < ARRAY_SIZE(user_storage_files); i++) {
		r = read_storage(l, fd, user_storage_files[i], BELOW_USER, uid, now_ns);
		worst = r && r != -ENOENT ? r : worst;
	}
	k = lore__recall(l, uid, "", false, id);
	if (!k)
		return worst;
	*ret = k;
	return 0;
}
