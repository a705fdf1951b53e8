/* SPDX-License-Identifier: Apache-2.0 */
/* oom: a child that takes memory until the kernel kills it. To be run in a cgroup with a limit, in a virtual machine. */
#include <sys/mman.h>

#include "trigger.h"

#define CHUNK (1UL << 20)
#define SHARED (4UL << 20)
#define SCORE_ADJ "300"
#define MOST (4UL << 30) /* a limit that does not hold must not take the machine */

static void take(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY);
	char *shared =
		mmap(NULL, SHARED, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	must(fd >= 0 && write(fd, SCORE_ADJ, strlen(SCORE_ADJ)) > 0, "oom_score_adj");
	must(shared != MAP_FAILED, "mmap");
	memset(shared, 1, SHARED);
	for (unsigned long have = 0; have < MOST; have += CHUNK) {
		char *p = mmap(NULL, CHUNK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			       0);

		must(p != MAP_FAILED, "mmap");
		memset(p, 1, CHUNK);
	}
	_exit(3);
}

int main(void)
{
	pid_t pid = fork_now();
	int status;

	if (!pid)
		take();
	status = wait_for(pid);
	must(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "the child was not killed");
	printf("{\"pid\": %d, \"victim\": %d, \"score_adj\": " SCORE_ADJ ", \"shmem\": %lu}\n",
	       getpid(), pid, SHARED);
	return 0;
}
