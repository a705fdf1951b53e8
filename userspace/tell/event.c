/* SPDX-License-Identifier: Apache-2.0 */
#include "intake.h"
#include "tell.h"
#include "unit.h"

/* Bytes of word up to the end of the first pattern in it, 0 for none. */
static size_t secret_name(const char *word, size_t n, const char *const *redact)
{
	for (size_t at = 0; at < n; at++)
		for (size_t i = 0; redact[i]; i++) {
			size_t len = strlen(redact[i]);

			if (len && len <= n - at && !strncasecmp(word + at, redact[i], len))
				return at + len;
		}
	return 0;
}

/* Bytes of word up to the value behind a secret's name, n for none: behind `=` or `:`, and, inside
 * a word that holds a whole command line, behind the blank after an option. */
static size_t secret_value(const char *word, size_t name, size_t n)
{
	size_t begin = name;

	for (size_t at = name; at < n; at++)
		if (word[at] == '=' || word[at] == ':')
			return at + 1;
	while (begin && !strchr(" \t\n'\"", word[begin - 1]))
		begin--;
	for (size_t at = name; word[begin] == '-' && at < n; at++)
		if (strchr(" \t\n", word[at]))
			return at + 1;
	return n;
}

/* A word without the password of an address in it. */
static void put_word(struct buf *b, const char *word, size_t n)
{
	const char *user = memmem(word, n, "://", 3), *at, *colon;

	user = user ? user + 3 : NULL;
	at = user ? memchr(user, '@', n - (size_t)(user - word)) : NULL;
	colon = at ? memchr(user, ':', (size_t)(at - user)) : NULL;
	if (!colon) {
		buf__add(b, word, n);
		return;
	}
	buf__add(b, word, (size_t)(colon - word) + 1);
	buf__str(b, "***");
	put_word(b, at, n - (size_t)(at - word));
}

/* One argument; whether the next one is a secret. */
static bool put_argument(struct buf *b, const char *word, size_t n, const char *const *redact)
{
	size_t name = secret_name(word, n, redact), value = name ? secret_value(word, name, n) : n;

	put_word(b, word, value);
	if (value < n)
		buf__str(b, "***");
	return name && value == n && word[0] == '-';
}

void tell__argv(struct buf *b, const char *argv, size_t n, const char *const *redact)
{
	bool next_is_secret = false;

	while (n && !argv[n - 1])
		n--;
	for (size_t at = 0; at < n;) {
		size_t len = strnlen(argv + at, n - at);

		if (at)
			buf__char(b, ' ');
		if (!redact) {
			buf__add(b, argv + at, len);
		} else if (next_is_secret) {
			buf__str(b, "***");
			next_is_secret = false;
		} else {
			next_is_secret = put_argument(b, argv + at, len, redact);
		}
		at += len + 1;
	}
}

/* Numbers by ACTING.md: pids and small enums are numbers or words, the rest are strings. */
static void field(struct json *j, const struct tell_common *c, const char *name, const char *unit,
		  uint64_t v)
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
	else if (!strcmp(unit, "count") || !strcmp(unit, "ns") || !strcmp(unit, "bytes") ||
		 !strcmp(unit, "id") || !*unit)
		json__u64s(j, name, v);
	else
		json__string(j, name, unit__text(unit, v, text, sizeof(text)));
}

static void fields(struct json *j, const struct tell_common *c, const struct event *e,
		   const char *const *redact)
{
	const struct probe_row *row = probe__row(e->ev->probe);
	cleanup_buf struct buf line = BUF_INIT;
	char name[24], unit[24];

	json__open(j, "fields", '{');
	for (size_t i = 0;
	     i < AEO_SLOTS + (size_t)e->ev->extra && probe__field(e->ev->probe, i, name, unit); i++)
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

void tell__event(struct buf *b, const struct tell_common *c, const struct event *e,
		 const struct subject *s, const char *const *redact)
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
