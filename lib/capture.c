/* SPDX-License-Identifier: BSD-2-Clause */
/* capture.c - keeps a message's bytes, and writes the file.
 *
 * A string of the JSON part stands for bytes: each character U+0000 to U+00FF is one. Nothing is cut or escaped beyond what JSON asks
 * for, since all of it has to come out again.
 */
#include "config.h"

#include "capture.h"

#include "str.h"
#include "trace.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct piece {
	size_t name, value;
};

struct as_recorder {
	bool is_chosen;
	bool is_cut; /* from here on nothing is kept */
	size_t most;
	char *bytes; /* "name:value" CRLF ..., CRLF, body. malloc'ed: an arena would keep each smaller one */
	size_t size, room;
	struct piece *pieces; /* malloc'ed */
	size_t count, pieces_room;
	bool has_body;
	size_t header_size;
};

/* --- recording ----------------------------------------------------------------------------------------------------- */

static void release_recorder(void *user)
{
	struct as_recorder *r = user;
	free(r->bytes);
	free(r->pieces);
	free(r);
}

void as_capture_begin(struct as_message *message, bool is_chosen)
{
	struct as_recorder *r = as_xalloc(sizeof *r);
	r->is_chosen = is_chosen;
	r->most = (size_t)message->env->settings->capture.maximum_bytes;
	message->recorder = r;
	as_defer(message->arena, release_recorder, r);
}

/* At most `most` bytes are kept; false: not all of these. */
static bool add(struct as_recorder *r, const char *bytes, size_t n)
{
	size_t left = r->most - r->size, taken = n < left ? n : left;
	while (r->room - r->size < taken) {
		r->room = r->room ? r->room * 2 : 4096;
		r->room = r->room < r->most ? r->room : r->most;
		r->bytes = as_xrealloc(r->bytes, r->room);
	}
	if (taken)
		memcpy(r->bytes + r->size, bytes, taken);
	r->size += taken;
	return taken == n;
}

void as_capture_field(struct as_message *message, const char *name, size_t name_length, const char *value, size_t value_length)
{
	struct as_recorder *r = message->recorder;
	size_t left = r->most - r->size;
	r->is_cut = r->is_cut || message->has_eoh || r->has_body; /* no place for a field that comes late */
	if (r->is_cut || left < 5 || name_length > left - 5 || value_length > left - 5 - name_length) {
		r->is_cut = true;
		return;
	}
	if (r->count == r->pieces_room) {
		r->pieces_room = r->pieces_room ? r->pieces_room * 2 : 32;
		r->pieces = as_xrealloc(r->pieces, r->pieces_room * sizeof *r->pieces);
	}
	r->pieces[r->count++] = (struct piece){ name_length, value_length };
	add(r, name, name_length);
	add(r, ":", 1);
	add(r, value, value_length);
	add(r, "\r\n", 2);
}

static void end_header(struct as_recorder *r)
{
	if (r->has_body)
		return;
	r->has_body = true;
	add(r, "\r\n", 2); /* as_capture_field() left room for it */
	r->header_size = r->size;
}

void as_capture_body(struct as_message *message, const unsigned char *bytes, size_t n)
{
	struct as_recorder *r = message->recorder;
	end_header(r);
	r->is_cut = r->is_cut || !add(r, (const char *)bytes, n);
}

bool as_capture_wants_body(const struct as_message *message)
{
	return !message->recorder->is_cut;
}

bool as_capture_is_wanted(const struct as_message *message)
{
	const char **rule = message->env->settings->capture.rules;
	if (!message->recorder)
		return false;
	if (message->recorder->is_chosen)
		return true;
	for (; rule && *rule; rule++)
		if (strcmp(*rule, message->decision.rule) == 0)
			return true;
	return false;
}

/* --- the file ------------------------------------------------------------------------------------------------------ */

static json_t *byte_string(const char *text)
{
	struct as_arena *arena = as_arena_new();
	struct as_buf out = as_buf_new(arena);
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		if (c >= 0x80)
			as_buf_putc(&out, (char)(0xc0 | c >> 6));
		as_buf_putc(&out, (char)(c >= 0x80 ? 0x80 | (c & 0x3f) : c));
	}
	json_t *string = json_stringn(out.text, out.length);
	as_arena_free(arena);
	return string;
}

/* Nothing is written for what is not there. */
static void put_text(json_t *object, const char *key, const char *value)
{
	if (value)
		json_object_set_new(object, key, byte_string(value));
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

static json_t *hex_string(struct as_arena *arena, struct as_dns_rdata rdata)
{
	static const char digits[] = "0123456789abcdef";
	char *text = as_alloc(arena, rdata.size * 2 + 1);
	for (size_t i = 0; i < rdata.size; i++) {
		text[2 * i] = digits[rdata.bytes[i] >> 4];
		text[2 * i + 1] = digits[rdata.bytes[i] & 15];
	}
	return json_stringn(text, rdata.size * 2);
}

static void put_answer(json_t *o, const struct as_dns_answer *answer)
{
	struct as_arena *arena = as_arena_new();
	put_number(o, "status", answer->status);
	put_number(o, "dnssec", answer->dnssec);
	put_number(o, "ttl", answer->ttl);
	put_text(o, "canonical", answer->canonical);
	put_text(o, "reason", answer->reason);
	json_t *records = json_array();
	for (size_t i = 0; i < answer->count; i++)
		json_array_append_new(records, hex_string(arena, as_dns_capture_rdata(arena, answer->type, &answer->records[i])));
	json_object_set_new(o, "records", records);
	as_arena_free(arena);
}

static json_t *lookup_list(struct as_message *m)
{
	json_t *list = json_array();
	size_t n = m->dns ? as_dns_set_count(m->dns) : 0;
	for (size_t i = 0; i < n; i++) {
		struct as_dns_lookup lookup = as_dns_set_lookup(m->dns, i);
		json_t *o = json_object();
		put_text(o, "name", lookup.name);
		put_number(o, "type", lookup.type);
		if (lookup.answer) {
			put_answer(o, lookup.answer);
			put_number(o, "ms", lookup.ms);
			put_flag(o, "cached", lookup.was_cached);
		}
		json_array_append_new(list, o);
	}
	return list;
}

const char *as_capture_reply(struct as_arena *arena, const struct as_decision *decision)
{
	return decision->reply_code ? as_printf(arena, "%u %s %s", decision->reply_code, decision->enhanced, decision->text) : NULL;
}

const char *as_capture_results(const struct as_verdict *verdict)
{
	for (size_t i = 0; i < verdict->edit_count; i++)
		if (verdict->edits[i].kind == AS_EDIT_INSERT && strcmp(verdict->edits[i].name, "Authentication-Results") == 0)
			return verdict->edits[i].value;
	return NULL;
}

static json_t *verdict_object(struct as_message *m, const struct as_verdict *verdict)
{
	const struct as_decision *d = verdict->decision;
	json_t *o = json_object();
	put_text(o, "action", as_verb_name(d->verb));
	put_text(o, "rule", d->rule);
	put_text(o, "reply", as_capture_reply(m->arena, d));
	put_text(o, "authentication-results", as_capture_results(verdict));
	put_text(o, "log", verdict->log_line);
	return o;
}

static json_t *envelope_object(const struct as_message *m)
{
	char client[AS_IP_TEXT];
	json_t *o = json_object(), *recipients = json_array();
	if (m->session->client.family)
		put_text(o, "client", as_ip_text(&m->session->client, client));
	put_text(o, "client-name", m->session->client_name);
	put_text(o, "helo", m->session->helo);
	put_text(o, "mail", m->envelope_path);
	put_flag(o, "authenticated", m->is_authenticated);
	put_text(o, "login-mechanism", m->login_mechanism);
	put_text(o, "login-name", m->login_name);
	put_text(o, "tls-version", m->tls_version);
	put_text(o, "tls-cipher", m->tls_cipher);
	for (size_t i = 0; i < m->recipient_count; i++)
		json_array_append_new(recipients, byte_string(m->recipients[i]));
	json_object_set_new(o, "rcpt", recipients);
	return o;
}

static json_t *field_list(const struct as_recorder *r)
{
	json_t *list = json_array();
	for (size_t i = 0; i < r->count; i++) {
		json_array_append_new(list, json_integer((json_int_t)r->pieces[i].name));
		json_array_append_new(list, json_integer((json_int_t)r->pieces[i].value));
	}
	return list;
}

static json_t *whole(struct as_message *m, const struct as_verdict *verdict, const char *queue_id, int64_t ms)
{
	json_t *o = json_object();
	put_number(o, "time", m->now_s);
	put_number(o, "clock", m->decided_ms);
	put_text(o, "id", queue_id);
	put_text(o, "hostname", m->hostname);
	json_object_set_new(o, "envelope", envelope_object(m));
	put_text(o, "internal-error", m->internal_error);
	json_object_set_new(o, "fields", field_list(m->recorder));
	json_object_set_new(o, "dns", lookup_list(m));
	json_object_set_new(o, "verdict", verdict_object(m, verdict));
	json_object_set_new(o, "trace", json_loads(as_trace_make(m, verdict, queue_id, ms), 0, NULL));
	put_flag(o, "cut", m->recorder->is_cut);
	return o;
}

uint64_t as_capture_sum(const char *bytes, size_t n)
{
	uint64_t sum = 0xcbf29ce484222325U;
	for (; n > 0; n--, bytes++)
		sum = (sum ^ (unsigned char)*bytes) * 0x100000001b3U;
	return sum;
}

enum { HEAD_MAX = 128 };

/* The first line is known when all behind it is: it is put before it into the room that was left for it. */
static const char *frame(struct as_arena *arena, const char *text, size_t text_size, const struct as_recorder *r, size_t *size)
{
	size_t n = text_size + 1 + r->size;
	char *content = (char *)as_alloc(arena, HEAD_MAX + n) + HEAD_MAX, head[HEAD_MAX];
	memcpy(content, text, text_size);
	content[text_size] = '\n';
	memcpy(content + text_size + 1, r->bytes, r->size);
	size_t head_size = (size_t)snprintf(head, sizeof head, AS_CAPTURE_MAGIC " %zu %zu %016llx\n", text_size, r->size,
					    (unsigned long long)as_capture_sum(content, n));
	*size = head_size + n;
	return memcpy(content - head_size, head, head_size);
}

const char *as_capture_make(struct as_message *m, const struct as_verdict *verdict, const char *queue_id, int64_t ms, size_t *size)
{
	struct as_recorder *r = m->recorder;
	end_header(r);
	json_t *object = whole(m, verdict, queue_id, ms);
	put_flag(object, "cut", true); /* for the size */
	size_t room = json_dumpb(object, NULL, 0, JSON_COMPACT | JSON_ENSURE_ASCII) + HEAD_MAX;
	if (room > r->most || r->most - room < r->header_size) {
		json_decref(object);
		return NULL;
	}
	if (r->size > r->most - room) {
		r->size = r->most - room;
		r->is_cut = true;
	}
	if (!r->is_cut)
		json_object_del(object, "cut");
	char *text = json_dumps(object, JSON_COMPACT | JSON_ENSURE_ASCII);
	json_decref(object);
	if (!text)
		as_oom();
	const char *file = frame(m->arena, text, strlen(text), r, size);
	free(text);
	return file;
}
