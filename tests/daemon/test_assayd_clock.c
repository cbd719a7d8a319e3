/* SPDX-License-Identifier: BSD-2-Clause */
/* test_assayd_clock.c - the clock of the wall is set under the running daemon, by hours in both directions: no message is lost or waits longer,
 * and what has a date goes by the new time.
 */
#include "config.h"

#include "rig.h"

#include "arena.h"
#include "dkim_sign.h"
#include "test.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { WALL, MONOTONIC, CLOCKS }; /* as in clock_shim.c */
enum { HOUR = 3600, TTL = 60 /* of dns_responder.c */, SKIPPED = 77 };

static const char shim[] = AS_TEST_BUILDDIR "/tests/support/clock_shim.so";

struct clocks {
	char path[64];
	_Atomic int64_t *ahead;
	struct rig *rig;
};

static void load_shim(void *user)
{
	const struct clocks *clocks = user;
	setenv("AS_SHIM_CLOCK", clocks->path, 1);
	setenv("LD_PRELOAD", shim, 1);
	char sanitizer[512];
	const char *before = getenv("ASAN_OPTIONS");
	snprintf(sanitizer, sizeof sanitizer, "%s:verify_asan_link_order=0", before ? before : "");
	setenv("ASAN_OPTIONS", sanitizer, 1); /* it wants to be the first */
}

static struct clocks *open_clocks(const char *extra)
{
	struct clocks *clocks = as_xalloc(sizeof *clocks);
	snprintf(clocks->path, sizeof clocks->path, "/tmp/assayd-clock.XXXXXX");
	int fd = mkstemp(clocks->path);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, CLOCKS * sizeof *clocks->ahead), 0);
	clocks->ahead = mmap(NULL, CLOCKS * sizeof *clocks->ahead, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_true(clocks->ahead != MAP_FAILED);
	close(fd);
	clocks->rig = rig_new_prepared(extra, load_shim, clocks);
	return clocks;
}

static void close_clocks(struct clocks *clocks)
{
	rig_free(clocks->rig);
	munmap((void *)clocks->ahead, CLOCKS * sizeof *clocks->ahead);
	unlink(clocks->path);
	free(clocks);
}

static void set_clock(struct clocks *clocks, int64_t by_s)
{
	atomic_fetch_add(&clocks->ahead[WALL], by_s);
}

static void pass_time(struct clocks *clocks, int64_t s)
{
	atomic_fetch_add(&clocks->ahead[WALL], s);
	atomic_fetch_add(&clocks->ahead[MONOTONIC], s);
}

static void expect_field(const char *name, const struct milter_result *result, const char *wanted)
{
	const struct milter_edit *edit = rig_inserted(result, "Authentication-Results", 0);
	if (result->answer != MILTER_CONTINUE || !edit || !strstr(edit->value, wanted))
		fail_msg("%s: answer %d (%s), no %s in '%s'", name, (int)result->answer, result->text ? result->text : "", wanted,
			 edit ? edit->value : "");
}

static bool has_answer(const struct milter_client *c)
{
	struct pollfd wait = { .fd = milter_fd(c), .events = POLLIN };
	return poll(&wait, 1, 0) == 1;
}

/* On a connection that was there before. libmilter ends those on which nothing happened for two hours, by the clock of the wall: the MTA then
 * defers. */
static void expect_old(const char *name, const struct rig *rig, struct milter_client **c, bool may_be_lost)
{
	const struct milter_result lost = { .answer = MILTER_LOST };
	const struct milter_result *result = &lost;
	if (milter_mail(*c, "<user@example.com>") != MILTER_LOST) {
		milter_rcpt(*c, "<rcpt@example.org>");
		rig_content(*c, "example.com");
		result = milter_eom(*c);
	}
	if (may_be_lost && result->answer == MILTER_LOST) {
		milter_close(*c);
		*c = rig_client(rig, RIG_CLIENT_OURS);
		return;
	}
	expect_field(name, result, "dmarc=pass");
}

enum { STEPS = 5 };

/* A message that waits for DNS at its end, one that has only begun, and a connection that says nothing. */
static void expect_going_on(const char *name, const int64_t steps[STEPS], bool may_be_lost)
{
	struct clocks *clocks = open_clocks("evaluation-timeout = \"250s\"");
	struct rig *rig = clocks->rig;
	struct milter_client *idle = rig_client(rig, RIG_CLIENT_OURS), *begun = rig_client(rig, RIG_CLIENT_OURS);
	struct milter_client *waiting = rig_client(rig, RIG_CLIENT_OURS);
	rig_mail(waiting, "<user@silent.example>");
	rig_content(waiting, "silent.example");
	assert_true(milter_eom_send(waiting));
	assert_true(dns_responder_wait(rig->dns, "_dmarc.silent.example"));
	rig_mail(begun, "<user@example.com>");
	assert_true(milter_flush(begun));
	for (int i = 0; i < STEPS; i++) {
		set_clock(clocks, steps[i]);
		struct milter_client *c = rig_client(rig, RIG_CLIENT_OURS);
		expect_field(name, rig_message(c, "example.com"), "dmarc=pass");
		char domain[32];
		snprintf(domain, sizeof domain, "n%d.example.org", i); /* to be asked for */
		expect_field(name, rig_message(c, domain), "dmarc=none");
		rig_farewell(c);
		expect_old(name, rig, &idle, may_be_lost);
		assert_false(has_answer(waiting));
	}
	rig_content(begun, "example.com");
	const struct milter_result *result = milter_eom(begun);
	if (!may_be_lost || result->answer != MILTER_LOST)
		expect_field(name, result, "dmarc=pass");
	dns_responder_release(rig->dns);
	expect_field(name, milter_eom_read(waiting), "dmarc=none");
	rig_farewell(idle);
	rig_farewell(begun);
	rig_farewell(waiting);
	assert_true(daemon_wait_statistics(rig->daemon, "connections=0 messages=0 "));
	close_clocks(clocks);
}

static const int64_t hours[STEPS] = { HOUR, -3 * HOUR, 2 * HOUR, -24 * HOUR, HOUR };
static const int64_t days[STEPS] = { 5 * HOUR, -10 * HOUR, 48 * HOUR, -72 * HOUR, 29 * HOUR };

static void messages_go_on(void **state)
{
	(void)state; /* rigs of its own */
	expect_going_on("hours", hours, false);
	expect_going_on("days", days, true);
}

/* The deadline is of the monotonic clock, wherever the other goes. */
static void deadlines_stay(void **state)
{
	(void)state; /* a rig of its own */
	struct clocks *clocks = open_clocks("evaluation-timeout = \"1s\"");
	for (int i = 0; i < STEPS; i++) {
		struct milter_client *c = rig_client(clocks->rig, RIG_CLIENT_OURS);
		rig_mail(c, "<user@silent.example>");
		rig_content(c, "silent.example");
		assert_true(milter_eom_send(c));
		assert_true(dns_responder_wait(clocks->rig->dns, "silent.example"));
		set_clock(clocks, days[i]);
		const struct milter_result *result = milter_eom_read(c);
		assert_int_equal(result->answer, MILTER_REPLY);
		assert_string_equal(result->text, "451 4.7.0 DNS lookup failed, DMARC cannot be checked for silent.example");
		rig_farewell(c);
	}
	close_clocks(clocks);
}

/* A record is asked for again when its time is over, and not before, whatever the clock says. */
static void caches_keep_time(void **state)
{
	static const struct {
		const char *name;
		int64_t step_s, pass_s;
		unsigned more; /* questions */
	} cases[] = {
		{ "nothing", 0, 0, 0 },
		{ "time", 0, 2 * TTL, 1 },
		{ "ahead", 5 * HOUR, 0, 0 },
		{ "ahead, time", 5 * HOUR, 2 * TTL, 1 },
		{ "back", -5 * HOUR, 0, 0 },
		{ "back, time", -5 * HOUR, 2 * TTL, 1 },
		{ "time after that", 0, 2 * TTL, 1 },
	};
	(void)state; /* a rig of its own */
	struct clocks *clocks = open_clocks("");
	struct milter_client *c = rig_client(clocks->rig, RIG_CLIENT_OURS);
	expect_field("first", rig_message(c, "example.com"), "dmarc=pass");
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		unsigned before = dns_responder_count(clocks->rig->dns, "_dmarc.example.com");
		set_clock(clocks, cases[i].step_s);
		pass_time(clocks, cases[i].pass_s);
		expect_field(cases[i].name, rig_message(c, "example.com"), "dmarc=pass");
		unsigned more = dns_responder_count(clocks->rig->dns, "_dmarc.example.com") - before;
		if (more != cases[i].more)
			fail_msg("%s: %u questions", cases[i].name, more);
	}
	rig_farewell(c);
	close_clocks(clocks);
}

/* --- dates ----------------------------------------------------------------------------------------------------------- */

static const unsigned char seed[32] = { 7 };

static const struct dns_responder_row *make_zone(struct as_arena *arena, EVP_PKEY *key)
{
	const struct dns_responder_row rows[] = {
		{ "example.com", "v=spf1 ip4:192.0.2.1 -all" },
		{ "_dmarc.example.com", "v=DMARC1; p=reject" },
		{ "sel._domainkey.example.com", as_sign_record(arena, key) },
		{ NULL, NULL },
	};
	return memcpy(as_alloc(arena, sizeof rows), rows, sizeof rows);
}

/* The value of a signature of what rig_content() sends, as an MTA hands it over. */
static char *sign(struct as_arena *arena, EVP_PKEY *key, int64_t from_s, int64_t until_s)
{
	static const char message[] = "From: user@example.com\r\nSubject: test\r\n\r\nHello.\r\n";
	const char *tags = as_printf(arena, "t=%lld; x=%lld", (long long)from_s, (long long)until_s);
	const struct as_signer signer = { .key = key, .domain = "example.com", .selector = "sel", .names = "from:subject", .tags = tags };
	char *value = strchr(as_sign(arena, &signer, message, sizeof message - 1), ':') + 1, *to = value;
	for (const char *from = value; *from; from++)
		if (*from != '\r')
			*to++ = *from;
	to[-1] = 0; /* the end of the line */
	return value;
}

/* The time of the latest decision in the trace. */
static int64_t latest_time(const char *path)
{
	char line[16384];
	int64_t time_s = -1;
	FILE *file = fopen(path, "r");
	while (file && fgets(line, sizeof line, file)) {
		const char *at = strstr(line, "\"time\":");
		time_s = at ? strtoll(at + 7, NULL, 10) : -1;
	}
	if (file)
		fclose(file);
	return time_s;
}

static bool wait_for_time(const char *path, int64_t from_s, int64_t until_s)
{
	for (int ms = 0; ms < DAEMON_WAIT_MS; ms += 5) {
		int64_t time_s = latest_time(path);
		if (time_s >= from_s && time_s <= until_s)
			return true;
		poll(NULL, 0, 5);
	}
	return false;
}

/* A signature that holds for two hours around the true time; the trace tells the time that the clock showed. */
static void dates_go_by_the_clock(void **state)
{
	static const struct {
		int64_t step_s;
		const char *wanted;
	} cases[] = {
		{ 0, "dkim=pass" },
		{ 5 * HOUR, "dkim=permerror reason=expired" },
		{ -5 * HOUR, "dkim=pass" },
		{ -5 * HOUR, "dkim=permerror reason=\"signed in the future\"" },
		{ 5 * HOUR, "dkim=pass" },
	};
	(void)state; /* a rig of its own */
	struct as_arena *arena = as_arena_new();
	EVP_PKEY *key = as_sign_seed_key(seed);
	struct clocks *clocks = open_clocks("");
	struct rig *rig = clocks->rig;
	const char *path = as_printf(arena, "%s/trace", daemon_folder(rig->daemon));
	dns_responder_free(rig->dns);
	rig->dns = dns_responder_new(make_zone(arena, key));
	rig_configure(rig, as_printf(arena, "trace { enable = true file = \"%s\" }", path));
	daemon_signal(rig->daemon, SIGUSR1);
	assert_true(daemon_wait_log(rig->daemon, "reload: done"));
	int64_t now_s = time(NULL), ahead_s = 0;
	const char *value = sign(arena, key, now_s - HOUR, now_s + HOUR);
	struct milter_client *c = rig_client(rig, RIG_CLIENT_OURS);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		set_clock(clocks, cases[i].step_s);
		ahead_s += cases[i].step_s;
		rig_farewell(c);
		c = rig_client(rig, RIG_CLIENT_OURS);
		rig_mail(c, "<user@example.com>");
		milter_header(c, "DKIM-Signature", value);
		rig_content(c, "example.com");
		expect_field(cases[i].wanted, milter_eom(c), cases[i].wanted);
		assert_true(wait_for_time(path, now_s + ahead_s, now_s + ahead_s + HOUR));
	}
	rig_farewell(c);
	close_clocks(clocks);
	EVP_PKEY_free(key);
	as_arena_free(arena);
}

int main(void)
{
	if (access(shim, R_OK) != 0)
		return SKIPPED;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_go_on),
		cmocka_unit_test(deadlines_stay),
		cmocka_unit_test(caches_keep_time),
		cmocka_unit_test(dates_go_by_the_clock),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
