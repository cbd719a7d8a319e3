/* SPDX-License-Identifier: BSD-2-Clause */
/* test_dmarc_check.c - what the cases of tests/conformance/dmarc cannot say: missing inputs, early starts, waiting. */
#include "config.h"

#include "test.h"

#include <string.h>

#include "dmarc_check.h"
#include "dns_world.h"
#include "str.h"

struct world {
	struct as_dns_world in;
	struct as_dmarc_outcome outcome;
};

static struct world open_world(const char *zone)
{
	return (struct world){ .in = as_dns_world_open(zone, 0, 0, 100) };
}

static void close_world(struct world *world)
{
	as_dns_world_close(&world->in);
}

static void check(struct world *world, struct as_dmarc_request request)
{
	as_dmarc_check(world->in.arena, world->in.set, &request, &world->outcome);
}

static void test_without_author(void **state)
{
	(void)state;
	struct world world = open_world("");
	static const char *const authors[] = { NULL, "" };
	for (size_t i = 0; i < 2; i++) {
		check(&world, (struct as_dmarc_request){ .author_domain = authors[i] });
		assert_int_equal(world.outcome.code, AS_NONE);
		assert_int_equal(world.outcome.dnssec, AS_DNSSEC_INDETERMINATE);
		assert_null(world.outcome.weakest);
		assert_null(world.outcome.record);
	}
	as_dmarc_start(world.in.set, "");
	assert_int_equal(as_dns_fake_queries(world.in.fake, NULL, 0), 0);
	close_world(&world);
}

/* Outcomes that have no domain, as for an address literal or an unusable d=. */
static void test_identifiers_without_domain(void **state)
{
	(void)state;
	struct world world = open_world("_dmarc.example.com. TXT \"v=DMARC1; p=reject\"\n");
	const struct as_spf_outcome spf = { .code = AS_PASS };
	const struct as_dkim_signature signatures[] = { { .code = AS_PASS }, { .code = AS_TEMPERROR } };
	const struct as_dkim_outcome dkim = { .count = 2, .signatures = signatures };
	check(&world, (struct as_dmarc_request){ .author_domain = "example.com", .spf = &spf, .dkim = &dkim });
	assert_int_equal(world.outcome.code, AS_FAIL);
	assert_int_equal(world.outcome.policy, AS_DMARC_REJECT);
	assert_false(world.outcome.spf_aligned);
	assert_false(world.outcome.dkim_aligned);
	close_world(&world);
}

/* DM-49: signatures of many organizations below the author's use up their own share of the walks, not SPF's. */
static void test_many_signatures_leave_spf_its_walk(void **state)
{
	enum { SIGNATURES = 12 };
	static const struct {
		enum as_code spf, want;
	} cases[] = { { AS_PASS, AS_PASS }, { AS_TEMPERROR, AS_TEMPERROR }, { AS_SOFTFAIL, AS_FAIL } };
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct world world = open_world("_dmarc.example.com. TXT \"v=DMARC1; p=reject\"\n");
		const struct as_spf_outcome spf = { .code = cases[i].spf, .domain = "mail.example.com" };
		struct as_dkim_signature signatures[SIGNATURES] = { 0 };
		for (size_t k = 0; k < SIGNATURES; k++) {
			signatures[k] = (struct as_dkim_signature){ .code = AS_PASS, .domain = as_printf(world.in.arena, "d%zu.example.com", k) };
			as_dns_world_load(&world.in, as_printf(world.in.arena, "_dmarc.d%zu.example.com. TXT \"v=DMARC1; psd=n; p=none\"\n", k));
		}
		const struct as_dkim_outcome dkim = { .count = SIGNATURES, .signatures = signatures };
		check(&world, (struct as_dmarc_request){ .author_domain = "example.com", .spf = &spf, .dkim = &dkim });
		if (world.outcome.code != cases[i].want)
			fail_msg("SPF %s: want %s, got %s", as_code_name(cases[i].spf), as_code_name(cases[i].want),
				 as_code_name(world.outcome.code));
		assert_int_equal(as_dns_fake_queries(world.in.fake, "_dmarc.d9.example.com", AS_DNS_TXT), 1);
		assert_int_equal(as_dns_fake_queries(world.in.fake, "_dmarc.d10.example.com", AS_DNS_TXT), 0);
		close_world(&world);
	}
}

/* And SPF's walk is none of theirs: the tenth signature may be the author's, and its key be out of reach. */
static void test_spf_leaves_signatures_their_walks(void **state)
{
	enum { SIGNATURES = 10 };
	static const enum as_code codes[] = { AS_PASS, AS_TEMPERROR };
	(void)state;
	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
		struct world world = open_world("_dmarc.example.com. TXT \"v=DMARC1; p=reject\"\n"
						"_dmarc.spf.example.com. TXT \"v=DMARC1; psd=n; p=none\"\n");
		const struct as_spf_outcome spf = { .code = codes[i], .domain = "spf.example.com" };
		struct as_dkim_signature signatures[SIGNATURES] = { { .code = AS_TEMPERROR, .domain = "mail.example.com" } };
		for (size_t k = 1; k < SIGNATURES; k++) {
			signatures[k] = (struct as_dkim_signature){ .code = AS_PASS, .domain = as_printf(world.in.arena, "d%zu.example.com", k) };
			as_dns_world_load(&world.in, as_printf(world.in.arena, "_dmarc.d%zu.example.com. TXT \"v=DMARC1; psd=n; p=none\"\n", k));
		}
		const struct as_dkim_outcome dkim = { .count = SIGNATURES, .signatures = signatures };
		check(&world, (struct as_dmarc_request){ .author_domain = "example.com", .spf = &spf, .dkim = &dkim });
		if (world.outcome.code != AS_TEMPERROR)
			fail_msg("SPF %s: got %s", as_code_name(codes[i]), as_code_name(world.outcome.code));
		close_world(&world);
	}
}

/* A list is promised for that discovery; without one every domain stands for itself. */
static void test_without_list(void **state)
{
	(void)state;
	struct world world = open_world("_dmarc.example.com. TXT \"v=DMARC1; p=reject\"\n");
	const struct as_spf_outcome spf = { .code = AS_PASS, .domain = "mail.example.com" };
	check(&world, (struct as_dmarc_request){ .author_domain = "example.com", .spf = &spf, .discovery = AS_DISCOVERY_PSL });
	assert_int_equal(world.outcome.code, AS_FAIL);
	check(&world, (struct as_dmarc_request){ .author_domain = "mail.example.com", .discovery = AS_DISCOVERY_PSL });
	assert_int_equal(world.outcome.code, AS_NONE);
	close_world(&world);
}

static void test_start_asks_everything_at_once(void **state)
{
	(void)state;
	struct world world = open_world("$DELAY 1000 _dmarc.a.example.com.\n$DELAY 1000 _dmarc.example.com.\n$DELAY 1000 _dmarc.com.\n");
	as_dmarc_start(world.in.set, "a.example.com");
	assert_int_equal(as_dns_fake_queries(world.in.fake, NULL, 0), 3);
	check(&world, (struct as_dmarc_request){ .author_domain = "a.example.com" });
	assert_int_equal(world.outcome.code, AS_NONE);
	assert_int_equal(as_dns_fake_queries(world.in.fake, NULL, 0), 3);
	assert_int_equal(as_clock_mono_ms(as_dns_fake_clock(world.in.fake)), 1000);
	close_world(&world);
}

/* The existence test goes out when the record comes in, not when the evaluation gets there. */
static void test_start_of_existence(void **state)
{
	(void)state;
	static const struct {
		const char *record;
		unsigned queries;
	} cases[] = {
		{ "p=reject", 0 },
		{ "p=reject; np=reject", 0 },
		{ "p=none; sp=reject; np=reject", 0 },
		{ "p=none; np=x", 0 },
		{ "p=none; np=reject", 1 },
		{ "p=reject; sp=none; np=reject", 1 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct world world = open_world("");
		const char *zone = as_printf(world.in.arena, "_dmarc.example.com. TXT \"v=DMARC1; %s\"\n", cases[i].record);
		const char *detail = NULL;
		assert_int_equal(as_dns_fake_load(world.in.fake, world.in.arena, zone, strlen(zone), &detail), AS_OK);
		as_dmarc_start(world.in.set, "a.example.com");
		as_dns_get(world.in.set, "_dmarc.example.com", AS_DNS_TXT);
		unsigned queries = as_dns_fake_queries(world.in.fake, "a.example.com", AS_DNS_TXT);
		if (queries != cases[i].queries)
			fail_msg("%s: asked %u times", cases[i].record, queries);
		close_world(&world);
	}
}

/* SPF asks TXT at the same name: the existence test costs nothing. */
static void test_existence_is_shared(void **state)
{
	(void)state;
	struct world world = open_world("_dmarc.example.com. TXT \"v=DMARC1; p=none; np=reject\"\nmail.example.com. TXT \"v=spf1 -all\"\n");
	as_dns_start(world.in.set, "mail.example.com", AS_DNS_TXT);
	as_dmarc_start(world.in.set, "mail.example.com");
	check(&world, (struct as_dmarc_request){ .author_domain = "mail.example.com" });
	assert_int_equal(world.outcome.policy, AS_DMARC_NONE);
	assert_int_equal(as_dns_fake_queries(world.in.fake, "mail.example.com", AS_DNS_TXT), 1);
	assert_int_equal(as_dns_fake_queries(world.in.fake, NULL, 0), 4);
	close_world(&world);
}

/* A set freed with lookups under way must not touch what it started with. */
static void test_freed_under_way(void **state)
{
	(void)state;
	struct world world = open_world("$DELAY 1000 _dmarc.example.com.\n_dmarc.example.com. TXT \"v=DMARC1; p=none; np=reject\"\n");
	as_dmarc_start(world.in.set, "a.example.com");
	as_dns_set_free(world.in.set);
	world.in.set = as_dns_world_set(&world.in);
	check(&world, (struct as_dmarc_request){ .author_domain = "a.example.com" });
	assert_int_equal(world.outcome.code, AS_FAIL);
	assert_int_equal(world.outcome.policy, AS_DMARC_REJECT);
	assert_string_equal(world.outcome.source, "np");
	close_world(&world);
}

/* A time-out ends at the deadline of the message, once. */
static void test_deadline(void **state)
{
	(void)state;
	struct world world = open_world("$TIMEOUT _dmarc.a.example.com.\n$TIMEOUT _dmarc.example.com.\n");
	check(&world, (struct as_dmarc_request){ .author_domain = "a.example.com" });
	assert_int_equal(world.outcome.code, AS_TEMPERROR);
	assert_string_equal(world.outcome.reason, "lookup of _dmarc.a.example.com failed: timeout");
	assert_int_equal(as_clock_mono_ms(as_dns_fake_clock(world.in.fake)), 20000);
	close_world(&world);
}

/* A relay does not tell its client. Only when nothing but that keeps the message from failing, asking again later is of no use. */
static void test_unknown_client(void **state)
{
	(void)state;
	static const struct {
		const char *name, *zone;
		bool is_known;
		enum as_code spf;
		const char *spf_domain;
		enum as_code dkim;
		const char *dkim_domain;
		enum as_code code;
		bool lacks_client;
		const char *reason;
	} cases[] = {
		{ "the author's own", "", false, AS_TEMPERROR, "example.com", AS_FAIL, "example.com", AS_TEMPERROR, true, "client not known" },
		{ "aligned", "", false, AS_TEMPERROR, "mail.example.com", AS_NONE, NULL, AS_TEMPERROR, true, "client not known" },
		{ "a HELO name not known either", "", false, AS_TEMPERROR, NULL, AS_NONE, NULL, AS_TEMPERROR, true, "client not known" },
		{ "a stranger's", "", false, AS_TEMPERROR, "example.net", AS_NONE, NULL, AS_FAIL, false, NULL },
		{ "nothing to evaluate", "", false, AS_NONE, "example.com", AS_NONE, NULL, AS_FAIL, false, NULL },
		{ "nothing to evaluate, no domain", "", false, AS_NONE, NULL, AS_NONE, NULL, AS_FAIL, false, NULL },
		{ "no domain, a client that is known", "", true, AS_TEMPERROR, NULL, AS_NONE, NULL, AS_FAIL, false, NULL },
		{ "a signature passes", "", false, AS_TEMPERROR, "example.com", AS_PASS, "example.com", AS_PASS, false, NULL },
		{ "a key cannot be had", "", false, AS_TEMPERROR, "example.com", AS_TEMPERROR, "example.com", AS_TEMPERROR, false,
		  "DKIM signature of example.com had a temporary error" },
		{ "a stranger's key cannot be had", "", false, AS_TEMPERROR, "example.com", AS_TEMPERROR, "example.net", AS_TEMPERROR, true,
		  "client not known" },
		{ "a walk failed", "$SERVFAIL _dmarc.mail.example.com.\n", false, AS_TEMPERROR, "mail.example.com", AS_NONE, NULL, AS_TEMPERROR,
		  false, "lookup of _dmarc.mail.example.com failed: SERVFAIL" },
		{ "the policy cannot be had", "$SERVFAIL _dmarc.example.com.\n", false, AS_TEMPERROR, "example.com", AS_NONE, NULL,
		  AS_TEMPERROR, false, "lookup of _dmarc.example.com failed: SERVFAIL" },
		{ "a client that is known", "", true, AS_TEMPERROR, "example.com", AS_NONE, NULL, AS_TEMPERROR, false,
		  "SPF of example.com had a temporary error" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct world world = open_world("_dmarc.example.com. TXT \"v=DMARC1; p=reject\"\n");
		const char *detail = NULL;
		assert_int_equal(as_dns_fake_load(world.in.fake, world.in.arena, cases[i].zone, strlen(cases[i].zone), &detail), AS_OK);
		const struct as_spf_outcome spf = { .code = cases[i].spf, .domain = cases[i].spf_domain };
		const struct as_dkim_signature signature = { .code = cases[i].dkim, .domain = cases[i].dkim_domain };
		const struct as_dkim_outcome dkim = { .count = cases[i].dkim_domain ? 1 : 0, .signatures = &signature };
		check(&world, (struct as_dmarc_request){ .author_domain = "example.com", .spf = &spf, .dkim = &dkim,
							 .is_client_unknown = !cases[i].is_known });
		const struct as_dmarc_outcome *got = &world.outcome;
		bool is_same = !got->reason || !cases[i].reason ? got->reason == cases[i].reason : strcmp(got->reason, cases[i].reason) == 0;
		if (got->code != cases[i].code || got->lacks_client != cases[i].lacks_client || !is_same)
			fail_msg("%s: %s, %d, %s", cases[i].name, as_code_name(got->code), got->lacks_client, got->reason ? got->reason : "-");
		close_world(&world);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_without_author),
		cmocka_unit_test(test_identifiers_without_domain),
		cmocka_unit_test(test_many_signatures_leave_spf_its_walk),
		cmocka_unit_test(test_spf_leaves_signatures_their_walks),
		cmocka_unit_test(test_without_list),
		cmocka_unit_test(test_start_asks_everything_at_once),
		cmocka_unit_test(test_start_of_existence),
		cmocka_unit_test(test_existence_is_shared),
		cmocka_unit_test(test_freed_under_way),
		cmocka_unit_test(test_deadline),
		cmocka_unit_test(test_unknown_client),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
