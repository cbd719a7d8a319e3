/* SPDX-License-Identifier: BSD-2-Clause */
/* test_dkim_cost.c - what a stranger's signatures cost, counted: bodies made canonical, names compared, fields given to libopendkim.
 *
 * as_canon_body_*(), strcmp() and dkim_header() are replaced by ones that count, so no signature here is verified.
 */
#include "config.h"

#include "test.h"

#include "body_hashes.h"
#include "canon.h"
#include "dkim_sign.h"
#include "dkim_world.h"
#include "str.h"

#include <string.h>

/* --- counted ------------------------------------------------------------------------------------------------------- */

struct as_canon_body {
	bool is_relaxed;
};

static struct {
	unsigned made, wanted, ended;
	size_t bytes;
} bodies[2]; /* simple, relaxed */

struct as_canon_body *as_canon_body_new(struct as_arena *arena, bool is_relaxed)
{
	struct as_canon_body *body = as_alloc(arena, sizeof *body);
	body->is_relaxed = is_relaxed;
	bodies[is_relaxed].made++;
	return body;
}

void as_canon_body_want(struct as_canon_body *body, uint64_t most, unsigned char hash[AS_SHA256_SIZE])
{
	(void)most, (void)hash; /* the hash stays 0 */
	bodies[body->is_relaxed].wanted++;
}

void as_canon_body_add(struct as_canon_body *body, const unsigned char *bytes, size_t n)
{
	(void)bytes; /* are not looked at */
	bodies[body->is_relaxed].bytes += n;
}

uint64_t as_canon_body_end(struct as_canon_body *body)
{
	bodies[body->is_relaxed].ended++;
	return bodies[body->is_relaxed].bytes;
}

static size_t compared;

int strcmp(const char *a, const char *b)
{
	size_t i = 0;
	compared++;
	while (a[i] && a[i] == b[i])
		i++;
	return (unsigned char)a[i] - (unsigned char)b[i];
}

static size_t handed;

/* Of libopendkim, which so never hears of a field. */
int dkim_header(void *handle, unsigned char *field, size_t n);
int dkim_header(void *handle, unsigned char *field, size_t n)
{
	(void)handle, (void)field, (void)n; /* are not looked at */
	handed++;
	return 0;
}

/* --- bodies -------------------------------------------------------------------------------------------------------- */

#define HEADER "From: joe@example.com\r\nSubject: hello\r\n\r\n"
#define BODY "one\r\ntwo\r\nthree\r\n"

static void a_body_is_made_canonical_once(void **state)
{
	(void)state; /* nothing is shared */
	enum { SIGNATURES = 9 };
	static const struct as_signer signers[SIGNATURES] = {
		{ .canon = "relaxed/relaxed" }, { .canon = "simple/relaxed" }, { .canon = "relaxed/relaxed", .domain = "example.net" },
		{ .canon = "relaxed/simple" }, { .canon = "simple/simple" }, { .canon = "" }, { .canon = "relaxed/relaxed", .has_length = true },
		{ .canon = "simple/relaxed", .has_length = true }, { .canon = "relaxed/relaxed", .has_length = true, .length = 5 },
	};
	static const unsigned char seed[32] = "a seed that everybody may know.";
	EVP_PKEY *key = as_sign_seed_key(seed);
	struct as_dkim_lib *lib = as_dkim_lib_new();
	struct as_dkim_world *world = as_dkim_world_new(lib);
	const char *message = HEADER BODY;
	size_t n = strlen(message);
	for (size_t i = 0; i < SIGNATURES; i++) {
		struct as_signer signer = signers[i];
		signer.key = key;
		signer.names = "from";
		message = as_sign_message(world->arena, &signer, message, n, &n);
	}
	world->piece = 4;
	struct as_dkim_outcome outcome = as_dkim_world_verify(world, message, n);
	assert_int_equal(outcome.count, SIGNATURES);
	for (size_t i = 0; i < SIGNATURES; i++) /* all were tried */
		assert_string_equal(outcome.signatures[i].reason, "body hash mismatch");
	static const unsigned kinds[2] = { 1, 3 }; /* all of it; relaxed: all, 0 and 5 bytes */
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(bodies[i].made, 1);
		assert_int_equal(bodies[i].ended, 1);
		assert_int_equal(bodies[i].bytes, strlen(BODY));
		assert_int_equal(bodies[i].wanted, kinds[i]);
	}
	as_dkim_world_free(world);
	as_dkim_lib_free(lib);
	EVP_PKEY_free(key);
}

/* --- names --------------------------------------------------------------------------------------------------------- */

/* As many comparisons as sorting a list and searching it by halves take: 11 for each name and each field. */
static void names_are_searched_by_halves(void **state)
{
	(void)state; /* nothing is shared */
	enum { NAMES = 1000, EACH_MOST = 12 };
	static const struct { const char *name, *in_h; unsigned fields, names; } cases[] = { /* how many differ */
		{ "none is there", "X-Other-", NAMES, NAMES }, { "each is there", "x-fIELD-", NAMES, NAMES },
		{ "one name for all", "X-Field-", 1, 1 },      { "one of them is named", "X-Field-", NAMES, 1 },
		{ "they share one name", "X-Field-", 1, NAMES },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct as_arena *arena = as_arena_new();
		struct as_buf out = as_buf_new(arena);
		const char *names[NAMES];
		struct as_fields fields;
		as_fields_init(&fields, arena, NAMES, 1 << 20);
		for (unsigned k = 0; k < NAMES; k++) {
			const char *field = as_printf(arena, "x-field-%u", k % cases[i].fields);
			names[k] = as_printf(arena, "%s%u", cases[i].in_h, k % cases[i].names);
			assert_true(as_fields_add(&fields, field, strlen(field), " x", 2));
		}
		compared = 0;
		as_canon_fields(&out, &fields, NULL, names, NAMES, true);
		if (compared < NAMES || compared > 2 * NAMES * EACH_MOST)
			fail_msg("%s: %zu comparisons", cases[i].name, compared);
		as_arena_free(arena);
	}
}

/* --- fields -------------------------------------------------------------------------------------------------------- */

/* libopendkim looks through all fields for each name of each signature: it gets a thousand at most. */
static void few_fields_are_handed_over(void **state)
{
	(void)state; /* nothing is shared */
	enum { MOST = 1000 };
	static const unsigned char seed[32] = "a seed that everybody may know.";
	EVP_PKEY *key = as_sign_seed_key(seed);
	struct as_dkim_lib *lib = as_dkim_lib_new();
	for (size_t fields = MOST; fields <= MOST + 1; fields++) {
		struct as_dkim_world *world = as_dkim_world_new(lib);
		struct as_buf text = as_buf_new(world->arena);
		size_t n;
		for (size_t i = 3; i < fields; i++) /* HEADER and the signature are the others */
			as_buf_puts(&text, "X: x\r\n");
		as_buf_puts(&text, HEADER BODY);
		const char *message = as_sign_message(world->arena, &(struct as_signer){ .key = key }, text.text, text.length, &n);
		handed = 0;
		struct as_dkim_outcome outcome = as_dkim_world_verify(world, message, n);
		assert_int_equal(outcome.count, 1);
		assert_int_equal(handed, fields == MOST ? MOST + 1 : 0); /* one is ours */
		as_dkim_world_free(world);
	}
	as_dkim_lib_free(lib);
	EVP_PKEY_free(key);
}

int main(void)
{
	static const struct CMUnitTest all[] = {
		cmocka_unit_test(a_body_is_made_canonical_once),
		cmocka_unit_test(names_are_searched_by_halves),
		cmocka_unit_test(few_fields_are_handed_over),
	};
	return cmocka_run_group_tests(all, NULL, NULL);
}
