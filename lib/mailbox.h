/* SPDX-License-Identifier: BSD-2-Clause */
/* mailbox.h - the author of a message: RFC 5322 3.4 and 4.4, RFC 6532, RFC 6854, judged as RFC 9989 5.3.1 and 11.5 ask.
 *
 * Strict about what is accepted, total about what is given: every input gives a status and a reason, and AS_FROM_ONE is
 * given only when no reader could see another domain (DM-1..DM-6).
 */
#ifndef AS_MAILBOX_H
#define AS_MAILBOX_H

#include "arena.h"
#include "err.h"
#include "field.h"

#include <stddef.h>

enum as_from_status {
	AS_FROM_ONE,       /* one Author Domain */
	AS_FROM_MISSING,   /* no From field */
	AS_FROM_REPEATED,  /* several From fields */
	AS_FROM_MALFORMED, /* does not parse, or a domain that cannot be one */
	AS_FROM_EMPTY,     /* parses, but names nobody (empty group) */
	AS_FROM_SEVERAL,   /* more than one distinct domain */
};

enum { AS_FROM_DOMAINS_MAX = 8 };

struct as_from {
	enum as_from_status status;
	const char *reason;        /* a few words for the header comment and the log; NULL for AS_FROM_ONE. Static or arena */
	const char *domain;        /* AS_FROM_ONE: the Author Domain, normal form of domain.h; else NULL */
	size_t count;              /* distinct domains found in all From fields, capped */
	const char *domains[AS_FROM_DOMAINS_MAX];
};

/* Judges all fields called From (as_field_is). Strings are owned by the arena. */
void as_from_judge(struct as_arena *arena, const struct as_fields *fields, struct as_from *from);

/* One field body ("value" of struct as_field) as a mailbox-list or address-list; *from as above, for one field. */
void as_from_parse(struct as_arena *arena, const char *value, size_t n, struct as_from *from);

/* The domain of an envelope address ("<a@b>", "a@b", "\"x\"@b", source routes dropped), normal form; local part unquoted
 * bytes in *local. "<>" and "": *domain and *local are "". AS_ERR_SYNTAX: no usable domain (literal, missing, malformed);
 * RFC 5321 4.1.2. Then *domain is "", *local what could be read. local may be NULL. */
enum as_err as_path_parse(struct as_arena *arena, const char *path, const char **local, const char **domain);

/* The same for a path that the MTA has accepted, whatever it looks like: in one that does not parse the domain stands behind the last
 * "@", where MTAs look for it ("a@b@example.com", "a b@example.com"), and *local is what stands before it, as given. AS_ERR_SYNTAX: no
 * usable domain. Then *domain are its bytes as given; without an "@" it is "", and *local the whole address. */
enum as_err as_path_parse_lax(struct as_arena *arena, const char *path, const char **local, const char **domain);

#endif
