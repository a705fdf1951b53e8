/* SPDX-License-Identifier: Apache-2.0 */
#include "path.h"

#include <ctype.h>

#define HEX 64
#define NAME_MOST 255 /* bytes of one component: the kernel allows no more */

/* How runtimes call a container's cgroup: prefix, 64 hex digits (or the name it was given), suffix. A scope of a helper
 * (libpod-conmon-ID.scope, crio-conmon-ID) matches no row, because what follows the prefix is neither. */
struct shape {
	const char *prefix, *suffix, *runtime;
	enum cgpath_kind kind;
};

static const struct shape shapes[] = {
	{"docker-", ".scope", "docker", CGPATH_ID},
	{"cri-containerd-", ".scope", "containerd", CGPATH_ID},
	{"nerdctl-", ".scope", "containerd", CGPATH_ID},
	{"crio-", ".scope", "cri-o", CGPATH_ID},
	{"libpod-", ".scope", "podman", CGPATH_ID},
	{"libpod-payload-", "", "podman", CGPATH_ID},
	{"libpod-", "", "podman", CGPATH_ID},
	{"crio-", "", "cri-o", CGPATH_ID},
	{"crun-", ".scope", "crun", CGPATH_NAME},
	{"runc-", ".scope", "runc", CGPATH_NAME},
	{"", "", "", CGPATH_ID},
};

/* `SLICE:PREFIX:ID` as one component: a path meant for the systemd driver that a runtime with the cgroupfs driver took literally. */
static const struct {
	const char *prefix, *runtime;
} middles[] = {
	{"cri-containerd", "containerd"},
	{"nerdctl", "containerd"},
	{"docker", "docker"},
	{"crio", "cri-o"},
	{"libpod", "podman"},
};

static const char *const unit_suffixes[] = {".service", ".scope", ".socket", ".mount", ".swap"};

bool id__is_hex(const char *s, size_t n)
{
	if (n != HEX)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!((s[i] >= '0' && s[i] <= '9') || (s[i] >= 'a' && s[i] <= 'f')))
			return false;
	return true;
}

bool id__is_safe(const char *s, size_t n)
{
	if (!n || n > 128 || s[0] == '.')
		return false;
	for (size_t i = 0; i < n; i++)
		if (!s[i] || (!isalnum((unsigned char)s[i]) && !strchr("_.+:@-", s[i])) ||
		    (unsigned char)s[i] > 0x7e)
			return false;
	return true;
}

bool uid__is_valid(const char *s, size_t n)
{
	if (!n || n > CGPATH_UID)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!(s[i] >= '0' && s[i] <= '9') && !(s[i] >= 'a' && s[i] <= 'f') && s[i] != '-')
			return false;
	return true;
}

static bool starts(struct piece p, const char *prefix)
{
	size_t n = strlen(prefix);

	return p.n >= n && !memcmp(p.s, prefix, n);
}

static bool ends(struct piece p, const char *suffix)
{
	size_t n = strlen(suffix);

	return p.n >= n && !memcmp(p.s + p.n - n, suffix, n);
}

static bool is(struct piece p, const char *word)
{
	return p.n == strlen(word) && starts(p, word);
}

static struct piece cut(struct piece p, size_t front, size_t back)
{
	return (struct piece){p.s + front, p.n - front - back};
}

static bool is_unit(struct piece p)
{
	bool known = false;

	for (size_t i = 0; i < ARRAY_SIZE(unit_suffixes); i++)
		known |= p.n > strlen(unit_suffixes[i]) && ends(p, unit_suffixes[i]);
	if (!known || p.n > NAME_MOST)
		return false;
	for (size_t i = 0; i < p.n; i++)
		if (!p.s[i] || (unsigned char)p.s[i] > 0x7e ||
		    (!isalnum((unsigned char)p.s[i]) && !strchr(":_.\\-@", p.s[i])))
			return false;
	return true;
}

/* The pod's uid of `PREFIX-podUID.slice` or `podUID`; systemd does not allow its dashes, so they are underscores there. */
static bool pod_of(struct piece p, bool in_kubepods, char ret_uid[CGPATH_UID + 1])
{
	struct piece uid = {NULL, 0};
	char text[CGPATH_UID + 1];

	if (p.n > NAME_MOST)
		return false;
	if (in_kubepods && starts(p, "pod") && !ends(p, ".slice"))
		uid = cut(p, 3, 0);
	for (size_t at = 0; !uid.n && ends(p, ".slice") && at + 8 < p.n; at++)
		if (starts(cut(p, at, 0), "kubepods") && (!at || p.s[at - 1] == '-'))
			for (size_t i = at + 8; i + 4 + 6 < p.n && !uid.n; i++)
				if (starts(cut(p, i, 0), "-pod"))
					uid = cut(p, i + 4, 6);
	if (!uid.n || uid.n > CGPATH_UID)
		return false;
	for (size_t i = 0; i < uid.n; i++)
		text[i] = uid.s[i] == '_' ? '-' : uid.s[i];
	if (!uid__is_valid(text, uid.n))
		return false;
	memcpy(ret_uid, text, uid.n);
	ret_uid[uid.n] = 0;
	return true;
}

static bool is_kubepods(struct piece p)
{
	return is(p, "kubepods") ||
	       (ends(p, "kubepods.slice") && (p.n == 14 || p.s[p.n - 15] == '-'));
}

/* Container of `SLICE:PREFIX:ID`; *ret_slice is its first part. */
static bool colon_form(struct piece p, struct piece *ret_slice, struct cgpath *c)
{
	struct piece id, middle, slice;
	const char *last = memrchr(p.s, ':', p.n), *first = memchr(p.s, ':', p.n);

	if (!last || first == last)
		return false;
	id = cut(p, (size_t)(last - p.s) + 1, 0);
	slice = (struct piece){p.s, (size_t)(first - p.s)};
	middle = (struct piece){first + 1, (size_t)(last - first - 1)};
	for (size_t i = 0; i < ARRAY_SIZE(middles); i++) {
		if (!is(middle, middles[i].prefix) || !id__is_hex(id.s, id.n))
			continue;
		c->kind = CGPATH_ID;
		c->id = id;
		c->runtime = middles[i].runtime;
		*ret_slice = slice;
		return true;
	}
	return false;
}

static bool container_of(struct piece p, struct piece parent, struct cgpath *c)
{
	for (size_t i = 0; i < ARRAY_SIZE(shapes); i++) {
		const struct shape *s = &shapes[i];
		struct piece id;

		if (p.n <= strlen(s->prefix) + strlen(s->suffix) || !starts(p, s->prefix) ||
		    !ends(p, s->suffix))
			continue;
		id = cut(p, strlen(s->prefix), strlen(s->suffix));
		if (s->kind == CGPATH_ID ? !id__is_hex(id.s, id.n) : !id__is_safe(id.s, id.n))
			continue;
		/* With the cgroupfs driver a pod of Podman's is a folder called by its bare id. */
		if (!*s->prefix && is(parent, "libpod_parent"))
			return false;
		c->kind = s->kind;
		c->id = id;
		c->runtime = !*s->prefix && is(parent, "docker") ? "docker" : s->runtime;
		return true;
	}
	return false;
}

/* user-UID.slice below user.slice: the files of a rootless runtime lie with that user. */
static uint32_t user_of(struct piece p, struct piece parent)
{
	uint64_t uid = 0;

	if (!is(parent, "user.slice") || !starts(p, "user-") || p.n < 12 || p.n > 21)
		return 0;
	for (size_t i = 5; i < p.n - 6; i++) {
		if (!isdigit((unsigned char)p.s[i]))
			return 0;
		uid = uid * 10 + (uint64_t)(p.s[i] - '0');
	}
	return uid < UINT32_MAX ? (uint32_t)uid : 0;
}

/* The node's units stand below nothing but slices; what lies deeper belongs to another systemd, or to nobody. */
static void unit_of(struct piece p, struct piece parent, bool *only_slices, struct cgpath *c)
{
	struct piece plain = p.n && p.s[0] == '_' ? cut(p, 1, 0) : p;

	if (!*only_slices)
		return;
	if (ends(p, ".slice")) {
		c->uid = c->uid ?: user_of(p, parent);
		return;
	}
	*only_slices = false;
	if (is_unit(plain))
		c->unit = plain;
}

void cgpath__parse(const char *path, size_t n, struct cgpath *ret)
{
	struct piece p, parent = {path, 0}, slice;
	bool only_slices = true, in_kubepods = false;

	*ret = (struct cgpath){.runtime = ""};
	for (size_t at = 0; at < n; at = (size_t)(p.s - path) + p.n) {
		while (at < n && path[at] == '/')
			at++;
		p.s = path + at;
		p.n = at < n ? (size_t)((char *)(memchr(p.s, '/', n - at) ?: path + n) - p.s) : 0;
		if (!p.n)
			break;
		unit_of(p, parent, &only_slices, ret);
		in_kubepods |= is_kubepods(p);
		(void)pod_of(p, in_kubepods, ret->pod_uid);
		if (colon_form(p, &slice, ret))
			(void)pod_of(slice, in_kubepods, ret->pod_uid);
		else if (!container_of(p, parent, ret)) {
			parent = p;
			continue;
		}
		ret->own = (size_t)(p.s - path) + p.n;
		ret->parent = parent;
		ret->depth++;
		in_kubepods = false;
		parent = p;
	}
}
