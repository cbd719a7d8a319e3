/* SPDX-License-Identifier: BSD-2-Clause */
/* dkim_check.h - a signature against the keys of its domain, RFC 6376 3.6.1 and 6.1.2, 6.1.3; RFC 8301 3.2; RFC 8463 3. Pure. */
#ifndef AS_DKIM_CHECK_H
#define AS_DKIM_CHECK_H

#include "canon_body.h"
#include "code.h"
#include "dkim_key.h"
#include "dkim_signature.h"

struct as_dkim_verdict {
	enum as_code code;
	const char *reason;            /* not pass: static */
	const struct as_dkim_key *key; /* the one that decided; NULL: there was none */
};

/* hash: SHA-256 of the canonical header. Tries the keys in turn until two that could be used did not fit (RFC 6376 6.1.2 leaves it
 * to the implementer); the best result counts. */
struct as_dkim_verdict as_dkim_check(const struct as_dkim_parsed *parsed, const unsigned char hash[AS_SHA256_SIZE],
				     const struct as_dkim_keys *keys, unsigned minimum_key_bits);

#endif
