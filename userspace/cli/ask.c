/* SPDX-License-Identifier: Apache-2.0 */
/* Talking to the daemon, and options and texts that verbs share. */
#include "priv.h"

#define ANSWER_MS 10000

int ask__connect(struct cli *c)
{
	char path[512];
	int fd;

	if (!args__path(&c->args, "aeod.sock", path, sizeof(path))) {
		log_error("--run-dir is too long");
		return -1;
	}
	fd = wire__connect(path);
	if (fd < 0)
		log_error("no daemon at %s: %s%s", path, strerror(-fd),
			  fd == -EACCES ? " (root and the group autoecoops may ask)" : " (start it with: aeod run)");
	return fd < 0 ? -1 : fd;
}

int ask(struct cli *c, enum wire_kind kind, const char *payload, size_t n, struct buf *b)
{
	cleanup_fd int fd = ask__connect(c);
	enum wire_kind answer;
	int err;

	if (fd < 0)
		return EXIT_UNREACHABLE;
	err = wire__send(fd, kind, payload, n);
	if (!err)
		err = wire__recv(fd, b, ANSWER_MS, &answer);
	if (err) {
		log_error("the daemon does not answer: %s", strerror(-err));
		return EXIT_UNREACHABLE;
	}
	if (answer == WIRE_OK)
		return EXIT_OK;
	log_error("the daemon refuses: %s", b->data);
	return EXIT_FAILED;
}

struct jdoc *answer__parse(const struct buf *b)
{
	cleanup_buf struct buf why = BUF_INIT;
	struct jdoc *d = jdoc__parse(b->data, b->len, &why);

	if (!d)
		log_error("the daemon's answer is not understood: %s", why.data ? why.data : "");
	return d;
}

struct option_row {
	const char *name;
	size_t at;
};

static const struct option_row words[] = {
	{"--probe", offsetof(struct verb_options, probe)},	   {"--cgroup", offsetof(struct verb_options, cgroup)},
	{"--unit", offsetof(struct verb_options, unit)},	   {"--container", offsetof(struct verb_options, container)},
	{"--binary", offsetof(struct verb_options, binary)},
};

static bool take_word(struct cli *c, int *i, struct verb_options *o)
{
	for (size_t k = 0; k < ARRAY_SIZE(words); k++) {
		size_t n = strlen(words[k].name);
		const char *value = NULL;

		if (strncmp(c->argv[*i], words[k].name, n))
			continue;
		if (c->argv[*i][n] == '=')
			value = c->argv[*i] + n + 1;
		else if (!c->argv[*i][n] && *i + 1 < c->argc)
			value = c->argv[++*i];
		if (!value)
			return false;
		memcpy((char *)o + words[k].at, &value, sizeof(value));
		return true;
	}
	return false;
}

static bool take_count(const char *text, uint64_t *ret)
{
	char *end;

	errno = 0;
	*ret = strtoull(text, &end, 10);
	return *text >= '0' && *text <= '9' && !*end && !errno && *ret;
}

int options__parse(struct cli *c, bool file, struct verb_options *ret)
{
	*ret = (struct verb_options){.json = false};
	for (int i = 0; i < c->argc; i++) {
		const char *w = c->argv[i], *next = i + 1 < c->argc ? c->argv[i + 1] : NULL;

		if (!strcmp(w, "-o") && next && (!strcmp(next, "json") || !strcmp(next, "table"))) {
			ret->json = !strcmp(next, "json");
			i++;
		} else if (!strcmp(w, "-ojson") || !strcmp(w, "-otable")) {
			ret->json = w[2] == 'j';
		} else if (!strcmp(w, "-f") && file && next) {
			ret->file = c->argv[++i];
		} else if (!strcmp(w, "-f") && !file) {
			ret->follow = true;
		} else if (!strcmp(w, "-n") && next && take_count(next, &ret->count)) {
			i++;
		} else if (!take_word(c, &i, ret)) {
			log_error("%s: unexpected or incomplete \"%s\"; aeod --help shows what it takes", c->verb, w);
			return EXIT_USAGE;
		}
	}
	return EXIT_OK;
}

const char *text_of(const struct jval *o, const char *key, char *text, size_t n)
{
	const struct jval *v = jval__get(o, key);
	const char *s = v ? jval__string(v) : NULL;
	double d;
	bool yes;

	if (s)
		return s;
	if (v && !jval__double(v, &d))
		(void)snprintf(text, n, "%.10g", d);
	else if (v && !jval__bool(v, &yes))
		(void)snprintf(text, n, "%s", yes ? "yes" : "no");
	else
		(void)snprintf(text, n, "-");
	return text;
}

double number_of(const struct jval *o, const char *key)
{
	const struct jval *v = jval__get(o, key);
	uint64_t u;
	double d = 0;

	if (v && jval__string(v))
		return jval__u64(v, &u) ? 0 : (double)u;
	return v && !jval__double(v, &d) ? d : 0;
}

const char *subject_name(const struct jval *s)
{
	static const char *const keys[] = {"container", "unit", "cgroup"};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		const struct jval *v = jval__get(s, keys[i]);
		const char *name = v ? jval__string(v) : NULL;

		if (name && *name)
			return name;
	}
	return "-";
}
