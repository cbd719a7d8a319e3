/* SPDX-License-Identifier: BSD-2-Clause */
/* spf_query.h - what the early lookups and the evaluation of SPF must do alike: which record, which name, which address.
 * Internal to spf_*.c. */
#ifndef AS_SPF_QUERY_H
#define AS_SPF_QUERY_H

#include "arena.h"
#include "dns.h"
#include "spf_check.h"
#include "spf_record.h"

#include <stdbool.h>

enum { AS_SPF_NAMES_MAX = 10 }; /* RFC 7208 4.6.4: MX and PTR names that are looked up */

/* A request that can be evaluated: the identity in normal form, what the macros stand for. */
struct as_spf_query {
	const char *domain;
	struct as_spf_macro_values values; /* values.domain and the callback belong to the user */
	bool wants_explanation;
};

/* Copies the request into the arena in normal form. Returns NULL, or why there is nothing to evaluate: the result is "none" (RFC
 * 7208 4.3, SP-3). query->domain is set whenever the domain is one. */
const char *as_spf_query_new(struct as_arena *arena, const struct as_spf_request *request, struct as_spf_query *query);

/* The SPF record of a TXT answer, parsed once per answer; NULL without one. Several are one with an error (4.5). */
const struct as_spf_record *as_spf_query_record(const struct as_dns_answer *answer);

/* Do all, ip4 and ip6 match this client? False for other kinds. */
bool as_spf_query_is_static_match(const struct as_spf_query *query, const struct as_spf_term *term);

/* The name a term asks about: its domain-spec expanded, or the current domain (values.domain). NULL as as_spf_expand_domain. */
const char *as_spf_query_name(struct as_arena *arena, const struct as_spf_query *query, const struct as_spf_term *term);

/* May an SPF record be asked for at this name? Several labels, all well-formed (4.3). */
bool as_spf_query_is_domain(const char *name);

/* A or AAAA, by the family of the client (5). */
enum as_dns_type as_spf_query_address_type(const struct as_spf_query *query);

#endif
