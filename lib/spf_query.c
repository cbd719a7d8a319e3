/* SPDX-License-Identifier: BSD-2-Clause */
/* spf_query.c - what the early lookups and the evaluation of SPF must do alike. */
#include "config.h"

#include "spf_query.h"

#include "domain.h"

#include <stdlib.h>
#include <string.h>

static const char *text_or(struct as_arena *arena, const char *text, const char *instead)
{
	return as_strdup(arena, text && *text ? text : instead);
}

const char *as_spf_query_new(struct as_arena *arena, const struct as_spf_request *request, struct as_spf_query *query)
{
	const char *domain = request->domain ? request->domain : "";
	*query = (struct as_spf_query){ .wants_explanation = request->wants_explanation };
	if (as_domain_normal(arena, domain, strlen(domain), &query->domain) != AS_OK)
		return "not a domain name";
	if (as_domain_labels(query->domain) < 2)
		return "not a multi-label domain name";
	if (request->client.family == 0)
		return "no client address";
	query->values = (struct as_spf_macro_values){
		.client = request->client,
		.local = text_or(arena, request->local, "postmaster"), /* RFC 7208 4.3, SP-2 */
		.sender_domain = query->domain,
		.domain = query->domain,
		.helo = text_or(arena, request->helo, "unknown"),
		.receiver = text_or(arena, request->receiver, "unknown"), /* 7.3 */
		.now_s = request->now_s,
	};
	return NULL;
}

static const char record_kind; /* its address names what is attached to answers */

/* Several records are an error whatever their order (SP-6). */
static struct as_spf_record *select_record(const struct as_dns_answer *answer)
{
	const struct as_dns_record *found = NULL;
	for (size_t i = 0; i < answer->count; i++) {
		const struct as_dns_record *txt = &answer->records[i];
		if (!as_spf_record_is_one((const char *)txt->data, txt->size))
			continue;
		if (found)
			return as_spf_record_bad("several SPF records");
		found = txt;
	}
	return found ? as_spf_record_parse((const char *)found->data, found->size) : NULL;
}

const struct as_spf_record *as_spf_query_record(const struct as_dns_answer *answer)
{
	if (answer->status != AS_DNS_OK)
		return NULL;
	const struct as_spf_record *known = as_dns_parsed(answer, &record_kind);
	if (known)
		return known;
	struct as_spf_record *parsed = select_record(answer);
	return parsed ? as_dns_attach(answer, &record_kind, parsed, free) : NULL;
}

bool as_spf_query_is_static_match(const struct as_spf_query *query, const struct as_spf_term *term)
{
	if (term->kind == AS_SPF_IP4 || term->kind == AS_SPF_IP6)
		return as_network_has(&term->network, &query->values.client);
	return term->kind == AS_SPF_ALL;
}

const char *as_spf_query_name(struct as_arena *arena, const struct as_spf_query *query, const struct as_spf_term *term)
{
	return term->domain.n ? as_spf_expand_domain(arena, term->domain, &query->values) : query->values.domain;
}

bool as_spf_query_is_domain(const char *name)
{
	return as_domain_is_queryable(name) && as_domain_labels(name) >= 2;
}

enum as_dns_type as_spf_query_address_type(const struct as_spf_query *query)
{
	return query->values.client.family == 4 ? AS_DNS_A : AS_DNS_AAAA;
}
