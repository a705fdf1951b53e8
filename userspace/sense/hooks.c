/* SPDX-License-Identifier: Apache-2.0 */
/* The ladder: which hooks this kernel has, which kinds of programs it takes, and the choice for
 * each role. */
#include <linux/bpf.h>

#include "priv.h"

static const struct program rows[] = {
#define PROGRAM(probe, role, rung, program, kind, hook, flags, loses) \
	{PROBE_##probe, #role, rung, #program, kind, hook, flags, loses, false, "", NULL},
#include "programs.def"
#undef PROGRAM
};
_Static_assert(sizeof(rows) / sizeof(rows[0]) <= PROGRAMS_MAX, "more rows than places");

void hooks__init(struct sense *s)
{
	s->progs = ARRAY_SIZE(rows);
	memcpy(s->prog, rows, sizeof(rows));
}

static int btf_func(struct sense *s, const char *name)
{
	return btf__find_by_name_kind(s->btf, name, BTF_KIND_FUNC);
}

/* A raw tracepoint is known by the type of its function, btf_trace_NAME. */
static const struct btf_type *tracepoint_proto(struct sense *s, const char *name)
{
	const struct btf_type *t;
	char type[128];
	int id;

	(void)snprintf(type, sizeof(type), "btf_trace_%s", name);
	id = btf__find_by_name_kind(s->btf, type, BTF_KIND_TYPEDEF);
	if (id < 0)
		return NULL;
	t = btf__type_by_id(s->btf, btf__type_by_id(s->btf, (uint32_t)id)->type);
	if (!t || !btf_is_ptr(t))
		return NULL;
	t = btf__type_by_id(s->btf, t->type);
	return t && btf_is_func_proto(t) ? t : NULL;
}

int hook__args(struct sense *s, const char *tracepoint)
{
	const struct btf_type *t = tracepoint_proto(s, tracepoint);

	return t ? (int)btf_vlen(t) - 1 : -1;
}

/* Load and attach the smallest possible fentry program: the only way to know. Some kernels refuse
 * at load, some at attach, and those before f3a95075549e (5.13) at the second attach:
 * *ret_again. */
static int ask_fentry(struct sense *s, int *ret_again)
{
	const struct bpf_insn code[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	LIBBPF_OPTS(bpf_prog_load_opts, o, .expected_attach_type = BPF_TRACE_FENTRY);
	cleanup_fd int fd = -1, again = -1;
	int id = btf_func(s, "oom_kill_process"), link;

	if (id < 0)
		return -ENOENT;
	o.attach_btf_id = (uint32_t)id;
	fd = bpf_prog_load(BPF_PROG_TYPE_TRACING, "aeo_ask", "GPL", code, ARRAY_SIZE(code), &o);
	if (fd < 0)
		return fd;
	link = bpf_raw_tracepoint_open(NULL, fd);
	if (link < 0)
		return link;
	(void)close(link);
	again = bpf_raw_tracepoint_open(NULL, fd);
	*ret_again = again < 0 ? again : 0;
	return 0;
}

static int fentry_answer(struct sense *s, bool windowed)
{
	static int answer = 1, again;

	if (answer > 0)
		answer = ask_fentry(s, &again);
	return !answer && windowed && again ? -EUCLEAN : answer;
}

/* fentry is ENOTSUPP (524) on kernels whose architecture has no trampolines: not an errno that
 * strerror knows. */
static const char *why_text(int err)
{
	return err == -524 ? "not supported by this kernel" : strerror(-err);
}

bool hook__exists(struct sense *s, const struct program *p, char *why, size_t n)
{
	char func[128];
	int answer;

	switch (p->kind) {
	case TP_BTF:
		if (tracepoint_proto(s, p->hook))
			return true;
		(void)snprintf(why, n, "this kernel has no tracepoint %s", p->hook);
		return false;
	case ITER:
		(void)snprintf(func, sizeof(func), "bpf_iter_%s", p->hook);
		if (btf_func(s, func) >= 0)
			return true;
		(void)snprintf(why, n, "this kernel has no iterator %s", p->hook);
		return false;
	case FENTRY:
	case FEXIT:
		answer = btf_func(s, p->hook) >= 0 ? fentry_answer(s, p->flags & WINDOW) : -ENOENT;
		if (!answer)
			return true;
		if (answer == -ENOENT)
			(void)snprintf(why, n, "this kernel has no function %s", p->hook);
		else if (answer == -EUCLEAN)
			(void)snprintf(why, n, "fentry: this kernel attaches a program only once");
		else
			(void)snprintf(why, n, "fentry: %s", why_text(answer));
		return false;
	case KPROBE:
		(void)snprintf(func, sizeof(func), "%s/sys/bus/event_source/devices/kprobe/type",
			       s->opt.root);
		if (!access(func, R_OK) && btf_func(s, p->hook) >= 0)
			return true;
		(void)snprintf(why, n, "this kernel has no kprobes");
		return false;
	}
	return false;
}

static bool same_role(const struct program *a, const struct program *b)
{
	return a->probe == b->probe && !strcmp(a->role, b->role);
}

static bool role_taken(const struct sense *s, const struct program *p)
{
	for (size_t i = 0; i < s->progs; i++)
		if (s->prog[i].chosen && same_role(&s->prog[i], p))
			return true;
	return false;
}

/* Rows stand in the file in the order of their rungs. */
static void choose_one(struct sense *s, struct program *p)
{
	if (s->opt.off[p->probe]) {
		(void)snprintf(p->refused, sizeof(p->refused), "switched off by configuration");
		return;
	}
	if (p->refused[0] || role_taken(s, p))
		return;
	p->chosen = hook__exists(s, p, p->refused, sizeof(p->refused));
}

/* A probe without a role that it needs is switched off whole. */
static void drop_crippled(struct sense *s)
{
	for (size_t i = 0; i < s->progs; i++) {
		struct program *p = &s->prog[i];

		if (p->flags & (OPTIONAL | WINDOW) || role_taken(s, p))
			continue;
		for (size_t k = 0; k < s->progs; k++)
			if (s->prog[k].probe == p->probe)
				s->prog[k].chosen = false;
	}
}

void hooks__choose(struct sense *s)
{
	for (size_t i = 0; i < s->progs; i++)
		s->prog[i].chosen = false;
	for (size_t i = 0; i < s->progs; i++)
		choose_one(s, &s->prog[i]);
	drop_crippled(s);
}

/* Names of drop reasons: enum skb_drop_reason of the running kernel, without their common
 * prefix. */
void hooks__reasons(struct sense *s)
{
	static const char prefix[] = "SKB_DROP_REASON_";
	int id = btf__find_by_name_kind(s->btf, "skb_drop_reason", BTF_KIND_ENUM);
	const struct btf_type *t = id < 0 ? NULL : btf__type_by_id(s->btf, (uint32_t)id);
	const struct btf_enum *e = t ? btf_enum(t) : NULL;
	size_t n = t ? MIN((size_t)btf_vlen(t), (size_t)512) : 0;

	s->reasons = calloc(512, sizeof(*s->reasons));
	for (size_t i = 0; s->reasons && i < n; i++) {
		const char *name = btf__name_by_offset(s->btf, e[i].name_off);

		if (!name || e[i].val < 0 || e[i].val >= 512 || s->reasons[e[i].val])
			continue;
		if (!strncmp(name, prefix, sizeof(prefix) - 1))
			name += sizeof(prefix) - 1;
		s->reasons[e[i].val] = strdup(name);
	}
	s->reasons_n = s->reasons ? 512 : 0;
}
