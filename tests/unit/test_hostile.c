/* SPDX-License-Identifier: BSD-2-Clause */
/* test_hostile.c - the bounds of what a stranger can make us do, counted: assayd(8), COST. */
#include "config.h"

#include "settings_from.h"
#include "test.h"

#include "dns_fake.h"
#include "edits.h"
#include "engine.h"
#include "str.h"

#include <string.h>

struct world {
	struct as_arena *arena;
	struct as_dns_fake *fake;
	struct as_env *env;
	struct as_session *session;
};

static struct world open_world(const char *config)
{
	struct world w = { .arena = as_arena_new(), .fake = as_dns_fake_new(1800000000) };
	struct as_arena *arena = as_arena_new();
	const struct as_settings *settings = settings_from(arena, config);
	char *trouble = NULL;
	struct as_ip client;
	const struct as_clock *clock = as_dns_fake_clock(w.fake);
	struct as_dns_options options = { .cache_bytes = 1 << 20, .max_ttl_s = 3600, .failure_ttl_s = 1 };
	w.env = as_env_new(arena, settings, as_dns_new(as_dns_fake_backend(w.fake), &options, clock), clock, &as_test_log_none, &trouble);
	assert_non_null(w.env);
	assert_int_equal(as_ip_parse("192.0.2.1", &client), AS_OK);
	w.session = as_engine_connect(w.env, &client, NULL, "mx.example.net");
	return w;
}

static void close_world(struct world *w)
{
	as_engine_close(w->session);
	as_env_unref(w->env);
	as_dns_fake_free(w->fake);
	as_arena_free(w->arena);
}

static void add(struct as_message *message, const char *name, const char *value)
{
	as_engine_header(message, name, strlen(name), value, strlen(value));
}

static struct as_verdict finish(struct as_message *message)
{
	struct as_verdict verdict;
	as_engine_eom(message, "QID", NULL, NULL, &verdict);
	return verdict;
}

/* --- fields that claim to be ours --------------------------------------------------------------------------------------- */

/* forged fields without number: the MTA searches its header for each that is to go. */
static void test_forged_fields_are_bounded(void **state)
{
	(void)state;
	static const char accept[] = "maximum-header-fields = 100 dmarc { on-malformed-from = accept }";
	static const struct {
		const char *name, *config, *field, *value;
		unsigned count, edits;
		bool is_authenticated;
	} cases[] = {
		{ "one hundred", accept, "Authentication-Results", " mx.example.net; dmarc=pass", 100, 101, false },
		{ "one more", accept, "Authentication-Results", " mx.example.net; dmarc=pass", 101, 0, false },
		{ "very many", accept, "Authentication-Results", " mx.example.net; dmarc=pass", 100000, 0, false },
		{ "very many actions", accept, AS_ACTION_FIELD, " accept", 100000, 0, false },
		{ "logged in", "", "Authentication-Results", " mx.example.net; dmarc=pass", 101, 0, true },
		{ "report-only", "report-only = true", "Authentication-Results", " mx.example.net; dmarc=pass", 101, 0, false },
		{ "an error of ours is no way round", "on-internal-error = accept", "Authentication-Results", " x", 0, 1, false },
		{ "so many of others", accept, "Authentication-Results", " mx.example.org; dmarc=pass", 1000, 1, false },
		{ "of others, those after the thousandth not read", accept, "Authentication-Results", " mx.example.org; x", 1100, 101, false },
		{ "of others, too many not read", accept, "Authentication-Results", " mx.example.org; x=pass", 1101, 0, false },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct world w = open_world(cases[i].config);
		struct as_message *message = as_engine_mail(w.session, NULL, "<bob@example.com>", cases[i].is_authenticated);
		add(message, "From", " bob@example.com");
		for (unsigned n = 0; n < cases[i].count; n++)
			add(message, cases[i].field, cases[i].value);
		struct as_verdict verdict = finish(message);
		bool is_refused = strcmp(verdict.decision->rule, "forged-fields") == 0;
		if (is_refused != (cases[i].edits == 0) || (is_refused && verdict.decision->verb != AS_VERB_REJECT))
			fail_msg("%s: %s by %s", cases[i].name, as_verb_name(verdict.decision->verb), verdict.decision->rule);
		if (is_refused ? message->forged_count != AS_FORGED_MAX + 1 : verdict.edit_count != cases[i].edits)
			fail_msg("%s: %zu noted, %zu edits", cases[i].name, message->forged_count, verdict.edit_count);
		as_engine_end(message);
		close_world(&w);
	}
}

static void test_forged_fields_reply(void **state)
{
	(void)state;
	struct world w = open_world("");
	struct as_message *message = as_engine_mail(w.session, NULL, "<bob@example.com>", false);
	for (unsigned n = 0; n <= AS_FORGED_MAX; n++)
		add(message, "Authentication-Results", " mx.example.net; dmarc=pass");
	as_engine_internal_error(message, "test");
	struct as_verdict verdict = finish(message);
	assert_int_equal(verdict.decision->reply_code, 550);
	assert_string_equal(verdict.decision->enhanced, "5.7.1");
	assert_string_equal(verdict.decision->text, "Message refused: too many header fields that claim to be from mx.example.net");
	as_engine_end(message);
	close_world(&w);
}

#define HIDDEN(id) "\rAuthentication-Results: " id "; dmarc=pass"

/* CVE-2023-51764: a reader that stops at a bare line end would see a field of ours, and no MTA can remove it. */
static void test_forged_fields_behind_line_ends(void **state)
{
	(void)state;
	static const struct {
		const char *name, *config, *value;
		unsigned times;
		bool is_authenticated, is_refused;
	} cases[] = {
		{ "ours", "", HIDDEN("mx.example.net"), 1, false, true },
		{ "ours, in quotes", "", HIDDEN("(x) \"MX.example.net\" 1"), 1, false, true },
		{ "the second of two", "", HIDDEN("mx.example.org") HIDDEN("mx.example.net"), 1, false, true },
		{ "behind LF", "", "\nauthentication-RESULTS \t: mx.example.net; none", 1, false, true },
		{ "an action", "", "\rX-Assay-Action: accept", 1, false, true },
		{ "logged in", "", HIDDEN("mx.example.net"), 1, true, true },
		{ "report-only", "report-only = true", HIDDEN("mx.example.net"), 1, false, true },
		{ "another's", "", HIDDEN("mx.example.org"), 100, false, false },
		{ "another's, with a comment", "", HIDDEN("mx.example.org (\r)"), 1, false, false },
		{ "a comment that the next one ends", "", HIDDEN("mx.example.org (") HIDDEN("mx.example.org )"), 1, false, true },
		{ "too many of another's to be read", "", HIDDEN("mx.example.org"), 101, false, true },
		{ "no field", "", "\n Authentication-Results: mx.example.net; none", 1, false, false },
		{ "no line end", "", " Authentication-Results: mx.example.net; none", 1, false, false },
		{ "of another name", "", "\rARC-Authentication-Results: i=1; mx.example.net; none", 1, false, false },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct world w = open_world(cases[i].config);
		struct as_message *message = as_engine_mail(w.session, NULL, "<bob@example.com>", cases[i].is_authenticated);
		struct as_buf value = as_buf_new(w.arena);
		as_buf_puts(&value, " a");
		for (unsigned n = 0; n < cases[i].times; n++)
			as_buf_puts(&value, cases[i].value);
		add(message, "From", " bob@example.com");
		add(message, "X-Note", value.text);
		struct as_verdict verdict = finish(message);
		bool is_refused = strcmp(verdict.decision->rule, "forged-fields") == 0;
		if (is_refused != cases[i].is_refused || (is_refused && verdict.decision->verb != AS_VERB_REJECT) || message->forged_count)
			fail_msg("%s: %s by %s", cases[i].name, as_verb_name(verdict.decision->verb), verdict.decision->rule);
		as_engine_end(message);
		close_world(&w);
	}
}

/* --- messages that come to no end --------------------------------------------------------------------------------------- */

/* MAIL and RSET in turn: each sender's domain would be looked up. */
static void test_messages_without_end_ask_little(void **state)
{
	(void)state;
	struct world w = open_world("");
	struct as_message *message = NULL;
	as_engine_helo(w.session, "mx.example.com");
	unsigned before = as_dns_fake_queries(w.fake, NULL, 0);
	for (unsigned n = 0; n < 1000; n++) {
		as_engine_end(message);
		message = as_engine_mail(w.session, NULL, as_printf(w.arena, "<bob@d%u.example.com>", n), false);
	}
	assert_int_equal(as_dns_fake_queries(w.fake, NULL, 0) - before, 5);
	add(message, "From", " bob@example.com");
	finish(message);
	assert_int_equal(as_dns_fake_queries(w.fake, "d999.example.com", AS_DNS_TXT), 1); /* what was not asked early is asked now */
	as_engine_end(message);
	message = as_engine_mail(w.session, NULL, "<bob@next.example.com>", false);
	assert_int_equal(as_dns_fake_queries(w.fake, "next.example.com", AS_DNS_TXT), 1);
	as_engine_end(message);
	close_world(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forged_fields_are_bounded),
		cmocka_unit_test(test_forged_fields_reply),
		cmocka_unit_test(test_forged_fields_behind_line_ends),
		cmocka_unit_test(test_messages_without_end_ask_little),
	};
	as_spf_global_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
