/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "priv.h"

/* ---- configuration ---- */

/* Names of probes, which the library does not know. */
static int check_names(const struct args *a, const struct conf *c)
{
	const char *name;

	for (size_t i = 0; (name = conf__item(c, CONF_sense_probes_off, i)); i++)
		if (probe__find(name) < 0) {
			log_error("%s: sense.off: no probe \"%s\"", a->config, name);
			return -EINVAL;
		}
	return 0;
}

static int read_config(const struct args *a, struct conf *c)
{
	cleanup_buf struct buf why = BUF_INIT;
	int err = conf__read(c, a->config, &why);

	if (err == -ENOENT && !a->config_named)
		return 0;
	if (!err)
		return check_names(a, c);
	log_error("%s", why.len ? why.data : strerror(-err));
	return err;
}

static void apply_config(struct sensor *s)
{
	size_t n = 0;
	const char *item;

	budget__configure(s);
	for (size_t i = 0;
	     n + 1 < ARRAY_SIZE(s->redact) && (item = conf__item(s->conf, CONF_events_redact, i));
	     i++)
		s->redact[n++] = item;
	s->redact[n] = NULL;
}

int sensor__check_config(const struct args *a)
{
	struct conf *c = conf__new();
	int err = c ? read_config(a, c) : -ENOMEM;

	conf__free(c);
	if (!err)
		printf("%s: ok\n", a->config);
	return err ? 2 : 0;
}

static void on_reload(void *arg)
{
	struct sensor *s = arg;
	cleanup_buf struct buf restart = BUF_INIT;
	struct conf *next = conf__new();
	size_t taken;

	if (!next || read_config(s->args, next)) {
		log_warn("reload: the running configuration stays");
		conf__free(next);
		return;
	}
	taken = conf__reload(s->conf, next, &restart);
	conf__free(next);
	apply_config(s);
	log_notice("reload: %zu settings taken", taken);
	for (char *line = restart.data, *end; line && *line; line = end + 1) {
		end = strchr(line, '\n');
		if (!end)
			break;
		log_notice("reload: %.*s takes effect after a restart", (int)(end - line), line);
	}
}

/* ---- the tick ---- */

static void on_forgotten(void *arg, const struct subject *subject)
{
	struct sensor *s = arg;
	uint64_t id = subject->cgroup_id;

	files__cgroup_remove(s->files, id);
	flow__forget(s->flow, id);
	pressure__forget(s, id);
	sense__cgroup_forget(s->sense, id);
}

static void on_adopted(void *arg, uint64_t id)
{
	struct sensor *s = arg;
	const struct subject *subject = attrib__get(s->attrib, id);

	if (subject->cgroup_id == id && !subject->gone)
		(void)files__cgroup_add(s->files, subject);
}

/* Cgroups whose beginning was lost in a full ring have an index in the kernel that nobody here knows of. */
static void look_for_missed(struct sensor *s)
{
	struct probe_info p;
	uint64_t lost = 0;

	sense__probe(s->sense, PROBE_cgroup, &p);
	for (size_t i = 0; i < LOSS_MAX; i++)
		lost += p.lost[i];
	if (lost == s->cgroups_lost)
		return;
	s->cgroups_lost = lost;
	sense__cgroups_adopt(s->sense, on_adopted, s);
}

static void walk(struct sensor *s)
{
	if (s->no_detail)
		return;
	flow__tasks_begin(s->flow);
	(void)sense__tasks(s->sense, (taskrow_fn)flow__task, s->flow);
	(void)sense__socks(s->sense);
}

/* A probe that our own act did not wake is down: said in the log and in a metric, and tried again by attaching it anew. */
static void on_beacon(void *arg, enum aeo_probe probe, bool missing, bool was_missing)
{
	struct sensor *s = arg;

	s->down[probe] = missing;
	if (missing) {
		s->beacons_missed[probe]++;
		if (!was_missing)
			log_warn("probe %s did not see our own act: attached again",
				 probe__row(probe)->name);
		else
			log_warn("probe %s still sees nothing: it is down",
				 probe__row(probe)->name);
	} else {
		log_notice("probe %s sees again", probe__row(probe)->name);
	}
}

static void on_tick(void *arg)
{
	struct sensor *s = arg;
	uint64_t now = clock__boot();

	/* a node that was busy calls again at once: rates want a whole tick between two looks */
	if (s->tick_ns && now - s->tick_ns < conf__uint(s->conf, CONF_sense_tick) / 2)
		return;
	s->tick_ns = now;
	s->tick_lag_ns = s->tick_due_ns && now > s->tick_due_ns ? now - s->tick_due_ns : 0;
	s->tick_due_ns = now + conf__uint(s->conf, CONF_sense_tick);
	(void)files__tick(s->files, now);
	pressure__tick(s);
	flow__begin(s->flow, now);
	(void)sense__read(s->sense, (reading_fn)flow__take, s->flow);
	flow__end(s->flow);
	if (s->ticks++ % WALK_TICKS == 0) {
		look_for_missed(s);
		walk(s);
	}
	if (s->ticks % BEACON_TICKS == 0)
		sense__beacon(s->sense, on_beacon, s);
	budget__tick(s);
}

/* Names, and events: every 100 ms because a wake-up of the ring can be lost. */
static void on_poll(void *arg)
{
	struct sensor *s = arg;

	(void)sense__poll(s->sense, events__on, s);
	attrib__tick(s->attrib, clock__boot());
}

/* What an event needs of the names it asks for itself. */
static void on_ring(void *arg, int events)
{
	struct sensor *s = arg;

	(void)events;
	(void)sense__poll(s->sense, events__on, s);
}

static void on_kernel_log(void *arg, int events)
{
	struct sensor *s = arg;

	(void)events;
	(void)files__kernel_log_read(s->files);
}

static void on_state_files(void *arg, int events)
{
	struct sensor *s = arg;

	(void)events;
	attrib__read(s->attrib);
}

/* ---- the supervisor's pair ---- */

static void on_child(struct sensor *s, const struct wire_child *w)
{
	for (size_t i = 0; i < PROCESSES; i++) {
		struct tell_process *p = &s->process[i];

		if (p->name[0] && strncmp(p->name, w->name, sizeof(p->name)))
			continue;
		(void)snprintf(p->name, sizeof(p->name), "%.15s", w->name);
		p->pid = w->pid;
		p->started_ns = w->started_ns;
		p->restarts = w->restarts;
		return;
	}
}

static void on_pair_frame(struct sensor *s, enum wire_kind kind, const char *payload, size_t n)
{
	struct wire_child w;
	uint32_t on;

	if (kind == WIRE_CHILD && n == sizeof(w)) {
		memcpy(&w, payload, sizeof(w));
		on_child(s, &w);
	} else if (kind == WIRE_STATS && n == sizeof(on)) {
		memcpy(&on, payload, sizeof(on));
		sense__stats(s->sense, on);
	}
}

static void on_pair(void *arg, int events)
{
	struct sensor *s = arg;
	const char *payload;
	enum wire_kind kind;
	ssize_t n, took;
	size_t len;

	(void)events;
	n = buf__reserve(&s->pair_in, 4096) ?
		    0 :
		    recv(PAIR, s->pair_in.data + s->pair_in.len, 4096, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) { /* the supervisor is gone: nothing runs with nobody above it */
		loop__stop(s->loop);
		return;
	}
	s->pair_in.len += (size_t)n;
	while ((took = wire__get(s->pair_in.data, s->pair_in.len, 4096, &kind, &payload, &len)) >
	       0) {
		on_pair_frame(s, kind, payload, len);
		memmove(s->pair_in.data, s->pair_in.data + took, s->pair_in.len - (size_t)took);
		s->pair_in.len -= (size_t)took;
	}
	if (took < 0)
		loop__stop(s->loop);
}

static void tell_ready(struct sensor *s)
{
	struct wire_ready r = {.probes = sense__probes_on(s->sense), .pinned = s->pinned};

	r.ms = (uint32_t)((clock__boot() - s->started_ns) / NS_PER_MS);
	(void)snprintf(r.listen, sizeof(r.listen), "http%s://%.50s",
		       conf__string(s->conf, CONF_export_tls_cert)[0] ? "s" : "",
		       conf__string(s->conf, CONF_export_listen));
	if (wire__send(PAIR, WIRE_READY, &r, sizeof(r)))
		printf("ready: %u probes in %u ms\n", r.probes, r.ms);
}

/* ---- start ---- */

static const struct subject *door_subject(void *arg, uint64_t id)
{
	struct sensor *s = arg;

	return attrib__get(s->attrib, id);
}

static const char *door_reason(void *arg, uint32_t reason)
{
	struct sensor *s = arg;

	return sense__drop_reason(s->sense, reason);
}

static const char *door_device(void *arg, uint32_t dev)
{
	struct sensor *s = arg;

	return device__name(s->args->root, dev);
}

static const struct aeo_exemplar *door_slowest(void *arg, bool dense, uint16_t channel)
{
	struct sensor *s = arg;

	return sense__slowest(s->sense, dense, channel);
}

static void probes_off(struct sensor *s, struct sense_options *o)
{
	const char *name;

	for (enum aeo_probe p = 0; p < PROBE_MAX; p++)
		o->off[p] = !probe__row(p)->on;
	for (size_t i = 0; (name = conf__item(s->conf, CONF_sense_probes_off, i)); i++)
		o->off[probe__find(name)] = true;
}

static int start_sense(struct sensor *s)
{
	cleanup_buf struct buf why = BUF_INIT;
	struct sense_options o = {
		.tree = &s->tree,
		.super_tgid = (uint32_t)getppid(),
		.cgroups = (uint32_t)conf__uint(s->conf, CONF_sense_cgroups),
		.slow_ns = conf__uint(s->conf, CONF_sense_slow),
		.map_bytes = conf__uint(s->conf, CONF_budget_maps),
		.limit_per_s = 100,
		.root = s->args->root,
		.pin_dir = s->pin_dir,
	};
	int err;

	probes_off(s, &o);
	s->sense = sense__open(&o, &why);
	err = s->sense ? sense__load(s->sense, &why) : -EINVAL;
	if (err)
		log_error("%s", why.len ? why.data : strerror(-err));
	return err;
}

static void add_cgroup(void *arg, const struct subject *subject)
{
	struct sensor *s = arg;

	(void)sense__cgroup_add(s->sense, subject->cgroup_id);
	(void)files__cgroup_add(s->files, subject);
}

/* Attach, then look for cgroups that came meanwhile: those made before the probe was there are found, those after it told. */
static int start_seeing(struct sensor *s)
{
	cleanup_buf struct buf why = BUF_INIT;
	int err = (int)MIN(attrib__scan(s->attrib, add_cgroup, s), 0);

	if (!err)
		err = sense__attach(s->sense, &why);
	if (!err)
		err = (int)MIN(attrib__scan(s->attrib, add_cgroup, s), 0);
	if (err) {
		log_error("attaching: %s", why.len ? why.data : strerror(-err));
		return err;
	}
	err = sense__pin(s->sense, &why);
	s->pinned = !err;
	if (err)
		log_warn("unpinned: %s", why.len ? why.data : strerror(-err));
	return 0;
}

/* Families that exist for the cgroups that waited most follow the settings, with room for `other`. */
static void set_caps(struct sensor *s)
{
	uint32_t cgroups = (uint32_t)conf__uint(s->conf, CONF_export_cgroups);
	uint32_t calls = (uint32_t)conf__uint(s->conf, CONF_export_calls);

	metrics__set_cap(s->metrics, METRIC_runqueue, cgroups + 1);
	metrics__set_cap(s->metrics, METRIC_offcpu, cgroups + 1);
	metrics__set_cap(s->metrics, METRIC_syscall_calls, cgroups * (calls + 1) + 1);
	metrics__set_cap(s->metrics, METRIC_blocked, 2 * (cgroups * (calls + 1) + 1));
	metrics__set_cap(s->metrics, METRIC_syscall_errors, (cgroups + 1) * ERR_MAX);
	metrics__set_cap(s->metrics, METRIC_syscall_restarts, cgroups + 1);
}

static int start_rooms(struct sensor *s)
{
	struct flow_doors doors = {s, door_subject, door_reason, door_device, door_slowest};
	struct rlimit files = {4096, 4096};

	(void)setrlimit(RLIMIT_NOFILE, &files);
	s->attrib = attrib__new(&s->tree, s->args->root, 16384, GRACE_NS);
	s->files = files__new(&s->tree, s->args->root);
	s->flow = flow__new(&doors, conf__uint(s->conf, CONF_export_cgroups),
			    conf__uint(s->conf, CONF_export_calls));
	s->metrics = metrics__new(conf__uint(s->conf, CONF_export_series));
	s->pressure = map__new(sizeof(uint64_t), 64, 65536);
	if (!s->attrib || !s->files || !s->flow || !s->metrics || !s->pressure)
		return -ENOMEM;
	set_caps(s);
	attrib__on_forgotten(s->attrib, on_forgotten, s);
	return 0;
}

static int start_server(struct sensor *s)
{
	const struct group *g = getgrnam("autoecoops");
	const struct passwd *p = getpwnam("autoecoops");
	char path[512];
	int err;

	if (!args__path(s->args, "aeod.sock", path, sizeof(path)))
		return -ENAMETOOLONG;
	s->export_uid = p ? p->pw_uid : 65534;
	s->server = server__new(s->loop, path, g ? g->gr_gid : (gid_t)-1, s->export_uid,
				answers__on, events__gone, s);
	err = s->server ? 0 : -errno;
	if (err)
		log_error("listening on %s: %s", path, strerror(-err));
	return err;
}

static void on_stop(void *arg)
{
	struct sensor *s = arg;

	loop__stop(s->loop);
}

#ifdef AEO_FAULT
static void on_fault(void *arg)
{
	struct sensor *s = arg;

	sense__fault_lose_link(s->sense, PROBE_exec);
}
#endif

static int start_loop(struct sensor *s)
{
	uint64_t tick_ms = conf__uint(s->conf, CONF_sense_tick) / NS_PER_MS;
	struct loop *l = s->loop;

	if (!loop__fd(l, sense__fd(s->sense), LOOP_READ, on_ring, s) ||
	    !loop__timer(l, 100, 100, on_poll, s) || !loop__timer(l, 0, tick_ms, on_tick, s))
		return -errno;
#ifdef AEO_FAULT
	(void)loop__signal(l, SIGUSR1, on_fault, s);
#endif
	if (files__kernel_log_fd(s->files) >= 0 &&
	    !loop__fd(l, files__kernel_log_fd(s->files), LOOP_READ, on_kernel_log, s))
		return -errno;
	if (attrib__fd(s->attrib) >= 0 &&
	    !loop__fd(l, attrib__fd(s->attrib), LOOP_READ, on_state_files, s))
		return -errno;
	return loop__fd(l, PAIR, LOOP_READ, on_pair, s) ? 0 : -errno;
}

static int start(struct sensor *s)
{
	int err = cgroup_tree__detect(s->args->root, &s->tree);

	if (err) {
		log_error("no cgroup file system is mounted that names cgroups: %s",
			  strerror(-err));
		return err;
	}
	node__know(s);
	node__name_pins(s);
	err = start_rooms(s);
	if (!err)
		err = start_sense(s);
	if (!err)
		err = start_seeing(s);
	if (!err)
		err = start_server(s);
	if (!err)
		err = start_loop(s);
	if (!err)
		err = rights__drop();
	if (!err)
		sense__quiet(s->sense, true);
	if (!err) /* a thread keeps the rights that it began with */
		err = sense__windows(s->sense);
	return err;
}

static void stop(struct sensor *s)
{
	/* what is still in the rings is told before the account is closed */
	if (s->sense && sense__poll(s->sense, events__on, s) >= 0)
		report__losses(s);
	server__free(s->server);
	s->server = NULL;
	loop__free(s->loop);
	sense__free(s->sense);
	files__free(s->files);
	flow__free(s->flow);
	attrib__free(s->attrib);
	metrics__free(s->metrics);
	map__free(s->pressure);
	buf__done(&s->pair_in);
	conf__free(s->conf);
}

/* Whether descriptor 3 is the pair that our parent made. Without a supervisor, that is when a person types the hidden verb, it is
 * something else or nothing, and nobody holds the lock: the socket and the pins of a running daemon would be replaced. */
static bool has_supervisor(void)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);
	int type = 0;

	if (getsockopt(PAIR, SOL_SOCKET, SO_PEERCRED, &peer, &len) || peer.pid != getppid())
		return false;
	len = sizeof(type);
	return !getsockopt(PAIR, SOL_SOCKET, SO_TYPE, &type, &len) && type == SOCK_STREAM &&
	       !fcntl(PAIR, F_SETFD, FD_CLOEXEC);
}

/* First of all: what is told while we start is done once we run, and an end comes by way of stop(). */
static int hear_signals(struct sensor *s)
{
	struct loop *l = s->loop;

	return loop__signal(l, SIGTERM, on_stop, s) && loop__signal(l, SIGINT, on_stop, s) &&
			       loop__signal(l, SIGHUP, on_reload, s) ?
		       0 :
		       -errno;
}

int sensor__run(const struct args *a)
{
	struct sensor *s;
	int err, code;

	if (!has_supervisor()) {
		log_error("aeod sensor is a part of aeod run and is started by it");
		return 1;
	}
	s = calloc(1, sizeof(*s));
	if (!s)
		return 1;
	s->args = a;
	s->started_ns = clock__boot();
	s->conf = conf__new();
	s->loop = loop__new();
	err = s->conf && s->loop ? hear_signals(s) : -ENOMEM;
	code = 1;
	if (!err) {
		err = read_config(a, s->conf);
		code = err && err != -ENOMEM ? 2 : 1;
	}
	if (!err) {
		apply_config(s);
		err = start(s);
	}
	if (!err) {
		tell_ready(s);
		err = loop__run(s->loop);
		code = err ? 1 : 0;
	}
	stop(s);
	free(s);
	return code;
}
