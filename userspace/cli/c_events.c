/* SPDX-License-Identifier: Apache-2.0 */
#include "clock.h"
#include "intake.h"
#include "priv.h"
#include "shown.h"

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

/* Whether the member is the name that was typed: as its bytes, or as it is shown. `below`: or a path below it. */
static bool is(const struct jval *o, const char *key, const char *want, bool below)
{
	const struct jval *v = want ? jval__get(o, key) : NULL;
	const char *shown = v ? jval__string(v) : NULL;
	cleanup_buf struct buf raw = BUF_INIT;
	size_t n = want ? strlen(want) : 0;

	if (!want)
		return true;
	if (!shown)
		return false;
	if (!strcmp(shown, want))
		return true;
	if (buf__unescape(&raw, shown, strlen(shown)) || !raw.data || strncmp(raw.data, want, n))
		return false;
	return raw.len == n || (below && (raw.data[n] == '/' || (n && want[n - 1] == '/')));
}

static bool wanted(const struct jval *e, const struct verb_options *o)
{
	const struct jval *s = jval__get(e, "subject");

	return is(s, "cgroup", o->cgroup, true) && is(s, "unit", o->unit, false) &&
	       is(s, "binary", o->binary, false) &&
	       (is(s, "container", o->container, false) ||
		is(s, "container_id", o->container, false)) &&
	       (!o->pid || number_of(s, "pid") == (double)o->pid);
}

/* The unit of a field of a probe's events; "" for text. */
static void unit_of(const char *probe, const char *field, char unit[24])
{
	int id = probe__find(probe);
	char name[24];

	for (size_t i = 0; id >= 0 && probe__field((enum aeo_probe)id, i, name, unit); i++)
		if (!strcmp(name, field))
			return;
	unit[0] = '\0';
}

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && !strcmp(s + n - m, end);
}

static void field(struct buf *b, const char *probe, const struct jval *all, const char *key)
{
	char unit[24], text[64];
	double v = number_of(all, key);

	/* points in time: they tell processes and files apart, for programs */
	if (ends_with(key, "start") || ends_with(key, "ctime"))
		return;
	unit_of(probe, key, unit);
	if (!strcmp(unit, "ns"))
		buf__printf(b, "  %s=%s", key, shown__seconds(v / 1e9, text, sizeof(text)));
	else if (!strcmp(unit, "bytes"))
		buf__printf(b, "  %s=%s", key, shown__bytes(v, text, sizeof(text)));
	else if (*text_of(all, key, text, sizeof(text)))
		buf__printf(b, "  %s=%s", key, text_of(all, key, text, sizeof(text)));
}

/* "12:00:01.123 exec      nginx.service  sh[4711]  ppid=1  argv=…": one line, whatever the names in it are. */
static void print_line(const struct jval *e)
{
	const struct jval *s = jval__get(e, "subject"), *f = jval__get(e, "fields");
	cleanup_buf struct buf b = BUF_INIT;
	char at[64], name[32], binary[64], pid[32];
	const char *key, *when = text_of(e, "at", at, sizeof(at)),
			 *probe = text_of(e, "probe", name, sizeof(name));

	buf__printf(&b, "%.12s %-8s ", strlen(when) > 11 ? when + 11 : when, probe);
	shown__fit(&b, subject_name(s), 28, false);
	buf__printf(&b, " %s[%s]", text_of(s, "binary", binary, sizeof(binary)),
		    text_of(s, "pid", pid, sizeof(pid)));
	for (size_t i = 0; jval__member(f, i, &key); i++)
		field(&b, probe, f, key);
	if (number_of(e, "lost_before") > 0)
		buf__printf(&b, "  (%.0f lost before)", number_of(e, "lost_before"));
	shown__line("%s", b.data ? b.data : "");
}

/* What the daemon dropped because we, or whoever reads from us, were too slow: also of events that are not shown. */
static void say_dropped(const struct jval *e)
{
	double n = number_of(e, "dropped_before");

	if (n > 0)
		log_warn("%.0f events were dropped here: they came faster than they were read", n);
}

static bool show(const struct buf *b, const struct verb_options *o)
{
	struct jdoc *d = jdoc__parse(b->data, b->len, NULL);
	bool yes = d && wanted(jdoc__root(d), o);

	if (d)
		say_dropped(jdoc__root(d));
	if (yes && o->json)
		(void)puts(b->data);
	else if (yes)
		print_line(jdoc__root(d));
	if (yes)
		(void)fflush(stdout);
	jdoc__free(d);
	return yes;
}

/* Time that is left to wait for events: for ever, or what is left of a second. */
static int patience(const struct verb_options *o, uint64_t began)
{
	uint64_t spent = (clock__mono() - began) / NS_PER_MS;

	if (o->follow || o->count)
		return -1;
	return spent < 1000 ? 1000 - (int)spent : 0;
}

static int listen_to(int fd, const struct verb_options *o)
{
	cleanup_buf struct buf b = BUF_INIT;
	uint64_t began = clock__mono();
	enum wire_kind kind;
	int err = 0;

	for (uint64_t n = 0; !err && (!o->count || n < o->count);) {
		int ms = patience(o, began);

		err = ms ? wire__recv(fd, &b, ms, &kind) : -ETIMEDOUT;
		if (!err && kind == WIRE_ERROR) {
			log_error("the daemon refuses: %s", b.data);
			return EXIT_USAGE;
		}
		if (!err)
			n += show(&b, o);
		if (ferror(stdout))
			return EXIT_OK; /* whoever read is gone */
	}
	if (err == -ETIMEDOUT || !err)
		return EXIT_OK;
	log_error("the daemon is gone: %s", strerror(-err));
	return EXIT_UNREACHABLE;
}

/* Events are not kept: without -f or -n those of the next second are shown. */
int cmd_events(struct cli *c)
{
	cleanup_buf struct buf req = BUF_INIT;
	cleanup_fd int fd = -1;
	struct verb_options o;
	int err;

	if (options__parse(c, &o))
		return EXIT_USAGE;
	fd = ask__connect(c);
	if (fd < 0)
		return EXIT_UNREACHABLE;
	request(&o, &req);
	err = wire__send(fd, WIRE_SUBSCRIBE, req.data, req.len);
	if (!err)
		return listen_to(fd, &o);
	log_error("the daemon is gone: %s", strerror(-err));
	return EXIT_UNREACHABLE;
}
