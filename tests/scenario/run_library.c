/* SPDX-License-Identifier: BSD-2-Clause */
/* run_library.c - every scenario file over the library; its report must be the expected text to the letter.
 *
 * usage: run_library [-p] [FILE...]      -p prints the reports instead of comparing
 */
#include "config.h"

#include "scenario.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool run(const char *file, bool prints)
{
	struct as_arena *arena = as_arena_new();
	struct as_scenario scenario;
	as_scenario_read(arena, file, &scenario);
	const char *report = as_scenario_report(arena, &scenario);
	bool is_right = strcmp(report, scenario.expect) == 0;
	if (prints)
		printf("# %s\n%s", file, report);
	else
		printf("%s %s\n", is_right ? "ok    " : "FAILED", scenario.name);
	if (!prints && !is_right)
		printf("--- %s expects\n%s--- got\n%s---\n", file, scenario.expect, report);
	as_arena_free(arena);
	return is_right || prints;
}

int main(int argc, char **argv)
{
	bool prints = argc > 1 && strcmp(argv[1], "-p") == 0;
	struct as_arena *arena = as_arena_new();
	const char **files = as_scenario_files(arena, AS_TEST_SRCDIR "/scenario/cases");
	unsigned passed = 0, failed = 0;
	as_spf_global_init();
	if (argc > 1 + prints)
		files = (const char **)argv + 1 + prints;
	for (; *files; files++)
		*(run(*files, prints) ? &passed : &failed) += 1;
	if (!prints)
		printf("%u passed, %u failed\n", passed, failed);
	as_arena_free(arena);
	return failed || !passed ? EXIT_FAILURE : EXIT_SUCCESS;
}
