/* SPDX-License-Identifier: Apache-2.0 */
/* Iterators: the kernel walks its tasks or sockets and writes one row each; read now and then,
 * nothing stays attached. */
#include "priv.h"

/* Run the chosen iterator over `hook`; give each row of `size` bytes to fn. */
static int iterate(struct sense *s, const char *hook, size_t size,
		   void (*fn)(void *ctx, const void *row), void *ctx)
{
	struct program *p = NULL;
	struct bpf_link *link;
	cleanup_fd int fd = -1;
	_Alignas(8) char rows[64 * 128];
	size_t held = 0;
	ssize_t n = 0;
	int err;

	for (size_t i = 0; i < s->progs && !p; i++)
		if (s->prog[i].chosen && s->prog[i].kind == ITER && !strcmp(s->prog[i].hook, hook))
			p = &s->prog[i];
	if (!p)
		return -ENOENT;
	link = bpf_program__attach_iter(bpf_object__find_program_by_name(s->skel->obj, p->name),
					NULL);
	if (!link)
		return -errno;
	fd = bpf_iter_create(bpf_link__fd(link));
	while (fd >= 0 && (n = read(fd, rows + held, sizeof(rows) - held)) > 0) {
		size_t have = held + (size_t)n, at = 0;

		for (; have - at >= size; at += size)
			fn(ctx, rows + at);
		held = have - at;
		memmove(rows, rows + at, held);
	}
	err = fd < 0 || n < 0 ? -errno : 0;
	(void)bpf_link__destroy(link);
	return err;
}

struct task_call {
	taskrow_fn fn;
	void *arg;
};

static void on_task(void *ctx, const void *row)
{
	const struct task_call *c = ctx;

	c->fn(c->arg, row);
}

int sense__tasks(struct sense *s, taskrow_fn fn, void *arg)
{
	struct task_call c = {fn, arg};

	return iterate(s, "task", sizeof(struct aeo_taskrow), on_task, &c);
}

static void on_sock(void *ctx, const void *row)
{
	(void)ctx;
	(void)row;
}

int sense__socks(struct sense *s)
{
	return iterate(s, "task_file", sizeof(struct aeo_sockrow), on_sock, NULL);
}
