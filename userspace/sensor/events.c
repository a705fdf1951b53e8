/* SPDX-License-Identifier: Apache-2.0 */
/* Events as they come: cgroups to attribution, everything to whoever subscribed. */
#include "intake.h"
#include "json.h"
#include "priv.h"

struct subscription {
	bool all;
	bool want[PROBE_MAX];
	uint64_t dropped; /* since the last one that went out */
};

static void on_cgroup(struct sensor *s, const struct event *e)
{
	uint64_t id = e->ev->slot[1];
	const struct subject *subject;

	if (!e->ev->slot[0]) {
		attrib__removed(s->attrib, id, clock__boot());
		files__cgroup_remove(s->files, id);
		return;
	}
	subject = attrib__made(s->attrib, id, e->tail, e->ev->tail);
	(void)sense__cgroup_add(s->sense, id);
	if (subject && !subject->gone)
		(void)files__cgroup_add(s->files, subject);
}

static bool wants(const struct subscription *sub, uint16_t probe)
{
	return sub && (sub->all || sub->want[probe]);
}

static bool anybody(struct sensor *s, uint16_t probe)
{
	for (struct client *c = server__next(s->server, NULL); c; c = server__next(s->server, c))
		if (wants(*client__tag(c), probe))
			return true;
	return false;
}

/* The line, closed by what this reader missed because it was slow. */
static void send_line(struct sensor *s, struct client *c, struct subscription *sub,
		      const struct buf *line)
{
	cleanup_buf struct buf b = BUF_INIT;
	struct json j = {&b, true};

	buf__add(&b, line->data, line->len - 1);
	json__u64s(&j, "dropped_before", sub->dropped);
	json__close(&j, '}');
	if (!b.failed && !client__send(c, WIRE_OK, b.data, b.len)) {
		sub->dropped = 0;
		return;
	}
	sub->dropped++;
	s->events_dropped++;
}

/* The kernel wakes us for each event only while somebody listens. */
static void tell_kernel(struct sensor *s, const struct client *leaving)
{
	bool any = false;

	for (struct client *c = server__next(s->server, NULL); c; c = server__next(s->server, c))
		any |= c != leaving && *client__tag(c);
	sense__quiet(s->sense, !any);
}

void events__on(void *arg, const struct event *e)
{
	struct sensor *s = arg;
	cleanup_buf struct buf line = BUF_INIT;
	struct tell_common common;

	if (e->ev->probe == PROBE_cgroup)
		on_cgroup(s, e);
	if (!s->server || !anybody(s, e->ev->probe))
		return;
	common = answers__common(s);
	tell__event(&line, &common, e, attrib__get(s->attrib, e->ev->cgroup_id), s->redact);
	for (struct client *c = server__next(s->server, NULL); !line.failed && c;
	     c = server__next(s->server, c))
		if (wants(*client__tag(c), e->ev->probe))
			send_line(s, c, *client__tag(c), &line);
}

/* Payload: {} for all, or {"probes":["exec",...]}. */
void events__subscribe(struct sensor *s, struct client *c, const char *payload, size_t n)
{
	cleanup_buf struct buf why = BUF_INIT;
	struct subscription *sub = *client__tag(c) ? *client__tag(c) : calloc(1, sizeof(*sub));
	struct jdoc *d = jdoc__parse(n ? payload : "{}", n ? n : 2, &why);
	const struct jval *list = d ? jval__get(jdoc__root(d), "probes") : NULL;

	if (sub && d) {
		sub->all = !list;
		*client__tag(c) = sub;
		for (size_t i = 0; i < jval__count(list); i++) {
			const char *name = jval__string(jval__at(list, i));
			int probe = name ? probe__find(name) : -EINVAL;

			if (probe < 0) {
				buf__printf(&why, "no probe \"%s\"", name ? name : "");
				break;
			}
			sub->want[probe] = true;
		}
	}
	if (!sub || why.len)
		(void)client__send(c, WIRE_ERROR, why.data ? why.data : "", why.len);
	if (sub && !*client__tag(c))
		free(sub);
	tell_kernel(s, NULL);
	jdoc__free(d);
}

void events__gone(void *arg, struct client *c)
{
	struct sensor *s = arg;

	if (*client__tag(c))
		tell_kernel(s, c);
	free(*client__tag(c));
	*client__tag(c) = NULL;
}
