/* SPDX-License-Identifier: BSD-2-Clause */
/* test_spf_record.c - the grammar of SPF records, RFC 7208 section 12. */
#include "config.h"

#include "test.h"

#include "arena.h"
#include "spf_record.h"
#include "str.h"

#include <stdlib.h>
#include <string.h>

/* The bytes and nothing behind them, so that a look there is seen. free() it. */
static char *alone(const char *bytes, size_t n)
{
	char *copy = as_xalloc(n);
	memcpy(copy, bytes, n);
	return copy;
}

/* What was parsed, in one line: "+a:x.example/32/128 ... redirect=... exp=...", or "error: term". */
static const char *describe(struct as_arena *arena, const char *bytes, size_t n)
{
	static const char *const names[] = { "all", "include", "a", "mx", "ptr", "ip4", "ip6", "exists", "redirect" };
	static const char signs[AS_CODES] = { [AS_PASS] = '+', [AS_FAIL] = '-', [AS_SOFTFAIL] = '~', [AS_NEUTRAL] = '?' };
	char *text = alone(bytes, n);
	struct as_spf_record *record = as_spf_record_parse(text, n);
	struct as_buf out = as_buf_new(arena);
	for (size_t i = 0; i < record->count; i++) {
		const struct as_spf_term *term = &record->terms[i];
		char ip[AS_IP_TEXT];
		as_buf_printf(&out, "%s%c%s", i ? " " : "", signs[term->qualifier], names[term->kind]);
		if (term->domain.n)
			as_buf_printf(&out, ":%.*s", (int)term->domain.n, term->domain.at);
		if (term->kind == AS_SPF_A || term->kind == AS_SPF_MX)
			as_buf_printf(&out, "/%u/%u", term->bits4, term->bits6);
		if (term->kind == AS_SPF_IP4 || term->kind == AS_SPF_IP6)
			as_buf_printf(&out, ":%s/%u", as_ip_text(&term->network.ip, ip), term->network.bits);
	}
	if (record->has_redirect)
		as_buf_printf(&out, " redirect=%.*s", (int)record->redirect.domain.n, record->redirect.domain.at);
	if (record->exp.n)
		as_buf_printf(&out, " exp=%.*s", (int)record->exp.n, record->exp.at);
	if (record->error)
		as_buf_printf(&out, "%s: %s", record->error, as_escape(arena, record->fault.at, record->fault.n, 60));
	free(record);
	free(text);
	return out.text;
}

struct record_case {
	const char *record;
	const char *want;
};

static void run(const struct record_case *cases, size_t count)
{
	struct as_arena *arena = as_arena_new();
	for (size_t i = 0; i < count; i++) {
		const char *got = describe(arena, cases[i].record, strlen(cases[i].record));
		if (strcmp(got, cases[i].want) != 0)
			fail_msg("\"%s\": want \"%s\", got \"%s\"", cases[i].record, cases[i].want, got);
	}
	as_arena_free(arena);
}

static void test_good(void **state)
{
	static const struct record_case cases[] = {
		{ "v=spf1", "" },
		{ "v=spf1   ", "" },
		{ "V=SPF1 -ALL", "-all" },
		{ "v=spf1  a   -all ", "+a/32/128 -all" },
		{ "v=spf1 ?a ~mx +ptr -exists:x.example", "?a/32/128 ~mx/32/128 +ptr -exists:x.example" },
		{ "v=spf1 a/24 a//64 a/24//64 a/0//0", "+a/24/128 +a/32/64 +a/24/64 +a/0/0" },
		{ "v=spf1 a:h.example/24//64 mx:h.example/8", "+a:h.example/24/64 +mx:h.example/8/128" },
		{ "v=spf1 a:a/b.example", "+a:a/b.example/32/128" },
		{ "v=spf1 a:%{d}/24 a:%{d1r/}//64", "+a:%{d}/24/128 +a:%{d1r/}/32/64" },
		{ "v=spf1 ip4:192.0.2.1 ip4:192.0.2.0/24 ip4:0.0.0.0/0", "+ip4:192.0.2.1/32 +ip4:192.0.2.0/24 +ip4:0.0.0.0/0" },
		{ "v=spf1 ip6:2001:db8::/32 ip6:::1 ip6:::ffff:192.0.2.1", "+ip6:2001:db8::/32 +ip6:::1/128 +ip6:::ffff:192.0.2.1/128" },
		{ "v=spf1 ip6:0000:0000:0000:0000:0000:ffff:192.168.100.100", "+ip6:::ffff:192.168.100.100/128" },
		{ "v=spf1 include:_spf.%{d2} include:x.xn--p1ai.", "+include:_spf.%{d2} +include:x.xn--p1ai." },
		{ "v=spf1 exists:%{i}%%", "+exists:%{i}%%" },
		{ "v=spf1 exists:.museum", "+exists:.museum" },
		{ "v=spf1 a:x.4com a:x.a-b a:x.1-2", "+a:x.4com/32/128 +a:x.a-b/32/128 +a:x.1-2/32/128" },
		{ "v=spf1 redirect=x.example", " redirect=x.example" },
		{ "v=spf1 redirect=x.example a", "+a/32/128 redirect=x.example" },
		{ "v=spf1 redirect=x.example -all", "-all" },
		{ "v=spf1 -all EXP=%{i}.x.example", "-all exp=%{i}.x.example" },
		{ "v=spf1 -all a mx ip4:192.0.2.1", "-all" },
		{ "v=spf1 a a a a a a a a a a a a a ip4:192.0.2.1",
		  "+a/32/128 +a/32/128 +a/32/128 +a/32/128 +a/32/128 +a/32/128 +a/32/128 +a/32/128 +a/32/128 +a/32/128 +a/32/128" },
		{ "v=spf1 foo=bar x-y.z_1=%{t}%{s} include= all=", "" },
	};
	(void)state;
	run(cases, sizeof cases / sizeof cases[0]);
}

static void test_bad(void **state)
{
	static const struct record_case cases[] = {
		{ "v=spf1 foo", "unknown mechanism: foo" },
		{ "v=spf1 -all foo", "unknown mechanism: foo" }, /* SP-7 */
		{ "v=spf1 redirect:x.example", "unknown mechanism: redirect:x.example" },
		{ "v=spf1 -exp=x.example", "unexpected character: -exp=x.example" },
		{ "v=spf1 --all", "not a mechanism: --all" },
		{ "v=spf1 -", "unknown mechanism: -" },
		{ "v=spf1 a\tmx", "unexpected character: a\\x09mx" },
		{ "v=spf1 all.", "unknown mechanism: all." },
		{ "v=spf1 all:x.example", "unexpected argument: all:x.example" },
		{ "v=spf1 all/8", "unexpected argument: all/8" },
		{ "v=spf1 ptr/24", "unexpected argument: ptr/24" },
		{ "v=spf1 include", "domain missing: include" },
		{ "v=spf1 include:", "not a domain: include:" },
		{ "v=spf1 exists:x.example/24", "not a domain: exists:x.example/24" },
		{ "v=spf1 a:", "not a domain: a:" },
		{ "v=spf1 a:/24", "not a domain: a:/24" },
		{ "v=spf1 a:museum", "not a domain: a:museum" },
		{ "v=spf1 a:x.111", "not a domain: a:x.111" },
		{ "v=spf1 a:x.-a", "not a domain: a:x.-a" },
		{ "v=spf1 a:x.a-", "not a domain: a:x.a-" },
		{ "v=spf1 a:x..", "not a domain: a:x.." },
		{ "v=spf1 a:x.example:8080", "not a domain: a:x.example:8080" },
		{ "v=spf1 a:x.example/", "not a domain: a:x.example/" },
		{ "v=spf1 a/", "unexpected argument: a/" },
		{ "v=spf1 a//", "unexpected argument: a//" },
		{ "v=spf1 a/33", "prefix length out of range: a/33" },
		{ "v=spf1 a/024", "prefix length out of range: a/024" },
		{ "v=spf1 a//129", "prefix length out of range: a//129" },
		{ "v=spf1 a/24/64", "prefix length out of range: a/24/64" },
		{ "v=spf1 a:x.example/24/64", "prefix length out of range: a:x.example/24/64" },
		{ "v=spf1 ip4", "address missing: ip4" },
		{ "v=spf1 ip4:", "no IP address: ip4:" },
		{ "v=spf1 ip4:192.0.2", "no IP address: ip4:192.0.2" },
		{ "v=spf1 ip4:192.0.2.01", "no IP address: ip4:192.0.2.01" },
		{ "v=spf1 ip4:192.0.2.256", "no IP address: ip4:192.0.2.256" },
		{ "v=spf1 ip4:192.0.2.1:25", "no IP address: ip4:192.0.2.1:25" },
		{ "v=spf1 ip4:192.0.2.1/33", "prefix length out of range: ip4:192.0.2.1/33" },
		{ "v=spf1 ip4:192.0.2.1/4294967328", "prefix length out of range: ip4:192.0.2.1/4294967328" },
		{ "v=spf1 ip4:192.0.2.1//32", "no IP address: ip4:192.0.2.1//32" },
		{ "v=spf1 ip4:2001:db8::1", "no IP address: ip4:2001:db8::1" },
		{ "v=spf1 ip6:192.0.2.1", "no IP address: ip6:192.0.2.1" },
		{ "v=spf1 ip6:2001:db8::/129", "prefix length out of range: ip6:2001:db8::/129" },
		{ "v=spf1 ip6:fe80::1%eth0", "no IP address: ip6:fe80::1%eth0" },
		{ "v=spf1 ip6:0000:0000:0000:0000:0000:ffff:192.168.100.1000", "no IP address: ip6:0000:0000:0000:0000:0000:ffff:192.168.100.1000" },
		{ "v=spf1 redirect=", "not a domain: redirect=" },
		{ "v=spf1 redirect=a.example redirect=b.example", "given twice: redirect=b.example" },
		{ "v=spf1 exp=a.example EXP=b.example", "given twice: EXP=b.example" },
		{ "v=spf1 exp=%{r}.example", "not a domain: exp=%{r}.example" },
		{ "v=spf1 foo=%x", "not a macro string: foo=%x" },
		{ "v=spf1 =foo", "not a mechanism: =foo" },
		{ "v=spf1 1foo=x", "not a mechanism: 1foo=x" },
		{ "v=spf1 a:%{a}.example", "not a domain: a:%{a}.example" },
		{ "v=spf1 a:caf\xc3\xa9.example", "not a domain: a:caf\\xc3\\xa9.example" },
		{ "v=spf1 \x01", "not a mechanism: \\x01" },
		{ "v=spf1 a\x80", "unexpected character: a\\x80" },
	};
	(void)state;
	run(cases, sizeof cases / sizeof cases[0]);
}

static void test_nul(void **state)
{
	static const char *const records[] = { "v=spf1 -all", "v=spf1 a:x.example ip4:192.0.2.1", "v=spf1 foo=bar" };
	(void)state;
	struct as_arena *arena = as_arena_new();
	for (size_t i = 0; i < sizeof records / sizeof records[0]; i++) {
		size_t n = strlen(records[i]);
		for (size_t at = strlen("v=spf1 "); at <= n; at++) {
			char *record = as_strndup(arena, records[i], n + 1); /* the byte at n is a NUL */
			record[at] = '\0';
			struct as_spf_record *parsed = as_spf_record_parse(record, n + 1);
			if (!parsed->error)
				fail_msg("\"%s\" with a NUL at %zu is accepted", records[i], at);
			free(parsed);
		}
	}
	as_arena_free(arena);
}

static void test_version(void **state)
{
	static const struct {
		const char *text;
		bool is_one;
	} cases[] = {
		{ "v=spf1", true }, { "v=spf1 ", true }, { "V=sPf1 -all", true }, { "v=spf10", false }, { "v=spf1\t-all", false },
		{ "v=spf", false }, { "", false },       { " v=spf1", false },    { "v=spf2", false },  { "\"v=spf1\"", false },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		size_t n = strlen(cases[i].text);
		char *text = alone(cases[i].text, n);
		if (as_spf_record_is_one(text, n) != cases[i].is_one)
			fail_msg("\"%s\": want %d", cases[i].text, cases[i].is_one);
		free(text);
	}
	assert_false(as_spf_record_is_one("v=spf1\0", 7));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_version),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
