/* SPDX-License-Identifier: BSD-2-Clause */
/* shadow.c - judges a message with a shadow configuration.
 *
 * Facts are shared, but for those that depend on the lists and rules of the settings. Where these lead to a lookup that the configuration
 * in force did not make, the shadow decides twice: as if such lookups had shown nothing, and as if all of them had spoken for the message.
 * When both come to the same, nothing hangs on them.
 */
#include "config.h"

#include "shadow.h"

#include "facts.h"
#include "message.h"
#include "method.h"

#include <string.h>

static void take_evidence(struct as_facts *facts, const struct as_evidence *evidence)
{
	facts->evidence = evidence;
	facts->list_id = evidence ? evidence->list : NULL;
}

/* Returns what as_evidence_find() says of missing lookups. */
static const struct as_evidence *find_evidence(struct as_message *message, const struct as_settings *settings, struct as_facts *facts)
{
	const struct as_evidence *most;
	struct as_dns_set *held = as_dns_set_new_held(message->dns);
	take_evidence(facts, as_evidence_find(message, settings, held, &most));
	as_dns_set_free(held);
	return most;
}

static bool same_reply(const struct as_decision *a, const struct as_decision *b)
{
	return a->reply_code == b->reply_code && (!a->reply_code || strcmp(a->enhanced, b->enhanced) == 0);
}

static enum as_verb verb_of(const struct as_decision *decision, bool is_report_only)
{
	return is_report_only ? decision->computed : decision->verb;
}

static enum as_shadow_kind compare(const struct as_decision *a, const struct as_decision *b, bool is_report_only)
{
	if (verb_of(a, is_report_only) != verb_of(b, is_report_only))
		return AS_SHADOW_OTHER_ACTION;
	return strcmp(a->rule, b->rule) == 0 && same_reply(a, b) ? AS_SHADOW_SAME : AS_SHADOW_OTHER_RULE;
}

void as_shadow_judge(struct as_message *message, const struct as_facts *in_force)
{
	const struct as_settings *active = message->env->settings, *settings = active->shadow.settings;
	const bool is_report_only = active->report_only && settings->report_only, is_judged = !message->skipped_by;
	const struct as_evidence *most = NULL;
	struct as_facts facts = *in_force;
	struct as_decision decision;
	struct as_shadow *shadow = as_alloc(message->arena, sizeof *shadow);
	message->shadow = shadow;
	facts.is_trusted = as_facts_is_trusted(settings, &facts.client);
	facts.relay = in_force->relay ? &settings->relays[in_force->relay - active->relays] : NULL;
	if (!is_judged && !facts.had_internal_error && !as_policy_skips(settings, &facts)) {
		shadow->kind = AS_SHADOW_UNKNOWN;
		return;
	}
	as_facts_collect(message, settings, &facts);
	if (is_judged && !active->shadow.shares_evidence)
		most = find_evidence(message, settings, &facts);
	as_policy_decide(message->arena, settings, &facts, &decision);
	shadow->kind = compare(&message->decision, &decision, is_report_only);
	shadow->decision = decision;
	shadow->in_force = verb_of(&message->decision, is_report_only);
	shadow->tried = verb_of(&decision, is_report_only);
	if (!most)
		return;
	take_evidence(&facts, most);
	as_policy_decide(message->arena, settings, &facts, &decision);
	if (compare(&shadow->decision, &decision, is_report_only) != AS_SHADOW_SAME)
		*shadow = (struct as_shadow){ .kind = AS_SHADOW_UNKNOWN };
}
