/* SPDX-License-Identifier: BSD-2-Clause */
/* test_dmarc_walk.c - the names of a walk, its state, records kept with their answers, and the public suffix list. The rules of
 * RFC 9989 4.10.2 are in tests/conformance/dmarc. */
#include "config.h"

#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dmarc_walk.h"
#include "dns_world.h"
#include "str.h"

static struct as_dns_world open_world(const char *zone)
{
	return as_dns_world_open(zone, 0, 1 << 20, 100);
}

static void test_names(void **state)
{
	(void)state;
	static const struct {
		const char *domain;
		const char *expected;
	} cases[] = {
		{ "", "" },
		{ "com", "com" },
		{ "example.com", "example.com com" },
		{ "a.b.c.d.e.f.g", "a.b.c.d.e.f.g b.c.d.e.f.g c.d.e.f.g d.e.f.g e.f.g f.g g" },
		{ "a.b.c.d.e.f.g.h", "a.b.c.d.e.f.g.h b.c.d.e.f.g.h c.d.e.f.g.h d.e.f.g.h e.f.g.h f.g.h g.h h" },
		{ "a.b.c.d.e.f.g.h.i", "a.b.c.d.e.f.g.h.i c.d.e.f.g.h.i d.e.f.g.h.i e.f.g.h.i f.g.h.i g.h.i h.i i" },
		{ "a.b.c.d.e.f.g.h.i.j.mail.example.com",
		  "a.b.c.d.e.f.g.h.i.j.mail.example.com g.h.i.j.mail.example.com h.i.j.mail.example.com i.j.mail.example.com "
		  "j.mail.example.com mail.example.com example.com com" },
	};
	struct as_arena *arena = as_arena_new();
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *names[AS_WALK_MAX];
		size_t count = as_walk_names(cases[i].domain, names);
		struct as_buf buf = as_buf_new(arena);
		for (size_t k = 0; k < count; k++)
			as_buf_printf(&buf, "%s%s", k ? " " : "", names[k]);
		if (strcmp(buf.text, cases[i].expected) != 0)
			fail_msg("%s: got \"%s\"", cases[i].domain, buf.text);
	}
	as_arena_free(arena);
}

static void test_walk(void **state)
{
	(void)state;
	struct as_dns_world world = open_world("$SECURE example.com.\n"
					"_dmarc.mail.example.com. TXT \"v=DMARC1; p=none\"\n"
					"_dmarc.mail.example.com. TXT \"v=DMARC1; p=reject\"\n"
					"_dmarc.example.com. TXT \"v=DMARC1; p=reject\"\n");
	struct as_walk walk;
	as_walk_run(world.arena, world.set, "mail.example.com", &walk);
	assert_int_equal(walk.count, 3);
	assert_int_equal(walk.steps[0].records, 2);
	assert_null(walk.steps[0].record);
	assert_int_equal(walk.steps[0].dnssec, AS_DNSSEC_SECURE);
	assert_int_equal(walk.steps[1].records, 1);
	assert_int_equal(walk.steps[1].record->p, AS_DMARC_REJECT);
	assert_int_equal(walk.steps[2].records, 0);
	assert_string_equal(walk.organization, "example.com");
	assert_int_equal(walk.dnssec, AS_DNSSEC_INSECURE);
	assert_string_equal(walk.weakest, "_dmarc.com");
	assert_false(walk.failed);
	assert_ptr_equal(as_walk_last_record(&walk), &walk.steps[1]);
	as_dns_world_close(&world);
}

static void test_failure_ends_walk(void **state)
{
	(void)state;
	struct as_dns_world world = open_world("_dmarc.a.example.com. TXT \"v=DMARC1; p=reject\"\n$SERVFAIL _dmarc.example.com.\n");
	struct as_walk walk;
	as_walk_run(world.arena, world.set, "a.example.com", &walk);
	assert_int_equal(walk.count, 2);
	assert_true(walk.failed);
	assert_string_equal(walk.failed_name, "example.com");
	assert_string_equal(walk.steps[1].reason, "SERVFAIL");
	assert_null(walk.organization);
	as_dns_world_close(&world);
}

static void test_names_that_cannot_be_asked(void **state)
{
	(void)state;
	struct as_dns_world world = open_world("_dmarc.example.com. TXT \"v=DMARC1; p=reject\"\n");
	char domain[400];
	memset(domain, 'a', sizeof domain);
	for (size_t i = 50; i < sizeof domain; i += 50)
		domain[i] = '.';
	strncpy(domain + 240, ".example.com", sizeof domain - 240); /* 252 octets: legal, but not with "_dmarc." in front */
	struct as_walk walk;
	as_walk_run(world.arena, world.set, domain, &walk);
	assert_int_equal(walk.count, 7);
	assert_int_equal(walk.steps[0].records, 0);
	assert_false(walk.failed);
	assert_string_equal(walk.organization, "example.com");
	assert_int_equal(as_dns_fake_queries(world.fake, NULL, 0), 6);

	domain[252] = 'm';
	memset(domain + 253, 'm', 20);
	domain[273] = '\0';
	as_walk_run(world.arena, world.set, domain, &walk); /* longer than any name */
	assert_int_equal(walk.steps[0].dnssec, AS_DNSSEC_INDETERMINATE);
	assert_string_equal(walk.organization, domain);

	as_walk_run(world.arena, world.set, "", &walk);
	assert_int_equal(walk.count, 0);
	assert_null(walk.weakest);
	assert_int_equal(walk.dnssec, AS_DNSSEC_INDETERMINATE);
	as_dns_world_close(&world);
}

/* A hot domain is asked once and parsed once. */
static void test_records_stay_with_answers(void **state)
{
	(void)state;
	struct as_dns_world world = open_world("_dmarc.example.com. 3600 TXT \"v=DMARC1; p=reject\"\n");
	struct as_walk_step first, second;
	as_walk_ask(world.set, "example.com", &first);
	struct as_dns_set *other = as_dns_world_set(&world);
	as_walk_ask(other, "example.com", &second);
	assert_non_null(first.record);
	assert_ptr_equal(first.record, second.record);
	assert_int_equal(as_dns_fake_queries(world.fake, NULL, 0), 1);
	as_dns_set_free(other);
	as_dns_world_close(&world);
}

/* --- public suffix list ------------------------------------------------------------------------------------------------ */

static const char *const suffixes = AS_TEST_SRCDIR "/conformance/dmarc/suffixes.dat";

static void test_psl(void **state)
{
	(void)state;
	static const struct {
		const char *domain;
		const char *expected;
	} cases[] = {
		{ "example.com", "example.com" },
		{ "a.b.example.com", "example.com" },
		{ "com", "com" },
		{ "a.example.co.uk", "example.co.uk" },
		{ "co.uk", "co.uk" },
		{ "a.b.c.ck", "b.c.ck" },
		{ "a.www.ck", "www.ck" },
		{ "x.a.hosting.example", "a.hosting.example" },
		{ "a.b.unlisted", "b.unlisted" },
		{ "_x.a_b.example.com", "example.com" },
	};
	struct as_arena *arena = as_arena_new();
	const char *detail = NULL;
	struct as_psl *psl = as_psl_load(arena, suffixes, &detail);
	if (!psl)
		fail_msg("%s", detail);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *got = as_psl_organization(psl, cases[i].domain);
		if (strcmp(got, cases[i].expected) != 0)
			fail_msg("%s: got %s", cases[i].domain, got);
		assert_true(got >= cases[i].domain && got < cases[i].domain + strlen(cases[i].domain));
	}
	as_psl_free(psl);
	as_psl_free(NULL);
	as_arena_free(arena);
}

static void test_psl_builtin(void **state)
{
	(void)state;
	struct as_arena *arena = as_arena_new();
	const char *detail = NULL;
	struct as_psl *psl = as_psl_load(arena, "", &detail);
	if (psl)
		assert_string_equal(as_psl_organization(psl, "a.example.co.uk"), "example.co.uk");
	else
		assert_string_equal(detail, "libpsl has no built-in public suffix list");
	as_psl_free(psl);
	as_arena_free(arena);
}

static void test_psl_errors(void **state)
{
	(void)state;
	struct as_arena *arena = as_arena_new();
	const char *detail = NULL;
	assert_null(as_psl_load(arena, "/nonexistent/list", &detail));
	assert_string_equal(detail, "public suffix list /nonexistent/list: No such file or directory");
	assert_null(as_psl_load(arena, "/dev/null", &detail));
	assert_string_equal(detail, "public suffix list /dev/null: not a public suffix list");

	static const char path[] = "test_dmarc_walk.list";
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs("// nothing but words\n", file);
	assert_int_equal(fclose(file), 0);
	assert_null(as_psl_load(arena, path, &detail));
	assert_string_equal(detail, "public suffix list test_dmarc_walk.list: holds no public suffix");
	remove(path);
	as_arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_walk),
		cmocka_unit_test(test_failure_ends_walk),
		cmocka_unit_test(test_names_that_cannot_be_asked),
		cmocka_unit_test(test_records_stay_with_answers),
		cmocka_unit_test(test_psl),
		cmocka_unit_test(test_psl_builtin),
		cmocka_unit_test(test_psl_errors),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
