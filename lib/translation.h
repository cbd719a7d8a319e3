/* SPDX-License-Identifier: BSD-2-Clause */
/* translation.h - reply texts in another language for recipients of certain domains: a file with texts for rows and rules.
 *
 *   # a comment
 *   dmarc-reject: Selon la politique DMARC de %{policy-domain}, ce message est refuse
 *
 * Read with the configuration, never changed; in its memory.
 */
#ifndef AS_TRANSLATION_H
#define AS_TRANSLATION_H

#include "arena.h"
#include "err.h"
#include "rule.h"
#include "settings.h"

#include <stddef.h>
#include <stdio.h>

struct as_translated {
	const char *key; /* the name of a row of the built-in table, or of a rule */
	const char *text; /* without a code */
};

struct as_translation {
	const char *name;
	const char **domains;  /* patterns, NULL ends; sorted by as_translation_parse() */
	const char *file;
	size_t domain_count;
	struct as_translated *texts; /* sorted by key */
	size_t count;
};

/* Reads the content of the file; rules NULL: there are none. On error *line is where, and *detail says what is wrong and what would be
 * right. Strings in the arena. */
enum as_err as_translation_parse(struct as_arena *arena, struct as_translation *translation, const char *text, const struct as_rules *rules,
				 int *line, const char **detail);

/* The translation that all recipients share: for each the first that names its domain. NULL when they differ, when there is none, and
 * without recipients. */
const struct as_translation *as_translation_choose(const struct as_settings *settings, const struct as_recipient *recipients, size_t count);

/* `assayd -n`: the translations with their texts. */
void as_translations_write(const struct as_settings *settings, FILE *out);

/* The text for a row or rule; NULL: there is none. translation may be NULL. */
const char *as_translation_find(const struct as_translation *translation, const char *key);

#endif
