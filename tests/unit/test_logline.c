/* SPDX-License-Identifier: BSD-2-Clause */
/* test_logline.c - the log line of a message: key order, escaping, caps. */
#include "config.h"

#include "test.h"

#include "logline.h"

#include <string.h>

struct fixture {
	struct as_arena *arena;
	struct as_settings settings;
	struct as_env env;
	struct as_session session;
	struct as_message message;
};

static void set_up(struct fixture *f)
{
	memset(f, 0, sizeof *f);
	f->arena = as_arena_new();
	f->env.settings = &f->settings;
	f->session.env = &f->env;
	f->message.arena = f->arena;
	f->message.env = &f->env;
	f->message.session = &f->session;
	f->message.envelope_local = "bob";
	f->message.envelope_domain = "example.com";
	f->message.decision.rule = "default";
}

static void expect_line(struct fixture *f, const char *line)
{
	assert_string_equal(as_logline_make(&f->message, 7), line);
	as_arena_free(f->arena);
}

static void test_nothing_evaluated(void **state)
{
	(void)state;
	struct fixture f;
	set_up(&f);
	expect_line(&f, "from=example.com author=- helo=- client=unknown iprev=- spf=- dkim=- arc=- dmarc=- policy=- dnssec=- action=accept rule=default ms=7");
}

static void test_null_sender(void **state)
{
	(void)state;
	struct fixture f;
	set_up(&f);
	f.message.has_null_sender = true;
	expect_line(&f, "from=<> author=- helo=- client=unknown iprev=- spf=- dkim=- arc=- dmarc=- policy=- dnssec=- action=accept rule=default ms=7");
}

static void test_sender_without_domain(void **state)
{
	(void)state;
	static const char *const rows[] = { "-", "bob" };
	for (int has_local = 0; has_local <= 1; has_local++) {
		struct fixture f;
		set_up(&f);
		f.settings.log.local_parts = has_local;
		f.message.envelope_domain = "";
		const char *rest = "author=- helo=- client=unknown iprev=- spf=- dkim=- arc=- dmarc=- policy=- dnssec=- action=accept rule=default ms=7";
		expect_line(&f, as_printf(f.arena, "from=%s %s", rows[has_local], rest));
	}
}

static void test_everything(void **state)
{
	(void)state;
	struct fixture f;
	set_up(&f);
	static char helo[] = "mx.example.com";
	struct as_spf_outcome spf = { .code = AS_SOFTFAIL, .weakest = "example.com", .dnssec = AS_DNSSEC_SECURE };
	const struct as_dkim_signature signatures[] = {
		{ .code = AS_FAIL, .domain = "example.org", .was_asked = true, .dnssec = AS_DNSSEC_BOGUS },
		{ .code = AS_PASS, .domain = "example.com", .was_asked = true, .dnssec = AS_DNSSEC_INSECURE },
		{ .code = AS_NEUTRAL },
		{ .code = AS_PERMERROR, .domain = "c.example" },
		{ .code = AS_PERMERROR, .domain = "d.example" },
		{ .code = AS_PERMERROR, .domain = "e.example" },
	};
	struct as_dkim_outcome dkim = { .count = 6, .signatures = signatures, .left_out = 2 };
	struct as_dmarc_record record = { .p = AS_DMARC_REJECT };
	struct as_dmarc_outcome dmarc = { .code = AS_FAIL, .record = &record, .policy = AS_DMARC_REJECT, .weakest = "x", .dnssec = AS_DNSSEC_SECURE };
	struct as_iprev_outcome iprev = { .code = AS_FAIL, .dnssec = AS_DNSSEC_INSECURE };
	f.settings.log.local_parts = true;
	f.message.helo = helo;
	as_ip_parse("2001:db8::1", &f.message.client);
	f.message.from.domain = "example.com";
	f.message.spf = &spf;
	f.message.dkim = &dkim;
	f.message.dmarc = &dmarc;
	f.message.iprev = &iprev;
	f.message.decision = (struct as_decision){ .verb = AS_VERB_ACCEPT, .computed = AS_VERB_REJECT, .wanted = AS_VERB_REJECT,
		.rule = "dmarc-reject", .reason = "say \"why\"" };
	expect_line(&f, "from=bob@example.com author=example.com helo=mx.example.com client=2001:db8::1 iprev=fail spf=softfail "
			"dkim=fail:example.org,pass:example.com,neutral:-,permerror:c.example,permerror:d.example,+3 arc=- dmarc=fail policy=reject "
			"dnssec=spf:secure,dkim:insecure,dmarc:secure,iprev:insecure action=accept "
			"would=reject rule=dmarc-reject ms=7 reason=\"say \\x22why\\x22\"");
}

static void test_relay(void **state)
{
	(void)state;
	struct fixture f;
	set_up(&f);
	const struct as_relay relay = { .name = "mx 2]" };
	f.message.relay = &relay;
	f.message.client_trouble = "Received \"field\"";
	as_ip_parse("2001:db8::25", &f.session.client);
	f.message.decision = (struct as_decision){ .verb = AS_VERB_TAG, .computed = AS_VERB_TAG, .wanted = AS_VERB_REJECT, .rule = "x" };
	expect_line(&f, "from=example.com author=- helo=- client=unknown relay=mx\\x202][2001:db8::25] unknown=\"Received \\x22field\\x22\" iprev=- "
			"spf=- dkim=- arc=- dmarc=- policy=- dnssec=- action=tag instead-of=reject rule=x ms=7");
}

static void test_hostile_bytes(void **state)
{
	(void)state;
	struct fixture f;
	set_up(&f);
	static char helo[] = "a b\"c\r\nfake=1\x1b[2J\xff\\";
	f.message.helo = helo;
	f.message.envelope_domain = "x,y z";
	expect_line(&f, "from=x\\x2cy\\x20z author=- helo=a\\x20b\\x22c\\x0d\\x0afake=1\\x1b[2J\\xff\\x5c client=unknown iprev=- spf=- dkim=- arc=- dmarc=- "
			"policy=- dnssec=- action=accept rule=default ms=7");
}

static void test_long_values_are_cut(void **state)
{
	(void)state;
	struct fixture f;
	set_up(&f);
	char helo[600];
	memset(helo, 'a', sizeof helo - 1);
	helo[sizeof helo - 1] = '\0';
	f.message.helo = helo;
	const char *line = as_logline_make(&f.message, 0);
	assert_true(strlen(line) < 300);
	assert_non_null(strstr(line, "aaa... client="));
	as_arena_free(f.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_evaluated),
		cmocka_unit_test(test_null_sender),
		cmocka_unit_test(test_sender_without_domain),
		cmocka_unit_test(test_everything),
		cmocka_unit_test(test_hostile_bytes),
		cmocka_unit_test(test_long_values_are_cut),
		cmocka_unit_test(test_relay),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
