/* SPDX-License-Identifier: BSD-2-Clause */
/* method_spf.c - SPF as a method: the MAIL FROM identity and, beside it, the HELO identity (RFC 7208 2.3, 2.4; SP-1, SP-2, SP-28).
 *
 * With a null sender the MAIL FROM identity is postmaster@HELO: one check, reported with smtp.helo.
 */
#include "config.h"

#include "method.h"

static const char *helo_of(const struct as_message *message)
{
	return message->helo ? message->helo : "";
}

static struct as_spf_request request_for(const struct as_message *message, const char *local, const char *domain)
{
	return (struct as_spf_request){
		.client = message->client,
		.helo = helo_of(message),
		.local = local,
		.domain = domain,
		.receiver = message->hostname,
		.now_s = message->now_s,
	};
}

static struct as_spf_request helo_request(const struct as_message *message)
{
	return request_for(message, "postmaster", helo_of(message));
}

static struct as_spf_request mail_request(const struct as_message *message)
{
	if (message->has_null_sender)
		return helo_request(message);
	return request_for(message, message->envelope_local, message->envelope_domain);
}

/* Only a reply has room for it. */
static bool says_explanation(const struct as_settings *settings)
{
	return settings->spf.explanation && settings->spf.on_fail >= AS_VERB_TEMPFAIL && !settings->report_only;
}

static bool is_enabled(const struct as_message *message)
{
	return message->env->settings->spf.enable && message->client.family != 0;
}

/* The HELO name is known before the message is: its lookups warm the cache. */
static void spf_helo(struct as_session *session)
{
	if (!session->env->settings->spf.enable || session->client.family == 0)
		return;
	struct as_spf_request request = {
		.client = session->client,
		.helo = session->helo,
		.local = "postmaster",
		.domain = session->helo,
		.receiver = session->hostname,
		.now_s = as_clock_wall_s(session->env->clock),
	};
	as_spf_start(session->early, &request);
}

static void spf_client(struct as_message *message)
{
	if (!is_enabled(message))
		return;
	struct as_spf_request request = mail_request(message);
	as_spf_start(message->dns, &request);
	if (message->has_null_sender)
		return;
	request = helo_request(message);
	as_spf_start(message->dns, &request);
}

static struct as_spf_outcome *check(struct as_message *message, const struct as_spf_request *request)
{
	struct as_spf_outcome *outcome = as_alloc(message->arena, sizeof *outcome);
	as_spf_check(message->arena, message->dns, request, outcome);
	return outcome;
}

static void report(struct as_message *message, const struct as_spf_outcome *outcome, const char *property, const char *claimed)
{
	struct as_result *result = as_results_add(message->arena, &message->results, "spf", outcome->code);
	result->reason = outcome->reason;
	result->has_dnssec = outcome->weakest != NULL;
	result->dnssec = outcome->dnssec;
	if (outcome->domain || (claimed && *claimed))
		as_result_identity(result, "smtp", property, outcome->domain ? outcome->domain : claimed);
}

/* A relay does not tell its client: nobody knows what SPF would say. */
static void finish_unknown(struct as_message *message)
{
	struct as_spf_outcome *outcome = as_alloc(message->arena, sizeof *outcome);
	message->spf = outcome;
	as_spf_unknown(message->arena, message->has_null_sender ? NULL : message->envelope_domain,
		       as_printf(message->arena, "client not known: %s", message->client_trouble), outcome);
	report(message, outcome, "mailfrom", message->has_null_sender ? NULL : message->envelope_domain);
}

static void spf_finish(struct as_message *message)
{
	if (message->env->settings->spf.enable && message->client_trouble)
		finish_unknown(message);
	if (!is_enabled(message))
		return;
	const char *helo = helo_of(message);
	struct as_spf_request request = mail_request(message);
	request.wants_explanation = says_explanation(message->env->settings);
	message->spf = check(message, &request);
	if (message->has_null_sender) {
		report(message, message->spf, "helo", helo);
		return;
	}
	report(message, message->spf, "mailfrom", message->envelope_domain);
	request = helo_request(message);
	message->spf_helo = check(message, &request);
	if (message->spf_helo->code != AS_NONE)
		report(message, message->spf_helo, "helo", helo);
}

const struct as_method as_method_spf = {
	.name = "spf",
	.helo = spf_helo,
	.client = spf_client,
	.finish = spf_finish,
};
