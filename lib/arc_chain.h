/* SPDX-License-Identifier: BSD-2-Clause */
/* arc_chain.h - validates the Authenticated Received Chain of one message in the order of RFC 8617 5.2.
 *
 * Assay seals nothing, and reports a chain without acting on it (RFC 8617 7.2 leaves that to the receiver).
 * The results are none, pass and fail: every failure is permanent, also that of a key lookup (RFC 8617 5.2.1). A message without ARC
 * fields costs a look at the names of its header fields.
 */
#ifndef AS_ARC_CHAIN_H
#define AS_ARC_CHAIN_H

#include "arena.h"
#include "body_hashes.h"
#include "code.h"
#include "dns.h"
#include "field.h"

#include <stdbool.h>

struct as_arc_options {
	unsigned minimum_key_bits; /* RSA; never below 1024 (RFC 8301 3.2) */
	bool accepts_length;       /* false: a message signature with l= that leaves bytes unsigned does not verify */
	int64_t now_s;
	int64_t drift_s;           /* clock skew allowed for t= and x= of message signatures */
};

/* Who made a set, and what was seen then. */
struct as_arc_sealer {
	const char *domain;             /* d= of the ARC-Seal in normal form */
	const char *selector;
	const struct as_field *results; /* ARC-Authentication-Results; as_arc_results() reads it */
};

struct as_arc_outcome {
	enum as_code code;    /* none pass fail */
	const char *reason;   /* fail: printable words; else NULL */
	bool is_unknown;      /* fail (RFC 8617 5.2.1), but only because a key could not be looked up */
	size_t count;         /* pass or unknown: of sets; else 0 */
	const struct as_arc_sealer *sealers; /* instance i at i - 1 */
	bool has_oldest_pass; /* pass, and all older message signatures that matter were looked at */
	unsigned oldest_pass; /* RFC 8617 5.2: the oldest instance whose message signature still verifies; 0: all do */
	bool was_asked;       /* a key was looked up for the result */
	enum as_dnssec dnssec; /* the weakest of these lookups */
};

struct as_arc; /* one message; one thread at a time */

/* At the end of the header: NULL when it has no ARC field. Starts the key lookups in `set`: the seals', the newest message signature's,
 * and those of at most ten older ones; asks for body hashes of four kinds at most in `bodies` (borrowed). Never fails: what is wrong
 * becomes the result. Freed with the arena. */
struct as_arc *as_arc_begin(struct as_arena *arena, struct as_dns_set *set, struct as_body_hashes *bodies,
			    const struct as_arc_options *options, const struct as_fields *fields);

/* End of message, after as_body_hashes_end: waits for the keys, verifies, fills the outcome (arena memory). arc NULL: none. */
void as_arc_finish(struct as_arc *arc, struct as_arc_outcome *outcome);

#endif
