/* SPDX-License-Identifier: BSD-2-Clause */
/* tally.h - counters by name, for rows of the built-in table and rules of the configuration.
 *
 * Names come from the configuration and stay for good, since a counter that vanishes with a reload and comes back would be a lie; after
 * AS_TALLY_MAX of them all others share one. Finding, adding and counting take no lock. Any thread.
 */
#ifndef AS_TALLY_H
#define AS_TALLY_H

#include "arena.h"

#include <stdatomic.h>
#include <stddef.h>

enum { AS_TALLY_MAX = 65536 };
#define AS_TALLY_OTHER "(other)" /* no rule has parentheses in its name */

struct as_tally;

struct as_tally_entry {
	struct as_tally_entry *next;
	atomic_ullong decided; /* messages */
	char name[];
};

struct as_tally *as_tally_new(void);
void as_tally_free(struct as_tally *tally); /* NULL is allowed */

/* The entry of that name, made when there is none. Never NULL. */
struct as_tally_entry *as_tally_get(struct as_tally *tally, const char *name);

/* All of them, by name. Arena memory. */
struct as_tally_entry **as_tally_list(struct as_arena *arena, const struct as_tally *tally, size_t *count);

#endif
