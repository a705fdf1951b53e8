/* SPDX-License-Identifier: Apache-2.0 */
/* The table of cgroups: made, found, gone, forgotten. */
#include <fcntl.h>
#include <limits.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/timerfd.h>
#include <sys/utsname.h>

#include "attrib_in.h"
#include "below.h"
#include "clock.h"

#define SWEEP_NS \
	(100 * NS_PER_MS) /* so often some cgroups are looked at whether they still exist, */
#define SWEEP_MOST 8	  /* so many each time: 4,096 in less than a minute */
#define RESCAN_NS NS_PER_S
/* So long after its cgroup was made a container may start (on a slow machine that takes seconds), and events ask the runtimes about it,
 * no more often than LISTEN_NS. */
#define FRESH_NS (60 * NS_PER_S)
#define LISTEN_NS NS_PER_MS
#define GHOST_NS (5 * NS_PER_S) /* an id that does not exist is not looked for again so long */

static uint64_t boot_clock(void)
{
	return clock__boot();
}

static struct subject empty_subject(uint64_t id, const char *labels)
{
	return (struct subject){id, "", "", "", "", "", "", "", "", "", "", labels, false, false};
}

/* Name of this node as the kubelet knows it, for static pods. */
static void find_node(struct attrib *a, const char *root)
{
	int dir cleanup_fd = open(*root ? root : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct buf b cleanup_buf = BUF_INIT;
	struct utsname u;
	size_t n = 0;

	if (dir >= 0 && !below__read(dir, "etc/hostname", BELOW_ROOT, &b) && b.data) {
		buf__char(&b, '\n');
		n = MIN(strcspn(b.data, "\n"), sizeof(a->node) - 1);
		memcpy(a->node, b.data, n);
	} else if (!uname(&u)) {
		n = strnlen(u.nodename, sizeof(u.nodename) - 1);
		memcpy(a->node, u.nodename, n);
	}
	a->node[n] = 0;
}

/* One descriptor of both: a runtime wrote something, a look is due. */
static void open_wake(struct attrib *a)
{
	struct epoll_event ev = {.events = EPOLLIN};

	a->epoll = epoll_create1(EPOLL_CLOEXEC);
	a->timer = timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
	if (a->epoll < 0 || a->timer < 0 || epoll_ctl(a->epoll, EPOLL_CTL_ADD, a->timer, &ev) < 0)
		return;
	if (lore__fd(a->lore) >= 0)
		(void)epoll_ctl(a->epoll, EPOLL_CTL_ADD, lore__fd(a->lore), &ev);
}

struct attrib *attrib__new(const struct cgroup_tree *tree, const char *root, size_t most,
			   uint64_t grace_ns)
{
	struct attrib *a = calloc(1, sizeof(*a));
	int r;

	if (!a)
		return NULL;
	a->tree = *tree;
	a->most = most;
	a->grace_ns = grace_ns;
	a->now = boot_clock;
	a->armed_ns = UINT64_MAX;
	a->mount_fd = a->epoll = a->timer = -1;
	a->other = empty_subject(~0ULL, "cgroup=\"other\"");
	a->all = empty_subject(0, "cgroup=\"other\"");
	if (getrandom(&a->seed, sizeof(a->seed), GRND_NONBLOCK) != (ssize_t)sizeof(a->seed))
		a->seed = (uintptr_t)a;
	a->entries = map__new(8, sizeof(struct entry), most);
	a->paths = map__new(8, 8, most);
	a->lore = lore__new(root, most, grace_ns);
	if (!a->entries || !a->paths || !a->lore)
		return attrib__free(a);
	r = hierarchy__open(a);
	if (r < 0) {
		errno = -r;
		return attrib__free(a);
	}
	find_node(a, root);
	open_wake(a);
	return a;
}

struct attrib *attrib__free(struct attrib *a)
{
	struct entry *e;
	int error = errno;
	size_t at = 0;

	if (!a)
		return NULL;
	while (a->entries && (e = map__next(a->entries, &at, NULL)))
		subject__done(e);
	map__free(a->entries);
	map__free(a->paths);
	lore__free(a->lore);
	close_fd(&a->mount_fd);
	close_fd(&a->epoll);
	close_fd(&a->timer);
	free(a);
	errno = error;
	return NULL;
}

void attrib__on_forgotten(struct attrib *a, subject_fn fn, void *arg)
{
	a->forgotten = fn;
	a->forgotten_arg = arg;
}

void attrib__set_clock(struct attrib *a, uint64_t (*now)(void))
{
	a->now = now;
	lore__set_clock(a->lore, now);
}

static uint64_t path_key(const struct attrib *a, const char *path, size_t n)
{
	uint64_t h = 0xcbf29ce484222325ULL ^ a->seed;

	for (size_t i = 0; i < n; i++)
		h = (h ^ (unsigned char)path[i]) * 0x100000001b3ULL;
	return h ^ h >> 29;
}

struct entry *entry__at_path(const struct attrib *a, const char *path, size_t n)
{
	uint64_t key = path_key(a, path, n);
	const uint64_t *id = map__get(a->paths, &key);
	struct entry *e = id ? map__get(a->entries, id) : NULL;

	return e && strlen(e->s.cgroup) == n && !memcmp(e->s.cgroup, path, n) ? e : NULL;
}

static void unlink_gone(struct attrib *a, struct entry *e)
{
	if (!e->s.gone)
		return;
	*(e->prev ? &e->prev->next : &a->oldest) = e->next;
	*(e->next ? &e->next->prev : &a->newest) = e->prev;
	e->prev = e->next = NULL;
	e->s.gone = false;
	a->gone--;
}

void entry__end(struct attrib *a, struct entry *e, uint64_t now_ns)
{
	if (e->s.gone)
		return;
	e->s.gone = true;
	e->gone_ns = now_ns;
	e->prev = a->newest;
	e->next = NULL;
	*(a->newest ? &a->newest->next : &a->oldest) = e;
	a->newest = e;
	a->gone++;
}

static void forget(struct attrib *a, struct entry *e)
{
	uint64_t id = e->s.cgroup_id, key = path_key(a, e->s.cgroup, strlen(e->s.cgroup));
	const uint64_t *at = map__get(a->paths, &key);

	if (!e->settled && e->own && e->own == strlen(e->s.cgroup) && *e->s.unnamed)
		a->n.unnamed_total[UNNAMED_PENDING]++;
	if (a->forgotten)
		a->forgotten(a->forgotten_arg, &e->s);
	unlink_gone(a, e);
	if (at && *at == id)
		map__remove(a->paths, &key);
	subject__done(e);
	map__remove(a->entries, &id);
}

/* Ghosts first: nobody counts on them. Then what has been gone longest. */
static bool make_room(struct attrib *a)
{
	struct entry *e = a->oldest;

	if (map__count(a->entries) < a->most)
		return true;
	if (!e)
		return false;
	a->n.evicted_total += !e->ghost;
	forget(a, e);
	return true;
}

static bool put_path(struct attrib *a, struct entry *e, const char *path, size_t n)
{
	struct who nobody = {.runtime = "", .unnamed = ""};
	char text[PATH_SHOWN + 32];
	uint64_t key, *at;

	e->cut = n > PATH_SHOWN;
	n = MIN(n, PATH_SHOWN);
	memcpy(text, path, n);
	text[n] = 0;
	if (e->cut)
		(void)snprintf(text + n, sizeof(text) - n, "...#%llu",
			       (unsigned long long)e->s.cgroup_id);
	if (!subject__set(e, text, &nobody))
		return false;
	key = path_key(a, e->s.cgroup, strlen(e->s.cgroup));
	at = e->ghost ? NULL : map__put(a->paths, &key, NULL);
	if (at)
		*at = e->s.cgroup_id;
	return true;
}

/* An entry of this id, without strings when new. NULL: no room. */
static struct entry *put_entry(struct attrib *a, uint64_t id, bool *ret_new)
{
	struct entry *e = map__get(a->entries, &id);

	*ret_new = !e;
	if (e)
		return e;
	if (!make_room(a) || !(e = map__put(a->entries, &id, NULL))) {
		*ret_new = false;
		return NULL;
	}
	e->s = empty_subject(id, "");
	e->s.cgroup = NULL;
	e->made_ns = a->now();
	return e;
}

/* The cgroups above come first, so that what is inside a container can ask them. Those that are gone are not missed. */
static void add_above(struct attrib *a, const char *path, size_t n)
{
	size_t at[DEPTH_MOST], k = 0;

	while (n > 1 && k < DEPTH_MOST) {
		const char *last = memrchr(path, '/', n);

		n = !last ? 0 : last == path ? 1 : (size_t)(last - path);
		if (!n || entry__at_path(a, path, n))
			break;
		at[k++] = n;
	}
	while (k--) {
		uint64_t id = hierarchy__id(a, path, at[k]);

		if (id)
			(void)entry__add(a, id, path, at[k]);
	}
}

struct entry *entry__add(struct attrib *a, uint64_t id, const char *path, size_t n)
{
	struct entry *e = map__get(a->entries, &id);
	bool new;

	if (e && !e->ghost)
		return e;
	if (e)
		forget(a, e);
	if (n > 1 && n <= PATH_SHOWN)
		add_above(a, path, n);
	e = put_entry(a, id, &new);
	if (!e) {
		a->n.refused_total++;
		return NULL;
	}
	if (!new)
		return e;
	if (!put_path(a, e, path, n)) {
		map__remove(a->entries, &id);
		return NULL;
	}
	resolve__first(a, e);
	return e;
}

void attrib__listen(struct attrib *a, uint64_t now_ns)
{
	lore__tick(a->lore, now_ns);
	lore__read(a->lore, now_ns, resolve__known, a);
}

static void arm(struct attrib *a)
{
	struct itimerspec t = {.it_value = {0, 0}};

	if (a->timer < 0)
		return;
	if (a->armed_ns != UINT64_MAX)
		t.it_value = (struct timespec){(time_t)(a->armed_ns / NS_PER_S),
					       (long)(a->armed_ns % NS_PER_S)};
	(void)timerfd_settime(a->timer, TFD_TIMER_ABSTIME, &t, NULL);
}

const struct subject *attrib__made(struct attrib *a, uint64_t id, const char *path, size_t n)
{
	char whole[4200];
	struct entry *e;

	/* The kernel's event has room for 1,023 bytes, and says nothing of a path that is longer. */
	if ((!n || path[0] != '/' || n > PATH_SHOWN) &&
	    !hierarchy__path(a, id, whole, sizeof(whole))) {
		path = whole;
		n = strlen(whole);
	}
	if (!n || path[0] != '/')
		return attrib__get(a, id);
	n = strnlen(path, n);
	attrib__listen(a, a->now());
	e = entry__add(a, id, path, n);
	arm(a);
	return e ? &e->s : &a->other;
}

void attrib__removed(struct attrib *a, uint64_t id, uint64_t now_ns)
{
	struct entry *e = map__get(a->entries, &id);

	if (e)
		entry__end(a, e, now_ns);
}

/* An id that nothing is known of: remembered for a while, so that each of its events does not ask the kernel again. */
static const struct subject *ghost(struct attrib *a, uint64_t id)
{
	struct who nobody = {.runtime = "", .unnamed = ""};
	struct entry *e;
	bool new;

	a->n.unknown_total++;
	e = put_entry(a, id, &new);
	if (!e)
		return &a->other;
	e->ghost = true;
	if (!subject__set(e, "", &nobody)) {
		map__remove(a->entries, &id);
		return &a->other;
	}
	/* First in the line of those that go. */
	e->s.gone = true;
	e->gone_ns = a->now();
	e->next = a->oldest;
	*(a->oldest ? &a->oldest->prev : &a->newest) = e;
	a->oldest = e;
	a->gone++;
	return &e->s;
}

/* Events of a cgroup that is not old: its runtime may have written in between. */
static void freshen(struct attrib *a, struct entry *e)
{
	uint64_t now_ns;

	if (!e->pending && (e->s.is_container || e->ghost))
		return;
	now_ns = a->now();
	if (now_ns - e->made_ns > FRESH_NS || now_ns - a->asked_ns < LISTEN_NS)
		return;
	a->asked_ns = now_ns;
	attrib__listen(a, now_ns);
	resolve__again(a, e);
	arm(a);
}

const struct subject *attrib__get(struct attrib *a, uint64_t id)
{
	struct entry *e = map__get(a->entries, &id);
	char path[4200];
	int r;

	if (id == 0 || id == ~0ULL)
		return id ? &a->other : &a->all;
	if (e) {
		freshen(a, e);
		return &e->s;
	}
	r = hierarchy__path(a, id, path, sizeof(path));
	if (!r) {
		e = entry__add(a, id, path, strlen(path));
		arm(a);
		return e ? &e->s : &a->other;
	}
	if (r != -ESTALE && (!a->rescanned_ns || a->now() - a->rescanned_ns >= RESCAN_NS)) {
		a->rescanned_ns = a->now() | 1;
		(void)attrib__scan(a, NULL, NULL);
		e = map__get(a->entries, &id);
	}
	return e ? &e->s : ghost(a, id);
}

/* A lost event of the end would keep a cgroup for ever. */
static void sweep(struct attrib *a, uint64_t now_ns)
{
	struct entry *e;

	if (now_ns - a->swept_ns < SWEEP_NS)
		return;
	a->swept_ns = now_ns;
	for (int i = 0; i < SWEEP_MOST; i++) {
		e = map__next(a->entries, &a->cursor, NULL);
		if (!e) {
			a->cursor = 0;
			return;
		}
		if (e->s.gone || e->cut ||
		    hierarchy__id(a, e->s.cgroup, strlen(e->s.cgroup)) == e->s.cgroup_id)
			continue;
		a->n.missed_total++;
		entry__end(a, e, now_ns);
	}
}

static void forget_old(struct attrib *a, uint64_t now_ns)
{
	struct entry *e = a->oldest, *next;

	for (; e && (e->ghost || now_ns - e->gone_ns > a->grace_ns); e = next) {
		next = e->next;
		if (now_ns - e->gone_ns > (e->ghost ? GHOST_NS : a->grace_ns))
			forget(a, e);
	}
}

void attrib__tick(struct attrib *a, uint64_t now_ns)
{
	attrib__listen(a, now_ns);
	resolve__due(a, now_ns);
	sweep(a, now_ns);
	forget_old(a, now_ns);
	arm(a);
}

int attrib__fd(const struct attrib *a)
{
	return a->epoll >= 0 && a->timer >= 0 ? a->epoll : -ENOSYS;
}

void attrib__read(struct attrib *a)
{
	uint64_t fired;
	ssize_t n = a->timer >= 0 ? read(a->timer, &fired, sizeof(fired)) : 0;

	(void)n;
	attrib__listen(a, a->now());
	resolve__due(a, a->now());
	arm(a);
}

const struct subject *attrib__next(const struct attrib *a, size_t *at)
{
	const struct entry *e;

	do {
		e = map__next(a->entries, at, NULL);
	} while (e && e->ghost);
	return e ? &e->s : NULL;
}

void attrib__counts(const struct attrib *a, struct attrib_counts *ret)
{
	struct lore_counts l;
	const struct entry *e;
	size_t at = 0;

	*ret = a->n;
	lore__counts(a->lore, &l);
	ret->state_read_total = l.read;
	ret->state_failed_total = l.failed;
	ret->overflow_total = l.overflows;
	while ((e = map__next(a->entries, &at, NULL))) {
		bool own = !e->s.gone && e->own && e->own == strlen(e->s.cgroup);

		ret->gone += e->s.gone && !e->ghost;
		ret->cgroups += !e->s.gone;
		ret->containers += own;
		ret->unnamed += own && *e->s.unnamed;
	}
}
