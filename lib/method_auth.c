/* SPDX-License-Identifier: BSD-2-Clause */
/* method_auth.c - SMTP AUTH as a method, RFC 8601 2.7.4: what the MTA says of a client that logged in, also of one that is not judged.
 * Whoever gets the message reads it, so the name of the login is written only when asked for. */
#include "config.h"

#include "method.h"

static void auth_finish(struct as_message *message)
{
	enum as_auth_results what = message->env->settings->auth_results;
	if (what == AS_AUTH_RESULTS_NONE || !message->is_authenticated)
		return;
	struct as_result *result = as_results_add(message->arena, &message->results, "auth", AS_PASS);
	result->comment = message->login_mechanism;
	if (what == AS_AUTH_RESULTS_FULL)
		as_result_identity(result, "smtp", "auth", message->login_name);
	if (*message->envelope_domain)
		as_result_identity(result, "smtp", "mailfrom", message->envelope_domain);
}

const struct as_method as_method_auth = {
	.name = "auth",
	.sees_skipped = true,
	.finish = auth_finish,
};
