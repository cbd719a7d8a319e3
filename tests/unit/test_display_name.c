/* SPDX-License-Identifier: BSD-2-Clause */
/* test_display_name.c - addresses that the name beside the author's shows. */
#include "config.h"

#include "display_name.h"
#include "str.h"

#include "test.h"

#include <string.h>

static const struct {
	const char *name, *value;
	const char *domains; /* with spaces between; the author is evil.example */
} cases[] = {
	{ "nothing", "", "" },
	{ "the author alone", "Jane <x@evil.example>", "" },
	{ "the author twice", "\"x@EVIL.example\" <x@evil.example>", "" },
	{ "quoted", "\"ceo@bank.example\" <x@evil.example>", "bank.example" },
	{ "case", "\"CEO@Bank.Example\" <x@evil.example>", "bank.example" },
	{ "behind the address", "x@evil.example (ceo@bank.example)", "bank.example" },
	{ "below the author's", "\"ceo@a.evil.example\" <x@evil.example>", "a.evil.example" },
	{ "twice", "\"ceo@bank.example, cfo@bank.example, a@pay.example\" <x@evil.example>", "bank.example pay.example" },
	{ "spaces", "\"ceo @  bank.example\" <x@evil.example>", "bank.example" },
	{ "doubled sign", "\"ceo@@bank.example\" <x@evil.example>", "bank.example" },
	{ "end of a sentence", "\"ceo@bank.example...\" <x@evil.example>", "bank.example" },
	{ "brackets", "\"<ceo@bank.example>\" <x@evil.example>", "bank.example" },
	{ "backslashes", "\"ceo\\@bank\\.example\" <x@evil.example>", "bank.example" },
	{ "folded domain", "\"ceo@bank.\r\n example\" <x@evil.example>", "" },
	{ "fold behind the sign", "\"ceo@\r\n bank.example\" <x@evil.example>", "bank.example" },
	{ "no domain", "\"@home, me@localhost, a@\" <x@evil.example>", "" },
	{ "Q", "=?utf-8?q?ceo=40bank=2Eexample?= <x@evil.example>", "bank.example" },
	{ "Q with plain sign", "=?us-ascii?Q?_ceo@bank.example_?= <x@evil.example>", "bank.example" },
	{ "Q ended early", "=?utf-8?q?ceo=40bank.example=4?= <x@evil.example>", "bank.example" },
	{ "Q of no digits", "=?utf-8?q?ceo=4gbank.example?= <x@evil.example>", "" },
	{ "B", "=?UTF-8?B?Y2VvQGJhbmsuZXhhbXBsZQ==?= <x@evil.example>", "bank.example" },
	{ "B without padding", "=?UTF-8?b?Y2VvQGJhbmsuZXhhbXBsZQ?= <x@evil.example>", "bank.example" },
	{ "B with a digit too many", "=?UTF-8?b?Y2VvQGJhbmsuZXhhbXBsZSA8Y?= <x@evil.example>", "bank.example" },
	{ "B with spaces and signs", "=?UTF-8?b?Y2Vv QGJ-hbms.uZXhhbXBs*ZQ==?= <x@evil.example>", "bank.example" },
	{ "language", "=?utf-8*en?q?ceo=40bank.example?= <x@evil.example>", "bank.example" },
	{ "in quotes", "\"=?utf-8?q?ceo=40bank.example?=\" <x@evil.example>", "bank.example" },
	{ "two words", "=?utf-8?q?ceo=40bank=2E?=\r\n =?utf-8?b?ZXhhbXBsZQ==?= <x@evil.example>", "bank.example" },
	{ "two words without a space", "=?utf-8?q?ceo=40bank?==?utf-8?q?.example?= <x@evil.example>", "bank.example" },
	{ "text behind a word", "=?utf-8?q?ceo=40?=bank.example <x@evil.example>", "bank.example" },
	{ "raw octets in a word", "=?utf-8?q?\xc3\xa9 ceo=40bank.example?= <x@evil.example>", "bank.example" },
	{ "word without end", "=?utf-8?q?ceo=40bank.example <x@evil.example>", "" },
	{ "no word", "=?utf-8?x?ceo=40bank.example?= =?utf-8?q =?= <x@evil.example>", "" },
	{ "words that begin and do not end", "=?a?q?=?b?q?ceo=40bank.example?= <x@evil.example>", "bank.example" },
	{ "fullwidth sign", "\"ceo\xef\xbc\xa0" "bank.example\" <x@evil.example>", "bank.example" },
	{ "small sign in a word", "=?utf-8?q?ceo=EF=B9=ABbank.example?= <x@evil.example>", "bank.example" },
	{ "U-label", "\"ceo@b\xc3\xbc" "cher.example\" <x@evil.example>", "xn--bcher-kva.example" },
	{ "quotes of another script", "\xe2\x80\x9e" "ceo@bank.example\xe2\x80\x9d <x@evil.example>", "bank.example" },
	{ "Latin-1 behind it", "=?iso-8859-1?q?ceo=40bank.example=BB?= <x@evil.example>", "bank.example" },
	{ "address literal", "\"ceo@[192.0.2.1]\" <x@evil.example>", "" },
};

static void test_one_field(void **state)
{
	(void)state;
	struct as_arena *arena = as_arena_new();
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct as_fields fields;
		struct as_display_name found;
		struct as_buf text = as_buf_new(arena);
		as_fields_init(&fields, arena, 10, 10000);
		as_fields_add(&fields, "From", 4, cases[i].value, strlen(cases[i].value));
		as_display_name_find(arena, &fields, "evil.example", &found);
		for (size_t k = 0; k < found.count; k++)
			as_buf_printf(&text, "%s%s", k ? " " : "", found.domains[k]);
		if (strcmp(text.text, cases[i].domains) != 0)
			print_error("%s\n", cases[i].name);
		assert_string_equal(text.text, cases[i].domains);
	}
	as_arena_free(arena);
}

/* Without an author every domain is a stranger's; all fields of that name count, others do not; NUL octets hide nothing. */
static void test_several_fields(void **state)
{
	(void)state;
	static const char nul[] = "\"ceo@bank\0.example\"";
	struct as_arena *arena = as_arena_new();
	struct as_fields fields;
	struct as_display_name found;
	as_fields_init(&fields, arena, 10, 10000);
	as_fields_add(&fields, "Reply-To", 8, "<a@reply.example>", 17);
	as_fields_add(&fields, "from ", 5, "<x@evil.example>", 16);
	as_fields_add(&fields, "FROM", 4, nul, sizeof nul - 1);
	as_display_name_find(arena, &fields, NULL, &found);
	assert_int_equal(found.count, 2);
	assert_string_equal(found.domains[0], "evil.example");
	assert_string_equal(found.domains[1], "bank.example");
	as_arena_free(arena);
}

/* More than are kept; names that are none are tried so often and no more. */
static void test_bounds(void **state)
{
	(void)state;
	struct as_arena *arena = as_arena_new();
	struct as_fields fields;
	struct as_display_name found;
	struct as_buf many = as_buf_new(arena), vain = as_buf_new(arena);
	for (int i = 0; i < 20; i++)
		as_buf_printf(&many, "a@d%d.example ", i);
	for (int i = 0; i < 256; i++)
		as_buf_puts(&vain, "a@b ");
	as_buf_puts(&vain, "ceo@bank.example");
	as_fields_init(&fields, arena, 10, 10000);
	as_fields_add(&fields, "From", 4, many.text, many.length);
	as_display_name_find(arena, &fields, NULL, &found);
	assert_int_equal(found.count, AS_DISPLAY_NAME_MAX);
	assert_string_equal(found.domains[0], "d0.example");
	assert_string_equal(found.domains[AS_DISPLAY_NAME_MAX - 1], "d15.example");
	for (size_t skipped = 0; skipped < 8; skipped += 4) {
		as_fields_init(&fields, arena, 10, 10000);
		as_fields_add(&fields, "From", 4, vain.text + skipped, vain.length - skipped);
		as_display_name_find(arena, &fields, NULL, &found);
		assert_int_equal(found.count, skipped / 4);
	}
	as_arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_field),
		cmocka_unit_test(test_several_fields),
		cmocka_unit_test(test_bounds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
