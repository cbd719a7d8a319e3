/* SPDX-License-Identifier: BSD-2-Clause */
/* test_engine.c - what scenarios cannot show: events in any order, caps, environments that change, waiting. */
#include "config.h"

#include "settings_from.h"
#include "test.h"

#include "authres.h"
#include "dns_fake.h"
#include "engine.h"
#include "str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct world {
	struct as_dns_fake *fake;
	struct as_env *env;
	struct as_session *session;
};

static const char zone[] =
	"example.com. TXT \"v=spf1 ip4:192.0.2.0/24 -all\"\n"
	"_dmarc.example.com. TXT \"v=DMARC1; p=reject\"\n"
	"$TIMEOUT _dmarc.slow.example. TXT\n";

static struct as_env *new_env(struct as_dns_fake *fake, struct as_dns *dns, const char *config)
{
	struct as_arena *arena = as_arena_new();
	const struct as_settings *settings = settings_from(arena, config);
	char *trouble = NULL;
	struct as_env *env = as_env_new(arena, settings, dns, as_dns_fake_clock(fake), &as_test_log_none, &trouble);
	assert_non_null(env);
	return env;
}

static struct world open_world(const char *config)
{
	struct world world = { .fake = as_dns_fake_new(1800000000) };
	struct as_arena *arena = as_arena_new();
	const char *detail = NULL;
	assert_int_equal(as_dns_fake_load(world.fake, arena, zone, sizeof zone - 1, &detail), AS_OK);
	as_arena_free(arena);
	struct as_dns_options options = { .cache_bytes = 1 << 20, .max_ttl_s = 3600, .failure_ttl_s = 1 };
	world.env = new_env(world.fake, as_dns_new(as_dns_fake_backend(world.fake), &options, as_dns_fake_clock(world.fake)), config);
	struct as_ip client;
	assert_int_equal(as_ip_parse("192.0.2.1", &client), AS_OK);
	world.session = as_engine_connect(world.env, &client, NULL, "mx.example.net");
	return world;
}

static void close_world(struct world *world)
{
	as_engine_close(world->session);
	as_env_unref(world->env);
	as_dns_fake_free(world->fake);
}

static void add_header(struct as_message *message, const char *name, const char *value)
{
	as_engine_header(message, name, strlen(name), value, strlen(value));
}

static struct as_verdict finish(struct as_message *message)
{
	struct as_verdict verdict;
	as_engine_eom(message, "QID", NULL, NULL, &verdict);
	return verdict;
}

static void test_end_without_header(void **state)
{
	(void)state;
	struct world world = open_world("");
	struct as_message *message = as_engine_mail(world.session, NULL, "<bob@example.com>", false);
	struct as_verdict verdict = finish(message);
	assert_string_equal(verdict.decision->rule, "malformed-from");
	assert_int_equal(verdict.decision->verb, AS_VERB_REJECT);
	as_engine_end(message);
	close_world(&world);
}

static void test_header_after_body_is_not_judged(void **state)
{
	(void)state;
	struct world world = open_world("");
	struct as_message *message = as_engine_mail(world.session, NULL, "<bob@example.com>", false);
	add_header(message, "From", " bob@example.com");
	as_engine_body(message, (const unsigned char *)"x\r\n", 3);
	add_header(message, "From", " eve@evil.example");
	struct as_verdict verdict = finish(message);
	assert_string_equal(message->from.domain, "example.com");
	assert_string_equal(verdict.decision->rule, "default");
	as_engine_end(message);
	close_world(&world);
}

static void test_messages_of_one_session_are_apart(void **state)
{
	(void)state;
	struct world world = open_world("");
	struct as_message *first = as_engine_mail(world.session, NULL, "<bob@example.com>", false);
	add_header(first, "From", " bob@example.com");
	add_header(first, "Authentication-Results", " mx.example.net; dmarc=pass");
	assert_int_equal(finish(first).decision->verb, AS_VERB_ACCEPT);
	as_engine_end(first);
	struct as_message *second = as_engine_mail(world.session, NULL, "<>", false);
	add_header(second, "From", " bob@example.com");
	struct as_verdict verdict = finish(second);
	assert_int_equal(verdict.decision->verb, AS_VERB_REJECT);
	assert_int_equal(verdict.edit_count, 1);
	assert_int_equal(verdict.edits[0].kind, AS_EDIT_INSERT);
	as_engine_end(second);
	close_world(&world);
}

/* Who is judged is known at the end of the header: nothing is asked about the relay itself, and nothing about a client that it does not
 * tell. */
static void test_relay_is_not_looked_up(void **state)
{
	(void)state;
	struct world world = open_world("relay x { networks = 192.0.2.1 } iprev { enable = true }");
	as_engine_helo(world.session, "mx.example.com");
	struct as_message *message = as_engine_mail(world.session, NULL, "<bob@example.com>", false);
	add_header(message, "Received", " from a.example ([203.0.113.9]) by mx.example.com; Sun, 22 Nov 2026 10:00:00 +0000");
	assert_int_equal(as_dns_fake_queries(world.fake, NULL, 0), 0);
	as_engine_eoh(message);
	assert_int_equal(as_dns_fake_queries(world.fake, "example.com", AS_DNS_TXT), 1);
	assert_int_equal(as_dns_fake_queries(world.fake, "9.113.0.203.in-addr.arpa", AS_DNS_PTR), 1);
	finish(message);
	assert_int_equal(message->spf->code, AS_FAIL);
	assert_string_equal(message->helo, "a.example");
	as_engine_end(message);

	unsigned queries = as_dns_fake_queries(world.fake, NULL, 0);
	message = as_engine_mail(world.session, NULL, "<bob@mail.example.com>", false);
	as_engine_eoh(message);
	finish(message);
	assert_int_equal(message->spf->code, AS_TEMPERROR);
	assert_null(message->iprev);
	assert_int_equal(as_dns_fake_queries(world.fake, NULL, 0), queries);
	as_engine_end(message);
	close_world(&world);
}

/* An SPF record that asks as much as RFC 7208 4.6.4 lets it: ten terms of ten names each. */
static void add_longest_spf(struct as_buf *text, const char *domain)
{
	as_buf_printf(text, "%s. TXT \"v=spf1", domain);
	for (int i = 0; i < 10; i++)
		as_buf_printf(text, " mx:m%d.%s", i, domain);
	as_buf_puts(text, " -all\"\n");
	for (int i = 0; i < 10; i++)
		for (int k = 0; k < 10; k++)
			as_buf_printf(text, "m%d.%s. MX %d h%d%d.%s.\nh%d%d.%s. A 198.51.100.1\n", i, domain, k, i, k, domain, i, k, domain);
}

/* Nobody reads what a domain explains when nothing is refused. */
static void test_explanation_is_asked_for_a_reply(void **state)
{
	static const struct {
		const char *config;
		unsigned asked;
	} cases[] = {
		{ "spf { on-fail = reject explanation = true }", 1 },
		{ "spf { on-fail = tempfail explanation = true }", 1 },
		{ "spf { on-fail = quarantine explanation = true }", 0 },
		{ "spf { on-fail = reject }", 0 },
		{ "spf { on-fail = reject explanation = true } report-only = true", 0 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct world world = open_world(cases[i].config);
		struct as_arena *arena = as_arena_new();
		const char *detail = NULL, text[] = "strict.example. TXT \"v=spf1 -all exp=why.strict.example\"\nwhy.strict.example. TXT no\n";
		assert_int_equal(as_dns_fake_load(world.fake, arena, text, sizeof text - 1, &detail), AS_OK);
		struct as_message *message = as_engine_mail(world.session, NULL, "<bob@strict.example>", false);
		add_header(message, "From", " bob@strict.example");
		(void)finish(message);
		unsigned asked = as_dns_fake_queries(world.fake, "why.strict.example", AS_DNS_TXT);
		if (asked != cases[i].asked)
			fail_msg("%s: asked %u times", cases[i].config, asked);
		as_engine_end(message);
		close_world(&world);
		as_arena_free(arena);
	}
}

static void test_budget_is_enough_for_any_message(void **state)
{
	(void)state;
	struct world world = open_world("");
	struct as_arena *arena = as_arena_new();
	struct as_buf text = as_buf_new(arena);
	const char *detail = NULL;
	add_longest_spf(&text, "mail.example");
	add_longest_spf(&text, "helo.example");
	as_buf_puts(&text, "_dmarc.example. TXT \"v=DMARC1; p=reject; np=none\"\na.b.c.d.e.f.g.h.example. TXT x\n");
	assert_int_equal(as_dns_fake_load(world.fake, arena, text.text, text.length, &detail), AS_OK);
	as_engine_helo(world.session, "helo.example");
	struct as_message *message = as_engine_mail(world.session, NULL, "<bob@mail.example>", false);
	add_header(message, "From", " bob@a.b.c.d.e.f.g.h.example");
	for (int i = 0; i < 10; i++)
		add_header(message, "DKIM-Signature", as_printf(arena, " v=1; a=rsa-sha256; d=d%d.g.h.example; s=s; h=from; b=AAAA; "
			"bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; c=relaxed/relaxed", i));
	struct as_verdict verdict = finish(message);
	assert_int_equal(message->spf->code, AS_FAIL);
	assert_int_equal(message->spf_helo->code, AS_FAIL);
	assert_int_equal(message->dkim->signatures[9].code, AS_PERMERROR);
	assert_int_equal(message->dmarc->code, AS_FAIL);
	assert_string_equal(verdict.decision->rule, "dmarc-reject");
	assert_int_equal(as_dns_stats(world.env->dns).over_budget, 0);
	as_engine_end(message);
	close_world(&world);
	as_arena_free(arena);
}

static void test_foreign_fields_beyond_the_cap_cost_no_memory(void **state)
{
	(void)state;
	struct world world = open_world("maximum-header-fields = 100\n");
	struct as_message *message = as_engine_mail(world.session, NULL, "<bob@example.com>", false);
	size_t size = 0;
	for (int i = 0; i < 1000; i++) {
		add_header(message, "Authentication-Results", " mx.example.org.with.a.name.that.is.rather.long; dmarc=pass");
		if (i == 100)
			size = as_arena_size(message->arena);
	}
	assert_int_equal(as_arena_size(message->arena), size);
	assert_int_equal(message->forged_count, 0);
	as_engine_end(message);
	close_world(&world);
}

static void test_forged_fields_beyond_the_cap_go_too(void **state)
{
	(void)state;
	struct world world = open_world("maximum-header-fields = 100\n");
	struct as_message *message = as_engine_mail(world.session, NULL, "<bob@example.com>", false);
	add_header(message, "From", " bob@example.com");
	for (int i = 0; i < 120; i++)
		add_header(message, "Authentication-Results", i % 2 ? " mx.example.net; spf=pass" : " other.example; spf=fail");
	struct as_verdict verdict = finish(message);
	assert_int_equal(verdict.edit_count, 61);
	for (unsigned i = 0; i < 60; i++) {
		assert_int_equal(verdict.edits[i].kind, AS_EDIT_DELETE);
		assert_int_equal(verdict.edits[i].instance, 120 - 2 * i);
	}
	assert_string_equal(verdict.decision->rule, "malformed-from");
	as_engine_end(message);
	close_world(&world);
}

/* RE-13: a name that only a lenient reader takes for ours is no field that an MTA counts: it must not shift what is deleted. */
static void test_strange_names_shift_nothing(void **state)
{
	static const char *const names[] = {
		"Authentication\x01-Results", "Authentication-Results",          "Authentication -Results",
		"authentication-results\t",    "\x7f\x41uthentication-Results", "Authentication-Results\xff",
		"Authentication-Results ",
	};
	(void)state;
	struct world world = open_world("");
	struct as_message *message = as_engine_mail(world.session, NULL, "<bob@example.com>", false);
	add_header(message, "From", " bob@example.com");
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		add_header(message, names[i], " mx.example.net; spf=pass");
	struct as_verdict verdict = finish(message);
	assert_int_equal(verdict.edit_count, 4);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(verdict.edits[i].kind, AS_EDIT_DELETE);
		assert_int_equal(verdict.edits[i].instance, 3 - i);
		assert_string_equal(verdict.edits[i].name, "Authentication-Results");
	}
	as_engine_end(message);
	close_world(&world);
}

static void test_internal_error_decides(void **state)
{
	(void)state;
	struct world world = open_world("");
	struct as_message *message = as_engine_mail(world.session, NULL, "<bob@example.com>", false);
	add_header(message, "From", " bob@example.com");
	as_engine_internal_error(message, "first");
	as_engine_internal_error(message, "second");
	struct as_verdict verdict = finish(message);
	assert_string_equal(message->internal_error, "first");
	assert_string_equal(verdict.decision->rule, "internal-error");
	assert_int_equal(verdict.decision->reply_code, 451);
	as_engine_end(message);
	close_world(&world);
}

static void count_call(void *user)
{
	++*(int *)user;
}

static void test_waiting_is_announced_once(void **state)
{
	(void)state;
	struct world world = open_world("");
	int waits = 0;
	struct as_verdict verdict;
	struct as_message *message = as_engine_mail(world.session, NULL, "<bob@example.com>", false);
	add_header(message, "From", " bob@slow.example");
	as_engine_eom(message, NULL, count_call, &waits, &verdict);
	assert_int_equal(waits, 1);
	assert_string_equal(verdict.decision->rule, "dmarc-temperror");
	as_engine_end(message);
	for (int i = 0; i < 2; i++) { /* the second time everything is in the cache */
		waits = 0;
		message = as_engine_mail(world.session, NULL, "<bob@example.com>", false);
		add_header(message, "From", " bob@example.com");
		as_engine_eom(message, NULL, count_call, &waits, &verdict);
		as_engine_end(message);
	}
	assert_int_equal(waits, 0);
	close_world(&world);
}

/* The clock of the wall is set while messages come; the monotonic one is not. */

struct stepping {
	struct as_clock clock; /* what the environment has */
	const struct as_clock *fixed;
	int64_t step_s;
};

static int64_t stepped_wall_s(void *user)
{
	const struct stepping *stepping = user;
	return as_clock_wall_s(stepping->fixed) + stepping->step_s;
}

static int64_t unstepped_mono_ms(void *user)
{
	const struct stepping *stepping = user;
	return as_clock_mono_ms(stepping->fixed);
}

/* What is said of a signature that holds from 100 s before to 100 s after the time of the world; the steps are of MAIL and what follows, of
 * the end of the header, and of the end. */
static const char *judge_signature(const struct world *world, struct stepping *stepping, const int64_t steps[3])
{
	static char reason[64];
	stepping->step_s = steps[0];
	struct as_message *message = as_engine_mail(world->session, NULL, "<bob@example.com>", false);
	add_header(message, "From", " bob@example.com");
	add_header(message, "DKIM-Signature", " v=1; a=rsa-sha256; d=example.com; s=s; h=from; t=1799999900; x=1800000100; "
					      "bh=frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY=; b=AAAA");
	stepping->step_s = steps[1];
	as_engine_eoh(message);
	stepping->step_s = steps[2];
	struct as_verdict verdict = finish(message);
	assert_string_equal(verdict.decision->rule, "default");
	assert_int_equal(message->spf->code, AS_PASS);
	snprintf(reason, sizeof reason, "%s", message->dkim->signatures[0].reason);
	as_engine_end(message);
	stepping->step_s = 0;
	return reason;
}

static void test_clock_is_set(void **state)
{
	enum { HOUR = 3600, DAY = 24 * HOUR };
	static const struct {
		int64_t steps[3];
		const char *reason;
	} cases[] = {
		{ { 0, 0, 0 }, "no key" },
		{ { 0, HOUR, HOUR }, "no key" },
		{ { 0, -HOUR, -HOUR }, "no key" },
		{ { 0, 0, 30 * DAY }, "no key" },
		{ { 0, 30 * DAY, -30 * DAY }, "no key" },
		{ { HOUR, HOUR, HOUR }, "expired" },
		{ { HOUR, 0, 0 }, "expired" },
		{ { -HOUR, -HOUR, -HOUR }, "signed in the future" },
		{ { 30 * DAY, 0, -DAY }, "expired" },
	};
	(void)state;
	struct world world = open_world("");
	struct stepping stepping = { .clock = { stepped_wall_s, unstepped_mono_ms, &stepping }, .fixed = world.env->clock };
	world.env->clock = &stepping.clock;
	(void)judge_signature(&world, &stepping, cases[0].steps); /* its answers are kept, whatever the clock says */
	uint64_t sent = as_dns_stats(world.env->dns).sent;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const char *reason = judge_signature(&world, &stepping, cases[i].steps);
		if (strcmp(reason, cases[i].reason) != 0)
			fail_msg("case %zu: %s", i, reason);
	}
	assert_int_equal(as_dns_stats(world.env->dns).sent, sent);
	struct as_message *message = as_engine_mail(world.session, NULL, "<bob@example.com>", false);
	add_header(message, "From", " bob@slow.example");
	stepping.step_s = -30 * DAY; /* the deadline does not move */
	assert_string_equal(finish(message).decision->rule, "dmarc-temperror");
	as_engine_end(message);
	close_world(&world);
}

static void test_message_keeps_its_environment(void **state)
{
	(void)state;
	struct world world = open_world("");
	struct as_env *lenient = new_env(world.fake, as_dns_ref(world.env->dns), "report-only = true\n");
	struct as_message *strict_one = as_engine_mail(world.session, NULL, "<>", false);
	struct as_message *lenient_one = as_engine_mail(world.session, lenient, "<>", false);
	as_env_unref(lenient); /* a reload may drop it while the message is in flight */
	add_header(strict_one, "From", " bob@example.com");
	add_header(lenient_one, "From", " bob@example.com");
	assert_int_equal(finish(lenient_one).decision->verb, AS_VERB_ACCEPT);
	assert_int_equal(lenient_one->decision.computed, AS_VERB_REJECT);
	assert_int_equal(finish(strict_one).decision->verb, AS_VERB_REJECT);
	as_engine_end(lenient_one);
	as_engine_end(strict_one);
	close_world(&world);
}

/* A session outlives a reload: its next message has the new id, written and removed. */
static void test_message_has_the_id_of_its_environment(void **state)
{
	(void)state;
	static const char *const ids[] = { "one.example.net", "two.example.net" };
	struct world world = open_world("authserv-id = one.example.net");
	struct as_env *reloaded = new_env(world.fake, as_dns_ref(world.env->dns), "authserv-id = two.example.net\n");
	struct as_env *const envs[] = { NULL, reloaded };
	for (unsigned i = 0; i < 2; i++) {
		struct as_message *message = as_engine_mail(world.session, envs[i], "<>", false);
		add_header(message, "Authentication-Results", " one.example.net; dmarc=pass");
		add_header(message, "Authentication-Results", " two.example.net; dmarc=pass");
		add_header(message, "From", " bob@example.com");
		struct as_verdict verdict = finish(message);
		assert_int_equal(verdict.edit_count, 2);
		assert_int_equal(verdict.edits[0].kind, AS_EDIT_DELETE);
		assert_int_equal(verdict.edits[0].instance, i + 1);
		assert_int_equal(strncmp(verdict.edits[1].value + 1, ids[i], strlen(ids[i])), 0);
		as_engine_end(message);
	}
	as_env_unref(reloaded);
	close_world(&world);
}

static void test_senders(void **state)
{
	(void)state;
	static const struct {
		const char *path, *local, *domain;
		bool is_null;
	} rows[] = {
		{ "<bob@example.com>", "bob", "example.com", false },
		{ "bob@Example.COM", "bob", "example.com", false },
		{ "<>", "", "", true },
		{ "", "", "", true },
		{ "<\"a@b\"@example.com>", "a@b", "example.com", false },
		{ "<@relay.example:bob@example.com>", "bob", "example.com", false },
		{ "<bob@[192.0.2.1]>", "bob", "[192.0.2.1]", false },
		{ "<@[192.0.2.1]:bob@example.com>", "bob", "example.com", false },
		{ "<bob@exa mple>", "bob", "exa mple", false },
		{ "<bob@>", "bob", "", false },
		{ "<@example.com>", "", "example.com", false },
		{ "<a@b@Example.COM.>", "a@b", "example.com", false },
		{ "<a b@B\xc3\x9c" "CHER.example>", "a b", "xn--bcher-kva.example", false },
		{ "<a b@exa mple>", "a b", "exa mple", false },
		{ "<bob>", "bob", "", false },
		{ "<example.com>", "example.com", "", false }, /* no domain, with and without brackets */
		{ "example.com", "example.com", "", false },
		{ "<", "", "", false },
		{ "< >", " ", "", false },
	};
	struct world world = open_world("");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct as_message *message = as_engine_mail(world.session, NULL, rows[i].path, false);
		if (strcmp(message->envelope_local, rows[i].local) != 0 || strcmp(message->envelope_domain, rows[i].domain) != 0 ||
		    message->has_null_sender != rows[i].is_null)
			fail_msg("%s: got local \"%s\" domain \"%s\"", rows[i].path, message->envelope_local, message->envelope_domain);
		as_engine_end(message);
	}
	close_world(&world);
}

/* A local part that is longer than what is kept hides neither the domain of the sender nor that of a recipient. */
static void test_long_paths(void **state)
{
	static const size_t sizes[] = { 64, 1008, 1009, 1010, 1011, 1100, 2000 }; /* 1024 octets are kept */
	static const char *const starts[] = { "<", "<\"", "<@relay.example:", "" };
	static const char *const ends[] = { "@example.com>", "\"@example.com>", "@example.com>", "@example.com" };
	(void)state;
	struct world world = open_world("rule \"r\" { recipient-domain = \"example.com\" action = \"reject\" }");
	for (size_t i = 0; i < 4 * sizeof sizes / sizeof *sizes; i++) {
		struct as_arena *arena = as_arena_new();
		char *local = as_alloc(arena, sizes[i / 4] + 1);
		memset(local, 'a', sizes[i / 4]);
		const char *path = as_printf(arena, "%s%s%s", starts[i % 4], local, ends[i % 4]);
		struct as_message *message = as_engine_mail(world.session, NULL, path, false);
		assert_string_equal(message->envelope_domain, "example.com");
		assert_non_null(strstr(message->envelope_local, "aaaa"));
		as_engine_rcpt(message, path);
		add_header(message, "From", " bob@example.com");
		assert_string_equal(finish(message).decision->rule, "r");
		assert_int_equal(message->spf->code, AS_PASS);
		as_engine_end(message);
		as_arena_free(arena);
	}
	close_world(&world);
}

/* What SPF will ask is asked when the names are known; of a client's HELO names the first three (EARLY_HELOS), the last with MAIL. */
static void test_spf_asks_early(void **state)
{
	static const struct {
		const char *config, *client;
		unsigned asks;
	} rows[] = {
		{ "", "192.0.2.1", 1 },
		{ "spf { enable = false }", "192.0.2.1", 0 },
		{ "", NULL, 0 },
		{ "trusted-networks = {\"192.0.2.1\"}", "192.0.2.1", 0 },
	};
	static const char *const names[] = { "h1.example.net", "h2.example.net", "h3.example.net", "h4.example.net" };
	(void)state;
	for (size_t row = 0; row < sizeof rows / sizeof *rows; row++) {
		struct world world = open_world(rows[row].config);
		struct as_ip client = { .family = 0 };
		if (rows[row].client)
			assert_int_equal(as_ip_parse(rows[row].client, &client), AS_OK);
		as_engine_close(world.session);
		world.session = as_engine_connect(world.env, &client, NULL, "mx.example.net");
		for (size_t i = 0; i < 4; i++)
			as_engine_helo(world.session, names[i]);
		assert_int_equal(as_dns_fake_queries(world.fake, NULL, 0), 3 * rows[row].asks);
		assert_int_equal(as_dns_fake_queries(world.fake, names[3], AS_DNS_TXT), 0);
		struct as_message *message = as_engine_mail(world.session, NULL, "<bob@example.org>", false);
		assert_int_equal(as_dns_fake_queries(world.fake, names[3], AS_DNS_TXT), rows[row].asks);
		assert_int_equal(as_dns_fake_queries(world.fake, "example.org", AS_DNS_TXT), rows[row].asks);
		as_engine_end(message);
		close_world(&world);
	}
}

/* OpenDMARC 443: names of every length in every place of SPF, exact under a memory checker. */
static void test_names_of_each_length(void **state)
{
	static const char record[] = "v=spf1 exists:%{l}.%{h}.%{o} -all";
	(void)state;
	struct world world = open_world("");
	for (size_t n = 1; n <= 260; n++) {
		char *name = as_xalloc(n + 1);
		char *path = as_xalloc(n + 7);
		for (size_t i = 0; i < n; i++)
			name[i] = i % 2 && i + 1 < n ? '.' : 'a';
		name[n] = '\0';
		snprintf(path, n + 7, "<abc@%s>", name);
		as_dns_fake_txt(world.fake, name, record, sizeof record - 1);
		as_engine_helo(world.session, name);
		struct as_message *message = as_engine_mail(world.session, NULL, path, false);
		free(name);
		free(path);
		add_header(message, "From", " bob@example.com");
		(void)finish(message);
		if (message->spf->code != (n < 3 || n > 253 ? AS_NONE : AS_FAIL))
			fail_msg("%zu octets: %s", n, as_code_name(message->spf->code));
		as_engine_end(message);
	}
	close_world(&world);
}

static void test_repeated_helo_costs_no_memory(void **state)
{
	(void)state;
	struct world world = open_world("");
	for (int i = 0; i < 10; i++)
		as_engine_helo(world.session, "mx.example.com");
	size_t before = as_arena_size(world.session->arena);
	for (int i = 0; i < 10000; i++)
		as_engine_helo(world.session, i % 2 ? "a.example" : "b.example");
	assert_int_equal(as_arena_size(world.session->arena), before);
	assert_string_equal(world.session->helo, "a.example");
	close_world(&world);
}

static void test_recipients_are_kept(void **state)
{
	(void)state;
	struct world world = open_world("");
	struct as_message *message = as_engine_mail(world.session, NULL, "<bob@example.com>", false);
	char path[32];
	for (int i = 0; i < 100; i++) {
		snprintf(path, sizeof path, "<r%d@example.net>", i);
		as_engine_rcpt(message, path);
	}
	assert_int_equal(message->recipient_count, 100);
	assert_string_equal(message->recipients[0], "<r0@example.net>");
	assert_string_equal(message->recipients[99], "<r99@example.net>");
	as_engine_end(message);
	close_world(&world);
}

static void test_unknown_client(void **state)
{
	(void)state;
	struct world world = open_world("");
	struct as_session *session = as_engine_connect(world.env, NULL, NULL, NULL);
	struct as_message *message = as_engine_mail(session, NULL, "<bob@example.com>", false);
	add_header(message, "From", " bob@example.com");
	struct as_verdict verdict = finish(message);
	assert_null(message->spf);
	assert_string_equal(verdict.decision->rule, "dmarc-reject");
	assert_non_null(strstr(verdict.log_line, " client=unknown iprev=- spf=- "));
	as_engine_end(message);
	as_engine_close(session);
	close_world(&world);
}

/* --- a byte of any kind in every position --------------------------------------------------------------------------- */

enum { PARTS = 8, PART_MAX = 128 };

/* HELO, MAIL FROM, then name and value in turn. */
static const char *const parts[PARTS] = {
	"mx.example.com", "<bob@example.com>", "From", " Bob <bob@example.com>", "Subject", " hello\r\n\tworld", "Authentication-Results",
	" mx.example.net; dmarc=pass",
};

static void feed(struct world *world, char copies[PARTS][PART_MAX], struct as_message **message)
{
	as_engine_helo(world->session, copies[0]); /* an SMTP command ends at a NUL, as in libmilter */
	*message = as_engine_mail(world->session, NULL, copies[1], false);
	for (size_t i = 2; i < PARTS; i += 2)
		as_engine_header(*message, copies[i], strlen(parts[i]), copies[i + 1], strlen(parts[i + 1]));
	as_engine_eoh(*message);
	as_engine_body(*message, (const unsigned char *)"x\0y\xff\r\n", 6);
}

static bool is_printable_line(const char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			return false;
	return true;
}

static void check_verdict(const struct as_message *message, const struct as_verdict *verdict)
{
	const struct as_decision *d = verdict->decision;
	struct as_authres parsed;
	assert_true(is_printable_line(verdict->log_line));
	assert_int_equal(d->reply_code, d->verb == AS_VERB_REJECT ? 550 : d->verb == AS_VERB_TEMPFAIL ? 451 : 0);
	assert_true(!d->reply_code || is_printable_line(d->text));
	const struct as_edit *last = &verdict->edits[verdict->edit_count - 1];
	assert_int_equal(last->kind, AS_EDIT_INSERT);
	assert_int_equal(as_authres_parse(message->arena, last->value, strlen(last->value), &parsed), AS_OK);
	assert_string_equal(parsed.authserv_id, "mx.example.net");
	assert_int_equal(parsed.count, message->results.count);
	for (size_t i = 0; i < parsed.count; i++)
		assert_int_equal(parsed.results[i].code, message->results.list[i].code);
}

static void test_any_byte_in_every_position(void **state)
{
	(void)state;
	static const char bytes[] = { '\0', '\xff', '\x80', '\r', '\n', '\x1b', ';', '"', '(', '\\' };
	struct world world = open_world("trusted-networks = {}\n");
	for (size_t part = 0; part < PARTS; part++) {
		for (size_t at = 0; parts[part][at]; at++) {
			for (size_t b = 0; b < sizeof bytes; b++) {
				char copies[PARTS][PART_MAX] = { { 0 } };
				struct as_message *message;
				struct as_verdict verdict;
				for (size_t i = 0; i < PARTS; i++)
					memcpy(copies[i], parts[i], strlen(parts[i]));
				copies[part][at] = bytes[b];
				feed(&world, copies, &message);
				as_engine_eom(message, "QID", NULL, NULL, &verdict);
				check_verdict(message, &verdict);
				as_engine_end(message);
			}
		}
	}
	close_world(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_end_without_header),
		cmocka_unit_test(test_header_after_body_is_not_judged),
		cmocka_unit_test(test_messages_of_one_session_are_apart),
		cmocka_unit_test(test_relay_is_not_looked_up),
		cmocka_unit_test(test_explanation_is_asked_for_a_reply),
		cmocka_unit_test(test_budget_is_enough_for_any_message),
		cmocka_unit_test(test_foreign_fields_beyond_the_cap_cost_no_memory),
		cmocka_unit_test(test_forged_fields_beyond_the_cap_go_too),
		cmocka_unit_test(test_strange_names_shift_nothing),
		cmocka_unit_test(test_internal_error_decides),
		cmocka_unit_test(test_waiting_is_announced_once),
		cmocka_unit_test(test_clock_is_set),
		cmocka_unit_test(test_message_keeps_its_environment),
		cmocka_unit_test(test_message_has_the_id_of_its_environment),
		cmocka_unit_test(test_senders),
		cmocka_unit_test(test_long_paths),
		cmocka_unit_test(test_spf_asks_early),
		cmocka_unit_test(test_names_of_each_length),
		cmocka_unit_test(test_repeated_helo_costs_no_memory),
		cmocka_unit_test(test_recipients_are_kept),
		cmocka_unit_test(test_unknown_client),
		cmocka_unit_test(test_any_byte_in_every_position),
	};
	as_spf_global_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
