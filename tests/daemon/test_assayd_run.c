/* SPDX-License-Identifier: BSD-2-Clause */
/* test_assayd_run.c - the life of the daemon: waiting sessions, reload, statistics, stop. */
#include "config.h"

#include "rig.h"

#include "test.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

enum { SESSIONS = 32 };

static bool has_answer(const struct milter_client *c)
{
	struct pollfd wait = { .fd = milter_fd(c), .events = POLLIN };
	return poll(&wait, 1, 0) == 1;
}

static void expect_field(const struct milter_result *result, const char *wanted)
{
	assert_int_equal(result->answer, MILTER_CONTINUE);
	const struct milter_edit *edit = rig_inserted(result, "Authentication-Results", 0);
	assert_non_null(edit);
	if (!strstr(edit->value, wanted))
		fail_msg("no '%s' in '%s'", wanted, edit->value);
}

/* Everything but the packet that ends the message. */
static void send_content(struct milter_client *c, const char *domain)
{
	char path[64];
	snprintf(path, sizeof path, "<user@%s>", domain);
	rig_mail(c, path);
	rig_content(c, domain);
	assert_true(milter_flush(c));
}

static void send_message(struct milter_client *c, const char *domain)
{
	send_content(c, domain);
	assert_true(milter_eom_send(c));
}

/* Sessions whose lookups nobody answers must not hold up the others: all others end before the first of them ends at its deadline,
 * however the sessions are mixed. waiting: every n-th session waits. */
static void expect_no_stall(struct rig *rig, int waiting)
{
	struct milter_client *c[SESSIONS];
	for (int i = 0; i < SESSIONS; i++)
		assert_non_null(c[i] = milter_open(rig->address));
	for (int i = 0; i < SESSIONS; i++)
		rig_session_send(c[i], i % waiting == 0 ? "silent.example" : "example.com");
	for (int i = 0; i < SESSIONS; i++) {
		if (i % waiting != 0)
			expect_field(rig_session_read(c[i]), "dmarc=pass");
	}
	for (int i = 0; i < SESSIONS; i += waiting) {
		assert_int_equal(milter_answer(c[i]), 'O');
		assert_int_equal(milter_answer(c[i]), MILTER_CONTINUE);
		if (has_answer(c[i]))
			fail_msg("every %d. waits: session %d ended before those that need not wait", waiting, i);
	}
	for (int i = 0; i < SESSIONS; i++) /* those that wait are left waiting */
		milter_close(c[i]);
}

static void waiting_sessions_hold_nobody_up(void **state)
{
	(void)state; /* rigs of its own */
	static const int mixes[] = { SESSIONS, 4, 2 };
	for (size_t i = 0; i < sizeof mixes / sizeof mixes[0]; i++) {
		struct rig *rig = rig_new("evaluation-timeout = \"8s\"");
		struct milter_client *first = rig_client(rig, RIG_CLIENT_OURS); /* fills the cache */
		expect_field(rig_message(first, "example.com"), "dmarc=pass");
		rig_farewell(first);
		expect_no_stall(rig, mixes[i]);
		dns_responder_release(rig->dns);
		rig_free(rig);
	}
}

/* CVE-2023-50387, CVE-2023-50868: a validator that is busy for ever costs a message its deadline and no more. */
static void deadline_defers(void **state)
{
	(void)state; /* a rig of its own */
	struct rig *rig = rig_new("evaluation-timeout = \"1s\"");
	struct milter_client *c = rig_client(rig, RIG_CLIENT_OURS);
	const struct milter_result *result = rig_message(c, "silent.example");
	assert_int_equal(result->answer, MILTER_REPLY);
	assert_int_equal(strncmp(result->text, "451 4.", 6), 0);
	assert_int_equal(result->edit_count, 0);
	rig_farewell(c);
	rig_free(rig);
}

/* An answer before the deadline counts, whenever it comes; one after it does not, but is there for the next message. */
static void answers_on_both_sides_of_the_deadline(void **state)
{
	(void)state; /* rigs of its own */
	struct rig *rig = rig_new("evaluation-timeout = \"1s\"");
	struct milter_client *c = rig_client(rig, RIG_CLIENT_OURS);
	const struct milter_result *result = rig_message(c, "silent.example");
	assert_int_equal(result->answer, MILTER_REPLY);
	assert_string_equal(result->text, "451 4.7.0 DNS lookup failed, DMARC cannot be checked for silent.example");
	assert_int_equal(result->edit_count, 0);
	dns_responder_release(rig->dns); /* too late for that one */
	expect_field(rig_message(c, "silent.example"), "dmarc=none");
	rig_farewell(c);
	rig_free(rig);

	rig = rig_new("evaluation-timeout = \"250s\"");
	c = rig_client(rig, RIG_CLIENT_OURS);
	send_message(c, "silent.example");
	assert_true(dns_responder_wait(rig->dns, "_dmarc.silent.example"));
	assert_false(has_answer(c));
	dns_responder_release(rig->dns); /* in time */
	expect_field(milter_eom_read(c), "spf=none");
	rig_farewell(c);
	rig_free(rig);
}

/* The message in flight ends under the rules it began with, the next one under the new ones. */
static void reload_keeps_messages(void **state)
{
	struct rig *rig = *state;
	struct milter_client *c = rig_client(rig, RIG_CLIENT_FOREIGN);
	rig_mail(c, "<user@example.com>");
	milter_header(c, "X-First", " x");
	assert_true(milter_flush(c));

	rig_configure(rig, "dmarc { on-reject = \"tempfail\" }");
	daemon_signal(rig->daemon, SIGUSR1);
	assert_true(daemon_wait_state(rig->daemon, "RELOADING=1"));
	assert_true(daemon_wait_state(rig->daemon, "READY=1"));
	assert_true(daemon_wait_log(rig->daemon, "reload: done"));

	rig_content(c, "example.com");
	const struct milter_result *result = milter_eom(c);
	assert_int_equal(result->answer, MILTER_REPLY);
	assert_int_equal(strncmp(result->text, "550 5.7.1 ", 10), 0);
	result = rig_message(c, "example.com");
	assert_int_equal(result->answer, MILTER_REPLY);
	assert_int_equal(strncmp(result->text, "451 4.7.1 ", 10), 0);
	rig_farewell(c);
	/* The DNS service was kept, and with it its cache. */
	assert_int_equal(dns_responder_count(rig->dns, "_dmarc.example.com"), 1);
}

static void reload_with_other_dns(void **state)
{
	static const struct dns_responder_row zone[] = { { "_dmarc.example.com", "v=DMARC1; p=none" }, { NULL, NULL } };
	struct rig *rig = *state;
	struct milter_client *c = rig_client(rig, RIG_CLIENT_FOREIGN);
	assert_int_equal(rig_message(c, "example.com")->answer, MILTER_REPLY);
	struct dns_responder *old = rig->dns;
	rig->dns = dns_responder_new(zone);
	rig_configure(rig, "");
	daemon_signal(rig->daemon, SIGUSR1);
	assert_true(daemon_wait_log(rig->daemon, "reload: done"));
	expect_field(rig_message(c, "example.com"), "dmarc=fail");
	rig_farewell(c);
	dns_responder_free(old);
}

static void broken_file_changes_nothing(void **state)
{
	struct rig *rig = *state;
	struct milter_client *c = rig_client(rig, RIG_CLIENT_FOREIGN);
	rig_configure(rig, "dmarc {\n\ton-reject = \"burn\"\n}");
	daemon_signal(rig->daemon, SIGUSR1);
	assert_true(daemon_wait_state(rig->daemon, "RELOADING=1"));
	assert_true(daemon_wait_state(rig->daemon, "READY=1"));
	assert_true(daemon_wait_log(rig->daemon, "assay.conf:8: "));
	assert_true(daemon_wait_log(rig->daemon, "reload: failed, the old configuration stays"));
	const struct milter_result *result = rig_message(c, "example.com");
	assert_int_equal(result->answer, MILTER_REPLY);
	assert_int_equal(strncmp(result->text, "550 5.7.1 ", 10), 0);
	rig_farewell(c);
}

static void fixed_settings_are_said(void **state)
{
	struct rig *rig = *state;
	rig_configure(rig, "socket-mode = \"0600\"");
	daemon_signal(rig->daemon, SIGUSR1);
	assert_true(daemon_wait_log(rig->daemon, "warning: reload: a changed socket, socket-mode or socket-group needs a restart"));
	assert_true(daemon_wait_log(rig->daemon, "reload: done"));
}

static void statistics(void **state)
{
	struct rig *rig = *state;
	struct milter_client *c = rig_client(rig, RIG_CLIENT_FOREIGN);
	assert_int_equal(rig_message(c, "example.com")->answer, MILTER_REPLY);
	expect_field(rig_message(c, "none.example"), "dmarc=fail");
	assert_int_equal(milter_mail(c, "<user@example.com>"), MILTER_CONTINUE);
	daemon_signal(rig->daemon, SIGUSR2);
	assert_true(daemon_wait_log(rig->daemon, "statistics: connections=1 messages=1 accept=1 tag=0 quarantine=0 tempfail=0 "
						  "reject=1 deferred=0 "));
	assert_true(daemon_wait_log(rig->daemon, " dns-failures=0 dns-bogus=0 dns-timeouts=0 dns-over-budget=0 dns-crowded=0"));
	rig_farewell(c);
}

/* TERM: what has begun is finished, what begins is deferred, then the end with status 0. */
static void stop_finishes_messages(void **state)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP };
	(void)state; /* rigs of its own */
	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
		struct rig *rig = rig_new("evaluation-timeout = \"60s\"");
		struct milter_client *waiting = rig_client(rig, RIG_CLIENT_OURS), *half = rig_client(rig, RIG_CLIENT_OURS);
		struct milter_client *idle = rig_client(rig, RIG_CLIENT_OURS);
		send_message(waiting, "silent.example");
		assert_true(dns_responder_wait(rig->dns, "silent.example"));
		rig_mail(half, "<user@example.com>");

		daemon_signal(rig->daemon, signals[i]);
		assert_true(daemon_wait_state(rig->daemon, "STOPPING=1"));
		assert_true(daemon_wait_log(rig->daemon, "stopping, 2 messages in flight"));
		assert_int_equal(milter_mail(idle, "<user@example.com>"), MILTER_REPLY);
		assert_string_equal(milter_reply_text(idle), "451 4.3.2 The mail filter is stopping, try again later");
		rig_content(half, "example.com");
		expect_field(milter_eom(half), "dmarc=pass");
		assert_false(has_answer(waiting));
		dns_responder_release(rig->dns);
		expect_field(milter_eom_read(waiting), "dmarc=none");

		assert_int_equal(daemon_wait_end(rig->daemon), EX_OK);
		assert_true(daemon_wait_log(rig->daemon, "stopped"));
		milter_close(waiting);
		milter_close(half);
		milter_close(idle);
		assert_null(milter_open(rig->address));
		rig_discard(rig);
	}
}

/* A supervisor that does not read its socket costs a moment, not the end. */
static void supervisor_that_does_not_listen(void **state)
{
	(void)state; /* a rig of its own */
	struct rig *rig = rig_new("");
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	snprintf(address.sun_path, sizeof address.sun_path, "%s/notify", daemon_folder(rig->daemon));
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	while (sendto(fd, "FULL=1", 6, MSG_DONTWAIT, (struct sockaddr *)&address, sizeof address) == 6)
		continue;
	rig_free(rig); /* stops it, and asserts how it ends */
	close(fd);
}

static void second_signal_hurries(void **state)
{
	(void)state; /* a rig of its own */
	struct rig *rig = rig_new("evaluation-timeout = \"120s\"");
	struct milter_client *c = rig_client(rig, RIG_CLIENT_OURS);
	rig_mail(c, "<user@example.com>");
	daemon_signal(rig->daemon, SIGTERM);
	assert_true(daemon_wait_log(rig->daemon, "stopping, 1 messages in flight"));
	daemon_signal(rig->daemon, SIGTERM);
	assert_int_equal(daemon_wait_end(rig->daemon), EX_TEMPFAIL);
	assert_true(daemon_wait_log(rig->daemon, "stopping with 1 messages unfinished"));
	milter_close(c);
	rig_discard(rig);
}

static void killed_and_started_again(void **state)
{
	struct rig *rig = *state;
	struct milter_client *c = rig_client(rig, RIG_CLIENT_OURS);
	rig_mail(c, "<user@example.com>");
	daemon_signal(rig->daemon, SIGKILL);
	assert_int_equal(daemon_wait_end(rig->daemon), 128 + SIGKILL);
	milter_eoh(c);
	assert_int_equal(milter_eom(c)->answer, MILTER_LOST);
	milter_close(c);
	assert_true(daemon_start(rig->daemon));
	c = rig_client(rig, RIG_CLIENT_OURS);
	expect_field(rig_message(c, "example.com"), "dmarc=pass");
	rig_farewell(c);
}

static void write_replies(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");
	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

/* A reload reads the texts again; one of them wrong, and everything stays. */
static void translations_are_read_again(void **state)
{
	struct rig *rig = *state;
	char path[300], extra[500];
	snprintf(path, sizeof path, "%.250s/replies.french", daemon_folder(rig->daemon));
	snprintf(extra, sizeof extra, "translation \"french\" { recipient-domain = {\"example.org\"} file = \"%s\" }", path);
	write_replies(path, "dmarc-reject: Refus\n");
	rig_configure(rig, extra);
	daemon_signal(rig->daemon, SIGUSR1);
	assert_true(daemon_wait_log(rig->daemon, "reload: done"));
	struct milter_client *c = rig_client(rig, RIG_CLIENT_FOREIGN);
	assert_string_equal(rig_message(c, "example.com")->text, "550 5.7.1 Refus");
	write_replies(path, "# changed\ndmarc-reject: Non\n");
	char more[600];
	snprintf(more, sizeof more, "%s dmarc { on-quarantine = \"reject\" }", extra); /* to be seen in the log */
	rig_configure(rig, more);
	daemon_signal(rig->daemon, SIGUSR1);
	assert_true(daemon_wait_log(rig->daemon, "dmarc p=quarantine -> reject"));
	assert_string_equal(rig_message(c, "example.com")->text, "550 5.7.1 Non");
	write_replies(path, "dmarc-reject: Jamais\ndmarc-rejct: Non\n");
	daemon_signal(rig->daemon, SIGUSR1);
	assert_true(daemon_wait_log(rig->daemon, "replies.french:2: there is no row or rule \"dmarc-rejct\"; did you mean"));
	assert_true(daemon_wait_log(rig->daemon, "reload: failed, the old configuration stays"));
	assert_string_equal(rig_message(c, "example.com")->text, "550 5.7.1 Non");
	rig_farewell(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(waiting_sessions_hold_nobody_up),
		cmocka_unit_test(deadline_defers),
		cmocka_unit_test(answers_on_both_sides_of_the_deadline),
		cmocka_unit_test_setup_teardown(reload_keeps_messages, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(reload_with_other_dns, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(broken_file_changes_nothing, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(translations_are_read_again, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(fixed_settings_are_said, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(statistics, rig_setup, rig_teardown),
		cmocka_unit_test(stop_finishes_messages),
		cmocka_unit_test(supervisor_that_does_not_listen),
		cmocka_unit_test(second_signal_hurries),
		cmocka_unit_test_setup_teardown(killed_and_started_again, rig_setup, rig_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
