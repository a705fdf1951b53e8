/* SPDX-License-Identifier: Apache-2.0 */
#include "super.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/magic.h>
#include <poll.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <sys/wait.h>

#include "clock.h"
#include "log.h"
#include "priv.h"

#define STOP_NS (5 * NS_PER_S)	       /* children that do not end by themselves are killed then */
#define STATS_EVERY_NS (60 * NS_PER_S) /* how often the kernel's run-time statistics are opened */
#define STATS_FIRST_NS (2 * NS_PER_S)
#define STATS_OPEN_NS (1 * NS_PER_S)

struct super {
	const struct args *args;
	struct child child[CHILD_MAX];
	int signals, lock, stats;
	bool mounted, was_ready, stopping, killed;
	uint64_t stop_ns, stats_ns;
	int code;
};

/* ---- the place: run folder, lock, bpffs ---- */

/* Who may write in the run folder may put a socket of his own there, and every client would ask
 * him. */
static int check_run_dir(const char *path)
{
	struct stat st, self;

	if (lstat(path, &st) || stat("/proc/self/exe", &self))
		return -errno;
	if (!S_ISDIR(st.st_mode))
		return -ENOTDIR;
	return (st.st_uid && st.st_uid != self.st_uid) || st.st_mode & (S_IWGRP | S_IWOTH) ?
		       -EPERM :
		       0;
}

/* Hold RUN/lock for life. The kernel says who holds it, so nothing is read. */
static int take_lock(struct super *s)
{
	struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	char path[512];
	int err;

	if (mkdir(s->args->run_dir, 0755) && errno != EEXIST) {
		err = -errno;
		log_error("cannot make %s: %s", s->args->run_dir, strerror(-err));
		return err;
	}
	err = check_run_dir(s->args->run_dir);
	if (err) {
		log_error("%s: %s", s->args->run_dir,
			  err == -EPERM ? "others can write in it" : strerror(-err));
		return err;
	}
	if (!args__path(s->args, "lock", path, sizeof(path)))
		return -ENAMETOOLONG;
	s->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (s->lock < 0) {
		log_error("cannot open %s: %s", path, strerror(errno));
		return -errno;
	}
	if (!fcntl(s->lock, F_SETLK, &l))
		return 0;
	if (!fcntl(s->lock, F_GETLK, &l) && l.l_type != F_UNLCK)
		log_error("already running: process %d holds %s", (int)l.l_pid, path);
	return -EBUSY;
}

static void mount_bpffs(struct super *s)
{
	struct statfs fs;

	if (!statfs(s->args->bpffs, &fs) && fs.f_type == BPF_FS_MAGIC)
		return;
	if (mount("bpf", s->args->bpffs, "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700")) {
		log_warn(
			"%s is no bpffs and cannot be mounted (%s): maps and programs stay unpinned",
			s->args->bpffs, strerror(errno));
		return;
	}
	s->mounted = true;
}

/* What we mounted goes with us, unless another daemon pinned something there meanwhile. */
static void unmount_bpffs(struct super *s)
{
	DIR *d = s->mounted ? opendir(s->args->bpffs) : NULL;
	bool empty = true;
	struct dirent *e;

	if (!s->mounted)
		return;
	while (d && (e = readdir(d)))
		empty &= strchr(e->d_name, '.') !=
			 NULL; /* in such names only the kernel's own files have a dot */
	if (d)
		closedir(d);
	if (!empty)
		log_notice("%s stays mounted: another daemon uses it", s->args->bpffs);
	else if (umount2(s->args->bpffs, 0))
		log_warn("unmounting %s: %s", s->args->bpffs, strerror(errno));
}

static int catch_signals(struct super *s)
{
	static const int wanted[] = {SIGINT, SIGTERM, SIGHUP, SIGCHLD, SIGQUIT};
	sigset_t set;

	(void)sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		(void)signal(wanted[i], SIG_DFL); /* inherited as ignored it would never arrive */
		(void)sigaddset(&set, wanted[i]);
	}
	(void)signal(SIGPIPE, SIG_IGN);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -errno;
	s->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return s->signals < 0 ? -errno : 0;
}

/* ---- children ---- */

static void tell_sensor(struct super *s, enum wire_kind kind, const void *payload, size_t n)
{
	if (s->child[CHILD_SENSOR].fd >= 0)
		(void)wire__send(s->child[CHILD_SENSOR].fd, kind, payload, n);
}

static void tell_child(struct super *s, const struct child *c)
{
	struct wire_child w = {.pid = c->pid, .restarts = c->restarts, .started_ns = c->started_ns};

	(void)snprintf(w.name, sizeof(w.name), "%s", c->name);
	tell_sensor(s, WIRE_CHILD, &w, sizeof(w));
}

static const struct {
	const char *name, *program, *verb;
} programs[CHILD_MAX] = {
	[CHILD_SENSOR] = {"aeod", "aeod", "sensor"},
	[CHILD_EXPORT] = {"aeo-export", "aeo-export", NULL},
	[CHILD_VIEW] = {"view", "aeod", NULL},
};

static void start(struct super *s, enum child_id id)
{
	struct child *c = &s->child[id];
	const char *verb =
		id == CHILD_VIEW ?
			(isatty(STDOUT_FILENO) && isatty(STDIN_FILENO) ? "top" : "watch") :
			programs[id].verb;
	int pair[2] = {-1, -1};
	pid_t pid = -1;

	c->again_ns = 0;
	if (id == CHILD_VIEW || !socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		pid = spawn__start(s->args, programs[id].program, verb, pair[1]);
	if (pair[1] >= 0)
		close(pair[1]);
	if (pid < 0) {
		log_error("cannot start %s: %s", c->name, strerror((int)-pid));
		if (pair[0] >= 0)
			close(pair[0]);
		s->code = 1;
		s->stopping = true;
		return;
	}
	c->pid = pid;
	c->fd = pair[0];
	c->started_ns = clock__boot();
	buf__clear(&c->in);
	tell_child(s, c);
	if (id == CHILD_SENSOR)
		for (enum child_id i = CHILD_EXPORT; i < CHILD_MAX; i++)
			if (s->child[i].pid)
				tell_child(s, &s->child[i]);
}

static void stop_all(struct super *s, int sig)
{
	/* the sensor last: its socket is what the others hang on */
	for (int i = CHILD_MAX - 1; i >= 0; i--)
		if (s->child[i].pid)
			(void)kill(s->child[i].pid, sig);
}

/* The view has no settings to read again; it would end, and all with it. */
static void reload(const struct super *s)
{
	for (enum child_id i = 0; i < CHILD_VIEW; i++)
		if (s->child[i].pid)
			(void)kill(s->child[i].pid, SIGHUP);
}

static void begin_stop(struct super *s)
{
	if (s->stopping && s->stop_ns)
		return;
	s->stopping = true;
	s->stop_ns = clock__boot() + STOP_NS;
	stop_all(s, SIGTERM);
}

/* What follows from the end of a child. */
static void ended(struct super *s, enum child_id id, int status)
{
	struct child *c = &s->child[id];
	bool clean = WIFEXITED(status) && !WEXITSTATUS(status);

	c->pid = 0;
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	if (id != CHILD_SENSOR)
		tell_child(s, c);
	if (s->stopping)
		return;
	if (id == CHILD_VIEW) { /* the person left the view */
		begin_stop(s);
		return;
	}
	if (clean && id == CHILD_EXPORT)
		return;
	if (id == CHILD_SENSOR &&
	    (clean || !s->was_ready || (WIFEXITED(status) && WEXITSTATUS(status) == 2))) {
		s->code = clean ? 0 : WIFEXITED(status) && WEXITSTATUS(status) == 2 ? 2 : 1;
		if (WIFSIGNALED(status))
			log_error("%s was killed by signal %d before it was ready", c->name,
				  WTERMSIG(status));
		begin_stop(s);
		return;
	}
	if (clock__boot() - c->started_ns > 60 * NS_PER_S)
		c->backoff_ms = 0;
	c->backoff_ms = c->backoff_ms ? MIN(c->backoff_ms * 2, 30000u) : 100;
	c->again_ns = clock__boot() + c->backoff_ms * NS_PER_MS;
	c->restarts++;
	log_warn("%s ended (%s %d), starting it again in %u ms", c->name,
		 WIFSIGNALED(status) ? "signal" : "status",
		 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), c->backoff_ms);
}

static void reap(struct super *s)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (enum child_id i = 0; i < CHILD_MAX; i++)
			if (s->child[i].pid == pid)
				ended(s, i, status);
}

/* ---- what the sensor says ---- */

static void notify_systemd(const char *text)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	cleanup_fd int fd = -1;
	size_t n = path ? strlen(path) : 0;

	if (!n || n >= sizeof(a.sun_path))
		return;
	memcpy(a.sun_path, path, n);
	if (a.sun_path[0] == '@')
		a.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && sendto(fd, text, strlen(text), MSG_NOSIGNAL, (struct sockaddr *)&a,
			      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)) < 0)
		log_warn("telling systemd: %s", strerror(errno));
}

static void on_ready(struct super *s, const struct wire_ready *r)
{
	if (s->stopping) /* said before it heard of that: nothing is started any more */
		return;
	if (r->listen[0] && memchr(r->listen, '\0', sizeof(r->listen)))
		printf("metrics: %s/metrics\n", r->listen);
	printf("ready: %u probes in %u ms\n", r->probes, r->ms);
	(void)fflush(stdout);
	s->stats_ns = clock__boot() + STATS_FIRST_NS;
	notify_systemd("READY=1");
	if (!s->was_ready) { /* now there is a socket to connect to */
		start(s, CHILD_EXPORT);
		if (!s->args->quiet)
			start(s, CHILD_VIEW);
	}
	s->was_ready = true;
}

static void on_pair(struct super *s, struct child *c)
{
	const char *payload;
	enum wire_kind kind;
	ssize_t n, took;
	size_t len;

	n = buf__reserve(&c->in, 4096) ? -1 :
					 recv(c->fd, c->in.data + c->in.len, 4096, MSG_DONTWAIT);
	if (n <= 0) {
		if (!n || (errno != EAGAIN && errno != EINTR)) {
			close(c->fd);
			c->fd = -1;
		}
		return;
	}
	c->in.len += (size_t)n;
	while ((took = wire__get(c->in.data, c->in.len, 4096, &kind, &payload, &len)) > 0) {
		struct wire_ready r;

		if (kind == WIRE_READY && len == sizeof(r) && c == &s->child[CHILD_SENSOR]) {
			memcpy(&r, payload, sizeof(r));
			on_ready(s, &r);
		}
		memmove(c->in.data, c->in.data + took, c->in.len - (size_t)took);
		c->in.len -= (size_t)took;
	}
	if (took < 0)
		buf__clear(&c->in);
}

/* ---- the kernel's run-time statistics, which only this process may open ---- */

static void stats_turn(struct super *s)
{
	union bpf_attr attr = {.enable_stats.type = BPF_STATS_RUN_TIME};
	uint32_t on = s->stats < 0;

	if (on) {
		s->stats = (int)syscall(SYS_bpf, BPF_ENABLE_STATS, &attr, sizeof(attr));
		if (s->stats < 0) { /* may not: the sensor goes on estimating */
			s->stats_ns = 0;
			return;
		}
		(void)fcntl(s->stats, F_SETFD, FD_CLOEXEC);
	}
	tell_sensor(s, WIRE_STATS, &on, sizeof(on));
	if (!on) {
		/* the sensor reads the sums first: they stand still once nobody holds the
		 * descriptor */
		close(s->stats);
		s->stats = -1;
	}
	s->stats_ns = clock__boot() + (on ? STATS_OPEN_NS : STATS_EVERY_NS);
}

/* ---- the loop ---- */

static void on_signal(struct super *s)
{
	struct signalfd_siginfo si;

	while (read(s->signals, &si, sizeof(si)) == sizeof(si)) {
		if (si.ssi_signo == SIGCHLD)
			reap(s);
		else if (si.ssi_signo == SIGHUP)
			reload(s);
		else
			begin_stop(s);
	}
}

/* Do what is due; milliseconds until the next such moment, -1 for none. */
static int due(struct super *s)
{
	uint64_t now = clock__boot(), next = 0;

	for (enum child_id i = 0; i < CHILD_MAX; i++) {
		struct child *c = &s->child[i];

		if (c->again_ns && c->again_ns <= now && !s->stopping)
			start(s, i);
		if (c->again_ns && (!next || c->again_ns < next))
			next = c->again_ns;
	}
	if (s->stats_ns && s->stats_ns <= now && !s->stopping)
		stats_turn(s);
	if (s->stats_ns && (!next || s->stats_ns < next))
		next = s->stats_ns;
	if (s->stopping && !s->stop_ns)
		begin_stop(s);
	if (s->stopping && s->stop_ns <= now && !s->killed) {
		log_warn("ending what did not end by itself");
		stop_all(s, SIGKILL);
		s->killed = true;
	}
	if (s->stopping)
		return 100;
	now = clock__boot();
	return next ? (int)(next > now ? (next - now) / NS_PER_MS + 1 : 0) : -1;
}

static bool any_child(const struct super *s)
{
	for (enum child_id i = 0; i < CHILD_MAX; i++)
		if (s->child[i].pid)
			return true;
	return false;
}

static void loop(struct super *s)
{
	while (!s->stopping || any_child(s)) {
		int ms = due(s);
		struct pollfd p[1 + CHILD_MAX] = {{s->signals, POLLIN, 0}};

		for (enum child_id i = 0; i < CHILD_MAX; i++)
			p[1 + i] = (struct pollfd){s->child[i].fd, POLLIN, 0};
		if (poll(p, ARRAY_SIZE(p), ms) < 0 && errno != EINTR)
			break;
		if (p[0].revents)
			on_signal(s);
		for (enum child_id i = 0; i < CHILD_MAX; i++)
			if (p[1 + i].revents && s->child[i].fd == p[1 + i].fd)
				on_pair(s, &s->child[i]);
	}
}

int super__run(const struct args *a)
{
	struct super s = {.args = a, .signals = -1, .lock = -1, .stats = -1};

	for (enum child_id i = 0; i < CHILD_MAX; i++) {
		s.child[i].name = programs[i].name;
		s.child[i].fd = -1;
	}
	if (geteuid()) {
		log_error("aeod run needs root (it loads BPF programs): try sudo");
		return 1;
	}
	if (catch_signals(&s) || take_lock(&s))
		return 1;
	mount_bpffs(&s);
	start(&s, CHILD_SENSOR);
	loop(&s);
	for (enum child_id i = 0; i < CHILD_MAX; i++)
		buf__done(&s.child[i].in);
	unmount_bpffs(&s);
	if (s.stats >= 0)
		close(s.stats);
	close(s.lock);
	close(s.signals);
	return s.code;
}
