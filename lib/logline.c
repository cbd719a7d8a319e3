/* SPDX-License-Identifier: BSD-2-Clause */
/* logline.c - the log line of a message. Foreign text is escaped and cut; local parts are left out unless asked for. */
#include "config.h"

#include "logline.h"

#include "shadow.h"
#include "str.h"

#include <string.h>

enum { VALUE_MAX = 128, SIGNATURES_MAX = 5 };

/* Escaped and cut; the characters of `also` are escaped too. */
static void put_escaped(struct as_buf *line, const char *value, const char *also)
{
	const char *escaped = as_escape(line->arena, value, strlen(value), VALUE_MAX);
	for (; *escaped; escaped++) {
		if (strchr(also, *escaped))
			as_buf_printf(line, "\\x%02x", (unsigned char)*escaped);
		else
			as_buf_putc(line, *escaped);
	}
}

/* One value without what would split the line; "-" for nothing. */
static void put_value(struct as_buf *line, const char *value)
{
	if (!value || !*value)
		as_buf_putc(line, '-');
	else
		put_escaped(line, value, " \",");
}

static void put_reason(struct as_buf *line, const char *reason)
{
	as_buf_puts(line, " reason=\"");
	put_escaped(line, reason, "\"");
	as_buf_putc(line, '"');
}

static void put_sender(struct as_buf *line, const struct as_message *message)
{
	as_buf_puts(line, "from=");
	if (message->has_null_sender) {
		as_buf_puts(line, "<>");
		return;
	}
	if (message->env->settings->log.local_parts) {
		put_value(line, message->envelope_local);
		if (!*message->envelope_domain)
			return;
		as_buf_putc(line, '@');
	}
	put_value(line, message->envelope_domain);
}

/* " relay=backup-mx[192.0.2.25]", and why it does not tell its client. */
static void put_relay(struct as_buf *line, const struct as_message *message)
{
	char address[AS_IP_TEXT];
	if (!message->relay)
		return;
	as_buf_puts(line, " relay=");
	put_value(line, message->relay->name);
	as_buf_printf(line, "[%s]", as_ip_text(&message->session->client, address));
	if (message->client_trouble) {
		as_buf_puts(line, " unknown=\"");
		put_escaped(line, message->client_trouble, "\"");
		as_buf_putc(line, '"');
	}
}

static void put_spf(struct as_buf *line, const struct as_message *message)
{
	as_buf_printf(line, " spf=%s", message->spf ? as_code_name(message->spf->code) : "-");
}

/* pass:example.com,fail:example.org, at most SIGNATURES_MAX, "+N" for the rest. */
static void put_dkim(struct as_buf *line, const struct as_message *message)
{
	as_buf_puts(line, " dkim=");
	const struct as_dkim_outcome *dkim = message->dkim;
	if (!dkim || dkim->count == 0) {
		as_buf_puts(line, dkim ? "none" : "-");
		return;
	}
	size_t shown = dkim->count < SIGNATURES_MAX ? dkim->count : SIGNATURES_MAX;
	for (size_t i = 0; i < shown; i++) {
		as_buf_printf(line, "%s%s:", i ? "," : "", as_code_name(dkim->signatures[i].code));
		put_value(line, dkim->signatures[i].domain);
	}
	size_t rest = dkim->count - shown + dkim->left_out;
	if (rest)
		as_buf_printf(line, ",+%zu", rest);
}

static void put_dmarc(struct as_buf *line, const struct as_message *message)
{
	const struct as_dmarc_outcome *dmarc = message->dmarc;
	as_buf_printf(line, " dmarc=%s policy=%s", dmarc ? as_code_name(dmarc->code) : "-",
		      dmarc && dmarc->record ? as_dmarc_policy_name(dmarc->policy) : "-");
}

/* The state of each method's lookups: the weakest signature key that passed, else the first that was asked for. */
static const struct as_dkim_signature *telling_signature(const struct as_dkim_outcome *dkim)
{
	const struct as_dkim_signature *telling = NULL;
	for (size_t i = 0; i < dkim->count; i++) {
		const struct as_dkim_signature *s = &dkim->signatures[i];
		bool is_better = !telling || (s->code == AS_PASS && telling->code != AS_PASS);
		if (s->was_asked && is_better)
			telling = s;
	}
	return telling;
}

static void put_state(struct as_buf *line, const char *method, enum as_dnssec state, bool *is_first)
{
	as_buf_printf(line, "%s%s:%s", *is_first ? "" : ",", method, as_dnssec_name(state));
	*is_first = false;
}

static void put_dnssec(struct as_buf *line, const struct as_message *message)
{
	bool is_first = true;
	as_buf_puts(line, " dnssec=");
	if (message->spf && message->spf->weakest)
		put_state(line, "spf", message->spf->dnssec, &is_first);
	const struct as_dkim_signature *signature = message->dkim ? telling_signature(message->dkim) : NULL;
	if (signature)
		put_state(line, "dkim", signature->dnssec, &is_first);
	if (message->arc && message->arc->was_asked)
		put_state(line, "arc", message->arc->dnssec, &is_first);
	if (message->dmarc && message->dmarc->weakest)
		put_state(line, "dmarc", message->dmarc->dnssec, &is_first);
	if (message->iprev)
		put_state(line, "iprev", message->iprev->dnssec, &is_first);
	if (is_first)
		as_buf_putc(line, '-');
}

static void put_decision(struct as_buf *line, const struct as_decision *decision)
{
	as_buf_printf(line, " action=%s", as_verb_name(decision->verb));
	if (decision->computed != decision->verb)
		as_buf_printf(line, " would=%s", as_verb_name(decision->computed));
	if (decision->wanted != decision->computed)
		as_buf_printf(line, " instead-of=%s", as_verb_name(decision->wanted));
	as_buf_printf(line, " rule=%s", decision->rule);
	if (decision->override)
		as_buf_printf(line, " override=%s", as_override_name(decision->override));
	if (decision->noted)
		as_buf_printf(line, " noted=%s", decision->noted->name);
	if (decision->noted_count > 1)
		as_buf_printf(line, ",+%zu", decision->noted_count - 1);
}

/* Nothing while it agrees. */
static void put_shadow(struct as_buf *line, const struct as_shadow *shadow)
{
	if (!shadow || shadow->kind == AS_SHADOW_SAME)
		return;
	if (shadow->kind == AS_SHADOW_UNKNOWN)
		as_buf_puts(line, " shadow=unknown");
	else
		as_buf_printf(line, " shadow=%s shadow-rule=%s", as_verb_name(shadow->tried), shadow->decision.rule);
}

const char *as_logline_make(struct as_message *message, int64_t ms)
{
	char client[AS_IP_TEXT];
	struct as_buf line = as_buf_new(message->arena);
	put_sender(&line, message);
	as_buf_puts(&line, " author=");
	put_value(&line, message->from.domain);
	as_buf_puts(&line, " helo=");
	put_value(&line, message->helo);
	as_buf_printf(&line, " client=%s", as_ip_text(&message->client, client));
	put_relay(&line, message);
	as_buf_printf(&line, " iprev=%s", message->iprev ? as_code_name(message->iprev->code) : "-");
	put_spf(&line, message);
	put_dkim(&line, message);
	as_buf_printf(&line, " arc=%s", message->arc ? as_code_name(message->arc->code) : "-");
	put_dmarc(&line, message);
	put_dnssec(&line, message);
	put_decision(&line, &message->decision);
	put_shadow(&line, message->shadow);
	as_buf_printf(&line, " ms=%lld", (long long)ms);
	if (message->decision.reason)
		put_reason(&line, message->decision.reason);
	return line.text;
}
