/* SPDX-License-Identifier: BSD-2-Clause */
/* test_field.c - header fields as received, and the results of methods. */
#include "config.h"

#include "field.h"

#include "result.h"

#include <string.h>

#include "test.h"

static void test_add_value(void **state)
{
	static const struct {
		const char *name, *in;
		size_t n; /* 0: strlen(in) */
		const char *out;
		size_t out_n; /* 0: strlen(out) */
	} cases[] = {
		{ "plain", " text", 0, " text", 0 },
		{ "empty", "", 0, "", 0 },
		{ "CRLF fold", " a\r\n\tb", 0, " a\r\n\tb", 0 },
		{ "LF fold", " a\n\tb\n c", 0, " a\r\n\tb\r\n c", 0 },
		{ "mixed folds", "\n a\r\n b", 0, "\r\n a\r\n b", 0 },
		{ "bare CR", " a\rb\r\r\nc", 0, " a\rb\r\r\nc", 0 },
		{ "CR last", " a\r", 0, " a\r", 0 },
		{ "line end last", " a\r\n", 0, " a", 0 },
		{ "line ends last", " a\n\r\n\n", 0, " a", 0 },
		{ "line ends alone", "\r\n", 0, "", 0 },
		{ "white space last", " a \n ", 0, " a \r\n ", 0 },
		{ "NUL and eight bits", " a\0\xff", 4, " a\0\xff", 4 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct as_arena *arena = as_arena_new();
		struct as_fields fields;
		as_fields_init(&fields, arena, 10, 100);
		bool is_added = as_fields_add(&fields, "X", 1, cases[i].in, cases[i].n ? cases[i].n : strlen(cases[i].in));
		size_t n = cases[i].out_n ? cases[i].out_n : strlen(cases[i].out);
		const struct as_field *field = &fields.list[0];
		if (!is_added || field->value_length != n || memcmp(field->value, cases[i].out, n) != 0 || field->value[n] != '\0')
			fail_msg("%s: \"%s\", %zu octets", cases[i].name, field->value, field->value_length);
		assert_int_equal(fields.bytes, 1 + n);
		as_arena_free(arena);
	}
}

static void test_names_stay_as_they_are(void **state)
{
	static const char *const names[] = { "From", "FROM", "From ", "from\t", "Fro", "", "\xff", "From" };
	enum { COUNT = sizeof names / sizeof names[0] };
	(void)state;
	struct as_arena *arena = as_arena_new();
	struct as_fields fields;
	as_fields_init(&fields, arena, 1000, 100000);
	for (size_t i = 0; i < 200; i++)
		assert_true(as_fields_add(&fields, names[i % COUNT], strlen(names[i % COUNT]), NULL, 0));
	assert_int_equal(fields.count, 200);
	for (size_t i = 0; i < 200; i++)
		if (strcmp(fields.list[i].name, names[i % COUNT]) != 0 || fields.list[i].name_length != strlen(names[i % COUNT]))
			fail_msg("%zu: \"%s\"", i, fields.list[i].name);
	as_arena_free(arena);
}

static void test_caps(void **state)
{
	static const struct {
		const char *name;
		size_t most_fields, most_bytes;
		size_t count; /* of three fields of 1 + 4 octets, the second with a bare LF */
	} cases[] = {
		{ "room", 3, 16, 3 },      { "two fields", 2, 1000, 2 }, { "no field", 0, 1000, 0 },    { "one octet short", 3, 15, 2 },
		{ "the LF grows", 3, 10, 1 }, { "five octets", 3, 5, 1 },   { "four octets", 3, 4, 0 }, { "nothing", 3, 0, 0 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		static const char *const values[] = { " a b", " a\nb", " a b" };
		struct as_arena *arena = as_arena_new();
		struct as_fields fields;
		size_t kept = 0;
		as_fields_init(&fields, arena, cases[i].most_fields, cases[i].most_bytes);
		for (size_t k = 0; k < 3; k++)
			kept += as_fields_add(&fields, "X", 1, values[k], 4);
		if (fields.count != cases[i].count || kept != cases[i].count || fields.is_cut != (cases[i].count < 3))
			fail_msg("%s: %zu kept, cut %d", cases[i].name, fields.count, fields.is_cut);
		as_arena_free(arena);
	}
}

static void test_no_gap(void **state)
{
	(void)state;
	struct as_arena *arena = as_arena_new();
	struct as_fields fields;
	as_fields_init(&fields, arena, 10, 10);
	assert_true(as_fields_add(&fields, "A", 1, " b", 2));
	assert_false(as_fields_add(&fields, "A", 1, " too long for it", 16));
	assert_false(as_fields_add(&fields, "A", 1, " c", 2));
	assert_int_equal(fields.count, 1);
	assert_true(fields.is_cut);
	as_arena_free(arena);
}

static void test_names(void **state)
{
	static const struct {
		const char *name;
		size_t n;
		bool is_from;
	} cases[] = {
		{ "From", 4, true },      { "fROM", 4, true },      { "From ", 5, true },   { "From \t ", 7, true },
		{ " From", 5, true },     { "From\r\n ", 7, true }, { "From\0", 5, true },  { "\0From", 5, true },
		{ "Fr om", 5, true },     { "Fr\xff" "om", 5, true }, { "Fro", 3, false },   { "Fromm", 5, false },
		{ "X-From", 6, false },   { "", 0, false },         { "From.", 5, false },  { "Sender", 6, false },
		{ "Resent-From", 11, false },
	};
	enum { COUNT = sizeof cases / sizeof cases[0] };
	(void)state;
	struct as_arena *arena = as_arena_new();
	struct as_fields fields;
	size_t count = 0;
	as_fields_init(&fields, arena, 100, 10000);
	assert_null(as_fields_find(&fields, "From"));
	assert_int_equal(as_fields_count(&fields, "From"), 0);
	assert_true(as_fields_add(&fields, "To", 2, " x", 2));
	for (size_t i = 0; i < COUNT; i++) {
		assert_true(as_fields_add(&fields, cases[i].name, cases[i].n, " x", 2));
		count += cases[i].is_from;
		if (as_field_is(&fields.list[i + 1], "From") != cases[i].is_from)
			fail_msg("case %zu, \"%s\"", i, cases[i].name);
	}
	assert_int_equal(as_fields_count(&fields, "From"), count);
	assert_ptr_equal(as_fields_find(&fields, "From"), &fields.list[1]);
	assert_ptr_equal(as_fields_find(&fields, "to"), &fields.list[0]);
	as_arena_free(arena);
}

static void test_addressed(void **state)
{
	static const struct {
		const char *name;
		size_t n;
		bool is_from;
	} cases[] = {
		{ "From", 4, true },   { "fROM", 4, true },     { "From ", 5, true },     { "From \t ", 7, true }, { "From\r\n ", 7, true },
		{ " From", 5, false }, { "Fr om", 5, false },   { "From\0", 5, false },   { "From\x7f", 5, false }, { "\xff" "From", 5, false },
		{ "Fro", 3, false },   { "X-From", 6, false },  { "", 0, false },         { "  ", 2, false },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		if (as_field_is_addressed(cases[i].name, cases[i].n, "From") != cases[i].is_from)
			fail_msg("case %zu, \"%s\"", i, cases[i].name);
}

static void test_hidden_fields(void **state)
{
	static const struct {
		const char *value;
		size_t at;
	} cases[] = {
		{ " a\nFrom: b", 8 },     { " a\rFrom: b", 8 },    { " a\r\nFROM \t: b", 11 }, { "\rfrom:", 6 },
		{ " a\r\r\n\nFrom:", 11 }, { " a\r\n From: b", 0 }, { " a\r\n\tFrom: b", 0 },  { " From: b", 0 },
		{ " a\rFrom", 0 },        { " a\rFrom b:", 0 },    { " a\rX-From: b", 0 },     { "From: b", 0 },
		{ "", 0 },                { "\r", 0 },             { " a\rFrom: b\rFrom: c", 8 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		if (as_field_hidden(cases[i].value, strlen(cases[i].value), "From") != cases[i].at)
			fail_msg("case %zu: %s", i, cases[i].value);
}

static void test_results(void **state)
{
	(void)state;
	struct as_arena *arena = as_arena_new();
	struct as_results results = { 0 };
	for (int i = 0; i < 100; i++) {
		struct as_result *result = as_results_add(arena, &results, i % 2 ? "spf" : "dkim", AS_FAIL);
		result->reason = as_printf(arena, "%d", i);
	}
	assert_int_equal(results.count, 100);
	assert_string_equal(results.list[99].method, "spf");
	assert_string_equal(results.list[0].reason, "0");
	assert_string_equal(results.list[99].reason, "99");
	assert_int_equal(results.list[50].code, AS_FAIL);
	assert_int_equal(results.list[50].count, 0);

	struct as_result *result = &results.list[0];
	as_result_property(result, "smtp", "mailfrom", NULL);
	as_result_identity(result, "smtp", "mailfrom", NULL);
	assert_int_equal(result->count, 0);
	as_result_property(result, "header", "s", "sel");
	as_result_identity(result, "header", "d", "example.com");
	assert_int_equal(result->count, 2);
	assert_string_equal(result->properties[0].property, "s");
	assert_false(result->properties[0].is_identity);
	assert_string_equal(result->properties[1].ptype, "header");
	assert_string_equal(result->properties[1].value, "example.com");
	assert_true(result->properties[1].is_identity);
	for (int i = 0; i < 20; i++)
		as_result_property(result, "a", "b", "c");
	assert_int_equal(result->count, AS_PROPERTIES_MAX);
	as_arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_add_value), cmocka_unit_test(test_names_stay_as_they_are), cmocka_unit_test(test_caps),
		cmocka_unit_test(test_no_gap),    cmocka_unit_test(test_names),     cmocka_unit_test(test_hidden_fields),
		cmocka_unit_test(test_addressed),
		cmocka_unit_test(test_results),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
