/* SPDX-License-Identifier: BSD-2-Clause */
/* dmarc_reference.h - a second evaluation of DMARC, written from RFC 9989 alone, to hold the library against.
 *
 * It shares nothing with the library's DMARC but the shape of the question: no record is kept, nothing is asked early, no lookup is saved
 * that the text does not save, and a record is read again by every function that needs it. Slow and plain on purpose.
 */
#ifndef AS_DMARC_REFERENCE_H
#define AS_DMARC_REFERENCE_H

#include "arena.h"
#include "code.h"
#include "dmarc_check.h"
#include "dns.h"

enum dmarc_reference_alignment { REF_UNALIGNED, REF_ALIGNED, REF_UNDECIDED };

struct dmarc_reference {
	enum as_code code;
	const char *organization;  /* of the author domain, by a walk from there; NULL: the walk failed */
	const char *policy_domain; /* NULL: no record is applied */
	const char *source;        /* "p", "sp", "np" */
	enum as_dmarc_policy published;
	enum as_dmarc_policy policy;
	bool is_policy_unknown;    /* its lookup failed, or that of the author domain itself where np hangs on it */
	enum dmarc_reference_alignment spf;   /* of the identifier, whatever SPF said */
	enum dmarc_reference_alignment *dkim; /* likewise, one for each signature */
};

/* Evaluates, waiting for DNS through `set`. Of a public suffix list it knows but the rules of tests/conformance/dmarc/suffixes.dat.
 * Arena memory. */
void dmarc_reference_check(struct as_arena *arena, struct as_dns_set *set, const struct as_dmarc_request *request,
	struct dmarc_reference *outcome);

#endif
