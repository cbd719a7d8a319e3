/* SPDX-License-Identifier: BSD-2-Clause */
/* dkim_key.h - key records, RFC 6376 3.6.1, 8301 3.2, 8463 4. Pure: text in, key out. */
#ifndef AS_DKIM_KEY_H
#define AS_DKIM_KEY_H

#include "dns.h"

#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>

struct as_dkim_key {
	const char *problem; /* why it cannot be used ("key revoked"): static; NULL: it can */
	EVP_PKEY *pkey;      /* NULL with a problem */
	bool is_ed25519;     /* else RSA */
	unsigned bits;       /* of the RSA modulus; 256 for Ed25519 */
	bool allows_sha256;  /* h= is absent or names it */
	bool is_testing;     /* t=y */
	bool is_strict;      /* t=s: i= must be at d= itself */
};

/* Always fills key; as_dkim_key_clear() frees what it holds. */
void as_dkim_key_parse(const char *text, size_t n, struct as_dkim_key *key);
void as_dkim_key_clear(struct as_dkim_key *key);

/* The records of one answer, in its order, the first five at most: more are not tried (RFC 6376 6.1.2, bounded). */
enum { AS_DKIM_KEYS_MAX = 5 };
struct as_dkim_keys {
	size_t count;
	struct as_dkim_key list[AS_DKIM_KEYS_MAX];
};

/* Parsed once and kept with the answer. Thread safe; lives as long as the answer. */
const struct as_dkim_keys *as_dkim_keys_of(const struct as_dns_answer *answer);

#endif
