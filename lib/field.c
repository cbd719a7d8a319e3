/* SPDX-License-Identifier: BSD-2-Clause */
/* field.c - header fields as received. */
#include "config.h"

#include "field.h"

#include "str.h"

#include <string.h>

void as_fields_init(struct as_fields *fields, struct as_arena *arena, size_t most_fields, size_t most_bytes)
{
	*fields = (struct as_fields){ .arena = arena, .most_fields = most_fields, .most_bytes = most_bytes };
}

static struct as_field *next_slot(struct as_fields *fields)
{
	fields->list = as_grow(fields->arena, fields->list, fields->count, sizeof *fields->list);
	return &fields->list[fields->count++];
}

/* Length without the line ends after the last line. */
static size_t without_line_end(const char *value, size_t n)
{
	while (n > 0 && value[n - 1] == '\n')
		n -= n > 1 && value[n - 2] == '\r' ? 2 : 1;
	return n;
}

/* The first line feed without a carriage return from `from` on, or the end. */
static size_t find_bare_lf(const char *value, size_t n, size_t from)
{
	if (from == n)
		return n; /* value may be NULL then */
	const char *at = value + from, *end = value + n;
	while (at < end && (at = memchr(at, '\n', (size_t)(end - at))) && at > value && at[-1] == '\r')
		at++;
	return at ? (size_t)(at - value) : n;
}

static size_t count_bare_lf(const char *value, size_t n)
{
	size_t count = 0;
	for (size_t i = find_bare_lf(value, n, 0); i < n; i = find_bare_lf(value, n, i + 1))
		count++;
	return count;
}

static const char *copy_value(struct as_arena *arena, const char *value, size_t n, size_t bare)
{
	char *copy = as_alloc(arena, n + bare + 1), *at = copy;
	for (size_t i = 0, lf; i < n; i = lf) {
		bool is_lf = value[i] == '\n'; /* a bare one: the pieces begin at these */
		lf = find_bare_lf(value, n, i + is_lf);
		if (is_lf)
			*at++ = '\r';
		memcpy(at, value + i, lf - i);
		at += lf - i;
	}
	return copy;
}

static bool is_visible(char c)
{
	return c > 0x20 && c < 0x7f;
}

/* Made once: a name can be long, and every signature asks for many names. */
static void set_plain_name(struct as_arena *arena, struct as_field *field)
{
	char *plain = as_alloc(arena, field->name_length + 1);
	for (size_t i = 0; i < field->name_length; i++)
		if (is_visible(field->name[i]))
			plain[field->plain_length++] = as_lower(field->name[i]);
	field->plain = plain;
}

bool as_fields_add(struct as_fields *fields, const char *name, size_t name_length, const char *value, size_t value_length)
{
	value_length = without_line_end(value, value_length);
	size_t bare = count_bare_lf(value, value_length);
	size_t left = fields->most_bytes - fields->bytes;
	/* After the first cut nothing is kept: a gap would make the order wrong. */
	if (fields->is_cut || fields->count >= fields->most_fields || name_length > left || value_length + bare > left - name_length) {
		fields->is_cut = true;
		return false;
	}
	struct as_field field = {
		.name = as_strndup(fields->arena, name, name_length),
		.name_length = name_length,
		.value = copy_value(fields->arena, value, value_length, bare),
		.value_length = value_length + bare,
	};
	set_plain_name(fields->arena, &field);
	fields->bytes += field.name_length + field.value_length;
	*next_slot(fields) = field;
	return true;
}

bool as_field_is(const struct as_field *field, const char *name)
{
	return as_equal_nocase_n(field->plain, field->plain_length, name, strlen(name));
}

bool as_field_is_addressed(const char *field_name, size_t n, const char *name)
{
	while (n > 0 && as_is_fws(field_name[n - 1]))
		n--;
	return as_equal_nocase_n(field_name, n, name, strlen(name));
}

static const char *find(const char *at, const char *end, char c)
{
	const char *found = at < end ? memchr(at, c, (size_t)(end - at)) : NULL;
	return found ? found : end;
}

/* Does this begin a field of that name? Where its value stands; NULL: it does not. */
static const char *value_behind(const char *at, const char *end, const char *name, size_t n)
{
	if ((size_t)(end - at) <= n || as_is_wsp(*at) || !as_equal_nocase_n(at, n, name, n))
		return NULL;
	at += n;
	while (at < end && as_is_wsp(*at))
		at++;
	return at < end && *at == ':' ? at + 1 : NULL;
}

size_t as_field_hidden(const char *value, size_t value_length, const char *name)
{
	const char *end = value_length ? value + value_length : value;
	const char *cr = find(value, end, '\r'), *lf = find(value, end, '\n');
	size_t n = strlen(name);
	while (cr < end || lf < end) {
		const char *at = (cr < lf ? cr : lf) + 1;
		const char *found = value_behind(at, end, name, n);
		if (found)
			return (size_t)(found - value);
		cr = cr < at ? find(at, end, '\r') : cr;
		lf = lf < at ? find(at, end, '\n') : lf;
	}
	return 0;
}

size_t as_fields_count(const struct as_fields *fields, const char *name)
{
	size_t count = 0;
	for (size_t i = 0; i < fields->count; i++)
		count += as_field_is(&fields->list[i], name);
	return count;
}

const struct as_field *as_fields_find(const struct as_fields *fields, const char *name)
{
	for (size_t i = 0; i < fields->count; i++)
		if (as_field_is(&fields->list[i], name))
			return &fields->list[i];
	return NULL;
}
