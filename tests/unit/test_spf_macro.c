/* SPDX-License-Identifier: BSD-2-Clause */
/* test_spf_macro.c - macro strings of SPF, RFC 7208 section 7. */
#include "config.h"

#include "test.h"

#include "spf_macro.h"
#include "str.h"

#include <string.h>

#define D63 "a23456789012345678901234567890123456789012345678901234567890123"

static const char *client_name(void *user, const char *domain)
{
	(void)user;
	return strcmp(domain, "refused.example") == 0 ? NULL : "mx.example.org";
}

/* The sender, address and host of the examples in RFC 7208 7.4. */
static struct as_spf_macro_values values_of(const char *client)
{
	struct as_spf_macro_values values = {
		.local = "strong-bad",
		.sender_domain = "email.example.com",
		.domain = "email.example.com",
		.helo = "mx.example.org",
		.receiver = "in.example.net",
		.now_s = 1735689600,
		.validated_name = client_name,
	};
	assert_int_equal(as_ip_parse(client, &values.client), AS_OK);
	return values;
}

static struct as_spf_text text_of(const char *text)
{
	return (struct as_spf_text){ text, strlen(text) };
}

struct expansion {
	const char *spec;
	const char *want; /* NULL: no expansion */
};

static void run(const struct as_spf_macro_values *values, const struct expansion *cases, size_t count,
	const char *(*expand)(struct as_arena *, struct as_spf_text, const struct as_spf_macro_values *))
{
	struct as_arena *arena = as_arena_new();
	for (size_t i = 0; i < count; i++) {
		const char *got = expand(arena, text_of(cases[i].spec), values);
		if ((got == NULL) != (cases[i].want == NULL) || (got && strcmp(got, cases[i].want) != 0))
			fail_msg("\"%s\": want \"%s\", got \"%s\"", cases[i].spec, cases[i].want ? cases[i].want : "nothing",
				got ? got : "nothing");
	}
	as_arena_free(arena);
}

static void test_rfc_examples(void **state)
{
	static const struct expansion cases[] = {
		{ "%{s}", "strong-bad@email.example.com" },
		{ "%{o}", "email.example.com" },
		{ "%{d}", "email.example.com" },
		{ "%{d4}", "email.example.com" },
		{ "%{d3}", "email.example.com" },
		{ "%{d2}", "example.com" },
		{ "%{d1}", "com" },
		{ "%{dr}", "com.example.email" },
		{ "%{d2r}", "example.email" },
		{ "%{l}", "strong-bad" },
		{ "%{l-}", "strong.bad" },
		{ "%{lr}", "strong-bad" },
		{ "%{lr-}", "bad.strong" },
		{ "%{l1r-}", "strong" },
		{ "%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com" },
		{ "%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com" },
		{ "%{lr-}.lp.%{ir}.%{v}._spf.%{d2}", "bad.strong.lp.3.2.0.192.in-addr._spf.example.com" },
		{ "%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}", "3.2.0.192.in-addr.strong.lp._spf.example.com" },
		{ "%{d2}.trusted-domains.example.net", "example.com.trusted-domains.example.net" },
	};
	static const struct expansion ip6[] = {
		{ "%{ir}.%{v}._spf.%{d2}", "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6._spf.example.com" },
		{ "%{i10}.x", "0.0.0.0.0.0.c.b.0.1.x" },
	};
	(void)state;
	struct as_spf_macro_values values = values_of("192.0.2.3");
	run(&values, cases, sizeof cases / sizeof cases[0], as_spf_expand_domain);
	values = values_of("2001:db8::cb01");
	run(&values, ip6, sizeof ip6 / sizeof ip6[0], as_spf_expand_domain);
}

static void test_domains(void **state)
{
	static const struct expansion cases[] = {
		{ "%{d200}", "email.example.com" },
		{ "%{d99999999999999999999}", "email.example.com" },
		{ "%{d3}.x", "email.example.com.x" }, /* as many labels as asked for */
		{ "%{l1}.u.example", "strong-bad.u.example" },
		{ "%{D2R}", "example.email" },
		{ "%{o1,/}.x", "email.example.com.x" },
		{ "%{l2r+-}", "bad.strong" },
		{ "%{h}", "mx.example.org" },
		{ "%{p}.x", "mx.example.org.x" },
		{ "EXAMPLE.Com", "example.com" },
		{ "example.com.", "example.com" },
		{ "a%%b%_c%-d.example", "a%b c%20d.example" },
		{ "%{S}.x", "strong-bad%40email.example.com.x" },
		{ D63 "." D63 "." D63 "." D63 ".x", D63 "." D63 "." D63 ".x" }, /* 257 octets: one label goes */
		{ D63 "." D63 "." D63 "." D63 "x", D63 "." D63 "." D63 "x" },
	};
	static const struct expansion refused[] = { { "%{p}.x", NULL }, { "x.%{d1}", "x.example" } };
	(void)state;
	struct as_spf_macro_values values = values_of("192.0.2.3");
	run(&values, cases, sizeof cases / sizeof cases[0], as_spf_expand_domain);
	values.domain = "refused.example";
	run(&values, refused, 2, as_spf_expand_domain);
}

static void test_explanations(void **state)
{
	static const struct expansion cases[] = {
		{ "See http://%{d}/why.html?s=%{S}&i=%{I}",
		  "See http://email.example.com/why.html?s=strong-bad%40email.example.com&i=192.0.2.3" },
		{ "%{c} %{r} %{t} %%.", "192.0.2.3 in.example.net 1735689600 %." },
		{ "trailing dot.", "trailing dot." },
		{ " See %{d} ", " See email.example.com " },
		{ "", NULL },
		{ " ", NULL },
		{ "%_ %_", NULL },
		{ "100%", NULL },
		{ "%{x}", NULL },
		{ "tab\there", NULL },
		{ "caf\xc3\xa9", NULL },
	};
	static const struct expansion hostile[] = { { "hello %{h}", NULL }, { "hello %{H}", "hello a%0D%0Ab" } };
	(void)state;
	struct as_spf_macro_values values = values_of("192.0.2.3");
	run(&values, cases, sizeof cases / sizeof cases[0], as_spf_expand_explanation);
	values.helo = "a\r\nb";
	run(&values, hostile, 2, as_spf_expand_explanation);
	struct as_spf_text nul = { "a\0b", 3 };
	struct as_arena *arena = as_arena_new();
	assert_null(as_spf_expand_explanation(arena, nul, &values));
	as_arena_free(arena);
}

/* RFC 8616 4, SP-31: a term that uses a local part with other bytes than ASCII matches nothing. */
static void test_local_part(void **state)
{
	static const struct expansion cases[] = {
		{ "%{l}.x", NULL }, { "%{S}.x", NULL }, { "%{d}.x", "email.example.com.x" }, { "a.%{l1r}", NULL },
	};
	(void)state;
	struct as_spf_macro_values values = values_of("192.0.2.3");
	values.local = "jos\xc3\xa9";
	run(&values, cases, sizeof cases / sizeof cases[0], as_spf_expand_domain);
}

/* CVE-2021-33912, CVE-2021-33913: octets with the high bit, escaped, turned round and cut; delimiters only. */
static void test_hostile_values(void **state)
{
	static const struct expansion cases[] = {
		{ "%{H}.x", "%ff%80.%01%fe.x" },
		{ "%{HR}.x", "%01%fe.%ff%80.x" },
		{ "%{H1}.x", "%01%fe.x" },
		{ "%{H127R}.x", "%01%fe.%ff%80.x" },
		{ "%{Hr.-+,/_=}.x", "%01%fe.%ff%80.x" },
		{ "%{l}.x", ".-+,/_=.-+,/_=.x" },
		{ "%{lr.-+,/_=}.x", "...............x" },
		{ "%{l2r.-+,/_=}.x", "..x" },
		{ "%{L3}.x", ".-%2b%2c%2f_%3d.-%2b%2c%2f_%3d.x" },
	};
	(void)state;
	struct as_spf_macro_values values = values_of("192.0.2.3");
	values.helo = "\xff\x80.\x01\xfe";
	values.local = ".-+,/_=.-+,/_=";
	run(&values, cases, sizeof cases / sizeof cases[0], as_spf_expand_domain);
}

static void test_grammar(void **state)
{
	static const struct {
		const char *text;
		bool in_domain, in_modifier, in_explanation;
	} cases[] = {
		{ "", true, true, true },
		{ "a.b", true, true, true },
		{ "a b", false, false, true },
		{ "%{d}%{l1r.-+,/_=}", true, true, true },
		{ "%{DR}", true, true, true },
		{ "%{c}", false, true, true },
		{ "%{t}", false, true, true },
		{ "%{r}", false, true, true },
		{ "%{d0}", false, false, false },
		{ "%{d00}", false, false, false },
		{ "%{d01}", true, true, true },
		{ "%{dr2}", false, false, false },
		{ "%{d|}", false, false, false },
		{ "%{d", false, false, false },
		{ "%{", false, false, false },
		{ "%{}", false, false, false },
		{ "%", false, false, false },
		{ "%a", false, false, false },
		{ "%(d)", false, false, false },
		{ "a\x7f", false, false, false },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct as_spf_text text = text_of(cases[i].text);
		if (as_spf_macro_is_valid(text, AS_SPF_IN_DOMAIN) != cases[i].in_domain
			|| as_spf_macro_is_valid(text, AS_SPF_IN_MODIFIER) != cases[i].in_modifier
			|| as_spf_macro_is_valid(text, AS_SPF_IN_EXPLANATION) != cases[i].in_explanation)
			fail_msg("\"%s\"", cases[i].text);
	}
}

/* macros without number */
static void test_number(void **state)
{
	static const struct {
		enum as_spf_macro_place place;
		size_t count;
		bool is_valid;
	} cases[] = {
		{ AS_SPF_IN_DOMAIN, 32, true }, { AS_SPF_IN_DOMAIN, 33, false }, { AS_SPF_IN_EXPLANATION, 256, true },
		{ AS_SPF_IN_EXPLANATION, 257, false }, { AS_SPF_IN_MODIFIER, 10000, true },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct as_arena *arena = as_arena_new();
		struct as_buf text = as_buf_new(arena);
		for (size_t n = 0; n < cases[i].count; n++)
			as_buf_puts(&text, n % 2 ? "%{d}" : "%_");
		if (as_spf_macro_is_valid((struct as_spf_text){ text.text, text.length }, cases[i].place) != cases[i].is_valid)
			fail_msg("%zu macros in place %d", cases[i].count, (int)cases[i].place);
		as_arena_free(arena);
	}
}

/* 16,000 macros: the expansion must stay small and its end be right. */
static void test_long(void **state)
{
	(void)state;
	struct as_arena *arena = as_arena_new();
	struct as_spf_macro_values values = values_of("192.0.2.3");
	struct as_buf spec = as_buf_new(arena);
	for (int i = 0; i < 16000; i++)
		as_buf_puts(&spec, "%{d}.");
	as_buf_puts(&spec, "end.example");
	struct as_arena *small = as_arena_new();
	const char *name = as_spf_expand_domain(small, (struct as_spf_text){ spec.text, spec.length }, &values);
	assert_in_range(strlen(name), 240, 253);
	assert_string_equal(name + strlen(name) - 28, "mail.example.com.end.example");
	assert_in_range(as_arena_size(small), 0, 65536);
	assert_null(as_spf_expand_explanation(small, (struct as_spf_text){ spec.text, spec.length }, &values));
	size_t some = strlen("%{d}.") * AS_SPF_EXPLANATION_MACROS_MAX;
	const char *text = as_spf_expand_explanation(small, (struct as_spf_text){ spec.text, some }, &values);
	assert_int_equal(strlen(text), AS_SPF_EXPLANATION_MAX);
	as_arena_free(small);
	as_arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rfc_examples),
		cmocka_unit_test(test_domains),
		cmocka_unit_test(test_explanations),
		cmocka_unit_test(test_local_part),
		cmocka_unit_test(test_hostile_values),
		cmocka_unit_test(test_grammar),
		cmocka_unit_test(test_number),
		cmocka_unit_test(test_long),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
