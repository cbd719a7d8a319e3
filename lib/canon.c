/* SPDX-License-Identifier: BSD-2-Clause */
/* canon.c - canonical header fields. */
#include "config.h"

#include "canon.h"

#include <stdlib.h>
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

/* A name of h= and its place there. */
struct mention {
	const char *name; /* lower case */
	size_t place;
};

static int by_name(const void *a, const void *b)
{
	const struct mention *x = a, *y = b;
	int order = strcmp(x->name, y->name);
	return order ? order : (x->place > y->place) - (x->place < y->place);
}

/* Of the mentions in their order the first that is not less than the name. */
static size_t first_of(const struct mention *mentions, size_t count, const char *name)
{
	size_t low = 0, high = count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (strcmp(mentions[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool has_plain_name(const struct as_field *field)
{
	return field->plain_length == trimmed(field->name, field->name_length);
}

/* Finds for each name its field: one pass from the bottom, each field going to the first mention that has none. Names are searched by
 * halves: a stranger chooses how many there are and how long they look alike. */
static void choose(struct as_arena *arena, const struct as_fields *fields, const struct as_field *except, const char *const *names,
		   size_t count, const struct as_field **chosen)
{
	struct mention *mentions = as_alloc_array(arena, count, sizeof *mentions);
	size_t *taken = as_alloc_array(arena, count, sizeof *taken); /* of the mentions of one name, at the first */
	size_t open = count;
	for (size_t i = 0; i < count; i++)
		mentions[i] = (struct mention){ as_lower_copy(arena, names[i], strlen(names[i])), i };
	qsort(mentions, count, sizeof *mentions, by_name);
	for (size_t i = fields->count; i > 0 && open > 0; i--) {
		const struct as_field *field = &fields->list[i - 1];
		if (field == except || !has_plain_name(field))
			continue;
		size_t first = first_of(mentions, count, field->plain);
		size_t next = first < count ? first + taken[first] : count;
		if (next >= count || strcmp(mentions[next].name, field->plain) != 0)
			continue;
		chosen[mentions[next].place] = field;
		taken[first]++;
		open--;
	}
}

void as_canon_fields(struct as_buf *out, const struct as_fields *fields, const struct as_field *except, const char *const *names,
		     size_t count, bool is_relaxed)
{
	const struct as_field **chosen = as_alloc_array(out->arena, count, sizeof *chosen);
	choose(out->arena, fields, except, names, count, chosen);
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
