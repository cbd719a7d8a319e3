/* SPDX-License-Identifier: BSD-2-Clause */
/* trace.h - the explanation of a decision: everything it rests on, as one line of JSON, and that line as text for people. */
#ifndef AS_TRACE_H
#define AS_TRACE_H

#include "engine.h"
#include "err.h"

#include <stdint.h>

/* A judged message as one JSON object in one line of printable ASCII, without a line end. Local parts of addresses are left out unless
 * log.local-parts asks for them. Foreign text is escaped and cut. After as_engine_eom() and before as_engine_end(); ms: how long the
 * end of the message took. Arena memory of the message. */
const char *as_trace_make(struct as_message *message, const struct as_verdict *verdict, const char *queue_id, int64_t ms);

/* The line as text for people. AS_ERR_SYNTAX: not such a line. Arena memory; pure. */
enum as_err as_trace_text(struct as_arena *arena, const char *line, const char **text);

/* Does this line explain the message with that queue id or decision id? Pure. */
bool as_trace_is_about(const char *line, const char *id);

/* A short name for a decision, for the SMTP reply: ten letters and digits that no other message is likely to get. Arena memory. */
const char *as_trace_id(struct as_arena *arena, const char *queue_id, const struct as_ip *client, int64_t now_s, int64_t now_ms);

#endif
