/* SPDX-License-Identifier: BSD-2-Clause */
/* test_spf_differential.c - random zones, each asked three questions, evaluated by the library and by the reference.
 *
 * Usage: test_spf_differential [ZONES [SEED [FIRST]]]. Zone n of a seed is always the same zone: a failure prints the three numbers
 * that show it again.
 */
#include "config.h"

#include "test.h"

#include "spf_reference.h"
#include "spf_zone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ZONES = 6000, SEED = 7208, CHECKS = 3, FAILURES_MAX = 10, SHOWN_MAX = 255 };

/* --- both evaluations ---------------------------------------------------------------------------------------------- */

struct run {
	uint64_t seed;
	unsigned long number;
	unsigned failures;
	unsigned long seen[AS_CODES];
	unsigned long states[AS_DNSSEC_BOGUS + 1]; /* of those that give a pass or fail */
	unsigned long explained;
};

struct lookups {
	struct as_dns *dns;
	struct as_dns_set *set;
};

static struct lookups open_lookups(struct zone *zone)
{
	static const struct as_dns_options options = { .cache_bytes = 0 };
	static const struct as_dns_limits limits = { .budget = 1000, .timeout_ms = 20000 };
	struct lookups lookups = { .dns = as_dns_new(as_dns_fake_backend(zone->fake), &options, as_dns_fake_clock(zone->fake)) };
	lookups.set = as_dns_set_new(lookups.dns, &limits);
	return lookups;
}

static void close_lookups(struct lookups *lookups)
{
	as_dns_set_free(lookups->set);
	as_dns_unref(lookups->dns);
}

static bool has_asked(struct as_dns_set *set, const struct as_dns_lookup *wanted)
{
	for (size_t i = 0; i < as_dns_set_count(set); i++) {
		struct as_dns_lookup lookup = as_dns_set_lookup(set, i);
		if (lookup.type == wanted->type && as_equal_nocase(lookup.name, wanted->name))
			return true;
	}
	return false;
}

/* Is it about the names of the client? The library does not ask for those that only the end of a cut explanation would show. */
static bool is_about_names(struct as_dns_set *set, const struct as_dns_lookup *asked)
{
	if (asked->type == AS_DNS_PTR)
		return true;
	for (size_t i = 0; i < as_dns_set_count(set); i++) {
		struct as_dns_lookup lookup = as_dns_set_lookup(set, i);
		for (size_t k = 0; lookup.type == AS_DNS_PTR && lookup.answer && k < lookup.answer->count; k++)
			if (as_equal_nocase(lookup.answer->records[k].name, asked->name))
				return true;
	}
	return false;
}

/* The first question of the reference that the library did not ask, or NULL. The other way round would say nothing: the library
 * asks for all hosts of an MX answer at once. */
static const char *missed(struct as_arena *arena, struct as_dns_set *reference, struct as_dns_set *library)
{
	for (size_t i = 0; i < as_dns_set_count(reference); i++) {
		struct as_dns_lookup lookup = as_dns_set_lookup(reference, i);
		if (!has_asked(library, &lookup) && !is_about_names(reference, &lookup))
			return as_printf(arena, "%s %s", lookup.name, as_dns_type_name(lookup.type));
	}
	return NULL;
}

static const char *shown(struct zone *zone, const char *text)
{
	return text ? as_printf(zone->arena, "\"%s\"", as_escape(zone->arena, text, strlen(text), 100000)) : "-";
}

static bool is_same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* What matched, where. The library cuts what is too long to be shown, and says of errors where they are. */
static bool is_same_match(const struct as_spf_outcome *got, const struct spf_reference *want)
{
	if (!want->mechanism)
		return true;
	size_t n = got->mechanism ? strlen(got->mechanism) : 0;
	return n && strncmp(got->mechanism, want->mechanism, n) == 0 && (!want->mechanism[n] || n == SHOWN_MAX) &&
	       as_equal_nocase(got->where ? got->where : "", want->where);
}

/* What the two say differently, or NULL. */
static const char *difference(struct zone *zone, const struct as_spf_request *request, bool is_early, struct run *run)
{
	struct lookups ours = open_lookups(zone);
	struct lookups theirs = open_lookups(zone);
	struct as_spf_outcome got;
	struct spf_reference want;
	const char *text = NULL;
	if (is_early)
		as_spf_start(ours.set, request);
	as_spf_check(zone->arena, ours.set, request, &got);
	spf_reference_check(zone->arena, theirs.set, request, &want);
	run->seen[want.code]++;
	run->explained += want.explanation != NULL;
	run->states[want.dnssec] += want.code == AS_PASS || want.code == AS_FAIL;
	if (got.code != want.code || got.terms != want.terms || got.voids != want.voids || !is_same(got.explanation, want.explanation))
		text = as_printf(zone->arena, "library   %s %s %u/%u (%s)\nreference %s %s %u/%u",
			as_code_name(got.code), shown(zone, got.explanation), got.terms, got.voids, got.reason ? got.reason : "-",
			as_code_name(want.code), shown(zone, want.explanation), want.terms, want.voids);
	else if (!is_same_match(&got, &want))
		text = as_printf(zone->arena, "library   %s at %s\nreference %s at %s", shown(zone, got.mechanism), shown(zone, got.where),
			shown(zone, want.mechanism), shown(zone, want.where));
	else if (got.dnssec != want.dnssec || !is_same(got.weakest, want.weakest))
		text = as_printf(zone->arena, "library   %s at %s\nreference %s at %s", as_dnssec_name(got.dnssec),
			shown(zone, got.weakest), as_dnssec_name(want.dnssec), shown(zone, want.weakest));
	else if (missed(zone->arena, theirs.set, ours.set))
		text = as_printf(zone->arena, "only the reference asks for %s", missed(zone->arena, theirs.set, ours.set));
	close_lookups(&theirs);
	close_lookups(&ours);
	return text;
}

static void run_zone(struct run *run)
{
	struct zone zone = { .arena = as_arena_new(), .fake = as_dns_fake_new(ZONE_NOW_S), .random = run->seed << 32 ^ run->number };
	zone.log = as_buf_new(zone.arena);
	zone_fill(&zone);
	for (unsigned i = 0; i < CHECKS; i++) {
		char ip[AS_IP_TEXT];
		struct as_spf_request request = zone_question(&zone);
		const char *text = difference(&zone, &request, zone_chance(&zone, 30), run);
		if (!text)
			continue;
		run->failures++;
		fprintf(stderr, "%s\nclient %s helo %s local %s domain %s\n%s(1 %llu %lu)\n\n", text, /* cmocka would cut it */
			as_ip_text(&request.client, ip), shown(&zone, request.helo), shown(&zone, request.local),
			shown(&zone, request.domain), zone.log.text, (unsigned long long)run->seed, run->number);
	}
	as_dns_fake_free(zone.fake);
	as_arena_free(zone.arena);
}

static unsigned long zones = ZONES;
static struct run all = { .seed = SEED };

static void test_differential(void **state)
{
	(void)state;
	for (unsigned long end = all.number + zones; all.number < end && all.failures < FAILURES_MAX; all.number++)
		run_zone(&all);
	for (unsigned i = 0; i < AS_CODES; i++)
		print_message("%s %lu\n", as_code_name((enum as_code)i), all.seen[i]);
	for (unsigned i = 0; i <= AS_DNSSEC_BOGUS; i++)
		print_message("pass or fail, %s %lu\n", as_dnssec_name((enum as_dnssec)i), all.states[i]);
	print_message("explained %lu\n", all.explained);
	assert_int_equal(all.failures, 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_differential) };
	if (argc > 1)
		zones = strtoul(argv[1], NULL, 10);
	if (argc > 2)
		all.seed = strtoull(argv[2], NULL, 10);
	if (argc > 3)
		all.number = strtoul(argv[3], NULL, 10);
	as_spf_global_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
