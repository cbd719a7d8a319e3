/* SPDX-License-Identifier: BSD-2-Clause */
/* test_dmarc_differential.c - random trees of names with a message each, evaluated by the library and by the reference.
 *
 * Usage: test_dmarc_differential [TREES [SEED [FIRST]]]. Tree n of a seed is always the same tree: a failure prints the three numbers
 * that show it again.
 */
#include "config.h"

#include "test.h"

#include "dmarc_reference.h"
#include "dmarc_tree.h"
#include "domain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TREES = 30000, SEED = 9989, FAILURES_MAX = 10, WALK_LABELS = 7, WALK_QUERIES = 8 };

/* How often something came up: a tree that never leads there tests nothing. */
enum sight { SEEN_P, SEEN_SP, SEEN_NP, SEEN_ABOVE, SEEN_DEEP, SEEN_TESTING, SEEN_RELAXED, SEEN_UNDECIDED, SEEN_UNKNOWN_POLICY, SEEN_LIST, SIGHTS };
static const char *const sight_names[SIGHTS] = {
	"p", "sp", "np", "record above", "eight labels and more", "t=y", "relaxed", "undecided", "policy unknown", "list",
};

struct run {
	const struct as_psl *psl;
	uint64_t seed;
	unsigned long number;
	unsigned failures;
	unsigned long codes[AS_CODES];
	unsigned long sights[SIGHTS];
};

struct lookups {
	struct as_dns *dns;
	struct as_dns_set *set;
};

/* With time-outs in the tree all is asked at once, since after the first one nobody is asked any more. */
static struct lookups open_lookups(struct tree *tree)
{
	static const struct as_dns_options options = { .cache_bytes = 0 };
	static const struct as_dns_limits limits = { .budget = 1000, .timeout_ms = 20000 };
	struct lookups lookups = { .dns = as_dns_new(as_dns_fake_backend(tree->fake), &options, as_dns_fake_clock(tree->fake)) };
	lookups.set = as_dns_set_new(lookups.dns, &limits);
	for (size_t i = 0; tree->has_timeouts && i < tree->name_count; i++)
		as_dns_start(lookups.set, as_printf(tree->arena, "_dmarc.%s", tree->names[i]), AS_DNS_TXT);
	if (tree->has_timeouts)
		as_dns_start(lookups.set, tree->domains[0], AS_DNS_TXT);
	return lookups;
}

static void close_lookups(struct lookups *lookups)
{
	as_dns_set_free(lookups->set);
	as_dns_unref(lookups->dns);
}

static const char *or_dash(const char *text)
{
	return text ? text : "-";
}

static bool is_same(const char *a, const char *b)
{
	return strcmp(or_dash(a), or_dash(b)) == 0;
}

static const char *described(struct tree *tree, enum as_code code, enum as_dmarc_policy published, enum as_dmarc_policy policy,
	const char *source, const char *domain)
{
	return as_printf(tree->arena, "%s %s %s %s %s", as_code_name(code), as_dmarc_policy_name(published), as_dmarc_policy_name(policy),
		or_dash(source), or_dash(domain));
}

/* May a walk from the domain ask at that name? */
static bool is_of_walk(const char *name, const char *domain)
{
	return is_same(name, domain) || (as_domain_is_below(domain, name) && as_domain_labels(name) <= WALK_LABELS);
}

/* The first question that no walk of the message asks, or NULL. */
static const char *superfluous(struct tree *tree, struct as_dns_set *set)
{
	size_t count = as_dns_set_count(set);
	if (count > 1 + WALK_QUERIES * tree->domain_count)
		return "too much";
	for (size_t i = 0; i < count; i++) {
		struct as_dns_lookup lookup = as_dns_set_lookup(set, i);
		bool is_known = is_same(lookup.name, tree->domains[0]);
		for (size_t k = 0; k < tree->domain_count && !is_known; k++)
			is_known = strncmp(lookup.name, "_dmarc.", 7) == 0 && is_of_walk(lookup.name + 7, tree->domains[k]);
		if (!is_known || lookup.type != AS_DNS_TXT)
			return lookup.name;
	}
	return NULL;
}

/* --- comparing ----------------------------------------------------------------------------------------------------- */

static bool spf_is_aligned(const struct tree *tree, const struct dmarc_reference *want)
{
	return tree->request.spf && tree->spf.code == AS_PASS && want->spf == REF_ALIGNED;
}

/* The aligned pass, or with a domain one of that domain. */
static bool has_aligned_pass(const struct tree *tree, const struct dmarc_reference *want, const char *domain)
{
	for (size_t i = 0; tree->request.dkim && i < tree->dkim.count; i++)
		if (tree->signatures[i].code == AS_PASS && want->dkim[i] == REF_ALIGNED && (!domain || is_same(tree->signatures[i].domain, domain)))
			return true;
	return false;
}

/* Labels that a name shares with the author domain, and one more for that itself. */
static unsigned closeness(const struct tree *tree, const char *domain)
{
	unsigned most = as_domain_labels(tree->domains[0]), labels = most;
	while (labels && !as_domain_is_below(domain, as_domain_tail(tree->domains[0], labels)))
		labels--;
	return labels + is_same(domain, tree->domains[0]);
}

/* DM-49: of the aligned passes the closest is named. */
static bool is_closest(const struct tree *tree, const struct dmarc_reference *want, const char *domain)
{
	for (size_t i = 0; i < tree->dkim.count; i++)
		if (tree->signatures[i].code == AS_PASS && want->dkim[i] == REF_ALIGNED &&
		    closeness(tree, tree->signatures[i].domain) > closeness(tree, domain))
			return false;
	return true;
}

/* The library leaves the organization out where nothing hangs on it. */
static bool is_same_organization(const struct as_dmarc_outcome *got, const struct dmarc_reference *want)
{
	if (got->organization)
		return want->organization && is_same(got->organization, want->organization);
	bool was_needed = want->policy_domain && !is_same(want->policy_domain, got->author_domain);
	return !was_needed;
}

/* What the two say differently, or NULL. */
static const char *difference(struct tree *tree, const struct as_dmarc_outcome *got, const struct dmarc_reference *want)
{
	const char *ours = described(tree, got->code, got->published, got->policy, got->source, got->policy_domain);
	const char *theirs = want->policy_domain ? described(tree, want->code, want->published, want->policy, want->source, want->policy_domain)
						 : described(tree, want->code, AS_DMARC_NONE, AS_DMARC_NONE, NULL, NULL);
	bool is_judged = want->code == AS_PASS || want->code == AS_FAIL || want->code == AS_TEMPERROR;
	bool dkim_aligned = is_judged && has_aligned_pass(tree, want, NULL);
	if (!is_same(ours, theirs))
		return as_printf(tree->arena, "library   %s (%s)\nreference %s", ours, or_dash(got->reason), theirs);
	if (!is_same_organization(got, want))
		return as_printf(tree->arena, "library   organization %s\nreference organization %s", or_dash(got->organization),
			or_dash(want->organization));
	if (got->spf_aligned != (is_judged && spf_is_aligned(tree, want)) || got->dkim_aligned != dkim_aligned)
		return as_printf(tree->arena, "library   aligned: spf %d dkim %d\nreference does not say so", got->spf_aligned, got->dkim_aligned);
	bool is_right = dkim_aligned ? got->dkim_domain && has_aligned_pass(tree, want, got->dkim_domain) && is_closest(tree, want, got->dkim_domain)
				     : !got->dkim_domain;
	if (!is_right)
		return as_printf(tree->arena, "library   aligned signature %s\nreference does not say so", or_dash(got->dkim_domain));
	if ((got->record != NULL) != (got->policy_domain != NULL) || (got->code == AS_TEMPERROR && !got->reason))
		return "library   is at odds with itself";
	return NULL;
}

static void look(struct run *run, const struct tree *tree, const struct as_dmarc_outcome *got, const struct dmarc_reference *want)
{
	const bool seen[SIGHTS] = {
		[SEEN_P] = is_same(want->source, "p"),
		[SEEN_SP] = is_same(want->source, "sp"),
		[SEEN_NP] = is_same(want->source, "np"),
		[SEEN_ABOVE] = want->policy_domain && !is_same(want->policy_domain, tree->domains[0]),
		[SEEN_DEEP] = want->policy_domain && as_domain_labels(tree->domains[0]) > WALK_LABELS,
		[SEEN_TESTING] = want->policy != want->published,
		[SEEN_RELAXED] = got->dkim_aligned && !is_same(got->dkim_domain, tree->domains[0]),
		[SEEN_UNDECIDED] = want->code == AS_TEMPERROR && !want->is_policy_unknown,
		[SEEN_UNKNOWN_POLICY] = want->is_policy_unknown,
		[SEEN_LIST] = tree->request.discovery == AS_DISCOVERY_PSL && want->policy_domain,
	};
	run->codes[want->code]++;
	for (unsigned i = 0; i < SIGHTS; i++)
		run->sights[i] += seen[i];
}

/* --- running ------------------------------------------------------------------------------------------------------- */

static const char *compare(struct run *run, struct tree *tree)
{
	const char *author;
	if (as_domain_normal(tree->arena, tree->written, strlen(tree->written), &author) != AS_OK)
		return as_domain_is_queryable(tree->domains[0]) ? "no author domain" : NULL;
	if (!is_same(author, tree->domains[0]))
		return as_printf(tree->arena, "author domain %s", author);
	struct lookups ours = open_lookups(tree);
	struct lookups theirs = open_lookups(tree);
	struct as_dmarc_outcome got;
	struct dmarc_reference want;
	tree->request.discovery = tree_chance(tree, 15) ? AS_DISCOVERY_PSL : AS_DISCOVERY_TREE_WALK;
	tree->request.psl = run->psl;
	if (tree_chance(tree, 30))
		as_dmarc_start(ours.set, author);
	as_dmarc_check(tree->arena, ours.set, &tree->request, &got);
	dmarc_reference_check(tree->arena, theirs.set, &tree->request, &want);
	const char *text = difference(tree, &got, &want);
	if (!text && !tree->has_timeouts && superfluous(tree, ours.set))
		text = as_printf(tree->arena, "library asks for %s", superfluous(tree, ours.set));
	look(run, tree, &got, &want);
	close_lookups(&theirs);
	close_lookups(&ours);
	return text;
}

static void run_tree(struct run *run)
{
	struct tree tree = { .arena = as_arena_new(), .fake = as_dns_fake_new(0), .random = run->seed << 32 ^ run->number };
	tree.log = as_buf_new(tree.arena);
	tree_fill(&tree);
	const char *text = compare(run, &tree);
	if (text) {
		run->failures++;
		fprintf(stderr, "%s\n%s%s(1 %llu %lu)\n\n", text, tree.log.text, /* cmocka would cut it */
			tree.request.discovery == AS_DISCOVERY_PSL ? "by list\n" : "", (unsigned long long)run->seed, run->number);
	}
	as_dns_fake_free(tree.fake);
	as_arena_free(tree.arena);
}

static unsigned long trees = TREES;
static struct run all = { .seed = SEED };

static void test_differential(void **state)
{
	(void)state;
	struct as_arena *arena = as_arena_new();
	const char *detail = NULL;
	struct as_psl *psl = as_psl_load(arena, AS_TEST_SRCDIR "/conformance/dmarc/suffixes.dat", &detail);
	assert_non_null(psl);
	all.psl = psl;
	for (unsigned long end = all.number + trees; all.number < end && all.failures < FAILURES_MAX; all.number++)
		run_tree(&all);
	for (unsigned i = 0; i < AS_CODES; i++)
		print_message("%s %lu\n", as_code_name((enum as_code)i), all.codes[i]);
	for (unsigned i = 0; i < SIGHTS; i++)
		print_message("%s %lu\n", sight_names[i], all.sights[i]);
	as_psl_free(psl);
	as_arena_free(arena);
	assert_int_equal(all.failures, 0);
	for (unsigned i = 0; trees >= TREES && i < SIGHTS; i++)
		assert_true(all.sights[i] > trees / 100);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_differential) };
	if (argc > 1)
		trees = strtoul(argv[1], NULL, 10);
	if (argc > 2)
		all.seed = strtoull(argv[2], NULL, 10);
	if (argc > 3)
		all.number = strtoul(argv[3], NULL, 10);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
