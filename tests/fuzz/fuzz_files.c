/* SPDX-License-Identifier: Apache-2.0 */
/* Every parser of the files room on any bytes. The first byte says which, the rest is its file, in memory of its exact size. */
#include "files/kmsg.h"
#include "files/parse.h"

#define VALUES 8

static const struct key_row rows[] = {{"anon", 0, 1},
				      {"nr_*", 1, 1000},
				      {"MemTotal", 2, 1024},
				      {"", 3, 1},
				      {"usage_usec", 4, 1000}};

static void fuzz_keys(struct text t)
{
	uint64_t v[VALUES] = {0}, known = ~0ULL, quota = 0, period = 0, list[8];
	struct values values = {v, &known};

	keys__parse(t, rows, ARRAY_SIZE(rows), &values);
	nettable__parse(t, "Udp:", rows, ARRAY_SIZE(rows), &values);
	(void)number__parse(t, 1, &quota);
	(void)quota__parse(t, 1, &quota, &period);
	if (list__parse(t, "cpu", list, ARRAY_SIZE(list)) > ARRAY_SIZE(list))
		abort();
}

static void fuzz_totals(struct text t)
{
	uint64_t v[3] = {0, 0, 0};
	struct io_line io;
	size_t lines = 0;

	if (psi__parse(t, v) > 3)
		abort();
	(void)softnet__parse(t, &v[0], &v[1], &v[2]);
	(void)decimal__parse(t, &v[0]);
	(void)ns__parse(t, &v[0]);
	while (io__next(&t, &io))
		if (++lines > 1u << 20)
			abort();
}

static void check_text(const char *s, size_t cap)
{
	if (!memchr(s, 0, cap))
		abort();
}

static void fuzz_lines(struct text t)
{
	size_t cpus = 0;
	struct text line;

	while (text__line(&t, &line)) {
		struct mount_line mount;
		struct nic_line nic;
		struct irq_line irq;
		uint32_t major, minor;
		char name[32];

		if (mount__parse(line, &mount)) {
			check_text(mount.path, sizeof(mount.path));
			check_text(mount.type, sizeof(mount.type));
			check_text(mount.source, sizeof(mount.source));
		}
		if (nic__parse(line, &nic))
			check_text(nic.name, sizeof(nic.name));
		cpus = cpus ? cpus : irq__cpus(line);
		if (irq__parse(line, cpus ? cpus : 2, &irq)) {
			check_text(irq.irq, sizeof(irq.irq));
			check_text(irq.device, sizeof(irq.device));
		}
		if (partition__parse(line, &major, &minor, name))
			check_text(name, sizeof(name));
	}
}

static void fuzz_log(struct text t)
{
	struct kernel_log_finding k;
	struct kmsg_record r;
	struct text path;

	(void)pid_cgroup__parse(t, "memory", &path);
	(void)pid_cgroup__parse(t, "", &path);
	if (!kmsg__parse(t, &r)) {
		memset(&r, 0, sizeof(r));
		r.line = t;
	}
	if (kmsg__find(&r, &k)) {
		check_text(k.device, sizeof(k.device));
		if (k.pid < 0 || k.class_ >= KERNEL_LOG_MAX || k.len > t.n)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static void (*const parsers[])(struct text t) = {fuzz_keys, fuzz_totals, fuzz_lines,
							 fuzz_log};
	cleanup_free char *copy = NULL;

	if (!n)
		return 0;
	copy = malloc(n > 1 ? n - 1 : 1);
	if (!copy)
		return 0;
	memcpy(copy, data + 1, n - 1);
	parsers[data[0] % ARRAY_SIZE(parsers)]((struct text){copy, n - 1});
	return 0;
}
