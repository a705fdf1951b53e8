/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sched hogs N MS: N children share one CPU and compute for MS milliseconds of wall time; prints what the kernel booked as their
 * run-queue wait (the second figure of schedstat), in ns.
 * sched sleep N MS: sleeps N times MS milliseconds; prints how long that took in all, in ns.
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static unsigned long long now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (unsigned long long)t.tv_sec * 1000000000ULL + (unsigned long long)t.tv_nsec;
}

static unsigned long long run_delay(void)
{
	unsigned long long run = 0, wait = 0;
	FILE *f = fopen("/proc/self/schedstat", "r");

	if (!f || fscanf(f, "%llu %llu", &run, &wait) != 2)
		exit(1);
	fclose(f);
	return wait;
}

static void hog(int fd, long ms)
{
	unsigned long long end = now_ns() + (unsigned long long)ms * 1000000, wait;
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	if (sched_setaffinity(0, sizeof(one), &one))
		_exit(1);
	while (now_ns() < end)
		;
	wait = run_delay();
	_exit(write(fd, &wait, sizeof(wait)) != sizeof(wait));
}

static int hogs(long n, long ms)
{
	unsigned long long sum = 0, wait;
	int p[2];

	if (pipe(p))
		return 1;
	for (long i = 0; i < n; i++)
		if (!fork())
			hog(p[1], ms);
	for (long i = 0; i < n; i++) {
		if (read(p[0], &wait, sizeof(wait)) != sizeof(wait))
			return 1;
		sum += wait;
	}
	while (wait3(NULL, 0, NULL) > 0)
		;
	printf("{\"wait_ns\": %llu}\n", sum);
	return 0;
}

static int sleeps(long n, long ms)
{
	unsigned long long begin = now_ns();
	struct timespec t = {ms / 1000, ms % 1000 * 1000000};

	for (long i = 0; i < n; i++)
		if (nanosleep(&t, NULL))
			return 1;
	printf("{\"slept_ns\": %llu, \"times\": %ld}\n", now_ns() - begin, n);
	return 0;
}

int main(int argc, char **argv)
{
	long n = argc > 3 ? strtol(argv[2], NULL, 10) : 0,
	     ms = argc > 3 ? strtol(argv[3], NULL, 10) : 0;

	if (n > 0 && ms > 0 && !strcmp(argv[1], "hogs"))
		return hogs(n, ms);
	if (n > 0 && ms > 0 && !strcmp(argv[1], "sleep"))
		return sleeps(n, ms);
	fprintf(stderr, "usage: sched hogs|sleep N MS\n");
	return 2;
}
