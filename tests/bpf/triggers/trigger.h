/* SPDX-License-Identifier: Apache-2.0 */
/* What every trigger needs. A trigger makes a known number of acts and says as JSON on standard output what it did. */
#ifndef AEO_TRIGGER_H
#define AEO_TRIGGER_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A trigger that cannot do its acts ends with 2: the test has not failed, it could not be made. */
static inline void must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	_exit(2);
}

static inline int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		must(errno == EINTR, "waitpid");
	return status;
}

static inline void sleep_ms(long ms)
{
	struct timespec t = {ms / 1000, ms % 1000 * 1000000};

	while (nanosleep(&t, &t) && errno == EINTR)
		;
}

static inline pid_t fork_now(void)
{
	pid_t pid;

	(void)fflush(stdout);
	pid = fork();
	must(pid >= 0, "fork");
	return pid;
}

static inline unsigned long number(const char *text, unsigned long otherwise)
{
	return text ? strtoul(text, NULL, 10) : otherwise;
}

#endif
