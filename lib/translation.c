/* SPDX-License-Identifier: BSD-2-Clause */
/* translation.c - reads files of translated replies, and finds the one for a message. */
#include "config.h"

#include "translation.h"

#include "near.h"
#include "policy.h"
#include "reply.h"
#include "str.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct reader {
	struct as_arena *arena;
	struct as_translation *translation;
	const struct as_rules *rules;
	int line;
	int *lines; /* of each text */
	const char **detail;
};

static enum as_err refuse(struct reader *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
static enum as_err refuse(struct reader *r, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	*r->detail = as_vprintf(r->arena, format, args);
	va_end(args);
	return AS_ERR_SYNTAX;
}

static int compare_keys(const void *a, const void *b)
{
	return strcmp(((const struct as_translated *)a)->key, ((const struct as_translated *)b)->key);
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool has_rule(const struct as_rules *rules, const char *name)
{
	for (size_t i = 0; rules && i < rules->count; i++)
		if (strcmp(rules->list[i].name, name) == 0)
			return true;
	return false;
}

static enum as_err check_key(struct reader *r, const char *key)
{
	if (as_policy_can_refuse(key) || has_rule(r->rules, key))
		return AS_OK;
	const char *safe = as_escape(r->arena, key, strlen(key), 80);
	if (as_policy_has_row(key))
		return refuse(r, "%s refuses no message; a text for it would never be used", safe);
	return refuse(r, "there is no row or rule \"%s\"; %s", safe, as_policy_known(r->arena, r->rules, key, true));
}

static enum as_err add_text(struct reader *r, const char *key, const char *text)
{
	struct as_translation *t = r->translation;
	const char *detail = NULL;
	enum as_err err = check_key(r, key);
	if (err)
		return err;
	for (size_t i = 0; i < t->count; i++)
		if (strcmp(t->texts[i].key, key) == 0)
			return refuse(r, "%s is given twice; first in line %d", key, r->lines[i]);
	if (!*text)
		return refuse(r, "%s: a text must follow, such as \"%s: Message refused\"", key, key);
	if (as_reply_class(text))
		return refuse(r, "%s: no code may stand before the text; it is that of the reply in the configuration", key);
	if (as_reply_check(r->arena, text, &detail) != AS_OK)
		return refuse(r, "%s: %s", key, detail);
	t->texts = as_grow(r->arena, t->texts, t->count, sizeof *t->texts);
	r->lines = as_grow(r->arena, r->lines, t->count, sizeof *r->lines);
	r->lines[t->count] = r->line;
	t->texts[t->count++] = (struct as_translated){ key, text };
	return AS_OK;
}

/* One line without its end. */
static enum as_err read_line(struct reader *r, const char *line, size_t n)
{
	while (n && as_is_fws(line[n - 1]))
		n--;
	const char *end = line + n;
	while (line < end && as_is_wsp(*line))
		line++;
	if (line == end || *line == '#')
		return AS_OK;
	const char *colon = memchr(line, ':', (size_t)(end - line));
	if (!colon)
		return refuse(r, "\"%s\" is no text; write NAME: TEXT, for example \"dmarc-reject: Message refused\"",
			      as_escape(r->arena, line, (size_t)(end - line), 60));
	const char *text = colon + 1;
	while (text < end && as_is_wsp(*text))
		text++;
	while (colon > line && as_is_wsp(colon[-1]))
		colon--;
	return add_text(r, as_strndup(r->arena, line, (size_t)(colon - line)), as_strndup(r->arena, text, (size_t)(end - text)));
}

enum as_err as_translation_parse(struct as_arena *arena, struct as_translation *translation, const char *text, const struct as_rules *rules,
				 int *line, const char **detail)
{
	struct reader reader = { .arena = arena, .translation = translation, .rules = rules, .detail = detail };
	enum as_err err = AS_OK;
	for (*line = 0; !err && *text;) {
		size_t n = strcspn(text, "\n");
		reader.line = ++*line;
		err = read_line(&reader, text, n);
		text += n + (text[n] == '\n');
	}
	while (translation->domains && translation->domains[translation->domain_count])
		translation->domain_count++;
	if (translation->domain_count)
		qsort(translation->domains, translation->domain_count, sizeof *translation->domains, compare_texts);
	if (translation->count)
		qsort(translation->texts, translation->count, sizeof *translation->texts, compare_keys);
	return err;
}

static const struct as_translation *find_for(const struct as_settings *settings, const char *domain)
{
	for (size_t i = 0; i < settings->translation_count; i++) {
		const struct as_translation *t = &settings->translations[i];
		if (as_pattern_has((const char *const *)t->domains, t->domain_count, domain))
			return t;
	}
	return NULL;
}

const struct as_translation *as_translation_choose(const struct as_settings *settings, const struct as_recipient *recipients, size_t count)
{
	const struct as_translation *shared = count && settings->translation_count ? find_for(settings, recipients[0].domain) : NULL;
	for (size_t i = 1; shared && i < count; i++)
		if (find_for(settings, recipients[i].domain) != shared)
			return NULL;
	return shared;
}

const char *as_translation_find(const struct as_translation *translation, const char *key)
{
	const struct as_translated wanted = { .key = key };
	if (!translation || !translation->count)
		return NULL;
	const struct as_translated *found = bsearch(&wanted, translation->texts, translation->count, sizeof wanted, compare_keys);
	return found ? found->text : NULL;
}

void as_translations_write(const struct as_settings *settings, FILE *out)
{
	if (settings->translation_count)
		fputs("TRANSLATIONS, for messages of whose recipients every one has the same\n", out);
	for (size_t i = 0; i < settings->translation_count; i++) {
		const struct as_translation *t = &settings->translations[i];
		fprintf(out, "%-15s %s, for", t->name, t->file);
		for (size_t j = 0; j < t->domain_count; j++)
			fprintf(out, "%s %s", j ? "," : "", t->domains[j]);
		fputs(t->count ? "\n" : ": no text\n", out);
		for (size_t j = 0; j < t->count; j++)
			fprintf(out, "    %-26s %s\n", t->texts[j].key, t->texts[j].text);
	}
}
