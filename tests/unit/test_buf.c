/* SPDX-License-Identifier: Apache-2.0 */
#include "testing.h"

#include <math.h>

static void grows_and_ends_with_nul(void **state)
{
	cleanup_buf struct buf b = BUF_INIT;

	(void)state;
	for (int i = 0; i < 5000; i++) {
		buf__printf(&b, "%d,", i % 10);
		assert_int_equal(b.data[b.len], 0);
	}
	assert_int_equal(b.len, 10000);
	assert_memory_equal(b.data + 9990, "5,6,7,8,9,", 10);
	buf__clear(&b);
	buf__str(&b, "again");
	assert_buf(&b, "again");
}

static void failure_is_remembered(void **state)
{
	cleanup_buf struct buf b = BUF_INIT;

	(void)state;
	buf__str(&b, "kept");
	assert_int_equal(buf__reserve(&b, SIZE_MAX - 2), -ENOMEM);
	assert_true(b.failed);
	/* nothing is appended behind the hole */
	buf__str(&b, "lost");
	assert_string_equal(b.data, "kept");
	buf__clear(&b);
	buf__str(&b, "new");
	assert_buf(&b, "new");
}

static void writes_integers(void **state)
{
	cleanup_buf struct buf b = BUF_INIT;

	(void)state;
	buf__u64(&b, 0);
	assert_buf(&b, "0");
	buf__u64(&b, 1234567890);
	assert_buf(&b, "1234567890");
	buf__u64(&b, UINT64_MAX);
	assert_buf(&b, "18446744073709551615");
}

static void writes_doubles_that_read_back(void **state)
{
	static const struct {
		double v;
		const char *text;
	} fixed[] = {
		{0, "0"},
		{1, "1"},
		{-3, "-3"},
		{0.1, "0.1"},
		{1e-6, "1e-06"},
		{0.000016, "1.6e-05"},
		{9007199254740991.0, "9007199254740991"},
		{1e300, "1e+300"},
	};
	cleanup_buf struct buf b = BUF_INIT;
	uint64_t bits = 88172645463325252ull;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(fixed); i++) {
		buf__double(&b, fixed[i].v);
		assert_buf(&b, fixed[i].text);
	}
	buf__double(&b, NAN);
	assert_buf(&b, "NaN");
	buf__double(&b, INFINITY);
	assert_buf(&b, "+Inf");
	buf__double(&b, -INFINITY);
	assert_buf(&b, "-Inf");
	for (int i = 0; i < 20000; i++) {
		double v, again;

		bits ^= bits << 13;
		bits ^= bits >> 7;
		bits ^= bits << 17;
		memcpy(&v, &bits, sizeof(v));
		if (!isfinite(v))
			continue;
		buf__double(&b, v);
		again = strtod(b.data, NULL);
		assert_true(again == v);
		buf__clear(&b);
	}
}

/* Names as an attacker would choose them, and what people get to see. */
static const struct {
	const char *raw;
	size_t n;
	const char *shown;
} hostile[] = {
#define HOSTILE(raw, shown)                 \
	{                                   \
		raw, sizeof(raw) - 1, shown \
	}
	HOSTILE("", ""),
	HOSTILE("plain name", "plain name"),
	HOSTILE("two\nlines\r", "two\\x0alines\\x0d"),
	HOSTILE("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
	HOSTILE("a\0b", "a\\x00b"),
	HOSTILE("back\\slash", "back\\\\slash"),
	HOSTILE("\\x41", "\\\\x41"),
	HOSTILE("\x7f\t", "\\x7f\\x09"),
	HOSTILE("\xc2\x9b"
		"31m",
		"\\xc2\\x9b31m"), /* C1 control sequence introducer */
	HOSTILE("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\xa7", "café € 🐧"),
	HOSTILE("\xc0\xaf", "\\xc0\\xaf"),		     /* overlong slash */
	HOSTILE("\xe0\x80\xaf", "\\xe0\\x80\\xaf"),	     /* overlong, three bytes */
	HOSTILE("\xf0\x80\x80\xaf", "\\xf0\\x80\\x80\\xaf"), /* overlong, four bytes */
	HOSTILE("\xed\xa0\x80", "\\xed\\xa0\\x80"),	     /* surrogate */
	HOSTILE("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"), /* above U+10FFFF */
	HOSTILE("\xff\xfe", "\\xff\\xfe"),
	HOSTILE("cut \xe2\x82", "cut \\xe2\\x82"),
	HOSTILE("exe\xe2\x80\xaegpj.", "exe\\xe2\\x80\\xaegpj."), /* U+202E turns the text around */
	HOSTILE("a\xe2\x80\x8b"
		"b",
		"a\\xe2\\x80\\x8bb"),			       /* zero width space */
	HOSTILE("\xe2\x81\xa6x", "\\xe2\\x81\\xa6x"),	       /* isolate */
	HOSTILE("\xef\xbb\xbfx", "\\xef\\xbb\\xbfx"),	       /* byte order mark */
	HOSTILE("x\xf3\xa0\x81\x81", "x\\xf3\\xa0\\x81\\x81"), /* invisible tag letter */
	HOSTILE("\xe3\x85\xa4", "\\xe3\\x85\\xa4"),	       /* Hangul filler, blank */
};

static void escapes_hostile_names(void **state)
{
	cleanup_buf struct buf b = BUF_INIT, back = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(hostile); i++) {
		buf__escape(&b, hostile[i].raw, hostile[i].n);
		assert_int_equal(buf__unescape(&back, b.data ? b.data : "", b.len), 0);
		assert_int_equal(back.len, hostile[i].n);
		assert_memory_equal(back.data ? back.data : "", hostile[i].raw, hostile[i].n);
		assert_buf(&b, hostile[i].shown);
		buf__clear(&back);
	}
}

static void escapes_every_pair_of_bytes_reversibly(void **state)
{
	cleanup_buf struct buf b = BUF_INIT, back = BUF_INIT;

	(void)state;
	for (unsigned int i = 0; i < 65536; i++) {
		char raw[2] = {(char)(i >> 8), (char)i};

		buf__escape(&b, raw, 2);
		for (size_t k = 0; k < b.len; k++)
			assert_in_range((unsigned char)b.data[k], 0x20, 0xff);
		assert_int_equal(buf__unescape(&back, b.data, b.len), 0);
		assert_int_equal(back.len, 2);
		assert_memory_equal(back.data, raw, 2);
		buf__clear(&b);
		buf__clear(&back);
	}
}

static void unescapes_only_what_it_wrote(void **state)
{
	static const char *const foreign[] = {"\\",  "\\x",   "\\x0", "\\xzz", "\\x0A",
					      "\\n", "\\x41", "\n",   "\xff",  "\\xc3\\xa9"};
	cleanup_buf struct buf b = BUF_INIT;

	(void)state;
	buf__str(&b, "before");
	for (size_t i = 0; i < ARRAY_SIZE(foreign); i++) {
		assert_int_equal(buf__unescape(&b, foreign[i], strlen(foreign[i])), -EINVAL);
		assert_string_equal(b.data, "before");
	}
}

static void tells_utf8_lengths(void **state)
{
	(void)state;
	assert_int_equal(utf8__length("", 0), 0);
	assert_int_equal(utf8__length("\n", 1), 1);
	assert_int_equal(utf8__length("\xe2\x80\xae", 3), 3);
	assert_int_equal(utf8__length("\xe2\x80\xae", 2), 0);
	assert_int_equal(utf8__printable("\xe2\x80\xae", 3), 0);
	assert_int_equal(utf8__printable("\n", 1), 0);
	assert_int_equal(utf8__printable("\xc3\xa9", 2), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grows_and_ends_with_nul),
		cmocka_unit_test(failure_is_remembered),
		cmocka_unit_test(writes_integers),
		cmocka_unit_test(writes_doubles_that_read_back),
		cmocka_unit_test(escapes_hostile_names),
		cmocka_unit_test(escapes_every_pair_of_bytes_reversibly),
		cmocka_unit_test(unescapes_only_what_it_wrote),
		cmocka_unit_test(tells_utf8_lengths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
