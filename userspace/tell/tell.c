/* SPDX-License-Identifier: Apache-2.0 */
#include "tell.h"

#include "intake.h"
#include "unit.h"

void tell__begin(struct json *j, const char *kind, const struct tell_common *c)
{
	char schema[48];

	(void)snprintf(schema, sizeof(schema), "aeo.%s/1", kind);
	json__open(j, NULL, '{');
	json__string(j, "schema", schema);
	json__string(j, "node", c->node);
	json__string(j, "boot_id", c->boot_id);
	json__time(j, "now", c->wall_ns);
}

static void maybe(struct json *j, const char *key, const char *s)
{
	json__string(j, key, s && *s ? s : NULL);
}

void tell__subject(struct json *j, const char *key, const struct subject *s, const char *binary,
		   uint32_t pid, uint64_t start_ns)
{
	json__open(j, key, '{');
	json__string(j, "kind",
		     pid	     ? "process" :
		     s->is_container ? "container" :
		     s->unit[0]	     ? "unit" :
				       "cgroup");
	maybe(j, "unit", s->unit);
	json__string(j, "cgroup", s->cgroup);
	json__u64s(j, "cgroup_id", s->cgroup_id);
	maybe(j, "namespace", s->namespace_);
	maybe(j, "pod", s->pod);
	maybe(j, "workload", s->workload);
	maybe(j, "container", s->container);
	maybe(j, "container_id", s->container_id);
	maybe(j, "binary", binary);
	if (pid)
		json__int(j, "pid", pid);
	else
		json__null(j, "pid");
	if (start_ns)
		json__u64s(j, "start_ns", start_ns);
	else
		json__null(j, "start_ns");
	json__close(j, '}');
}

static void losses(struct json *j, const uint64_t *lost)
{
	json__open(j, "lost", '{');
	for (enum aeo_loss i = 0; i < LOSS_MAX; i++)
		json__u64s(j, loss__name(i), lost[i]);
	json__close(j, '}');
}

static void account(struct json *j, const struct probe_info *p)
{
	json__string(j, "variant", p->on ? p->variant : NULL);
	json__u64s(j, "attempted", p->attempted);
	json__u64s(j, "received", p->received);
	losses(j, p->lost);
	json__u64s(j, "in_flight", p->in_flight);
	json__u64s(j, "missed", p->missed);
	json__u64s(j, "run_time_ns", p->run_time_ns);
	json__string(j, "run_time_source", p->measured ? "measured" : "estimated");
	json__u64s(j, "run_count", p->run_count);
}

void tell__probes(struct buf *b, const struct tell_common *c, const struct probe_info *p, size_t n)
{
	struct json j = {b, false};

	tell__begin(&j, "probes", c);
	json__open(&j, "probes", '[');
	for (size_t i = 0; i < n; i++) {
		json__open(&j, NULL, '{');
		json__string(&j, "name", p[i].name);
		json__string(&j, "what", p[i].what);
		json__bool(&j, "default", p[i].is_default);
		json__bool(&j, "on", p[i].on);
		account(&j, &p[i]);
		json__open(&j, "why_not", '[');
		for (size_t k = 0; k < p[i].why_nots; k++) {
			json__open(&j, NULL, '{');
			json__string(&j, "variant", p[i].why_not[k].variant);
			json__string(&j, "reason", p[i].why_not[k].reason);
			json__close(&j, '}');
		}
		json__close(&j, ']');
		json__open(&j, "blind", '[');
		json__string(&j, NULL, p[i].blind);
		json__close(&j, ']');
		json__close(&j, '}');
	}
	json__close(&j, ']');
	json__close(&j, '}');
}

static void amount(struct json *j, const char *key, const struct tell_amount *a, bool bytes)
{
	json__open(j, key, '{');
	if (bytes) {
		json__u64s(j, "limit", (uint64_t)a->limit);
		json__u64s(j, "used", (uint64_t)a->used);
	} else {
		json__double(j, "limit", a->limit);
		json__double(j, "used", a->used);
	}
	json__close(j, '}');
}

static void budget(struct json *j, const struct tell_status *s)
{
	json__open(j, "budget", '{');
	amount(j, "cpu", &s->cpu, false);
	amount(j, "bpf", &s->bpf, false);
	amount(j, "rss", &s->rss, true);
	amount(j, "maps", &s->maps, true);
	json__string(j, "bpf_source", s->bpf_measured ? "measured" : "estimated");
	json__open(j, "shed", '[');
	for (size_t i = 0; s->shed[i]; i++)
		json__string(j, NULL, s->shed[i]);
	json__close(j, ']');
	json__close(j, '}');
}

/* What the hands tell. Without them nothing is armed, held or waited for, and what is not known is
 * null. */
static void hands(struct json *j, const struct tell_status *s)
{
	static const char *const none[] = {"disarmed_by", "playbooks", "budgets",
					   "leases",	  "holds",     "approvals"};
	static const char *const unknown[] = {"crash_loop", "policy", "ledger", "journal",
					      "detect"};

	json__open(j, "mode", '{');
	json__null(j, "actor_ceiling");
	json__string(j, "configured", s->mode_configured);
	json__string(j, "effective", strcmp(s->mode_configured, "off") ? "observe" : "off");
	json__close(j, '}');
	json__bool(j, "hands", s->hands);
	json__bool(j, "armed", false);
	for (size_t i = 0; i < ARRAY_SIZE(none); i++) {
		json__open(j, none[i], '[');
		json__close(j, ']');
	}
	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++)
		json__null(j, unknown[i]);
}

static void processes(struct json *j, const struct tell_common *c, const struct tell_status *s)
{
	json__open(j, "processes", '[');
	for (size_t i = 0; i < s->process_count; i++) {
		const struct tell_process *p = &s->processes[i];

		json__open(j, NULL, '{');
		json__string(j, "name", p->name);
		if (p->pid)
			json__int(j, "pid", p->pid);
		else
			json__null(j, "pid");
		json__double(j, "up_s",
			     p->pid ? (double)(c->boot_ns - MIN(p->started_ns, c->boot_ns)) / 1e9 :
				      0);
		json__int(j, "restarts", p->restarts);
		json__close(j, '}');
	}
	json__close(j, ']');
}

static void seen(struct json *j, const struct tell_status *s)
{
	json__open(j, "seen", '{');
	json__u64s(j, "cgroups", s->cgroups);
	json__u64s(j, "containers", s->containers);
	json__u64s(j, "unnamed", s->unnamed);
	json__u64s(j, "series", s->series);
	json__u64s(j, "refused_records", s->refused);
	json__u64s(j, "tasks_without_place", s->tasks_lost);
	json__u64s(j, "calls_without_place", s->calls_lost);
	json__u64s(j, "events_dropped_for_subscribers", s->events_dropped);
	json__close(j, '}');
}

void tell__status(struct buf *b, const struct tell_common *c, const struct tell_status *s)
{
	struct json j = {b, false};

	tell__begin(&j, "status", c);
	json__open(&j, "probes", '[');
	for (size_t i = 0; i < s->probe_count; i++) {
		json__open(&j, NULL, '{');
		json__string(&j, "name", s->probes[i].name);
		account(&j, &s->probes[i]);
		json__close(&j, '}');
	}
	json__close(&j, ']');
	budget(&j, s);
	hands(&j, s);
	processes(&j, c, s);
	json__open(&j, "kernel", '{');
	json__string(&j, "release", s->kernel);
	json__string(&j, "cgroup", s->cgroup_layout);
	json__open(&j, "verbs", '[');
	json__close(&j, ']');
	json__close(&j, '}');
	json__bool(&j, "pinned", s->pinned);
	json__string(&j, "no_windows", s->windows);
	seen(&j, s);
	json__close(&j, '}');
}

void tell__top(struct buf *b, const struct tell_common *c, const struct tell_row *rows, size_t n,
	       size_t cgroups)
{
	struct json j = {b, false};

	tell__begin(&j, "top", c);
	json__u64s(&j, "cgroups", cgroups);
	json__open(&j, "rows", '[');
	for (size_t i = 0; i < n && b->len < TELL_BYTES; i++) {
		json__open(&j, NULL, '{');
		tell__subject(&j, "subject", rows[i].subject, NULL, 0, 0);
		json__double(&j, "cpu_wait", rows[i].cpu_wait);
		json__double(&j, "throttled", rows[i].throttled);
		json__double(&j, "io_wait", rows[i].io_wait);
		json__double(&j, "memory_pressure", rows[i].memory_pressure);
		json__double(&j, "retransmits", rows[i].retransmits);
		json__double(&j, "calls", rows[i].calls);
		json__close(&j, '}');
	}
	json__close(&j, ']');
	json__close(&j, '}');
}

/* Bits of the kernel's task state; those of the exit state stand 16 higher. */
#define TASK_SLEEPS 0x1
#define TASK_SLEEPS_HARD 0x2
#define TASK_ENDED (0x30 | 0x30u << 16)

static const char *task_state(uint32_t state)
{
	if (state & TASK_ENDED)
		return "zombie";
	if (state & TASK_SLEEPS_HARD)
		return "disk";
	return state & TASK_SLEEPS ? "sleep" : "runnable";
}

void tell__tasks(struct buf *b, const struct tell_common *c, const struct aeo_taskrow *rows,
		 size_t n)
{
	struct json j = {b, false};
	char name[64];

	tell__begin(&j, "tasks", c);
	json__open(&j, "tasks", '[');
	for (size_t i = 0; i < n && b->len < TELL_BYTES; i++) {
		json__open(&j, NULL, '{');
		json__int(&j, "pid", rows[i].pid);
		json__int(&j, "tgid", rows[i].tgid);
		json__bytes(&j, "comm", rows[i].comm, strnlen(rows[i].comm, AEO_COMM));
		json__string(&j, "state", task_state(rows[i].state));
		json__string(&j, "call",
			     rows[i].call == AEO_CALL_NONE ?
				     NULL :
				     unit__text("call", rows[i].call, name, sizeof(name)));
		json__double(&j, "age_s", (double)rows[i].age_ns / 1e9);
		json__double(&j, "cpu_s", (double)rows[i].cpu_ns / 1e9);
		json__double(&j, "wait_s", (double)rows[i].wait_ns / 1e9);
		json__close(&j, '}');
	}
	json__close(&j, ']');
	json__close(&j, '}');
}
