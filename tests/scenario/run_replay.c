/* SPDX-License-Identifier: BSD-2-Clause */
/* run_replay.c - every scenario file captured and judged again from its capture alone: the same report, but for the milliseconds.
 *
 * usage: run_replay [-w FOLDER] [FILE...]      -w writes the captures into FOLDER
 */
#include "config.h"

#include "capture.h"
#include "scenario.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Virtual time passes in the world of a scenario and none in a replay. */
static const char *without_ms(struct as_arena *arena, const char *report)
{
	struct as_buf out = as_buf_new(arena);
	while (*report) {
		bool is_ms = strncmp(report, " ms=", 4) == 0;
		as_buf_add(&out, report, is_ms ? 4 : 1);
		report += is_ms ? 4 : 1;
		while (is_ms && as_is_digit(*report))
			report++;
	}
	return out.text;
}

static const char *replay(struct as_arena *arena, const struct as_scenario *s, const char *bytes, size_t n)
{
	struct as_capture capture;
	const struct as_settings *settings;
	const char *detail = NULL;
	char *trouble = NULL;
	if (as_capture_read(arena, bytes, n, &capture, &detail))
		return as_printf(arena, "damaged: %s\n", detail);
	if (as_settings_parse_with_shadow(arena, s->file, s->config, s->shadow, &settings, &detail))
		return detail;
	struct as_replay *r = as_replay_new(settings, &capture, NULL, &trouble);
	if (!r)
		return "no replay\n";
	const char *missing = as_replay_missing(r);
	const char *report = as_scenario_describe(arena, &r->verdict);
	report = missing ? as_printf(arena, "%smissing: %s\n", report, missing) : report;
	as_replay_free(r);
	return report;
}

static void write_capture(struct as_arena *arena, const char *folder, const char *scenario, const char *bytes, size_t n)
{
	const char *slash = strrchr(scenario, '/');
	FILE *out = fopen(as_printf(arena, "%s/%s.capture", folder, slash ? slash + 1 : scenario), "wb");
	if (!out)
		return;
	fwrite(bytes, 1, n, out);
	fclose(out);
}

static bool run(const char *file, const char *folder)
{
	struct as_arena *arena = as_arena_new();
	struct as_scenario scenario;
	size_t n = 0;
	char *report;
	as_scenario_read(arena, file, &scenario);
	const char *bytes = as_scenario_capture(arena, &scenario, &n, &report);
	const char *wanted = without_ms(arena, report);
	const char *got = bytes ? without_ms(arena, replay(arena, &scenario, bytes, n)) : "no capture\n";
	bool is_right = strcmp(got, wanted) == 0;
	printf("%s %s\n", is_right ? "ok    " : "FAILED", scenario.name);
	if (!is_right)
		printf("--- %s was\n%s--- replayed\n%s---\n", file, wanted, got);
	if (folder && bytes)
		write_capture(arena, folder, file, bytes, n);
	as_arena_free(arena);
	return is_right;
}

int main(int argc, char **argv)
{
	bool writes = argc > 2 && strcmp(argv[1], "-w") == 0;
	const char *folder = writes ? argv[2] : NULL;
	struct as_arena *arena = as_arena_new();
	const char **files = as_scenario_files(arena, AS_TEST_SRCDIR "/scenario/cases");
	unsigned passed = 0, failed = 0;
	as_spf_global_init();
	if (argc > 1 + 2 * writes)
		files = (const char **)argv + 1 + 2 * writes;
	for (; *files; files++)
		*(run(*files, folder) ? &passed : &failed) += 1;
	printf("%u passed, %u failed\n", passed, failed);
	as_arena_free(arena);
	return failed || !passed ? EXIT_FAILURE : EXIT_SUCCESS;
}
