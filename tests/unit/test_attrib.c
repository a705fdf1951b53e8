/* SPDX-License-Identifier: Apache-2.0 */
/* Who it was, on a root in a temporary folder: its folders stand for cgroups, their inodes are the
 * ids. */
#include <poll.h>

#include "attrib/attrib.h"
#include "attrib_root.h"
#include "clock.h"
#include "testing.h"

#define HEX(c) #c "111111111111111111111111111111111111111111111111111111111111"
#define POD_UID "0a1b2c3d-1111-2222-3333-444455556666"
#define CG "/sys/fs/cgroup"
#define GRACE (60 * NS_PER_S)

static _Atomic uint64_t now_ns; /* the catching thread reads it too */

static uint64_t fake_clock(void)
{
	return now_ns;
}

struct node {
	char *root;
	struct attrib *a;
	int forgotten;
	uint64_t last_forgotten;
};

static void on_forgotten(void *arg, const struct subject *s)
{
	struct node *n = arg;

	n->forgotten++;
	n->last_forgotten = s->cgroup_id;
	assert_non_null(s->labels);
}

/* A node before attrib starts. */
static struct node node(void)
{
	struct node n = {.root = root__new()};

	root__put(n.root, "/proc/cgroups", "memory\t0\t1\t1\n");
	root__put(n.root, "/proc/mounts", "cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n");
	root__put(n.root, "/sys/fs/cgroup/cgroup.controllers", "cpu memory\n");
	root__put(n.root, "/etc/hostname", "node1\n");
	now_ns = 1000 * NS_PER_S;
	return n;
}

static void start(struct node *n, size_t most)
{
	struct cgroup_tree t;

	assert_int_equal(cgroup_tree__detect(n->root, &t), 0);
	n->a = attrib__new(&t, n->root, most, GRACE);
	assert_non_null(n->a);
	attrib__set_clock(n->a, fake_clock);
	attrib__on_forgotten(n->a, on_forgotten, n);
	assert_true(attrib__scan(n->a, NULL, NULL) > 0);
}

static void done(struct node *n)
{
	n->a = attrib__free(n->a);
	root__free(n->root);
}

static void pass(struct node *n, uint64_t ms)
{
	now_ns += ms * NS_PER_MS;
	attrib__tick(n->a, now_ns);
}

/* The kernel's event: the cgroup is made, and attrib hears of it. */
static const struct subject *made(struct node *n, const char *path)
{
	char full[512];
	uint64_t id;

	(void)snprintf(full, sizeof(full), CG "%s", path);
	id = root__dir(n->root, full);
	return attrib__made(n->a, id, path, strlen(path));
}

static const struct subject *at(struct node *n, const char *path)
{
	const struct subject *s;
	size_t i = 0;

	while ((s = attrib__next(n->a, &i)))
		if (!strcmp(s->cgroup, path))
			return s;
	fail_msg("no cgroup %s", path);
	return NULL;
}

static void copy_state(struct node *n, const char *fixture, const char *path)
{
	cleanup_buf struct buf b = BUF_INIT;
	char from[256];
	cleanup_file FILE *f = NULL;
	int c;

	(void)snprintf(from, sizeof(from), "tests/fixture/attrib/state/%s", fixture);
	f = fopen(from, "re");
	assert_non_null(f);
	while ((c = fgetc(f)) != EOF)
		buf__char(&b, (char)c);
	root__put(n->root, path, b.data);
}

static void crun_state(struct node *n, const char *name, const char *path)
{
	char text[512], file[256];

	(void)snprintf(text, sizeof(text), "{\"pid\":1,\"cgroup-path\":\"%s\",\"scope\":\"\"}",
		       path);
	(void)snprintf(file, sizeof(file), "/run/crun/%s/status", name);
	root__put(n->root, file, text);
}

static void docker_state(struct node *n, const char *id, const char *name)
{
	char text[512], file[256];

	(void)snprintf(text, sizeof(text), "{\"ID\":\"%s\",\"Name\":\"/%s\"}", id, name);
	(void)snprintf(file, sizeof(file), "/var/lib/docker/containers/%s/config.v2.json", id);
	root__put(n->root, file, text);
}

/* ---- what is there at the start
 * ----------------------------------------------------------------------------------------- */

static void every_runtime(void **state)
{
	static const char slice[] =
		"/kubepods.slice/kubepods-pod0a1b2c3d_1111_2222_3333_444455556666.slice";
	struct node n = node();
	const struct subject *s;
	char path[256];

	(void)state;
	docker_state(&n, HEX(abcd), "web");
	root__dir(n.root, CG "/system.slice/docker-" HEX(abcd) ".scope/init.scope");
	copy_state(
		&n, "cri-container.json",
		"/run/containerd/io.containerd.runtime.v2.task/k8s.io/" HEX(bbbb) "/config.json");
	(void)snprintf(path, sizeof(path), CG "%s/cri-containerd-" HEX(bbbb) ".scope", slice);
	root__dir(n.root, path);
	copy_state(&n, "crio-container.json",
		   "/run/containers/storage/overlay-containers/" HEX(cccc) "/userdata/config.json");
	root__dir(n.root, CG "/kubepods/burstable/pod99/crio-" HEX(cccc));
	copy_state(&n, "podman-containers.json",
		   "/var/lib/containers/storage/overlay-containers/containers.json");
	root__dir(
		n.root, CG
		"/machine.slice/libpod-017f9d31305f19567de65a3e4c2e2af5dfa2ead6b65ee87f78f4e9f25023d1af.scope");
	copy_state(
		&n, "nerdctl.json",
		"/run/containerd/io.containerd.runtime.v2.task/default/" HEX(eeee) "/config.json");
	root__dir(n.root, CG "/default/" HEX(eeee));
	root__put(n.root, "/run/containerd/io.containerd.runtime.v2.task/default/mine/config.json",
		  "{\"linux\":{\"cgroupsPath\":\"/default/mine\"}}");
	root__dir(n.root, CG "/default/mine");
	root__put(n.root, "/run/containerd/io.containerd.runtime.v2.task/default/sys/config.json",
		  "{\"linux\":{\"cgroupsPath\":\"my-own.slice:ctr:x\"}}");
	root__dir(n.root, CG "/my.slice/my-own.slice/ctr-x.scope");
	copy_state(&n, "crun-d.json", "/run/crun/crun-d/status");
	root__dir(n.root, CG "/my.slice/pre-nm.scope/container");
	copy_state(&n, "runc-a.json", "/run/runc/runc-a/state.json");
	root__dir(n.root, CG "/system.slice/runc-a");
	root__dir(n.root, CG "/system.slice/nginx.service");
	start(&n, 1000);

	s = at(&n, "/system.slice/docker-" HEX(abcd) ".scope");
	assert_string_equal(s->container, "web");
	assert_string_equal(s->runtime, "docker");
	assert_string_equal(s->container_id, HEX(abcd));
	assert_string_equal(
		s->labels,
		"cgroup=\"/system.slice/docker-" HEX(
			abcd) ".scope\",container=\"web\",unit=\"docker-" HEX(abcd) ".scope\"");
	assert_true(s->is_container);
	assert_string_equal(
		at(&n, "/system.slice/docker-" HEX(abcd) ".scope/init.scope")->container, "web");
	s = at(&n, path + strlen(CG));
	assert_string_equal(s->container, "coredns");
	assert_string_equal(s->pod, "coredns-7db6d8ff4d-x2x4k");
	assert_string_equal(s->namespace_, "kube-system");
	assert_string_equal(s->workload, "coredns");
	assert_string_equal(s->pod_uid, POD_UID);
	assert_string_equal(s->runtime, "containerd");
	assert_non_null(strstr(
		s->labels,
		",namespace=\"kube-system\",workload=\"coredns\",pod=\"coredns-7db6d8ff4d-x2x4k\",container=\"coredns\",unit=\""));
	s = at(&n, "/kubepods/burstable/pod99/crio-" HEX(cccc));
	assert_string_equal(s->container, "web");
	assert_string_equal(s->workload, "shop");
	assert_string_equal(s->runtime, "cri-o");
	s = at(&n,
	       "/machine.slice/libpod-017f9d31305f19567de65a3e4c2e2af5dfa2ead6b65ee87f78f4e9f25023d1af.scope");
	assert_string_equal(s->container, "webrm-systemd");
	assert_string_equal(s->runtime, "podman");
	s = at(&n, "/default/" HEX(eeee));
	assert_string_equal(s->container, "shop");
	assert_string_equal(s->runtime, "containerd");
	assert_string_equal(at(&n, "/default/mine")->container, "mine");
	s = at(&n, "/my.slice/my-own.slice/ctr-x.scope");
	assert_string_equal(s->container, "sys");
	assert_string_equal(s->runtime, "containerd");
	s = at(&n, "/my.slice/pre-nm.scope/container");
	assert_string_equal(s->container, "crun-d");
	assert_string_equal(s->runtime, "crun");
	assert_string_equal(s->unit, "pre-nm.scope");
	s = at(&n, "/system.slice/runc-a");
	assert_string_equal(s->container, "runc-a");
	assert_string_equal(s->runtime, "runc");
	s = at(&n, "/system.slice/nginx.service");
	assert_string_equal(s->labels,
			    "cgroup=\"/system.slice/nginx.service\",unit=\"nginx.service\"");
	assert_false(s->is_container);
	done(&n);
}

/* ---- as they come and go
 * ----------------------------------------------------------------------------------------------
 * -- */

static void file_comes_late(void **state)
{
	struct node n = node();
	const struct subject *s;
	const char *old;
	struct attrib_counts c;

	(void)state;
	start(&n, 100);
	s = made(&n, "/docker/" HEX(abcd));
	old = s->container;
	assert_string_equal(s->container, HEX(abcd));
	assert_string_equal(s->unnamed, "pending");
	docker_state(&n, HEX(abcd), "late");
	pass(&n, 6);
	assert_string_equal(s->container, "late");
	assert_string_equal(s->unnamed, "");
	assert_string_equal(old, HEX(abcd)); /* still there */
	attrib__counts(n.a, &c);
	assert_int_equal(c.named_total, 1);
	assert_int_equal(c.unnamed, 0);
	done(&n);
}

/* Events of a container that was made just now do not wait for the next look. */
static void asked_at_once(void **state)
{
	struct node n = node();
	const struct subject *s;

	(void)state;
	root__dir(n.root, "/run/crun");
	start(&n, 100);
	s = made(&n, "/docker/" HEX(abcd));
	docker_state(&n, HEX(abcd), "web");
	now_ns += 2 * NS_PER_MS;
	assert_string_equal(attrib__get(n.a, s->cgroup_id)->container, "web");
	s = made(&n, "/some/where");
	crun_state(&n, "named", "/some/where");
	now_ns += 4 * NS_PER_S;
	assert_string_equal(attrib__get(n.a, s->cgroup_id)->container, "named");
	done(&n);
}

static void given_up(void **state)
{
	struct node n = node();
	const struct subject *s;
	struct attrib_counts c;

	(void)state;
	start(&n, 100);
	s = made(&n, "/docker/" HEX(abcd));
	for (int i = 0; i < 150; i++)
		pass(&n, 100);
	assert_string_equal(s->unnamed, "no state file");
	attrib__counts(n.a, &c);
	assert_int_equal(c.unnamed_total[UNNAMED_NO_STATE], 1);
	assert_int_equal(c.unnamed, 1);
	assert_int_equal(c.containers, 1);
	/* and named all the same when its runtime at last writes */
	docker_state(&n, HEX(abcd), "late");
	pass(&n, 100);
	assert_string_equal(s->container, "late");
	done(&n);
}

/* The whole life of a container lies between two looks: caught by its folder, its file and its
 * cgroup, in whatever order. */
static void crun_in_any_order(void **state)
{
	struct node n = node();
	const struct subject *s;

	(void)state;
	root__dir(n.root, "/run/crun");
	start(&n, 100);
	/* state first, cgroup later, at a path that does not say the name */
	crun_state(&n, "one", "/foo/bar");
	assert_string_equal(made(&n, "/foo/bar")->container, "one");
	/* cgroup first, state later */
	s = made(&n, "/foo/two");
	assert_string_equal(s->container, "");
	crun_state(&n, "second", "/foo/two");
	pass(&n, 1);
	assert_string_equal(s->container, "second");
	/* state read, its folder gone, then the kernel's event */
	crun_state(&n, "third", "/foo/three");
	pass(&n, 1);
	root__remove(n.root, "/run/crun/third");
	pass(&n, 1);
	assert_string_equal(made(&n, "/foo/three")->container, "third");
	/* called as the cgroupfs driver does */
	crun_state(&n, "four", "/four");
	s = made(&n, "/four");
	assert_string_equal(s->container, "four");
	assert_string_equal(made(&n, "/four/below")->container, "four");
	/* crun writes its own word after the container's first program runs; what it was told is
	 * there before */
	root__put(n.root, "/run/crun/sixth/config.json",
		  "{\"linux\":{\"cgroupsPath\":\"early.slice:p:x\"}}");
	assert_string_equal(made(&n, "/early.slice/p-x.scope")->container, "sixth");
	root__put(n.root, "/run/crun/sixth/status",
		  "{\"cgroup-path\":\"/early.slice/p-x.scope/container\",\"scope\":\"p-x.scope\"}");
	pass(&n, 1);
	assert_string_equal(made(&n, "/early.slice/p-x.scope/container")->container, "sixth");
	root__put(n.root, "/run/crun/seventh/config.json", "{}");
	assert_string_equal(made(&n, "/seventh")->container, "seventh");
	/* a container of the same name, but elsewhere, is another one */
	crun_state(&n, "eight", "/else/where/eight");
	assert_string_equal(made(&n, "/eight")->container, "");
	/* its folder is there, and says nothing yet: called as its cgroup, until it is said that it
	 * is another one */
	root__dir(n.root, "/run/runc/nine");
	s = made(&n, "/system.slice/nine");
	assert_string_equal(s->container, "nine");
	root__remove(n.root, "/run/runc/nine");
	pass(&n, 100);
	assert_string_equal(s->container, "nine");
	root__dir(n.root, "/run/runc/ten");
	s = made(&n, "/ten");
	assert_string_equal(s->container, "ten");
	root__put(n.root, "/run/runc/ten/state.json",
		  "{\"id\":\"ten\",\"cgroup_paths\":{\"\":\"/sys/fs/cgroup/a/ten\"}}");
	pass(&n, 100);
	assert_string_equal(s->container, "");
	assert_false(s->is_container);
	/* what is below is named with it */
	s = made(&n, "/five");
	assert_string_equal(made(&n, "/five/below")->container, "");
	crun_state(&n, "fifth", "/five");
	pass(&n, 1);
	assert_string_equal(s->container, "fifth");
	assert_string_equal(at(&n, "/five/below")->container, "fifth");
	done(&n);
}

/* A path is used again by somebody else: the dead container's name stays with the dead. */
static void no_name_for_the_successor(void **state)
{
	struct node n = node();
	const struct subject *first, *second;
	uint64_t id;

	(void)state;
	root__dir(n.root, "/run/crun");
	start(&n, 100);
	crun_state(&n, "web", "/web");
	first = made(&n, "/web");
	id = first->cgroup_id;
	assert_string_equal(first->container, "web");
	attrib__removed(n.a, id, now_ns);
	root__remove(n.root, "/run/crun/web");
	root__remove(n.root, CG "/web");
	pass(&n, 10);
	second = attrib__made(n.a, id + 1000000, "/web", 4);
	assert_string_equal(second->container, "");
	assert_false(second->is_container);
	assert_true(first->gone);
	assert_string_equal(attrib__get(n.a, id)->container, "web");
	/* the same container again, started anew, has its name; the one between keeps none */
	attrib__removed(n.a, id + 1000000, now_ns);
	pass(&n, 20000);
	crun_state(&n, "web", "/web");
	assert_string_equal(attrib__made(n.a, id + 2000000, "/web", 4)->container, "web");
	assert_string_equal(attrib__get(n.a, id + 1000000)->container, "");
	done(&n);
}

static void kept_for_the_grace(void **state)
{
	struct node n = node();
	const struct subject *s;
	uint64_t id;

	(void)state;
	start(&n, 100);
	docker_state(&n, HEX(abcd), "web");
	s = made(&n, "/docker/" HEX(abcd));
	id = s->cgroup_id;
	attrib__removed(n.a, id, now_ns);
	root__remove(n.root, CG "/docker/" HEX(abcd));
	root__remove(n.root, "/var/lib/docker/containers/" HEX(abcd));
	pass(&n, 59000);
	assert_true(s->gone);
	assert_string_equal(attrib__get(n.a, id)->container, "web");
	assert_int_equal(n.forgotten, 0);
	pass(&n, 2000);
	assert_int_equal(n.forgotten, 1);
	assert_int_equal(n.last_forgotten, id);
	assert_string_equal(attrib__get(n.a, id)->cgroup, "");
	done(&n);
}

static void end_without_an_event(void **state)
{
	struct node n = node();
	const struct subject *s;
	struct attrib_counts c;

	(void)state;
	start(&n, 100);
	s = made(&n, "/system.slice/x.service");
	root__remove(n.root, CG "/system.slice/x.service");
	for (int i = 0; i < 5; i++)
		pass(&n, 100);
	assert_true(s->gone);
	attrib__counts(n.a, &c);
	assert_int_equal(c.missed_total, 1);
	done(&n);
}

/* ---- pods
 * ----------------------------------------------------------------------------------------------
 * ----------------- */

static void pod_by_its_log_folder(void **state)
{
	struct node n = node();
	const struct subject *pod, *s;

	(void)state;
	root__dir(n.root, "/var/log/pods");
	start(&n, 100);
	pod = made(&n, "/kubepods/burstable/pod" POD_UID);
	assert_string_equal(pod->pod_uid, POD_UID);
	assert_string_equal(pod->pod, "");
	assert_false(pod->is_container);
	s = made(&n, "/kubepods/burstable/pod" POD_UID "/" HEX(abcd));
	/* minutes later */
	for (int i = 0; i < 200; i++)
		pass(&n, 1000);
	root__dir(n.root, "/var/log/pods/prod_shop-5b9f8c6d7-zz4kq_" POD_UID);
	pass(&n, 100);
	assert_string_equal(pod->pod, "shop-5b9f8c6d7-zz4kq");
	assert_string_equal(pod->namespace_, "prod");
	assert_string_equal(pod->workload, "shop");
	assert_string_equal(s->pod, "shop-5b9f8c6d7-zz4kq");
	assert_string_equal(s->container, HEX(abcd));
	assert_string_equal(s->unnamed, "no state file");
	done(&n);
}

/* ---- what must not be believed
 * ------------------------------------------------------------------------------------------ */

static void inside_another(void **state)
{
	struct node n = node();
	const struct subject *s;
	struct attrib_counts c;

	(void)state;
	docker_state(&n, HEX(abcd), "kind");
	docker_state(&n, HEX(bcde), "stolen");
	start(&n, 100);
	made(&n, "/system.slice/docker-" HEX(abcd) ".scope");
	s = made(&n, "/system.slice/docker-" HEX(abcd) ".scope/kubelet.slice/docker-" HEX(
			     bcde) ".scope");
	assert_string_equal(s->container, HEX(bcde));
	assert_string_equal(s->unnamed, "inside another container");
	assert_string_equal(s->unit, "docker-" HEX(abcd) ".scope");
	/* also when the outer one was never seen */
	s = attrib__made(n.a, 77777777, "/docker/" HEX(cdef) "/docker/" HEX(bcde), 2 * 64 + 17);
	assert_string_equal(s->container, HEX(bcde));
	attrib__counts(n.a, &c);
	assert_int_equal(c.unnamed_total[UNNAMED_NESTED], 2);
	done(&n);
}

/* A cgroup in a tree that was delegated to somebody borrows the id of a container that lives. */
static void borrowed_id(void **state)
{
	struct node n = node();
	const struct subject *s;

	(void)state;
	docker_state(&n, HEX(abcd), "bank");
	start(&n, 100);
	assert_string_equal(made(&n, "/docker/" HEX(abcd))->container, "bank");
	s = made(&n, "/system.slice/evil.service/docker-" HEX(abcd) ".scope");
	for (int i = 0; i < 150; i++)
		pass(&n, 100);
	assert_string_equal(s->container, HEX(abcd));
	assert_string_equal(s->unnamed, "another cgroup has this container's id");
	/* a user's cgroup does not get root's names at all */
	docker_state(&n, HEX(bcde), "vault");
	s = made(&n, "/user.slice/user-1000.slice/user@1000.service/docker-" HEX(bcde) ".scope");
	assert_string_equal(s->container, HEX(bcde));
	/* nor a pod's */
	root__dir(n.root, "/var/log/pods/prod_shop-0_" POD_UID);
	s = made(&n, "/user.slice/user-1000.slice/user@1000.service/kubepods/pod" POD_UID);
	pass(&n, 1000);
	assert_string_equal(s->pod, "");
	done(&n);
}

static void rootless(void **state)
{
	static const char base[] = "/user.slice/user-1000.slice/user@1000.service/user.slice";
	struct node n = node();
	char path[512], text[512];

	(void)state;
	root__put(n.root, "/etc/passwd",
		  "root:x:0:0:root:/root:/bin/sh\nbad\nada:x:1000:1000::/home/ada:/bin/sh\n");
	copy_state(&n, "podman-containers.json",
		   "/home/ada/.local/share/containers/storage/overlay-containers/containers.json");
	(void)snprintf(text, sizeof(text), "{\"cgroup-path\":\"%s/mine\",\"scope\":\"\"}", base);
	root__put(n.root, "/run/user/1000/crun/mine/status", text);
	root__put(n.root, "/run/user/1000/crun/nginx/status",
		  "{\"cgroup-path\":\"/nginx\",\"scope\":\"\"}");
	start(&n, 100);
	(void)snprintf(
		path, sizeof(path),
		"%s/libpod-017f9d31305f19567de65a3e4c2e2af5dfa2ead6b65ee87f78f4e9f25023d1af.scope",
		base);
	assert_string_equal(made(&n, path)->container, "webrm-systemd");
	(void)snprintf(path, sizeof(path), "%s/mine", base);
	assert_string_equal(made(&n, path)->container, "mine");
	/* a user says what a cgroup of root's is called */
	assert_string_equal(made(&n, "/nginx")->container, "");
	done(&n);
}

/* Links of a user's lead nowhere; what is no file is not waited for; what is too large or broken is
 * said. */
static void bad_files(void **state)
{
	struct node n = node();
	const struct subject *fifo, *link_, *large, *broken;
	cleanup_free char *big = calloc(1, 1100000);
	char path[512];

	(void)state;
	root__put(n.root, "/etc/passwd", "ada:x:1000:1000::/home/ada:/bin/sh\n");
	root__dir(n.root, "/home/ada/.local/share/docker");
	root__put(n.root, "/home/ada/other/" HEX(abcd) "/config.v2.json",
		  "{\"ID\":\"" HEX(abcd) "\",\"Name\":\"/secret\"}");
	(void)snprintf(path, sizeof(path), "%s/home/ada/.local/share/docker/containers", n.root);
	assert_int_equal(symlink("../../../other", path), 0);
	root__dir(n.root, "/var/lib/docker/containers/" HEX(bcde));
	(void)snprintf(path, sizeof(path),
		       "%s/var/lib/docker/containers/" HEX(bcde) "/config.v2.json", n.root);
	assert_int_equal(mkfifo(path, 0600), 0);
	memset(big, ' ', 1100000 - 1);
	root__put(n.root, "/var/lib/docker/containers/" HEX(cdef) "/config.v2.json", big);
	root__put(n.root, "/var/lib/docker/containers/" HEX(defa) "/config.v2.json", "{\"ID\":");
	start(&n, 100);
	link_ = made(&n,
		     "/user.slice/user-1000.slice/user@1000.service/docker-" HEX(abcd) ".scope");
	fifo = made(&n, "/docker/" HEX(bcde));
	large = made(&n, "/docker/" HEX(cdef));
	broken = made(&n, "/docker/" HEX(defa));
	for (int i = 0; i < 150; i++)
		pass(&n, 100);
	assert_string_equal(link_->container, HEX(abcd));
	assert_string_equal(fifo->unnamed, "state not readable");
	assert_string_equal(large->unnamed, "state too large");
	assert_string_equal(broken->unnamed, "state malformed");
	done(&n);
}

/* /var/lib/docker as a link to another disk, and a data root of its own, inside the node's root. */
static void docker_elsewhere(void **state)
{
	struct node n = node();
	char path[512];

	(void)state;
	root__put(n.root, "/data/d/containers/" HEX(abcd) "/config.v2.json",
		  "{\"ID\":\"" HEX(abcd) "\",\"Name\":\"/moved\"}");
	root__dir(n.root, "/var/lib");
	(void)snprintf(path, sizeof(path), "%s/var/lib/docker", n.root);
	assert_int_equal(symlink("/data/d", path), 0);
	start(&n, 100);
	assert_string_equal(made(&n, "/docker/" HEX(abcd))->container, "moved");
	done(&n);
	n = node();
	root__put(n.root, "/data/d/containers/" HEX(abcd) "/config.v2.json",
		  "{\"ID\":\"" HEX(abcd) "\",\"Name\":\"/moved\"}");
	root__put(n.root, "/etc/docker/daemon.json", "{\"data-root\":\"/data/d\"}");
	start(&n, 100);
	assert_string_equal(made(&n, "/docker/" HEX(abcd))->container, "moved");
	done(&n);
}

static void hostile_names(void **state)
{
	static const char path[] = "/a\nb\"c\\\x1b[2J\xe2\x80\xae\xff";
	struct node n = node();
	const struct subject *s;

	(void)state;
	root__put(n.root, "/var/lib/docker/containers/" HEX(abcd) "/config.v2.json",
		  "{\"ID\":\"" HEX(abcd) "\",\"Name\":\"/x\\n\\\"y\\u001b\"}");
	start(&n, 100);
	s = made(&n, path);
	assert_string_equal(s->cgroup, path);
	for (const char *p = s->labels; *p; p++)
		assert_true((unsigned char)*p >= 0x20 && (unsigned char)*p < 0x7f);
	s = made(&n, "/docker/" HEX(abcd));
	assert_string_equal(s->container, "x\n\"y\x1b");
	for (const char *p = s->labels; *p; p++)
		assert_true((unsigned char)*p >= 0x20);
	done(&n);
}

static void long_paths(void **state)
{
	struct node n = node();
	char a[1500], b[1500];
	const struct subject *s, *t;

	(void)state;
	start(&n, 100);
	memset(a, 'x', sizeof(a));
	for (size_t i = 0; i < sizeof(a); i += 100)
		a[i] = '/';
	memcpy(b, a, sizeof(a));
	b[1400] = 'y';
	s = attrib__made(n.a, 1234567, a, sizeof(a));
	t = attrib__made(n.a, 1234568, b, sizeof(b));
	assert_true(strlen(s->cgroup) < 1040);
	assert_string_not_equal(s->cgroup, t->cgroup);
	assert_string_not_equal(s->labels, t->labels);
	done(&n);
}

/* ---- bounds
 * ----------------------------------------------------------------------------------------------
 * --------------- */

static void unknown_ids(void **state)
{
	struct node n = node();
	struct attrib_counts c;
	const struct subject *s;

	(void)state;
	start(&n, 16);
	assert_string_equal(attrib__get(n.a, 0)->labels, "cgroup=\"other\"");
	assert_string_equal(attrib__get(n.a, ~0ULL)->labels, "cgroup=\"other\"");
	for (uint64_t id = 1ULL << 60; id < (1ULL << 60) + 100; id++) {
		s = attrib__get(n.a, id);
		assert_string_equal(s->labels, "cgroup=\"unknown\"");
		assert_true(s->cgroup_id == id);
	}
	attrib__counts(n.a, &c);
	assert_int_equal(c.unknown_total, 100);
	/* asked again, the answer is at hand */
	(void)attrib__get(n.a, (1ULL << 60) + 99);
	attrib__counts(n.a, &c);
	assert_int_equal(c.unknown_total, 100);
	/* and an event that says who it is corrects it */
	assert_string_equal(attrib__made(n.a, (1ULL << 60) + 99, "/x.service", 10)->unit,
			    "x.service");
	done(&n);
}

static void full_table(void **state)
{
	struct node n = node();
	struct attrib_counts c;
	char path[32];

	(void)state;
	start(&n, 10);
	for (uint64_t i = 0; i < 9; i++) {
		int k = snprintf(path, sizeof(path), "/c%d", (int)i);

		(void)attrib__made(n.a, 1000000 + i, path, (size_t)k);
	}
	assert_string_equal(attrib__made(n.a, 2000000, "/late", 5)->labels, "cgroup=\"other\"");
	attrib__removed(n.a, 1000003, now_ns);
	attrib__removed(n.a, 1000001, now_ns + 1);
	assert_string_equal(attrib__made(n.a, 2000001, "/later", 6)->cgroup, "/later");
	attrib__counts(n.a, &c);
	assert_int_equal(c.refused_total, 1);
	assert_int_equal(c.evicted_total, 1);
	assert_int_equal(n.last_forgotten, 1000003);
	done(&n);
}

/* 20,000 cgroups made and removed, containers among them, paths used again and again, at a tenth of
 * the room. */
static void storm(void **state)
{
	struct node n = node();
	struct attrib_counts c;
	char path[128], id[65];

	(void)state;
	start(&n, 2000);
	for (uint64_t i = 0; i < 20000; i++) {
		const struct subject *s;
		int k;

		(void)snprintf(id, sizeof(id), "%064llx", (unsigned long long)i % 500);
		k = snprintf(path, sizeof(path), "/docker/%s", id);
		s = attrib__made(n.a, 5000000 + i, path, (size_t)k);
		assert_true(s->cgroup_id == 5000000 + i);
		assert_string_equal(s->container_id, id);
		attrib__removed(n.a, 5000000 + i, now_ns);
		if (i >= 100) {
			s = attrib__get(n.a, 5000000 + i - 100);
			(void)snprintf(id, sizeof(id), "%064llx",
				       (unsigned long long)(i - 100) % 500);
			assert_string_equal(s->container_id, id);
		}
		if (i % 100 == 0)
			pass(&n, 10);
	}
	attrib__counts(n.a, &c);
	assert_true(c.gone + c.cgroups <= 2000);
	assert_int_equal(c.refused_total, 0);
	assert_true(c.evicted_total >= 18000);
	for (int i = 0; i < 100; i++)
		pass(&n, 1000);
	attrib__counts(n.a, &c);
	assert_int_equal(c.gone, 0);
	done(&n);
}

/* ---- the machine's own
 * ----------------------------------------------------------------------------------------------
 * ---- */

/* A descriptor that wakes for a runtime's write: no tick is needed. */
static void wakes_up(void **state)
{
	struct node n = node();
	const struct subject *s;
	struct pollfd p;

	(void)state;
	root__dir(n.root, "/run/crun");
	start(&n, 100);
	attrib__read(n.a);
	s = made(&n, "/some/where");
	p = (struct pollfd){attrib__fd(n.a), POLLIN, 0};
	assert_true(p.fd >= 0);
	assert_int_equal(poll(&p, 1, 0), 0);
	crun_state(&n, "woken", "/some/where");
	assert_int_equal(poll(&p, 1, 1000), 1);
	attrib__read(n.a);
	assert_string_equal(s->container, "woken");
	assert_int_equal(poll(&p, 1, 0), 0);
	done(&n);
}

/* The whole life of a container while its owner is busy: the thread has read what is gone by
 * then. */
static void caught_meanwhile(void **state)
{
	struct node n = node();
	struct pollfd p;

	(void)state;
	root__dir(n.root, "/run/runc");
	start(&n, 100);
	attrib__read(n.a);
	root__put(n.root, "/run/runc/brief/state.json",
		  "{\"id\":\"brief\",\"cgroup_paths\":{\"\":\"/sys/fs/cgroup/any/where\"}}");
	p = (struct pollfd){attrib__fd(n.a), POLLIN, 0};
	assert_int_equal(poll(&p, 1, 5000), 1);
	root__remove(n.root, "/run/runc/brief");
	assert_string_equal(attrib__made(n.a, 123456, "/any/where", 10)->container, "brief");
	done(&n);
}

static void due_by_timer(void **state)
{
	struct node n = node();
	const struct subject *s;
	struct pollfd p;

	(void)state;
	start(&n, 100);
	attrib__set_clock(n.a, clock__boot);
	s = made(&n, "/docker/" HEX(abcd));
	p = (struct pollfd){attrib__fd(n.a), POLLIN, 0};
	assert_string_equal(s->unnamed, "pending");
	docker_state(&n, HEX(abcd), "web");
	assert_int_equal(poll(&p, 1, 2000), 1);
	attrib__read(n.a);
	assert_string_equal(s->container, "web");
	done(&n);
}

static void find_self(void *arg, const struct subject *s)
{
	uint64_t *id = arg;

	*id = s->cgroup[1] ? s->cgroup_id : *id;
}

/* By file handle in the kernel's own hierarchy: an id that was never scanned. */
static void by_handle(void **state)
{
	struct cgroup_tree t;
	struct attrib *a, *b;
	const struct subject *s;
	uint64_t id = 0;

	(void)state;
	if (geteuid() != 0 || cgroup_tree__detect("", &t) < 0)
		skip();
	a = attrib__new(&t, "", 10000, GRACE);
	assert_non_null(a);
	assert_true(attrib__scan(a, find_self, &id) > 0);
	if (!id) {
		attrib__free(a);
		skip();
	}
	b = attrib__new(&t, "", 10000, GRACE);
	assert_non_null(b);
	s = attrib__get(b, id);
	assert_string_equal(s->cgroup, attrib__get(a, id)->cgroup);
	assert_true(s->cgroup_id == id);
	attrib__free(a);
	attrib__free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_runtime),
		cmocka_unit_test(file_comes_late),
		cmocka_unit_test(asked_at_once),
		cmocka_unit_test(given_up),
		cmocka_unit_test(crun_in_any_order),
		cmocka_unit_test(no_name_for_the_successor),
		cmocka_unit_test(kept_for_the_grace),
		cmocka_unit_test(end_without_an_event),
		cmocka_unit_test(pod_by_its_log_folder),
		cmocka_unit_test(inside_another),
		cmocka_unit_test(borrowed_id),
		cmocka_unit_test(rootless),
		cmocka_unit_test(bad_files),
		cmocka_unit_test(docker_elsewhere),
		cmocka_unit_test(hostile_names),
		cmocka_unit_test(long_paths),
		cmocka_unit_test(unknown_ids),
		cmocka_unit_test(full_table),
		cmocka_unit_test(storm),
		cmocka_unit_test(wakes_up),
		cmocka_unit_test(caught_meanwhile),
		cmocka_unit_test(due_by_timer),
		cmocka_unit_test(by_handle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
