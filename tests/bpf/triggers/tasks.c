/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tasks [SECONDS]: holds, for that long, one zombie, one process asleep in read, and one in uninterruptible sleep (a vfork parent whose
 * child sleeps). Prints who they are first.
 */
#include "trigger.h"

static pid_t zombie(void)
{
	siginfo_t info;
	pid_t pid = fork_now();

	if (!pid)
		_exit(0);
	must(!waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), "waitid");
	return pid;
}

static pid_t reader(int end)
{
	pid_t pid = fork_now();
	char byte;

	if (!pid) {
		must(read(end, &byte, 1) == 1, "read");
		_exit(0);
	}
	return pid;
}

static pid_t uninterruptible(long ms)
{
	pid_t pid = fork_now();

	if (!pid) {
		struct timespec t = {ms / 1000, 0};

		if (!vfork()) {
			(void)nanosleep(&t, NULL);
			_exit(0);
		}
		_exit(0);
	}
	return pid;
}

int main(int argc, char **argv)
{
	long ms = (long)number(argc > 1 ? argv[1] : NULL, 12) * 1000;
	pid_t dead, reads, stuck;
	int p[2];

	must(!pipe(p), "pipe");
	dead = zombie();
	reads = reader(p[0]);
	stuck = uninterruptible(ms);
	printf("{\"pid\": %d, \"zombie\": %d, \"read\": %d, \"vfork\": %d, \"ms\": %ld}\n",
	       getpid(), dead, reads, stuck, ms);
	(void)fflush(stdout);
	sleep_ms(ms);
	must(write(p[1], "x", 1) == 1, "write");
	(void)wait_for(dead);
	(void)wait_for(reads);
	(void)wait_for(stuck);
	return 0;
}
