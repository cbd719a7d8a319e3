/* SPDX-License-Identifier: BSD-2-Clause */
/* test_assayd_memory.c - the system refuses memory and threads to the running daemon, and has them again: nothing passes unjudged, nothing
 * is forgotten, and the stop is a clean one.
 */
#include "config.h"

#include "rig.h"

#include "sanitized.h"
#include "test.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

enum { CLIENTS = 32, FIELDS = 4000, FIELD_SIZE = 1000, ROUNDS = 8, LARGE = 24, LITTLE_KB = 256, SKIPPED = 77 };

static const char not_enough[] = "451 4.3.2 Not enough memory, try again later";

static void expect_passed(const char *name, const struct milter_result *result)
{
	const struct milter_edit *edit = rig_inserted(result, "Authentication-Results", 0);
	if (result->answer != MILTER_CONTINUE || !edit || !strstr(edit->value, "dmarc=pass"))
		fail_msg("%s: answer %d (%s)", name, (int)result->answer, result->text ? result->text : "");
}

/* --- threads --------------------------------------------------------------------------------------------------------- */

static const char mail[] = "\0\0\0\24" "M<user@example.com>";
enum { HALF = 9 };

/* A command that has only begun keeps a worker of libmilter busy, so that the next needs a thread of its own. */
static void open_and_stall(const struct rig *rig, struct milter_client *c[CLIENTS])
{
	for (int i = 0; i < CLIENTS; i++)
		c[i] = rig_client(rig, RIG_CLIENT_OURS);
	for (int i = 0; i < CLIENTS; i++)
		assert_true(milter_flush(c[i]));
	daemon_limit_memory(rig->daemon, LITTLE_KB);
	for (int i = 0; i < CLIENTS; i++) {
		milter_raw(c[i], mail, HALF);
		assert_true(milter_flush(c[i]));
	}
	assert_true(daemon_wait_log(rig->daemon, "warning: the system refuses threads, connections wait for them"));
}

static void send_rest(struct milter_client *c[CLIENTS])
{
	for (int i = 0; i < CLIENTS; i++) {
		milter_raw(c[i], mail + HALF, sizeof mail - HALF);
		assert_true(milter_flush(c[i]));
	}
}

/* The first that is answered. */
static int wait_for_one(struct milter_client *c[CLIENTS])
{
	struct pollfd fds[CLIENTS];
	for (int i = 0; i < CLIENTS; i++)
		fds[i] = (struct pollfd){ .fd = milter_fd(c[i]), .events = POLLIN };
	assert_true(poll(fds, CLIENTS, MILTER_WAIT_MS) > 0);
	int i = 0;
	while (!fds[i].revents)
		i++;
	return i;
}

/* Those that have a thread are served, with new messages deferred; the others once there are threads again. */
static void threads_come_back(void **state)
{
	struct rig *rig = *state;
	struct milter_client *c[CLIENTS];
	open_and_stall(rig, c);
	send_rest(c);
	int first = wait_for_one(c);
	assert_int_equal(milter_answer(c[first]), MILTER_REPLY);
	assert_string_equal(milter_reply_text(c[first]), not_enough);
	daemon_limit_memory(rig->daemon, DAEMON_MEMORY_FREE);
	for (int i = 0; i < CLIENTS; i++) {
		enum milter_answer answer = i == first ? MILTER_REPLY : milter_answer(c[i]);
		if (answer != MILTER_CONTINUE && (answer != MILTER_REPLY || strcmp(milter_reply_text(c[i]), not_enough) != 0))
			fail_msg("client %d: answer %d", i, (int)answer);
		expect_passed("afterwards", rig_message(c[i], "example.com"));
		rig_farewell(c[i]);
	}
	assert_true(daemon_wait_log(rig->daemon, "warning: connections that waited for threads are served"));
	assert_true(daemon_wait_statistics(rig->daemon, "connections=0 messages=0 "));
}

/* While nothing comes back: no descriptor is lost, however long it takes, and the stop does not wait for what has no thread. */
static void stop_without_threads(void **state)
{
	(void)state; /* a rig of its own */
	struct rig *rig = rig_new("");
	struct milter_client *c[CLIENTS];
	open_and_stall(rig, c);
	unsigned descriptors = daemon_descriptors(rig->daemon);
	for (int kicks = 0; kicks < 10; kicks++)
		poll(NULL, 0, 100);
	assert_in_range(daemon_descriptors(rig->daemon), 1, descriptors + 2); /* one of ours on its way, both ends */
	assert_int_equal(daemon_stop(rig->daemon), EX_OK);
	for (int i = 0; i < CLIENTS; i++)
		milter_close(c[i]);
	rig_discard(rig);
}

/* --- memory ---------------------------------------------------------------------------------------------------------- */

static void send_large_message(struct milter_client *c)
{
	char value[FIELD_SIZE + 1];
	memset(value, 'x', sizeof value - 1);
	value[0] = ' ';
	value[FIELD_SIZE] = 0;
	rig_mail(c, "<user@example.com>");
	for (int i = 0; i < FIELDS; i++)
		assert_int_equal(milter_header(c, "X-Large", value), MILTER_SILENT);
	rig_content(c, "example.com");
	assert_true(milter_flush(c));
}

/* Is a message refused? One that takes memory may not have got so far yet. */
static bool is_refused(struct milter_client *c)
{
	for (int tries = 0; tries < 100; tries++) {
		enum milter_answer answer = milter_mail(c, "<user@example.com>");
		if (answer == MILTER_REPLY) {
			assert_string_equal(milter_reply_text(c), not_enough);
			return true;
		}
		assert_int_equal(answer, MILTER_CONTINUE);
		milter_abort(c);
		poll(NULL, 0, 2);
	}
	return false;
}

/* Messages that do not end take what there is, and what threads that end give back. Returns how many began. */
static int run_out(const struct rig *rig, struct milter_client *large[LARGE], struct milter_client *other)
{
	for (int begun = 0; begun < LARGE; begun++) {
		daemon_limit_memory(rig->daemon, LITTLE_KB);
		if (is_refused(other))
			return begun;
		send_large_message(large[begun]);
	}
	fail_msg("memory does not run out");
	return 0;
}

/* The messages for which there was no memory are deferred at their end, what begins meanwhile at MAIL. Again and again. */
static void memory_comes_back(void **state)
{
	(void)state; /* a rig of its own */
	struct rig *rig = rig_new("maximum-header-fields = 10000 maximum-header-bytes = \"8m\"");
	struct milter_client *large[LARGE], *c = rig_client(rig, RIG_CLIENT_OURS);
	for (int i = 0; i < LARGE; i++)
		large[i] = rig_client(rig, RIG_CLIENT_OURS);
	expect_passed("before", rig_message(c, "example.com"));
	int deferred = 0;
	for (int round = 0; round < ROUNDS; round++) {
		int begun = run_out(rig, large, c);
		for (int i = 0; i < begun; i++) {
			const struct milter_result *result = milter_eom(large[i]);
			assert_int_equal(result->answer, MILTER_REPLY);
			assert_string_equal(result->text, "451 4.3.0 Internal error while checking the message, try again later");
		}
		deferred += begun;
		daemon_limit_memory(rig->daemon, DAEMON_MEMORY_FREE);
		expect_passed("afterwards", rig_message(c, "example.com"));
		for (int i = 0; i < begun; i++)
			expect_passed("a large one's client", rig_message(large[i], "example.com"));
	}
	assert_in_range(deferred, ROUNDS / 2, ROUNDS * LARGE);
	rig_farewell(c);
	for (int i = 0; i < LARGE; i++)
		rig_farewell(large[i]);
	assert_true(daemon_wait_statistics(rig->daemon, "connections=0 messages=0 "));
	rig_free(rig);
}

int main(void)
{
	if (IS_SANITIZED) {
		puts("skipped: the memory of the sanitizer is what would run out");
		return SKIPPED;
	}
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(threads_come_back, rig_setup, rig_teardown),
		cmocka_unit_test(stop_without_threads),
		cmocka_unit_test(memory_comes_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
