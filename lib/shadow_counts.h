/* SPDX-License-Identifier: BSD-2-Clause */
/* shadow_counts.h - counts what a shadow configuration would have decided. It belongs to its as_env: with a reload a new one begins. */
#ifndef AS_SHADOW_COUNTS_H
#define AS_SHADOW_COUNTS_H

#include "arena.h"
#include "settings.h"

#include <stdatomic.h>

enum { AS_SHADOW_VERBS = AS_VERB_REJECT + 1 };

/* Zeroed at first. Any thread adds and reads. */
struct as_shadow_counts {
	atomic_ullong pairs[AS_SHADOW_VERBS][AS_SHADOW_VERBS]; /* by the action in force and that of the shadow */
	atomic_ullong other_rule; /* those of equal actions by another rule or with another code */
	atomic_ullong unknown;    /* not in the others: what hangs on a lookup that was not made */
};

void as_shadow_count(struct as_shadow_counts *counts, enum as_verb in_force, enum as_verb tried, bool is_other_rule);
void as_shadow_count_unknown(struct as_shadow_counts *counts);

/* "messages=9 differ=2 tag-to-reject=2 other-rule=0 unknown=1". Arena memory. */
const char *as_shadow_counts_text(struct as_arena *arena, struct as_shadow_counts *counts);

#endif
