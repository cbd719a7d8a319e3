/* SPDX-License-Identifier: BSD-2-Clause */
/* dkim_verify.h - DKIM signatures of one message, RFC 6376, 8301, 8463, 8616.
 *
 * libopendkim parses, canonicalises and hashes the header behind two fences; the body hashes are body_hashes.h's; signatures are
 * checked with libcrypto and keys that our DNS fetched in parallel and keeps parsed. Only this file's .c includes <opendkim/dkim.h>.
 */
#ifndef AS_DKIM_VERIFY_H
#define AS_DKIM_VERIFY_H

#include "arena.h"
#include "body_hashes.h"
#include "code.h"
#include "dns.h"
#include "err.h"
#include "field.h"

#include <stdbool.h>

struct as_dkim_lib; /* one per environment; immutable after as_dkim_lib_new, any number of threads */
struct as_dkim_lib *as_dkim_lib_new(void);
void as_dkim_lib_free(struct as_dkim_lib *lib);

struct as_dkim_options {
	unsigned minimum_key_bits;   /* RSA; never below 1024 (RFC 8301 3.2) */
	unsigned maximum_signatures; /* tried at most; the rest is reported as policy */
	bool accepts_length;         /* false: a signature with l= that leaves bytes unsigned is policy (DK-17) */
	int64_t now_s;
	int64_t drift_s;             /* clock skew allowed for t= and x= */
};

struct as_dkim_signature {
	enum as_code code;      /* pass fail policy neutral temperror permerror (RFC 8601 2.7.1) */
	const char *reason;     /* not pass: a few printable words ("body hash mismatch", "key revoked"); else NULL */
	const char *domain;     /* d= in normal form; NULL when unusable */
	const char *identity;   /* i= as given or "@d"; printable; NULL when unusable */
	const char *selector;   /* s=; NULL when unusable */
	const char *algorithm;  /* "rsa-sha256", "ed25519-sha256", ... as given, printable; NULL */
	const char *b;          /* leading characters of b=, at least 8, more where needed to be unique in the message; NULL */
	unsigned key_bits;      /* RSA modulus or 256; 0 unknown */
	bool is_testing;        /* t=y in the key record */
	bool has_unsigned_tail; /* l= shorter than the body */
	enum as_dnssec dnssec;  /* of the key lookup; meaningful when was_asked */
	bool was_asked;
};

struct as_dkim_outcome {
	size_t count; /* of DKIM-Signature fields reported; 0: none */
	const struct as_dkim_signature *signatures; /* those aligned with the author domain first, then the order of the header */
	size_t left_out; /* signatures beyond what is reported (far over the cap) */
};

struct as_dkim; /* one message; one thread at a time */

/* At the end of the header: picks the signatures to try (author_domain's first), starts their key lookups in `set`, asks for their
 * body hashes in `bodies` (borrowed), hands the header to the library. author_domain may be NULL. Never fails: what is wrong becomes
 * a result. Freed with the arena. */
struct as_dkim *as_dkim_begin(struct as_arena *arena, struct as_dkim_lib *lib, struct as_dns_set *set, struct as_body_hashes *bodies,
			      const struct as_dkim_options *options, const struct as_fields *fields, const char *author_domain);

/* End of message, after as_body_hashes_end: waits for the keys, checks, fills the outcome (arena memory). */
void as_dkim_finish(struct as_dkim *dkim, struct as_dkim_outcome *outcome);

#endif
