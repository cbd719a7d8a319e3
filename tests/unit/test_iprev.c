/* SPDX-License-Identifier: BSD-2-Clause */
/* test_iprev.c - reverse DNS of a client. Every case runs with and without early lookups. */
#include "config.h"

#include "test.h"

#include "dns_world.h"
#include "iprev_check.h"
#include "str.h"

#include <string.h>

static struct as_dns_world open_world(const char *zone)
{
	return as_dns_world_open(zone, 1800000000, 0, AS_IPREV_QUESTIONS);
}

/* "pass mx.example.com secure", "fail (no name leads back) insecure@NAME" */
static const char *describe(struct as_arena *arena, const struct as_iprev_outcome *outcome)
{
	struct as_buf out = as_buf_new(arena);
	as_buf_puts(&out, as_code_name(outcome->code));
	if (outcome->name)
		as_buf_printf(&out, " %s", outcome->name);
	if (outcome->reason)
		as_buf_printf(&out, " (%s)", outcome->reason);
	for (size_t i = 0; i < outcome->undecided_count; i++)
		as_buf_printf(&out, " ?%s", outcome->undecided[i]);
	as_buf_printf(&out, " %zu %s@%s", outcome->count, as_dnssec_name(outcome->dnssec), outcome->weakest);
	return out.text;
}

#define REVERSE "1.2.0.192.in-addr.arpa"
#define REVERSE6 "5.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"
#define PTR(name) REVERSE ". PTR " name "\n"
#define TEN_NAMES \
	PTR("n0.example.") PTR("n1.example.") PTR("n2.example.") PTR("n3.example.") PTR("n4.example.") PTR("n5.example.") \
	PTR("n6.example.") PTR("n7.example.") PTR("n8.example.") PTR("n9.example.")

static const struct {
	const char *name, *zone, *want;
	const char *client; /* default 192.0.2.1 */
	unsigned queries;   /* exact number without early lookups; 0: not looked at */
} cases[] = {
	{ .name = "leads back", PTR("mx.example.com.") "mx.example.com. A 192.0.2.1\n",
	  "pass mx.example.com 1 insecure@" REVERSE, .queries = 2 },
	{ .name = "among other addresses", PTR("mx.example.com.") "mx.example.com. A 192.0.2.9\nmx.example.com. A 192.0.2.1\n",
	  "pass mx.example.com 1 insecure@" REVERSE },
	{ .name = "in other letters", PTR("MX.Example.COM.") "mx.example.com. A 192.0.2.1\n", "pass mx.example.com 1 insecure@" REVERSE },
	{ .name = "through an alias", PTR("a.example.") "a.example. CNAME mx.example.com.\nmx.example.com. A 192.0.2.1\n",
	  "pass a.example 1 insecure@" REVERSE },
	{ .name = "classless delegation, RFC 2317", REVERSE ". CNAME 1.0/25.2.0.192.in-addr.arpa.\n"
	  "1.0/25.2.0.192.in-addr.arpa. PTR mx.example.com.\nmx.example.com. A 192.0.2.1\n", "pass mx.example.com 1 insecure@" REVERSE },
	{ .name = "IPv6", REVERSE6 ". PTR mx.example.com.\n"
	  "mx.example.com. AAAA 2001:db8::25\n",
	  "pass mx.example.com 1 insecure@" REVERSE6, .client = "2001:db8::25" },
	{ .name = "IPv6 client, IPv4 name", REVERSE6 ". PTR mx.example.com.\n"
	  "mx.example.com. A 192.0.2.1\n",
	  "fail (no name leads back) 1 insecure@" REVERSE6, .client = "2001:db8::25" },
	{ .name = "mapped client", PTR("mx.example.com.") "mx.example.com. A 192.0.2.1\n", "pass mx.example.com 1 insecure@" REVERSE,
	  .client = "::ffff:192.0.2.1" },
	{ .name = "another address", PTR("mx.example.com.") "mx.example.com. A 192.0.2.2\n",
	  "fail (no name leads back) 1 insecure@" REVERSE },
	{ .name = "name does not exist", PTR("mx.example.com."), "fail (no name leads back) 1 insecure@" REVERSE },
	{ .name = "name without address", PTR("mx.example.com.") "mx.example.com. TXT x\n",
	  "fail (no name leads back) 1 insecure@" REVERSE },
	{ .name = "no such reverse name", "", "permerror (no PTR record) 0 insecure@" REVERSE, .queries = 1 },
	{ .name = "reverse name without PTR", REVERSE ". TXT x\n", "permerror (no PTR record) 0 insecure@" REVERSE },
	{ .name = "SERVFAIL of the names", "$SERVFAIL " REVERSE ".\n", "temperror (SERVFAIL) 0 indeterminate@" REVERSE, .queries = 1 },
	{ .name = "timeout of the names", "$TIMEOUT " REVERSE ".\n", "temperror (timeout) 0 indeterminate@" REVERSE },
	{ .name = "SERVFAIL of the address", PTR("mx.example.com.") "$SERVFAIL mx.example.com. A\n",
	  "temperror (SERVFAIL) ?mx.example.com 1 indeterminate@mx.example.com" },
	{ .name = "SERVFAIL, then pass", PTR("a.example.") PTR("b.example.") "$SERVFAIL a.example. A\nb.example. A 192.0.2.1\n",
	  "pass b.example 2 insecure@" REVERSE },
	{ .name = "SERVFAIL, then another address", PTR("a.example.") PTR("b.example.") "$SERVFAIL a.example. A\nb.example. A 192.0.2.2\n",
	  "temperror (SERVFAIL) ?a.example 2 indeterminate@a.example" },
	{ .name = "the first that leads back ends it", PTR("a.example.") PTR("b.example.") "a.example. A 192.0.2.1\n$TIMEOUT b.example.\n",
	  "pass a.example 2 insecure@" REVERSE, .queries = 2 },

	{ .name = "secure both ways", "$SECURE 192.in-addr.arpa.\n$SECURE example.com.\n"
	  PTR("mx.example.com.") "mx.example.com. A 192.0.2.1\n",
	  "pass mx.example.com 1 secure@" REVERSE },
	{ .name = "secure back only", "$SECURE 192.in-addr.arpa.\n" PTR("mx.example.com.") "mx.example.com. A 192.0.2.1\n",
	  "pass mx.example.com 1 insecure@mx.example.com" },
	{ .name = "another name is no matter", "$SECURE 192.in-addr.arpa.\n$SECURE b.example.\n" PTR("a.example.") PTR("b.example.")
	  "a.example. A 192.0.2.2\nb.example. A 192.0.2.1\n", "pass b.example 2 secure@" REVERSE },
	{ .name = "secure absence", "$SECURE 192.in-addr.arpa.\n", "permerror (no PTR record) 0 secure@" REVERSE },
	{ .name = "bogus names", "$BOGUS " REVERSE ".\n", "temperror (bogus: said so by the zone text) 0 bogus@" REVERSE },
	{ .name = "bogus address", "$SECURE 192.in-addr.arpa.\n" PTR("mx.example.com.") "$BOGUS mx.example.com. A\n",
	  "temperror (bogus: said so by the zone text) ?mx.example.com 1 bogus@mx.example.com" },

	{ .name = "the 10th name", TEN_NAMES "n9.example. A 192.0.2.1\n", "pass n9.example 10 insecure@" REVERSE, .queries = 11 },
	{ .name = "ten names, all in vain", TEN_NAMES, "fail (no name leads back) 10 insecure@" REVERSE, .queries = 11 },
	{ .name = "the 11th name", TEN_NAMES PTR("n10.example.") "n10.example. A 192.0.2.1\n",
	  "fail (none of the first names leads back) 11 insecure@" REVERSE, .queries = 11 },
	{ .name = "the same name again and again", PTR("a.example.") PTR("a.example.") PTR("A.example.") "a.example. A 192.0.2.2\n",
	  "fail (no name leads back) 3 insecure@" REVERSE, .queries = 2 },
	{ .name = "itself", PTR(REVERSE "."), "fail (no name leads back) 1 insecure@" REVERSE },
	{ .name = "the root", PTR("."), "fail (no name leads back) 1 insecure@" REVERSE, .queries = 1 },
	{ .name = "an alias of itself", PTR("a.example.") "a.example. CNAME b.example.\nb.example. CNAME a.example.\n",
	  "temperror (SERVFAIL) ?a.example 1 indeterminate@a.example" },
	{ .name = "odd bytes, asked as they are", PTR("a\\;\\(\\034<c>.example.") "a\\;\\(\\034<c>.example. A 192.0.2.1\n",
	  "pass a;(\"<c>.example 1 insecure@" REVERSE },
	{ .name = "control bytes: no name at all", PTR("a\\013\\010.example."), "permerror (no PTR record) 0 insecure@" REVERSE, .queries = 1 },
};

static void run(size_t i, bool is_early)
{
	struct as_dns_world world = open_world(cases[i].zone);
	struct as_ip client;
	struct as_iprev_outcome outcome;
	assert_int_equal(as_ip_parse(cases[i].client ? cases[i].client : "192.0.2.1", &client), AS_OK);
	if (is_early)
		as_iprev_start(world.set, &client);
	as_iprev_check(world.arena, world.set, &client, &outcome);
	const char *got = describe(world.arena, &outcome);
	unsigned queries = as_dns_fake_queries(world.fake, NULL, 0);
	if (strcmp(got, cases[i].want) != 0)
		fail_msg("%s%s:\nwant %s\ngot  %s", cases[i].name, is_early ? ", early" : "", cases[i].want, got);
	if (!is_early && cases[i].queries && queries != cases[i].queries)
		fail_msg("%s: want %u queries, got %u", cases[i].name, cases[i].queries, queries);
	assert_in_range(queries, 1, AS_IPREV_QUESTIONS);
	as_dns_world_close(&world);
}

static void test_check(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		run(i, false);
		run(i, true);
	}
}

static const char slow_zone[] =
	TEN_NAMES PTR("n10.example.")
	"$DELAY 1000 " REVERSE ".\n$DELAY 1000 n0.example.\n$DELAY 1000 n9.example.\n"
	"n9.example. A 192.0.2.1\n";

/* The names, and then all their addresses at the same time: two delays instead of three. */
static void test_start(void **state)
{
	(void)state;
	for (int is_early = 0; is_early < 2; is_early++) {
		struct as_dns_world world = open_world(slow_zone);
		struct as_ip client;
		struct as_iprev_outcome outcome;
		int64_t begun_ms = as_clock_mono_ms(as_dns_fake_clock(world.fake));
		assert_int_equal(as_ip_parse("192.0.2.1", &client), AS_OK);
		if (is_early)
			as_iprev_start(world.set, &client);
		as_iprev_check(world.arena, world.set, &client, &outcome);
		assert_string_equal(outcome.name, "n9.example");
		assert_int_equal(as_clock_mono_ms(as_dns_fake_clock(world.fake)) - begun_ms, is_early ? 2000 : 3000);
		assert_int_equal(as_dns_fake_queries(world.fake, "n10.example", 0), 0);
		as_dns_world_close(&world);
	}
}

/* The lookups of a message end while the names are under way: their addresses are asked no more. */
static void test_end_before_the_answer(void **state)
{
	(void)state;
	static const struct as_dns_limits limits = { .budget = 1, .timeout_ms = 20000 };
	struct as_dns_world world = open_world(slow_zone);
	struct as_dns_set *other = as_dns_set_new(world.dns, &limits);
	struct as_ip client;
	assert_int_equal(as_ip_parse("192.0.2.1", &client), AS_OK);
	as_iprev_start(world.set, &client);
	as_dns_set_free(world.set);
	world.set = NULL;
	assert_int_equal(as_dns_get(other, REVERSE, AS_DNS_PTR)->count, 11);
	assert_int_equal(as_dns_fake_queries(world.fake, NULL, 0), 1);
	as_dns_set_free(other);
	as_dns_world_close(&world);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_start),
		cmocka_unit_test(test_end_before_the_answer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
