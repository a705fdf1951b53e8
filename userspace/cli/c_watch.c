/* SPDX-License-Identifier: Apache-2.0 */
/* One line a second, where nobody sits at a terminal. */
#include "priv.h"

int cmd_watch(struct cli *c)
{
	cleanup_fd int fd = ask__connect(c);
	cleanup_buf struct buf b = BUF_INIT;
	enum wire_kind kind;
	int err = fd < 0 ? -ENOTCONN : 0;

	while (!err) {
		struct jdoc *d;

		sleep(1);
		err = wire__send(fd, WIRE_LINE, NULL, 0);
		if (!err)
			err = wire__recv(fd, &b, 5000, &kind);
		d = err ? NULL : answer__parse(&b);
		if (!d)
			break;
		printf("calls %.0f/s  switches %.0f/s  run-queue p99 <= %.3f ms  aeod %.2f %% of a core  bpf %.3f %% of the machine\n",
		       number_of(jdoc__root(d), "calls"), number_of(jdoc__root(d), "switches"),
		       number_of(jdoc__root(d), "runqueue_p99_s") * 1e3,
		       number_of(jdoc__root(d), "cpu_pct"), number_of(jdoc__root(d), "bpf_pct"));
		(void)fflush(stdout);
		jdoc__free(d);
	}
	return EXIT_OK;
}
