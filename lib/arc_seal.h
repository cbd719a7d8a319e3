/* SPDX-License-Identifier: BSD-2-Clause */
/* arc_seal.h - what the seals of a chain sign, RFC 8617 5.1.1: relaxed, no body, always the same fields. Pure. */
#ifndef AS_ARC_SEAL_H
#define AS_ARC_SEAL_H

#include "arc_sets.h"
#include "canon_body.h"
#include "str.h"

/* The hash of each seal of complete sets, hashes[i] for instance i + 1; every field is hashed once. text: room to work in. */
void as_arc_seal_hashes(struct as_buf *text, const struct as_arc_sets *sets, unsigned char (*hashes)[AS_SHA256_SIZE]);

#endif
