/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One load for the cost table: `load NAME` runs a fixed number of rounds and prints the CPU time, user and system, that it and its
 * children took, in microseconds a round. CPU time, not wall time: the machine is shared.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static double cpu_us(void)
{
	struct rusage self, kids;

	getrusage(RUSAGE_SELF, &self);
	getrusage(RUSAGE_CHILDREN, &kids);
	return 1e6 * (double)(self.ru_utime.tv_sec + self.ru_stime.tv_sec + kids.ru_utime.tv_sec +
			      kids.ru_stime.tv_sec) +
	       (double)(self.ru_utime.tv_usec + self.ru_stime.tv_usec + kids.ru_utime.tv_usec +
			kids.ru_stime.tv_usec);
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void load_getppid(long n)
{
	while (n--)
		syscall(SYS_getppid);
}

static void load_file(long n)
{
	char byte;

	while (n--) {
		int fd = open("/proc/self/comm", O_RDONLY);

		if (fd < 0 || read(fd, &byte, 1) != 1)
			die("file");
		close(fd);
	}
}

static void load_exec(long n)
{
	while (n--) {
		pid_t pid = fork();
		int status;

		if (!pid) {
			execl("/bin/true", "true", (char *)NULL);
			_exit(1);
		}
		if (waitpid(pid, &status, 0) < 0 || status)
			die("exec");
	}
}

static int listener(struct sockaddr_in *a)
{
	socklen_t len = sizeof(*a);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	memset(a, 0, sizeof(*a));
	a->sin_family = AF_INET;
	a->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(fd, (struct sockaddr *)a, sizeof(*a)) || listen(fd, 64) ||
	    getsockname(fd, (struct sockaddr *)a, &len))
		die("listen");
	return fd;
}

/* connect, send, receive, close over loopback; one process plays both sides, so nothing waits for a switch */
static void load_tcp(long n)
{
	struct linger now = {1, 0}; /* no TIME_WAIT: ports last */
	struct sockaddr_in a;
	int l = listener(&a);
	char buf[64] = "x";

	while (n--) {
		int c = socket(AF_INET, SOCK_STREAM, 0), s;

		if (connect(c, (struct sockaddr *)&a, sizeof(a)) || (s = accept(l, NULL, NULL)) < 0)
			die("tcp");
		if (write(c, buf, sizeof(buf)) != sizeof(buf) ||
		    read(s, buf, sizeof(buf)) != sizeof(buf) ||
		    write(s, buf, sizeof(buf)) != sizeof(buf) ||
		    read(c, buf, sizeof(buf)) != sizeof(buf))
			die("tcp data");
		setsockopt(c, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
		close(c);
		close(s);
	}
	close(l);
}

static void load_pingpong(long n)
{
	int a[2], b[2];
	char byte = 0;
	pid_t pid;

	if (pipe(a) || pipe(b))
		die("pipe");
	pid = fork();
	if (!pid) {
		close(a[1]);
		close(b[0]);
		while (read(a[0], &byte, 1) == 1)
			if (write(b[1], &byte, 1) != 1)
				break;
		_exit(0);
	}
	close(a[0]);
	close(b[1]);
	while (n--)
		if (write(a[1], &byte, 1) != 1 || read(b[0], &byte, 1) != 1)
			die("pingpong");
	close(a[1]);
	waitpid(pid, NULL, 0);
}

static const struct {
	const char *name;
	void (*run)(long n);
	long rounds;
} loads[] = {
	{"getppid", load_getppid, 1000000}, {"file", load_file, 120000},
	{"exec", load_exec, 500},	    {"tcp", load_tcp, 12000},
	{"pingpong", load_pingpong, 60000},
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(loads) / sizeof(loads[0]); i++)
		if (!strcmp(loads[i].name, argv[1])) {
			double before = cpu_us();

			loads[i].run(loads[i].rounds);
			printf("%.4f\n", (cpu_us() - before) / (double)loads[i].rounds);
			return 0;
		}
	fprintf(stderr, "usage: load getppid|file|exec|tcp|pingpong\n");
	return 2;
}
