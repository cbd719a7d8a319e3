/* SPDX-License-Identifier: BSD-2-Clause */
/* capture_replay.c - feeds a capture to the engine, in a world where time stands still and the captured answers are all of DNS. */
#include "config.h"

#include "capture.h"

#include "str.h"

#include <stdlib.h>
#include <string.h>

/* All there is to the world of a replay; the public part first. */
struct replay {
	struct as_replay seen;
	const struct as_capture *capture;
};

static int64_t captured_wall_s(void *user)
{
	return ((const struct replay *)user)->capture->time_s;
}

static int64_t captured_mono_ms(void *user)
{
	return ((const struct replay *)user)->capture->mono_ms;
}

static void feed(struct as_replay *r, const struct as_capture *c)
{
	r->session = as_engine_connect(r->env, c->client.family ? &c->client : NULL, c->client_name, c->hostname);
	if (c->helo)
		as_engine_helo(r->session, c->helo);
	r->message = as_engine_mail(r->session, NULL, c->path, c->is_authenticated);
	as_engine_login(r->message, c->login_mechanism, c->login_name);
	as_engine_tls(r->message, c->tls_version, c->tls_cipher);
	for (size_t i = 0; i < c->recipient_count; i++)
		as_engine_rcpt(r->message, c->recipients[i]);
	for (size_t i = 0; i < c->field_count; i++) {
		const struct as_captured_field *f = &c->fields[i];
		as_engine_header(r->message, f->name, f->name_length, f->value, f->value_length);
	}
	as_engine_eoh(r->message);
	if (c->body_size)
		as_engine_body(r->message, c->body, c->body_size);
	if (c->internal_error)
		as_engine_internal_error(r->message, c->internal_error);
	const char *queue_id = c->queue_id ? as_strdup(r->message->arena, c->queue_id) : NULL;
	as_engine_eom(r->message, queue_id, NULL, NULL, &r->verdict);
}

struct as_replay *as_replay_new(const struct as_settings *settings, const struct as_capture *capture, const struct as_log *log,
				char **trouble)
{
	struct as_dns_options options = { .cache_bytes = 16 << 20, .max_ttl_s = 86400, .failure_ttl_s = 1 };
	struct replay *replay = as_xalloc(sizeof *replay);
	struct as_replay *r = &replay->seen;
	replay->capture = capture;
	r->clock = (struct as_clock){ captured_wall_s, captured_mono_ms, replay };
	struct as_dns *dns = as_dns_new(as_dns_capture_backend(capture->lookups, capture->lookup_count), &options, &r->clock);
	r->env = as_env_new(as_arena_new(), settings, dns, &r->clock, log, trouble);
	if (!r->env) {
		free(replay);
		return NULL;
	}
	feed(r, capture);
	return r;
}

void as_replay_free(struct as_replay *r)
{
	if (!r)
		return;
	as_engine_end(r->message);
	as_engine_close(r->session);
	as_env_unref(r->env);
	free((struct replay *)r);
}

const char *as_replay_missing(const struct as_replay *r)
{
	struct as_buf list = as_buf_new(r->message->arena);
	size_t n = r->message->dns ? as_dns_set_count(r->message->dns) : 0;
	for (size_t i = 0; i < n; i++) {
		struct as_dns_lookup lookup = as_dns_set_lookup(r->message->dns, i);
		if (lookup.answer && lookup.answer->reason && strcmp(lookup.answer->reason, AS_DNS_NOT_CAPTURED) == 0)
			as_buf_printf(&list, "%s%s %s", list.length ? ", " : "",
				      as_escape(r->message->arena, lookup.name, strlen(lookup.name), 255), as_dns_type_name(lookup.type));
	}
	return list.length ? list.text : NULL;
}
