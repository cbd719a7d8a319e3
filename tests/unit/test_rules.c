/* SPDX-License-Identifier: BSD-2-Clause */
/* test_rules.c - rules of the configuration: each condition, random sets of rules against a second statement of what they mean, sampling,
 * expiry, mixed recipients, and what `assayd -n` says. */
#include "config.h"

#include "policy.h"
#include "rule.h"
#include "str.h"

#include "rule_scene.h"
#include "settings_from.h"
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* With an action stricter than the table's, so that it decides for a message with mixed recipients as well. */
static bool decides(struct as_arena *arena, const char *conditions, struct rule_scene *s)
{
	const char *text = as_printf(arena, "skip-authenticated = false iprev { enable = true } rule r { %s action = reject }", conditions);
	const struct as_settings *settings = settings_from(arena, text);
	struct as_fields fields;
	as_fields_init(&fields, arena, 10, 1000);
	as_fields_add(&fields, "X-Mailer", 8, " x", 2);
	as_fields_add(&fields, "List-ID ", 8, " x", 2);
	s->facts.header = as_rules_see_header(arena, settings->rules, &fields);
	struct as_decision d;
	as_policy_decide(arena, settings, &s->facts, &d);
	return strcmp(d.rule, "r") == 0;
}

static const struct { const char *conditions; bool matches; } cases[] = {
	{ "authenticated = false", true },
	{ "authenticated = true", false },
	{ "spf = softfail", true },
	{ "spf = {pass, softfail}", true },
	{ "spf = {none, neutral, pass, fail, temperror, permerror}", false },
	{ "spf-helo = pass", true },
	{ "spf-helo = softfail", false },
	{ "dkim = pass", true },
	{ "dkim = {none, fail, policy, temperror}", false },
	{ "dkim-domain = sub.example.org", true },
	{ "dkim-domain = .example.org", true },
	{ "dkim-domain = example.org", false },
	{ "dkim-domain = .sub.example.org", false },
	{ "dkim-domain = bad.example", false }, /* its signature failed */
	{ "arc = pass", true },
	{ "arc = {none, fail}", false },
	{ "arc-sealer = New.Example.", true },
	{ "arc-sealer = old.example", false }, /* not the newest */
	{ "dmarc = fail", true },
	{ "dmarc = {none, pass, temperror, permerror}", false },
	{ "dmarc-policy = quarantine", true },
	{ "dmarc-policy = {none, reject}", false },
	{ "from-domain = mail.example.com", true },
	{ "from-domain = .example.com", true },
	{ "from-domain = .com", true },
	{ "from-domain = {example.com, il.example.com, .il.example.com, x.mail.example.com}", false },
	{ "display-name-domain = pay.example", true },
	{ "display-name-domain = {bank.example, .bank.example}", true },
	{ "display-name-domain = {bank.example, mail.example.com, .com}", false },
	{ "envelope-domain = bounce.example.org", true },
	{ "envelope-domain = mail.example.com", false },
	{ "helo = mx.example.net", true },
	{ "helo = .example.net", true },
	{ "helo = example.net", false },
	{ "client = 192.0.2.0/24", true },
	{ "client = {2001:db8::/32, 192.0.2.7}", true },
	{ "client = {192.0.2.8/29, '::/0'}", false },
	{ "client = out.host.example", true },
	{ "client = {192.0.2.9, .host.example}", true },
	{ "client = {192.0.2.9, host.example, mx.example.net}", false },
	{ "iprev = pass", true },
	{ "iprev = {fail, temperror, permerror}", false },
	{ "dnssec = iprev:bogus", true },
	{ "recipient = Bob@EXAMPLE.net", true },
	{ "recipient = {alice@example.net, bob@example.org}", false },
	{ "recipient-domain = .example.net", true },
	{ "recipient-domain = example.org", false },
	{ "tls = any", true },
	{ "tls = tlsv1.2", true },
	{ "tls = ecdhe-rsa-aes256-gcm-sha384", true },
	{ "tls = {none, TLSv1.3}", false },
	{ "dnssec = spf:insecure", true },
	{ "dnssec = dkim:secure", true },
	{ "dnssec = arc:secure", true },
	{ "dnssec = dmarc:indeterminate", true },
	{ "dnssec = {dmarc:secure, dkim:bogus, spf:secure, arc:bogus}", false },
	{ "list-id = users.lists.example.org", true },
	{ "list-id = .example.org", true },
	{ "list-id = lists.example.org", false },
	{ "header-present = x-mailer", true },
	{ "header-present = {X-Other, LIST-id}", true },
	{ "header-present = X-Mail", false },
	{ "size = '>1999'", true },
	{ "size = '>2000'", false },
	{ "size = '<2001'", true },
	{ "size = '<2000'", false },
	{ "size = {'<1k', '>1k'}", true },
	{ "spf = softfail dkim = pass client = 192.0.2.7 size = '<1m' from-domain = .example.com recipient = bob@example.net", true },
	{ "spf = softfail dkim = pass client = 192.0.2.7 size = '<1k' from-domain = .example.com", false },
	{ "spf = softfail percent = 0", false },
	{ "spf = softfail expires = 2027-01-16", true },
	{ "spf = softfail expires = 2027-01-15", false },
};

static void test_conditions(void **state)
{
	(void)state;
	struct as_arena *arena = as_arena_new();
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct rule_scene s;
		rule_scene_stage(&s);
		bool matches = decides(arena, cases[i].conditions, &s);
		if (matches != cases[i].matches)
			print_error("%s\n", cases[i].conditions);
		assert_int_equal(matches, cases[i].matches);
	}
	as_arena_free(arena);
}

/* Nothing that a condition looks at is there. */
static void test_nothing(void **state)
{
	(void)state;
	struct as_arena *arena = as_arena_new();
	static const char *const never[] = {
		"spf = {none, neutral, pass, fail, softfail, temperror, permerror}", "spf-helo = none", "dkim = none", "dkim-domain = .org",
		"arc = none", "arc-sealer = .org", "dmarc = none", "dmarc-policy = none", "from-domain = .com", "display-name-domain = .example",
		"envelope-domain = .com", "helo = .net", "iprev = pass", "client = .example",
		"client = {'0.0.0.0/0', '::/0'}", "recipient-domain = .net", "tls = any", "list-id = .org", "dnssec = spf:secure",
	};
	for (size_t i = 0; i < sizeof never / sizeof *never; i++) {
		struct rule_scene s = { .facts = { .now_s = RULE_SCENE_NOW } };
		if (decides(arena, never[i], &s))
			print_error("%s\n", never[i]);
		assert_false(decides(arena, never[i], &s));
	}
	struct rule_scene s = { .facts = { .now_s = RULE_SCENE_NOW } };
	assert_true(decides(arena, "tls = none", &s));
	as_arena_free(arena);
}

/* --- random sets of rules ------------------------------------------------------------------------------------------------------ */

static uint32_t seed;

static unsigned draw(unsigned n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 16) % n;
}

static const char *const codes[] = { "none", "pass", "fail", "temperror" };
static const enum as_code code_of[] = { AS_NONE, AS_PASS, AS_FAIL, AS_TEMPERROR };
static const char *const domains[] = { "example.com", "a.example.com", "b.a.example.com", "example.org" };
static const char *const networks[] = { "192.0.2.0/24", "192.0.2.4/30", "192.0.2.5", "0.0.0.0/0" };
static const char *const addresses[] = { "a@example.net", "b@example.net", "c@corp.example" };
static const char *const verbs[] = { "accept", "tag", "quarantine", "tempfail", "reject", "report-only" };

/* Masks of what is named; 0: no condition. The fourth bit of `from` is ".example.com" (and the rest the first three domains). */
struct drawn {
	unsigned spf, dmarc, from, client, recipient, action;
};

struct letter {
	unsigned spf, dmarc, from, client; /* client: last octet */
	unsigned recipients[3], count;
};

static void add_list(struct as_buf *out, const char *name, unsigned mask, const char *const *words, unsigned count)
{
	for (unsigned i = 0, shown = 0; mask && i < count; i++)
		if (mask & 1u << i)
			as_buf_printf(out, "%s'%s'", shown++ ? ", " : as_printf(out->arena, " %s = {", name), words[i]);
	as_buf_puts(out, mask ? "}" : "");
}

static struct drawn draw_rule(struct as_buf *out, unsigned number)
{
	static const char *const patterns[] = { "example.com", "a.example.com", "b.a.example.com", ".example.com" };
	struct drawn r;
	do
		r = (struct drawn){ draw(2) ? draw(16) : 0, draw(2) ? draw(16) : 0, draw(3) ? 0 : draw(16), draw(3) ? 0 : draw(16),
				    draw(3) ? 0 : draw(8), draw(6) };
	while (!(r.spf | r.dmarc | r.from | r.client | r.recipient) || (r.from && !r.client && r.action < 2));
	as_buf_printf(out, "rule r%u { action = %s", number, verbs[r.action]);
	add_list(out, "spf", r.spf, codes, 4);
	add_list(out, "dmarc", r.dmarc, codes, 4);
	add_list(out, "from-domain", r.from, patterns, 4);
	add_list(out, "client", r.client, networks, 4);
	add_list(out, "recipient", r.recipient, addresses, 3);
	as_buf_puts(out, " }\n");
	return r;
}

/* The second statement: one recipient (or none, 3) and the rules from the first to the last. */
static bool applies(const struct drawn *r, const struct letter *m, unsigned recipient)
{
	bool from = (m->from < 3 && r->from & 1u << m->from) || ((m->from == 1 || m->from == 2) && r->from & 8);
	bool client = r->client & 8 || (r->client & 4 && m->client == 5) || (r->client & 2 && m->client >= 4 && m->client < 8) || r->client & 1;
	return (!r->spf || r->spf & 1u << m->spf) && (!r->dmarc || r->dmarc & 1u << m->dmarc) && (!r->from || from) &&
	       (!r->client || client) && (!r->recipient || (recipient < 3 && r->recipient & 1u << recipient));
}

/* The number of the first rule that is more than a report; count without. */
static unsigned first(const struct drawn *rules, unsigned count, const struct letter *m, unsigned recipient)
{
	unsigned i = 0;
	while (i < count && (rules[i].action == 5 || !applies(&rules[i], m, recipient)))
		i++;
	return i;
}

/* What the table does, given the defaults. */
static unsigned table_action(const struct letter *m)
{
	return m->dmarc == 2 ? AS_VERB_REJECT : m->dmarc == 3 ? AS_VERB_TEMPFAIL : AS_VERB_ACCEPT;
}

/* Could a milder rule have saved it, before somebody's own decides? A temporary error may have hidden any other result. */
static bool hangs(const struct drawn *rules, unsigned count, const struct letter *m)
{
	for (unsigned i = 0; i < (m->count ? m->count : 1); i++) {
		unsigned recipient = m->count ? m->recipients[i] : 3, found = first(rules, count, m, recipient);
		for (unsigned j = 0; j < found; j++) {
			struct drawn wide = rules[j];
			wide.spf = m->spf == 3 ? 0 : wide.spf;
			wide.dmarc = m->dmarc == 3 ? 0 : wide.dmarc;
			if (wide.action < AS_VERB_REJECT && applies(&wide, m, recipient))
				return true;
		}
	}
	return false;
}

static unsigned expect(const struct drawn *rules, unsigned count, const struct letter *m, bool mildest, unsigned *action)
{
	unsigned best = count + 1;
	for (unsigned i = 0; i < (m->count ? m->count : 1); i++) {
		unsigned found = first(rules, count, m, m->count ? m->recipients[i] : 3);
		unsigned verb = found < count ? rules[found].action : table_action(m);
		bool is_better = best > count || (mildest ? verb < *action : verb > *action) || (verb == *action && found < best);
		if (!is_better)
			continue;
		best = found;
		*action = verb;
	}
	if (*action != AS_VERB_REJECT || !hangs(rules, count, m))
		return best;
	*action = AS_VERB_TEMPFAIL;
	return count;
}

static void stage_letter(struct rule_scene *s, const struct letter *m)
{
	static const struct as_recipient recipients[] = {
		{ "a@example.net", "example.net" }, { "b@example.net", "example.net" }, { "c@corp.example", "corp.example" },
	};
	rule_scene_stage(s);
	s->spf.code = code_of[m->spf];
	s->dmarc.code = code_of[m->dmarc];
	s->dmarc.policy = AS_DMARC_REJECT;
	s->from.domain = domains[m->from];
	s->facts.client.bytes[3] = (uint8_t)m->client;
	s->facts.recipient_count = m->count;
	s->facts.recipients = m->count == 1 ? &recipients[m->recipients[0]] : recipients;
}

static void test_random(void **state)
{
	(void)state;
	size_t failed = 0;
	for (unsigned round = 0; round < 400 && failed < 5; round++) {
		struct as_arena *arena = as_arena_new();
		struct drawn rules[6];
		struct as_buf text = as_buf_new(arena);
		seed = round;
		unsigned count = 1 + draw(6);
		bool mildest = draw(2);
		as_buf_puts(&text, mildest ? "mixed-recipients = mildest\n" : "");
		for (unsigned i = 0; i < count; i++)
			rules[i] = draw_rule(&text, i);
		const struct as_settings *settings = settings_from(arena, text.text);
		for (unsigned i = 0; i < 200; i++) {
			struct letter m = { draw(4), draw(4), draw(4), draw(16), { 0, 1, 2 }, draw(4) };
			if (m.count == 1)
				m.recipients[0] = draw(3);
			struct rule_scene s;
			struct as_decision d;
			unsigned action = 0, found = expect(rules, count, &m, mildest, &action);
			stage_letter(&s, &m);
			as_policy_decide(arena, settings, &s.facts, &d);
			bool is_right = d.computed == action && (found < count ? strcmp(d.rule, as_printf(arena, "r%u", found)) == 0
									     : as_policy_has_row(d.rule));
			if (is_right)
				continue;
			print_error("%s spf %u dmarc %u from %u client %u recipients %u: is %s %s, not r%u %s\n", text.text, m.spf, m.dmarc, m.from,
				    m.client, m.count, d.rule, as_verb_name(d.computed), found, verbs[action]);
			failed++;
		}
		as_arena_free(arena);
	}
	assert_int_equal(failed, 0);
}

/* --- the rest -------------------------------------------------------------------------------------------------------------------- */

static void test_report_only(void **state)
{
	(void)state;
	struct as_arena *arena = as_arena_new();
	const struct as_settings *settings = settings_from(arena, "rule one { spf = softfail action = report-only }\n"
		"rule other { spf = pass action = report-only }\nrule two { dkim = pass action = report-only }\n"
		"rule three { dmarc = fail action = tempfail reply = '4.7.9 %{rule} %{policy}' reason = 'ticket 1' }");
	struct rule_scene s;
	struct as_decision d;
	rule_scene_stage(&s);
	as_policy_decide(arena, settings, &s.facts, &d);
	assert_string_equal(d.noted->name, "one");
	assert_int_equal(d.noted_count, 2);
	assert_string_equal(d.rule, "three");
	assert_int_equal(d.reply_code, 451);
	assert_string_equal(d.enhanced, "4.7.9");
	assert_string_equal(d.text, "three quarantine");
	assert_string_equal(d.reason, "ticket 1");
	s.facts.is_trusted = true; /* the rows of clients that are not judged stay in front */
	as_policy_decide(arena, settings, &s.facts, &d);
	assert_string_equal(d.rule, "trusted-network");
	assert_null(d.noted);
	assert_null(d.matched);
	as_arena_free(arena);
}

/* Who takes something has matched, whether it decides or not; who was not asked any more has not. */
static void test_matched(void **state)
{
	static const struct {
		const char *name, *rules;
		unsigned char matched[4];
		const char *decides;
	} sets[] = {
		{ "the first one ends the search", "rule a { spf = softfail action = tag } rule b { spf = softfail action = reject }", { 1, 0 }, "a" },
		{ "report-only goes on", "rule a { spf = softfail action = report-only } rule b { spf = softfail action = report-only } "
		  "rule c { spf = fail action = report-only } rule d { spf = softfail action = reject }", { 1, 1, 0, 1 }, "d" },
		{ "one recipient each", "rule a { recipient = bob@example.net action = tag } rule b { spf = softfail action = reject }", { 1, 1 }, "b" },
		{ "the milder one", "mixed-recipients = mildest rule a { recipient = bob@example.net action = tag } rule b { spf = softfail action = reject }",
		  { 1, 1 }, "a" },
		{ "all recipients are taken", "rule a { recipient = bob@example.net action = tempfail } "
		  "rule b { recipient-domain = .example.net action = reject } rule c { spf = softfail action = report-only }", { 1, 1, 0 }, "b" },
		{ "nobody's recipient", "rule a { recipient = eve@example.net action = reject }", { 0 }, "dmarc-quarantine" },
		{ "the table is stricter", "rule a { recipient = bob@example.net client = 192.0.2.7 action = accept }", { 1 }, "dmarc-quarantine" },
		{ "expired", "rule a { spf = softfail action = reject expires = 2027-01-01 }", { 0 }, "dmarc-quarantine" },
		{ "no share", "rule a { spf = softfail action = reject percent = 0 }", { 0 }, "dmarc-quarantine" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++) {
		struct as_arena *arena = as_arena_new();
		const struct as_settings *settings = settings_from(arena, sets[i].rules);
		struct rule_scene s;
		struct as_decision d;
		rule_scene_stage(&s);
		as_policy_decide(arena, settings, &s.facts, &d);
		if (memcmp(d.matched, sets[i].matched, settings->rules->count) != 0 || strcmp(d.rule, sets[i].decides) != 0)
			fail_msg("%s: %s decides, the first matched %d", sets[i].name, d.rule, d.matched[0]);
		as_arena_free(arena);
	}
}

/* It holds to the last second of the day before. */
static void test_expiry(void **state)
{
	(void)state;
	struct as_arena *arena = as_arena_new();
	const struct as_settings *settings = settings_from(arena, "rule a { spf = fail action = reject expires = 2028-03-01 }");
	char date[AS_DATE_TEXT];
	assert_int_equal(settings->rules->list[0].expires_s, 1835481600); /* behind a 29th of February */
	assert_string_equal(as_date_text(1835481600, date), "2028-03-01");
	assert_false(as_rule_is_expired(&settings->rules->list[0], 1835481599));
	assert_true(as_rule_is_expired(&settings->rules->list[0], 1835481600));
	as_arena_free(arena);
}

static void test_percent(void **state)
{
	(void)state;
	enum { MESSAGES = 2000 };
	struct as_arena *arena = as_arena_new();
	struct rule_scene s;
	struct as_decision d;
	unsigned counts[3] = { 0 }, differences = 0;
	const struct as_settings *settings[] = {
		settings_from(arena, "rule a { spf = softfail action = reject percent = 10 }"),
		settings_from(arena, "rule a { spf = softfail action = reject percent = 50 }"),
		settings_from(arena, "rule b { spf = softfail action = reject percent = 50 }"),
	};
	rule_scene_stage(&s);
	for (unsigned i = 0; i < MESSAGES; i++) {
		bool is_taken[3];
		const char *id = as_printf(arena, "<%u@example.com>", i);
		s.facts.message_id = i % 2 ? id : ""; /* without one the queue id */
		s.facts.queue_id = i % 2 ? "4XyZ" : id;
		for (size_t j = 0; j < 3; j++) {
			as_policy_decide(arena, settings[j], &s.facts, &d);
			is_taken[j] = d.computed == AS_VERB_REJECT;
			counts[j] += is_taken[j];
		}
		assert_true(is_taken[1] || !is_taken[0]); /* who raises the share keeps those that he has */
		differences += is_taken[1] != is_taken[2];
	}
	assert_in_range(counts[0], MESSAGES / 10 - 60, MESSAGES / 10 + 60);
	assert_in_range(counts[1], MESSAGES / 2 - 120, MESSAGES / 2 + 120);
	assert_in_range(differences, MESSAGES / 2 - 120, MESSAGES / 2 + 120); /* each rule draws a sample of its own */
	as_arena_free(arena);
}

static void test_written(void **state)
{
	(void)state;
	static const char configuration[] =
		"trusted-networks = {'10.0.0.0/8'}\n"
		"rule old { client = {192.0.2.0/24} action = accept owner = bob reason = 'until they sign' expires = 2027-01-01 }\n"
		"rule payroll { from-domain = {example.com, .example.com} dmarc = {fail, none} action = reject expires = 2028-01-01 }\n"
		"rule narrow { from-domain = a.example.com dmarc = none action = tempfail percent = 10 }\n"
		"rule watch { client = {192.0.2.128/25} size = '>1k' header-present = X-Foo action = report-only }\n"
		"rule inside { client = {10.1.0.0/16} action = tag }\n"
		"rule phones { helo = .phone.example spf = none action = quarantine recipient = bob@example.net }\n";
	static const char golden[] =
		"RULES, the first that matches decides; the table below is for messages that none takes\n"
		"  1 old                        accept       client = {\"192.0.2.0/24\"}\n"
		"    EXPIRED since 2027-01-01\n"
		"    bob: until they sign\n"
		"  2 payroll                    reject       dmarc = {\"none\", \"fail\"} from-domain = {\".example.com\", \"example.com\"}\n"
		"    expires 2028-01-01\n"
		"  3 narrow                     tempfail     dmarc = {\"none\"} from-domain = {\"a.example.com\"}\n"
		"    only 10 % of the messages\n"
		"  4 watch                      report-only  size = {\">1024\"} client = {\"192.0.2.128/25\"} header-present = {\"x-foo\"}\n"
		"  5 inside                     tag          client = {\"10.1.0.0/16\"}\n"
		"  6 phones                     quarantine   spf = {\"none\"} helo = {\".phone.example\"} recipient = {\"bob@example.net\"}\n"
		"unreachable: rule narrow, since rule payroll takes all its messages\n"
		"unreachable: rule inside, since its clients are in trusted-networks\n"
		"overlap: 192.0.2.128/25 of rule watch and 192.0.2.0/24 of rule old\n"
		"Enforced by rules: payroll (reject); phones (quarantine)\n"
		"Tagged by rules: nothing\n";
	struct as_arena *arena = as_arena_new();
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	as_rules_write(settings_from(arena, configuration), NULL, RULE_SCENE_NOW, out);
	fclose(out);
	assert_string_equal(text, golden);
	free(text);
	as_arena_free(arena);
}

/* Which rule leaves nothing for another one. */
static void test_shadows(void **state)
{
	(void)state;
	static const struct { const char *early, *late; bool shadows; } pairs[] = {
		{ "spf = {fail, none}", "spf = fail", true },
		{ "spf = fail", "spf = {fail, none}", false },
		{ "spf = fail", "dkim = none", false },
		{ "spf = fail", "spf = fail dkim = none", true },
		{ "spf = fail dkim = none", "spf = fail", false },
		{ "from-domain = .example.com", "from-domain = {a.example.com, .b.example.com, .example.com}", true },
		{ "from-domain = .example.com", "from-domain = example.com", false },
		{ "from-domain = a.example.com", "from-domain = .a.example.com", false },
		{ "client = {192.0.2.0/25, 192.0.2.128/25}", "client = 192.0.2.77", true },
		{ "client = 192.0.2.77", "client = 192.0.2.0/24", false },
		{ "client = '0.0.0.0/0'", "client = 2001:db8::1", false },
		{ "client = {192.0.2.0/24, .example}", "client = {192.0.2.7, a.example}", true },
		{ "client = 192.0.2.0/24", "client = {192.0.2.7, a.example}", false },
		{ "client = .example", "client = {192.0.2.7, a.example}", false },
		{ "size = '>1k'", "size = '>2k'", true },
		{ "size = '>1k'", "size = '<2k'", false },
		{ "header-present = {a, b}", "header-present = b", true },
		{ "header-present = a", "header-present = {a, b}", false },
		{ "recipient = {a@example.net, b@example.net}", "recipient = a@example.net", true },
		{ "tls = any", "tls = none", false },
		{ "spf = fail percent = 99", "spf = fail", false },
		{ "spf = fail expires = 2027-01-01", "spf = fail", false },
	};
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		struct as_arena *arena = as_arena_new();
		char *text = NULL;
		size_t size = 0;
		FILE *out = open_memstream(&text, &size);
		const char *configuration = as_printf(arena,
						      "iprev { enable = true } rule a { %s action = reject } rule b { %s action = reject }", pairs[i].early,
						      pairs[i].late);
		as_rules_write(settings_from(arena, configuration), NULL, RULE_SCENE_NOW, out);
		fclose(out);
		bool shadows = strstr(text, "unreachable: rule b, since rule a takes all its messages\n") != NULL;
		if (shadows != pairs[i].shadows)
			print_error("%s, %s\n", pairs[i].early, pairs[i].late);
		assert_int_equal(shadows, pairs[i].shadows);
		free(text);
		as_arena_free(arena);
	}
}

static char *read_all(struct as_arena *arena, const char *path)
{
	struct as_buf text = as_buf_new(arena);
	FILE *in = fopen(path, "re");
	assert_non_null(in);
	for (int c; (c = getc(in)) != EOF;)
		as_buf_putc(&text, (char)c);
	fclose(in);
	return text.text;
}

/* A file that an example names and that is not here. */
static void name_nothing(char *text)
{
	static const char path[] = "\"/etc/assay/replies.french\"", nothing[] = "\"/dev/null\"";
	char *found = strstr(text, path);
	if (!found)
		return;
	memset(found, ' ', strlen(path));
	memcpy(found, nothing, strlen(nothing));
}

/* The examples of assay.conf(5) are configurations: each literal text that is indented as usual; others say 6n. */
static void test_manual(void **state)
{
	(void)state;
	static const char begin[] = ".Bd -literal -offset indent\n";
	static const char *const files[] = { AS_TEST_SRCDIR "/../man/assay.conf.5.head", AS_TEST_SRCDIR "/../man/assay.conf.5.tail" };
	struct as_arena *arena = as_arena_new();
	size_t count = 0, rules = 0, relays = 0, translations = 0;
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		char *text = read_all(arena, files[i]);
		assert_null(strstr(text, ".Bd -literal\n"));
		for (char *at = text; (at = strstr(at, begin)); count++) {
			char *end = strstr(at, "\n.Ed");
			assert_non_null(end);
			*end = '\0';
			name_nothing(at);
			const struct as_settings *settings = settings_from(arena, at + strlen(begin));
			rules += settings->rules ? settings->rules->count : 0;
			relays += settings->relay_count;
			translations += settings->translation_count;
			at = end + 1;
		}
	}
	assert_int_equal(count, 20);
	assert_int_equal(rules, 9);
	assert_int_equal(relays, 4);
	assert_int_equal(translations, 1);
	as_arena_free(arena);
}

/* Is it an item of a list, alone or beside others? */
static bool is_item(const char *text, const char *name)
{
	for (const char *at = strstr(text, "\n.It "); at; at = strstr(at + 1, "\n.It "))
		for (const char *word = at + strlen("\n.It "); *word && *word != '\n'; word += strspn(word, " ,")) {
			size_t n = strcspn(word, " ,\n");
			if (n == strlen(name) && memcmp(word, name, n) == 0)
				return true;
			word += n;
		}
	return false;
}

/* Every row of the built-in table is explained in assay.conf(5). */
static void test_manual_has_the_rows(void **state)
{
	(void)state;
	struct as_arena *arena = as_arena_new();
	char *text = read_all(arena, AS_TEST_SRCDIR "/../man/assay.conf.5.head");
	for (size_t i = 0; as_policy_row_name(i); i++)
		if (!is_item(text, as_policy_row_name(i)))
			fail_msg("%s is not in the manual", as_policy_row_name(i));
	assert_false(is_item(text, "dmarc"));
	as_arena_free(arena);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_conditions), cmocka_unit_test(test_nothing), cmocka_unit_test(test_random),
		cmocka_unit_test(test_report_only), cmocka_unit_test(test_percent), cmocka_unit_test(test_written),
		cmocka_unit_test(test_shadows),     cmocka_unit_test(test_matched), cmocka_unit_test(test_expiry),
		cmocka_unit_test(test_manual),     cmocka_unit_test(test_manual_has_the_rows),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
