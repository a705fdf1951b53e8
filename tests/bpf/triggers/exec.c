/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exec [--overlay]: executes itself in every way that the probe tells apart, one child a case, and prints for each what it was.
 * --overlay: also from the lower and the upper layer of an overlay that it mounts in a mount namespace of its own.
 */
#include <netinet/in.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>

#include "trigger.h"

#define LONG 5000 /* an argument that does not fit */

struct act {
	const char *name;
	int (*stdin_of)(void);	   /* descriptor for 0; -1: closed */
	const char *kind, *family; /* what the probe shall say of it */
	const char *path;	   /* NULL: a memfd */
	const char *marks;
	bool is_long;
};

static int of_null(void)
{
	return open("/dev/null", O_RDONLY);
}

static int of_file(void)
{
	return open("/proc/self/exe", O_RDONLY);
}

static int of_dir(void)
{
	return open("/", O_RDONLY);
}

static int of_pipe(void)
{
	int p[2];

	must(!pipe(p), "pipe");
	return p[0];
}

static int of_unix(void)
{
	int p[2];

	must(!socketpair(AF_UNIX, SOCK_STREAM, 0, p), "socketpair");
	return p[0];
}

static int of_inet(void)
{
	return socket(AF_INET, SOCK_STREAM, 0);
}

static int of_tty(void)
{
	int fd = open("/dev/ptmx", O_RDWR | O_NOCTTY);

	return fd >= 0 ? fd : open("/dev/tty0", O_RDONLY | O_NOCTTY);
}

static int closed(void)
{
	return -1;
}

static int memfd_of_self(void)
{
	int from = open("/proc/self/exe", O_RDONLY), to = memfd_create("trigger", 0);
	char chunk[65536];
	ssize_t n;

	must(from >= 0 && to >= 0, "memfd_create");
	while ((n = read(from, chunk, sizeof(chunk))) > 0)
		must(write(to, chunk, (size_t)n) == n, "write");
	(void)close(from);
	return to;
}

static void run_case(const struct act *a, int program)
{
	static char filler[LONG + 1];
	char *const argv[] = {(char *)"leaf", (char *)a->name,
			      a->is_long ? memset(filler, 'x', LONG) : (char *)"tab\there", NULL};
	char *const none[] = {NULL};
	int fd = a->stdin_of();

	if (fd > 0)
		must(!dup2(fd, 0), "dup2");
	else if (fd < 0)
		(void)close(0);
	syscall(SYS_execveat, program, "", argv, none, AT_EMPTY_PATH);
	must(false, "execveat");
}

static void tell(const struct act *a, pid_t pid, const struct stat *st, const char *comma)
{
	size_t third = a->is_long ? LONG : strlen("tab\there");
	bool layered = a->path && strstr(a->path, "/merged/");

	printf("%s\n {\"case\": \"%s\", \"pid\": %d, \"ppid\": %d, \"argv_bytes\": %zu, \"marks\": \"%s\", \"fd0_kind\": \"%s\", ",
	       comma, a->name, pid, getpid(), strlen("leaf") + strlen(a->name) + third + 3,
	       a->marks, a->kind);
	printf("\"fd0_family\": \"%s\", \"ctime_ns\": \"%lld\", ", a->family,
	       st->st_ctim.tv_sec * 1000000000LL + st->st_ctim.tv_nsec);
	if (layered) /* stat(2) may answer with the layer's numbers instead of the overlay's */
		printf("\"dev\": null, \"ino\": null}");
	else
		printf("\"dev\": \"%u:%u\", \"ino\": \"%llu\"}", major(st->st_dev),
		       minor(st->st_dev), (unsigned long long)st->st_ino);
}

static void run(const struct act *a, const char *comma)
{
	int program = a->path ? open(a->path, O_PATH | O_CLOEXEC) : memfd_of_self();
	struct stat st;
	pid_t pid;

	must(program >= 0 && !fstat(program, &st), a->path);
	pid = fork_now();
	if (!pid)
		run_case(a, program);
	must(wait_for(pid) == 0, a->name);
	tell(a, pid, &st, comma);
	(void)close(program);
}

/* merged/low comes from the lower layer; merged/up is written through the overlay and lies in the upper one. */
static void mount_overlay(const char *dir)
{
	must(!unshare(CLONE_NEWNS) && !mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL),
	     "unshare");
	must(!mount("tmpfs", dir, "tmpfs", 0, NULL) && !chdir(dir), "mount tmpfs");
	must(!mkdir("lower", 0755) && !mkdir("upper", 0755) && !mkdir("work", 0755) &&
		     !mkdir("merged", 0755),
	     "mkdir");
}

static void copy_self(const char *to)
{
	int from = open("/proc/self/exe", O_RDONLY),
	    fd = open(to, O_CREAT | O_EXCL | O_WRONLY, 0755);
	char chunk[65536];
	ssize_t n;

	must(from >= 0 && fd >= 0, to);
	while ((n = read(from, chunk, sizeof(chunk))) > 0)
		must(write(fd, chunk, (size_t)n) == n, to);
	must(!close(fd), to);
	(void)close(from);
}

static void overlay_cases(void)
{
	char dir[] = "/tmp/aeo-overlay.XXXXXX", low[64], up[64];
	struct act lower = {"overlay_lower", of_null, "char", "none", low, "", false};
	struct act upper = {"overlay_upper", of_null, "char", "none", up, "overlay_upper", false};

	must(mkdtemp(dir) != NULL, dir);
	mount_overlay(dir);
	copy_self("lower/low");
	must(!mount("overlay", "merged", "overlay", 0,
		    "lowerdir=lower,upperdir=upper,workdir=work"),
	     "mount overlay");
	copy_self("merged/up");
	(void)snprintf(low, sizeof(low), "%s/merged/low", dir);
	(void)snprintf(up, sizeof(up), "%s/merged/up", dir);
	run(&lower, ",");
	run(&upper, ",");
	must(!chdir("/"), "chdir");
	(void)umount2(dir, MNT_DETACH);
	(void)rmdir(dir);
}

int main(int argc, char **argv)
{
	static const struct act acts[] = {
		{"null", of_null, "char", "none", "/proc/self/exe", "", false},
		{"file", of_file, "file", "none", "/proc/self/exe", "", false},
		{"dir", of_dir, "dir", "none", "/proc/self/exe", "", false},
		{"pipe", of_pipe, "pipe", "none", "/proc/self/exe", "", false},
		{"unix", of_unix, "socket", "unix", "/proc/self/exe", "", false},
		{"inet", of_inet, "socket", "inet", "/proc/self/exe", "", false},
		{"tty", of_tty, "tty", "none", "/proc/self/exe", "", false},
		{"closed", closed, "closed", "none", "/proc/self/exe", "", false},
		{"memfd", of_null, "char", "none", NULL, "memfd", false},
		{"long", of_null, "char", "none", "/proc/self/exe", "argv_truncated", true},
		{"memfd_long", of_null, "char", "none", NULL, "memfd,argv_truncated", true},
	};

	if (!strcmp(argv[0], "leaf"))
		return 0;
	printf("{\"pid\": %d, \"execs\": [", getpid());
	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++)
		run(&acts[i], i ? "," : "");
	if (argc > 1 && !strcmp(argv[1], "--overlay"))
		overlay_cases();
	printf("]}\n");
	return 0;
}
