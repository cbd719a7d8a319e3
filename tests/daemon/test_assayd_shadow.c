/* SPDX-License-Identifier: BSD-2-Clause */
/* test_assayd_shadow.c - a shadow configuration beside that of the running daemon: log, counts, reload, what the MTA is told. */
#include "config.h"

#include "rig.h"

#include "test.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

enum { PATH = 256, TEXT = 1024 };

static const char stricter[] = "trusted-networks = {\"127.0.0.0/8\", \"192.0.2.200\"}\ndmarc { on-quarantine = \"reject\" }\n"
			       "rule \"nobody\" { from-domain = \"none.example\" spf = \"fail\" action = \"tempfail\" }\n";

static const char *shadow_file(const struct rig *rig, char path[PATH])
{
	snprintf(path, PATH, "%s/next.conf", daemon_folder(rig->daemon));
	return path;
}

/* NULL: no such file. */
static void write_shadow(const struct rig *rig, const char *text)
{
	char path[PATH];
	unlink(shadow_file(rig, path));
	FILE *out = text ? fopen(path, "w") : NULL;
	if (text) {
		assert_non_null(out);
		fputs(text, out);
		fclose(out);
	}
}

static void reload(const struct rig *rig)
{
	daemon_signal(rig->daemon, SIGUSR1);
	assert_true(daemon_wait_state(rig->daemon, "RELOADING=1"));
	assert_true(daemon_wait_state(rig->daemon, "READY=1"));
}

/* The configuration of the rig with this shadow, in force. */
static void reload_with_shadow(struct rig *rig, const char *shadow)
{
	char path[PATH], extra[PATH + 64];
	write_shadow(rig, shadow);
	snprintf(extra, sizeof extra, "shadow-configuration = \"%s\"", shadow_file(rig, path));
	rig_configure(rig, extra);
	reload(rig);
}

static void expect_log(const struct rig *rig, const char *text)
{
	if (daemon_wait_log(rig->daemon, text))
		return;
	fprintf(stderr, "%s", daemon_log(rig->daemon)); /* cmocka cuts what it prints */
	fail_msg("no '%s' in the log", text);
}

static void send_three(struct milter_client *c)
{
	static const char *const domains[] = { "quarantine.example", "none.example", "example.com" };
	for (size_t i = 0; i < 3; i++)
		rig_message(c, domains[i]);
}

/* The tag stays a tag; the log and the counts tell of the shadow, of each one by itself. */
static void tried_and_counted(void **state)
{
	(void)state; /* a rig of its own */
	struct rig *rig = rig_new("");
	reload_with_shadow(rig, stricter);
	expect_log(rig, "shadow, tried and never done: enforced: dmarc p=reject -> reject, dmarc p=quarantine -> reject");
	struct milter_client *c = rig_client(rig, RIG_CLIENT_FOREIGN);
	const struct milter_result *result = rig_message(c, "quarantine.example");
	assert_int_equal(result->answer, MILTER_CONTINUE);
	assert_int_equal(result->edit_count, 2);
	assert_string_equal(rig_inserted(result, "X-Assay-Action", 0)->value, " tag; rule=dmarc-quarantine");
	assert_null(strstr(rig_inserted(result, "Authentication-Results", 0)->value, "shadow"));
	expect_log(rig, " action=tag rule=dmarc-quarantine shadow=reject shadow-rule=dmarc-quarantine ms=");
	send_three(c);
	expect_log(rig, " action=accept rule=dmarc-fail-none shadow=tempfail shadow-rule=nobody ms=");
	daemon_signal(rig->daemon, SIGUSR2);
	expect_log(rig, "shadow: messages=4 differ=3 accept-to-tempfail=1 tag-to-reject=2 other-rule=0 unknown=0");

	reload_with_shadow(rig, stricter);
	send_three(c);
	reload_with_shadow(rig, "");
	expect_log(rig, "shadow: messages=3 differ=2 accept-to-tempfail=1 tag-to-reject=1 other-rule=0 unknown=0");
	send_three(c);
	rig_farewell(c);
	assert_int_equal(daemon_stop(rig->daemon), EX_OK);
	expect_log(rig, "shadow: messages=3 differ=0 other-rule=0 unknown=0");
	rig_discard(rig);
}

/* A broken shadow is an error as any other: what is in force stays, with the shadow that it has. */
static void broken_shadow_changes_nothing(void **state)
{
	static const struct {
		const char *shadow;
		const char *error;
	} cases[] = {
		{ "\ndmarc {\n on-reject = \"burn\"\n}", "/next.conf:3: dmarc.on-reject = \"burn\": " },
		{ "rule \"x\" { action = \"reject\" }", "/next.conf:1: rule \"x\": it has no condition" },
		{ "\nshadow-configuration = \"/nonexistent/third.conf\"", "/next.conf:2: shadow-configuration: a shadow has no shadow" },
		{ NULL, "/assay.conf:7: shadow-configuration: /" },
	};
	struct rig *rig = *state;
	reload_with_shadow(rig, stricter);
	expect_log(rig, "reload: done");
	struct milter_client *c = rig_client(rig, RIG_CLIENT_FOREIGN);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char counted[TEXT];
		reload_with_shadow(rig, cases[i].shadow);
		expect_log(rig, cases[i].error);
		expect_log(rig, "reload: failed, the old configuration stays");
		rig_message(c, "quarantine.example");
		snprintf(counted, sizeof counted, "shadow: messages=%zu differ=%zu tag-to-reject=%zu ", i + 1, i + 1, i + 1);
		daemon_signal(rig->daemon, SIGUSR2);
		expect_log(rig, counted);
	}
	rig_farewell(c);
}

static void broken_shadow_is_no_start(void **state)
{
	(void)state; /* a rig of its own */
	struct rig *rig = rig_new("");
	char path[PATH];
	reload_with_shadow(rig, "");
	assert_int_equal(daemon_stop(rig->daemon), EX_OK);
	write_shadow(rig, "# one\nno-such-word = 1");
	assert_false(daemon_start(rig->daemon));
	assert_int_equal(daemon_wait_end(rig->daemon), EX_CONFIG);
	expect_log(rig, "/next.conf:2: unknown keyword \"no-such-word\"");
	snprintf(path, sizeof path, "%s/assay.conf", daemon_folder(rig->daemon));
	daemon_spawn(rig->daemon, (const char *const[]){ "-n", "-c", path, NULL });
	assert_int_equal(daemon_wait_end(rig->daemon), EX_CONFIG);
	assert_non_null(strstr(daemon_log(rig->daemon), "/next.conf:2: unknown keyword"));
	rig_discard(rig);
}

static void check_tells_the_changes(void **state)
{
	static const char *const expected[] = {
		"/next.conf: tried on every message, counted and logged, never done\n",
		"/next.conf:2: dmarc.on-quarantine = \"reject\", in force is \"tag\"\n",
		"rule nobody: new\n",
		"DMARC fail, policy quarantine  tag                            reject 550 5.7.1\n",
		"/next.conf: not given, and their defaults cannot be tried, what is in force holds: authserv-id, socket, ",
	};
	(void)state; /* a rig of its own */
	struct rig *rig = rig_new("");
	char path[PATH];
	reload_with_shadow(rig, stricter);
	assert_int_equal(daemon_stop(rig->daemon), EX_OK);
	snprintf(path, sizeof path, "%s/assay.conf", daemon_folder(rig->daemon));
	daemon_spawn(rig->daemon, (const char *const[]){ "-n", "-c", path, NULL });
	assert_int_equal(daemon_wait_end(rig->daemon), EX_OK);
	for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
		if (!strstr(daemon_output(rig->daemon), expected[i]))
			fail_msg("no '%s' in\n%s", expected[i], daemon_output(rig->daemon));
	rig_discard(rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tried_and_counted),
		cmocka_unit_test_setup_teardown(broken_shadow_changes_nothing, rig_setup, rig_teardown),
		cmocka_unit_test(broken_shadow_is_no_start),
		cmocka_unit_test(check_tells_the_changes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
