/* SPDX-License-Identifier: BSD-2-Clause */
/* rule_crowd.h - the recipients of a message, for rules that look at them: which of them a rule takes. Private to rule_match.c.
 *
 * A rule with V values costs min(R, V) searches among R recipients, so that all rules together cost little more than reading them once,
 * however many recipients a stranger names.
 */
#ifndef AS_RULE_CROWD_H
#define AS_RULE_CROWD_H

#include "arena.h"
#include "rule.h"

#include <stdbool.h>
#include <stddef.h>

struct as_crowd;

/* recipients are borrowed; the crowd is in arena. All are free at first; those that are the same one count once. */
struct as_crowd *as_crowd_new(struct as_arena *arena, const struct as_recipient *recipients, size_t count);

/* How many are free. */
size_t as_crowd_left(const struct as_crowd *crowd);

/* Are there free ones that fulfil the rule's conditions of a recipient? keeps: they are not free after that. */
bool as_crowd_take(struct as_crowd *crowd, const struct as_rule *rule, bool keeps);

#endif
