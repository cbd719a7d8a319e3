/* SPDX-License-Identifier: BSD-2-Clause */
/* test_domain.c - the one form of domain names. */
#include "config.h"

#include "domain.h"

#include "str.h"

#include <pthread.h>
#include <string.h>

#include "test.h"

#define L10 "abcdefghij"
#define L60 L10 L10 L10 L10 L10 L10
#define L63 L60 "xyz"
#define N252 L63 "." L63 "." L63 "." L60 /* 63 + 1 + 63 + 1 + 63 + 1 + 60 octets */

struct normal_case {
	const char *name;
	const char *in;
	size_t n; /* 0: strlen(in) */
	const char *out; /* NULL: AS_ERR_SYNTAX */
};

static const struct normal_case normal_cases[] = {
	{ "plain", "example.com", 0, "example.com" },
	{ "lower case", "Mail.EXAMPLE.Com", 0, "mail.example.com" },
	{ "one trailing dot", "example.com.", 0, "example.com" },
	{ "two trailing dots", "example.com..", 0, NULL },
	{ "single label", "localhost", 0, "localhost" },
	{ "underscores", "_dmarc._x.example.com", 0, "_dmarc._x.example.com" },
	{ "hyphens", "a-b--c.-.example", 0, "a-b--c.-.example" },
	{ "empty", "", 0, NULL },
	{ "dot", ".", 0, NULL },
	{ "leading dot", ".example.com", 0, NULL },
	{ "empty label", "example..com", 0, NULL },
	{ "space", "example .com", 0, NULL },
	{ "tab", "example\t.com", 0, NULL },
	{ "NUL", "example.com\0.evil.example", 25, NULL },
	{ "NUL alone", "\0", 1, NULL },
	{ "NUL in a U-label", "b\xc3\xbc" "cher\0x.example", 17, NULL },
	{ "address literal", "[192.0.2.1]", 0, NULL },
	{ "angle bracket", "victim.example>", 0, NULL },
	{ "parenthesis", "a(b.example", 0, NULL },
	{ "quote", "a\"b.example", 0, NULL },
	{ "single quote", "a'b.example", 0, NULL },
	{ "semicolon", "a;b.example", 0, NULL },
	{ "backslash", "a\\b.example", 0, NULL },
	{ "at", "a@b.example", 0, NULL },
	{ "DEL", "a\x7f.example", 0, NULL },
	{ "label of 63", L63 ".example", 0, L63 ".example" },
	{ "label of 64", L63 "x.example", 0, NULL },
	{ "name of 253", "x" L60 "." L63 "." L63 "." L60 "x", 0, "x" L60 "." L63 "." L63 "." L60 "x" },
	{ "253 and a dot", N252 "x.", 0, N252 "x" },
	{ "name of 254", N252 "xy", 0, NULL },
	{ "U-label", "b\xc3\xbc" "cher.example", 0, "xn--bcher-kva.example" },
	{ "U-label, upper case", "B\xc3\x9c" "CHER.Example", 0, "xn--bcher-kva.example" },
	{ "U-label, decomposed", "bu\xcc\x88" "cher.example", 0, "xn--bcher-kva.example" },
	{ "U-label, trailing dot", "b\xc3\xbc" "cher.example.", 0, "xn--bcher-kva.example" },
	{ "sharp s is kept", "stra\xc3\x9f" "e.example", 0, "xn--strae-oqa.example" },
	{ "capital sharp s is one of two names", "stra\xe1\xba\x9e" "e.example", 0, NULL },
	{ "final sigma is kept", "\xce\xb2\xcf\x8c\xce\xbb\xce\xbf\xcf\x82.example", 0, "xn--nxasmm1c.example" },
	{ "zero width joiner", "vic\xe2\x80\x8dtim.example", 0, NULL },
	{ "zero width joiner where it is a letter's", "\xe0\xa4\x95\xe0\xa5\x8d\xe2\x80\x8d\xe0\xa4\xb7.example", 0, "xn--11b2ezcw70k.example" },
	{ "left-to-right mark", "vic\xe2\x80\x8etim.example", 0, NULL },
	{ "right-to-left override", "\xe2\x80\xaevictim.example", 0, NULL },
	{ "letters of both directions", "a\xd7\x90.example", 0, NULL },
	{ "combining mark first", "\xcc\x81" "cafe.example", 0, NULL },
	{ "U-label with hyphens like an A-label", "xn--caf\xc3\xa9.example", 0, NULL },
	{ "percent encoding", "victim%2eexample", 0, NULL },
	{ "one dot leader", "victim\xe2\x80\xa4" "example", 0, NULL },
	{ "account of", "\xe2\x84\x80.example", 0, NULL },
	{ "tag character", "vic\xf3\xa0\x80\xa1tim.example", 0, NULL },
	{ "A-label", "XN--Bcher-KVA.example", 0, "xn--bcher-kva.example" },
	{ "A-label that is none, alone", "xn--a.example", 0, "xn--a.example" },
	{ "A-label that is none beside a U-label", "xn--a.b\xc3\xbc" "cher.example", 0, "xn--a.xn--bcher-kva.example" },
	{ "underscore beside a U-label", "_Dmarc.b\xc3\xbc" "cher.example", 0, "_dmarc.xn--bcher-kva.example" },
	{ "ideographic full stop", "a\xe3\x80\x82" "example", 0, "a.example" },
	{ "full width full stop", "victim\xef\xbc\x8e" "example", 0, "victim.example" },
	{ "half width full stop", "victim.example\xef\xbd\xa1" "evil.example", 0, "victim.example.evil.example" },
	{ "ideographic full stop makes an empty label", "a.\xe3\x80\x82" "example", 0, NULL },
	{ "full width letters", "\xef\xbd\x82" "ank.example", 0, "bank.example" },
	{ "soft hyphen is nothing", "ba\xc2\xad" "nk.example", 0, "bank.example" },
	{ "full width at", "a\xef\xbc\xa0" "b.example", 0, NULL },
	{ "zero width space", "a\xe2\x80\x8b" "b.example", 0, "ab.example" },
	{ "invalid UTF-8", "b\xfc" "cher.example", 0, NULL },
	{ "cut UTF-8", "b\xc3", 0, NULL },
	{ "overlong UTF-8", "b\xc0\xae" "example", 0, NULL },
	{ "lone surrogate", "b\xed\xa0\x80.example", 0, NULL },
	{ "U-label, empty label", "b\xc3\xbc..example", 0, NULL },
	{ "no-break space", "a\xc2\xa0" "b.example", 0, NULL },
};

static void test_normal(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof normal_cases / sizeof normal_cases[0]; i++) {
		const struct normal_case *c = &normal_cases[i];
		struct as_arena *arena = as_arena_new();
		const char *domain = NULL;
		enum as_err err = as_domain_normal(arena, c->in, c->n ? c->n : strlen(c->in), &domain);
		if (err != (c->out ? AS_OK : AS_ERR_SYNTAX) || (c->out && strcmp(domain, c->out) != 0))
			fail_msg("%s: error %d, got \"%s\", want \"%s\"", c->name, (int)err, domain ? domain : "-", c->out ? c->out : "-");
		as_arena_free(arena);
	}
}

static void test_normal_again(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof normal_cases / sizeof normal_cases[0]; i++) {
		const struct normal_case *c = &normal_cases[i];
		struct as_arena *arena = as_arena_new();
		const char *domain = NULL;
		if (c->out && (as_domain_normal(arena, c->out, strlen(c->out), &domain) || strcmp(domain, c->out) != 0))
			fail_msg("%s: \"%s\" is not its own normal form", c->name, c->out);
		as_arena_free(arena);
	}
}

static void test_normal_is_bounded(void **state)
{
	(void)state;
	enum { SIZE = 1 << 20 };
	struct as_arena *arena = as_arena_new();
	char *huge = as_alloc(arena, SIZE);
	for (size_t i = 0; i < SIZE; i += 2)
		memcpy(huge + i, "\xc3\xbc", 2);
	size_t before = as_arena_size(arena);
	const char *domain = NULL;
	assert_int_equal(as_domain_normal(arena, huge, SIZE, &domain), AS_ERR_SYNTAX);
	assert_int_equal(as_domain_normal(arena, huge, 1000, &domain), AS_ERR_SYNTAX);
	assert_int_equal(as_domain_normal(arena, NULL, 0, &domain), AS_ERR_SYNTAX);
	assert_true(as_arena_size(arena) - before < 65536);
	assert_null(domain);
	as_arena_free(arena);
}

static const char buecher[] = "b\xc3\xbc" "cher.example";

static void *convert_many(void *unused)
{
	(void)unused;
	enum { ROUNDS = 200 };
	intptr_t bad = 0;
	for (int i = 0; i < ROUNDS; i++) {
		struct as_arena *arena = as_arena_new();
		const char *domain = "";
		bad += as_domain_normal(arena, buecher, sizeof buecher - 1, &domain) != AS_OK;
		bad += strcmp(domain, "xn--bcher-kva.example") != 0;
		as_arena_free(arena);
	}
	return (void *)bad;
}

static void test_normal_in_threads(void **state)
{
	(void)state;
	pthread_t threads[4];
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, convert_many, NULL), 0);
	for (size_t i = 0; i < 4; i++) {
		void *bad = NULL;
		assert_int_equal(pthread_join(threads[i], &bad), 0);
		assert_null(bad);
	}
}

static void test_queryable(void **state)
{
	static const struct {
		const char *name;
		bool is_queryable;
	} cases[] = {
		{ "example.com", true },  { "_dmarc.example.com", true }, { "a(\"\\;b.example", true }, { "", false },
		{ ".", false },           { "example.com.", false },      { "a..b", false },            { ".a", false },
		{ "a b.example", true }, { "a\x7f.example", false },     { "\xc3\xbc.example", false }, { "a\n.example", false },
		{ L63, true },            { L63 "x", false },             { N252 "x", true },           { N252 "xy", false },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		if (as_domain_is_queryable(cases[i].name) != cases[i].is_queryable)
			fail_msg("\"%s\": want %d", cases[i].name, cases[i].is_queryable);
}

static void test_parts(void **state)
{
	(void)state;
	static const struct {
		const char *domain;
		unsigned labels, wanted;
		const char *tail, *parent;
	} cases[] = {
		{ "", 0, 0, "", "" },
		{ "", 0, 3, "", "" },
		{ "com", 1, 0, "", "" },
		{ "com", 1, 1, "com", "" },
		{ "com", 1, 2, "com", "" },
		{ "mail.example.com", 3, 0, "", "example.com" },
		{ "mail.example.com", 3, 1, "com", "example.com" },
		{ "mail.example.com", 3, 2, "example.com", "example.com" },
		{ "mail.example.com", 3, 3, "mail.example.com", "example.com" },
		{ "mail.example.com", 3, 9, "mail.example.com", "example.com" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const char *domain = cases[i].domain;
		if (as_domain_labels(domain) != cases[i].labels || strcmp(as_domain_tail(domain, cases[i].wanted), cases[i].tail) != 0 ||
		    strcmp(as_domain_parent(domain), cases[i].parent) != 0)
			fail_msg("\"%s\", %u labels: %u, \"%s\", \"%s\"", domain, cases[i].wanted, as_domain_labels(domain),
				 as_domain_tail(domain, cases[i].wanted), as_domain_parent(domain));
	}
}

static void test_below(void **state)
{
	(void)state;
	static const struct {
		const char *domain, *ancestor;
		bool is_equal, is_below;
	} cases[] = {
		{ "example.com", "example.com", true, true },   { "EXAMPLE.com", "example.COM", true, true },
		{ "a.example.com", "example.com", false, true }, { "A.b.EXAMPLE.com", "example.com", false, true },
		{ "badexample.com", "example.com", false, false }, { "example.com", "a.example.com", false, false },
		{ "example.com", "com", false, true },           { "example.com", "", false, false },
		{ "", "example.com", false, false },             { "", "", true, true },
		{ ".com", "com", false, true },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		if (as_domain_equal(cases[i].domain, cases[i].ancestor) != cases[i].is_equal ||
		    as_domain_is_below(cases[i].domain, cases[i].ancestor) != cases[i].is_below)
			fail_msg("\"%s\" and \"%s\"", cases[i].domain, cases[i].ancestor);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_normal),
		cmocka_unit_test(test_normal_again),
		cmocka_unit_test(test_normal_is_bounded),
		cmocka_unit_test(test_normal_in_threads),
		cmocka_unit_test(test_queryable),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_below),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
