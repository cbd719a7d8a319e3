/* SPDX-License-Identifier: BSD-2-Clause */
/* apply.c - the only file that changes a message or words a reply.
 *
 * The edits come deletions first, highest instance first, then insertions at 0 (RE-6, RE-7): with Postfix 0 is the top, and an
 * insertion above Received makes Postfix count its own Received field like any other.
 */
#include "config.h"

#include "apply.h"

#include "str.h"

#include <stdio.h>

static bool apply_edit(SMFICTX *ctx, const struct as_edit *edit, bool has_leading_space)
{
	if (edit->kind == AS_EDIT_DELETE)
		return smfi_chgheader(ctx, (char *)edit->name, (int)edit->instance, NULL) == MI_SUCCESS;
	const char *value = edit->value;
	if (!has_leading_space && *value == ' ')
		value++; /* this MTA adds one */
	return smfi_insheader(ctx, (int)edit->instance, (char *)edit->name, (char *)value) == MI_SUCCESS;
}

static bool apply_edits(SMFICTX *ctx, const struct as_verdict *verdict, bool has_leading_space)
{
	for (size_t i = 0; i < verdict->edit_count; i++) {
		if (!apply_edit(ctx, &verdict->edits[i], has_leading_space))
			return false;
	}
	return true;
}

void as_apply_reply(SMFICTX *ctx, const struct as_log *log, const char *queue_id, unsigned code, const char *enhanced, const char *text)
{
	/* SM-3: the text is a format to the MTA. */
	struct as_arena *arena = as_arena_new();
	struct as_buf doubled = as_buf_new(arena);
	for (const char *p = text ? text : ""; *p; p++) {
		if (*p == '%')
			as_buf_putc(&doubled, '%');
		as_buf_putc(&doubled, *p);
	}
	char digits[16];
	snprintf(digits, sizeof digits, "%u", code);
	if (smfi_setreply(ctx, digits, (char *)enhanced, doubled.text) != MI_SUCCESS)
		as_log(log, AS_LOG_ERROR, queue_id, "reply text refused by libmilter: %u %s", code, text ? text : "");
	as_arena_free(arena);
}

static sfsistat refuse(SMFICTX *ctx, const struct as_log *log, const char *queue_id, const struct as_decision *decision, sfsistat status)
{
	as_apply_reply(ctx, log, queue_id, decision->reply_code, decision->enhanced, decision->text);
	return status;
}

sfsistat as_apply(SMFICTX *ctx, const struct as_log *log, const char *queue_id, const struct as_verdict *verdict,
		  bool has_leading_space)
{
	const struct as_decision *decision = verdict->decision;
	if (decision->verb == AS_VERB_REJECT)
		return refuse(ctx, log, queue_id, decision, SMFIS_REJECT);
	if (decision->verb == AS_VERB_TEMPFAIL)
		return refuse(ctx, log, queue_id, decision, SMFIS_TEMPFAIL);
	if (!apply_edits(ctx, verdict, has_leading_space)) {
		as_log(log, AS_LOG_ERROR, queue_id, "header edit refused by libmilter, message deferred");
		return SMFIS_TEMPFAIL;
	}
	const char *reason = decision->reason ? decision->reason : decision->rule;
	if (decision->verb == AS_VERB_QUARANTINE && smfi_quarantine(ctx, (char *)reason) != MI_SUCCESS) {
		as_log(log, AS_LOG_ERROR, queue_id, "quarantine refused by libmilter, message deferred");
		return SMFIS_TEMPFAIL;
	}
	return SMFIS_CONTINUE;
}
