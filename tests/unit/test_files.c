/* SPDX-License-Identifier: Apache-2.0 */
/* The files room on trees taken from real kernels, and on trees that change under it. */
#include "testing.h"

#include <fcntl.h>
#include <malloc.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "clock.h"
#include "files/priv.h"
#include "metric.h"

#define V2 "tests/fixture/files/v2"
#define V1 "tests/fixture/files/v1"
#define S(n) ((n)*NS_PER_S)

static struct cgroup_tree tree(enum cgroup_layout layout, const char *root, const char *dir,
			       const char *controller)
{
	struct cgroup_tree t = {.layout = layout, .controller = controller};

	snprintf(t.root, sizeof(t.root), "%s%s", root, dir);
	return t;
}

static const struct subject web = {.cgroup_id = 3,
				   .cgroup = "/app.slice/web.service",
				   .labels = "cgroup=\"/app.slice/web.service\""};
static const struct subject idle = {.cgroup_id = 4,
				    .cgroup = "/app.slice/idle.service",
				    .labels = "cgroup=\"/app.slice/idle.service\""};
static const struct subject slice = {
	.cgroup_id = 2, .cgroup = "/app.slice", .labels = "cgroup=\"/app.slice\""};
static const struct subject top = {.cgroup_id = 1, .cgroup = "/", .labels = "cgroup=\"/\""};

static struct files *open_v2(void)
{
	struct cgroup_tree t = tree(CGROUP_V2, V2, "/sys/fs/cgroup", "");
	struct files *f = files__new(&t, V2);

	assert_non_null(f);
	assert_int_equal(files__cgroup_add(f, &top), 0);
	assert_int_equal(files__cgroup_add(f, &slice), 0);
	assert_int_equal(files__cgroup_add(f, &web), 0);
	assert_int_equal(files__cgroup_add(f, &idle), 0);
	return f;
}

/* The text of one scrape. */
static void scrape(struct files *f, struct metrics *m, struct buf *text)
{
	cleanup_buf struct buf snapshot = BUF_INIT;

	buf__clear(text);
	metrics__begin(m);
	files__collect(f, m);
	assert_int_equal(metrics__end(m, &snapshot), 0);
	assert_int_equal(metrics__render(snapshot.data, snapshot.len, FORMAT_PROMETHEUS, text), 0);
}

static bool has_line(const struct buf *text, const char *line)
{
	char framed[512];

	snprintf(framed, sizeof(framed), "\n%s\n", line);
	return strstr(text->data, framed) != NULL;
}

#define assert_line(text, line)                       \
	do {                                          \
		if (!has_line(text, line))            \
			fail_msg("no line %s", line); \
	} while (0)

static void reads_v2(void **state)
{
	struct files *f = open_v2();
	struct files_cgroup c;
	struct files_node n;

	(void)state;
	assert_int_equal(files__cgroup(f, 3, &c), -ENOENT);
	assert_int_equal(files__tick(f, S(100)), 0);
	assert_int_equal(files__cgroup(f, 3, &c), 0);
	assert_ptr_equal(c.subject, &web);
	assert_int_equal(c.read_ns, S(100));
	assert_int_equal(c.cpu_ns, 2269422000);
	assert_int_equal(c.throttled_ns, 7978166000);
	assert_int_equal(c.periods, 114);
	assert_int_equal(c.throttled, 109);
	assert_int_equal(c.cpu_limit_ns, 200000000);
	assert_int_equal(c.memory, 4096);
	assert_true(c.memory_high == FILES_UNLIMITED);
	assert_int_equal(c.memory_max, 59998208);
	assert_int_equal(c.oom_kills, 0);
	assert_int_equal(c.pids, 1);
	assert_int_equal(c.pids_max, 64);
	assert_int_equal(c.psi_us[PSI_CPU][PSI_SOME], 11365172);
	assert_int_equal(c.psi_us[PSI_CPU][PSI_FULL], 11365172);
	assert_int_equal(c.psi_us[PSI_MEMORY][PSI_FULL], 0);
	assert_int_equal(files__cgroup(f, 1, &c), 0);
	assert_int_equal(c.cpu_ns, 3376000000);
	assert_int_equal(c.psi_us[PSI_CPU][PSI_SOME], 18316206);
	assert_int_equal(c.psi_us[PSI_IO][PSI_FULL], 288813);
	assert_true(c.memory == FILES_UNKNOWN); /* the root has no such file */
	files__node(f, &n);
	assert_int_equal(n.psi_us[PSI_IO][PSI_SOME], 297733);
	assert_int_equal(n.cpu_busy_ns, (795 + 518 + 13) * 10000000ULL);
	assert_int_equal(n.cpu_idle_ns, (467 + 29) * 10000000ULL);
	assert_int_equal(n.running, 2);
	assert_int_equal(n.blocked, 0);
	files__cgroup_remove(f, 3);
	files__cgroup_remove(f, 3);
	assert_int_equal(files__cgroup(f, 3, &c), -ENOENT);
	assert_null(files__free(f));
}

static const char *const v2_lines[] = {
	"aeo_cpu_seconds_total{cgroup=\"/app.slice/web.service\"} 2.269422",
	"aeo_cpu_limit_cores{cgroup=\"/app.slice/web.service\"} 0.2",
	"aeo_cpu_limit_cores{cgroup=\"/\"} +Inf",
	"aeo_throttled_seconds_total{cgroup=\"/app.slice/web.service\"} 7.978166",
	"aeo_throttled_seconds_total{cgroup=\"/app.slice/idle.service\"} 0",
	"aeo_throttled_periods_total{cgroup=\"/app.slice/web.service\"} 109",
	"aeo_memory_bytes{cgroup=\"/app.slice/web.service\"} 4096",
	"aeo_memory_limit_bytes{cgroup=\"/app.slice/web.service\",class=\"max\"} 59998208",
	"aeo_memory_stat_bytes{cgroup=\"/app.slice/web.service\",class=\"anon\"} 4096",
	"aeo_memory_events_total{cgroup=\"/app.slice/web.service\",class=\"oom_kill\"} 0",
	"aeo_pids_limit{cgroup=\"/app.slice/web.service\"} 64",
	"aeo_pressure_seconds_total{cgroup=\"/app.slice/web.service\",resource=\"cpu\",class=\"some\"} 11.365172",
	"aeo_pressure_seconds_total{cgroup=\"/\",resource=\"cpu\",class=\"some\"} 18.316206",
	"aeo_io_bytes_total{cgroup=\"/app.slice/web.service\",op=\"write\",device=\"vda\"} 314773504",
	"aeo_io_operations_total{cgroup=\"/app.slice/web.service\",op=\"read\",device=\"sdb\"} 1",
	"aeo_node_cpu_seconds_total{mode=\"iowait\"} 0.29",
	"aeo_node_context_switches_total 9235",
	"aeo_node_tasks{state=\"running\"} 2",
	"aeo_irq_total{class=\"hard\"} 4478",
	"aeo_irq_soft_total{vector=\"rcu\"} 3671",
	"aeo_irq_line_total{device=\"virtio1-req.0\",irq=\"27\"} 112",
	"aeo_nic_bytes_total{op=\"send\",device=\"eth0\"} 2000",
	"aeo_nic_drops_total{op=\"receive\",device=\"eth0\"} 2",
	"aeo_nic_softnet_total{class=\"squeezed\"} 4",
	"aeo_udp_errors_total{class=\"receive_buffer\"} 5",
	"aeo_tcp_listen_overflows_total{cgroup=\"/app.slice/web.service\",netns=\"4026532288\"} 17",
	"aeo_tcp_listen_drops_total{cgroup=\"/app.slice/web.service\",netns=\"4026532288\"} 19",
	"aeo_tcp_listen_drops_total{cgroup=\"/\",netns=\"4026531840\"} 0",
	"aeo_netns 2",
	"aeo_descriptors_open 32",
	"aeo_uptime_seconds 24.4",
	"aeo_node_load{window=\"1m\"} 0.22",
	"aeo_filesystem_readonly{device=\"vda2\",fstype=\"xfs\",mount=\"/data disk\"} 0",
	"aeo_filesystem_readonly{device=\"vda3\",fstype=\"ext4\",mount=\"/broken\"} 1",
	"aeo_filesystem_readonly{device=\"vda6\",fstype=\"vfat\",mount=\"/ro\"} 1",
	"aeo_cgroups_read 4",
};

static void exports_v2(void **state)
{
	struct files *f = open_v2();
	struct metrics *m = metrics__new(10000);
	cleanup_buf struct buf text = BUF_INIT;

	(void)state;
	assert_int_equal(files__tick(f, S(100)), 0);
	scrape(f, m, &text);
	for (size_t i = 0; i < ARRAY_SIZE(v2_lines); i++)
		assert_line(&text, v2_lines[i]);
	/* no quota, no limit: no series */
	assert_null(strstr(text.data, "aeo_cpu_limit_cores{cgroup=\"/app.slice/idle.service\"}"));
	/* bind mount, network, hidden, FUSE */
	assert_null(strstr(text.data, "mount=\"/srv/docker\""));
	assert_null(strstr(text.data, "/mnt/nfs"));
	assert_null(strstr(text.data, "mount=\"/hidden\""));
	assert_null(strstr(text.data, "remote"));
	metrics__free(m);
	files__free(f);
}

static void reads_v1(void **state)
{
	static const struct subject box = {.cgroup_id = 9,
					   .cgroup = "/docker/0123abcd",
					   .labels = "cgroup=\"/docker/0123abcd\""};
	static const struct subject docker = {
		.cgroup_id = 8, .cgroup = "/docker", .labels = "cgroup=\"/docker\""};
	struct cgroup_tree t = tree(CGROUP_V1, V1, "/sys/fs/cgroup/memory", "memory");
	struct files *f = files__new(&t, V1);
	struct metrics *m = metrics__new(10000);
	cleanup_buf struct buf text = BUF_INIT;
	struct files_cgroup c;
	struct files_node n;

	(void)state;
	assert_non_null(f);
	assert_int_equal(files__cgroup_add(f, &box), 0);
	assert_int_equal(files__cgroup_add(f, &docker), 0);
	assert_int_equal(files__tick(f, S(5)), 0);
	assert_int_equal(files__cgroup(f, 8, &c), 0);
	assert_true(c.memory_max == FILES_UNLIMITED);
	assert_true(c.cpu_limit_ns == FILES_UNLIMITED);
	assert_int_equal(files__cgroup(f, 9, &c), 0);
	assert_int_equal(c.cpu_ns, 2226278261);
	assert_int_equal(c.throttled_ns, 7668932483);
	assert_int_equal(c.throttled, 104);
	assert_int_equal(c.cpu_limit_ns, 200000000);
	assert_int_equal(c.memory, 131072);
	assert_int_equal(c.memory_max, 59998208);
	assert_true(c.pids_max == FILES_UNLIMITED);
	assert_true(c.psi_us[PSI_CPU][PSI_SOME] == FILES_UNKNOWN);
	files__node(f, &n);
	assert_true(n.psi_us[PSI_CPU][PSI_SOME] == FILES_UNKNOWN);
	scrape(f, m, &text);
	assert_line(&text, "aeo_cpu_system_seconds_total{cgroup=\"/docker/0123abcd\"} 0.044");
	assert_line(&text, "aeo_throttled_seconds_total{cgroup=\"/docker/0123abcd\"} 7.668932483");
	assert_null(strstr(text.data, "aeo_pressure_seconds_total{cgroup=\"/docker/0123abcd\""));
	metrics__free(m);
	files__free(f);
}

/* A tree that the test changes: one folder by cgroup under a new folder. */
static char dir[64];

static int make_dir(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/test_files.XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	char *const argv[] = {"rm", "-r", dir, NULL};
	pid_t pid = fork();

	(void)state;
	if (!pid) {
		execvp("rm", argv);
		_exit(127);
	}
	return 0;
}

static void put_file(const char *cgroup, const char *name, const char *content)
{
	char path[512];
	FILE *out;

	snprintf(path, sizeof(path), "%s%s", dir, cgroup);
	(void)mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s%s/%s", dir, cgroup, name);
	out = fopen(path, "w");
	assert_non_null(out);
	assert_true(fputs(content, out) >= 0);
	assert_int_equal(fclose(out), 0);
}

static struct files *open_dir(void)
{
	struct cgroup_tree t = tree(CGROUP_V2, dir, "", "");
	struct files *f = files__new(&t, dir);

	assert_non_null(f);
	return f;
}

static struct files_cgroup cgroup(const struct files *f, uint64_t id)
{
	struct files_cgroup c;

	assert_int_equal(files__cgroup(f, id, &c), 0);
	return c;
}

static void put_cpus(const char *interrupts, const char *softnet)
{
	put_file("/proc", "interrupts", interrupts);
	put_file("/proc/1", "cgroup", "");
	put_file("/proc/1/net", "softnet_stat", softnet);
}

/* A CPU that goes takes its column along, and brings it back: no counter steps back, and nothing
 * is counted twice. */
static void cpus_come_and_go(void **state)
{
	static const struct {
		const char *interrupts, *softnet, *irq, *packets;
	} steps[] = {
		{"    CPU0 CPU1\n 7: 100 20  chip  disk\n 9: 0 5  chip  nic\n", "64 0 0\n10 0 0\n",
		 "120", "116"},
		{"    CPU0\n 7: 103  chip  disk\n 9: 0  chip  nic\n", "65 0 0\n", "120", "116"},
		{"    CPU0\n 7: 110  chip  disk\n 9: 1  chip  nic\n", "75 0 0\n", "127", "132"},
		{"    CPU0 CPU1\n 7: 111 20  chip  disk\n 9: 1 6  chip  nic\n", "75 0 0\n11 0 0\n",
		 "131", "134"},
	};
	struct files *f = open_dir();
	struct metrics *m = metrics__new(10000);
	cleanup_buf struct buf text = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		char line[128];

		put_cpus(steps[i].interrupts, steps[i].softnet);
		put_file("/proc", "stat",
			 i == 1 ? "cpu 100 0 0 40 8 0 0 0\n" : "cpu 100 0 0 50 9 0 0 0\n");
		(void)files__tick(f, S(100 + 10 * i));
		scrape(f, m, &text);
		snprintf(line, sizeof(line), "aeo_irq_line_total{device=\"disk\",irq=\"7\"} %s",
			 steps[i].irq);
		assert_line(&text, line);
		snprintf(line, sizeof(line), "aeo_nic_softnet_total{class=\"processed\"} %s",
			 steps[i].packets);
		assert_line(&text, line);
		assert_line(&text, "aeo_node_cpu_seconds_total{mode=\"iowait\"} 0.09");
	}
	assert_line(&text, "aeo_irq_line_total{device=\"nic\",irq=\"9\"} 7");
	metrics__free(m);
	files__free(f);
}

static void idle_and_slow(void **state)
{
	/* the turn of id 7 is at seconds that end in 7 */
	static const struct subject s = {.cgroup_id = 7, .cgroup = "/a", .labels = "cgroup=\"/a\""};
	struct files *f = open_dir();

	(void)state;
	put_file("/a", "cpu.stat", "usage_usec 1\n");
	put_file("/a", "memory.current", "100\n");
	put_file("/a", "memory.max", "1000\n");
	assert_int_equal(files__cgroup_add(f, &s), 0);
	(void)files__tick(f, S(103));
	put_file("/a", "cpu.stat", "usage_usec 2\n");
	put_file("/a", "memory.current", "200\n");
	put_file("/a", "memory.max", "2000\n");
	(void)files__tick(f, S(104));
	assert_int_equal(cgroup(f, 7).cpu_ns, 2000);
	assert_int_equal(cgroup(f, 7).memory, 200);
	assert_int_equal(cgroup(f, 7).memory_max, 1000); /* slow: not its turn */
	put_file("/a", "memory.current", "300\n");
	(void)files__tick(f, S(105)); /* no CPU since: idle from here on */
	assert_int_equal(cgroup(f, 7).memory, 300);
	put_file("/a", "cpu.stat", "usage_usec 3\n");
	put_file("/a", "memory.current", "400\n");
	(void)files__tick(f, S(106));
	assert_int_equal(cgroup(f, 7).memory, 300);
	(void)files__tick(f, S(107)); /* its turn: all of it */
	assert_int_equal(cgroup(f, 7).memory, 400);
	assert_int_equal(cgroup(f, 7).memory_max, 2000);
	assert_int_equal(cgroup(f, 7).cpu_ns, 3000);
	put_file("/a", "memory.current", "500\n");
	(void)files__tick(f, S(108)); /* busy again */
	assert_int_equal(cgroup(f, 7).memory, 500);
	files__free(f);
}

/* Nothing on the node waited for memory: the cgroup's file has nothing new, and is not read. */
static void calm_node(void **state)
{
	static const struct subject s = {.cgroup_id = 7, .cgroup = "/a", .labels = "cgroup=\"/a\""};
	struct files *f = open_dir();

	(void)state;
	put_file("/proc", "none", "");
	put_file("/proc/pressure", "memory", "some total=5\nfull total=5\n");
	put_file("/a", "cpu.stat", "usage_usec 1\n");
	put_file("/a", "memory.pressure", "some total=1\nfull total=1\n");
	put_file("/a", "io.pressure", "some total=1\nfull total=1\n");
	assert_int_equal(files__cgroup_add(f, &s), 0);
	(void)files__tick(f, S(101));
	put_file("/a", "cpu.stat", "usage_usec 2\n");
	put_file("/a", "memory.pressure", "some total=2\nfull total=2\n");
	put_file("/a", "io.pressure", "some total=2\nfull total=2\n");
	(void)files__tick(f, S(102));
	assert_int_equal(cgroup(f, 7).psi_us[PSI_IO][PSI_SOME],
			 2); /* the node's is not known here */
	assert_int_equal(cgroup(f, 7).psi_us[PSI_MEMORY][PSI_SOME], 1);
	put_file("/a", "cpu.stat", "usage_usec 3\n");
	put_file("/proc/pressure", "memory", "some total=6\nfull total=5\n");
	(void)files__tick(f, S(103));
	assert_int_equal(cgroup(f, 7).psi_us[PSI_MEMORY][PSI_SOME], 2);
	files__free(f);
}

static void unknown_is_absent(void **state)
{
	static const struct subject s = {.cgroup_id = 7, .cgroup = "/a", .labels = "cgroup=\"/a\""};
	struct files *f = open_dir();
	struct metrics *m = metrics__new(10000);
	cleanup_buf struct buf text = BUF_INIT;
	struct files_node n;

	(void)state;
	put_file("/a", "cpu.stat", "usage_usec 2500000\n");
	put_file("/a", "memory.current", "nonsense\n");
	assert_int_equal(files__cgroup_add(f, &s), 0);
	assert_int_equal(files__tick(f, S(100)), 0);
	assert_true(cgroup(f, 7).memory == FILES_UNKNOWN);
	assert_true(cgroup(f, 7).throttled_ns == FILES_UNKNOWN);
	assert_int_equal(files__kernel_log_fd(f), -1);
	files__node(f, &n);
	assert_true(n.cpu_busy_ns == FILES_UNKNOWN);
	assert_true(n.running == FILES_UNKNOWN);
	scrape(f, m, &text);
	assert_line(&text, "aeo_cpu_seconds_total{cgroup=\"/a\"} 2.5");
	assert_null(strstr(text.data, "aeo_memory_bytes{cgroup=\"/a\""));
	assert_null(strstr(text.data, "aeo_throttled_seconds_total{cgroup=\"/a\""));
	assert_null(strstr(text.data, "aeo_node_cpu_seconds_total{mode=\"user\""));
	assert_null(strstr(text.data, "class=\"hung_task\""));
	/* a controller that is switched on later appears within a minute */
	put_file("/a", "pids.current", "5\n");
	assert_true(cgroup(f, 7).pids == FILES_UNKNOWN);
	for (uint64_t at = 101; at <= 167; at++)
		(void)files__tick(f, S(at));
	assert_int_equal(cgroup(f, 7).pids, 5);
	metrics__free(m);
	files__free(f);
}

static size_t open_descriptors(void)
{
	size_t n = 0;

	for (int fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void respects_the_limit(void **state)
{
	struct rlimit old, small;
	struct subject s[20];
	char name[20][16];
	size_t before = open_descriptors();
	struct files *f;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	small = (struct rlimit){64, old.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &small), 0);
	f = open_dir();
	for (size_t i = 0; i < 20; i++) {
		snprintf(name[i], sizeof(name[i]), "/c%zu", i);
		s[i] = (struct subject){.cgroup_id = i, .cgroup = name[i], .labels = ""};
		put_file(name[i], "cpu.stat", "usage_usec 1\n");
		put_file(name[i], "memory.current", "100\n");
		put_file(name[i], "pids.current", "3\n");
		put_file(name[i], "memory.max", "700\n");
		assert_int_equal(files__cgroup_add(f, &s[i]), 0);
	}
	(void)files__tick(f, S(100));
	assert_in_range(open_descriptors() - before, 17,
			34); /* half of 64, and the folder that is searched */
	for (size_t i = 0; i < 20; i++) {
		assert_int_equal(cgroup(f, i).pids, 3);
		assert_int_equal(cgroup(f, i).memory_max, 700);
	}
	files__free(f);
	assert_int_equal(open_descriptors(), before);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
}

/* Another cgroup of the same name is not the one that was added. */
static void never_takes_a_successor(void **state)
{
	struct subject s = {.cgroup = "/a", .labels = ""};
	char path[128], aside[128];
	struct files *f = open_dir();
	struct files_cgroup c;
	struct stat st;

	(void)state;
	f->cgroups.verify = true; /* as on the kernel's own tree */
	put_file("/a", "cpu.stat", "usage_usec 1\n");
	snprintf(path, sizeof(path), "%s/a", dir);
	snprintf(aside, sizeof(aside), "%s/b", dir);
	assert_int_equal(stat(path, &st), 0);
	s.cgroup_id = st.st_ino;
	assert_int_equal(files__cgroup_add(f, &s), 0);
	(void)files__tick(f, S(100));
	assert_int_equal(files__cgroup(f, st.st_ino, &c), 0);
	assert_int_equal(rename(path, aside), 0);
	put_file("/a", "cpu.stat", "usage_usec 5\n");
	put_file("/a", "memory.current", "5\n");
	for (uint64_t at = 101; at < 175; at++) /* until a file that was not there is looked for */
		(void)files__tick(f, S(at));
	assert_int_equal(files__cgroup(f, st.st_ino, &c), -ENOENT);
	assert_int_equal(f->cgroups.vanished, 1);
	files__free(f);
}

static void drops_what_vanished(void **state)
{
	static const struct subject s = {.cgroup_id = 7, .cgroup = "/a", .labels = ""};
	char path[128];
	struct files *f = open_dir();
	struct files_cgroup c;

	(void)state;
	f->reader.most[KEEP_ALWAYS] = f->reader.most[KEEP_SLOW] =
		0; /* every reading opens by path */
	put_file("/a", "cpu.stat", "usage_usec 1\n");
	assert_int_equal(files__cgroup_add(f, &s), 0);
	(void)files__tick(f, S(107));
	assert_int_equal(files__cgroup(f, 7, &c), 0);
	snprintf(path, sizeof(path), "%s/a/cpu.stat", dir);
	assert_int_equal(unlink(path), 0);
	snprintf(path, sizeof(path), "%s/a", dir);
	assert_int_equal(rmdir(path), 0);
	for (uint64_t at = 108; at < 118; at++)
		(void)files__tick(f, S(at));
	assert_int_equal(files__cgroup(f, 7, &c), -ENOENT);
	files__cgroup_remove(f, 7);
	files__free(f);
}

static void steady_state_allocates_nothing(void **state)
{
	struct files *f = open_v2();
	struct mallinfo2 before, after;

	(void)state;
	for (uint64_t at = 100; at < 125; at++)
		(void)files__tick(f, S(at));
	before = mallinfo2();
	for (uint64_t at = 125; at < 225; at++)
		(void)files__tick(f, S(at));
	after = mallinfo2();
	assert_int_equal(after.uordblks, before.uordblks);
	assert_int_equal(after.hblkhd, before.hblkhd);
	files__free(f);
}

static void long_names_are_survived(void **state)
{
	static char name[6000];
	struct subject s = {.cgroup_id = 7, .cgroup = name, .labels = "cgroup=\"long\""};
	struct files *f = open_dir();
	struct cgroup_tree t = tree(CGROUP_V2, dir, "", "");

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	name[0] = '/';
	assert_int_equal(files__cgroup_add(f, &s), 0);
	(void)files__tick(f, S(100));
	(void)files__tick(f, S(101));
	assert_null(files__new(&t, name));
	assert_int_equal(errno, ENAMETOOLONG);
	files__free(f);
}

/* This machine's own kernel, whatever it offers. */
static void reads_this_kernel(void **state)
{
	struct cgroup_tree t = tree(CGROUP_V2, "", "/sys/fs/cgroup", "");
	struct files *f = files__new(&t, "");
	struct files_node n;

	(void)state;
	assert_non_null(f);
	assert_int_equal(files__tick(f, clock__boot()), 0);
	files__node(f, &n);
	assert_true(n.cpu_busy_ns != FILES_UNKNOWN && n.cpu_busy_ns > 0);
	assert_true(n.memory_total > n.memory_available);
	assert_true(n.running >= 1 && n.running != FILES_UNKNOWN);
	files__free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_v2),
		cmocka_unit_test(exports_v2),
		cmocka_unit_test(reads_v1),
		cmocka_unit_test_setup_teardown(idle_and_slow, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(calm_node, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(unknown_is_absent, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(respects_the_limit, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(cpus_come_and_go, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(never_takes_a_successor, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(drops_what_vanished, make_dir, remove_dir),
		cmocka_unit_test(steady_state_allocates_nothing),
		cmocka_unit_test_setup_teardown(long_names_are_survived, make_dir, remove_dir),
		cmocka_unit_test(reads_this_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
