/* SPDX-License-Identifier: BSD-2-Clause */
/* dmarc_walk.c - the tree walk of RFC 9989 4.10: which names it asks, where it stops, and the Organizational Domain it gives.
 *
 * All names of a walk are asked at once: one round trip instead of up to eight, and the names above the first are shared by nearly
 * all mail of a domain and so in the cache. Records are parsed once and stay with their answer.
 *
 * A name whose lookup failed ends the walk, because a psd tag there could have decided it (DM-11); a walk that never comes to that
 * name is not touched by it. A record with a bad p is a record for the walk (DM-24): only what is applied is repaired.
 */
#include "config.h"

#include "dmarc_walk.h"

#include <stdio.h>

#include "domain.h"

enum { QUERY_MAX = sizeof "_dmarc." + AS_DOMAIN_MAX };

/* The DMARC records of one answer, attached to it. */
struct parsed {
	struct as_arena *arena; /* owns this */
	unsigned records;
	struct as_dmarc_record record; /* the only one, when records is 1 */
};

static const char parsed_kind;

static void free_parsed(void *handle)
{
	as_arena_free(((struct parsed *)handle)->arena);
}

static struct parsed *parse_answer(const struct as_dns_answer *answer)
{
	struct as_arena *arena = as_arena_new();
	struct parsed *parsed = as_alloc(arena, sizeof *parsed);
	parsed->arena = arena;
	const struct as_dns_record *only = NULL;
	for (size_t i = 0; i < answer->count; i++) {
		const struct as_dns_record *txt = &answer->records[i];
		if (!as_dmarc_is_record((const char *)txt->data, txt->size))
			continue; /* DM-8 */
		parsed->records++;
		only = txt;
	}
	if (parsed->records == 1) /* DM-9: of several none counts */
		as_dmarc_record_parse(arena, (const char *)only->data, only->size, &parsed->record);
	return parsed;
}

const struct as_dmarc_record *as_walk_record(const struct as_dns_answer *answer, unsigned *records)
{
	*records = 0;
	if (answer->status != AS_DNS_OK)
		return NULL;
	const struct parsed *parsed = as_dns_parsed(answer, &parsed_kind);
	if (!parsed)
		parsed = as_dns_attach(answer, &parsed_kind, parse_answer(answer), free_parsed);
	*records = parsed->records;
	return parsed->records == 1 ? &parsed->record : NULL;
}

static bool query_name(char query[QUERY_MAX], const char *name)
{
	int n = snprintf(query, QUERY_MAX, "_dmarc.%s", name);
	return n > 0 && n < QUERY_MAX;
}

void as_walk_start_at(struct as_dns_set *set, const char *name, as_dns_then *then, void *user)
{
	char query[QUERY_MAX];
	if (!query_name(query, name))
		return;
	if (then)
		as_dns_start_then(set, query, AS_DNS_TXT, then, user);
	else
		as_dns_start(set, query, AS_DNS_TXT);
}

void as_walk_ask(struct as_dns_set *set, const char *name, struct as_walk_step *step)
{
	*step = (struct as_walk_step){ .name = name, .dnssec = AS_DNSSEC_INDETERMINATE };
	char query[QUERY_MAX];
	if (!query_name(query, name))
		return; /* no such name can exist */
	const struct as_dns_answer *answer = as_dns_get(set, query, AS_DNS_TXT);
	step->failed = answer->status == AS_DNS_TEMPFAIL;
	step->reason = answer->reason;
	step->dnssec = answer->dnssec;
	step->record = as_walk_record(answer, &step->records);
}

size_t as_walk_names(const char *domain, const char *names[AS_WALK_MAX])
{
	unsigned labels = as_domain_labels(domain);
	if (labels == 0)
		return 0;
	size_t count = 0;
	names[count++] = domain;
	/* RFC 9989 4.10 step 4: from eight labels on, go on at seven */
	for (labels = labels < AS_WALK_MAX ? labels - 1 : AS_WALK_MAX - 1; labels > 0; labels--)
		names[count++] = as_domain_tail(domain, labels);
	return count;
}

void as_walk_start(struct as_dns_set *set, const char *domain)
{
	const char *names[AS_WALK_MAX];
	size_t count = as_walk_names(domain, names);
	for (size_t i = 0; i < count; i++)
		as_walk_start_at(set, names[i], NULL, NULL);
}

const struct as_walk_step *as_walk_last_record(const struct as_walk *walk)
{
	for (size_t i = walk->count; i > 0; i--)
		if (walk->steps[i - 1].record)
			return &walk->steps[i - 1];
	return NULL;
}

/* RFC 9989 4.10.2. A psd tag ended the walk, so the last record decides: psd=n is the Organizational Domain (a), psd=y stands above
 * it (b), and without a tag the last is the one with the fewest labels (c). */
static const char *choose_organization(const struct as_walk *walk, const char *domain)
{
	const struct as_walk_step *last = as_walk_last_record(walk);
	if (!last)
		return domain; /* (d) */
	/* DM-19: the name below may be one the walk skipped. DM-22: below the start there is none, and it stays the start, as (c) says */
	if (last->record->psd == AS_PSD_YES)
		return as_domain_tail(domain, as_domain_labels(last->name) + 1);
	return last->name;
}

static bool ends_walk(const struct as_walk_step *step)
{
	return step->failed || (step->record && step->record->psd != AS_PSD_UNKNOWN);
}

void as_walk_run(struct as_arena *arena, struct as_dns_set *set, const char *domain, struct as_walk *walk)
{
	const char *names[AS_WALK_MAX];
	size_t count = as_walk_names(domain, names);
	*walk = (struct as_walk){ .dnssec = count ? AS_DNSSEC_SECURE : AS_DNSSEC_INDETERMINATE };
	as_walk_start(set, domain);
	const char *weakest = NULL;
	bool is_done = false;
	for (size_t i = 0; i < count && !is_done; i++) {
		struct as_walk_step *step = &walk->steps[walk->count++];
		as_walk_ask(set, names[i], step);
		if (!weakest || step->dnssec > walk->dnssec) {
			walk->dnssec = step->dnssec;
			weakest = names[i];
		}
		is_done = ends_walk(step);
	}
	walk->weakest = weakest ? as_printf(arena, "_dmarc.%s", weakest) : NULL;
	const struct as_walk_step *last = count ? &walk->steps[walk->count - 1] : NULL;
	walk->failed = last && last->failed;
	walk->failed_name = walk->failed ? last->name : NULL;
	walk->organization = walk->failed ? NULL : choose_organization(walk, domain);
}
