/* SPDX-License-Identifier: BSD-2-Clause */
/* dkim_world.c - raw messages through the verifiers of DKIM and ARC. */
#include "config.h"

#include "dkim_world.h"

#include "str.h"
#include "test.h"

#include <string.h>

struct as_dkim_world *as_dkim_world_new(struct as_dkim_lib *lib)
{
	static const struct as_dns_options dns_options = { .cache_bytes = 1 << 20, .max_ttl_s = 3600, .failure_ttl_s = 10 };
	static const struct as_dns_limits limits = { .budget = 100, .timeout_ms = 5000 };
	struct as_arena *arena = as_arena_new();
	struct as_dkim_world *world = as_alloc(arena, sizeof *world);
	world->arena = arena;
	world->lib = lib;
	world->most_fields = 100000;
	world->fake = as_dns_fake_new(AS_DKIM_NOW);
	world->dns = as_dns_new(as_dns_fake_backend(world->fake), &dns_options, as_dns_fake_clock(world->fake));
	world->set = as_dns_set_new(world->dns, &limits);
	world->options = (struct as_dkim_options){ .minimum_key_bits = 1024, .maximum_signatures = 10,
		.now_s = AS_DKIM_NOW, .drift_s = 300 };
	world->author = "example.com";
	return world;
}

void as_dkim_world_free(struct as_dkim_world *world)
{
	struct as_dns_fake *fake = world->fake;
	as_dns_set_free(world->set);
	as_dns_unref(world->dns);
	as_arena_free(world->arena);
	as_dns_fake_free(fake);
}

void as_dkim_world_txt(struct as_dkim_world *world, const char *name, const char *text)
{
	as_dns_fake_txt(world->fake, name, text, strlen(text));
}

static bool is_line_end(const char *at, const char *end)
{
	return end - at >= 2 && at[0] == '\r' && at[1] == '\n';
}

/* The header of a message as the MTA hands it over; *body is what follows. */
static struct as_fields *read_header(struct as_dkim_world *world, const char *message, size_t n, const char **body)
{
	struct as_fields *fields = as_alloc(world->arena, sizeof *fields);
	const char *end = message + n, *at = message;
	as_fields_init(fields, world->arena, world->most_fields, 100 << 20);
	while (at < end && !is_line_end(at, end)) {
		const char *stop = at;
		while (stop < end && !(is_line_end(stop, end) && (end - stop == 2 || !as_is_wsp(stop[2]))))
			stop++;
		const char *colon = memchr(at, ':', (size_t)(stop - at));
		const char *value = colon ? colon + 1 : stop;
		as_fields_add(fields, at, (size_t)((colon ? colon : stop) - at), value, (size_t)(stop - value));
		at = stop < end ? stop + 2 : end;
	}
	*body = at < end ? at + 2 : end;
	return fields;
}

/* Feeds the body in pieces as wanted. */
static void feed(const struct as_dkim_world *world, struct as_body_hashes *bodies, const char *body, size_t left)
{
	while (left > 0) {
		size_t piece = world->piece && world->piece < left ? world->piece : left;
		as_body_hashes_add(bodies, (const unsigned char *)body, piece);
		body += piece;
		left -= piece;
	}
	as_body_hashes_end(bodies);
}

struct as_dkim_outcome as_dkim_world_verify(struct as_dkim_world *world, const char *message, size_t n)
{
	struct as_dkim_outcome outcome;
	const char *body;
	struct as_fields *fields = read_header(world, message, n, &body);
	struct as_body_hashes *bodies = as_body_hashes_new(world->arena);
	struct as_dkim *dkim = as_dkim_begin(world->arena, world->lib, world->set, bodies, &world->options, fields, world->author);
	feed(world, bodies, body, n - (size_t)(body - message));
	as_dkim_finish(dkim, &outcome);
	return outcome;
}

struct as_arc_outcome as_dkim_world_chain(struct as_dkim_world *world, const char *message, size_t n)
{
	struct as_arc_options options = { .minimum_key_bits = world->options.minimum_key_bits,
		.accepts_length = world->options.accepts_length, .now_s = world->options.now_s, .drift_s = world->options.drift_s };
	struct as_arc_outcome outcome;
	const char *body;
	struct as_fields *fields = read_header(world, message, n, &body);
	struct as_body_hashes *bodies = as_body_hashes_new(world->arena);
	struct as_arc *arc = as_arc_begin(world->arena, world->set, bodies, &options, fields);
	feed(world, bodies, body, n - (size_t)(body - message));
	as_arc_finish(arc, &outcome);
	return outcome;
}

bool as_dkim_world_is(const char *name, enum as_code got, const char *got_reason, enum as_code code, const char *reason)
{
	if (got == code && (reason ? got_reason && strcmp(got_reason, reason) == 0 : got_reason == NULL))
		return true;
	print_error("%s: %s (%s) instead of %s (%s)\n", name, as_code_name(got), got_reason ? got_reason : "-", as_code_name(code),
		    reason ? reason : "-");
	return false;
}
