/* SPDX-License-Identifier: BSD-2-Clause */
/* dkim_reference.h - a second verifier of DKIM, written from RFC 6376, 8301 and 8463 alone, to hold the library against.
 *
 * It shares no code with the library's DKIM, and nothing with libopendkim: the message is read from its bytes, each canonical form is made
 * whole, one sentence of the RFC after the other, and libcrypto is given all of it. Slow and plain on purpose.
 */
#ifndef AS_DKIM_REFERENCE_H
#define AS_DKIM_REFERENCE_H

#include "arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One TXT record; those of a name in the order of the answer. */
struct dkim_reference_txt {
	const char *name; /* lower case */
	const char *text;
	size_t length;
};

struct dkim_reference_world {
	const struct dkim_reference_txt *records;
	size_t count;
	bool accepts_length; /* as in struct as_dkim_options, and so are the next two */
	int64_t now_s;
	int64_t drift_s;
};

/* Which results are right for the nth DKIM-Signature field of the message, from the top: a set of 1 << enum as_code. Where a signature has
 * several faults of equal standing any of theirs is right; pass is never one of several. 0: there is no such field. */
unsigned dkim_reference_check(struct as_arena *arena, const struct dkim_reference_world *world, const char *message, size_t n, size_t nth);

#endif
