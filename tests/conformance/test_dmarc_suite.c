/* SPDX-License-Identifier: BSD-2-Clause */
/* test_dmarc_suite.c - runs the DMARC cases of tests/conformance/dmarc over fake zones.
 *
 * A file holds lines of a keyword and its text; "#" starts a comment line. `case` begins a case, `source` holds for the cases below it:
 *   source TEXT                what the cases stand on
 *   case NAME                  with the ids of the checklist it shows (DM-26)
 *   record NAME TEXT           a TXT record at _dmarc.NAME
 *   zone LINE                  a line for the fake DNS (lib/dns_fake.h)
 *   discovery list             by public suffix list (suffixes.dat) instead of the walk
 *   from DOMAIN                the author domain
 *   spf CODE DOMAIN            at most one
 *   dkim CODE DOMAIN           one for each signature
 *   expect CODE [POLICY TAG DOMAIN]   the result; policy after t=, the tag it came from, where the record is
 *   published POLICY           policy before t=, when it is another
 *   reason TEXT                exact; without it errors have some reason, and the other results none
 *   organization NAME          of the author domain; "-" when it is unknown
 *   aligned [spf] [dkim] | aligned -
 *   dkim-domain NAME           of the aligned signature
 *   dnssec STATE NAME          the weakest lookup
 *   queries NUMBER             how many questions went out, without an early start
 *   asked NAME TYPE | unasked NAME TYPE   likewise
 *   elsewhere IDS: WHERE       ids of the checklist that other tests show
 * Every case runs with and without an early start. Every id from DM-1 to DM-66 must be in a case or an `elsewhere`.
 */
#include "config.h"

#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dmarc_check.h"
#include "dns_fake.h"
#include "domain.h"
#include "str.h"

#define FOLDER AS_TEST_SRCDIR "/conformance/dmarc/"

enum { IDS = 66, LINES_MAX = 60, LINE_MAX_BYTES = 4096, WORDS_MAX = 6 };

static const struct as_dns_options dns_options = { .max_ttl_s = 3600 };
static const struct as_dns_limits dns_limits = { .budget = 100, .timeout_ms = 20000 };

struct line {
	const char *keyword;
	const char *text;
};

struct test {
	const char *file;
	const char *name;
	const char *source;
	size_t count;
	struct line lines[LINES_MAX];
};

struct suite {
	struct as_arena *arena;
	struct as_psl *psl;
	unsigned cases;
	unsigned failures;
	bool seen[IDS + 1];
};

/* One evaluation of a case. */
struct run {
	struct suite *suite;
	const struct test *test;
	struct as_arena *arena;
	struct as_dns_fake *fake;
	struct as_dmarc_outcome outcome;
	bool starts_early;
	bool failed;
};

static void complain(struct run *run, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void complain(struct run *run, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	printf("FAIL %s: %s (%s): %s\n", run->test->file, run->test->name, run->test->source, as_vprintf(run->arena, format, args));
	va_end(args);
	run->failed = true;
}

/* Splits at blanks; the last word takes the rest. */
static size_t split(struct as_arena *arena, const char *text, size_t most, const char *words[WORDS_MAX])
{
	size_t count = 0;
	while (*text && count < most) {
		size_t n = count + 1 == most ? strlen(text) : strcspn(text, " ");
		words[count++] = as_strndup(arena, text, n);
		text += n;
		text += strspn(text, " ");
	}
	for (size_t i = count; i < WORDS_MAX; i++)
		words[i] = "-";
	return count;
}

static const char *or_dash(const char *text)
{
	return text ? text : "-";
}

static enum as_code code_of(struct run *run, const char *name)
{
	for (int code = 0; code < AS_CODES; code++)
		if (strcmp(as_code_name((enum as_code)code), name) == 0)
			return (enum as_code)code;
	complain(run, "no such code: %s", name);
	return AS_NONE;
}

static void expect_text(struct run *run, const char *what, const char *got, const char *expected)
{
	if (strcmp(or_dash(got), expected) != 0)
		complain(run, "%s is %s, not %s", what, or_dash(got), expected);
}

static void expect_queries(struct run *run, const char *text, bool wanted)
{
	if (run->starts_early)
		return;
	const char *words[WORDS_MAX];
	split(run->arena, text, 2, words);
	enum as_dns_type type = as_dns_type_code(words[1], strlen(words[1]));
	unsigned queries = as_dns_fake_queries(run->fake, words[0], type);
	if (!type || (queries > 0) != wanted)
		complain(run, "%s was asked %u times", text, queries);
}

/* --- keywords that build the request --------------------------------------------------------------------------------- */

static void load_zone(struct run *run, const char *text)
{
	const char *detail = NULL;
	if (as_dns_fake_load(run->fake, run->arena, text, strlen(text), &detail))
		complain(run, "zone: %s: %s", text, detail);
}

static void load_record(struct run *run, const char *text)
{
	const char *words[WORDS_MAX];
	split(run->arena, text, 2, words);
	as_dns_fake_txt(run->fake, as_printf(run->arena, "_dmarc.%s", words[0]), words[1], strlen(words[1]));
}

static void build(struct run *run, struct as_dmarc_request *request)
{
	struct as_spf_outcome *spf = as_alloc(run->arena, sizeof *spf);
	struct as_dkim_outcome *dkim = as_alloc(run->arena, sizeof *dkim);
	struct as_dkim_signature *signatures = as_alloc_array(run->arena, LINES_MAX, sizeof *signatures);
	dkim->signatures = signatures;
	request->dkim = dkim;
	for (size_t i = 0; i < run->test->count; i++) {
		const struct line *line = &run->test->lines[i];
		const char *words[WORDS_MAX];
		split(run->arena, line->text, 2, words);
		if (strcmp(line->keyword, "record") == 0) {
			load_record(run, line->text);
		} else if (strcmp(line->keyword, "zone") == 0) {
			load_zone(run, line->text);
		} else if (strcmp(line->keyword, "from") == 0) {
			if (as_domain_normal(run->arena, line->text, strlen(line->text), &request->author_domain))
				complain(run, "not a domain: %s", line->text);
		} else if (strcmp(line->keyword, "discovery") == 0) {
			request->discovery = AS_DISCOVERY_PSL;
			request->psl = run->suite->psl;
		} else if (strcmp(line->keyword, "spf") == 0) {
			spf->code = code_of(run, words[0]);
			spf->domain = words[1];
			request->spf = spf;
		} else if (strcmp(line->keyword, "dkim") == 0) {
			signatures[dkim->count].code = code_of(run, words[0]);
			signatures[dkim->count++].domain = words[1];
		}
	}
}

/* --- keywords that judge the outcome ----------------------------------------------------------------------------------- */

static void judge_expect(struct run *run, const char *text)
{
	const struct as_dmarc_outcome *out = &run->outcome;
	const char *words[WORDS_MAX];
	size_t count = split(run->arena, text, 4, words);
	if (count != 1 && count != 4)
		complain(run, "expect has %zu words", count);
	const char *got = !out->record ? as_code_name(out->code)
				       : as_printf(run->arena, "%s %s %s %s", as_code_name(out->code), as_dmarc_policy_name(out->policy),
						   or_dash(out->source), or_dash(out->policy_domain));
	expect_text(run, "result", got, text);
	if (!out->record && (out->policy_domain || out->source || out->policy || out->published))
		complain(run, "policy without a record");
}

static void judge_published(struct run *run, const char *text)
{
	expect_text(run, "published policy", as_dmarc_policy_name(run->outcome.published), text);
}

static void judge_reason(struct run *run, const char *text)
{
	expect_text(run, "reason", run->outcome.reason, text);
}

static void judge_organization(struct run *run, const char *text)
{
	expect_text(run, "organization", run->outcome.organization, text);
}

static void judge_aligned(struct run *run, const char *text)
{
	const struct as_dmarc_outcome *out = &run->outcome;
	const char *got = out->spf_aligned ? (out->dkim_aligned ? "spf dkim" : "spf") : out->dkim_aligned ? "dkim" : "-";
	expect_text(run, "aligned", got, text);
}

static void judge_dkim_domain(struct run *run, const char *text)
{
	expect_text(run, "dkim-domain", run->outcome.dkim_domain, text);
}

static void judge_dnssec(struct run *run, const char *text)
{
	const struct as_dmarc_outcome *out = &run->outcome;
	expect_text(run, "dnssec", as_printf(run->arena, "%s %s", as_dnssec_name(out->dnssec), or_dash(out->weakest)), text);
}

static void judge_queries(struct run *run, const char *text)
{
	if (run->starts_early)
		return;
	expect_text(run, "number of queries", as_printf(run->arena, "%u", as_dns_fake_queries(run->fake, NULL, 0)), text);
}

static void judge_asked(struct run *run, const char *text)
{
	expect_queries(run, text, true);
}

static void judge_unasked(struct run *run, const char *text)
{
	expect_queries(run, text, false);
}

static const struct {
	const char *keyword;
	void (*judge)(struct run *run, const char *text); /* NULL: build() uses it */
} keywords[] = {
	{ "record", NULL },		      { "zone", NULL },
	{ "from", NULL },		      { "discovery", NULL },
	{ "spf", NULL },		      { "dkim", NULL },
	{ "expect", judge_expect },	      { "published", judge_published },
	{ "reason", judge_reason },	      { "organization", judge_organization },
	{ "aligned", judge_aligned },	      { "dkim-domain", judge_dkim_domain },
	{ "dnssec", judge_dnssec },	      { "queries", judge_queries },
	{ "asked", judge_asked },	      { "unasked", judge_unasked },
};

static bool has_line(const struct test *test, const char *keyword)
{
	for (size_t i = 0; i < test->count; i++)
		if (strcmp(test->lines[i].keyword, keyword) == 0)
			return true;
	return false;
}

static void judge_line(struct run *run, const struct line *line)
{
	for (size_t k = 0; k < sizeof keywords / sizeof *keywords; k++) {
		if (strcmp(line->keyword, keywords[k].keyword) != 0)
			continue;
		if (keywords[k].judge)
			keywords[k].judge(run, line->text);
		return;
	}
	complain(run, "unknown keyword: %s", line->keyword);
}

static void judge_run(struct run *run)
{
	const struct as_dmarc_outcome *out = &run->outcome;
	for (size_t i = 0; i < run->test->count; i++)
		judge_line(run, &run->test->lines[i]);
	bool is_error = out->code == AS_TEMPERROR || out->code == AS_PERMERROR;
	if (!has_line(run->test, "reason") && (out->reason != NULL) != is_error)
		complain(run, "reason is %s", or_dash(out->reason));
	if (!has_line(run->test, "published") && out->published != out->policy)
		complain(run, "published policy is %s", as_dmarc_policy_name(out->published));
	if (!has_line(run->test, "expect"))
		complain(run, "no expect");
}

static bool run_once(struct suite *suite, const struct test *test, bool starts_early)
{
	struct run run = { .suite = suite, .test = test, .starts_early = starts_early };
	run.arena = as_arena_new();
	run.fake = as_dns_fake_new(0);
	struct as_dmarc_request request = { .author_domain = NULL };
	build(&run, &request);
	struct as_dns *dns = as_dns_new(as_dns_fake_backend(run.fake), &dns_options, as_dns_fake_clock(run.fake));
	struct as_dns_set *set = as_dns_set_new(dns, &dns_limits);
	if (starts_early && request.author_domain)
		as_dmarc_start(set, request.author_domain);
	as_dmarc_check(run.arena, set, &request, &run.outcome);
	judge_run(&run);
	as_dns_set_free(set);
	as_dns_unref(dns);
	as_dns_fake_free(run.fake);
	as_arena_free(run.arena);
	return !run.failed;
}

/* --- files ------------------------------------------------------------------------------------------------------------- */

static void note_ids(struct suite *suite, const char *text)
{
	for (const char *at = text; (at = strstr(at, "DM-")); at += 3) {
		long id = strtol(at + 3, NULL, 10);
		if (id > 0 && id <= IDS)
			suite->seen[id] = true;
	}
}

static void finish(struct suite *suite, struct test *test)
{
	if (!test->name)
		return;
	note_ids(suite, test->name);
	suite->cases++;
	if (!run_once(suite, test, false) || !run_once(suite, test, true))
		suite->failures++;
	test->name = NULL;
	test->count = 0;
}

static void take_line(struct suite *suite, struct test *test, const char *line)
{
	const char *words[WORDS_MAX];
	split(suite->arena, line, 2, words);
	if (*line == '\0' || *line == '#')
		return;
	if (strcmp(words[0], "source") == 0) {
		finish(suite, test);
		test->source = words[1];
	} else if (strcmp(words[0], "case") == 0) {
		finish(suite, test);
		test->name = words[1];
	} else if (strcmp(words[0], "elsewhere") == 0) {
		note_ids(suite, words[1]);
	} else if (!test->name || test->count == LINES_MAX) {
		printf("FAIL %s: misplaced line: %s\n", test->file, line);
		suite->failures++;
	} else {
		test->lines[test->count++] = (struct line){ words[0], words[1] };
	}
}

static void run_file(struct suite *suite, const char *name)
{
	FILE *file = fopen(as_printf(suite->arena, FOLDER "%s", name), "r");
	if (!file) {
		perror(name);
		suite->failures++;
		return;
	}
	struct test test = { .file = as_strdup(suite->arena, name), .source = "-" };
	char line[LINE_MAX_BYTES];
	while (fgets(line, sizeof line, file)) {
		line[strcspn(line, "\n")] = '\0';
		take_line(suite, &test, line);
	}
	finish(suite, &test);
	fclose(file);
}

static int is_data(const struct dirent *entry)
{
	size_t n = strlen(entry->d_name);
	return n > 4 && strcmp(entry->d_name + n - 4, ".txt") == 0;
}

int main(void)
{
	struct suite suite = { .arena = as_arena_new() };
	const char *detail = NULL;
	suite.psl = as_psl_load(suite.arena, FOLDER "suffixes.dat", &detail);
	struct dirent **entries;
	int files = scandir(FOLDER, &entries, is_data, alphasort);
	if (!suite.psl || files <= 0) {
		printf("FAIL %s: %s\n", FOLDER, detail ? detail : "no cases");
		return EXIT_FAILURE;
	}
	for (int i = 0; i < files; i++) {
		run_file(&suite, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	for (int id = 1; id <= IDS; id++) {
		if (!suite.seen[id]) {
			printf("FAIL no case for DM-%d\n", id);
			suite.failures++;
		}
	}
	printf("%u cases, %u failures\n", suite.cases, suite.failures);
	as_psl_free(suite.psl);
	as_arena_free(suite.arena);
	return suite.failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
