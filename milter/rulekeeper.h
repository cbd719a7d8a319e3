/* SPDX-License-Identifier: BSD-2-Clause */
/* rulekeeper.h - when the rules of the present configuration matched, across reloads and restarts.
 *
 * Messages count into the tally; this adds what a file knows from before, and a thread of its own writes the file anew. Nobody waits for
 * the disk; what cannot be written is tried again.
 */
#ifndef AS_RULEKEEPER_H
#define AS_RULEKEEPER_H

#include "log.h"
#include "rule_stats.h"
#include "settings.h"
#include "tally.h"

struct as_rulekeeper;

/* Starts the thread; log and tally are borrowed and outlive it. Signals are blocked by now. NULL when no thread can be made. */
struct as_rulekeeper *as_rulekeeper_new(const struct as_log *log, struct as_tally *tally);

/* Writes what is new, stops the thread. NULL is allowed. */
void as_rulekeeper_free(struct as_rulekeeper *keeper);

/* From now on these rules count. Reads settings->rule_statistics when that is another file than before. For one thread. */
void as_rulekeeper_adopt(struct as_rulekeeper *keeper, const struct as_settings *settings, int64_t now_s);

/* Has the file written if anything is new. For the same thread. */
void as_rulekeeper_save(struct as_rulekeeper *keeper);

/* How often and when each rule matched, now. Any thread. */
struct as_rule_stats as_rulekeeper_look(struct as_arena *arena, struct as_rulekeeper *keeper);

#endif
