/* SPDX-License-Identifier: BSD-2-Clause */
/* dkim_reference_key.h - of the reference: lists of tags, and keys. */
#ifndef AS_DKIM_REFERENCE_KEY_H
#define AS_DKIM_REFERENCE_KEY_H

#include "code.h"
#include "dkim_reference.h"
#include "str.h"

struct ref_tag {
	struct as_buf name;
	struct as_buf value; /* no white space around it */
};

struct ref_tags {
	struct ref_tag *list;
	size_t count;
};

/* RFC 6376 3.2; false: a syntax error. */
bool ref_tags(struct as_arena *arena, const struct as_buf *text, struct ref_tags *tags);
bool ref_has_duplicate(const struct ref_tags *tags);
/* NULL: there is none. */
const struct ref_tag *ref_tag(const struct ref_tags *tags, const char *name);

/* What stands between colons, without white space around it. */
struct ref_list {
	struct as_buf *items;
	size_t count;
};
struct ref_list ref_list(struct as_arena *arena, const struct as_buf *value);
bool ref_list_has(struct as_arena *arena, const struct as_buf *value, const char *word);

/* Without any white space. */
struct as_buf ref_unspaced(struct as_arena *arena, const struct as_buf *value);
bool ref_base64(struct as_arena *arena, const struct as_buf *value, struct as_buf *bytes);

struct ref_question {
	const struct as_buf *text; /* what is signed */
	const struct as_buf *b;
	bool is_ed25519;
	bool is_subdomain; /* i= is below d= */
};

/* RFC 6376 6.1.2, 6.1.3 over the records of that name. */
enum as_code ref_ask_keys(struct as_arena *arena, const struct dkim_reference_world *world, const char *name,
			  const struct ref_question *question);

#endif
