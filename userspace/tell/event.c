/* SPDX-License-Identifier: Apache-2.0 */
#include "intake.h"
#include "tell.h"
#include "unit.h"

static bool matches(const char *word, size_t n, const char *pattern)
{
	size_t len = strlen(pattern);

	for (size_t i = 0; len && i + len <= n; i++)
		if (!strncasecmp(word + i, pattern, len))
			return true;
	return false;
}

static bool is_secret(const char *word, size_t n, const char *const *redact)
{
	for (size_t i = 0; redact && redact[i]; i++)
		if (matches(word, n, redact[i]))
			return true;
	return false;
}

void tell__argv(struct buf *b, const char *argv, size_t n, const char *const *redact)
{
	bool next_is_secret = false;

	while (n && !argv[n - 1])
		n--;
	for (size_t at = 0; at < n;) {
		size_t len = strnlen(argv + at, n - at);
		const char *equals = memchr(argv + at, '=', len);
		size_t name = equals ? (size_t)(equals - argv - at) : len;
		bool secret = at && is_secret(argv + at, name, redact);

		if (at)
			buf__char(b, ' ');
		if (next_is_secret) {
			buf__str(b, "***");
		} else if (secret && equals) {
			buf__add(b, argv + at, name + 1);
			buf__str(b, "***");
		} else {
			buf__add(b, argv + at, len);
		}
		next_is_secret = secret && !equals && argv[at] == '-' && !next_is_secret;
		at += len + 1;
	}
}

/* Numbers by ACTING.md: pids and small enums are numbers or words, the rest are strings. */
static void field(struct json *j, const struct tell_common *c, const char *name, const char *unit, uint64_t v)
{
	char text[128];

	if (!strcmp(unit, "dropreason") && c->drop_reason)
		json__string(j, name, c->drop_reason(c->arg, (uint32_t)v));
	else if (!strcmp(unit, "pid"))
		json__int(j, name, (int64_t)v);
	else if (!strcmp(unit, "int"))
		json__int(j, name, (int64_t)v);
	else if (!strcmp(unit, "bool"))
		json__bool(j, name, v != 0);
	else if (!strcmp(unit, "count") || !strcmp(unit, "ns") || !strcmp(unit, "bytes") || !strcmp(unit, "id") || !*unit)
		json__u64s(j, name, v);
	else
		json__string(j, name, unit__text(unit, v, text, sizeof(text)));
}

static void fields(struct json *j, const struct tell_common *c, const struct event *e, const char *const *redact)
{
	const struct probe_row *row = probe__row(e->ev->probe);
	cleanup_buf struct buf line = BUF_INIT;
	char name[24], unit[24];

	json__open(j, "fields", '{');
	for (size_t i = 0; i < AEO_SLOTS + (size_t)e->ev->extra && probe__field(e->ev->probe, i, name, unit); i++)
		field(j, c, name, unit, i < AEO_SLOTS ? e->ev->slot[i] : e->extra[i - AEO_SLOTS]);
	if (row->text[0])
		json__bytes(j, "text", e->ev->text, strnlen(e->ev->text, AEO_TEXT));
	if (row->tail[0] && !strcmp(row->tail, "argv")) {
		tell__argv(&line, e->tail, e->ev->tail, redact);
		json__bytes(j, "argv", line.data ? line.data : "", line.len);
	} else if (row->tail[0]) {
		json__bytes(j, row->tail, e->tail, e->ev->tail);
	}
	json__close(j, '}');
}

void tell__event(struct buf *b, const struct tell_common *c, const struct event *e, const struct subject *s, const char *const *redact)
{
	struct json j = {b, false};
	char comm[AEO_COMM + 1];

	(void)snprintf(comm, sizeof(comm), "%.*s", AEO_COMM, e->ev->comm);
	json__open(&j, NULL, '{');
	json__string(&j, "schema", "aeo.event/1");
	json__time(&j, "at", c->wall_ns - (c->boot_ns - MIN(e->ev->time_ns, c->boot_ns)));
	json__u64s(&j, "at_ns", e->ev->time_ns);
	json__string(&j, "probe", probe__row(e->ev->probe)->name);
	tell__subject(&j, "subject", s, comm, e->ev->tgid, e->ev->start_ns);
	fields(&j, c, e, redact);
	json__u64s(&j, "lost_before", e->lost_before);
	json__close(&j, '}');
}
