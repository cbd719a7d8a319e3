/* SPDX-License-Identifier: BSD-2-Clause */
/* near.h - the word that somebody may have meant, for messages about words that are not known. Pure. */
#ifndef AS_NEAR_H
#define AS_NEAR_H

#include "arena.h"

#include <stddef.h>

struct as_near {
	const char *given;
	const char *best; /* of those tried; NULL: none is near */
	size_t distance;
};

/* Both texts are borrowed. */
struct as_near as_near_new(const char *given);
void as_near_try(struct as_near *near, const char *word);

/* "did you mean \"best\"?", or `otherwise`. */
const char *as_near_question(struct as_arena *arena, const struct as_near *near, const char *otherwise);

#endif
