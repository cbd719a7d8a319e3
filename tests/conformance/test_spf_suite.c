/* SPDX-License-Identifier: BSD-2-Clause */
/* test_spf_suite.c - the public SPF test suites (RFC 7208, and RFC 4408 in the reading of RFC 7208) over the library, and over the
 * reference that other tests hold the library against.
 *
 * The suites are data that is not part of the project: they are looked for in $AS_SHARED/suites, in ../shared/suites beside the
 * top of the project, and in ../../shared/suites from the build folder. Without them the test is skipped.
 */
#include "config.h"

#include "test.h"

#include "dns_fake.h"
#include "domain.h"
#include "spf_check.h"
#include "spf_reference.h"
#include "str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <yaml.h>

enum { SKIPPED = 77, NOW_S = 1735689600 };

struct score {
	unsigned tests;
	unsigned passed;
};

static yaml_node_t *child(yaml_document_t *document, yaml_node_t *map, const char *key)
{
	if (!map || map->type != YAML_MAPPING_NODE)
		return NULL;
	for (yaml_node_pair_t *pair = map->data.mapping.pairs.start; pair < map->data.mapping.pairs.top; pair++)
		if (strcmp((char *)yaml_document_get_node(document, pair->key)->data.scalar.value, key) == 0)
			return yaml_document_get_node(document, pair->value);
	return NULL;
}

static const char *scalar(yaml_node_t *node)
{
	return node && node->type == YAML_SCALAR_NODE ? (const char *)node->data.scalar.value : "";
}

static const char *text_of(yaml_document_t *document, yaml_node_t *map, const char *key)
{
	return scalar(child(document, map, key));
}

/* --- zone data ----------------------------------------------------------------------------------------------------- */

static const enum as_dns_type all_types[] = { AS_DNS_A, AS_DNS_AAAA, AS_DNS_MX, AS_DNS_PTR, AS_DNS_TXT, AS_DNS_CNAME };
enum { TYPES = sizeof all_types / sizeof all_types[0] };

/* A scalar is one string; a sequence is the strings of one TXT record. */
static void add_txt(yaml_document_t *document, struct as_dns_fake *fake, struct as_arena *arena, const char *name, yaml_node_t *value)
{
	struct as_buf text = as_buf_new(arena);
	if (value->type == YAML_SCALAR_NODE)
		as_buf_add(&text, (char *)value->data.scalar.value, value->data.scalar.length);
	else
		for (yaml_node_item_t *item = value->data.sequence.items.start; item < value->data.sequence.items.top; item++) {
			yaml_node_t *part = yaml_document_get_node(document, *item);
			as_buf_add(&text, (char *)part->data.scalar.value, part->data.scalar.length);
		}
	as_dns_fake_txt(fake, name, text.text, text.length);
}

static const char *rdata_of(yaml_document_t *document, struct as_arena *arena, enum as_dns_type type, yaml_node_t *value)
{
	if (type != AS_DNS_MX)
		return scalar(value);
	const char *preference = scalar(yaml_document_get_node(document, value->data.sequence.items.start[0]));
	const char *name = scalar(yaml_document_get_node(document, value->data.sequence.items.start[1]));
	return as_printf(arena, "%s %s", preference, *name ? name : ".");
}

/* A name as master files write it. */
static const char *owner_of(struct as_arena *arena, const char *name)
{
	struct as_buf owner = as_buf_new(arena);
	for (; *name; name++)
		if (*name == ' ')
			as_buf_puts(&owner, "\\032");
		else
			as_buf_putc(&owner, *name);
	return owner.text;
}

static bool has_key(yaml_document_t *document, yaml_node_t *list, const char *key)
{
	for (yaml_node_item_t *item = list->data.sequence.items.start; item < list->data.sequence.items.top; item++)
		if (child(document, yaml_document_get_node(document, *item), key))
			return true;
	return false;
}

/* One entry of a name: a mapping of a type to its value. "SPF" is TXT, unless the name has a TXT entry of its own. */
static void add_entry(yaml_document_t *document, struct as_dns_fake *fake, struct as_arena *arena, const char *name, yaml_node_pair_t *pair,
	bool has_txt, bool seen[TYPES])
{
	const char *word = scalar(yaml_document_get_node(document, pair->key));
	yaml_node_t *value = yaml_document_get_node(document, pair->value);
	bool is_spf = strcmp(word, "SPF") == 0;
	enum as_dns_type type = is_spf ? AS_DNS_TXT : as_dns_type_code(word, strlen(word));
	if ((is_spf && has_txt) || strcmp(scalar(value), "NONE") == 0)
		return;
	for (size_t i = 0; i < TYPES; i++)
		seen[i] = seen[i] || all_types[i] == type;
	if (strcmp(scalar(value), "TIMEOUT") == 0)
		as_dns_fake_behave(fake, name, type, AS_FAKE_TIMEOUT);
	else if (type == AS_DNS_TXT)
		add_txt(document, fake, arena, name, value);
	else if (as_domain_is_queryable(name)
		 && as_dns_fake_record(fake, owner_of(arena, name), type, rdata_of(document, arena, type, value)) != AS_OK)
		fail_msg("zone data: %s %s %s", name, word, rdata_of(document, arena, type, value));
}

static void add_name(yaml_document_t *document, struct as_dns_fake *fake, struct as_arena *arena, yaml_node_pair_t *pair)
{
	const char *name = scalar(yaml_document_get_node(document, pair->key));
	yaml_node_t *list = yaml_document_get_node(document, pair->value);
	bool has_txt = has_key(document, list, "TXT");
	bool seen[TYPES] = { false };
	bool is_slow = false;
	for (yaml_node_item_t *item = list->data.sequence.items.start; item < list->data.sequence.items.top; item++) {
		yaml_node_t *entry = yaml_document_get_node(document, *item);
		is_slow = is_slow || strcmp(scalar(entry), "TIMEOUT") == 0;
		if (entry->type != YAML_MAPPING_NODE)
			continue;
		for (yaml_node_pair_t *p = entry->data.mapping.pairs.start; p < entry->data.mapping.pairs.top; p++)
			add_entry(document, fake, arena, name, p, has_txt, seen);
	}
	for (size_t i = 0; is_slow && i < TYPES; i++)
		if (!seen[i])
			as_dns_fake_behave(fake, name, all_types[i], AS_FAKE_TIMEOUT);
}

static struct as_dns_fake *load_zone(yaml_document_t *document, struct as_arena *arena, yaml_node_t *zone)
{
	struct as_dns_fake *fake = as_dns_fake_new(NOW_S);
	for (yaml_node_pair_t *pair = zone->data.mapping.pairs.start; pair < zone->data.mapping.pairs.top; pair++)
		add_name(document, fake, arena, pair);
	return fake;
}

/* --- tests --------------------------------------------------------------------------------------------------------- */

/* One way to evaluate; why may be NULL. */
struct evaluator {
	void (*check)(struct as_arena *arena, struct as_dns_set *set, const struct as_spf_request *request, struct spf_reference *outcome,
		const char **why);
	const char *name;
};

static void check_late(struct as_arena *arena, struct as_dns_set *set, const struct as_spf_request *request, struct spf_reference *outcome,
	const char **why)
{
	struct as_spf_outcome full;
	as_spf_check(arena, set, request, &full);
	*outcome = (struct spf_reference){ .code = full.code, .explanation = full.explanation };
	*why = full.reason ? full.reason : full.mechanism;
}

static void check_early(struct as_arena *arena, struct as_dns_set *set, const struct as_spf_request *request, struct spf_reference *outcome,
	const char **why)
{
	as_spf_start(set, request);
	check_late(arena, set, request, outcome, why);
}

static void check_reference(struct as_arena *arena, struct as_dns_set *set, const struct as_spf_request *request,
	struct spf_reference *outcome, const char **why)
{
	spf_reference_check(arena, set, request, outcome);
	*why = NULL;
}

static const struct evaluator library = { check_late, "library" };
static const struct evaluator library_early = { check_early, "library, early lookups" };
static const struct evaluator reference = { check_reference, "reference" };

static void check(const struct evaluator *evaluator, struct as_arena *arena, struct as_dns_fake *fake,
	const struct as_spf_request *request, struct spf_reference *outcome, const char **why)
{
	static const struct as_dns_options options = { .cache_bytes = 0 };
	static const struct as_dns_limits limits = { .budget = 200, .timeout_ms = 20000 };
	struct as_dns *dns = as_dns_new(as_dns_fake_backend(fake), &options, as_dns_fake_clock(fake));
	struct as_dns_set *set = as_dns_set_new(dns, &limits);
	evaluator->check(arena, set, request, outcome, why);
	as_dns_set_free(set);
	as_dns_unref(dns);
}

/* Is the code wanted: one word, or a list of words of which any is right? */
static bool is_wanted(yaml_document_t *document, yaml_node_t *wanted, const char *code)
{
	if (wanted->type == YAML_SCALAR_NODE)
		return strcmp(scalar(wanted), code) == 0;
	for (yaml_node_item_t *item = wanted->data.sequence.items.start; item < wanted->data.sequence.items.top; item++)
		if (strcmp(scalar(yaml_document_get_node(document, *item)), code) == 0)
			return true;
	return false;
}

static bool is_explained(const char *wanted, const char *explanation)
{
	if (!*wanted)
		return true;
	return strcmp(wanted, "DEFAULT") == 0 ? !explanation : explanation && strcmp(wanted, explanation) == 0;
}

static bool run_case(yaml_document_t *document, struct as_dns_fake *fake, const char *name, yaml_node_t *test,
	const struct evaluator *evaluator)
{
	struct as_arena *arena = as_arena_new();
	const char *from = text_of(document, test, "mailfrom");
	const char *at = strrchr(from, '@');
	struct as_spf_request request = {
		.helo = text_of(document, test, "helo"),
		.local = at ? as_strndup(arena, from, (size_t)(at - from)) : "",
		.domain = at ? at + 1 : *from ? from : text_of(document, test, "helo"),
		.receiver = "receiver.example.com",
		.now_s = NOW_S,
		.wants_explanation = true,
	};
	struct spf_reference outcome;
	const char *why;
	assert_int_equal(as_ip_parse(text_of(document, test, "host"), &request.client), AS_OK);
	check(evaluator, arena, fake, &request, &outcome, &why);
	const char *wanted = text_of(document, test, "explanation");
	bool is_right = is_wanted(document, child(document, test, "result"), as_code_name(outcome.code))
		&& is_explained(wanted, outcome.explanation);
	if (!is_right)
		print_error("%s: got %s (%s), explanation \"%s\" instead of \"%s\"\n", name, as_code_name(outcome.code), why ? why : "",
			outcome.explanation ? outcome.explanation : "", wanted);
	as_arena_free(arena);
	return is_right;
}

static void run_scenario(yaml_document_t *document, const struct evaluator *evaluator, struct score *score)
{
	struct as_arena *arena = as_arena_new();
	yaml_node_t *root = yaml_document_get_root_node(document);
	yaml_node_t *tests = child(document, root, "tests");
	struct as_dns_fake *fake = load_zone(document, arena, child(document, root, "zonedata"));
	for (yaml_node_pair_t *pair = tests->data.mapping.pairs.start; pair < tests->data.mapping.pairs.top; pair++) {
		const char *name = scalar(yaml_document_get_node(document, pair->key));
		score->tests++;
		score->passed += run_case(document, fake, name, yaml_document_get_node(document, pair->value), evaluator);
	}
	as_dns_fake_free(fake);
	as_arena_free(arena);
}

static FILE *open_suite(const char *name)
{
	const char *given = getenv("AS_SHARED");
	const char *folders[] = { given, AS_TEST_SRCDIR "/../../shared", "../../shared" };
	for (size_t i = given ? 0 : 1; i < sizeof folders / sizeof folders[0]; i++) {
		char path[4096];
		snprintf(path, sizeof path, "%s/suites/%s", folders[i], name);
		FILE *file = fopen(path, "rb");
		if (file)
			return file;
	}
	return NULL;
}

static void run_suite(const char *name, unsigned tests, const struct evaluator *evaluator)
{
	FILE *file = open_suite(name);
	yaml_parser_t parser;
	struct score score = { 0 };
	assert_non_null(file);
	assert_true(yaml_parser_initialize(&parser));
	yaml_parser_set_input_file(&parser, file);
	for (;;) {
		yaml_document_t document;
		assert_true(yaml_parser_load(&parser, &document));
		bool is_end = !yaml_document_get_root_node(&document);
		if (!is_end)
			run_scenario(&document, evaluator, &score);
		yaml_document_delete(&document);
		if (is_end)
			break;
	}
	yaml_parser_delete(&parser);
	fclose(file);
	print_message("%s, %s: %u of %u\n", name, evaluator->name, score.passed, score.tests);
	assert_int_equal(score.passed, score.tests);
	assert_int_equal(score.tests, tests);
}

static void test_rfc7208(void **state)
{
	(void)state;
	run_suite("rfc7208-tests.yml", 203, &library);
}

static void test_rfc7208_early(void **state)
{
	(void)state;
	run_suite("rfc7208-tests.yml", 203, &library_early);
}

static void test_rfc7208_reference(void **state)
{
	(void)state;
	run_suite("rfc7208-tests.yml", 203, &reference);
}

static void test_rfc4408(void **state)
{
	(void)state;
	run_suite("rfc4408-tests.yml", 191, &library);
}

static void test_rfc4408_reference(void **state)
{
	(void)state;
	run_suite("rfc4408-tests.yml", 191, &reference);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rfc7208),
		cmocka_unit_test(test_rfc7208_early),
		cmocka_unit_test(test_rfc7208_reference),
		cmocka_unit_test(test_rfc4408),
		cmocka_unit_test(test_rfc4408_reference),
	};
	FILE *file = open_suite("rfc7208-tests.yml");
	if (!file)
		return SKIPPED;
	fclose(file);
	as_spf_global_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
