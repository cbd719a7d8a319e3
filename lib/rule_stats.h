/* SPDX-License-Identifier: BSD-2-Clause */
/* rule_stats.h - how often and when rules matched: what outlives the daemon in a small file, for `assayd -n` and the metrics.
 *
 * A rule is known by its name and the fingerprint of its conditions: with other conditions it is another rule and counts anew. The file is
 * lines of text, one for each rule; what cannot be read of it is left out.
 */
#ifndef AS_RULE_STATS_H
#define AS_RULE_STATS_H

#include "arena.h"
#include "err.h"
#include "str.h"

#include <stddef.h>
#include <stdint.h>

struct as_rule_stat {
	const char *name;
	uint64_t fingerprint;
	int64_t since_s; /* since when it is counted */
	uint64_t hits;
	int64_t last_s;  /* 0: never */
};

struct as_rule_stats {
	size_t count;
	struct as_rule_stat *list; /* by name and fingerprint */
};

enum { AS_RULE_STATS_FILE_MAX = 16 << 20 };

/* The record of a rule; NULL: there is none. */
const struct as_rule_stat *as_rule_stats_find(const struct as_rule_stats *stats, const char *name, uint64_t fingerprint);

/* By name and fingerprint; for qsort(3) and bsearch(3). */
int as_rule_stat_compare(const void *one, const void *other);

/* Puts the list in order, as_rule_stats_find() needs it so. */
void as_rule_stats_sort(struct as_rule_stats *stats);

/* What the text of a file says. Returns the number of the first line that is damaged, 0 without. Strings in the arena. */
size_t as_rule_stats_parse(struct as_arena *arena, const char *text, struct as_rule_stats *stats);
void as_rule_stats_print(struct as_buf *out, const struct as_rule_stats *stats);

/* Reads a file. AS_ERR_SYSTEM: it cannot be read (errno); AS_ERR_LIMIT: it is over AS_RULE_STATS_FILE_MAX; AS_ERR_SYNTAX: lines of it were
 * left out. *detail says more, in the arena; stats holds what there is in every case. */
enum as_err as_rule_stats_load(struct as_arena *arena, const char *file, struct as_rule_stats *stats, const char **detail);

#endif
