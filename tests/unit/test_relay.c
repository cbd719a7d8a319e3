/* SPDX-License-Identifier: BSD-2-Clause */
/* test_relay.c - which client is found on the way through relays. */
#include "config.h"

#include "relay.h"

#include "str.h"

#include <string.h>

#include "settings_from.h"
#include "test.h"

static const char config[] =
	"relay mx2 { networks = {198.51.100.25, '2001:db8:5::25'} by = {mx2.example.net, localhost} }\n"
	"relay edge { networks = '198.51.100.80/28' by = .edge.example.net }\n"
	"relay any { networks = 192.0.2.0/24 }\n";

/* A field of a hop: "c by h" is " from c.example ([c]) by h with SMTP; date". Others are taken as they are. */
static const struct {
	const char *name, *relay, *fields[8], *want;
} cases[] = {
	{ "a client", "198.51.100.25", { "203.0.113.9 by mx2.example.net" }, "203.0.113.9 1" },
	{ "no field", "198.51.100.25", { NULL }, "no Received field" },
	{ "name in other letters, final dot", "198.51.100.25", { "203.0.113.9 by MX2.Example.NET." }, "203.0.113.9 1" },
	{ "another host", "198.51.100.25", { "203.0.113.9 by mx3.example.net" }, "Received field 1: it is by another host" },
	{ "a host below", "198.51.100.25", { "203.0.113.9 by a.mx2.example.net" }, "Received field 1: it is by another host" },
	{ "an address", "198.51.100.25", { "203.0.113.9 by [198.51.100.25]" }, "Received field 1: it is by another host" },
	{ "below a domain", "198.51.100.81", { "203.0.113.9 by a.edge.example.net" }, "203.0.113.9 1" },
	{ "the domain itself", "198.51.100.81", { "203.0.113.9 by edge.example.net" }, "Received field 1: it is by another host" },
	{ "any host", "192.0.2.7", { "203.0.113.9 by [192.0.2.7]" }, "203.0.113.9 1" },
	{ "a stranger's field below", "198.51.100.25", { "203.0.113.9 by mx2.example.net", "203.0.113.10 by mx2.example.net" }, "203.0.113.9 1" },
	{ "two relays", "198.51.100.81", { "2001:db8:5::25 by a.edge.example.net", "203.0.113.9 by mx2.example.net" }, "203.0.113.9 2" },
	{ "two relays, the second by another", "198.51.100.81", { "198.51.100.25 by a.edge.example.net", "203.0.113.9 by a.edge.example.net" },
	  "Received field 2: it is by another host" },
	{ "two relays, the second unreadable", "198.51.100.81", { "198.51.100.25 by a.edge.example.net", " by mx2.example.net; x" },
	  "Received field 2: it names no client" },
	{ "a filter", "198.51.100.25", { "127.0.0.1 by mx2.example.net", "127.8.9.1 by localhost", "203.0.113.9 by mx2.example.net" },
	  "203.0.113.9 3" },
	{ "a filter on ::1", "198.51.100.25", { "::1 by mx2.example.net", "203.0.113.9 by mx2.example.net" }, "203.0.113.9 2" },
	{ "a filter on ::ffff:127.0.0.1", "198.51.100.25", { "::ffff:127.0.0.1 by mx2.example.net", "203.0.113.9 by mx2.example.net" },
	  "203.0.113.9 2" },
	{ "a filter by another", "198.51.100.25", { "127.0.0.1 by mx2.example.net", "203.0.113.9 by filter.example.net" },
	  "Received field 2: it is by another host" },
	{ "nobody before", "198.51.100.25", { "127.0.0.1 by mx2.example.net" }, "no client before the relays" },
	{ "a private address", "198.51.100.25", { "10.0.0.1 by mx2.example.net" }, "10.0.0.1 1" },
};

static void add_hop(struct as_fields *fields, const char *hop)
{
	const char *by = *hop == ' ' ? NULL : strstr(hop, " by ");
	size_t n = by ? (size_t)(by - hop) : 0;
	const char *value = by ? as_printf(fields->arena, " from c.example ([%.*s])%s with SMTP; date", (int)n, hop, by) : hop;
	assert_true(as_fields_add(fields, "X-Before", 8, " x", 2));
	assert_true(as_fields_add(fields, "received", 8, value, strlen(value)));
}

static const char *trace(struct as_arena *arena, const char *relay, struct as_fields *fields)
{
	char text[AS_IP_TEXT];
	const struct as_settings *settings = settings_from(arena, config);
	struct as_ip ip;
	struct as_relayed relayed;
	assert_int_equal(as_ip_parse(relay, &ip), AS_OK);
	as_relay_trace(arena, settings, as_relay_find(settings, &ip), fields, &relayed);
	assert_int_equal(relayed.trouble != NULL, relayed.client.family == 0);
	return relayed.trouble ? relayed.trouble : as_printf(arena, "%s %u", as_ip_text(&relayed.client, text), relayed.hops);
}

static void test_trace(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct as_arena *arena = as_arena_new();
		struct as_fields fields;
		as_fields_init(&fields, arena, 100, 10000);
		for (size_t k = 0; cases[i].fields[k]; k++)
			add_hop(&fields, cases[i].fields[k]);
		const char *got = trace(arena, cases[i].relay, &fields);
		if (strcmp(got, cases[i].want) != 0)
			fail_msg("%s: %s, not %s", cases[i].name, got, cases[i].want);
		as_arena_free(arena);
	}
}

static void test_many_hops(void **state)
{
	(void)state;
	for (size_t relays = 18; relays <= 22; relays++) {
		struct as_arena *arena = as_arena_new();
		struct as_fields fields;
		as_fields_init(&fields, arena, 100, 10000);
		for (size_t i = 0; i < relays; i++)
			add_hop(&fields, "192.0.2.1 by a.example");
		add_hop(&fields, "203.0.113.9 by a.example");
		const char *want = relays < 20 ? as_printf(arena, "203.0.113.9 %zu", relays + 1) : "too many relays";
		assert_string_equal(trace(arena, "192.0.2.1", &fields), want);
		as_arena_free(arena);
	}
}

static void test_find(void **state)
{
	(void)state;
	static const struct { const char *address, *relay; } addresses[] = {
		{ "198.51.100.25", "mx2" }, { "2001:db8:5::25", "mx2" }, { "198.51.100.24", NULL }, { "198.51.100.95", "edge" },
		{ "198.51.100.96", NULL },  { "::ffff:192.0.2.1", "any" }, { "127.0.0.1", NULL },
	};
	struct as_arena *arena = as_arena_new();
	const struct as_settings *settings = settings_from(arena, config);
	for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
		struct as_ip ip;
		assert_int_equal(as_ip_parse(addresses[i].address, &ip), AS_OK);
		const struct as_relay *relay = as_relay_find(settings, &ip);
		assert_string_equal(relay ? relay->name : "", addresses[i].relay ? addresses[i].relay : "");
	}
	assert_null(as_relay_find(settings, &(struct as_ip){ .family = 0 }));
	as_arena_free(arena);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_trace), cmocka_unit_test(test_many_hops), cmocka_unit_test(test_find),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
