/* SPDX-License-Identifier: BSD-2-Clause */
/* fuzz_arc.c - the first byte says what follows it:
 *
 * R  the body of an ARC-Authentication-Results field
 * S  a byte of choices, a line for Subject, and a body: sealed here by the test signer, the chain must pass; then a byte is
 *    changed in it, and whatever comes out must hold together
 * else the whole input is a message; a key is in DNS
 */
#include "config.h"

#include "arc_results.h"
#include "dkim_sign.h"
#include "dkim_world.h"
#include "str.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static EVP_PKEY *key;
static const char *record;
static struct as_arena *common;

static void must(bool ok)
{
	if (!ok)
		abort();
}

static bool is_printable(const char *text)
{
	for (; *text; text++)
		if (*text < 0x20 || *text > 0x7e)
			return false;
	return true;
}

static void read_results(struct as_arena *arena, const char *text, size_t n)
{
	struct as_field field = { .value = as_strndup(arena, text, n), .value_length = n };
	struct as_authres parsed;
	(void)as_arc_results(arena, &field, &parsed); /* bytes of strangers: any answer is right */
	must(parsed.authserv_id && (!parsed.count || parsed.results));
}

static struct as_dkim_world *new_world(void)
{
	struct as_dkim_world *world = as_dkim_world_new(NULL);
	as_dkim_world_txt(world, "sel._domainkey.example.com", record);
	return world;
}

/* Whole, and byte by byte: no difference. */
static struct as_arc_outcome validate(struct as_dkim_world *world, const char *text, size_t n)
{
	world->piece = 0;
	struct as_arc_outcome outcome = as_dkim_world_chain(world, text, n);
	world->piece = 1;
	struct as_arc_outcome again = as_dkim_world_chain(world, text, n);
	must(outcome.code == again.code && outcome.has_oldest_pass == again.has_oldest_pass && outcome.oldest_pass == again.oldest_pass);
	must(outcome.code == AS_NONE || outcome.code == AS_PASS || outcome.code == AS_FAIL);
	must((outcome.code == AS_FAIL) == !!outcome.reason);
	must((outcome.code == AS_PASS) == (outcome.count > 0));
	must(!outcome.reason || is_printable(outcome.reason));
	must(!outcome.has_oldest_pass || (outcome.code == AS_PASS && outcome.oldest_pass <= outcome.count));
	must(outcome.code != AS_PASS || outcome.was_asked);
	for (size_t i = 0; i < outcome.count; i++) {
		must(is_printable(outcome.sealers[i].domain) && is_printable(outcome.sealers[i].selector));
		read_results(world->arena, outcome.sealers[i].results->value, outcome.sealers[i].results->value_length);
	}
	must(as_dns_set_count(world->set) <= 61);
	return outcome;
}

/* A line without what would end it. */
static const char *one_line(struct as_arena *arena, const char *text, size_t n)
{
	char *line = as_strndup(arena, text, n);
	for (size_t i = 0; i < n; i++)
		if (line[i] == '\r' || line[i] == '\0')
			line[i] = '_';
	return line;
}

static void sealed(uint8_t choices, const char *text, size_t n)
{
	static const char *const canons[] = { "relaxed/relaxed", "relaxed/simple", "simple/relaxed", "simple/simple" };
	const char *end = memchr(text, '\n', n);
	if (!end || n > 8192 || text[n - 1] == '\r')
		return;
	struct as_dkim_world *world = new_world();
	struct as_buf out = as_buf_new(world->arena);
	as_buf_printf(&out, "From: a@example.com\r\nSubject:%s\r\n\r\n", one_line(world->arena, text, (size_t)(end - text)));
	as_buf_add(&out, end + 1, n - (size_t)(end + 1 - text));
	const char *message = out.text;
	size_t size = out.length, sets = 1 + (choices >> 2 & 3);
	for (size_t i = 0; i < sets; i++) {
		struct as_sealer sealer = { .signer = { .key = key, .canon = canons[(choices + i) & 3], .names = "from:subject:subject" } };
		message = as_seal_message(world->arena, &sealer, message, size, &size);
	}
	struct as_arc_outcome outcome = validate(world, message, size);
	must(outcome.code == AS_PASS && outcome.count == sets && outcome.has_oldest_pass && outcome.oldest_pass == 0);
	char *changed = as_strndup(world->arena, message, size);
	changed[(size_t)choices * 37 % size] ^= (char)(1 + choices % 127);
	(void)validate(world, changed, size); /* checks what it finds */
	as_dkim_world_free(world);
}

static void whole(const char *text, size_t n)
{
	struct as_dkim_world *world = new_world();
	(void)validate(world, text, n); /* checks what it finds */
	as_dkim_world_free(world);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const unsigned char seed[32] = "a seed that everybody may know.";
	if (!common) {
		common = as_arena_new();
		key = as_sign_seed_key(seed);
		record = as_sign_record(common, key);
	}
	if (size > 0 && data[0] == 'R') {
		struct as_arena *arena = as_arena_new();
		read_results(arena, (const char *)data + 1, size - 1);
		as_arena_free(arena);
	} else if (size > 2 && data[0] == 'S') {
		sealed(data[1], (const char *)data + 2, size - 2);
	} else {
		whole((const char *)data, size);
	}
	return 0;
}
