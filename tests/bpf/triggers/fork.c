/* SPDX-License-Identifier: Apache-2.0 */
/* fork [N]: N processes by fork, N by vfork, N by clone3, and N threads. */
#include <linux/sched.h>
#include <pthread.h>

#include "trigger.h"

static void by_fork(unsigned long n)
{
	for (unsigned long i = 0; i < n; i++) {
		pid_t pid = fork_now();

		if (!pid)
			_exit(0);
		(void)wait_for(pid);
	}
}

/* The child borrows the memory, so it may do nothing but go. */
static void by_vfork(unsigned long n)
{
	for (volatile unsigned long i = 0; i < n; i++) {
		pid_t pid = vfork();

		if (!pid)
			_exit(0);
		must(pid > 0, "vfork");
		(void)wait_for(pid);
	}
}

static void by_clone3(unsigned long n)
{
	for (unsigned long i = 0; i < n; i++) {
		struct clone_args a = {.exit_signal = SIGCHLD};
		pid_t pid = (pid_t)syscall(SYS_clone3, &a, sizeof(a));

		if (!pid)
			_exit(0);
		must(pid > 0, "clone3");
		(void)wait_for(pid);
	}
}

static void *nothing(void *arg)
{
	return arg;
}

static void threads(unsigned long n)
{
	for (unsigned long i = 0; i < n; i++) {
		pthread_t t;

		must(!pthread_create(&t, NULL, nothing, NULL), "pthread_create");
		(void)pthread_join(t, NULL);
	}
}

int main(int argc, char **argv)
{
	unsigned long n = number(argc > 1 ? argv[1] : NULL, 20);

	by_fork(n);
	by_vfork(n);
	by_clone3(n);
	threads(n);
	printf("{\"pid\": %d, \"processes\": %lu, \"shares_memory\": %lu, \"threads\": %lu}\n",
	       getpid(), 3 * n, n, n);
	return 0;
}
