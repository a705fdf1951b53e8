/* SPDX-License-Identifier: Apache-2.0 */
#include "priv.h"

/* {"probes":[...]} from "a,b". */
static void request(const struct verb_options *o, struct buf *b)
{
	struct json j = {b, false};

	json__open(&j, NULL, '{');
	if (o->probe) {
		json__open(&j, "probes", '[');
		for (const char *p = o->probe; *p;) {
			size_t n = strcspn(p, ",");

			json__bytes(&j, NULL, p, n);
			p += n + (p[n] == ',');
		}
		json__close(&j, ']');
	}
	json__close(&j, '}');
}

static bool is(const struct jval *o, const char *key, const char *want)
{
	const struct jval *v = want ? jval__get(o, key) : NULL;

	return !want || (v && jval__string(v) && !strcmp(jval__string(v), want));
}

static bool wanted(const struct jval *e, const struct verb_options *o)
{
	const struct jval *s = jval__get(e, "subject");

	return is(s, "cgroup", o->cgroup) && is(s, "unit", o->unit) &&
	       is(s, "container", o->container) && is(s, "binary", o->binary);
}

/* "12:00:01.123 exec      nginx.service  sh[4711]  argv=…  ppid=1" */
static void print_line(const struct jval *e)
{
	const struct jval *s = jval__get(e, "subject"), *f = jval__get(e, "fields"), *v;
	cleanup_buf struct buf b = BUF_INIT;
	char at[64], probe[32], binary[64], pid[32], text[64];
	const char *key, *when = text_of(e, "at", at, sizeof(at));

	buf__printf(&b, "%.12s %-8s %-28s %s[%s]", strlen(when) > 11 ? when + 11 : when,
		    text_of(e, "probe", probe, sizeof(probe)), subject_name(s),
		    text_of(s, "binary", binary, sizeof(binary)),
		    text_of(s, "pid", pid, sizeof(pid)));
	for (size_t i = 0; (v = jval__member(f, i, &key)); i++)
		buf__printf(&b, "  %s=%s", key, text_of(f, key, text, sizeof(text)));
	if (number_of(e, "lost_before") > 0)
		buf__printf(&b, "  (%.0f lost before)", number_of(e, "lost_before"));
	printf("%s\n", b.data ? b.data : "");
}

static bool show(const struct buf *b, const struct verb_options *o)
{
	struct jdoc *d = jdoc__parse(b->data, b->len, NULL);
	bool yes = d && wanted(jdoc__root(d), o);

	if (yes && o->json)
		printf("%s\n", b->data);
	else if (yes)
		print_line(jdoc__root(d));
	if (yes)
		(void)fflush(stdout);
	jdoc__free(d);
	return yes;
}

/* Events are not kept: without -f or -n those of the next second are shown. */
int cmd_events(struct cli *c)
{
	cleanup_buf struct buf b = BUF_INIT, req = BUF_INIT;
	cleanup_fd int fd = -1;
	struct verb_options o;
	enum wire_kind kind;
	int err = 0;

	if (options__parse(c, &o))
		return EXIT_USAGE;
	fd = ask__connect(c);
	if (fd < 0)
		return EXIT_UNREACHABLE;
	request(&o, &req);
	err = wire__send(fd, WIRE_SUBSCRIBE, req.data, req.len);
	for (uint64_t n = 0; !err && (!o.count || n < o.count);) {
		err = wire__recv(fd, &b, o.follow || o.count ? -1 : 1000, &kind);
		if (!err && kind == WIRE_ERROR) {
			log_error("the daemon refuses: %s", b.data);
			return EXIT_USAGE;
		}
		if (!err)
			n += show(&b, &o);
		if (ferror(stdout))
			return EXIT_OK; /* whoever read is gone */
	}
	if (err == -ETIMEDOUT || !err)
		return EXIT_OK;
	log_error("the daemon is gone: %s", strerror(-err));
	return EXIT_UNREACHABLE;
}
