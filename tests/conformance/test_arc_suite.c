/* SPDX-License-Identifier: BSD-2-Clause */
/* test_arc_suite.c - the public suite for the validation of ARC chains over the library.
 *
 * The suite is data that is not part of the project: it is looked for in $AS_SHARED/suites, in ../shared/suites beside the top of
 * the project, and in ../../shared/suites from the build folder. Without it the test is skipped. Its expectation "cv" is the result;
 * where it is empty the suite leaves the result open, because the newest seal says cv=fail: RFC 8617 5.2 step 2 makes that fail.
 */
#include "config.h"

#include "test.h"

#include "dkim_world.h"
#include "str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

enum { SKIPPED = 77, TESTS = 77 };

static FILE *open_suite(void)
{
	const char *given = getenv("AS_SHARED");
	const char *folders[] = { given, AS_TEST_SRCDIR "/../../shared", "../../shared" };
	for (size_t i = given ? 0 : 1; i < sizeof folders / sizeof folders[0]; i++) {
		char path[4096];
		snprintf(path, sizeof path, "%s/suites/arc-validation-part.yml", folders[i]);
		FILE *file = fopen(path, "rb");
		if (file)
			return file;
	}
	return NULL;
}

static yaml_node_t *child(yaml_document_t *document, yaml_node_t *map, const char *key)
{
	for (yaml_node_pair_t *pair = map->data.mapping.pairs.start; pair < map->data.mapping.pairs.top; pair++)
		if (strcmp((char *)yaml_document_get_node(document, pair->key)->data.scalar.value, key) == 0)
			return yaml_document_get_node(document, pair->value);
	fail_msg("the suite has no %s", key);
	return NULL;
}

static const char *scalar(const yaml_node_t *node)
{
	return (const char *)node->data.scalar.value;
}

static struct as_buf with_crlf(struct as_arena *arena, const char *text)
{
	struct as_buf out = as_buf_new(arena);
	for (; *text; text++)
		as_buf_puts(&out, *text == '\n' ? "\r\n" : (char[]){ *text, '\0' });
	return out;
}

static bool run(yaml_document_t *document, yaml_node_t *records, const char *name, yaml_node_t *test)
{
	struct as_dkim_world *world = as_dkim_world_new(NULL);
	for (yaml_node_pair_t *pair = records->data.mapping.pairs.start; pair < records->data.mapping.pairs.top; pair++)
		as_dkim_world_txt(world, scalar(yaml_document_get_node(document, pair->key)),
				  scalar(yaml_document_get_node(document, pair->value)));
	struct as_buf message = with_crlf(world->arena, scalar(child(document, test, "message")));
	const char *expected = scalar(child(document, test, "cv"));
	struct as_arc_outcome outcome = as_dkim_world_chain(world, message.text, message.length);
	bool is_right = as_equal_nocase(as_code_name(outcome.code), *expected ? expected : "fail");
	if (!is_right || getenv("AS_VERBOSE"))
		print_message("%s: expected \"%s\", got %s (%s)\n", name, expected, as_code_name(outcome.code),
			      outcome.reason ? outcome.reason : "-");
	as_dkim_world_free(world);
	return is_right;
}

static void test_suite(void **state)
{
	(void)state;
	unsigned passed = 0, total = 0;
	yaml_parser_t parser;
	FILE *file = open_suite();
	assert_non_null(file);
	assert_true(yaml_parser_initialize(&parser));
	yaml_parser_set_input_file(&parser, file);
	for (bool is_end = false; !is_end;) {
		yaml_document_t document;
		assert_true(yaml_parser_load(&parser, &document));
		yaml_node_t *root = yaml_document_get_root_node(&document);
		is_end = !root;
		yaml_node_t *tests = root ? child(&document, root, "tests") : NULL;
		for (yaml_node_pair_t *pair = tests ? tests->data.mapping.pairs.start : NULL; tests && pair < tests->data.mapping.pairs.top; pair++) {
			const char *name = scalar(yaml_document_get_node(&document, pair->key));
			passed += run(&document, child(&document, root, "txt-records"), name, yaml_document_get_node(&document, pair->value));
			total++;
		}
		yaml_document_delete(&document);
	}
	yaml_parser_delete(&parser);
	fclose(file);
	print_message("ARC suite: %u of %u\n", passed, total);
	assert_int_equal(passed, total);
	assert_int_equal(total, TESTS);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_suite) };
	FILE *file = open_suite();
	if (!file)
		return SKIPPED;
	fclose(file);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
