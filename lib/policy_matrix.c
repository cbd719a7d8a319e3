/* SPDX-License-Identifier: BSD-2-Clause */
/* policy_matrix.c - what a configuration means: one example message per outcome, decided by as_policy_decide itself. */
#include "config.h"

#include "policy.h"

#include <string.h>

enum { NO_RESULT = -1 };

/* One outcome. Results that are not named are a pass, so that only the one in question decides. */
struct example {
	const char *outcome;
	bool is_trusted, is_authenticated, had_internal_error;
	enum as_from_status from;
	int spf, dkim, dmarc; /* enum as_code, NO_RESULT: the method did not run */
	enum as_dmarc_policy policy;
	enum as_code iprev; /* AS_NONE: a pass */
	bool is_client_unknown;
};

static const struct example examples[] = {
	{ "internal error", .had_internal_error = true, .spf = NO_RESULT, .dkim = NO_RESULT, .dmarc = NO_RESULT },
	{ "client in trusted-networks", .is_trusted = true, .spf = NO_RESULT, .dkim = NO_RESULT, .dmarc = NO_RESULT },
	{ "client logged in", .is_authenticated = true, .spf = NO_RESULT, .dkim = NO_RESULT, .dmarc = NO_RESULT },
	{ "From missing", .from = AS_FROM_MISSING, .spf = AS_PASS, .dkim = AS_PASS, .dmarc = NO_RESULT },
	{ "From repeated", .from = AS_FROM_REPEATED, .spf = AS_PASS, .dkim = AS_PASS, .dmarc = NO_RESULT },
	{ "From malformed", .from = AS_FROM_MALFORMED, .spf = AS_PASS, .dkim = AS_PASS, .dmarc = NO_RESULT },
	{ "From without author", .from = AS_FROM_EMPTY, .spf = AS_PASS, .dkim = AS_PASS, .dmarc = NO_RESULT },
	{ "From with several domains", .from = AS_FROM_SEVERAL, .spf = AS_PASS, .dkim = AS_PASS, .dmarc = NO_RESULT },
	{ "DMARC fail, policy reject", .spf = AS_PASS, .dkim = AS_PASS, .dmarc = AS_FAIL, .policy = AS_DMARC_REJECT },
	{ "DMARC fail, policy quarantine", .spf = AS_PASS, .dkim = AS_PASS, .dmarc = AS_FAIL, .policy = AS_DMARC_QUARANTINE },
	{ "client unknown, reject", .spf = AS_TEMPERROR, .dkim = AS_NONE, .dmarc = AS_TEMPERROR, .policy = AS_DMARC_REJECT,
	  .is_client_unknown = true },
	{ "client unknown, quarantine", .spf = AS_TEMPERROR, .dkim = AS_NONE, .dmarc = AS_TEMPERROR, .policy = AS_DMARC_QUARANTINE,
	  .is_client_unknown = true },
	{ "DMARC fail, policy none", .spf = AS_PASS, .dkim = AS_PASS, .dmarc = AS_FAIL },
	{ "DMARC temperror", .spf = AS_PASS, .dkim = AS_PASS, .dmarc = AS_TEMPERROR },
	{ "DMARC permerror", .spf = AS_PASS, .dkim = AS_PASS, .dmarc = AS_PERMERROR },
	{ "DMARC pass", .spf = AS_PASS, .dkim = AS_PASS, .dmarc = AS_PASS },
	{ "no DMARC record", .spf = AS_PASS, .dkim = AS_PASS, .dmarc = AS_NONE },
	{ "SPF fail", .spf = AS_FAIL, .dkim = AS_PASS, .dmarc = AS_NONE },
	{ "SPF softfail", .spf = AS_SOFTFAIL, .dkim = AS_PASS, .dmarc = AS_NONE },
	{ "SPF temperror", .spf = AS_TEMPERROR, .dkim = AS_PASS, .dmarc = AS_NONE },
	{ "SPF permerror", .spf = AS_PERMERROR, .dkim = AS_PASS, .dmarc = AS_NONE },
	{ "DKIM fail", .spf = AS_PASS, .dkim = AS_FAIL, .dmarc = AS_NONE },
	{ "DKIM none", .spf = AS_PASS, .dkim = AS_NONE, .dmarc = AS_NONE },
	{ "DKIM temperror", .spf = AS_PASS, .dkim = AS_TEMPERROR, .dmarc = AS_NONE },
	{ "reverse DNS fail", .spf = AS_PASS, .dkim = AS_PASS, .dmarc = AS_NONE, .iprev = AS_FAIL },
	{ "reverse DNS permerror", .spf = AS_PASS, .dkim = AS_PASS, .dmarc = AS_NONE, .iprev = AS_PERMERROR },
	{ "reverse DNS temperror", .spf = AS_PASS, .dkim = AS_PASS, .dmarc = AS_NONE, .iprev = AS_TEMPERROR },
};
enum { EXAMPLES = sizeof examples / sizeof *examples };

static void decide(struct as_arena *arena, const struct as_settings *settings, const struct example *e, struct as_decision *decision)
{
	static const char domain[] = "example.com";
	struct as_from from = { .status = e->from, .domain = e->from == AS_FROM_ONE ? domain : NULL, .reason = "text after an address" };
	struct as_spf_outcome spf = { .code = (enum as_code)e->spf, .domain = domain };
	struct as_dkim_signature signature = { .code = (enum as_code)e->dkim, .domain = domain };
	struct as_dkim_outcome dkim = { .count = e->dkim == AS_NONE ? 0 : 1, .signatures = &signature };
	struct as_dmarc_outcome dmarc = {
		.code = (enum as_code)e->dmarc, .author_domain = domain, .policy_domain = domain,
		.published = e->policy, .policy = e->policy, .lacks_client = e->is_client_unknown,
	};
	struct as_iprev_outcome iprev = { .code = e->iprev == AS_NONE ? AS_PASS : e->iprev };
	struct as_facts facts = {
		.client = { .family = 4, .bytes = { 192, 0, 2, 1 } },
		.is_trusted = e->is_trusted, .is_authenticated = e->is_authenticated, .had_internal_error = e->had_internal_error,
		.is_client_unknown = e->is_client_unknown, .helo = "mail.example.com", .envelope_domain = domain, .from = &from,
		.spf = settings->spf.enable && e->spf != NO_RESULT ? &spf : NULL,
		.dkim = settings->dkim.enable && e->dkim != NO_RESULT ? &dkim : NULL,
		.dmarc = settings->dmarc.enable && e->dmarc != NO_RESULT ? &dmarc : NULL,
		.iprev = settings->iprev.enable && e->spf != NO_RESULT ? &iprev : NULL,
	};
	as_policy_decide(arena, settings, &facts, decision);
}

/* With a method switched off there are no messages of its outcomes. */
static bool can_happen(const struct as_settings *settings, const struct example *e)
{
	bool needs_dmarc = e->from != AS_FROM_ONE || (e->dmarc != NO_RESULT && e->dmarc != AS_NONE);
	bool needs_spf = e->spf != NO_RESULT && e->spf != AS_PASS;
	bool needs_dkim = e->dkim != NO_RESULT && e->dkim != AS_PASS;
	if (e->iprev != AS_NONE && !settings->iprev.enable)
		return false;
	if (e->is_client_unknown && !settings->relay_count)
		return false;
	return (settings->dmarc.enable || !needs_dmarc) && (settings->spf.enable || !needs_spf) && (settings->dkim.enable || !needs_dkim);
}

/* "Enforced: DMARC fail, policy reject (reject); ..." for the verbs from least to most. Without a rule an outcome cannot happen. */
static void write_list(FILE *out, const char *title, const struct as_decision *decisions, enum as_verb least, enum as_verb most)
{
	const char *separator = " ";
	fprintf(out, "%s:", title);
	for (size_t i = 0; i < EXAMPLES; i++) {
		if (!decisions[i].rule || decisions[i].verb < least || decisions[i].verb > most)
			continue;
		fprintf(out, "%s%s (%s)", separator, examples[i].outcome, as_verb_name(decisions[i].verb));
		separator = "; ";
	}
	fputs(*separator == ' ' ? " nothing\n" : "\n", out);
}

static void write_relays(const struct as_settings *settings, FILE *out)
{
	for (size_t i = 0; i < settings->relay_count; i++)
		fprintf(out, "Relay %s: reject becomes %s\n", settings->relays[i].name, as_verb_name(settings->relays[i].on_reject));
}

void as_policy_write_matrix(const struct as_settings *settings, FILE *out)
{
	struct as_settings table = *settings; /* what remains for it: as_rules_write() tells of the rules */
	table.rules = NULL;
	struct as_arena *arena = as_arena_new();
	struct as_decision decisions[EXAMPLES] = { { .rule = NULL } };
	fprintf(out, "%-30s %-10s %-16s %s\n", "OUTCOME", "ACTION", "RULE", "REPLY");
	for (size_t i = 0; i < EXAMPLES; i++) {
		struct as_decision *d = &decisions[i];
		if (!can_happen(settings, &examples[i]))
			continue;
		decide(arena, &table, &examples[i], d);
		const char *reply = d->text ? as_printf(arena, " %u %s %s", d->reply_code, d->enhanced, d->text) : "";
		const char *would = d->computed == d->verb ? "" : as_printf(arena, " (would be %s)", as_verb_name(d->computed));
		const char *more = as_printf(arena, "%s%s", reply, would);
		fprintf(out, "%-30s %-10s %-*s%s\n", examples[i].outcome, as_verb_name(d->verb), *more ? 16 : 0, d->rule, more);
	}
	if (settings->report_only)
		fputs("report-only is on: every message but those of forged-fields is accepted, only the header field and the log "
		      "tell.\n", out);
	write_list(out, "Enforced", decisions, AS_VERB_QUARANTINE, AS_VERB_REJECT);
	write_list(out, "Tagged only", decisions, AS_VERB_TAG, AS_VERB_TAG);
	write_relays(settings, out);
	as_arena_free(arena);
}

static const char *action_text(struct as_arena *arena, const struct as_decision *d)
{
	if (d->computed != d->verb)
		return as_printf(arena, "%s (would be %s)", as_verb_name(d->verb), as_verb_name(d->computed));
	return d->reply_code ? as_printf(arena, "%s %u %s", as_verb_name(d->verb), d->reply_code, d->enhanced) : as_verb_name(d->verb);
}

void as_policy_write_changes(const struct as_settings *settings, FILE *out)
{
	struct as_settings held = *settings, tried = *settings->shadow.settings;
	held.rules = tried.rules = NULL;
	struct as_arena *arena = as_arena_new();
	size_t changes = 0;
	for (size_t i = 0; i < EXAMPLES; i++) {
		struct as_decision a, b;
		if (!can_happen(&held, &examples[i]))
			continue;
		decide(arena, &held, &examples[i], &a);
		decide(arena, &tried, &examples[i], &b);
		const char *is = action_text(arena, &a), *would_be = action_text(arena, &b);
		if (strcmp(is, would_be) == 0 && strcmp(a.rule, b.rule) == 0)
			continue;
		if (!changes++)
			fprintf(out, "%-30s %-30s %s\n", "OUTCOME", "IN FORCE", "SHADOW");
		fprintf(out, "%-30s %-30s %s\n", examples[i].outcome, is, would_be);
	}
	if (!changes)
		fputs("no outcome of the table is treated otherwise\n", out);
	as_arena_free(arena);
}
