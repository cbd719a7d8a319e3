/* SPDX-License-Identifier: BSD-2-Clause */
/* fuzz_spf.c - a whole SPF check in a world that the input describes, and the record parser and macros on every line of it.
 *
 * Lines of the input, by their first byte; the rest of the line is any bytes:
 *   T  TXT at example.com            t  TXT at *.example.com     E  TXT at e.example.com
 *   M  MX of example.com             m  MX of *.example.com      P  PTR of the client     A  A and AAAA of everything: the client
 *   S  SERVFAIL for a name           X  timeout for a name
 *   l  local part                    h  HELO                     d  sender domain         6  client is IPv6    x  explanation wanted
 */
#include "config.h"

#include "dns_fake.h"
#include "spf_check.h"
#include "spf_record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	NOW_S = 1735689600,
	QUERIES_MAX = 1 + 10 * (1 + 10),   /* RFC 7208 4.6.4 */
	EXPLAINED_MAX = QUERIES_MAX + 1 + 11, /* exp=, and %{p} in its text */
	WORK_MAX = 1 << 20,                /* bytes an evaluation may take from the system */
};

struct world {
	struct as_arena *arena;
	struct as_dns_fake *fake;
	struct as_spf_request request;
};

static void demand(bool is_true, const char *what)
{
	if (is_true)
		return;
	fprintf(stderr, "fuzz_spf: %s\n", what);
	abort();
}

static void add_address(struct world *world, const char *name)
{
	char text[AS_IP_TEXT];
	enum as_dns_type type = world->request.client.family == 4 ? AS_DNS_A : AS_DNS_AAAA;
	(void)as_dns_fake_record(world->fake, name, type, as_ip_text(&world->request.client, text));
}

static void apply(struct world *world, char kind, const char *rest, size_t n)
{
	const char *text = as_strndup(world->arena, rest, n);
	switch (kind) {
	case 'T':
		as_dns_fake_txt(world->fake, "example.com", rest, n);
		break;
	case 't':
		as_dns_fake_txt(world->fake, "*.example.com", rest, n);
		break;
	case 'E':
		as_dns_fake_txt(world->fake, "e.example.com", rest, n);
		break;
	case 'M':
		(void)as_dns_fake_record(world->fake, "example.com", AS_DNS_MX, as_printf(world->arena, "1 %s", text));
		break;
	case 'm':
		(void)as_dns_fake_record(world->fake, "*.example.com", AS_DNS_MX, as_printf(world->arena, "1 %s", text));
		break;
	case 'P':
		(void)as_dns_fake_record(world->fake, as_dns_reverse_name(world->arena, &world->request.client), AS_DNS_PTR, text);
		break;
	case 'A':
		add_address(world, "example.com");
		add_address(world, "*.example.com");
		break;
	case 'S':
		as_dns_fake_behave(world->fake, text, 0, AS_FAKE_SERVFAIL);
		break;
	case 'X':
		as_dns_fake_behave(world->fake, text, 0, AS_FAKE_TIMEOUT);
		break;
	case 'l':
		world->request.local = text;
		break;
	case 'h':
		world->request.helo = text;
		break;
	case 'd':
		world->request.domain = text;
		break;
	case '6':
		(void)as_ip_parse("2001:db8::1", &world->request.client);
		break;
	case 'x':
		world->request.wants_explanation = true;
		break;
	default:
		break;
	}
}

static struct world build(const uint8_t *data, size_t size)
{
	struct world world = { .arena = as_arena_new(), .fake = as_dns_fake_new(NOW_S) };
	world.request = (struct as_spf_request){
		.helo = "mail.example.com", .local = "user", .domain = "example.com", .receiver = "in.example.net", .now_s = NOW_S
	};
	(void)as_ip_parse("192.0.2.1", &world.request.client);
	for (size_t at = 0; at < size;) {
		const uint8_t *end = memchr(data + at, '\n', size - at);
		size_t n = end ? (size_t)(end - data) - at : size - at;
		if (n)
			apply(&world, (char)data[at], (const char *)data + at + 1, n - 1);
		at += n + 1;
	}
	return world;
}

static void demand_printable(const char *text)
{
	for (; text && *text; text++)
		demand(*text >= 0x20 && *text <= 0x7e, "a text is not printable");
}

/* One check; what it said as one line, which the caller frees. */
static char *check(const uint8_t *data, size_t size, bool is_early)
{
	static const struct as_dns_options options = { .cache_bytes = 0 };
	static const struct as_dns_limits limits = { .budget = 500, .timeout_ms = 20000 };
	struct world world = build(data, size);
	struct as_dns *dns = as_dns_new(as_dns_fake_backend(world.fake), &options, as_dns_fake_clock(world.fake));
	struct as_dns_set *set = as_dns_set_new(dns, &limits);
	struct as_arena *arena = as_arena_new();
	struct as_spf_outcome outcome;
	if (is_early)
		as_spf_start(set, &world.request);
	as_spf_check(arena, set, &world.request, &outcome);
	unsigned queries = as_dns_fake_queries(world.fake, NULL, 0);
	demand(is_early || queries <= (world.request.wants_explanation ? EXPLAINED_MAX : QUERIES_MAX), "too many queries");
	demand(outcome.terms <= 11 && outcome.voids <= 3, "a limit was passed");
	demand(as_arena_size(arena) <= WORK_MAX + 64 * size, "too much memory");
	demand_printable(outcome.mechanism);
	demand_printable(outcome.reason);
	demand_printable(outcome.explanation);
	demand_printable(outcome.where);
	char *said = as_xstrdup(as_printf(arena, "%s|%s|%s|%s|%s|%u|%u|%s", as_code_name(outcome.code),
		outcome.mechanism ? outcome.mechanism : "",
		outcome.where ? outcome.where : "", outcome.reason ? outcome.reason : "", outcome.explanation ? outcome.explanation : "",
		outcome.terms, outcome.voids, outcome.weakest ? outcome.weakest : ""));
	as_arena_free(arena);
	as_dns_set_free(set);
	as_dns_unref(dns);
	as_dns_fake_free(world.fake);
	as_arena_free(world.arena);
	return said;
}

static void parse(const uint8_t *data, size_t size)
{
	struct as_arena *arena = as_arena_new();
	struct as_spf_text text = { (const char *)data, size };
	struct as_spf_macro_values values = {
		.local = "l", .sender_domain = "o.example", .domain = "d.example", .helo = "h", .receiver = "r"
	};
	values.client.family = 4;
	if (as_spf_domain_spec_is_valid(text))
		(void)as_spf_expand_domain(arena, text, &values);
	(void)as_spf_expand_explanation(arena, text, &values);
	free(as_spf_record_parse((const char *)data, size));
	as_arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	as_spf_global_init();
	parse(data, size);
	char *plain = check(data, size, false);
	char *early = check(data, size, true);
	/* An early lookup may find out early that its time is up; everything else must be equal. */
	demand(memchr(data, 'X', size) || strcmp(plain, early) == 0, "early lookups changed the result");
	free(plain);
	free(early);
	return 0;
}
