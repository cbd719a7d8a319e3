/* SPDX-License-Identifier: BSD-2-Clause */
/* dkim_sign.h - a signer of DKIM and ARC for tests, over libcrypto only: it shares no code with the verifier, and can sign wrongly
 * on purpose. */
#ifndef AS_TEST_DKIM_SIGN_H
#define AS_TEST_DKIM_SIGN_H

#include "arena.h"

#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>

/* What to sign and how; NULL and 0 mean the default in the comment. */
struct as_signer {
	EVP_PKEY *key;
	const char *domain;     /* example.com */
	const char *selector;   /* sel */
	const char *algorithm;  /* rsa-sha256 or ed25519-sha256, by the key */
	const char *canon;      /* relaxed/relaxed; how it is computed and, unless "", what c= says */
	const char *names;      /* from:to:subject:date; "" in the template leaves nothing signed but the signature */
	const char *identity;   /* no i= */
	const char *tags;       /* further tags, "t=1; x=2"; placed before bh= */
	const char *field_name; /* DKIM-Signature */
	unsigned instance;      /* of ARC: i= in the place of v= */
	/* The whole value of the field instead of one made from the above, with {bh} and {b} where these go. What is computed still
	 * follows algorithm, canon, names and length. */
	const char *value;
	bool has_length; /* l= */
	size_t length;
	bool spoils_body_hash; /* bh= of another body; the signature itself is right */
	bool spoils_signature;
};

/* The signature field of a message (CRLF line ends, header, empty line, body), its CRLF included. Exits on trouble. */
char *as_sign(struct as_arena *arena, const struct as_signer *signer, const char *message, size_t n);

/* The same, followed by the message; *size is what came out. */
char *as_sign_message(struct as_arena *arena, const struct as_signer *signer, const char *message, size_t n, size_t *size);

/* One ARC set more. */
struct as_sealer {
	struct as_signer signer; /* of the message signature; key, domain, selector and algorithm also of the seal */
	unsigned instance;       /* one more than the message has */
	const char *results;     /* "mx.example.org; none"; what follows the instance */
	const char *cv;          /* none for the first, then pass */
	const char *seal;        /* the whole value of the seal, with {b} where that goes */
	const struct as_signer *seal_signer; /* another key, domain, selector or algorithm for the seal */
};

/* The message with a set on top: ARC-Seal, ARC-Message-Signature, ARC-Authentication-Results; *size is what came out. */
char *as_seal_message(struct as_arena *arena, const struct as_sealer *sealer, const char *message, size_t n, size_t *size);

/* A new key of "rsaBITS" or "ed25519"; NULL for other kinds. EVP_PKEY_free() it. */
EVP_PKEY *as_sign_new_key(const char *kind);

/* The Ed25519 key of a 32-byte seed. */
EVP_PKEY *as_sign_seed_key(const unsigned char seed[32]);

/* The DNS text of its public half: "v=DKIM1; k=rsa; p=...". */
char *as_sign_record(struct as_arena *arena, EVP_PKEY *key);

/* Base64 without line breaks. */
char *as_sign_base64(struct as_arena *arena, const unsigned char *bytes, size_t n);

/* Keys of `count` kinds and their records, in arena. EVP_PKEY_free() each key. */
void as_sign_new_keys(struct as_arena *arena, const char *const *kinds, size_t count, EVP_PKEY **keys, const char **records);

#endif
