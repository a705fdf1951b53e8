/* SPDX-License-Identifier: Apache-2.0 */
/* Programs are started by descriptor from the folder of the running program: no PATH, no name that
 * somebody could swap between check and use. */
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "priv.h"

extern char **environ;

/* The variables that a child keeps. */
static const char *const kept[] = {"JOURNAL_STREAM", "TERM",  "LANG",	      "LC_ALL",
				   "COLUMNS",	     "LINES", "ASAN_OPTIONS", "UBSAN_OPTIONS"};

/* Ours to start: root's or the owner's of what runs now, and writable by nobody else. */
static int check(int fd, uid_t owner)
{
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	return (st.st_uid && st.st_uid != owner) || st.st_mode & (S_IWGRP | S_IWOTH) ? -EPERM : 0;
}

static int open_program(const char *program)
{
	char self[512];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	cleanup_fd int dir = -1, fd = -1;
	struct stat st;
	char *slash;
	int err;

	if (n <= 0 || stat("/proc/self/exe", &st))
		return -errno;
	self[n] = '\0';
	slash = strrchr(self, '/');
	if (!slash)
		return -EINVAL;
	*slash = '\0';
	dir = open(self, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return -errno;
	fd = openat(dir, program, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = check(dir, st.st_uid);
	if (!err)
		err = check(fd, st.st_uid);
	return err ? err : take_fd(&fd);
}

int spawn__check(const char *program)
{
	cleanup_fd int fd = open_program(program);

	return fd < 0 ? fd : 0;
}

static const char **child_env(void)
{
	static const char *env[ARRAY_SIZE(kept) + 2];
	size_t n = 0;

	env[n++] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
	/* a name may stand there twice */
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		for (char **e = environ; *e; e++)
			if (!strncmp(*e, kept[i], strlen(kept[i])) &&
			    (*e)[strlen(kept[i])] == '=') {
				env[n++] = *e;
				break;
			}
	env[n] = NULL;
	return env;
}

static void become(int program, int pair, const char **argv)
{
	sigset_t none;

	/* Inherited as ignored or blocked must not mean deaf. */
	for (int sig = 1; sig < NSIG; sig++)
		(void)signal(sig, SIG_DFL);
	if (pair >=
	    0) /* a reload that comes before it listens must not end it: it has not read its settings yet */
		(void)signal(SIGHUP, SIG_IGN);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	program = fcntl(program, F_DUPFD_CLOEXEC, 10); /* out of the way of 3..5 */
	if (pair >= 0 && pair != 3)
		(void)dup2(pair, 3);
	else if (pair == 3)
		(void)fcntl(3, F_SETFD, 0);
	if (dup3(program, 5, O_CLOEXEC) < 0)
		_exit(126);
	(void)syscall(SYS_close_range, pair < 0 ? 3 : 4, 4, 0);
	(void)syscall(SYS_close_range, 6, ~0U, 0);
	(void)execveat(5, "", (char *const *)argv, (char *const *)child_env(), AT_EMPTY_PATH);
	_exit(127);
}

pid_t spawn__start(const struct args *a, const char *program, const char *verb, int pair)
{
	const char *argv[24];
	cleanup_fd int fd = open_program(program);
	int n = 0;
	pid_t pid;

	if (fd < 0)
		return fd;
	argv[n++] = program;
	if (verb)
		argv[n++] = verb;
	n += args__give(a, argv + n);
	argv[n] = NULL;
	pid = fork();
	if (!pid)
		become(fd, pair, argv);
	return pid < 0 ? -errno : pid;
}
