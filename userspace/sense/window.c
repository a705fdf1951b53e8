/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sampling windows: programs that would cost too much all the time are attached for some
 * milliseconds, at a moment drawn at random in each second, so that nothing periodic hides from
 * them. On a thread that drains nothing: attaching may wait for a grace period. Attach and detach
 * stay at least 100 ms apart; closer, each waits 10-75 ms for the kernel (measured).
 */
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/random.h>

#include "clock.h"
#include "priv.h"

#define WINDOW_NS (15 * NS_PER_MS) /* with the time to attach and detach below 2 % of a second */
#define APART_NS (150 * NS_PER_MS)

struct window {
	pthread_t thread;
	int stop_fd;
	bool paused;
	char refused[128];
};

/* A list file of CPUs that must not be disturbed: one line, empty when there are none. */
static bool has_cpus(struct sense *s, const char *file)
{
	char path[320], line[64] = "";
	cleanup_file FILE *f = NULL;

	(void)snprintf(path, sizeof(path), "%s/sys/devices/system/cpu/%s", s->opt.root, file);
	f = fopen(path, "re");
	return f && fgets(line, sizeof(line), f) && line[0] >= '0' && line[0] <= '9';
}

const char *window__refused(const struct sense *s)
{
	return s->window && s->window->refused[0] ? s->window->refused : NULL;
}

/* Wait, or return true when the thread must end. */
static bool wait_ns(struct window *w, uint64_t ns)
{
	struct pollfd p = {w->stop_fd, POLLIN, 0};
	struct timespec t = {(time_t)(ns / NS_PER_S), (long)(ns % NS_PER_S)};

	return ppoll(&p, 1, &t, NULL) > 0;
}

/* One window for the programs of one probe. Leaves them detached. */
static bool open_window(struct sense *s, enum aeo_probe probe)
{
	struct bpf_link *link[8];
	size_t n = 0;
	bool stop;

	for (size_t i = 0; i < s->progs && n < ARRAY_SIZE(link); i++) {
		struct program *p = &s->prog[i];

		if (!p->chosen || !(p->flags & WINDOW) || p->probe != probe)
			continue;
		link[n] = bpf_program__attach(
			bpf_object__find_program_by_name(s->skel->obj, p->name));
		if (link[n])
			n++;
		else
			(void)snprintf(p->refused, sizeof(p->refused), "refused at attach: %s",
				       strerror(errno));
	}
	stop = wait_ns(s->window, WINDOW_NS);
	while (n)
		(void)bpf_link__destroy(link[--n]);
	return stop;
}

static bool is_windowed(const struct sense *s, enum aeo_probe probe)
{
	for (size_t i = 0; i < s->progs; i++)
		if (s->prog[i].probe == probe && s->prog[i].chosen && s->prog[i].flags & WINDOW)
			return true;
	return false;
}

static void *run(void *arg)
{
	struct sense *s = arg;
	struct window *w = s->window;
	uint32_t draw = 0;

	for (;;) {
		uint64_t end = clock__mono() + NS_PER_S, now;

		if (getrandom(&draw, sizeof(draw), GRND_NONBLOCK) != sizeof(draw))
			draw = (uint32_t)clock__mono(); /* early boot: any moment will do */
		if (wait_ns(w, draw % (400 * NS_PER_MS)))
			return NULL;
		for (enum aeo_probe p = 0; p < PROBE_MAX; p++) {
			if (__atomic_load_n(&w->paused, __ATOMIC_RELAXED) || !is_windowed(s, p))
				continue;
			if (open_window(s, p) || wait_ns(w, APART_NS))
				return NULL;
		}
		now = clock__mono();
		if (now < end && wait_ns(w, end - now))
			return NULL;
	}
}

int window__start(struct sense *s)
{
	struct window *w = calloc(1, sizeof(*w));
	int err;

	if (!w)
		return -ENOMEM;
	s->window = w;
	w->stop_fd = -1;
	if (has_cpus(s, "isolated") || has_cpus(s, "nohz_full")) {
		(void)snprintf(w->refused, sizeof(w->refused),
			       "no windows: this node has isolated or nohz_full CPUs");
		return 0;
	}
	w->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (w->stop_fd < 0)
		return -errno;
	err = pthread_create(&w->thread, NULL, run, s);
	if (err) {
		close(w->stop_fd);
		w->stop_fd = -1;
	}
	return -err;
}

void window__stop(struct sense *s)
{
	uint64_t one = 1;

	if (!s->window)
		return;
	if (s->window->stop_fd >= 0) {
		if (write(s->window->stop_fd, &one, sizeof(one)) == sizeof(one))
			(void)pthread_join(s->window->thread, NULL);
		close(s->window->stop_fd);
	}
	free(s->window);
	s->window = NULL;
}

void window__pause(struct sense *s, bool pause)
{
	if (s->window)
		__atomic_store_n(&s->window->paused, pause, __ATOMIC_RELAXED);
}
