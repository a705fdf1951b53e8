/* SPDX-License-Identifier: Apache-2.0 */
/* Who a cgroup is: what its path says, what the runtimes say, what the cgroup above it is. */
#include "attrib_in.h"
#include "clock.h"

#define LATE_NS \
	(10 *   \
	 NS_PER_S) /* a cgroup that is gone takes a name that came late if it was made no longer ago than this */

/* Milliseconds after the cgroup was made at which a name that was not there is looked for again. */
static const uint16_t retries_ms[] = {5, 20, 80, 320, 1000, 3000, 10000};

static const char *const texts[] = {
#define X(id, text) [UNNAMED_##id] = text,
	UNNAMED_REASONS(X)
#undef X
};

const char *unnamed__text(enum unnamed why)
{
	return why < UNNAMED_MAX ? texts[why] : "";
}

static enum unnamed why_of(int r)
{
	static const struct {
		int r;
		enum unnamed why;
	} rows[] = {
		{-ENOENT, UNNAMED_NO_STATE}, {-EAGAIN, UNNAMED_NO_STATE},
		{-ENODATA, UNNAMED_NO_NAME}, {-EINVAL, UNNAMED_MALFORMED},
		{-EFBIG, UNNAMED_TOO_LARGE}, {-EMLINK, UNNAMED_NESTED},
		{-EEXIST, UNNAMED_TAKEN},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].r == r)
			return rows[i].why;
	return UNNAMED_REFUSED;
}

static void put(char *ret, size_t size, const char *s, size_t n)
{
	n = MIN(n, size - 1);
	memcpy(ret, s, n);
	ret[n] = 0;
}

static void put_str(char *ret, size_t size, const char *s)
{
	put(ret, size, s, strlen(s));
}

#define PUT(to, s) put_str(to, sizeof(to), s)

static size_t parent_length(const char *path)
{
	const char *last = strrchr(path, '/');

	return last == path ? 1 : last ? (size_t)(last - path) : 0;
}

static struct entry *parent_of(const struct attrib *a, const struct entry *e)
{
	return e->cut || !e->s.cgroup[0] || !e->s.cgroup[1] ?
		       NULL :
		       entry__at_path(a, e->s.cgroup, parent_length(e->s.cgroup));
}

/* A cgroup inside a container is the container's. */
static void inherit(const struct entry *parent, struct who *w)
{
	const struct subject *s = &parent->s;

	PUT(w->container, s->container);
	PUT(w->container_id, s->container_id);
	PUT(w->pod, s->pod);
	PUT(w->namespace_, s->namespace_);
	PUT(w->workload, s->workload);
	PUT(w->pod_uid, s->pod_uid);
	w->runtime = s->runtime;
	w->unnamed = s->unnamed;
	w->own = parent->own;
	w->is_container = true;
}

/* Whether a container that is known by its path may be this cgroup: a path is used again, a container lives once. */
static bool may_be(const struct attrib *a, const struct known *k, const struct entry *e,
		   uint64_t now_ns)
{
	const struct entry *other = k->bound ? map__get(a->entries, &k->bound) : NULL;

	uint64_t there;

	if (k->bound == e->s.cgroup_id)
		return true;
	/* The runtime's file may be read before the kernel's event of the end of an older cgroup at this path. */
	there = e->s.gone ? 0 : hierarchy__id(a, e->s.cgroup, strlen(e->s.cgroup));
	if (there ? there != e->s.cgroup_id : now_ns - e->made_ns > LATE_NS)
		return false;
	return !k->bound || (!k->dead_ns && (!other || other->s.gone));
}

/* A systemd unit is made by systemd, and no runtime's container is called like one. */
static bool is_systemd(const char *path)
{
	static const char *const suffixes[] = {".slice", ".service", ".scope",
					       ".mount", ".socket",  ".swap"};
	size_t n = strlen(path);

	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++)
		if (n > strlen(suffixes[i]) && !strcmp(path + n - strlen(suffixes[i]), suffixes[i]))
			return true;
	return false;
}

/* By the path in the runtime's state. 0; -EAGAIN its runtime has a container of that name, and has not said yet where; -EXDEV it
 * has said, and this is not it; -ENOENT others. */
static int by_path(struct attrib *a, const struct entry *e, const struct cgpath *c, uint64_t now_ns,
		   struct known *ret)
{
	const char *path = e->s.cgroup;
	size_t n = strlen(path);
	struct known k;
	bool known = lore__at_path(a->lore, path, n, 0, &k) ||
		     (c->uid && lore__at_path(a->lore, path, n, c->uid, &k));
	int r;

	if (known && may_be(a, &k, e, now_ns)) {
		*ret = k;
		return 0;
	}
	if (known || c->kind != CGPATH_NONE || is_systemd(path) || n < 2)
		return -ENOENT;
	r = lore__guess(a->lore, path, n, 0, now_ns, &k);
	if (r && c->uid)
		r = lore__guess(a->lore, path, n, c->uid, now_ns, &k);
	if (r)
		return r == -EINVAL ? -EAGAIN : r;
	if (!may_be(a, &k, e, now_ns))
		return -ENOENT;
	*ret = k;
	return 0;
}

/* Two cgroups of one id, both alive: the second one only borrowed it. */
static bool is_taken(const struct attrib *a, const struct entry *e, const struct cgpath *c)
{
	const struct entry *o;
	size_t at = 0;

	while ((o = map__next(a->entries, &at, NULL)))
		if (o != e && !o->s.gone && o->own && o->own == strlen(o->s.cgroup) &&
		    strlen(o->s.container_id) == c->id.n &&
		    !memcmp(o->s.container_id, c->id.s, c->id.n) &&
		    strcmp(o->s.unnamed, texts[UNNAMED_TAKEN]) != 0)
			return true;
	return false;
}

static int by_id(struct attrib *a, const struct entry *e, const struct cgpath *c, uint64_t now_ns,
		 struct known *ret)
{
	if (c->depth > 1)
		return -EMLINK;
	if (is_taken(a, e, c))
		return -EEXIST;
	return lore__ask(a->lore, c, now_ns, ret);
}

static void take_known(struct attrib *a, const struct known *k, struct who *w)
{
	PUT(w->container, k->named.name);
	w->runtime = k->runtime;
	if (!*k->named.pod)
		return;
	PUT(w->pod, k->named.pod);
	PUT(w->namespace_, k->named.namespace_);
	if (*k->named.pod_uid)
		PUT(w->pod_uid, k->named.pod_uid);
	if (!k->uid)
		lore__add_pod(a->lore, &k->named);
}

/* Called as the last part of its path. */
static void guess(struct entry *e, struct who *w)
{
	e->guessed = true;
	PUT(w->container, strrchr(e->s.cgroup, '/') + 1);
	PUT(w->container_id, w->container);
	w->own = (uint32_t)strlen(e->s.cgroup);
	w->is_container = true;
}

/* 0: it is a container, and named; negative: it is one, and why it is not named; 1: it is none; -EAGAIN also: it may be one. */
static int find_container(struct attrib *a, struct entry *e, const struct cgpath *c,
			  uint64_t now_ns, struct who *w)
{
	const struct entry *parent = parent_of(a, e);
	struct known k;
	int r;

	if (parent && parent->own && parent->s.is_container && c->own <= parent->own) {
		inherit(parent, w);
		return *w->unnamed ? -ECHILD : 0;
	}
	if (parent && parent->own && c->kind == CGPATH_ID)
		r = -EMLINK;
	else
		r = by_path(a, e, c, now_ns, &k);
	if (r == -ENOENT && c->kind == CGPATH_ID)
		r = by_id(a, e, c, now_ns, &k);
	/* Taken for it meanwhile: a container that ends before it was said where it is has its name all the same. */
	if (c->kind == CGPATH_NONE && (r == -EAGAIN || (r == -ENOENT && e->guessed))) {
		guess(e, w);
		return r == -EAGAIN ? r : 0;
	}
	if (r && c->kind == CGPATH_NONE)
		return 1;
	w->is_container = true;
	w->own = c->kind == CGPATH_NONE ? (uint32_t)strlen(e->s.cgroup) : (uint32_t)c->own;
	w->runtime = c->runtime;
	put(w->container_id, sizeof(w->container_id), c->id.s ? c->id.s : "", c->id.n);
	PUT(w->container, w->container_id);
	if (r && c->kind == CGPATH_NAME)
		return 0;
	if (r)
		return r;
	take_known(a, &k, w);
	if (k.by_path)
		lore__bind(a->lore, &k, e->s.cgroup_id);
	if (k.by_path || !*w->container_id)
		PUT(w->container_id, k.id);
	return 0;
}

static void find_pod(struct attrib *a, const struct cgpath *c, uint64_t now_ns, struct who *w)
{
	struct named n;

	if (!*w->pod_uid && !c->uid)
		PUT(w->pod_uid, c->pod_uid);
	if (*w->pod_uid && !*w->pod && lore__pod(a->lore, w->pod_uid, now_ns, &n)) {
		PUT(w->pod, n.pod);
		PUT(w->namespace_, n.namespace_);
	}
	if (*w->pod)
		state__workload(w->pod, w->pod_uid, a->node, w->workload);
}

/* Retry, or be content with what there is. */
static void plan(struct attrib *a, struct entry *e, int r, const struct who *w)
{
	bool wants = (r < 0 && r != -EMLINK && r != -ECHILD) || (*w->pod_uid && !*w->pod);

	e->pending = wants && e->tries < ARRAY_SIZE(retries_ms);
	if (e->pending) {
		e->due_ns = e->made_ns + retries_ms[e->tries] * NS_PER_MS;
		e->tries++;
		a->armed_ns = MIN(a->armed_ns, e->due_ns);
	}
	if (e->settled || e->own != strlen(e->s.cgroup) || !e->own)
		return;
	if (!r || (e->guessed && !e->pending))
		a->n.named_total++;
	else if (r < 0 && !e->pending)
		a->n.unnamed_total[why_of(r)]++;
	e->settled = !r || !e->pending;
}

/* True when its strings changed. */
static bool look(struct attrib *a, struct entry *e)
{
	uint64_t now_ns = a->now();
	struct who w = {.runtime = "", .unnamed = ""};
	bool was_named = *e->s.container && !*e->s.unnamed, changed;
	struct cgpath c;
	int r;

	/* What has a name keeps it: the files may be gone by now. */
	if (e->ghost || (was_named && !(e->guessed && e->pending) &&
			 e->own == strlen(e->s.cgroup) && (*e->s.pod || !*e->s.pod_uid))) {
		e->pending = false;
		return false;
	}
	cgpath__parse(e->s.cgroup, e->cut ? PATH_SHOWN : strlen(e->s.cgroup), &c);
	put(w.unit, sizeof(w.unit), c.unit.s ? c.unit.s : "", c.unit.n);
	r = find_container(a, e, &c, now_ns, &w);
	e->guessed &= r == -EAGAIN || !r;
	find_pod(a, &c, now_ns, &w);
	if (r < 0 && r != -ECHILD && w.is_container && !e->guessed)
		w.unnamed =
			texts[r == -EMLINK || e->tries >= ARRAY_SIZE(retries_ms) ? why_of(r) :
										   UNNAMED_PENDING];
	changed = subject__set(e, e->s.cgroup, &w);
	plan(a, e, r, &w);
	return changed;
}

/* What lies below a cgroup is the same container. */
static void spread(struct attrib *a, const struct entry *above)
{
	size_t n = strlen(above->s.cgroup), at = 0;
	struct entry *e;

	while ((e = map__next(a->entries, &at, NULL)))
		if (e != above && !strncmp(e->s.cgroup, above->s.cgroup, n) &&
		    e->s.cgroup[n] == '/')
			(void)look(a, e);
}

static void look_again(struct attrib *a, struct entry *e)
{
	bool was_named = *e->s.container && !*e->s.unnamed;

	if (!look(a, e))
		return;
	if (!was_named && *e->s.container && !*e->s.unnamed)
		a->n.renamed_total++;
	spread(a, e);
}

void resolve__first(struct attrib *a, struct entry *e)
{
	e->tries = 0;
	(void)look(a, e);
}

void resolve__again(struct attrib *a, struct entry *e)
{
	if (!e->pending)
		return;
	/* The looks in turn are counted, this one is not: the next one stays due when it was. */
	e->tries--;
	look_again(a, e);
}

void resolve__due(struct attrib *a, uint64_t now_ns)
{
	struct entry *e;
	size_t at = 0;

	if (now_ns < a->armed_ns)
		return;
	a->armed_ns = UINT64_MAX;
	while ((e = map__next(a->entries, &at, NULL))) {
		if (e->pending && e->due_ns <= now_ns)
			look_again(a, e);
		if (e->pending)
			a->armed_ns = MIN(a->armed_ns, e->due_ns);
	}
}

void resolve__known(void *arg, const struct known *known)
{
	struct known k = *known; /* looking may read more, and move it */
	struct attrib *a = arg;
	struct entry *e;
	size_t at = 0;

	if (k.by_path) {
		e = entry__at_path(a, k.named.path, strlen(k.named.path));
		if (e && (!*e->s.container || *e->s.unnamed ||
			  strcmp(e->s.container, k.named.name) != 0))
			look_again(a, e);
		return;
	}
	while ((e = map__next(a->entries, &at, NULL)))
		if ((*k.id && *e->s.unnamed && !strcmp(e->s.container_id, k.id)) ||
		    (*k.named.pod && !*e->s.pod && !strcmp(e->s.pod_uid, k.named.pod_uid)))
			look_again(a, e);
}
