/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a configuration file: libyaml's events, against the rows. The only user of libyaml. */
#include <fcntl.h>
#include <sys/stat.h>
#include <yaml.h>

#include "conf.h"
#include "conf_row.h"

#define DEPTH_MAX 4   /* sections in sections; rows have fewer */
#define SHOWN_MAX 48  /* bytes of a value in a message */
#define FIELD_MAX 128 /* bytes of the longest name of a row, and of what is compared with one */

struct reader {
	yaml_parser_t yaml;
	const char *name; /* of the file */
	struct buf *error;
	struct conf_value fresh[CONF_MAX];
	bool set[CONF_MAX];
	uint8_t sections[CONF_MAX]; /* bit d: the section at depth d of which this row is the first */
};

#define cleanup_event cleanup(yaml_event_delete)

static void start_error(struct buf *b, const char *name, const yaml_mark_t *at, const char *field)
{
	size_t n = strlen(field);

	if (!b)
		return;
	n -= n && field[n - 1] == '.'; /* a section's prefix */
	buf__escape(b, name, strlen(name));
	buf__printf(b, ":%zu:%zu: %.*s: found ", at->line + 1, at->column + 1, (int)n, field);
}

static void show(struct buf *b, const char *s, size_t n)
{
	buf__escape(b, s, MIN(n, (size_t)SHOWN_MAX));
	buf__str(b, n > SHOWN_MAX ? "..." : "");
}

/* Says what is wrong, in one line. Always -EINVAL. */
static int refuse(struct reader *r, const yaml_mark_t *at, const char *field, const char *found,
		  const char *expected)
{
	start_error(r->error, r->name, at, field[0] ? field : "file");
	if (r->error)
		buf__printf(r->error, "%s, expected %s", found, expected);
	return -EINVAL;
}

/* What an event is, in words; a scalar with its text. */
static void describe(const yaml_event_t *e, struct buf *b)
{
	const char *text = (const char *)e->data.scalar.value;
	bool quoted;

	if (e->type != YAML_SCALAR_EVENT) {
		buf__str(b, e->type == YAML_MAPPING_START_EVENT ? "a section" : "a list");
		return;
	}
	quoted = e->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	if (!quoted && !e->data.scalar.length) {
		buf__str(b, "nothing");
		return;
	}
	buf__str(b, quoted ? "the text \"" : "");
	show(b, text, e->data.scalar.length);
	buf__str(b, quoted ? "\"" : "");
}

static int refuse_event(struct reader *r, const yaml_event_t *e, const char *field,
			const char *expected)
{
	cleanup_buf struct buf found = BUF_INIT;

	describe(e, &found);
	return refuse(r, &e->start_mark, field, found.failed ? "something" : found.data, expected);
}

static int refuse_syntax(struct reader *r, const char *field)
{
	cleanup_buf struct buf found = BUF_INIT;
	const yaml_mark_t *at = &r->yaml.problem_mark;
	const char *problem = r->yaml.problem ? r->yaml.problem : "nothing readable";

	if (r->yaml.error == YAML_MEMORY_ERROR)
		return -ENOMEM;
	if (r->yaml.error == YAML_READER_ERROR)
		at = &r->yaml.mark; /* the reader knows bytes, not lines: where the scanner stands */
	buf__printf(&found, "a fault of form (%s%s%s)", r->yaml.context ? r->yaml.context : "",
		    r->yaml.context ? ": " : "", problem);
	return refuse(r, at, field, found.failed ? "a fault of form" : found.data, "YAML");
}

/* Features that make one text mean two things. */
static int refuse_feature(struct reader *r, const yaml_event_t *e, const char *field)
{
	const yaml_char_t *anchor = NULL, *tag = NULL;

	if (e->type == YAML_ALIAS_EVENT)
		return refuse(r, &e->start_mark, field, "an alias (*)", "the value itself");
	if (e->type == YAML_SCALAR_EVENT) {
		anchor = e->data.scalar.anchor;
		tag = e->data.scalar.tag;
	} else if (e->type == YAML_SEQUENCE_START_EVENT) {
		anchor = e->data.sequence_start.anchor;
		tag = e->data.sequence_start.tag;
	} else if (e->type == YAML_MAPPING_START_EVENT) {
		anchor = e->data.mapping_start.anchor;
		tag = e->data.mapping_start.tag;
	}
	if (anchor)
		return refuse(r, &e->start_mark, field, "an anchor (&)", "none");
	return tag ? refuse(r, &e->start_mark, field, "a tag (!)", "none") : 0;
}

/* The next event; the caller deletes it. `field` is where a fault is said to be. */
static int next(struct reader *r, const char *field, yaml_event_t *ret_e)
{
	if (!yaml_parser_parse(&r->yaml, ret_e)) {
		*ret_e = (yaml_event_t){0};
		return refuse_syntax(r, field);
	}
	return refuse_feature(r, ret_e, field);
}

/* Edits that lead from one name to the other; both shorter than FIELD_MAX. */
static size_t distance(const char *a, const char *b)
{
	size_t row[FIELD_MAX], n = strlen(b);

	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1]; i++) {
		size_t corner = row[0];

		row[0] = i;
		for (size_t j = 1; j <= n; j++) {
			size_t change = corner + (a[i - 1] != b[j - 1]);

			corner = row[j];
			row[j] = MIN(change, MIN(row[j], row[j - 1]) + 1);
		}
	}
	return row[n];
}

/* The row whose name, or whose last component, is next to what was written; NULL for none. */
static const char *nearest(const char *field)
{
	const char *last = strrchr(field, '.'), *best = NULL;
	size_t least = 4;

	last = last ? last + 1 : field;
	for (size_t i = 0; i < CONF_MAX; i++) {
		const char *name = conf_rows[i].name;
		size_t d = distance(field, name), tail = distance(last, strrchr(name, '.') + 1);

		d = MIN(d, tail + 1);
		if (d < least && d < strlen(last)) {
			least = d;
			best = name;
		}
	}
	return best;
}

static int refuse_unknown(struct reader *r, const yaml_event_t *key, const char *prefix)
{
	cleanup_buf struct buf field = BUF_INIT, expected = BUF_INIT;
	const char *text = (const char *)key->data.scalar.value, *near = NULL;
	size_t n = key->data.scalar.length, from = strlen(prefix);

	buf__str(&field, prefix);
	show(&field, text, n);
	if (field.failed)
		return -ENOMEM;
	if (n == 2 && !memcmp(text, "<<", 2))
		return refuse(r, &key->start_mark, field.data, "a merge key", "none");
	if (memchr(text, '.', n))
		return refuse(r, &key->start_mark, field.data, "a dot in a key",
			      "a section in a section");
	if (field.len < FIELD_MAX)
		near = nearest(field.data);
	if (near) {
		buf__str(&expected, near);
	} else {
		const char *before = "";

		buf__str(&expected, "one of");
		for (size_t i = 0; i < CONF_MAX; i++) {
			const char *name = conf_rows[i].name;
			size_t len = from + strcspn(name + MIN(from, strlen(name)), ".");

			if (strncmp(name, prefix, from) != 0 || !strncmp(name, before, len + 1))
				continue;
			if (strncmp(name, before, len) != 0 || !*before)
				buf__printf(&expected, " %.*s", (int)len, name);
			before = name;
		}
	}
	return refuse(r, &key->start_mark, field.data, "an unknown key",
		      expected.failed ? "a known one" : expected.data);
}

static int take_scalar(struct reader *r, const struct conf_row *row, const yaml_event_t *e)
{
	cleanup_buf struct buf expected = BUF_INIT;
	int err = -EINVAL;

	if (e->type == YAML_SCALAR_EVENT)
		err = row->type->parse(row,
				       &(struct conf_scalar){
					       (const char *)e->data.scalar.value,
					       e->data.scalar.length,
					       e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE,
				       },
				       &r->fresh[row - conf_rows]);
	if (!err || err == -ENOMEM)
		return err;
	row->type->expect(row, &expected);
	return refuse_event(r, e, row->name, expected.failed ? "another" : expected.data);
}

static int read_row(struct reader *r, const struct conf_row *row)
{
	cleanup_event yaml_event_t first = {0};
	int err = next(r, row->name, &first);

	if (err || !row->type->list)
		return err ? err : take_scalar(r, row, &first);
	if (first.type != YAML_SEQUENCE_START_EVENT) {
		cleanup_buf struct buf expected = BUF_INIT;

		row->type->expect(row, &expected);
		return refuse_event(r, &first, row->name,
				    expected.failed ? "a list" : expected.data);
	}
	for (;;) {
		cleanup_event yaml_event_t item = {0};

		err = next(r, row->name, &item);
		if (err || item.type == YAML_SEQUENCE_END_EVENT)
			return err;
		err = take_scalar(r, row, &item);
		if (err)
			return err;
	}
}

/* Index of the row that is named so, or of the first row in the section that is; -1 for neither. */
static int find_row(const char *name, size_t n, bool *ret_section)
{
	for (int i = 0; i < CONF_MAX; i++) {
		const char *full = conf_rows[i].name;

		if (!strncmp(full, name, n) && (full[n] == '\0' || full[n] == '.')) {
			*ret_section = full[n] == '.';
			return i;
		}
	}
	return -1;
}

static int read_mapping(struct reader *r, const char *prefix, int depth);

/* A section: a mapping, or nothing (all its keys are commented out). */
static int read_section(struct reader *r, const char *name, int depth)
{
	cleanup_event yaml_event_t e = {0};
	char prefix[FIELD_MAX + 1];
	int err = next(r, name, &e);

	if (err)
		return err;
	if (e.type == YAML_SCALAR_EVENT && !e.data.scalar.length &&
	    e.data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
		return 0;
	if (e.type != YAML_MAPPING_START_EVENT)
		return refuse_event(r, &e, name, "a section");
	(void)snprintf(prefix, sizeof(prefix), "%s.", name);
	return read_mapping(r, prefix, depth + 1);
}

static int read_key(struct reader *r, const yaml_event_t *key, const char *prefix, int depth)
{
	char name[FIELD_MAX];
	const char *text = (const char *)key->data.scalar.value;
	size_t from = strlen(prefix), n = key->data.scalar.length;
	bool section = false, again;
	int i = -1;

	/* a dot or a NUL inside a key would be another spelling of the same name */
	if (n && from + n + 2 < sizeof(name) && !memchr(text, '.', n) && !memchr(text, 0, n)) {
		(void)snprintf(name, sizeof(name), "%s%s", prefix, text);
		i = find_row(name, from + n, &section);
	}
	if (i < 0 || depth >= DEPTH_MAX)
		return refuse_unknown(r, key, prefix);
	again = section ? r->sections[i] & (1 << depth) : r->set[i];
	if (again)
		return refuse(r, &key->start_mark, name, "a duplicate key", "each key once");
	if (section) {
		r->sections[i] |= (uint8_t)(1 << depth);
		return read_section(r, name, depth);
	}
	r->set[i] = true;
	return read_row(r, &conf_rows[i]);
}

static int read_mapping(struct reader *r, const char *prefix, int depth)
{
	for (;;) {
		cleanup_event yaml_event_t key = {0};
		int err = next(r, prefix, &key);

		if (err || key.type == YAML_MAPPING_END_EVENT)
			return err;
		if (key.type != YAML_SCALAR_EVENT)
			return refuse_event(r, &key, prefix, "a key");
		err = read_key(r, &key, prefix, depth);
		if (err)
			return err;
	}
}

static int read_document(struct reader *r, const yaml_event_t *start)
{
	cleanup_event yaml_event_t root = {0}, end = {0};
	int err;

	if (start->data.document_start.version_directive ||
	    start->data.document_start.tag_directives.start !=
		    start->data.document_start.tag_directives.end)
		return refuse(r, &start->start_mark, "", "a directive (%)", "none");
	err = next(r, "", &root);
	if (err)
		return err;
	if (root.type == YAML_MAPPING_START_EVENT)
		err = read_mapping(r, "", 0);
	else if (root.type != YAML_SCALAR_EVENT || root.data.scalar.length ||
		 root.data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
		err = refuse_event(r, &root, "", "sections");
	return err ? err : next(r, "", &end);
}

static int read_stream(struct reader *r)
{
	cleanup_event yaml_event_t begin = {0}, first = {0}, last = {0};
	int err = next(r, "", &begin);

	if (!err)
		err = next(r, "", &first);
	if (err || first.type == YAML_STREAM_END_EVENT)
		return err;
	err = read_document(r, &first);
	if (!err)
		err = next(r, "", &last);
	if (!err && last.type != YAML_STREAM_END_EVENT)
		return refuse(r, &last.start_mark, "", "a second document", "one");
	return err;
}

static const yaml_mark_t top; /* line 1, column 1 */

int conf__parse(struct conf *c, const char *name, const char *text, size_t n, struct buf *ret_error)
{
	cleanup_free struct reader *r = calloc(1, sizeof(*r));
	int err;

	if (!r)
		return -ENOMEM;
	r->name = name;
	r->error = ret_error;
	if (n > CONF_FILE_MAX)
		return refuse(r, &top, "", "more than 1 MiB", "at most 1 MiB");
	if (!yaml_parser_initialize(&r->yaml))
		return -ENOMEM;
	yaml_parser_set_encoding(&r->yaml, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r->yaml, (const unsigned char *)text, n);
	err = read_stream(r);
	yaml_parser_delete(&r->yaml);
	if (!err)
		conf__take(c, r->fresh, r->set);
	for (size_t i = 0; i < CONF_MAX; i++)
		conf_value__done(&r->fresh[i]);
	return err;
}

/* Whether the open file may be read as a configuration; says why not. Root obeys what is written in
 * it, so nobody else may have written it. */
static int check_file(int fd, const char *path, struct buf *ret_error)
{
	struct reader r = {.name = path, .error = ret_error};
	char found[64];
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return refuse(&r, &top, "", S_ISDIR(st.st_mode) ? "a folder" : "a special file",
			      "a regular file");
	if (st.st_size > (off_t)CONF_FILE_MAX)
		return refuse(&r, &top, "", "more than 1 MiB", "at most 1 MiB");
	if (geteuid() == 0 && (st.st_mode & S_IWOTH || (st.st_mode & S_IWGRP && st.st_gid))) {
		(void)snprintf(found, sizeof(found), "a file that others may write (mode %04o)",
			       st.st_mode & 07777);
		return refuse(&r, &top, "", found, "mode 0644 or stricter, since root reads it");
	}
	return 0;
}

static int refuse_errno(const char *path, int err, struct buf *ret_error)
{
	struct reader r = {.name = path, .error = ret_error};
	char text[128];

	(void)refuse(&r, &top, "", strerror_r(-err, text, sizeof(text)), "a file that can be read");
	return err;
}

int conf__read(struct conf *c, const char *path, struct buf *ret_error)
{
	/* a pipe or a terminal must not hold the start up */
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	cleanup_buf struct buf text = BUF_INIT;
	ssize_t got = 1;
	int err;

	if (fd < 0)
		return refuse_errno(path, -errno, ret_error);
	err = check_file(fd, path, ret_error);
	if (err)
		return err;
	while (got > 0 && text.len <= CONF_FILE_MAX) {
		if (buf__reserve(&text, 65536))
			return -ENOMEM;
		got = read(fd, text.data + text.len, 65536);
		if (got < 0 && errno != EINTR)
			return refuse_errno(path, -errno, ret_error);
		text.len += got > 0 ? (size_t)got : 0;
		got = got < 0 ? 1 : got;
	}
	return conf__parse(c, path, text.data, text.len, ret_error);
}
