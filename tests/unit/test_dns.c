/* SPDX-License-Identifier: BSD-2-Clause */
/* test_dns.c - the service: merging, cache, budget, deadline, callbacks, counting; and the same from many threads. */
#include "config.h"

#include "test.h"

#include "dns.h"
#include "dns_answer.h"
#include "dns_backend.h"
#include "dns_fake.h"
#include "ip.h"
#include "str.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TIMEOUT_MS = 1000, BUDGET = 5, MAX_TTL = 100, FAILURE_TTL = 5, CACHE = 1 << 20 };

struct rig {
	struct as_arena *arena;
	struct as_dns_fake *fake;
	struct as_dns *dns;
};

static void set_up_sized(struct rig *rig, const char *zone, size_t cache_bytes)
{
	const struct as_dns_options options = { .cache_bytes = cache_bytes, .max_ttl_s = MAX_TTL, .failure_ttl_s = FAILURE_TTL };
	const char *detail = NULL;
	rig->arena = as_arena_new();
	rig->fake = as_dns_fake_new(1000);
	if (as_dns_fake_load(rig->fake, rig->arena, zone, strlen(zone), &detail) != AS_OK)
		fail_msg("%s", detail);
	rig->dns = as_dns_new(as_dns_fake_backend(rig->fake), &options, as_dns_fake_clock(rig->fake));
}

static void set_up(struct rig *rig, const char *zone)
{
	set_up_sized(rig, zone, CACHE);
}

static void tear_down(struct rig *rig)
{
	as_dns_unref(rig->dns);
	as_dns_fake_free(rig->fake);
	as_arena_free(rig->arena);
}

static struct as_dns_set *new_set(const struct rig *rig)
{
	static const struct as_dns_limits limits = { .budget = BUDGET, .timeout_ms = TIMEOUT_MS };
	return as_dns_set_new(rig->dns, &limits);
}

/* One message that asks one thing. */
static enum as_dns_status ask(const struct rig *rig, const char *name, enum as_dns_type type)
{
	struct as_dns_set *set = new_set(rig);
	enum as_dns_status status = as_dns_get(set, name, type)->status;
	as_dns_set_free(set);
	return status;
}

/* --- cache --------------------------------------------------------------------------------------------------------- */

static const struct {
	const char *what;
	const char *zone;
	const char *name;
	int64_t kept_s;
} lives[] = {
	{ "the record's TTL", "a 60 A 192.0.2.1\n", "a", 60 },
	{ "the smallest TTL of a chain", "a 60 CNAME b\nb 20 A 192.0.2.1\n", "a", 20 },
	{ "cut to the maximum", "a 5000 A 192.0.2.1\n", "a", MAX_TTL },
	{ "the negative TTL, cut", "a 60 TXT x\n", "a", MAX_TTL },
	{ "no name, cut", "b 60 TXT x\n", "a", MAX_TTL },
	{ "failures", "$SERVFAIL a\n", "a", FAILURE_TTL },
	{ "bogus answers", "a 60 A 192.0.2.1\n$BOGUS a\n", "a", FAILURE_TTL },
};

static void check_lives(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof lives / sizeof *lives; i++) {
		struct rig rig;
		set_up(&rig, lives[i].zone);
		ask(&rig, lives[i].name, AS_DNS_A);
		as_dns_fake_advance(rig.fake, lives[i].kept_s * 1000 - 1);
		ask(&rig, lives[i].name, AS_DNS_A);
		unsigned before = as_dns_fake_queries(rig.fake, NULL, 0);
		as_dns_fake_advance(rig.fake, 1);
		ask(&rig, lives[i].name, AS_DNS_A);
		unsigned after = as_dns_fake_queries(rig.fake, NULL, 0);
		if (before != 1 || after != 2)
			fail_msg("%s: %u queries before the end, %u after", lives[i].what, before, after);
		struct as_dns_stats stats = as_dns_stats(rig.dns);
		bool is_failure = lives[i].kept_s == FAILURE_TTL, is_bogus = strstr(lives[i].zone, "$BOGUS");
		assert_int_equal(stats.failures, is_failure ? 2 : 0);
		assert_int_equal(stats.bogus, is_bogus ? 2 : 0);
		assert_int_equal(stats.under_way, 0);
		tear_down(&rig);
	}
}

static void check_ttl_zero_is_not_kept(void **state)
{
	(void)state;
	struct rig rig;
	set_up(&rig, "a 0 A 192.0.2.1\n");
	ask(&rig, "a", AS_DNS_A);
	ask(&rig, "a", AS_DNS_A);
	assert_int_equal(as_dns_fake_queries(rig.fake, "a", AS_DNS_A), 2);
	tear_down(&rig);
	set_up_sized(&rig, "a 60 A 192.0.2.1\n", 0);
	ask(&rig, "a", AS_DNS_A);
	ask(&rig, "a", AS_DNS_A);
	assert_int_equal(as_dns_fake_queries(rig.fake, "a", AS_DNS_A), 2);
	tear_down(&rig);
}

/* The bound holds, and what is used often outlives what is not. */
static void check_cache_is_bounded(void **state)
{
	(void)state;
	enum { NAMES = 3000, SMALL = 64 * 12000 };
	struct rig rig;
	set_up_sized(&rig, "*.x 60 TXT \"some text to fill the cache with\"\n", SMALL);
	for (int i = 0; i < NAMES; i++) {
		char name[32];
		snprintf(name, sizeof name, "n%d.x", i);
		ask(&rig, name, AS_DNS_TXT);
		ask(&rig, "hot.x", AS_DNS_TXT);
	}
	assert_int_equal(as_dns_fake_queries(rig.fake, "hot.x", AS_DNS_TXT), 1);
	struct as_dns_stats stats = as_dns_stats(rig.dns);
	assert_int_equal(stats.sent, NAMES + 1);
	ask(&rig, "n0.x", AS_DNS_TXT);
	assert_int_equal(as_dns_fake_queries(rig.fake, "n0.x", AS_DNS_TXT), 2);
	tear_down(&rig);
}

/* What will hang on the answers counts: few TXT records fit where many addresses do. */
static void check_parsed_forms_count(void **state)
{
	static const struct {
		const char *what, *data;
		enum as_dns_type type;
		unsigned least_kept, most_kept; /* of NAMES in 1 MB */
	} cases[] = {
		{ "addresses", "60 A 192.0.2.1", AS_DNS_A, 1000, 1000 },
		{ "absent TXT records", "60 A 192.0.2.1", AS_DNS_TXT, 1000, 1000 },
		{ "TXT records", "60 TXT \"v=DMARC1; p=none\"", AS_DNS_TXT, 128, 256 },
	};
	enum { NAMES = 1000 };
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct rig rig;
		char name[16];
		struct as_buf zone = as_buf_new(as_arena_new());
		for (unsigned k = 0; k < NAMES; k++)
			as_buf_printf(&zone, "n%u %s\n", k, cases[i].data);
		set_up(&rig, zone.text);
		for (unsigned k = 0; k < 2 * NAMES; k++) {
			snprintf(name, sizeof name, "n%u", k < NAMES ? k : 2 * NAMES - 1 - k);
			ask(&rig, name, cases[i].type);
		}
		unsigned long kept = as_dns_stats(rig.dns).hits;
		if (kept < cases[i].least_kept || kept > cases[i].most_kept)
			fail_msg("%s: %lu kept", cases[i].what, kept);
		tear_down(&rig);
		as_arena_free(zone.arena);
	}
}

static void check_cached_answer_is_at_once(void **state)
{
	(void)state;
	struct rig rig;
	set_up(&rig, "a 60 A 192.0.2.1\n$DELAY 10 a\n");
	ask(&rig, "a", AS_DNS_A);
	struct as_dns_set *set = new_set(&rig);
	as_dns_start(set, "A", AS_DNS_A);
	struct as_dns_lookup lookup = as_dns_set_lookup(set, 0);
	assert_true(lookup.was_cached);
	assert_non_null(lookup.answer);
	assert_int_equal(lookup.ms, 0);
	assert_string_equal(lookup.name, "a");
	assert_ptr_equal(as_dns_get(set, "a", AS_DNS_A), lookup.answer);
	as_dns_set_free(set);
	struct as_dns_stats stats = as_dns_stats(rig.dns);
	assert_int_equal(stats.asked, 2);
	assert_int_equal(stats.hits, 1);
	assert_int_equal(stats.sent, 1);
	tear_down(&rig);
}

static void check_merging(void **state)
{
	(void)state;
	struct rig rig;
	set_up(&rig, "a 60 A 192.0.2.1\n$DELAY 10 a\n");
	struct as_dns_set *one = new_set(&rig);
	struct as_dns_set *two = new_set(&rig);
	as_dns_start(one, "a", AS_DNS_A);
	as_dns_start(one, "a", AS_DNS_A);
	as_dns_start(two, "a", AS_DNS_A);
	assert_null(as_dns_set_lookup(two, 0).answer);
	assert_int_equal(as_dns_set_count(one), 1);
	const struct as_dns_answer *answer = as_dns_get(one, "a", AS_DNS_A);
	assert_ptr_equal(as_dns_set_lookup(two, 0).answer, answer);
	assert_int_equal(as_dns_fake_queries(rig.fake, NULL, 0), 1);
	struct as_dns_stats stats = as_dns_stats(rig.dns);
	assert_int_equal(stats.merged, 1);
	as_dns_set_free(one);
	assert_int_equal(as_dns_get(two, "a", AS_DNS_A)->count, 1);
	as_dns_set_free(two);
	tear_down(&rig);
}

/* --- limits -------------------------------------------------------------------------------------------------------- */

static void check_budget(void **state)
{
	(void)state;
	struct rig rig;
	set_up(&rig, "*.x 60 A 192.0.2.1\n");
	struct as_dns_set *set = new_set(&rig);
	for (int i = 0; i < 500; i++) {
		char name[32];
		snprintf(name, sizeof name, "n%d.x", i);
		assert_int_equal(as_dns_set_has_room(set), i < BUDGET / 2);
		const struct as_dns_answer *answer = as_dns_get(set, name, AS_DNS_A);
		assert_int_equal(answer->status, i < BUDGET ? AS_DNS_OK : AS_DNS_TEMPFAIL);
		if (i >= BUDGET)
			assert_string_equal(answer->reason, "query budget used up");
	}
	assert_string_equal(as_dns_get(set, "n10.x", AS_DNS_A)->reason, "query budget used up"); /* still, and at once */
	assert_int_equal(as_dns_get(set, "n0.x", AS_DNS_A)->status, AS_DNS_OK); /* what is there costs nothing */
	assert_true(as_dns_set_count(set) < 100);
	assert_int_equal(as_dns_fake_queries(rig.fake, NULL, 0), BUDGET);
	assert_int_equal(as_dns_stats(rig.dns).over_budget, 500 - BUDGET);
	as_dns_set_free(set);
	tear_down(&rig);
}

/* Messages come and go, each with one question that nobody answers. */
static void check_crowd(void **state)
{
	enum { MOST = 2000, MESSAGES = 2100 };
	(void)state;
	struct rig rig;
	struct as_dns_set *set;
	struct as_buf zone = as_buf_new(as_arena_new());
	for (int i = 0; i < MESSAGES; i++)
		as_buf_printf(&zone, "$TIMEOUT n%d\n", i);
	as_buf_puts(&zone, "a 60 A 192.0.2.1\n");
	set_up(&rig, zone.text);
	for (int i = 0; i < MESSAGES; i++) {
		char name[16];
		snprintf(name, sizeof name, "n%d", i);
		set = new_set(&rig);
		as_dns_start(set, name, AS_DNS_A);
		as_dns_start_then(set, name, AS_DNS_AAAA, NULL, NULL);
		as_dns_set_free(set);
	}
	assert_int_equal(as_dns_stats(rig.dns).sent, MOST);
	assert_int_equal(as_dns_stats(rig.dns).crowded, 2 * MESSAGES - MOST);
	assert_int_equal(ask(&rig, "a", AS_DNS_A), AS_DNS_OK);
	assert_int_equal(as_dns_stats(rig.dns).sent, MOST + 1);
	assert_int_equal(as_dns_stats(rig.dns).under_way, MOST);
	tear_down(&rig);
	as_arena_free(zone.arena);
}

static void check_names_that_cannot_be_asked(void **state)
{
	(void)state;
	char long_name[400];
	static const char *const names[] = { "", ".", "a..b", "a\x7f.example", "a\tb", ".a", "a.", NULL };
	struct rig rig;
	set_up(&rig, "");
	struct as_dns_set *set = new_set(&rig);
	for (size_t i = 0; names[i]; i++)
		for (unsigned times = 0; times < 2; times++)
			if (as_dns_get(set, names[i], AS_DNS_A)->status != AS_DNS_NXDOMAIN)
				fail_msg("\"%s\" was asked", names[i]);
	memset(long_name, 'a', sizeof long_name);
	for (size_t i = 63; i < sizeof long_name; i += 64)
		long_name[i] = '.';
	long_name[254] = '\0';
	assert_int_equal(as_dns_get(set, long_name, AS_DNS_A)->status, AS_DNS_NXDOMAIN);
	long_name[254] = 'a';
	long_name[399] = '\0';
	assert_int_equal(as_dns_get(set, long_name, AS_DNS_A)->status, AS_DNS_NXDOMAIN);
	assert_int_equal(as_dns_stats(rig.dns).asked, 0);
	assert_int_equal(as_dns_fake_queries(rig.fake, NULL, 0), 0);
	as_dns_set_free(set);
	tear_down(&rig);
}

static void check_deadline(void **state)
{
	(void)state;
	struct rig rig;
	set_up(&rig, "a 60 A 192.0.2.1\nslow 60 A 192.0.2.2\ncached 60 A 192.0.2.3\n$DELAY 3000 slow\n");
	ask(&rig, "cached", AS_DNS_A);
	struct as_dns_set *set = new_set(&rig);
	as_dns_start(set, "slow", AS_DNS_A);
	assert_int_equal(as_dns_get(set, "a", AS_DNS_A)->status, AS_DNS_OK);
	const struct as_dns_answer *answer = as_dns_get(set, "slow", AS_DNS_A);
	assert_int_equal(answer->status, AS_DNS_TEMPFAIL);
	assert_string_equal(answer->reason, "timeout");
	assert_int_equal(as_clock_mono_ms(as_dns_fake_clock(rig.fake)), TIMEOUT_MS);
	/* Nothing is started any more, but what is known is given. */
	assert_string_equal(as_dns_get(set, "later", AS_DNS_A)->reason, "timeout");
	assert_int_equal(as_dns_fake_queries(rig.fake, "later", 0), 0);
	assert_int_equal(as_dns_get(set, "a", AS_DNS_A)->status, AS_DNS_OK);
	assert_int_equal(as_dns_get(set, "cached", AS_DNS_A)->status, AS_DNS_OK);
	assert_int_equal(as_dns_stats(rig.dns).timeouts, 2);
	assert_int_equal(as_dns_stats(rig.dns).hits, 1);
	/* The late answer fills the cache and does not contradict what was said. */
	struct as_dns_set *next = new_set(&rig);
	assert_string_equal(as_dns_get(next, "slow", AS_DNS_A)->reason, "timeout");
	as_dns_set_free(next);
	next = new_set(&rig);
	assert_int_equal(as_dns_get(next, "slow", AS_DNS_A)->status, AS_DNS_OK);
	assert_ptr_equal(as_dns_get(set, "slow", AS_DNS_A), answer);
	assert_int_equal(as_dns_fake_queries(rig.fake, "slow", 0), 1);
	as_dns_set_free(next);
	as_dns_set_free(set);
	tear_down(&rig);
}

/* An answer counts when it comes before the deadline. */
static void check_edge_of_the_deadline(void **state)
{
	(void)state;
	static const struct {
		const char *zone;
		enum as_dns_status status;
	} cases[] = {
		{ "a 60 A 192.0.2.1\n$DELAY 999 a\n", AS_DNS_OK },
		{ "a 60 A 192.0.2.1\n$DELAY 1001 a\n", AS_DNS_TEMPFAIL },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct rig rig;
		set_up(&rig, cases[i].zone);
		assert_int_equal(ask(&rig, "a", AS_DNS_A), cases[i].status);
		assert_true(as_clock_mono_ms(as_dns_fake_clock(rig.fake)) <= TIMEOUT_MS);
		tear_down(&rig);
	}
}

/* The clock leaps, as it does where a suspended machine's time counts: what is kept is over, what waits ends, new questions are normal. */
static void check_leap_of_the_clock(void **state)
{
	(void)state;
	enum { DAY_MS = 86400000 };
	struct rig rig;
	set_up(&rig, "a 60 A 192.0.2.1\nslow 60 A 192.0.2.2\n$DELAY 500 slow\n");
	assert_int_equal(ask(&rig, "a", AS_DNS_A), AS_DNS_OK);
	struct as_dns_set *set = new_set(&rig);
	as_dns_set_arm(set);
	as_dns_start(set, "slow", AS_DNS_A);
	as_dns_fake_advance(rig.fake, DAY_MS);
	assert_string_equal(as_dns_get(set, "slow", AS_DNS_A)->reason, "timeout");
	as_dns_set_free(set);
	assert_int_equal(ask(&rig, "slow", AS_DNS_A), AS_DNS_OK);
	assert_int_equal(ask(&rig, "a", AS_DNS_A), AS_DNS_OK);
	assert_int_equal(as_dns_fake_queries(rig.fake, "a", AS_DNS_A), 2);
	tear_down(&rig);
}

static void check_armed_deadline(void **state)
{
	(void)state;
	struct rig rig;
	set_up(&rig, "a 60 A 192.0.2.1\n$DELAY 900 a\n");
	struct as_dns_set *set = new_set(&rig);
	as_dns_set_arm(set);
	as_dns_fake_advance(rig.fake, 200);
	assert_string_equal(as_dns_get(set, "a", AS_DNS_A)->reason, "timeout");
	as_dns_set_free(set);
	set = new_set(&rig);
	as_dns_fake_advance(rig.fake, 200); /* not armed: counts from the first wait */
	assert_int_equal(as_dns_get(set, "a", AS_DNS_A)->status, AS_DNS_OK);
	as_dns_set_free(set);
	tear_down(&rig);
}

static void add_one(void *user)
{
	++*(int *)user;
}

static void check_before_wait(void **state)
{
	(void)state;
	int calls = 0;
	struct rig rig;
	set_up(&rig, "a 60 A 192.0.2.1\nb 60 A 192.0.2.1\n");
	ask(&rig, "a", AS_DNS_A);
	struct as_dns_set *set = new_set(&rig);
	as_dns_set_on_wait(set, add_one, &calls);
	as_dns_get(set, "a", AS_DNS_A);
	assert_int_equal(calls, 0);
	as_dns_get(set, "b", AS_DNS_A);
	as_dns_get(set, "c", AS_DNS_A);
	assert_int_equal(calls, 1);
	as_dns_set_free(set);
	tear_down(&rig);
}

/* --- callbacks ----------------------------------------------------------------------------------------------------- */

struct follow {
	struct as_dns_set *set;
	const char *next;
	int calls;
	enum as_dns_status status;
};

static void follow(void *user, const struct as_dns_answer *answer)
{
	struct follow *f = user;
	f->calls++;
	f->status = answer->status;
	if (f->next)
		as_dns_start(f->set, f->next, AS_DNS_A);
}

static void check_then(void **state)
{
	(void)state;
	struct rig rig;
	set_up(&rig, "a 60 TXT x\nb 60 A 192.0.2.1\n");
	struct as_dns_set *set = new_set(&rig);
	struct follow one = { .set = set, .next = "b" };
	struct follow two = { .set = set };
	as_dns_start_then(set, "a", AS_DNS_TXT, follow, &one);
	as_dns_start_then(set, "a", AS_DNS_TXT, follow, &two);
	assert_int_equal(one.calls, 0);
	as_dns_get(set, "a", AS_DNS_TXT);
	assert_int_equal(one.calls + two.calls, 2);
	assert_int_equal(one.status, AS_DNS_OK);
	assert_string_equal(as_dns_set_lookup(set, 1).name, "b");
	as_dns_start_then(set, "a", AS_DNS_TXT, follow, &two); /* at once */
	assert_int_equal(two.calls, 2);
	as_dns_set_free(set);
	tear_down(&rig);
}

struct order {
	char seen[8];
	size_t count;
};

struct mark {
	struct order *order;
	char letter;
};

static void note_order(void *user, const struct as_dns_answer *answer)
{
	const struct mark *mark = user;
	(void)answer;
	mark->order->seen[mark->order->count++] = mark->letter;
}

/* Who asked first is told first. */
static void check_order_of_waiters(void **state)
{
	(void)state;
	struct rig rig;
	struct order order = { .count = 0 };
	struct mark marks[] = { { &order, 'a' }, { &order, 'b' }, { &order, 'c' } };
	set_up(&rig, "a 60 A 192.0.2.1\n");
	struct as_dns_set *sets[] = { new_set(&rig), new_set(&rig), new_set(&rig) };
	for (size_t i = 0; i < 3; i++)
		as_dns_start_then(sets[i], "a", AS_DNS_A, note_order, &marks[i]);
	as_dns_get(sets[2], "a", AS_DNS_A);
	assert_string_equal(order.seen, "abc");
	for (size_t i = 0; i < 3; i++)
		as_dns_set_free(sets[i]);
	tear_down(&rig);
}

static void check_then_of_a_freed_set(void **state)
{
	(void)state;
	int released = 0;
	struct rig rig;
	set_up(&rig, "a 60 A 192.0.2.1\n$DELAY 10 a\n");
	struct as_dns_set *set = new_set(&rig);
	struct follow one = { .set = set };
	as_dns_set_defer(set, add_one, &released);
	as_dns_start_then(set, "a", AS_DNS_A, follow, &one);
	as_dns_set_free(set);
	assert_int_equal(released, 0); /* the lookup under way still holds it */
	assert_int_equal(ask(&rig, "a", AS_DNS_A), AS_DNS_OK);
	assert_int_equal(released, 1);
	assert_int_equal(one.calls, 0);
	assert_int_equal(as_dns_fake_queries(rig.fake, "a", 0), 1);
	tear_down(&rig);
}

static void check_shutting_down(void **state)
{
	(void)state;
	int released = 0;
	struct rig rig;
	set_up(&rig, "$TIMEOUT a\n");
	struct as_dns_set *set = new_set(&rig);
	struct follow one = { .set = set };
	as_dns_set_defer(set, add_one, &released);
	as_dns_start_then(set, "a", AS_DNS_A, follow, &one);
	as_dns_set_free(set);
	tear_down(&rig);
	assert_int_equal(released, 1);
	assert_int_equal(one.calls, 0);
}

/* --- answers ------------------------------------------------------------------------------------------------------- */

static void check_attachments(void **state)
{
	(void)state;
	static int kind_one, kind_two;
	int released = 0;
	struct rig rig;
	set_up(&rig, "a 60 A 192.0.2.1\n");
	struct as_dns_set *set = new_set(&rig);
	const struct as_dns_answer *answer = as_dns_get(set, "a", AS_DNS_A);
	int *first = &released;
	int lost = 0;
	assert_null(as_dns_parsed(answer, &kind_one));
	assert_ptr_equal(as_dns_attach(answer, &kind_one, first, add_one), first);
	assert_ptr_equal(as_dns_attach(answer, &kind_one, &lost, add_one), first);
	assert_int_equal(lost, 1);
	assert_ptr_equal(as_dns_attach(answer, &kind_two, first, add_one), first);
	assert_ptr_equal(as_dns_parsed(answer, &kind_one), first);
	as_dns_set_free(set);
	set = new_set(&rig);
	assert_ptr_equal(as_dns_parsed(as_dns_get(set, "a", AS_DNS_A), &kind_two), first); /* kept with the cache */
	as_dns_set_free(set);
	assert_int_equal(released, 0);
	tear_down(&rig);
	assert_int_equal(released, 2);
}

static void check_bogus_never_has_records(void **state)
{
	(void)state;
	static const uint8_t address[4] = { 192, 0, 2, 1 };
	struct as_dns_builder *b = as_dns_builder_new("a", AS_DNS_A);
	assert_true(as_dns_builder_rdata(b, address, sizeof address));
	as_dns_builder_reason(b, "bogus: \n\x80", 9);
	as_dns_builder_state(b, AS_DNS_OK, AS_DNSSEC_BOGUS, 60);
	const struct as_dns_answer *answer = as_dns_builder_finish(b);
	assert_int_equal(answer->status, AS_DNS_TEMPFAIL);
	assert_int_equal(answer->count, 0);
	assert_string_equal(answer->reason, "bogus: \\x0a\\x80");
	as_dns_answer_unref(answer);
}

static void check_names(void **state)
{
	(void)state;
	struct as_arena *arena = as_arena_new();
	struct as_ip ip;
	assert_int_equal(as_ip_parse("192.0.2.1", &ip), AS_OK);
	assert_string_equal(as_dns_reverse_name(arena, &ip), "1.2.0.192.in-addr.arpa");
	assert_int_equal(as_ip_parse("2001:db8::567:89ab", &ip), AS_OK);
	assert_string_equal(as_dns_reverse_name(arena, &ip),
			    "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
	assert_string_equal(as_dns_type_name(AS_DNS_AAAA), "AAAA");
	assert_int_equal(as_dns_type_code("txt", 3), AS_DNS_TXT);
	assert_int_equal(as_dns_type_code("TXTX", 4), 0);
	as_arena_free(arena);
}

/* --- many threads -------------------------------------------------------------------------------------------------- */

/* A back end with a thread: answers in the order asked; names that begin with "never" stay open until the end. */
struct toy {
	struct as_dns_backend backend;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct toy_job *queue;
	bool is_stopping;
};

struct toy_job {
	struct toy_job *next;
	struct as_dns_question *question;
	const char *name;
	enum as_dns_type type;
};

static void toy_deliver(struct toy_job *job, bool is_stopping)
{
	static const uint8_t address[4] = { 192, 0, 2, 1 };
	struct as_dns_builder *b = as_dns_builder_new(job->name, job->type);
	if (is_stopping) {
		as_dns_builder_reason(b, "shutting down", 13);
	} else {
		as_dns_builder_rdata(b, address, sizeof address);
		as_dns_builder_state(b, AS_DNS_OK, AS_DNSSEC_SECURE, job->name[0] == 'k' ? 60 : 0);
	}
	as_dns_deliver(job->question, b);
	free(job);
}

static struct toy_job *toy_take(struct toy *toy)
{
	struct toy_job **link = &toy->queue;
	while (*link && !toy->is_stopping && strncmp((*link)->name, "never", 5) == 0)
		link = &(*link)->next;
	struct toy_job *job = *link;
	if (job)
		*link = job->next;
	return job;
}

static void *toy_run(void *user)
{
	struct toy *toy = user;
	pthread_mutex_lock(&toy->lock);
	for (;;) {
		struct toy_job *job = toy_take(toy);
		bool is_stopping = toy->is_stopping;
		if (!job && is_stopping)
			break;
		if (!job) {
			pthread_cond_wait(&toy->changed, &toy->lock);
			continue;
		}
		pthread_mutex_unlock(&toy->lock);
		toy_deliver(job, is_stopping);
		pthread_mutex_lock(&toy->lock);
	}
	pthread_mutex_unlock(&toy->lock);
	return NULL;
}

static void toy_start(struct as_dns_backend *self, struct as_dns_question *question, const char *name, enum as_dns_type type)
{
	struct toy *toy = (struct toy *)self;
	struct toy_job *job = as_xalloc(sizeof *job);
	*job = (struct toy_job){ .question = question, .name = name, .type = type };
	pthread_mutex_lock(&toy->lock);
	job->next = toy->queue;
	toy->queue = job;
	pthread_cond_signal(&toy->changed);
	pthread_mutex_unlock(&toy->lock);
}

static void toy_free(struct as_dns_backend *self)
{
	struct toy *toy = (struct toy *)self;
	pthread_mutex_lock(&toy->lock);
	toy->is_stopping = true;
	pthread_cond_signal(&toy->changed);
	pthread_mutex_unlock(&toy->lock);
	pthread_join(toy->thread, NULL);
	pthread_cond_destroy(&toy->changed);
	pthread_mutex_destroy(&toy->lock);
	free(toy);
}

static struct as_dns *new_toy_dns(void)
{
	static const struct as_dns_options options = { .cache_bytes = CACHE, .max_ttl_s = MAX_TTL, .failure_ttl_s = FAILURE_TTL };
	struct toy *toy = as_xalloc(sizeof *toy);
	toy->backend = (struct as_dns_backend){ .start = toy_start, .free = toy_free };
	pthread_mutex_init(&toy->lock, NULL);
	pthread_cond_init(&toy->changed, NULL);
	assert_int_equal(pthread_create(&toy->thread, NULL, toy_run, toy), 0);
	return as_dns_new(&toy->backend, &options, &as_clock_system);
}

enum { WORKERS = 4, ROUNDS = 300, NAMES = 8 };

struct chain {
	struct as_dns_set *set;
	atomic_int calls;
};

static void start_next(void *user, const struct as_dns_answer *answer)
{
	struct chain *chain = user;
	char name[16];
	int n = atomic_fetch_add(&chain->calls, 1);
	snprintf(name, sizeof name, "next%d", n);
	if (answer->status == AS_DNS_OK && n < NAMES)
		as_dns_start_then(chain->set, name, AS_DNS_A, start_next, chain);
}

static void *worker(void *user)
{
	static int kind;
	static const struct as_dns_limits limits = { .budget = 100, .timeout_ms = 60000 };
	struct as_dns *dns = user;
	size_t wrong = 0;
	for (int round = 0; round < ROUNDS; round++) {
		struct as_dns_set *set = as_dns_set_new(dns, &limits);
		struct chain chain = { .set = set };
		as_dns_start_then(set, "next", AS_DNS_A, start_next, &chain);
		as_dns_start(set, "never", AS_DNS_A);
		for (int i = 0; i < NAMES; i++) {
			char name[16];
			snprintf(name, sizeof name, "%s%d", i % 2 ? "keep" : "drop", i);
			const struct as_dns_answer *answer = as_dns_get(set, name, AS_DNS_A);
			wrong += answer->status != AS_DNS_OK || answer->records[0].data[3] != 1;
			as_dns_attach(answer, &kind, as_xalloc(1), free);
			wrong += !as_dns_parsed(answer, &kind);
		}
		if (round % 2)
			as_dns_get(set, "next5", AS_DNS_A);
		for (size_t i = 0; i < as_dns_set_count(set); i++)
			wrong += as_dns_set_lookup(set, i).name == NULL;
		as_dns_set_free(set); /* chain is on the stack: no callback may run after this */
	}
	return wrong ? dns : NULL;
}

static void check_threads(void **state)
{
	(void)state;
	pthread_t threads[WORKERS];
	struct as_dns *dns = new_toy_dns();
	for (int i = 0; i < WORKERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, worker, dns), 0);
	for (int i = 0; i < WORKERS; i++) {
		void *wrong;
		pthread_join(threads[i], &wrong);
		assert_null(wrong);
	}
	struct as_dns_stats stats = as_dns_stats(dns);
	assert_true(stats.asked >= (uint64_t)WORKERS * ROUNDS * NAMES);
	assert_int_equal(stats.asked, stats.hits + stats.merged + stats.sent);
	assert_int_equal(stats.timeouts, 0);
	as_dns_unref(dns);
}

/* The wait ends at the deadline although the back end says nothing; freeing the service answers what is open. */
static void check_thread_deadline(void **state)
{
	(void)state;
	static const struct as_dns_limits limits = { .budget = 10, .timeout_ms = 20 };
	struct as_dns *dns = new_toy_dns();
	struct as_dns_set *set = as_dns_set_new(dns, &limits);
	assert_string_equal(as_dns_get(set, "never", AS_DNS_A)->reason, "timeout");
	assert_int_equal(as_dns_get(set, "never", AS_DNS_A)->status, AS_DNS_TEMPFAIL);
	assert_int_equal(as_dns_stats(dns).timeouts, 1);
	as_dns_unref(dns); /* the set still holds it */
	as_dns_set_free(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(check_lives),
		cmocka_unit_test(check_ttl_zero_is_not_kept),
		cmocka_unit_test(check_cache_is_bounded),
		cmocka_unit_test(check_parsed_forms_count),
		cmocka_unit_test(check_cached_answer_is_at_once),
		cmocka_unit_test(check_merging),
		cmocka_unit_test(check_budget),
		cmocka_unit_test(check_crowd),
		cmocka_unit_test(check_names_that_cannot_be_asked),
		cmocka_unit_test(check_deadline),
		cmocka_unit_test(check_edge_of_the_deadline),
		cmocka_unit_test(check_leap_of_the_clock),
		cmocka_unit_test(check_armed_deadline),
		cmocka_unit_test(check_before_wait),
		cmocka_unit_test(check_then),
		cmocka_unit_test(check_order_of_waiters),
		cmocka_unit_test(check_then_of_a_freed_set),
		cmocka_unit_test(check_shutting_down),
		cmocka_unit_test(check_attachments),
		cmocka_unit_test(check_bogus_never_has_records),
		cmocka_unit_test(check_names),
		cmocka_unit_test(check_threads),
		cmocka_unit_test(check_thread_deadline),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
