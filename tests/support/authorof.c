/* SPDX-License-Identifier: BSD-2-Clause */
/* authorof.c - the author's domain of From fields, one field a line in hexadecimal: "DOMAIN" or "- REASON". With an authserv-id as
 * argument, whom Authentication-Results are of: "ours" or "other". */
#include "config.h"

#include "authres.h"
#include "mailbox.h"
#include "str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_MAX_BYTES = 1 << 16 };

static int digit(char c)
{
	return as_is_digit(c) ? c - '0' : as_lower(c) - 'a' + 10;
}

static void tell_author(struct as_arena *arena, const char *value, size_t n)
{
	struct as_from from;
	as_from_parse(arena, value, n, &from);
	printf("%s%s\n", from.domain ? from.domain : "- ", from.reason ? from.reason : "");
}

int main(int argc, char **argv)
{
	static char line[LINE_MAX_BYTES], value[LINE_MAX_BYTES / 2];
	while (fgets(line, sizeof line, stdin)) {
		struct as_arena *arena = as_arena_new();
		size_t n = strcspn(line, "\n") / 2;
		for (size_t i = 0; i < n; i++)
			value[i] = (char)(digit(line[2 * i]) * 16 + digit(line[2 * i + 1]));
		if (argc > 1)
			puts(as_authres_claims(arena, value, n, argv[1]) ? "ours" : "other");
		else
			tell_author(arena, value, n);
		as_arena_free(arena);
	}
	return EXIT_SUCCESS;
}
