/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parsers of files that are read line by line, because they may be larger than any buffer:
 * mounts, interrupts, processes.
 */
#include "parse.h"

static struct text behind(struct text t, size_t n)
{
	return (struct text){t.s + n, t.n - n};
}

/* Undo the kernel's \ooo. False when it does not fit. */
static bool unescape(struct text t, char *ret, size_t cap)
{
	size_t out = 0;

	for (size_t i = 0; i < t.n; i++) {
		char c = t.s[i];

		if (c == '\\' && i + 3 < t.n && t.s[i + 1] >= '0' && t.s[i + 1] <= '3') {
			c = (char)((t.s[i + 1] - '0') << 6 | (t.s[i + 2] & 7) << 3 |
				   (t.s[i + 3] & 7));
			i += 3;
		}
		if (!c || out + 1 >= cap)
			return false;
		ret[out++] = c;
	}
	ret[out] = 0;
	return true;
}

/* Is `want` one of the comma separated options? */
static bool has_option(struct text options, const char *want)
{
	while (options.n) {
		ssize_t comma = text__find(options, ",", 0);
		struct text one = {options.s, comma < 0 ? options.n : (size_t)comma};

		if (text__equal(one, want))
			return true;
		options = behind(options, one.n + (comma >= 0));
	}
	return false;
}

static bool u32(struct text t, uint32_t *ret)
{
	uint64_t v;

	if (!text__u64(t, &v) || v > UINT32_MAX)
		return false;
	*ret = (uint32_t)v;
	return true;
}

/* ID PARENT MAJOR:MINOR ROOT MOUNT-POINT OPTIONS [TAG...] - TYPE SOURCE SUPER-OPTIONS */
bool mount__parse(struct text line, struct mount_line *ret)
{
	struct text id, parent, device, root, path, options, word, type, source, super = {"", 0};
	struct mount_line m = {0};
	ssize_t colon;

	if (!text__word(&line, &id) || !text__word(&line, &parent) || !text__word(&line, &device) ||
	    !text__word(&line, &root) || !text__word(&line, &path) || !text__word(&line, &options))
		return false;
	do {
		if (!text__word(&line, &word))
			return false;
	} while (!text__equal(word, "-"));
	if (!text__word(&line, &type) || !text__word(&line, &source))
		return false;
	(void)text__word(&line, &super);
	colon = text__find(device, ":", 0);
	if (colon < 0 || !u32(id, &m.id) || !u32(parent, &m.parent) ||
	    !u32((struct text){device.s, (size_t)colon}, &m.major) ||
	    !u32(behind(device, (size_t)colon + 1), &m.minor) ||
	    !unescape(path, m.path, sizeof(m.path)))
		return false;
	m.read_only = has_option(options, "ro") || has_option(super, "ro");
	m.broken = has_option(super, "emergency_ro") || has_option(super, "shutdown");
	m.whole = text__equal(root, "/");
	text__copy(type, m.type, sizeof(m.type));
	text__copy(source, m.source, sizeof(m.source));
	*ret = m;
	return true;
}

size_t irq__cpus(struct text line)
{
	struct text word;
	size_t n = 0;

	while (text__word(&line, &word)) {
		if (!text__starts(word, "CPU"))
			return 0;
		n++;
	}
	return n;
}

/*
 * What stands behind the last run of two blanks: the devices of an interrupt, or the sentence of
 * a named one.
 */
static struct text last_column(struct text t)
{
	size_t from = 0;

	while (t.n && t.s[t.n - 1] == ' ')
		t.n--;
	for (size_t i = 0; i + 2 < t.n; i++)
		if (t.s[i] == ' ' && t.s[i + 1] == ' ' && t.s[i + 2] != ' ')
			from = i + 2;
	return behind(t, from);
}

bool irq__parse(struct text line, size_t cpus, struct irq_line *ret)
{
	struct irq_line q = {{0}, {0}, 0};
	struct text name, word, rest;
	size_t n = 0;

	if (!text__word(&line, &name) || name.n < 2 || name.s[name.n - 1] != ':')
		return false;
	name.n--;
	for (; n < cpus; n++) {
		uint64_t v;

		rest = line;
		if (!text__word(&line, &word) || !text__u64(word, &v)) {
			line = rest;
			break;
		}
		if (__builtin_add_overflow(q.total, v, &q.total))
			q.total = UINT64_MAX;
	}
	if (!n)
		return false;
	text__copy(name, q.irq, sizeof(q.irq));
	text__copy(last_column(line), q.device, sizeof(q.device));
	*ret = q;
	return true;
}

bool partition__parse(struct text line, uint32_t *ret_major, uint32_t *ret_minor, char ret_name[32])
{
	struct text major, minor, blocks, name;
	uint32_t a, b;

	if (!text__word(&line, &major) || !text__word(&line, &minor) ||
	    !text__word(&line, &blocks) || !text__word(&line, &name))
		return false;
	if (!u32(major, &a) || !u32(minor, &b))
		return false;
	*ret_major = a;
	*ret_minor = b;
	text__copy(name, ret_name, 32);
	return true;
}

/* NUMBER:CONTROLLER,CONTROLLER:PATH */
bool pid_cgroup__parse(struct text t, const char *controller, struct text *ret)
{
	struct text line;

	while (text__line(&t, &line)) {
		ssize_t one = text__find(line, ":", 0), two;
		struct text names;

		if (one < 0)
			continue;
		two = text__find(line, ":", (size_t)one + 1);
		if (two < 0)
			continue;
		names = (struct text){line.s + one + 1, (size_t)(two - one - 1)};
		if (controller[0] ? !has_option(names, controller) : names.n > 0)
			continue;
		*ret = behind(line, (size_t)two + 1);
		return true;
	}
	return false;
}

bool ns__parse(struct text t, uint64_t *ret_inode)
{
	size_t head = strlen("net:[");

	if (!text__starts(t, "net:[") || t.s[t.n - 1] != ']')
		return false;
	return text__u64((struct text){t.s + head, t.n - head - 1}, ret_inode);
}
