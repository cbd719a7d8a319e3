/* SPDX-License-Identifier: BSD-2-Clause */
/* test_taglist.c - "tag=value" lists. */
#include "config.h"

#include "taglist.h"

#include "str.h"

#include <string.h>

#include "test.h"

enum { MOST = 8 };

/* clang-format off */
static const struct {
	const char *name, *in;
	size_t n;          /* 0: strlen(in) */
	const char *shown; /* name<value> of each, "!" before bad ones */
	bool is_complete, has_duplicate, is_clean;
} cases[] = {
	{ "one", "v=1", 0, "v<1>", true, false, true },
	{ "several", "v=DKIM1; k=rsa; p=MIGf", 0, "v<DKIM1> k<rsa> p<MIGf>", true, false, true },
	{ "trailing semicolon", "v=1;", 0, "v<1>", true, false, true },
	{ "trailing semicolon and space", "v=1; \t", 0, "v<1>", true, false, true },
	{ "no spaces", "a=1;b=2", 0, "a<1> b<2>", true, false, true },
	{ "spaces everywhere", " a = 1 ; b\t=\t2 ", 0, "a<1> b<2>", true, false, true },
	{ "inner white space is kept", "b=ab cd\tef", 0, "b<ab cd\tef>", true, false, true },
	{ "folds", "a=1;\r\n\tb =\r\n 2\r\n\t3\r\n ;c=4", 0, "a<1> b<2\r\n\t3> c<4>", true, false, true },
	{ "lines of white space", "a=\r\n \r\n 1", 0, "a<1>", true, false, true },
	{ "empty value", "p=; q= ", 0, "p<> q<>", true, false, true },
	{ "equals in a value", "b=ab==", 0, "b<ab==>", true, false, true },
	{ "underscore and digits", "a_1=x", 0, "a_1<x>", true, false, true },
	{ "case of names", "A=1; a=2", 0, "A<1> a<2>", true, false, true },
	{ "duplicate", "a=1; b=2; a=3", 0, "a<1> b<2> a<3>", true, true, true },
	{ "duplicate of a bad one", "a=1; a=\x01", 0, "a<1> !a<\x01>", true, false, false },
	{ "UTF-8 value", "d=b\xc3\xbc" "cher.example", 0, "d<b\xc3\xbc" "cher.example>", true, false, true },
	{ "not UTF-8", "d=b\xfc; a=1", 0, "!d<b\xfc> a<1>", true, false, false },
	{ "empty", "", 0, "", true, false, true },
	{ "white space", " \r\n ", 0, "", true, false, true },
	{ "semicolon alone", ";", 0, "!<>", true, false, false },
	{ "empty part", "a=1;;b=2", 0, "a<1> !<> b<2>", true, false, false },
	{ "no equals", "a=1; foo ;b=2", 0, "a<1> !<foo> b<2>", true, false, false },
	{ "no name", "=1", 0, "!<=1>", true, false, false },
	{ "name begins with a digit", "1a=1", 0, "!<1a=1>", true, false, false },
	{ "name begins with an underscore", "_a=1", 0, "!<_a=1>", true, false, false },
	{ "name with a hyphen", "a-b=1", 0, "!<a-b=1>", true, false, false },
	{ "name with a space", "a b=1", 0, "!<a b=1>", true, false, false },
	{ "NUL in a value", "a=1\0002; b=3", 11, "!a<1", true, false, false },
	{ "NUL in a name", "a\0=1", 4, "!<a", true, false, false },
	{ "control", "a=\x1b", 0, "!a<\x1b>", true, false, false },
	{ "DEL", "a=\x7f", 0, "!a<\x7f>", true, false, false },
	{ "bare CR", "a=1\r2", 0, "!a<1\r2>", true, false, false },
	{ "bare LF", "a=1\n 2", 0, "!a<1\n 2>", true, false, false },
	{ "fold without white space", "a=1\r\n2", 0, "!a<1\r\n2>", true, false, false },
	{ "line end last", "a=1\r\n", 0, "!a<1\r\n>", true, false, false },
	{ "as many as allowed", "a=1;b=2;c=3;d=4;e=5;f=6;g=7;h=8", 0, "a<1> b<2> c<3> d<4> e<5> f<6> g<7> h<8>", true, false, true },
	{ "as many as allowed and a semicolon", "a=1;b=2;c=3;d=4;e=5;f=6;g=7;h=8; ", 0, "a<1> b<2> c<3> d<4> e<5> f<6> g<7> h<8>", true,
	  false, true },
	{ "one too many", "a=1;b=2;c=3;d=4;e=5;f=6;g=7;h=8;i=9", 0, "a<1> b<2> c<3> d<4> e<5> f<6> g<7> h<8>", false, false, true },
};
/* clang-format on */

static const char *show(struct as_arena *arena, const struct as_taglist *list)
{
	struct as_buf out = as_buf_new(arena);
	for (size_t i = 0; i < list->count; i++) {
		const struct as_tag *tag = &list->tags[i];
		as_buf_printf(&out, "%s%s%s<", i ? " " : "", tag->is_valid ? "" : "!", tag->name);
		as_buf_add(&out, tag->value, tag->value_length);
		as_buf_putc(&out, '>');
	}
	return out.text;
}

static void test_parse(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct as_arena *arena = as_arena_new();
		struct as_taglist list;
		bool is_complete = as_taglist_parse(arena, cases[i].in, cases[i].n ? cases[i].n : strlen(cases[i].in), MOST, &list);
		const char *shown = show(arena, &list);
		if (is_complete != cases[i].is_complete || strcmp(shown, cases[i].shown) != 0)
			fail_msg("%s: %d, %s", cases[i].name, is_complete, shown);
		if (as_taglist_has_duplicate(&list) != cases[i].has_duplicate || as_taglist_is_clean(&list) != cases[i].is_clean)
			fail_msg("%s: duplicate %d, clean %d", cases[i].name, as_taglist_has_duplicate(&list), as_taglist_is_clean(&list));
		as_arena_free(arena);
	}
}

static void test_nul_is_kept(void **state)
{
	(void)state;
	struct as_arena *arena = as_arena_new();
	struct as_taglist list;
	assert_true(as_taglist_parse(arena, "a=1\0002 ;b=3", 10, MOST, &list));
	assert_int_equal(list.count, 2);
	assert_int_equal(list.tags[0].value_length, 3);
	assert_memory_equal(list.tags[0].value, "1\0002", 4);
	assert_string_equal(list.tags[1].name, "b");
	as_arena_free(arena);
}

static void test_find(void **state)
{
	static const char text[] = "a=\x01; a=1; b=2; a=3; =4";
	(void)state;
	struct as_arena *arena = as_arena_new();
	struct as_taglist list;
	assert_true(as_taglist_parse(arena, text, sizeof text - 1, MOST, &list));
	assert_ptr_equal(as_taglist_find(&list, "a"), &list.tags[1]);
	assert_ptr_equal(as_taglist_find(&list, "b"), &list.tags[2]);
	assert_null(as_taglist_find(&list, "A"));
	assert_null(as_taglist_find(&list, ""));
	assert_ptr_equal(as_taglist_find_any(&list, "a"), &list.tags[0]);
	assert_ptr_equal(as_taglist_find_any(&list, "b"), &list.tags[2]);
	assert_null(as_taglist_find_any(&list, "A"));
	assert_null(as_taglist_find_any(&list, ""));
	as_arena_free(arena);
}

static void test_lists(void **state)
{
	static const struct { const char *value; bool has; } cases_of_y[] = {
		{ "y", true }, { "y:s", true }, { "s:y", true }, { "a : \ty\t : b", true }, { "a:\r\n y", true }, { ":y", true }, { "y:", true },
		{ "", false }, { "Y", false }, { "yy", false }, { "xy", false }, { "a:b", false }, { ":", false }, { "y y", false }, { "y;s", false },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases_of_y / sizeof cases_of_y[0]; i++) {
		struct as_tag tag = { .value = cases_of_y[i].value, .value_length = strlen(cases_of_y[i].value) };
		if (as_tag_lists(&tag, "y") != cases_of_y[i].has)
			fail_msg("\"%s\"", tag.value);
	}
}

static void test_bounds(void **state)
{
	enum { SIZE = 1 << 20 };
	(void)state;
	struct as_arena *arena = as_arena_new();
	struct as_taglist list;
	char *text = as_alloc(arena, SIZE);
	memset(text, ';', SIZE);
	size_t before = as_arena_size(arena);
	assert_false(as_taglist_parse(arena, text, SIZE, 100, &list));
	assert_int_equal(list.count, 100);
	assert_true(as_arena_size(arena) - before < 65536);
	assert_false(as_taglist_parse(arena, "a=1", 3, 0, &list));
	assert_int_equal(list.count, 0);
	assert_true(as_taglist_parse(arena, "", 0, 0, &list));
	assert_true(as_taglist_parse(arena, NULL, 0, MOST, &list));
	assert_null(as_taglist_find(&list, "a"));
	as_arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_nul_is_kept),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_bounds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
