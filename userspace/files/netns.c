/* SPDX-License-Identifier: Apache-2.0 */
#include "netns.h"

#include "clock.h"

#define ROUND_S 10
#define STEP 256 /* processes looked at in one tick */

static const struct key_row listen_rows[] = {{"ListenOverflows", 0, 1}, {"ListenDrops", 1, 1}};

void netns__init(struct netns_set *s, const char *root, const struct cgroup_tree *tree)
{
	char path[ROOT_MOST + 64];

	memset(s, 0, sizeof(*s));
	snprintf(s->root, sizeof(s->root), "%s", root);
	snprintf(s->controller, sizeof(s->controller), "%s",
		 tree->controller ? tree->controller : "");
	snprintf(path, sizeof(path), "%s/proc", root);
	s->proc = opendir(path);
	s->round = 1;
}

void netns__done(struct netns_set *s)
{
	if (s->proc)
		closedir(s->proc);
	s->proc = NULL;
}

static bool inode_of(const struct netns_set *s, uint32_t pid, uint64_t *ret)
{
	char path[ROOT_MOST + 64], link[64];
	ssize_t n;

	snprintf(path, sizeof(path), "%s/proc/%u/ns/net", s->root, pid);
	n = readlink(path, link, sizeof(link));
	return n > 0 && ns__parse((struct text){link, (size_t)n}, ret);
}

static void found(struct netns_set *s, uint32_t pid, uint64_t inode)
{
	struct netns *ns = s->ns;

	while (ns < s->ns + s->count && ns->inode != inode)
		ns++;
	if (ns == s->ns + s->count) {
		if (s->count == NETNS_MOST) {
			s->more_now++;
			return;
		}
		s->count++;
		*ns = (struct netns){.inode = inode};
	}
	ns->round = s->round;
	if (!ns->pid) {
		ns->pid = pid;
		ns->cgroup_id = 0;
	}
}

/* A round is over: what it did not see is gone. */
static void end_round(struct netns_set *s, uint64_t now_s)
{
	for (size_t i = s->count; i-- > 0;)
		if (s->ns[i].round != s->round)
			s->ns[i] = s->ns[--s->count];
	s->more = s->more_now;
	s->more_now = 0;
	s->round++;
	s->next_s = now_s + ROUND_S;
	rewinddir(s->proc);
}

static void search(struct netns_set *s, uint64_t now_s)
{
	for (size_t i = 0; s->proc && now_s >= s->next_s && i < STEP;) {
		struct dirent *e = readdir(s->proc);
		uint64_t pid, inode;

		if (!e) {
			end_round(s, now_s);
			return;
		}
		if (!text__u64((struct text){e->d_name, strlen(e->d_name)}, &pid) ||
		    pid > INT32_MAX)
			continue;
		i++;
		if (inode_of(s, (uint32_t)pid, &inode))
			found(s, (uint32_t)pid, inode);
	}
}

static void find_cgroup(const struct netns_set *s, struct reader *r, const struct cgroups *g,
			struct netns *ns)
{
	char path[ROOT_MOST + 64];
	struct text t, name;
	const struct cg *c;
	size_t at = 0;
	int fd = READER_CLOSED;

	snprintf(path, sizeof(path), "%s/proc/%u/cgroup", s->root, ns->pid);
	if (reader__read(r, &fd, path, KEEP_NEVER, true, &t) ||
	    !pid_cgroup__parse(t, s->controller, &name))
		return;
	while (!ns->cgroup_id && (c = map__next(g->map, &at, NULL)))
		if (text__equal(name, c->s->cgroup))
			ns->cgroup_id = c->s->cgroup_id;
}

static void read_one(struct netns_set *s, struct reader *r, const struct cgroups *g,
		     struct netns *ns)
{
	struct values v = {ns->v, &ns->known};
	char path[ROOT_MOST + 64];
	int fd = READER_CLOSED;
	struct text t = {"", 0};
	uint64_t inode;

	snprintf(path, sizeof(path), "%s/proc/%u/net/netstat", s->root, ns->pid);
	if (reader__read(r, &fd, path, KEEP_NEVER, true, &t) || !inode_of(s, ns->pid, &inode) ||
	    inode != ns->inode) {
		ns->pid =
			0; /* ended, or another one by now: the next round finds the namespace's next process */
		return;
	}
	nettable__parse(t, "TcpExt:", listen_rows, ARRAY_SIZE(listen_rows), &v);
	if (!ns->cgroup_id)
		find_cgroup(s, r, g, ns);
}

void netns__tick(struct netns_set *s, struct reader *r, const struct cgroups *g, uint64_t now_ns)
{
	uint64_t now_s = now_ns / NS_PER_S;

	search(s, now_s);
	for (size_t i = 0; i < s->count; i++) {
		struct netns *ns = &s->ns[i];

		if (!ns->pid || now_s < ns->next_s)
			continue;
		ns->next_s = now_s + 1 + (ns->inode + ROUND_S - (now_s + 1) % ROUND_S) % ROUND_S;
		read_one(s, r, g, ns);
	}
}
