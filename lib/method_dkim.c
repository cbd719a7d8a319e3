/* SPDX-License-Identifier: BSD-2-Clause */
/* method_dkim.c - DKIM as a method: one result for each signature (RFC 8601 2.7.1, DK-22). */
#include "config.h"

#include "method.h"

static void dkim_eoh(struct as_message *message)
{
	const struct as_settings *settings = message->env->settings;
	if (!settings->dkim.enable)
		return;
	struct as_dkim_options options = {
		.minimum_key_bits = (unsigned)settings->dkim.minimum_key_bits,
		.maximum_signatures = (unsigned)settings->dkim.maximum_signatures,
		.accepts_length = settings->dkim.accept_length_tag,
		.now_s = message->now_s,
		.drift_s = settings->dkim.clock_drift_s,
	};
	message->dkim_state = as_dkim_begin(message->arena, message->env->dkim, message->dns, message->bodies, &options,
					    &message->fields, message->from.domain);
}

/* What a pass does not say of itself, or NULL (DK-17). */
static const char *remark(const struct as_dkim_signature *signature)
{
	if (signature->has_unsigned_tail)
		return "part of the body is not signed";
	return signature->is_testing ? "key is in test mode" : NULL;
}

static void report(struct as_message *message, const struct as_dkim_signature *signature)
{
	struct as_result *result = as_results_add(message->arena, &message->results, "dkim", signature->code);
	result->reason = signature->code == AS_PASS ? remark(signature) : signature->reason;
	result->has_dnssec = signature->was_asked;
	result->dnssec = signature->dnssec;
	as_result_identity(result, "header", "d", signature->domain);
	as_result_identity(result, "header", "i", signature->identity);
	as_result_property(result, "header", "s", signature->selector);
	as_result_property(result, "header", "a", signature->algorithm);
	as_result_property(result, "header", "b", signature->b);
}

static void dkim_finish(struct as_message *message)
{
	if (!message->dkim_state)
		return;
	struct as_dkim_outcome *outcome = as_alloc(message->arena, sizeof *outcome);
	as_dkim_finish(message->dkim_state, outcome);
	message->dkim = outcome;
	for (size_t i = 0; i < outcome->count; i++)
		report(message, &outcome->signatures[i]);
	if (outcome->count == 0)
		as_results_add(message->arena, &message->results, "dkim", AS_NONE);
}

const struct as_method as_method_dkim = {
	.name = "dkim",
	.eoh = dkim_eoh,
	.finish = dkim_finish,
};
