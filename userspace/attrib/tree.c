/* SPDX-License-Identifier: Apache-2.0 */
/* Which hierarchy names cgroups on this node. */
#include <fcntl.h>
#include <sys/stat.h>

#include "attrib.h"

#define LINE 4096

/* Controllers whose v1 hierarchy may name cgroups, the best first: all that a container may be limited by is likeliest in memory. */
static const char *const controllers[] = {"memory", "cpuacct", "cpu", "pids"};

struct controller {
	bool found;
	uint32_t index; /* its line: /proc/cgroups has one line a controller, in the order of css_set's array */
	uint32_t hierarchy; /* 0: in the v2 tree, or nowhere */
};

static FILE *open_below(const char *root, const char *path)
{
	char full[512];

	if ((size_t)snprintf(full, sizeof(full), "%s%s", root, path) >= sizeof(full)) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	return fopen(full, "re");
}

static int find_controller(const char *root, const char *name, struct controller *ret)
{
	FILE *f cleanup_file = open_below(root, "/proc/cgroups");
	struct controller c = {false, 0, 0};
	char line[LINE], word[64];

	if (!f)
		return -errno;
	for (uint32_t i = 0; fgets(line, sizeof(line), f); i++) {
		unsigned int hierarchy, count, on;

		if (line[0] == '#') {
			i--;
			continue;
		}
		if (sscanf(line, "%63s %u %u %u", word, &hierarchy, &count, &on) == 4 && on &&
		    !strcmp(word, name))
			c = (struct controller){true, i, hierarchy};
	}
	*ret = c;
	return 0;
}

/* The kernel writes space, tab, newline and backslash of a mount point as octal. */
static void unescape(char *s)
{
	char *to = s;

	for (; *s; s++, to++) {
		if (s[0] == '\\' && strspn(s + 1, "01234567") >= 3) {
			*to = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
			s += 3;
		} else {
			*to = *s;
		}
	}
	*to = 0;
}

static bool has_option(const char *options, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = options; p; p = strchr(p, ',')) {
		p += *p == ',';
		if (!strncmp(p, word, n) && (!p[n] || p[n] == ','))
			return true;
	}
	return false;
}

/* Mount point (with the root's prefix) of the v2 tree, or of a v1 controller, in one file of the form of /proc/mounts. */
static int find_mount(const char *root, const char *table, const char *controller, char *ret,
		      size_t size)
{
	FILE *f cleanup_file = open_below(root, table);
	char line[LINE], point[512], type[32], options[1024], full[512];
	struct stat st;

	if (!f)
		return -errno;
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%*s %511s %31s %1023s", point, type, options) != 3)
			continue;
		if (strcmp(type, controller ? "cgroup" : "cgroup2") != 0 ||
		    (controller && !has_option(options, controller)))
			continue;
		unescape(point);
		if ((size_t)snprintf(full, sizeof(full), "%s%s", root, point) < size &&
		    !stat(full, &st) && S_ISDIR(st.st_mode)) {
			memcpy(ret, full, strlen(full) + 1);
			return 0;
		}
	}
	return -ENOENT;
}

/* With a root, our own mount table shows other places than the node's first process sees. */
static int find_mount_any(const char *root, const char *controller, char *ret, size_t size)
{
	if (*root && !find_mount(root, "/proc/1/mounts", controller, ret, size))
		return 0;
	return find_mount(root, "/proc/mounts", controller, ret, size);
}

/* Whether the v2 tree, and not just an empty one beside v1, has a controller. */
static bool v2_has(const char *mount, const char *controller)
{
	FILE *f cleanup_file = open_below(mount, "/cgroup.controllers");
	char line[LINE], *rest, *word;

	if (!f || !fgets(line, sizeof(line), f))
		return false;
	for (rest = line; (word = strsep(&rest, " \n"));)
		if (!strcmp(word, controller))
			return true;
	return false;
}

int cgroup_tree__detect(const char *root, struct cgroup_tree *ret)
{
	struct cgroup_tree tree = {.subsys = ~0u, .controller = ""};
	char v2[sizeof(tree.root)] = "";
	struct controller c = {false, 0, 0};
	bool has_v2 = !find_mount_any(root, NULL, v2, sizeof(v2));

	for (size_t i = 0; i < ARRAY_SIZE(controllers); i++) {
		if (find_controller(root, controllers[i], &c) < 0 || !c.found)
			continue;
		if (has_v2 && !c.hierarchy && v2_has(v2, controllers[i]))
			break;
		if (!c.hierarchy ||
		    find_mount_any(root, controllers[i], tree.root, sizeof(tree.root)) < 0)
			continue;
		tree.layout = has_v2 ? CGROUP_HYBRID : CGROUP_V1;
		tree.subsys = c.index;
		tree.hierarchy = c.hierarchy;
		tree.controller = controllers[i];
		*ret = tree;
		return 0;
	}
	if (!has_v2)
		return -ENOENT;
	memcpy(tree.root, v2, sizeof(v2));
	tree.layout = CGROUP_V2;
	*ret = tree;
	return 0;
}
