/* SPDX-License-Identifier: BSD-2-Clause */
/* test_metrics.c - counting, and the text of it: all of it stands in metrics.txt. */
#include "config.h"

#include "test.h"

#include "exposition.h"
#include "metrics.h"
#include "policy.h"
#include "rule.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NOW_S = 1750000000, EXPIRES_S = 1767225600, TEXT_MAX = 1 << 16 };

static struct as_metrics_state state_of(const struct as_settings *settings)
{
	return (struct as_metrics_state){
		.connections = 3, .messages = 2, .lost_lines = 9, .shortages = 8, .lost_traces = 4, .lost_captures = 5, .settings = settings,
		.dns = { .asked = 100, .hits = 60, .merged = 10, .sent = 30, .timeouts = 1, .over_budget = 2, .crowded = 3, .failures = 4, .bogus = 5,
			 .under_way = 6, .cache_entries = 7, .cache_bytes = 8000, .cache_limit = 64 << 20 },
		.resident_bytes = 1 << 24, .virtual_bytes = 1 << 28, .descriptors = 20, .most_descriptors = 1024, .threads = 9, .cpu_us = 12000345,
	};
}

static void count_messages(struct as_metrics *m, const struct as_settings *settings)
{
	struct as_env env = { .settings = settings };
	static const unsigned char matched[][4] = { { 1, 0, 1, 0 }, { 0, 0, 1, 0 } };
	struct as_spf_outcome spf = { .code = AS_PASS }, softfail = { .code = AS_SOFTFAIL };
	const struct as_dkim_signature signatures[] = { { .code = AS_FAIL }, { .code = AS_PASS } };
	struct as_dkim_outcome dkim = { .count = 2, .signatures = signatures };
	struct as_dmarc_outcome dmarc = { .code = AS_PASS }, temperror = { .code = AS_TEMPERROR };
	struct as_arc_outcome arc = { .code = AS_FAIL };
	struct as_iprev_outcome iprev = { .code = AS_PERMERROR };
	struct as_result results[] = {
		{ .method = "spf", .has_dnssec = true, .dnssec = AS_DNSSEC_SECURE }, { .method = "dkim", .has_dnssec = true, .dnssec = AS_DNSSEC_BOGUS },
		{ .method = "dkim", .has_dnssec = true, .dnssec = AS_DNSSEC_INSECURE }, { .method = "dmarc", .dnssec = AS_DNSSEC_INSECURE },
		{ .method = "auth", .has_dnssec = true },
	};
	struct as_message message = {
		.spf = &spf, .dkim = &dkim, .dmarc = &dmarc, .arc = &arc, .iprev = &iprev, .size = 1000,
		.results = { .count = 5, .list = results },
		.decision = { .verb = AS_VERB_ACCEPT, .computed = AS_VERB_ACCEPT, .rule = "default" },
	};
	as_metrics_message(m, &message, AS_VERB_ACCEPT, 1000);
	message = (struct as_message){
		.spf = &softfail, .dmarc = &temperror, .size = 234,
		.decision = { .verb = AS_VERB_ACCEPT, .computed = AS_VERB_TEMPFAIL, .rule = "dmarc-temperror" },
	};
	as_metrics_message(m, &message, AS_VERB_ACCEPT, 1001);
	message = (struct as_message){
		.env = &env, .now_s = NOW_S,
		.decision = { .verb = AS_VERB_REJECT, .computed = AS_VERB_REJECT, .rule = "no-payroll", .matched = matched[0] },
	};
	as_metrics_message(m, &message, AS_VERB_REJECT, 25000000);
	message = (struct as_message){
		.env = &env, .now_s = NOW_S,
		.decision = { .verb = AS_VERB_TAG, .computed = AS_VERB_TAG, .rule = "dmarc-quarantine", .matched = matched[1] },
	};
	as_metrics_message(m, &message, AS_VERB_TEMPFAIL, 499999); /* the MTA did not take the header field */
	message = (struct as_message){ .internal_error = "out of order",
				       .decision = { .verb = AS_VERB_TEMPFAIL, .computed = AS_VERB_TEMPFAIL, .rule = "internal-error" } };
	as_metrics_message(m, &message, AS_VERB_TEMPFAIL, -5); /* no clock goes back, but no counter may */
}

static void read_file(const char *name, char *text, size_t size)
{
	char path[512];
	snprintf(path, sizeof path, AS_TEST_SRCDIR "/%s", name);
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	text[fread(text, 1, size - 1, file)] = '\0';
	fclose(file);
}

/* Rows of the built-in table that decided nothing: all are there, and here they would only be in the way of a new one. */
static void leave_out_rows(char *text)
{
	char sample[128];
	for (size_t i = 0; as_policy_row_name(i); i++) {
		snprintf(sample, sizeof sample, "assay_decisions_total{rule=\"%s\"} 0\n", as_policy_row_name(i));
		char *line = strstr(text, sample);
		if (line)
			memmove(line, line + strlen(sample), strlen(line + strlen(sample)) + 1);
		snprintf(sample, sizeof sample, "assay_decisions_total{rule=\"%s\"}", as_policy_row_name(i));
		bool is_known = line || strstr(text, sample) || (i && strcmp(as_policy_row_name(i), as_policy_row_name(i - 1)) == 0);
		if (!is_known)
			fail_msg("no row %s", as_policy_row_name(i));
	}
}

static void whole_text(void **unused)
{
	(void)unused;
	static char golden[TEXT_MAX];
	char fault[EXPOSITION_FAULT];
	const struct as_rule list[] = {
		{ .name = "no-payroll", .verb = AS_VERB_REJECT, .fingerprint = 1 },
		{ .name = "say \"\\\n", .verb = AS_VERB_ACCEPT, .expires_s = EXPIRES_S, .fingerprint = 2 },
		{ .name = "watch", .is_report_only = true, .fingerprint = 3 },
		{ .name = "unknown", .verb = AS_VERB_TAG, .fingerprint = 4 },
	};
	const struct as_rules rules = { .count = 4, .list = list };
	struct as_rule_stat stats[] = { /* by name */
		{ "no-payroll", 1, NOW_S - 500, 77, NOW_S - 5 }, { "say \"\\\n", 2, NOW_S - 600, 0, 0 }, { "watch", 3, NOW_S - 700, 1, NOW_S - 7 },
	};
	const struct as_settings settings = { .maximum_connections = 1000, .report_only = true, .rules = &rules };
	struct as_shadow_counts shadow = { .unknown = 7 };
	struct as_metrics_state state = state_of(&settings);
	struct as_metrics m = { 0 };
	state.rules = (struct as_rule_stats){ .count = 3, .list = stats };
	struct as_arena *arena = as_arena_new();
	struct as_buf out = as_buf_new(arena);
	state.shadow = &shadow;
	as_shadow_count(&shadow, AS_VERB_TAG, AS_VERB_REJECT, false);
	as_shadow_count(&shadow, AS_VERB_REJECT, AS_VERB_REJECT, true);
	as_metrics_init(&m, NOW_S);
	as_metrics_expect(&m, &settings);
	for (int i = 0; i < 9; i++)
		as_metrics_connection(&m, i < 5 ? AS_METRICS_SERVED : i < 8 ? AS_METRICS_CROWDED : AS_METRICS_UNFIT);
	as_metrics_deferred(&m, AS_METRICS_CROWDED);
	as_metrics_deferred(&m, AS_METRICS_CROWDED);
	as_metrics_deferred(&m, AS_METRICS_STOPPING);
	as_metrics_reload(&m, true, NOW_S + 10);
	as_metrics_reload(&m, true, NOW_S + 20);
	as_metrics_reload(&m, false, NOW_S + 30);
	count_messages(&m, &settings);
	as_metrics_write(&out, &m, &state);
	read_file("unit/metrics.txt", golden, sizeof golden);
	if (exposition_check(out.text, fault))
		fail_msg("%s", fault);
	leave_out_rows(out.text);
	if (strcmp(out.text, golden) != 0)
		fprintf(stderr, "%s", out.text); /* cmocka cuts what it prints */
	assert_true(strcmp(out.text, golden) == 0);
	as_metrics_clear(&m);
	as_arena_free(arena);
}

/* The manual names every family. */
static void manual_is_complete(void **unused)
{
	(void)unused;
	static char golden[TEXT_MAX], manual[4 * TEXT_MAX];
	read_file("unit/metrics.txt", golden, sizeof golden);
	read_file("../man/assayd.8", manual, sizeof manual);
	for (const char *line = golden; (line = strstr(line, "# TYPE ")); line++) {
		char name[128];
		snprintf(name, sizeof name, "%.*s", (int)strcspn(line + 7, " "), line + 7);
		if (!strstr(manual, name))
			fail_msg("%s is not in assayd(8)", name);
	}
}

/* What is not known of the process is left out. */
static void unknown_numbers(void **unused)
{
	(void)unused;
	const struct as_settings settings = { .maximum_connections = 0 };
	const struct as_metrics_state state = { .settings = &settings, .resident_bytes = -1, .virtual_bytes = -1, .descriptors = -1,
						.most_descriptors = -1, .threads = -1, .cpu_us = -1 };
	struct as_metrics m = { 0 };
	char fault[EXPOSITION_FAULT];
	struct as_arena *arena = as_arena_new();
	struct as_buf out = as_buf_new(arena);
	as_metrics_init(&m, NOW_S);
	as_metrics_write(&out, &m, &state);
	assert_null(exposition_check(out.text, fault));
	assert_non_null(strstr(out.text, "# TYPE process_start_time_seconds gauge\nprocess_start_time_seconds 1750000000\n"));
	assert_int_equal(strlen(strstr(out.text, "\nprocess_start_time_seconds ")), strlen("\nprocess_start_time_seconds 1750000000\n"));
	as_metrics_clear(&m);
	as_arena_free(arena);
}

enum { THREADS = 4, ROUNDS = 20000, NAMES = 50 };

static void *hammer(void *user)
{
	struct as_tally *tally = user;
	char name[32];
	for (int i = 0; i < ROUNDS; i++) {
		snprintf(name, sizeof name, "rule-%d", i % NAMES);
		atomic_fetch_add(&as_tally_get(tally, name, 0)->decided, 1);
	}
	return NULL;
}

static void names_from_many_threads(void **unused)
{
	(void)unused;
	struct as_arena *arena = as_arena_new();
	struct as_tally *tally = as_tally_new();
	pthread_t threads[THREADS];
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, hammer, tally), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	size_t count;
	struct as_tally_entry **list = as_tally_list(arena, tally, &count);
	assert_int_equal(count, NAMES);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(atomic_load(&list[i]->decided), THREADS * ROUNDS / NAMES);
	as_tally_free(tally);
	as_arena_free(arena);
}

static void names_are_bounded(void **unused)
{
	(void)unused;
	struct as_tally *tally = as_tally_new();
	char name[32];
	for (int i = 0; i < AS_TALLY_MAX + 1000; i++) {
		snprintf(name, sizeof name, "rule-%d", i);
		const struct as_tally_entry *entry = as_tally_get(tally, name, 0);
		assert_string_equal(entry->name, i < AS_TALLY_MAX ? name : AS_TALLY_OTHER);
		assert_ptr_equal(as_tally_get(tally, name, 0), entry);
	}
	as_tally_free(tally);
}

/* The checker of these tests sees what is wrong. */
static void faults_of_the_format(void **unused)
{
	static const struct {
		const char *name, *text, *fault;
	} cases[] = {
		{ "nothing", "", "nothing" },
		{ "no TYPE", "# HELP a_total b\na_total 1\n", "without HELP" },
		{ "no HELP", "# TYPE a gauge\na 1\n", "does not follow" },
		{ "HELP twice", "# HELP a b\n# TYPE a gauge\na 1\n# HELP a b\n", "second HELP" },
		{ "no line end", "# HELP a b\n# TYPE a gauge\na 1", "line end" },
		{ "counter's name", "# HELP a b\n# TYPE a counter\na 1\n", "_total" },
		{ "gauge's name", "# HELP a_total b\n# TYPE a_total gauge\na_total 1\n", "_total" },
		{ "type", "# HELP a b\n# TYPE a number\na 1\n", "unknown type" },
		{ "another family", "# HELP a b\n# TYPE a gauge\nab 1\n", "another family" },
		{ "twice", "# HELP a b\n# TYPE a gauge\na 1\na 2\n", "second time" },
		{ "label not closed", "# HELP a b\n# TYPE a gauge\na{b=\"c} 2\n", "bad labels" },
		{ "bad escape", "# HELP a b\n# TYPE a gauge\na{b=\"\\c\"} 2\n", "bad labels" },
		{ "no quotes", "# HELP a b\n# TYPE a gauge\na{b=c} 2\n", "bad labels" },
		{ "word", "# HELP a b\n# TYPE a gauge\na x\n", "no number" },
		{ "more behind", "# HELP a b\n# TYPE a gauge\na 1 x\n", "no number" },
		{ "falling", "# HELP a b\n# TYPE a histogram\na_bucket{le=\"1\"} 2\na_bucket{le=\"+Inf\"} 1\n", "fall" },
		{ "count", "# HELP a b\n# TYPE a histogram\na_bucket{le=\"+Inf\"} 1\na_sum 1\na_count 2\n", "_count" },
	};
	(void)unused;
	char fault[EXPOSITION_FAULT] = "";
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const char *found = exposition_check(cases[i].text, fault);
		if (!found || !(strstr(found, cases[i].fault) || !*cases[i].text))
			fail_msg("%s: %s", cases[i].name, found ? found : "no fault");
	}
	assert_null(exposition_check("# HELP a b\n# TYPE a gauge\na{b=\"c\\n\\\"\\\\\",d=\"\"} 1.5\n", fault));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_text),
		cmocka_unit_test(manual_is_complete),
		cmocka_unit_test(unknown_numbers),
		cmocka_unit_test(names_from_many_threads),
		cmocka_unit_test(names_are_bounded),
		cmocka_unit_test(faults_of_the_format),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
