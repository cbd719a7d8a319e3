/* SPDX-License-Identifier: BSD-2-Clause */
/* test_translation.c - translated replies: what a file may say, who gets which, and what the decision makes of it. */
#include "config.h"

#include "translation.h"

#include "policy.h"
#include "str.h"

#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Rules "mine" and "watch". detail NULL: the file is good; "there are " goes on with what there is. */
static const struct { const char *file; int line; const char *detail; } files[] = {
	{ "", 0, NULL },
	{ "# nothing\n\n  # more: of it\n", 0, NULL },
	{ "dmarc-reject: Refuse\n", 0, NULL },
	{ "  dmarc-reject  :  Refuse : %{policy-domain}  \r\n\tmine:non 100%%", 0, NULL },
	{ "watch: the rule may refuse one day\n", 0, NULL },
	{ "\n\ndmarc-rejct: no", 3, "there is no row or rule \"dmarc-rejct\"; did you mean \"dmarc-reject\"? there are " },
	{ "zzzzzzzzzzzz: no", 1, "there is no row or rule \"zzzzzzzzzzzz\"; there are " },
	{ "a\x1b[2J\xff: no", 1, "there is no row or rule \"a\\x1b[2J\\xff\"; there are " },
	{ ": no", 1, "there is no row or rule \"\"; there are " },
	{ "default: no", 1, "default refuses no message; a text for it would never be used" },
	{ "trusted-arc: no", 1, "trusted-arc refuses no message; a text for it would never be used" },
	{ "mine: a\n#\nmine: b\n", 3, "mine is given twice; first in line 1" },
	{ "mine:\n", 1, "mine: a text must follow, such as \"mine: Message refused\"" },
	{ "mine: 5.7.1 no", 1, "mine: no code may stand before the text; it is that of the reply in the configuration" },
	{ "mine: 5.7.1", 1, "mine: no code may stand before the text; it is that of the reply in the configuration" },
	{ "spf-fail: refus\xc3\xa9", 1, "spf-fail: only printable ASCII in one line can stand in a reply" },
	{ "\xef\xbb\xbfspf-fail: no", 1, "there is no row or rule \"\\xef\\xbb\\xbfspf-fail\"; did you mean \"spf-fail\"? there are " },
	{ "spf-fail: a\tb", 1, "spf-fail: only printable ASCII in one line can stand in a reply" },
	{ "spf-fail no", 1, "\"spf-fail no\" is no text; write NAME: TEXT, for example \"dmarc-reject: Message refused\"" },
};

static bool says(const char *detail, const char *expected)
{
	static const char list[] = "there are ", end[] = ", mine, watch";
	size_t n = strlen(expected), have = strlen(detail);
	if (n < sizeof list || strcmp(expected + n - strlen(list), list) != 0)
		return strcmp(detail, expected) == 0;
	return strncmp(detail, expected, n) == 0 && strstr(detail + n, ", dmarc-reject, ") && !strstr(detail + n, "default") &&
	       strcmp(detail + have - strlen(end), end) == 0;
}

static const struct as_settings *parse(struct as_arena *arena, const char *text)
{
	const struct as_settings *settings = NULL;
	const char *detail = NULL;
	if (as_settings_parse(arena, "t", text, &settings, &detail) != AS_OK)
		fail_msg("%s: %s", text, detail);
	return settings;
}

static const char rules_text[] = "rule mine { from-domain = {bank.example} action = reject reply = '5.7.42 Not from there' }\n"
				 "rule watch { from-domain = {watch.example} action = report-only }\n";

static void test_files(void **state)
{
	(void)state;
	struct as_arena *arena = as_arena_new();
	const struct as_rules *rules = parse(arena, rules_text)->rules;
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		struct as_translation t = { .name = "fr" };
		const char *detail = NULL;
		int line = 0;
		enum as_err err = as_translation_parse(arena, &t, files[i].file, rules, &line, &detail);
		if ((err == AS_OK) != !files[i].detail || (detail && !says(detail, files[i].detail)) || (err && line != files[i].line))
			fail_msg("%s: line %d: %s", files[i].file, line, detail ? detail : "accepted");
	}
	as_arena_free(arena);
}

static void test_longest_text(void **state)
{
	(void)state;
	struct as_arena *arena = as_arena_new();
	for (int length = 399; length <= 401; length++) {
		struct as_translation t = { .name = "fr" };
		const char *detail = NULL;
		int line;
		enum as_err err = as_translation_parse(arena, &t, as_printf(arena, "spf-fail: %0*d", length, 0), NULL, &line, &detail);
		assert_int_equal(err == AS_OK, length <= 400);
		if (err)
			assert_string_equal(detail, "spf-fail: a reply has at most 400 characters");
	}
	as_arena_free(arena);
}

static void test_found(void **state)
{
	(void)state;
	struct as_arena *arena = as_arena_new();
	const struct as_rules *rules = parse(arena, rules_text)->rules;
	struct as_translation t = { .name = "fr" };
	const char *detail;
	int line;
	assert_int_equal(as_translation_parse(arena, &t, "spf-fail:a: b \r\nmine : non\n dkim-fail: c", rules, &line, &detail), AS_OK);
	assert_string_equal(as_translation_find(&t, "spf-fail"), "a: b");
	assert_string_equal(as_translation_find(&t, "mine"), "non");
	assert_string_equal(as_translation_find(&t, "dkim-fail"), "c");
	assert_null(as_translation_find(&t, "dmarc-reject"));
	assert_null(as_translation_find(NULL, "mine"));
	as_arena_free(arena);
}

/* --- with files ----------------------------------------------------------------------------------------------------------- */

struct folder {
	struct as_arena *arena;
	char path[64];
	const char *french, *german;
};

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");
	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static struct folder make_folder(const char *french, const char *german)
{
	struct folder f = { .arena = as_arena_new(), .path = "/tmp/assay-translation-XXXXXX" };
	assert_non_null(mkdtemp(f.path));
	f.french = as_printf(f.arena, "%s/french", f.path);
	f.german = as_printf(f.arena, "%s/german", f.path);
	write_file(f.french, french);
	write_file(f.german, german);
	return f;
}

static void remove_folder(struct folder *f)
{
	unlink(f->french);
	unlink(f->german);
	assert_int_equal(rmdir(f->path), 0);
	as_arena_free(f->arena);
}

static const char *config(const struct folder *f)
{
	return as_printf(f->arena,
			 "%stranslation french { recipient-domain = {.example.fr, example.fr, both.example} file = '%s' }\n"
			 "translation german { recipient-domain = {both.example, example.de} file = '%s' }\n"
			 "dmarc { reply-reject = '5.7.99 No' }\nspf { on-fail = tempfail }\nhelp-url = 'https://example.net/'\n",
			 rules_text, f->french, f->german);
}

enum { RECIPIENTS = 4 };

/* The author's domain decides: bank.example by the rule, others by DMARC; "" by SPF. */
static const struct {
	const char *name, *author;
	const char *domains[RECIPIENTS];
	const char *reply;
} replies[] = {
	{ "none", "example.com", { NULL }, "5.7.99 No; see https://example.net/" },
	{ "other", "example.com", { "example.net" }, "5.7.99 No; see https://example.net/" },
	{ "french", "example.com", { "example.fr" }, "5.7.99 Refus: example.com; see https://example.net/" },
	{ "below", "example.com", { "mail.example.fr" }, "5.7.99 Refus: example.com; see https://example.net/" },
	{ "not below", "example.com", { "xexample.fr" }, "5.7.99 No; see https://example.net/" },
	{ "all french", "example.com", { "example.fr", "a.example.fr", "both.example" }, "5.7.99 Refus: example.com; see https://example.net/" },
	{ "first of two", "example.com", { "both.example" }, "5.7.99 Refus: example.com; see https://example.net/" },
	{ "german", "example.com", { "example.de" }, "5.7.99 Nein; see https://example.net/" },
	{ "mixed", "example.com", { "example.fr", "example.de" }, "5.7.99 No; see https://example.net/" },
	{ "one without", "example.com", { "example.fr", "example.fr", "example.net" }, "5.7.99 No; see https://example.net/" },
	{ "first without", "example.com", { "example.net", "example.fr" }, "5.7.99 No; see https://example.net/" },
	{ "no domain", "example.com", { "" }, "5.7.99 No; see https://example.net/" },
	{ "rule", "bank.example", { "example.fr" }, "5.7.42 Pas de la; see https://example.net/" },
	{ "rule without", "bank.example", { "example.de" }, "5.7.42 Not from there; see https://example.net/" },
	{ "built-in code, class of the action", NULL, { "example.fr" }, "4.7.23 SPF de 192.0.2.7; see https://example.net/" },
};

static void test_replies(void **state)
{
	(void)state;
	struct folder f = make_folder("dmarc-reject: Refus: %{policy-domain}\nmine: Pas de la\nspf-fail: SPF de %{client}\n", "dmarc-reject: Nein\n");
	const struct as_settings *settings = parse(f.arena, config(&f));
	for (size_t i = 0; i < sizeof replies / sizeof *replies; i++) {
		const struct as_from from = { .status = AS_FROM_ONE, .domain = replies[i].author ? replies[i].author : "example.org" };
		const struct as_spf_outcome spf = { .code = AS_FAIL };
		const struct as_dmarc_outcome dmarc = { .code = AS_FAIL, .policy = AS_DMARC_REJECT, .published = AS_DMARC_REJECT,
			.author_domain = "example.com", .policy_domain = "example.com" };
		struct as_recipient recipients[RECIPIENTS] = { { .address = "" } };
		struct as_facts facts = { .client = { .family = 4, .bytes = { 192, 0, 2, 7 } }, .from = &from, .recipients = recipients,
			.spf = replies[i].author ? NULL : &spf, .dmarc = replies[i].author ? &dmarc : NULL };
		struct as_decision d;
		for (; facts.recipient_count < RECIPIENTS && replies[i].domains[facts.recipient_count]; facts.recipient_count++)
			recipients[facts.recipient_count].domain = replies[i].domains[facts.recipient_count];
		as_policy_decide(f.arena, settings, &facts, &d);
		const char *reply = as_printf(f.arena, "%s %s", d.enhanced, d.text);
		if (strcmp(reply, replies[i].reply) != 0)
			fail_msg("%s: %s", replies[i].name, reply);
	}
	remove_folder(&f);
}

/* The file, its line, and nothing of it is used; a whole folder is none. */
static void test_errors(void **state)
{
	(void)state;
	struct folder f = make_folder("dmarc-reject: ok\n", "# x\ndmarc-reject: 5.7.1 no\n");
	const struct as_settings *settings = NULL;
	const char *detail = NULL;
	assert_int_equal(as_settings_parse(f.arena, "t", config(&f), &settings, &detail), AS_ERR_SYNTAX);
	assert_string_equal(detail, as_printf(f.arena, "%s:2: dmarc-reject: no code may stand before the text; it is that of the reply in the "
						       "configuration", f.german));
	assert_null(settings);
	write_file(f.german, "");
	assert_int_equal(as_settings_parse(f.arena, "t", config(&f), &settings, &detail), AS_OK);
	const char *text = as_printf(f.arena, "\n\ntranslation x { recipient-domain = a.example file = '%s' }", f.path);
	assert_int_equal(as_settings_parse(f.arena, "t", text, &settings, &detail), AS_ERR_SYSTEM);
	assert_string_equal(detail, as_printf(f.arena, "t:3: translation \"x\": %s: Is a directory", f.path));
	char *large = as_alloc(f.arena, (1 << 20) + 2);
	memset(large, '\n', (1 << 20) + 1);
	write_file(f.german, large);
	assert_int_equal(as_settings_parse(f.arena, "t", config(&f), &settings, &detail), AS_ERR_SYSTEM);
	assert_string_equal(detail, as_printf(f.arena, "t:4: translation \"german\": %s: larger than 1048576 bytes", f.german));
	remove_folder(&f);
}

static void test_written(void **state)
{
	(void)state;
	struct folder f = make_folder("spf-fail: a\ndkim-fail: b\n", "");
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	as_translations_write(parse(f.arena, config(&f)), out);
	fclose(out);
	assert_string_equal(text, as_printf(f.arena,
					    "TRANSLATIONS, for messages of whose recipients every one has the same\n"
					    "french          %s, for .example.fr, both.example, example.fr\n"
					    "    dkim-fail                  b\n"
					    "    spf-fail                   a\n"
					    "german          %s, for both.example, example.de: no text\n",
					    f.french, f.german));
	free(text);
	remove_folder(&f);
}

/* The file that assay.conf(5) shows. */
static void test_manual(void **state)
{
	(void)state;
	static const char begin[] = ".Bd -literal -offset 6n\n";
	struct as_arena *arena = as_arena_new();
	struct as_buf text = as_buf_new(arena);
	FILE *in = fopen(AS_TEST_SRCDIR "/../man/assay.conf.5.tail", "re");
	assert_non_null(in);
	for (int c; (c = getc(in)) != EOF;)
		as_buf_putc(&text, (char)c);
	fclose(in);
	char *at = strstr(text.text, ".Ss Translations\n");
	at = at ? strstr(at, begin) : NULL;
	char *end = at ? strstr(at, ".Ed") : NULL;
	assert_non_null(end);
	*end = '\0';
	struct as_translation t = { .name = "french" };
	const char *detail = NULL;
	int line;
	if (as_translation_parse(arena, &t, at + strlen(begin), NULL, &line, &detail) != AS_OK)
		fail_msg("line %d: %s", line, detail);
	assert_int_equal(t.count, 2);
	as_arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files),   cmocka_unit_test(test_longest_text), cmocka_unit_test(test_found),
		cmocka_unit_test(test_replies), cmocka_unit_test(test_errors),       cmocka_unit_test(test_written),
		cmocka_unit_test(test_manual),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
