/* SPDX-License-Identifier: BSD-2-Clause */
/* test_policy.c - the whole table of decisions against a second statement of it, the wiring of each keyword, and exact replies. */
#include "config.h"

#include "evidence.h"
#include "policy.h"
#include "reply.h"

#include "settings_from.h"
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a message may look like: the first of each list is the method switched off or not reached. */
enum dmarc_state {
	DMARC_OFF, DMARC_NOT_RUN, DMARC_NO_RECORD, DMARC_PASSES, WANTS_NONE, WANTS_QUARANTINE, WANTS_REJECT, DMARC_TEMP, DMARC_PERM,
		DMARC_STATES
};
enum { SPF_OFF = -1, SPF_LAST = AS_PERMERROR };
enum dkim_state { DKIM_OFF, DKIM_UNSIGNED, DKIM_PASSES, DKIM_FAILS, DKIM_UNACCEPTABLE, DKIM_TEMP, DKIM_STATES };
enum iprev_state { IPREV_OFF, IPREV_PASSES, IPREV_FAILS, IPREV_NO_NAME, IPREV_TEMP, IPREV_STATES };
enum { NO_FROM = -1, FROM_LAST = AS_FROM_SEVERAL };

struct world {
	bool report_only, had_error, is_trusted, is_authenticated, skips_authenticated;
	int from, spf;
	enum dmarc_state dmarc;
	enum dkim_state dkim;
	enum iprev_state iprev;
	enum as_verb on_error, on_dmarc, on_spf, on_dkim, on_iprev, on_list, on_forwarder;
	unsigned evidence; /* bits */
};

enum { BY_ARC = 1, BY_FORWARDER = 2, BY_LIST = 4, UNDECIDED = 8, DEFERS = 16, ALL_EVIDENCE = 31 };

static const struct { enum as_code code; enum as_dmarc_policy policy; } dmarc_states[DMARC_STATES] = {
	[DMARC_NO_RECORD] = { AS_NONE, AS_DMARC_NONE },
	[DMARC_PASSES] = { AS_PASS, AS_DMARC_REJECT },
	[WANTS_NONE] = { AS_FAIL, AS_DMARC_NONE },
	[WANTS_QUARANTINE] = { AS_FAIL, AS_DMARC_QUARANTINE },
	[WANTS_REJECT] = { AS_FAIL, AS_DMARC_REJECT },
	[DMARC_TEMP] = { AS_TEMPERROR, AS_DMARC_REJECT },
	[DMARC_PERM] = { AS_PERMERROR, AS_DMARC_NONE },
};

static const enum as_code iprev_codes[IPREV_STATES] = {
	[IPREV_PASSES] = AS_PASS, [IPREV_FAILS] = AS_FAIL, [IPREV_NO_NAME] = AS_PERMERROR, [IPREV_TEMP] = AS_TEMPERROR,
};

static const struct as_dkim_signature signatures[][2] = {
	[DKIM_PASSES] = { { .code = AS_TEMPERROR }, { .code = AS_PASS } },
	[DKIM_FAILS] = { { .code = AS_PERMERROR }, { .code = AS_NEUTRAL } },
	[DKIM_UNACCEPTABLE] = { { .code = AS_FAIL }, { .code = AS_POLICY } },
	[DKIM_TEMP] = { { .code = AS_POLICY }, { .code = AS_TEMPERROR } },
};

/* Facts with the storage of what they point to. */
struct scene {
	struct as_facts facts;
	struct as_from from;
	struct as_spf_outcome spf;
	struct as_dkim_outcome dkim;
	struct as_dmarc_outcome dmarc;
	struct as_dmarc_record record;
	struct as_iprev_outcome iprev;
};

static void stage(struct scene *s, int from, int spf, enum dkim_state dkim, enum dmarc_state dmarc)
{
	*s = (struct scene){ .from = { .status = (enum as_from_status)from, .domain = from == AS_FROM_ONE ? "mail.example.com" : NULL,
		.reason = "control character" } };
	s->spf = (struct as_spf_outcome){ .code = (enum as_code)spf, .domain = "bounce.example.org" };
	s->dkim = (struct as_dkim_outcome){ .count = dkim == DKIM_UNSIGNED ? 0 : 2, .signatures = signatures[dkim] };
	s->dmarc = (struct as_dmarc_outcome){ .code = dmarc_states[dmarc].code, .policy = dmarc_states[dmarc].policy,
		.published = dmarc_states[dmarc].policy, .author_domain = "mail.example.com", .policy_domain = "example.com" };
	s->facts = (struct as_facts){
		.client = { .family = 4, .bytes = { 192, 0, 2, 7 } }, .helo = "helo.example.net", .envelope_domain = "bounce.example.org",
		.queue_id = "4XyZ", .hostname = "mx.example.net", .from = from == NO_FROM ? NULL : &s->from,
		.spf = spf == SPF_OFF ? NULL : &s->spf, .dkim = dkim == DKIM_OFF ? NULL : &s->dkim,
		.dmarc = dmarc == DMARC_OFF || dmarc == DMARC_NOT_RUN ? NULL : &s->dmarc,
	};
}

static void stage_iprev(struct scene *s, enum iprev_state iprev)
{
	s->iprev.code = iprev_codes[iprev];
	s->facts.iprev = iprev == IPREV_OFF ? NULL : &s->iprev;
}

/* The second statement of the table: at most one word each of DMARC, SPF, DKIM and iprev; the strictest action, and among equals in
 * this order. */
static const char *const dmarc_words[DMARC_STATES] = {
	[WANTS_NONE] = "dmarc-fail-none", [WANTS_QUARANTINE] = "dmarc-quarantine", [WANTS_REJECT] = "dmarc-reject",
	[DMARC_TEMP] = "dmarc-temperror", [DMARC_PERM] = "dmarc-permerror",
};
static const char *const spf_words[] = {
	[AS_NONE] = NULL, [AS_PASS] = NULL, [AS_FAIL] = "spf-fail", [AS_SOFTFAIL] = "spf-softfail", [AS_NEUTRAL] = NULL,
	[AS_POLICY] = NULL, [AS_TEMPERROR] = "spf-temperror", [AS_PERMERROR] = "spf-permerror",
};
static const char *const dkim_words[DKIM_STATES] = {
	[DKIM_UNSIGNED] = "dkim-none", [DKIM_FAILS] = "dkim-fail", [DKIM_UNACCEPTABLE] = "dkim-fail", [DKIM_TEMP] = "dkim-temperror",
};

static const char *const iprev_words[IPREV_STATES] = {
	[IPREV_FAILS] = "iprev-fail", [IPREV_NO_NAME] = "iprev-permerror", [IPREV_TEMP] = "iprev-temperror",
};

/* What speaks for a message whose domain asks for something; the row and its action, or NULL. */
static const char *expect_evidence(const struct world *w, enum as_verb *verb)
{
	bool asks = (w->dmarc == WANTS_QUARANTINE || w->dmarc == WANTS_REJECT) && (w->from == NO_FROM || w->from == AS_FROM_ONE);
	const struct { unsigned bit; const char *row; enum as_verb verb; } rows[] = {
		{ BY_ARC, "trusted-arc", AS_VERB_ACCEPT }, { BY_FORWARDER, "trusted-forwarder", w->on_forwarder },
		{ BY_LIST, "proven-list", w->on_list },
	};
	for (size_t i = 0; asks && i < 3; i++) {
		if (!(w->evidence & rows[i].bit) || rows[i].verb >= w->on_dmarc)
			continue;
		*verb = rows[i].verb;
		return rows[i].row;
	}
	if (!asks || w->on_dmarc != AS_VERB_REJECT || (w->evidence & (UNDECIDED | DEFERS)) != (UNDECIDED | DEFERS))
		return NULL;
	*verb = AS_VERB_TEMPFAIL;
	return "dmarc-temperror";
}

/* The reason for reports, from what is done in the end. */
static enum as_override expect_override(const struct world *w, const char *rule, enum as_verb verb)
{
	static const int asked[DMARC_STATES] = { [WANTS_NONE] = 1, [WANTS_QUARANTINE] = 2, [WANTS_REJECT] = 3 };
	static const int done[] = { [AS_VERB_ACCEPT] = 1, [AS_VERB_TAG] = 2, [AS_VERB_QUARANTINE] = 2, [AS_VERB_REJECT] = 3 };
	bool is_judged = !w->had_error && !w->is_trusted && !(w->is_authenticated && w->skips_authenticated);
	enum as_verb final = w->report_only ? AS_VERB_ACCEPT : verb;
	if (!is_judged || !asked[w->dmarc] || (w->from != NO_FROM && w->from != AS_FROM_ONE) || final == AS_VERB_TEMPFAIL)
		return AS_OVERRIDE_NONE;
	if (asked[w->dmarc] == done[final])
		return AS_OVERRIDE_NONE;
	if (final != verb)
		return AS_OVERRIDE_LOCAL_POLICY;
	return strcmp(rule, "proven-list") == 0	? AS_OVERRIDE_MAILING_LIST
	       : strcmp(rule, "trusted-forwarder") == 0 ? AS_OVERRIDE_TRUSTED_FORWARDER : AS_OVERRIDE_LOCAL_POLICY;
}

static const char *expect(const struct world *w, enum as_verb *verb)
{
	bool from_is_bad = w->from != NO_FROM && w->from != AS_FROM_ONE;
	const char *spf = w->spf == SPF_OFF ? NULL : spf_words[w->spf];
	const char *dkim = dkim_words[w->dkim];
	const char *best = from_is_bad && w->dmarc != DMARC_OFF ? "malformed-from" : from_is_bad ? NULL : dmarc_words[w->dmarc];
	*verb = AS_VERB_ACCEPT;
	if (w->had_error) {
		*verb = w->on_error;
		return "internal-error";
	}
	if (w->is_trusted)
		return "trusted-network";
	if (w->is_authenticated && w->skips_authenticated)
		return "authenticated";
	const char *evidence = expect_evidence(w, verb);
	if (evidence)
		best = evidence;
	else if (best)
		*verb = best == dmarc_words[WANTS_NONE] && w->on_dmarc > AS_VERB_TAG ? AS_VERB_TAG : w->on_dmarc;
	if (spf && w->on_spf > *verb) {
		best = spf;
		*verb = w->on_spf;
	}
	if (dkim && w->on_dkim > *verb) {
		best = dkim;
		*verb = w->on_dkim;
	}
	if (iprev_words[w->iprev] && w->on_iprev > *verb) {
		best = iprev_words[w->iprev];
		*verb = w->on_iprev;
	}
	return best ? best : "default";
}

static struct as_settings settings_of(const struct world *w)
{
	struct as_settings s = { .report_only = w->report_only, .skip_authenticated = w->skips_authenticated,
		.on_internal_error = w->on_error };
	s.spf.enable = s.dkim.enable = s.iprev.enable = true;
	s.dmarc.enable = w->dmarc != DMARC_OFF;
	s.dmarc.on_reject = s.dmarc.on_quarantine = w->on_dmarc;
	s.dmarc.on_none_fail = w->on_dmarc > AS_VERB_TAG ? AS_VERB_TAG : w->on_dmarc; /* the keyword takes no more (DM-55) */
	s.dmarc.on_temperror = s.dmarc.on_permerror = s.dmarc.on_malformed_from = w->on_dmarc;
	s.dmarc.on_proven_list = w->on_list;
	s.dmarc.on_forwarder = w->on_forwarder;
	if (w->evidence & DEFERS)
		s.dmarc.on_temperror = AS_VERB_TEMPFAIL;
	s.spf.on_fail = s.spf.on_softfail = s.spf.on_temperror = s.spf.on_permerror = w->on_spf;
	s.iprev.on_fail = s.iprev.on_permerror = s.iprev.on_temperror = w->on_iprev;
	s.dkim.on_fail = s.dkim.on_none = s.dkim.on_temperror = w->on_dkim;
	return s;
}

static void explain(const struct world *w, const char *rule, enum as_verb verb, const struct as_decision *is)
{
	print_error("report-only %d error %d trusted %d auth %d/%d from %d spf %d dkim %d dmarc %d iprev %d; actions %d %d %d %d %d, %d %d, "
		    "evidence %u, override %d\n is %s %s (%s) %u %s %s\n not %s %s\n", w->report_only, w->had_error, w->is_trusted,
		    w->is_authenticated, w->skips_authenticated, w->from, w->spf, w->dkim, w->dmarc, w->iprev, w->on_error, w->on_dmarc,
		    w->on_spf, w->on_dkim, w->on_iprev, w->on_list, w->on_forwarder, w->evidence, is->override, is->rule,
		    as_verb_name(is->computed), as_verb_name(is->verb), is->reply_code, is->enhanced ? is->enhanced : "-",
		    is->text ? is->text : "-", rule, as_verb_name(verb));
}

static bool reply_fits(const struct as_decision *d)
{
	if (d->verb < AS_VERB_TEMPFAIL)
		return d->reply_code == 0 && !d->enhanced && !d->text;
	bool is_reject = d->verb == AS_VERB_REJECT;
	return d->reply_code == (is_reject ? 550 : 451) && d->enhanced && d->enhanced[0] == (is_reject ? '5' : '4') && d->text &&
		*d->text &&
	       strlen(d->text) <= 400;
}

static bool check(struct as_arena *arena, const struct world *w)
{
	struct as_settings settings = settings_of(w);
	struct as_decision d;
	struct scene scene;
	enum as_verb verb;
	struct as_evidence evidence = {
		.list = w->evidence & BY_LIST ? "l.example" : NULL, .list_why = w->evidence & BY_LIST ? "l.example by dkim" : NULL,
		.forwarder = w->evidence & BY_FORWARDER ? "client" : NULL, .arc = w->evidence & BY_ARC ? "arc=pass" : NULL,
		.is_undecided = w->evidence & UNDECIDED,
	};
	const char *rule = expect(w, &verb);
	stage(&scene, w->from, w->spf, w->dkim, w->dmarc);
	stage_iprev(&scene, w->iprev);
	scene.facts.had_internal_error = w->had_error;
	scene.facts.is_trusted = w->is_trusted;
	scene.facts.is_authenticated = w->is_authenticated;
	scene.facts.evidence = w->evidence ? &evidence : NULL;
	as_policy_decide(arena, &settings, &scene.facts, &d);
	bool is_skipped = w->is_trusted || (w->is_authenticated && w->skips_authenticated);
	if (strcmp(d.rule, rule) == 0 && d.computed == verb && d.verb == (w->report_only ? AS_VERB_ACCEPT : verb) && reply_fits(&d) &&
	    d.override == expect_override(w, rule, verb) && d.is_skipped == is_skipped && (as_policy_skips(&settings, &scene.facts) != NULL) == is_skipped)
		return true;
	explain(w, rule, verb, &d);
	return false;
}

/* Every combination of actions that can matter for the facts in w. */
static size_t check_actions(struct world *w)
{
	size_t bad = 0;
	struct as_arena *arena = as_arena_new();
	bool is_final = w->had_error || w->is_trusted;
	unsigned most = is_final ? 2 : 125; /* a decision that looks at nothing: everything accepted, everything refused */
	for (unsigned i = 0; i < most; i++) {
		unsigned mix = is_final ? i * 124 : i;
		w->on_error = i % 2 ? AS_VERB_TEMPFAIL : AS_VERB_ACCEPT;
		w->on_dmarc = (enum as_verb)(mix % 5);
		w->on_spf = (enum as_verb)(mix / 5 % 5);
		w->on_dkim = (enum as_verb)(mix / 25);
		/* evidence and the actions of SPF and DKIM do not multiply */
		bool asks = !is_final && w->on_spf == w->on_dkim && (w->dmarc == WANTS_QUARANTINE || w->dmarc == WANTS_REJECT);
		for (w->evidence = 0; w->evidence <= (asks ? ALL_EVIDENCE : 0); w->evidence++) {
			static const enum as_verb verbs[] = { AS_VERB_ACCEPT, AS_VERB_TAG, AS_VERB_QUARANTINE, AS_VERB_REJECT };
			w->on_list = verbs[(mix / 2 + w->evidence) % 4];
			w->on_forwarder = verbs[(mix / 3 + w->evidence / 2) % 4];
			bad += !check(arena, w);
		}
	}
	as_arena_free(arena);
	return bad;
}

static size_t check_results(struct world *w)
{
	size_t bad = 0;
	for (w->from = NO_FROM; w->from <= FROM_LAST; w->from++)
		for (w->spf = SPF_OFF; w->spf <= SPF_LAST; w->spf++)
			for (unsigned dkim = 0; dkim < DKIM_STATES; dkim++)
				for (unsigned dmarc = 0; dmarc < DMARC_STATES; dmarc++) {
					w->dkim = (enum dkim_state)dkim;
					w->dmarc = (enum dmarc_state)dmarc;
					bad += bad < 5 ? check_actions(w) : 0;
				}
	return bad;
}

static void test_everything(void **state)
{
	(void)state;
	for (unsigned bits = 0; bits < 32; bits++) {
		struct world w = { .report_only = bits & 1, .had_error = bits & 2, .is_trusted = bits & 4, .is_authenticated = bits & 8,
			.skips_authenticated = bits & 16 };
		/* report-only and SMTP AUTH that is not skipped do not multiply: one of them at a time */
		if (w.report_only && w.is_authenticated && !w.skips_authenticated && !w.had_error && !w.is_trusted)
			continue;
		assert_int_equal(check_results(&w), 0);
	}
}

/* Beside one outcome of each kind of the others: what they do among themselves is seen above. */
static void test_everything_with_iprev(void **state)
{
	(void)state;
	static const enum dmarc_state dmarc[] = { DMARC_OFF, DMARC_PASSES, WANTS_NONE, WANTS_REJECT, DMARC_TEMP };
	static const int spf[] = { SPF_OFF, AS_PASS, AS_FAIL, AS_TEMPERROR };
	static const enum dkim_state dkim[] = { DKIM_OFF, DKIM_PASSES, DKIM_FAILS, DKIM_TEMP };
	enum { KINDS = 2 * 5 * 4 * 4, VERBS = AS_VERB_REJECT + 1, WORLDS = KINDS * IPREV_STATES * VERBS };
	for (unsigned i = 0; i < WORLDS; i++) {
		unsigned kind = i % KINDS;
		struct world w = {
			.from = kind % 2 ? AS_FROM_ONE : AS_FROM_MALFORMED, .dmarc = dmarc[kind / 2 % 5],
			.spf = spf[kind / 10 % 4], .dkim = dkim[kind / 40],
			.iprev = (enum iprev_state)(i / KINDS % IPREV_STATES), .on_iprev = (enum as_verb)(i / KINDS / IPREV_STATES),
		};
		assert_int_equal(check_actions(&w), 0);
	}
}

#define FIELD(name) offsetof(struct as_settings, name)

/* One message for each keyword of an action, and what is said with the defaults of everything but that keyword = reject. */
static const struct {
	size_t field;
	int from, spf;
	enum dkim_state dkim;
	enum dmarc_state dmarc;
	const char *rule, *reply;
	enum iprev_state iprev;
} keywords[] = {
	{ FIELD(dmarc.on_reject), AS_FROM_ONE, AS_PASS, DKIM_PASSES, WANTS_REJECT, "dmarc-reject",
	  "550 5.7.1 Email rejected per DMARC policy for example.com", IPREV_OFF },
	{ FIELD(dmarc.on_quarantine), AS_FROM_ONE, AS_PASS, DKIM_PASSES, WANTS_QUARANTINE, "dmarc-quarantine",
	  "550 5.7.1 Email rejected per DMARC policy for example.com", IPREV_OFF },
	{ FIELD(dmarc.on_temperror), AS_FROM_ONE, AS_PASS, DKIM_PASSES, DMARC_TEMP, "dmarc-temperror",
	  "550 5.7.0 DNS lookup failed, DMARC cannot be checked for mail.example.com", IPREV_OFF },
	{ FIELD(dmarc.on_permerror), AS_FROM_ONE, AS_PASS, DKIM_PASSES, DMARC_PERM, "dmarc-permerror",
	  "550 5.7.1 DMARC cannot be checked for mail.example.com", IPREV_OFF },
	{ FIELD(dmarc.on_malformed_from), AS_FROM_MALFORMED, AS_PASS, DKIM_PASSES, DMARC_NOT_RUN, "malformed-from",
	  "550 5.7.1 Message refused: malformed From header field: control character", IPREV_OFF },
	{ FIELD(spf.on_fail), AS_FROM_ONE, AS_FAIL, DKIM_PASSES, DMARC_PASSES, "spf-fail",
	  "550 5.7.23 SPF: 192.0.2.7 is not allowed to send for bounce.example.org", IPREV_OFF },
	{ FIELD(spf.on_softfail), AS_FROM_ONE, AS_SOFTFAIL, DKIM_PASSES, DMARC_PASSES, "spf-softfail",
	  "550 5.7.23 SPF: 192.0.2.7 is not expected to send for bounce.example.org", IPREV_OFF },
	{ FIELD(spf.on_temperror), AS_FROM_ONE, AS_TEMPERROR, DKIM_PASSES, DMARC_PASSES, "spf-temperror",
	  "550 5.7.24 SPF record of bounce.example.org cannot be looked up", IPREV_OFF },
	{ FIELD(spf.on_permerror), AS_FROM_ONE, AS_PERMERROR, DKIM_PASSES, DMARC_PASSES, "spf-permerror",
	  "550 5.7.24 SPF record of bounce.example.org is broken", IPREV_OFF },
	{ FIELD(dkim.on_fail), AS_FROM_ONE, AS_PASS, DKIM_FAILS, DMARC_PASSES, "dkim-fail", "550 5.7.20 No passing DKIM signature", IPREV_OFF },
	{ FIELD(dkim.on_none), AS_FROM_ONE, AS_PASS, DKIM_UNSIGNED, DMARC_PASSES, "dkim-none", "550 5.7.20 No DKIM signature", IPREV_OFF },
	{ FIELD(dkim.on_temperror), AS_FROM_ONE, AS_PASS, DKIM_TEMP, DMARC_PASSES, "dkim-temperror",
	  "550 5.7.5 DKIM key server unavailable", IPREV_OFF },
	{ FIELD(iprev.on_fail), AS_FROM_ONE, AS_PASS, DKIM_PASSES, DMARC_PASSES, "iprev-fail",
	  "550 5.7.25 Reverse DNS of 192.0.2.7 does not lead back to it", IPREV_FAILS },
	{ FIELD(iprev.on_permerror), AS_FROM_ONE, AS_PASS, DKIM_PASSES, DMARC_PASSES, "iprev-permerror",
	  "550 5.7.25 192.0.2.7 has no reverse DNS", IPREV_NO_NAME },
	{ FIELD(iprev.on_temperror), AS_FROM_ONE, AS_PASS, DKIM_PASSES, DMARC_PASSES, "iprev-temperror",
	  "550 5.7.25 Reverse DNS of 192.0.2.7 cannot be looked up", IPREV_TEMP },
};
enum { KEYWORDS = sizeof keywords / sizeof *keywords };

static const char *reply_of(struct as_arena *arena, const struct as_decision *d)
{
	return d->text ? as_printf(arena, "%u %s %s", d->reply_code, d->enhanced, d->text) : as_verb_name(d->verb);
}

static void test_keywords(void **state)
{
	(void)state;
	struct as_arena *arena = as_arena_new();
	for (size_t i = 0; i < KEYWORDS; i++) {
		struct world all_accepted = { .dmarc = DMARC_NOT_RUN };
		struct as_settings settings = settings_of(&all_accepted);
		*(enum as_verb *)((char *)&settings + keywords[i].field) = AS_VERB_REJECT;
		for (size_t j = 0; j < KEYWORDS; j++) {
			struct scene scene;
			struct as_decision d;
			stage(&scene, keywords[j].from, keywords[j].spf, keywords[j].dkim, keywords[j].dmarc);
			stage_iprev(&scene, keywords[j].iprev);
			as_policy_decide(arena, &settings, &scene.facts, &d);
			if (i != j && d.verb != AS_VERB_ACCEPT)
				print_error("%s turns on %s\n", keywords[i].rule, keywords[j].rule);
			assert_int_equal(d.verb, i == j ? AS_VERB_REJECT : AS_VERB_ACCEPT);
			if (i != j)
				continue;
			assert_string_equal(d.rule, keywords[j].rule);
			assert_string_equal(reply_of(arena, &d), keywords[j].reply);
		}
	}
	as_arena_free(arena);
}

/* Texts and codes that depend on more than the keyword. */
static const struct {
	const char *configuration;
	int from, spf;
	enum dkim_state dkim;
	enum dmarc_state dmarc;
	bool has_record;
	const char *reply, *reason;
} replies[] = {
	{ "", AS_FROM_ONE, AS_FAIL, DKIM_FAILS, WANTS_REJECT, true, "550 5.7.1 Email rejected per DMARC policy for example.com",
	  "DMARC fail, policy reject of example.com" },
	{ "", AS_FROM_ONE, AS_FAIL, DKIM_FAILS, WANTS_QUARANTINE, true, "tag", "DMARC fail, policy quarantine of example.com" },
	{ "", AS_FROM_ONE, AS_FAIL, DKIM_FAILS, WANTS_NONE, true, "accept", "DMARC fail, policy none of example.com" },
	{ "", AS_FROM_ONE, AS_PASS, DKIM_PASSES, DMARC_PASSES, true, "accept", NULL },
	{ "", AS_FROM_ONE, AS_PERMERROR, DKIM_FAILS, DMARC_PERM, true, "accept", "DMARC permanent error for mail.example.com" },
	{ "", AS_FROM_ONE, AS_FAIL, DKIM_TEMP, DMARC_TEMP, true,
	  "451 4.7.5 DKIM key server unavailable, DMARC cannot be checked for mail.example.com",
	  "DMARC temporary error: DKIM key server unavailable" },
	{ "", AS_FROM_ONE, AS_TEMPERROR, DKIM_FAILS, DMARC_TEMP, true,
	  "451 4.7.24 SPF lookup failed, DMARC cannot be checked for mail.example.com", "DMARC temporary error: SPF lookup failed" },
	{ "", AS_FROM_ONE, AS_TEMPERROR, DKIM_TEMP, DMARC_TEMP, true,
	  "451 4.7.0 DNS lookup failed, DMARC cannot be checked for mail.example.com", "DMARC temporary error: DNS lookup failed" },
	{ "", AS_FROM_ONE, AS_FAIL, DKIM_TEMP, DMARC_TEMP, false,
	  "451 4.7.0 DNS lookup failed, DMARC cannot be checked for mail.example.com", "DMARC temporary error: DNS lookup failed" },
	{ "", AS_FROM_MISSING, AS_FAIL, DKIM_FAILS, DMARC_NOT_RUN, false, "550 5.7.1 Message refused: no From header field",
	  "no From header field" },
	{ "", AS_FROM_REPEATED, AS_FAIL, DKIM_FAILS, DMARC_NOT_RUN, false, "550 5.7.1 Message refused: more than one From header field",
	  "more than one From header field" },
	{ "", AS_FROM_EMPTY, AS_FAIL, DKIM_FAILS, DMARC_NOT_RUN, false, "550 5.7.1 Message refused: From header field without an author",
	  "From header field without an author" },
	{ "", AS_FROM_SEVERAL, AS_FAIL, DKIM_FAILS, DMARC_NOT_RUN, false,
	  "550 5.7.1 Message refused: From header field with several domains",
	  "From header field with several domains" },
	{ "dkim{on-fail=reject}", AS_FROM_ONE, AS_FAIL, DKIM_UNACCEPTABLE, DMARC_NO_RECORD, false,
	  "550 5.7.21 No acceptable DKIM signature",
	  "no acceptable DKIM signature" },
	{ "spf{on-fail=reject} dkim{on-fail=reject}", AS_FROM_ONE, AS_FAIL, DKIM_FAILS, DMARC_NO_RECORD, false,
	  "550 5.7.26 Several authentication checks failed: SPF fail, DKIM fail", "SPF fail" },
	{ "spf{on-softfail=tempfail} dkim{on-none=tempfail}", AS_FROM_ONE, AS_SOFTFAIL, DKIM_UNSIGNED, DMARC_NO_RECORD, false,
	  "451 4.7.26 Several authentication checks failed: SPF softfail, DKIM none", "SPF softfail" },
	{ "spf{on-fail=tempfail} dkim{on-fail=reject}", AS_FROM_ONE, AS_FAIL, DKIM_FAILS, DMARC_NO_RECORD, false,
	  "550 5.7.20 No passing DKIM signature", "no passing DKIM signature" },
	{ "spf{on-temperror=tempfail} dkim{on-temperror=tempfail}", AS_FROM_ONE, AS_TEMPERROR, DKIM_TEMP, DMARC_NO_RECORD, false,
	  "451 4.7.24 SPF record of bounce.example.org cannot be looked up", "SPF temporary error" },
	{ "dmarc{on-reject=tempfail}", AS_FROM_ONE, AS_FAIL, DKIM_FAILS, WANTS_REJECT, true,
	  "451 4.7.1 Email rejected per DMARC policy for example.com", "DMARC fail, policy reject of example.com" },
	{ "dmarc{on-reject=quarantine}", AS_FROM_ONE, AS_FAIL, DKIM_FAILS, WANTS_REJECT, true, "quarantine",
	  "DMARC fail, policy reject of example.com" },
	{ "dmarc{reply-reject='5.7.509 see mail.example'}", AS_FROM_ONE, AS_FAIL, DKIM_FAILS, WANTS_REJECT, true,
	  "550 5.7.509 see mail.example",
	  "DMARC fail, policy reject of example.com" },
	{ "dmarc{reply-reject='100%% sure'}", AS_FROM_ONE, AS_FAIL, DKIM_FAILS, WANTS_REJECT, true, "550 5.7.1 100% sure",
	  "DMARC fail, policy reject of example.com" },
	{ "dmarc{reply-reject='%{from-domain} %{policy-domain} %{policy} %{spf} %{dkim} %{dmarc} %{client} %{helo} "
	  "%{envelope-domain} %{queue-id} "
	  "%{hostname} %{rule}'}", AS_FROM_ONE, AS_SOFTFAIL, DKIM_FAILS, WANTS_REJECT, true,
	  "550 5.7.1 mail.example.com example.com reject softfail fail fail 192.0.2.7 helo.example.net bounce.example.org 4XyZ "
	  "mx.example.net "
	  "dmarc-reject", "DMARC fail, policy reject of example.com" },
	{ "dmarc{reply-reject='%{spf-helo} %{arc} %{iprev} %{client-name} %{tls} %{list-id} %{id} %{time}'}", AS_FROM_ONE, AS_FAIL, DKIM_FAILS,
	  WANTS_REJECT, true, "550 5.7.1 - - - - - - - 1970-01-01T00:00:00Z", "DMARC fail, policy reject of example.com" },
	{ "help-url='https://%{hostname}/why?d=%{from-domain}&r=%{rule}&c=100%%25'", AS_FROM_ONE, AS_FAIL, DKIM_FAILS, WANTS_REJECT, true,
	  "550 5.7.1 Email rejected per DMARC policy for example.com; "
	  "see https://mx.example.net/why?d=mail.example.com&r=dmarc-reject&c=100%25", "DMARC fail, policy reject of example.com" },
	{ "help-url='https://example.net/' dmarc{reply-malformed-from='no'}", AS_FROM_MISSING, AS_FAIL, DKIM_FAILS, WANTS_REJECT, false,
	  "550 5.7.1 no; see https://example.net/", "no From header field" },
	{ "help-url='https://example.net/' dmarc{on-reject=tag}", AS_FROM_ONE, AS_FAIL, DKIM_FAILS, WANTS_REJECT, true, "tag",
	  "DMARC fail, policy reject of example.com" },
	{ "dmarc{reply-malformed-from='%{from-domain} %{policy} %{dmarc}'}", AS_FROM_MALFORMED, SPF_OFF, DKIM_OFF, DMARC_NOT_RUN, false,
	  "550 5.7.1 - - -", "malformed From header field: control character" },
	{ "dmarc{on-malformed-from=accept}", AS_FROM_SEVERAL, AS_PASS, DKIM_PASSES, WANTS_REJECT, true, "accept",
	  "From header field with several domains" },
	{ "report-only = true", AS_FROM_ONE, AS_FAIL, DKIM_FAILS, WANTS_REJECT, true, "accept",
	  "DMARC fail, policy reject of example.com" },
};

static void test_replies(void **state)
{
	(void)state;
	struct as_arena *arena = as_arena_new();
	for (size_t i = 0; i < sizeof replies / sizeof *replies; i++) {
		const struct as_settings *settings = settings_from(arena, replies[i].configuration);
		struct scene scene;
		struct as_decision d;
		stage(&scene, replies[i].from, replies[i].spf, replies[i].dkim, replies[i].dmarc);
		scene.dmarc.record = replies[i].has_record ? &scene.record : NULL;
		as_policy_decide(arena, settings, &scene.facts, &d);
		if (strcmp(reply_of(arena, &d), replies[i].reply) != 0)
			print_error("case %zu: %s\n", i, replies[i].configuration);
		assert_string_equal(reply_of(arena, &d), replies[i].reply);
		if (replies[i].reason)
			assert_string_equal(d.reason, replies[i].reason);
		else
			assert_null(d.reason);
	}
	as_arena_free(arena);
}

/* A key server that is down must not hold up the mail of a domain that asks for nothing. */
static void test_temperror_under_none(void **state)
{
	(void)state;
	struct as_arena *arena = as_arena_new();
	struct scene scene;
	struct as_decision d;
	stage(&scene, AS_FROM_ONE, AS_FAIL, DKIM_TEMP, DMARC_TEMP);
	scene.dmarc.record = &scene.record;
	scene.dmarc.policy = AS_DMARC_NONE;
	as_policy_decide(arena, settings_from(arena, ""), &scene.facts, &d);
	assert_string_equal(d.rule, "default");
	assert_int_equal(d.verb, AS_VERB_ACCEPT);
	scene.dmarc.record = NULL; /* the policy itself is unknown */
	as_policy_decide(arena, settings_from(arena, ""), &scene.facts, &d);
	assert_string_equal(d.rule, "dmarc-temperror");
	as_arena_free(arena);
}

static void test_internal_error(void **state)
{
	(void)state;
	struct as_arena *arena = as_arena_new();
	struct as_facts facts = { .had_internal_error = true, .is_trusted = true };
	struct as_decision d;
	as_policy_decide(arena, settings_from(arena, ""), &facts, &d);
	assert_string_equal(reply_of(arena, &d), "451 4.3.0 Internal error while checking the message, try again later");
	assert_true(d.is_skipped);
	as_policy_decide(arena, settings_from(arena, "on-internal-error = accept"), &facts, &d);
	assert_string_equal(reply_of(arena, &d), "accept");
	as_arena_free(arena);
}

/* The facts that few messages have. */
static void test_rare_values(void **state)
{
	(void)state;
	struct as_arena *arena = as_arena_new();
	const struct as_settings *settings = settings_from(
		arena, "dmarc{reply-reject='%{spf-helo} %{arc} %{iprev} %{client-name} %{tls} %{list-id} %{id} %{time}'}");
	const struct as_spf_outcome helo = { .code = AS_SOFTFAIL };
	const struct as_arc_outcome arc = { .code = AS_FAIL };
	struct scene scene;
	struct as_decision d;
	stage(&scene, AS_FROM_ONE, AS_FAIL, DKIM_FAILS, WANTS_REJECT);
	stage_iprev(&scene, IPREV_PASSES);
	scene.iprev.name = "mx.example.org";
	scene.facts.spf_helo = &helo;
	scene.facts.arc = &arc;
	scene.facts.tls_version = "TLSv1.3";
	scene.facts.list_id = "users.lists.example.org";
	scene.facts.id = "8AHNW1ETBZ";
	scene.facts.now_s = 1800000000;
	as_policy_decide(arena, settings, &scene.facts, &d);
	assert_string_equal(d.text, "softfail fail pass mx.example.org TLSv1.3 users.lists.example.org 8AHNW1ETBZ 2027-01-15T08:00:00Z");
	stage_iprev(&scene, IPREV_FAILS); /* a name that leads elsewhere is nobody's */
	as_policy_decide(arena, settings, &scene.facts, &d);
	assert_string_equal(d.text, "softfail fail fail - TLSv1.3 users.lists.example.org 8AHNW1ETBZ 2027-01-15T08:00:00Z");
	as_arena_free(arena);
}

/* What a stranger says cannot break out of the line, nor make it long. */
static void test_hostile_values(void **state)
{
	(void)state;
	struct as_arena *arena = as_arena_new();
	const struct as_settings *settings = settings_from(arena, "dmarc{reply-reject='%{helo}|%{envelope-domain}|%{from-domain}'}");
	struct scene scene;
	struct as_decision d;
	stage(&scene, AS_FROM_ONE, AS_FAIL, DKIM_FAILS, WANTS_REJECT);
	scene.facts.helo = "a\r\n250 ok\xff\\%s";
	scene.facts.envelope_domain = "";
	as_policy_decide(arena, settings, &scene.facts, &d);
	assert_string_equal(d.text, "a\\x0d\\x0a250 ok\\xff\\x5c%s|a\\x0d\\x0a250 ok\\xff\\x5c%s|mail.example.com");
	char *large = as_alloc(arena, 5001);
	memset(large, 'x', 5000);
	scene.facts.helo = large;
	as_policy_decide(arena, settings, &scene.facts, &d);
	assert_int_equal(strlen(d.text), 400);
	assert_string_equal(d.text + 397, "...");
	scene.facts.helo = NULL;
	scene.facts.envelope_domain = NULL;
	as_policy_decide(arena, settings, &scene.facts, &d);
	assert_string_equal(d.text, "-|-|mail.example.com");
	as_arena_free(arena);
}

static void test_matrix(void **state)
{
	(void)state;
	struct as_arena *arena = as_arena_new();
	static const struct { const char *configuration, *line; } cases[] = {
		{ "", "\nDMARC fail, policy reject      reject     dmarc-reject     550 5.7.1 Email rejected per DMARC policy for "
		  "example.com\n" },
		{ "", "\nDMARC pass                     accept     default\n" },
		{ "", "\nTagged only: DMARC fail, policy quarantine (tag)\n" },
		{ "report-only = true", "\nDMARC fail, policy reject      accept     dmarc-reject     (would be reject)\n" },
		{ "report-only = true", "\nEnforced: nothing\n" },
		{ "dmarc { enable = false }", "\nEnforced: internal error (tempfail)\n" },
		{ "iprev { enable = true on-fail = reject }", "\nreverse DNS fail               reject     iprev-fail       550 5.7.25 Reverse DNS "
		  "of 192.0.2.1 does not lead back to it\n" },
		{ "iprev { enable = true }", "\nreverse DNS permerror          accept     default\n" },
		{ "dkim { on-none = quarantine }", "\nDKIM none                      quarantine dkim-none\n" },
		{ "relay x { networks = 192.0.2.1 }", "\nclient unknown, reject         quarantine unknown-client\n" },
		{ "relay x { networks = 192.0.2.1 }", "\nclient unknown, quarantine     tag        unknown-client\n" },
		{ "relay x { networks = 192.0.2.1 }", "\nDMARC fail, policy reject      reject     dmarc-reject     550 " },
		{ "relay x { networks = 192.0.2.1 }", "\nRelay x: reject becomes quarantine\n" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char *text = NULL;
		size_t size = 0;
		FILE *out = open_memstream(&text, &size);
		as_policy_write_matrix(settings_from(arena, cases[i].configuration), out);
		fclose(out);
		if (settings_from(arena, cases[i].configuration)->dmarc.enable == false)
			assert_null(strstr(text, "From missing"));
		assert_int_equal(strstr(text, "client unknown") != NULL, strstr(cases[i].configuration, "relay") != NULL);
		if (!strstr(text, cases[i].line))
			print_error("%s has no %s\n", text, cases[i].line);
		assert_non_null(strstr(text, cases[i].line));
		free(text);
	}
	as_arena_free(arena);
}

/* The client is not known and DMARC hangs on it: as a fail, but never stricter than on-unknown-client, and never deferred for it. */
static const char *expect_unknown(const struct world *w, enum as_verb on_unknown, enum as_verb *verb)
{
	const char *evidence = expect_evidence(w, verb);
	if (evidence)
		return evidence;
	*verb = w->on_dmarc < on_unknown ? w->on_dmarc : on_unknown;
	return "unknown-client";
}

static bool check_unknown(struct as_arena *arena, const struct world *w, enum as_verb on_unknown)
{
	struct as_settings settings = settings_of(w);
	struct as_decision d;
	struct scene scene;
	enum as_verb verb = AS_VERB_ACCEPT;
	struct as_evidence evidence = {
		.list = w->evidence & BY_LIST ? "l.example" : NULL, .list_why = w->evidence & BY_LIST ? "l.example by dkim" : NULL,
		.forwarder = w->evidence & BY_FORWARDER ? "client" : NULL, .arc = w->evidence & BY_ARC ? "arc=pass" : NULL,
		.is_undecided = w->evidence & UNDECIDED,
	};
	const char *rule = w->dmarc == WANTS_NONE ? "default" : expect_unknown(w, on_unknown, &verb);
	settings.on_unknown_client = on_unknown;
	settings.spf.on_temperror = AS_VERB_REJECT; /* not for these */
	stage(&scene, AS_FROM_ONE, AS_TEMPERROR, DKIM_UNSIGNED, w->dmarc);
	scene.dmarc.code = AS_TEMPERROR;
	scene.dmarc.lacks_client = true;
	scene.facts.is_client_unknown = true;
	scene.facts.evidence = w->evidence ? &evidence : NULL;
	as_policy_decide(arena, &settings, &scene.facts, &d);
	if (strcmp(d.rule, rule) == 0 && d.verb == verb && d.wanted == verb && reply_fits(&d) && !d.override)
		return true;
	print_error("on-unknown-client %s\n", as_verb_name(on_unknown));
	explain(w, rule, verb, &d);
	return false;
}

static void test_unknown_client(void **state)
{
	(void)state;
	enum { VERBS = AS_VERB_REJECT + 1 };
	size_t bad = 0;
	for (unsigned i = 0; i < (ALL_EVIDENCE + 1) * VERBS * VERBS * 3; i++) {
		struct as_arena *arena = as_arena_new();
		unsigned actions = i / (ALL_EVIDENCE + 1);
		struct world w = { .evidence = i & ALL_EVIDENCE, .on_dmarc = actions % VERBS, .on_list = AS_VERB_TAG,
			.dmarc = (enum dmarc_state)(WANTS_NONE + actions / VERBS / VERBS), .from = AS_FROM_ONE };
		bad += !check_unknown(arena, &w, (enum as_verb)(actions / VERBS % VERBS));
		as_arena_free(arena);
	}
	assert_int_equal(bad, 0);
}

/* What a relay brought is not rejected unless it says so; every other action stays. */
static void test_relay(void **state)
{
	(void)state;
	for (unsigned i = 0; i < (AS_VERB_REJECT + 1) * (AS_VERB_REJECT + 1) * 2; i++) {
		struct as_arena *arena = as_arena_new();
		struct world w = { .on_dmarc = i % (AS_VERB_REJECT + 1), .dmarc = WANTS_REJECT, .report_only = i >= 25 };
		struct as_relay relay = { .name = "x", .on_reject = i / (AS_VERB_REJECT + 1) % (AS_VERB_REJECT + 1) };
		struct as_settings settings = settings_of(&w);
		struct as_decision d;
		struct scene scene;
		stage(&scene, AS_FROM_ONE, AS_FAIL, DKIM_UNSIGNED, WANTS_REJECT);
		scene.facts.relay = &relay;
		as_policy_decide(arena, &settings, &scene.facts, &d);
		bool is_spared = w.on_dmarc == AS_VERB_REJECT && relay.on_reject != AS_VERB_REJECT;
		assert_int_equal(d.wanted, w.on_dmarc);
		assert_int_equal(d.computed, is_spared ? relay.on_reject : w.on_dmarc);
		assert_int_equal(d.verb, w.report_only ? AS_VERB_ACCEPT : d.computed);
		assert_true(reply_fits(&d));
		if (d.override && is_spared && !w.report_only)
			assert_string_equal(d.override_comment, "relay");
		scene.facts.has_many_forged = i % 2;
		scene.facts.hides_forged = !scene.facts.has_many_forged;
		as_policy_decide(arena, &settings, &scene.facts, &d);
		assert_int_equal(d.verb, AS_VERB_REJECT);
		assert_string_equal(d.rule, "forged-fields");
		as_arena_free(arena);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_everything),     cmocka_unit_test(test_everything_with_iprev),
		cmocka_unit_test(test_keywords),       cmocka_unit_test(test_replies),
		cmocka_unit_test(test_temperror_under_none), cmocka_unit_test(test_unknown_client), cmocka_unit_test(test_relay),
		cmocka_unit_test(test_internal_error), cmocka_unit_test(test_rare_values), cmocka_unit_test(test_hostile_values), cmocka_unit_test(test_matrix),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
