/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON. Written by a streaming writer into a buffer, never as a tree; read by one strict reader
 * (cJSON lives behind it). 64-bit ids, counters, bytes and nanoseconds travel as strings, in both
 * directions (ACTING.md section 9 says which are numbers).
 */
#ifndef AEO_JSON_H
#define AEO_JSON_H

#include "buf.h"

/* The writer. Commas are its own business; keys are ours (not escaped), values are foreign. */
struct json {
	struct buf *b;
	bool comma;
};

void json__open(struct json *j, const char *key,
		char bracket); /* '{' or '['; key NULL inside arrays and at the top */
void json__close(struct json *j, char bracket); /* '}' or ']' */
void json__string(
	struct json *j, const char *key,
	const char *s); /* NULL writes null; unprintable bytes as buf__escape, then JSON's rules */
void json__bytes(struct json *j, const char *key, const char *s, size_t n);
void json__u64s(struct json *j, const char *key, uint64_t v); /* as a string */
void json__int(struct json *j, const char *key,
	       int64_t v); /* as a number: pids, counts below 2^53 */
void json__double(struct json *j, const char *key, double v); /* NaN and infinities write null */
void json__bool(struct json *j, const char *key, bool v);
void json__null(struct json *j, const char *key);
/* "2026-01-02T03:04:05.678Z" from nanoseconds since the epoch. */
void json__time(struct json *j, const char *key, uint64_t wall_ns);

/* The reader: UTF-8, no NUL escapes, no halves of surrogate pairs, no duplicate keys, no integer
 * beyond 2^53 (they travel as strings), nothing behind the value, nesting at most 32, size at most
 * 1 MiB, at most 65,536 values. */
struct jdoc;
struct jval; /* a value inside a jdoc, owned by it */

/* Parse. NULL with errno EINVAL (and one line in ret_error, may be NULL) or ENOMEM. */
struct jdoc *jdoc__parse(const char *text, size_t n, struct buf *ret_error);
struct jdoc *jdoc__free(struct jdoc *d);
const struct jval *jdoc__root(const struct jdoc *d);
const struct jval *jval__get(const struct jval *o,
			     const char *key); /* NULL: not an object, or no such key */
const struct jval *jval__at(const struct jval *a,
			    size_t i); /* NULL: not an array, or behind its end */
size_t jval__count(const struct jval *a);
const char *jval__string(const struct jval *v); /* NULL: not a string */
int jval__u64(const struct jval *v,
	      uint64_t *ret); /* a decimal string or a whole number < 2^53; -EINVAL */
int jval__double(const struct jval *v, double *ret);
int jval__bool(const struct jval *v, bool *ret);
/* Walk an object: the i-th member's key and value, NULL behind the last. */
const struct jval *jval__member(const struct jval *o, size_t i, const char **ret_key);

#endif
