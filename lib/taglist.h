/* SPDX-License-Identifier: BSD-2-Clause */
/* taglist.h - "tag=value; tag=value" lists as in RFC 6376 3.2 (DKIM, ARC) and RFC 9989 4.8 (DMARC).
 *
 * Parsing is total: every part between semicolons becomes an entry, bad ones are marked, so that DKIM can refuse the list
 * and DMARC can ignore the one tag (DK-2, DM-37).
 */
#ifndef AS_TAGLIST_H
#define AS_TAGLIST_H

#include "arena.h"

#include <stdbool.h>
#include <stddef.h>

struct as_tag {
	const char *name;  /* as written, NUL-terminated; "" when it is none */
	const char *value; /* without surrounding white space; the whole part if it has no valid name; NUL-terminated, may hold NULs */
	size_t value_length;
	bool is_valid; /* ALPHA *(ALNUM / "_") "=" and a value of VALCHAR, FWS (RFC 6376 3.2) and well-formed UTF-8 (RFC 8616 5) */
};

struct as_taglist {
	size_t count;
	const struct as_tag *tags; /* in the order written; a trailing ";" adds nothing */
};

/* Everything is owned by the arena. False if there were more than `most` parts; the rest is then not looked at. */
bool as_taglist_parse(struct as_arena *arena, const char *text, size_t n, size_t most, struct as_taglist *list);

/* The first valid tag of that name (case-sensitive), or NULL. */
const struct as_tag *as_taglist_find(const struct as_taglist *list, const char *name);

/* The first tag of that name, with a valid value or not, or NULL. */
const struct as_tag *as_taglist_find_any(const struct as_taglist *list, const char *name);

/* Does any name occur twice among the valid tags? */
bool as_taglist_has_duplicate(const struct as_taglist *list);

/* Are all tags valid? */
bool as_taglist_is_clean(const struct as_taglist *list);

/* Does the value, a list with colons and white space around them, hold the word? RFC 6376 3.5 q=; 3.6.1 h=, s=, t=. */
bool as_tag_lists(const struct as_tag *tag, const char *word);

#endif
