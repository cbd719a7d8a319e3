/* SPDX-License-Identifier: BSD-2-Clause */
/* canon_body.h - the hash of a body, RFC 6376 3.4.3 and 3.4.4, for bodies with bare CR or LF: libopendkim takes these for something
 * that they are not. Only CRLF ends a line; a CR or LF alone is a byte like others. */
#ifndef AS_CANON_BODY_H
#define AS_CANON_BODY_H

#include "arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { AS_SHA256_SIZE = 32 };

struct as_canon_body;

/* Hashes `most` bytes of the canonical body at most. Freed with the arena. */
struct as_canon_body *as_canon_body_new(struct as_arena *arena, bool is_relaxed, uint64_t most);
void as_canon_body_add(struct as_canon_body *body, const unsigned char *bytes, size_t n);

/* The hash, once; returns the length of the whole canonical body. */
uint64_t as_canon_body_end(struct as_canon_body *body, unsigned char hash[AS_SHA256_SIZE]);

#endif
