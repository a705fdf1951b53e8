/* SPDX-License-Identifier: Apache-2.0 */
#include "intake.h"

struct intake {
	uint32_t cpus;
	uint64_t received[PROBE_MAX];
	uint64_t refused;
	uint64_t *seq; /* [PROBE_MAX][cpus]: the last number that arrived */
};

static const struct probe_row rows[] = {
#define EVT 0
#define SEC 1
#define PROBE(name, on, ring, what, fields, text, tail, blind) \
	{#name, what, fields, text, tail, blind, on, ring},
#include "probes.def"
#undef PROBE
#undef EVT
#undef SEC
};

struct intake *intake__new(uint32_t cpus)
{
	struct intake *in = calloc(1, sizeof(*in));

	if (!in)
		return NULL;
	in->cpus = cpus;
	in->seq = calloc((size_t)cpus * PROBE_MAX, sizeof(*in->seq));
	return in->seq ? in : intake__free(in);
}

struct intake *intake__free(struct intake *in)
{
	if (in) {
		free(in->seq);
		free(in);
	}
	return NULL;
}

int intake__check(const void *data, size_t n, uint32_t cpus, struct event *ret_event)
{
	const struct aeo_ev *e = data;

	if (n < sizeof(*e) || (uintptr_t)data % 8)
		return -EPROTO;
	if (e->abi != AEO_ABI || e->probe >= PROBE_MAX || e->cpu >= cpus || e->len > n)
		return -EPROTO;
	if (e->extra > AEO_EXTRA || e->tail > AEO_TAIL ||
	    e->len != sizeof(*e) + 8 * (size_t)e->extra + e->tail)
		return -EPROTO;
	if (e->text[AEO_TEXT - 1] || e->comm[AEO_COMM - 1])
		return -EPROTO;
	ret_event->ev = e;
	ret_event->extra = (const uint64_t *)(e + 1);
	ret_event->tail = (const char *)(ret_event->extra + e->extra);
	ret_event->lost_before = 0;
	return 0;
}

int intake__take(struct intake *in, const void *data, size_t n, struct event *ret_event)
{
	uint64_t *last;
	int err = intake__check(data, n, in->cpus, ret_event);

	if (err) {
		in->refused++;
		return err;
	}
	last = &in->seq[(size_t)ret_event->ev->probe * in->cpus + ret_event->ev->cpu];
	if (ret_event->ev->seq > *last + 1)
		ret_event->lost_before = ret_event->ev->seq - *last - 1;
	*last = MAX(*last, ret_event->ev->seq);
	in->received[ret_event->ev->probe]++;
	return 0;
}

uint64_t intake__received(const struct intake *in, enum aeo_probe probe)
{
	return in->received[probe];
}

uint64_t intake__refused(const struct intake *in)
{
	return in->refused;
}

const struct probe_row *probe__row(enum aeo_probe probe)
{
	return &rows[probe];
}

bool probe__field(enum aeo_probe probe, size_t i, char *name, char *unit)
{
	const char *p = rows[probe].fields;
	size_t len, n;

	while (i-- && p)
		p = strchr(p, ',') ? strchr(p, ',') + 1 : NULL;
	if (!p || !*p)
		return false;
	len = strcspn(p, ",");
	n = strcspn(p, ":,");
	(void)snprintf(name, 24, "%.*s", (int)n, p);
	(void)snprintf(unit, 24, "%.*s", n < len ? (int)(len - n - 1) : 0, p + n + 1);
	return true;
}

int probe__find(const char *name)
{
	for (int i = 0; i < PROBE_MAX; i++)
		if (!strcmp(rows[i].name, name))
			return i;
	return -ENOENT;
}

const char *loss__name(enum aeo_loss why)
{
	static const char *const names[LOSS_MAX] = {"ring", "read", "limit", "shed"};

	return names[why];
}

const char *errclass__name(enum aeo_errclass c)
{
	static const char *const names[ERR_MAX] = {"other", "EAGAIN", "EINTR", "ETIMEDOUT",
						   "EINPROGRESS"};

	return names[c];
}
