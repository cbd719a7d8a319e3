/* SPDX-License-Identifier: BSD-2-Clause */
/* callbacks.c - translates; decides nothing.
 *
 * Only MAIL and end-of-message are answered. Postfix holds a MAIL that wants no answer back until DATA, and SPF would start that
 * much later; every other answer would cost a system call on both sides and nobody needs it. libmilter fakes "no reply" for an
 * MTA that cannot do it. With "no reply" for body chunks libmilter has no way to skip the rest of a body, and reading it away
 * is cheaper than answering.
 *
 * A connection may end without negotiation (monitors, our own kicks): then there is no private data. libmilter keeps the order
 * of events, yet nothing here relies on it: what is missing is made up, what is too much ends what was before.
 *
 * Limits of libmilter, for what no MTA sends: body bytes inside the end-of-message packet end without a call of eom and so without an
 * answer; the MTA's time-out then defers the message. "Quit, a new connection follows" anywhere but after a message is passed over, and so
 * is the CONNECT behind it. Behind a macro without a value smfi_getsymval() reads on beyond its array and
 * may crash; the socket is therefore for the MTA alone (SECURITY.md).
 */
#include "config.h"

#include "callbacks.h"

#include "apply.h"
#include "capture.h"
#include "engine.h"
#include "heap.h"
#include "shadow_counts.h"
#include "str.h"
#include "trace.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	/* A header field is one packet: the library's default of 64 KB is below Postfix's header_size_limit (102,400). */
	PACKET_MAX = 2 * 1024 * 1024,
	BACKLOG = 511,
};

static const unsigned long actions = SMFIF_ADDHDRS | SMFIF_CHGHDRS | SMFIF_QUARANTINE;

static const unsigned long steps = SMFIP_NODATA | SMFIP_NOUNKNOWN | SMFIP_NR_CONN | SMFIP_NR_HELO | SMFIP_NR_RCPT | SMFIP_NR_HDR |
				   SMFIP_NR_EOH | SMFIP_NR_BODY | SMFIP_HDR_LEADSPC;

/* The queue id twice: Postfix has none at MAIL yet, and Sendmail does not send at the end what a milter asks for there, but what its
 * own configuration says. */
static const struct {
	int stage;
	const char *names;
} symbols[] = {
	{ SMFIM_CONNECT, "j" },
	{ SMFIM_ENVFROM, "i {auth_type} {auth_authen} {tls_version} {cipher}" },
	{ SMFIM_EOM, "i" },
};

/* One connection of the MTA: one SMTP session, any number of messages after each other. */
struct conversation {
	unsigned long steps;        /* what was negotiated */
	bool is_too_many;           /* came when maximum-connections were open */
	bool is_waiting;            /* the kicker knows */
	struct as_session *session; /* NULL before the first event that needs it */
	struct as_message *message; /* NULL outside of a message */
};

/* libmilter hands nothing of ours to a callback before there is a connection. Set once, before its first thread. */
static struct as_service *service;

static void end_message(struct conversation *c)
{
	if (!c->message)
		return;
	as_engine_end(c->message);
	c->message = NULL;
	atomic_fetch_sub(&service->messages, 1);
}

static void end_session(struct conversation *c)
{
	end_message(c);
	as_engine_close(c->session);
	c->session = NULL;
}

/* NULL when libmilter cannot keep it, and after the stop. Counted before is_stopped is read, as the stop sets is_stopped before it reads
 * the count: one of the two sees the other. One that does not negotiate follows another on the same connection ("quit, a new connection
 * follows") under the same terms; libmilter does not tell them again, but MTAs negotiate alike. */
static struct conversation *conversation_of(SMFICTX *ctx)
{
	struct conversation *c = smfi_getpriv(ctx);
	if (c)
		return c;
	c = as_xalloc(sizeof *c);
	unsigned open = atomic_fetch_add(&service->connections, 1) + 1;
	if (atomic_load(&service->is_stopped) || smfi_setpriv(ctx, c) != MI_SUCCESS) {
		atomic_fetch_sub(&service->connections, 1);
		free(c);
		return NULL;
	}
	c->steps = atomic_load(&service->steps);
	as_kicker_open(service->kicker);
	as_trimmer_open(service->trimmer);
	struct as_env *env = as_environment_ref(service->environment);
	int64_t most = env->settings->maximum_connections; /* 0: no bound */
	c->is_too_many = most > 0 && open > most;
	as_metrics_connection(&service->metrics, c->is_too_many ? AS_METRICS_CROWDED : AS_METRICS_SERVED);
	if (c->is_too_many)
		as_log(env->log, AS_LOG_WARNING, NULL, "more than %lld connections, messages of this one are deferred", (long long)most);
	as_env_unref(env);
	return c;
}

static sfsistat no_answer(const struct conversation *c, unsigned long step)
{
	return c && c->steps & step ? SMFIS_NOREPLY : SMFIS_CONTINUE;
}

/* A macro of the MTA; NULL when it is missing or empty. */
static const char *symbol(SMFICTX *ctx, const char *name)
{
	const char *value = smfi_getsymval(ctx, (char *)name);
	return value && *value ? value : NULL;
}

static void open_session(SMFICTX *ctx, struct conversation *c, const struct as_ip *client, const char *name)
{
	end_session(c);
	struct as_env *env = as_environment_ref(service->environment);
	c->session = as_engine_connect(env, client, name, symbol(ctx, "j"));
	as_env_unref(env);
}

static sfsistat on_negotiate(SMFICTX *ctx, unsigned long offered_actions, unsigned long offered_steps, unsigned long f2, unsigned long f3,
			     unsigned long *wanted_actions, unsigned long *wanted_steps, unsigned long *want2, unsigned long *want3)
{
	(void)f2, (void)f3; /* reserved by libmilter */
	struct conversation *c = conversation_of(ctx);
	if (!c)
		return SMFIS_REJECT;
	if ((offered_actions & actions) != actions) {
		struct as_env *env = as_environment_ref(service->environment);
		as_log(env->log, AS_LOG_ERROR, NULL, "the MTA offers actions 0x%lx, needed are 0x%lx: connection refused", offered_actions,
		       actions);
		as_env_unref(env);
		as_metrics_connection(&service->metrics, AS_METRICS_UNFIT);
		return SMFIS_REJECT;
	}
	c->steps = offered_steps & steps;
	atomic_store(&service->steps, c->steps);
	*wanted_actions = actions;
	*wanted_steps = c->steps;
	*want2 = *want3 = 0;
	if (offered_actions & SMFIF_SETSYMLIST) {
		*wanted_actions |= SMFIF_SETSYMLIST;
		for (size_t i = 0; i < sizeof symbols / sizeof symbols[0]; i++)
			(void)smfi_setsymlist(ctx, symbols[i].stage, (char *)symbols[i].names); /* fails only when repeated */
	}
	return SMFIS_CONTINUE;
}

static struct as_ip ip_of(const _SOCK_ADDR *address)
{
	if (address && address->sa_family == AF_INET)
		return as_ip_from_bytes((const uint8_t *)&((const struct sockaddr_in *)(const void *)address)->sin_addr, 4);
	if (address && address->sa_family == AF_INET6)
		return as_ip_from_bytes((const uint8_t *)&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr, 16);
	return (struct as_ip){ 0 };
}

static sfsistat on_connect(SMFICTX *ctx, char *name, _SOCK_ADDR *address)
{
	struct conversation *c = conversation_of(ctx);
	if (!c)
		return no_answer(c, SMFIP_NR_CONN);
	struct as_ip client = ip_of(address);
	bool is_nameless = !name || !*name || *name == '[' || as_equal_nocase(name, "unknown");
	open_session(ctx, c, client.family ? &client : NULL, is_nameless ? NULL : name);
	return no_answer(c, SMFIP_NR_CONN);
}

static sfsistat on_helo(SMFICTX *ctx, char *helo)
{
	struct conversation *c = conversation_of(ctx);
	if (c) {
		if (!c->session)
			open_session(ctx, c, NULL, NULL);
		as_engine_helo(c->session, helo);
	}
	return no_answer(c, SMFIP_NR_HELO);
}

/* Without a verdict a message must not pass: it is deferred, and the client comes again. */
static sfsistat defer_mail(SMFICTX *ctx, const struct as_env *env, enum as_metrics_fate why, const char *text)
{
	as_metrics_deferred(&service->metrics, why);
	as_apply_reply(ctx, env->log, NULL, 451, "4.3.2", text);
	return SMFIS_TEMPFAIL;
}

/* Whether a message is the n-th is known now, whether one of the rules decides it in the end. */
static void begin_capture(struct as_message *message)
{
	const struct as_settings *settings = message->env->settings;
	uint64_t every = (uint64_t)settings->capture.every;
	if (!*settings->capture.directory || (!every && !(settings->capture.rules && *settings->capture.rules)))
		return;
	bool is_chosen = every && (atomic_fetch_add(&service->offered, 1) + 1) % every == 0;
	if (is_chosen || (settings->capture.rules && *settings->capture.rules))
		as_capture_begin(message, is_chosen);
}

static sfsistat on_mail(SMFICTX *ctx, char **argv)
{
	struct conversation *c = conversation_of(ctx);
	if (!c)
		return SMFIS_TEMPFAIL;
	end_message(c);
	if (!c->session)
		open_session(ctx, c, NULL, NULL);
	struct as_env *env = as_environment_ref(service->environment);
	sfsistat answer = SMFIS_CONTINUE;
	if (c->is_too_many) {
		answer = defer_mail(ctx, env, AS_METRICS_CROWDED, "Too many connections to the mail filter, try again later");
	} else if (as_heap_is_short()) {
		answer = defer_mail(ctx, env, AS_METRICS_MEMORY, "Not enough memory, try again later");
	} else if (atomic_load(&service->is_draining)) {
		answer = defer_mail(ctx, env, AS_METRICS_STOPPING, "The mail filter is stopping, try again later");
	} else {
		atomic_fetch_add(&service->messages, 1);
		const char *mechanism = symbol(ctx, "{auth_type}"), *name = symbol(ctx, "{auth_authen}");
		c->message = as_engine_mail(c->session, env, argv[0] ? argv[0] : "", mechanism || name);
		as_engine_login(c->message, mechanism, name);
		as_engine_tls(c->message, symbol(ctx, "{tls_version}"), symbol(ctx, "{cipher}"));
		begin_capture(c->message);
	}
	as_env_unref(env);
	return answer;
}

static sfsistat on_rcpt(SMFICTX *ctx, char **argv)
{
	struct conversation *c = smfi_getpriv(ctx);
	if (c && c->message && argv[0])
		as_engine_rcpt(c->message, argv[0]);
	return no_answer(c, SMFIP_NR_RCPT);
}

static sfsistat on_header(SMFICTX *ctx, char *name, char *value)
{
	struct conversation *c = smfi_getpriv(ctx);
	if (!c || !c->message)
		return no_answer(c, SMFIP_NR_HDR);
	if (c->steps & SMFIP_HDR_LEADSPC) {
		as_engine_header(c->message, name, strlen(name), value, strlen(value));
		return no_answer(c, SMFIP_NR_HDR);
	}
	/* The MTA took one space away, or there was none: DKIM's "simple" form then fails, which an older MTA has to live with. */
	size_t n = strlen(value);
	char *spaced = as_xalloc(n + 2);
	spaced[0] = ' ';
	memcpy(spaced + 1, value, n);
	as_engine_header(c->message, name, strlen(name), spaced, n + 1);
	free(spaced);
	return no_answer(c, SMFIP_NR_HDR);
}

static sfsistat on_eoh(SMFICTX *ctx)
{
	struct conversation *c = smfi_getpriv(ctx);
	if (c && c->message)
		as_engine_eoh(c->message);
	return no_answer(c, SMFIP_NR_EOH);
}

static sfsistat on_body(SMFICTX *ctx, unsigned char *bytes, size_t n)
{
	struct conversation *c = smfi_getpriv(ctx);
	if (c && c->message && as_engine_wants_body(c->message))
		as_engine_body(c->message, bytes, n);
	return no_answer(c, SMFIP_NR_BODY);
}

static void before_wait(void *user)
{
	struct conversation *c = user;
	c->is_waiting = true;
	as_kicker_wait_begin(service->kicker);
}

static void keep_trace(struct as_message *message, const struct as_verdict *verdict, const char *queue_id, int64_t ms)
{
	const struct as_settings *settings = message->env->settings;
	if (settings->trace.enable)
		as_tracefile_append(service->traces, settings->trace.file, settings->trace.size_bytes,
				    as_trace_make(message, verdict, queue_id, ms));
}

static void keep_capture(struct as_message *message, const struct as_verdict *verdict, const char *queue_id, int64_t ms)
{
	const struct as_settings *settings = message->env->settings;
	size_t size;
	if (!as_capture_is_wanted(message))
		return;
	const char *content = as_capture_make(message, verdict, queue_id, ms, &size);
	if (content)
		as_capturefile_put(service->captures, settings->capture.directory, settings->capture.maximum_files, message->now_s,
				   queue_id, content, size);
	else
		as_log(message->env->log, AS_LOG_WARNING, queue_id, "not captured: capture.maximum-bytes is too small for its header");
}

/* Finer than the clock of the environment. */
static int64_t now_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void count_shadow(struct as_shadow_counts *counts, const struct as_shadow *shadow)
{
	if (shadow->kind == AS_SHADOW_UNKNOWN)
		as_shadow_count_unknown(counts);
	else
		as_shadow_count(counts, shadow->in_force, shadow->tried, shadow->kind == AS_SHADOW_OTHER_RULE);
}

static sfsistat on_eom(SMFICTX *ctx)
{
	struct conversation *c = smfi_getpriv(ctx);
	if (!c || !c->message)
		return SMFIS_TEMPFAIL;
	struct as_message *message = c->message;
	const struct as_log *log = message->env->log;
	const char *queue_id = symbol(ctx, "i");
	if (queue_id)
		queue_id = as_escape(message->arena, queue_id, strlen(queue_id), 64);

	struct as_verdict verdict;
	int64_t begun_ms = as_clock_mono_ms(message->env->clock), begun_us = now_us();
	as_engine_eom(message, queue_id, before_wait, c, &verdict);
	if (c->is_waiting)
		as_kicker_wait_end(service->kicker);
	c->is_waiting = false;

	as_log(log, AS_LOG_INFO, queue_id, "%s", verdict.log_line);
	int64_t ms = as_clock_mono_ms(message->env->clock) - begun_ms;
	keep_trace(message, &verdict, queue_id, ms);
	keep_capture(message, &verdict, queue_id, ms);
	sfsistat answer = as_apply(ctx, log, queue_id, &verdict, c->steps & SMFIP_HDR_LEADSPC);
	bool was_given_up = answer == SMFIS_TEMPFAIL && verdict.decision->verb != AS_VERB_TEMPFAIL;
	as_metrics_message(&service->metrics, message, was_given_up ? AS_VERB_TEMPFAIL : verdict.decision->verb, now_us() - begun_us);
	if (verdict.shadow)
		count_shadow(message->env->shadow_counts, verdict.shadow);
	atomic_store(&service->answered_ms, as_clock_mono_ms(&as_clock_system));
	end_message(c);
	return answer;
}

static sfsistat on_abort(SMFICTX *ctx)
{
	struct conversation *c = smfi_getpriv(ctx);
	if (c)
		end_message(c);
	return SMFIS_CONTINUE;
}

static sfsistat on_close(SMFICTX *ctx)
{
	struct conversation *c = smfi_getpriv(ctx);
	if (!c)
		return SMFIS_CONTINUE;
	end_session(c);
	(void)smfi_setpriv(ctx, NULL); /* cannot fail with a valid context */
	free(c);
	as_kicker_close(service->kicker);
	as_trimmer_close(service->trimmer);
	atomic_fetch_sub(&service->connections, 1); /* the process may end now, and take service along */
	return SMFIS_CONTINUE;
}

bool as_callbacks_register(struct as_service *shared)
{
	static char name[] = "assayd";
	service = shared;
	struct smfiDesc description = {
		.xxfi_name = name,
		.xxfi_version = SMFI_VERSION,
		.xxfi_flags = SMFIF_ADDHDRS | SMFIF_CHGHDRS | SMFIF_QUARANTINE,
		.xxfi_negotiate = on_negotiate,
		.xxfi_connect = on_connect,
		.xxfi_helo = on_helo,
		.xxfi_envfrom = on_mail,
		.xxfi_envrcpt = on_rcpt,
		.xxfi_header = on_header,
		.xxfi_eoh = on_eoh,
		.xxfi_body = on_body,
		.xxfi_eom = on_eom,
		.xxfi_abort = on_abort,
		.xxfi_close = on_close,
	};
	if (smfi_register(description) != MI_SUCCESS)
		return false;
	(void)smfi_setmaxdatasize(PACKET_MAX); /* returns the old size */
	return smfi_setbacklog(BACKLOG) == MI_SUCCESS;
}
