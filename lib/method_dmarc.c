/* SPDX-License-Identifier: BSD-2-Clause */
/* method_dmarc.c - DMARC as a method: RFC 9989 over the outcomes of SPF and DKIM (DM-61). A message without one Author Domain is
 * permerror here and has its own row in the decision (DM-2, DM-4). */
#include "config.h"

#include "method.h"

static void dmarc_author(struct as_message *message)
{
	if (message->env->settings->dmarc.enable && message->from.status == AS_FROM_ONE)
		as_dmarc_start(message->dns, message->from.domain);
}

static void report(struct as_message *message, const struct as_dmarc_outcome *outcome)
{
	struct as_result *result = as_results_add(message->arena, &message->results, "dmarc", outcome->code);
	result->reason = outcome->reason;
	result->has_dnssec = outcome->weakest != NULL;
	result->dnssec = outcome->dnssec;
	as_result_identity(result, "header", "from", outcome->author_domain);
	if (outcome->record)
		as_result_property(result, "policy", "dmarc", as_dmarc_policy_name(outcome->policy));
}

static void dmarc_finish(struct as_message *message)
{
	const struct as_settings *settings = message->env->settings;
	if (!settings->dmarc.enable)
		return;
	struct as_dmarc_outcome *outcome = as_alloc(message->arena, sizeof *outcome);
	message->dmarc = outcome;
	if (message->from.status != AS_FROM_ONE) {
		outcome->code = AS_PERMERROR;
		outcome->reason = message->from.reason;
	} else {
		struct as_dmarc_request request = {
			.author_domain = message->from.domain,
			.spf = message->spf,
			.dkim = message->dkim,
			.discovery = settings->dmarc.discovery,
			.psl = message->env->psl,
			.is_client_unknown = message->client_trouble != NULL,
		};
		as_dmarc_check(message->arena, message->dns, &request, outcome);
	}
	report(message, outcome);
}

const struct as_method as_method_dmarc = {
	.name = "dmarc",
	.author = dmarc_author,
	.finish = dmarc_finish,
};
