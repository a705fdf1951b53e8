/* SPDX-License-Identifier: Apache-2.0 */
#include "node.h"

#include "clock.h"

#define SLOW_S 10
#define DEAR_NS NS_PER_MS

typedef bool (*form_fn)(struct node *n, size_t file, struct text t);

static bool take_keys(struct node *n, size_t file, struct text t);
static bool take_pressure(struct node *n, size_t file, struct text t);
static bool take_stat(struct node *n, size_t file, struct text t);
static bool take_softnet(struct node *n, size_t file, struct text t);
static bool take_udp(struct node *n, size_t file, struct text t);
static bool take_descriptors(struct node *n, size_t file, struct text t);
static bool take_uptime(struct node *n, size_t file, struct text t);
static bool take_load(struct node *n, size_t file, struct text t);
#define KEYS take_keys
#define PRESSURE take_pressure
#define STAT take_stat
#define SOFTNET take_softnet
#define UDP take_udp
#define DESCRIPTORS take_descriptors
#define UPTIME take_uptime
#define LOAD take_load

static const struct {
	const char *path;
	form_fn form; /* an empty text: the file could not be read */
	enum node_value value;
	uint8_t seconds;
} rows[] = {
#define NODE_FILE(id, path, form, value, seconds) {path, form, NV_##value, seconds},
#define NODE_KEY(...)
#include "node_files.def"
#undef NODE_FILE
#undef NODE_KEY
};

static const struct key_row key_rows[] = {
#define NODE_FILE(...)
#define NODE_KEY(file, key, value, scale) {key, NV_##value, scale},
#include "node_files.def"
#undef NODE_FILE
#undef NODE_KEY
};

static const uint8_t key_files[] = {
#define NODE_FILE(...)
#define NODE_KEY(file, key, value, scale) NF_##file,
#include "node_files.def"
#undef NODE_FILE
#undef NODE_KEY
};

void node__init(struct node *n, const char *root)
{
	memset(n, 0, sizeof(*n));
	snprintf(n->root, sizeof(n->root), "%s", root);
	for (size_t i = 0; i < NODE_FILES; i++)
		n->file[i].fd = READER_CLOSED;
	n->nic_file.fd = n->irq_file.fd = n->disk_file.fd = READER_CLOSED;
	for (size_t k = ARRAY_SIZE(key_files); k-- > 0;) {
		n->keys[key_files[k]].from = (uint8_t)k;
		n->keys[key_files[k]].n++;
	}
}

void node__done(struct node *n, struct reader *r)
{
	for (size_t i = 0; i < NODE_FILES; i++)
		reader__close(r, &n->file[i].fd);
	reader__close(r, &n->nic_file.fd);
	reader__close(r, &n->irq_file.fd);
	reader__close(r, &n->disk_file.fd);
}

uint64_t node__value(const struct node *n, enum node_value v)
{
	return values__known(n->known, v) ? n->v[v] : FILES_UNKNOWN;
}

/* `count` values from `first` on: known when `known`, else forgotten. */
static void set(struct node *n, enum node_value first, const uint64_t *from, size_t count,
		bool known)
{
	struct values v = {n->v, n->known};

	for (size_t i = 0; i < count; i++) {
		if (known)
			values__set(&v, first + i, from[i]);
		else
			values__forget(&v, first + i);
	}
}

static bool take_keys(struct node *n, size_t file, struct text t)
{
	struct values v = {n->v, n->known};

	keys__parse(t, &key_rows[n->keys[file].from], n->keys[file].n, &v);
	return true;
}

static bool take_pressure(struct node *n, size_t file, struct text t)
{
	uint64_t total[2] = {0, 0};
	unsigned seen = psi__parse(t, total);

	set(n, rows[file].value, &total[0], 1, seen & 1);
	set(n, rows[file].value + 1, &total[1], 1, seen & 2);
	return seen;
}

static bool take_stat(struct node *n, size_t file, struct text t)
{
	uint64_t soft[11] = {0}, cpu[8] = {0};
	bool have, seen;

	(void)take_keys(n, file, t);
	seen = list__parse(t, "cpu", cpu, 8) == 8;
	for (size_t i = 0; i < 8; i++) { /* idle and iowait of a CPU may step back (proc(5)) */
		uint64_t last = node__value(n, NV_cpu_user + i);

		if (last != FILES_UNKNOWN)
			cpu[i] = MAX(cpu[i], last);
	}
	set(n, NV_cpu_user, cpu, 8, seen);
	have = list__parse(t, "softirq", soft, 11) == 11;
	set(n, NV_irq_soft, soft, 1, have);
	set(n, NV_soft_hi, soft + 1, 10, have);
	return have;
}

/*
 * A sum over the CPUs that are online steps back when one goes. What it counted is carried in
 * *gone until the number of CPUs changes again; last: what was told before.
 */
static uint64_t carry(uint64_t *gone, uint64_t last, uint64_t now, bool changed)
{
	if (changed || now + *gone < last)
		*gone = last > now ? last - now : 0;
	return now + *gone;
}

static bool take_softnet(struct node *n, size_t file, struct text t)
{
	uint64_t v[3] = {0, 0, 0};
	bool known = softnet__parse(t, &v[0], &v[1], &v[2]);
	size_t cpus = 0;

	for (size_t i = 0; i < t.n; i++)
		cpus += t.s[i] == '\n';
	for (size_t i = 0; known && i < 3; i++) {
		uint64_t last = node__value(n, rows[file].value + i);

		v[i] = carry(&n->softnet_gone[i], last == FILES_UNKNOWN ? 0 : last, v[i],
			     n->softnet_cpus && cpus != n->softnet_cpus);
	}
	n->softnet_cpus = cpus;
	set(n, rows[file].value, v, 3, known);
	return known;
}

static bool take_udp(struct node *n, size_t file, struct text t)
{
	struct values v = {n->v, n->known};

	nettable__parse(t, "Udp:", &key_rows[n->keys[file].from], n->keys[file].n, &v);
	return true;
}

/* "allocated unused most"; a limit of all bits is none */
static bool take_descriptors(struct node *n, size_t file, struct text t)
{
	struct text line = {"", 0}, word[3];
	uint64_t used = 0, most = 0;
	bool known;

	(void)text__line(&t, &line);
	for (size_t i = 0; i < 3; i++)
		(void)text__word(&line, &word[i]);
	known = text__u64(word[0], &used) && text__u64(word[2], &most);
	if (most >> 62)
		most = FILES_UNLIMITED;
	set(n, rows[file].value, &used, 1, known);
	set(n, NV_descriptors_max, &most, 1, known);
	return known;
}

static size_t decimals(struct text t, uint64_t *ret, size_t cap)
{
	struct text line = {"", 0}, word;
	size_t i = 0;

	(void)text__line(&t, &line);
	while (i < cap && text__word(&line, &word) && decimal__parse(word, &ret[i]))
		i++;
	return i;
}

static bool take_uptime(struct node *n, size_t file, struct text t)
{
	uint64_t v[1];
	bool known = decimals(t, v, 1) == 1;

	set(n, rows[file].value, v, 1, known);
	return known;
}

static bool take_load(struct node *n, size_t file, struct text t)
{
	uint64_t v[3];
	bool known = decimals(t, v, 3) == 3;

	set(n, rows[file].value, v, 3, known);
	return known;
}

int due__read(struct due *d, uint64_t now_s, unsigned seconds, int (*fn)(void *arg), void *arg)
{
	uint64_t start;
	int rc;

	if (now_s < d->next_s)
		return 0;
	start = clock__mono();
	rc = fn(arg);
	if (rc || clock__mono() - start > DEAR_NS)
		seconds = SLOW_S;
	d->next_s = now_s + seconds;
	return rc == -ENOENT || rc == -ENODEV || rc == -EOPNOTSUPP ? 0 : rc;
}

/* What a reading needs. */
struct work {
	struct node *n;
	struct reader *r;
	size_t file;
};

static const char *path_of(const struct node *n, const char *name, char ret[ROOT_MOST + 64])
{
	snprintf(ret, ROOT_MOST + 64, "%s/proc/%s", n->root, name);
	return ret;
}

static int read_row(void *arg)
{
	struct work *w = arg;
	char path[ROOT_MOST + 64];
	struct text t = {"", 0};
	int rc = reader__read(w->r, &w->n->file[w->file].fd,
			      path_of(w->n, rows[w->file].path, path), KEEP_ALWAYS, true, &t);

	(void)rows[w->file].form(w->n, w->file, t);
	return rc;
}

static void nic_line(void *arg, struct text line)
{
	struct node *n = arg;
	struct nic_line nic;

	if (!nic__parse(line, &nic))
		return;
	if (n->nic_count < NICS_MOST)
		n->nics[n->nic_count++] = nic;
	else
		n->nic_more++;
}

static int read_nics(void *arg)
{
	struct work *w = arg;
	char path[ROOT_MOST + 64];

	w->n->nic_count = w->n->nic_more = 0;
	return reader__lines(w->r, &w->n->nic_file.fd, path_of(w->n, "1/net/dev", path),
			     KEEP_ALWAYS, nic_line, w->n);
}

/* Lines keep their order, so the search begins where the last one ended. */
static void carry_irq(struct node *n, struct irq_line *q, size_t *at, uint64_t *ret_gone)
{
	*ret_gone = 0;
	for (size_t k = 0; k < n->irq_count0; k++) {
		size_t i = (*at + k) % n->irq_count0;
		const struct irq_line *last = &n->irqs0[i];

		if (strcmp(last->irq, q->irq) || strcmp(last->device, q->device))
			continue;
		*ret_gone = n->irq_gone0[i];
		q->total = carry(ret_gone, last->total, q->total, n->irq_cpus != n->irq_cpus0);
		*at = i + 1;
		return;
	}
}

static void irq_line(void *arg, struct text line)
{
	struct node *n = arg;
	struct irq_line *q = &n->irqs[n->irq_count];

	if (!n->irq_cpus) {
		n->irq_cpus = irq__cpus(line);
		return;
	}
	if (n->irq_count >= IRQS_MOST || !irq__parse(line, n->irq_cpus, q))
		return;
	carry_irq(n, q, &n->irq_at, &n->irq_gone[n->irq_count]);
	n->irq_count += q->total != 0;
}

static int read_irqs(void *arg)
{
	struct work *w = arg;
	char path[ROOT_MOST + 64];

	memcpy(w->n->irqs0, w->n->irqs, sizeof(w->n->irqs0));
	memcpy(w->n->irq_gone0, w->n->irq_gone, sizeof(w->n->irq_gone0));
	w->n->irq_count0 = w->n->irq_count;
	w->n->irq_cpus0 = w->n->irq_cpus;
	w->n->irq_count = w->n->irq_cpus = w->n->irq_at = 0;
	return reader__lines(w->r, &w->n->irq_file.fd, path_of(w->n, "interrupts", path), KEEP_SLOW,
			     irq_line, w->n);
}

static void disk_line(void *arg, struct text line)
{
	struct node *n = arg;
	struct disk_name *d = &n->disks[n->disk_count];

	if (n->disk_count < DISKS_MOST && partition__parse(line, &d->major, &d->minor, d->name))
		n->disk_count++;
}

static int read_disks(void *arg)
{
	struct work *w = arg;
	char path[ROOT_MOST + 64];

	w->n->disk_count = 0;
	return reader__lines(w->r, &w->n->disk_file.fd, path_of(w->n, "partitions", path),
			     KEEP_SLOW, disk_line, w->n);
}

const char *node__disk(const struct node *n, uint32_t major, uint32_t minor)
{
	for (size_t i = 0; i < n->disk_count; i++)
		if (n->disks[i].major == major && n->disks[i].minor == minor)
			return n->disks[i].name;
	return NULL;
}

int node__tick(struct node *n, struct reader *r, uint64_t now_ns)
{
	struct work w = {n, r, 0};
	uint64_t now_s = now_ns / NS_PER_S;
	int rc = 0, one;

	for (; w.file < NODE_FILES; w.file++) {
		one = due__read(&n->file[w.file], now_s, rows[w.file].seconds, read_row, &w);
		rc = rc ? rc : one;
	}
	one = due__read(&n->nic_file, now_s, 1, read_nics, &w);
	rc = rc ? rc : one;
	one = due__read(&n->irq_file, now_s, SLOW_S, read_irqs, &w);
	rc = rc ? rc : one;
	one = due__read(&n->disk_file, now_s, SLOW_S, read_disks, &w);
	n->read_ns = now_ns;
	return rc ? rc : one;
}
