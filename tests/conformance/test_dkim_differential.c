/* SPDX-License-Identifier: BSD-2-Clause */
/* test_dkim_differential.c - random messages, as they were signed and with one octet changed, verified by the library and by the reference.
 *
 * Usage: test_dkim_differential [MESSAGES [SEED [FIRST]]]. Message n of a seed is always the same message: a failure prints the three
 * numbers that show it again.
 */
#include "config.h"

#include "test.h"

#include "dkim_mail.h"
#include "dkim_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MESSAGES = 2000, SEED = 6376, CHANGES = 4, FAILURES_MAX = 10 };

struct run {
	uint64_t seed;
	unsigned long number;
	unsigned failures;
	struct as_dkim_lib *lib;
	struct mail_keys keys;
	unsigned long seen[2][AS_CODES]; /* as signed; changed */
};

static const char *shown(struct as_arena *arena, unsigned codes)
{
	struct as_buf out = as_buf_new(arena);
	for (unsigned i = 0; i < AS_CODES; i++)
		if (codes & 1U << i)
			as_buf_printf(&out, " %s", as_code_name((enum as_code)i));
	return out.text;
}

static void report(struct run *run, const struct mail *mail, const char *text, int change)
{
	run->failures++;
	fprintf(stderr, "%s\n", text); /* cmocka would cut it */
	for (size_t i = 0; i < mail->record_count; i++)
		fprintf(stderr, "%s TXT \"%s\"\n", mail->records[i].name,
			as_escape(mail->arena, mail->records[i].text, mail->records[i].length, 10000));
	for (size_t at = 0; at < mail->text.length;) {
		const char *lf = memchr(mail->text.text + at, '\n', mail->text.length - at);
		size_t n = lf ? (size_t)(lf + 1 - mail->text.text) - at : mail->text.length - at;
		fprintf(stderr, "%s\n", as_escape(mail->arena, mail->text.text + at, n, 10000));
		at += n;
	}
	fprintf(stderr, "(1 %llu %lu), change %d\n\n", (unsigned long long)run->seed, run->number, change);
}

/* change 0: as it was signed. */
static void compare(struct run *run, struct mail *mail, int change)
{
	struct as_dkim_world *world = as_dkim_world_new(run->lib);
	world->author = NULL;
	world->piece = mail_below(mail, 3) ? 0 : 1 + mail_below(mail, 20);
	world->options.accepts_length = mail_below(mail, 2);
	struct dkim_reference_world same = { mail->records, mail->record_count, world->options.accepts_length, AS_DKIM_NOW, 300 };
	for (size_t i = 0; i < mail->record_count; i++)
		as_dns_fake_txt(world->fake, mail->records[i].name, mail->records[i].text, mail->records[i].length);
	struct as_dkim_outcome got = as_dkim_world_verify(world, mail->text.text, mail->text.length);
	for (size_t i = 0; i <= got.count; i++) {
		unsigned want = dkim_reference_check(mail->arena, &same, mail->text.text, mail->text.length, i);
		unsigned is = i < got.count ? 1U << got.signatures[i].code : 0;
		if (i < got.count)
			run->seen[change > 0][got.signatures[i].code]++;
		if (is == want || (is & want))
			continue;
		report(run, mail, as_printf(mail->arena, "signature %zu: library%s (%s), reference%s", i, shown(mail->arena, is),
			i < got.count && got.signatures[i].reason ? got.signatures[i].reason : "-", shown(mail->arena, want)), change);
	}
	as_dkim_world_free(world);
}

static void run_message(struct run *run)
{
	struct mail mail = { .arena = as_arena_new(), .keys = &run->keys, .random = run->seed << 32 ^ run->number };
	mail_make(&mail);
	compare(run, &mail, 0);
	for (int i = 1; i <= CHANGES; i++) {
		struct mail changed = mail;
		mail.random++;
		mail_damage(&changed);
		compare(run, &changed, i);
	}
	as_arena_free(mail.arena);
}

static unsigned long messages = MESSAGES;
static struct run all = { .seed = SEED };

static void test_differential(void **state)
{
	(void)state;
	static const enum as_code ends[] = { AS_PASS, AS_FAIL, AS_NEUTRAL, AS_POLICY, AS_PERMERROR };
	unsigned long first = all.number;
	struct as_arena *arena = as_arena_new();
	mail_keys_new(arena, &all.keys);
	all.lib = as_dkim_lib_new();
	for (; all.number < first + messages && all.failures < FAILURES_MAX; all.number++)
		run_message(&all);
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		print_message("%s %lu, changed %lu\n", as_code_name(ends[i]), all.seen[0][ends[i]], all.seen[1][ends[i]]);
		if (messages >= MESSAGES) /* the mail still reaches every end, with both */
			assert_true(all.seen[0][ends[i]] > messages / 100 && all.seen[1][ends[i]] > messages / 100);
	}
	as_dkim_lib_free(all.lib);
	mail_keys_free(&all.keys);
	as_arena_free(arena);
	assert_int_equal(all.failures, 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_differential) };
	if (argc > 1)
		messages = strtoul(argv[1], NULL, 10);
	if (argc > 2)
		all.seed = strtoull(argv[2], NULL, 10);
	if (argc > 3)
		all.number = strtoul(argv[3], NULL, 10);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
