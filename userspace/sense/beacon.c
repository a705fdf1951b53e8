/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is anybody home? An attached program may still never run: a kernel that lists a hook and does not
 * call it, a link that died. So now and then we act ourselves and look whether the programs of
 * those hooks ran; what did not is attached again, and declared down when that does not help.
 */
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include "priv.h"

/* Probes that an act of our own must wake. */
static const enum aeo_probe woken[] = {PROBE_sched, PROBE_syscalls, PROBE_fork,
				       PROBE_exec,  PROBE_exit,	    PROBE_signal};

static bool probe_on(const struct sense *s, enum aeo_probe probe)
{
	for (size_t i = 0; i < s->progs; i++)
		if (s->prog[i].probe == probe && s->prog[i].chosen)
			return true;
	return false;
}

/* Fork, execute, exit and signal, all by a child of ours that does nothing: "/proc/self/exe
 * version". */
static void act(void)
{
	static char *const argv[] = {"aeod", "version", NULL}, *const env[] = {NULL};
	posix_spawn_file_actions_t to_null;
	pid_t pid;

	(void)signal(SIGURG, SIG_IGN);
	(void)kill(getpid(), SIGURG);
	if (posix_spawn_file_actions_init(&to_null))
		return;
	if (!posix_spawn_file_actions_addopen(&to_null, 1, "/dev/null", 1 /* O_WRONLY */, 0) &&
	    !posix_spawn(&pid, "/proc/self/exe", &to_null, NULL, argv, env))
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	(void)posix_spawn_file_actions_destroy(&to_null);
}

static void attach_again(struct sense *s, enum aeo_probe probe)
{
	for (size_t i = 0; i < s->progs; i++) {
		struct program *p = &s->prog[i];

		if (p->probe != probe || !p->chosen || p->flags & WINDOW || p->kind == ITER)
			continue;
		(void)bpf_link__destroy(p->link);
		p->link = bpf_program__attach(
			bpf_object__find_program_by_name(s->skel->obj, p->name));
	}
}

void sense__beacon(struct sense *s, beacon_fn fn, void *arg)
{
	uint64_t before[ARRAY_SIZE(woken)];

	for (size_t i = 0; i < ARRAY_SIZE(woken); i++)
		before[i] = probe__runs(s, woken[i]);
	act();
	for (size_t i = 0; i < ARRAY_SIZE(woken); i++) {
		enum aeo_probe p = woken[i];
		bool seen = !probe_on(s, p) || (p == PROBE_syscalls && s->calls_shed) ||
			    probe__runs(s, p) > before[i];

		if (seen && !s->missing[p])
			continue;
		fn(arg, p, !seen, s->missing[p]);
		s->missing[p] = !seen;
		if (!seen)
			attach_again(s, p);
	}
}

#ifdef AEO_FAULT
/* For tests of the above: the link of a probe's first program is closed as if the kernel had let go
 * of it. */
void sense__fault_lose_link(struct sense *s, enum aeo_probe probe)
{
	for (size_t i = 0; i < s->progs; i++)
		if (s->prog[i].probe == probe && s->prog[i].link) {
			(void)bpf_link__destroy(s->prog[i].link);
			s->prog[i].link = NULL;
			return;
		}
}
#endif
