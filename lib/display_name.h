/* SPDX-License-Identifier: BSD-2-Clause */
/* display_name.h - domains of addresses that a From field shows beside that of its author: as the display-name of RFC 5322 3.4, or anywhere
 * else where somebody reads it. Names are the sender's to choose; nothing here says who the author is (that is mailbox.h).
 */
#ifndef AS_DISPLAY_NAME_H
#define AS_DISPLAY_NAME_H

#include "arena.h"
#include "field.h"

#include <stddef.h>

enum { AS_DISPLAY_NAME_MAX = 16 };

struct as_display_name {
	size_t count; /* the first ones, each once, normal form of domain.h */
	const char *domains[AS_DISPLAY_NAME_MAX];
};

/* Looks through all fields called From (as_field_is): encoded-words (RFC 2047) decoded, which shows those of all character sets that hold
 * ASCII as it is; folds and backslashes dropped; U+FE6B and U+FF20 taken for "@". `author` is left out; NULL: there is none. Total: faults
 * are taken as they stand. Time and memory are linear in the fields, at most 256 domains are brought to their normal form. Strings are
 * owned by the arena. One message, one thread. */
void as_display_name_find(struct as_arena *arena, const struct as_fields *fields, const char *author, struct as_display_name *found);

#endif
