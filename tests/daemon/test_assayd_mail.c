/* SPDX-License-Identifier: BSD-2-Clause */
/* test_assayd_mail.c - messages through the running daemon: what is negotiated, what comes back, and what hostile peers get. */
#include "config.h"

#include "rig.h"

#include "arena.h"
#include "test.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ADD_HEADERS = 0x1, CHANGE_HEADERS = 0x10, QUARANTINE = 0x20, SET_SYMBOLS = 0x100 };

#define PASS_FIELD " mx.example.com;"

static void expect_answer(const char *name, const struct milter_result *result, enum milter_answer wanted)
{
	if (result->answer != wanted)
		fail_msg("%s: answer '%c' (%d), text '%s', wanted '%c'", name, result->answer, result->answer,
			 result->text ? result->text : "", wanted);
}

/* Exactly one edit: our field, at the top, with this in it. */
static void expect_results(const char *name, const struct milter_result *result, const char *wanted)
{
	expect_answer(name, result, MILTER_CONTINUE);
	if (result->edit_count != 1)
		fail_msg("%s: %zu edits", name, result->edit_count);
	const struct milter_edit *edit = &result->edits[0];
	assert_int_equal(edit->kind, 'i');
	assert_int_equal(edit->index, 0);
	assert_string_equal(edit->name, "Authentication-Results");
	if (strncmp(edit->value, PASS_FIELD, sizeof PASS_FIELD - 1) != 0 || !strstr(edit->value, wanted))
		fail_msg("%s: no '%s' in '%s'", name, wanted, edit->value);
}

static void negotiation(void **state)
{
	struct milter_client *c = rig_negotiated(*state);
	const struct milter_terms *terms = milter_terms(c);
	assert_int_equal(terms->version, 6);
	assert_int_equal(terms->actions, ADD_HEADERS | CHANGE_HEADERS | QUARANTINE | SET_SYMBOLS);
	/* leading space, no DATA, no unknown commands, no answer to connect, helo, rcpt, header, eoh, body; an answer to MAIL */
	assert_int_equal(terms->steps, 0x100000 | 0x200 | 0x100 | 0x1000 | 0x2000 | 0x8000 | 0x80 | 0x40000 | 0x80000);
	static const char *const symbols[7] = { "j", NULL, "i {auth_type} {auth_authen} {tls_version} {cipher}", NULL, NULL, "i", NULL };
	for (size_t i = 0; i < 7; i++) {
		if (symbols[i])
			assert_string_equal(terms->symbols[i], symbols[i]);
		else
			assert_null(terms->symbols[i]);
	}
	rig_farewell(c);
}

static void mta_without_header_changes(void **state)
{
	struct rig *rig = *state;
	static const uint32_t offers[] = { ADD_HEADERS | QUARANTINE, CHANGE_HEADERS | QUARANTINE, ADD_HEADERS | CHANGE_HEADERS };
	for (size_t i = 0; i < sizeof offers / sizeof offers[0]; i++) {
		struct milter_client *c = milter_open(rig->address);
		assert_non_null(c);
		assert_false(milter_negotiate(c, 6, offers[i], MILTER_ALL_STEPS));
		milter_close(c);
	}
	assert_true(daemon_wait_log(rig->daemon, "the MTA offers actions 0x21, needed are 0x31: connection refused"));
}

/* An MTA that knows nothing of "no reply" and takes the space after the colon away gets an answer to every step. */
static void old_mta(void **state)
{
	struct rig *rig = *state;
	struct milter_client *c = milter_open(rig->address);
	assert_non_null(c);
	assert_true(milter_negotiate(c, 2, 0x3f, 0x7f));
	assert_int_equal(milter_terms(c)->steps, 0);
	milter_macros(c, 'C', (const char *const[]){ "j", "mx.example.com", NULL });
	assert_int_equal(milter_connect(c, "client.example.com", '4', 40000, "192.0.2.1"), MILTER_CONTINUE);
	assert_int_equal(milter_helo(c, "client.example.com"), MILTER_CONTINUE);
	assert_int_equal(milter_mail(c, "<user@example.com>"), MILTER_CONTINUE);
	assert_int_equal(milter_rcpt(c, "<rcpt@example.org>"), MILTER_CONTINUE);
	assert_int_equal(milter_header(c, "From", " user@example.com"), MILTER_CONTINUE);
	assert_int_equal(milter_eoh(c), MILTER_CONTINUE);
	assert_int_equal(milter_body(c, "Hello.\r\n", 8), MILTER_CONTINUE);
	const struct milter_result *result = milter_eom(c);
	expect_answer("old MTA", result, MILTER_CONTINUE);
	assert_int_equal(result->edit_count, 1);
	assert_true(strncmp(result->edits[0].value, "mx.example.com;", 15) == 0); /* this MTA adds the space */
	rig_farewell(c);
}

static void verdicts(void **state)
{
	static const struct {
		const char *name, *domain;
		int client;
		const char *wanted; /* in the field, or the reply */
		enum milter_answer answer;
	} cases[] = {
		{ "passes", "example.com", RIG_CLIENT_OURS, "dmarc=pass", MILTER_CONTINUE },
		{ "p=reject fails", "example.com", RIG_CLIENT_FOREIGN, "550 5.7.1 Email rejected per DMARC policy for example.com",
		  MILTER_REPLY },
		{ "p=none fails", "none.example", RIG_CLIENT_FOREIGN, "dmarc=fail", MILTER_CONTINUE },
		{ "no records", "unknown.example", RIG_CLIENT_FOREIGN, "dmarc=none", MILTER_CONTINUE },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct milter_client *c = rig_client(*state, cases[i].client);
		const struct milter_result *result = rig_message(c, cases[i].domain);
		if (cases[i].answer == MILTER_CONTINUE) {
			expect_results(cases[i].name, result, cases[i].wanted);
		} else {
			expect_answer(cases[i].name, result, cases[i].answer);
			assert_string_equal(result->text, cases[i].wanted);
			assert_int_equal(result->edit_count, 0);
		}
		assert_null(result->quarantine);
		rig_farewell(c);
	}
	struct rig *rig = *state;
	assert_true(daemon_wait_log(rig->daemon, "assayd: 4X1Y2Z: from="));
	assert_true(daemon_wait_log(rig->daemon, "action=reject rule=dmarc-reject"));
}

static void tag_and_quarantine(void **state)
{
	(void)state; /* rigs of its own */
	struct rig *rig = rig_new("dmarc { on-reject = \"quarantine\" }");
	struct milter_client *c = rig_client(rig, RIG_CLIENT_FOREIGN);
	const struct milter_result *result = rig_message(c, "quarantine.example");
	expect_answer("tag", result, MILTER_CONTINUE);
	assert_int_equal(result->edit_count, 2);
	assert_string_equal(rig_inserted(result, "X-Assay-Action", 0)->value, " tag; rule=dmarc-quarantine");
	assert_null(result->quarantine);

	result = rig_message(c, "example.com");
	expect_answer("quarantine", result, MILTER_CONTINUE);
	assert_non_null(result->quarantine);
	assert_string_equal(rig_inserted(result, "X-Assay-Action", 0)->value, " quarantine; rule=dmarc-reject");
	rig_farewell(c);
	rig_free(rig);
}

static void replies_are_literal(void **state)
{
	(void)state; /* a rig of its own */
	struct rig *rig = rig_new("dmarc { reply-reject = \"5.7.99 100%% of %{from-domain}\" }");
	struct milter_client *c = rig_client(rig, RIG_CLIENT_FOREIGN);
	const struct milter_result *result = rig_message(c, "example.com");
	expect_answer("reply", result, MILTER_REPLY);
	assert_string_equal(result->text, "550 5.7.99 100%% of example.com"); /* MTAs read %% as % */
	rig_farewell(c);
	rig_free(rig);
}

static void mail_with_macro(struct milter_client *c, const char *macro, const char *value)
{
	milter_macros(c, 'M', (const char *const[]){ macro, value, NULL });
	assert_int_equal(milter_mail(c, "<user@example.com>"), MILTER_CONTINUE);
	assert_int_equal(milter_rcpt(c, "<rcpt@example.org>"), MILTER_SILENT);
}

static void skipped(void **state)
{
	struct rig *rig = *state;
	static const struct {
		const char *name;
		int client;
		const char *macro;
	} cases[] = {
		{ "trusted network", 200, "{mail_addr}" }, { "auth_type", RIG_CLIENT_FOREIGN, "{auth_type}" },
		{ "auth_authen", RIG_CLIENT_FOREIGN, "{auth_authen}" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct milter_client *c = rig_client(rig, cases[i].client);
		mail_with_macro(c, cases[i].macro, "x");
		rig_content(c, "example.com");
		const struct milter_result *result = milter_eom(c);
		expect_answer(cases[i].name, result, MILTER_CONTINUE);
		assert_int_equal(result->edit_count, 0);
		rig_farewell(c);
	}
	/* What one message was does not rub off on the next: an empty macro is no login. */
	struct milter_client *c = rig_client(rig, RIG_CLIENT_FOREIGN);
	mail_with_macro(c, "{auth_type}", "PLAIN");
	rig_content(c, "example.com");
	expect_answer("logged in", milter_eom(c), MILTER_CONTINUE);
	mail_with_macro(c, "{auth_type}", "");
	rig_content(c, "example.com");
	expect_answer("not logged in", milter_eom(c), MILTER_REPLY);
	rig_farewell(c);
}

/* Deletions from the last to the first, then our field; the foreign one stays. */
static void forged_results_go(void **state)
{
	static const char *const values[] = {
		" mx.example.com; dmarc=pass header.from=example.com",
		" other.example.net; spf=pass",
		"\n MX.(comment)example.com; spf=pass",
		" \"mx.example.com\" 1; dkim=pass",
	};
	struct milter_client *c = rig_client(*state, RIG_CLIENT_OURS);
	rig_mail(c, "<user@example.com>");
	for (size_t i = 0; i < 4; i++)
		milter_header(c, i % 2 ? "authentication-results" : "Authentication-Results", values[i]);
	milter_header(c, "X-Assay-Action", " accept");
	rig_content(c, "example.com");
	const struct milter_result *result = milter_eom(c);
	expect_answer("forged", result, MILTER_CONTINUE);
	static const struct {
		char kind;
		uint32_t index;
		const char *name;
	} wanted[] = {
		{ 'm', 1, "X-Assay-Action" },          { 'm', 4, "Authentication-Results" }, { 'm', 3, "Authentication-Results" },
		{ 'm', 1, "Authentication-Results" }, { 'i', 0, "Authentication-Results" },
	};
	assert_int_equal(result->edit_count, 5);
	for (size_t i = 0; i < 5; i++) {
		const struct milter_edit *edit = &result->edits[i];
		if (edit->kind != wanted[i].kind || edit->index != wanted[i].index || strcmp(edit->name, wanted[i].name) != 0)
			fail_msg("edit %zu: %c %u %s", i, edit->kind, edit->index, edit->name);
		if (edit->kind == 'm')
			assert_string_equal(edit->value, "");
	}
	rig_farewell(c);
}

static void many_messages_on_a_connection(void **state)
{
	struct milter_client *c = rig_client(*state, RIG_CLIENT_OURS);
	for (int i = 0; i < 5; i++) {
		expect_results("ours", rig_message(c, "example.com"), "dmarc=pass");
		milter_abort(c); /* Postfix sends one after every message */
		expect_answer("not ours", rig_message(c, "quarantine.example"), MILTER_CONTINUE);
		milter_abort(c);
	}
	rig_farewell(c);
}

static void bare_connections(void **state)
{
	struct rig *rig = *state;
	for (int i = 0; i < 20; i++)
		milter_close(milter_open(rig->address));
	struct milter_client *c = rig_client(rig, RIG_CLIENT_OURS);
	expect_results("after monitors", rig_message(c, "example.com"), "dmarc=pass");
	rig_farewell(c);
}

static void clients_without_address(void **state)
{
	static const struct {
		const char *name;
		char family;
		const char *address;
	} cases[] = {
		{ "unknown", 'U', NULL },
		{ "unix", 'L', "/run/client" },
		{ "IPv6", '6', "2001:db8::1" },
		{ "mapped", '6', "::ffff:192.0.2.1" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct milter_client *c = rig_negotiated(*state);
		milter_macros(c, 'C', (const char *const[]){ "j", "mx.example.com", NULL });
		milter_connect(c, "localhost", cases[i].family, 0, cases[i].address);
		milter_helo(c, "client.example.com");
		const struct milter_result *result = rig_message(c, "none.example");
		bool is_ours = strcmp(cases[i].name, "mapped") == 0;
		expect_answer(cases[i].name, result, MILTER_CONTINUE);
		assert_int_equal(result->edit_count, 1);
		if (is_ours)
			expect_results(cases[i].name, result, "spf=pass");
		rig_farewell(c);
	}
}

static void connection_limit(void **state)
{
	(void)state; /* a rig of its own */
	struct rig *rig = rig_new("maximum-connections = 2");
	struct milter_client *c[3];
	for (int i = 0; i < 3; i++)
		c[i] = rig_client(rig, RIG_CLIENT_OURS);
	assert_int_equal(milter_mail(c[0], "<user@example.com>"), MILTER_CONTINUE);
	assert_int_equal(milter_mail(c[2], "<user@example.com>"), MILTER_REPLY);
	assert_string_equal(milter_reply_text(c[2]), "451 4.3.2 Too many connections to the mail filter, try again later");
	for (int i = 0; i < 3; i++)
		rig_farewell(c[i]);
	rig_free(rig);
}

/* --- peers that break the order ------------------------------------------------------------------------------------- */

static void mail_without_helo_and_connect(void **state)
{
	struct milter_client *c = rig_negotiated(*state);
	milter_macros(c, 'C', (const char *const[]){ "j", "mx.example.com", NULL });
	milter_connect(c, "client.example.com", '4', 40000, "192.0.2.1");
	expect_results("without HELO", rig_message(c, "example.com"), "spf=pass");
	rig_farewell(c);
}

/* libmilter drops what makes no sense; the connection lives. */
static void events_out_of_order(void **state)
{
	struct milter_client *c = rig_client(*state, RIG_CLIENT_OURS);
	milter_header(c, "From", " user@example.net");
	milter_body(c, "x", 1);
	milter_packet(c, 'R', "<rcpt@example.org>", 19);
	milter_packet(c, 'N', NULL, 0);
	expect_results("header before MAIL", rig_message(c, "example.com"), "dmarc=pass");
	rig_mail(c, "<user@example.org>");
	expect_results("MAIL inside a message", rig_message(c, "example.com"), "dmarc=pass");
	milter_connect(c, "client.example.com", '4', 40000, "192.0.2.66");
	rig_farewell(c);
}

/* "Quit, a new connection follows" keeps what was negotiated, and nothing of the client before. */
static void connection_used_again(void **state)
{
	static const char *const moments[] = { "after a message", "after an abort" };
	for (int i = 0; i < 2; i++) {
		struct rig *rig = *state;
		struct milter_client *c = rig_client(rig, 200);
		if (i == 0)
			expect_answer(moments[i], rig_message(c, "example.com"), MILTER_CONTINUE);
		if (i == 1) {
			rig_mail(c, "<user@example.com>");
			milter_header(c, "From", " user@example.com");
			milter_abort(c);
		}
		milter_packet(c, 'K', NULL, 0);
		milter_macros(c, 'C', (const char *const[]){ "j", "mx.example.com", NULL });
		milter_connect(c, "client.example.com", '4', 40000, "192.0.2.1");
		milter_helo(c, "client.example.com");
		expect_results(moments[i], rig_message(c, "example.com"), "smtp.mailfrom=example.com");
		rig_farewell(c);
		assert_true(daemon_wait_statistics(rig->daemon, "connections=0 messages=0 "));
		assert_null(strstr(daemon_log(rig->daemon), "claimed not to reply"));
	}
}

static void abort_everywhere(void **state)
{
	for (int stage = 0; stage < 6; stage++) {
		struct milter_client *c = rig_client(*state, RIG_CLIENT_OURS);
		if (stage > 0)
			assert_int_equal(milter_mail(c, "<user@quarantine.example>"), MILTER_CONTINUE);
		if (stage > 1)
			milter_rcpt(c, "<rcpt@example.org>");
		if (stage > 2)
			milter_header(c, "From", " user@quarantine.example");
		if (stage > 3)
			milter_eoh(c);
		if (stage > 4)
			milter_body(c, "Hello.\r\n", 8);
		milter_abort(c);
		char name[32];
		snprintf(name, sizeof name, "after stage %d", stage);
		expect_results(name, rig_message(c, "example.com"), "dmarc=pass");
		rig_farewell(c);
	}
}

static void connections_lost_everywhere(void **state)
{
	for (int stage = 0; stage < 5; stage++) {
		struct milter_client *c = rig_client(*state, RIG_CLIENT_OURS);
		if (stage > 0)
			assert_int_equal(milter_mail(c, "<user@example.com>"), MILTER_CONTINUE);
		if (stage > 1)
			milter_header(c, "From", " user@example.com");
		if (stage > 2)
			milter_eoh(c);
		if (stage > 3)
			milter_eom_send(c);
		milter_flush(c);
		milter_close(c);
	}
	struct milter_client *c = rig_client(*state, RIG_CLIENT_OURS);
	expect_results("after the losses", rig_message(c, "example.com"), "dmarc=pass");
	rig_farewell(c);
}

/* --- little of everything -------------------------------------------------------------------------------------------- */

/* Each between two whole messages, of which it takes nothing and to which it leaves nothing. What else is missing libmilter drops, with all of
 * the message. */
static void parts_that_are_missing(void **state)
{
	static const struct {
		const char *name;
		const char *packets; /* L: the From field, E is sent after all of them */
		const char *wanted;  /* the reply; NULL: it passes */
	} cases[] = {
		{ "no header", "NB", "550 5.7.1 Message refused: no From header field" },
		{ "no header, no end of it", "B", "550 5.7.1 Message refused: no From header field" },
		{ "nothing", "", "550 5.7.1 Message refused: no From header field" },
		{ "no body", "LN", NULL },
	};
	struct milter_client *c = rig_client(*state, RIG_CLIENT_OURS);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		rig_mail(c, "<user@example.com>");
		milter_header(c, "DKIM-Signature", " v=1; a=rsa-sha256; d=example.net; s=s; h=from; bh=AAAA; b=AAAA");
		rig_content(c, "example.com");
		(void)milter_eom(c); /* was here */
		rig_mail(c, "<user@example.com>");
		for (const char *p = cases[i].packets; *p; p++) {
			if (*p == 'L')
				milter_packet(c, 'L', "From\0 user@example.com", 23);
			else
				milter_packet(c, *p, "Hello.\r\n", *p == 'B' ? 8 : 0);
		}
		const struct milter_result *result = milter_eom(c);
		if (cases[i].wanted) {
			expect_answer(cases[i].name, result, MILTER_REPLY);
			if (strcmp(result->text, cases[i].wanted) != 0)
				fail_msg("%s: %s", cases[i].name, result->text);
		} else {
			expect_results(cases[i].name, result, "dkim=none");
		}
		expect_results("the one after it", rig_message(c, "example.com"), "dmarc=pass");
	}
	rig_farewell(c);
}

/* --- much of everything ---------------------------------------------------------------------------------------------- */

/* A header that is cut at a cap may hide a second From: it is refused like one. */
static const char cut[] = "550 5.7.1 Message refused: malformed From header field: header too large to be judged";
static const char forged[] = "550 5.7.1 Message refused: too many header fields that claim to be from mx.example.com";

/* refusal NULL: accepted. */
static void expect_header(const char *name, struct milter_client *c, const char *field, const char *value, int count, const char *refusal)
{
	rig_mail(c, "<user@example.com>");
	milter_header(c, "From", " user@example.com");
	for (int n = 0; n < count; n++)
		milter_header(c, field, value);
	milter_eoh(c);
	milter_body(c, "Hello.\r\n", 8);
	const struct milter_result *result = milter_eom(c);
	if (!refusal) {
		expect_results(name, result, "dmarc=pass");
		return;
	}
	expect_answer(name, result, MILTER_REPLY);
	assert_string_equal(result->text, refusal);
}

static void large_fields(void **state)
{
	enum { SIZE = 1024 * 1024 };
	struct rig *roomy = rig_new("maximum-header-bytes = \"4m\"");
	struct milter_client *c = rig_client(*state, RIG_CLIENT_OURS), *r = rig_client(roomy, RIG_CLIENT_OURS);
	char *value = as_xalloc(SIZE + 1);
	memset(value, 'x', SIZE);
	value[0] = ' ';
	expect_header("1 MB field, default cap", c, "X-Large", value, 1, cut);
	expect_header("1 MB field, high cap", r, "X-Large", value, 1, NULL);
	value[102400] = 0; /* Postfix's header_size_limit */
	expect_header("100 KB field", c, "X-Large", value, 1, NULL);
	free(value);
	rig_farewell(c);
	rig_farewell(r);
	rig_free(roomy);
}

static void many_fields(void **state)
{
	static const char signature[] = " v=1; a=rsa-sha256; d=example.com; s=s; h=from; "
					"bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=AAAA";
	static const struct {
		const char *name, *field, *value;
		int count;
		const char *refusal;
	} cases[] = {
		{ "20,000 fields", "X-Many", " x", 20000, cut },
		{ "20,000 results", "Authentication-Results", " other.example.net; none", 20000, forged },
		{ "1,000 signatures", "DKIM-Signature", signature, 1000, cut },
		{ "990 signatures", "DKIM-Signature", signature, 990, NULL },
	};
	struct milter_client *c = rig_client(*state, RIG_CLIENT_OURS);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		expect_header(cases[i].name, c, cases[i].field, cases[i].value, cases[i].count, cases[i].refusal);
	rig_farewell(c);
}

/* CVE-2025-61600, CVE-2026-26312: a body goes by without being kept or parsed. */
static void large_body(void **state)
{
	enum { SIZE = 5 * 1024 * 1024 };
	char *body = as_xalloc(SIZE);
	memset(body, 'x', SIZE);
	struct milter_client *c = rig_client(*state, RIG_CLIENT_OURS);
	rig_mail(c, "<user@example.com>");
	milter_header(c, "From", " user@example.com");
	milter_eoh(c);
	assert_int_equal(milter_body(c, body, SIZE), MILTER_SILENT);
	expect_results("5 MB", milter_eom(c), "dmarc=pass");
	free(body);
	rig_farewell(c);
}

static void garbage(void **state)
{
	static const struct {
		const char *name;
		const char *bytes;
		size_t size;
	} cases[] = {
		{ "unknown command", "\0\0\0\1Z", 5 },
		{ "length 0", "\0\0\0\0", 4 },
		{ "length of 4 GB", "\xff\xff\xff\xff" "O", 5 },
		{ "short negotiation", "\0\0\0\5O\0\0\0\6", 9 },
		{ "macros without end", "\0\0\0\5DCj\0x", 9 },
		{ "connect without address", "\0\0\0\3Cx\0", 7 },
		{ "HTTP", "GET / HTTP/1.0\r\n\r\n", 18 },
		{ "half a packet", "\0\0\0\20M<us", 8 },
	};
	struct rig *rig = *state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct milter_client *c = milter_open(rig->address);
		assert_non_null(c);
		milter_raw(c, cases[i].bytes, cases[i].size);
		milter_flush(c);
		milter_close(c);
		c = rig_client(rig, RIG_CLIENT_OURS);
		milter_raw(c, cases[i].bytes, cases[i].size);
		milter_flush(c);
		milter_close(c);
		c = rig_client(rig, RIG_CLIENT_OURS);
		expect_results(cases[i].name, rig_message(c, "example.com"), "dmarc=pass");
		rig_farewell(c);
	}
}

static void odd_paths(void **state)
{
	static const char *const paths[] = { "", "<>", "<<>>", "user", "<@>", "<user@>",
					     "<\"a b\"@example.com>", "<u\x01@ex\xffmple.com>" };
	for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
		struct milter_client *c = rig_client(*state, RIG_CLIENT_OURS);
		rig_mail(c, paths[i]);
		rig_content(c, "none.example");
		const struct milter_result *result = milter_eom(c);
		expect_answer(paths[i], result, MILTER_CONTINUE);
		assert_int_equal(result->edit_count, 1);
		rig_farewell(c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(negotiation, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(mta_without_header_changes, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(old_mta, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(verdicts, rig_setup, rig_teardown),
		cmocka_unit_test(tag_and_quarantine),
		cmocka_unit_test(replies_are_literal),
		cmocka_unit_test_setup_teardown(skipped, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(forged_results_go, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(many_messages_on_a_connection, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(bare_connections, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(clients_without_address, rig_setup, rig_teardown),
		cmocka_unit_test(connection_limit),
		cmocka_unit_test_setup_teardown(mail_without_helo_and_connect, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(events_out_of_order, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(connection_used_again, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(abort_everywhere, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(connections_lost_everywhere, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(parts_that_are_missing, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(large_fields, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(many_fields, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(large_body, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(garbage, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(odd_paths, rig_setup, rig_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
