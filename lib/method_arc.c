/* SPDX-License-Identifier: BSD-2-Clause */
/* method_arc.c - ARC as a method: one result when there is a chain to speak of, RFC 8617 6. The decision does not look at it (AR-11). */
#include "config.h"

#include "method.h"

#include "str.h"

static void arc_eoh(struct as_message *message)
{
	const struct as_settings *settings = message->env->settings;
	if (!settings->arc.enable)
		return;
	struct as_arc_options options = {
		.minimum_key_bits = (unsigned)settings->dkim.minimum_key_bits,
		.accepts_length = settings->dkim.accept_length_tag,
		.now_s = message->now_s,
		.drift_s = settings->dkim.clock_drift_s,
	};
	message->arc_state = as_arc_begin(message->arena, message->dns, message->bodies, &options, &message->fields);
}

static void report(struct as_message *message, const struct as_arc_outcome *outcome)
{
	const struct as_ip *client = &message->client;
	struct as_result *result = as_results_add(message->arena, &message->results, "arc", outcome->code);
	result->reason = outcome->reason;
	result->has_dnssec = outcome->was_asked;
	result->dnssec = outcome->dnssec;
	if (client->family)
		as_result_property(result, "smtp", "remote-ip", as_ip_text(client, as_alloc(message->arena, AS_IP_TEXT)));
	if (outcome->has_oldest_pass)
		as_result_property(result, "header", "oldest-pass", as_printf(message->arena, "%u", outcome->oldest_pass));
}

static void arc_finish(struct as_message *message)
{
	if (!message->env->settings->arc.enable)
		return;
	struct as_arc_outcome *outcome = as_alloc(message->arena, sizeof *outcome);
	as_arc_finish(message->arc_state, outcome);
	message->arc = outcome;
	if (outcome->code != AS_NONE) /* most messages have no chain: nothing to say about it */
		report(message, outcome);
}

const struct as_method as_method_arc = {
	.name = "arc",
	.eoh = arc_eoh,
	.finish = arc_finish,
};
