/* SPDX-License-Identifier: BSD-2-Clause */
/* spf_term.c - whether one term matches the client, RFC 7208 section 5, and the validated name of %{p}, sections 5.5 and 7.3. */
#include "config.h"

#include "spf_eval.h"

#include "domain.h"

#include <string.h>

/* Does an A or AAAA answer hold the client's network? */
static bool has_client(const struct as_spf_eval *eval, const struct as_dns_answer *answer, unsigned bits)
{
	const struct as_ip *client = &eval->query.values.client;
	size_t width = client->family == 4 ? 4 : 16;
	for (size_t i = 0; i < answer->count; i++) {
		struct as_ip address = { .family = client->family };
		if (answer->records[i].size != width)
			continue;
		memcpy(address.bytes, answer->records[i].data, width);
		if (as_ip_prefix_equal(&address, client, bits))
			return true;
	}
	return false;
}

static unsigned bits_of(const struct as_spf_eval *eval, const struct as_spf_term *term)
{
	return eval->query.values.client.family == 4 ? term->bits4 : term->bits6;
}

/* 4.6.4: a term whose own query is answered with nothing counts; what MX and PTR names lead to does not (SP-11). */
static bool is_void_over_limit(struct as_spf_eval *eval, const struct as_dns_answer *answer)
{
	if (answer->status != AS_DNS_NODATA && answer->status != AS_DNS_NXDOMAIN)
		return false;
	if (++eval->voids <= AS_SPF_VOIDS_MAX)
		return false;
	(void)as_spf_eval_force(eval, AS_PERMERROR, "more than %d void lookups", AS_SPF_VOIDS_MAX);
	return true;
}

/* The answer to a term's own query, NULL when it does not match or must stop: *match says which. A name that cannot be asked is
 * no query and so no void lookup. */
static const struct as_dns_answer *ask_term(struct as_spf_eval *eval, const char *name, enum as_dns_type type, enum as_spf_match *match)
{
	*match = AS_SPF_NO;
	if (!as_domain_is_queryable(name))
		return NULL;
	const struct as_dns_answer *answer = as_spf_eval_ask(eval, name, type);
	if (answer->status == AS_DNS_OK)
		return answer;
	if (answer->status == AS_DNS_TEMPFAIL)
		*match = as_spf_eval_lost(eval, answer); /* SP-20 */
	else if (is_void_over_limit(eval, answer))
		*match = AS_SPF_STOP;
	return NULL;
}

static enum as_spf_match match_a(struct as_spf_eval *eval, const struct as_spf_term *term, const char *name)
{
	enum as_spf_match match;
	const struct as_dns_answer *answer = ask_term(eval, name, as_spf_query_address_type(&eval->query), &match);
	if (answer && has_client(eval, answer, bits_of(eval, term)))
		return AS_SPF_YES;
	return match;
}

static enum as_spf_match match_exists(struct as_spf_eval *eval, const struct as_spf_term *term, const char *name)
{
	(void)term; /* exists has nothing but its name; always A (5.7) */
	enum as_spf_match match;
	const struct as_dns_answer *answer = ask_term(eval, name, AS_DNS_A, &match);
	return answer ? AS_SPF_YES : match;
}

static enum as_spf_match match_mx(struct as_spf_eval *eval, const struct as_spf_term *term, const char *name)
{
	enum as_dns_type type = as_spf_query_address_type(&eval->query);
	enum as_spf_match match;
	const struct as_dns_answer *mx = ask_term(eval, name, AS_DNS_MX, &match);
	if (!mx)
		return match;
	if (mx->count > AS_SPF_NAMES_MAX) /* SP-10: even if one of the first ten would match */
		return as_spf_eval_force(eval, AS_PERMERROR, "%s has more than %d MX records",
			as_spf_eval_shown(eval, name), AS_SPF_NAMES_MAX);
	for (size_t i = 0; i < mx->count; i++)
		as_dns_start(eval->set, mx->records[i].name, type);
	for (size_t i = 0; i < mx->count; i++) {
		if (!as_domain_is_queryable(mx->records[i].name))
			continue;
		const struct as_dns_answer *answer = as_spf_eval_ask(eval, mx->records[i].name, type);
		if (answer->status == AS_DNS_TEMPFAIL)
			return as_spf_eval_lost(eval, answer);
		if (has_client(eval, answer, bits_of(eval, term)))
			return AS_SPF_YES;
	}
	return AS_SPF_NO;
}

/* Our own patience ended, or our own budget: that says nothing about the name, unlike an error its servers gave. Then the result is
 * temperror (4.6.4, SP-12), unless it stands already and is being explained. */
static bool is_lost(struct as_spf_eval *eval, const struct as_dns_answer *answer)
{
	bool is_ours = answer && answer->reason
		&& (strcmp(answer->reason, "timeout") == 0 || strcmp(answer->reason, "query budget used up") == 0);
	if (!is_ours || eval->is_explaining)
		return false;
	(void)as_spf_eval_lost(eval, answer);
	return true;
}

static const struct as_dns_answer *ask_ptr(struct as_spf_eval *eval)
{
	eval->has_asked_ptr = true;
	return as_spf_eval_ask(eval, as_dns_reverse_name(eval->arena, &eval->query.values.client), AS_DNS_PTR);
}

static size_t names_of(const struct as_dns_answer *ptr)
{
	return ptr->count < AS_SPF_NAMES_MAX ? ptr->count : AS_SPF_NAMES_MAX; /* the others are ignored (4.6.4) */
}

/* Does the name of a PTR record lead back to the client? NULL: it cannot be asked. An error skips the name (5.5, SP-18). */
static const struct as_dns_answer *ask_name(struct as_spf_eval *eval, const char *name)
{
	return as_domain_is_queryable(name) ? as_spf_eval_ask(eval, name, as_spf_query_address_type(&eval->query)) : NULL;
}

static bool is_validated(struct as_spf_eval *eval, const struct as_dns_answer *answer)
{
	return answer && has_client(eval, answer, 128);
}

static enum as_spf_match match_ptr(struct as_spf_eval *eval, const struct as_spf_term *term, const char *name)
{
	(void)term; /* ptr has nothing but its name */
	const struct as_dns_answer *ptr = ask_ptr(eval);
	if (is_lost(eval, ptr))
		return AS_SPF_STOP;
	if (is_void_over_limit(eval, ptr))
		return AS_SPF_STOP;
	for (size_t i = 0; i < names_of(ptr); i++) {
		const char *host = ptr->records[i].name;
		if (!as_domain_is_below(host, name))
			continue;
		const struct as_dns_answer *answer = ask_name(eval, host);
		if (is_lost(eval, answer))
			return AS_SPF_STOP;
		if (is_validated(eval, answer))
			return AS_SPF_YES;
	}
	return AS_SPF_NO;
}

/* 7.3: the current domain itself, else a name below it, else any. */
static int rank_of(const char *host, const char *domain)
{
	return as_domain_equal(host, domain) ? 0 : as_domain_is_below(host, domain) ? 1 : 2;
}

const char *as_spf_eval_client_name(void *user, const char *domain)
{
	struct as_spf_eval *eval = user;
	if (!eval->has_asked_ptr && !as_spf_eval_count(eval))
		return NULL;
	const struct as_dns_answer *ptr = ask_ptr(eval);
	if (is_lost(eval, ptr))
		return NULL;
	for (int rank = 0; rank <= 2; rank++)
		for (size_t i = 0; i < names_of(ptr); i++) {
			if (rank_of(ptr->records[i].name, domain) != rank)
				continue;
			const struct as_dns_answer *answer = ask_name(eval, ptr->records[i].name);
			if (is_lost(eval, answer))
				return NULL;
			if (is_validated(eval, answer))
				return ptr->records[i].name;
		}
	return "unknown";
}

enum as_spf_match as_spf_eval_term(struct as_spf_eval *eval, const struct as_spf_term *term)
{
	static enum as_spf_match (*const matchers[])(struct as_spf_eval *, const struct as_spf_term *, const char *) = {
		[AS_SPF_A] = match_a,
		[AS_SPF_MX] = match_mx,
		[AS_SPF_PTR] = match_ptr,
		[AS_SPF_EXISTS] = match_exists,
	};
	if (!as_spf_kind_queries(term->kind))
		return as_spf_query_is_static_match(&eval->query, term) ? AS_SPF_YES : AS_SPF_NO;
	if (!as_spf_eval_count(eval))
		return AS_SPF_STOP;
	const char *name = as_spf_query_name(eval->arena, &eval->query, term);
	if (!name)
		return eval->is_forced ? AS_SPF_STOP : AS_SPF_NO; /* NULL: no match (RFC 8616 4), or %{p} ended the evaluation */
	return matchers[term->kind](eval, term, name);
}
