/* SPDX-License-Identifier: Apache-2.0 */
/* Talking to the daemon, and reading its answers. */
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
			  fd == -EACCES ? " (root and the group autoecoops may ask)" :
					  " (start it with: aeod run)");
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
