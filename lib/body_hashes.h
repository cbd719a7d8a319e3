/* SPDX-License-Identifier: BSD-2-Clause */
/* body_hashes.h - the body hashes that a message needs: each kind is made once, whoever asks for it. One thread at a time. */
#ifndef AS_BODY_HASHES_H
#define AS_BODY_HASHES_H

#include "canon_body.h"

struct as_body_hashes; /* one message */

struct as_body_hash {
	bool is_relaxed;
	uint64_t most;   /* bytes of the canonical body that are hashed */
	/* --- after as_body_hashes_end --- */
	unsigned char hash[AS_SHA256_SIZE];
	uint64_t length; /* of the whole canonical body */
};

/* Freed with the arena. */
struct as_body_hashes *as_body_hashes_new(struct as_arena *arena);

/* Before the body: the hash of its first `most` bytes; UINT64_MAX: of all. The same one for the same question. Each kind costs a
 * SHA-256 over the body: who asks bounds how many. */
const struct as_body_hash *as_body_hashes_need(struct as_body_hashes *hashes, bool is_relaxed, uint64_t most);

/* Has anybody asked? */
bool as_body_hashes_are_needed(const struct as_body_hashes *hashes);

/* Body bytes as received (CRLF line ends), in pieces of any size. */
void as_body_hashes_add(struct as_body_hashes *hashes, const unsigned char *bytes, size_t n);

/* The end of the body, once. */
void as_body_hashes_end(struct as_body_hashes *hashes);

#endif
