/* SPDX-License-Identifier: BSD-2-Clause */
/* test_assayd_faults.c - peers that vanish, stall or are too many; name servers that do; descriptors that run out. What matters each
 * time: nothing passes unjudged, the others are served, and afterwards all is as before.
 */
#include "config.h"

#include "rig.h"

#include "dns_hostile.h"
#include "test.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sysexits.h>

enum { CROWD = 200, DESCRIPTORS = 64, OFFER = 17 /* bytes of the packet that negotiates */ };

static bool is_passed(const struct milter_result *result, const char *wanted)
{
	const struct milter_edit *edit = rig_inserted(result, "Authentication-Results", 0);
	return result->answer == MILTER_CONTINUE && edit && strstr(edit->value, wanted);
}

static void expect_passed(const char *name, const struct milter_result *result, const char *wanted)
{
	if (!is_passed(result, wanted))
		fail_msg("%s: answer %d (%s), no field with %s", name, (int)result->answer, result->text ? result->text : "", wanted);
}

/* One client, one good message: all is as always. */
static void expect_normal(const char *name, const struct rig *rig)
{
	struct milter_client *c = rig_client(rig, RIG_CLIENT_OURS);
	expect_passed(name, rig_message(c, "example.com"), "dmarc=pass");
	rig_farewell(c);
}

/* Nothing of the clients that are gone is left. */
static void expect_clean(const char *name, const struct rig *rig)
{
	if (!daemon_wait_statistics(rig->daemon, "connections=0 messages=0 "))
		fail_msg("%s: still %s", name, daemon_log(rig->daemon));
}

/* --- the MTA -------------------------------------------------------------------------------------------------------- */

static void cut_at(const struct rig *rig, const char *domain, size_t at)
{
	char bytes[RIG_SESSION_MAX];
	size_t n = rig_session_bytes(bytes, domain);
	struct milter_client *c = milter_open(rig->address);
	assert_non_null(c);
	milter_raw(c, bytes, at < n ? at : n);
	assert_true(milter_flush(c));
	milter_close(c);
}

/* Between all bytes of a session, so after each event as well; where its lookups are answered and where they are under way. */
static void lost_at_every_byte(void **state)
{
	static const char *const domains[] = { "example.com", "silent.example" };
	(void)state; /* a rig of its own */
	struct rig *rig = rig_new("evaluation-timeout = \"1s\"");
	for (size_t d = 0; d < sizeof domains / sizeof domains[0]; d++) {
		char bytes[RIG_SESSION_MAX];
		size_t n = rig_session_bytes(bytes, domains[d]);
		for (size_t at = 0; at <= n; at++)
			cut_at(rig, domains[d], at);
		expect_normal(domains[d], rig);
	}
	struct milter_client *c = milter_open(rig->address); /* while the end of message waits */
	assert_non_null(c);
	rig_session_send(c, "silent.example");
	assert_int_equal(milter_answer(c), 'O');
	assert_int_equal(milter_answer(c), MILTER_CONTINUE);
	assert_true(dns_responder_wait(rig->dns, "_dmarc.silent.example"));
	milter_close(c);
	expect_clean("after every cut", rig);
	rig_free(rig);
}

/* Silent after whole events or parts of them: they hold nobody up, and the daemon stops although they are there; the exit status
 * tells of the message that was not finished. */
static void clients_that_stall(void **state)
{
	(void)state; /* a rig of its own */
	struct rig *rig = rig_new("evaluation-timeout = \"1s\"");
	char bytes[RIG_SESSION_MAX];
	size_t n = rig_session_bytes(bytes, "example.com");
	const size_t stops[] = { 0, 1, 4, 5, 40, 60, 90, 120, n - 5, n - 1 };
	enum { STALLED = sizeof stops / sizeof stops[0], LATE = STALLED - 2 };
	struct milter_client *c[STALLED];
	for (size_t i = 0; i < STALLED; i++)
		c[i] = rig_negotiated(rig);
	for (size_t i = 0; i < STALLED; i++) {
		milter_raw(c[i], bytes + OFFER, stops[i] - (stops[i] > OFFER ? OFFER : 0));
		assert_true(milter_flush(c[i]));
	}
	expect_normal("beside the stalled", rig);
	milter_raw(c[LATE], bytes + stops[LATE], n - stops[LATE]); /* the rest comes at last */
	assert_int_equal(milter_answer(c[LATE]), MILTER_CONTINUE);
	expect_passed("late rest", milter_eom_read(c[LATE]), "dmarc=pass");
	assert_true(daemon_wait_statistics(rig->daemon, "connections=10 messages=2 ")); /* all that was sent is read */
	assert_int_equal(daemon_stop(rig->daemon), EX_TEMPFAIL);
	for (size_t i = 0; i < STALLED; i++) {
		enum milter_answer answer = milter_answer(c[i]); /* of MAIL, when that was sent */
		if (answer != MILTER_LOST) {
			assert_int_equal(answer, MILTER_CONTINUE);
			assert_int_equal(milter_answer(c[i]), MILTER_LOST);
		}
		milter_close(c[i]);
	}
	rig_discard(rig);
}

/* A client that has shut its sending half down gets its answer all the same. */
static void half_open_connections(void **state)
{
	struct rig *rig = *state;
	struct milter_client *c = milter_open(rig->address);
	assert_non_null(c);
	rig_session_send(c, "example.com");
	assert_int_equal(shutdown(milter_fd(c), SHUT_WR), 0);
	expect_passed("half open", rig_session_read(c), "dmarc=pass");
	assert_int_equal(milter_answer(c), MILTER_LOST);
	milter_close(c);
	expect_clean("half open", rig);
}

/* Messages as long as the connection takes them, no answer read. Sent without waiting: false when the connection is full. */
static bool send_some(const struct milter_client *c, const char *bytes, size_t n, size_t *at)
{
	struct pollfd wait = { .fd = milter_fd(c), .events = POLLOUT };
	if (poll(&wait, 1, 200) != 1)
		return false;
	ssize_t sent = send(milter_fd(c), bytes + *at, n - *at, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (sent > 0)
		*at = (*at + (size_t)sent) % n;
	return sent > 0 || errno == EAGAIN;
}

static void mta_that_reads_nothing(void **state)
{
	struct rig *rig = *state;
	char bytes[RIG_SESSION_MAX];
	size_t n = rig_session_bytes(bytes, "example.com");
	struct milter_client *c = milter_open(rig->address);
	assert_non_null(c);
	milter_raw(c, bytes, n);
	assert_true(milter_flush(c));
	/* The message from MAIL on, over and over: each costs the daemon an answer with a header field. */
	size_t from = OFFER + 37 + 24, at = 0;
	int writes = 0;
	assert_int_equal(bytes[from + 4], 'M');
	while (send_some(c, bytes + from, n - from, &at))
		assert_true(++writes < 1000000);
	expect_normal("beside the mute one", rig);
	milter_close(c);
	expect_clean("the mute one", rig);
}

static void crowd(void **state)
{
	static const char *const domains[] = { "example.com", "none.example" };
	struct rig *rig = *state;
	struct milter_client *c[CROWD];
	for (int i = 0; i < CROWD; i++) {
		c[i] = rig_client(rig, RIG_CLIENT_OURS);
		rig_mail(c[i], "<user@quarantine.example>");
		if (i % 2)
			rig_content(c[i], "quarantine.example");
		milter_abort(c[i]);
	}
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < CROWD; i++) {
			rig_mail(c[i], i % 2 ? "<user@example.com>" : "<user@none.example>");
			rig_content(c[i], domains[1 - i % 2]);
			assert_true(milter_eom_send(c[i]));
		}
		for (int i = 0; i < CROWD; i++)
			expect_passed(domains[1 - i % 2], milter_eom_read(c[i]), "dmarc=pass");
		for (int i = 0; i < CROWD; i++) {
			rig_mail(c[i], "<user@quarantine.example>");
			milter_abort(c[i]);
		}
	}
	for (int i = 0; i < CROWD; i++) {
		if (i % 2)
			milter_quit(c[i]);
		milter_close(c[i]);
	}
	expect_clean("crowd", rig);
}

/* --- name servers ---------------------------------------------------------------------------------------------------- */

static const struct dns_responder_row zone[] = { { "example.com", "v=spf1 ip4:192.0.2.1 -all" }, { NULL, NULL } };

static bool passes(const struct rig *rig, const char *domain)
{
	struct milter_client *c = rig_client(rig, RIG_CLIENT_OURS);
	const struct milter_result *result = rig_message(c, domain);
	bool is_good = is_passed(result, "dmarc=");
	if (!is_good && (result->answer != MILTER_REPLY || strncmp(result->text, "451 4.7.", 7) != 0 || result->edit_count))
		fail_msg("%s: answer %d, %s", domain, (int)result->answer, result->text ? result->text : "");
	rig_farewell(c);
	return is_good;
}

/* Down from the start: deferred. Back: normal again without a restart. Once a server is taken for dead a question now and then finds
 * out that it is not, so what is asked for changes. */
static void name_server_comes_back(void **state)
{
	(void)state; /* a rig of its own */
	struct rig *rig = rig_new("evaluation-timeout = \"1s\"");
	unsigned port = dns_responder_port(rig->dns);
	bool is_back = false;
	dns_responder_free(rig->dns);
	for (int i = 0; !is_back && i < 1000; i++) {
		char domain[32];
		snprintf(domain, sizeof domain, "n%d.example.org", i);
		if (i == 3)
			rig->dns = dns_responder_new_at(zone, port);
		is_back = passes(rig, domain);
		assert_true(i >= 3 || !is_back);
		poll(NULL, 0, i < 3 ? 0 : 50);
	}
	assert_true(is_back);
	rig_free(rig);
}

#define NO_ANSWER "451 4.7.0 DNS lookup failed, DMARC cannot be checked for "

/* A server that answers like this, for all of the author's domain, and no other. A daemon for each: a server that is taken for dead is not
 * asked again. */
static const struct {
	const char *kind, *wanted; /* the reply, or in the field */
} manners[] = {
	{ "silent", NO_ANSWER "silent1.hostile.example" },
	{ "truncated", NO_ANSWER "truncated1.hostile.example" },
	{ "id", NO_ANSWER "id1.hostile.example" },
	{ "name", NO_ANSWER "name1.hostile.example" },
	{ "loop", NO_ANSWER "loop1.hostile.example" },
	{ "chain", NO_ANSWER "chain1.hostile.example" },
	{ "foreign", "foreign1.hostile.example does not exist" },
	{ "lengths", "lengths1.hostile.example has no SPF record" },
	{ "counts", NO_ANSWER "counts1.hostile.example" },
	{ "large", "dmarc=fail (dnssec: indeterminate) header.from=large1.hostile.example" },
	{ "many", "multiple DMARC records at _dmarc.many1.hostile.example" },
	{ "failure", NO_ANSWER "failure1.hostile.example" },
	{ "refusal", NO_ANSWER "refusal1.hostile.example" },
	{ "head", NO_ANSWER "head1.hostile.example" },
	{ "pointer", NO_ANSWER "pointer1.hostile.example" },
	{ "noise", NO_ANSWER "noise1.hostile.example" },
	{ "binary", "record at _dmarc.binary1.hostile.example has invalid p and no rua" },
	{ "greedy", "more than 10 terms that query DNS" },
};

static void expect_manner(const char *kind, const char *wanted, const struct dns_hostile *dns)
{
	struct rig *rig = rig_new("evaluation-timeout = \"1s\"");
	char domain[64], more[sizeof rig->config];
	snprintf(domain, sizeof domain, "%s1.hostile.example", kind);
	char *end = strstr(rig->config, "trust-anchor = \"\" }");
	assert_non_null(end);
	snprintf(more, sizeof more, "%s", end);
	snprintf(end, sizeof rig->config - (size_t)(end - rig->config),
		 "stub \"hostile.example\" { addresses = {\"127.0.0.1@%u\"} insecure = true } %s", dns_hostile_port(dns), more);
	daemon_configure(rig->daemon, rig->config);
	assert_int_equal(daemon_stop(rig->daemon), EX_OK);
	assert_true(daemon_start(rig->daemon));
	struct milter_client *c = rig_client(rig, RIG_CLIENT_OURS);
	const struct milter_result *result = rig_message(c, domain);
	const struct milter_edit *edit = rig_inserted(result, "Authentication-Results", 0);
	const char *got = edit ? edit->value : result->text ? result->text : "";
	if (!strstr(got, wanted))
		fail_msg("%s: %d, no '%s' in '%s'", kind, (int)result->answer, wanted, got);
	rig_farewell(c);
	rig_free(rig);
}

static void servers_of_bad_manners(void **state)
{
	(void)state; /* rigs of its own */
	for (size_t i = 0; i < sizeof manners / sizeof manners[0]; i++) {
		assert_string_equal(dns_hostile_kind(i), manners[i].kind);
		struct dns_hostile *dns = dns_hostile_new();
		expect_manner(manners[i].kind, manners[i].wanted, dns);
		dns_hostile_free(dns);
	}
	assert_null(dns_hostile_kind(sizeof manners / sizeof manners[0]));
}

/* --- descriptors ----------------------------------------------------------------------------------------------------- */

static void few_descriptors(void *user)
{
	const struct rlimit limit = { .rlim_cur = *(const rlim_t *)user, .rlim_max = *(const rlim_t *)user };
	setrlimit(RLIMIT_NOFILE, &limit);
}

static void wait_for_descriptors(const struct rig *rig, unsigned wanted)
{
	for (int ms = 0; ms < DAEMON_WAIT_MS && daemon_descriptors(rig->daemon) < wanted; ms += 5)
		poll(NULL, 0, 5);
	assert_true(daemon_descriptors(rig->daemon) >= wanted);
}

/* Idle connections take every descriptor: what is asked over an older one cannot be looked up and is deferred; later all is well. */
static void no_descriptor_for_dns(void **state)
{
	(void)state; /* a rig of its own */
	rlim_t limit = DESCRIPTORS;
	struct rig *rig = rig_new_prepared("evaluation-timeout = \"1s\"", few_descriptors, &limit);
	struct milter_client *first = rig_client(rig, RIG_CLIENT_OURS), *idle[CROWD];
	expect_passed("before", rig_message(first, "example.com"), "dmarc=pass");
	for (int i = 0; i < CROWD; i++)
		idle[i] = milter_open(rig->address); /* the backlog takes what is too much */
	wait_for_descriptors(rig, DESCRIPTORS);
	const struct milter_result *result = rig_message(first, "unknown.example");
	assert_int_equal(result->answer, MILTER_REPLY);
	assert_int_equal(strncmp(result->text, "451 4.7.", 7), 0);
	expect_passed("known names", rig_message(first, "example.com"), "dmarc=pass");
	for (int i = 0; i < CROWD; i++)
		milter_close(idle[i]);
	rig_farewell(first);
	expect_normal("after", rig);
	bool is_back = false;
	for (int i = 0; i < 1000 && !is_back; i++) {
		char domain[32];
		snprintf(domain, sizeof domain, "n%d.example.org", i);
		is_back = passes(rig, domain);
		poll(NULL, 0, is_back ? 0 : 20);
	}
	assert_true(is_back);
	rig_free(rig);
}

/* More messages at once than descriptors: each one is judged or deferred, or its connection ends. */
static void more_connections_than_descriptors(void **state)
{
	(void)state; /* a rig of its own */
	rlim_t limit = DESCRIPTORS;
	struct rig *rig = rig_new_prepared("evaluation-timeout = \"1s\"", few_descriptors, &limit);
	struct milter_client *c[CROWD];
	unsigned judged = 0;
	for (int i = 0; i < CROWD; i++) {
		char domain[32];
		snprintf(domain, sizeof domain, i % 2 ? "silent.example" : "n%d.example.org", i);
		assert_non_null(c[i] = milter_open(rig->address));
		rig_session_send(c[i], domain);
	}
	for (int i = 0; i < CROWD; i++) {
		const struct milter_result *result = rig_session_read(c[i]);
		if (result->answer == MILTER_CONTINUE)
			expect_passed("crowd", result, "dmarc=none");
		else if (result->answer == MILTER_REPLY)
			assert_int_equal(strncmp(result->text, "451 4.", 6), 0);
		judged += result->answer != MILTER_LOST;
		milter_close(c[i]);
	}
	assert_true(judged > 0);
	expect_normal("after", rig);
	expect_clean("after", rig);
	rig_free(rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lost_at_every_byte),
		cmocka_unit_test(clients_that_stall),
		cmocka_unit_test_setup_teardown(half_open_connections, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(mta_that_reads_nothing, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(crowd, rig_setup, rig_teardown),
		cmocka_unit_test(name_server_comes_back),
		cmocka_unit_test(servers_of_bad_manners),
		cmocka_unit_test(no_descriptor_for_dns),
		cmocka_unit_test(more_connections_than_descriptors),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
