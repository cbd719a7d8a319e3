/* SPDX-License-Identifier: BSD-2-Clause */
/* dkim_world.h - verifies raw messages over the fake DNS: what the tests of DKIM and ARC share. */
#ifndef AS_TEST_DKIM_WORLD_H
#define AS_TEST_DKIM_WORLD_H

#include "arc_chain.h"
#include "dkim_verify.h"
#include "dns_fake.h"

#include <stdbool.h>

enum { AS_DKIM_NOW = 1795323600 }; /* the clock stands there */

struct as_dkim_world {
	struct as_arena *arena;
	struct as_dns_fake *fake;
	struct as_dns *dns;
	struct as_dns_set *set;
	struct as_dkim_lib *lib;
	struct as_dkim_options options; /* the usual ones; change what matters */
	const char *author;             /* example.com */
	size_t piece;                   /* body bytes given at once; 0: all */
	size_t most_fields;             /* of a header; default: very many */
};

/* lib is borrowed. */
struct as_dkim_world *as_dkim_world_new(struct as_dkim_lib *lib);
void as_dkim_world_free(struct as_dkim_world *world);

/* One TXT record. */
void as_dkim_world_txt(struct as_dkim_world *world, const char *name, const char *text);

/* Verifies a message with CRLF line ends. A line without a colon is a field without a value. */
struct as_dkim_outcome as_dkim_world_verify(struct as_dkim_world *world, const char *message, size_t n);

/* The same for its ARC chain. */
struct as_arc_outcome as_dkim_world_chain(struct as_dkim_world *world, const char *message, size_t n);

/* Is the result what was expected, with that reason (NULL: none)? If not, both are printed. */
bool as_dkim_world_is(const char *name, enum as_code got, const char *got_reason, enum as_code code, const char *reason);

#endif
