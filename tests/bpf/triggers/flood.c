/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flood ROUNDS: each round forks a child that executes this program again ("flood leaf"), which signals itself once; two processes
 * flood side by side, so that programs nest and run on both CPUs. Prints what was done as JSON.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void rounds(const char *self, long n)
{
	while (n--) {
		pid_t pid = vfork();

		if (!pid) {
			execl(self, self, "leaf", (char *)NULL);
			_exit(1);
		}
		if (pid < 0 || waitpid(pid, NULL, 0) < 0)
			exit(1);
	}
}

int main(int argc, char **argv)
{
	long n = argc > 1 ? strtol(argv[1], NULL, 10) : 0;
	pid_t other;

	if (argc > 1 && !strcmp(argv[1], "leaf")) {
		signal(SIGUSR1, SIG_IGN);
		return raise(SIGUSR1);
	}
	other = fork();
	rounds("/proc/self/exe", n);
	if (!other)
		_exit(0);
	if (other < 0 || waitpid(other, NULL, 0) < 0)
		return 1;
	printf("{\"pid\": %d, \"execs\": %ld, \"forks\": %ld, \"exits\": %ld}\n", getpid(), 2 * n,
	       2 * n + 1, 2 * n + 1);
	return 0;
}
