/* SPDX-License-Identifier: Apache-2.0 */
/* One line a second, where nobody sits at a terminal. */
#include "priv.h"

/* One line; 0 or negative errno. */
static int tell_line(int fd)
{
	cleanup_buf struct buf b = BUF_INIT;
	enum wire_kind kind;
	struct jdoc *d;
	int err = wire__send(fd, WIRE_LINE, NULL, 0);

	if (!err)
		err = wire__recv(fd, &b, 5000, &kind);
	if (err)
		return err;
	d = answer__parse(&b);
	if (!d)
		return -EPROTO;
	printf("calls %.0f/s  switches %.0f/s  run-queue p99 <= %.3f ms  aeod %.2f %% of a core  bpf %.3f %% of the machine\n",
	       number_of(jdoc__root(d), "calls"), number_of(jdoc__root(d), "switches"),
	       number_of(jdoc__root(d), "runqueue_p99_s") * 1e3,
	       number_of(jdoc__root(d), "cpu_pct"), number_of(jdoc__root(d), "bpf_pct"));
	(void)fflush(stdout);
	jdoc__free(d);
	return 0;
}

/* For as long as who started us: a sensor that was started again is asked again, for our end is the end of the daemon. */
int cmd_watch(struct cli *c)
{
	pid_t parent = getppid();
	int fd = ask__connect(c);

	if (fd < 0)
		return EXIT_OK;
	while (getppid() == parent && !ferror(stdout)) {
		char path[512];

		sleep(1);
		if (fd < 0 && args__path(&c->args, "aeod.sock", path, sizeof(path)))
			fd = wire__connect(path);
		if (fd >= 0 && tell_line(fd)) {
			close(fd);
			fd = -1;
		}
	}
	if (fd >= 0)
		close(fd);
	return EXIT_OK;
}
