/* SPDX-License-Identifier: BSD-2-Clause */
/* letters.h - messages made to cost as much as they can, each with the zone that it needs. */
#ifndef AS_BENCH_LETTERS_H
#define AS_BENCH_LETTERS_H

#include "arena.h"
#include "dns_fake.h"

#include <stddef.h>

struct letter_field {
	const char *name, *value;
	size_t value_length;
};

struct letter {
	struct as_arena *arena;
	struct as_dns_fake *fake;
	const char *keys; /* folder of test keys */
	const char *client, *helo, *sender;
	unsigned resets; /* MAIL and RSET so often before the message */
	const char **recipients;
	size_t recipient_count;
	struct letter_field *fields;
	size_t field_count;
	const char *body;
	size_t body_size;
};

struct letter_kind {
	const char *name, *words;
	const char *settings; /* beside the defaults */
	void (*write)(struct letter *letter);
};

extern const struct letter_kind letter_kinds[]; /* the ordinary one first; name NULL ends */

#endif
