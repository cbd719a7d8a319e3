/* SPDX-License-Identifier: BSD-2-Clause */
/* test_str.c - ASCII text, UTF-8, the growing buffer, escaping. */
#include "config.h"

#include "str.h"

#include <string.h>

#include "test.h"

static void test_classes(void **state)
{
	(void)state;
	for (int i = 0; i < 256; i++) {
		char c = (char)i;
		bool is_upper = i >= 'A' && i <= 'Z';
		bool is_alpha = is_upper || (i >= 'a' && i <= 'z');
		bool is_digit = i >= '0' && i <= '9';
		bool is_wsp = i == 32 || i == 9;
		if (as_lower(c) != (is_upper ? (char)(i + 32) : c) || as_is_alpha(c) != is_alpha || as_is_digit(c) != is_digit ||
		    as_is_alnum(c) != (is_alpha || is_digit) || as_is_wsp(c) != is_wsp || as_is_fws(c) != (is_wsp || i == 13 || i == 10))
			fail_msg("octet %02x", (unsigned)i);
	}
}

static void test_equal(void **state)
{
	static const struct {
		const char *a, *b;
		bool is_equal;
	} cases[] = {
		{ "", "", true },       { "a", "A", true },   { "Example.COM", "eXample.com", true }, { "a", "", false },
		{ "a", "ab", false },   { "[", "{", false },  { "@", "`", false },                    { "\xc3\x84", "\xc3\xa4", false },
		{ "\xe4", "\xc4", false },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		if (as_equal_nocase(cases[i].a, cases[i].b) != cases[i].is_equal || as_equal_nocase(cases[i].b,
		  cases[i].a) != cases[i].is_equal)
			fail_msg("\"%s\" and \"%s\"", cases[i].a, cases[i].b);
	assert_true(as_equal_nocase_n("a\0B", 3, "A\0b", 3));
	assert_false(as_equal_nocase_n("a\0b", 3, "a\0c", 3));
	assert_true(as_equal_nocase_n(NULL, 0, NULL, 0));
}

static void test_utf8(void **state)
{
	static const struct {
		const char *text;
		size_t n, size, printable;
	} cases[] = {
		{ "", 0, 0, 0 },
		{ "\0", 1, 1, 0 },
		{ "\x1f", 1, 1, 0 },
		{ " ", 1, 1, 1 },
		{ "~", 1, 1, 1 },
		{ "\x7f", 1, 1, 0 },
		{ "\x80", 1, 0, 0 },
		{ "\xbf\xbf", 2, 0, 0 },
		{ "\xc0\xaf", 2, 0, 0 },
		{ "\xc1\xbf", 2, 0, 0 },
		{ "\xc2", 1, 0, 0 },
		{ "\xc2\x7f", 2, 0, 0 },
		{ "\xc2\x80", 2, 2, 0 },
		{ "\xc2\x9f", 2, 2, 0 },
		{ "\xc2\xa0", 2, 2, 2 },
		{ "\xdf\xbfzz", 4, 2, 2 },
		{ "\xdf\xc0", 2, 0, 0 },
		{ "\xe0\x9f\xbf", 3, 0, 0 },
		{ "\xe0\xa0\x80", 3, 3, 3 },
		{ "\xe2\x80\xa7", 3, 3, 3 },
		{ "\xe2\x80\xa8", 3, 3, 0 },
		{ "\xe2\x80\xa9", 3, 3, 0 },
		{ "\xe2\x80\xaa", 3, 3, 3 },
		{ "\xe2\x80", 2, 0, 0 },
		{ "\xe2\x80\x28", 3, 0, 0 },
		{ "\xed\x9f\xbf", 3, 3, 3 },
		{ "\xed\xa0\x80", 3, 0, 0 },
		{ "\xef\xbf\xbf", 3, 3, 3 },
		{ "\xf0\x8f\xbf\xbf", 4, 0, 0 },
		{ "\xf0\x90\x80\x80", 4, 4, 4 },
		{ "\xf0\x90\x80", 3, 0, 0 },
		{ "\xf0\x90\x80\xc0", 4, 0, 0 },
		{ "\xf4\x8f\xbf\xbf", 4, 4, 4 },
		{ "\xf4\x90\x80\x80", 4, 0, 0 },
		{ "\xf5\x80\x80\x80", 4, 0, 0 },
		{ "\xff", 1, 0, 0 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		if (as_utf8_size(cases[i].text, cases[i].n) != cases[i].size || as_printable_size(cases[i].text,
		  cases[i].n) != cases[i].printable)
			fail_msg("case %zu: %zu, %zu", i, as_utf8_size(cases[i].text, cases[i].n), as_printable_size(cases[i].text,
			  cases[i].n));
}

static void test_lower_copy(void **state)
{
	(void)state;
	struct as_arena *arena = as_arena_new();
	assert_memory_equal(as_lower_copy(arena, "A\0Z[\xc3\x84", 6), "a\0z[\xc3\x84", 7);
	assert_string_equal(as_lower_copy(arena, "ABC", 2), "ab");
	assert_string_equal(as_lower_copy(arena, NULL, 0), "");
	as_arena_free(arena);
}

static void test_buf(void **state)
{
	(void)state;
	struct as_arena *arena = as_arena_new();
	struct as_buf buf = as_buf_new(arena);
	assert_string_equal(buf.text, "");
	as_buf_add(&buf, NULL, 0);
	as_buf_puts(&buf, "");
	as_buf_puts(&buf, "ab");
	as_buf_putc(&buf, 'c');
	as_buf_printf(&buf, "%d", 12);
	as_buf_add(&buf, "\0z", 2);
	assert_int_equal(buf.length, 7);
	assert_memory_equal(buf.text, "abc12\0z", 8);
	for (size_t i = buf.length; i < 100000; i++) {
		as_buf_putc(&buf, 'x');
		assert_int_equal(buf.text[buf.length], '\0');
	}
	assert_int_equal(buf.length, 100000);
	assert_memory_equal(buf.text, "abc12\0zx", 8);
	/* Doubling: what is left behind is no more than what is in use. */
	assert_true(as_arena_size(arena) < 600000);
	as_buf_add(&buf, buf.text, buf.length);
	assert_int_equal(buf.length, 200000);
	assert_memory_equal(buf.text + 100000, "abc12\0zx", 8);
	as_arena_free(arena);
}

/* Whatever room is left: 128 octets at first, twice as many when they are full. */
static void test_buf_printf(void **state)
{
	(void)state;
	struct as_arena *arena = as_arena_new();
	for (size_t before = 0; before < 300; before++) {
		struct as_buf buf = as_buf_new(arena);
		for (size_t i = 0; i < before; i++)
			as_buf_putc(&buf, 'x');
		as_buf_printf(&buf, "%s", "");
		as_buf_printf(&buf, "%d-%s", 7, "eight");
		as_buf_printf(&buf, "%400d", 9);
		assert_int_equal(buf.length, before + 7 + 400);
		assert_memory_equal(buf.text + before, "7-eight ", 8);
		assert_string_equal(buf.text + buf.length - 2, " 9");
		assert_true(before == 0 || buf.text[before - 1] == 'x');
	}
	as_arena_free(arena);
}

static void test_escape(void **state)
{
	static const struct {
		const char *in;
		size_t n, most;
		const char *out;
	} cases[] = {
		{ "", 0, 10, "" },
		{ NULL, 0, 10, "" },
		{ "a b~", 4, 10, "a b~" },
		{ "a\\b", 3, 10, "a\\x5cb" },
		{ "\0\r\n\x7f\xff", 5, 20, "\\x00\\x0d\\x0a\\x7f\\xff" },
		{ "abcde", 5, 5, "abcde" },
		{ "abcdef", 6, 5, "ab..." },
		{ "ab\n", 3, 6, "ab\\x0a" },
		{ "ab\n", 3, 5, "ab..." },
		{ "a\n\n", 3, 8, "a\\x0a..." },
		{ "abcdef", 6, 3, "..." },
		{ "abcdef", 6, 2, ".." },
		{ "a", 1, 0, "" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct as_arena *arena = as_arena_new();
		const char *out = as_escape(arena, cases[i].in, cases[i].n, cases[i].most);
		if (strcmp(out, cases[i].out) != 0)
			fail_msg("case %zu: \"%s\", want \"%s\"", i, out, cases[i].out);
		as_arena_free(arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_classes),    cmocka_unit_test(test_equal), cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_lower_copy), cmocka_unit_test(test_buf), cmocka_unit_test(test_buf_printf),   cmocka_unit_test(test_escape),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
