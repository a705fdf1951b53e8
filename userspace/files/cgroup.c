/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup.h"

#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "clock.h"

#define ABSENT (-2) /* in place of a descriptor: looked for in vain, again at the next slow turn */

enum tree { V2, V1 };

typedef void (*take_fn)(const struct cgroups *g, struct cg *c, size_t file, struct text t);
static void take_keys(const struct cgroups *g, struct cg *c, size_t file, struct text t);
static void take_number(const struct cgroups *g, struct cg *c, size_t file, struct text t);
static void take_quota(const struct cgroups *g, struct cg *c, size_t file, struct text t);
static void take_pressure(const struct cgroups *g, struct cg *c, size_t file, struct text t);
static void take_io(const struct cgroups *g, struct cg *c, size_t file, struct text t);
#define KEYS take_keys
#define NUMBER take_number
#define QUOTA take_quota
#define PRESSURE take_pressure
#define IO take_io

struct cg_row {
	enum tree tree;
	const char *controller, *name;
	take_fn form; /* an empty text: the file could not be read */
	enum cg_value value;
	bool slow;
};

static const struct cg_row rows[] = {
#define CGROUP_FILE(id, tree, controller, name, form, value, slow) \
	{tree, controller, name, form, CG_##value, slow},
#define CGROUP_KEY(...)
#include "cgroup_files.def"
#undef CGROUP_FILE
#undef CGROUP_KEY
};

_Static_assert(CGF_v1_cpu <= CG_FDS && CG_FILES - CGF_v1_cpu <= CG_FDS, "a descriptor a file");

static const struct key_row key_rows[] = {
#define CGROUP_FILE(...)
#define CGROUP_KEY(file, key, value, scale) {key, CG_##value, scale},
#include "cgroup_files.def"
#undef CGROUP_FILE
#undef CGROUP_KEY
};

static const uint8_t key_files[] = {
#define CGROUP_FILE(...)
#define CGROUP_KEY(file, key, value, scale) CGF_##file,
#include "cgroup_files.def"
#undef CGROUP_FILE
#undef CGROUP_KEY
};

/*
 * On v1 a hierarchy is mounted beside the naming one, under the name of its controller or of
 * several.
 */
static void find_dir(char *ret, size_t cap, const char *root, const char *controller)
{
	static const struct {
		const char *controller, *dir;
	} places[] = {
		{"cpu", "cpu"},		{"cpu", "cpu,cpuacct"},	    {"cpu", "cpuacct,cpu"},
		{"cpuacct", "cpuacct"}, {"cpuacct", "cpu,cpuacct"}, {"cpuacct", "cpuacct,cpu"},
		{"memory", "memory"},	{"pids", "pids"},
	};
	const char *slash = strrchr(root, '/');
	int parent = slash ? (int)(slash - root) : 0;

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		if (strcmp(places[i].controller, controller))
			continue;
		snprintf(ret, cap, "%.*s/%s", parent, root, places[i].dir);
		if (!access(ret, F_OK))
			return;
	}
	ret[0] = 0;
}

int cgroups__init(struct cgroups *g, const struct cgroup_tree *tree)
{
	struct statfs fs;

	memset(g, 0, sizeof(*g));
	g->tree = *tree;
	g->first = tree->layout == CGROUP_V2 ? 0 : CGF_v1_cpu;
	g->n = tree->layout == CGROUP_V2 ? CGF_v1_cpu : CG_FILES - CGF_v1_cpu;
	g->verify = !statfs(tree->root, &fs) &&
		    (fs.f_type == CGROUP2_SUPER_MAGIC || fs.f_type == CGROUP_SUPER_MAGIC);
	for (size_t i = g->first; i < g->first + g->n; i++) {
		if (rows[i].tree == V1)
			find_dir(g->dir[i], sizeof(g->dir[i]), tree->root, rows[i].controller);
		else
			snprintf(g->dir[i], sizeof(g->dir[i]), "%s", tree->root);
	}
	for (size_t k = ARRAY_SIZE(key_files); k-- > 0;) {
		g->keys[key_files[k]].from = (uint8_t)k;
		g->keys[key_files[k]].n++;
	}
	g->map = map__new(sizeof(uint64_t), sizeof(struct cg), CGROUPS_MOST);
	return g->map ? 0 : -errno;
}

static void close_all(struct cg *c, struct reader *r)
{
	for (size_t i = 0; i < CG_FDS; i++)
		reader__close(r, &c->fd[i]);
}

void cgroups__done(struct cgroups *g, struct reader *r)
{
	struct cg *c;
	size_t at = 0;

	while (g->map && (c = map__next(g->map, &at, NULL)))
		close_all(c, r);
	g->map = map__free(g->map);
}

int cgroups__add(struct cgroups *g, const struct subject *s)
{
	bool is_new = false;
	struct cg *c = map__put(g->map, &s->cgroup_id, &is_new);

	if (!c)
		return -errno;
	c->s = s;
	for (size_t i = 0; is_new && i < CG_FDS; i++)
		c->fd[i] = READER_CLOSED;
	return 0;
}

void cgroups__remove(struct cgroups *g, struct reader *r, uint64_t id)
{
	struct cg *c = map__get(g->map, &id);

	if (!c)
		return;
	close_all(c, r);
	map__remove(g->map, &id);
}

bool cg__is_root(const struct cg *c)
{
	return !strcmp(c->s->cgroup, "/");
}

uint64_t cg__value(const struct cg *c, enum cg_value v)
{
	return c->known >> v & 1 ? c->v[v] : FILES_UNKNOWN;
}

/* Slot of a device: its own, a free one, or the one for the rest. */
static struct cg_io *io_slot(struct cg *c, const struct io_line *line)
{
	for (uint32_t i = 0; i < c->devices; i++)
		if (c->io[i].major == line->major && c->io[i].minor == line->minor)
			return &c->io[i];
	if (c->devices < CG_DEVICES) {
		struct cg_io *io = &c->io[c->devices++];

		*io = (struct cg_io){line->major, line->minor, {0}};
		return io;
	}
	c->io[CG_DEVICES].major = c->io[CG_DEVICES].minor = CG_OTHER_DEVICE;
	return &c->io[CG_DEVICES];
}

static void take_io(const struct cgroups *g UNUSED, struct cg *c, size_t file UNUSED, struct text t)
{
	struct io_line line;

	for (size_t i = 0; i < ARRAY_SIZE(c->io); i++)
		memset(c->io[i].v, 0, sizeof(c->io[i].v));
	while (io__next(&t, &line)) {
		struct cg_io *io = io_slot(c, &line);

		for (size_t k = 0; k < IO_VALUES; k++)
			io->v[k] += line.v[k];
	}
}

static void set(struct cg *c, enum cg_value v, bool known, uint64_t value)
{
	c->known = known ? c->known | 1ULL << v : c->known & ~(1ULL << v);
	if (known)
		c->v[v] = value;
}

static void take_keys(const struct cgroups *g, struct cg *c, size_t file, struct text t)
{
	struct values v = {c->v, &c->known};

	keys__parse(t, &key_rows[g->keys[file].from], g->keys[file].n, &v);
}

/* Version 1 writes the largest number of pages where there is no limit. */
#define NO_LIMIT (1ULL << 62)

static void take_number(const struct cgroups *g UNUSED, struct cg *c, size_t file, struct text t)
{
	enum cg_value value = rows[file].value;
	uint64_t n = 0;
	bool known = number__parse(t, FILES_UNLIMITED, &n);

	if (known && value == CG_memory_max && n >= NO_LIMIT)
		n = FILES_UNLIMITED;
	set(c, value, known, n);
}

static void take_quota(const struct cgroups *g UNUSED, struct cg *c, size_t file UNUSED,
		       struct text t)
{
	uint64_t quota = 0, period = 0;
	bool known = quota__parse(t, FILES_UNLIMITED, &quota, &period);

	set(c, CG_quota_us, known, quota);
	set(c, CG_period_us, known, period);
}

static void take_pressure(const struct cgroups *g UNUSED, struct cg *c, size_t file, struct text t)
{
	uint64_t total[2] = {0, 0};
	unsigned seen = psi__parse(t, total);

	set(c, rows[file].value, seen & 1, total[0]);
	set(c, rows[file].value + 1, seen & 2, total[1]);
}

/*
 * One file. False when it is not there and was not known to be absent, as it is where the cgroup
 * is gone.
 */
static bool read_file(struct cgroups *g, struct reader *r, struct cg *c, size_t file, bool search)
{
	const struct cg_row *row = &rows[file];
	int *fd = &c->fd[file - g->first], rc;
	bool was_absent = *fd == ABSENT;
	struct text t = {"", 0};
	char path[READER_PATH];

	path[0] = 0;
	if (!g->dir[file][0] || (was_absent && !search))
		return true;
	if (*fd < 0 && snprintf(path, sizeof(path), "%s%s/%s", g->dir[file], c->s->cgroup,
				row->name) >= (int)sizeof(path))
		return true;
	rc = reader__read(r, fd, path, row->slow ? KEEP_SLOW : KEEP_ALWAYS, false, &t);
	row->form(g, c, file, t);
	if (rc)
		*fd = ABSENT;
	return !rc || was_absent;
}

/* The directory is there and is the cgroup that we mean, not a later one of the same name. */
static bool is_there(const struct cgroups *g, const struct cg *c)
{
	char path[READER_PATH];
	struct stat st;

	if (snprintf(path, sizeof(path), "%s%s", g->tree.root, c->s->cgroup) >= (int)sizeof(path))
		return true;
	if (stat(path, &st))
		return errno != ENOENT;
	return !g->verify || st.st_ino == c->s->cgroup_id;
}

/* Seconds until the cgroup's next turn, 1 to CG_SLOW_S: turns are spread by the id. */
static uint64_t turn(uint64_t id, uint64_t now_s)
{
	return 1 + (id % CG_SLOW_S + CG_SLOW_S - (now_s + 1) % CG_SLOW_S) % CG_SLOW_S;
}

/* Is the file read at this turn? */
static bool is_due(const struct cgroups *g, const struct cg_row *row, bool slow, bool root)
{
	if (row->form == PRESSURE && root)
		return false; /* the same as the node's */
	if (slow)
		return true;
	if (row->form == PRESSURE && g->calm[(row->value - CG_psi_cpu_some) / PSI_KINDS])
		return false;
	return !row->slow;
}

/*
 * False: gone. Whatever was opened by its path was this cgroup's when the cgroup is still there
 * afterwards: ids are never used twice.
 */
static bool read_cgroup(struct cgroups *g, struct reader *r, struct cg *c, uint64_t now_ns)
{
	uint64_t now_s = now_ns / NS_PER_S, opened = r->opened;
	uint64_t cpu = cg__value(c, CG_cpu_ns);
	bool slow = !c->read_ns || now_s >= c->next_slow_s, root = cg__is_root(c);
	bool search = slow && c->turns % CG_ABSENT_TURNS == 0, all = true;

	if (!slow && now_s < c->next_s)
		return true;
	for (size_t i = g->first; i < g->first + g->n; i++)
		if (is_due(g, &rows[i], slow, root))
			all &= read_file(g, r, c, i, search);
	if ((!all || r->opened != opened) && !is_there(g, c))
		return false;
	if (slow) {
		c->turns++;
		c->next_slow_s = now_s + turn(c->s->cgroup_id, now_s);
	}
	c->next_s = cpu != FILES_UNKNOWN && cpu == cg__value(c, CG_cpu_ns) ? c->next_slow_s : now_s;
	c->read_ns = now_ns;
	return true;
}

void cgroups__tick(struct cgroups *g, struct reader *r, uint64_t now_ns)
{
	struct cg *c;
	size_t at = 0;

	while ((c = map__next(g->map, &at, NULL))) {
		uint64_t id = c->s->cgroup_id;

		if (read_cgroup(g, r, c, now_ns))
			continue;
		g->vanished++;
		cgroups__remove(g, r, id);
	}
}
