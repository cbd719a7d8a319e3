/* SPDX-License-Identifier: BSD-2-Clause */
/* spf_reference.h - a second evaluation of SPF, written from RFC 7208 alone, to hold the library against.
 *
 * It shares nothing with the library's SPF but the shape of the question: no record is kept, nothing is asked early, and the text
 * of a record is read again by every function that needs it. Slow and plain on purpose.
 */
#ifndef AS_SPF_REFERENCE_H
#define AS_SPF_REFERENCE_H

#include "arena.h"
#include "code.h"
#include "dns.h"
#include "spf_check.h"

struct spf_reference {
	enum as_code code;
	const char *explanation; /* as in struct as_spf_outcome, and so are the next two */
	const char *mechanism;
	const char *where;
	unsigned terms;
	unsigned voids;
	enum as_dnssec dnssec;   /* of the answers that the result rests on, so without those for the explanation */
	const char *weakest;
};

/* Evaluates, waiting for DNS through `set`. Total: every input gives an outcome. The explanation lives in the arena. */
void spf_reference_check(struct as_arena *arena, struct as_dns_set *set, const struct as_spf_request *request,
	struct spf_reference *outcome);

#endif
