/* SPDX-License-Identifier: BSD-2-Clause */
/* authorof.c - the author's domain of From fields, one field a line in hexadecimal: "DOMAIN" or "- REASON". */
#include "config.h"

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

int main(void)
{
	static char line[LINE_MAX_BYTES], value[LINE_MAX_BYTES / 2];
	while (fgets(line, sizeof line, stdin)) {
		struct as_arena *arena = as_arena_new();
		struct as_from from;
		size_t n = strcspn(line, "\n") / 2;
		for (size_t i = 0; i < n; i++)
			value[i] = (char)(digit(line[2 * i]) * 16 + digit(line[2 * i + 1]));
		as_from_parse(arena, value, n, &from);
		printf("%s%s\n", from.domain ? from.domain : "- ", from.reason ? from.reason : "");
		as_arena_free(arena);
	}
	return EXIT_SUCCESS;
}
