/* SPDX-License-Identifier: Apache-2.0 */
/*
 * State files are read by a thread of their own, as soon as inotify tells: those of a container that lives 50 ms are gone again when a
 * busy main loop comes to it. What it finds waits as news for the owner, whose cgroups no other thread touches. The thread reads root's
 * folders only, and keeps no right but that of reading them.
 */
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "lore_in.h"

#define STACK (256 * 1024)
#define NEWS_MOST 4096

void news__add(struct lore *l, const struct known *k)
{
	struct news *n = l->news_count < NEWS_MOST ? malloc(sizeof(*n)) : NULL;

	if (!n) {
		l->dropped++; /* what is asked for by id or path is known all the same */
		return;
	}
	n->k = *k;
	n->next = NULL;
	*l->news_end = n;
	l->news_end = &n->next;
	l->news_count++;
}

static void tell(const struct lore *l)
{
	uint64_t one = 1;
	ssize_t n = write(l->wake, &one, sizeof(one));

	(void)n; /* full: the owner knows */
}

/* Capabilities are each thread's own: what the owner gives up later would stay here. */
static void drop_rights(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {{0, 0, 0}, {0, 0, 0}};

	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (syscall(SYS_capget, &head, data) < 0)
		return;
	for (int i = 0; i < 2; i++) {
		uint32_t keep = i == CAP_DAC_READ_SEARCH / 32 ? 1u << (CAP_DAC_READ_SEARCH % 32) :
								0;

		data[i].permitted &= keep;
		data[i].effective = data[i].permitted;
		data[i].inheritable = 0;
	}
	(void)syscall(SYS_capset, &head, data);
}

static void *catcher(void *arg)
{
	struct lore *l = arg;
	struct pollfd p[2] = {{l->ino, POLLIN, 0}, {l->stop, POLLIN, 0}};

	drop_rights();
	(void)prctl(PR_SET_NAME, "aeo-names", 0, 0, 0);
	for (;;) {
		if (poll(p, 2, -1) < 0 && errno != EINTR)
			return NULL;
		if (p[1].revents)
			return NULL;
		HOLD(l);
		watch__take(l, l->now());
		if (l->news)
			tell(l);
	}
}

void catch__start(struct lore *l)
{
	pthread_attr_t attr;
	sigset_t all, old;

	l->stop = eventfd(0, EFD_CLOEXEC);
	l->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (l->ino < 0 || l->stop < 0 || l->wake < 0 || pthread_attr_init(&attr))
		return;
	(void)pthread_attr_setstacksize(&attr, STACK);
	/* Signals are the main thread's. */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	l->threaded = !pthread_create(&l->thread, &attr, catcher, l);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	(void)pthread_attr_destroy(&attr);
}

void catch__stop(struct lore *l)
{
	uint64_t one = 1;
	struct news *n;

	if (l->threaded && write(l->stop, &one, sizeof(one)) == sizeof(one))
		(void)pthread_join(l->thread, NULL);
	while ((n = l->news)) {
		l->news = n->next;
		free(n);
	}
	close_fd(&l->stop);
	close_fd(&l->wake);
}

void lore__read(struct lore *l, uint64_t now_ns, known_fn fn, void *arg)
{
	struct news *news, *next;
	uint64_t told;
	ssize_t n = l->wake >= 0 ? read(l->wake, &told, sizeof(told)) : 0;

	(void)n;
	{
		HOLD(l);
		watch__take(l, now_ns);
		news = l->news;
		l->news = NULL;
		l->news_end = &l->news;
		l->news_count = 0;
	}
	for (; news; news = next) {
		next = news->next;
		fn(arg, &news->k);
		free(news);
	}
}
