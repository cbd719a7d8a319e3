/* SPDX-License-Identifier: BSD-2-Clause */
/* test_spf_check.c - SPF for one identity: what the public suites do not show. Every case runs with and without early lookups. */
#include "config.h"

#include "test.h"

#include "dns_backend.h"
#include "dns_world.h"
#include "spf_check.h"
#include "str.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { UNRELATED = 20, NOW_S = 1735689600, QUERIES_MAX = 1 + 10 * (1 + 10), STARTED_MAX = 40 };

static struct as_dns_world open_world(const char *zone)
{
	return as_dns_world_open(zone, NOW_S, 0, 500);
}

/* .want = "fail -all @example.com terms 1 voids 0", or .want = "permerror (reason) terms 11 voids 0". */
static const char *describe(struct as_arena *arena, const struct as_spf_outcome *outcome)
{
	struct as_buf out = as_buf_new(arena);
	as_buf_puts(&out, as_code_name(outcome->code));
	if (outcome->mechanism)
		as_buf_printf(&out, " %s @%s", outcome->mechanism, outcome->where);
	if (outcome->reason)
		as_buf_printf(&out, " (%s)", outcome->reason);
	if (outcome->explanation)
		as_buf_printf(&out, " \"%s\"", outcome->explanation);
	as_buf_printf(&out, " %u/%u", outcome->terms, outcome->voids);
	return out.text;
}

struct check_case {
	const char *name;
	const char *zone;
	const char *want;
	const char *client; /* default 192.0.2.1 */
	const char *local;  /* default "user" */
	const char *domain; /* default example.com */
	const char *helo;   /* default mail.example.com */
	unsigned queries;   /* exact number without early lookups; 0: not looked at */
	unsigned budget;    /* of queries; default 500 */
	bool wants_explanation;
};

static struct as_spf_request request_of(const struct check_case *test)
{
	struct as_spf_request request = {
		.helo = test->helo ? test->helo : "mail.example.com",
		.local = test->local ? test->local : "user",
		.domain = test->domain ? test->domain : "example.com",
		.receiver = "in.example.net",
		.now_s = NOW_S,
		.wants_explanation = test->wants_explanation,
	};
	assert_int_equal(as_ip_parse(test->client ? test->client : "192.0.2.1", &request.client), AS_OK);
	return request;
}

static void run_check(const struct check_case *test, bool is_early)
{
	struct as_dns_world world = as_dns_world_open(test->zone ? test->zone : "", NOW_S, 0, test->budget ? test->budget : 500);
	struct as_spf_request request = request_of(test);
	struct as_spf_outcome outcome;
	if (is_early)
		as_spf_start(world.set, &request);
	as_spf_check(world.arena, world.set, &request, &outcome);
	const char *got = describe(world.arena, &outcome);
	unsigned queries = as_dns_fake_queries(world.fake, NULL, 0);
	if (strcmp(got, test->want) != 0)
		fail_msg("%s%s:\nwant %s\ngot  %s", test->name, is_early ? ", early" : "", test->want, got);
	if (!is_early && test->queries && queries != test->queries)
		fail_msg("%s: want %u queries, got %u", test->name, test->queries, queries);
	as_dns_world_close(&world);
}

static void run(const struct check_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		run_check(&cases[i], false);
		run_check(&cases[i], true);
	}
}

#define TXT(name, text) name " TXT \"" text "\"\n"
#define IP4_8 "ip4:10.0.0.1 ip4:10.0.0.2 ip4:10.0.0.3 ip4:10.0.0.4 ip4:10.0.0.5 ip4:10.0.0.6 ip4:10.0.0.7 ip4:10.0.0.8 "
#define IP4_16 IP4_8 "\" \"" IP4_8
#define IP4_64 IP4_16 IP4_16 IP4_16 IP4_16
#define IP6_13 "ip6:::1 ip6:::2 ip6:::3 ip6:::4 ip6:::5 ip6:::6 ip6:::7 ip6:::8 ip6:::9 ip6:::a ip6:::b ip6:::c ip6:::d " "\" \""
#define INCLUDES_10 "include:0.%{d} include:1.%{d} include:2.%{d} include:3.%{d} include:4.%{d} " \
	"include:5.%{d} include:6.%{d} include:7.%{d} include:8.%{d} include:9.%{d}"
#define BYTES_60 "a23456789012345678901234567890123456789012345678901234567890"
#define L15 "%{l}%{l}%{l}%{l}%{l}%{l}%{l}%{l}%{l}%{l}%{l}%{l}%{l}%{l}%{l}"
#define L16 L15 "%{l}"
#define U16 "uuuuuuuuuuuuuuuu"
#define U14 "uuuuuuuuuuuuuu"
#define C56 "c2345678901234567890123456789012345678901234567890123456"
#define LONG "a23456789012345678901234567890.b23456789012345678901234567890"

#define PTR1(host) "1.2.0.192.in-addr.arpa PTR " host ".example.org.\n" host ".example.org A 192.0.2.1\n"
#define PTR9 PTR1("p0") PTR1("p1") PTR1("p2") PTR1("p3") PTR1("p4") PTR1("p5") PTR1("p6") PTR1("p7") PTR1("p8")
#define PTR10 PTR9 PTR1("p9")

/* What libspf2 alone gets wrong and no public suite tests. */
static void test_differences(void **state)
{
	static const struct check_case cases[] = {
		{ "64 ip4 then -all", TXT("example.com", "v=spf1 " IP4_64 "-all"), .want = "fail -all @example.com 0/0" },
		{ "26 ip6 then -all", TXT("example.com", "v=spf1 " IP6_13 IP6_13 "-all"), .want = "fail -all @example.com 0/0",
		  .client = "2001:db8::2" },
		{ "9 long includes then -all",
		  TXT("example.com", "v=spf1 include:1." LONG ".com include:2." LONG ".com include:3." LONG ".com \" \""
			"include:4." LONG ".com include:5." LONG ".com include:6." LONG ".com \" \""
			"include:7." LONG ".com include:8." LONG ".com include:9." LONG ".com -all")
		  TXT("*." LONG ".com", "v=spf1 ip4:10.0.0.1"),
		  .want = "fail -all @example.com 9/0" },
		{ "digits equal to the number of labels", TXT("example.com", "v=spf1 exists:%{i}._spf.%{d2} -all")
		  "192.0.2.1._spf.example.com A 127.0.0.2\n",
		  .want = "pass exists:%{i}._spf.%{d2} @example.com 1/0" },
		{ "%{l1} of one part", TXT("example.com", "v=spf1 exists:%{l1}.u.example.com -all") "user.u.example.com A 127.0.0.2\n",
		  .want = "pass exists:%{l1}.u.example.com @example.com 1/0" },
		{ "delimiters , and /", TXT("example.com", "v=spf1 exists:%{l,/}.u.example.com -all") "a.b.c.u.example.com A 127.0.0.2\n",
		  .want = "pass exists:%{l,/}.u.example.com @example.com 1/0", .local = "a,b/c" },
		{ "%{d200}", TXT("example.com", "v=spf1 a:%{d200} -all") "example.com A 192.0.2.1\n",
		  .want = "pass a:%{d200} @example.com 1/0" },
		{ "ip4 prefix beyond 32 bits", TXT("example.com", "v=spf1 ip4:192.0.2.1/4294967328 -all"),
		  .want = "permerror (example.com: prefix length out of range: ip4:192.0.2.1/4294967328) 0/0" },
		{ "empty prefix", TXT("example.com", "v=spf1 a:host.example.com/ -all"),
		  .want = "permerror (example.com: not a domain: a:host.example.com/) 0/0" },
		{ "the 11th term would match", TXT("example.com", "v=spf1 a a a a a a a a a a a:b.example.com")
		  "example.com A 10.0.0.1\nb.example.com A 192.0.2.1\n",
		  .want = "permerror (more than 10 terms that query DNS) 11/0" },
		{ "the 11th term is the last", TXT("example.com", "v=spf1 a a a a a a a a a a a") "example.com A 10.0.0.1\n",
		  .want = "permerror (more than 10 terms that query DNS) 11/0", .queries = 2 },
		{ "the 10th term matches", TXT("example.com", "v=spf1 a a a a a a a a a a:b.example.com a a")
		  "example.com A 10.0.0.1\nb.example.com A 192.0.2.1\n",
		  .want = "pass a:b.example.com @example.com 10/0" },
		{ "redirect as 11th term", TXT("example.com", "v=spf1 a a a a a a a a a a redirect=b.example.com")
		  "example.com A 10.0.0.1\n"
		  TXT("b.example.com", "v=spf1 +all"), .want = "permerror (more than 10 terms that query DNS) 11/0" },
		{ "redirect as 10th term", TXT("example.com", "v=spf1 a a a a a a a a a redirect=b.example.com") "example.com A 10.0.0.1\n"
		  TXT("b.example.com", "v=spf1 +all"), .want = "pass +all @b.example.com 10/0" },
		{ "11 MX, the first matches",
		  TXT("example.com", "v=spf1 mx -all") "m.example.com A 192.0.2.1\nexample.com MX 0 m.example.com.\n"
		  "example.com MX 1 m1.example.com.\nexample.com MX 2 m2.example.com.\nexample.com MX 3 m3.example.com.\n"
		  "example.com MX 4 m4.example.com.\nexample.com MX 5 m5.example.com.\nexample.com MX 6 m6.example.com.\n"
		  "example.com MX 7 m7.example.com.\nexample.com MX 8 m8.example.com.\nexample.com MX 9 m9.example.com.\n"
		  "example.com MX 10 m10.example.com.\n",
		  .want = "permerror (example.com has more than 10 MX records) 1/0", .queries = 2 },
		{ "client 127.0.0.1", TXT("example.com", "v=spf1 -all"), .want = "fail -all @example.com 0/0", .client = "127.0.0.1" },
		{ "client ::1", TXT("example.com", "v=spf1 -all"), .want = "fail -all @example.com 0/0", .client = "::1" },
		{ "SERVFAIL for PTR", TXT("example.com", "v=spf1 ptr -all") "$SERVFAIL 1.2.0.192.in-addr.arpa\n",
		  .want = "fail -all @example.com 1/0" },
		{ "SERVFAIL for a name of PTR",
		  TXT("example.com", "v=spf1 ptr -all")
		  "1.2.0.192.in-addr.arpa PTR a.example.com.\n1.2.0.192.in-addr.arpa PTR b.example.com.\n"
		  "$SERVFAIL a.example.com\nb.example.com A 192.0.2.1\n",
		  .want = "pass ptr @example.com 1/0" },
		{ "unknown modifier of 300 octets",
		  TXT("example.com", "v=spf1 x=" BYTES_60 BYTES_60 BYTES_60 "\" \"" BYTES_60 BYTES_60 " ip4:192.0.2.1"),
		  .want = "pass ip4:192.0.2.1 @example.com 0/0" },
		{ "exp-text is no modifier", TXT("example.com", "v=spf1 -all exp-text=nonsense%{i}"), .want = "fail -all @example.com 0/0",
		  .wants_explanation = true },
		{ "name over 253 octets", TXT("example.com", "v=spf1 exists:" LONG "." LONG "." LONG "." C56 ".%{d} -all")
		  "b23456789012345678901234567890." LONG "." LONG "." C56 ".example.com A 127.0.0.2\n",
		  .want = "pass exists:" LONG "." LONG "." LONG "." C56 ".%{d} @example.com 1/0" },
		{ "exp of neutral and of includes costs nothing", TXT("example.com", "v=spf1 include:b.example.com ?all exp=e.example.com")
		  TXT("b.example.com", "v=spf1 -all exp=e.example.com"), .want = "neutral ?all @example.com 1/0", .wants_explanation = true,
		  .queries = 2 },
		{ "10 includes per level", TXT("*.example.com", "v=spf1 " INCLUDES_10) TXT("example.com", "v=spf1 " INCLUDES_10),
		  .want = "permerror (more than 10 terms that query DNS) 11/0", .queries = 11 },
	};
	(void)state;
	run(cases, sizeof cases / sizeof cases[0]);
}

static void test_entry(void **state)
{
	static const struct check_case cases[] = {
		{ "single label", NULL, .want = "none (not a multi-label domain name) 0/0", .domain = "localhost" },
		{ "address literal", NULL, .want = "none (not a domain name) 0/0", .domain = "[192.0.2.1]" },
		{ "empty domain", NULL, .want = "none (not a domain name) 0/0", .domain = "" },
		{ "NXDOMAIN", NULL, .want = "none (example.com does not exist) 0/0" },
		{ "no TXT", "example.com A 192.0.2.1\n", .want = "none (example.com has no SPF record) 0/0" },
		{ "other TXT", TXT("example.com", "v=spf10") TXT("example.com", "hello"),
		  .want = "none (example.com has no SPF record) 0/0" },
		{ "two records", TXT("example.com", "v=spf1 +all") TXT("example.com", "V=SPF1 -all"),
		  .want = "permerror (example.com: several SPF records) 0/0" },
		{ "two records, other order", TXT("example.com", "V=SPF1 -all") TXT("example.com", "v=spf1 +all"),
		  .want = "permerror (example.com: several SPF records) 0/0" },
		{ "good and bad record", TXT("example.com", "v=spf1 nonsense") TXT("example.com", "v=spf1 +all"),
		  .want = "permerror (example.com: several SPF records) 0/0" },
		{ "SERVFAIL", "$SERVFAIL example.com TXT\n", .want = "temperror (TXT lookup of example.com: SERVFAIL) 0/0" },
		{ "timeout", "$TIMEOUT example.com TXT\n", .want = "temperror (TXT lookup of example.com: timeout) 0/0" },
		{ "upper case and a final dot", TXT("example.com", "v=spf1 a") "example.com A 192.0.2.1\n",
		  .want = "pass a @example.com 1/0", .domain = "EXAMPLE.com." },
		{ "U-label", TXT("xn--bcher-kva.example", "v=spf1 exists:%{d} exists:%{o} -all") "xn--bcher-kva.example A 192.0.2.1\n",
		  .want = "pass exists:%{d} @xn--bcher-kva.example 1/0", .domain = "b\xc3\xbc" "cher.example" }, /* SP-30 */
		{ "empty local part", TXT("example.com", "v=spf1 exists:%{l}.example.com") "postmaster.example.com A 127.0.0.2\n",
		  .want = "pass exists:%{l}.example.com @example.com 1/0", .local = "" },
		{ "local part not ASCII, exists", TXT("example.com", "v=spf1 exists:%{l}.example.com exists:%{d}")
		  "example.com A 127.0.0.2\n*.example.com A 127.0.0.2\n",
		  .want = "pass exists:%{d} @example.com 2/0", .local = "jos\xc3\xa9" }, /* SP-31 */
		{ "local part not ASCII, beside %{p}", TXT("example.com", "v=spf1 exists:%{p}.%{l}.example.com exists:%{S}.%{p} -all"),
		  .want = "fail -all @example.com 2/0", .local = "jos\xc3\xa9", .queries = 1 },
		{ "local part not ASCII, include and redirect", TXT("example.com",
		  "v=spf1 include:%{s}.example.com redirect=%{L}.example.com"),
		  .want = "neutral default @example.com 2/0", .local = "jos\xc3\xa9" },
		{ "mapped client", TXT("example.com", "v=spf1 ip4:192.0.2.1 -all"), .want = "pass ip4:192.0.2.1 @example.com 0/0",
		  .client = "::ffff:192.0.2.1" },
	};
	(void)state;
	run(cases, sizeof cases / sizeof cases[0]);
	struct as_dns_world world = open_world("");
	struct as_spf_request request = request_of(&cases[0]);
	struct as_spf_outcome outcome;
	request.domain = "example.com";
	request.client.family = 0;
	as_spf_start(world.set, &request);
	as_spf_check(world.arena, world.set, &request, &outcome);
	assert_string_equal(describe(world.arena, &outcome), "none (no client address) 0/0");
	assert_string_equal(outcome.domain, "example.com");
	as_dns_world_close(&world);
}

static void test_unknown_client(void **state)
{
	static const struct {
		const char *domain, *want, *normal;
	} cases[] = {
		{ "Example.com", "temperror (no idea) 0/0", "example.com" },
		{ NULL, "temperror (no idea) 0/0", "" },
		{ "localhost", "none (not a multi-label domain name) 0/0", "localhost" },
		{ "[192.0.2.1]", "none (not a domain name) 0/0", "" },
		{ "", "none (not a domain name) 0/0", "" },
	};
	(void)state;
	struct as_arena *arena = as_arena_new();
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct as_spf_outcome outcome;
		as_spf_unknown(arena, cases[i].domain, "no idea", &outcome);
		assert_string_equal(describe(arena, &outcome), cases[i].want);
		assert_string_equal(outcome.domain ? outcome.domain : "", cases[i].normal);
		assert_null(outcome.weakest);
	}
	as_arena_free(arena);
}

static void test_mechanisms(void **state)
{
	static const struct check_case cases[] = {
		{ "no match", TXT("example.com", "v=spf1"), .want = "neutral default @example.com 0/0" },
		{ "what follows all", TXT("example.com", "v=spf1 ~all a mx -all"), .want = "softfail ~all @example.com 0/0", .queries = 1 },
		{ "ip4 before DNS", TXT("example.com", "v=spf1 ip4:192.0.2.0/24 a mx -all"),
		  .want = "pass ip4:192.0.2.0/24 @example.com 0/0", .queries = 1 },
		{ "qualified ip4", TXT("example.com", "v=spf1 ?ip4:192.0.2.0/24 -all"),
		  .want = "neutral ?ip4:192.0.2.0/24 @example.com 0/0" },
		{ "ip6 /0 is not IPv4", TXT("example.com", "v=spf1 ip6:::/0 -all"), .want = "fail -all @example.com 0/0" },
		{ "ip6", TXT("example.com", "v=spf1 ip6:2001:db8::/32 -all"), .want = "pass ip6:2001:db8::/32 @example.com 0/0",
		  .client = "2001:db8::1" },
		{ "a for IPv6", TXT("example.com", "v=spf1 a/0//64 -all") "example.com AAAA 2001:db8::2\n",
		  .want = "pass a/0//64 @example.com 1/0", .client = "2001:db8::1" },
		{ "a with mapped AAAA and /0", TXT("example.com", "v=spf1 a//0 -all") "example.com AAAA ::ffff:192.0.2.9\n",
		  .want = "pass a//0 @example.com 1/0", .client = "2001:db8::1" },
		{ "a SERVFAIL", TXT("example.com", "v=spf1 a -all") "$SERVFAIL example.com A\n",
		  .want = "temperror (A lookup of example.com: SERVFAIL) 1/0" },
		{ "mx", TXT("example.com", "v=spf1 mx/24 -all") "example.com MX 10 m.example.com.\nm.example.com A 192.0.2.77\n",
		  .want = "pass mx/24 @example.com 1/0" },
		{ "all hosts of an MX are asked at once", TXT("example.com", "v=spf1 mx -all") "example.com MX 0 m.example.com.\n"
		  "example.com MX 1 n.example.com.\nexample.com MX 2 o.example.com.\nm.example.com A 192.0.2.1\n",
		  .want = "pass mx @example.com 1/0", .queries = 5 },
		{ "null MX", TXT("example.com", "v=spf1 mx -all") "example.com MX 0 .\n", .want = "fail -all @example.com 1/0",
		  .queries = 2 },
		{ "no implicit MX", TXT("example.com", "v=spf1 mx -all") "example.com A 192.0.2.1\n",
		  .want = "fail -all @example.com 1/1" }, /* SP-17 */
		{ "mx address SERVFAIL", TXT("example.com", "v=spf1 mx -all") "example.com MX 0 m.example.com.\n$SERVFAIL m.example.com\n",
		  .want = "temperror (A lookup of m.example.com: SERVFAIL) 1/0" },
		{ "ptr below its target", TXT("example.com", "v=spf1 ptr:x.example.com -all")
		  "1.2.0.192.in-addr.arpa PTR a.x.example.com.\na.x.example.com A 192.0.2.1\n",
		  .want = "pass ptr:x.example.com @example.com 1/0" },
		{ "ptr beside its target", TXT("example.com", "v=spf1 ptr:x.example.com -all")
		  "1.2.0.192.in-addr.arpa PTR ax.example.com.\nax.example.com A 192.0.2.1\n",
		  .want = "fail -all @example.com 1/0" },
		{ "ptr not confirmed", TXT("example.com", "v=spf1 -ptr:example.com +all")
		  "1.2.0.192.in-addr.arpa PTR a.example.com.\na.example.com A 192.0.2.2\n",
		  .want = "pass +all @example.com 1/0" },
		{ "libspf2 52: no PTR", TXT("example.com", "v=spf1 -ptr:example.com +all"), .want = "pass +all @example.com 1/1" },
		{ "libspf2 52: PTR is an alias of nothing", TXT("example.com", "v=spf1 -ptr:example.com +all")
		  "1.2.0.192.in-addr.arpa CNAME nowhere.example.\n", .want = "pass +all @example.com 1/1" },
		{ "libspf2 52: 12 PTR, the 11th would match", TXT("example.com", "v=spf1 -ptr:example.com +all") PTR10
		  "1.2.0.192.in-addr.arpa PTR a.example.com.\n1.2.0.192.in-addr.arpa PTR b.example.com.\n"
		  "a.example.com A 192.0.2.1\nb.example.com A 192.0.2.1\n", .want = "pass +all @example.com 1/0" },
		{ "libspf2 52: 10 PTR, the 10th matches", TXT("example.com", "v=spf1 -ptr:example.com +all") PTR9
		  "1.2.0.192.in-addr.arpa PTR a.example.com.\na.example.com A 192.0.2.1\n",
		  .want = "fail -ptr:example.com @example.com 1/0" },
		{ "pyspf 40: IPv6 client, three hosts with IPv4 only", TXT("example.com", "v=spf1 a:a.example.com a:b.example.com "
		  "a:c.example.com ip6:2001:db8::/32 -all") "a.example.com A 192.0.2.1\nb.example.com A 192.0.2.2\n"
		  "c.example.com A 192.0.2.3\n", .want = "permerror (more than 2 void lookups) 3/3", .client = "2001:db8::1" },
		{ "pyspf 40: IPv6 client, two hosts with IPv4 only", TXT("example.com", "v=spf1 a:a.example.com a:b.example.com "
		  "ip6:2001:db8::/32 -all") "a.example.com A 192.0.2.1\nb.example.com A 192.0.2.2\n",
		  .want = "pass ip6:2001:db8::/32 @example.com 2/2", .client = "2001:db8::1" },
		{ "ptr through CNAME", TXT("example.com", "v=spf1 ptr -all") "1.2.0.192.in-addr.arpa CNAME 1.0-25.2.0.192.in-addr.arpa.\n"
		  "1.0-25.2.0.192.in-addr.arpa PTR a.example.com.\na.example.com A 192.0.2.1\n", .want = "pass ptr @example.com 1/0" },
		{ "ptr timeout", TXT("example.com", "v=spf1 ptr -all") "$TIMEOUT 1.2.0.192.in-addr.arpa\n",
		  .want = "temperror (PTR lookup of 1.2.0.192.in-addr.arpa: timeout) 1/0" },
		{ "ptr over the budget", TXT("example.com", "v=spf1 ptr -all"), .budget = 1,
		  .want = "temperror (PTR lookup of 1.2.0.192.in-addr.arpa: query budget used up) 1/0" },
		{ "%{p} timeout", TXT("example.com", "v=spf1 exists:%{p}.example.com -all") "$TIMEOUT 1.2.0.192.in-addr.arpa\n",
		  .want = "temperror (PTR lookup of 1.2.0.192.in-addr.arpa: timeout) 2/0" },
		{ "%{p} timeout of a name", TXT("example.com", "v=spf1 include:%{p}.example.com -all")
		  "1.2.0.192.in-addr.arpa PTR a.example.org.\n$TIMEOUT a.example.org\n",
		  .want = "temperror (A lookup of a.example.org: timeout) 2/0" },
		{ "%{p} SERVFAIL", TXT("example.com", "v=spf1 exists:%{p}.example.com -all") "$SERVFAIL 1.2.0.192.in-addr.arpa\n"
		  "unknown.example.com A 127.0.0.2\n", .want = "pass exists:%{p}.example.com @example.com 2/0" },
		{ "exists ignores the family", TXT("example.com", "v=spf1 exists:e.example.com -all") "e.example.com A 127.0.0.2\n",
		  .want = "pass exists:e.example.com @example.com 1/0", .client = "2001:db8::1" },
		{ "include passes", TXT("example.com", "v=spf1 include:b.example.com -all") TXT("b.example.com",
		  "v=spf1 ip4:192.0.2.1 -all"),
		  .want = "pass ip4:192.0.2.1 @b.example.com 1/0" },
		{ "include fails, the next term matches", TXT("example.com", "v=spf1 include:b.example.com ~all") TXT("b.example.com",
		  "v=spf1 -all"),
		  .want = "softfail ~all @example.com 1/0" },
		{ "include fails, nothing matches", TXT("example.com", "v=spf1 include:b.example.com") TXT("b.example.com", "v=spf1 -all"),
		  .want = "neutral default @example.com 1/0" },
		{ "include turned round", TXT("example.com", "v=spf1 -include:b.example.com +all") TXT("b.example.com",
		  "v=spf1 include:c.example.com")
		  TXT("c.example.com", "v=spf1 +all"), .want = "fail -include:b.example.com @example.com 2/0" },
		{ "include of nothing", TXT("example.com", "v=spf1 include:b.example.com -all"),
		  .want = "permerror (b.example.com does not exist) 1/0" },
		{ "include of no record", TXT("example.com", "v=spf1 include:b.example.com -all") "b.example.com A 192.0.2.1\n",
		  .want = "permerror (b.example.com has no SPF record) 1/0" },
		{ "include of no domain", TXT("example.com", "v=spf1 include:%{d1} -all"),
		  .want = "permerror (com is not a domain name) 1/0", .queries = 1 },
		{ "include SERVFAIL", TXT("example.com", "v=spf1 include:b.example.com -all") "$SERVFAIL b.example.com\n",
		  .want = "temperror (TXT lookup of b.example.com: SERVFAIL) 1/0" },
		{ "error behind a match in an include", TXT("example.com", "v=spf1 include:b.example.com +all") TXT("b.example.com",
		  "v=spf1 -all nonsense"),
		  .want = "permerror (b.example.com: unknown mechanism: nonsense) 1/0" },
		{ "redirect", TXT("example.com", "v=spf1 a redirect=b.example.com") "example.com A 10.0.0.1\n" TXT("b.example.com",
		  "v=spf1 ~all"),
		  .want = "softfail ~all @b.example.com 2/0" },
		{ "redirect without a match", TXT("example.com", "v=spf1 redirect=b.example.com") TXT("b.example.com",
		  "v=spf1 ip4:10.0.0.1"),
		  .want = "neutral default @b.example.com 1/0" },
		{ "redirect inside an include", TXT("example.com", "v=spf1 include:b.example.com -all") TXT("b.example.com",
		  "v=spf1 redirect=c.example.com")
		  TXT("c.example.com", "v=spf1 ip4:192.0.2.1"), .want = "pass ip4:192.0.2.1 @c.example.com 2/0" },
		{ "redirect to nothing", TXT("example.com", "v=spf1 redirect=b.example.com"),
		  .want = "permerror (b.example.com does not exist) 1/0" },
		{ "redirect to itself", TXT("example.com", "v=spf1 redirect=example.com"),
		  .want = "permerror (more than 10 terms that query DNS) 11/0" },
		{ "include of itself", TXT("example.com", "v=spf1 include:example.com"),
		  .want = "permerror (more than 10 terms that query DNS) 11/0" },
		{ "two voids", TXT("example.com", "v=spf1 a:a.example.com exists:b.example.com -all"),
		  .want = "fail -all @example.com 2/2" },
		/* libspf2 24: libspf2 alone counts no void lookups, and asks for type 99 */
		{ "three voids", TXT("example.com", "v=spf1 a:a.example.com mx:b.example.com exists:c.example.com +all"),
		  .want = "permerror (more than 2 void lookups) 3/3" },
		{ "voids of all records together", TXT("example.com", "v=spf1 a:a.example.com include:i.example.com +all")
		  TXT("i.example.com", "v=spf1 a:a.example.com a:a.example.com ip4:192.0.2.1"),
		  .want = "permerror (more than 2 void lookups) 4/3" },
		{ "names that cannot be asked", TXT("example.com", "v=spf1 a:..example.com a:a..b.com exists:%{h}x.example -all"),
		  .want = "fail -all @example.com 3/0", .helo = "JUMPIN'..JUPITER", .queries = 1 },
		{ "%{p} costs one term, once", TXT("example.com",
		  "v=spf1 a a a a a a exists:%{p}.x.example.com exists:%{p}.y.example.com a -all")
		  "example.com A 10.0.0.1\nunknown.x.example.com AAAA ::1\nunknown.y.example.com AAAA ::1\n",
		  .want = "fail -all @example.com 10/2" },
		{ "%{p} over the limit", TXT("example.com", "v=spf1 a a a a a a a a a exists:%{p}.example.com +all")
		  "example.com A 10.0.0.1\n",
		  .want = "permerror (more than 10 terms that query DNS) 11/0" },
		{ "%{p}: 10 PTR, the 10th is below the domain", TXT("example.com", "v=spf1 exists:%{p}.x.example.com -all") PTR9
		  "1.2.0.192.in-addr.arpa PTR b.example.com.\nb.example.com A 192.0.2.1\nb.example.com.x.example.com A 127.0.0.2\n",
		  .want = "pass exists:%{p}.x.example.com @example.com 2/0" },
		{ "%{p}: 11 PTR, the 11th is below the domain", TXT("example.com", "v=spf1 exists:%{p}.x.example.com -all") PTR10
		  "1.2.0.192.in-addr.arpa PTR b.example.com.\nb.example.com A 192.0.2.1\np0.example.org.x.example.com A 127.0.0.2\n",
		  .want = "pass exists:%{p}.x.example.com @example.com 2/0" },
		{ "%{h} without HELO", TXT("example.com", "v=spf1 exists:%{h}.%{d} -all") "unknown.example.com A 127.0.0.2\n",
		  .want = "pass exists:%{h}.%{d} @example.com 1/0", .helo = "" },
		{ "answers that come in time, and too late together", TXT("example.com", "v=spf1 include:b.example.com +all")
		  TXT("b.example.com", "v=spf1 include:c.example.com -all") TXT("c.example.com", "v=spf1 ip4:192.0.2.1")
		  "$DELAY 7000 example.com\n$DELAY 7000 b.example.com\n$DELAY 7000 c.example.com\n",
		  .want = "temperror (TXT lookup of c.example.com: timeout) 2/0" }, /* SP-12 */
		{ "%{p} prefers the domain", TXT("example.com", "v=spf1 exists:%{p}.x.example.com -all")
		  "1.2.0.192.in-addr.arpa PTR a.example.org.\n"
		  "1.2.0.192.in-addr.arpa PTR b.example.com.\na.example.org A 192.0.2.1\nb.example.com A 192.0.2.1\n"
		  "b.example.com.x.example.com A 127.0.0.2\n",
		  .want = "pass exists:%{p}.x.example.com @example.com 2/0" },
		{ "quotes in the reason", TXT("example.com", "v=spf1 a\\\"\\\\b"),
		  .want = "permerror (example.com: unexpected character: a\"\\x5cb) 0/0" },
	};
	(void)state;
	run(cases, sizeof cases / sizeof cases[0]);
}

/* CVE-2021-20314: explanations are expanded here, not by libspf2. */
static void test_explanations(void **state)
{
	static const struct check_case cases[] = {
		{ "wanted", TXT("example.com", "v=spf1 -all exp=e.%{d}") TXT("e.example.com", "%{i} is not %{s}'s"),
		  .want = "fail -all @example.com \"192.0.2.1 is not user@example.com's\" 0/0", .wants_explanation = true },
		{ "not wanted", TXT("example.com", "v=spf1 -all exp=e.%{d}") TXT("e.example.com", "no"),
		  .want = "fail -all @example.com 0/0", .queries = 1 },
		{ "softfail", TXT("example.com", "v=spf1 ~all exp=e.%{d}") TXT("e.example.com", "no"),
		  .want = "softfail ~all @example.com 0/0",
		  .wants_explanation = true, .queries = 1 },
		{ "two texts", TXT("example.com", "v=spf1 -all exp=e.%{d}") TXT("e.example.com", "no") TXT("e.example.com", "never"),
		  .want = "fail -all @example.com 0/0", .wants_explanation = true },
		{ "no text is no void lookup", TXT("example.com", "v=spf1 a:a.example.com a:b.example.com -all exp=e.%{d}"),
		  .want = "fail -all @example.com 2/2",
		  .wants_explanation = true },
		{ "SERVFAIL", TXT("example.com", "v=spf1 -all exp=e.%{d}") "$SERVFAIL e.example.com\n",
		  .want = "fail -all @example.com 0/0", .wants_explanation = true },
		{ "of the redirect target", TXT("example.com", "v=spf1 redirect=b.example.com exp=e.example.com") TXT("e.example.com",
		  "wrong")
		  TXT("b.example.com", "v=spf1 -all exp=%{l}.%{d}") TXT("user.b.example.com", "right"),
		  .want = "fail -all @b.example.com \"right\" 1/0",
		  .wants_explanation = true },
		{ "not of an include", TXT("example.com", "v=spf1 include:b.example.com -all exp=e.example.com") TXT("e.example.com",
		  "right")
		  TXT("b.example.com", "v=spf1 -all exp=f.example.com") TXT("f.example.com", "wrong"),
		  .want = "fail -all @example.com \"right\" 1/0",
		  .wants_explanation = true, .queries = 3 },
		{ "not of a redirect inside an include", TXT("example.com", "v=spf1 include:b.example.com -all exp=e.example.com")
		  TXT("e.example.com", "right") TXT("b.example.com", "v=spf1 redirect=c.example.com")
		  TXT("c.example.com", "v=spf1 -all exp=f.example.com") TXT("f.example.com", "wrong"),
		  .want = "fail -all @example.com \"right\" 2/0", .wants_explanation = true, .queries = 4 },
		{ "%{d} is the domain of exp", TXT("example.com", "v=spf1 -include:b.example.com exp=e.%{d}") TXT("e.example.com", "%{d}")
		  TXT("b.example.com", "v=spf1 +all"), .want = "fail -include:b.example.com @example.com \"example.com\" 1/0",
		  .wants_explanation = true },
		{ "127 macros and a character", TXT("example.com", "v=spf1 -all exp=e.example.com")
		  TXT("e.example.com",
		      L16 L16 L16 L16 "\" \"" L16 L16 L16 L15 "x"),
		  .want = "fail -all @example.com \"" U16 U16 U16 U16 U16 U16 U16 "uuuuuuuuuuuuuuu" "x\" 0/0", .local = "u",
		  .wants_explanation = true },
		{ "control bytes from HELO", TXT("example.com", "v=spf1 -all exp=e.example.com") TXT("e.example.com", "hello %{h}"),
		  .want = "fail -all @example.com 0/0",
		  .helo = "a\r\nb", .wants_explanation = true },
		{ "%{p} timeout after the result", TXT("example.com", "v=spf1 -all exp=e.example.com") TXT("e.example.com", "%{p}")
		  "$TIMEOUT 1.2.0.192.in-addr.arpa\n", .want = "fail -all @example.com \"unknown\" 0/0", .wants_explanation = true },
		{ "what is cut away", TXT("example.com", "v=spf1 -all exp=e.example.com")
		  TXT("e.example.com", L16 L16 "%{l2}%{h}%{p}"), .local = U14, .helo = "a\r\nb",
		  .want = "fail -all @example.com \"" U14 U14 U14 U14 U14 U14 U14 U14 U14 U14 U14 U14 U14 U14 U14 U14 U14 U14 U14 U14
		  U14 U14 U14 U14 U14 U14 U14 U14 U14 U14 U14 U14 "uu\" 0/0", .wants_explanation = true, .queries = 2 },
		{ "%{p} is not counted", TXT("example.com", "v=spf1 a a a a a a a a a a -all exp=e.example.com") "example.com A 10.0.0.1\n"
		  TXT("e.example.com", "%{p}"), .want = "fail -all @example.com \"unknown\" 10/0", .wants_explanation = true },
	};
	(void)state;
	run(cases, sizeof cases / sizeof cases[0]);
}

static void test_dnssec(void **state)
{
	static const struct {
		const char *zone;
		enum as_dnssec want;
		const char *weakest;
	} cases[] = {
		{ "$SECURE example.com\n" TXT("example.com", "v=spf1 a -all") "example.com A 192.0.2.1\n", AS_DNSSEC_SECURE,
		  "example.com" },
		{ "$SECURE example.com\n" TXT("example.com", "v=spf1 include:example.org -all") TXT("example.org", "v=spf1 +all"),
		  AS_DNSSEC_INSECURE, "example.org" },
		{ "$SECURE example.com\n" TXT("example.com", "v=spf1 a:b.example.com -all") "$BOGUS b.example.com\n", AS_DNSSEC_BOGUS,
		  "b.example.com" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct as_dns_world world = open_world("");
		struct as_spf_request request = request_of(&(struct check_case){ .name = "" });
		struct as_spf_outcome outcome;
		as_dns_world_load(&world, cases[i].zone);
		as_spf_check(world.arena, world.set, &request, &outcome);
		if (outcome.dnssec != cases[i].want || !outcome.weakest || strcmp(outcome.weakest, cases[i].weakest) != 0)
			fail_msg("%s: got %s, %s", cases[i].zone, as_dnssec_name(outcome.dnssec), outcome.weakest);
		as_dns_world_close(&world);
	}
}

/* What an error of DNS makes of the result, at each place of an evaluation. RFC 7208 4.4, 5, 5.2, 5.4, 5.5, 6.1, 6.2, 7.3 */
static void test_errors(void **state)
{
	static const enum as_dns_behaviour behaviours[] = {
		AS_FAKE_ANSWER, AS_FAKE_SERVFAIL, AS_FAKE_BOGUS, AS_FAKE_TIMEOUT, AS_FAKE_NXDOMAIN,
	};
	enum { BEHAVIOURS = sizeof behaviours / sizeof behaviours[0] };
	static const enum as_dnssec states[BEHAVIOURS] = {
		AS_DNSSEC_INSECURE, AS_DNSSEC_INDETERMINATE, AS_DNSSEC_BOGUS, AS_DNSSEC_INDETERMINATE, AS_DNSSEC_INSECURE,
	};
	static const char hosts[] = "i.example.com TXT \"v=spf1 +all\"\nh.example.com A 192.0.2.1\nh.example.com MX 0 m.example.com.\n"
		"m.example.com A 192.0.2.1\n1.2.0.192.in-addr.arpa PTR p.example.com.\np.example.com A 192.0.2.1\n"
		"p.example.com.x.example.com A 127.0.0.2\ne.example.com TXT \"why\"\n";
	static const struct {
		const char *place, *record, *name;
		enum as_dns_type type;
		const char *want[BEHAVIOURS]; /* result, terms and voids */
	} cases[] = {
		{ "record", "+all", "example.com", AS_DNS_TXT,
		  { "pass 0/0", "temperror 0/0", "temperror 0/0", "temperror 0/0", "none 0/0" } },
		{ "include", "include:i.example.com ?all", "i.example.com", AS_DNS_TXT,
		  { "pass 1/0", "temperror 1/0", "temperror 1/0", "temperror 1/0", "permerror 1/0" } },
		{ "redirect", "redirect=i.example.com", "i.example.com", AS_DNS_TXT,
		  { "pass 1/0", "temperror 1/0", "temperror 1/0", "temperror 1/0", "permerror 1/0" } },
		{ "a", "a:h.example.com ?all", "h.example.com", AS_DNS_A,
		  { "pass 1/0", "temperror 1/0", "temperror 1/0", "temperror 1/0", "neutral 1/1" } },
		{ "exists", "exists:h.example.com ?all", "h.example.com", AS_DNS_A,
		  { "pass 1/0", "temperror 1/0", "temperror 1/0", "temperror 1/0", "neutral 1/1" } },
		{ "mx", "mx:h.example.com ?all", "h.example.com", AS_DNS_MX,
		  { "pass 1/0", "temperror 1/0", "temperror 1/0", "temperror 1/0", "neutral 1/1" } },
		{ "host of mx", "mx:h.example.com ?all", "m.example.com", AS_DNS_A,
		  { "pass 1/0", "temperror 1/0", "temperror 1/0", "temperror 1/0", "neutral 1/0" } },
		{ "ptr", "ptr ?all", "1.2.0.192.in-addr.arpa", AS_DNS_PTR,
		  { "pass 1/0", "neutral 1/0", "neutral 1/0", "temperror 1/0", "neutral 1/1" } },
		{ "host of ptr", "ptr ?all", "p.example.com", AS_DNS_A,
		  { "pass 1/0", "neutral 1/0", "neutral 1/0", "temperror 1/0", "neutral 1/0" } },
		{ "%{p}", "exists:%{p}.x.example.com ?all", "1.2.0.192.in-addr.arpa", AS_DNS_PTR,
		  { "pass 2/0", "neutral 2/1", "neutral 2/1", "temperror 2/0", "neutral 2/1" } },
		{ "host of %{p}", "exists:%{p}.x.example.com ?all", "p.example.com", AS_DNS_A,
		  { "pass 2/0", "neutral 2/1", "neutral 2/1", "temperror 2/0", "neutral 2/1" } },
		{ "exp", "-all exp=e.example.com", "e.example.com", AS_DNS_TXT,
		  { "fail \"why\" 0/0", "fail 0/0", "fail 0/0", "fail 0/0", "fail 0/0" } },
	};
	(void)state;
	for (size_t i = 0; i < BEHAVIOURS * sizeof cases / sizeof cases[0]; i++) {
		size_t row = i / BEHAVIOURS, column = i % BEHAVIOURS;
		struct as_dns_world world = open_world(hosts);
		struct as_spf_request request = request_of(&(struct check_case){ .name = "", .wants_explanation = true });
		struct as_spf_outcome outcome;
		const char *record = as_printf(world.arena, "v=spf1 %s", cases[row].record);
		as_dns_fake_txt(world.fake, "example.com", record, strlen(record));
		as_dns_fake_behave(world.fake, cases[row].name, cases[row].type, behaviours[column]);
		as_spf_check(world.arena, world.set, &request, &outcome);
		enum as_dnssec state_wanted = strcmp(cases[row].place, "exp") == 0 ? AS_DNSSEC_INSECURE : states[column];
		outcome.mechanism = outcome.reason = NULL; /* other tests look at these */
		if (strcmp(describe(world.arena, &outcome), cases[row].want[column]) != 0 || outcome.dnssec != state_wanted)
			fail_msg("%s, behaviour %zu: got %s, %s", cases[row].place, column, describe(world.arena, &outcome),
				as_dnssec_name(outcome.dnssec));
		as_dns_world_close(&world);
	}
}

/* pyspf 15: bytes that no record may hold, anywhere in it: permerror, and no crash. */
static void test_bytes(void **state)
{
	static const char record[] = "v=spf1 a:b.example.com ip4:192.0.2.1 exp=%{d} foo=bar -all";
	(void)state;
	for (int byte = 0; byte < 256; byte++) {
		if (byte >= 0x20 && byte < 0x7f)
			continue;
		for (size_t at = 7; at < sizeof record - 1; at++) {
			char bytes[sizeof record];
			struct as_dns_world world = open_world("");
			struct as_spf_request request = request_of(&(struct check_case){ .name = "" });
			struct as_spf_outcome outcome;
			memcpy(bytes, record, sizeof record);
			bytes[at] = (char)byte;
			as_dns_fake_txt(world.fake, "example.com", bytes, sizeof record - 1);
			as_spf_check(world.arena, world.set, &request, &outcome);
			if (outcome.code != AS_PERMERROR)
				fail_msg("byte %d at %zu: %s", byte, at, as_code_name(outcome.code));
			for (const char *c = outcome.reason; *c; c++)
				assert_in_range(*c, 0x20, 0x7e);
			as_dns_world_close(&world);
		}
	}
}

/* While somebody waits for one answer, the others come in, and what they lead to is asked. Adds UNRELATED queries. */
static void let_time_run(struct as_dns_world *world)
{
	for (unsigned i = 0; i < UNRELATED; i++)
		(void)as_dns_get(world->set, as_printf(world->arena, "%u.example.net", i), AS_DNS_A);
}

/* As many queries as a domain can cause: 10 mx of 10 names each. */
static void test_amplification(void **state)
{
	(void)state;
	for (int is_early = 0; is_early <= 1; is_early++) {
		struct as_dns_world world = open_world("");
		struct as_spf_request request = request_of(&(struct check_case){ .name = "" });
		struct as_spf_outcome outcome;
		as_dns_world_load(&world, TXT("example.com",
		  "v=spf1 mx:0.x.com mx:1.x.com mx:2.x.com mx:3.x.com mx:4.x.com mx:5.x.com mx:6.x.com "
			"mx:7.x.com mx:8.x.com mx:9.x.com -all"));
		for (int mx = 0; mx < 10; mx++)
			for (int host = 0; host < 10; host++) {
				const char *name = as_printf(world.arena, "%d.x.com", mx);
				const char *rdata = as_printf(world.arena, "%d h%d.%d.x.com", host, host, mx);
				assert_int_equal(as_dns_fake_record(world.fake, name, AS_DNS_MX, rdata), AS_OK);
			}
		if (is_early)
			as_spf_start(world.set, &request);
		let_time_run(&world);
		assert_int_equal(as_dns_fake_queries(world.fake, NULL, 0), UNRELATED + (is_early ? STARTED_MAX : 0));
		as_spf_check(world.arena, world.set, &request, &outcome);
		assert_string_equal(describe(world.arena, &outcome), "fail -all @example.com 10/0");
		assert_int_equal(as_dns_fake_queries(world.fake, NULL, 0), UNRELATED + QUERIES_MAX);
		as_dns_world_close(&world);
	}
}

/* A wide record leaves half of the budget to what comes after it. */
static void test_start_leaves_room(void **state)
{
	(void)state;
	struct as_dns_world world = open_world("");
	struct as_spf_request request = request_of(&(struct check_case){ .name = "" });
	as_dns_world_load(&world, TXT("example.com", "v=spf1 a:1.x.com a:2.x.com a:3.x.com a:4.x.com a:5.x.com a:6.x.com a:7.x.com"));
	world.budget = 10;
	struct as_dns_set *set = as_dns_world_set(&world);
	as_spf_start(set, &request);
	let_time_run(&world);
	assert_int_equal(as_dns_fake_queries(world.fake, NULL, 0), UNRELATED + 5);
	as_dns_set_free(set);
	as_dns_world_close(&world);
}

/* After as_spf_start alone, everything an ordinary evaluation asks has been asked. */
static void test_start(void **state)
{
	static const char zone[] = TXT("example.com",
		"v=spf1 include:b.example.com mx ptr exists:%{i}.x.example.com exists:%{p}.p.example.com redirect=c.example.com")
		TXT("b.example.com", "v=spf1 a:a.example.com ip4:192.0.2.1 a:never.example.com -all") TXT("c.example.com",
		  "v=spf1 a:d.example.com -all")
		"example.com MX 0 m.example.com.\n1.2.0.192.in-addr.arpa PTR p.example.com.\n1.2.0.192.in-addr.arpa PTR p.example.org.\n";
	static const struct {
		const char *name;
		enum as_dns_type type;
		unsigned queries;
	} cases[] = {
		{ "example.com", AS_DNS_TXT, 1 },   { "b.example.com", AS_DNS_TXT, 1 },           { "a.example.com", AS_DNS_A, 1 },
		{ "example.com", AS_DNS_MX, 1 },    { "never.example.com", AS_DNS_A, 0 },         { "m.example.com", AS_DNS_A, 1 },
		{ "p.example.com", AS_DNS_A, 1 },   { "192.0.2.1.x.example.com", AS_DNS_A, 1 },   { "p.example.org", AS_DNS_A, 0 },
		{ "c.example.com", AS_DNS_TXT, 1 }, { "1.2.0.192.in-addr.arpa", AS_DNS_PTR, 1 }, { "d.example.com", AS_DNS_A, 1 },
		{ NULL, 0, 10 },
	};
	(void)state;
	struct as_dns_world world = open_world("");
	struct as_spf_request request = request_of(&(struct check_case){ .name = "" });
	as_dns_world_load(&world, zone);
	as_spf_start(world.set, &request);
	let_time_run(&world);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		unsigned got = as_dns_fake_queries(world.fake, cases[i].name, cases[i].type) - (cases[i].name ? 0 : UNRELATED);
		if (got != cases[i].queries)
			fail_msg("%s: want %u, got %u", cases[i].name, cases[i].queries, got);
	}
	as_dns_world_close(&world);
}

/* No more terms are followed than the evaluation would count. */
static void test_start_terms(void **state)
{
	(void)state;
	struct as_dns_world world = open_world("");
	struct as_spf_request request = request_of(&(struct check_case){ .name = "" });
	as_dns_world_load(&world,
		TXT("example.com", "v=spf1 include:b.example.com a:1.x.com a:2.x.com a:3.x.com a:4.x.com a:5.x.com a:6.x.com a:7.x.com")
		TXT("b.example.com", "v=spf1 a:11.x.com a:12.x.com a:13.x.com a:14.x.com redirect=c.example.com"));
	as_spf_start(world.set, &request);
	let_time_run(&world);
	assert_int_equal(as_dns_fake_queries(world.fake, NULL, 0), UNRELATED + 1 + 10);
	assert_int_equal(as_dns_fake_queries(world.fake, "13.x.com", AS_DNS_A), 0);
	as_dns_world_close(&world);
}

/* --- answers from many threads ------------------------------------------------------------------------------------- */

enum { THREADS_MAX = 256, ROUNDS = 30 };

struct crowd;

struct worker {
	pthread_t thread;
	struct as_dns_question *question;
	char name[256];
	enum as_dns_type type;
};

/* Every question is answered by a thread of its own. */
struct crowd {
	struct as_dns_backend backend; /* first: it is found by it */
	pthread_mutex_t lock;
	size_t count;
	struct worker workers[THREADS_MAX];
};

/* Every name has an SPF record with two includes, one MX, and no address. */
static void *answer(void *user)
{
	static const char record[] = "\x2ev=spf1 a include:x.%{d} include:y.%{d} mx -all";
	static const uint8_t mx[] = { 0, 1, 1, 'm', 3, 'c', 'o', 'm', 0 };
	struct worker *worker = user;
	struct as_dns_builder *b = as_dns_builder_new(worker->name, worker->type);
	bool has_answer = worker->type == AS_DNS_TXT || worker->type == AS_DNS_MX;
	as_dns_builder_state(b, has_answer ? AS_DNS_OK : AS_DNS_NODATA, AS_DNSSEC_INSECURE, 60);
	if (worker->type == AS_DNS_TXT)
		assert_true(as_dns_builder_rdata(b, (const uint8_t *)record, sizeof record - 1));
	if (worker->type == AS_DNS_MX)
		assert_true(as_dns_builder_rdata(b, mx, sizeof mx));
	as_dns_deliver(worker->question, b);
	return NULL;
}

static void crowd_start(struct as_dns_backend *self, struct as_dns_question *question, const char *name, enum as_dns_type type)
{
	struct crowd *crowd = (struct crowd *)self;
	pthread_mutex_lock(&crowd->lock);
	assert_true(crowd->count < THREADS_MAX);
	struct worker *worker = &crowd->workers[crowd->count++];
	worker->question = question;
	worker->type = type;
	snprintf(worker->name, sizeof worker->name, "%s", name);
	assert_int_equal(pthread_create(&worker->thread, NULL, answer, worker), 0);
	pthread_mutex_unlock(&crowd->lock);
}

static void crowd_free(struct as_dns_backend *self)
{
	struct crowd *crowd = (struct crowd *)self;
	for (size_t i = 0; i < crowd->count; i++)
		pthread_join(crowd->workers[i].thread, NULL);
	pthread_mutex_destroy(&crowd->lock);
	free(crowd);
}

/* The record of example.com has a void lookup per record read: the third one ends the check, with and without early lookups. */
static void test_threads(void **state)
{
	static const struct as_dns_options options = { .cache_bytes = 1 << 20, .max_ttl_s = 60 };
	static const struct as_dns_limits limits = { .budget = 200, .timeout_ms = 60000 };
	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		struct crowd *crowd = as_xalloc(sizeof *crowd);
		crowd->backend = (struct as_dns_backend){ .start = crowd_start, .free = crowd_free };
		pthread_mutex_init(&crowd->lock, NULL);
		struct as_arena *arena = as_arena_new();
		struct as_dns *dns = as_dns_new(&crowd->backend, &options, &as_clock_system);
		struct as_dns_set *set = as_dns_set_new(dns, &limits);
		struct as_spf_request request = request_of(&(struct check_case){ .name = "" });
		struct as_spf_outcome outcome = { 0 };
		as_spf_start(set, &request);
		if (round % 3) /* every third message is gone before its answers */
			as_spf_check(arena, set, &request, &outcome);
		as_dns_set_free(set);
		as_dns_unref(dns);
		if (round % 3)
			assert_string_equal(describe(arena, &outcome), "permerror (more than 2 void lookups) 5/3");
		as_arena_free(arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_differences),
		cmocka_unit_test(test_entry),
		cmocka_unit_test(test_unknown_client),
		cmocka_unit_test(test_mechanisms),
		cmocka_unit_test(test_explanations),
		cmocka_unit_test(test_dnssec),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_amplification),
		cmocka_unit_test(test_start),
		cmocka_unit_test(test_start_terms),
		cmocka_unit_test(test_start_leaves_room),
		cmocka_unit_test(test_threads),
	};
	as_spf_global_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
