/* SPDX-License-Identifier: BSD-2-Clause */
/* shadow_counts.c - counts by pairs of actions. */
#include "config.h"

#include "shadow_counts.h"

#include "str.h"

void as_shadow_count(struct as_shadow_counts *counts, enum as_verb in_force, enum as_verb tried, bool is_other_rule)
{
	atomic_fetch_add(&counts->pairs[in_force][tried], 1);
	atomic_fetch_add(&counts->other_rule, is_other_rule);
}

void as_shadow_count_unknown(struct as_shadow_counts *counts)
{
	atomic_fetch_add(&counts->unknown, 1);
}

const char *as_shadow_counts_text(struct as_arena *arena, struct as_shadow_counts *counts)
{
	struct as_buf pairs = as_buf_new(arena);
	unsigned long long unknown = atomic_load(&counts->unknown), messages = unknown, differ = 0;
	for (size_t i = 0; i < AS_SHADOW_VERBS; i++) {
		for (size_t j = 0; j < AS_SHADOW_VERBS; j++) {
			unsigned long long n = atomic_load(&counts->pairs[i][j]);
			messages += n;
			if (!n || i == j)
				continue;
			differ += n;
			as_buf_printf(&pairs, " %s-to-%s=%llu", as_verb_name((enum as_verb)i), as_verb_name((enum as_verb)j), n);
		}
	}
	return as_printf(arena, "messages=%llu differ=%llu%s other-rule=%llu unknown=%llu", messages, differ, pairs.text,
			 atomic_load(&counts->other_rule), unknown);
}
