/* SPDX-License-Identifier: BSD-2-Clause */
/* spf_check.h - SPF, RFC 7208: one identity in, one result out. libspf2 evaluates behind the guard; nobody else sees it. */
#ifndef AS_SPF_CHECK_H
#define AS_SPF_CHECK_H

#include "arena.h"
#include "code.h"
#include "dns.h"
#include "ip.h"

struct as_spf_request {
	struct as_ip client;  /* IPv4-mapped already IPv4 (ip.h) */
	const char *helo;     /* as the client said it; may be anything */
	const char *local;    /* local part of the identity, unquoted; "" means postmaster (RFC 7208 4.3) */
	const char *domain;   /* domain of the identity, any bytes; normalised here. Malformed, single label, literal: none (4.3, SP-3) */
	const char *receiver; /* %{r}: our host name */
	int64_t now_s;        /* %{t} */
	bool wants_explanation; /* fetch exp= on fail */
};

struct as_spf_outcome {
	enum as_code code;         /* none neutral pass fail softfail temperror permerror */
	const char *domain;        /* the checked domain in normal form, NULL when it cannot be one */
	const char *mechanism;     /* the matching term as written in the record of the domain in `where`, "default", or NULL; printable */
	const char *where;         /* domain whose record held the mechanism */
	const char *reason;        /* errors and none: a few words, printable; else NULL */
	const char *explanation;   /* expanded exp= text on fail when wanted and well-formed; printable US-ASCII, cut to a line; or NULL */
	enum as_dnssec dnssec;     /* the weakest state of the lookups that the result rests on; that of the explanation is none of them */
	const char *weakest;       /* the name with that state; NULL without lookups */
	unsigned terms;            /* RFC 7208 4.6.4 counters */
	unsigned voids;
};

/* Evaluates, waiting for DNS through `set`. Total: every input gives an outcome. Strings live in the arena. */
void as_spf_check(struct as_arena *arena, struct as_dns_set *set, const struct as_spf_request *request, struct as_spf_outcome *outcome);

/* The outcome for a client that is not known: none where there is nothing to evaluate, else temperror with this reason. A domain of NULL
 * is that of a HELO name that is not known either. */
void as_spf_unknown(struct as_arena *arena, const char *domain, const char *reason, struct as_spf_outcome *outcome);

/* Starts what the evaluation will ask: the record, and as each record comes in, the lookups of its terms (never more than RFC
 * 7208 4.6.4 allows). Returns at once; changes no result. The request is copied. */
void as_spf_start(struct as_dns_set *set, const struct as_spf_request *request);

/* Once at the start of the process, before threads: silences libspf2's handlers (process globals). */
void as_spf_global_init(void);

#endif
