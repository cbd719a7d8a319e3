/* SPDX-License-Identifier: BSD-2-Clause */
/* method_iprev.c - reverse DNS of the client as a method, RFC 8601 2.7.3. Its questions have a budget of their own and it waits after
 * all others: a reverse zone that does not answer takes nothing from them. */
#include "config.h"

#include "method.h"

#include "str.h"

static bool is_enabled(const struct as_settings *settings, const struct as_ip *client)
{
	return settings->iprev.enable && client->family != 0;
}

/* The address is the first thing known: its lookups warm the cache. */
static void iprev_connect(struct as_session *session)
{
	if (is_enabled(session->env->settings, &session->client))
		as_iprev_start(session->early, &session->client);
}

static void iprev_client(struct as_message *message)
{
	if (is_enabled(message->env->settings, &message->client))
		as_iprev_start(message->dns, &message->client);
}

static void iprev_finish(struct as_message *message)
{
	const struct as_ip *client = &message->client;
	if (!is_enabled(message->env->settings, &message->client))
		return;
	struct as_iprev_outcome *outcome = as_alloc(message->arena, sizeof *outcome);
	as_iprev_check(message->arena, message->dns, client, outcome);
	message->iprev = outcome;
	struct as_result *result = as_results_add(message->arena, &message->results, "iprev", outcome->code);
	result->reason = outcome->reason;
	result->has_dnssec = true;
	result->dnssec = outcome->dnssec;
	as_result_property(result, "policy", "iprev", as_ip_text(client, as_alloc(message->arena, AS_IP_TEXT)));
}

const struct as_method as_method_iprev = {
	.name = "iprev",
	.connect = iprev_connect,
	.client = iprev_client,
	.finish = iprev_finish,
};
