/* SPDX-License-Identifier: BSD-2-Clause */
/* test_shadow.c - a configuration tried beside the one in force: what it knows, what it says, and that nothing else changes. */
#include "config.h"

#include "test.h"

#include "dns.h"
#include "dns_fake.h"
#include "engine.h"
#include "rule.h"
#include "settings_table.h"
#include "shadow_counts.h"
#include "trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct as_dns *new_dns(struct as_dns_fake *fake, const char *zone)
{
	static const struct as_dns_options options = { .cache_bytes = 1 << 20, .max_ttl_s = 3600, .failure_ttl_s = 1 };
	struct as_arena *arena = as_arena_new();
	const char *detail = NULL;
	if (as_dns_fake_load(fake, arena, zone, strlen(zone), &detail) != AS_OK)
		fail_msg("%s", detail);
	as_arena_free(arena);
	return as_dns_new(as_dns_fake_backend(fake), &options, as_dns_fake_clock(fake));
}

/* What another set holds is known; nothing is asked, not even of the cache, and nothing is waited for. */
static void held_set_asks_nobody(void **state)
{
	(void)state;
	static const struct as_dns_limits limits = { .budget = 5, .timeout_ms = 1000 };
	struct as_dns_fake *fake = as_dns_fake_new(1000);
	struct as_dns *dns = new_dns(fake, "a 60 A 192.0.2.1\nb 60 A 192.0.2.2\nc 60 A 192.0.2.3\n$SERVFAIL d\n");
	struct as_dns_set *other = as_dns_set_new(dns, &limits), *set = as_dns_set_new(dns, &limits);
	as_dns_get(other, "c", AS_DNS_A);
	const struct as_dns_answer *a = as_dns_get(set, "a", AS_DNS_A), *d = as_dns_get(set, "d", AS_DNS_A);
	as_dns_start(set, "b", AS_DNS_A); /* under way */
	struct as_dns_set *held = as_dns_set_new_held(set);
	unsigned queries = as_dns_fake_queries(fake, NULL, 0);
	assert_ptr_equal(as_dns_get(held, "A", AS_DNS_A), a);
	assert_ptr_equal(as_dns_get(held, "d", AS_DNS_A), d);
	as_dns_start(held, "c", AS_DNS_A);
	assert_int_equal(as_dns_set_missing(held), 0);
	static const char *const missing[] = { "b", "c", "a.b" };
	for (size_t i = 0; i < 3; i++) {
		const struct as_dns_answer *answer = as_dns_get(held, missing[i], AS_DNS_A);
		assert_int_equal(answer->status, AS_DNS_TEMPFAIL);
		assert_string_equal(answer->reason, "not looked up");
		assert_int_equal(as_dns_set_missing(held), i + 1);
	}
	as_dns_set_free(held);
	assert_int_equal(as_dns_set_missing(set), 0);
	assert_int_equal(as_dns_set_count(set), 3);
	assert_int_equal(as_dns_fake_queries(fake, NULL, 0), queries);
	assert_int_equal(as_dns_get(set, "b", AS_DNS_A)->status, AS_DNS_OK);
	as_dns_set_free(set);
	as_dns_set_free(other);
	as_dns_unref(dns);
	as_dns_fake_free(fake);
}

/* --- the second file ------------------------------------------------------------------------------------------------------- */

static const struct as_settings *parse(struct as_arena *arena, const char *text, const char *shadow)
{
	const struct as_settings *settings = NULL;
	const char *detail = NULL;
	if (as_settings_parse_with_shadow(arena, "t", text, shadow, &settings, &detail))
		fail_msg("%s\n%s\n%s", text, shadow, detail);
	return settings;
}

/* All that a shadow can try besides rules; whoever adds a keyword has to think of it. */
static void keywords_that_decide(void **state)
{
	(void)state;
	static const char expected[] =
		" trusted-networks skip-authenticated report-only help-url on-internal-error on-unknown-client mixed-recipients "
		"iprev.on-fail iprev.on-permerror "
		"iprev.on-temperror iprev.reply-fail spf.on-fail spf.on-softfail spf.on-temperror spf.on-permerror spf.reply-fail "
		"spf.reply-error dkim.on-fail dkim.on-none dkim.on-temperror dkim.reply-fail dkim.reply-none dkim.reply-temperror "
		"arc.trusted-sealers dmarc.on-reject dmarc.on-quarantine dmarc.on-none-fail dmarc.on-temperror dmarc.on-permerror "
		"dmarc.on-proven-list dmarc.on-forwarder dmarc.on-malformed-from dmarc.reply-reject dmarc.reply-quarantine "
		"dmarc.reply-temperror dmarc.reply-permerror dmarc.reply-malformed-from forwarders.networks forwarders.domains";
	char names[2048] = "";
	for (const struct as_keyword *row = as_keywords; row->name; row++)
		if (as_keyword_decides(row))
			snprintf(names + strlen(names), sizeof names - strlen(names), " %s%s%s", row->section, *row->section ? "." : "",
				 row->name);
	assert_string_equal(names, expected);
}

static void shadow_is_joined(void **state)
{
	(void)state;
	struct as_arena *arena = as_arena_new();
	const struct as_settings *s = parse(arena, "dkim { minimum-key-bits = 2048 on-fail = tag } iprev { enable = true }",
					    "dkim { minimum-key-bits = 1536 on-fail = reject reply-fail = 'no' }\n"
					    "forwarders { networks = {192.0.2.0/24, 198.51.100.1} domains = a.example }\n"
					    "report-only = true mixed-recipients = mildest\nrule x { spf = fail action = tag }");
	const struct as_settings *shadow = s->shadow.settings;
	assert_non_null(shadow);
	assert_null(shadow->shadow.settings);
	assert_int_equal(shadow->dkim.minimum_key_bits, 2048);
	assert_true(shadow->iprev.enable);
	assert_int_equal(shadow->dkim.on_fail, AS_VERB_REJECT);
	assert_string_equal(shadow->dkim.reply_fail, "no");
	assert_int_equal(shadow->forwarders.network_count, 2);
	assert_int_equal(shadow->forwarders.networks[1].bits, 32);
	assert_string_equal(shadow->forwarders.domains[0], "a.example");
	assert_true(shadow->report_only);
	assert_int_equal(shadow->mixed_recipients, AS_MIXED_MILDEST);
	assert_int_equal(shadow->rules->count, 1);
	assert_null(s->rules);
	assert_false(s->report_only);
	assert_int_equal(s->dkim.on_fail, AS_VERB_TAG);
	assert_int_equal(s->forwarders.network_count, 0);
	assert_null(parse(arena, "report-only = true", NULL)->shadow.settings);
	as_arena_free(arena);
}

static const struct {
	const char *text, *shadow, *detail;
} errors[] = {
	{ "", "user = a\nuser = b", "shadow:2: user is given twice; first in line 1" },
	{ "", "\nrule x { action = tag }", "shadow:2: rule \"x\": it has no condition and would decide about every message; add one, such as "
	  "client or from-domain" },
	{ "", "# x\nshadow-configuration = /etc/x", "shadow:2: shadow-configuration: a shadow has no shadow of its own; leave it out" },
	{ "iprev { enable = true }", "rule x { iprev = fail action = reject }",
	  "shadow:1: rule \"x\": iprev never matches while iprev.enable = false" },
};

static void broken_shadows(void **state)
{
	(void)state;
	struct as_arena *arena = as_arena_new();
	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
		const struct as_settings *settings = NULL;
		const char *detail = NULL;
		enum as_err err = as_settings_parse_with_shadow(arena, "t", errors[i].text, errors[i].shadow, &settings, &detail);
		if (!err || settings || !detail || strcmp(detail, errors[i].detail) != 0)
			fail_msg("%s / %s: %d %s", errors[i].text, errors[i].shadow, err, detail ? detail : "");
	}
	as_arena_free(arena);
}

/* What cannot be tried is told with its line. */
static const struct {
	const char *text, *shadow, *remarks;
} remarks[] = {
	{ "", "", "" },
	{ "dmarc { on-reject = tag }", "spf { on-fail = reject } trusted-networks = {} skip-authenticated = no", "" },
	{ "spf { enable = yes }", "\nspf { enable = true }", "" },
	{ "", "\nspf {\n enable = false }", "shadow:3: spf.enable = false cannot be tried in a shadow, true in force holds\n" },
	{ "", "dmarc { discovery = public-suffix-list }\ndns { insecure = {a.example, b.example} }\nevaluation-timeout = 30s",
	  "shadow:3: evaluation-timeout = \"30000ms\" cannot be tried in a shadow, \"20000ms\" in force holds\n"
	  "shadow:2: dns.insecure = {\"a.example\", \"b.example\"} cannot be tried in a shadow, {} in force holds\n"
	  "shadow:1: dmarc.discovery = \"public-suffix-list\" cannot be tried in a shadow, \"tree-walk\" in force holds\n" },
	{ "maximum-queries = 50 iprev { enable = true }", "", "shadow: not given, and their defaults cannot be tried, what is in force holds: "
	  "maximum-queries, iprev.enable\n" },
	{ "dns { stub a.example { addresses = 192.0.2.1 } }", "dns { stub a.example { addresses = 192.0.2.2 } }",
	  "shadow: the stubs of dns cannot be tried in a shadow, those in force hold\n" },
	{ "relay r { networks = 192.0.2.1 }", "relay r { networks = 192.0.2.1 on-reject = tag }", "" },
	{ "relay r { networks = 192.0.2.1 }", "relay r { networks = {192.0.2.1, 192.0.2.2} }",
	  "shadow: which hosts are relays cannot be tried in a shadow, those in force are\n" },
	{ "socket-mode = 0600 socket = unix:/x user = '' authserv-id = a.example log { target = stderr local-parts = yes }",
	  "socket-mode = 0660 user = root log { level = debug } capture { directory = /c rules = default maximum-bytes = 64k }",
	  "shadow:1: socket-mode = \"0660\" cannot be tried in a shadow, \"0600\" in force holds\n"
	  "shadow:1: user = \"root\" cannot be tried in a shadow, \"\" in force holds\n"
	  "shadow:1: log.level = \"debug\" cannot be tried in a shadow, \"info\" in force holds\n"
	  "shadow:1: capture.directory = \"/c\" cannot be tried in a shadow, \"\" in force holds\n"
	  "shadow:1: capture.rules = {\"default\"} cannot be tried in a shadow, {} in force holds\n"
	  "shadow:1: capture.maximum-bytes = 65536 cannot be tried in a shadow, 10485760 in force holds\n"
	  "shadow: not given, and their defaults cannot be tried, what is in force holds: authserv-id, socket, log.target, log.local-parts\n" },
};

static void what_cannot_be_tried(void **state)
{
	(void)state;
	struct as_arena *arena = as_arena_new();
	for (size_t i = 0; i < sizeof remarks / sizeof *remarks; i++) {
		char text[2048] = "";
		const struct as_settings *s = parse(arena, remarks[i].text, remarks[i].shadow);
		for (const char *const *remark = s->shadow.remarks; *remark; remark++)
			snprintf(text + strlen(text), sizeof text - strlen(text), "%s\n", *remark);
		if (strcmp(text, remarks[i].remarks) != 0)
			fail_msg("%s / %s:\n%s", remarks[i].text, remarks[i].shadow, text);
	}
	as_arena_free(arena);
}

#define RULE_A "rule a { spf = fail action = tag } "
#define RULE_B "rule b { dkim = {none, fail} percent = 10 action = reject } "

static const struct {
	const char *text, *shadow, *changes;
} changes[] = {
	{ RULE_A RULE_B, RULE_A RULE_B "dmarc { discovery = public-suffix-list }", "" },
	{ "dmarc { on-quarantine = reject }", "\ndmarc { on-reject = tag }",
	  "shadow:2: dmarc.on-reject = \"tag\", in force is \"reject\"\n"
	  "shadow: dmarc.on-quarantine = \"tag\", the default, in force is \"reject\"\n" },
	{ "", "trusted-networks = {2001:db8::/32, 192.0.2.1} spf { reply-fail = 'a \"b\"' }",
	  "shadow:1: trusted-networks = {\"2001:db8::/32\", \"192.0.2.1/32\"}, in force is {\"127.0.0.0/8\", \"::1/128\"}\n"
	  "shadow:1: spf.reply-fail = \"a \"b\"\", in force is \"\"\n" },
	{ "relay r { networks = 192.0.2.1 on-reject = tag } relay s { networks = 192.0.2.2 }",
	  "relay s { networks = 192.0.2.2 on-reject = accept } relay r { networks = 192.0.2.1 on-reject = reject }",
	  "shadow: relay r: on-reject = \"reject\", in force is \"tag\"\nshadow: relay s: on-reject = \"accept\", in force is \"quarantine\"\n" },
	{ RULE_A, RULE_A RULE_B, "rule b: new\n" },
	{ RULE_A RULE_B, RULE_B, "rule a: gone\n" },
	{ RULE_A RULE_B, "", "rule a: gone\nrule b: gone\n" },
	{ RULE_A RULE_B, RULE_B RULE_A, "rules: in another order\n" },
	{ RULE_A, "rule a { spf = {fail, softfail} action = tag }", "rule a: changed\n" },
	{ RULE_A, "rule a { spf = fail action = quarantine }", "rule a: changed\n" },
	{ RULE_A, "rule a { spf = fail action = tag percent = 99 }", "rule a: changed\n" },
	{ RULE_A, "rule a { spf = fail action = tag expires = 2030-01-01 }", "rule a: changed\n" },
	{ RULE_A, "rule a { spf = fail action = tag owner = me }", "" },
	{ RULE_A, "rule a { spf = fail action = report-only }", "rule a: changed\n" },
	{ "rule a { spf = fail action = reject }", "rule a { spf = fail action = reject reply = no }", "rule a: changed\n" },
};

static void what_differs(void **state)
{
	(void)state;
	struct as_arena *arena = as_arena_new();
	for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
		char *text = NULL;
		size_t size;
		FILE *out = open_memstream(&text, &size);
		const struct as_settings *s = parse(arena, changes[i].text, changes[i].shadow);
		as_settings_write_changes(s, out);
		bool has_rules = as_rules_write_changes(s, out);
		fclose(out);
		if (strcmp(text, changes[i].changes) != 0 || has_rules != (strstr(text, "rule") == text))
			fail_msg("%s / %s:\n%s", changes[i].text, changes[i].shadow, text);
		free(text);
	}
	as_arena_free(arena);
}

/* A rule about a method that is off in force. */
static void blind_rules(void **state)
{
	(void)state;
	struct as_arena *arena = as_arena_new();
	const struct as_settings *s = parse(arena, "", "iprev { enable = true }\nrule a { iprev = fail action = reject }\n"
					    "rule b { client = a.example action = reject }\nrule c { client = {a.example, 192.0.2.1} action = reject }");
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	as_rules_write(s->shadow.settings, NULL, 1800000000, out);
	fclose(out);
	const char *odd = strstr(text, "unreachable: ");
	assert_non_null(odd);
	assert_string_equal(odd, "unreachable: rule a, since iprev is not looked at while iprev.enable = false\n"
				 "unreachable: rule b, since the name of a client is not looked at while iprev.enable = false\n"
				 "Enforced by rules: c (reject)\nTagged by rules: nothing\n");
	free(text);
	as_arena_free(arena);
}

static void write_file(const char *path, const char *text)
{
	FILE *out = fopen(path, "w");
	assert_non_null(out);
	fputs(text, out);
	fclose(out);
}

/* The file of the keyword is read with the other one. */
static void shadow_file(void **state)
{
	(void)state;
	static const struct {
		const char *shadow; /* NULL: there is none */
		enum as_err err;
		const char *detail; /* behind the folder */
	} cases[] = {
		{ "dmarc { on-reject = tag }", AS_OK, NULL },
		{ NULL, AS_ERR_SYSTEM, "/assay.conf:2: shadow-configuration: " },
		{ "\n\nuser = 'a b'", AS_ERR_SYNTAX, "/next.conf:3: user = \"a b\": it must be the name of an account" },
		{ "shadow-configuration = /x", AS_ERR_RANGE, "/next.conf:1: shadow-configuration: a shadow has no shadow of its own" },
	};
	char folder[] = "/tmp/test_shadow.XXXXXX", main_file[64], file[64], text[256], wanted[512];
	assert_non_null(mkdtemp(folder));
	snprintf(main_file, sizeof main_file, "%s/assay.conf", folder);
	snprintf(file, sizeof file, "%s/next.conf", folder);
	snprintf(text, sizeof text, "\nshadow-configuration = \"%s\"\n", file);
	write_file(main_file, text);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct as_arena *arena = as_arena_new();
		const struct as_settings *settings = NULL;
		const char *detail = NULL;
		unlink(file);
		if (cases[i].shadow)
			write_file(file, cases[i].shadow);
		assert_int_equal(as_settings_load(arena, main_file, &settings, &detail), cases[i].err);
		if (cases[i].err) {
			snprintf(wanted, sizeof wanted, "%s%s", folder, cases[i].detail);
			if (strncmp(detail, wanted, strlen(wanted)) != 0)
				fail_msg("'%s' does not begin with '%s'", detail, wanted);
			assert_null(settings);
		} else {
			assert_int_equal(settings->shadow.settings->dmarc.on_reject, AS_VERB_TAG);
			assert_string_equal(settings->shadow.settings->file, file);
		}
		as_arena_free(arena);
	}
	unlink(file);
	unlink(main_file);
	rmdir(folder);
}

/* --- a message -------------------------------------------------------------------------------------------------------------- */

static const char zone[] = "example.com. TXT \"v=spf1 -all\"\n_dmarc.example.com. TXT \"v=DMARC1; p=quarantine\"\n";

static struct as_env *new_env(struct as_dns_fake *fake, struct as_arena *arena, const char *text, const char *shadow)
{
	char *trouble = NULL;
	const struct as_settings *settings = parse(arena, text, shadow);
	struct as_dns *dns = new_dns(fake, zone);
	struct as_env *env = as_env_new(arena, settings, dns, as_dns_fake_clock(fake), &as_test_log_none, &trouble);
	assert_non_null(env);
	return env;
}

/* A message of example.com that fails. */
static struct as_message *judge(struct as_session **session, struct as_env *env, const char *helo, struct as_verdict *verdict)
{
	static const struct as_ip client = { .family = 4, .bytes = { 192, 0, 2, 1 } };
	*session = as_engine_connect(env, &client, NULL, "mx.example.net");
	as_engine_helo(*session, helo);
	struct as_message *message = as_engine_mail(*session, NULL, "<a@example.com>", false);
	as_engine_header(message, "From", 4, " a@example.com", 14);
	as_engine_eom(message, "Q1", NULL, NULL, verdict);
	return message;
}

/* What `assay why` and `assay message` show below the decision. */
static void trace_shows_the_shadow(void **state)
{
	(void)state;
	static const char base[] = "authserv-id = mx.example.net ";
	static const struct {
		const char *text, *shadow, *end;
	} cases[] = {
		{ "", NULL, "Decision   tag, rule dmarc-quarantine: DMARC fail, policy quarantine of example.com\n" },
		{ "", "", "Shadow     the same\n" },
		{ "", "dmarc { on-quarantine = reject reply-quarantine = 'no' }",
		  "Shadow     reject, rule dmarc-quarantine: DMARC fail, policy quarantine of example.com\n           550 5.7.1 no\n" },
		{ "", "rule x { spf = fail action = tag }", "Shadow     tag, rule x\n" },
		{ "trusted-networks = {192.0.2.0/24}", "", "Shadow     unknown, it hangs on a lookup that was not made\n" },
		{ "trusted-networks = {192.0.2.0/24}", "trusted-networks = {192.0.0.0/16}", "Shadow     the same\n" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct as_arena *arena = as_arena_new();
		struct as_dns_fake *fake = as_dns_fake_new(1800000000);
		struct as_env *env = new_env(fake, arena, as_printf(arena, "%s%s", base, cases[i].text), cases[i].shadow);
		struct as_session *session;
		struct as_verdict verdict;
		struct as_message *message = judge(&session, env, "a.example", &verdict);
		const char *text = NULL;
		assert_int_equal(as_trace_text(message->arena, as_trace_make(message, &verdict, "Q1", 0), &text), AS_OK);
		size_t n = strlen(text), wanted = strlen(cases[i].end);
		if (n < wanted || strcmp(text + n - wanted, cases[i].end) != 0)
			fail_msg("%s / %s:\n%s", cases[i].text, cases[i].shadow ? cases[i].shadow : "-", text);
		as_engine_end(message);
		as_engine_close(session);
		as_env_unref(env);
		as_dns_fake_free(fake);
	}
}

/* The message asks for quarantine, by default a tag. */
static void what_is_compared(void **state)
{
	(void)state;
	static const struct {
		const char *text, *shadow;
		enum as_shadow_kind kind;
		enum as_verb in_force, tried;
	} cases[] = {
		{ "", "", AS_SHADOW_SAME, AS_VERB_TAG, AS_VERB_TAG },
		{ "", "dmarc { on-reject = tag }", AS_SHADOW_SAME, AS_VERB_TAG, AS_VERB_TAG },
		{ "", "dmarc { on-quarantine = reject }", AS_SHADOW_OTHER_ACTION, AS_VERB_TAG, AS_VERB_REJECT },
		{ "dmarc { on-quarantine = reject }", "", AS_SHADOW_OTHER_ACTION, AS_VERB_REJECT, AS_VERB_TAG },
		{ "", "rule x { spf = fail action = tag }", AS_SHADOW_OTHER_RULE, AS_VERB_TAG, AS_VERB_TAG },
		{ "", "rule x { spf = fail action = report-only }", AS_SHADOW_SAME, AS_VERB_TAG, AS_VERB_TAG },
		{ "dmarc { on-quarantine = reject }", "dmarc { on-quarantine = reject reply-quarantine = '5.7.26 x' }", AS_SHADOW_OTHER_RULE,
		  AS_VERB_REJECT, AS_VERB_REJECT },
		{ "dmarc { on-quarantine = reject }", "dmarc { on-quarantine = reject reply-quarantine = 'x' } help-url = 'https://a.example/'",
		  AS_SHADOW_SAME, AS_VERB_REJECT, AS_VERB_REJECT },
		{ "dmarc { on-quarantine = reject }", "dmarc { on-quarantine = tempfail }", AS_SHADOW_OTHER_ACTION, AS_VERB_REJECT,
		  AS_VERB_TEMPFAIL },
		{ "report-only = yes", "", AS_SHADOW_OTHER_ACTION, AS_VERB_ACCEPT, AS_VERB_TAG },
		{ "", "report-only = yes", AS_SHADOW_OTHER_ACTION, AS_VERB_TAG, AS_VERB_ACCEPT },
		{ "report-only = yes", "report-only = yes", AS_SHADOW_SAME, AS_VERB_TAG, AS_VERB_TAG },
		{ "report-only = yes", "report-only = yes dmarc { on-quarantine = reject }", AS_SHADOW_OTHER_ACTION, AS_VERB_TAG,
		  AS_VERB_REJECT },
		{ "", "trusted-networks = {192.0.2.1}", AS_SHADOW_OTHER_ACTION, AS_VERB_TAG, AS_VERB_ACCEPT },
		{ "trusted-networks = {192.0.2.1}", "trusted-networks = {192.0.2.0/24}", AS_SHADOW_SAME, AS_VERB_ACCEPT, AS_VERB_ACCEPT },
		{ "trusted-networks = {192.0.2.1}", "", AS_SHADOW_UNKNOWN, AS_VERB_ACCEPT, AS_VERB_ACCEPT },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct as_arena *arena = as_arena_new();
		struct as_dns_fake *fake = as_dns_fake_new(1800000000);
		struct as_env *env = new_env(fake, arena, cases[i].text, cases[i].shadow);
		struct as_session *session;
		struct as_verdict verdict;
		struct as_message *message = judge(&session, env, "a.example", &verdict);
		const struct as_shadow *shadow = verdict.shadow;
		if (shadow->kind != cases[i].kind || shadow->in_force != cases[i].in_force || shadow->tried != cases[i].tried)
			fail_msg("%s / %s: %d, %s to %s", cases[i].text, cases[i].shadow, (int)shadow->kind, as_verb_name(shadow->in_force),
				 as_verb_name(shadow->tried));
		as_engine_end(message);
		as_engine_close(session);
		as_env_unref(env);
		as_dns_fake_free(fake);
	}
}

/* The size of a message is known only to who asks for its body. */
static void size_needs_the_body(void **state)
{
	(void)state;
	static const struct { const char *text, *shadow; bool wants; } cases[] = {
		{ "", NULL, false },
		{ "", "rule x { spf = fail action = tag }", false },
		{ "", "rule x { size = '>1k' action = tag }", true },
		{ "rule x { size = '>1k' action = tag }", "", true },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct as_arena *arena = as_arena_new();
		struct as_dns_fake *fake = as_dns_fake_new(1800000000);
		struct as_env *env = new_env(fake, arena, cases[i].text, cases[i].shadow);
		struct as_session *session = as_engine_connect(env, NULL, NULL, "mx.example.net");
		struct as_message *message = as_engine_mail(session, NULL, "<a@example.com>", false);
		as_engine_header(message, "From", 4, " a@example.com", 14);
		as_engine_eoh(message);
		if (as_engine_wants_body(message) != cases[i].wants)
			fail_msg("%s / %s", cases[i].text, cases[i].shadow ? cases[i].shadow : "-");
		as_engine_end(message);
		as_engine_close(session);
		as_env_unref(env);
		as_dns_fake_free(fake);
	}
}

/* --- counts ------------------------------------------------------------------------------------------------------------------ */

static void counts(void **state)
{
	(void)state;
	struct as_shadow_counts counted = { .unknown = 0 };
	struct as_arena *arena = as_arena_new();
	assert_string_equal(as_shadow_counts_text(arena, &counted), "messages=0 differ=0 other-rule=0 unknown=0");
	as_shadow_count(&counted, AS_VERB_TAG, AS_VERB_REJECT, false);
	as_shadow_count(&counted, AS_VERB_TAG, AS_VERB_REJECT, false);
	as_shadow_count(&counted, AS_VERB_ACCEPT, AS_VERB_QUARANTINE, false);
	as_shadow_count(&counted, AS_VERB_ACCEPT, AS_VERB_ACCEPT, false);
	as_shadow_count(&counted, AS_VERB_REJECT, AS_VERB_REJECT, true);
	as_shadow_count_unknown(&counted);
	assert_string_equal(as_shadow_counts_text(arena, &counted),
			    "messages=6 differ=3 accept-to-quarantine=1 tag-to-reject=2 other-rule=1 unknown=1");
	as_arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(held_set_asks_nobody),
		cmocka_unit_test(keywords_that_decide),
		cmocka_unit_test(shadow_is_joined),
		cmocka_unit_test(broken_shadows),
		cmocka_unit_test(what_cannot_be_tried),
		cmocka_unit_test(what_differs),
		cmocka_unit_test(blind_rules),
		cmocka_unit_test(shadow_file),
		cmocka_unit_test(trace_shows_the_shadow),
		cmocka_unit_test(what_is_compared),
		cmocka_unit_test(size_needs_the_body),
		cmocka_unit_test(counts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
