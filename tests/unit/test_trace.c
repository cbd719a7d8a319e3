/* SPDX-License-Identifier: BSD-2-Clause */
/* test_trace.c - the explanation of a decision: exact text, nothing foreign unescaped, damaged lines refused. */
#include "config.h"

#include "test.h"

#include "dns_fake.h"
#include "trace.h"

#include <stdlib.h>
#include <string.h>

static const char zone[] =
	"$SECURE example.com.\n"
	"example.com. TXT \"v=spf1 ip4:192.0.2.0/24 -all\"\n"
	"_dmarc.example.com. TXT \"v=DMARC1; p=reject\"\n"
	"9.113.0.203.in-addr.arpa. PTR mail.example.com.\n"
	"9.113.0.203.in-addr.arpa. PTR mx.example.com.\n"
	"mx.example.com. A 203.0.113.9\n";

struct world {
	struct as_arena *arena;
	struct as_dns_fake *fake;
	struct as_env *env;
	struct as_session *session;
	struct as_message *message;
	struct as_verdict verdict;
};

static void judge_in(struct world *w, const char *records, const char *config, const char *client, const char *helo, const char *from)
{
	struct as_dns_options options = { .cache_bytes = 1 << 16, .max_ttl_s = 3600, .failure_ttl_s = 1 };
	struct as_arena *owned = as_arena_new();
	const struct as_settings *settings;
	const char *detail = NULL;
	char *trouble = NULL;
	struct as_ip ip;
	w->arena = as_arena_new();
	w->fake = as_dns_fake_new(1800000000);
	assert_int_equal(as_dns_fake_load(w->fake, w->arena, records, strlen(records), &detail), AS_OK);
	assert_int_equal(as_settings_parse(owned, "test", config, &settings, &detail), AS_OK);
	const struct as_clock *clock = as_dns_fake_clock(w->fake);
	w->env = as_env_new(owned, settings, as_dns_new(as_dns_fake_backend(w->fake), &options, clock), clock, NULL, &trouble);
	assert_int_equal(as_ip_parse(client, &ip), AS_OK);
	w->session = as_engine_connect(w->env, &ip, NULL, "mx.example.net");
	as_engine_helo(w->session, helo);
	w->message = as_engine_mail(w->session, NULL, "<bob@example.com>", false);
	as_engine_header(w->message, "From", 4, from, strlen(from));
	as_engine_eom(w->message, "4XyZ", NULL, NULL, &w->verdict);
}

static void judge(struct world *w, const char *config, const char *client, const char *helo, const char *from)
{
	judge_in(w, zone, config, client, helo, from);
}

static void leave(struct world *w)
{
	as_engine_end(w->message);
	as_engine_close(w->session);
	as_env_unref(w->env);
	as_dns_fake_free(w->fake);
	as_arena_free(w->arena);
}

static void test_text(void **state)
{
	(void)state;
	struct world w;
	const char *text;
	judge(&w, "", "203.0.113.9", "evil.example", " bob@example.com");
	assert_int_equal(as_trace_text(w.arena, as_trace_make(w.message, &w.verdict, "4XyZ", 7), &text), AS_OK);
	assert_string_equal(text,
			    "Message    4XyZ  2027-01-15 08:00:00 UTC\n"
			    "Client     203.0.113.9  HELO evil.example  MAIL FROM example.com\n"
			    "Author     example.com\n"
			    "SPF        fail example.com, matched -all in example.com (secure: example.com)\n"
			    "SPF HELO   none evil.example (insecure: evil.example): evil.example does not exist\n"
			    "DKIM       none\n"
			    "DMARC      fail (secure: _dmarc.example.com)\n"
			    "Policy     reject (p=reject) at _dmarc.example.com: v=DMARC1; p=reject\n"
			    "Aligned    nothing\n"
			    "Lookup     example.com TXT: ok, secure, 0 ms\n"
			    "Lookup     evil.example TXT: nxdomain, insecure, 0 ms\n"
			    "Lookup     _dmarc.example.com TXT: ok, secure, 0 ms\n"
			    "Lookup     _dmarc.com TXT: not waited for\n"
			    "Decision   reject, rule dmarc-reject: DMARC fail, policy reject of example.com\n"
			    "Reply      550 5.7.1 Email rejected per DMARC policy for example.com\n");
	leave(&w);
}

/* Each include is asked when the record that names it has come; the policy is looked up meanwhile, and longer than each of them. */
static void test_longest_chain(void **state)
{
	(void)state;
	static const char records[] = "example.com. TXT \"v=spf1 include:a.example.com -all\"\n"
				      "a.example.com. TXT \"v=spf1 include:b.example.com ~all\"\n"
				      "b.example.com. TXT \"v=spf1 ip4:192.0.2.0/24 ~all\"\n"
				      "_dmarc.example.com. TXT \"v=DMARC1; p=reject\"\n"
				      "$DELAY 20 example.com.\n"
				      "$DELAY 30 a.example.com.\n"
				      "$DELAY 25 b.example.com.\n"
				      "$DELAY 40 _dmarc.example.com.\n";
	struct world w;
	const char *text;
	judge_in(&w, records, "", "192.0.2.7", "evil.example", " bob@example.com");
	const char *line = as_trace_make(w.message, &w.verdict, "4XyZ", 7);
	assert_non_null(strstr(line, "{\"name\":\"b.example.com\",\"type\":\"TXT\",\"at\":50,\"after\":4,\"status\":\"ok\","));
	assert_non_null(strstr(line, "{\"name\":\"_dmarc.example.com\",\"type\":\"TXT\",\"at\":0,\"status\":\"ok\","));
	assert_int_equal(as_trace_text(w.arena, line, &text), AS_OK);
	const char *longest = strstr(text, "\nLongest ");
	assert_non_null(longest);
	static const char expected[] = "\nLongest    example.com TXT 20 ms, then a.example.com TXT 30 ms, then b.example.com TXT 25 ms; "
				       "known 75 ms after MAIL\n";
	assert_int_equal(strncmp(longest, expected, sizeof expected - 1), 0);
	leave(&w);
}

static void test_reverse_dns(void **state)
{
	(void)state;
	struct world w;
	const char *text;
	judge(&w, "iprev { enable = true }", "203.0.113.9", "evil.example", " bob@example.com");
	const char *line = as_trace_make(w.message, &w.verdict, "4XyZ", 7);
	assert_non_null(strstr(line, "\"iprev\":{\"result\":\"pass\",\"name\":\"mx.example.com\",\"names\":2,\"dnssec\":\"insecure\","
				     "\"weakest\":\"9.113.0.203.in-addr.arpa\"}"));
	assert_int_equal(as_trace_text(w.arena, line, &text), AS_OK);
	assert_non_null(strstr(text, "\nReverse    pass mx.example.com (insecure: 9.113.0.203.in-addr.arpa)\nLookup "));
	assert_non_null(strstr(text, "\nLookup     mx.example.com A: ok, secure, 0 ms\n"));
	leave(&w);
}

static void test_decision_id(void **state)
{
	(void)state;
	struct world w;
	judge(&w, "trace { enable = true }", "203.0.113.9", "evil.example", " bob@example.com");
	const char *id = w.message->decision_id;
	assert_int_equal(strlen(id), 10);
	assert_string_equal(w.verdict.decision->text,
			    as_printf(w.arena, "Email rejected per DMARC policy for example.com [%s]", id));
	const char *line = as_trace_make(w.message, &w.verdict, "4XyZ", 7);
	assert_true(as_trace_is_about(line, id));
	assert_true(as_trace_is_about(line, "4XyZ"));
	assert_false(as_trace_is_about(line, "4Xy"));
	assert_false(as_trace_is_about(line, "example.com")); /* is in the line, but names nothing */
	leave(&w);
}

/* The name of the trace; without traces the queue id. */
static void test_help_url(void **state)
{
	(void)state;
	static const char keyword[] = "help-url = 'https://mail.example.net/%{id}'", text[] = "Email rejected per DMARC policy for example.com";
	struct world w;
	judge(&w, keyword, "203.0.113.9", "evil.example", " bob@example.com");
	assert_string_equal(w.verdict.decision->text, as_printf(w.arena, "%s; see https://mail.example.net/4XyZ", text));
	leave(&w);
	char both[200];
	snprintf(both, sizeof both, "%s trace { enable = true }", keyword);
	judge(&w, both, "203.0.113.9", "evil.example", " bob@example.com");
	const char *id = w.message->decision_id;
	assert_string_equal(w.verdict.decision->text, as_printf(w.arena, "%s; see https://mail.example.net/%s [%s]", text, id, id));
	leave(&w);
}

static void test_ids_differ(void **state)
{
	(void)state;
	struct as_arena *arena = as_arena_new();
	struct as_ip client = { .family = 4, .bytes = { 192, 0, 2, 1 } };
	const char *id = as_trace_id(arena, "4XyZ", &client, 1, 1);
	assert_string_equal(id, as_trace_id(arena, "4XyZ", &client, 1, 1));
	assert_string_not_equal(id, as_trace_id(arena, "4XyY", &client, 1, 1));
	assert_string_not_equal(id, as_trace_id(arena, "4XyZ", &client, 2, 1));
	assert_string_not_equal(id, as_trace_id(arena, "4XyZ", &client, 1, 2));
	as_arena_free(arena);
}

static void test_foreign_text_is_escaped(void **state)
{
	(void)state;
	struct world w;
	const char *text;
	judge(&w, "", "203.0.113.9", "a\x1b[2J\"\\\r\nDecision   accept\xff", " \x1b]0;x\x07 <bob@example.com>");
	const char *line = as_trace_make(w.message, &w.verdict, "4XyZ", 7);
	for (const char *p = line; *p; p++)
		assert_true(*p >= ' ' && *p <= '~');
	assert_int_equal(as_trace_text(w.arena, line, &text), AS_OK);
	assert_non_null(strstr(text, "HELO a\\x1b[2J\"\\x5c\\x0d\\x0aDecision   accept\\xff  MAIL FROM"));
	assert_null(strchr(text, '\x1b'));
	leave(&w);
}

static void test_damaged_lines(void **state)
{
	(void)state;
	static const char *const lines[] = {
		"", "x", "[]", "{}", "{\"decision\":1}", "{\"decision\":{}", "{\"decision\":{}}{", "\xff", "{\"a\":1,\"a\":2,\"decision\":{}}",
	};
	struct as_arena *arena = as_arena_new();
	const char *text = NULL;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		if (as_trace_text(arena, lines[i], &text) != AS_ERR_SYNTAX)
			fail_msg("line %zu was taken", i);
		assert_false(as_trace_is_about(lines[i], "4XyZ"));
	}
	/* wrong types inside read as absent */
	assert_int_equal(as_trace_text(arena, "{\"decision\":{\"action\":1},\"dkim\":7,\"spf\":[],\"lookups\":{},\"time\":\"x\"}", &text), AS_OK);
	assert_non_null(strstr(text, "Decision   -, rule -\n"));
	as_arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_longest_chain),
		cmocka_unit_test(test_reverse_dns), cmocka_unit_test(test_decision_id),
		cmocka_unit_test(test_help_url), cmocka_unit_test(test_ids_differ),
		cmocka_unit_test(test_foreign_text_is_escaped),
		cmocka_unit_test(test_damaged_lines),
	};
	as_spf_global_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
