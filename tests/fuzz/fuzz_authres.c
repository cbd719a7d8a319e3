/* SPDX-License-Identifier: BSD-2-Clause */
/* fuzz_authres.c - Authentication-Results: what parses is written so that it parses back to the same, and bytes never break a line. */
#include "config.h"

#include "authres.h"
#include "domain.h"
#include "str.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

/* Will the writer keep this value as it is? */
static bool is_kept(const char *value)
{
	size_t n = strlen(value);
	for (size_t i = 0, width; i < n; i += width)
		if (!(width = as_printable_size(value + i, n - i)))
			return false;
	return n <= AS_AUTHRES_VALUE_MAX;
}

static void compare_value(const char *was, const char *is)
{
	require(!is_kept(was) || strcmp(was, is) == 0);
}

static void compare_result(const struct as_result *was, const struct as_result *is)
{
	require(strcmp(was->method, is->method) == 0 && was->code == is->code && was->count == is->count);
	require(!was->reason == !is->reason);
	if (was->reason)
		compare_value(was->reason, is->reason);
	for (size_t i = 0; i < was->count; i++) {
		require(strcmp(was->properties[i].ptype, is->properties[i].ptype) == 0);
		require(strcmp(was->properties[i].property, is->properties[i].property) == 0);
		compare_value(was->properties[i].value, is->properties[i].value);
	}
}

static void compare_results(const struct as_authres *was, const struct as_authres *is)
{
	require(was->count == is->count);
	for (size_t i = 0; i < was->count; i++)
		compare_result(&was->results[i], &is->results[i]);
}

/* Lines of 998 octets at most, of printable characters, each but the first begun by a tab and holding more than white space. */
static void check_lines(const char *text)
{
	require(!strstr(text, "=?")); /* RFC 2047 */
	for (const char *line = text; line;) {
		size_t n = strcspn(line, "\n");
		require(n <= 998 && strspn(line, " \t") < n);
		require(line == text || *line == '\t');
		for (size_t i = line == text ? 0 : 1, width; i < n; i += width) {
			width = as_printable_size(line + i, n - i);
			require(width > 0);
		}
		line = line[n] ? line + n + 1 : NULL;
	}
}

/* Could it be an id of ours? One of white space alone, or longer than a name of a domain, could not. */
static bool is_possible(const char *authserv_id)
{
	return authserv_id[strspn(authserv_id, " \t")] && strlen(authserv_id) <= AS_DOMAIN_MAX;
}

static const char *check_round_trip(struct as_arena *arena, const struct as_authres *was)
{
	struct as_authres is;
	const char *text = as_authres_write(arena, was->authserv_id, was->results, was->count, AS_MARK_COMMENT);
	check_lines(text);
	require(as_authres_parse(arena, text, strlen(text), &is) == AS_OK);
	compare_value(was->authserv_id, is.authserv_id);
	compare_results(was, &is);
	/* What was written once is written the same again. */
	require(strcmp(text, as_authres_write(arena, is.authserv_id, is.results, is.count, AS_MARK_COMMENT)) == 0);
	return text;
}

/* The bytes themselves as every value of a result. */
static void check_values(struct as_arena *arena, const char *value)
{
	struct as_result result = { .method = "dkim", .code = AS_PASS, .reason = value, .comment = value, .has_dnssec = true };
	struct as_authres parsed;
	as_result_property(&result, "header", "s", value);
	as_result_identity(&result, "header", "i", value);
	const char *text = as_authres_write(arena, value, &result, 1, AS_MARK_PROPERTY);
	check_lines(text);
	require(as_authres_parse(arena, text, strlen(text), &parsed) == AS_OK && parsed.count == 1);
	require(parsed.results[0].count == 3 && strcmp(parsed.results[0].properties[2].value, "secure") == 0);
	compare_value(value, parsed.authserv_id);
	compare_value(value, parsed.results[0].reason);
	compare_value(value, parsed.results[0].properties[0].value);
	compare_value(value, parsed.results[0].properties[1].value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct as_arena *arena = as_arena_new();
	const char *text = as_strndup(arena, (const char *)data, size);
	struct as_authres parsed, lax;
	enum as_err lax_err = as_authres_parse_lax(arena, text, size, &lax);
	if (lax_err == AS_OK)
		check_round_trip(arena, &lax);
	if (as_authres_parse(arena, text, size, &parsed) == AS_OK) {
		require(lax_err == AS_OK);
		compare_results(&parsed, &lax);
		/* Whoever writes a field must be recognised in it. */
		bool must_claim = is_possible(parsed.authserv_id);
		require(!must_claim || as_authres_claims(arena, text, size, parsed.authserv_id));
		const char *written = check_round_trip(arena, &parsed);
		require(!must_claim || !is_kept(parsed.authserv_id) ||
			as_authres_claims(arena, written, strlen(written), parsed.authserv_id));
	}
	as_authres_claims(arena, text, size, "mx.example.com");
	check_values(arena, text);
	as_arena_free(arena);
	return 0;
}
