/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest's side of the runner: a static program that runs one command and tells the host of it.
 *
 *   vmjob run DIR SECONDS   run DIR/argv (NUL-separated) in DIR/work; its output goes to the ports
 *                           aeo.out and aeo.err; exit with its status, 128 + n for signal n, 124
 *                           when the time is up
 *   vmjob port NAME         copy standard input to the port NAME
 *   vmjob say NAME WORD...  write the words as one line to the port NAME
 *   vmjob exit RC           leave the virtual machine; QEMU's own status then holds RC + 16
 *
 * The command gets pipes and not the ports: a port can be opened once only, and /dev/stdout must
 * work.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define EXIT_PORT 0xf4 /* isa-debug-exit's iobase */
#define EXIT_BASE 16   /* keeps a pass apart from QEMU's own 0 and 1 */
#define EXIT_MOST 47   /* (47 + 16) * 2 + 1 still fits a status */
#define RC_TIMEOUT 124
#define DRAIN_MOST \
	(1 << 20) /* bytes taken after the command's end from a pipe that others still hold */

struct stream {
	int from; /* pipe, -1 when it has ended */
	int to;	  /* port */
};

static void die(const char *what)
{
	fprintf(stderr, "vmjob: %s: %s\n", what, strerror(errno));
	exit(125);
}

static void write_all(int fd, const char *data, size_t size)
{
	while (size) {
		ssize_t n = write(fd, data, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			die("write to port");
		data += n;
		size -= n;
	}
}

/* By sysfs: the links of /dev/virtio-ports need a udev, which the light guest does not have. */
static int open_port(const char *want)
{
	DIR *dir = opendir("/sys/class/virtio-ports");
	struct dirent *e;
	char path[512], name[64];

	while (dir && (e = readdir(dir))) {
		FILE *f;
		bool same;

		snprintf(path, sizeof(path), "/sys/class/virtio-ports/%s/name", e->d_name);
		f = fopen(path, "re");
		if (!f)
			continue;
		same = fscanf(f, "%63s", name) == 1 && !strcmp(name, want);
		fclose(f);
		if (!same)
			continue;
		snprintf(path, sizeof(path), "/dev/%s", e->d_name);
		closedir(dir);
		return open(path, O_WRONLY | O_CLOEXEC);
	}
	if (dir)
		closedir(dir);
	errno = ENODEV;
	return -1;
}

static int must_open_port(const char *name)
{
	int fd = open_port(name);

	if (fd < 0)
		die(name);
	return fd;
}

static char *read_file(const char *path, size_t *ret_size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	char *data;

	if (fd < 0 || fstat(fd, &st))
		die(path);
	data = malloc(st.st_size + 1);
	if (!data || read(fd, data, st.st_size) != st.st_size)
		die(path);
	close(fd);
	*ret_size = st.st_size;
	return data;
}

static char **read_argv(const char *path)
{
	size_t size, n = 0, i = 0;
	char *data = read_file(path, &size);
	char **argv;

	for (size_t at = 0; at < size; at++)
		n += !data[at];
	argv = calloc(n + 1, sizeof(*argv));
	if (!n || !argv)
		die("empty argv");
	for (char *p = data; i < n; p += strlen(p) + 1)
		argv[i++] = p;
	return argv;
}

static void start_command(char **argv, const int out[2], const int err[2])
{
	sigset_t none;
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	dup2(null, 0);
	dup2(out[1], 1);
	dup2(err[1], 2);
	execvp(argv[0], argv);
	fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

/* Moves what is there now; returns the bytes moved. */
static size_t relay(struct stream *s)
{
	char buf[65536];
	ssize_t n = read(s->from, buf, sizeof(buf));

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0) {
		close(s->from);
		s->from = -1;
		return 0;
	}
	write_all(s->to, buf, n);
	return n;
}

static void drain(struct stream *s)
{
	size_t moved = 0, n;

	while (s->from >= 0 && moved < DRAIN_MOST && (n = relay(s)))
		moved += n;
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static int status_of(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Waits for output, for a child's end, or for the time to be up (false). */
static bool wait_some(struct stream s[2], int sigfd, double end)
{
	struct pollfd p[3] = {{s[0].from, POLLIN, 0}, {s[1].from, POLLIN, 0}, {sigfd, POLLIN, 0}};
	struct signalfd_siginfo info;
	double left = end - now();

	if (left <= 0)
		return false;
	(void)poll(p, 3, left > 3600 ? 3600000 : (int)(left * 1000) + 1);
	for (int i = 0; i < 2; i++)
		if (p[i].revents)
			relay(&s[i]);
	if (p[2].revents)
		(void)!read(sigfd, &info, sizeof(info));
	return true;
}

/* Relays until the command has ended; a child of it that keeps the pipes open does not hold us. */
static int watch_command(pid_t pid, struct stream s[2], int sigfd, int ctl, double end)
{
	int status;

	while (waitpid(pid, &status, WNOHANG) != pid) {
		if (wait_some(s, sigfd, end))
			continue;
		kill(-pid, SIGKILL);
		kill(pid, SIGKILL);
		write_all(ctl, "TIMEOUT\n", 8);
		return RC_TIMEOUT;
	}
	return status_of(status);
}

static int block_sigchld(void)
{
	sigset_t chld;

	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigprocmask(SIG_BLOCK, &chld, NULL);
	return signalfd(-1, &chld, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void make_pipe(int p[2])
{
	if (pipe2(p, O_CLOEXEC))
		die("pipe");
}

static void close_writer(int p[2])
{
	close(p[1]);
	fcntl(p[0], F_SETFL, O_NONBLOCK);
}

static int do_run(const char *dir, const char *seconds)
{
	struct stream s[2];
	int out[2], err[2], ctl, sigfd, rc;
	char **argv;
	pid_t pid;

	if (chdir(dir))
		die(dir);
	argv = read_argv("argv");
	if (chdir("work"))
		die("work");
	make_pipe(out);
	make_pipe(err);
	sigfd = block_sigchld();
	ctl = must_open_port("aeo.ctl");
	s[0] = (struct stream){out[0], must_open_port("aeo.out")};
	s[1] = (struct stream){err[0], must_open_port("aeo.err")};
	write_all(ctl, "BEGAN\n", 6);
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid)
		start_command(argv, out, err);
	close_writer(out);
	close_writer(err);
	rc = watch_command(pid, s, sigfd, ctl, now() + strtod(seconds, NULL));
	drain(&s[0]);
	drain(&s[1]);
	return rc;
}

static int do_port(const char *name)
{
	int fd = must_open_port(name);
	static char buf[1 << 16];
	ssize_t n;

	while ((n = read(0, buf, sizeof(buf))) > 0)
		write_all(fd, buf, n);
	return n < 0;
}

static int do_say(const char *name, char **words)
{
	char line[4096];
	size_t at = 0;

	for (; *words && at < sizeof(line) - 2; words++)
		at += snprintf(line + at, sizeof(line) - 1 - at, "%s%s", at ? " " : "", *words);
	if (at > sizeof(line) - 2)
		at = sizeof(line) - 2;
	line[at++] = '\n';
	write_all(must_open_port(name), line, at);
	return 0;
}

static int do_exit(const char *word)
{
	long rc = strtol(word, NULL, 10);

	if (ioperm(EXIT_PORT, 4, 1))
		die("ioperm");
	outb((rc > EXIT_MOST ? EXIT_MOST : rc) + EXIT_BASE, EXIT_PORT);
	return 125;
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "run"))
		return do_run(argv[2], argv[3]);
	if (argc == 3 && !strcmp(argv[1], "port"))
		return do_port(argv[2]);
	if (argc >= 4 && !strcmp(argv[1], "say"))
		return do_say(argv[2], argv + 3);
	if (argc == 3 && !strcmp(argv[1], "exit"))
		return do_exit(argv[2]);
	fprintf(stderr, "usage: vmjob run DIR SECONDS | port NAME | say NAME WORD... | exit RC\n");
	return 125;
}
