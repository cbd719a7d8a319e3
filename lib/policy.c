/* SPDX-License-Identifier: BSD-2-Clause */
/* policy.c - the built-in table of decisions.
 *
 * Each row says when it applies, which keyword holds its action and what it replies. Of the rows that apply the strictest action
 * wins, and among equals the first row: no order of the rows can hide a refusal that the operator asked for. Final rows end the
 * search: forgeries beyond number, our own trouble, and clients that are not judged. The rows of SPF, DKIM and reverse DNS are off while
 * their action is accept (DM-59), so that they never name a decision that they did not make. They do not look at DMARC: whoever turns
 * them on wants them for forwarded mail too.
 *
 * Rules of the configuration (rule.h) come behind the first final rows and before everything else: a rule that matches stands in the place
 * of the rest of the table.
 */
#include "config.h"

#include "policy.h"

#include "clock.h"
#include "near.h"
#include "reply.h"
#include "str.h"
#include "translation.h"

#include <stddef.h>
#include <string.h>

enum traits {
	IS_FINAL = 1,   /* nothing below is looked at */
	IS_OPT_IN = 2,  /* off while its action is accept */
	IS_FAILURE = 4, /* a check that failed, not an error: several make 5.7.26 */
	IS_FIXED = 8,   /* rejects, with report-only too: the message cannot be delivered without what somebody forged */
	DEFERS = 16,    /* tempfail */
};

enum check { NO_CHECK, SPF_CHECK, DKIM_CHECK };

struct row {
	const char *rule;
	unsigned traits;
	enum check check;
	bool (*applies)(const struct as_settings *settings, const struct as_facts *facts);
	size_t verb;          /* offset of the action in struct as_settings; 0: accept */
	size_t reply;         /* offset of the configured text; 0: none */
	const char *enhanced; /* for reject; its class becomes 4 for tempfail */
	const char *text;     /* reply unless configured; NULL for rows that never refuse */
	const char *reason;
	enum as_override override; /* the reason for reports when the row is milder than the domain asks */
	size_t evidence;      /* what stands in struct as_evidence for it: offset + 1; 0: nothing */
};

static bool has_many_forged(const struct as_settings *s, const struct as_facts *f)
{
	(void)s;
	return f->has_many_forged;
}

static bool hides_forged(const struct as_settings *s, const struct as_facts *f)
{
	(void)s;
	return f->hides_forged;
}

static bool has_trouble(const struct as_settings *s, const struct as_facts *f)
{
	(void)s;
	return f->had_internal_error;
}

static bool is_trusted(const struct as_settings *s, const struct as_facts *f)
{
	(void)s;
	return f->is_trusted;
}

static bool is_authenticated(const struct as_settings *s, const struct as_facts *f)
{
	return s->skip_authenticated && f->is_authenticated;
}

static bool from_is(const struct as_settings *s, const struct as_facts *f, enum as_from_status status)
{
	return s->dmarc.enable && f->from && f->from->status == status;
}

static bool from_missing(const struct as_settings *s, const struct as_facts *f)
{
	return from_is(s, f, AS_FROM_MISSING);
}

static bool from_repeated(const struct as_settings *s, const struct as_facts *f)
{
	return from_is(s, f, AS_FROM_REPEATED);
}

static bool from_malformed(const struct as_settings *s, const struct as_facts *f)
{
	return from_is(s, f, AS_FROM_MALFORMED);
}

static bool from_empty(const struct as_settings *s, const struct as_facts *f)
{
	return from_is(s, f, AS_FROM_EMPTY);
}

static bool from_several(const struct as_settings *s, const struct as_facts *f)
{
	return from_is(s, f, AS_FROM_SEVERAL);
}

static bool spf_is(const struct as_facts *f, enum as_code code)
{
	return f->spf && f->spf->code == code;
}

static bool has_signature(const struct as_facts *f, enum as_code code)
{
	for (size_t i = 0; f->dkim && i < f->dkim->count; i++)
		if (f->dkim->signatures[i].code == code)
			return true;
	return false;
}

enum as_code as_facts_dkim(const struct as_facts *f)
{
	if (!f->dkim || !f->dkim->count)
		return AS_NONE;
	if (has_signature(f, AS_PASS))
		return AS_PASS;
	if (has_signature(f, AS_TEMPERROR))
		return AS_TEMPERROR;
	return has_signature(f, AS_POLICY) ? AS_POLICY : AS_FAIL;
}

/* A From field that the rows above judge has no DMARC result of its own to act on. */
static bool dmarc_is(const struct as_facts *f, enum as_code code)
{
	return f->dmarc && f->dmarc->code == code && (!f->from || f->from->status == AS_FROM_ONE);
}

static bool dmarc_fails(const struct as_facts *f, enum as_dmarc_policy policy)
{
	return dmarc_is(f, AS_FAIL) && f->dmarc->policy == policy;
}

/* A fail, unless the client that a relay does not tell would have passed SPF. */
static bool dmarc_may_fail(const struct as_facts *f, enum as_dmarc_policy policy)
{
	return dmarc_is(f, AS_TEMPERROR) && f->dmarc->lacks_client && f->dmarc->policy == policy;
}

/* What the domain's wish alone would do. */
static enum as_verb wish(const struct as_settings *s, const struct as_facts *f)
{
	if (dmarc_fails(f, AS_DMARC_REJECT) || dmarc_may_fail(f, AS_DMARC_REJECT))
		return s->dmarc.on_reject;
	bool is_quarantine = dmarc_fails(f, AS_DMARC_QUARANTINE) || dmarc_may_fail(f, AS_DMARC_QUARANTINE);
	return is_quarantine ? s->dmarc.on_quarantine : AS_VERB_ACCEPT;
}

/* Evidence speaks for a message, never against it. */
static bool by_arc(const struct as_settings *s, const struct as_facts *f)
{
	return f->evidence && f->evidence->arc && wish(s, f) > AS_VERB_ACCEPT;
}

static bool by_forwarder(const struct as_settings *s, const struct as_facts *f)
{
	return f->evidence && f->evidence->forwarder && wish(s, f) > s->dmarc.on_forwarder && !by_arc(s, f);
}

static bool by_list(const struct as_settings *s, const struct as_facts *f)
{
	return f->evidence && f->evidence->list && wish(s, f) > s->dmarc.on_proven_list && !by_arc(s, f) && !by_forwarder(s, f);
}

static bool has_evidence(const struct as_settings *s, const struct as_facts *f)
{
	return by_arc(s, f) || by_forwarder(s, f) || by_list(s, f);
}

/* A message is not refused for good while a lookup that could have spoken for it failed, unless such failures are to be refused. Nor is it
 * let through where on-temperror would: anybody can found a list whose proof fails. */
static bool lacks_evidence(const struct as_settings *s, const struct as_facts *f)
{
	return f->evidence && f->evidence->is_undecided && !has_evidence(s, f) && wish(s, f) == AS_VERB_REJECT &&
	       s->dmarc.on_temperror <= AS_VERB_TEMPFAIL;
}

/* A relay does not tell its client, and action hangs on that. Asking again later does not help: the rows for temporary errors, which may
 * defer a message, leave it to these. */
static bool is_held(const struct as_settings *s, const struct as_facts *f)
{
	return wish(s, f) > s->on_unknown_client && !has_evidence(s, f) && !lacks_evidence(s, f);
}

static bool client_unknown(const struct as_settings *s, const struct as_facts *f)
{
	return f->dmarc && f->dmarc->lacks_client && is_held(s, f);
}

static bool client_may_speak(const struct as_settings *s, const struct as_facts *f)
{
	return dmarc_is(f, AS_FAIL) && f->evidence && f->evidence->lacks_client && is_held(s, f);
}

static bool dmarc_wish(const struct as_settings *s, const struct as_facts *f, enum as_dmarc_policy policy)
{
	return dmarc_fails(f, policy) && !has_evidence(s, f) && !lacks_evidence(s, f) && !client_may_speak(s, f);
}

static bool dmarc_reject(const struct as_settings *s, const struct as_facts *f)
{
	return dmarc_wish(s, f, AS_DMARC_REJECT);
}

static bool dmarc_quarantine(const struct as_settings *s, const struct as_facts *f)
{
	return dmarc_wish(s, f, AS_DMARC_QUARANTINE);
}

static bool dmarc_none(const struct as_settings *s, const struct as_facts *f)
{
	(void)s;
	return dmarc_fails(f, AS_DMARC_NONE);
}

static bool client_unknown_as(const struct as_settings *s, const struct as_facts *f, enum as_dmarc_policy policy)
{
	bool is_milder = wish(s, f) <= s->on_unknown_client;
	return dmarc_may_fail(f, policy) && is_milder && !has_evidence(s, f) && !lacks_evidence(s, f);
}

static bool client_unknown_reject(const struct as_settings *s, const struct as_facts *f)
{
	return client_unknown_as(s, f, AS_DMARC_REJECT);
}

static bool client_unknown_quarantine(const struct as_settings *s, const struct as_facts *f)
{
	return client_unknown_as(s, f, AS_DMARC_QUARANTINE);
}

/* Nothing hangs on a lookup that failed when the record is known to ask for nothing: p=none changes no handling (DM-51, DM-55). */
static bool dmarc_temperror(const struct as_settings *s, const struct as_facts *f)
{
	(void)s;
	return dmarc_is(f, AS_TEMPERROR) && !f->dmarc->lacks_client && !(f->dmarc->record && f->dmarc->policy == AS_DMARC_NONE);
}

/* With a record at hand, the failed lookup was one of the methods below DMARC. */
static bool dmarc_lacks_key(const struct as_settings *s, const struct as_facts *f)
{
	return dmarc_temperror(s, f) && f->dmarc->record && as_facts_dkim(f) == AS_TEMPERROR && !spf_is(f, AS_TEMPERROR);
}

static bool dmarc_lacks_spf(const struct as_settings *s, const struct as_facts *f)
{
	return dmarc_temperror(s, f) && f->dmarc->record && as_facts_dkim(f) != AS_TEMPERROR && spf_is(f, AS_TEMPERROR);
}

static bool dmarc_permerror(const struct as_settings *s, const struct as_facts *f)
{
	(void)s;
	return dmarc_is(f, AS_PERMERROR);
}

static bool spf_fail(const struct as_settings *s, const struct as_facts *f)
{
	(void)s;
	return spf_is(f, AS_FAIL);
}

static bool spf_fail_explained(const struct as_settings *s, const struct as_facts *f)
{
	return spf_fail(s, f) && f->spf->explanation;
}

static bool spf_softfail(const struct as_settings *s, const struct as_facts *f)
{
	(void)s;
	return spf_is(f, AS_SOFTFAIL);
}

static bool spf_temperror(const struct as_settings *s, const struct as_facts *f)
{
	(void)s;
	return spf_is(f, AS_TEMPERROR) && !f->is_client_unknown;
}

static bool spf_permerror(const struct as_settings *s, const struct as_facts *f)
{
	(void)s;
	return spf_is(f, AS_PERMERROR);
}

static bool dkim_policy(const struct as_settings *s, const struct as_facts *f)
{
	(void)s;
	return as_facts_dkim(f) == AS_POLICY;
}

static bool dkim_fail(const struct as_settings *s, const struct as_facts *f)
{
	(void)s;
	return as_facts_dkim(f) == AS_FAIL;
}

static bool dkim_none(const struct as_settings *s, const struct as_facts *f)
{
	(void)s;
	return f->dkim && !f->dkim->count;
}

static bool dkim_temperror(const struct as_settings *s, const struct as_facts *f)
{
	(void)s;
	return as_facts_dkim(f) == AS_TEMPERROR;
}

static bool iprev_is(const struct as_facts *f, enum as_code code)
{
	return f->iprev && f->iprev->code == code;
}

static bool iprev_fail(const struct as_settings *s, const struct as_facts *f)
{
	(void)s;
	return iprev_is(f, AS_FAIL);
}

static bool iprev_permerror(const struct as_settings *s, const struct as_facts *f)
{
	(void)s;
	return iprev_is(f, AS_PERMERROR);
}

static bool iprev_temperror(const struct as_settings *s, const struct as_facts *f)
{
	(void)s;
	return iprev_is(f, AS_TEMPERROR);
}

static bool always(const struct as_settings *s, const struct as_facts *f)
{
	(void)s, (void)f;
	return true;
}

#define VERB(field) .verb = offsetof(struct as_settings, field)
#define REPLY(field) .reply = offsetof(struct as_settings, field)
#define EVIDENCE(field) .evidence = offsetof(struct as_evidence, field) + 1
#define FROM_ROW(condition, what) \
	{ .rule = "malformed-from", .applies = (condition), VERB(dmarc.on_malformed_from), REPLY(dmarc.reply_malformed_from), \
	  .enhanced = "5.7.1", .text = "Message refused: " what, .reason = what }
#define UNKNOWN_ROW(condition, action, what) \
	{ .rule = "unknown-client", .applies = (condition), VERB(action), .enhanced = "5.7.24", \
	  .text = "SPF cannot be checked for %{envelope-domain}, DMARC fails for %{from-domain}", \
	  .reason = "client of the relay not known, " what }
#define TEMPERROR_ROW(condition, trait, code, what) \
	{ .rule = "dmarc-temperror", .traits = (trait), .applies = (condition), VERB(dmarc.on_temperror), REPLY(dmarc.reply_temperror), \
	  .enhanced = (code), .text = what ", DMARC cannot be checked for %{from-domain}", .reason = "DMARC temporary error: " what }

static const struct row table[] = {
	{ .rule = "forged-fields", .traits = IS_FINAL | IS_FIXED, .applies = has_many_forged, .enhanced = "5.7.1",
	  .text = "Message refused: too many header fields that claim to be from %{hostname}", .reason = "too many forged header fields" },
	{ .rule = "forged-fields", .traits = IS_FINAL | IS_FIXED, .applies = hides_forged, .enhanced = "5.7.1",
	  .text = "Message refused: a header field behind a bare line end claims to be from %{hostname}",
	  .reason = "forged header field behind a bare line end" },
	{ .rule = "internal-error", .traits = IS_FINAL, .applies = has_trouble, VERB(on_internal_error), .enhanced = "5.3.0",
	  .text = "Internal error while checking the message, try again later", .reason = "internal error" },
	{ .rule = "trusted-network", .traits = IS_FINAL, .applies = is_trusted, .reason = "client in trusted-networks" },
	{ .rule = "authenticated", .traits = IS_FINAL, .applies = is_authenticated, .reason = "client logged in" },

	FROM_ROW(from_missing, "no From header field"),
	FROM_ROW(from_repeated, "more than one From header field"),
	FROM_ROW(from_malformed, "malformed From header field: %{from-problem}"),
	FROM_ROW(from_empty, "From header field without an author"),
	FROM_ROW(from_several, "From header field with several domains"),

	/* RFC 9989 7.4: not on the policy alone (DM-54). Each of these makes the rows of the policy yield. */
	{ .rule = "trusted-arc", .applies = by_arc, .override = AS_OVERRIDE_LOCAL_POLICY, EVIDENCE(arc),
	  .reason = "DMARC fail, but trusted sealers saw it pass" },
	{ .rule = "trusted-forwarder", .applies = by_forwarder, VERB(dmarc.on_forwarder), .override = AS_OVERRIDE_TRUSTED_FORWARDER,
	  EVIDENCE(forwarder), .reason = "DMARC fail, but from a trusted forwarder" },
	{ .rule = "proven-list", .applies = by_list, VERB(dmarc.on_proven_list), .override = AS_OVERRIDE_MAILING_LIST, EVIDENCE(list_why),
	  .reason = "DMARC fail, but from a mailing list" },
	{ .rule = "dmarc-reject", .applies = dmarc_reject, VERB(dmarc.on_reject), REPLY(dmarc.reply_reject), .enhanced = "5.7.1",
	  .text = "Email rejected per DMARC policy for %{policy-domain}", .reason = "DMARC fail, policy reject of %{policy-domain}" },
	{ .rule = "dmarc-quarantine", .applies = dmarc_quarantine, VERB(dmarc.on_quarantine), REPLY(dmarc.reply_quarantine),
	  .enhanced = "5.7.1", .text = "Email rejected per DMARC policy for %{policy-domain}",
	  .reason = "DMARC fail, policy quarantine of %{policy-domain}" },
	UNKNOWN_ROW(client_unknown, on_unknown_client, "DMARC cannot be checked for %{from-domain}"),
	UNKNOWN_ROW(client_unknown_reject, dmarc.on_reject, "DMARC cannot be checked for %{from-domain}"),
	UNKNOWN_ROW(client_unknown_quarantine, dmarc.on_quarantine, "DMARC cannot be checked for %{from-domain}"),
	UNKNOWN_ROW(client_may_speak, on_unknown_client, "it may be a list or forwarder"),
	TEMPERROR_ROW(lacks_evidence, DEFERS, "5.7.0", "lookup of a mailing list, forwarder or sealer failed"),
	TEMPERROR_ROW(dmarc_lacks_key, 0, "5.7.5", "DKIM key server unavailable"),
	TEMPERROR_ROW(dmarc_lacks_spf, 0, "5.7.24", "SPF lookup failed"),
	TEMPERROR_ROW(dmarc_temperror, 0, "5.7.0", "DNS lookup failed"),
	{ .rule = "dmarc-permerror", .applies = dmarc_permerror, VERB(dmarc.on_permerror), REPLY(dmarc.reply_permerror),
	  .enhanced = "5.7.1", .text = "DMARC cannot be checked for %{from-domain}", .reason = "DMARC permanent error for %{from-domain}" },
	{ .rule = "dmarc-fail-none", .applies = dmarc_none, VERB(dmarc.on_none_fail),
	  .reason = "DMARC fail, policy none of %{policy-domain}" },

	/* RFC 7372 3.2 */
	{ .rule = "spf-fail", .traits = IS_OPT_IN | IS_FAILURE, .check = SPF_CHECK, .applies = spf_fail_explained, VERB(spf.on_fail),
	  REPLY(spf.reply_fail), .enhanced = "5.7.23", /* RFC 7208 6.2, 8.4: said to be the domain's words */
	  .text = "SPF: %{client} is not allowed to send for %{envelope-domain}. %{envelope-domain} explained: %{spf-explanation}",
	  .reason = "SPF fail" },
	{ .rule = "spf-fail", .traits = IS_OPT_IN | IS_FAILURE, .check = SPF_CHECK, .applies = spf_fail, VERB(spf.on_fail),
	  REPLY(spf.reply_fail), .enhanced = "5.7.23", .text = "SPF: %{client} is not allowed to send for %{envelope-domain}",
	  .reason = "SPF fail" },
	{ .rule = "spf-softfail", .traits = IS_OPT_IN | IS_FAILURE, .check = SPF_CHECK, .applies = spf_softfail, VERB(spf.on_softfail),
	  REPLY(spf.reply_fail), .enhanced = "5.7.23", .text = "SPF: %{client} is not expected to send for %{envelope-domain}",
	  .reason = "SPF softfail" },
	{ .rule = "spf-temperror", .traits = IS_OPT_IN, .check = SPF_CHECK, .applies = spf_temperror, VERB(spf.on_temperror),
	  REPLY(spf.reply_error), .enhanced = "5.7.24", .text = "SPF record of %{envelope-domain} cannot be looked up",
	  .reason = "SPF temporary error" },
	{ .rule = "spf-permerror", .traits = IS_OPT_IN, .check = SPF_CHECK, .applies = spf_permerror, VERB(spf.on_permerror),
	  REPLY(spf.reply_error), .enhanced = "5.7.24", .text = "SPF record of %{envelope-domain} is broken",
	  .reason = "SPF permanent error" },

	/* RFC 7372 3.1, RFC 6376 6.3 */
	{ .rule = "dkim-fail", .traits = IS_OPT_IN | IS_FAILURE, .check = DKIM_CHECK, .applies = dkim_policy, VERB(dkim.on_fail),
	  REPLY(dkim.reply_fail), .enhanced = "5.7.21", .text = "No acceptable DKIM signature", .reason = "no acceptable DKIM signature" },
	{ .rule = "dkim-fail", .traits = IS_OPT_IN | IS_FAILURE, .check = DKIM_CHECK, .applies = dkim_fail, VERB(dkim.on_fail),
	  REPLY(dkim.reply_fail), .enhanced = "5.7.20", .text = "No passing DKIM signature", .reason = "no passing DKIM signature" },
	{ .rule = "dkim-none", .traits = IS_OPT_IN | IS_FAILURE, .check = DKIM_CHECK, .applies = dkim_none, VERB(dkim.on_none),
	  REPLY(dkim.reply_none), .enhanced = "5.7.20", .text = "No DKIM signature", .reason = "no DKIM signature" },
	{ .rule = "dkim-temperror", .traits = IS_OPT_IN, .check = DKIM_CHECK, .applies = dkim_temperror, VERB(dkim.on_temperror),
	  REPLY(dkim.reply_temperror), .enhanced = "5.7.5", .text = "DKIM key server unavailable", .reason = "DKIM temporary error" },

	/* RFC 7372 3.3. A check of the host, not of the message: it does not make several of 3.4. */
	{ .rule = "iprev-fail", .traits = IS_OPT_IN, .applies = iprev_fail, VERB(iprev.on_fail), REPLY(iprev.reply_fail),
	  .enhanced = "5.7.25", .text = "Reverse DNS of %{client} does not lead back to it", .reason = "reverse DNS does not lead back" },
	{ .rule = "iprev-permerror", .traits = IS_OPT_IN, .applies = iprev_permerror, VERB(iprev.on_permerror), REPLY(iprev.reply_fail),
	  .enhanced = "5.7.25", .text = "%{client} has no reverse DNS", .reason = "no reverse DNS" },
	{ .rule = "iprev-temperror", .traits = IS_OPT_IN, .applies = iprev_temperror, VERB(iprev.on_temperror), REPLY(iprev.reply_fail),
	  .enhanced = "5.7.25", .text = "Reverse DNS of %{client} cannot be looked up", .reason = "reverse DNS temporary error" },

	{ .rule = "default", .traits = IS_FINAL, .applies = always },
};
enum { ROWS = sizeof table / sizeof *table };

static enum as_verb row_verb(const struct row *row, const struct as_settings *settings)
{
	if (row->traits & IS_FIXED)
		return AS_VERB_REJECT;
	if (row->traits & DEFERS)
		return AS_VERB_TEMPFAIL;
	return row->verb ? *(const enum as_verb *)((const char *)settings + row->verb) : AS_VERB_ACCEPT;
}

static bool row_applies(const struct row *row, const struct as_settings *settings, const struct as_facts *facts)
{
	if (row->traits & IS_OPT_IN && row_verb(row, settings) == AS_VERB_ACCEPT)
		return false;
	return row->applies(settings, facts);
}

/* The strictest of the rows that apply, the first among equals; the last row applies always. */
static const struct row *choose(const struct as_settings *settings, const struct as_facts *facts)
{
	const struct row *best = NULL;
	for (const struct row *row = table; row < table + ROWS; row++) {
		if (!row_applies(row, settings, facts))
			continue;
		if (!best || row_verb(row, settings) > row_verb(best, settings))
			best = row;
		if (row->traits & IS_FINAL)
			break;
	}
	return best;
}

/* Did a check of the other method fail too, with the same action? RFC 7372 3.4 */
static bool is_one_of_several(const struct row *chosen, const struct as_settings *settings, const struct as_facts *facts)
{
	if (!(chosen->traits & IS_FAILURE))
		return false;
	for (const struct row *row = table; row < table + ROWS; row++)
		if (row->traits & IS_FAILURE && row->check != chosen->check && row_applies(row, settings, facts) &&
		    row_verb(row, settings) == row_verb(chosen, settings))
			return true;
	return false;
}

/* Where values stand that are no facts as they are. */
struct value_space {
	char client[AS_IP_TEXT], time[AS_CLOCK_TEXT];
};

static struct as_reply_values values_of(const struct as_facts *f, const char *rule, struct value_space *space)
{
	const struct as_dmarc_outcome *dmarc = f->dmarc;
	const char *author = f->from && f->from->domain ? f->from->domain : dmarc ? dmarc->author_domain : NULL;
	return (struct as_reply_values){ .of = {
		[AS_REPLY_FROM_DOMAIN] = author,
		[AS_REPLY_POLICY_DOMAIN] = dmarc && dmarc->policy_domain ? dmarc->policy_domain : author,
		[AS_REPLY_POLICY] = dmarc && dmarc->policy_domain ? as_dmarc_policy_name(dmarc->policy) : NULL,
		[AS_REPLY_SPF] = f->spf ? as_code_name(f->spf->code) : NULL,
		[AS_REPLY_DKIM] = f->dkim ? as_code_name(as_facts_dkim(f)) : NULL,
		[AS_REPLY_DMARC] = dmarc ? as_code_name(dmarc->code) : NULL,
		[AS_REPLY_CLIENT] = as_ip_text(&f->client, space->client),
		[AS_REPLY_HELO] = f->helo,
		/* RFC 7208 2.4: a null sender is judged by its HELO name. */
		[AS_REPLY_ENVELOPE_DOMAIN] = f->envelope_domain && *f->envelope_domain ? f->envelope_domain : f->helo,
		[AS_REPLY_QUEUE_ID] = f->queue_id,
		[AS_REPLY_HOSTNAME] = f->hostname,
		[AS_REPLY_RULE] = rule,
		[AS_REPLY_SPF_EXPLANATION] = f->spf ? f->spf->explanation : NULL,
		[AS_REPLY_SPF_HELO] = f->spf_helo ? as_code_name(f->spf_helo->code) : NULL,
		[AS_REPLY_ARC] = f->arc ? as_code_name(f->arc->code) : NULL,
		[AS_REPLY_IPREV] = f->iprev ? as_code_name(f->iprev->code) : NULL,
		[AS_REPLY_CLIENT_NAME] = iprev_is(f, AS_PASS) ? f->iprev->name : NULL,
		[AS_REPLY_TLS] = f->tls_version,
		[AS_REPLY_LIST_ID] = f->list_id,
		[AS_REPLY_ID] = f->id,
		[AS_REPLY_TIME] = as_clock_text(f->now_s, space->time),
		[AS_REPLY_FROM_PROBLEM] = f->from ? f->from->reason : NULL,
	} };
}

struct refusal {
	const char *enhanced;
	const char *text;
};

/* The configured text, or what the row says; a configured text without a code takes the row's. */
static struct refusal refusal_of(struct as_arena *arena, const struct row *row, const struct as_settings *settings,
				 const struct as_facts *facts)
{
	struct refusal refusal = { row->enhanced, row->text };
	const char *configured = row->reply ? *(const char *const *)((const char *)settings + row->reply) : NULL;
	if (is_one_of_several(row, settings, facts))
		refusal = (struct refusal){ "5.7.26", "Several authentication checks failed: SPF %{spf}, DKIM %{dkim}" };
	if (configured && *configured) {
		const char *enhanced;
		refusal.text = as_reply_split(arena, configured, &enhanced);
		refusal.enhanced = enhanced ? enhanced : refusal.enhanced;
	}
	return refusal;
}

static void set_reply(struct as_arena *arena, struct as_decision *decision, const struct refusal *refusal, const char *help_url,
		      const struct as_reply_values *values)
{
	bool is_temporary = decision->verb == AS_VERB_TEMPFAIL;
	decision->reply_code = is_temporary ? 451 : 550;
	decision->enhanced = as_printf(arena, "%c%s", is_temporary ? '4' : '5', refusal->enhanced + 1);
	decision->text = as_reply_line(arena, refusal->text, help_url, values);
}

static bool skips(const struct row *row)
{
	return row->traits & IS_FINAL && !(row->traits & IS_FIXED) && !row->verb && row->applies != always;
}

const char *as_policy_skips(const struct as_settings *settings, const struct as_facts *facts)
{
	for (const struct row *row = table; row < table + ROWS; row++)
		if (skips(row) && row->applies(settings, facts))
			return row->rule;
	return NULL;
}

static const struct row *row_of(const char *name)
{
	for (const struct row *row = table; row < table + ROWS; row++)
		if (strcmp(row->rule, name) == 0)
			return row;
	return NULL;
}

bool as_policy_has_row(const char *name)
{
	return row_of(name) != NULL;
}

const char *as_policy_row_name(size_t n)
{
	return n < ROWS ? table[n].rule : NULL;
}

bool as_policy_can_refuse(const char *name)
{
	for (const struct row *row = table; row < table + ROWS; row++)
		if (row->text && strcmp(row->rule, name) == 0)
			return true;
	return false;
}

const char *as_policy_known(struct as_arena *arena, const struct as_rules *rules, const char *name, bool wants_replies)
{
	enum { RULES_MAX = 50 };
	struct as_buf list = as_buf_new(arena);
	struct as_near near = as_near_new(name);
	const char *last = "";
	for (const struct row *row = table; row < table + ROWS; row++) {
		if ((wants_replies && !row->text) || strcmp(row->rule, last) == 0)
			continue;
		last = row->rule;
		as_near_try(&near, last);
		as_buf_printf(&list, "%s%s", list.length ? ", " : "", last);
	}
	for (size_t i = 0; rules && i < rules->count; i++) {
		as_near_try(&near, rules->list[i].name);
		if (i <= RULES_MAX)
			as_buf_printf(&list, ", %s", i < RULES_MAX ? rules->list[i].name : "...");
	}
	return as_printf(arena, "%s%sthere are %s", as_near_question(arena, &near, ""), near.best ? " " : "", list.text);
}

static void consult_rules(struct as_arena *arena, const struct as_settings *settings, const struct as_facts *facts, enum as_verb verb,
			  struct as_rule_choice *choice)
{
	as_rules_choose(arena, settings->rules, facts, verb, settings->mixed_recipients == AS_MIXED_MILDEST, choice);
}

static struct refusal refusal_of_rule(struct as_arena *arena, const struct as_rule *rule)
{
	struct refusal refusal = { "5.7.1", "Message refused by local policy: %{rule}" };
	if (*rule->reply) {
		const char *enhanced;
		refusal.text = as_reply_split(arena, rule->reply, &enhanced);
		refusal.enhanced = enhanced ? enhanced : refusal.enhanced;
	}
	return refusal;
}

const char *as_override_name(enum as_override override)
{
	static const char *const names[] = {
		[AS_OVERRIDE_NONE] = "none",
		[AS_OVERRIDE_LOCAL_POLICY] = "local_policy",
		[AS_OVERRIDE_MAILING_LIST] = "mailing_list",
		[AS_OVERRIDE_POLICY_TEST_MODE] = "policy_test_mode",
		[AS_OVERRIDE_TRUSTED_FORWARDER] = "trusted_forwarder",
	};
	return names[override];
}

static enum as_dmarc_policy disposition(enum as_verb verb)
{
	return verb >= AS_VERB_REJECT ? AS_DMARC_REJECT : verb >= AS_VERB_TAG ? AS_DMARC_QUARANTINE : AS_DMARC_NONE;
}

/* What a rule that hangs on a failed lookup asks for, and the row that defers the message. */
static const struct {
	bool (*applies)(const struct as_settings *settings, const struct as_facts *facts);
	const char *asks, *text, *reason; /* text, reason NULL: the row's, which is right about it */
} lacks[AS_CONDITIONS] = {
	[AS_IF_SPF] = { spf_temperror, "spf", NULL, NULL },
	[AS_IF_SPF_HELO] = { spf_temperror, "spf-helo", "SPF record of %{helo} cannot be looked up", NULL },
	[AS_IF_DKIM] = { dkim_temperror, "dkim", NULL, NULL },
	[AS_IF_ARC] = { lacks_evidence, "arc", "Key of an ARC seal cannot be looked up", "ARC temporary error" },
	[AS_IF_DMARC] = { dmarc_temperror, "dmarc", NULL, NULL },
	[AS_IF_DMARC_POLICY] = { dmarc_temperror, "dmarc-policy", NULL, NULL },
	[AS_IF_DNSSEC] = { dmarc_temperror, "dnssec", "DNS lookup failed", "DNS temporary error" },
	[AS_IF_ARC_SEALER] = { lacks_evidence, "arc-sealer", "Key of an ARC seal cannot be looked up", "ARC temporary error" },
	[AS_IF_LIST_ID] = { lacks_evidence, "list-id", "Mailing list cannot be looked up", "mailing list temporary error" },
	[AS_IF_DKIM_DOMAIN] = { dkim_temperror, "dkim-domain", NULL, NULL },
	[AS_IF_CLIENT] = { iprev_temperror, "the client's name", NULL, NULL },
};

static const struct row *row_lacking(struct as_arena *arena, enum as_condition_id id)
{
	struct row *copy = as_alloc(arena, sizeof *copy);
	for (const struct row *row = table; row < table + ROWS; row++)
		if (row->applies == lacks[id].applies)
			*copy = *row;
	copy->text = lacks[id].text ? lacks[id].text : copy->text;
	copy->reason = lacks[id].reason ? lacks[id].reason : copy->reason;
	return copy;
}

/* Why the rule or the row decides; a rule says what its owner wrote. */
static const char *reason_of(struct as_arena *arena, const struct row *row, const struct as_rule_choice *choice,
			     const struct as_reply_values *values)
{
	if (choice->undecided)
		return as_printf(arena, "%s, and rule %s asks for %s", row->reason, choice->undecided->name, lacks[choice->lacking].asks);
	if (choice->rule)
		return *choice->rule->reason ? choice->rule->reason : NULL;
	return row->reason ? as_reply_expand(arena, row->reason, values) : NULL;
}

/* AG-8: present when alignment failed and something else is done than the domain published. A message that is deferred has no disposition
 * yet. */
static void set_override(struct as_arena *arena, const struct as_facts *facts, const struct row *row, const struct as_rule *rule,
			 struct as_decision *decision)
{
	const struct as_dmarc_outcome *dmarc = facts->dmarc;
	if (!dmarc_is(facts, AS_FAIL) || decision->verb == AS_VERB_TEMPFAIL || row->traits & IS_FINAL)
		return;
	if (disposition(decision->verb) == dmarc->policy) {
		decision->override = dmarc->published == dmarc->policy ? AS_OVERRIDE_NONE : AS_OVERRIDE_POLICY_TEST_MODE;
		return;
	}
	bool is_row = !rule && row->override && decision->verb == decision->computed;
	decision->override = is_row ? row->override : AS_OVERRIDE_LOCAL_POLICY;
	if (decision->verb != decision->computed)
		decision->override_comment = "report-only";
	else if (decision->computed != decision->wanted)
		decision->override_comment = "relay";
	else if (is_row)
		decision->override_comment = *(const char *const *)((const char *)facts->evidence + row->evidence - 1);
	else
		decision->override_comment = as_printf(arena, "rule %s", decision->rule);
}

/* A relay would have to return what we reject, to a sender who may be forged. */
static enum as_verb spare(const struct as_facts *f, enum as_verb verb)
{
	return f->relay && verb == AS_VERB_REJECT ? f->relay->on_reject : verb;
}

void as_policy_decide(struct as_arena *arena, const struct as_settings *settings, const struct as_facts *facts,
		      struct as_decision *decision)
{
	struct value_space space;
	const struct row *row = choose(settings, facts);
	struct as_rule_choice choice = { .rule = NULL };
	if (settings->rules && !(row->traits & IS_FINAL && row->applies != always))
		consult_rules(arena, settings, facts, row_verb(row, settings), &choice);
	const struct as_rule *rule = choice.undecided ? NULL : choice.rule;
	row = choice.undecided ? row_lacking(arena, choice.lacking) : row;
	struct as_reply_values values = values_of(facts, rule ? rule->name : row->rule, &space);
	*decision = (struct as_decision){
		.wanted = choice.undecided ? AS_VERB_TEMPFAIL : rule ? rule->verb : row_verb(row, settings),
		.rule = rule ? rule->name : row->rule,
		.reason = reason_of(arena, row, &choice, &values),
		.is_skipped = as_policy_skips(settings, facts) != NULL,
		.noted = choice.noted,
		.noted_count = choice.noted_count,
		.matched = choice.matched,
	};
	decision->computed = row->traits & IS_FIXED ? decision->wanted : spare(facts, decision->wanted);
	decision->verb = settings->report_only && !(row->traits & IS_FIXED) ? AS_VERB_ACCEPT : decision->computed;
	set_override(arena, facts, row, rule, decision);
	if (decision->verb < AS_VERB_TEMPFAIL)
		return;
	struct refusal refusal = rule ? refusal_of_rule(arena, rule) : refusal_of(arena, row, settings, facts);
	const struct as_translation *translation = as_translation_choose(settings, facts->recipients, facts->recipient_count);
	const char *translated = as_translation_find(translation, decision->rule);
	refusal.text = translated ? translated : refusal.text;
	set_reply(arena, decision, &refusal, settings->help_url, &values);
}
