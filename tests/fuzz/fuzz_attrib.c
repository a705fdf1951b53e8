/* SPDX-License-Identifier: Apache-2.0 */
/* Cgroup paths and the runtimes' state files: the first byte says which parser, the rest is the foreign text. */
#include "attrib/path.h"
#include "attrib/state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ID "1111111111111111111111111111111111111111111111111111111111111111"

static void need(bool right)
{
	if (!right)
		abort();
}

static void inside(struct piece p, const char *text, size_t n)
{
	need(!p.n || (p.s >= text && p.s + p.n <= text + n));
}

static void fuzz_path(const char *text, size_t n)
{
	struct cgpath c;

	cgpath__parse(text, n, &c);
	inside(c.unit, text, n);
	inside(c.id, text, n);
	inside(c.parent, text, n);
	need(c.own <= n && !c.own == (c.kind == CGPATH_NONE) && !c.depth == !c.own);
	need(c.kind != CGPATH_ID || id__is_hex(c.id.s, c.id.n));
	need(c.kind != CGPATH_NAME || id__is_safe(c.id.s, c.id.n));
	need(!*c.pod_uid || uid__is_valid(c.pod_uid, strlen(c.pod_uid)));
	need(!c.unit.n || !memchr(c.unit.s, '/', c.unit.n));
}

static void named(int r, const struct named *n)
{
	if (r < 0) {
		need(r == -EINVAL || r == -ENODATA || r == -ENOMEM);
		return;
	}
	need(*n->name && strlen(n->name) < STATE_NAME && strlen(n->pod) < STATE_NAME &&
	     strlen(n->namespace_) < STATE_NAME);
	need(!*n->pod_uid || uid__is_valid(n->pod_uid, strlen(n->pod_uid)));
	need(!*n->path ||
	     (n->path[0] == '/' && strlen(n->path) < STATE_PATH && !strstr(n->path, "/../")));
}

static void one_name(void *arg, const char *id, const char *name)
{
	(void)arg;
	need(id__is_hex(id, strlen(id)) && *name);
}

static void fuzz_folder(const char *text, size_t n)
{
	char *copy = strndup(text, n), ret[STATE_NAME];
	struct named pod;

	need(copy != NULL);
	if (!state__pod_folder(copy, &pod)) {
		need(*pod.pod && *pod.namespace_ && *pod.pod_uid);
		state__workload(pod.pod, pod.pod_uid, "node1", ret);
		need(*ret && strlen(ret) <= strlen(pod.pod) && !memcmp(ret, pod.pod, strlen(ret)));
	}
	state__workload(copy, "0a-1", "", ret);
	need(strlen(ret) < STATE_NAME);
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const state_fn parsers[] = {state__docker, state__oci, state__crun, state__runc};
	static const char *const ids[] = {ID, "web"};
	const char *text = (const char *)data + 1;
	struct named n;

	if (!size)
		return 0;
	switch (data[0] % 8) {
	case 0:
		fuzz_path(text, size - 1);
		break;
	case 1:
		(void)state__storage(text, size - 1, one_name, NULL);
		break;
	case 2:
		fuzz_folder(text, size - 1);
		break;
	default:
		named(parsers[data[0] % 4](text, size - 1, ids[data[0] >> 7], &n), &n);
	}
	return 0;
}
