/* SPDX-License-Identifier: BSD-2-Clause */
/* test_migrate.c - opendkim.conf and opendmarc.conf become an assay.conf that is always accepted. */
#include "config.h"

#include "settings_from.h"
#include "test.h"

#include "migrate.h"
#include "settings.h"
#include "str.h"

#include <stdio.h>
#include <string.h>

static void test_whole_output(void **state)
{
	(void)state;
	static const struct as_migrate_input inputs[] = {
		{ AS_MIGRATE_OPENDKIM, "opendkim.conf",
		  "# verify\nMode\tv\nMinimumKeyBits 2048 # strict\nOn-BadSignature tempfail\nKeyTable refile:/etc/keys\n\n" },
		{ AS_MIGRATE_OPENDMARC, "opendmarc.conf", "rejectfailures TRUE\r\nAuthservID \"mx.example.net\"\nNoSuchKey 1\n" },
	};
	struct as_arena *arena = as_arena_new();
	assert_string_equal(as_migrate(arena, inputs, 2),
			    "# Made by assay migrate. Read it, then check it with: assayd -n -c FILE\n"
			    "# A first week with report-only = true shows in the log what would be done.\n"
			    "# opendmarc.conf:2 AuthservID mx.example.net\n"
			    "authserv-id = \"mx.example.net\"\n"
			    "\n"
			    "dkim {\n"
			    "\t# opendkim.conf:3 MinimumKeyBits 2048\n"
			    "\tminimum-key-bits = 2048\n"
			    "\t# opendkim.conf:4 On-BadSignature tempfail\n"
			    "\ton-fail = \"tempfail\"\n"
			    "}\n"
			    "\n"
			    "dmarc {\n"
			    "\t# RejectFailures true\n"
			    "\ton-reject = \"reject\"\n"
			    "\t# HoldQuarantinedMessages is not set\n"
			    "\ton-quarantine = \"tag\"\n"
			    "}\n"
			    "\n"
			    "# Not carried over:\n"
			    "# opendkim.conf:5 KeyTable refile:/etc/keys\n"
			    "#   signing: keep OpenDKIM with \"Mode s\" for outgoing mail; assay verifies.\n"
			    "# opendmarc.conf:3 NoSuchKey 1\n"
			    "#   no equivalent; see assay.conf(5).\n"
			    "# RequiredHeaders is not set\n"
			    "#   a message without one clear author is refused, unless dmarc { on-malformed-from = \"accept\" }.\n");
	as_arena_free(arena);
}

/* The literal text that comes next, below `begin`; at moves behind it. */
static const char *next_block(char **at, const char *begin)
{
	*at = strstr(*at, begin);
	assert_non_null(*at);
	char *text = *at + strlen(begin), *end = strstr(text, ".Ed");
	assert_non_null(end);
	*end = '\0';
	*at = end + 1;
	return text;
}

/* The worked example of assay.conf(5): two files, and what the tool makes of them. */
static void test_manual(void **state)
{
	(void)state;
	struct as_arena *arena = as_arena_new();
	struct as_buf text = as_buf_new(arena);
	FILE *in = fopen(AS_TEST_SRCDIR "/../man/assay.conf.5.head", "re");
	assert_non_null(in);
	for (int c; (c = getc(in)) != EOF;)
		as_buf_putc(&text, (char)c);
	fclose(in);
	char *at = strstr(text.text, ".Ss Migration from OpenDKIM and OpenDMARC\n");
	assert_non_null(at);
	struct as_migrate_input inputs[2] = { { AS_MIGRATE_OPENDKIM, "opendkim.conf", NULL }, { AS_MIGRATE_OPENDMARC, "opendmarc.conf", NULL } };
	inputs[0].text = next_block(&at, ".Bd -literal -offset 6n\n");
	inputs[1].text = next_block(&at, ".Bd -literal -offset 6n\n");
	const char *made = as_migrate(arena, inputs, 2);
	assert_string_equal(next_block(&at, ".Bd -literal -offset indent\n"), made);
	const struct as_settings *settings = settings_from(arena, made);
	assert_string_equal(settings->authserv_id, "mx.example.com");
	assert_int_equal(settings->dkim.minimum_key_bits, 2048);
	assert_int_equal(settings->dmarc.on_quarantine, AS_VERB_QUARANTINE);
	assert_int_equal(settings->trusted_network_count, 3);
	as_arena_free(arena);
}

static void test_what_it_means(void **state)
{
	(void)state;
	static const struct {
		const char *dmarc;
		enum as_verb on_reject, on_quarantine;
		bool has_news; /* that a malformed From is refused is said */
	} rows[] = {
		{ "", AS_VERB_ACCEPT, AS_VERB_TAG, true }, /* OpenDMARC's default: nothing is refused */
		{ "RejectFailures false\nHoldQuarantinedMessages true", AS_VERB_ACCEPT, AS_VERB_TAG, true },
		{ "RejectFailures true\nRequiredHeaders true", AS_VERB_REJECT, AS_VERB_TAG, false },
		{ "RejectFailures yes\nHoldQuarantinedMessages 1\nRequiredHeaders no", AS_VERB_REJECT, AS_VERB_QUARANTINE, true },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct as_arena *arena = as_arena_new();
		const struct as_migrate_input input = { AS_MIGRATE_OPENDMARC, "opendmarc.conf", rows[i].dmarc };
		const char *text = as_migrate(arena, &input, 1);
		const struct as_settings *settings = settings_from(arena, text);
		if (!strstr(text, "# RequiredHeaders is not set\n") == rows[i].has_news)
			fail_msg("%s: %s", rows[i].dmarc, text);
		if (settings->dmarc.on_reject != rows[i].on_reject || settings->dmarc.on_quarantine != rows[i].on_quarantine)
			fail_msg("%s", rows[i].dmarc);
		as_arena_free(arena);
	}
}

static void test_values(void **state)
{
	(void)state;
	static const struct as_migrate_input input = {
		AS_MIGRATE_OPENDKIM, "k",
		"UMask 007\nPeerList 192.0.2.0/24, 198.51.100.7\nNameservers 192.0.2.53,192.0.2.54\nClockDrift 60\n"
		"MaximumSignaturesToVerify 3\nOn-NoSignature reject\nSyslogFacility local3\n",
	};
	struct as_arena *arena = as_arena_new();
	const struct as_settings *s = settings_from(arena, as_migrate(arena, &input, 1));
	assert_int_equal(s->socket_mode, 0660);
	assert_int_equal(s->trusted_network_count, 4);
	assert_int_equal(s->dns.mode, AS_DNS_FORWARD);
	assert_string_equal(s->dns.forward[1], "192.0.2.54");
	assert_int_equal(s->dkim.clock_drift_s, 60);
	assert_int_equal(s->dkim.maximum_signatures, 3);
	assert_int_equal(s->dkim.on_none, AS_VERB_REJECT);
	assert_string_equal(s->log.facility, "local3");
	as_arena_free(arena);
}

/* Whatever stands in the files, what comes out can be read, and every line is accounted for. */
static void test_odd_values(void **state)
{
	(void)state;
	static const char *const keys[] = {
		"UMask", "AuthservID", "SyslogFacility", "Mode", "InternalHosts", "MinimumKeyBits", "MaximumSignaturesToVerify", "ClockDrift",
		"On-BadSignature", "On-InternalError", "TrustAnchorFile", "Nameservers", "Socket", "UserID", "NoSuchKey",
	};
	static const char *const values[] = {
		"", "x", "\"", "a\" b", "${HOME}", "\\", "-1", "99999999999999999999", "999", "}", "discard", "/etc/file", "refile:/etc/file",
		"192.0.2.1/8", ",", "192.0.2.1,,", "2001:db8::/32", "\x1b[2J", "\xff", "a b c",
	};
	for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
		for (size_t v = 0; v < sizeof values / sizeof *values; v++) {
			struct as_arena *arena = as_arena_new();
			const struct as_migrate_input input = { AS_MIGRATE_OPENDKIM, "k", as_printf(arena, "%s %s", keys[k], values[v]) };
			const char *out = as_migrate(arena, &input, 1);
			(void)settings_from(arena, out);
			for (const char *p = out; *p; p++)
				assert_true(*p == '\n' || *p == '\t' || (*p >= ' ' && *p <= '~'));
			as_arena_free(arena);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_output),
		cmocka_unit_test(test_manual), cmocka_unit_test(test_what_it_means),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_odd_values),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
