/* SPDX-License-Identifier: BSD-2-Clause */
/* mailbox.c - the judgement over all From fields of a message.
 *
 * A field is read by the grammar (mailbox_scan.c). Refused before, although RFC 5322 4 allows it, are control octets. What breaks the
 * grammar and is let pass is said in mailbox_lax.c, and what of the grammar is accepted only as long as nothing else in the field looks
 * like an address in mailbox_odd.c.
 */
#include "config.h"

#include "mailbox.h"

#include "mailbox_lax.h"
#include "mailbox_odd.h"
#include "mailbox_scan.h"
#include "str.h"

#include <string.h>

enum { LINE_MAX_OCTETS = 998 - sizeof "From: " }; /* RFC 5322 2.1.1 */

static const char not_utf8[] = "octets that are not UTF-8";

/* Only printable UTF-8, HTAB, and CRLF before white space may pass on to the grammar. NULL: nothing else is there. */
static const char *find_bad_character(const char *at, const char *end)
{
	while (at < end) {
		size_t left = (size_t)(end - at);
		size_t size = as_utf8_size(at, left);
		if (size == 0)
			return not_utf8;
		if (left > 2 && at[0] == '\r' && at[1] == '\n' && as_is_wsp(at[2]))
			size = 3;
		else if (*at == '\r' || *at == '\n')
			return "bare CR or LF";
		else if (*at != '\t' && !as_printable_size(at, left))
			return "control character";
		at += size;
	}
	return NULL;
}

/* RFC 5322 2.1.1. An MTA that passes the message on breaks longer lines, and be it within a domain. */
static bool has_long_line(const char *at, const char *end)
{
	for (const char *line_end; at < end; at = line_end + 1) {
		line_end = memchr(at, '\n', (size_t)(end - at));
		if (!line_end)
			line_end = end;
		if (line_end - at > LINE_MAX_OCTETS + (line_end > at && line_end[-1] == '\r'))
			return true;
	}
	return false;
}

static void conclude(struct as_from *from, enum as_from_status status, const char *reason)
{
	from->status = status;
	from->reason = reason;
	from->domain = status == AS_FROM_ONE ? from->domains[0] : NULL;
}

/* What breaks the grammar but leaves no doubt. Characters that no reader shows alike have been refused before. */
static bool read_lax(struct as_mailbox_scan *s, const char *value, size_t n)
{
	const char *angle;
	size_t length;
	return as_mailbox_is_lax(value, n, &angle, &length) && as_mailbox_scan_angle(s, angle, length) && s->from->count == 1;
}

/* A fault that decoding cannot cure: control characters, line breaks of any kind or where they are missing. */
static bool has_bad_characters(const char *value, const char *end)
{
	const char *reason = find_bad_character(value, end);
	return has_long_line(value, end) || (reason && reason != not_utf8);
}

static bool is_readable(struct as_mailbox_scan *s, const char *value, size_t n)
{
	const char *reason = s->reason;
	if (!n || has_bad_characters(value, value + n) || !read_lax(s, value, n)) {
		s->reason = reason;
		return false;
	}
	return true;
}

/* Is the whole field, read by the grammar, something that no reader can take in another way? */
static bool is_clear(const struct as_mailbox_scan *s, const char *value, size_t n)
{
	if (!s->is_odd && !as_mailbox_has_loose_word(value, n))
		return true;
	bool has_no_address = s->has_gap || (s->has_wide_brackets && memchr(value, '"', n)); /* in the eyes of some readers */
	if (has_no_address && memmem(value, n, "=?", 2)) /* these decode all of it then, and show the name first */
		return false;
	return as_mailbox_signs(value, n, s->from->domains[0]) == s->signs;
}

static void read_field(struct as_mailbox_scan *s, const char *value, size_t n)
{
	const char *end = n ? value + n : value;
	as_mailbox_scan_start(s, value, n);
	s->reason = has_long_line(value, end) ? "line too long" : find_bad_character(value, end);
	bool is_regular = !s->reason && as_mailbox_scan_list(s);
	if (!is_regular && is_readable(s, value, n)) {
		conclude(s->from, AS_FROM_ONE, NULL);
	} else if (!is_regular) {
		as_mailbox_scan_collect(s, value, end);
		conclude(s->from, AS_FROM_MALFORMED, s->reason);
	} else if (!s->addresses && !s->groups) {
		conclude(s->from, AS_FROM_MALFORMED, "no address");
	} else if (!s->addresses) {
		conclude(s->from, AS_FROM_EMPTY, "a group of nobody");
	} else if (s->from->count == 1 && is_clear(s, value, n)) {
		conclude(s->from, AS_FROM_ONE, NULL);
	} else if (s->from->count == 1) {
		as_mailbox_scan_collect(s, value, end);
		conclude(s->from, AS_FROM_MALFORMED, "readers may see another address");
	} else if (s->has_comment_domain) {
		conclude(s->from, AS_FROM_MALFORMED, "comment naming another domain");
	} else {
		conclude(s->from, AS_FROM_SEVERAL, "several domains");
	}
}

void as_from_parse(struct as_arena *arena, const char *value, size_t n, struct as_from *from)
{
	struct as_mailbox_scan s = { .arena = arena, .from = from };
	*from = (struct as_from){ 0 };
	read_field(&s, value, n);
}

/* "From" and white space, nothing that only some readers would skip. */
static bool has_clean_name(const struct as_field *field)
{
	size_t n = field->name_length;
	while (n > 0 && as_is_wsp(field->name[n - 1]))
		n--;
	return as_equal_nocase_n(field->name, n, "From", 4);
}

/* Does the name end in "From" behind a line end? A reader that stops there finds such a field. */
static bool is_behind_line_end(const struct as_field *field)
{
	size_t n = field->name_length;
	while (n > 0 && as_is_fws(field->name[n - 1]))
		n--;
	if (n < sizeof "\nFrom" - 1)
		return false;
	const char *last = field->name + n - strlen("From");
	return (last[-1] == '\r' || last[-1] == '\n') && as_equal_nocase_n(last, 4, "From", 4);
}

void as_from_judge(struct as_arena *arena, const struct as_fields *fields, struct as_from *from)
{
	struct as_mailbox_scan s = { .arena = arena, .from = from };
	size_t count = 0;
	bool is_clean = true;
	bool is_hidden = false;
	*from = (struct as_from){ 0 };
	for (size_t i = 0; i < fields->count; i++) {
		const struct as_field *field = &fields->list[i];
		is_hidden |= is_behind_line_end(field) || as_field_hidden(field->value, field->value_length, "From") > 0;
		if (!as_field_is(field, "From"))
			continue;
		count++;
		is_clean &= has_clean_name(field);
		read_field(&s, field->value, field->value_length);
	}
	if (fields->is_cut) /* what is not there may hold another author */
		conclude(from, AS_FROM_MALFORMED, "header too large to be judged");
	else if (count > 1)
		conclude(from, AS_FROM_REPEATED, as_printf(arena, "%zu From fields", count));
	else if (is_hidden)
		conclude(from, AS_FROM_MALFORMED, "From behind a bare line end");
	else if (count == 0)
		conclude(from, AS_FROM_MISSING, "no From field");
	else if (!is_clean)
		conclude(from, AS_FROM_MALFORMED, "malformed name of the From field");
}
