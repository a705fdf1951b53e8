/* SPDX-License-Identifier: Apache-2.0 */
/* Which hierarchy names cgroups: roots with the mount tables and /proc/cgroups of the three
 * layouts. */
#include <fcntl.h>
#include <sys/stat.h>

#include "attrib/attrib.h"
#include "attrib_root.h"
#include "testing.h"

#define V1_LIST                                                                               \
	"#subsys_name\thierarchy\tnum_cgroups\tenabled\n"                                     \
	"cpuset\t3\t1\t1\ncpu\t1\t1\t1\ncpuacct\t2\t1\t1\nblkio\t7\t1\t1\nmemory\t4\t22\t1\n" \
	"devices\t5\t1\t1\nfreezer\t6\t1\t1\nnet_cls\t0\t1\t1\nperf_event\t0\t1\t1\npids\t8\t1\t1\n"
#define V2_LIST                                                                                   \
	"#subsys_name\thierarchy\tnum_cgroups\tenabled\n"                                         \
	"cpuset\t0\t60\t1\ncpu\t0\t60\t1\ncpuacct\t0\t60\t1\nblkio\t0\t60\t1\nmemory\t0\t60\t1\n" \
	"pids\t0\t60\t1\n"
#define V1_MOUNTS                                                       \
	"proc /proc proc rw 0 0\ntmpfs /sys/fs/cgroup tmpfs rw 0 0\n"   \
	"cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,cpu,cpuacct 0 0\n" \
	"cgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0\n"           \
	"cgroup /sys/fs/cgroup/pids cgroup rw,pids 0 0\n"               \
	"cgroup /sys/fs/cgroup/systemd cgroup rw,xattr,name=systemd 0 0\n"

static void v2(void **state)
{
	char *root = root__new();
	struct cgroup_tree t;

	(void)state;
	root__put(root, "/proc/cgroups", V2_LIST);
	root__put(root, "/proc/mounts", "cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid 0 0\n");
	root__put(root, "/sys/fs/cgroup/cgroup.controllers", "cpuset cpu io memory pids\n");
	assert_int_equal(cgroup_tree__detect(root, &t), 0);
	assert_int_equal(t.layout, CGROUP_V2);
	assert_int_equal(t.subsys, ~0u);
	assert_int_equal(t.hierarchy, 0);
	assert_string_equal(t.controller, "");
	assert_true(root__is(root, "/sys/fs/cgroup", t.root));
	root__free(root);
}

static void v1_memory_first(void **state)
{
	char *root = root__new();
	struct cgroup_tree t;

	(void)state;
	root__put(root, "/proc/cgroups", V1_LIST);
	root__put(root, "/proc/mounts", V1_MOUNTS);
	root__dir(root, "/sys/fs/cgroup/memory");
	root__dir(root, "/sys/fs/cgroup/cpu,cpuacct");
	assert_int_equal(cgroup_tree__detect(root, &t), 0);
	assert_int_equal(t.layout, CGROUP_V1);
	assert_int_equal(t.subsys, 4);
	assert_int_equal(t.hierarchy, 4);
	assert_string_equal(t.controller, "memory");
	assert_true(root__is(root, "/sys/fs/cgroup/memory", t.root));
	root__free(root);
}

/* Booted with cgroup_disable=memory: the next best. */
static void v1_without_memory(void **state)
{
	static const char list[] =
		"#subsys_name\thierarchy\tnum_cgroups\tenabled\n"
		"cpuset\t3\t1\t1\ncpu\t1\t1\t1\ncpuacct\t1\t1\t1\nmemory\t0\t1\t0\n";
	char *root = root__new();
	struct cgroup_tree t;

	(void)state;
	root__put(root, "/proc/cgroups", list);
	root__put(root, "/proc/mounts", V1_MOUNTS);
	root__dir(root, "/sys/fs/cgroup/memory");
	root__dir(root, "/sys/fs/cgroup/cpu,cpuacct");
	assert_int_equal(cgroup_tree__detect(root, &t), 0);
	assert_int_equal(t.subsys, 2);
	assert_string_equal(t.controller, "cpuacct");
	assert_true(root__is(root, "/sys/fs/cgroup/cpu,cpuacct", t.root));
	root__free(root);
}

static void hybrid(void **state)
{
	char *root = root__new();
	struct cgroup_tree t;

	(void)state;
	root__put(root, "/proc/cgroups", V1_LIST);
	root__put(root, "/proc/mounts",
		  V1_MOUNTS "cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n");
	root__dir(root, "/sys/fs/cgroup/memory");
	root__put(root, "/sys/fs/cgroup/unified/cgroup.controllers", "\n");
	assert_int_equal(cgroup_tree__detect(root, &t), 0);
	assert_int_equal(t.layout, CGROUP_HYBRID);
	assert_string_equal(t.controller, "memory");
	root__free(root);
}

/* Only systemd's own v1 hierarchy beside a v2 tree that has the controllers: v2 names. */
static void v2_with_a_named_v1(void **state)
{
	char *root = root__new();
	struct cgroup_tree t;

	(void)state;
	root__put(root, "/proc/cgroups", V2_LIST);
	root__put(
		root, "/proc/mounts",
		"cgroup /sys/fs/cgroup/systemd cgroup rw,name=systemd 0 0\ncgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n");
	root__dir(root, "/sys/fs/cgroup/systemd");
	root__put(root, "/sys/fs/cgroup/unified/cgroup.controllers", "cpu memory\n");
	assert_int_equal(cgroup_tree__detect(root, &t), 0);
	assert_int_equal(t.layout, CGROUP_V2);
	assert_true(root__is(root, "/sys/fs/cgroup/unified", t.root));
	root__free(root);
}

/* With a root, the first process's mounts are the node's; a space in a mount point is written as
 * octal. */
static void other_root(void **state)
{
	char *root = root__new();
	struct cgroup_tree t;

	(void)state;
	root__put(root, "/proc/cgroups", V2_LIST);
	root__put(root, "/proc/mounts", "cgroup2 /elsewhere cgroup2 rw 0 0\n");
	root__put(root, "/proc/1/mounts", "cgroup2 /c\\040g cgroup2 rw 0 0\n");
	root__put(root, "/c g/cgroup.controllers", "memory\n");
	assert_int_equal(cgroup_tree__detect(root, &t), 0);
	assert_true(root__is(root, "/c g", t.root));
	root__free(root);
}

static void none(void **state)
{
	char *root = root__new();
	struct cgroup_tree t = {.subsys = 77};

	(void)state;
	assert_true(cgroup_tree__detect(root, &t) < 0);
	root__put(root, "/proc/cgroups", V1_LIST);
	root__put(root, "/proc/mounts", "tmpfs / tmpfs rw 0 0\n");
	assert_int_equal(cgroup_tree__detect(root, &t), -ENOENT);
	assert_int_equal(t.subsys, 77);
	root__free(root);
}

/* This machine: what was found is there, and the controller stands in the line that was said. */
static void this_machine(void **state)
{
	cleanup_file FILE *f = fopen("/proc/cgroups", "re");
	struct cgroup_tree t;
	char line[256];

	(void)state;
	if (!f || cgroup_tree__detect("", &t) < 0)
		skip();
	assert_int_equal(access(t.root, X_OK), 0);
	assert_int_equal(t.subsys == ~0u, t.layout == CGROUP_V2);
	if (t.layout == CGROUP_V2)
		return;
	assert_non_null(fgets(line, sizeof(line), f));
	for (uint32_t i = 0; i <= t.subsys; i++)
		assert_non_null(fgets(line, sizeof(line), f));
	assert_int_equal(strncmp(line, t.controller, strlen(t.controller)), 0);
	assert_int_equal(line[strlen(t.controller)], '\t');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(v2),
		cmocka_unit_test(v1_memory_first),
		cmocka_unit_test(v1_without_memory),
		cmocka_unit_test(hybrid),
		cmocka_unit_test(v2_with_a_named_v1),
		cmocka_unit_test(other_root),
		cmocka_unit_test(none),
		cmocka_unit_test(this_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
