/* SPDX-License-Identifier: Apache-2.0 */
#include "state.h"

#include "json.h"
#include "path.h"

static void done_doc(struct jdoc **d)
{
	*d = jdoc__free(*d);
}

#define cleanup_doc cleanup(done_doc)

/* A document whose root is an object. */
static int parse(const char *text, size_t n, struct jdoc **ret)
{
	struct jdoc *d = jdoc__parse(text, n, NULL);

	if (!d)
		return errno == ENOMEM ? -ENOMEM : -EINVAL;
	*ret = d;
	return 0;
}

static const char *text_of(const struct jval *object, const char *key)
{
	return jval__string(jval__get(object, key)) ?: "";
}

static void put(char *ret, size_t size, const char *s)
{
	size_t n = strnlen(s, size - 1);

	memcpy(ret, s, n);
	ret[n] = 0;
}

static void put_name(char *ret, const char *s)
{
	put(ret, STATE_NAME, s);
}

static void put_uid(char *ret, const char *s)
{
	if (uid__is_valid(s, strlen(s)))
		put(ret, CGPATH_UID + 1, s);
}

/* A path is taken whole or not at all. */
static bool put_path(char *ret, const char *s)
{
	size_t n = strlen(s);

	if (n < 2 || n >= STATE_PATH || s[0] != '/' || strstr(s, "/../"))
		return false;
	put(ret, STATE_PATH, s);
	return true;
}

/* "SLICE:PREFIX:NAME", how the systemd driver is told: SLICE/PREFIX-NAME.scope, where a-b.slice lies in a.slice. */
static bool put_scope(char *ret, const char *s)
{
	const char *first = strchr(s, ':'), *second = first ? strchr(first + 1, ':') : NULL;
	size_t slice = first ? (size_t)(first - s) : 0;
	struct buf b cleanup_buf = BUF_INIT;

	if (!second || strchr(s, '/') || slice < 7 || strncmp(first - 6, ".slice", 6) != 0)
		return false;
	for (size_t i = 1; i < slice - 6 && s[0] != '-'; i++)
		if (s[i] == '-')
			buf__printf(&b, "/%.*s.slice", (int)i, s);
	if (s[0] != '-')
		buf__printf(&b, "/%.*s", (int)slice, s);
	buf__printf(&b, "/%.*s%s%s.scope", (int)(second - first - 1), first + 1,
		    second > first + 1 ? "-" : "", second + 1);
	return !b.failed && put_path(ret, b.data);
}

/* Kubernetes' labels, as the kubelet sets them through dockershim and CRI-O. */
static void put_labels(const struct jval *labels, struct named *ret)
{
	put_name(ret->name, text_of(labels, "io.kubernetes.container.name"));
	put_name(ret->pod, text_of(labels, "io.kubernetes.pod.name"));
	put_name(ret->namespace_, text_of(labels, "io.kubernetes.pod.namespace"));
	put_uid(ret->pod_uid, text_of(labels, "io.kubernetes.pod.uid"));
}

int state__docker(const char *text, size_t n, const char *id, struct named *ret)
{
	struct jdoc *d cleanup_doc = NULL;
	struct named named = {.name = ""};
	const char *name;
	int r = parse(text, n, &d);

	if (r < 0)
		return r;
	if (strcmp(text_of(jdoc__root(d), "ID"), id))
		return -EINVAL;
	name = text_of(jdoc__root(d), "Name");
	put_labels(jval__get(jval__get(jdoc__root(d), "Config"), "Labels"), &named);
	if (!strcmp(text_of(jval__get(jval__get(jdoc__root(d), "Config"), "Labels"),
			    "io.kubernetes.docker.type"),
		    "podsandbox"))
		put_name(named.name, "POD");
	if (!*named.name)
		put_name(named.name, name + (*name == '/'));
	if (!*named.name)
		return -ENODATA;
	*ret = named;
	return 0;
}

int state__oci(const char *text, size_t n, const char *id, struct named *ret)
{
	struct jdoc *d cleanup_doc = NULL;
	struct named named = {.name = ""};
	const struct jval *notes;
	const char *path;
	int r = parse(text, n, &d);

	if (r < 0)
		return r;
	notes = jval__get(jdoc__root(d), "annotations");
	put_labels(notes, &named);
	if (*text_of(notes, "io.kubernetes.cri.container-type")) {
		put_name(named.name, text_of(notes, "io.kubernetes.cri.container-name"));
		put_name(named.pod, text_of(notes, "io.kubernetes.cri.sandbox-name"));
		put_name(named.namespace_, text_of(notes, "io.kubernetes.cri.sandbox-namespace"));
		put_uid(named.pod_uid, text_of(notes, "io.kubernetes.cri.sandbox-uid"));
	}
	if (!strcmp(text_of(notes, "io.kubernetes.cri.container-type"), "sandbox") ||
	    !strcmp(text_of(notes, "io.kubernetes.cri-o.ContainerType"), "sandbox"))
		put_name(named.name, "POD");
	if (!*named.name)
		put_name(named.name, text_of(notes, "nerdctl/name"));
	path = text_of(jval__get(jdoc__root(d), "linux"), "cgroupsPath");
	if (!put_path(named.path, path))
		(void)put_scope(named.path, path);
	/* A container of plain containerd is called what it was called: its id, where that is no generated one. */
	if (!*named.name && !id__is_hex(id, strlen(id)))
		put_name(named.name, id);
	if (!*named.name)
		return -ENODATA;
	*ret = named;
	return 0;
}

int state__crun(const char *text, size_t n, const char *id, struct named *ret)
{
	struct jdoc *d cleanup_doc = NULL;
	struct named named = {.name = ""};
	const char *scope;
	char *last;
	int r = parse(text, n, &d);

	if (r < 0)
		return r;
	if (!put_path(named.path, text_of(jdoc__root(d), "cgroup-path")))
		return -ENODATA;
	put_name(named.name, id);
	/* Under systemd the tasks live in a cgroup of their own below the scope; the scope is the container. */
	scope = text_of(jdoc__root(d), "scope");
	last = strrchr(named.path, '/');
	if (*scope && last - named.path > (ptrdiff_t)strlen(scope) &&
	    last[-(ptrdiff_t)strlen(scope) - 1] == '/' &&
	    !memcmp(last - strlen(scope), scope, strlen(scope)))
		*last = 0;
	*ret = named;
	return 0;
}

int state__crun_early(const char *text, size_t n, const char *id, struct named *ret)
{
	struct jdoc *d cleanup_doc = NULL;
	struct named named = {.name = ""};
	char path[STATE_PATH];
	const char *told;
	int r = parse(text, n, &d), k;

	if (r < 0)
		return r;
	/* Told nothing, the cgroupfs driver takes the id; the systemd driver's scope says the name by itself. */
	told = text_of(jval__get(jdoc__root(d), "linux"), "cgroupsPath");
	k = snprintf(path, sizeof(path), "%s%s", *told == '/' ? "" : "/", *told ? told : id);
	if (!put_scope(named.path, told) &&
	    ((size_t)k >= sizeof(path) || !put_path(named.path, path)))
		return -ENODATA;
	put_name(named.name, id);
	*ret = named;
	return 0;
}

/* Controllers whose path tells where the container is, the better first; "" is v2, and on a hybrid node the empty tree. */
static const char *const runc_keys[] = {"memory", "cpuacct", "cpu", "pids", ""};

/* "/sys/fs/cgroup/..." without the mount's part: on v1 and hybrid nodes its last part is the controller's name. */
static const char *below_mount(const char *path, const char *controller)
{
	static const char mount[] = "/sys/fs/cgroup";
	size_t n = strlen(controller);

	if (strncmp(path, mount, sizeof(mount) - 1) != 0 || path[sizeof(mount) - 1] != '/')
		return NULL;
	path += sizeof(mount) - 1;
	if (!n)
		return path;
	/* "cpu,cpuacct" is one mount of both. */
	path = strchr(path + 1, '/');
	return path;
}

int state__runc(const char *text, size_t n, const char *id, struct named *ret)
{
	struct jdoc *d cleanup_doc = NULL;
	struct named named = {.name = ""};
	const struct jval *paths;
	int r = parse(text, n, &d);

	if (r < 0)
		return r;
	if (strcmp(text_of(jdoc__root(d), "id"), id))
		return -EINVAL;
	paths = jval__get(jdoc__root(d), "cgroup_paths");
	for (size_t i = 0; i < ARRAY_SIZE(runc_keys) && !*named.path; i++) {
		const char *path = below_mount(text_of(paths, runc_keys[i]), runc_keys[i]);

		if (path)
			(void)put_path(named.path, path);
	}
	if (!*named.path)
		return -ENODATA;
	put_name(named.name, id);
	*ret = named;
	return 0;
}

int state__storage(const char *text, size_t n,
		   void (*fn)(void *arg, const char *id, const char *name), void *arg)
{
	struct jdoc *d cleanup_doc = NULL;
	const struct jval *one;
	int r = parse(text, n, &d);

	if (r < 0)
		return r;
	for (size_t i = 0; (one = jval__at(jdoc__root(d), i)); i++) {
		const char *id = text_of(one, "id"),
			   *name = jval__string(jval__at(jval__get(one, "names"), 0));

		if (name && *name && id__is_hex(id, strlen(id)))
			fn(arg, id, name);
	}
	return 0;
}

int state__pod_folder(const char *folder, struct named *ret)
{
	const char *first = strchr(folder, '_'), *last = strrchr(folder, '_');
	struct named named = {.name = ""};

	/* Neither names nor namespaces nor uids have an underscore. */
	if (!first || first == folder || last == first + 1 || first == last || strlen(folder) > 400)
		return -EINVAL;
	if (memchr(first + 1, '_', (size_t)(last - first - 1)) ||
	    !uid__is_valid(last + 1, strlen(last + 1)))
		return -EINVAL;
	if (last - first > STATE_NAME || first - folder >= STATE_NAME)
		return -EINVAL;
	memcpy(named.namespace_, folder, (size_t)(first - folder));
	memcpy(named.pod, first + 1, (size_t)(last - first - 1));
	put_uid(named.pod_uid, last + 1);
	*ret = named;
	return 0;
}

/* Kubernetes' generated suffixes have no vowels and no digits that look like letters; a ReplicaSet's hash is a decimal number written
 * in the first ten of the alphabet that its generator's arithmetic reaches. */
#define RANDOM_SET "bcdfghjklmnpqrstvwxz2456789"
#define HASH_SET "456789bcdf"
#define DIGITS "0123456789"

/* Length of the pod's name without "-SUFFIX" where SUFFIX is least..most characters of a set; else n. */
static size_t without(const char *s, size_t n, const char *set, size_t least, size_t most)
{
	size_t i = n;

	while (i && s[i - 1] && strchr(set, s[i - 1]))
		i--;
	return i > 1 && s[i - 1] == '-' && n - i >= least && n - i <= most ? i - 1 : n;
}

void state__workload(const char *pod, const char *pod_uid, const char *node, char *ret)
{
	size_t n = strnlen(pod, STATE_NAME - 1), k = strlen(node), cut;

	memcpy(ret, pod, n);
	/* A static pod's uid is a hash without dashes; its name ends with the node's. */
	if (*pod_uid && !strchr(pod_uid, '-')) {
		if (k && n > k + 1 && ret[n - k - 1] == '-' && !memcmp(ret + n - k, node, k))
			n -= k + 1;
		ret[n] = 0;
		return;
	}
	cut = without(ret, n, RANDOM_SET, 5, 5);
	if (cut == n)
		cut = without(ret, n, DIGITS, 1, 5);
	else if (without(ret, cut, HASH_SET, 6, 10) != cut)
		cut = without(ret, cut, HASH_SET, 6, 10);
	else
		cut = without(ret, cut, DIGITS, 8,
			      10); /* a cron job's run, in minutes or seconds since the epoch */
	ret[cut] = 0;
}
