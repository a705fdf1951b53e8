/* SPDX-License-Identifier: Apache-2.0 */
/* signal [N]: N USR1 and one real-time signal to itself, and to a child the signals that make an event, with every result. */
#include "trigger.h"

static volatile sig_atomic_t seen;

static void on_signal(int sig)
{
	(void)sig;
	seen++;
}

/* A child that ignores ABRT, blocks QUIT and waits. It is ready when it has closed its end. */
static pid_t victim(void)
{
	char ready;
	pid_t pid;
	int p[2];

	must(!pipe(p), "pipe");
	pid = fork_now();
	if (!pid) {
		sigset_t set;

		(void)signal(SIGABRT, SIG_IGN);
		(void)sigemptyset(&set);
		(void)sigaddset(&set, SIGQUIT);
		(void)sigprocmask(SIG_BLOCK, &set, NULL);
		(void)close(p[1]);
		(void)close(p[0]);
		for (;;)
			(void)pause();
	}
	(void)close(p[1]);
	must(read(p[0], &ready, 1) == 0, "read");
	(void)close(p[0]);
	return pid;
}

static unsigned long acts;

static void send(pid_t pid, int sig, const char *name, const char *result)
{
	must(!kill(pid, sig), name);
	printf("%s\n {\"signal\": \"%s\", \"target\": %d, \"sender\": %d, \"result\": \"%s\", \"code\": 0}",
	       acts++ ? "," : "", name, pid, getpid(), result);
}

/* The kernel's own: SEGV_MAPERR is 1. The child is its own sender. */
static void fault(void)
{
	pid_t pid = fork_now();

	if (!pid) {
		struct rlimit none = {0, 0};

		(void)setrlimit(RLIMIT_CORE, &none);
		*(volatile char *)number("8", 0) = 1;
	}
	(void)wait_for(pid);
	printf(",\n {\"signal\": \"SEGV\", \"target\": %d, \"sender\": %d, \"result\": \"delivered\", \"code\": 1}",
	       pid, pid);
}

int main(int argc, char **argv)
{
	unsigned long n = number(argc > 1 ? argv[1] : NULL, 20);
	pid_t pid;
	int status;

	(void)signal(SIGUSR1, on_signal);
	(void)signal(SIGRTMIN, on_signal);
	for (unsigned long i = 0; i < n; i++)
		must(!raise(SIGUSR1), "raise");
	must(!raise(SIGRTMIN) && seen == (sig_atomic_t)n + 1, "raise");
	pid = victim();
	printf("{\"pid\": %d, \"usr1\": %lu, \"rt\": 1, \"rt_number\": %d, \"sent\": [", getpid(),
	       n, SIGRTMIN);
	send(pid, SIGABRT, "ABRT", "ignored");
	send(pid, SIGQUIT, "QUIT", "delivered");
	send(pid, SIGQUIT, "QUIT", "pending");
	send(pid, SIGSTOP, "STOP", "delivered");
	must(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status), "stop");
	must(!kill(pid, SIGCONT), "cont");
	send(pid, SIGTERM, "TERM", "delivered");
	(void)wait_for(pid);
	pid = victim();
	send(pid, SIGKILL, "KILL", "delivered");
	(void)wait_for(pid);
	fault();
	printf("]}\n");
	return 0;
}
