/* SPDX-License-Identifier: BSD-2-Clause */
/* canon_body.h - hashes of a canonical body, RFC 6376 3.4.3 and 3.4.4. Only CRLF ends a line; a CR or LF alone is a byte like others. */
#ifndef AS_CANON_BODY_H
#define AS_CANON_BODY_H

#include "arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { AS_SHA256_SIZE = 32 };

struct as_canon_body;

/* Freed with the arena. */
struct as_canon_body *as_canon_body_new(struct as_arena *arena, bool is_relaxed);

/* Before the first byte: at the end `hash` gets that of the first `most` bytes of the canonical body; UINT64_MAX: of all. The body is made
 * canonical once, however many hashes are wanted. */
void as_canon_body_want(struct as_canon_body *body, uint64_t most, unsigned char hash[AS_SHA256_SIZE]);

/* Bytes as received, in pieces of any size. */
void as_canon_body_add(struct as_canon_body *body, const unsigned char *bytes, size_t n);

/* The hashes, once; returns the length of the whole canonical body. */
uint64_t as_canon_body_end(struct as_canon_body *body);

#endif
