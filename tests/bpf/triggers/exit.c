/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exit [RACES]: processes that end in every way: with codes, by signals, with a core dump, with the leader gone first, after a known
 * time and known work; and RACES processes whose last two threads end at the same moment. A core file stays in the working folder.
 */
#include <pthread.h>

#include "trigger.h"

static void leave_late(void)
{
	sleep_ms(300);
	_exit(0);
}

/* CPU time until the process has used 200 ms. */
static void work(void)
{
	while (clock() < CLOCKS_PER_SEC / 5)
		;
	_exit(0);
}

static void *leave_by_thread(void *arg)
{
	(void)arg;
	sleep_ms(50);
	_exit(7);
}

/* The leader goes first and waits as a zombie; the code is the group's. */
static void leader_first(void)
{
	pthread_t t;

	must(!pthread_create(&t, NULL, leave_by_thread, NULL), "pthread_create");
	syscall(SYS_exit, 1);
}

static pthread_barrier_t together;

static void *leave_together(void *arg)
{
	(void)pthread_barrier_wait(&together);
	syscall(SYS_exit, 0);
	return arg;
}

static void race(void)
{
	pthread_t t;

	(void)pthread_barrier_init(&together, NULL, 2);
	must(!pthread_create(&t, NULL, leave_together, NULL), "pthread_create");
	(void)leave_together(NULL);
}

static void by_code(int code)
{
	_exit(code);
}

static void by_signal(int sig)
{
	(void)signal(sig, SIG_DFL);
	(void)kill(getpid(), sig);
	for (;;)
		(void)pause();
}

static unsigned long ok, error, by_sig, acts;

/* One child; what wait4 told of it. */
static void tell(const char *name, void (*plain)(void), void (*with)(int), int arg)
{
	struct timespec from, to;
	struct rusage used;
	int status;
	pid_t pid;

	(void)clock_gettime(CLOCK_MONOTONIC, &from);
	pid = fork_now();
	if (!pid) {
		if (plain)
			plain();
		else
			with(arg);
		_exit(2);
	}
	must(wait4(pid, &status, 0, &used) == pid, "wait4");
	(void)clock_gettime(CLOCK_MONOTONIC, &to);
	printf("%s\n {\"case\": \"%s\", \"pid\": %d, \"ppid\": %d, \"code\": %d, \"signal\": %d, \"core_dumped\": %s, ",
	       acts++ ? "," : "", name, pid, getpid(), WIFEXITED(status) ? WEXITSTATUS(status) : 0,
	       WIFSIGNALED(status) ? WTERMSIG(status) : 0,
	       WIFSIGNALED(status) && WCOREDUMP(status) ? "true" : "false");
	printf("\"lived_ns\": %lld, \"cpu_ns\": %lld}",
	       (to.tv_sec - from.tv_sec) * 1000000000LL + to.tv_nsec - from.tv_nsec,
	       (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000000LL +
		       (used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1000LL);
	if (WIFSIGNALED(status))
		by_sig++;
	else if (WEXITSTATUS(status))
		error++;
	else
		ok++;
}

static void races(unsigned long n)
{
	for (unsigned long i = 0; i < n; i++) {
		pid_t pid = fork_now();

		if (!pid)
			race();
		must(wait_for(pid) == 0, "race");
	}
	ok += n;
}

int main(int argc, char **argv)
{
	unsigned long n = number(argc > 1 ? argv[1] : NULL, 100);
	struct rlimit core = {RLIM_INFINITY, RLIM_INFINITY};

	(void)setrlimit(RLIMIT_CORE, &core);
	printf("{\"pid\": %d, \"exits\": [", getpid());
	tell("zero", NULL, by_code, 0);
	tell("three", NULL, by_code, 3);
	tell("most", NULL, by_code, 255);
	tell("term", NULL, by_signal, SIGTERM);
	tell("kill", NULL, by_signal, SIGKILL);
	tell("segv", NULL, by_signal, SIGSEGV);
	tell("late", leave_late, NULL, 0);
	tell("work", work, NULL, 0);
	tell("leader_first", leader_first, NULL, 0);
	races(n);
	printf("], \"races\": %lu, \"ok\": %lu, \"error\": %lu, \"by_signal\": %lu}\n", n, ok,
	       error, by_sig);
	return 0;
}
