/* SPDX-License-Identifier: BSD-2-Clause */
/* trace.c - writes the explanation of a decision with jansson. Every string goes through as_escape first: what comes out is ASCII, and
 * a terminal may show it.
 */
#include "config.h"

#include "trace.h"

#include "shadow.h"
#include "str.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 512, LOOKUPS_MAX = 400 };

static const char *const statuses[] = { "ok", "nodata", "nxdomain", "tempfail" };
static const char *const from_statuses[] = { "one", "missing", "repeated", "malformed", "empty", "several" };

/* Nothing is written for what is not there. */
static void put_text(struct as_message *m, json_t *object, const char *key, const char *value)
{
	if (value)
		json_object_set_new(object, key, json_string(as_escape(m->arena, value, strlen(value), TEXT_MAX)));
}

static void put_number(json_t *object, const char *key, int64_t value)
{
	json_object_set_new(object, key, json_integer(value));
}

static void put_flag(json_t *object, const char *key, bool value)
{
	if (value)
		json_object_set_new(object, key, json_true());
}

static void put_state(struct as_message *m, json_t *object, enum as_dnssec dnssec, const char *weakest)
{
	if (weakest) {
		put_text(m, object, "dnssec", as_dnssec_name(dnssec));
		put_text(m, object, "weakest", weakest);
	}
}

static json_t *spf_object(struct as_message *m, const struct as_spf_outcome *spf)
{
	json_t *o = json_object();
	put_text(m, o, "result", as_code_name(spf->code));
	put_text(m, o, "domain", spf->domain);
	put_text(m, o, "mechanism", spf->mechanism);
	put_text(m, o, "where", spf->where);
	put_text(m, o, "reason", spf->reason);
	put_number(o, "terms", spf->terms);
	put_number(o, "voids", spf->voids);
	put_state(m, o, spf->dnssec, spf->weakest);
	return o;
}

static json_t *signature_object(struct as_message *m, const struct as_dkim_signature *s)
{
	json_t *o = json_object();
	put_text(m, o, "result", as_code_name(s->code));
	put_text(m, o, "domain", s->domain);
	put_text(m, o, "selector", s->selector);
	put_text(m, o, "algorithm", s->algorithm);
	if (s->key_bits)
		put_number(o, "bits", s->key_bits);
	put_text(m, o, "reason", s->reason);
	put_flag(o, "testing", s->is_testing);
	if (s->was_asked)
		put_text(m, o, "dnssec", as_dnssec_name(s->dnssec));
	return o;
}

static json_t *signature_list(struct as_message *m)
{
	json_t *list = json_array();
	for (size_t i = 0; i < m->dkim->count; i++)
		json_array_append_new(list, signature_object(m, &m->dkim->signatures[i]));
	return list;
}

static json_t *arc_object(struct as_message *m)
{
	json_t *o = json_object();
	put_text(m, o, "result", as_code_name(m->arc->code));
	put_text(m, o, "reason", m->arc->reason);
	if (m->arc->count)
		put_number(o, "sets", (int64_t)m->arc->count);
	if (m->arc->was_asked)
		put_text(m, o, "dnssec", as_dnssec_name(m->arc->dnssec));
	return o;
}

static json_t *dmarc_object(struct as_message *m)
{
	const struct as_dmarc_outcome *d = m->dmarc;
	json_t *o = json_object();
	put_text(m, o, "result", as_code_name(d->code));
	put_text(m, o, "reason", d->reason);
	put_text(m, o, "organization", d->organization);
	if (d->record) {
		put_text(m, o, "policy-domain", d->policy_domain);
		put_text(m, o, "record", d->record->text);
		put_text(m, o, "source", d->source);
		put_text(m, o, "published", as_dmarc_policy_name(d->published));
		put_text(m, o, "policy", as_dmarc_policy_name(d->policy));
	}
	put_flag(o, "spf-aligned", d->spf_aligned);
	put_flag(o, "dkim-aligned", d->dkim_aligned);
	put_text(m, o, "dkim-domain", d->dkim_domain);
	put_state(m, o, d->dnssec, d->weakest);
	return o;
}

static json_t *iprev_object(struct as_message *m)
{
	json_t *o = json_object();
	put_text(m, o, "result", as_code_name(m->iprev->code));
	put_text(m, o, "name", m->iprev->name);
	put_text(m, o, "reason", m->iprev->reason);
	put_number(o, "names", (int64_t)m->iprev->count);
	put_state(m, o, m->iprev->dnssec, m->iprev->weakest);
	return o;
}

static json_t *lookup_list(struct as_message *m)
{
	json_t *list = json_array();
	size_t n = as_dns_set_count(m->dns);
	for (size_t i = 0; i < n && i < LOOKUPS_MAX; i++) {
		struct as_dns_lookup lookup = as_dns_set_lookup(m->dns, i);
		json_t *o = json_object();
		put_text(m, o, "name", lookup.name);
		put_text(m, o, "type", as_dns_type_name(lookup.type));
		put_number(o, "at", lookup.at_ms);
		if (lookup.after >= 0)
			put_number(o, "after", lookup.after);
		if (lookup.answer) {
			put_text(m, o, "status", statuses[lookup.answer->status]);
			put_text(m, o, "dnssec", as_dnssec_name(lookup.answer->dnssec));
			put_text(m, o, "reason", lookup.answer->reason);
			put_number(o, "ms", lookup.ms);
			put_flag(o, "cached", lookup.was_cached);
		}
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *decision_object(struct as_message *m, const struct as_decision *d)
{
	json_t *o = json_object();
	put_text(m, o, "action", as_verb_name(d->verb));
	if (d->computed != d->verb)
		put_text(m, o, "would", as_verb_name(d->computed));
	if (d->wanted != d->computed)
		put_text(m, o, "instead-of", as_verb_name(d->wanted));
	put_text(m, o, "rule", d->rule);
	put_text(m, o, "reason", d->reason);
	if (d->override)
		put_text(m, o, "override", as_override_name(d->override));
	put_text(m, o, "override-comment", d->override_comment);
	if (d->noted)
		put_text(m, o, "noted", d->noted->name);
	if (d->reply_code)
		put_text(m, o, "reply", as_printf(m->arena, "%u %s %s", d->reply_code, d->enhanced, d->text));
	return o;
}

static json_t *shadow_object(struct as_message *m)
{
	static const char *const kinds[] = {
		[AS_SHADOW_SAME] = "same",
		[AS_SHADOW_OTHER_RULE] = "other-rule",
		[AS_SHADOW_OTHER_ACTION] = "other-action",
		[AS_SHADOW_UNKNOWN] = "unknown",
	};
	bool is_known = m->shadow->kind != AS_SHADOW_UNKNOWN;
	json_t *o = is_known ? decision_object(m, &m->shadow->decision) : json_object();
	put_text(m, o, "compared", kinds[m->shadow->kind]);
	return o;
}

static const char *sender(struct as_message *m)
{
	if (m->has_null_sender)
		return "<>";
	if (!m->env->settings->log.local_parts)
		return m->envelope_domain;
	return as_printf(m->arena, "%s%s%s", m->envelope_local, *m->envelope_domain ? "@" : "", m->envelope_domain);
}

static void put_author(struct as_message *m, json_t *trace)
{
	json_t *o = json_object();
	put_text(m, o, "status", from_statuses[m->from.status]);
	put_text(m, o, "domain", m->from.domain);
	put_text(m, o, "reason", m->from.reason);
	json_object_set_new(trace, "author", o);
}

static void put_relay(struct as_message *m, json_t *trace)
{
	char address[AS_IP_TEXT];
	if (!m->relay)
		return;
	json_t *o = json_object();
	put_text(m, o, "name", m->relay->name);
	put_text(m, o, "address", as_ip_text(&m->session->client, address));
	put_text(m, o, "helo", m->session->helo);
	put_text(m, o, "unknown", m->client_trouble);
	json_object_set_new(trace, "relay", o);
}

static void put_methods(struct as_message *m, json_t *trace)
{
	if (m->spf)
		json_object_set_new(trace, "spf", spf_object(m, m->spf));
	if (m->spf_helo)
		json_object_set_new(trace, "spf-helo", spf_object(m, m->spf_helo));
	if (m->dkim)
		json_object_set_new(trace, "dkim", signature_list(m));
	if (m->arc)
		json_object_set_new(trace, "arc", arc_object(m));
	if (m->dmarc)
		json_object_set_new(trace, "dmarc", dmarc_object(m));
	if (m->iprev)
		json_object_set_new(trace, "iprev", iprev_object(m));
	if (m->dns)
		json_object_set_new(trace, "lookups", lookup_list(m));
}

static void put_header(struct as_message *m, const struct as_verdict *verdict, json_t *trace)
{
	int64_t removed = 0;
	for (size_t i = 0; i < verdict->edit_count; i++) {
		const struct as_edit *edit = &verdict->edits[i];
		removed += edit->kind == AS_EDIT_DELETE;
		if (edit->kind != AS_EDIT_INSERT)
			continue;
		struct as_buf line = as_buf_new(m->arena); /* unfolded */
		for (const char *p = edit->value; *p; p++)
			if (*p != '\n')
				as_buf_putc(&line, *p == '\t' ? ' ' : *p);
		json_t *field = json_string(as_escape(m->arena, line.text, line.length, 64 * TEXT_MAX));
		json_object_set_new(trace, edit->name, field);
	}
	put_number(trace, "removed", removed);
}

static void release(void *text)
{
	free(text);
}

const char *as_trace_make(struct as_message *m, const struct as_verdict *verdict, const char *queue_id, int64_t ms)
{
	char client[AS_IP_TEXT];
	json_t *trace = json_object();
	put_number(trace, "v", 1);
	put_number(trace, "time", m->now_s);
	put_text(m, trace, "id", queue_id);
	put_text(m, trace, "decision-id", m->decision_id);
	put_text(m, trace, "client", as_ip_text(&m->client, client));
	put_text(m, trace, "client-name", m->client_name);
	put_text(m, trace, "helo", m->helo);
	put_relay(m, trace);
	put_text(m, trace, "from", sender(m));
	put_number(trace, "recipients", (int64_t)m->recipient_count);
	put_flag(trace, "authenticated", m->is_authenticated);
	put_text(m, trace, "skipped", m->skipped_by);
	put_text(m, trace, "internal-error", m->internal_error);
	if (!m->skipped_by)
		put_author(m, trace);
	put_methods(m, trace);
	json_object_set_new(trace, "decision", decision_object(m, &m->decision));
	if (m->shadow)
		json_object_set_new(trace, "shadow", shadow_object(m));
	put_header(m, verdict, trace);
	put_number(trace, "ms", ms);
	char *text = json_dumps(trace, JSON_COMPACT | JSON_ENSURE_ASCII);
	json_decref(trace);
	if (!text)
		as_oom();
	as_defer(m->arena, release, text);
	return text;
}

/* 64-bit FNV-1a over what makes a message itself. */
static uint64_t mix(uint64_t hash, const void *bytes, size_t n)
{
	for (const unsigned char *p = bytes; n > 0; n--, p++)
		hash = (hash ^ *p) * 0x100000001b3U;
	return hash;
}

const char *as_trace_id(struct as_arena *arena, const char *queue_id, const struct as_ip *client, int64_t now_s, int64_t now_ms)
{
	static const char letters[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"; /* none that people confuse */
	enum { LENGTH = 10 };
	char id[LENGTH + 1] = "";
	uint64_t hash = 0xcbf29ce484222325U;
	if (queue_id)
		hash = mix(hash, queue_id, strlen(queue_id));
	hash = mix(hash, client->bytes, sizeof client->bytes);
	hash = mix(hash, &now_s, sizeof now_s);
	hash = mix(hash, &now_ms, sizeof now_ms);
	for (size_t i = 0; i < LENGTH; i++, hash >>= 5)
		id[i] = letters[hash & 31];
	return as_strdup(arena, id);
}
