/* SPDX-License-Identifier: BSD-2-Clause */
/* apply.h - carries a verdict out at the MTA. */
#ifndef AS_APPLY_H
#define AS_APPLY_H

#include "engine.h"
#include "log.h"

#include <libmilter/mfapi.h>

/* For the end-of-message callback only. Header edits in the order given, and none for a message that is refused. What cannot
 * be carried out makes the message temporarily refused: delivering it with forged fields left in would be worse.
 * has_leading_space: SMFIP_HDR_LEADSPC was negotiated. Returns what the callback returns. */
sfsistat as_apply(SMFICTX *ctx, const struct as_log *log, const char *queue_id, const struct as_verdict *verdict,
		  bool has_leading_space);

/* Sets the reply of a refusal; text may hold "%". When the MTA's library does not take it, its own words are used. */
void as_apply_reply(SMFICTX *ctx, const struct as_log *log, const char *queue_id, unsigned code, const char *enhanced, const char *text);

#endif
