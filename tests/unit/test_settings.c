/* SPDX-License-Identifier: BSD-2-Clause */
/* test_settings.c - reading the configuration: defaults, values, and what errors say. */
#include "config.h"

#include "rule.h"
#include "settings.h"
#include "settings_table.h"
#include "settings_value.h"
#include "translation.h"

#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct as_settings *parse(struct as_arena *arena, const char *text)
{
	const struct as_settings *settings = NULL;
	const char *detail = NULL;
	enum as_err err = as_settings_parse(arena, "t", text, &settings, &detail);
	if (err)
		print_error("%s: %s\n", text, detail);
	assert_int_equal(err, AS_OK);
	assert_null(detail);
	return settings;
}

/* Each default must be a value that the row's own reader takes: the defaults are never checked when a file is read. */
static void test_defaults_are_valid(void **state)
{
	(void)state;
	struct as_arena *arena = as_arena_new();
	for (const struct as_keyword *row = as_keywords; row->name; row++) {
		union { int64_t n; struct as_network net; } scratch;
		const char *detail = "";
		if (AS_KIND_IS_LIST(row->kind))
			continue; /* test_defaults reads them */
		enum as_err err = as_value_read(arena, row, row->standard, &scratch, &detail);
		if (err)
			print_error("%s.%s: %s\n", row->section, row->name, detail);
		assert_int_equal(err, AS_OK);
	}
	as_arena_free(arena);
}

static void assert_defaults(const struct as_settings *s)
{
	assert_string_equal(s->authserv_id, "");
	assert_string_equal(s->socket, "inet:8894@localhost");
	assert_int_equal(s->socket_mode, 0660);
	assert_string_equal(s->socket_group, "");
	assert_string_equal(s->user, "assay");
	assert_int_equal(s->maximum_connections, 1000);
	assert_int_equal(s->trusted_network_count, 2);
	assert_int_equal(s->trusted_networks[0].bits, 8);
	assert_int_equal(s->trusted_networks[0].ip.bytes[0], 127);
	assert_int_equal(s->trusted_networks[1].bits, 128);
	assert_int_equal(s->trusted_networks[1].ip.family, 6);
	assert_true(s->skip_authenticated);
	assert_false(s->report_only);
	assert_int_equal(s->mixed_recipients, AS_MIXED_STRICTEST);
	assert_null(s->rules);
	assert_int_equal(s->translation_count, 0);
	assert_string_equal(s->help_url, "");
	assert_int_equal(s->on_internal_error, AS_VERB_TEMPFAIL);
	assert_int_equal(s->dnssec_mark, AS_MARK_COMMENT);
	assert_int_equal(s->evaluation_timeout_ms, 20000);
	assert_int_equal(s->maximum_queries, 400);
	assert_int_equal(s->maximum_header_bytes, 1 << 20);
	assert_int_equal(s->maximum_header_fields, 1000);
	assert_string_equal(s->log.target, "syslog");
	assert_int_equal(s->log.level, AS_LOG_INFO);
	assert_string_equal(s->log.facility, "mail");
	assert_false(s->log.local_parts);
	assert_string_equal(s->capture.directory, "");
	assert_int_equal(s->capture.every, 0);
	assert_null(s->capture.rules[0]);
	assert_int_equal(s->capture.maximum_files, 1000);
	assert_int_equal(s->capture.maximum_bytes, 10 << 20);
	assert_int_equal(s->dns.mode, AS_DNS_AUTO);
	assert_null(s->dns.forward[0]);
	assert_string_equal(s->dns.trust_anchor, "/usr/share/dns/root.key");
	assert_null(s->dns.insecure[0]);
	assert_int_equal(s->dns.stub_count, 0);
	assert_int_equal(s->dns.cache_bytes, 64 << 20);
	assert_int_equal(s->dns.max_ttl_s, 86400);
	assert_int_equal(s->dns.failure_ttl_s, 5);
	assert_int_equal(s->auth_results, AS_AUTH_RESULTS_NONE);
	assert_false(s->iprev.enable);
	assert_int_equal(s->iprev.on_fail | s->iprev.on_permerror | s->iprev.on_temperror, AS_VERB_ACCEPT);
	assert_string_equal(s->iprev.reply_fail, "");
	assert_true(s->spf.enable);
	assert_false(s->spf.explanation);
	assert_int_equal(s->spf.on_fail | s->spf.on_softfail | s->spf.on_temperror | s->spf.on_permerror, AS_VERB_ACCEPT);
	assert_string_equal(s->spf.reply_fail, "");
	assert_string_equal(s->spf.reply_error, "");
	assert_true(s->dkim.enable);
	assert_int_equal(s->dkim.minimum_key_bits, 1024);
	assert_int_equal(s->dkim.maximum_signatures, 10);
	assert_false(s->dkim.accept_length_tag);
	assert_int_equal(s->dkim.clock_drift_s, 300);
	assert_int_equal(s->dkim.on_fail | s->dkim.on_none | s->dkim.on_temperror, AS_VERB_ACCEPT);
	assert_true(s->arc.enable);
	assert_null(s->arc.trusted_sealers[0]);
	assert_true(s->dmarc.enable);
	assert_int_equal(s->dmarc.discovery, AS_DISCOVERY_TREE_WALK);
	assert_string_equal(s->dmarc.public_suffix_list, "/usr/share/publicsuffix/public_suffix_list.dafsa");
	assert_int_equal(s->dmarc.on_reject, AS_VERB_REJECT);
	assert_int_equal(s->dmarc.on_quarantine, AS_VERB_TAG);
	assert_int_equal(s->dmarc.on_none_fail, AS_VERB_ACCEPT);
	assert_int_equal(s->dmarc.on_temperror, AS_VERB_TEMPFAIL);
	assert_int_equal(s->dmarc.on_permerror, AS_VERB_ACCEPT);
	assert_int_equal(s->dmarc.on_malformed_from, AS_VERB_REJECT);
	assert_int_equal(s->dmarc.on_proven_list, AS_VERB_TAG);
	assert_int_equal(s->dmarc.on_forwarder, AS_VERB_ACCEPT);
	assert_int_equal(s->forwarders.network_count, 0);
	assert_null(s->forwarders.domains[0]);
	assert_string_equal(s->dmarc.reply_reject, "");
}

static void test_defaults(void **state)
{
	(void)state;
	struct as_arena *arena = as_arena_new();
	const struct as_settings *settings;
	const char *detail;
	assert_int_equal(as_settings_load(arena, NULL, &settings, &detail), AS_OK);
	assert_defaults(settings);
	assert_defaults(parse(arena, ""));
	assert_defaults(parse(arena, "# nothing"));
	assert_defaults(parse(arena, "/* nothing */\r\nlog {}\r\ndns { }"));
	as_arena_free(arena);
}

/* What was switched off by name is meant, whatever it leaves without effect. */
static void test_switched_off(void **state)
{
	(void)state;
	struct as_arena *arena = as_arena_new();
	assert_int_equal(parse(arena, "iprev { enable = false on-fail = reject }")->iprev.on_fail, AS_VERB_REJECT);
	assert_int_equal(parse(arena, "capture { directory = '' every = 10 }")->capture.every, 10);
	assert_false(parse(arena, "spf { enable = false on-fail = reject }")->spf.enable);
	as_arena_free(arena);
}

/* The configuration of the design, word for word: names and syntax that tools outside the tree write. */
static void test_fixed_names(void **state)
{
	(void)state;
	static const char text[] =
		"authserv-id      = \"\"\nsocket           = \"inet:8894@localhost\"     # also unix\nsocket-mode = \"0660\"\n"
		"user             = \"assay\"\ntrusted-networks = {\"127.0.0.0/8\", \"::1/128\"}\nreport-only      = false\n"
		"log   { target = \"syslog\"  level = \"info\"  facility = \"mail\" }\n"
		"dns   {\n    mode = \"auto\"\n    forward = {}\n    trust-anchor = \"/usr/share/dns/root.key\"\n"
		"    stub \"corp.example\" { addresses = {\"192.0.2.9@53\"}  insecure = false }\n}\n"
		"evaluation-timeout = \"20s\"\nspf   { enable = true }\n"
		"dkim  { enable = true  minimum-key-bits = 1024  maximum-signatures = 10 }\narc   { enable = true  trusted-sealers = {} }\n"
		"dmarc { enable = true  discovery = \"tree-walk\"  on-reject = \"reject\"  on-quarantine = \"tag\"  on-temperror = "
		"\"tempfail\"\n"
		" on-permerror = \"accept\" on-malformed-from = \"reject\"\n"
		" public-suffix-list = \"/usr/share/publicsuffix/public_suffix_list.dafsa\" }\n";
	struct as_arena *arena = as_arena_new();
	struct as_settings settings = *parse(arena, text);
	assert_int_equal(settings.dns.stub_count, 1);
	assert_string_equal(settings.dns.stubs[0].zone, "corp.example");
	assert_string_equal(settings.dns.stubs[0].addresses[0], "192.0.2.9@53");
	assert_null(settings.dns.stubs[0].addresses[1]);
	assert_false(settings.dns.stubs[0].insecure);
	settings.dns.stub_count = 0;
	assert_defaults(&settings);
	as_arena_free(arena);
}

static void test_values(void **state)
{
	(void)state;
	static const char text[] =
		"authserv-id = mx.example.com socket = 'unix:/run/assay/assay.sock' socket-mode = 0600 socket-group = postfix user = \"\"\n"
		"maximum-connections = 0 trusted-networks += \"192.0.2.0/24\" skip-authenticated = no report-only = on\n"
		"on-internal-error = Accept dnssec-state = property evaluation-timeout = 1500ms maximum-queries = 20\n"
		"maximum-header-bytes = 64k maximum-header-fields = 20000 help-url = 'https://example.com/why?%{id}'\n"
		"log { target = stderr level = DEBUG facility = local3 local-parts = yes }\n"
		"dns { mode = forward forward = {192.0.2.53, \"2001:db8::53@5353\"} trust-anchor = \"\" insecure = "
		"{Broken.Example., b.example}\n"
		" cache-size = 1g maximum-ttl = 2h failure-ttl = 0s\n"
		" stub a.example { addresses = 192.0.2.1 insecure = true } stub b.example { addresses = {192.0.2.2, 192.0.2.3} } }\n"
		"auth-results = full\n"
		"iprev { enable = true on-fail = reject on-permerror = tempfail on-temperror = tag reply-fail = 'who is %{client}' }\n"
		"spf { enable = false explanation = true on-fail = reject on-softfail = tag on-temperror = tempfail on-permerror = quarantine\n"
		" reply-fail = '5.7.1 no %{client}' reply-error = 'later' }\n"
		"dkim { minimum-key-bits = 2048 maximum-signatures = 1 accept-length-tag = true clock-drift = 1m on-fail = tag "
		"on-none = tag\n"
		" on-temperror = tempfail reply-fail = a reply-none = b reply-temperror = '4.7.5 c' }\n"
		"capture { directory = /var/lib/assay/captures every = 100 rules = {dmarc-temperror, my_rule.2, default} maximum-files = 5\n"
		" maximum-bytes = 64k }\n"
		"arc { enable = false trusted-sealers = {example.net} } rule my_rule.2 { client = 192.0.2.0/24 action = tag }\n"
		"dmarc { discovery = public-suffix-list public-suffix-list = '' on-reject = tempfail on-quarantine = quarantine "
		"on-none-fail = tag\n"
		" on-temperror = accept on-permerror = reject on-malformed-from = tag reply-reject = '4.7.1 later' reply-quarantine = q\n"
		" reply-temperror = t reply-permerror = p reply-malformed-from = '100%%' }\n";
	struct as_arena *arena = as_arena_new();
	const struct as_settings *s = parse(arena, text);
	assert_string_equal(s->authserv_id, "mx.example.com");
	assert_string_equal(s->socket, "unix:/run/assay/assay.sock");
	assert_int_equal(s->socket_mode, 0600);
	assert_string_equal(s->socket_group, "postfix");
	assert_string_equal(s->user, "");
	assert_int_equal(s->maximum_connections, 0);
	assert_int_equal(s->trusted_network_count, 3);
	assert_int_equal(s->trusted_networks[2].bits, 24);
	assert_int_equal(s->trusted_networks[2].ip.bytes[0], 192);
	assert_false(s->skip_authenticated);
	assert_true(s->report_only);
	assert_int_equal(s->on_internal_error, AS_VERB_ACCEPT);
	assert_string_equal(s->help_url, "https://example.com/why?%{id}");
	assert_int_equal(s->dnssec_mark, AS_MARK_PROPERTY);
	assert_int_equal(s->evaluation_timeout_ms, 1500);
	assert_int_equal(s->maximum_queries, 20);
	assert_int_equal(s->maximum_header_bytes, 65536);
	assert_int_equal(s->maximum_header_fields, 20000);
	assert_string_equal(s->log.target, "stderr");
	assert_int_equal(s->log.level, AS_LOG_DEBUG);
	assert_string_equal(s->log.facility, "local3");
	assert_true(s->log.local_parts);
	assert_int_equal(s->dns.mode, AS_DNS_FORWARD);
	assert_string_equal(s->dns.forward[0], "192.0.2.53");
	assert_string_equal(s->dns.forward[1], "2001:db8::53@5353");
	assert_null(s->dns.forward[2]);
	assert_string_equal(s->dns.trust_anchor, "");
	assert_string_equal(s->dns.insecure[0], "broken.example");
	assert_string_equal(s->dns.insecure[1], "b.example");
	assert_int_equal(s->dns.cache_bytes, 1 << 30);
	assert_int_equal(s->dns.max_ttl_s, 7200);
	assert_int_equal(s->dns.failure_ttl_s, 0);
	assert_int_equal(s->dns.stub_count, 2);
	assert_true(s->dns.stubs[0].insecure);
	assert_string_equal(s->dns.stubs[0].addresses[0], "192.0.2.1");
	assert_string_equal(s->dns.stubs[1].zone, "b.example");
	assert_false(s->dns.stubs[1].insecure);
	assert_string_equal(s->dns.stubs[1].addresses[1], "192.0.2.3");
	assert_false(s->spf.enable);
	assert_true(s->spf.explanation);
	assert_int_equal(s->spf.on_fail, AS_VERB_REJECT);
	assert_int_equal(s->spf.on_softfail, AS_VERB_TAG);
	assert_int_equal(s->spf.on_temperror, AS_VERB_TEMPFAIL);
	assert_int_equal(s->spf.on_permerror, AS_VERB_QUARANTINE);
	assert_string_equal(s->spf.reply_fail, "5.7.1 no %{client}");
	assert_string_equal(s->spf.reply_error, "later");
	assert_int_equal(s->dkim.minimum_key_bits, 2048);
	assert_int_equal(s->dkim.maximum_signatures, 1);
	assert_true(s->dkim.accept_length_tag);
	assert_int_equal(s->dkim.clock_drift_s, 60);
	assert_int_equal(s->dkim.on_fail, AS_VERB_TAG);
	assert_int_equal(s->dkim.on_none, AS_VERB_TAG);
	assert_int_equal(s->dkim.on_temperror, AS_VERB_TEMPFAIL);
	assert_string_equal(s->dkim.reply_fail, "a");
	assert_string_equal(s->dkim.reply_none, "b");
	assert_string_equal(s->dkim.reply_temperror, "4.7.5 c");
	assert_int_equal(s->auth_results, AS_AUTH_RESULTS_FULL);
	assert_true(s->iprev.enable);
	assert_int_equal(s->iprev.on_fail, AS_VERB_REJECT);
	assert_int_equal(s->iprev.on_permerror, AS_VERB_TEMPFAIL);
	assert_int_equal(s->iprev.on_temperror, AS_VERB_TAG);
	assert_string_equal(s->iprev.reply_fail, "who is %{client}");
	assert_false(s->arc.enable);
	assert_string_equal(s->capture.directory, "/var/lib/assay/captures");
	assert_int_equal(s->capture.every, 100);
	assert_string_equal(s->capture.rules[1], "my_rule.2");
	assert_int_equal(s->capture.maximum_files, 5);
	assert_int_equal(s->capture.maximum_bytes, 64 << 10);
	assert_string_equal(s->arc.trusted_sealers[0], "example.net");
	assert_int_equal(s->dmarc.discovery, AS_DISCOVERY_PSL);
	assert_string_equal(s->dmarc.public_suffix_list, "");
	assert_int_equal(s->dmarc.on_reject, AS_VERB_TEMPFAIL);
	assert_int_equal(s->dmarc.on_quarantine, AS_VERB_QUARANTINE);
	assert_int_equal(s->dmarc.on_none_fail, AS_VERB_TAG);
	assert_int_equal(s->dmarc.on_temperror, AS_VERB_ACCEPT);
	assert_int_equal(s->dmarc.on_permerror, AS_VERB_REJECT);
	assert_int_equal(s->dmarc.on_malformed_from, AS_VERB_TAG);
	assert_string_equal(s->dmarc.reply_reject, "4.7.1 later");
	assert_string_equal(s->dmarc.reply_quarantine, "q");
	assert_string_equal(s->dmarc.reply_temperror, "t");
	assert_string_equal(s->dmarc.reply_permerror, "p");
	assert_string_equal(s->dmarc.reply_malformed_from, "100%%");
	as_arena_free(arena);
}

/* What could be an exemption of a claim and is none. */
static void test_rules_allowed(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"from-domain = a.example action = reject",
		"from-domain = a.example action = report-only",
		"from-domain = a.example dmarc = none action = tag", /* stricter than the table */
		"from-domain = a.example dmarc = fail dmarc-policy = none action = tag",
		"from-domain = a.example dmarc = permerror action = accept", /* which has a readable From field */
		"from-domain = a.example client = 192.0.2.1 action = accept",
		"from-domain = a.example dkim-domain = b.example action = accept",
		"from-domain = a.example arc-sealer = b.example action = accept",
		"from-domain = a.example list-id = b.example action = accept",
		"from-domain = a.example dmarc = pass action = accept",
		"from-domain = a.example envelope-domain = b.example spf = pass action = accept",
		"helo = b.example spf-helo = pass action = accept",
		"recipient = postmaster@example.net action = accept", /* nobody's claim */
	};
	struct as_arena *arena = as_arena_new();
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		assert_int_equal(parse(arena, as_printf(arena, "rule x { %s }", texts[i]))->rules->count, 1);
	as_arena_free(arena);
}

static void test_relays(void **state)
{
	(void)state;
	struct as_arena *arena = as_arena_new();
	const struct as_settings *s = parse(arena, "relay a { networks = {192.0.2.25, '2001:db8:5::/48'} by = {MX2.example.com, .gw.example.com} }\n"
						   "relay b.2 {\n networks = 10.0.0.0/8 on-reject = tag }\non-unknown-client = accept");
	assert_int_equal(s->relay_count, 2);
	assert_string_equal(s->relays[0].name, "a");
	assert_int_equal(s->relays[0].network_count, 2);
	assert_int_equal(s->relays[0].networks[1].bits, 48);
	assert_string_equal(s->relays[0].by[0], "mx2.example.com");
	assert_string_equal(s->relays[0].by[1], ".gw.example.com");
	assert_null(s->relays[0].by[2]);
	assert_int_equal(s->relays[0].on_reject, AS_VERB_QUARANTINE);
	assert_string_equal(s->relays[1].name, "b.2");
	assert_int_equal(s->relays[1].network_count, 1);
	assert_null(s->relays[1].by[0]);
	assert_int_equal(s->relays[1].on_reject, AS_VERB_TAG);
	assert_int_equal(s->on_unknown_client, AS_VERB_ACCEPT);
	as_arena_free(arena);
}

static void test_sockets(void **state)
{
	(void)state;
	static const struct { const char *given, *taken; } cases[] = {
		{ "inet:8894", "inet:8894" },
		{ "inet:8894@192.0.2.1", "inet:8894@192.0.2.1" },
		{ "inet:localhost:8894", "inet:8894@localhost" },
		{ "inet6:[2001:db8::1]:8894", "inet6:8894@2001:db8::1" },
		{ "inet6:8894@::1", "inet6:8894@::1" },
		{ "local:/run/a.sock", "local:/run/a.sock" },
	};
	struct as_arena *arena = as_arena_new();
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *text = as_printf(arena, "socket = \"%s\" metrics { socket = \"%s\" }", cases[i].given, cases[i].given);
		const struct as_settings *settings = parse(arena, text);
		assert_string_equal(settings->socket, cases[i].taken);
		assert_string_equal(settings->metrics.socket, cases[i].taken);
	}
	as_arena_free(arena);
}

#define FIFTY_FOUR "/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define AGAIN "; write KEYWORD = VALUE, KEYWORD = {VALUE, VALUE} or SECTION { ... }"

#define PROOFS \
	"add what proves it: client, dkim-domain, spf = \"pass\" with envelope-domain, spf-helo = \"pass\" with helo, arc-sealer, list-id, " \
	"dmarc = \"pass\" or authenticated = \"true\""

static const struct {
	const char *text;
	enum as_err err;
	const char *detail;
} errors[] = {
	{ "\nsockett = x", AS_ERR_SYNTAX, "t:2: unknown keyword \"sockett\"; did you mean \"socket\"?" },
	{ "qqqqqq = x", AS_ERR_SYNTAX, "t:1: unknown keyword \"qqqqqq\"; see assay.conf(5) for those that there are" },
	{ "dmrac {}", AS_ERR_SYNTAX, "t:1: unknown keyword \"dmrac\"; did you mean \"dmarc\"?" },
	{ "dmarc {\n on-rejct = tag\n}", AS_ERR_SYNTAX,
	  "t:2: unknown keyword \"on-rejct\" in section \"dmarc\"; did you mean \"on-reject\"?" },
	{ "trust-anchor = ''", AS_ERR_SYNTAX, "t:1: unknown keyword \"trust-anchor\"; it belongs into the section \"dns\"" },
	{ "on-reject = tag", AS_ERR_SYNTAX, "t:1: unknown keyword \"on-reject\"; it belongs into the section \"relay\" or \"dmarc\"" },
	{ "dns { socket-mode = 0600 }", AS_ERR_SYNTAX,
	  "t:1: unknown keyword \"socket-mode\" in section \"dns\"; it belongs outside of all sections, or into the section \"metrics\"" },
	{ "recipient-domain = x", AS_ERR_SYNTAX,
	  "t:1: unknown keyword \"recipient-domain\"; it belongs into the section \"rule\" or \"translation\"" },
	{ "log { user = x }", AS_ERR_SYNTAX, "t:1: unknown keyword \"user\" in section \"log\"; it belongs outside of all sections" },
	{ "\nrule x {\n spf = {}\n action = reject\n}", AS_ERR_SYNTAX, "t:4: rule \"x\": spf = {} is empty; leave it out or name a value" },
	{ "rule x { spf = fail }", AS_ERR_SYNTAX, "t:1: rule \"x\": it needs action = \"ACTION\"" },
	{ "rule x { action = reject }", AS_ERR_RANGE,
	  "t:1: rule \"x\": it has no condition and would decide about every message; add one, such as client or from-domain" },
	/* mailcow 5971: no exception for an author that nothing has authenticated */
	{ "rule y { spf = fail action = reject }\nrule x {\n from-domain = a.example\n action = accept }", AS_ERR_RANGE,
	  "t:3: rule \"x\": from-domain can be claimed by anybody, so action = \"accept\" would let forgeries in; " PROOFS },
	{ "rule x { display-name-domain = a.example dmarc = fail action = accept }", AS_ERR_RANGE,
	  "t:1: rule \"x\": display-name-domain can be claimed by anybody, so action = \"accept\" would let forgeries in; " PROOFS },
	{ "rule x { from-domain = a.example dmarc = fail action = tag }", AS_ERR_RANGE,
	  "t:1: rule \"x\": from-domain can be claimed by anybody, so action = \"tag\" would let forgeries in; " PROOFS },
	{ "rule x { from-domain = a.example spf = pass action = accept }", AS_ERR_RANGE,
	  "t:1: rule \"x\": from-domain can be claimed by anybody, so action = \"accept\" would let forgeries in; " PROOFS },
	{ "rule x { from-domain = a.example dmarc = {pass, fail} action = accept }", AS_ERR_RANGE,
	  "t:1: rule \"x\": from-domain can be claimed by anybody, so action = \"accept\" would let forgeries in; " PROOFS },
	{ "rule x { helo = a.example action = accept }", AS_ERR_RANGE,
	  "t:1: rule \"x\": helo can be claimed by anybody, so action = \"accept\" would let forgeries in; " PROOFS },
	{ "rule x { header-present = x-pass action = accept }", AS_ERR_RANGE,
	  "t:1: rule \"x\": header-present can be claimed by anybody, so action = \"accept\" would let forgeries in; " PROOFS },
	{ "rule x { client = {192.0.2.1, mx.example.com} action = accept }", AS_ERR_RANGE,
	  "t:1: rule \"x\": client = \"mx.example.com\": a name has to be confirmed; set iprev.enable = true, or write the network" },
	{ "user = ''\n\nrule x {\n from-domain = example.com\n action = accept\n}", AS_ERR_RANGE,
	  "t:4: rule \"x\": from-domain can be claimed by anybody, so action = \"accept\" would let forgeries in; " PROOFS },
	{ "rule x { iprev = fail action = reject }", AS_ERR_RANGE, "t:1: rule \"x\": iprev never matches while iprev.enable = false" },
	{ "rule x { client = 'a b' action = accept }", AS_ERR_SYNTAX,
	  "t:1: rule \"x\": client = \"a b\": it must be a domain such as \"example.com\", or \".example.com\" for all below it" },
	{ "iprev { enable = true on-fail = reject } rule x { from-domain = a.example dmarc = pass action = accept } "
	  "rule y { helo = a.example dmarc = none action = tag }", AS_ERR_RANGE,
	  "t:1: rule \"y\": helo can be claimed by anybody, so action = \"tag\" would let forgeries in; " PROOFS },
	/* a From field that cannot be read is permerror too */
	{ "rule x { header-present = x-pass dmarc = permerror action = accept }", AS_ERR_RANGE,
	  "t:1: rule \"x\": header-present can be claimed by anybody, so action = \"accept\" would let forgeries in; " PROOFS },
	{ "rule x { client = 192.0.2.1/24 action = accept }", AS_ERR_RANGE,
	  "t:1: rule \"x\": client = \"192.0.2.1/24\": the address has bits beyond the prefix; the network is \"192.0.2.0/24\"" },
	{ "rule 'a b' { spf = fail action = reject }", AS_ERR_SYNTAX,
	  "t:1: rule \"a b\": the name must be 1 to 64 letters, digits, \"-\", \"_\" or \".\"; it stands in log and header" },
	{ "rule dmarc-reject { spf = fail action = reject }", AS_ERR_RANGE,
	  "t:1: rule \"dmarc-reject\": the name is that of a row of the built-in table; take another one" },
	{ "rule x { spf = fail action = tag reply = no }", AS_ERR_RANGE,
	  "t:1: rule \"x\": reply has no effect without action = \"reject\" or \"tempfail\"" },
	{ "rule x { spf = fail action = reject reply = '4.7.1 no' }", AS_ERR_RANGE,
	  "t:1: rule \"x\": reply: the code does not fit action = \"reject\", it must begin with 5; or leave the code out" },
	{ "rule x {\n spf = {fail,\n fial} action = reject }", AS_ERR_SYNTAX,
	  "t:3: rule \"x\": spf = \"fial\": it must be \"none\", \"neutral\", \"pass\", \"fail\", \"softfail\", \"temperror\" or "
	  "\"permerror\"" },
	{ "rule x { spf = fail action = discard }", AS_ERR_SYNTAX,
	  "t:1: rule \"x\": action = \"discard\": it must be \"accept\", \"tag\", \"quarantine\", \"tempfail\", \"reject\" or "
	  "\"report-only\"" },
	{ "rule x { spff = fail action = reject }", AS_ERR_SYNTAX, "t:1: unknown keyword \"spff\" in rule \"x\"; did you mean \"spf\"?" },
	{ "rule x { spf = fail spf = pass action = reject }", AS_ERR_SYNTAX, "t:1: rule \"x\": spf is given twice; first in line 1" },
	{ "rule x { authenticated = true action = reject }", AS_ERR_RANGE,
	  "t:1: rule \"x\": authenticated clients do not come to rules unless skip-authenticated = false" },
	{ "spf { enable = false } rule x { spf = fail action = reject }", AS_ERR_RANGE,
	  "t:1: rule \"x\": spf never matches while spf.enable = false" },
	{ "rule x { spf = fail action = reject expires = 2027-02-30 }", AS_ERR_SYNTAX,
	  "t:1: rule \"x\": expires = \"2027-02-30\": it must be a day such as \"2027-03-01\"" },
	{ "rule x { spf = fail action = reject percent = 101 }", AS_ERR_RANGE,
	  "t:1: rule \"x\": percent = \"101\": it must be between 0 and 100" },
	{ "rule x { recipient = bob action = reject }", AS_ERR_SYNTAX,
	  "t:1: rule \"x\": recipient = \"bob\": it must be an address such as \"postmaster@example.com\"" },
	{ "rule x { from-domain = 'a b' action = reject }", AS_ERR_SYNTAX,
	  "t:1: rule \"x\": from-domain = \"a b\": it must be a domain such as \"example.com\", or \".example.com\" for all below it" },
	{ "rule x { size = 10 action = reject }", AS_ERR_SYNTAX, "t:1: rule \"x\": size = \"10\": it must be a bound such as \">10m\" or \"<1k\"" },
	{ "rule x { header-present = 'a:' action = reject }", AS_ERR_SYNTAX,
	  "t:1: rule \"x\": header-present = \"a:\": it must be the name of a header field such as \"List-Id\", without a colon" },
	{ "rule x { spf = fail action = reject } rule x { spf = fail action = reject }", AS_ERR_SYNTAX,
	  "t:1: two sections of a kind have the name \"x\"; take another one for this" },
	{ "rule { spf = fail action = reject }", AS_ERR_SYNTAX, "t:1: section \"rule\" needs a name: rule \"NAME\" { ... }" },
	{ "rule x {\n spf = fail\n", AS_ERR_SYNTAX, "t:3: rule \"x\" is not closed; a \"}\" is missing" },
	{ "\n\ninclude(\"/etc/passwd\")", AS_ERR_SYNTAX, "t:3: files cannot be included; write everything into this one" },
	{ "dns|mode = auto", AS_ERR_SYNTAX, NULL },
	{ "- = x", AS_ERR_SYNTAX, "t:1: unknown keyword \"-\"; see assay.conf(5) for those that there are" },
	{ "report-only = maybe", AS_ERR_SYNTAX, "t:1: report-only = \"maybe\": it must be true or false" },
	{ "report-only = {true}", AS_ERR_SYNTAX, "t:1: unexpected \"{\"" AGAIN },
	{ "trusted-networks = {192.0.2.1\nreport-only = true", AS_ERR_SYNTAX,
	  "t:2: unexpected \"report-only\"; is a \",\" or a \"}\" missing before it?" },
	{ "trusted-networks = 192.0.2.1, 192.0.2.2", AS_ERR_SYNTAX, "t:1: unexpected \",\"" AGAIN },
	{ "user = ''\ntrusted-networks = {192.0.2.1\n\n# end\n", AS_ERR_SYNTAX,
	  "t:2: the list that begins here is not closed; a \"}\" is missing" },
	{ "report-only true", AS_ERR_SYNTAX, "t:1: missing equal sign after option 'report-only'" AGAIN },
	{ "dmarc {\n on-reject = bounce }", AS_ERR_SYNTAX,
	  "t:2: dmarc.on-reject = \"bounce\": it must be \"accept\", \"tag\", \"quarantine\", \"tempfail\" or \"reject\"" },
	{ "auth-results = true", AS_ERR_SYNTAX, "t:1: auth-results = \"true\": it must be \"none\", \"domain\" or \"full\"" },
	{ "iprev { on-fail = fail }", AS_ERR_SYNTAX,
	  "t:1: iprev.on-fail = \"fail\": it must be \"accept\", \"tag\", \"quarantine\", \"tempfail\" or \"reject\"" },
	{ "dmarc { on-none-fail = reject }", AS_ERR_SYNTAX, "t:1: dmarc.on-none-fail = \"reject\": it must be \"accept\" or \"tag\"" },
	{ "on-internal-error = reject", AS_ERR_SYNTAX, "t:1: on-internal-error = \"reject\": it must be \"accept\" or \"tempfail\"" },
	{ "maximum-queries = many", AS_ERR_SYNTAX, "t:1: maximum-queries = \"many\": it must be a number" },
	{ "maximum-queries = 19", AS_ERR_RANGE, "t:1: maximum-queries = \"19\": it must be between 20 and 10000" },
	{ "maximum-queries = 99999999999999999999", AS_ERR_SYNTAX, "t:1: maximum-queries = \"99999999999999999999\": it must be a number" },
	{ "dkim { minimum-key-bits = 512 }", AS_ERR_RANGE, "t:1: dkim.minimum-key-bits = \"512\": it must be between 1024 and 4096" },
	{ "dkim { maximum-signatures = 51 }", AS_ERR_RANGE, "t:1: dkim.maximum-signatures = \"51\": it must be between 1 and 50" },
	{ "evaluation-timeout = 20", AS_ERR_SYNTAX,
	  "t:1: evaluation-timeout = \"20\": it must be a time such as \"500ms\", \"20s\", \"2m\", \"1h\" or \"1d\"" },
	{ "evaluation-timeout = 999ms", AS_ERR_RANGE, "t:1: evaluation-timeout = \"999ms\": it must be between 1s and 250s" },
	{ "dns { maximum-ttl = 1500ms }", AS_ERR_SYNTAX, "t:1: dns.maximum-ttl = \"1500ms\": it must be whole seconds" },
	{ "dns { failure-ttl = 6m }", AS_ERR_RANGE, "t:1: dns.failure-ttl = \"6m\": it must be between 0ms and 5m" },
	{ "dns { cache-size = 64q }", AS_ERR_SYNTAX,
	  "t:1: dns.cache-size = \"64q\": it must be a size such as \"16k\", \"64m\" or \"1g\"" },
	{ "maximum-header-bytes = 1k", AS_ERR_RANGE, "t:1: maximum-header-bytes = \"1k\": it must be between 64k and 64m" },
	{ "trusted-networks = {192.0.2.0/24,\n 192.0.2.77/24}", AS_ERR_RANGE,
	  "t:2: trusted-networks = \"192.0.2.77/24\": the address has bits beyond the prefix; the network is \"192.0.2.0/24\"" },
	{ "trusted-networks = '2001:db8::1/32'", AS_ERR_RANGE,
	  "t:1: trusted-networks = \"2001:db8::1/32\": the address has bits beyond the prefix; the network is \"2001:db8::/32\"" },
	{ "trusted-networks = {192.0.2.0/33}", AS_ERR_RANGE,
	  "t:1: trusted-networks = \"192.0.2.0/33\": it must be an address or a network such as \"192.0.2.0/24\" or \"2001:db8::/32\"" },
	{ "trusted-networks = {mx}", AS_ERR_SYNTAX,
	  "t:1: trusted-networks = \"mx\": it must be an address or a network such as \"192.0.2.0/24\" or \"2001:db8::/32\"" },
	{ "socket = inet:99999@localhost", AS_ERR_SYNTAX,
	  "t:1: socket = \"inet:99999@localhost\": it must be \"inet:PORT@HOST\", \"inet6:PORT@HOST\" or \"unix:/PATH\" with a path "
	  "of at most 107 characters" },
	{ "socket = unix:run/x", AS_ERR_SYNTAX,
	  "t:1: socket = \"unix:run/x\": it must be \"inet:PORT@HOST\", \"inet6:PORT@HOST\" or \"unix:/PATH\" with a path of at "
	  "most 107 characters" },
	{ "socket = ''", AS_ERR_SYNTAX,
	  "t:1: socket = \"\": it must be \"inet:PORT@HOST\", \"inet6:PORT@HOST\" or \"unix:/PATH\" with a path of at most 107 characters" },
	{ "metrics { socket = 8895 }", AS_ERR_SYNTAX,
	  "t:1: metrics.socket = \"8895\": it must be \"inet:PORT@HOST\", \"inet6:PORT@HOST\" or \"unix:/PATH\" with a path of at most 107 characters" },
	{ "rule-statistics = rules", AS_ERR_SYNTAX, "t:1: rule-statistics = \"rules\": it must be a path that begins with \"/\", or \"\"" },
	{ "socket-mode = 0980", AS_ERR_SYNTAX, "t:1: socket-mode = \"0980\": it must be octal permissions such as \"0660\"" },
	{ "socket-mode = 4755", AS_ERR_SYNTAX, "t:1: socket-mode = \"4755\": it must be octal permissions such as \"0660\"" },
	{ "user = '-x'", AS_ERR_SYNTAX, "t:1: user = \"-x\": it must be the name of an account, or \"\"" },
	{ "\nhelp-url = 'example.com/why'", AS_ERR_SYNTAX,
	  "t:2: help-url = \"example.com/why\": it must be an address such as \"https://mail.example.com/why?id=%{id}\"" },
	{ "authserv-id = 'a b'", AS_ERR_SYNTAX, "t:1: authserv-id = \"a b\": it must be a name such as \"mx.example.com\"" },
	{ "dns { trust-anchor = root.key }", AS_ERR_SYNTAX,
	  "t:1: dns.trust-anchor = \"root.key\": it must be a path that begins with \"/\", or \"\"" },
	{ "dns { forward = {ns.example} }", AS_ERR_SYNTAX,
	  "t:1: dns.forward = \"ns.example\": it must be an address, with a port if need be: \"192.0.2.53\", \"2001:db8::53@5353\"" },
	{ "dns { forward = {192.0.2.53@0} }", AS_ERR_SYNTAX,
	  "t:1: dns.forward = \"192.0.2.53@0\": it must be an address, with a port if need be: \"192.0.2.53\", \"2001:db8::53@5353\"" },
	{ "dns { insecure = {'a b'} }", AS_ERR_SYNTAX, "t:1: dns.insecure = \"a b\": it must be a domain such as \"example.com\"" },
	{ "capture { rules = {\"a b\"} }", AS_ERR_SYNTAX,
	  "t:1: capture.rules = \"a b\": it must be the name of a rule such as \"dmarc-temperror\"" },
	{ "translation fr {\n recipient-domain = example.fr }", AS_ERR_SYNTAX, "t:2: translation \"fr\": it needs file = \"/PATH\"" },
	{ "translation fr { file = /nowhere/x }", AS_ERR_SYNTAX, "t:1: translation \"fr\": it needs recipient-domain = {\"DOMAIN\"}" },
	{ "translation fr { recipient-domain = {} file = /nowhere/x }", AS_ERR_SYNTAX,
	  "t:1: translation \"fr\": it needs recipient-domain = {\"DOMAIN\"}" },
	{ "translation fr { recipient-domain = example.fr\n file = /nowhere/x }", AS_ERR_SYSTEM,
	  "t:2: translation \"fr\": /nowhere/x: No such file or directory" },
	{ "translation fr { recipient-domain = example.fr file = x }", AS_ERR_SYNTAX,
	  "t:1: translation.file = \"x\": it must be a path that begins with \"/\", or \"\"" },
	{ "translation fr { recipient-domain = example.fr", AS_ERR_SYNTAX, "t:1: section \"translation\" is not closed; a \"}\" is missing" },
	{ "capture { directory = captures }", AS_ERR_SYNTAX,
	  "t:1: capture.directory = \"captures\": it must be a path that begins with \"/\", or \"\"" },
	{ "user = ''\ntrusted-networks = {192.0.2.0/24, 0.0.0.0/0}", AS_ERR_RANGE,
	  "t:2: trusted-networks = {\"0.0.0.0/0\"} is everybody; name the hosts that are meant" },
	{ "trusted-networks += '::/0'", AS_ERR_RANGE, "t:1: trusted-networks = {\"::/0\"} is everybody; name the hosts that are meant" },
	{ "forwarders { networks = 0.0.0.0/0 }", AS_ERR_RANGE,
	  "t:1: forwarders.networks = {\"0.0.0.0/0\"} is everybody; name the hosts that are meant" },
	{ "dns { mode = forward }", AS_ERR_RANGE, "t:1: dns.mode = \"forward\" needs dns.forward = {\"ADDRESS\"}" },
	{ "dns {\nforward = 192.0.2.53 }", AS_ERR_RANGE, "t:2: dns.forward has no effect without dns.mode = \"forward\"" },
	{ "iprev {\non-fail = reject }", AS_ERR_RANGE, "t:2: iprev.on-fail has no effect without iprev.enable = true" },
	{ "iprev { on-permerror = tag }", AS_ERR_RANGE, "t:1: iprev.on-permerror has no effect without iprev.enable = true" },
	{ "iprev { on-temperror = tempfail }", AS_ERR_RANGE, "t:1: iprev.on-temperror has no effect without iprev.enable = true" },
	{ "capture { every = 10 }", AS_ERR_RANGE, "t:1: capture.every has no effect without capture.directory = \"/PATH\"" },
	{ "capture { rules = default }", AS_ERR_RANGE, "t:1: capture.rules has no effect without capture.directory = \"/PATH\"" },
	{ "dns { stub 'a b' { addresses = 192.0.2.1 } }", AS_ERR_SYNTAX,
	  "t:1: stub \"a b\": the name must be a domain such as \"corp.example\"" },
	{ "dns { stub a.example { insecure = true } }", AS_ERR_SYNTAX, "t:1: stub \"a.example\": it needs addresses = {\"ADDRESS\"}" },
	{ "dns { stub { } }", AS_ERR_SYNTAX, "t:1: section \"stub\" needs a name: stub \"NAME\" { ... }" },
	{ "dns { stub a.example { addresses = 192.0.2.1 } stub a.example { addresses = 192.0.2.1 } }", AS_ERR_SYNTAX,
	  "t:1: two sections of a kind have the name \"a.example\"; take another one for this" },
	{ "user = a\nuser = b", AS_ERR_SYNTAX, "t:2: user is given twice; first in line 1" },
	{ "spf { on-fail = tag }\nspf { on-fail = tag }", AS_ERR_SYNTAX, "t:2: spf.on-fail is given twice; first in line 1" },
	{ "trusted-networks = 192.0.2.1\n\ntrusted-networks = 192.0.2.2", AS_ERR_SYNTAX,
	  "t:3: trusted-networks is given twice; first in line 1" },
	{ "dns { stub a.example { insecure = true insecure = true addresses = 192.0.2.1 } }", AS_ERR_SYNTAX,
	  "t:1: stub.insecure is given twice; first in line 1" },
	{ "relay x { }", AS_ERR_SYNTAX, "t:1: relay \"x\": it needs networks = {\"ADDRESS\"}" },
	{ "relay x {\n by = mx2.example.com\n}", AS_ERR_SYNTAX, "t:3: relay \"x\": it needs networks = {\"ADDRESS\"}" },
	{ "relay x { networks = 0.0.0.0/0 }", AS_ERR_RANGE,
	  "t:1: relay \"x\": networks = {\"0.0.0.0/0\"} is too wide; name the relay's own addresses" },
	{ "relay x { networks = {192.0.2.1, 'fc00::/15'} }", AS_ERR_RANGE,
	  "t:1: relay \"x\": networks = {\"fc00::/15\"} is too wide; name the relay's own addresses" },
	{ "relay x { networks = mx2.example.com }", AS_ERR_SYNTAX, "t:1: relay \"x\": networks = \"mx2.example.com\": it must be an address "
	  "or a network such as \"192.0.2.0/24\" or \"2001:db8::/32\"" },
	{ "relay x { networks = 192.0.2.1 on-reject = tempfail }", AS_ERR_SYNTAX,
	  "t:1: relay \"x\": on-reject = \"tempfail\": it must be \"accept\", \"tag\", \"quarantine\" or \"reject\"" },
	{ "relay x { networks = 192.0.2.1 network = 192.0.2.2 }", AS_ERR_SYNTAX,
	  "t:1: unknown keyword \"network\" in relay \"x\"; did you mean \"networks\"?" },
	{ "relay x { networks = 192.0.2.1 on-reject = tag on-reject = accept }", AS_ERR_SYNTAX,
	  "t:1: relay \"x\": on-reject is given twice; first in line 1" },
	{ "relay 'a b' { networks = 192.0.2.1 }", AS_ERR_SYNTAX,
	  "t:1: relay \"a b\": the name must be 1 to 64 letters, digits, \"-\", \"_\" or \".\"; it stands in the log" },
	{ "relay x {\n networks = 192.0.2.1\n", AS_ERR_SYNTAX, "t:3: relay \"x\" is not closed; a \"}\" is missing" },
	{ "on-unknown-client = tempfail", AS_ERR_SYNTAX,
	  "t:1: on-unknown-client = \"tempfail\": it must be \"accept\", \"tag\", \"quarantine\" or \"reject\"" },
	{ "dmarc {\n on-reject = tag\n", AS_ERR_SYNTAX, "t:3: section \"dmarc\" is not closed; a \"}\" is missing" },
	{ "\n\n/* user = a\n", AS_ERR_SYNTAX, "t:3: the comment that begins here is not closed" },
	{ "\nuser = \"a\\\" # '\n", AS_ERR_SYNTAX, "t:2: the string that begins here is not closed" },
	{ "user = 'a\\'", AS_ERR_SYNTAX, "t:1: the string that begins here is not closed" },
	{ "# one\n// two\n/* three\n four */ user = 'a#b' # '\nlog { # six\n} x = 1", AS_ERR_SYNTAX,
	  "t:4: user = \"a#b\": it must be the name of an account, or \"\"" },
	{ "# one\n/* two\n three */ log {//four\n}\nx = 1", AS_ERR_SYNTAX,
	  "t:5: unknown keyword \"x\"; see assay.conf(5) for those that there are" },
	{ "trusted-networks = {192.0.2.1, # mx1\n192.0.2.2/* mx2 */}\nx = 1", AS_ERR_SYNTAX,
	  "t:3: unknown keyword \"x\"; see assay.conf(5) for those that there are" },
	{ "}", AS_ERR_SYNTAX, "t:1: unexpected closing brace" AGAIN },
	{ "user", AS_ERR_SYNTAX, NULL },
	{ "dmarc { reply-reject = '2.7.1 fine' }", AS_ERR_SYNTAX,
	  "t:1: dmarc.reply-reject = \"2.7.1 fine\": \"2.7.1\" is no code of a refusal; it begins with 4 (later) or 5 (never)" },
	{ "dmarc { reply-reject = '550 5.7.1 no' }", AS_ERR_SYNTAX,
	  "t:1: dmarc.reply-reject = \"550 5.7.1 no\": \"550\" follows from the action and is not written; begin with a code such as "
	  "5.7.1, or with the text" },
	{ "dmarc { reply-reject = '5.7.1 550 no' }", AS_ERR_SYNTAX,
	  "t:1: dmarc.reply-reject = \"5.7.1 550 no\": \"550\" follows from the action and is not written; begin with a code such as "
	  "5.7.1, or with the text" },
	{ "dmarc { reply-reject = '5.7.1' }", AS_ERR_SYNTAX, "t:1: dmarc.reply-reject = \"5.7.1\": a text must follow the code" },
	{ "dmarc { reply-reject = 'no %{nobody}' }", AS_ERR_SYNTAX,
	  "t:1: dmarc.reply-reject = \"no %{nobody}\": unknown macro at \"%{nobody}\"; there are %{from-domain} %{policy-domain} "
	  "%{policy} %{spf} "
	  "%{dkim} %{dmarc} %{client} %{helo} %{envelope-domain} %{queue-id} %{hostname} %{rule} %{from-problem} "
	  "%{spf-explanation} %{spf-helo} %{arc} %{iprev} %{client-name} %{tls} %{list-id} %{id} %{time} %%" },
	{ "dmarc { reply-reject = \"a\\nb\" }", AS_ERR_SYNTAX,
	  "t:1: dmarc.reply-reject = \"a\\x0ab\": only printable ASCII in one line can stand in a reply" },
	{ "dmarc {\n reply-reject = '4.7.1 no' }", AS_ERR_RANGE,
	  "t:2: dmarc.reply-reject: the code does not fit on-reject = \"reject\", it must begin with 5; or leave the code out" },
	{ "spf { on-temperror = tempfail on-permerror = reject reply-error = '5.7.24 no' }", AS_ERR_RANGE,
	  "t:1: spf.reply-error: the code does not fit on-temperror = \"tempfail\", it must begin with 4; or leave the code out" },
	{ "spf { enable = false } dkim { enable = false }", AS_ERR_RANGE,
	  "t:1: dmarc needs spf or dkim: without both every message of a domain with a policy fails; or set dmarc.enable = false" },
};

static void test_errors(void **state)
{
	(void)state;
	struct as_arena *arena = as_arena_new();
	size_t failed = 0;
	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
		const struct as_settings *settings = NULL;
		const char *detail = NULL;
		enum as_err err = as_settings_parse(arena, "t", errors[i].text, &settings, &detail);
		if (err == errors[i].err && detail && !settings && (!errors[i].detail || strcmp(detail, errors[i].detail) == 0))
			continue;
		print_error("%s\n  is  %d %s\n  not %d %s\n", errors[i].text, err, detail, errors[i].err, errors[i].detail);
		failed++;
	}
	assert_int_equal(failed, 0);
	as_arena_free(arena);
}

static enum as_err load_bytes(struct as_arena *arena, const char *bytes, size_t n, const struct as_settings **settings, const char **detail)
{
	char name[] = "/tmp/test_settings.XXXXXX";
	int fd = mkstemp(name);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, n), n);
	close(fd);
	enum as_err err = as_settings_load(arena, name, settings, detail);
	unlink(name);
	return err;
}

static void test_files(void **state)
{
	(void)state;
	enum { LARGE = (1 << 20) + 1 };
	struct as_arena *arena = as_arena_new();
	const struct as_settings *settings = NULL;
	const char *detail = NULL;
	assert_int_equal(as_settings_load(arena, "/nonexistent/assay.conf", &settings, &detail), AS_ERR_SYSTEM);
	assert_string_equal(detail, "/nonexistent/assay.conf: No such file or directory");
	assert_int_equal(as_settings_load(arena, "/", &settings, &detail), AS_ERR_SYSTEM);
	assert_string_equal(detail, "/: Is a directory");
	assert_int_equal(load_bytes(arena, "user = a\0b", 10, &settings, &detail), AS_ERR_SYNTAX);
	assert_int_equal(load_bytes(arena, "user = me", 9, &settings, &detail), AS_OK);
	assert_string_equal(settings->user, "me");
	char *large = as_alloc(arena, LARGE);
	memset(large, '\n', LARGE);
	assert_int_equal(load_bytes(arena, large, LARGE, &settings, &detail), AS_ERR_LIMIT);
	assert_int_equal(load_bytes(arena, large, LARGE - 1, &settings, &detail), AS_OK);
	as_arena_free(arena);
}

/* The sample with its comment signs taken off is a configuration that says what the defaults say. */
static void test_sample(void **state)
{
	(void)state;
	struct as_arena *arena = as_arena_new();
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	as_settings_write_sample(out);
	fclose(out);
	assert_defaults(parse(arena, text));
	/* "# words" is help, everything else behind the sign is configuration. */
	for (char *at = text; at; at = strchr(at, '\n')) {
		at += *at == '\n';
		if (*at == '#' && at[1] != ' ')
			*at = ' ';
	}
	char *iprev = strstr(text, "iprev {"), *off = iprev ? strstr(iprev, "= false") : NULL;
	assert_non_null(off);
	memcpy(off, "= true ", 7); /* the rule of the sample looks at it */
	static const char path[] = "\"/etc/assay/replies.french\"", nothing[] = "\"/dev/null\"                ";
	char *file = strstr(text, path);
	assert_non_null(file);
	assert_int_equal(sizeof path, sizeof nothing);
	memcpy(file, nothing, sizeof nothing - 1); /* a file that is there, and says nothing */
	struct as_settings bare = *parse(arena, text);
	assert_true(bare.iprev.enable);
	bare.iprev.enable = false;
	assert_int_equal(bare.dns.stub_count, 1);
	bare.dns.stub_count = 0;
	assert_int_equal(bare.translation_count, 1);
	assert_int_equal(bare.translations[0].domain_count, 2);
	bare.translation_count = 0;
	assert_int_equal(bare.rules->count, 1);
	assert_int_equal(bare.rules->list[0].count, AS_CONDITIONS);
	bare.rules = NULL;
	assert_defaults(&bare);
	for (const struct as_keyword *row = as_keywords; row->name; row++)
		assert_non_null(strstr(text, row->name));
	free(text);
	as_arena_free(arena);
}

/* The rest of the words are the names that there are. */
static void test_captured_rules(void **state)
{
	(void)state;
	struct as_arena *arena = as_arena_new();
	const struct as_settings *settings = NULL;
	const char *detail = NULL;
	static const char text[] = "rule mine { client = 192.0.2.1 action = tag }\ncapture { directory = /x\n rules = {mine, default, dmarc-rejct} }",
		begin[] = "t:3: capture.rules: there is no row or rule \"dmarc-rejct\"; did you mean \"dmarc-reject\"? there are ";
	assert_int_equal(as_settings_parse(arena, "t", text, &settings, &detail), AS_ERR_RANGE);
	assert_int_equal(strncmp(detail, begin, strlen(begin)), 0);
	assert_non_null(strstr(detail, " dmarc-fail-none, spf-fail, spf-softfail, "));
	assert_string_equal(strstr(detail, ", default"), ", default, mine");
	assert_int_equal(as_settings_parse(arena, "t", "capture { directory = /x rules = dmarc-fail }", &settings, &detail), AS_ERR_RANGE);
	as_arena_free(arena);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults_are_valid), cmocka_unit_test(test_defaults), cmocka_unit_test(test_switched_off),
		cmocka_unit_test(test_fixed_names),
		cmocka_unit_test(test_values),             cmocka_unit_test(test_relays), cmocka_unit_test(test_sockets),  cmocka_unit_test(test_errors),
		cmocka_unit_test(test_files),              cmocka_unit_test(test_rules_allowed),
		cmocka_unit_test(test_captured_rules),     cmocka_unit_test(test_sample),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
