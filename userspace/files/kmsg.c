/* SPDX-License-Identifier: Apache-2.0 */
#include "kmsg.h"

#include <fcntl.h>

struct pattern {
	uint8_t class_;
	const char *first, *second, *device, *pid;
};

static const struct pattern patterns[] = {
#define LOG_CLASS(id, what)
#define LOG_PATTERN(class_, first, second, device, pid) \
	{KERNEL_LOG_##class_, first, second, device, pid},
#include "kernel_log.def"
#undef LOG_CLASS
#undef LOG_PATTERN
};

static const char *const class_names[] = {
#define LOG_CLASS(id, what) #id,
#define LOG_PATTERN(...)
#include "kernel_log.def"
#undef LOG_CLASS
#undef LOG_PATTERN
};

const char *kernel_log__name(enum kernel_log_class c)
{
	return class_names[c];
}

bool kmsg__parse(struct text record, struct kmsg_record *ret)
{
	struct kmsg_record r = {0, 0, 0, 0, {NULL, 0}};
	struct text line;
	uint64_t number[3];

	if (!text__line(&record, &line))
		return false;
	for (size_t i = 0; i < 3; i++) {
		ssize_t comma = text__find(line, ",", 0);

		if (comma < 0 || !text__u64((struct text){line.s, (size_t)comma}, &number[i]))
			return false;
		line.s += comma + 1;
		line.n -= (size_t)comma + 1;
	}
	for (size_t i = 0; i < line.n; i++)
		if (line.s[i] == ';') {
			r.line = (struct text){line.s + i + 1, line.n - i - 1};
			break;
		}
	if (!r.line.s)
		return false;
	r.level = (unsigned)(number[0] & 7);
	r.facility = (unsigned)(number[0] >> 3);
	r.seq = number[1];
	r.time_us = number[2];
	*ret = r;
	return true;
}

/* Position behind `what` in the line, or -1; "^" at its start: only at the beginning. */
static ssize_t behind(struct text line, const char *what, size_t from)
{
	ssize_t at;

	if (what[0] == '^')
		return text__starts(line, what + 1) ? (ssize_t)strlen(what + 1) : -1;
	at = text__find(line, what, from);
	return at < 0 ? -1 : at + (ssize_t)strlen(what);
}

/*
 * The process that is named behind `what`, or directly before `second` ("task comm:PID blocked
 * for").
 */
static int32_t pid_in(struct text line, const struct pattern *p)
{
	uint64_t pid = 0;
	ssize_t from, to;

	if (!p->pid[0])
		return 0;
	if (p->pid[0] == '<') {
		to = text__find(line, p->second, 0);
		for (from = to; from > 0 && line.s[from - 1] >= '0' && line.s[from - 1] <= '9';
		     from--)
			;
	} else {
		from = behind(line, p->pid, 0);
		for (to = from;
		     from >= 0 && (size_t)to < line.n && line.s[to] >= '0' && line.s[to] <= '9';
		     to++)
			;
	}
	if (from < 0 || !text__u64((struct text){line.s + from, (size_t)(to - from)}, &pid) ||
	    pid > INT32_MAX)
		return 0;
	return (int32_t)pid;
}

static void device_in(struct text line, const struct pattern *p, char ret[32])
{
	ssize_t from = p->device[0] ? behind(line, p->device, 0) : -1;
	size_t n = 0;

	ret[0] = 0;
	if (from < 0)
		return;
	while ((size_t)from + n < line.n && n < 31 && !memchr(",): ]", line.s[(size_t)from + n], 5))
		n++;
	if (n && line.s[(size_t)from + n - 1] == '.')
		n--;
	text__copy((struct text){line.s + from, n}, ret, 32);
}

bool kmsg__find(const struct kmsg_record *r, struct kernel_log_finding *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
		const struct pattern *p = &patterns[i];
		ssize_t at = behind(r->line, p->first, 0);

		if (at < 0 || (p->second[0] && behind(r->line, p->second, (size_t)at) < 0))
			continue;
		memset(ret, 0, sizeof(*ret));
		ret->class_ = (enum kernel_log_class)p->class_;
		ret->name = class_names[p->class_];
		ret->time_us = r->time_us;
		ret->seq = r->seq;
		ret->pid = pid_in(r->line, p);
		device_in(r->line, p, ret->device);
		ret->text = r->line.s;
		ret->len = r->line.n;
		return true;
	}
	return false;
}

static void take_record(struct kmsg *k, struct text text)
{
	struct kernel_log_finding finding;
	struct kmsg_record r;

	if (!kmsg__parse(text, &r))
		return;
	if (k->next_seq && r.seq > k->next_seq)
		k->lost += r.seq - k->next_seq;
	k->next_seq = r.seq + 1;
	/* 0 is the kernel; a process that writes there always has another facility */
	if (r.facility != 0 || !kmsg__find(&r, &finding))
		return;
	k->findings[finding.class_]++;
	if (k->fn)
		k->fn(k->arg, &finding);
}

int kmsg__read(struct kmsg *k)
{
	char record[KMSG_RECORD];

	if (k->fd < 0)
		return -EBADF;
	for (size_t i = 0; i < KMSG_BATCH; i++) {
		ssize_t n = read(k->fd, record, sizeof(record));

		if (n > 0)
			take_record(k, (struct text){record, (size_t)n});
		else if (n == 0 || errno == EAGAIN)
			return 0;
		else if (errno != EPIPE &&
			 errno !=
				 EINTR) /* EPIPE: overwritten, the next sequence number tells how many */
			return -errno;
	}
	return 0;
}

void kmsg__adopt(struct kmsg *k, int fd)
{
	memset(k, 0, sizeof(*k));
	k->fd = fd;
}

void kmsg__open(struct kmsg *k, const char *root)
{
	char path[320];
	int fd;

	snprintf(path, sizeof(path), "%s/dev/kmsg", root);
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (fd >= 0)
		(void)lseek(fd, 0, SEEK_END);
	kmsg__adopt(k, fd < 0 ? -1 : fd);
}

void kmsg__close(struct kmsg *k)
{
	if (k->fd >= 0)
		close(k->fd);
	k->fd = -1;
}
