/* SPDX-License-Identifier: Apache-2.0 */
/* The strings of a subject: one block a version, kept until the cgroup is forgotten, because others hold pointers into it. */
#include "attrib_in.h"
#include "metric.h"

struct field {
	size_t at; /* in struct subject */
	const char *value;
	const char *label;
};

#define FIELDS 10

/* In the order of the labels; a field without a label is no label. */
static void fields_of(const char *cgroup, const struct who *w, struct field f[FIELDS])
{
	const struct field all[FIELDS] = {
		{offsetof(struct subject, cgroup), cgroup, "cgroup"},
		{offsetof(struct subject, namespace_), w->namespace_, "namespace"},
		{offsetof(struct subject, workload), w->workload, "workload"},
		{offsetof(struct subject, pod), w->pod, "pod"},
		{offsetof(struct subject, container), w->container, "container"},
		{offsetof(struct subject, unit), w->unit, "unit"},
		{offsetof(struct subject, container_id), w->container_id, NULL},
		{offsetof(struct subject, runtime), w->runtime, NULL},
		{offsetof(struct subject, pod_uid), w->pod_uid, NULL},
		{offsetof(struct subject, unnamed), w->unnamed, NULL},
	};

	memcpy(f, all, sizeof(all));
}

static const char **slot(struct subject *s, size_t at)
{
	return (const char **)((char *)s + at);
}

static bool same(struct subject *s, const struct field f[FIELDS])
{
	for (size_t i = 0; i < FIELDS; i++)
		if (!*slot(s, f[i].at) || strcmp(*slot(s, f[i].at), f[i].value) != 0)
			return false;
	return true;
}

bool subject__set(struct entry *e, const char *cgroup, const struct who *w)
{
	struct buf labels cleanup_buf = BUF_INIT;
	struct field f[FIELDS];
	size_t size = 0;
	struct block *b;
	char *to;

	e->own = w->own;
	e->s.is_container = w->is_container;
	fields_of(cgroup, w, f);
	if (same(&e->s, f))
		return false;
	for (size_t i = 0; i < FIELDS; i++) {
		size += strlen(f[i].value) + 1;
		if (f[i].label)
			label__add(&labels, f[i].label, *f[i].value || i ? f[i].value : "unknown");
	}
	b = malloc(sizeof(*b) + size + labels.len + 1);
	if (!b || labels.failed) {
		free(b);
		return false;
	}
	b->next = e->blocks;
	e->blocks = b;
	to = b->text;
	for (size_t i = 0; i < FIELDS; i++) {
		size_t n = strlen(f[i].value) + 1;

		*slot(&e->s, f[i].at) = memcpy(to, f[i].value, n);
		to += n;
	}
	memcpy(to, labels.data ? labels.data : "", labels.len);
	to[labels.len] = 0;
	e->s.labels = to;
	return true;
}

void subject__done(struct entry *e)
{
	while (e->blocks) {
		struct block *next = e->blocks->next;

		free(e->blocks);
		e->blocks = next;
	}
}
