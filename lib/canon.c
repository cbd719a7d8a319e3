/* SPDX-License-Identifier: BSD-2-Clause */
/* canon.c - canonical header fields. */
#include "config.h"

#include "canon.h"

#include <string.h>

/* The length without white space at the end. */
static size_t trimmed(const char *text, size_t n)
{
	while (n > 0 && as_is_wsp(text[n - 1]))
		n--;
	return n;
}

/* RFC 6376 3.4.2: unfolded, runs of white space made one space, none at either end. */
static void add_relaxed_value(struct as_buf *out, const char *value, size_t n)
{
	bool is_started = false, has_gap = false;
	size_t from = 0;
	for (size_t i = 0; i <= n; i++) {
		bool is_break = i + 1 < n && value[i] == '\r' && value[i + 1] == '\n';
		if (i < n && !is_break && !as_is_wsp(value[i]))
			continue;
		if (i > from) { /* a run of other bytes ends here */
			if (has_gap && is_started)
				as_buf_putc(out, ' ');
			as_buf_add(out, value + from, i - from);
			is_started = true;
			has_gap = false;
		}
		has_gap = has_gap || !is_break; /* a line break alone is not white space: unfolding takes it out */
		i += is_break;
		from = i + 1;
	}
}

void as_canon_field(struct as_buf *out, const char *name, size_t name_length, const char *value, size_t value_length, bool is_relaxed)
{
	if (!is_relaxed) {
		as_buf_add(out, name, name_length);
		as_buf_putc(out, ':');
		as_buf_add(out, value, value_length);
		return;
	}
	size_t n = trimmed(name, name_length);
	for (size_t i = 0; i < n; i++)
		as_buf_putc(out, as_lower(name[i]));
	as_buf_putc(out, ':');
	add_relaxed_value(out, value, value_length);
}

/* Finds for each name its field: one pass from the bottom, each field going to the first mention that has none. */
static void choose(const struct as_fields *fields, const struct as_field *except, const char *const *names, size_t count,
		   const struct as_field **chosen)
{
	size_t open = count;
	for (size_t i = fields->count; i > 0 && open > 0; i--) {
		const struct as_field *field = &fields->list[i - 1];
		size_t length = trimmed(field->name, field->name_length);
		for (size_t j = 0; j < count; j++) {
			if (chosen[j] || field == except || !as_equal_nocase_n(field->name, length, names[j], strlen(names[j])))
				continue;
			chosen[j] = field;
			open--;
			break;
		}
	}
}

void as_canon_fields(struct as_buf *out, const struct as_fields *fields, const struct as_field *except, const char *const *names,
		     size_t count, bool is_relaxed)
{
	const struct as_field **chosen = as_alloc_array(out->arena, count, sizeof *chosen);
	choose(fields, except, names, count, chosen);
	for (size_t i = 0; i < count; i++) {
		if (!chosen[i])
			continue;
		as_canon_field(out, chosen[i]->name, chosen[i]->name_length, chosen[i]->value, chosen[i]->value_length, is_relaxed);
		as_buf_add(out, "\r\n", 2);
	}
}

/* Is the tag that begins at text, up to its "=", called b? */
static bool is_b(const char *text, size_t n)
{
	size_t from = 0, to = n;
	while (from < n && as_is_fws(text[from]))
		from++;
	while (to > from && as_is_fws(text[to - 1]))
		to--;
	return to - from == 1 && text[from] == 'b';
}

struct as_buf as_canon_without_b(struct as_arena *arena, const char *value, size_t n)
{
	struct as_buf out = as_buf_new(arena);
	for (size_t at = 0; at < n;) {
		const char *end = memchr(value + at, ';', n - at);
		size_t length = end ? (size_t)(end - value) - at : n - at;
		const char *equals = memchr(value + at, '=', length);
		size_t name = equals ? (size_t)(equals - value) - at : length;
		as_buf_add(&out, value + at, equals && is_b(value + at, name) ? name + 1 : length);
		if (end)
			as_buf_putc(&out, ';');
		at += length + (end != NULL);
	}
	return out;
}
