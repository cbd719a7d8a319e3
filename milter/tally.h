/* SPDX-License-Identifier: BSD-2-Clause */
/* tally.h - counters by name, for rows of the built-in table and rules of the configuration, and by what a rule says.
 *
 * Names come from the configuration and stay for good, since a counter that vanishes with a reload and comes back would be a lie; after
 * AS_TALLY_MAX of them all others share one. Finding, adding and counting take no lock. Any thread.
 */
#ifndef AS_TALLY_H
#define AS_TALLY_H

#include "arena.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

enum { AS_TALLY_MAX = 65536 };
#define AS_TALLY_OTHER "(other)" /* no rule has parentheses in its name */

struct as_tally;

struct as_tally_entry {
	struct as_tally_entry *next;
	uint64_t fingerprint;
	atomic_ullong decided, hits; /* messages */
	atomic_llong last_s;         /* of the latest hit */
	char name[];
};

struct as_tally *as_tally_new(void);
void as_tally_free(struct as_tally *tally); /* NULL is allowed */

/* The entry of that name and fingerprint (0: the name alone), made when there is none. Never NULL. */
struct as_tally_entry *as_tally_get(struct as_tally *tally, const char *name, uint64_t fingerprint);

void as_tally_hit(struct as_tally_entry *entry, int64_t now_s);

/* The hits of all entries of that name. */
uint64_t as_tally_hits(const struct as_tally *tally, const char *name);

/* Those of a name alone, by name. Arena memory. */
struct as_tally_entry **as_tally_list(struct as_arena *arena, const struct as_tally *tally, size_t *count);

#endif
