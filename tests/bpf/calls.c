/* SPDX-License-Identifier: Apache-2.0 */
/*
 * calls [ROUNDS]: waits for a byte on standard input, makes a known number of every kind of call, and prints as JSON what it made;
 * ROUNDS times. All calls of a round go through call(), which counts them: what is printed is complete for the calls it names.
 * Clocks are read without a call (vDSO).
 */
#include <linux/futex.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdarg.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "triggers/trigger.h"

#define N 100	    /* of each kind of fork, of signals, of plain calls */
#define RESTARTS 20 /* interruptions of one read */
#define TIMER_MS 20
#define BLOCKED_MS 300

enum class { AGAIN, INTR, TIMEDOUT, INPROGRESS, OTHER, CLASSES };
static const char *const class_names[] = {"EAGAIN", "EINTR", "ETIMEDOUT", "EINPROGRESS", "other"};

/* CALL(name): every call that a round makes, by its name in the kernel's table. */
/* clang-format off */
#define CALLS_BOTH \
	CALL(read) CALL(write) CALL(clone) CALL(clone3) CALL(exit) CALL(exit_group) CALL(wait4) CALL(kill) \
	CALL(rt_sigreturn) CALL(setitimer) CALL(nanosleep) CALL(fcntl) CALL(openat) CALL(futex) CALL(socket) \
	CALL(epoll_create1) CALL(epoll_pwait) CALL(bind) CALL(listen) CALL(getsockname) CALL(connect) \
	CALL(close) CALL(pipe2) CALL(ppoll) CALL(getppid) CALL(getpid)
/* clang-format on */
#ifdef SYS_fork
#define CALLS CALLS_BOTH CALL(fork) CALL(vfork)
#else
#define CALLS CALLS_BOTH
#endif
#define COMPAT 0x10000 /* calls of the 32-bit table */
#define COMPAT_GETPID 20

static const struct {
	const char *name;
	long nr;
} names[] = {
#define CALL(name) {#name, SYS_##name},
	CALLS
#undef CALL
	{"compat:getpid", COMPAT | COMPAT_GETPID},
};
#define NAMES (sizeof(names) / sizeof(names[0]))

/* Shared with the children. */
static struct shared {
	unsigned long calls[NAMES];
	unsigned long errors[CLASSES];
	unsigned long restarts;
	unsigned long long read_ns; /* inside blocking reads */
} * truth;

static pid_t self; /* asking is a call too */

static void count(const char *name)
{
	size_t i = 0;

	while (i < NAMES && strcmp(names[i].name, name))
		i++;
	must(i < NAMES, name);
	__atomic_fetch_add(&truth->calls[i], 1, __ATOMIC_RELAXED);
}

static void count_error(int err)
{
	enum class c = err == EAGAIN	  ? AGAIN :
		       err == EINTR	  ? INTR :
		       err == ETIMEDOUT	  ? TIMEDOUT :
		       err == EINPROGRESS ? INPROGRESS :
					    OTHER;

	__atomic_fetch_add(&truth->errors[c], 1, __ATOMIC_RELAXED);
}

/* Counted before it is made: exit does not return, and the child of a fork returns too. */
#define call(name, args...) call_counted(#name, SYS_##name, ##args, 0L, 0L, 0L, 0L, 0L, 0L)

static long call_counted(const char *name, long nr, ...)
{
	long a[6], ret;
	va_list ap;

	va_start(ap, nr);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	count(name);
	ret = syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	if (ret < 0)
		count_error(errno);
	return ret;
}

static unsigned long long now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (unsigned long long)t.tv_sec * 1000000000 + (unsigned long long)t.tv_nsec;
}

static void reap(long pid)
{
	must(pid > 0, "fork");
	must(call(wait4, pid, 0L, 0L, 0L) == pid, "wait4");
}

/* Every second child leaves by exit instead of exit_group. */
static void leave(unsigned long i)
{
	if (i & 1)
		(void)call(exit, 0L);
	(void)call(exit_group, 0L);
}

static void forks(void)
{
	struct clone_args args = {.exit_signal = SIGCHLD};
	long pid;

	for (unsigned long i = 0; i < N; i++) {
#ifdef SYS_fork
		pid = call(fork);
		if (!pid)
			leave(i);
		reap(pid);
#endif
		pid = call(clone, (long)SIGCHLD, 0L, 0L, 0L, 0L);
		if (!pid)
			leave(i);
		reap(pid);
		pid = call(clone3, &args, (long)sizeof(args));
		if (!pid)
			leave(i);
		reap(pid);
	}
}

static void vforks(void)
{
#ifdef SYS_vfork
	for (volatile unsigned long i = 0; i < N; i++) {
		pid_t pid;

		count("vfork");
		count("exit_group");
		pid = vfork();
		if (!pid)
			_exit(0);
		reap(pid);
	}
#endif
}

static volatile sig_atomic_t handled;
static int end_of_read = -1; /* the handler feeds the interrupted read at last */

static void on_signal(int sig)
{
	handled++;
	count("rt_sigreturn");
	if (sig == SIGALRM && end_of_read >= 0) {
		truth->restarts++;
		if (handled == RESTARTS)
			(void)call(write, (long)end_of_read, "x", 1L);
	}
}

static void signals(void)
{
	for (unsigned long i = 0; i < N; i++)
		must(!call(kill, (long)self, (long)SIGUSR1), "kill");
}

static void timer(long ms)
{
	struct itimerval t = {{0, ms * 1000}, {0, ms * 1000}};

	must(!call(setitimer, (long)ITIMER_REAL, &t, 0L), "setitimer");
}

/* One read that SIGALRM interrupts RESTARTS times; the kernel calls it again each time. */
static void restarted_read(int in, int out)
{
	unsigned long long from;
	char byte;

	handled = 0;
	end_of_read = out;
	from = now_ns();
	timer(TIMER_MS);
	must(call(read, (long)in, &byte, 1L) == 1, "read");
	timer(0);
	truth->read_ns += now_ns() - from;
	end_of_read = -1;
}

static void blocked_read(int in, int out)
{
	unsigned long long from = now_ns();
	struct timespec t = {0, BLOCKED_MS * 1000000L};
	long pid = call(clone, (long)SIGCHLD, 0L, 0L, 0L, 0L);
	char byte;

	if (!pid) {
		(void)call(nanosleep, &t, 0L);
		(void)call(write, (long)out, "x", 1L);
		(void)call(exit_group, 0L);
	}
	must(call(read, (long)in, &byte, 1L) == 1, "read");
	truth->read_ns += now_ns() - from;
	reap(pid);
}

static void errors(int in)
{
	struct timespec t = {0, 1000000};
	unsigned futex = 0;
	char byte;

	(void)call(fcntl, (long)in, (long)F_SETFL, (long)O_NONBLOCK);
	for (int i = 0; i < N; i++) {
		(void)call(read, (long)in, &byte, 1L);
		(void)call(openat, (long)AT_FDCWD, "/nonexistent/aeo", (long)O_RDONLY);
	}
	(void)call(fcntl, (long)in, (long)F_SETFL, 0L);
	for (int i = 0; i < N / 10; i++)
		(void)call(futex, &futex, (long)FUTEX_WAIT, 0L, &t);
}

static void interrupted_epoll(void)
{
	int ep = (int)call(epoll_create1, (long)EPOLL_CLOEXEC);
	struct epoll_event e;

	timer(TIMER_MS);
	for (int i = 0; i < 5; i++)
		(void)call(epoll_pwait, (long)ep, &e, 1L, -1L, 0L, 8L);
	timer(0);
	(void)call(close, (long)ep);
}

/* To a listener on the loopback, without waiting. */
static void connects(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	int listener = (int)call(socket, (long)AF_INET, (long)SOCK_STREAM, 0L);
	socklen_t n = sizeof(to);

	must(!call(bind, (long)listener, &to, (long)n), "bind");
	must(!call(listen, (long)listener, 64L) && !call(getsockname, (long)listener, &to, &n),
	     "listen");
	for (int i = 0; i < 10; i++) {
		long fd = call(socket, (long)AF_INET, (long)SOCK_STREAM | SOCK_NONBLOCK, 0L);

		(void)call(connect, fd, &to, (long)sizeof(to));
		(void)call(close, fd);
	}
	(void)call(close, (long)listener);
}

static void plain(void)
{
	for (int i = 0; i < N; i++)
		(void)(call(getppid) + call(getpid));
}

/* getpid of the 32-bit table is 20. */
static void old_calls(void)
{
#ifdef __x86_64__
	for (int i = 0; i < N; i++) {
		long ret;

		__asm__ volatile("int $0x80"
				 : "=a"(ret)
				 : "0"(20L)
				 : "memory", "r8", "r9", "r10", "r11");
		must(ret == self, "int 0x80");
		count("compat:getpid");
	}
#endif
}

/* A kernel without the 32-bit table kills who tries. */
static bool has_old_calls(void)
{
#ifdef __x86_64__
	pid_t pid = fork_now();

	if (!pid) {
		long ret;

		__asm__ volatile("int $0x80"
				 : "=a"(ret)
				 : "0"(20L)
				 : "memory", "r8", "r9", "r10", "r11");
		_exit(ret == getpid() ? 0 : 1);
	}
	return wait_for(pid) == 0;
#else
	return false;
#endif
}

static void tell(bool old)
{
	static char text[4096];
	int at = snprintf(text, sizeof(text), "{\"pid\": %d, \"calls\": {", self);

	count("write"); /* this one */
	for (size_t i = 0; i < NAMES; i++)
		at += snprintf(text + at, sizeof(text) - (size_t)at,
			       "%s\"%s\": {\"nr\": %ld, \"n\": %lu}", i ? ", " : "", names[i].name,
			       names[i].nr, truth->calls[i]);
	at += snprintf(text + at, sizeof(text) - (size_t)at, "}, \"errors\": {");
	for (size_t i = 0; i < CLASSES; i++)
		at += snprintf(text + at, sizeof(text) - (size_t)at, "%s\"%s\": %lu", i ? ", " : "",
			       class_names[i], truth->errors[i]);
	at += snprintf(text + at, sizeof(text) - (size_t)at,
		       "}, \"restarts\": %lu, \"read_ns\": %llu, \"compat\": %s}\n",
		       truth->restarts, truth->read_ns, old ? "true" : "false");
	must(write(1, text, (size_t)at) == at, "write");
}

static void play(bool old)
{
	int p[2];

	must(!call(pipe2, p, 0L), "pipe");
	forks();
	vforks();
	signals();
	restarted_read(p[0], p[1]);
	blocked_read(p[0], p[1]);
	errors(p[0]);
	interrupted_epoll();
	connects();
	plain();
	if (old)
		old_calls();
	(void)call(close, (long)p[0]);
	(void)call(close, (long)p[1]);
	tell(old);
}

/* The byte that starts a round. ppoll waits for it, so that read does not; it returns inside the round. */
static bool next_round(void)
{
	struct pollfd in = {0, POLLIN, 0};
	char byte;

	while (syscall(SYS_ppoll, &in, 1L, NULL, NULL, 8L) < 0)
		must(errno == EINTR, "ppoll");
	memset(truth, 0, sizeof(*truth));
	count("ppoll");
	return call(read, 0L, &byte, 1L) == 1;
}

int main(int argc, char **argv)
{
	unsigned long rounds = number(argc > 1 ? argv[1] : NULL, 1);
	struct sigaction restart = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
	bool old = has_old_calls();

	self = getpid();
	truth = mmap(NULL, sizeof(*truth), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
	must(truth != MAP_FAILED, "mmap");
	must(!sigaction(SIGUSR1, &restart, NULL) && !sigaction(SIGALRM, &restart, NULL),
	     "sigaction");
	for (unsigned long i = 0; i < rounds && next_round(); i++)
		play(old);
	(void)next_round();
	return 0;
}
