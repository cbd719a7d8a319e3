/* SPDX-License-Identifier: BSD-2-Clause */
/* run_shadow.c - every scenario file with shadow configurations beside its own: whatever they say, action, reply, header edits and
 * log are those without them, to the letter, and no query more is made. With its own configuration as the shadow nothing differs.
 */
#include "config.h"

#include "scenario.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* NULL: the scenario's own. */
static const char *const shadows[] = {
	NULL,
	"",
	"report-only = true skip-authenticated = false trusted-networks = {}",
	"spf { on-fail = \"reject\" on-softfail = \"reject\" on-temperror = \"tempfail\" on-permerror = \"reject\" explanation = true }\n"
	"dkim { on-fail = \"reject\" on-none = \"reject\" on-temperror = \"tempfail\" }\n"
	"dmarc { on-quarantine = \"reject\" on-none-fail = \"tag\" on-permerror = \"reject\" on-proven-list = \"reject\" }\n"
	"iprev { enable = true on-fail = \"reject\" on-permerror = \"reject\" on-temperror = \"tempfail\" }",
	"dmarc { on-reject = \"accept\" on-temperror = \"accept\" on-malformed-from = \"accept\" on-proven-list = \"accept\" }\n"
	"arc { trusted-sealers = {\"example.org\", \"forward.example\", \"lists.example.org\", \"old.example.net\"} }\n"
	"forwarders { networks = {\"0.0.0.0/1\", \"128.0.0.0/1\"} domains = {\".example\", \".org\"} } trusted-networks = {\"192.0.2.0/24\"}\n"
	"mixed-recipients = \"mildest\"",
	"arc { trusted-sealers = {\"forward.example\", \"lists.example.org\"} }\n"
	"rule \"a\" { header-present = {\"X-A\", \"List-Id\"} size = {\">1k\", \"<100\"} tls = \"none\" percent = 50 action = \"quarantine\" }\n"
	"rule \"b\" { list-id = {\".org\", \".example\"} action = \"accept\" }\n"
	"rule \"c\" { recipient = \"alice@example.net\" envelope-domain = \".com\" action = \"reject\" }\n"
	"rule \"d\" { recipient-domain = \".net\" client = {\"203.0.113.0/24\"} action = \"tempfail\" }\n"
	"rule \"e\" { dkim-domain = \".com\" arc-sealer = \".org\" dnssec = \"dkim:secure\" action = \"report-only\" }",
};
enum { SHADOWS = sizeof shadows / sizeof *shadows };

/* Takes "shadow=... shadow-rule=..." out; *count is how many. */
static const char *without_shadow(struct as_arena *arena, const char *report, unsigned *count)
{
	struct as_buf out = as_buf_new(arena);
	for (*count = 0; *report;) {
		bool is_shadow = strncmp(report, " shadow", 7) == 0 && (report[7] == '=' || report[7] == '-');
		size_t n = is_shadow ? 1 + strcspn(report + 1, " ") : 1;
		if (!is_shadow)
			as_buf_add(&out, report, n);
		*count += is_shadow && report[7] == '=';
		report += n;
	}
	return out.text;
}

static bool run(const char *file, unsigned *differing)
{
	struct as_arena *arena = as_arena_new();
	struct as_scenario scenario;
	unsigned queries, more, count;
	bool is_right = true;
	as_scenario_read(arena, file, &scenario);
	scenario.shadow = NULL;
	const char *wanted = as_scenario_report_counted(arena, &scenario, &queries);
	for (size_t i = 0; i < SHADOWS; i++) {
		scenario.shadow = shadows[i] ? shadows[i] : scenario.config;
		const char *report = as_scenario_report_counted(arena, &scenario, &more);
		const char *got = without_shadow(arena, report, &count);
		bool differs_from_itself = !shadows[i] && count;
		*differing += count;
		if (strcmp(got, wanted) == 0 && more == queries && !differs_from_itself)
			continue;
		printf("FAILED %s, shadow %zu: %u queries, %u without\n--- without\n%s--- with\n%s---\n", scenario.name, i, more, queries,
		       wanted, report);
		is_right = false;
	}
	as_arena_free(arena);
	return is_right;
}

int main(void)
{
	struct as_arena *arena = as_arena_new();
	const char **files = as_scenario_files(arena, AS_TEST_SRCDIR "/scenario/cases");
	unsigned passed = 0, failed = 0, differing = 0;
	as_spf_global_init();
	for (; *files; files++)
		*(run(*files, &differing) ? &passed : &failed) += 1;
	printf("%u passed, %u failed; %u shadows differed\n", passed, failed, differing);
	as_arena_free(arena);
	return failed || !passed || !differing ? EXIT_FAILURE : EXIT_SUCCESS;
}
