/* SPDX-License-Identifier: BSD-2-Clause */
/* test_decision.c - properties of decisions as a whole, over random configurations and messages: what is rejected while lookups failed
 * would be rejected whatever they had said; no rule that stands on a claim is milder than the table; report-only and relays change what
 * is done and nothing else. */
#include "config.h"

#include "evidence.h"
#include "policy.h"
#include "rule.h"
#include "str.h"

#include "test.h"

#include <string.h>

enum { CONFIGURATIONS = 2000, MESSAGES = 40, ANSWERS = 12 };

static uint64_t seed;

static unsigned draw(unsigned n)
{
	seed = seed * 6364136223846793005 + 1442695040888963407;
	return (unsigned)(seed >> 33) % n;
}

/* --- messages -------------------------------------------------------------------------------------------------------------------- */

/* Whose names stand in a message: the author's, a forwarder's, a list's, a stranger's. */
enum { AUTHOR, FORWARDER, LIST, STRANGER, DOMAINS };
static const char *const domains[DOMAINS] = { "example.com", "fwd.example.org", "lists.example.net", "evil.example" };

/* One bit for each lookup. */
enum { SPF = 1, HELO = 2, FIRST = 4, SECOND = 8, CHAIN = 16, POLICY = 32, REVERSE = 64, LOOKUPS = 128 };
enum { NO_RECORD, WANTS_NONE, WANTS_QUARANTINE, WANTS_REJECT, POLICIES };

/* What is true, and which lookups fail to show it. */
struct world {
	unsigned failed;
	bool is_client_unknown;
	unsigned spf, helo; /* enum as_code */
	unsigned envelope;
	unsigned signatures, by[2];
	bool passes[2];
	bool has_chain, is_whole, vouches;
	unsigned sealer, policy;
	bool has_list, leads_back;
	unsigned client;    /* its name */
	unsigned recipients;
};

static const enum as_code spf_codes[] = { AS_NONE, AS_NEUTRAL, AS_PASS, AS_FAIL, AS_SOFTFAIL, AS_PERMERROR };

static void draw_answers(struct world *w, unsigned lookups)
{
	w->spf = lookups & SPF ? spf_codes[draw(6)] : w->spf;
	w->helo = lookups & HELO ? spf_codes[draw(6)] : w->helo;
	w->passes[0] = lookups & FIRST ? draw(2) : w->passes[0];
	w->passes[1] = lookups & SECOND ? draw(2) : w->passes[1];
	w->is_whole = lookups & CHAIN ? draw(2) : w->is_whole;
	w->policy = lookups & POLICY ? draw(POLICIES) : w->policy;
	w->leads_back = lookups & REVERSE ? draw(2) : w->leads_back;
	w->client = lookups & REVERSE ? draw(DOMAINS) : w->client;
}

static struct world draw_world(void)
{
	struct world w = {
		.failed = draw(LOOKUPS) & draw(LOOKUPS), .is_client_unknown = !draw(6), .envelope = draw(DOMAINS), .signatures = draw(3),
		.by = { draw(DOMAINS), draw(DOMAINS) }, .has_chain = draw(2), .vouches = draw(2), .sealer = draw(DOMAINS), .has_list = draw(2),
		.recipients = draw(3),
	};
	draw_answers(&w, LOOKUPS - 1);
	w.policy = draw(3) ? WANTS_REJECT : w.policy;
	return w;
}

struct scene {
	struct as_facts facts;
	struct as_from from;
	struct as_spf_outcome spf, helo;
	struct as_dkim_signature signatures[2];
	struct as_dkim_outcome dkim;
	struct as_arc_sealer sealer;
	struct as_arc_outcome arc;
	struct as_dmarc_record record;
	struct as_dmarc_outcome dmarc;
	struct as_iprev_outcome iprev;
	struct as_evidence evidence;
};

/* Does something of this domain pass, or has it failed for now? */
static enum as_code word_of(const struct scene *s, unsigned domain, bool counts_chain)
{
	enum as_code code = s->spf.domain == domains[domain] ? s->spf.code : AS_NONE;
	for (size_t i = 0; i < s->dkim.count && code != AS_PASS; i++)
		if (s->signatures[i].domain == domains[domain] && s->signatures[i].code != AS_FAIL)
			code = s->signatures[i].code;
	if (counts_chain && s->arc.count && s->sealer.domain == domains[domain] && code != AS_PASS)
		code = s->arc.is_unknown ? AS_TEMPERROR : AS_PASS;
	return code;
}

static bool is_failure(enum as_code code)
{
	return code == AS_TEMPERROR;
}

static void judge(struct scene *s, const struct world *w)
{
	static const enum as_dmarc_policy policies[] = { AS_DMARC_NONE, AS_DMARC_NONE, AS_DMARC_QUARANTINE, AS_DMARC_REJECT };
	enum as_code aligned = word_of(s, AUTHOR, false);
	bool is_unknown = w->failed & POLICY, lacks_client = w->is_client_unknown && w->envelope == AUTHOR;
	bool has_failed = false;
	for (size_t i = 0; i < s->dkim.count; i++)
		has_failed |= s->signatures[i].domain == domains[AUTHOR] && is_failure(s->signatures[i].code);
	has_failed |= !w->is_client_unknown && w->envelope == AUTHOR && is_failure(s->spf.code);
	s->dmarc = (struct as_dmarc_outcome){ .author_domain = domains[AUTHOR], .code = AS_NONE };
	if (!is_unknown && w->policy == NO_RECORD)
		return;
	s->dmarc.code = aligned == AS_PASS ? AS_PASS : is_unknown || has_failed || lacks_client ? AS_TEMPERROR : AS_FAIL;
	if (is_unknown)
		return;
	s->dmarc.lacks_client = s->dmarc.code == AS_TEMPERROR && !has_failed;
	s->dmarc.record = &s->record;
	s->dmarc.policy_domain = domains[AUTHOR];
	s->dmarc.policy = s->dmarc.published = policies[w->policy];
}

/* Not only on a client that is not known. */
static bool hangs_on_lookup(const struct scene *s, const struct world *w, unsigned domain, bool counts_chain)
{
	bool hangs = !w->is_client_unknown && w->envelope == domain && is_failure(s->spf.code);
	for (size_t i = 0; i < s->dkim.count; i++)
		hangs |= s->signatures[i].domain == domains[domain] && is_failure(s->signatures[i].code);
	return hangs || (counts_chain && s->arc.is_unknown && s->sealer.domain == domains[domain]);
}

/* What lib/method_evidence.c says, in short. */
static void look_for_evidence(struct scene *s, const struct world *w, const struct as_settings *settings)
{
	bool fails = (s->dmarc.code == AS_FAIL || s->dmarc.lacks_client) && s->dmarc.policy != AS_DMARC_NONE;
	bool has_rule = settings->rules && settings->rules->needs & AS_NEEDS_LIST;
	struct as_evidence *e = &s->evidence;
	*e = (struct as_evidence){ .list = NULL };
	s->facts.list_id = NULL;
	s->facts.evidence = fails || has_rule ? e : NULL;
	enum as_code list = w->has_list && (has_rule || settings->dmarc.on_proven_list < AS_VERB_REJECT) ? word_of(s, LIST, true) : AS_NONE;
	enum as_code forwarder = fails && settings->dmarc.on_forwarder < AS_VERB_REJECT ? word_of(s, FORWARDER, false) : AS_NONE;
	bool is_named = fails && w->vouches && s->arc.count && w->sealer == FORWARDER;
	if (!s->facts.evidence)
		return;
	if (list == AS_PASS)
		e->list = e->list_why = s->facts.list_id = "users.lists.example.net";
	bool is_hidden = is_failure(list) && hangs_on_lookup(s, w, LIST, true);
	e->unproven_list = is_hidden ? "users.lists.example.net" : NULL;
	e->forwarder = forwarder == AS_PASS ? "dkim" : NULL;
	e->arc = is_named && !s->arc.is_unknown ? "arc=pass" : NULL;
	e->is_undecided = is_hidden || (is_failure(forwarder) && hangs_on_lookup(s, w, FORWARDER, false)) || (is_named && s->arc.is_unknown);
	e->lacks_client = w->is_client_unknown && ((is_failure(list) && w->envelope == LIST) ||
						   (is_failure(forwarder) && w->envelope == FORWARDER));
}

static void see(struct scene *s, const struct world *w, const struct as_settings *settings)
{
	static const struct as_recipient recipients[] = { { "a@example.net", "example.net" }, { "b@corp.example", "corp.example" } };
	bool knows_spf = !(w->failed & SPF) && !w->is_client_unknown;
	*s = (struct scene){ .from = { .status = AS_FROM_ONE, .domain = domains[AUTHOR] } };
	s->spf = (struct as_spf_outcome){ .code = knows_spf ? (enum as_code)w->spf : AS_TEMPERROR, .domain = domains[w->envelope] };
	s->helo = (struct as_spf_outcome){ .code = w->failed & HELO ? AS_TEMPERROR : (enum as_code)w->helo, .domain = "mx.example.org" };
	for (unsigned i = 0; i < w->signatures; i++)
		s->signatures[i] = (struct as_dkim_signature){ .domain = domains[w->by[i]],
			.code = w->failed & FIRST << i ? AS_TEMPERROR : w->passes[i] ? AS_PASS : AS_FAIL };
	s->dkim = (struct as_dkim_outcome){ .count = w->signatures, .signatures = s->signatures };
	s->sealer = (struct as_arc_sealer){ .domain = domains[w->sealer] };
	s->arc.is_unknown = w->has_chain && w->failed & CHAIN;
	s->arc.code = !w->has_chain ? AS_NONE : w->is_whole && !s->arc.is_unknown ? AS_PASS : AS_FAIL;
	s->arc.count = s->arc.is_unknown || s->arc.code == AS_PASS;
	s->arc.sealers = &s->sealer;
	s->iprev.code = w->failed & REVERSE ? AS_TEMPERROR : w->leads_back ? AS_PASS : AS_FAIL;
	s->iprev.name = s->iprev.code == AS_PASS ? domains[w->client] : NULL;
	s->facts = (struct as_facts){
		.client = { .family = 4, .bytes = { 192, 0, 2, 7 } }, .is_client_unknown = w->is_client_unknown, .helo = "mx.example.org",
		.envelope_domain = domains[w->envelope], .queue_id = "4XyZ", .hostname = "mx.example.net", .from = &s->from, .spf = &s->spf,
		.spf_helo = w->is_client_unknown ? NULL : &s->helo, .dkim = &s->dkim, .arc = &s->arc, .dmarc = &s->dmarc,
		.iprev = w->is_client_unknown ? NULL : &s->iprev, .recipients = recipients, .recipient_count = w->recipients,
		.relay = w->is_client_unknown && settings->relay_count ? &settings->relays[0] : NULL, .now_s = 1800000000,
	};
	judge(s, w);
	look_for_evidence(s, w, settings);
}

/* --- configurations -------------------------------------------------------------------------------------------------------------- */

/* None names temperror, or iprev = pass: whoever does says that failures are to be taken as they are. None names the stranger. */
static const char *const conditions[] = {
	"spf = pass", "spf = {fail, softfail}", "spf = {none, neutral, permerror}", "spf-helo = pass", "spf-helo = fail", "dkim = pass",
	"dkim = {fail, none}", "dkim-domain = fwd.example.org", "dkim-domain = {.example.net, example.com}", "arc = pass", "arc = fail",
	"arc-sealer = {lists.example.net, example.com}", "list-id = .lists.example.net", "dmarc = pass", "dmarc = {fail, none}",
	"dmarc = {none, permerror}", "dmarc-policy = reject", "dmarc-policy = {none, quarantine}", "client = {fwd.example.org, .example.net}",
	"client = 192.0.2.0/24", "recipient = a@example.net", "recipient-domain = corp.example",
};
static const char *const claims[] = {
	"from-domain = example.com", "display-name-domain = .example.net", "helo = .example.org", "header-present = x-pass",
	"envelope-domain = {example.com, fwd.example.org}",
};
static const char *const actions[] = { "accept", "tag", "quarantine", "tempfail", "reject", "report-only" };
enum { CONDITIONS = sizeof conditions / sizeof *conditions, CLAIMS = sizeof claims / sizeof *claims };

static const char *word(unsigned most)
{
	return actions[draw(most)];
}

static const char *not_tempfail(void)
{
	const char *action = word(5);
	return strcmp(action, "tempfail") == 0 ? "reject" : action;
}

static const char *draw_table(struct as_arena *arena, bool is_plain)
{
	struct as_buf out = as_buf_new(arena);
	as_buf_printf(&out, "dmarc { on-reject = %s on-quarantine = %s on-none-fail = %s", draw(3) ? "reject" : word(5), word(5), word(2));
	as_buf_printf(&out, " on-temperror = %s", draw(2) ? "tempfail" : word(4));
	as_buf_printf(&out, " on-proven-list = %s on-forwarder = %s", not_tempfail(), not_tempfail());
	as_buf_printf(&out, " on-permerror = %s on-malformed-from = %s }\n", word(4), draw(2) ? "reject" : word(5));
	as_buf_puts(&out, "iprev { enable = true ");
	as_buf_printf(&out, is_plain ? "}\n" : "on-fail = %s on-temperror = %s }\n", draw(3) ? "accept" : word(5), word(4));
	as_buf_printf(&out, "arc { trusted-sealers = fwd.example.org } forwarders { domains = fwd.example.org } on-unknown-client = %s\n", not_tempfail());
	as_buf_printf(&out, "mixed-recipients = %s relay x { networks = 198.51.100.1 on-reject = %s }\n", draw(2) ? "mildest" : "strictest", not_tempfail());
	if (is_plain)
		return out.text;
	as_buf_printf(&out, "spf { on-fail = %s on-temperror = %s }", draw(3) ? "accept" : word(5), word(4));
	as_buf_printf(&out, " dkim { on-fail = %s on-none = %s on-temperror = %s }\n", draw(3) ? "accept" : word(5), draw(3) ? "accept" : word(5), word(4));
	return out.text;
}

/* As many of some rules as are allowed. *claiming: bits of those that stand on a claim as well. */
static const struct as_settings *draw_settings(struct as_arena *arena, bool wants_claims, unsigned *claiming)
{
	enum { RULES = 5 };
	const struct as_settings *settings = NULL, *tried;
	const char *text = draw_table(arena, wants_claims), *detail;
	if (as_settings_parse(arena, "t", text, &settings, &detail) != AS_OK)
		fail_msg("%s%s", text, detail);
	*claiming = 0;
	for (unsigned i = draw(RULES), n = 0; i > 0; i--) {
		const char *claim = wants_claims || draw(2) ? claims[draw(CLAIMS)] : "";
		const char *rule = as_printf(arena, "rule r%u { action = %s %s %s %s }\n", n, word(wants_claims ? 2 : 6),
					     conditions[draw(CONDITIONS)], draw(2) ? conditions[draw(CONDITIONS)] : "", claim);
		const char *longer = as_printf(arena, "%s%s", text, rule);
		if (as_settings_parse(arena, "t", longer, &tried, &detail) != AS_OK)
			continue; /* a keyword twice, or an exemption by a mere claim */
		settings = tried;
		text = longer;
		*claiming |= *claim ? 1u << n : 0;
		n++;
	}
	return settings;
}

/* --- properties ------------------------------------------------------------------------------------------------------------------ */

static void tell(const struct as_settings *settings, const struct world *w, const struct as_decision *is, const struct as_decision *other)
{
	for (size_t i = 0; settings->rules && i < settings->rules->count; i++) {
		const struct as_rule *rule = &settings->rules->list[i];
		print_error("%s %s:", rule->name, rule->is_report_only ? "report-only" : as_verb_name(rule->verb));
		for (size_t j = 0; j < rule->count; j++)
			print_error(" %s %x %s", as_condition_name(rule->conditions[j].id), (unsigned)rule->conditions[j].bits,
				    rule->conditions[j].count && rule->conditions[j].names ? rule->conditions[j].names[0] : "");
		print_error("\n");
	}
	print_error("failed %x, client %s, spf %u of %u, helo %u, signatures %u: %u %d, %u %d; chain %d %d by %u %d; policy %u, list %d, "
		    "reverse %d %u, recipients %u\n", w->failed, w->is_client_unknown ? "unknown" : "known", w->spf, w->envelope, w->helo,
		    w->signatures, w->by[0], w->passes[0], w->by[1], w->passes[1], w->has_chain, w->is_whole, w->sealer, w->vouches,
		    w->policy, w->has_list, w->leads_back, w->client, w->recipients);
	print_error("is %s by %s, else %s by %s\n", as_verb_name(is->wanted), is->rule, as_verb_name(other->wanted), other->rule);
}

/* What is rejected for good is so whatever the lookups that failed would have said. */
static void test_no_refusal_hangs_on_a_failure(void **state)
{
	(void)state;
	size_t rejected = 0, deferred = 0;
	for (unsigned round = 1; round <= CONFIGURATIONS; round++) {
		struct as_arena *arena = as_arena_new();
		unsigned claiming;
		seed = round;
		const struct as_settings *settings = draw_settings(arena, false, &claiming);
		for (unsigned i = 0; i < MESSAGES; i++) {
			struct world w = draw_world(), known;
			struct as_decision is, other;
			struct scene s;
			see(&s, &w, settings);
			as_policy_decide(arena, settings, &s.facts, &is);
			rejected += is.wanted == AS_VERB_REJECT && w.failed;
			deferred += is.wanted == AS_VERB_TEMPFAIL && w.failed;
			bool passes = s.dmarc.code == AS_PASS;
			for (unsigned j = 0; j < ANSWERS && is.wanted == AS_VERB_REJECT && w.failed; j++) {
				known = w;
				known.failed = 0;
				draw_answers(&known, w.failed);
				if (passes && known.policy == NO_RECORD)
					known.policy = WANTS_NONE; /* a pass without a record is none, but a pass it is said to be */
				see(&s, &known, settings);
				as_policy_decide(arena, settings, &s.facts, &other);
				if (other.wanted == AS_VERB_REJECT)
					continue;
				tell(settings, &w, &is, &other);
				tell(settings, &known, &is, &other);
				fail_msg("round %u: rejected, but not if the lookups had not failed", round);
			}
		}
		as_arena_free(arena);
	}
	assert_true(rejected > CONFIGURATIONS && deferred > CONFIGURATIONS);
}

/* A stranger who claims what he likes, and for whose own domain everything passes. */
static void see_stranger(struct as_arena *arena, struct scene *s, struct world *w, const struct as_settings *settings)
{
	static const enum as_code codes[] = { AS_NONE, AS_FAIL, AS_SOFTFAIL };
	struct as_fields fields;
	w->failed = 0;
	w->is_client_unknown = w->leads_back = false;
	w->spf = w->envelope == STRANGER ? AS_PASS : codes[draw(3)];
	w->helo = codes[draw(3)];
	for (unsigned i = 0; i < 2; i++)
		w->passes[i] = w->by[i] == STRANGER;
	w->is_whole = w->sealer == STRANGER;
	see(s, w, settings);
	s->facts.client.bytes[2] = 66;
	if (!draw(4)) {
		s->from = (struct as_from){ .status = AS_FROM_MALFORMED, .reason = "text after an address" };
		s->dmarc = (struct as_dmarc_outcome){ .code = AS_PERMERROR };
		s->facts.evidence = NULL;
	}
	as_fields_init(&fields, arena, 10, 1000);
	as_fields_add(&fields, "X-Pass", 6, " x", 2);
	if (settings->rules)
		s->facts.header = as_rules_see_header(arena, settings->rules, &fields);
}

static void test_no_claim_exempts(void **state)
{
	(void)state;
	size_t taken = 0;
	for (unsigned round = 1; round <= CONFIGURATIONS; round++) {
		struct as_arena *arena = as_arena_new();
		unsigned claiming;
		seed = round;
		const struct as_settings *settings = draw_settings(arena, true, &claiming);
		struct as_settings table = *settings;
		table.rules = NULL;
		for (unsigned i = 0; i < MESSAGES && claiming; i++) {
			struct world w = draw_world();
			struct as_decision is, other;
			struct scene s;
			see_stranger(arena, &s, &w, settings);
			as_policy_decide(arena, settings, &s.facts, &is);
			bool is_claim = is.rule[0] == 'r' && is.rule[1] >= '0' && is.rule[1] <= '9' && claiming & 1u << (is.rule[1] - '0');
			if (!is_claim || is.wanted > AS_VERB_TAG)
				continue;
			taken++;
			as_policy_decide(arena, &table, &s.facts, &other);
			if (other.wanted <= is.wanted)
				continue;
			tell(settings, &w, &is, &other);
			fail_msg("round %u: a claim is milder than the table", round);
		}
		as_arena_free(arena);
	}
	assert_true(taken > 100);
}

/* report-only changes what is done, a relay what a rejection becomes. */
static void test_what_is_done(void **state)
{
	(void)state;
	for (unsigned round = 1; round <= CONFIGURATIONS / 10; round++) {
		struct as_arena *arena = as_arena_new();
		unsigned claiming;
		seed = round;
		const struct as_settings *settings = draw_settings(arena, false, &claiming);
		struct as_settings silent = *settings;
		silent.report_only = true;
		for (unsigned i = 0; i < MESSAGES; i++) {
			struct world w = draw_world();
			struct as_decision is, other;
			struct scene s;
			see(&s, &w, settings);
			as_policy_decide(arena, settings, &s.facts, &is);
			as_policy_decide(arena, &silent, &s.facts, &other);
			enum as_verb done = s.facts.relay && is.wanted == AS_VERB_REJECT ? s.facts.relay->on_reject : is.wanted;
			assert_int_equal(is.verb, done);
			assert_int_equal(is.reply_code, done == AS_VERB_REJECT ? 550 : done == AS_VERB_TEMPFAIL ? 451 : 0);
			assert_int_equal(other.verb, AS_VERB_ACCEPT);
			assert_int_equal(other.computed, is.computed);
			assert_string_equal(other.rule, is.rule);
			assert_null(other.text);
		}
		as_arena_free(arena);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_refusal_hangs_on_a_failure),
		cmocka_unit_test(test_no_claim_exempts),
		cmocka_unit_test(test_what_is_done),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
