/* SPDX-License-Identifier: BSD-2-Clause */
/* taglist.c - "tag=value" lists, RFC 6376 3.2. */
#include "config.h"

#include "taglist.h"

#include "str.h"

#include <string.h>

/* ALPHA *(ALPHA / DIGIT / "_") */
static bool is_tag_name(const char *name, size_t n)
{
	if (n == 0 || !as_is_alpha(name[0]))
		return false;
	for (size_t i = 1; i < n; i++)
		if (!as_is_alnum(name[i]) && name[i] != '_')
			return false;
	return true;
}

/* Size of the FWS character or fold at text, 0 if there is none: WSP, or CRLF before WSP. */
static size_t fws_size(const char *text, size_t n)
{
	if (n > 0 && as_is_wsp(text[0]))
		return 1;
	return n > 2 && text[0] == '\r' && text[1] == '\n' && as_is_wsp(text[2]) ? 3 : 0;
}

/* Size of the character at text that may stand in a value: FWS, VALCHAR, or well-formed UTF-8 (RFC 8616 5: U-labels in d=, i=). */
static size_t value_char_size(const char *text, size_t n)
{
	unsigned char c = (unsigned char)text[0];
	if (c > 0x20 && c < 0x7f)
		return c != ';';
	return c < 0x80 ? fws_size(text, n) : as_utf8_size(text, n);
}

static bool is_tag_value(const char *value, size_t n)
{
	for (size_t i = 0, size; i < n; i += size) {
		size = value_char_size(value + i, n - i);
		if (!size)
			return false;
	}
	return true;
}

static void trim(const char **text, size_t *n)
{
	size_t size;
	while ((size = fws_size(*text, *n))) {
		*text += size;
		*n -= size;
	}
	while (*n > 0 && as_is_wsp((*text)[*n - 1])) {
		(*n)--;
		if (*n > 1 && (*text)[*n - 1] == '\n' && (*text)[*n - 2] == '\r')
			*n -= 2;
	}
}

static struct as_tag read_tag(struct as_arena *arena, const char *part, size_t n)
{
	const char *equals = memchr(part, '=', n);
	const char *name = part;
	size_t name_length = equals ? (size_t)(equals - part) : 0;
	trim(&name, &name_length);
	bool is_named = is_tag_name(name, name_length), is_valid = false;
	if (is_named) {
		n -= (size_t)(equals + 1 - part);
		part = equals + 1;
		is_valid = is_tag_value(part, n);
	}
	trim(&part, &n);
	return (struct as_tag){
		.name = is_named ? as_strndup(arena, name, name_length) : "",
		.value = as_strndup(arena, part, n),
		.value_length = n,
		.is_valid = is_valid,
	};
}

static bool is_blank(const char *text, size_t n)
{
	trim(&text, &n);
	return n == 0;
}

/* How many parts stand between the semicolons, `most` + 1 at most. */
static size_t count_parts(const char *text, size_t n, size_t most)
{
	size_t parts = 1;
	for (const char *at = text; parts <= most && (at = memchr(at, ';', n - (size_t)(at - text))); at++)
		parts++;
	return parts;
}

bool as_taglist_parse(struct as_arena *arena, const char *text, size_t n, size_t most, struct as_taglist *list)
{
	*list = (struct as_taglist){ 0 };
	if (n == 0)
		return true;
	struct as_tag *tags = as_alloc_array(arena, count_parts(text, n, most), sizeof *tags);
	list->tags = tags;
	for (;;) {
		const char *end = memchr(text, ';', n);
		size_t length = end ? (size_t)(end - text) : n;
		if (!end && is_blank(text, length))
			return true;
		if (list->count == most)
			return false;
		tags[list->count++] = read_tag(arena, text, length);
		if (!end)
			return true;
		text = end + 1;
		n -= length + 1;
	}
}

const struct as_tag *as_taglist_find(const struct as_taglist *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->tags[i].is_valid && strcmp(list->tags[i].name, name) == 0)
			return &list->tags[i];
	return NULL;
}

const struct as_tag *as_taglist_find_any(const struct as_taglist *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++)
		if (*name && strcmp(list->tags[i].name, name) == 0)
			return &list->tags[i];
	return NULL;
}

bool as_taglist_has_duplicate(const struct as_taglist *list)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->tags[i].is_valid && as_taglist_find(list, list->tags[i].name) != &list->tags[i])
			return true;
	return false;
}

bool as_taglist_is_clean(const struct as_taglist *list)
{
	for (size_t i = 0; i < list->count; i++)
		if (!list->tags[i].is_valid)
			return false;
	return true;
}

bool as_tag_lists(const struct as_tag *tag, const char *word)
{
	const char *at = tag->value, *end = at + tag->value_length;
	while (at <= end) {
		const char *colon = memchr(at, ':', (size_t)(end - at));
		const char *stop = colon ? colon : end;
		const char *last = stop;
		while (at < last && as_is_fws(*at))
			at++;
		while (last > at && as_is_fws(last[-1]))
			last--;
		if ((size_t)(last - at) == strlen(word) && memcmp(at, word, strlen(word)) == 0)
			return true;
		at = stop + 1;
	}
	return false;
}
