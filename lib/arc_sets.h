/* SPDX-License-Identifier: BSD-2-Clause */
/* arc_sets.h - the ARC sets of a header and whether they make a chain, RFC 8617 4.2 and 5.2 steps 1 to 3: nothing is verified yet. Pure. */
#ifndef AS_ARC_SETS_H
#define AS_ARC_SETS_H

#include "dkim_signature.h"

struct as_arc_set {
	const struct as_field *results; /* ARC-Authentication-Results */
	const struct as_field *message; /* ARC-Message-Signature */
	const struct as_field *seal;    /* ARC-Seal */
	struct as_dkim_parsed message_parsed;
	struct as_dkim_parsed seal_parsed;
};

struct as_arc_sets {
	const char *problem; /* why there is no chain: printable. NULL: the list is complete, and what has to verify can be tried */
	size_t count;        /* the highest instance */
	struct as_arc_set *list; /* instance i at i - 1 */
};

/* False: the header has no ARC field. Otherwise sets is filled. Arena memory; the fields are borrowed. */
bool as_arc_sets_read(struct as_arena *arena, const struct as_fields *fields, int64_t now_s, int64_t drift_s, struct as_arc_sets *sets);

/* The instance of a body of ARC-Authentication-Results, RFC 8617 4.1.1: its size with the ";" behind it, 0 when it is not valid. */
size_t as_arc_instance_read(const char *value, size_t n, unsigned *instance);

#endif
