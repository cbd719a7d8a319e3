/* SPDX-License-Identifier: BSD-2-Clause */
/* dmarc_check.c - which policy applies to a message, which identifiers are aligned, and what follows. RFC 9989 4.10.1, 4.10.2, 5.3.
 *
 * Decisions where the RFC leaves room:
 * - Lookups (DM-46, DM-47): the walk of the author domain is done when its own name has no record, or when a relaxed identifier shares
 *   its top-level domain; an identifier is walked only when it lies below the author's Organizational Domain. The DNSSEC state is
 *   that of the lookups the result rests on: a pass does not rest on lookups that added nothing to it.
 * - Existence (DM-32, DM-33) is asked as TXT at the author domain: SPF has asked that for most mail, so it costs nothing, and
 *   NXDOMAIN does not depend on the type (RFC 8020). It is asked only when np would change the policy. NXDOMAIN behind a CNAME
 *   denies the target, so the author domain exists. A signer that answers NODATA for absent names (RFC 9824) makes them exist.
 *   While it is unknown, the stricter of both policies stands: a message that np might refuse waits, it is not let through.
 * - Malformed records without rua are permerror (DM-35), as are duplicate records when nothing else applies (DM-9, DM-35).
 * - Temporary errors (DM-51, DM-52): an aligned pass wins, whatever else failed. When even the policy lookup failed, only a pass for
 *   the author domain itself is aligned beyond doubt. Otherwise a failure that could have changed the result makes it temperror.
 * - A single label is evaluated like any other name: top-level domains publish records (DM-14, DM-66), and none would pass over them.
 * - Discovery by list (RFC 7489 6.6.3) changes how the organization is found and that duplicates end the search; a record means the
 *   same in both modes, so t and np work and pct does not (DM-42).
 */
#include "config.h"

#include "dmarc_check.h"

#include <stdlib.h>
#include <string.h>

#include "domain.h"
#include "str.h"

enum { DOMAINS_MAX = 10 }; /* DM-49: distinct domains of signatures that get a walk; SPF's has its own */

/* The DNSSEC state of a group of lookups. */
struct lookups {
	enum as_dnssec dnssec;
	const char *weakest; /* NULL: none were made */
};

/* A domain and its Organizational Domain. */
struct place {
	const char *domain;
	const char *organization; /* NULL: the walk failed */
	const char *failure;
	struct lookups lookups;
};

enum alignment { UNALIGNED, ALIGNED, UNDECIDED };

struct check {
	struct as_arena *arena;
	struct as_dns_set *set;
	const struct as_dmarc_request *request;
	struct as_dmarc_outcome *out;
	const char *author;
	bool uses_list;
	const struct as_walk *walk;   /* of the author domain, once done */
	const char *failure;          /* the policy could not be found, or not be selected */
	const char *duplicates;       /* a name with several records */
	const char *undecided;        /* an identifier that might be aligned */
	struct lookups found;         /* the result rests on these */
	struct lookups looked;        /* a result that is not pass rests on these, too */
	size_t count, signatures;     /* places, and those of signatures among them */
	struct place places[DOMAINS_MAX + 2]; /* that of the author first */
};

/* --- early start ------------------------------------------------------------------------------------------------------- */

/* What sp and p say for a domain below the record. */
static enum as_dmarc_policy subdomain_policy(const struct as_dmarc_record *record)
{
	return record->sp_state == AS_TAG_VALID ? record->sp : record->p;
}

static bool needs_existence(const struct as_dmarc_record *record)
{
	return record->np_state == AS_TAG_VALID && record->np != subdomain_policy(record);
}

struct start {
	struct as_dns_set *set;
	char author[];
};

/* A record above the author domain came in. Any thread. */
static void start_existence(void *user, const struct as_dns_answer *answer)
{
	const struct start *start = user;
	unsigned records;
	const struct as_dmarc_record *record = as_walk_record(answer, &records);
	if (record && needs_existence(record))
		as_dns_start(start->set, start->author, AS_DNS_TXT);
}

void as_dmarc_start(struct as_dns_set *set, const char *author_domain)
{
	const char *names[AS_WALK_MAX];
	size_t count = as_walk_names(author_domain, names);
	if (count == 0)
		return;
	size_t size = strlen(author_domain) + 1;
	struct start *start = as_xalloc(sizeof *start + size);
	start->set = set;
	memcpy(start->author, author_domain, size);
	as_dns_set_defer(set, free, start);
	as_walk_start_at(set, names[0], NULL, NULL);
	for (size_t i = 1; i < count; i++)
		as_walk_start_at(set, names[i], start_existence, start);
}

/* --- lookups ----------------------------------------------------------------------------------------------------------- */

static void add_lookup(struct lookups *group, enum as_dnssec dnssec, const char *name)
{
	if (!name || (group->weakest && dnssec <= group->dnssec))
		return;
	group->dnssec = dnssec;
	group->weakest = name;
}

static char *lookup_failure(struct check *c, const char *name, const char *reason)
{
	return as_printf(c->arena, "lookup of %s failed: %s", name, reason ? reason : "temporary error");
}

/* The record at one name; notes what came of it. */
static void ask(struct check *c, const char *name, struct as_walk_step *step)
{
	as_walk_ask(c->set, name, step);
	const char *query = as_printf(c->arena, "_dmarc.%s", name);
	add_lookup(step->failed ? &c->looked : &c->found, step->dnssec, query);
	if (step->failed)
		c->failure = lookup_failure(c, query, step->reason);
	if (step->records > 1)
		c->duplicates = query;
}

static void walk_place(struct check *c, const struct as_walk *walk, struct place *place)
{
	place->organization = walk->organization;
	place->lookups = (struct lookups){ walk->dnssec, walk->weakest };
	if (walk->failed) {
		const char *query = as_printf(c->arena, "_dmarc.%s", walk->failed_name);
		place->failure = lookup_failure(c, query, walk->steps[walk->count - 1].reason);
	}
}

static const struct as_walk *author_walk(struct check *c)
{
	if (c->walk)
		return c->walk;
	struct as_walk *walk = as_alloc(c->arena, sizeof *walk);
	as_walk_run(c->arena, c->set, c->author, walk);
	c->walk = walk;
	return walk;
}

/* Where a domain belongs; NULL when too many were asked for. */
static const struct place *find_place(struct check *c, const char *domain)
{
	bool is_spf = c->request->spf && domain == c->request->spf->domain, is_signature = domain != c->author && !is_spf;
	for (size_t i = 0; i < c->count; i++)
		if (as_domain_equal(c->places[i].domain, domain))
			return &c->places[i];
	if (is_signature && c->signatures == DOMAINS_MAX)
		return NULL;
	c->signatures += is_signature;
	struct place *place = &c->places[c->count++];
	place->domain = domain;
	if (c->uses_list) {
		place->organization = c->request->psl ? as_psl_organization(c->request->psl, domain) : domain;
	} else if (domain == c->author) {
		walk_place(c, author_walk(c), place);
	} else {
		struct as_walk walk;
		as_walk_run(c->arena, c->set, domain, &walk);
		walk_place(c, &walk, place);
	}
	return place;
}

static const struct place *author_place(struct check *c)
{
	const struct place *place = find_place(c, c->author);
	c->out->organization = place->organization;
	return place;
}

/* --- policy, RFC 9989 4.10.1 ------------------------------------------------------------------------------------------- */

static void apply(struct check *c, const struct as_walk_step *step)
{
	c->out->record = step->record;
	c->out->policy_domain = step->name;
}

/* The record that applies when the author domain has none: the organization's, else that of the public suffix domain (DM-25). */
static const struct as_walk_step *choose_above(const struct as_walk *walk)
{
	const struct as_walk_step *last = as_walk_last_record(walk);
	if (!last || last->record->psd != AS_PSD_YES)
		return last; /* the organization's own; without psd=y it is the last one */
	for (const struct as_walk_step *step = walk->steps; step < last; step++)
		if (step->record && as_domain_equal(step->name, walk->organization))
			return step; /* DM-28 */
	return last;
}

static void find_by_walk(struct check *c)
{
	const struct place *place = author_place(c);
	add_lookup(place->failure ? &c->looked : &c->found, place->lookups.dnssec, place->lookups.weakest);
	c->failure = place->failure;
	if (place->failure)
		return;
	for (size_t i = 0; i < c->walk->count && !c->duplicates; i++)
		if (c->walk->steps[i].records > 1)
			c->duplicates = as_printf(c->arena, "_dmarc.%s", c->walk->steps[i].name);
	const struct as_walk_step *step = choose_above(c->walk);
	if (step)
		apply(c, step);
}

/* RFC 7489 6.6.3: several records end the search. */
static void find_by_list(struct check *c)
{
	const char *organization = author_place(c)->organization;
	if (c->duplicates || as_domain_equal(organization, c->author))
		return;
	struct as_walk_step step;
	ask(c, organization, &step);
	if (step.record)
		apply(c, &step);
}

/* Sets record and policy_domain of the outcome, or failure, or duplicates, or nothing. */
static void find_policy(struct check *c)
{
	struct as_walk_step step;
	ask(c, c->author, &step);
	if (step.failed)
		return;
	if (step.record)
		apply(c, &step); /* DM-26 */
	else if (c->uses_list)
		find_by_list(c);
	else
		find_by_walk(c);
}

/* Does np apply below its record? Only to a domain that does not exist (DM-32, DM-33). Unknown is a failure. */
static bool takes_np(struct check *c, const struct as_dmarc_record *record)
{
	if (!needs_existence(record))
		return false;
	const struct as_dns_answer *answer = as_dns_get(c->set, c->author, AS_DNS_TXT);
	bool failed = answer->status == AS_DNS_TEMPFAIL;
	add_lookup(failed ? &c->looked : &c->found, answer->dnssec, c->author);
	if (failed) {
		c->failure = lookup_failure(c, c->author, answer->reason);
		return record->np > subdomain_policy(record);
	}
	return answer->status == AS_DNS_NXDOMAIN && (!answer->canonical || as_domain_equal(answer->canonical, c->author));
}

static void publish(struct check *c, enum as_dmarc_policy policy, const char *source)
{
	struct as_dmarc_outcome *out = c->out;
	out->published = policy;
	out->policy = out->record->is_testing && policy != AS_DMARC_NONE ? policy - 1 : policy; /* DM-41 */
	out->source = source;
}

/* DM-34; false: no processing of this message. */
static bool repair_policy(struct check *c)
{
	struct as_dmarc_outcome *out = c->out;
	const struct as_dmarc_record *record = out->record;
	const char *fault = record->p_state == AS_TAG_ABSENT ? "no p"
		: record->p_state == AS_TAG_INVALID	     ? "invalid p"
		: record->sp_state == AS_TAG_INVALID	     ? "invalid sp"
							     : "invalid np";
	if (record->rua[0]) {
		publish(c, AS_DMARC_NONE, "p");
		out->reason = as_printf(c->arena, "record at _dmarc.%s has %s: taken as p=none", out->policy_domain, fault);
		return true;
	}
	out->code = AS_PERMERROR;
	out->reason = as_printf(c->arena, "record at _dmarc.%s has %s and no rua", out->policy_domain, fault);
	out->record = NULL;
	out->policy_domain = NULL;
	return false;
}

static bool select_policy(struct check *c)
{
	const struct as_dmarc_record *record = c->out->record;
	if (record->p_state != AS_TAG_VALID || record->sp_state == AS_TAG_INVALID || record->np_state == AS_TAG_INVALID)
		return repair_policy(c);
	if (as_domain_equal(c->out->policy_domain, c->author))
		publish(c, record->p, "p"); /* DM-30 */
	else if (takes_np(c, record))
		publish(c, record->np, "np");
	else
		publish(c, subdomain_policy(record), record->sp_state == AS_TAG_VALID ? "sp" : "p");
	return true;
}

/* --- alignment, RFC 9989 4.10.2 ---------------------------------------------------------------------------------------- */

static enum alignment undecided(struct check *c, const struct place *place)
{
	add_lookup(&c->looked, place->lookups.dnssec, place->lookups.weakest);
	c->undecided = place->failure;
	return UNDECIDED;
}

static enum alignment align_relaxed(struct check *c, const char *domain)
{
	if (!as_domain_is_below(domain, as_domain_tail(c->author, 1)))
		return UNALIGNED; /* DM-47 */
	const struct place *author = author_place(c);
	if (author->failure)
		return undecided(c, author);
	const struct place *place = as_domain_is_below(domain, author->organization) ? find_place(c, domain) : NULL;
	if (place && place->failure)
		return undecided(c, place);
	bool is_aligned = place && as_domain_equal(place->organization, author->organization); /* DM-45, DM-48 */
	struct lookups *group = is_aligned ? &c->found : &c->looked;
	add_lookup(group, author->lookups.dnssec, author->lookups.weakest);
	if (place)
		add_lookup(group, place->lookups.dnssec, place->lookups.weakest);
	return is_aligned ? ALIGNED : UNALIGNED;
}

static enum alignment align(struct check *c, const char *domain, bool is_strict)
{
	if (as_domain_equal(domain, c->author))
		return ALIGNED;
	return is_strict ? UNALIGNED : align_relaxed(c, domain);
}

/* Labels shared from the right, and one more for the author domain itself. One pass: names of 127 labels are asked about often. */
static unsigned closeness(const struct check *c, const char *domain)
{
	const char *a = c->author + strlen(c->author), *b = domain + strlen(domain);
	unsigned labels = 0;
	while (a > c->author && b > domain && as_lower(a[-1]) == as_lower(b[-1])) {
		a--;
		b--;
		labels += *a == '.';
	}
	bool is_whole_a = a == c->author, is_whole_b = b == domain;
	if (is_whole_a && is_whole_b)
		return labels + 2;
	return (is_whole_a && b[-1] == '.') || (is_whole_b && a[-1] == '.') ? labels + 1 : labels;
}

static const struct as_dkim_signature *signature(const struct check *c, size_t i, enum as_code code)
{
	const struct as_dkim_signature *sig = &c->request->dkim->signatures[i];
	return sig->code == code && sig->domain ? sig : NULL;
}

/* The d= of an aligned signature with that code, those closest to the author domain tried first (DM-49); NULL without. */
static const char *find_aligned(struct check *c, enum as_code code, bool is_strict)
{
	size_t count = c->request->dkim ? c->request->dkim->count : 0;
	for (unsigned wanted = as_domain_labels(c->author) + 1; wanted > 0; wanted--) {
		for (size_t i = 0; i < count; i++) {
			const struct as_dkim_signature *sig = signature(c, i, code);
			if (sig && closeness(c, sig->domain) == wanted && align(c, sig->domain, is_strict) == ALIGNED)
				return sig->domain;
		}
	}
	return NULL;
}

static bool spf_is_aligned(struct check *c, enum as_code code, bool is_strict)
{
	const struct as_spf_outcome *spf = c->request->spf;
	return spf && spf->code == code && spf->domain && align(c, spf->domain, is_strict) == ALIGNED;
}

/* Would it be aligned if it passed? Without a domain it is that of a HELO name that is not known. */
static bool spf_may_be_aligned(struct check *c, bool is_strict)
{
	const struct as_spf_outcome *spf = c->request->spf;
	return spf && spf->code == AS_TEMPERROR && (!spf->domain || spf_is_aligned(c, AS_TEMPERROR, is_strict));
}

/* Without a known policy only what is aligned in every mode counts. */
static void align_all(struct check *c)
{
	struct as_dmarc_outcome *out = c->out;
	bool strict_dkim = !out->record || out->record->strict_dkim;
	bool strict_spf = !out->record || out->record->strict_spf;
	const char *domain = find_aligned(c, AS_PASS, strict_dkim);
	out->dkim_aligned = domain != NULL;
	out->dkim_domain = as_strdup(c->arena, domain);
	out->spf_aligned = spf_is_aligned(c, AS_PASS, strict_spf);
	if (out->dkim_aligned || out->spf_aligned || c->failure)
		return;
	/* Could one that did not pass for now have been aligned? DM-52; permerror is final, DM-53 */
	out->lacks_client = c->request->is_client_unknown && spf_may_be_aligned(c, strict_spf);
	if (!c->request->is_client_unknown && spf_is_aligned(c, AS_TEMPERROR, strict_spf))
		c->undecided = as_printf(c->arena, "SPF of %s had a temporary error", c->request->spf->domain);
	else if ((domain = find_aligned(c, AS_TEMPERROR, strict_dkim)))
		c->undecided = as_printf(c->arena, "DKIM signature of %s had a temporary error", domain);
}

/* --- result ------------------------------------------------------------------------------------------------------------ */

static void judge(struct check *c)
{
	struct as_dmarc_outcome *out = c->out;
	if (out->dkim_aligned || out->spf_aligned) {
		out->code = AS_PASS;
		if (c->failure)
			out->reason = as_printf(c->arena, "policy unknown: %s", c->failure);
	} else if (c->failure || c->undecided) {
		out->code = AS_TEMPERROR;
		out->reason = c->failure ? c->failure : c->undecided;
		out->lacks_client = false;
	} else if (out->lacks_client) {
		out->code = AS_TEMPERROR;
		out->reason = "client not known";
	} else {
		out->code = AS_FAIL;
	}
}

static void evaluate(struct check *c)
{
	struct as_dmarc_outcome *out = c->out;
	find_policy(c);
	if (!out->record && !c->failure) {
		out->code = c->duplicates ? AS_PERMERROR : AS_NONE; /* DM-29, DM-35 */
		if (c->duplicates)
			out->reason = as_printf(c->arena, "multiple DMARC records at %s", c->duplicates);
		return;
	}
	if (out->record && !select_policy(c))
		return;
	align_all(c);
	judge(c);
}

void as_dmarc_check(struct as_arena *arena, struct as_dns_set *set, const struct as_dmarc_request *request,
		    struct as_dmarc_outcome *outcome)
{
	*outcome = (struct as_dmarc_outcome){ .code = AS_NONE, .dnssec = AS_DNSSEC_INDETERMINATE };
	outcome->author_domain = as_strdup(arena, request->author_domain);
	if (!outcome->author_domain || !*outcome->author_domain)
		return;
	struct check *c = as_alloc(arena, sizeof *c);
	c->arena = arena;
	c->set = set;
	c->request = request;
	c->out = outcome;
	c->author = outcome->author_domain;
	c->uses_list = request->discovery == AS_DISCOVERY_PSL;
	evaluate(c);
	if (outcome->code != AS_PASS)
		add_lookup(&c->found, c->looked.dnssec, c->looked.weakest);
	if (!c->found.weakest)
		return;
	outcome->dnssec = c->found.dnssec;
	outcome->weakest = c->found.weakest;
}
