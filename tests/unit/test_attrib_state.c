/* SPDX-License-Identifier: Apache-2.0 */
/* The runtimes' state files: recorded ones, and ones that nobody should write. */
#include "attrib/state.h"
#include "testing.h"

#define HEX(c) #c "111111111111111111111111111111111111111111111111111111111111"
#define POD_UID "0a1b2c3d-1111-2222-3333-444455556666"

static void load(struct buf *b, const char *name)
{
	char path[256];
	cleanup_file FILE *f = NULL;
	int c;

	(void)snprintf(path, sizeof(path), "tests/fixture/attrib/state/%s", name);
	f = fopen(path, "re");
	assert_non_null(f);
	while ((c = fgetc(f)) != EOF)
		buf__char(b, (char)c);
	assert_false(b->failed);
}

struct row {
	state_fn fn;
	const char *file, *id;
	int r;
	const char *name, *path, *pod, *ns, *uid;
};

/* The real runtimes' ids. */
#define PODMAN_ID "017f9d31305f19567de65a3e4c2e2af5dfa2ead6b65ee87f78f4e9f25023d1af"
#define DOCKER_ID "ed7d78cfa375721268ee837f33855a9aeb766d5a1be95ceaa92d422c2a5e6a63"
#define POD_PATH                                                                                \
	"/kubepods.slice/kubepods-burstable.slice/"                                             \
	"kubepods-burstable-pod0a1b2c3d_1111_2222_3333_444455556666.slice/cri-containerd-" HEX( \
		bbbb) ".scope"
#define CRIO_PATH                                                                           \
	"/kubepods.slice/kubepods-pod0a1b2c3d_1111_2222_3333_444455556666.slice/crio-" HEX( \
		cccc) ".scope"

static const struct row rows[] = {
	{state__crun, "crun-a.json", "crun-a", 0, "crun-a", "/crun-a", "", "", ""},
	{state__crun, "crun-b.json", "crun-b", 0, "crun-b", "/system.slice/crun-crun-b.scope", "",
	 "", ""},
	{state__crun, "crun-d.json", "crun-d", 0, "crun-d", "/my.slice/pre-nm.scope", "", "", ""},
	{state__crun, "runc-a.json", "crun-a", -ENODATA, "", "", "", "", ""},
	{state__runc, "runc-a.json", "runc-a", 0, "runc-a", "/system.slice/runc-a", "", "", ""},
	{state__runc, "runc-b.json", "runc-b", 0, "runc-b", "/system.slice/runc-runc-b.scope", "",
	 "", ""},
	{state__runc, "runc-d.json", "runc-d", 0, "runc-d", "/my.slice/pre-nm.scope", "", "", ""},
	{state__runc, "runc-d.json", "runc-a", -EINVAL, "", "", "", "", ""},
	{state__docker, "docker.json", DOCKER_ID, 0, "web-systemd", "", "", "", ""},
	{state__docker, "docker.json", HEX(dddd), -EINVAL, "", "", "", "", ""},
	{state__docker, "docker-k8s.json", HEX(dddd), 0, "web", "", "shop-7d9c8b6f5b-x2x4k", "prod",
	 POD_UID},
	{state__oci, "cri-container.json", HEX(bbbb), 0, "coredns", POD_PATH,
	 "coredns-7db6d8ff4d-x2x4k", "kube-system", POD_UID},
	{state__oci, "cri-sandbox.json", HEX(aaaa), 0, "POD", POD_PATH, "coredns-7db6d8ff4d-x2x4k",
	 "kube-system", POD_UID},
	{state__oci, "crio-container.json", HEX(cccc), 0, "web", CRIO_PATH, "shop-0", "prod",
	 POD_UID},
	{state__oci, "nerdctl.json", HEX(eeee), 0, "shop", "/default/" HEX(eeee), "", "", ""},
	{state__oci, "ctr-systemd.json", "ctrsys", 0, "ctrsys", "/my.slice/ctr-sys.scope", "", "",
	 ""},
	{state__oci, "podman-oci.json", PODMAN_ID, -ENODATA, "", "", "", "", ""},
	{state__oci, "crun-a.json", "mine", 0, "mine", "", "", "", ""},
};

static void recorded_files(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_buf struct buf b = BUF_INIT;
		const struct row *row = &rows[i];
		struct named n = {.name = "untouched"};

		load(&b, row->file);
		if (row->fn(b.data, b.len, row->id, &n) != row->r)
			fail_msg("row %zu, %s: %d, not %d", i, row->file,
				 row->fn(b.data, b.len, row->id, &n), row->r);
		if (row->r) {
			assert_string_equal(n.name, "untouched");
			continue;
		}
		assert_string_equal(n.name, row->name);
		assert_string_equal(n.path, row->path);
		assert_string_equal(n.pod, row->pod);
		assert_string_equal(n.namespace_, row->ns);
		assert_string_equal(n.pod_uid, row->uid);
	}
}

struct seen {
	size_t n;
	char name[64];
};

static void on_name(void *arg, const char *id, const char *name)
{
	struct seen *s = arg;

	s->n++;
	if (!strcmp(id, PODMAN_ID))
		(void)snprintf(s->name, sizeof(s->name), "%s", name);
}

static void podmans_names(void **state)
{
	static const char odd[] = "[{\"id\":\"../x\",\"names\":[\"y\"]},{\"names\":[]},7]";
	cleanup_buf struct buf b = BUF_INIT;
	struct seen s = {0, ""};

	(void)state;
	load(&b, "podman-containers.json");
	assert_int_equal(state__storage(b.data, b.len, on_name, &s), 0);
	assert_int_equal(s.n, 4);
	assert_string_equal(s.name, "webrm-systemd");
	assert_int_equal(state__storage(odd, strlen(odd), on_name, &s), 0);
	assert_int_equal(s.n, 4);
	assert_int_equal(state__storage("[", 1, on_name, &s), -EINVAL);
}

/* On v1 and hybrid nodes a path for each controller: memory's is taken, its mount cut off; of v2
 * the only one. */
static void runc_paths(void **state)
{
	static const struct {
		const char *paths, *want;
	} cases[] = {
		{"\"memory\":\"/sys/fs/cgroup/memory/web\",\"pids\":\"/sys/fs/cgroup/pids/other\"",
		 "/web"},
		{"\"cpuacct\":\"/sys/fs/cgroup/cpu,cpuacct/a/b\"", "/a/b"},
		{"\"\":\"/sys/fs/cgroup/unified/web\",\"memory\":\"/sys/fs/cgroup/memory/web\"",
		 "/web"},
		{"\"memory\":\"/elsewhere/web\"", NULL},
		{"\"\":\"/sys/fs/cgroup/a/../../etc\"", NULL},
		{"\"\":\"/sys/fs/cgroup\"", NULL},
		{"\"\":7", NULL},
	};
	char text[512];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct named n;
		int r, k = snprintf(text, sizeof(text), "{\"id\":\"web\",\"cgroup_paths\":{%s}}",
				    cases[i].paths);

		r = state__runc(text, (size_t)k, "web", &n);
		assert_int_equal(r, cases[i].want ? 0 : -ENODATA);
		if (cases[i].want)
			assert_string_equal(n.path, cases[i].want);
	}
}

/* Names that are longer than ours, of other types, with bytes that no name has; paths that lead
 * out. */
static void hostile_files(void **state)
{
	char text[2000], name[600];
	struct named n;
	int k;

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = 0;
	k = snprintf(text, sizeof(text),
		     "{\"ID\":\"a\",\"Name\":\"/%s\",\"Config\":{\"Labels\":[1,2]}}", name);
	assert_int_equal(state__docker(text, (size_t)k, "a", &n), 0);
	assert_int_equal(strlen(n.name), STATE_NAME - 1);
	k = snprintf(text, sizeof(text), "{\"ID\":\"a\",\"Name\":{\"x\":1}}");
	assert_int_equal(state__docker(text, (size_t)k, "a", &n), -ENODATA);
	k = snprintf(text, sizeof(text),
		     "{\"ID\":\"a\",\"Name\":\"/web\\n\\u001b[31m\\u202e\\\"\"}");
	assert_int_equal(state__docker(text, (size_t)k, "a", &n), 0);
	assert_string_equal(n.name, "web\n\x1b[31m\xe2\x80\xae\"");
	k = snprintf(
		text, sizeof(text),
		"{\"annotations\":{\"io.kubernetes.cri.container-type\":\"container\",\"io.kubernetes.cri.container-name\":\"c\","
		"\"io.kubernetes.cri.sandbox-uid\":\"../../etc\"}}");
	assert_int_equal(state__oci(text, (size_t)k, "a", &n), 0);
	assert_string_equal(n.pod_uid, "");
	for (const char *const *bad =
		     (const char *const[]){"", "{", "[]x", "nul", "{\"a\":1,\"a\":2}",
					   "\"\\ud800\"", NULL};
	     *bad; bad++) {
		assert_true(state__docker(*bad, strlen(*bad), "a", &n) < 0);
		assert_true(state__crun(*bad, strlen(*bad), "a", &n) < 0);
		assert_true(state__runc(*bad, strlen(*bad), "a", &n) < 0);
	}
	k = snprintf(text, sizeof(text),
		     "{\"cgroup-path\":\"/x.scope\",\"scope\":\"verylongscopename.scope\"}");
	assert_int_equal(state__crun(text, (size_t)k, "a", &n), 0);
	assert_string_equal(n.path, "/x.scope");
}

static void pod_folders(void **state)
{
	static const char *const bad[] = {
		"",	"_",	    "__",     "a_b",	  "a__0a",	"_b_0a",
		"a_b_", "a_b_c_0a", "a_b_0A", "a_b_../x", "a_b_0a.log",
	};
	struct named n;

	(void)state;
	assert_int_equal(state__pod_folder("kube-system_coredns-7db6d8ff4d-x2x4k_" POD_UID, &n), 0);
	assert_string_equal(n.namespace_, "kube-system");
	assert_string_equal(n.pod, "coredns-7db6d8ff4d-x2x4k");
	assert_string_equal(n.pod_uid, POD_UID);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (state__pod_folder(bad[i], &n) != -EINVAL)
			fail_msg("\"%s\" was taken", bad[i]);
}

static void workloads(void **state)
{
	static const struct {
		const char *pod, *uid, *want;
	} cases[] = {
		{"coredns-7db6d8ff4d-x2x4k", POD_UID, "coredns"},
		{"shop-web-5b9f8c6d7-zz4kq", POD_UID, "shop-web"},
		{"web-7d9c8b6-x2x4k", POD_UID, "web"},
		{"kube-proxy-l7w2p", POD_UID, "kube-proxy"},
		{"redis-master-0", POD_UID, "redis-master"},
		{"web-12", POD_UID, "web"},
		{"backup-28394820-8sxzp", POD_UID, "backup"},
		{"web-2-7db6d8ff4d-x2x4k", POD_UID, "web-2"},
		{"web-2-x2x4k", POD_UID, "web-2"},
		{"my-nginx", POD_UID, "my-nginx"},
		{"nginx", POD_UID, "nginx"},
		{"foo-proxy", POD_UID, "foo-proxy"},
		{"etcd-node1", "8b9fcd4f0c5b5b1a2e4e8a6f3c2d1e0f", "etcd"},
		{"etcd-node2", "8b9fcd4f0c5b5b1a2e4e8a6f3c2d1e0f", "etcd-node2"},
		{"-x2x4k", POD_UID, "-x2x4k"},
		{"", POD_UID, ""},
	};
	char ret[STATE_NAME];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		state__workload(cases[i].pod, cases[i].uid, "node1", ret);
		if (strcmp(ret, cases[i].want) != 0)
			fail_msg("%s: %s, not %s", cases[i].pod, ret, cases[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recorded_files), cmocka_unit_test(podmans_names),
		cmocka_unit_test(runc_paths),	  cmocka_unit_test(hostile_files),
		cmocka_unit_test(pod_folders),	  cmocka_unit_test(workloads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
