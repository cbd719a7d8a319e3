/* SPDX-License-Identifier: BSD-2-Clause */
/* edits.c - header edits of one message. */
#include "config.h"

#include "edits.h"

#include "authres.h"
#include "field.h"
#include "str.h"

/* The names of our own fields, in the order of struct as_message's counters. */
static const char *const own_names[AS_OWN_FIELDS] = { "Authentication-Results", AS_ACTION_FIELD };

enum { AUTHENTICATION_RESULTS, ACTION };

static void add_forged(struct as_message *message, const char *name, unsigned instance)
{
	message->forged = as_grow(message->arena, message->forged, message->forged_count, sizeof *message->forged);
	message->forged[message->forged_count++] = (struct as_forged){ name, instance };
}

/* Called for every field of that name, also beyond the cap of the header: it leaves nothing in the message's memory. */
static bool is_claim(const char *value, size_t n, const char *own)
{
	struct as_arena *arena = as_arena_new();
	bool claims = as_authres_claims(arena, value, n, own);
	as_arena_free(arena);
	return claims;
}

/* Does one stand behind a bare line end, where the MTA sees no field? Each is read up to the next one. Too many of them count as ours
 * unread. */
static bool hides_claim(const struct as_message *message, const char *value, size_t n)
{
	if (as_field_hidden(value, n, own_names[ACTION]))
		return true;
	size_t seen = 0;
	for (size_t at = as_field_hidden(value, n, own_names[AUTHENTICATION_RESULTS]); at; seen++) {
		value += at;
		n -= at;
		at = as_field_hidden(value, n, own_names[AUTHENTICATION_RESULTS]);
		if (seen == AS_FORGED_MAX || is_claim(value, at ? at : n, message->hostname))
			return true;
	}
	return false;
}

void as_edits_note(struct as_message *message, const char *name, size_t name_length, const char *value, size_t value_length)
{
	message->hides_forged = message->hides_forged || hides_claim(message, value, value_length);
	for (size_t i = 0; i < AS_OWN_FIELDS && message->forged_count <= AS_FORGED_MAX; i++) {
		if (!as_field_is_addressed(name, name_length, own_names[i]))
			continue;
		unsigned instance = ++message->own_seen[i];
		if (i == ACTION || instance > AS_CLAIMS_READ_MAX || is_claim(value, value_length, message->hostname))
			add_forged(message, own_names[i], instance);
	}
}

static const char *action_value(struct as_message *message)
{
	const struct as_decision *decision = &message->decision;
	return as_printf(message->arena, " %s; rule=%s", as_verb_name(decision->verb), decision->rule);
}

const struct as_edit *as_edits_make(struct as_message *message, size_t *count)
{
	struct as_edit *edits = as_alloc_array(message->arena, message->forged_count + AS_OWN_FIELDS, sizeof *edits);
	size_t n = 0;
	for (size_t i = message->forged_count; i > 0; i--)
		edits[n++] = (struct as_edit){ .kind = AS_EDIT_DELETE,
					       .name = message->forged[i - 1].name,
					       .instance = message->forged[i - 1].instance };
	enum as_verb verb = message->decision.verb;
	if (verb == AS_VERB_TAG || verb == AS_VERB_QUARANTINE)
		edits[n++] = (struct as_edit){ .kind = AS_EDIT_INSERT, .name = own_names[ACTION], .value = action_value(message) };
	if (!message->decision.is_skipped || message->results.count)
		edits[n++] = (struct as_edit){
			.kind = AS_EDIT_INSERT,
			.name = own_names[AUTHENTICATION_RESULTS],
			.value = as_authres_write(message->arena, message->hostname, message->results.list, message->results.count,
						  message->env->settings->dnssec_mark),
		};
	*count = n;
	return edits;
}
