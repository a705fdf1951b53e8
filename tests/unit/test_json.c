/* SPDX-License-Identifier: Apache-2.0 */
#include "testing.h"

#include <math.h>

#include "json.h"

static void writes_every_kind(void **state)
{
	cleanup_buf struct buf b = BUF_INIT;
	struct json j = {.b = &b};

	(void)state;
	json__open(&j, NULL, '{');
	json__string(&j, "s", "a \"b\" / c");
	json__string(&j, "none", NULL);
	json__u64s(&j, "id", UINT64_MAX);
	json__int(&j, "low", INT64_MIN);
	json__int(&j, "pid", 42);
	json__double(&j, "share", 0.25);
	json__double(&j, "nan", NAN);
	json__double(&j, "inf", -INFINITY);
	json__open(&j, "list", '[');
	json__bool(&j, NULL, true);
	json__bool(&j, NULL, false);
	json__open(&j, NULL, '{');
	json__close(&j, '}');
	json__null(&j, NULL);
	json__close(&j, ']');
	json__open(&j, "empty", '[');
	json__close(&j, ']');
	json__time(&j, "at", 1767323045678901234);
	json__time(&j, "epoch", 0);
	json__close(&j, '}');
	assert_buf(
		&b,
		"{\"s\":\"a \\\"b\\\" / c\",\"none\":null,\"id\":\"18446744073709551615\",\"low\":-9223372036854775808,"
		"\"pid\":42,\"share\":0.25,\"nan\":null,\"inf\":null,\"list\":[true,false,{},null],\"empty\":[],"
		"\"at\":\"2026-01-02T03:04:05.678Z\",\"epoch\":\"1970-01-01T00:00:00.000Z\"}");
}

/* Whatever a name holds, the text is one line, is JSON, and gives the bytes back. */
static void hostile_names_survive(void **state)
{
	static const struct {
		const char *raw;
		size_t n;
	} names[] = {
#define NAME(s) {s, sizeof(s) - 1}
		NAME("x\n{\"forged\":true}\r"),
		NAME("a\0b"),
		NAME("\x1b]0;title\x07"),
		NAME("\"\\\"\\\\"),
		NAME("\xff\xc0\xaf\xed\xa0\x80"),
		NAME("\xe2\x80\xae\xe2\x80\xa8"),
		NAME("\\u0000\\x41"),
		NAME("caf\xc3\xa9"),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		cleanup_buf struct buf b = BUF_INIT, back = BUF_INIT, error = BUF_INIT;
		struct json j = {.b = &b};
		struct jdoc *d;
		const char *s;

		json__open(&j, NULL, '[');
		json__bytes(&j, NULL, names[i].raw, names[i].n);
		json__close(&j, ']');
		for (size_t k = 0; k < b.len; k++)
			assert_in_range((unsigned char)b.data[k], 0x20, 0xff);
		d = jdoc__parse(b.data, b.len, &error);
		assert_non_null(d);
		s = jval__string(jval__at(jdoc__root(d), 0));
		assert_int_equal(buf__unescape(&back, s, strlen(s)), 0);
		assert_int_equal(back.len, names[i].n);
		assert_memory_equal(back.data, names[i].raw, names[i].n);
		jdoc__free(d);
	}
}

static void reads_values(void **state)
{
	static const char text[] =
		" {\"a\": [1, -2.5e1, \"x\\u00e9\\ud83d\\ude00\\/\", true, null], \"id\": \"18446744073709551615\",\n"
		"\"n\": 9007199254740991, \"o\": {\"k\": false}, \"\": 0}\r\n";
	struct jdoc *d = jdoc__parse(text, strlen(text), NULL);
	const struct jval *root, *a;
	const char *key = NULL;
	uint64_t u = 0;
	double v = 0;
	bool t = false;

	(void)state;
	assert_non_null(d);
	root = jdoc__root(d);
	a = jval__get(root, "a");
	assert_int_equal(jval__count(root), 5);
	assert_int_equal(jval__count(a), 5);
	assert_int_equal(jval__u64(jval__at(a, 0), &u), 0);
	assert_int_equal(u, 1);
	assert_int_equal(jval__double(jval__at(a, 1), &v), 0);
	assert_true(v == -25);
	assert_int_equal(jval__u64(jval__at(a, 1), &u), -EINVAL);
	assert_string_equal(jval__string(jval__at(a, 2)), "xé😀/");
	assert_int_equal(jval__bool(jval__at(a, 3), &t), 0);
	assert_true(t);
	assert_int_equal(jval__bool(jval__at(a, 4), &t), -EINVAL);
	assert_null(jval__at(a, 5));
	assert_null(jval__at(root, 0));
	assert_int_equal(jval__u64(jval__get(root, "id"), &u), 0);
	assert_true(u == UINT64_MAX);
	assert_int_equal(jval__u64(jval__get(root, "n"), &u), 0);
	assert_true(u == 9007199254740991);
	assert_int_equal(jval__bool(jval__get(jval__get(root, "o"), "k"), &t), 0);
	assert_false(t);
	assert_non_null(jval__member(root, 1, &key));
	assert_string_equal(key, "id");
	assert_non_null(jval__get(root, ""));
	assert_null(jval__member(root, 5, &key));
	assert_null(jval__member(a, 0, &key));
	assert_null(jval__get(root, "A"));
	assert_null(jval__get(a, "a"));
	/* a chain of missing things needs no checks in between */
	assert_null(jval__string(jval__at(jval__get(jval__get(root, "x"), "y"), 3)));
	assert_int_equal(jval__count(NULL), 0);
	assert_int_equal(jval__double(NULL, &v), -EINVAL);
	jdoc__free(d);
	assert_null(jdoc__free(NULL));
}

static void reads_ids_exactly(void **state)
{
	static const char text[] =
		"[\"0\", \"18446744073709551616\", \"01\", \"\", \"-1\", \"1 \", \"+1\", -1, 1.5, \"0x1\"]";
	struct jdoc *d = jdoc__parse(text, strlen(text), NULL);
	uint64_t u = 9;

	(void)state;
	assert_int_equal(jval__u64(jval__at(jdoc__root(d), 0), &u), 0);
	assert_int_equal(u, 0);
	for (size_t i = 1; i < jval__count(jdoc__root(d)); i++)
		assert_int_equal(jval__u64(jval__at(jdoc__root(d), i), &u), -EINVAL);
	assert_int_equal(u, 0);
	jdoc__free(d);
}

static const struct {
	const char *text, *said;
} refused[] = {
	{"", "line 1, column 1: the end where a value is due"},
	{"{} trailing", "line 1, column 4: bytes behind the value"},
	{"{}{}", "line 1, column 3: bytes behind the value"},
	{"{\"a\":1,\n\"a\":2}", "the key \"a\" twice"},
	{"[{\"x\":{\"\\u0061\":1,\"b\":2,\"a\":3}}]", "the key \"a\" twice"},
	{"\"admin\\u0000x\"", "line 1, column 13: \\u0000"},
	{"\"\\ud800\"", "line 1, column 8: half a surrogate pair"},
	{"\"\\ud800\\u0041\"", "line 1, column 14: half a surrogate pair"},
	{"\"\\udc00\\ud800\"", "line 1, column 8: half a surrogate pair"},
	{"\"\\x41\"", "line 1, column 3: an unknown escape"},
	{"\"\\u12g4\"", "line 1, column 6: a \\u without four hexadecimal digits"},
	{"\"a\nb\"", "line 1, column 3: a control byte in a string"},
	{"\"\xc0\xaf\"", "line 1, column 2: bytes that are not UTF-8"},
	{"\"\xed\xa0\x80\"", "line 1, column 2: bytes that are not UTF-8"},
	{"\"open", "line 1, column 6: a string without end"},
	{"\xef\xbb\xbf{}", "line 1, column 1: no value where one is due"},
	{"[1,]", "line 1, column 4: no value where one is due"},
	{"[1 2]", "line 1, column 4: neither a comma nor the end"},
	{"[1", "line 1, column 3: neither a comma nor the end"},
	{"{\"a\" 1}", "line 1, column 6: a key without its colon"},
	{"{a:1}", "line 1, column 2: no string where one is due"},
	{"{\"a\":1,}", "line 1, column 8: no string where one is due"},
	{"'a'", "line 1, column 1: no value where one is due"},
	{"tru", "line 1, column 1: no value where one is due"},
	{"NaN", "line 1, column 1: no value where one is due"},
	{"-", "line 1, column 2: no value where one is due"},
	{"+1", "line 1, column 1: no value where one is due"},
	{".5", "line 1, column 1: no value where one is due"},
	{"1.", "line 1, column 3: a number that ends with its point"},
	{"1e", "line 1, column 3: a number without its exponent"},
	{"01", "line 1, column 3: a number that begins with 0"},
	{"-00", "line 1, column 4: a number that begins with 0"},
	{"1e999", "line 1, column 6: a number that no double holds"},
	{"9007199254740992", "line 1, column 17: an integer beyond 2^53 that is not a string"},
	{"18446744073709551615", "line 1, column 21: an integer beyond 2^53 that is not a string"},
	{"-9007199254740992", "line 1, column 18: an integer beyond 2^53 that is not a string"},
	{"0.1234567890123456789012345678901234567890123456789012345678901",
	 "line 1, column 64: a number of more than 60 characters"},
	{"/* c */ 1", "line 1, column 1: no value where one is due"},
};

static void refuses_what_is_not_strict(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		cleanup_buf struct buf error = BUF_INIT;

		errno = 0;
		assert_null(jdoc__parse(refused[i].text, strlen(refused[i].text), &error));
		assert_int_equal(errno, EINVAL);
		assert_buf(&error, refused[i].said);
		assert_null(jdoc__parse(refused[i].text, strlen(refused[i].text), NULL));
	}
}

static void nul_byte_is_no_end(void **state)
{
	cleanup_buf struct buf error = BUF_INIT;

	(void)state;
	assert_null(jdoc__parse("{}\0", 3, &error));
	assert_buf(&error, "line 1, column 3: bytes behind the value");
	assert_null(jdoc__parse("\"a\0b\"", 5, &error));
	assert_buf(&error, "line 1, column 3: a control byte in a string");
}

static void counts_nesting_size_and_values(void **state)
{
	cleanup_buf struct buf text = BUF_INIT, error = BUF_INIT;
	struct jdoc *d;

	(void)state;
	for (int depth = 32; depth <= 33; depth++) {
		buf__clear(&text);
		for (int i = 0; i < depth; i++)
			buf__char(&text, '[');
		for (int i = 0; i < depth; i++)
			buf__char(&text, ']');
		d = jdoc__parse(text.data, text.len, &error);
		assert_true((d != NULL) == (depth == 32));
		jdoc__free(d);
	}
	assert_buf(&error, "line 1, column 33: nesting beyond 32");
	for (size_t n = (1u << 20); n <= (1u << 20) + 1; n++) {
		buf__clear(&text);
		buf__char(&text, '"');
		while (text.len < n - 1)
			buf__char(&text, 'x');
		buf__char(&text, '"');
		d = jdoc__parse(text.data, text.len, &error);
		assert_true((d != NULL) == (n == (1u << 20)));
		jdoc__free(d);
	}
	assert_buf(&error, "line 1, column 1: more than 1 MiB");
	buf__clear(&text);
	buf__char(&text, '[');
	for (int i = 0; i < 65536; i++)
		buf__str(&text, "0,");
	buf__str(&text, "0]");
	assert_null(jdoc__parse(text.data, text.len, &error));
	assert_non_null(strstr(error.data, "more than 65536 values"));
}

/* One object of many keys, which cJSON alone looks up in quadratic time. */
static void many_keys_take_no_time(void **state)
{
	cleanup_buf struct buf text = BUF_INIT;
	struct jdoc *d;
	const char *key;
	size_t sum = 0;

	(void)state;
	buf__char(&text, '{');
	for (int i = 0; i < 60000; i++)
		buf__printf(&text, "%s\"k%d\":0", i ? "," : "", i);
	buf__char(&text, '}');
	d = jdoc__parse(text.data, text.len, NULL);
	assert_non_null(d);
	for (size_t i = 0; i < jval__count(jdoc__root(d)); i++)
		sum += jval__member(jdoc__root(d), i, &key) != NULL;
	assert_int_equal(sum, 60000);
	jdoc__free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_every_kind),
		cmocka_unit_test(hostile_names_survive),
		cmocka_unit_test(reads_values),
		cmocka_unit_test(reads_ids_exactly),
		cmocka_unit_test(refuses_what_is_not_strict),
		cmocka_unit_test(nul_byte_is_no_end),
		cmocka_unit_test(counts_nesting_size_and_values),
		cmocka_unit_test(many_keys_take_no_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
