/* SPDX-License-Identifier: BSD-2-Clause */
/* method_evidence.c - looks for lists, forwarders and trusted sealers when something may hang on them: a message that fails a DMARC policy,
 * or a rule about lists. Makes no result of its own; what follows is the decision's.
 *
 * Organizational Domains are those of DMARC. A lookup that failed proves nothing, but it is remembered: the message may be deferred.
 */
#include "config.h"

#include "method.h"

#include "arc_results.h"
#include "domain.h"
#include "evidence.h"
#include "rule.h"
#include "str.h"

#include <string.h>

enum {
	WALKS_MAX = 4,    /* distinct identifiers that get a walk, beside that of the list or the author */
	SEALERS_SHOWN = 10,
};

/* Where evidence is looked for, and what was found so far. */
struct place {
	struct as_message *message;
	const struct as_settings *settings; /* those in force, or those of a shadow */
	struct as_dns_set *dns;
	struct as_evidence *found;
};

struct search {
	struct place *place;
	const char *domain;       /* whose organization is wanted */
	const char *organization; /* NULL before it is known */
	bool has_failed;
	unsigned walks;
	struct { const char *domain; bool is_related; } walked[WALKS_MAX];
};

/* NULL: a lookup failed, which is remembered, or was not made. */
static const char *organization_of(struct place *p, const char *domain)
{
	const struct as_env *env = p->message->env;
	if (env->settings->dmarc.discovery == AS_DISCOVERY_PSL)
		return env->psl ? as_psl_organization(env->psl, domain) : NULL;
	struct as_walk *walk = as_alloc(p->message->arena, sizeof *walk);
	size_t missing = as_dns_set_missing(p->dns);
	as_walk_run(p->message->arena, p->dns, domain, walk);
	p->found->is_undecided |= walk->failed && as_dns_set_missing(p->dns) == missing;
	return walk->failed ? NULL : walk->organization;
}

/* Is the candidate of the same organization? DM-45, DM-47, DM-48 */
static bool is_related(struct search *s, const char *candidate)
{
	if (as_domain_equal(candidate, s->domain))
		return true;
	if (s->has_failed || !as_domain_is_below(candidate, as_domain_tail(s->domain, 1)))
		return false;
	if (!s->organization)
		s->organization = organization_of(s->place, s->domain);
	s->has_failed = !s->organization;
	if (s->has_failed || !as_domain_is_below(candidate, s->organization))
		return false;
	if (as_domain_equal(candidate, s->organization))
		return true;
	for (unsigned i = 0; i < s->walks; i++)
		if (as_domain_equal(candidate, s->walked[i].domain))
			return s->walked[i].is_related;
	if (s->walks == WALKS_MAX)
		return false;
	const char *organization = organization_of(s->place, candidate);
	bool is_same = organization && as_domain_equal(organization, s->organization);
	s->walked[s->walks].domain = candidate;
	s->walked[s->walks++].is_related = is_same;
	return is_same;
}

/* --- lists ---------------------------------------------------------------------------------------------------------------- */

/* What stands in the last angle brackets, RFC 2919 3. NULL: no such field, several, or one that cannot be read. */
static const char *list_of(struct as_message *message)
{
	const struct as_field *field = as_fields_find(&message->fields, "List-Id");
	const char *domain;
	if (!field || as_fields_count(&message->fields, "List-Id") != 1)
		return NULL;
	const char *end = memrchr(field->value, '>', field->value_length);
	const char *begin = end ? memrchr(field->value, '<', (size_t)(end - field->value)) : NULL;
	if (!begin || as_domain_normal(message->arena, begin + 1, (size_t)(end - begin - 1), &domain) != AS_OK)
		return NULL;
	return as_domain_labels(domain) >= 2 ? domain : NULL;
}

/* An identifier that may prove something. */
struct proof {
	const char *method;
	const char *domain;
	enum as_code code;
};

/* What there is, in order: signatures, SPF, the newest seal of a chain that passes, or may do so later. NULL domains are left out. */
static size_t proofs_of(struct as_message *message, struct proof **proofs)
{
	const struct as_dkim_outcome *dkim = message->dkim;
	const struct as_arc_outcome *arc = message->arc;
	struct proof *list = as_alloc_array(message->arena, (dkim ? dkim->count : 0) + 2, sizeof *list);
	size_t n = 0;
	for (size_t i = 0; dkim && i < dkim->count; i++)
		list[n++] = (struct proof){ "dkim", dkim->signatures[i].domain, dkim->signatures[i].code };
	if (message->spf)
		list[n++] = (struct proof){ "spf", message->spf->domain, message->spf->code };
	if (arc && arc->count)
		list[n++] = (struct proof){ "arc", arc->sealers[arc->count - 1].domain, arc->is_unknown ? AS_TEMPERROR : AS_PASS };
	*proofs = list;
	return n;
}

/* The first identifier that passes and is `wanted`, in words; NULL without one. One whose lookup failed might have been it. */
static const char *find_proof(struct place *p, bool (*is_wanted)(void *user, const struct proof *proof), void *user)
{
	struct proof *proofs;
	size_t count = proofs_of(p->message, &proofs);
	for (size_t i = 0; i < count; i++)
		if (proofs[i].code == AS_PASS && proofs[i].domain && is_wanted(user, &proofs[i]))
			return as_printf(p->message->arena, "%s of %s", proofs[i].method, proofs[i].domain);
	for (size_t i = 0; i < count; i++) {
		if (proofs[i].code != AS_TEMPERROR || !proofs[i].domain || !is_wanted(user, &proofs[i]))
			continue;
		bool lacks_client = p->message->client_trouble && strcmp(proofs[i].method, "spf") == 0;
		*(lacks_client ? &p->found->lacks_client : &p->found->is_undecided) = true;
	}
	return NULL;
}

/* RFC 2919 2: a List-Id is a label, which may be no name in DNS, and the domain of those who gave it out. */
struct list {
	struct search whole;
	struct search space; /* domain NULL: none of its own */
};

static bool is_of_list(void *user, const struct proof *proof)
{
	struct list *list = user;
	return is_related(&list->whole, proof->domain) || (list->space.domain && is_related(&list->space, proof->domain));
}

static const char *list_proof(struct place *p, const char *id)
{
	const char *space = as_domain_parent(id);
	struct list list = {
		.whole = { .place = p, .domain = id },
		.space = { .place = p, .domain = as_domain_labels(space) >= 2 ? space : NULL },
	};
	return find_proof(p, is_of_list, &list);
}

/* --- forwarders ------------------------------------------------------------------------------------------------------------- */

/* A seal says who passed the chain on, but not that it was the last host. */
static bool is_forwarder(void *patterns, const struct proof *proof)
{
	return strcmp(proof->method, "arc") != 0 && as_domain_is_listed(patterns, proof->domain);
}

static const char *forwarder_of(struct place *p)
{
	char address[AS_IP_TEXT];
	const struct as_ip *client = &p->message->client;
	for (size_t i = 0; i < p->settings->forwarders.network_count; i++)
		if (as_network_has(&p->settings->forwarders.networks[i], client))
			return as_printf(p->message->arena, "client %s", as_ip_text(client, address));
	const char *proof = find_proof(p, is_forwarder, p->settings->forwarders.domains);
	p->found->lacks_client |= !proof && p->message->client_trouble && p->settings->forwarders.network_count;
	return proof;
}

/* --- trusted sealers, AR-8 ---------------------------------------------------------------------------------------------------- */

static const char *property(const struct as_result *result, const char *ptype, const char *name)
{
	for (size_t i = 0; i < result->count; i++)
		if (strcmp(result->properties[i].ptype, ptype) == 0 && strcmp(result->properties[i].property, name) == 0)
			return result->properties[i].value;
	return NULL;
}

/* The domain of an address or of itself, in normal form; NULL when it is none. */
static const char *domain_of(struct as_message *message, const char *value)
{
	const char *domain, *at = value ? strrchr(value, '@') : NULL;
	value = at ? at + 1 : value;
	return value && as_domain_normal(message->arena, value, strlen(value), &domain) == AS_OK ? domain : NULL;
}

/* Does this result say that the author's domain was authenticated? */
static bool vouches(struct search *author, const struct as_result *result)
{
	static const struct { const char *method, *ptype, *name; bool is_author; } rows[] = {
		{ "dmarc", "header", "from", true },
		{ "dkim", "header", "d", false },
		{ "spf", "smtp", "mailfrom", false },
	};
	struct as_message *message = author->place->message;
	const struct as_dmarc_record *record = message->dmarc->record;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (strcmp(result->method, rows[i].method) != 0 || result->code != AS_PASS)
			continue;
		const char *domain = domain_of(message, property(result, rows[i].ptype, rows[i].name));
		bool is_dkim = rows[i].ptype[0] == 'h';
		bool is_strict = rows[i].is_author || (record && (is_dkim ? record->strict_dkim : record->strict_spf));
		if (domain && (is_strict ? as_domain_equal(domain, author->domain) : is_related(author, domain)))
			return true;
	}
	return false;
}

static bool is_trusted(const struct as_settings *settings, const struct as_arc_sealer *sealer)
{
	for (const char **domain = settings->arc.trusted_sealers; *domain; domain++)
		if (sealer->domain && as_domain_equal(sealer->domain, *domain))
			return true;
	return false;
}

/* The client of the first sealer, as that one wrote it down. */
static const char *first_client(struct as_message *message, char address[AS_IP_TEXT])
{
	struct as_authres seen;
	struct as_ip ip;
	if (as_arc_results(message->arena, message->arc->sealers[0].results, &seen) != AS_OK)
		return NULL;
	for (size_t i = 0; i < seen.count; i++) {
		const char *value = property(&seen.results[i], "smtp", "remote-ip");
		value = value ? value : property(&seen.results[i], "smtp", "client-ip");
		if (value && as_ip_parse(value, &ip) == AS_OK)
			return as_ip_text(&ip, address);
	}
	return NULL;
}

/* AG-16 */
static const char *describe(struct as_message *message)
{
	char address[AS_IP_TEXT];
	const struct as_arc_outcome *arc = message->arc;
	struct as_buf text = as_buf_new(message->arena);
	as_buf_puts(&text, "arc=pass");
	for (size_t i = arc->count; i > 0 && arc->count - i < SEALERS_SHOWN; i--) {
		const char *selector = arc->sealers[i - 1].selector;
		as_buf_printf(&text, " as[%zu].d=%s as[%zu].s=%s", i, arc->sealers[i - 1].domain, i,
			      selector ? as_escape(message->arena, selector, strlen(selector), AS_DOMAIN_MAX) : "-");
	}
	const char *client = first_client(message, address);
	if (client)
		as_buf_printf(&text, " remote-ip[1]=%s", client);
	return text.text;
}

/* From the newest set on, as long as the sealers are trusted: what lies below another's seal may have been made up by that one. */
static bool is_vouched_for(struct place *p)
{
	struct as_message *message = p->message;
	const struct as_arc_outcome *arc = message->arc;
	struct search author = { .place = p, .domain = message->dmarc->author_domain };
	for (size_t i = arc ? arc->count : 0; i > 0; i--) {
		struct as_authres seen;
		const struct as_arc_sealer *sealer = &arc->sealers[i - 1];
		if (!is_trusted(p->settings, sealer))
			return false;
		if (as_arc_results(message->arena, sealer->results, &seen) != AS_OK)
			continue;
		for (size_t j = 0; j < seen.count; j++)
			if (vouches(&author, &seen.results[j]))
				return true;
	}
	return false;
}

/* The result of a chain whose keys could not be looked up is final, RFC 8617 5.2.1; a refusal for that is not. */
static const char *trusted_word(struct place *p)
{
	if (!is_vouched_for(p))
		return NULL;
	if (!p->message->arc->is_unknown)
		return describe(p->message);
	p->found->is_undecided = true;
	return NULL;
}

static bool needs_list(const struct as_settings *settings)
{
	return settings->rules && settings->rules->needs & AS_NEEDS_LIST;
}

const struct as_evidence *as_evidence_find(struct as_message *message, const struct as_settings *settings, struct as_dns_set *dns,
					   const struct as_evidence **most)
{
	const struct as_dmarc_outcome *dmarc = message->dmarc;
	bool fails = dmarc && (dmarc->code == AS_FAIL || dmarc->lacks_client) && dmarc->policy != AS_DMARC_NONE;
	*most = NULL;
	if (!fails && !needs_list(settings))
		return NULL;
	struct as_evidence *found = as_alloc(message->arena, sizeof *found), *possible = as_alloc(message->arena, sizeof *possible);
	struct place place = { .message = message, .settings = settings, .dns = dns, .found = found };
	bool asks_list = needs_list(settings) || settings->dmarc.on_proven_list < AS_VERB_REJECT;
	const char *list = asks_list ? list_of(message) : NULL;
	const char *proof = list ? list_proof(&place, list) : NULL;
	size_t missing_list = as_dns_set_missing(dns);
	found->list = proof ? list : NULL;
	found->unproven_list = !proof && found->is_undecided ? list : NULL;
	found->list_why = proof ? as_printf(message->arena, "%s by %s", list, proof) : NULL;
	if (fails) {
		found->forwarder = settings->dmarc.on_forwarder < AS_VERB_REJECT ? forwarder_of(&place) : NULL;
		found->arc = trusted_word(&place);
	}
	size_t missing = as_dns_set_missing(dns);
	*possible = *found;
	if (missing_list && !proof) {
		possible->list = possible->list_why = list;
		possible->unproven_list = NULL;
	}
	if (missing > missing_list && !found->arc)
		possible->arc = "arc=pass";
	*most = missing ? possible : NULL;
	return found;
}

static void evidence_finish(struct as_message *message)
{
	const struct as_evidence *most; /* the same: what is missing is asked */
	message->evidence = as_evidence_find(message, message->env->settings, message->dns, &most);
}

const struct as_method as_method_evidence = {
	.name = "evidence",
	.finish = evidence_finish,
};
