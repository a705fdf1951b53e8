/* SPDX-License-Identifier: Apache-2.0 */
/* Archives as tar reads them. */
#include "archive.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "testing.h"

static char folder[] = "/tmp/test_archive.XXXXXX";
static char path[64];

static int setup(void **state)
{
	(void)state;
	memcpy(folder, "/tmp/test_archive.XXXXXX", sizeof(folder));
	if (!mkdtemp(folder))
		return -1;
	(void)snprintf(path, sizeof(path), "%s/a.tar.gz", folder);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	(void)unlink(path);
	return rmdir(folder);
}

/* Standard output of tar with these arguments. */
static void tar(struct buf *out, const char *const *arguments)
{
	int pipes[2], status;
	char text[4096];
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe(pipes), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		(void)setenv("TZ", "UTC", 1);
		(void)dup2(pipes[1], STDOUT_FILENO);
		(void)execvp("tar", (char *const *)arguments);
		_exit(127);
	}
	close(pipes[1]);
	while ((n = read(pipes[0], text, sizeof(text))) > 0)
		buf__add(out, text, (size_t)n);
	close(pipes[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void test_tar_reads_it(void **state)
{
	const char *list[] = {"tar", "tvzf", path, "--numeric-owner", NULL},
		   *get[] = {"tar", "xzOf", path, "d/two", NULL};
	static char large[100001];
	cleanup_buf struct buf out = BUF_INIT;
	struct archive *a = archive__create(path);
	struct stat st;

	(void)state;
	assert_non_null(a);
	memset(large, 'x', sizeof(large) - 1);
	assert_int_equal(archive__add(a, "one", "", 0, 0), 0);
	assert_int_equal(archive__add(a, "d/two", large, sizeof(large) - 1, 1700000000), 0);
	assert_int_equal(archive__add(a, "three", large, 512, 1700000000), 0);
	assert_int_equal(archive__finish(a), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_in_range(st.st_size, 100, 2000);
	tar(&out, list);
	assert_buf(&out, "-rw------- 0/0               0 1970-01-01 00:00 one\n"
			 "-rw------- 0/0          100000 2023-11-14 22:13 d/two\n"
			 "-rw------- 0/0             512 2023-11-14 22:13 three\n");
	tar(&out, get);
	assert_buf(&out, large);
}

static void test_refusals(void **state)
{
	char name[101];
	struct archive *a = archive__create(path);

	(void)state;
	assert_non_null(a);
	assert_null(archive__create(path));
	assert_int_equal(errno, EEXIST);
	memset(name, 'n', sizeof(name));
	name[100] = '\0';
	assert_int_equal(archive__add(a, name, "", 0, 0), -ENAMETOOLONG);
	name[99] = '\0';
	assert_int_equal(archive__add(a, name, "", 0, 0), 0);
	assert_int_equal(archive__add(a, "", "", 0, 0), -EINVAL);
	assert_int_equal(archive__add(a, "/etc/passwd", "", 0, 0), -EINVAL);
	assert_int_equal(archive__add(a, "a/../../b", "", 0, 0), -EINVAL);
	assert_int_equal(archive__finish(a), 0);
	assert_int_equal(unlink(path), 0);
	/* a link that waits where the archive goes is not followed */
	assert_int_equal(symlink("/dev/null", path), 0);
	assert_null(archive__create(path));
	assert_null(archive__create("/nowhere/at/all"));
	assert_int_equal(errno, ENOENT);
}

static void test_full_disk(void **state)
{
	struct archive *a;
	static char noise[1 << 20];
	int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC), err = 0;

	(void)state;
	assert_true(fd >= 0 && read(fd, noise, sizeof(noise)) == sizeof(noise));
	close(fd);
	a = archive__create(path);
	assert_non_null(a);
	/* the file's descriptor becomes one of a full device */
	fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	for (int i = 3; i < 64; i++) {
		char link[64], to[64];
		ssize_t n;

		(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", i);
		n = readlink(link, to, sizeof(to) - 1);
		to[MAX(n, 0)] = '\0';
		if (!strcmp(to, path))
			assert_true(dup2(fd, i) == i);
	}
	close(fd);
	for (int i = 0; !err && i < 4; i++)
		err = archive__add(a, "noise", noise, sizeof(noise), 0);
	assert_int_equal(err, -EIO);
	assert_int_equal(archive__finish(a), -EIO);
	assert_int_equal(access(path, F_OK), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_tar_reads_it, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refusals, setup, teardown),
		cmocka_unit_test_setup_teardown(test_full_disk, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
