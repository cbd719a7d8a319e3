/* SPDX-License-Identifier: BSD-2-Clause */
/* edits.h - what has to change in the header: forged fields out, ours in. */
#ifndef AS_EDITS_H
#define AS_EDITS_H

#include "engine.h"

/* The field that tells Sieve and mail readers what was decided; forged ones are removed from every message. */
#define AS_ACTION_FIELD "X-Assay-Action"

enum {
	/* Fields that can be taken out: the MTA searches its header for each. A message with more is refused whatever the settings say. */
	AS_FORGED_MAX = 100,
	AS_CLAIMS_READ_MAX = 1000, /* Authentication-Results fields that are read; more count as ours */
};

/* Fields that must go, noted as they arrive, also beyond what is kept of the header. */
struct as_forged {
	const char *name; /* as received */
	unsigned instance;
};

/* Looks at one header field; notes it in message->forged when it claims to be ours (RFC 8601 5, RE-11, RE-13), and in
 * message->hides_forged when it holds such a field behind a bare line end: no MTA can remove that one.
 * After AS_FORGED_MAX + 1 of the former no further field is looked at. */
void as_edits_note(struct as_message *message, const char *name, size_t name_length, const char *value, size_t value_length);

/* The edits in the order they must be done: deletions from the last instance to the first (RE-7), then the insertions at the top, the
 * Authentication-Results field last so that it ends up first. Arena memory. */
const struct as_edit *as_edits_make(struct as_message *message, size_t *count);

#endif
