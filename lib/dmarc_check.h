/* SPDX-License-Identifier: BSD-2-Clause */
/* dmarc_check.h - DMARC of one message, RFC 9989: policy, alignment, result (DM-25..DM-35, DM-43..DM-53). */
#ifndef AS_DMARC_CHECK_H
#define AS_DMARC_CHECK_H

#include "dkim_verify.h"
#include "dmarc_walk.h"
#include "spf_check.h"

enum as_dmarc_discovery { AS_DISCOVERY_TREE_WALK, AS_DISCOVERY_PSL };

struct as_dmarc_request {
	const char *author_domain;              /* normal form */
	const struct as_spf_outcome *spf;       /* of the MAIL FROM identity (postmaster@HELO for a null sender); NULL: not evaluated */
	const struct as_dkim_outcome *dkim;     /* NULL: not evaluated */
	enum as_dmarc_discovery discovery;
	const struct as_psl *psl;               /* needed for AS_DISCOVERY_PSL */
	bool is_client_unknown;                 /* spf is of as_spf_unknown() */
};

struct as_dmarc_outcome {
	enum as_code code;               /* none pass fail temperror permerror (DM-50) */
	const char *reason;              /* printable words: errors, repaired records, a pass without a known policy; else NULL */
	const char *author_domain;
	const char *organization;        /* of the author domain; NULL when unknown, or not needed (DM-46) */
	const char *policy_domain;       /* where the applied record was found; NULL without one */
	const struct as_dmarc_record *record; /* the applied record; NULL */
	enum as_dmarc_policy published;  /* p, sp or np as selected, before t= */
	enum as_dmarc_policy policy;     /* after t= (DM-41): what the receiver is asked to do */
	const char *source;              /* "p", "sp" or "np"; NULL */
	bool spf_aligned;                /* an aligned pass */
	bool dkim_aligned;
	bool lacks_client;               /* temperror, and nothing but the client that is not known keeps it from being fail */
	const char *dkim_domain;         /* d= of the aligned pass; NULL */
	enum as_dnssec dnssec;           /* the weakest state of DMARC's own lookups that the result rests on */
	const char *weakest;             /* the name with that state; NULL without lookups */
};

/* Starts the walk for the author domain, and its existence check once a record above it comes in whose np could matter.
 * author_domain in normal form, copied. Returns at once; changes no result. */
void as_dmarc_start(struct as_dns_set *set, const char *author_domain);

/* Evaluates, waiting for DNS through `set`. Total: every input gives an outcome. Strings live in the arena; the record lives in its
 * DNS answer, until as_dns_set_free. Without a record policy_domain and source are NULL and the policies none. */
void as_dmarc_check(struct as_arena *arena, struct as_dns_set *set, const struct as_dmarc_request *request,
		    struct as_dmarc_outcome *outcome);

#endif
