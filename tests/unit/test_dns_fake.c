/* SPDX-License-Identifier: BSD-2-Clause */
/* test_dns_fake.c - zone text and what the fake world answers from it. */
#include "config.h"

#include "test.h"

#include "dns.h"
#include "dns_fake.h"
#include "str.h"

#include <stdio.h>
#include <string.h>

enum { START = 1700000000, TIMEOUT_MS = 10000 };

struct rig {
	struct as_arena *arena;
	struct as_dns_fake *fake;
	struct as_dns *dns;
	struct as_dns_set *set;
};

static const char zone[] =
	"; a comment\n"
	"$ORIGIN example.com.\n"
	"$SECURE example.com.\n"
	"@ 60 IN A 192.0.2.1\n"
	"@ A 192.0.2.2\n"
	"@ TXT \"v=spf1 \" \"-all\" ; comment; more\n"
	"six AAAA 2001:db8::1\n"
	"odd TXT a\\;b \"c\\\"d\\000\\255\"\n"
	"mail MX 10 mx1\n"
	"mail mx 20 MX2.Example.NET.\n"
	"null MX 0 .\n"
	"ptr PTR bad\\001name.example.com.\n"
	"ptr PTR good.example.com.\n"
	"ptr PTR with\\032space.example.com.\n"
	"a\\032b A 192.0.2.10\n"
	"dot PTR a\\.b.example.com.\n"
	"_25._tcp TLSA 3 1 1 00FFab\n"
	"a.deep.down A 192.0.2.3\n"
	"alias CNAME @\n"
	"chain CNAME alias\n"
	"dangling CNAME nowhere\n"
	"out CNAME www.example.net.\n"
	"loop CNAME loop2\n"
	"loop2 CNAME loop\n"
	"*.wild TXT everywhere\n"
	"listed.wild A 192.0.2.9\n"
	"www.example.net. A 192.0.2.4\r\n"
	"broken A 192.0.2.5\n"
	"brokentxt A 192.0.2.5\n"
	"to-bogus CNAME bogus\n"
	"bogus A 192.0.2.6\n"
	"gone A 192.0.2.7\n"
	"slow A 192.0.2.8\n"
	"to-silent CNAME silent\n"
	"$SERVFAIL broken\n"
	"$SERVFAIL brokentxt TXT\n"
	"$BOGUS bogus A\n"
	"$NXDOMAIN gone\n"
	"$TIMEOUT silent\n"
	"$DELAY 250 slow\n";

static void set_up(struct rig *rig, const char *text)
{
	static const struct as_dns_options options = { .cache_bytes = 1 << 20, .max_ttl_s = 86400, .failure_ttl_s = 5 };
	static const struct as_dns_limits limits = { .budget = 100, .timeout_ms = TIMEOUT_MS };
	const char *detail = NULL;
	rig->arena = as_arena_new();
	rig->fake = as_dns_fake_new(START);
	assert_int_equal(as_dns_fake_load(rig->fake, rig->arena, text, strlen(text), &detail), AS_OK);
	assert_null(detail);
	rig->dns = as_dns_new(as_dns_fake_backend(rig->fake), &options, as_dns_fake_clock(rig->fake));
	rig->set = as_dns_set_new(rig->dns, &limits);
}

static void tear_down(struct rig *rig)
{
	as_dns_set_free(rig->set);
	as_dns_unref(rig->dns);
	as_dns_fake_free(rig->fake);
	as_arena_free(rig->arena);
}

static const char *show_record(struct as_arena *arena, const struct as_dns_answer *answer, size_t i)
{
	const struct as_dns_record *r = &answer->records[i];
	if (answer->type == AS_DNS_MX)
		return as_printf(arena, "%u %s", r->preference, r->name);
	if (r->name)
		return as_printf(arena, "%s", r->name);
	if (answer->type == AS_DNS_TXT)
		return as_escape(arena, (const char *)r->data, r->size, 400);
	char *hex = as_alloc(arena, r->size * 2 + 1);
	for (size_t at = 0; at < r->size; at++)
		snprintf(hex + at * 2, 3, "%02x", r->data[at]);
	return hex;
}

/* "status dnssec ttl canonical reason: record, record" */
static const char *show(struct as_arena *arena, const struct as_dns_answer *answer)
{
	static const char *const states[] = { "ok", "nodata", "nxdomain", "tempfail" };
	struct as_buf text = as_buf_new(arena);
	as_buf_printf(&text, "%s %s %u %s", states[answer->status], as_dnssec_name(answer->dnssec), answer->ttl, answer->canonical);
	if (answer->reason)
		as_buf_printf(&text, " [%s]", answer->reason);
	for (size_t i = 0; i < answer->count; i++)
		as_buf_printf(&text, "%s %s", i ? "," : ":", show_record(arena, answer, i));
	return text.text;
}

static const struct {
	const char *name;
	enum as_dns_type type;
	const char *want;
} answers[] = {
	{ "example.com", AS_DNS_A, "ok secure 60 example.com: c0000201, c0000202" },
	{ "EXAMPLE.com", AS_DNS_A, "ok secure 60 example.com: c0000201, c0000202" },
	{ "example.com", AS_DNS_TXT, "ok secure 3600 example.com: v=spf1 -all" },
	{ "six.example.com", AS_DNS_AAAA, "ok secure 3600 six.example.com: 20010db8000000000000000000000001" },
	{ "odd.example.com", AS_DNS_TXT, "ok secure 3600 odd.example.com: a;bc\"d\\x00\\xff" },
	{ "mail.example.com", AS_DNS_MX, "ok secure 3600 mail.example.com: 10 mx1.example.com, 20 mx2.example.net" },
	{ "null.example.com", AS_DNS_MX, "ok secure 3600 null.example.com: 0 " },
	{ "ptr.example.com", AS_DNS_PTR, "ok secure 3600 ptr.example.com: good.example.com" },
	{ "a b.example.com", AS_DNS_A, "ok secure 3600 a b.example.com: c000020a" },
	{ "dot.example.com", AS_DNS_PTR, "nodata secure 3600 dot.example.com" },
	{ "_25._tcp.example.com", AS_DNS_TLSA, "ok secure 3600 _25._tcp.example.com: 03010100ffab" },
	{ "example.com", AS_DNS_AAAA, "nodata secure 300 example.com" },
	{ "deep.down.example.com", AS_DNS_A, "nodata secure 300 deep.down.example.com" },
	{ "down.example.com", AS_DNS_A, "nodata secure 300 down.example.com" },
	{ "nowhere.example.com", AS_DNS_A, "nxdomain secure 300 nowhere.example.com" },
	{ "example.org", AS_DNS_A, "nxdomain insecure 300 example.org" },
	{ "alias.example.com", AS_DNS_A, "ok secure 60 example.com: c0000201, c0000202" },
	{ "chain.example.com", AS_DNS_TXT, "ok secure 3600 example.com: v=spf1 -all" },
	{ "chain.example.com", AS_DNS_CNAME, "ok secure 3600 chain.example.com: alias.example.com" },
	{ "dangling.example.com", AS_DNS_A, "nxdomain secure 300 nowhere.example.com" },
	{ "out.example.com", AS_DNS_A, "ok insecure 3600 www.example.net: c0000204" },
	{ "loop.example.com", AS_DNS_A, "tempfail indeterminate 0 loop2.example.com [SERVFAIL]" },
	{ "any.wild.example.com", AS_DNS_TXT, "ok secure 3600 any.wild.example.com: everywhere" },
	{ "a.b.wild.example.com", AS_DNS_TXT, "ok secure 3600 a.b.wild.example.com: everywhere" },
	{ "listed.wild.example.com", AS_DNS_TXT, "nodata secure 300 listed.wild.example.com" },
	{ "under.listed.wild.example.com", AS_DNS_TXT, "nxdomain secure 300 under.listed.wild.example.com" },
	{ "broken.example.com", AS_DNS_A, "tempfail indeterminate 0 broken.example.com [SERVFAIL]" },
	{ "brokentxt.example.com", AS_DNS_TXT, "tempfail indeterminate 0 brokentxt.example.com [SERVFAIL]" },
	{ "brokentxt.example.com", AS_DNS_A, "ok secure 3600 brokentxt.example.com: c0000205" },
	{ "bogus.example.com", AS_DNS_A, "tempfail bogus 0 bogus.example.com [bogus: said so by the zone text]" },
	{ "to-bogus.example.com", AS_DNS_A, "tempfail bogus 0 bogus.example.com [bogus: said so by the zone text]" },
	{ "gone.example.com", AS_DNS_A, "nxdomain secure 300 gone.example.com" },
	{ "slow.example.com", AS_DNS_A, "ok secure 3600 slow.example.com: c0000208" },
	{ "silent.example.com", AS_DNS_A, "tempfail indeterminate 0 silent.example.com [timeout]" },
	{ "to-silent.example.com", AS_DNS_A, "tempfail indeterminate 0 to-silent.example.com [timeout]" },
};

static void check_answers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
		struct rig rig;
		set_up(&rig, zone);
		const struct as_dns_answer *answer = as_dns_get(rig.set, answers[i].name, answers[i].type);
		const char *got = show(rig.arena, answer);
		if (strcmp(got, answers[i].want) != 0)
			fail_msg("%s %s:\n got: %s\nwant: %s", answers[i].name, as_dns_type_name(answers[i].type), got, answers[i].want);
		tear_down(&rig);
	}
}

static const struct {
	const char *text;
	const char *want;
} errors[] = {
	{ "a A 192.0.2.1\nb A 192.0.2.256\n", "line 2: \"192.0.2.256\" is not an IPv4 address" },
	{ "a AAAA 192.0.2.1", "line 1: \"192.0.2.1\" is not an IPv6 address" },
	{ "a", "line 1: a record type is missing" },
	{ "a 60 IN", "line 1: a record type is missing" },
	{ "a SPF x", "line 1: \"SPF\" is not a record type" },
	{ "a SOA x", "line 1: records of this type are not supported here" },
	{ "a TXT", "line 1: the record has no data" },
	{ "a TXT \"open", "line 1: a string is not closed" },
	{ "a TXT ( \"x\"", "line 1: parentheses are not supported: write the record in one line" },
	{ "a TXT \\999", "line 1: \\DDD goes to 255" },
	{ "a MX mx", "line 1: MX needs a preference and a name" },
	{ "a MX 65536 mx", "line 1: \"65536\" is not a number up to 65535" },
	{ "a..b A 192.0.2.1", "line 1: \"a..b\" is not a domain name" },
	{ "a\\001b A 192.0.2.1", "line 1: \"a\\x5c001b\" can never be asked" },
	{ "a TLSA 3 1 1 abc", "line 1: \"abc\" is not hexadecimal" },
	{ "$STRANGE a", "line 1: \"$STRANGE\" is not a directive" },
	{ "$DELAY a", "line 1: $DELAY needs more words" },
	{ "$DELAY x a", "line 1: \"x\" is not a number up to 2147483647" },
	{ "$BOGUS a A b", "line 1: \"b\" is one word too many" },
	{ "\n\n$SECURE", "line 3: $SECURE needs more words" },
};

static void check_errors(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
		struct as_arena *arena = as_arena_new();
		struct as_dns_fake *fake = as_dns_fake_new(START);
		const char *detail = NULL;
		assert_int_equal(as_dns_fake_load(fake, arena, errors[i].text, strlen(errors[i].text), &detail), AS_ERR_SYNTAX);
		assert_string_equal(detail, errors[i].want);
		as_dns_fake_free(fake);
		as_arena_free(arena);
	}
}

static void check_virtual_time(void **state)
{
	(void)state;
	struct rig rig;
	set_up(&rig, zone);
	const struct as_clock *clock = as_dns_fake_clock(rig.fake);
	int64_t start = as_clock_mono_ms(clock);
	assert_int_equal(as_clock_wall_s(clock), START);
	as_dns_get(rig.set, "example.com", AS_DNS_A);
	assert_int_equal(as_clock_mono_ms(clock), start);
	as_dns_get(rig.set, "slow.example.com", AS_DNS_A);
	assert_int_equal(as_clock_mono_ms(clock), start + 250);
	as_dns_get(rig.set, "silent.example.com", AS_DNS_A);
	assert_int_equal(as_clock_mono_ms(clock), start + TIMEOUT_MS);
	assert_int_equal(as_clock_wall_s(clock), START + TIMEOUT_MS / 1000);
	as_dns_fake_advance(rig.fake, 5000);
	assert_int_equal(as_clock_wall_s(clock), START + TIMEOUT_MS / 1000 + 5);
	tear_down(&rig);
}

/* Two slow lookups that were started together cost the time of one. */
static void check_parallel_delays(void **state)
{
	(void)state;
	struct rig rig;
	set_up(&rig, "a A 192.0.2.1\nb A 192.0.2.2\n$DELAY 300 a\n$DELAY 200 b\n");
	as_dns_start(rig.set, "a", AS_DNS_A);
	as_dns_start(rig.set, "b", AS_DNS_A);
	assert_int_equal(as_dns_get(rig.set, "a", AS_DNS_A)->status, AS_DNS_OK);
	assert_int_equal(as_clock_mono_ms(as_dns_fake_clock(rig.fake)), 300);
	assert_int_equal(as_dns_get(rig.set, "b", AS_DNS_A)->status, AS_DNS_OK);
	assert_int_equal(as_dns_set_lookup(rig.set, 0).ms, 300);
	assert_int_equal(as_dns_set_lookup(rig.set, 1).ms, 200);
	tear_down(&rig);
}

static void check_queries_and_strictness(void **state)
{
	(void)state;
	struct rig rig;
	set_up(&rig, "$STRICT\na.example A 192.0.2.1\n$TIMEOUT silent.example TXT\n");
	as_dns_get(rig.set, "a.example", AS_DNS_A);
	as_dns_get(rig.set, "a.example", AS_DNS_TXT);
	as_dns_get(rig.set, "example", AS_DNS_A);
	as_dns_get(rig.set, "A.example", AS_DNS_A);
	as_dns_get(rig.set, "silent.example", AS_DNS_TXT);
	assert_null(as_dns_fake_unlisted(rig.fake));
	assert_int_equal(as_dns_fake_queries(rig.fake, NULL, 0), 4);
	assert_int_equal(as_dns_fake_queries(rig.fake, "A.EXAMPLE", 0), 2);
	assert_int_equal(as_dns_fake_queries(rig.fake, "a.example", AS_DNS_A), 1);
	assert_int_equal(as_dns_fake_queries(rig.fake, NULL, AS_DNS_A), 2);
	tear_down(&rig);
	set_up(&rig, "$STRICT\na.example A 192.0.2.1\n");
	as_dns_get(rig.set, "b.example", AS_DNS_A);
	as_dns_get(rig.set, "c.example", AS_DNS_A);
	assert_string_equal(as_dns_fake_unlisted(rig.fake), "b.example");
	tear_down(&rig);
}

static void check_any_bytes_in_txt(void **state)
{
	(void)state;
	enum { BIG = 65536 };
	struct rig rig;
	set_up(&rig, "");
	char *big = as_alloc(rig.arena, BIG);
	for (size_t i = 0; i < BIG; i++)
		big[i] = (char)i;
	as_dns_fake_txt(rig.fake, "Big.example.", big, BIG);
	as_dns_fake_txt(rig.fake, "empty.example", "", 0);
	assert_int_equal(as_dns_fake_record(rig.fake, "r.example", AS_DNS_MX, "5 mx.example"), AS_OK);
	assert_int_equal(as_dns_fake_record(rig.fake, "r.example", AS_DNS_MX, "mx.example"), AS_ERR_SYNTAX);
	as_dns_fake_behave(rig.fake, "no.example", 0, AS_FAKE_SERVFAIL);
	const struct as_dns_answer *answer = as_dns_get(rig.set, "big.example", AS_DNS_TXT);
	assert_int_equal(answer->count, 1);
	assert_int_equal(answer->records[0].size, BIG);
	assert_memory_equal(answer->records[0].data, big, BIG);
	answer = as_dns_get(rig.set, "empty.example", AS_DNS_TXT);
	assert_int_equal(answer->count, 1);
	assert_int_equal(answer->records[0].size, 0);
	assert_int_equal(answer->records[0].data[0], 0);
	assert_string_equal(as_dns_get(rig.set, "r.example", AS_DNS_MX)->records[0].name, "mx.example");
	assert_string_equal(as_dns_get(rig.set, "no.example", AS_DNS_A)->reason, "SERVFAIL");
	tear_down(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(check_answers),
		cmocka_unit_test(check_errors),
		cmocka_unit_test(check_virtual_time),
		cmocka_unit_test(check_parallel_delays),
		cmocka_unit_test(check_queries_and_strictness),
		cmocka_unit_test(check_any_bytes_in_txt),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
