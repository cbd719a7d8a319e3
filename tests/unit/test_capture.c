/* SPDX-License-Identifier: BSD-2-Clause */
/* test_capture.c - what is captured is judged again in the same way, whatever its bytes; damage is noticed at every byte. */
#include "config.h"

#include "test.h"

#include "capture.h"
#include "dkim_sign.h"
#include "dns_fake.h"
#include "str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CAPTURING "capture { directory = \"/nonexistent\" every = 1 rules = {dmarc-temperror} }\n"
#define LONG "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const char zone[] =
	"$SECURE example.com.\n"
	"example.com. TXT \"v=spf1 mx include:long.example -all\"\n"
	"example.com. MX 10 mx.example.com.\n"
	"mx.example.com. A 192.0.2.7\n"
	"long.example. TXT \"v=spf1 ip4:192.0.2.99 exists:" LONG ".example \" \"exists:b" LONG ".example exists:c" LONG ".example -all\"\n"
	"_dmarc.example.com. TXT \"v=DMARC1; p=reject\"\n"
	"$BOGUS bogus.example. TXT\n"
	"$BOGUS _dmarc.bogus.example. TXT\n"
	"$TIMEOUT _dmarc.silent.example. TXT\n"
	"alias.example. CNAME example.com.\n"
	"odd.example. TXT \"v=spf1 \\000\\255 -all\"\n"
	"odd.example. TXT \"\"\n"
	"$SERVFAIL 192.0.2.1.spf.down.example. A\n"
	"down.example. TXT \"v=spf1 exists:%{i}.spf.down.example -all\"\n";

/* A judged message and its capture. */
struct world {
	struct as_arena *arena;
	const struct as_settings *settings;
	struct as_dns_fake *fake;
	struct as_env *env;
	struct as_session *session;
	struct as_message *message;
	struct as_verdict verdict;
	const char *bytes; /* NULL: no capture */
	size_t size;
};

struct mail {
	const char *name;
	const char *config, *client, *helo, *path;
	const char *text; /* CRLF */
	size_t size;
	bool is_signed;
};

#define TEXT(literal) .text = literal, .size = sizeof(literal) - 1

static const struct mail mails[] = {
	{ "pass over mx", "", "192.0.2.7", "mx.example.com", "<bob@example.com>", TEXT("From: bob@example.com\r\n\r\nHi.\r\n"), false },
	{ "reject", "", "203.0.113.9", "mx.evil.example", "<bob@example.com>", TEXT("From: bob@example.com\r\n\r\nHi.\r\n"), false },
	{ "with a decision id", "trace { enable = true }", "203.0.113.9", "mx.evil.example", "<bob@example.com>",
	  TEXT("From: bob@example.com\r\n\r\nHi.\r\n"), false },
	{ "NUL and 8-bit bytes in the body", "", "192.0.2.7", "mx", "<bob@example.com>",
	  TEXT("From: bob@example.com\r\nSubject: a\r\n\r\na\0b\r\n\xff\x80\r\n.\r\nno line end"), true },
	{ "signed", "", "203.0.113.9", "mx", "<bounce@other.example>", TEXT("From: bob@example.com\r\n\r\nHi.\r\n"), true },
	{ "bogus", "", "203.0.113.9", "mx", "<a@bogus.example>", TEXT("From: bob@bogus.example\r\n\r\n"), false },
	{ "timeout", "", "203.0.113.9", "mx", "<>", TEXT("From: bob@silent.example\r\n\r\n"), false },
	{ "over an alias", "", "192.0.2.7", "alias.example", "<bob@alias.example>", TEXT("From: bob@alias.example\r\n\r\n"), false },
	{ "odd records", "", "192.0.2.7", "odd.example", "<bob@odd.example>", TEXT("From: bob@odd.example\r\n\r\n"), false },
	{ "a lookup that fails", "", "192.0.2.1", "x", "<bob@down.example>", TEXT("From: bob@down.example\r\n\r\n"), false },
	{ "odd envelope", "", "2001:db8::1", "\xff\"\\\n\x01", "<\xc3\xa9@\xfc.example>", TEXT("From: bob@example.com\r\n\r\n"), false },
	{ "forged fields", "", "203.0.113.9", "x", "<bob@none.example>",
	  TEXT("Authentication-Results: mx.example.net; dmarc=pass\r\nFrom: bob@none.example\r\n"
	       "X-Assay-Action: accept\r\nAuthentication-Results: mx.example.net; spf=pass\r\n\r\n"), false },
	{ "trusted", "trusted-networks = {192.0.2.0/24}", "192.0.2.7", "x", "<bob@example.com>",
	  TEXT("Authentication-Results: mx.example.net; dmarc=pass\r\nFrom: bob@example.com\r\n\r\nbody\r\n"), false },
	{ "over the budget", "maximum-queries = 20", "203.0.113.9", "x", "<bob@example.com>",
	  TEXT("From: bob@a.b.c.d.e.f.g.h.example.com\r\n\r\n"), false },
	{ "no header", "", "203.0.113.9", "x", "<bob@example.com>", TEXT("\r\n"), false },
};
enum { MAILS = sizeof mails / sizeof *mails };

static EVP_PKEY *key;

static const char *feed_header(struct as_message *message, const char *at, const char *end)
{
	while (at + 2 < end && memcmp(at, "\r\n", 2) != 0) {
		const char *colon = memchr(at, ':', (size_t)(end - at)), *stop = memmem(at, (size_t)(end - at), "\r\n", 2);
		while (stop + 2 < end && as_is_wsp(stop[2]))
			stop = memmem(stop + 2, (size_t)(end - stop - 2), "\r\n", 2);
		as_engine_header(message, at, (size_t)(colon - at), colon + 1, (size_t)(stop - colon - 1));
		at = stop + 2;
	}
	return at + 2;
}

static void open_world(struct world *w, const struct mail *mail)
{
	struct as_dns_options options = { .cache_bytes = 1 << 20, .max_ttl_s = 3600, .failure_ttl_s = 1 };
	const char *detail = NULL;
	char *trouble = NULL;
	struct as_ip ip;
	memset(w, 0, sizeof *w);
	w->arena = as_arena_new();
	w->fake = as_dns_fake_new(1800000000);
	if (as_dns_fake_load(w->fake, w->arena, zone, sizeof zone - 1, &detail))
		fail_msg("%s", detail);
	const char *record = as_sign_record(w->arena, key);
	as_dns_fake_txt(w->fake, "sel._domainkey.example.com", record, strlen(record));
	as_dns_fake_advance(w->fake, 12345);
	assert_int_equal(as_settings_parse(w->arena, "test", as_printf(w->arena, CAPTURING "%s", mail->config), &w->settings, &detail), AS_OK);
	const struct as_clock *clock = as_dns_fake_clock(w->fake);
	struct as_dns *dns = as_dns_new(as_dns_fake_backend(w->fake), &options, clock);
	w->env = as_env_new(as_arena_new(), w->settings, dns, clock, NULL, &trouble);
	assert_int_equal(as_ip_parse(mail->client, &ip), AS_OK);
	w->session = as_engine_connect(w->env, &ip, "client.example", "mx.example.net");
	as_engine_helo(w->session, mail->helo);
	w->message = as_engine_mail(w->session, NULL, mail->path, false);
}

static void judge(struct world *w, const struct mail *mail)
{
	const struct as_signer signer = { .key = key };
	const char *text = mail->text;
	size_t size = mail->size;
	open_world(w, mail);
	as_capture_begin(w->message, true);
	as_engine_rcpt(w->message, "<jane\xff@example.net>");
	if (mail->is_signed)
		text = as_sign_message(w->arena, &signer, text, size, &size);
	const char *body = feed_header(w->message, text, text + size);
	as_engine_eoh(w->message);
	for (; body < text + size; body++) { /* chunks end anywhere */
		assert_true(as_engine_wants_body(w->message));
		as_engine_body(w->message, (const unsigned char *)body, 1);
	}
	as_engine_eom(w->message, "4XyZ", NULL, NULL, &w->verdict);
	assert_true(as_capture_is_wanted(w->message));
	w->bytes = as_capture_make(w->message, &w->verdict, "4XyZ", 7, &w->size);
}

static void leave(struct world *w)
{
	as_engine_end(w->message);
	as_engine_close(w->session);
	as_env_unref(w->env);
	as_dns_fake_free(w->fake);
	as_arena_free(w->arena);
}

static void expect_same(const char *name, const char *what, const char *first, const char *second)
{
	if (!first != !second || (first && strcmp(first, second) != 0))
		fail_msg("%s: %s: \"%s\" became \"%s\"", name, what, first ? first : "-", second ? second : "-");
}

/* Up to the milliseconds, and what comes behind them. */
static void expect_same_log(struct as_arena *arena, const char *name, const char *first, const char *second)
{
	const char *a = strstr(first, " ms="), *b = strstr(second, " ms=");
	assert_true(a && b);
	expect_same(name, "log", as_strndup(arena, first, (size_t)(a - first)), as_strndup(arena, second, (size_t)(b - second)));
	expect_same(name, "end of the log", a + 4 + strspn(a + 4, "0123456789"), b + 4 + strspn(b + 4, "0123456789"));
}

static void expect_same_verdict(const char *name, struct as_arena *arena, const struct as_verdict *first, const struct as_verdict *second)
{
	expect_same(name, "rule", first->decision->rule, second->decision->rule);
	expect_same(name, "reply", as_capture_reply(arena, first->decision), as_capture_reply(arena, second->decision));
	assert_int_equal(first->edit_count, second->edit_count);
	for (size_t i = 0; i < first->edit_count; i++) {
		assert_int_equal(first->edits[i].kind, second->edits[i].kind);
		assert_int_equal(first->edits[i].instance, second->edits[i].instance);
		expect_same(name, "name of a field", first->edits[i].name, second->edits[i].name);
		expect_same(name, "field", first->edits[i].value, second->edits[i].value);
	}
	expect_same_log(arena, name, first->log_line, second->log_line);
}

static void test_round_trip(void **state)
{
	(void)state;
	for (size_t i = 0; i < MAILS; i++) {
		struct world w;
		struct as_capture capture;
		const char *detail;
		char *trouble = NULL;
		judge(&w, &mails[i]);
		assert_non_null(w.bytes);
		if (as_capture_read(w.arena, w.bytes, w.size, &capture, &detail))
			fail_msg("%s: %s", mails[i].name, detail);
		assert_false(capture.is_cut);
		struct as_replay *replay = as_replay_new(w.settings, &capture, NULL, &trouble);
		expect_same(mails[i].name, "missing", NULL, as_replay_missing(replay));
		expect_same_verdict(mails[i].name, w.arena, &w.verdict, &replay->verdict);
		expect_same(mails[i].name, "kept results", as_capture_results(&w.verdict), capture.results);
		expect_same(mails[i].name, "kept reply", as_capture_reply(w.arena, w.verdict.decision), capture.reply);
		expect_same(mails[i].name, "kept rule", w.verdict.decision->rule, capture.rule);
		expect_same(mails[i].name, "kept log", w.verdict.log_line, capture.log_line);
		expect_same(mails[i].name, "kept HELO", mails[i].helo, capture.helo);
		expect_same(mails[i].name, "kept path", mails[i].path, capture.path);
		expect_same(mails[i].name, "kept recipient", "<jane\xff@example.net>", capture.recipients[0]);
		assert_int_equal(capture.time_s, 1800000012);
		as_replay_free(replay);
		leave(&w);
	}
}

/* Every answer comes back as it was. */
static void test_answers(void **state)
{
	(void)state;
	for (size_t i = 0; i < MAILS; i++) {
		struct world w;
		struct as_capture c;
		const char *detail;
		judge(&w, &mails[i]);
		assert_int_equal(as_capture_read(w.arena, w.bytes, w.size, &c, &detail), AS_OK);
		struct as_dns_options options = { .cache_bytes = 0 };
		struct as_dns *dns = as_dns_new(as_dns_capture_backend(c.lookups, c.lookup_count), &options, as_dns_fake_clock(w.fake));
		struct as_dns_limits limits = { .budget = 1000, .timeout_ms = 1000 };
		struct as_dns_set *set = as_dns_set_new(dns, &limits);
		for (size_t k = 0; k < c.lookup_count; k++) {
			struct as_dns_lookup was = as_dns_set_lookup(w.message->dns, k);
			const struct as_dns_answer *a = was.answer, *b = as_dns_get(set, was.name, was.type);
			assert_true(!a == !c.lookups[k].is_answered);
			if (!a || !strcmp(was.name, "")) {
				expect_same(mails[i].name, "reason", AS_DNS_NOT_CAPTURED, b->reason);
				continue;
			}
			assert_int_equal(a->status, b->status);
			assert_int_equal(a->dnssec, b->dnssec);
			assert_int_equal(a->ttl, b->ttl);
			expect_same(mails[i].name, "canonical name", a->canonical, b->canonical);
			expect_same(mails[i].name, "reason", a->reason, b->reason);
			assert_int_equal(a->count, b->count);
			for (size_t n = 0; n < a->count; n++) {
				assert_int_equal(a->records[n].size, b->records[n].size);
				assert_memory_equal(a->records[n].data, b->records[n].data, a->records[n].size);
			}
		}
		as_dns_set_free(set);
		as_dns_unref(dns);
		leave(&w);
	}
}

static void test_other_settings(void **state)
{
	(void)state;
	static const struct { const char *config, *rule, *missing; } cases[] = {
		{ "", "dmarc-reject", NULL },
		{ "dmarc { on-reject = tag }", "dmarc-reject", NULL },
		{ "trusted-networks = {203.0.113.9}", "trusted-network", NULL },
	};
	struct world w;
	struct as_capture capture;
	const char *detail;
	judge(&w, &mails[1]);
	assert_int_equal(as_capture_read(w.arena, w.bytes, w.size, &capture, &detail), AS_OK);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct as_settings *settings;
		char *trouble = NULL;
		assert_int_equal(as_settings_parse(w.arena, "test", cases[i].config, &settings, &detail), AS_OK);
		struct as_replay *replay = as_replay_new(settings, &capture, NULL, &trouble);
		expect_same(cases[i].config, "rule", cases[i].rule, replay->verdict.decision->rule);
		expect_same(cases[i].config, "missing", cases[i].missing, as_replay_missing(replay));
		as_replay_free(replay);
	}
	capture.lookup_count = 0;
	char *trouble = NULL;
	struct as_replay *replay = as_replay_new(w.settings, &capture, NULL, &trouble);
	assert_int_equal(replay->verdict.decision->verb, AS_VERB_TEMPFAIL);
	assert_non_null(strstr(as_replay_missing(replay), "_dmarc.example.com TXT"));
	as_replay_free(replay);
	leave(&w);
}

static void test_rules_choose(void **state)
{
	(void)state;
	struct world w;
	open_world(&w, &mails[1]);
	as_capture_begin(w.message, false);
	feed_header(w.message, mails[1].text, mails[1].text + mails[1].size);
	as_engine_eom(w.message, NULL, NULL, NULL, &w.verdict);
	assert_false(as_capture_is_wanted(w.message)); /* dmarc-reject */
	leave(&w);
	open_world(&w, &mails[5]);
	as_capture_begin(w.message, false);
	feed_header(w.message, mails[5].text, mails[5].text + mails[5].size);
	as_engine_eom(w.message, NULL, NULL, NULL, &w.verdict);
	assert_true(as_capture_is_wanted(w.message)); /* dmarc-temperror */
	leave(&w);
	open_world(&w, &mails[5]);
	as_engine_eom(w.message, NULL, NULL, NULL, &w.verdict);
	assert_false(as_capture_is_wanted(w.message)); /* nothing was kept */
	leave(&w);
}

static void test_bounds(void **state)
{
	(void)state;
	enum { MOST = 64 << 10 };
	static unsigned char chunk[1000];
	struct mail mail = mails[0];
	struct world w;
	struct as_capture capture;
	const char *detail;
	mail.config = "capture { maximum-bytes = 64k }";
	open_world(&w, &mail);
	as_capture_begin(w.message, true);
	feed_header(w.message, mail.text, mail.text + mail.size);
	as_engine_eoh(w.message);
	for (int i = 0; i < 200; i++)
		as_engine_body(w.message, chunk, sizeof chunk);
	assert_false(as_engine_wants_body(w.message));
	as_engine_eom(w.message, NULL, NULL, NULL, &w.verdict);
	const char *bytes = as_capture_make(w.message, &w.verdict, NULL, 0, &w.size);
	assert_non_null(bytes);
	assert_in_range(w.size, MOST - 200, MOST);
	assert_int_equal(as_capture_read(w.arena, bytes, w.size, &capture, &detail), AS_OK);
	assert_true(capture.is_cut);
	leave(&w);
	/* a header that leaves no room for the rest */
	open_world(&w, &mail);
	as_capture_begin(w.message, true);
	for (int i = 0; i < 100; i++)
		as_engine_header(w.message, "X", 1, (const char *)chunk, sizeof chunk);
	as_engine_eom(w.message, NULL, NULL, NULL, &w.verdict);
	assert_null(as_capture_make(w.message, &w.verdict, NULL, 0, &w.size));
	leave(&w);
}

/* Each byte changed in several ways, and each beginning of the file: never taken. */
static void test_damage(void **state)
{
	(void)state;
	static const unsigned char changes[] = { 0x01, 0x80, 0x20, 0xff };
	struct world w;
	struct as_capture capture;
	const char *detail;
	judge(&w, &mails[3]);
	char *copy = as_strndup(w.arena, w.bytes, w.size);
	for (size_t i = 0; i < w.size; i++) {
		struct as_arena *arena = as_arena_new();
		for (size_t k = 0; k < sizeof changes; k++) {
			copy[i] = (char)((unsigned char)w.bytes[i] ^ changes[k]);
			if (as_capture_read(arena, copy, w.size, &capture, &detail) == AS_OK || !detail)
				fail_msg("byte %zu changed by %02x is taken", i, changes[k]);
		}
		copy[i] = w.bytes[i];
		char *part = as_xalloc(i + 1); /* of its own, so that reading on is seen */
		memcpy(part, w.bytes, i);
		part = as_xrealloc(part, i ? i : 1);
		if (as_capture_read(arena, part, i, &capture, &detail) == AS_OK)
			fail_msg("the first %zu bytes are taken", i);
		free(part);
		as_arena_free(arena);
	}
	assert_int_equal(as_capture_read(w.arena, copy, w.size, &capture, &detail), AS_OK);
	leave(&w);
}

/* Written on purpose, with the right sum. */
static void test_wrong_descriptions(void **state)
{
	(void)state;
#define HEAD "{\"time\":1,\"clock\":0,\"envelope\":{\"mail\":\"\",\"rcpt\":[]},\"verdict\":{\"action\":\"\",\"rule\":\"\",\"log\":\"\"},"
	static const struct { const char *json, *message, *detail; } cases[] = {
		{ HEAD "\"dns\":[],\"fields\":[]}", "\r\n", NULL },
		{ HEAD "\"dns\":[],\"fields\":[1,1]}", "a:b\r\n\r\n", NULL },
		{ "", "", "the description is not JSON" },
		{ "[]", "\r\n", "the description is not JSON" },
		{ "{}", "\r\n", "\"time\" is missing or of the wrong type" },
		{ HEAD "\"dns\":[],\"fields\":[]}", "\r", "the header has no end" },
		{ HEAD "\"dns\":[],\"fields\":[1]}", "a:b\r\n\r\n", "the header has no end" },
		{ HEAD "\"dns\":[],\"fields\":[1,1]}", "a:b\r\n", "the header has no end" },
		{ HEAD "\"dns\":[],\"fields\":[1,5]}", "a:b\r\n", "the fields are longer than the message" },
		{ HEAD "\"dns\":[],\"fields\":[-1,1]}", "a:b\r\n\r\n", "the fields are longer than the message" },
		{ HEAD "\"dns\":[],\"fields\":[9223372036854775807,9223372036854775807]}", "a:b\r\n\r\n",
		  "the fields are longer than the message" },
		{ HEAD "\"dns\":[{\"name\":\"a\",\"type\":70000}],\"fields\":[]}", "\r\n", "\"type\" is out of range" },
		{ HEAD "\"dns\":[{\"name\":\"a\",\"type\":1,\"status\":7}],\"fields\":[]}", "\r\n", "\"status\" is out of range" },
		{ HEAD "\"dns\":[{\"name\":\"\\u0100\",\"type\":1}],\"fields\":[]}", "\r\n", "a string has a character that is no byte" },
		{ HEAD "\"dns\":[{\"name\":\"a\",\"type\":1,\"status\":0,\"dnssec\":0,\"ttl\":0,\"ms\":0,\"records\":[\"012\"]}],\"fields\":[]}",
		  "\r\n", "a record is not in hexadecimal" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct as_arena *arena = as_arena_new();
		struct as_capture capture;
		const char *detail = NULL;
		const char *content = as_printf(arena, "%s\n%s", cases[i].json, cases[i].message);
		const char *file = as_printf(arena, AS_CAPTURE_MAGIC " %zu %zu %016llx\n%s", strlen(cases[i].json), strlen(cases[i].message),
					     (unsigned long long)as_capture_sum(content, strlen(content)), content);
		enum as_err err = as_capture_read(arena, file, strlen(file), &capture, &detail);
		expect_same(cases[i].json, "detail", cases[i].detail, detail);
		assert_int_equal(err, cases[i].detail ? AS_ERR_SYNTAX : AS_OK);
		as_arena_free(arena);
	}
}

int main(void)
{
	static const unsigned char seed[32] = "a seed that everybody may know.";
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_other_settings),
		cmocka_unit_test(test_rules_choose),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_wrong_descriptions),
	};
	as_spf_global_init();
	key = as_sign_seed_key(seed);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	EVP_PKEY_free(key);
	return failed;
}
