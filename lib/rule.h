/* SPDX-License-Identifier: BSD-2-Clause */
/* rule.h - rules of the configuration: what the file says, what it becomes, and the search for the rule that decides.
 *
 * rule_parse.c compiles once, when the configuration is read; rule_match.c looks at facts, without I/O, and rule_crowd.c at recipients.
 * A rule is a conjunction of conditions, a condition a disjunction of values; what is cheap to test stands first.
 */
#ifndef AS_RULE_H
#define AS_RULE_H

#include "arena.h"
#include "err.h"
#include "field.h"
#include "ip.h"
#include "settings.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct as_facts;
struct as_rule_stats; /* rule_stats.h */

/* In the order in which they are tested. Those of a recipient come last. */
enum as_condition_id {
	AS_IF_AUTHENTICATED,
	AS_IF_SPF,
	AS_IF_SPF_HELO,
	AS_IF_DKIM,
	AS_IF_ARC,
	AS_IF_DMARC,
	AS_IF_DMARC_POLICY,
	AS_IF_DNSSEC,
	AS_IF_IPREV,
	AS_IF_SIZE,
	AS_IF_FROM_DOMAIN,
	AS_IF_DISPLAY_NAME,
	AS_IF_ENVELOPE_DOMAIN,
	AS_IF_HELO,
	AS_IF_ARC_SEALER,
	AS_IF_LIST_ID,
	AS_IF_DKIM_DOMAIN,
	AS_IF_CLIENT,
	AS_IF_TLS,
	AS_IF_HEADER,
	AS_IF_RECIPIENT,
	AS_IF_RECIPIENT_DOMAIN,
};
enum { AS_CONDITIONS = AS_IF_RECIPIENT_DOMAIN + 1 };

/* The action that decides nothing, beside those of enum as_verb. */
enum { AS_ACTION_REPORT_ONLY = AS_VERB_REJECT + 1 };

/* One block of the file, its values checked one by one (settings_value.c). */
struct as_rule_text {
	const char *name;
	const char **of[AS_CONDITIONS]; /* NULL ends each; empty: no such condition */
	int action;                     /* enum as_verb or AS_ACTION_REPORT_ONLY */
	const char *reply;              /* "": the built-in text */
	int64_t percent;
	int64_t expires_s;              /* 0: never */
	const char *owner, *reason;     /* "": none */
};

struct as_range {
	int64_t least, most; /* inclusive */
};

struct as_condition {
	enum as_condition_id id;
	uint32_t bits;                     /* words: one bit for each */
	size_t count;                      /* of what follows, networks apart */
	const char *const *names;          /* patterns and texts: lower case, sorted */
	const struct as_network *networks; /* client */
	size_t network_count;
	const struct as_range *ranges;     /* size */
	const size_t *fields;              /* header-present: numbers in as_rules.fields */
};

struct as_rule {
	const char *name;
	size_t count;
	const struct as_condition *conditions; /* in the order of enum as_condition_id */
	size_t recipient_at;                   /* the first condition of a recipient; count without */
	enum as_verb verb;
	bool is_report_only;
	const char *reply;
	unsigned percent;
	uint64_t salt;                         /* of the name: rules take different samples */
	int64_t expires_s;
	const char *owner, *reason;
	uint64_t fingerprint;                  /* of the conditions, not 0: with others it is another rule */
};

/* Facts that cost something and are only collected when a rule asks. */
enum as_rule_need { AS_NEEDS_RECIPIENTS = 1, AS_NEEDS_HEADER = 2, AS_NEEDS_SIZE = 4, AS_NEEDS_LIST = 8, AS_NEEDS_SAMPLE = 16,
		    AS_NEEDS_NAME = 32 };

struct as_rules {
	size_t count;
	const struct as_rule *list;
	unsigned needs;
	size_t field_count;
	const char *const *fields; /* names that header-present asks for: lower case, sorted */
};

/* A recipient as rules see it: lower case, the domain in normal form; "" for what is not there. */
struct as_recipient {
	const char *address;
	const char *domain;
};

/* Compiles, in the order of the file. On error *detail says what is wrong and what would be right, and *which is the rule. Everything
 * is owned by arena. */
enum as_err as_rules_compile(struct as_arena *arena, const struct as_settings *settings, const struct as_rule_text *texts, size_t count,
			     const struct as_rules **rules, size_t *which, const char **detail);

/* The name of a condition in the file. */
const char *as_condition_name(enum as_condition_id id);
/* Does whatever satisfies `narrow` satisfy `wide`? Both of one kind. */
bool as_condition_covers(const struct as_condition *wide, const struct as_condition *narrow);
/* Is `name` one of the sorted names? */
bool as_text_is_in(const char *const *names, size_t count, const char *name);
/* Is `domain` named by one of the sorted patterns: itself, or below one that begins with a dot? */
bool as_pattern_has(const char *const *patterns, size_t count, const char *domain);

/* Where a text falls when messages are sampled: the same on every host. */
uint64_t as_rule_hash(const char *text);

/* Marks the fields of a header that rules ask for: one byte for each name of rules->fields. Arena memory. */
const unsigned char *as_rules_see_header(struct as_arena *arena, const struct as_rules *rules, const struct as_fields *fields);

bool as_rule_is_expired(const struct as_rule *rule, int64_t now_s);
/* "2027-03-01". */
enum { AS_DATE_TEXT = 11 };
const char *as_date_text(int64_t time_s, char text[AS_DATE_TEXT]);

/* What the rules say to a message. */
struct as_rule_choice {
	const struct as_rule *rule;  /* the one that decides; NULL: the table does */
	const struct as_rule *noted; /* the first report-only rule that matched; NULL */
	size_t noted_count;
	const struct as_rule *undecided; /* asks for what could not be looked up, and a refusal hangs on it; NULL */
	enum as_condition_id lacking;    /* of it: the condition that was not looked up */
	const unsigned char *matched;    /* one for each rule: it took the message or a recipient, or was noted */
};

/* The first rule that matches, for each recipient; the strictest (or mildest) of these. `table` is the action without rules: it stands
 * for recipients that no rule takes. A rule that hangs on a lookup that failed does not match; choice->undecided is one that could have
 * changed the action. For want of a proof (client's name, dkim-domain, arc, arc-sealer, list-id) that is one with a refusal for good or for
 * now on either side; for want of a result (spf, dmarc, ...), which rules can name as temperror, one that is milder than a refusal for
 * good. The arena is for `matched` and for what is needed on the way. */
void as_rules_choose(struct as_arena *arena, const struct as_rules *rules, const struct as_facts *facts, enum as_verb table,
		     bool wants_mildest, struct as_rule_choice *choice);

/* The condition of a rule that can never hold with these settings, because the method of *section is off (NULL: because clients that
 * logged in are not judged). NULL: there is none. */
const struct as_condition *as_rule_blind(const struct as_rule *rule, const struct as_settings *settings, const char **section);

/* Of what the conditions say, as they would be written; nothing else of the rule counts. */
uint64_t as_rule_fingerprint(const struct as_rules *rules, const struct as_rule *rule);

/* `assayd -n`: the rules in their order, when they matched, and what is odd about them. stats NULL: not known. */
void as_rules_write(const struct as_settings *settings, const struct as_rule_stats *stats, int64_t now_s, FILE *out);
/* The rules in which the shadow configuration differs: new, changed, gone, in another order. Returns whether there are any. */
bool as_rules_write_changes(const struct as_settings *settings, FILE *out);

#endif
