/* SPDX-License-Identifier: BSD-2-Clause */
/* display_name.c - decodes the whole field as a generous reader would, then looks behind each "@". */
#include "config.h"

#include "display_name.h"

#include "base64.h"
#include "domain.h"
#include "mailbox_odd.h"
#include "str.h"

#include <string.h>

enum { TRIED_MAX = 256 };

struct search {
	struct as_arena *arena;
	const char *author;
	struct as_display_name *found;
	unsigned tried;
};

/* --- what is shown --------------------------------------------------------------------------------------------------------- */

/* RFC 2047 4.2 */
static void add_quoted_printable(struct as_buf *out, const char *at, const char *end)
{
	for (; at < end; at++) {
		int high = *at == '=' && end - at > 2 ? as_hex_digit(as_lower(at[1])) : -1;
		int low = high >= 0 ? as_hex_digit(as_lower(at[2])) : -1;
		if (low >= 0)
			at += 2;
		as_buf_putc(out, low >= 0 ? (char)(high << 4 | low) : *at == '_' ? ' ' : *at);
	}
}

/* RFC 2047 4.1. Readers skip what does not belong to it, and stop at the end. */
static void add_base64(struct as_buf *out, const char *at, const char *end)
{
	struct as_buf digits = as_buf_new(out->arena);
	unsigned char *bytes;
	size_t size;
	for (; at < end && *at != '='; at++)
		if (as_is_alnum(*at) || *at == '+' || *at == '/')
			as_buf_putc(&digits, *at);
	size_t whole = digits.length % 4 == 1 ? digits.length - 1 : digits.length;
	if (as_base64_decode(out->arena, digits.text, whole, &bytes, &size))
		as_buf_add(out, (const char *)bytes, size);
}

/* White space between two encoded-words is not shown (RFC 2047 6.2). */
static const char *skip_to_next_word(const char *at, const char *end)
{
	const char *next = at;
	while (next < end && as_is_fws(*next))
		next++;
	return end - next > 1 && next[0] == '=' && next[1] == '?' ? next : at;
}

/* "=?" charset "?" encoding "?" text "?=": where the text begins; NULL: it does not. */
static const char *encoded_text(const char *at, const char *end)
{
	const char *mark = end - at > 1 && at[0] == '=' && at[1] == '?' ? memchr(at + 2, '?', (size_t)(end - at - 2)) : NULL;
	return mark && end - mark > 2 && mark[1] && strchr("BbQq", mark[1]) && mark[2] == '?' ? mark + 3 : NULL;
}

static struct as_buf decoded(struct as_arena *arena, const char *at, const char *end)
{
	struct as_buf out = as_buf_new(arena);
	const char *close = at; /* NULL: there is no "?=" any more */
	while (at < end) {
		const char *text = close ? encoded_text(at, end) : NULL;
		close = text ? memmem(text, (size_t)(end - text), "?=", 2) : close;
		if (!text || !close) {
			as_buf_putc(&out, *at++);
			continue;
		}
		(as_lower(text[-2]) == 'b' ? add_base64 : add_quoted_printable)(&out, text, close);
		at = skip_to_next_word(close + 2, end);
	}
	return out;
}

static size_t wide_at_size(const char *at, const char *end)
{
	size_t left = (size_t)(end - at);
	return left > 2 && (memcmp(at, "\xef\xb9\xab", 3) == 0 || memcmp(at, "\xef\xbc\xa0", 3) == 0) ? 3 : 0;
}

/* Signs that are not shown, or shown as another one. */
static struct as_buf plain(struct as_arena *arena, const char *at, const char *end)
{
	struct as_buf out = as_buf_new(arena);
	while (at < end) {
		size_t wide = wide_at_size(at, end);
		if (wide)
			as_buf_putc(&out, '@');
		else if (*at != '\\' && *at != '\r' && *at != '\n' && *at)
			as_buf_putc(&out, *at);
		at += wide ? wide : 1;
	}
	return out;
}

/* --- what looks like an address ---------------------------------------------------------------------------------------------- */

static bool is_known(const struct search *s, const char *domain)
{
	for (size_t i = 0; i < s->found->count; i++)
		if (strcmp(s->found->domains[i], domain) == 0)
			return true;
	return s->author && strcmp(domain, s->author) == 0;
}

static void note(struct search *s, const char *bytes, size_t n)
{
	const char *domain;
	while (n > 0 && bytes[n - 1] == '.')
		n--;
	if (s->tried++ >= TRIED_MAX || as_domain_normal(s->arena, bytes, n, &domain) != AS_OK || as_domain_labels(domain) < 2)
		return;
	if (s->found->count < AS_DISPLAY_NAME_MAX && !is_known(s, domain))
		s->found->domains[s->found->count++] = domain;
}

/* A domain may be followed by signs of other scripts, such as their quotes: then it is what stands before them. */
static void look_behind_signs(struct search *s, const char *at, const char *end)
{
	size_t n, ascii;
	for (const char *domain; (domain = as_mailbox_next_domain(&at, end, &n));) {
		note(s, domain, n);
		for (ascii = 0; ascii < n && (unsigned char)domain[ascii] <= 0x7f;)
			ascii++;
		if (ascii < n)
			note(s, domain, ascii);
	}
}

void as_display_name_find(struct as_arena *arena, const struct as_fields *fields, const char *author, struct as_display_name *found)
{
	struct search s = { .arena = arena, .author = author, .found = found };
	*found = (struct as_display_name){ .count = 0 };
	for (size_t i = 0; i < fields->count; i++) {
		const struct as_field *field = &fields->list[i];
		if (!as_field_is(field, "From"))
			continue;
		struct as_buf text = decoded(arena, field->value, field->value + field->value_length);
		struct as_buf shown = plain(arena, text.text, text.text + text.length);
		look_behind_signs(&s, shown.text, shown.text + shown.length);
	}
}
