/* SPDX-License-Identifier: Apache-2.0 */
#include "mounts.h"

#include <poll.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>

#include "clock.h"

#define SPACE_S 10
#define LIST_S 60

/* File systems on block devices: asked for their space. */
static const char *const device_types[] = {"ext2", "ext3",     "ext4",	"xfs",	 "btrfs",
					   "f2fs", "vfat",     "exfat", "ntfs3", "bcachefs",
					   "jfs",  "reiserfs", "zfs",	"nilfs2"};
/* In memory, or of the kernel: not asked, but harmless to walk through. */
static const char *const memory_types[] = {
	"tmpfs",    "ramfs",	  "devtmpfs",  "rootfs",  "proc",	 "sysfs",      "cgroup",
	"cgroup2",  "overlay",	  "squashfs",  "erofs",	  "iso9660",	 "udf",	       "bpf",
	"tracefs",  "debugfs",	  "configfs",  "devpts",  "mqueue",	 "hugetlbfs",  "pstore",
	"efivarfs", "securityfs", "selinuxfs", "fusectl", "binfmt_misc", "rpc_pipefs", "nsfs",
};

static bool is_one_of(const char *type, const char *const *types, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(type, types[i]))
			return true;
	return false;
}

void mounts__init(struct mounts *m, const char *root)
{
	memset(m, 0, sizeof(*m));
	snprintf(m->root, sizeof(m->root), "%s", root);
	m->list.fd = m->space.fd = READER_CLOSED;
	m->dirty = true;
}

void mounts__done(struct mounts *m, struct reader *r)
{
	reader__close(r, &m->list.fd);
}

static bool is_unsafe(const struct mounts *m, uint32_t id)
{
	for (size_t i = 0; i < m->unsafe_count; i++)
		if (m->unsafe[i] == id)
			return true;
	return false;
}

const char *mount__device(const struct mount_row *row, const struct node *n)
{
	const char *name = node__disk(n, row->m.major, row->m.minor);
	const char *slash = strrchr(row->m.source, '/');

	return name ? name : slash ? slash + 1 : row->m.source;
}

void mounts__closed(struct mounts *m, const struct node *n, const char *device)
{
	for (size_t i = 0; i < m->count && m->closed_count < CLOSED_MOST; i++) {
		const struct mount_line *line = &m->row[i].m;

		if (strcmp(mount__device(&m->row[i], n), device))
			continue;
		m->closed[m->closed_count++] =
			(struct closed_mount){line->major, line->minor, line->id};
		return;
	}
}

static bool is_closed(const struct closed_mount *c, const struct mount_line *line)
{
	return c->major == line->major && c->minor == line->minor && c->id == line->id;
}

/* Forget what is not mounted any more. */
static void prune_closed(struct mounts *m)
{
	for (size_t k = m->closed_count; k-- > 0;) {
		size_t i = 0;

		while (i < m->count && !is_closed(&m->closed[k], &m->row[i].m))
			i++;
		if (i == m->count)
			m->closed[k] = m->closed[--m->closed_count];
	}
}

static void drop(struct mounts *m, size_t i)
{
	m->row[i] = m->row[--m->count];
}

/*
 * Keep a mount of a device: one by device, the whole file system before a bind mount of a
 * folder. Numbers read before are kept too.
 */
static void keep(struct mounts *m, const struct mount_line *line)
{
	for (size_t i = 0; i < m->count; i++) {
		struct mount_line *had = &m->row[i].m;

		if (had->major != line->major || had->minor != line->minor)
			continue;
		if (!had->whole && line->whole)
			*had = *line;
		return;
	}
	if (m->count == MOUNTS_MOST) {
		m->more++;
		return;
	}
	m->row[m->count++] = (struct mount_row){.m = *line};
}

static void mount_line(void *arg, struct text text)
{
	struct mounts *m = arg;
	struct mount_line line;
	bool device;

	if (!mount__parse(text, &line))
		return;
	/* what is mounted later on the same point hides the earlier one */
	for (size_t i = m->count; i-- > 0;)
		if (!strcmp(m->row[i].m.path, line.path))
			drop(m, i);
	device = is_one_of(line.type, device_types, ARRAY_SIZE(device_types));
	if (is_unsafe(m, line.parent) ||
	    (!device && !is_one_of(line.type, memory_types, ARRAY_SIZE(memory_types)))) {
		if (m->unsafe_count < UNSAFE_MOST)
			m->unsafe[m->unsafe_count++] = line.id;
		return;
	}
	if (device)
		keep(m, &line);
}

struct work {
	struct mounts *m;
	struct reader *r;
};

static int read_list(void *arg)
{
	struct work *w = arg;
	char path[ROOT_MOST + 64];

	w->m->count = w->m->more = w->m->unsafe_count = 0;
	snprintf(path, sizeof(path), "%s/proc/1/mountinfo", w->m->root);
	return reader__lines(w->r, &w->m->list.fd, path, KEEP_ALWAYS, mount_line, w->m);
}

/*
 * Through the first process, whose mounts the list names. Where it lets nobody in (a kernel may
 * guard it): by our own path, if what is found there lies on that device.
 */
static bool ask(const struct mounts *m, const struct mount_line *line, struct statvfs *ret)
{
	char path[ROOT_MOST + 640];
	struct stat st;

	snprintf(path, sizeof(path), "%s/proc/1/root%s", m->root, line->path);
	if (!statvfs(path, ret))
		return true;
	if (errno != EACCES && errno != EPERM)
		return false;
	snprintf(path, sizeof(path), "%s%s", m->root, line->path);
	return !stat(path, &st) && st.st_dev == makedev(line->major, line->minor) &&
	       !statvfs(path, ret);
}

static void read_space(const struct mounts *m, struct mount_row *row)
{
	struct statvfs s;

	row->known = ask(m, &row->m, &s);
	if (!row->known)
		return;
	row->size = (uint64_t)s.f_blocks * s.f_frsize;
	row->free = (uint64_t)s.f_bfree * s.f_frsize;
	row->available = (uint64_t)s.f_bavail * s.f_frsize;
	row->inodes = s.f_files;
	row->inodes_free = s.f_ffree;
	row->read_only = (s.f_flag & ST_RDONLY) || row->m.read_only || row->m.broken;
	for (size_t k = 0; k < m->closed_count; k++)
		row->read_only |= is_closed(&m->closed[k], &row->m);
}

static int read_spaces(void *arg)
{
	struct work *w = arg;

	for (size_t i = 0; i < w->m->count; i++)
		read_space(w->m, &w->m->row[i]);
	return 0;
}

/*
 * The kernel marks the file when something was mounted or unmounted. A remount and an error do
 * not show there: hence LIST_S.
 */
static bool changed(const struct mounts *m, uint64_t now_s)
{
	struct pollfd p = {m->list.fd, POLLPRI, 0};

	if (m->dirty || now_s >= m->listed_s + (p.fd < 0 ? SPACE_S : LIST_S))
		return true;
	return p.fd >= 0 && poll(&p, 1, 0) > 0 && (p.revents & (POLLPRI | POLLERR));
}

int mounts__tick(struct mounts *m, struct reader *r, uint64_t now_ns)
{
	struct work w = {m, r};
	uint64_t now_s = now_ns / NS_PER_S;
	int rc = 0;

	if (changed(m, now_s) && now_s >= m->list.next_s) {
		m->dirty = false;
		m->listed_s = now_s;
		m->space.next_s = 0;
		rc = due__read(&m->list, now_s, 1, read_list, &w);
		prune_closed(m);
	}
	(void)due__read(&m->space, now_s, SPACE_S, read_spaces, &w);
	return rc;
}
