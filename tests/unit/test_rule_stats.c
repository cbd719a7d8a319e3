/* SPDX-License-Identifier: BSD-2-Clause */
/* test_rule_stats.c - the file of rule statistics, what makes a rule another one, and what `assayd -n` says of it. */
#include "config.h"

#include "rule.h"
#include "rule_stats.h"
#include "settings.h"

#include "settings_from.h"
#include "test.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NOW = 1800000000, DAY = 86400 }; /* 2027-01-15 */

static void test_read(void **unused)
{
	(void)unused;
	static const char good[] = "rule-1_.x 00000000000000ff 1700000000 12 1750000000\n";
	static const struct {
		const char *name, *text;
		size_t count, damaged;
	} cases[] = {
		{ "nothing", "", 0, 0 },
		{ "comment", "# a\n#\n", 0, 0 },
		{ "one", "# a\nr 00000000000000ff 1 2 3\n", 1, 0 },
		{ "never", "r 00000000000000ff 1 0 0\n", 1, 0 },
		{ "the same again", "r 00000000000000ff 1 0 0\nr 00000000000000ff 1 0 0\n", 2, 0 },
		{ "no line end", "r 00000000000000ff 1 2 3", 0, 1 },
		{ "cut comment", "# a", 0, 1 },
		{ "empty line", "\nr 00000000000000ff 1 2 3\n", 1, 1 },
		{ "two spaces", "r  00000000000000ff 1 2 3\n", 0, 1 },
		{ "space at the end", "r 00000000000000ff 1 2 3 \n", 0, 1 },
		{ "carriage return", "r 00000000000000ff 1 2 3\r\n", 0, 1 },
		{ "a word less", "r 00000000000000ff 1 2\n", 0, 1 },
		{ "a word more", "r 00000000000000ff 1 2 3 4\n", 0, 1 },
		{ "short fingerprint", "r 0ff 1 2 3\n", 0, 1 },
		{ "capital fingerprint", "r 00000000000000FF 1 2 3\n", 0, 1 },
		{ "long fingerprint", "r 000000000000000ff 1 2 3\n", 0, 1 },
		{ "negative", "r 00000000000000ff -1 2 3\n", 0, 1 },
		{ "huge", "r 00000000000000ff 1 1234567890123456789 3\n", 0, 1 },
		{ "largest", "r 00000000000000ff 1 999999999999999999 3\n", 1, 0 },
		{ "bad name", "r\x1b 00000000000000ff 1 2 3\n", 0, 1 },
		{ "name of 64", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa 00000000000000ff 1 2 3\n", 1, 0 },
		{ "name of 65", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa 00000000000000ff 1 2 3\n", 0, 1 },
		{ "damage in between", "a 00000000000000ff 1 2 3\nx\nb 00000000000000ff 1 2 3\ny\n", 2, 2 },
	};
	struct as_arena *arena = as_arena_new();
	struct as_rule_stats stats;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		size_t damaged = as_rule_stats_parse(arena, cases[i].text, &stats);
		if (stats.count != cases[i].count || damaged != cases[i].damaged)
			fail_msg("%s: %zu records, damage in line %zu", cases[i].name, stats.count, damaged);
	}
	assert_int_equal(as_rule_stats_parse(arena, good, &stats), 0);
	assert_string_equal(stats.list->name, "rule-1_.x");
	assert_int_equal(stats.list->fingerprint, 255);
	assert_int_equal(stats.list->since_s, 1700000000);
	assert_int_equal(stats.list->hits, 12);
	assert_int_equal(stats.list->last_s, 1750000000);
	as_arena_free(arena);
}

static void test_print_and_find(void **unused)
{
	(void)unused;
	struct as_rule_stat list[] = {
		{ "b", UINT64_C(0xfedcba9876543210), 10, 0, 0 }, { "a", 2, 11, 3, 12 }, { "b", 1, 13, UINT64_C(999999999999999999), 14 },
	};
	struct as_rule_stats stats = { 3, list }, again;
	struct as_arena *arena = as_arena_new();
	struct as_buf out = as_buf_new(arena);
	as_rule_stats_sort(&stats);
	as_rule_stats_print(&out, &stats);
	assert_string_equal(out.text, "# How often rules of assay.conf(5) matched: kept by assayd, shown by assayd -n.\n"
				      "# rule conditions since hits last\n"
				      "a 0000000000000002 11 3 12\n"
				      "b 0000000000000001 13 999999999999999999 14\n"
				      "b fedcba9876543210 10 0 0\n");
	assert_int_equal(as_rule_stats_parse(arena, out.text, &again), 0);
	assert_int_equal(again.count, 3);
	assert_int_equal(as_rule_stats_find(&again, "b", 1)->since_s, 13);
	assert_int_equal(as_rule_stats_find(&again, "b", UINT64_C(0xfedcba9876543210))->since_s, 10);
	assert_null(as_rule_stats_find(&again, "b", 2));
	assert_null(as_rule_stats_find(&again, "c", 1));
	as_arena_free(arena);
}

static void write_file(const char *path, const char *bytes, size_t n)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, n, file), n);
	fclose(file);
}

static void test_load(void **unused)
{
	(void)unused;
	char path[] = "/tmp/assay-stats-XXXXXX";
	const char *detail;
	struct as_rule_stats stats;
	struct as_arena *arena = as_arena_new();
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(as_rule_stats_load(arena, "/nonexistent/rules", &stats, &detail), AS_ERR_SYSTEM);
	assert_string_equal(detail, "/nonexistent/rules: No such file or directory");
	assert_int_equal(as_rule_stats_load(arena, "/", &stats, &detail), AS_ERR_SYSTEM);
	assert_string_equal(detail, "/: Is a directory");
	assert_int_equal(as_rule_stats_load(arena, path, &stats, &detail), AS_OK);
	assert_int_equal(stats.count, 0);
	write_file(path, "# a\nr 00000000000000ff 1 2 3\nx\n", 31);
	assert_int_equal(as_rule_stats_load(arena, path, &stats, &detail), AS_ERR_SYNTAX);
	assert_int_equal(stats.count, 1);
	assert_string_equal(detail, as_printf(arena, "%s: line 3 is damaged", path));
	write_file(path, "r 00000000000000ff 1 2 3\n\0\n", 27); /* and what is behind a NUL is not seen */
	assert_int_equal(as_rule_stats_load(arena, path, &stats, &detail), AS_ERR_SYNTAX);
	assert_string_equal(detail, as_printf(arena, "%s: line 2 is damaged", path));
	assert_int_equal(ftruncate(fd, AS_RULE_STATS_FILE_MAX + 1), 0);
	assert_int_equal(as_rule_stats_load(arena, path, &stats, &detail), AS_ERR_LIMIT);
	assert_string_equal(detail, as_printf(arena, "%s: more than 16 MB", path));
	assert_int_equal(stats.count, 0);
	close(fd);
	unlink(path);
	as_arena_free(arena);
}

static uint64_t fingerprint_of(struct as_arena *arena, const char *body)
{
	const char *text = as_printf(arena, "iprev { enable = true } skip-authenticated = false rule r { %s }", body);
	return settings_from(arena, text)->rules->list[0].fingerprint;
}

/* Another value here makes every rule of everybody count anew with the next release. */
static void test_fingerprint(void **unused)
{
	static const struct {
		const char *one, *other;
		bool is_same;
	} pairs[] = {
		{ "spf = fail action = reject", "spf = fail action = tag", true },
		{ "spf = fail action = reject", "spf = fail action = reject percent = 10 expires = 2030-01-01 owner = x reason = y reply = z", true },
		{ "spf = {fail, none} action = tag", "spf = {none, fail} action = tag", true },
		{ "from-domain = {b.example, a.example} action = reject", "from-domain = {a.example, B.example.} action = reject", true },
		{ "spf = fail dkim = none action = tag", "dkim = none spf = fail action = tag", true },
		{ "spf = fail action = tag", "spf = softfail action = tag", false },
		{ "spf = fail action = tag", "spf = {fail, softfail} action = tag", false },
		{ "spf = none action = tag", "dkim = none action = tag", false },
		{ "spf = fail action = tag", "spf = fail dkim = none action = tag", false },
		{ "client = 192.0.2.0/24 action = tag", "client = 192.0.2.0/25 action = tag", false },
		{ "size = '>10k' action = reject", "size = '<10k' action = reject", false },
		{ "header-present = X-A action = reject", "header-present = X-B action = reject", false },
		{ "recipient = a@example.com action = reject", "recipient-domain = example.com action = reject", false },
	};
	(void)unused;
	struct as_arena *arena = as_arena_new();
	for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
		bool is_same = fingerprint_of(arena, pairs[i].one) == fingerprint_of(arena, pairs[i].other);
		if (is_same != pairs[i].is_same)
			fail_msg("'%s' and '%s'", pairs[i].one, pairs[i].other);
	}
	assert_string_equal(as_printf(arena, "%016" PRIx64, fingerprint_of(arena, "client = 192.0.2.0/24 spf = pass action = tag")), "1a74b8804efb4e75");
	as_arena_free(arena);
}

static void test_announced(void **unused)
{
	static const char configuration[] =
		"rule fresh { client = 192.0.2.1 action = accept owner = bob reason = 'ticket 1' }\n"
		"rule idle { client = 192.0.2.2 action = accept owner = bob }\n"
		"rule busy { client = 192.0.2.3 action = accept }\n"
		"rule over { client = 192.0.2.4 action = accept expires = 2027-01-01 reason = merger }\n"
		"rule young { client = 192.0.2.5 action = reject }\n"
		"rule old { client = 192.0.2.6 action = reject reason = spam }\n"
		"rule watch { client = 192.0.2.7 action = report-only }\n"
		"rule unknown { client = 192.0.2.8 action = accept }\n";
	static const char golden[] =
		"RULES, the first that matches decides; the table below is for messages that none takes\n"
		"  1 fresh                      accept       client = {\"192.0.2.1/32\"}\n"
		"    bob: ticket 1\n"
		"    never matched in the 1 day it is there\n"
		"  2 idle                       accept       client = {\"192.0.2.2/32\"}\n"
		"    bob\n"
		"    has not matched since 2026-12-16 (30 days)\n"
		"    matched 7 times since 2026-04-20, last on 2026-12-16\n"
		"  3 busy                       accept       client = {\"192.0.2.3/32\"}\n"
		"    matched 1 time since 2026-04-20, last on 2026-12-17\n"
		"  4 over                       accept       client = {\"192.0.2.4/32\"}\n"
		"    EXPIRED since 2027-01-01\n"
		"    merger\n"
		"    never matched in the 270 days it is there\n"
		"  5 young                      reject       client = {\"192.0.2.5/32\"}\n"
		"    never matched in the 29 days it is there\n"
		"  6 old                        reject       client = {\"192.0.2.6/32\"}\n"
		"    spam\n"
		"    never matched in the 30 days it is there\n"
		"  7 watch                      report-only  client = {\"192.0.2.7/32\"}\n"
		"    never matched in the 0 days it is there\n"
		"  8 unknown                    accept       client = {\"192.0.2.8/32\"}\n"
		"unused: exemption fresh never matched in the 1 day it is there; ask bob; reason: ticket 1\n"
		"unused: exemption idle has not matched since 2026-12-16 (30 days); ask bob\n"
		"unused: rule old never matched in the 30 days it is there; reason: spam\n"
		"Enforced by rules: young (reject); old (reject)\n"
		"Tagged by rules: nothing\n";
	static const struct {
		const char *name;
		int64_t since_s;
		uint64_t hits;
		int64_t last_s;
	} records[] = {
		{ "fresh", NOW - 2 * DAY + 1, 0, 0 },      { "idle", NOW - 270 * DAY, 7, NOW - 30 * DAY },
		{ "busy", NOW - 270 * DAY, 1, NOW - 30 * DAY + 1 + 60 * 60 * 16 }, { "over", NOW - 270 * DAY, 0, 0 },
		{ "young", NOW - 30 * DAY + 1, 0, 0 },     { "old", NOW - 30 * DAY, 0, 0 },
		{ "watch", NOW + 5 * DAY, 0, 0 }, /* the clock was set back */
	};
	(void)unused;
	struct as_arena *arena = as_arena_new();
	const struct as_settings *settings = settings_from(arena, configuration);
	struct as_rule_stat list[sizeof records / sizeof records[0]];
	struct as_rule_stats stats = { sizeof records / sizeof records[0], list };
	for (size_t i = 0; i < stats.count; i++)
		list[i] = (struct as_rule_stat){ records[i].name, settings->rules->list[i].fingerprint, records[i].since_s, records[i].hits,
						 records[i].last_s };
	as_rule_stats_sort(&stats);
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	as_rules_write(settings, &stats, NOW, out);
	fclose(out);
	assert_string_equal(text, golden);
	free(text);
	as_arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),        cmocka_unit_test(test_print_and_find), cmocka_unit_test(test_load),
		cmocka_unit_test(test_fingerprint), cmocka_unit_test(test_announced),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
