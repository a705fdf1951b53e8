/* SPDX-License-Identifier: Apache-2.0 */
#include "lore_in.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "clock.h"
#include "json.h"

#define POD_LIST_NS (500 * NS_PER_MS) /* the pods' log folder is listed at most so often */

static const struct folder folders[] = {
#define FOLDER(id, ...) [FOLDER_##id] = {__VA_ARGS__},
#include "folders.def"
#undef FOLDER
};

const struct folder *folder__row(enum folder_id id)
{
	return &folders[id];
}

/* Docker's data root may be elsewhere; its configuration says so. */
static void find_docker(struct lore *l)
{
	struct buf b cleanup_buf = BUF_INIT;
	const char *path = NULL;
	struct jdoc *d = NULL;

	if (!below__read(l->root_fd, "etc/docker/daemon.json", BELOW_ROOT, &b))
		d = jdoc__parse(b.data, b.len, NULL);
	if (d)
		path = jval__string(jval__get(jdoc__root(d), "data-root"));
	if (!path || path[0] != '/' || strlen(path) > 512)
		(void)snprintf(l->docker, sizeof(l->docker), "%s", folders[FOLDER_DOCKER].path);
	else
		(void)snprintf(l->docker, sizeof(l->docker), "%s/containers", path + 1);
	jdoc__free(d);
}

const char *folder__path(struct lore *l, enum folder_id id)
{
	if (id != FOLDER_DOCKER)
		return folders[id].path;
	if (!*l->docker)
		find_docker(l);
	return l->docker;
}

struct lore *lore__new(const char *root, size_t most, uint64_t grace_ns)
{
	struct lore *l = calloc(1, sizeof(*l));
	pthread_mutexattr_t attr;

	if (!l)
		return NULL;
	l->ino = l->root_fd = l->stop = l->wake = -1;
	l->news_end = &l->news;
	l->now = clock__boot;
	if (pthread_mutexattr_init(&attr) ||
	    pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE) ||
	    pthread_mutex_init(&l->lock, &attr)) {
		free(l);
		errno = ENOMEM;
		return NULL;
	}
	(void)pthread_mutexattr_destroy(&attr);
	l->most = most;
	l->grace_ns = grace_ns;
	if (getrandom(&l->seed, sizeof(l->seed), GRND_NONBLOCK) != (ssize_t)sizeof(l->seed))
		l->seed = (uintptr_t)l;
	if ((size_t)snprintf(l->root, sizeof(l->root), "%s", root) >= sizeof(l->root)) {
		errno = ENAMETOOLONG;
		return lore__free(l);
	}
	l->root_fd = open(*root ? root : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	l->known = map__new(8, sizeof(struct known), most);
	l->paths = map__new(8, 8, most);
	l->pods = map__new(8, sizeof(struct named), most);
	if (l->root_fd < 0 || !l->known || !l->paths || !l->pods)
		return lore__free(l);
	l->ino = watch__open(l);
	catch__start(l);
	return l;
}

struct lore *lore__free(struct lore *l)
{
	int error = errno;

	if (!l)
		return NULL;
	catch__stop(l);
	watch__close(l);
	(void)pthread_mutex_destroy(&l->lock);
	map__free(l->known);
	map__free(l->paths);
	map__free(l->pods);
	close_fd(&l->root_fd);
	free(l);
	errno = error;
	return NULL;
}

int lore__fd(const struct lore *l)
{
	return l->threaded ? l->wake : l->ino;
}

void lore__set_clock(struct lore *l, uint64_t (*now)(void))
{
	HOLD(l);
	l->now = now;
}

void lore__counts(struct lore *l, struct lore_counts *ret)
{
	HOLD(l);
	*ret = (struct lore_counts){.read = l->read,
				    .failed = l->failed,
				    .overflows = l->overflows,
				    .refused = l->refused};
	ret->known = map__count(l->known);
	ret->pods = map__count(l->pods);
	ret->watches = l->watches ? map__count(l->watches) : 0;
}

static uint64_t hash(const struct lore *l, uint64_t salt, const char *s, size_t n)
{
	uint64_t h = 0xcbf29ce484222325ULL ^ l->seed ^ salt * 0x9e3779b97f4a7c15ULL;

	for (size_t i = 0; i < n; i++)
		h = (h ^ (unsigned char)s[i]) * 0x100000001b3ULL;
	return h ^ h >> 29;
}

static uint64_t key_of(const struct lore *l, uint32_t uid, const char *runtime, bool by_path,
		       const char *id)
{
	return hash(l, hash(l, uid, runtime, by_path ? strlen(runtime) : 0), id, strlen(id));
}

static void forget(struct lore *l, const struct known *k)
{
	uint64_t key = key_of(l, k->uid, k->runtime, k->by_path, k->id),
		 path = hash(l, k->uid, k->named.path, strlen(k->named.path));
	const uint64_t *at = map__get(l->paths, &path);

	if (k->by_path && at && *at == key)
		map__remove(l->paths, &path);
	map__remove(l->known, &key);
}

/* Room for one more: what is dead, or was read early and is not found by path, can be read again. */
static void make_room(struct lore *l)
{
	struct known *k;
	size_t at = 0;

	if (map__count(l->known) < l->most)
		return;
	while ((k = map__next(l->known, &at, NULL)))
		if (k->dead_ns || !k->by_path)
			forget(l, k);
}

struct known *lore__remember(struct lore *l, const struct known *k)
{
	uint64_t key = key_of(l, k->uid, k->runtime, k->by_path, k->id),
		 path = hash(l, k->uid, k->named.path, strlen(k->named.path));
	struct known *old = map__get(l->known, &key), *new;
	uint64_t bound = old && !old->dead_ns && !strcmp(old->named.path, k->named.path) ?
				 old->bound :
				 0,
		 *at;

	if (old && k->early && !old->early && !old->dead_ns)
		return old;
	if (old)
		forget(l, old);
	make_room(l);
	new = map__put(l->known, &key, NULL);
	if (!new) {
		l->refused++;
		return NULL;
	}
	*new = *k;
	new->bound = bound;
	at = k->by_path && *k->named.path ? map__put(l->paths, &path, NULL) : NULL;
	if (at)
		*at = key;
	return new;
}

struct known *lore__recall(struct lore *l, uint32_t uid, const char *runtime, bool by_path,
			   const char *id)
{
	uint64_t key = key_of(l, uid, runtime, by_path, id);
	struct known *k = map__get(l->known, &key);

	return k && k->uid == uid && !strcmp(k->id, id) ? k : NULL;
}

/* What containerd's own client starts is called as it was told, and may be put anywhere. */
static bool is_by_path(const struct folder *f, const char *id)
{
	return f->by_path || (f->spaces && !id__is_hex(id, strlen(id)));
}

/* Read DIR/[SPACE/]NAME/FILE, or what comes before it. -ENOENT: no such container; -EAGAIN: no such file in its folder
 * yet. */
static int read_item(struct lore *l, int dir, const char *base, const struct folder *f,
		     const char *space, const char *name, enum below how, struct buf *b,
		     bool *ret_early)
{
	char path[2 * STATE_PATH];
	size_t n = (size_t)snprintf(path, sizeof(path), "%s/%s%s%s", base, space, *space ? "/" : "",
				    name);
	int fd cleanup_fd = -1, r;

	if (n >= sizeof(path))
		return -ENOENT;
	fd = below__open_dir(dir, path, how);
	if (fd < 0)
		return fd == -ENOTDIR ? -ENOENT : fd;
	r = below__read(fd, f->file, how, b);
	*ret_early = r == -ENOENT && f->early_file;
	if (*ret_early)
		r = below__read(fd, f->early_file, how, b);
	l->read += !r;
	return r == -ENOENT ? -EAGAIN : r;
}

static int parse_item(struct lore *l, const struct folder *f, const struct buf *b, struct known *k,
		      uint64_t now_ns, struct known **ret)
{
	struct known *new;
	state_fn fn = k->early ? f->parse_early : f->parse;
	int r = fn(b->data ? b->data : "", b->len, k->id, &k->named);

	l->failed += r == -EINVAL;
	if (r < 0)
		return r;
	k->runtime = f->runtime;
	k->by_path = is_by_path(f, k->id);
	k->learned_ns = now_ns;
	new = lore__remember(l, k);
	if (!new)
		return -ENOMEM;
	*ret = new;
	return 0;
}

static int learn(struct lore *l, enum folder_id id, const char *space, const char *name,
		 uint64_t now_ns, struct known **ret)
{
	struct buf b cleanup_buf = BUF_INIT;
	struct known k = {.uid = 0};
	int r;

	if (!id__is_safe(name, strlen(name)) || (*space && !id__is_safe(space, strlen(space))))
		return -ENOENT;
	r = read_item(l, l->root_fd, folder__path(l, id), &folders[id], space, name, BELOW_ROOT, &b,
		      &k.early);
	if (r < 0)
		return r;
	memcpy(k.id, name, strlen(name));
	return parse_item(l, &folders[id], &b, &k, now_ns, ret);
}

int lore__learn(struct lore *l, enum folder_id id, const char *space, const char *name,
		uint64_t now_ns, struct known **ret)
{
	/* What Podman, CRI-O or containerd runs through crun or runc has a name with them. */
	if (folders[id].by_path && id__is_hex(name, strlen(name)))
		return -ENODATA;
	return learn(l, id, space, name, now_ns, ret);
}

void lore__died(struct lore *l, enum folder_id id, const char *name, uint64_t now_ns)
{
	struct known *k =
		lore__recall(l, 0, folders[id].runtime, is_by_path(&folders[id], name), name);

	if (k && !strcmp(k->runtime, folders[id].runtime) && !k->dead_ns)
		k->dead_ns = now_ns;
}

/* ---- a user's own folders ------------------------------------------------------------------------------------------- */

/* Home of a user by the node's own list; users of a directory service are not found. */
int lore__open_home(struct lore *l, uint32_t uid)
{
	struct buf b cleanup_buf = BUF_INIT;
	char *rest, *line;

	if (below__read(l->root_fd, "etc/passwd", BELOW_ROOT, &b) < 0 || !b.data)
		return -ENOENT;
	buf__char(&b, '\0');
	for (rest = b.data; (line = strsep(&rest, "\n"));) {
		const char *field[7] = {"", "", "", "", "", "", ""};

		for (size_t i = 0; i < 7 && line; i++)
			field[i] = strsep(&line, ":");
		if (*field[2] && strtoul(field[2], NULL, 10) == uid && field[5][0] == '/' &&
		    field[5][1])
			return below__open_dir(l->root_fd, field[5], BELOW_ROOT);
	}
	return -ENOENT;
}

static int open_user(struct lore *l, uint32_t uid, enum user_base base)
{
	char path[64];

	if (base == USER_HOME)
		return lore__open_home(l, uid);
	(void)snprintf(path, sizeof(path), "run/user/%u", uid);
	return below__open_dir(l->root_fd, path, BELOW_ROOT);
}

static int learn_of_user(struct lore *l, enum folder_id id, uint32_t uid, const char *name,
			 uint64_t now_ns, struct known **ret)
{
	struct buf b cleanup_buf = BUF_INIT;
	struct known k = {.uid = uid};
	int fd cleanup_fd = -1, r;

	if (folders[id].base == USER_NONE || !id__is_safe(name, strlen(name)))
		return -ENOENT;
	if (folders[id].by_path && id__is_hex(name, strlen(name)))
		return -ENODATA;
	fd = open_user(l, uid, folders[id].base);
	if (fd < 0)
		return fd;
	r = read_item(l, fd, folders[id].user_path, &folders[id], "", name, BELOW_USER, &b,
		      &k.early);
	if (r < 0)
		return r;
	memcpy(k.id, name, strlen(name));
	return parse_item(l, &folders[id], &b, &k, now_ns, ret);
}

/* ---- asking --------------------------------------------------------------------------------------------------------- */

/* In each of containerd's namespaces. */
static int learn_in_spaces(struct lore *l, enum folder_id id, const char *name, uint64_t now_ns,
			   struct known **ret)
{
	int fd = below__list_dir(l->root_fd, folders[id].path, BELOW_ROOT), r = -ENOENT;
	struct dirent *e;
	DIR *d;

	if (fd < 0)
		return -ENOENT;
	d = fdopendir(fd);
	if (!d) {
		close(fd);
		return -ENOMEM;
	}
	for (int i = 0; r == -ENOENT && i < 64 && (e = readdir(d)); i++)
		if (id__is_safe(e->d_name, strlen(e->d_name)))
			r = lore__learn(l, id, e->d_name, name, now_ns, ret);
	closedir(d);
	return r;
}

/* A reason to go on looking, or to remember only as the better one for having found nothing. */
static int worse(int a, int b)
{
	return b != -ENOENT ? b : a;
}

static int ask(struct lore *l, const struct cgpath *c, uint64_t now_ns, struct known **ret)
{
	char id[129];
	int r = -ENOENT;

	if (c->kind != CGPATH_ID || c->id.n >= sizeof(id))
		return -ENOENT;
	memcpy(id, c->id.s, c->id.n);
	id[c->id.n] = 0;
	*ret = lore__recall(l, c->uid, "", false, id);
	if (*ret)
		return 0;
	for (int i = 0; r && i < FOLDER_MAX; i++) {
		const struct folder *f = &folders[i];

		if (!f->parse || f->by_path || (*c->runtime && strcmp(c->runtime, f->runtime) != 0))
			continue;
		if (c->uid)
			r = worse(r, learn_of_user(l, i, c->uid, id, now_ns, ret));
		else if (f->spaces)
			r = worse(r, learn_in_spaces(l, i, id, now_ns, ret));
		else
			r = worse(r, lore__learn(l, i, "", id, now_ns, ret));
	}
	if (r && (!*c->runtime || !strcmp(c->runtime, "podman")))
		r = worse(r, podman__ask(l, c->uid, id, now_ns, ret));
	/* Somebody may have called a container of plain crun or runc like that. */
	for (int i = 0; r == -ENOENT && !*c->runtime && !c->uid && i < FOLDER_MAX; i++)
		if (folders[i].by_path)
			r = worse(r, learn(l, i, "", id, now_ns, ret));
	return r;
}

static struct known *at_path(struct lore *l, const char *path, size_t n, uint32_t uid)
{
	uint64_t key = hash(l, uid, path, n);
	const uint64_t *at = map__get(l->paths, &key);
	struct known *k = at ? map__get(l->known, at) : NULL;

	return k && k->uid == uid && strlen(k->named.path) == n && !memcmp(k->named.path, path, n) ?
		       k :
		       NULL;
}

static int guess(struct lore *l, const char *path, size_t n, uint32_t uid, uint64_t now_ns,
		 struct known **ret)
{
	const char *last = memrchr(path, '/', n),
		   *above = last ? memrchr(path, '/', (size_t)(last - path)) : NULL;
	char name[129], space[129] = "";
	size_t k = last ? n - (size_t)(last - path) - 1 : 0;
	int r = -ENOENT;

	if (!last || !id__is_safe(last + 1, k))
		return -ENOENT;
	memcpy(name, last + 1, k);
	name[k] = 0;
	if (above == path && id__is_safe(above + 1, (size_t)(last - above) - 1))
		memcpy(space, above + 1, (size_t)(last - above) - 1);
	for (int i = 0; i < FOLDER_MAX && (r == -ENOENT || r == -ENODATA || r == -EXDEV); i++) {
		if (!folders[i].by_path && (!folders[i].spaces || !*space))
			continue;
		r = uid ? learn_of_user(l, i, uid, name, now_ns, ret) :
			  lore__learn(l, i, folders[i].spaces ? space : "", name, now_ns, ret);
		/* Another container of that name, somewhere else, is not this one. */
		if (!r &&
		    (strlen((*ret)->named.path) != n || memcmp((*ret)->named.path, path, n) != 0))
			r = -EXDEV;
	}
	return r;
}

int lore__ask(struct lore *l, const struct cgpath *c, uint64_t now_ns, struct known *ret)
{
	HOLD(l);
	struct known *k;
	int r = ask(l, c, now_ns, &k);

	if (!r)
		*ret = *k;
	return r;
}

bool lore__at_path(struct lore *l, const char *path, size_t n, uint32_t uid, struct known *ret)
{
	HOLD(l);
	const struct known *k = at_path(l, path, n, uid);

	if (k)
		*ret = *k;
	return k;
}

int lore__guess(struct lore *l, const char *path, size_t n, uint32_t uid, uint64_t now_ns,
		struct known *ret)
{
	HOLD(l);
	struct known *k;
	int r = guess(l, path, n, uid, now_ns, &k);

	if (!r)
		*ret = *k;
	return r;
}

void lore__bind(struct lore *l, const struct known *k, uint64_t id)
{
	HOLD(l);
	struct known *own = lore__recall(l, k->uid, k->runtime, k->by_path, k->id);

	if (own)
		own->bound = id;
}

/* ---- pods ----------------------------------------------------------------------------------------------------------- */

void lore__add_pod(struct lore *l, const struct named *n)
{
	uint64_t key = hash(l, 0, n->pod_uid, strlen(n->pod_uid));
	HOLD(l);
	const void *old;
	struct named *pod;
	size_t at = 0;

	if (!*n->pod || !*n->pod_uid)
		return;
	/* Any one goes: the folder can be listed again. */
	if (map__count(l->pods) >= l->most && map__next(l->pods, &at, &old))
		map__remove(l->pods, old);
	pod = map__put(l->pods, &key, NULL);
	if (pod)
		*pod = *n;
}

static void list_pods(struct lore *l)
{
	int fd = below__list_dir(l->root_fd, folders[FOLDER_PODS].path, BELOW_ROOT);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;
	struct named n;

	if (!d && fd >= 0)
		close(fd);
	while (d && (e = readdir(d)))
		if (!state__pod_folder(e->d_name, &n))
			lore__add_pod(l, &n);
	if (d)
		closedir(d);
}

bool lore__pod(struct lore *l, const char *uid, uint64_t now_ns, struct named *ret)
{
	HOLD(l);
	uint64_t key = hash(l, 0, uid, strlen(uid));
	const struct named *n = map__get(l->pods, &key);

	if (!n && (!l->pods_ns || now_ns - l->pods_ns >= POD_LIST_NS)) {
		l->pods_ns = now_ns ? now_ns : 1;
		list_pods(l);
		n = map__get(l->pods, &key);
	}
	if (!n || strcmp(n->pod_uid, uid) != 0)
		return false;
	*ret = *n;
	return true;
}

void lore__tick(struct lore *l, uint64_t now_ns)
{
	HOLD(l);
	struct known *k;
	size_t at = 0;

	watch__add_missing(l, now_ns);
	if (now_ns - l->swept_ns < NS_PER_S)
		return;
	l->swept_ns = now_ns;
	while ((k = map__next(l->known, &at, NULL)))
		if ((k->dead_ns && now_ns - k->dead_ns > l->grace_ns) ||
		    (!k->by_path && now_ns - k->learned_ns > EARLY_NS))
			forget(l, k);
}
