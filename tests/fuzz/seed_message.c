/* SPDX-License-Identifier: BSD-2-Clause */
/* seed_message.c - writes scenarios as inputs of fuzz_message, to start its corpus again when scenarios or the format have changed.
 *
 * usage: seed_message FOLDER SCENARIO...
 */
#include "config.h"

#include "scenario.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put_lines(FILE *out, char kind, const char *text)
{
	while (*text) {
		int n = (int)strcspn(text, "\n");
		fprintf(out, "%c%.*s\n", kind, n, text);
		text += n + (text[n] == '\n');
	}
}

static void write_seed(const char *folder, const char *file, int config)
{
	struct as_arena *arena = as_arena_new();
	struct as_scenario s;
	as_scenario_read(arena, file, &s);
	const char *base = strrchr(file, '/') ? strrchr(file, '/') + 1 : file;
	FILE *out = fopen(as_printf(arena, "%s/%.*s", folder, (int)strcspn(base, "."), base), "wb");
	if (!out) {
		perror(folder);
		exit(EXIT_FAILURE);
	}
	fprintf(out, "c%d\n", config);
	put_lines(out, 'z', s.zone);
	fprintf(out, "C%s\n", s.client);
	if (s.helo)
		fprintf(out, "H%s\n", s.helo);
	fprintf(out, "%c%s\n", s.is_authenticated ? 'A' : 'M', s.from);
	for (size_t i = 0; i < s.recipient_count; i++)
		fprintf(out, "R%s\n", s.recipients[i]);
	fputc('m', out);
	fwrite(s.message, 1, s.message_size, out);
	fclose(out);
	as_arena_free(arena);
}

int main(int argc, char **argv)
{
	for (int i = 2; i < argc; i++)
		write_seed(argv[1], argv[i], i % 10);
	return argc > 2 ? EXIT_SUCCESS : EXIT_FAILURE;
}
