/* SPDX-License-Identifier: BSD-2-Clause */
/* field.h - header fields of a message, kept as they came: the bytes that signatures cover. */
#ifndef AS_FIELD_H
#define AS_FIELD_H

#include "arena.h"

#include <stdbool.h>
#include <stddef.h>

struct as_field {
	const char *name;  /* before the colon, as received, white space before the colon included; NUL-terminated */
	size_t name_length;
	const char *plain; /* the name as as_field_is() sees it: lower case, printable ASCII only */
	size_t plain_length;
	const char *value; /* after the colon, leading space included, folds as CRLF, no CRLF at the end; may hold NUL bytes */
	size_t value_length;
};

/* The header of one message in its order. From the first field that would pass a cap on nothing more is kept, and is_cut is set. */
struct as_fields {
	struct as_arena *arena;
	struct as_field *list;
	size_t count;
	size_t bytes; /* of the names and values kept */
	size_t most_fields;
	size_t most_bytes;
	bool is_cut;
};

void as_fields_init(struct as_fields *fields, struct as_arena *arena, size_t most_fields, size_t most_bytes);

/* Copies a field in. Bare LF and CRLF folds in value both become CRLF (other bytes stay); line ends after the last line are dropped.
 * False: a cap was reached. */
bool as_fields_add(struct as_fields *fields, const char *name, size_t name_length, const char *value, size_t value_length);

/* Is this field called `name`? ASCII case is ignored, and so is white space (before the colon it is obsolete syntax, RFC 5322 4.5.3) and
 * any control or 8-bit octet, which no name may hold and some reader may skip. */
bool as_field_is(const struct as_field *field, const char *name);
/* Does an MTA that is told to remove `name` count this field? It ignores ASCII case and white space before the colon, nothing else. */
bool as_field_is_addressed(const char *field_name, size_t n, const char *name);

/* Does a line end inside the value, one that no white space follows, begin a field called `name`? No field may hold such a line end
 * (RFC 5322 2.2), and a reader that stops at it sees one field more than others. Returns where the first of them has its value; 0:
 * there is none. */
size_t as_field_hidden(const char *value, size_t value_length, const char *name);

/* Number of fields called `name`, and the first of them or NULL. */
size_t as_fields_count(const struct as_fields *fields, const char *name);
const struct as_field *as_fields_find(const struct as_fields *fields, const char *name);

#endif
