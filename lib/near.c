/* SPDX-License-Identifier: BSD-2-Clause */
/* near.c - edit distance, with lengths capped: an estimate is all that is wanted. */
#include "config.h"

#include "near.h"

#include "str.h"

#include <string.h>

static size_t distance(const char *a, const char *b)
{
	enum { MOST = 40 };
	size_t row[MOST + 1];
	size_t na = strnlen(a, MOST), nb = strnlen(b, MOST);
	for (size_t j = 0; j <= nb; j++)
		row[j] = j;
	for (size_t i = 1; i <= na; i++) {
		size_t corner = row[0];
		row[0] = i;
		for (size_t j = 1; j <= nb; j++) {
			size_t change = corner + (as_lower(a[i - 1]) != as_lower(b[j - 1]));
			size_t least = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;
			corner = row[j];
			row[j] = change < least ? change : least;
		}
	}
	return row[nb];
}

struct as_near as_near_new(const char *given)
{
	return (struct as_near){ .given = given, .distance = strlen(given) / 2 + 1 };
}

void as_near_try(struct as_near *near, const char *word)
{
	size_t d = distance(word, near->given);
	if (d >= near->distance)
		return;
	near->best = word;
	near->distance = d;
}

const char *as_near_question(struct as_arena *arena, const struct as_near *near, const char *otherwise)
{
	return near->best ? as_printf(arena, "did you mean \"%s\"?", near->best) : otherwise;
}
