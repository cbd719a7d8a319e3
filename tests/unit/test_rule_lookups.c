/* SPDX-License-Identifier: BSD-2-Clause */
/* test_rule_lookups.c - rules that hang on lookups that failed. */
#include "config.h"

#include "evidence.h"
#include "policy.h"
#include "rule.h"
#include "str.h"

#include "rule_scene.h"
#include "settings_from.h"
#include "test.h"

#include <string.h>

/* The name of the client could not be looked up. Without rules the message is rejected, or accepted with p=none. */
#define EXEMPTS "client = .host.example action = accept"
static const struct {
	const char *name, *rules;
	enum as_dmarc_policy policy;
	const char *undecided[3];
	enum as_verb verb;
	const char *rule;
} hanging[] = {
	{ "exemption", "rule x { " EXEMPTS " }", AS_DMARC_REJECT, { NULL }, AS_VERB_TEMPFAIL, "iprev-temperror" },
	{ "exemption of what is accepted", "rule x { " EXEMPTS " }", AS_DMARC_NONE, { NULL }, AS_VERB_ACCEPT, "dmarc-fail-none" },
	{ "refusal", "rule x { client = .host.example action = reject }", AS_DMARC_NONE, { NULL }, AS_VERB_TEMPFAIL, "iprev-temperror" },
	{ "refusal for now", "rule x { client = .host.example action = tempfail }", AS_DMARC_NONE, { NULL }, AS_VERB_TEMPFAIL,
	  "iprev-temperror" },
	{ "refusal of what is refused", "rule x { client = .host.example action = reject }", AS_DMARC_REJECT, { NULL }, AS_VERB_REJECT,
	  "dmarc-reject" },
	{ "nothing is refused", "rule x { client = .host.example action = tag } rule y { client = .host.example action = quarantine }",
	  AS_DMARC_NONE, { NULL }, AS_VERB_ACCEPT, "dmarc-fail-none" },
	{ "two", "rule x { client = .host.example action = tag } rule y { client = .else.example action = reject }", AS_DMARC_NONE, { NULL },
	  AS_VERB_TEMPFAIL, "iprev-temperror" },
	{ "only with a pass", "rule x { iprev = pass " EXEMPTS " }", AS_DMARC_REJECT, { NULL }, AS_VERB_REJECT, "dmarc-reject" },
	{ "network", "rule x { client = {.host.example, 192.0.2.0/24} action = accept }", AS_DMARC_REJECT, { NULL }, AS_VERB_ACCEPT, "x" },
	{ "other network", "rule x { client = {.host.example, 198.51.100.0/24} action = accept }", AS_DMARC_REJECT, { NULL },
	  AS_VERB_TEMPFAIL, "iprev-temperror" },
	{ "networks alone", "rule x { client = 198.51.100.0/24 action = accept }", AS_DMARC_REJECT, { NULL }, AS_VERB_REJECT, "dmarc-reject" },
	{ "behind the one that decides", "rule a { dmarc = fail action = reject } rule x { " EXEMPTS " }", AS_DMARC_REJECT, { NULL },
	  AS_VERB_REJECT, "a" },
	{ "before it", "rule x { " EXEMPTS " } rule a { dmarc = fail action = reject }", AS_DMARC_REJECT, { NULL }, AS_VERB_TEMPFAIL,
	  "iprev-temperror" },
	{ "deferred anyway", "rule x { " EXEMPTS " } rule a { dmarc = fail action = tempfail }", AS_DMARC_REJECT, { NULL }, AS_VERB_TEMPFAIL,
	  "a" },
	{ "said otherwise", "rule a { iprev = temperror action = tag client = 192.0.2.0/24 } rule x { " EXEMPTS " }", AS_DMARC_REJECT,
	  { NULL }, AS_VERB_TAG, "a" },
	{ "another condition", "rule x { spf = pass " EXEMPTS " }", AS_DMARC_REJECT, { NULL }, AS_VERB_REJECT, "dmarc-reject" },
	{ "report-only", "rule x { client = .host.example action = report-only }", AS_DMARC_REJECT, { NULL }, AS_VERB_REJECT, "dmarc-reject" },
	{ "sampled", "rule x { percent = 0 " EXEMPTS " }", AS_DMARC_REJECT, { NULL }, AS_VERB_REJECT, "dmarc-reject" },
	{ "expired", "rule x { expires = 2020-01-01 " EXEMPTS " }", AS_DMARC_REJECT, { NULL }, AS_VERB_REJECT, "dmarc-reject" },
	{ "other name", "rule x { " EXEMPTS " }", AS_DMARC_REJECT, { "mx.else.example" }, AS_VERB_REJECT, "dmarc-reject" },
	{ "one of the names", "rule x { " EXEMPTS " }", AS_DMARC_REJECT, { "mx.else.example", "Out.HOST.example" }, AS_VERB_TEMPFAIL,
	  "iprev-temperror" },
	{ "nobody's recipient", "rule x { recipient = alice@example.net " EXEMPTS " }", AS_DMARC_REJECT, { NULL }, AS_VERB_REJECT,
	  "dmarc-reject" },
	{ "one recipient", "rule x { recipient = bob@example.net " EXEMPTS " }", AS_DMARC_REJECT, { NULL }, AS_VERB_TEMPFAIL,
	  "iprev-temperror" },
	{ "recipient that is taken", "rule a { recipient = bob@example.net action = reject } rule x { recipient = bob@example.net " EXEMPTS
	  " }", AS_DMARC_REJECT, { NULL }, AS_VERB_REJECT, "a" },
};

static void test_name_not_looked_up(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof hanging / sizeof *hanging; i++) {
		struct as_arena *arena = as_arena_new();
		struct as_decision d;
		struct rule_scene s;
		rule_scene_stage(&s);
		s.dmarc.policy = s.dmarc.published = hanging[i].policy;
		s.iprev = (struct as_iprev_outcome){ .code = AS_TEMPERROR };
		for (; hanging[i].undecided[s.iprev.undecided_count]; s.iprev.undecided_count++)
			s.iprev.undecided[s.iprev.undecided_count] = hanging[i].undecided[s.iprev.undecided_count];
		const char *text = as_printf(arena, "iprev { enable = true } %s", hanging[i].rules);
		as_policy_decide(arena, settings_from(arena, text), &s.facts, &d);
		if (d.verb != hanging[i].verb || strcmp(d.rule, hanging[i].rule) != 0)
			fail_msg("%s: is %s by %s", hanging[i].name, as_verb_name(d.verb), d.rule);
		s.iprev.code = AS_FAIL; /* known to have no such name: nothing hangs on it */
		as_policy_decide(arena, settings_from(arena, text), &s.facts, &d);
		if (strcmp(d.rule, "iprev-temperror") == 0)
			fail_msg("%s: deferred for a client without a name", hanging[i].name);
		as_arena_free(arena);
	}
}

static void test_name_not_looked_up_says_so(void **state)
{
	(void)state;
	struct as_arena *arena = as_arena_new();
	struct as_decision d;
	struct rule_scene s;
	rule_scene_stage(&s);
	s.dmarc.policy = AS_DMARC_REJECT;
	s.iprev = (struct as_iprev_outcome){ .code = AS_TEMPERROR };
	as_policy_decide(arena, settings_from(arena, "iprev { enable = true } rule partner { " EXEMPTS " }"), &s.facts, &d);
	assert_string_equal(as_printf(arena, "%u %s %s", d.reply_code, d.enhanced, d.text),
			    "451 4.7.25 Reverse DNS of 192.0.2.7 cannot be looked up");
	assert_string_equal(d.reason, "reverse DNS temporary error, and rule partner asks for the client's name");
	as_policy_decide(arena, settings_from(arena, "report-only = true iprev { enable = true } rule partner { " EXEMPTS " }"), &s.facts, &d);
	assert_int_equal(d.verb, AS_VERB_ACCEPT);
	assert_int_equal(d.computed, AS_VERB_TEMPFAIL);
	as_arena_free(arena);
}

/* A message that is rejected, or accepted with p=none, and all of whose lookups failed. */
#define DOES(what) "rule x { from-domain = mail.example.com client = 192.0.2.0/24 action = " what " "
static const struct {
	const char *rules;
	enum as_dmarc_policy policy;
	enum as_verb verb;
	const char *rule, *asks; /* asks: NULL where nothing hangs on a rule */
} failed[] = {
	{ DOES("accept") "dkim-domain = .example.org }", AS_DMARC_REJECT, AS_VERB_TEMPFAIL, "dkim-temperror", "dkim-domain" },
	{ DOES("reject") "dkim-domain = .example.org }", AS_DMARC_NONE, AS_VERB_TEMPFAIL, "dkim-temperror", "dkim-domain" },
	{ DOES("tag") "dkim-domain = .example.org }", AS_DMARC_NONE, AS_VERB_ACCEPT, "dmarc-fail-none", NULL },
	{ DOES("accept") "dkim-domain = other.example }", AS_DMARC_REJECT, AS_VERB_REJECT, "dmarc-reject", NULL },
	{ DOES("accept") "dkim-domain = bad.example }", AS_DMARC_REJECT, AS_VERB_REJECT, "dmarc-reject", NULL },
	{ DOES("accept") "arc-sealer = new.example }", AS_DMARC_REJECT, AS_VERB_TEMPFAIL, "dmarc-temperror", "arc-sealer" },
	{ DOES("accept") "arc-sealer = old.example }", AS_DMARC_REJECT, AS_VERB_REJECT, "dmarc-reject", NULL },
	{ DOES("accept") "list-id = .lists.example.org }", AS_DMARC_REJECT, AS_VERB_TEMPFAIL, "dmarc-temperror", "list-id" },
	{ DOES("tempfail") "list-id = .lists.example.org }", AS_DMARC_NONE, AS_VERB_TEMPFAIL, "dmarc-temperror", "list-id" },
	{ DOES("accept") "list-id = .other.example }", AS_DMARC_REJECT, AS_VERB_REJECT, "dmarc-reject", NULL },
	{ DOES("accept") "spf = pass }", AS_DMARC_REJECT, AS_VERB_TEMPFAIL, "spf-temperror", "spf" },
	{ DOES("quarantine") "spf-helo = pass }", AS_DMARC_REJECT, AS_VERB_TEMPFAIL, "spf-temperror", "spf-helo" },
	{ DOES("tag") "dkim = pass }", AS_DMARC_REJECT, AS_VERB_TEMPFAIL, "dkim-temperror", "dkim" },
	{ DOES("accept") "dkim = none }", AS_DMARC_REJECT, AS_VERB_REJECT, "dmarc-reject", NULL },
	{ DOES("accept") "arc = pass }", AS_DMARC_REJECT, AS_VERB_TEMPFAIL, "dmarc-temperror", "arc" },
	{ DOES("accept") "arc = none }", AS_DMARC_REJECT, AS_VERB_REJECT, "dmarc-reject", NULL },
	{ DOES("reject") "arc = fail }", AS_DMARC_NONE, AS_VERB_TEMPFAIL, "dmarc-temperror", "arc" },
	{ DOES("tag") "arc = fail }", AS_DMARC_NONE, AS_VERB_ACCEPT, "dmarc-fail-none", NULL },
	{ DOES("accept") "dnssec = 'dkim:secure' }", AS_DMARC_REJECT, AS_VERB_TEMPFAIL, "dmarc-temperror", "dnssec" },
	{ DOES("accept") "dnssec = 'dmarc:secure' }", AS_DMARC_REJECT, AS_VERB_REJECT, "dmarc-reject", NULL },
	{ DOES("accept") "dmarc = pass }", AS_DMARC_REJECT, AS_VERB_REJECT, "dmarc-reject", NULL }, /* known to fail */
	{ DOES("accept") "iprev = pass }", AS_DMARC_REJECT, AS_VERB_REJECT, "dmarc-reject", NULL },
	{ DOES("accept") "dkim-domain = .example.org helo = other.example }", AS_DMARC_REJECT, AS_VERB_REJECT, "dmarc-reject", NULL },
	{ DOES("accept") "dkim-domain = .example.org recipient = x@other.example }", AS_DMARC_REJECT, AS_VERB_REJECT, "dmarc-reject", NULL },
	{ DOES("accept") "dkim-domain = .example.org spf = pass }", AS_DMARC_REJECT, AS_VERB_TEMPFAIL, "spf-temperror", "spf" },
	{ DOES("report-only") "dkim-domain = .example.org }", AS_DMARC_REJECT, AS_VERB_REJECT, "dmarc-reject", NULL },
	/* a failed result can be named: no rule refuses for what it might have been */
	{ DOES("reject") "spf = fail }", AS_DMARC_NONE, AS_VERB_ACCEPT, "dmarc-fail-none", NULL },
	{ DOES("reject") "dkim = {fail, none} }", AS_DMARC_NONE, AS_VERB_ACCEPT, "dmarc-fail-none", NULL },
	{ DOES("tag") "spf = temperror }", AS_DMARC_REJECT, AS_VERB_TAG, "x", NULL },
	/* rules before and behind the one that decides */
	{ DOES("accept") "list-id = .lists.example.org } rule y { dmarc = fail action = reject }", AS_DMARC_NONE, AS_VERB_TEMPFAIL,
	  "dmarc-temperror", "list-id" },
	{ "rule y { dmarc = fail action = reject } " DOES("accept") "list-id = .lists.example.org }", AS_DMARC_NONE, AS_VERB_REJECT, "y", NULL },
};

static void fail_lookups(struct rule_scene *s)
{
	static const struct as_evidence evidence = { .unproven_list = "users.lists.example.org" };
	s->spf.code = s->helo.code = s->signatures[1].code = s->iprev.code = AS_TEMPERROR;
	s->arc.code = AS_FAIL;
	s->arc.is_unknown = true;
	s->iprev.undecided[s->iprev.undecided_count++] = "mx.host.example";
	s->facts.list_id = NULL;
	s->facts.evidence = &evidence;
}

static void test_not_looked_up(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof failed / sizeof *failed; i++) {
		struct as_arena *arena = as_arena_new();
		struct as_decision d;
		struct rule_scene s;
		rule_scene_stage(&s);
		fail_lookups(&s);
		s.dmarc.policy = s.dmarc.published = failed[i].policy;
		as_policy_decide(arena, settings_from(arena, as_printf(arena, "iprev { enable = true } %s", failed[i].rules)), &s.facts, &d);
		const char *end = failed[i].asks ? as_printf(arena, "and rule x asks for %s", failed[i].asks) : "";
		bool says_so = !failed[i].asks || (d.reason && strstr(d.reason, end));
		if (d.verb != failed[i].verb || strcmp(d.rule, failed[i].rule) != 0 || !says_so)
			fail_msg("%s: is %s by %s: %s", failed[i].rules, as_verb_name(d.verb), d.rule, d.reason ? d.reason : "-");
		as_arena_free(arena);
	}
}

/* The row defers the message, and its reply says what cannot be looked up, which need not be DMARC. */
static void test_reply_says_what_is_not_looked_up(void **state)
{
	static const struct {
		const char *condition, *reply, *reason;
	} cases[] = {
		{ "arc = pass", "451 4.7.0 Key of an ARC seal cannot be looked up", "ARC temporary error, and rule x asks for arc" },
		{ "arc-sealer = new.example", "451 4.7.0 Key of an ARC seal cannot be looked up",
		  "ARC temporary error, and rule x asks for arc-sealer" },
		{ "list-id = .lists.example.org", "451 4.7.0 Mailing list cannot be looked up",
		  "mailing list temporary error, and rule x asks for list-id" },
		{ "dnssec = 'dkim:secure'", "451 4.7.0 DNS lookup failed", "DNS temporary error, and rule x asks for dnssec" },
		{ "dkim = pass", "451 4.7.5 DKIM key server unavailable", "DKIM temporary error, and rule x asks for dkim" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct as_arena *arena = as_arena_new();
		struct as_decision d;
		struct rule_scene s;
		rule_scene_stage(&s);
		fail_lookups(&s);
		s.dmarc.policy = s.dmarc.published = AS_DMARC_REJECT;
		as_policy_decide(arena, settings_from(arena, as_printf(arena, DOES("accept") "%s }", cases[i].condition)), &s.facts, &d);
		assert_string_equal(as_printf(arena, "%u %s %s", d.reply_code, d.enhanced, d.text), cases[i].reply);
		assert_string_equal(d.reason, cases[i].reason);
		as_arena_free(arena);
	}
}

/* That the relay does not tell its client is no lookup that may do better next time. */
static void test_unknown_client_is_no_failure(void **state)
{
	(void)state;
	struct as_arena *arena = as_arena_new();
	struct as_decision d;
	struct rule_scene s;
	rule_scene_stage(&s);
	s.spf.code = s.helo.code = AS_TEMPERROR;
	s.facts.is_client_unknown = true;
	s.dmarc.policy = AS_DMARC_REJECT;
	const struct as_settings *settings = settings_from(arena, "rule x { envelope-domain = .example.org spf = pass action = accept }"
								  "rule y { helo = mx.example.net spf-helo = pass action = accept }");
	as_policy_decide(arena, settings, &s.facts, &d);
	assert_string_equal(d.rule, "dmarc-reject");
	s.facts.is_client_unknown = false;
	as_policy_decide(arena, settings, &s.facts, &d);
	assert_string_equal(d.rule, "spf-temperror");
	assert_string_equal(d.text, "SPF record of bounce.example.org cannot be looked up");
	s.spf.code = AS_FAIL;
	as_policy_decide(arena, settings, &s.facts, &d);
	assert_string_equal(d.text, "SPF record of MX.Example.Net cannot be looked up");
	as_arena_free(arena);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_name_not_looked_up),
		cmocka_unit_test(test_name_not_looked_up_says_so),
		cmocka_unit_test(test_not_looked_up),
		cmocka_unit_test(test_reply_says_what_is_not_looked_up),
		cmocka_unit_test(test_unknown_client_is_no_failure),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
