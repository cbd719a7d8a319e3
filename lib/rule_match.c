/* SPDX-License-Identifier: BSD-2-Clause */
/* rule_match.c - which rule takes a message.
 *
 * What conditions look at is drawn from the facts once (struct view); after that a rule costs a few comparisons, since results of
 * methods are bits and lists of names are searched by halves.
 */
#include "config.h"

#include "rule.h"

#include "display_name.h"
#include "domain.h"
#include "policy.h"
#include "rule_crowd.h"
#include "str.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { NAME_MAX_BYTES = 256 };

struct view {
	const struct as_facts *facts;
	uint32_t bits[AS_CONDITIONS];
	const char *names[AS_CONDITIONS]; /* NULL: there is none */
	char helo[NAME_MAX_BYTES], client[NAME_MAX_BYTES];
	uint64_t sample;

	/* what else may be true, because a lookup failed */
	enum { NOTHING, PROOFS, RESULTS } supposes; /* RESULTS: proofs as well */
	bool has_failed;
	uint32_t other_bits[AS_CONDITIONS];
	const char *other_names[AS_CONDITIONS];
};

/* --- facts as bits ------------------------------------------------------------------------------------------------------ */

static uint32_t bit(int code)
{
	return (uint32_t)1 << code;
}

static uint32_t see_authenticated(const struct as_facts *f)
{
	return bit(f->is_authenticated);
}

static uint32_t see_spf(const struct as_facts *f)
{
	return f->spf ? bit((int)f->spf->code) : 0;
}

static uint32_t see_spf_helo(const struct as_facts *f)
{
	return f->spf_helo ? bit((int)f->spf_helo->code) : 0;
}

static uint32_t see_dkim(const struct as_facts *f)
{
	return f->dkim ? bit((int)as_facts_dkim(f)) : 0;
}

static uint32_t see_arc(const struct as_facts *f)
{
	return f->arc && !f->arc->is_unknown ? bit((int)f->arc->code) : 0;
}

static uint32_t see_dmarc(const struct as_facts *f)
{
	return f->dmarc ? bit((int)f->dmarc->code) : 0;
}

static uint32_t see_dmarc_policy(const struct as_facts *f)
{
	return f->dmarc && f->dmarc->policy_domain ? bit((int)f->dmarc->policy) : 0;
}

static uint32_t see_iprev(const struct as_facts *f)
{
	return f->iprev ? bit((int)f->iprev->code) : 0;
}

/* Four bits for each method; of DKIM the keys of signatures that pass. */
static uint32_t see_dnssec(const struct as_facts *f)
{
	uint32_t bits = 0;
	if (f->spf && f->spf->weakest)
		bits |= bit(0 + (int)f->spf->dnssec);
	for (size_t i = 0; f->dkim && i < f->dkim->count; i++)
		if (f->dkim->signatures[i].code == AS_PASS && f->dkim->signatures[i].was_asked)
			bits |= bit(4 + (int)f->dkim->signatures[i].dnssec);
	if (f->arc && f->arc->was_asked)
		bits |= bit(8 + (int)f->arc->dnssec);
	if (f->dmarc && f->dmarc->weakest)
		bits |= bit(12 + (int)f->dmarc->dnssec);
	if (f->iprev && f->iprev->weakest)
		bits |= bit(16 + (int)f->iprev->dnssec);
	return bits;
}

/* --- matching ----------------------------------------------------------------------------------------------------------- */

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

bool as_text_is_in(const char *const *names, size_t count, const char *name)
{
	return count && bsearch(&name, names, count, sizeof *names, compare_names) != NULL;
}

bool as_pattern_has(const char *const *patterns, size_t count, const char *domain)
{
	if (as_text_is_in(patterns, count, domain))
		return true;
	for (const char *dot = strchr(domain, '.'); dot; dot = strchr(dot + 1, '.'))
		if (as_text_is_in(patterns, count, dot))
			return true;
	return false;
}

static bool by_word(const struct as_condition *c, const struct view *v)
{
	bool supposes = v->supposes >= (c->id == AS_IF_ARC ? PROOFS : RESULTS); /* arc has no word for an error */
	return (c->bits & v->bits[c->id]) != 0 || (supposes && c->bits & v->other_bits[c->id]);
}

static bool is_named(const struct as_condition *c, const char *name)
{
	return name && as_pattern_has(c->names, c->count, name);
}

static bool by_name(const struct as_condition *c, const struct view *v)
{
	return is_named(c, v->names[c->id]) || (v->supposes && is_named(c, v->other_names[c->id]));
}

static bool by_display_name(const struct as_condition *c, const struct view *v)
{
	const struct as_display_name *name = v->facts->display_name;
	for (size_t i = 0; name && i < name->count; i++)
		if (is_named(c, name->domains[i]))
			return true;
	return false;
}

static bool by_dkim_domain(const struct as_condition *c, const struct view *v)
{
	const struct as_dkim_outcome *dkim = v->facts->dkim;
	for (size_t i = 0; dkim && i < dkim->count; i++) {
		const struct as_dkim_signature *s = &dkim->signatures[i];
		bool counts = s->code == AS_PASS || (v->supposes && s->code == AS_TEMPERROR);
		if (counts && is_named(c, s->domain))
			return true;
	}
	return false;
}

/* In a buffer; NULL for what is no name, since no name is that long. */
static const char *lower(char buffer[NAME_MAX_BYTES], const char *name)
{
	size_t n = name ? strnlen(name, NAME_MAX_BYTES) : NAME_MAX_BYTES;
	if (n == NAME_MAX_BYTES)
		return NULL;
	for (size_t i = 0; i < n; i++)
		buffer[i] = as_lower(name[i]);
	buffer[n] = '\0';
	return buffer;
}

/* Could one of the names that were not looked up satisfy the condition? Without any it could be every name. */
static bool could_be_client(const struct as_condition *c, const struct as_iprev_outcome *iprev)
{
	char buffer[NAME_MAX_BYTES];
	if (!iprev || iprev->code != AS_TEMPERROR)
		return false;
	for (size_t i = 0; i < iprev->undecided_count; i++) {
		const char *name = lower(buffer, iprev->undecided[i]);
		if (name && as_pattern_has(c->names, c->count, name))
			return true;
	}
	return c->count && !iprev->undecided_count;
}

static bool by_client(const struct as_condition *c, const struct view *v)
{
	for (size_t i = 0; i < c->network_count; i++)
		if (as_network_has(&c->networks[i], &v->facts->client))
			return true;
	return by_name(c, v) || (v->supposes && could_be_client(c, v->facts->iprev));
}

static bool by_size(const struct as_condition *c, const struct view *v)
{
	for (size_t i = 0; i < c->count; i++)
		if (v->facts->size >= c->ranges[i].least && v->facts->size <= c->ranges[i].most)
			return true;
	return false;
}

static bool by_field(const struct as_condition *c, const struct view *v)
{
	for (size_t i = 0; v->facts->header && i < c->count; i++)
		if (v->facts->header[c->fields[i]])
			return true;
	return false;
}

static bool by_tls(const struct as_condition *c, const struct view *v)
{
	const char *version = v->facts->tls_version, *cipher = v->facts->tls_cipher;
	bool has_tls = version && *version;
	for (size_t i = 0; i < c->count; i++)
		if (strcmp(c->names[i], has_tls ? "any" : "none") == 0 || (has_tls && as_equal_nocase(c->names[i], version)) ||
		    (has_tls && cipher && as_equal_nocase(c->names[i], cipher)))
			return true;
	return false;
}

/* --- what contains what --------------------------------------------------------------------------------------------------- */

static bool cover_words(const struct as_condition *wide, const struct as_condition *narrow)
{
	return (narrow->bits & ~wide->bits) == 0;
}

/* A pattern ".x" is itself found by as_pattern_has as a name, and below wider ones by its later dots. */
static bool cover_patterns(const struct as_condition *wide, const struct as_condition *narrow)
{
	for (size_t i = 0; i < narrow->count; i++)
		if (!as_pattern_has(wide->names, wide->count, narrow->names[i]))
			return false;
	return true;
}

static bool cover_texts(const struct as_condition *wide, const struct as_condition *narrow)
{
	for (size_t i = 0; i < narrow->count; i++)
		if (!as_text_is_in(wide->names, wide->count, narrow->names[i]))
			return false;
	return true;
}

static bool cover_clients(const struct as_condition *wide, const struct as_condition *narrow)
{
	for (size_t i = 0; i < narrow->network_count; i++) {
		bool is_inside = false;
		for (size_t j = 0; j < wide->network_count && !is_inside; j++)
			is_inside = wide->networks[j].bits <= narrow->networks[i].bits &&
				    as_network_has(&wide->networks[j], &narrow->networks[i].ip);
		if (!is_inside)
			return false;
	}
	return cover_patterns(wide, narrow);
}

static bool cover_ranges(const struct as_condition *wide, const struct as_condition *narrow)
{
	for (size_t i = 0; i < narrow->count; i++) {
		bool is_inside = false;
		for (size_t j = 0; j < wide->count && !is_inside; j++)
			is_inside = wide->ranges[j].least <= narrow->ranges[i].least && wide->ranges[j].most >= narrow->ranges[i].most;
		if (!is_inside)
			return false;
	}
	return true;
}

static bool cover_fields(const struct as_condition *wide, const struct as_condition *narrow)
{
	for (size_t i = 0; i < narrow->count; i++) {
		size_t j = 0;
		while (j < wide->count && wide->fields[j] != narrow->fields[i])
			j++;
		if (j == wide->count)
			return false;
	}
	return true;
}

/* --- the table ------------------------------------------------------------------------------------------------------------ */

static const struct {
	const char *name;
	bool (*match)(const struct as_condition *condition, const struct view *view); /* NULL: rule_crowd.c does */
	bool (*covers)(const struct as_condition *wide, const struct as_condition *narrow);
	uint32_t (*see)(const struct as_facts *facts); /* the bits of a condition of words */
} conditions[AS_CONDITIONS] = {
	[AS_IF_AUTHENTICATED] = { "authenticated", by_word, cover_words, see_authenticated },
	[AS_IF_SPF] = { "spf", by_word, cover_words, see_spf },
	[AS_IF_SPF_HELO] = { "spf-helo", by_word, cover_words, see_spf_helo },
	[AS_IF_DKIM] = { "dkim", by_word, cover_words, see_dkim },
	[AS_IF_ARC] = { "arc", by_word, cover_words, see_arc },
	[AS_IF_DMARC] = { "dmarc", by_word, cover_words, see_dmarc },
	[AS_IF_DMARC_POLICY] = { "dmarc-policy", by_word, cover_words, see_dmarc_policy },
	[AS_IF_DNSSEC] = { "dnssec", by_word, cover_words, see_dnssec },
	[AS_IF_IPREV] = { "iprev", by_word, cover_words, see_iprev },
	[AS_IF_SIZE] = { "size", by_size, cover_ranges, NULL },
	[AS_IF_FROM_DOMAIN] = { "from-domain", by_name, cover_patterns, NULL },
	[AS_IF_DISPLAY_NAME] = { "display-name-domain", by_display_name, cover_patterns, NULL },
	[AS_IF_ENVELOPE_DOMAIN] = { "envelope-domain", by_name, cover_patterns, NULL },
	[AS_IF_HELO] = { "helo", by_name, cover_patterns, NULL },
	[AS_IF_ARC_SEALER] = { "arc-sealer", by_name, cover_patterns, NULL },
	[AS_IF_LIST_ID] = { "list-id", by_name, cover_patterns, NULL },
	[AS_IF_DKIM_DOMAIN] = { "dkim-domain", by_dkim_domain, cover_patterns, NULL },
	[AS_IF_CLIENT] = { "client", by_client, cover_clients, NULL },
	[AS_IF_TLS] = { "tls", by_tls, cover_texts, NULL },
	[AS_IF_HEADER] = { "header-present", by_field, cover_fields, NULL },
	[AS_IF_RECIPIENT] = { "recipient", NULL, cover_texts, NULL },
	[AS_IF_RECIPIENT_DOMAIN] = { "recipient-domain", NULL, cover_patterns, NULL },
};

const char *as_condition_name(enum as_condition_id id)
{
	return conditions[id].name;
}

bool as_condition_covers(const struct as_condition *wide, const struct as_condition *narrow)
{
	return conditions[wide->id].covers(wide, narrow);
}

/* --- a message ------------------------------------------------------------------------------------------------------------ */

/* FNV-1a with a last stir. */
uint64_t as_rule_hash(const char *text)
{
	uint64_t h = 0xcbf29ce484222325;
	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 0x100000001b3;
	h ^= h >> 32;
	return h * 0x9e3779b97f4a7c15;
}

/* Results that rest on a lookup that failed. That the client of a relay is not known is no such thing: time does not help. The result of
 * reverse DNS is what it is: who asks for it with a name can say so. */
static void see_failed_results(struct view *v, const struct as_facts *f)
{
	bool has_failed[] = {
		f->spf && f->spf->code == AS_TEMPERROR && !f->is_client_unknown,
		as_facts_dkim(f) == AS_TEMPERROR,
		f->arc && f->arc->is_unknown,
		f->dmarc && f->dmarc->code == AS_TEMPERROR && !f->dmarc->lacks_client,
	};
	bool lacks_policy = has_failed[3] || (f->dmarc && f->dmarc->code == AS_PASS && !f->dmarc->policy_domain);
	v->other_bits[AS_IF_SPF] = has_failed[0] ? UINT32_MAX : 0;
	v->other_bits[AS_IF_SPF_HELO] = f->spf_helo && f->spf_helo->code == AS_TEMPERROR && !f->is_client_unknown ? UINT32_MAX : 0;
	v->other_bits[AS_IF_DKIM] = has_failed[1] ? ~bit(AS_NONE) : 0;
	v->other_bits[AS_IF_ARC] = has_failed[2] ? bit(AS_PASS) | bit(AS_FAIL) : 0;
	v->other_bits[AS_IF_DMARC] = has_failed[3] ? UINT32_MAX : 0;
	v->other_bits[AS_IF_DMARC_POLICY] = lacks_policy ? UINT32_MAX : 0;
	for (int i = 0; i < 4; i++)
		v->other_bits[AS_IF_DNSSEC] |= has_failed[i] ? (uint32_t)0xf << 4 * i : 0;
}

static void see_failures(struct view *v, const struct as_facts *f)
{
	see_failed_results(v, f);
	if (f->arc && f->arc->is_unknown && f->arc->count)
		v->other_names[AS_IF_ARC_SEALER] = f->arc->sealers[f->arc->count - 1].domain;
	v->other_names[AS_IF_LIST_ID] = f->evidence ? f->evidence->unproven_list : NULL;
	v->has_failed = f->iprev && f->iprev->code == AS_TEMPERROR;
	for (size_t i = 0; f->dkim && i < f->dkim->count; i++)
		v->has_failed |= f->dkim->signatures[i].code == AS_TEMPERROR;
	for (size_t i = 0; i < AS_CONDITIONS; i++)
		v->has_failed |= v->other_bits[i] || v->other_names[i];
}

static void look(struct view *v, const struct as_facts *f)
{
	*v = (struct view){ .facts = f };
	for (size_t i = 0; i < AS_CONDITIONS; i++)
		v->bits[i] = conditions[i].see ? conditions[i].see(f) : 0;
	v->names[AS_IF_HELO] = lower(v->helo, f->helo);
	v->names[AS_IF_CLIENT] = lower(v->client, f->iprev && f->iprev->code == AS_PASS ? f->iprev->name : NULL);
	v->names[AS_IF_FROM_DOMAIN] = f->from ? f->from->domain : NULL;
	v->names[AS_IF_ENVELOPE_DOMAIN] = f->envelope_domain;
	if (f->arc && f->arc->code == AS_PASS && f->arc->count)
		v->names[AS_IF_ARC_SEALER] = f->arc->sealers[f->arc->count - 1].domain;
	v->names[AS_IF_LIST_ID] = f->list_id;
	v->sample = as_rule_hash(f->message_id && *f->message_id ? f->message_id : f->queue_id ? f->queue_id : "");
	see_failures(v, f);
}

bool as_rule_is_expired(const struct as_rule *rule, int64_t now_s)
{
	return rule->expires_s && now_s >= rule->expires_s;
}

const char *as_date_text(int64_t time_s, char text[AS_DATE_TEXT])
{
	struct tm tm = { 0 };
	time_t time = (time_t)time_s;
	gmtime_r(&time, &tm);
	strftime(text, AS_DATE_TEXT, "%Y-%m-%d", &tm);
	return text;
}

static bool is_sampled(const struct as_rule *rule, const struct view *v)
{
	uint64_t mixed = (v->sample ^ rule->salt) * 0x9e3779b97f4a7c15;
	return rule->percent == 100 || (mixed >> 32) % 100 < rule->percent;
}

/* The first condition that does not hold, those of a recipient aside; NULL: all do. */
static const struct as_condition *unfulfilled(const struct as_rule *rule, const struct view *v)
{
	for (const struct as_condition *c = rule->conditions; c < rule->conditions + rule->recipient_at; c++)
		if (!conditions[c->id].match(c, v))
			return c;
	return NULL;
}

static bool matches_message(const struct as_rule *rule, const struct view *v)
{
	return !unfulfilled(rule, v) && is_sampled(rule, v) && !as_rule_is_expired(rule, v->facts->now_s);
}

/* For whom no rule has been found yet. A message without recipients, or with rules that do not look at them, is one for itself. */
struct audience {
	struct as_crowd *crowd; /* NULL: there is no need to tell them apart */
	bool is_free;           /* without a crowd */
};

static bool is_anybody_left(const struct audience *a)
{
	return a->crowd ? as_crowd_left(a->crowd) > 0 : a->is_free;
}

static bool take(struct audience *a, const struct as_rule *rule)
{
	bool keeps = !rule->is_report_only;
	if (rule->recipient_at < rule->count)
		return a->crowd && as_crowd_take(a->crowd, rule, keeps);
	bool found = is_anybody_left(a);
	if (keeps)
		*a = (struct audience){ .crowd = NULL };
	return found;
}

static bool is_preferred(enum as_verb new, enum as_verb old, bool wants_mildest)
{
	return wants_mildest ? new < old : new > old;
}

/* Rules that do not match, but could have if no lookup had failed. */
struct hanging {
	const struct as_rule *could[AS_VERB_REJECT + 1]; /* by their actions, the first of each: for want of a proof */
	const struct as_rule *saves;                     /* the first one milder than a rejection: for want of a result */
};

/* Would the rule decide about anybody? */
static bool could_match(const struct as_rule *rule, struct view *v, struct audience *a, int supposing)
{
	v->supposes = supposing;
	bool could = matches_message(rule, v);
	v->supposes = NOTHING;
	return could && (rule->recipient_at == rule->count || (a->crowd && as_crowd_take(a->crowd, rule, false)));
}

static void suspect(struct hanging *hanging, const struct as_rule *rule, struct view *v, struct audience *a)
{
	if (!v->has_failed || rule->is_report_only)
		return;
	if (!hanging->could[rule->verb] && could_match(rule, v, a, PROOFS))
		hanging->could[rule->verb] = rule;
	else if (!hanging->saves && rule->verb < AS_VERB_REJECT && could_match(rule, v, a, RESULTS))
		hanging->saves = rule;
}

/* Where nothing is refused either way, nothing hangs on them, and what is deferred anyway is. A failed result is one that rules can name:
 * it only keeps a message from being lost. */
static const struct as_rule *undecided(const struct hanging *hanging, enum as_verb verb)
{
	for (int other = AS_VERB_REJECT; other >= AS_VERB_ACCEPT && verb != AS_VERB_TEMPFAIL; other--)
		if (hanging->could[other] && other != (int)verb && (other >= AS_VERB_TEMPFAIL || verb >= AS_VERB_TEMPFAIL))
			return hanging->could[other];
	return verb == AS_VERB_REJECT ? hanging->saves : NULL;
}

void as_rules_choose(struct as_arena *arena, const struct as_rules *rules, const struct as_facts *facts, enum as_verb table,
		     bool wants_mildest, struct as_rule_choice *choice)
{
	struct view v;
	bool asks = rules->needs & AS_NEEDS_RECIPIENTS && facts->recipient_count;
	struct audience audience = { .is_free = true };
	struct hanging hanging = { .saves = NULL };
	const struct as_rule *best = NULL;
	unsigned char *matched = as_alloc(arena, rules->count);
	*choice = (struct as_rule_choice){ .matched = matched };
	look(&v, facts);
	if (asks)
		audience.crowd = as_crowd_new(arena, facts->recipients, facts->recipient_count);
	for (const struct as_rule *rule = rules->list; is_anybody_left(&audience) && rule < rules->list + rules->count; rule++) {
		if (!matches_message(rule, &v)) {
			suspect(&hanging, rule, &v, &audience);
			continue;
		}
		if (!take(&audience, rule))
			continue;
		matched[rule - rules->list] = 1;
		if (rule->is_report_only) {
			choice->noted = choice->noted ? choice->noted : rule;
			choice->noted_count++;
		} else {
			best = !best || is_preferred(rule->verb, best->verb, wants_mildest) ? rule : best;
		}
	}
	choice->rule = best && is_anybody_left(&audience) && is_preferred(table, best->verb, wants_mildest) ? NULL : best;
	choice->undecided = undecided(&hanging, choice->rule ? choice->rule->verb : table);
	if (choice->undecided)
		choice->lacking = unfulfilled(choice->undecided, &v)->id;
}

/* --- the header ----------------------------------------------------------------------------------------------------------- */

const unsigned char *as_rules_see_header(struct as_arena *arena, const struct as_rules *rules, const struct as_fields *fields)
{
	unsigned char *seen = as_alloc(arena, rules->field_count);
	for (size_t i = 0; i < fields->count; i++) {
		const char *name = fields->list[i].plain;
		const char *const *found = bsearch(&name, rules->fields, rules->field_count, sizeof *rules->fields, compare_names);
		if (found)
			seen[found - rules->fields] = 1;
	}
	return seen;
}
