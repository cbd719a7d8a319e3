/* SPDX-License-Identifier: BSD-2-Clause */
/* engine.c - runs the methods over the events of a message, then collect, decide, describe. */
#include "config.h"

#include "engine.h"

#include "capture.h"
#include "edits.h"
#include "facts.h"
#include "logline.h"
#include "method.h"
#include "relay.h"
#include "trace.h"

#include <string.h>
#include <unistd.h>

enum {
	HELO_MAX = 512,        /* RFC 5321 4.5.3.1.4: a command line */
	PATH_MAX_BYTES = 1024, /* RFC 5321 4.5.3.1.3 asks for 256; a domain of U-labels may have 1012 */
	RECIPIENTS_MAX = 10000,
	TLS_MAX = 128,         /* a version or a cipher */
	EARLY_QUERIES = 80,    /* what a connection may ask before its first message; half of it for SPF of the HELO name */
	LOGIN_MAX = 512,
	EARLY_HELOS = 3,       /* EHLO, EHLO after STARTTLS, and one for luck */
	EARLY_MAILS = 5,       /* messages in a row whose lookups were for nothing: MAIL and RSET cost a client next to nothing */
};

/* In the order of evaluation and of the header field. DMARC stands on what comes before it, evidence on DMARC; iprev may wait long for a
 * zone that nobody else needs. */
static const struct as_method *const methods[] = {
	&as_method_auth, &as_method_spf, &as_method_dkim, &as_method_arc, &as_method_dmarc, &as_method_evidence, &as_method_iprev,
};
enum { METHODS = sizeof methods / sizeof *methods };

static char *copy_capped(struct as_arena *arena, const char *text, size_t most)
{
	return as_strndup(arena, text, strnlen(text, most));
}

static const char *own_name(struct as_arena *arena, const struct as_settings *settings, const char *from_mta)
{
	if (*settings->authserv_id)
		return settings->authserv_id;
	if (from_mta)
		return from_mta;
	char name[256] = "";
	if (gethostname(name, sizeof name - 1) != 0 || !*name)
		return "localhost";
	return as_strdup(arena, name);
}

static void release_set(void *set)
{
	as_dns_set_free(set);
}

static void release_env(void *env)
{
	as_env_unref(env);
}

/* Reverse DNS is not to use up what the others may ask. */
static struct as_dns_set *new_set(struct as_env *env, struct as_arena *arena, unsigned budget)
{
	unsigned more = env->settings->iprev.enable ? AS_IPREV_QUESTIONS : 0;
	struct as_dns_limits limits = { .budget = budget + more, .timeout_ms = env->settings->evaluation_timeout_ms };
	struct as_dns_set *set = as_dns_set_new(env->dns, &limits);
	as_defer(arena, release_set, set);
	return set;
}

struct as_session *as_engine_connect(struct as_env *env, const struct as_ip *client, const char *name, const char *hostname)
{
	struct as_arena *arena = as_arena_new();
	struct as_session *session = as_alloc(arena, sizeof *session);
	session->arena = arena;
	session->env = as_env_ref(env);
	as_defer(arena, release_env, env);
	if (client)
		session->client = *client;
	session->client_name = name ? copy_capped(arena, name, HELO_MAX) : NULL;
	session->mta_name = hostname && *hostname ? copy_capped(arena, hostname, HELO_MAX) : NULL;
	session->hostname = own_name(arena, env->settings, session->mta_name);
	/* A relay is not trusted, wherever it stands: whose mail it brings is not known yet. */
	if (as_relay_find(env->settings, &session->client) || as_facts_is_trusted(env->settings, &session->client))
		return session;
	session->early = new_set(env, arena, EARLY_QUERIES);
	for (size_t i = 0; i < METHODS; i++)
		if (methods[i]->connect)
			methods[i]->connect(session);
	return session;
}

void as_engine_helo(struct as_session *session, const char *helo)
{
	size_t n = strnlen(helo, HELO_MAX);
	if (!session->helo) /* one buffer for every HELO of the session: a client that repeats it costs no memory */
		session->helo = as_alloc(session->arena, HELO_MAX + 1);
	memcpy(session->helo, helo, n);
	session->helo[n] = '\0';
	if (!session->early || ++session->helo_count > EARLY_HELOS)
		return;
	for (size_t i = 0; i < METHODS; i++)
		if (methods[i]->helo)
			methods[i]->helo(session);
}

void as_engine_close(struct as_session *session)
{
	if (session)
		as_arena_free(session->arena);
}

/* So much of a path is kept that the domain is whole: its end. */
static char *copy_path(struct as_arena *arena, const char *path)
{
	size_t n = strlen(path);
	return as_strdup(arena, n > PATH_MAX_BYTES ? path + n - PATH_MAX_BYTES : path);
}

static void set_sender(struct as_message *message, const char *path)
{
	message->envelope_path = path = copy_path(message->arena, path);
	message->envelope_local = "";
	message->envelope_domain = "";
	message->has_null_sender = strcmp(path, "<>") == 0 || !*path;
	if (!message->has_null_sender)
		(void)as_path_parse_lax(message->arena, path, &message->envelope_local, &message->envelope_domain);
}

/* Should this client's message be judged? */
static void consider(struct as_message *message)
{
	const struct as_settings *settings = message->env->settings;
	message->is_trusted = as_facts_is_trusted(settings, &message->client);
	struct as_facts facts = {
		.client = message->client,
		.is_trusted = message->is_trusted,
		.is_authenticated = message->is_authenticated,
	};
	message->skipped_by = as_policy_skips(settings, &facts);
}

static void start_client(struct as_message *message)
{
	for (size_t i = 0; i < METHODS; i++)
		if (methods[i]->client)
			methods[i]->client(message);
}

/* The client that handed the message to the relay stands in the place of the relay. */
static void find_client(struct as_message *message)
{
	struct as_relayed relayed;
	as_relay_trace(message->arena, message->env->settings, message->relay, &message->fields, &relayed);
	message->client = relayed.client;
	message->client_name = relayed.name;
	message->helo = relayed.helo;
	message->client_trouble = relayed.trouble;
	consider(message);
	if (!message->skipped_by && !relayed.trouble)
		start_client(message);
}

struct as_message *as_engine_mail(struct as_session *session, struct as_env *env, const char *path, bool is_authenticated)
{
	struct as_arena *arena = as_arena_new();
	struct as_message *message = as_alloc(arena, sizeof *message);
	message->arena = arena;
	message->session = session;
	message->env = as_env_ref(env ? env : session->env);
	as_defer(arena, release_env, message->env);
	const struct as_settings *settings = message->env->settings;
	message->hostname = own_name(arena, settings, session->mta_name);
	message->now_s = as_clock_wall_s(message->env->clock);
	message->shortages = as_heap_shortages();
	message->is_authenticated = is_authenticated;
	set_sender(message, path);
	as_fields_init(&message->fields, arena, (size_t)settings->maximum_header_fields, (size_t)settings->maximum_header_bytes);
	message->relay = as_relay_find(settings, &session->client);
	if (!message->relay) {
		message->client = session->client;
		message->client_name = session->client_name;
		message->helo = session->helo;
	}
	consider(message);
	if (message->skipped_by)
		return message;
	message->dns = new_set(message->env, arena, (unsigned)settings->maximum_queries);
	if (session->unfinished++ < EARLY_MAILS && !message->relay)
		start_client(message);
	return message;
}

void as_engine_tls(struct as_message *message, const char *version, const char *cipher)
{
	message->tls_version = version ? copy_capped(message->arena, version, TLS_MAX) : NULL;
	message->tls_cipher = cipher ? copy_capped(message->arena, cipher, TLS_MAX) : NULL;
}

void as_engine_login(struct as_message *message, const char *mechanism, const char *name)
{
	message->login_mechanism = mechanism ? copy_capped(message->arena, mechanism, LOGIN_MAX) : NULL;
	message->login_name = name ? copy_capped(message->arena, name, LOGIN_MAX) : NULL;
}

void as_engine_rcpt(struct as_message *message, const char *path)
{
	if (message->recipient_count == RECIPIENTS_MAX)
		return;
	message->recipients = as_grow(message->arena, message->recipients, message->recipient_count, sizeof *message->recipients);
	message->recipients[message->recipient_count++] = copy_path(message->arena, path);
}

/* Its verdict is "internal error" then: a library may have taken the lack of memory for something else. So it takes no more of it. */
static bool ran_short(const struct as_message *message)
{
	return as_heap_shortages() != message->shortages;
}

void as_engine_header(struct as_message *message, const char *name, size_t name_length, const char *value, size_t value_length)
{
	if (message->recorder)
		as_capture_field(message, name, name_length, value, value_length);
	as_edits_note(message, name, name_length, value, value_length);
	message->size += (int64_t)(name_length + strlen(":") + value_length + strlen("\r\n"));
	if (!message->skipped_by && !message->has_eoh && !ran_short(message))
		as_fields_add(&message->fields, name, name_length, value, value_length);
}

void as_engine_eoh(struct as_message *message)
{
	if (message->has_eoh || message->skipped_by)
		return;
	if (message->relay)
		find_client(message);
	if (message->skipped_by)
		return;
	message->has_eoh = true;
	as_from_judge(message->arena, &message->fields, &message->from);
	message->bodies = as_body_hashes_new(message->arena);
	for (size_t i = 0; i < METHODS; i++)
		if (methods[i]->author)
			methods[i]->author(message);
	for (size_t i = 0; i < METHODS; i++)
		if (methods[i]->eoh)
			methods[i]->eoh(message);
}

bool as_engine_wants_body(const struct as_message *message)
{
	if (message->recorder && as_capture_wants_body(message))
		return true;
	if (!message->has_eoh)
		return false;
	const struct as_settings *settings = message->env->settings, *shadow = settings->shadow.settings;
	unsigned needs = as_facts_needs(settings) | (shadow ? as_facts_needs(shadow) : 0);
	return needs & AS_NEEDS_SIZE || as_body_hashes_are_needed(message->bodies);
}

void as_engine_body(struct as_message *message, const unsigned char *bytes, size_t n)
{
	as_engine_eoh(message);
	message->size += (int64_t)n;
	if (message->recorder)
		as_capture_body(message, bytes, n);
	if (message->bodies)
		as_body_hashes_add(message->bodies, bytes, n);
}

void as_engine_internal_error(struct as_message *message, const char *what)
{
	if (!message->internal_error)
		message->internal_error = as_strdup(message->arena, what);
}

void as_engine_end(struct as_message *message)
{
	if (message)
		as_arena_free(message->arena);
}

static void collect(struct as_message *message, void (*before_wait)(void *user), void *user)
{
	as_engine_eoh(message);
	bool is_judged = !message->skipped_by && !ran_short(message);
	if (is_judged) {
		as_body_hashes_end(message->bodies);
		as_dns_set_arm(message->dns);
	}
	if (is_judged && before_wait)
		as_dns_set_on_wait(message->dns, before_wait, user);
	for (size_t i = 0; i < METHODS; i++)
		if (methods[i]->finish && (is_judged || methods[i]->sees_skipped))
			methods[i]->finish(message);
}

/* A deviation from the policy is told with the result of DMARC, RFC 8601 2.2, in the words of DMARC reports (RFC 9990). */
static void report_override(struct as_message *message)
{
	const struct as_decision *decision = &message->decision;
	for (size_t i = 0; decision->override && i < message->results.count; i++) {
		struct as_result *result = &message->results.list[i];
		if (strcmp(result->method, "dmarc") != 0)
			continue;
		const char *name = as_override_name(decision->override);
		const char *comment = decision->override_comment;
		const char *words = comment ? as_printf(message->arena, "%s: %s", name, comment) : name;
		result->reason = result->reason ? as_printf(message->arena, "%s; %s", words, result->reason) : words;
	}
}

static void decide(struct as_message *message, const char *queue_id)
{
	if (ran_short(message))
		as_engine_internal_error(message, "out of memory");
	const struct as_settings *settings = message->env->settings;
	struct as_facts facts = {
		.client = message->client,
		.is_trusted = message->is_trusted,
		.is_client_unknown = message->client_trouble != NULL,
		.relay = message->relay,
		.is_authenticated = message->is_authenticated,
		.has_many_forged = message->forged_count > AS_FORGED_MAX,
		.hides_forged = message->hides_forged,
		.had_internal_error = message->internal_error != NULL,
		.internal_error = message->internal_error,
		.helo = message->helo,
		.envelope_domain = message->envelope_domain,
		.queue_id = queue_id,
		.id = message->decision_id ? message->decision_id : queue_id,
		.hostname = message->hostname,
		.from = &message->from,
		.spf_helo = message->has_null_sender ? message->spf : message->spf_helo, /* the same identity, RFC 7208 2.4 */
		.spf = message->spf,
		.dkim = message->dkim,
		.arc = message->arc,
		.dmarc = message->dmarc,
		.evidence = message->evidence,
		.list_id = message->evidence ? message->evidence->list : NULL,
		.tls_version = message->tls_version,
		.tls_cipher = message->tls_cipher,
		.now_s = message->now_s,
		.size = message->size,
		.iprev = message->iprev,
	};
	as_facts_collect(message, settings, &facts);
	as_policy_decide(message->arena, settings, &facts, &message->decision);
	report_override(message);
	if (settings->shadow.settings)
		as_shadow_judge(message, &facts);
}

/* With traces kept: the name under which the explanation is found. */
static void name_decision(struct as_message *message, const char *queue_id)
{
	message->decided_ms = as_clock_mono_ms(message->env->clock);
	if (message->env->settings->trace.enable)
		message->decision_id = as_trace_id(message->arena, queue_id, &message->session->client, message->now_s,
						   message->decided_ms);
}

/* A reply ends with that name. */
static void sign_reply(struct as_message *message)
{
	struct as_decision *decision = &message->decision;
	if (decision->text && message->decision_id)
		decision->text = as_printf(message->arena, "%s [%s]", decision->text, message->decision_id);
}

void as_engine_eom(struct as_message *message, const char *queue_id, void (*before_wait)(void *user), void *user,
		   struct as_verdict *verdict)
{
	const struct as_clock *clock = message->env->clock;
	int64_t begun_ms = as_clock_mono_ms(clock);
	message->session->unfinished = 0;
	collect(message, before_wait, user);
	name_decision(message, queue_id);
	decide(message, queue_id);
	sign_reply(message);
	memset(verdict, 0, sizeof *verdict);
	verdict->decision = &message->decision;
	verdict->shadow = message->shadow;
	verdict->edits = as_edits_make(message, &verdict->edit_count);
	verdict->log_line = as_logline_make(message, as_clock_mono_ms(clock) - begun_ms);
}
