/* SPDX-License-Identifier: BSD-2-Clause */
/* mailbox.c - the From field, read once from left to right: every octet is consumed by exactly one rule, nothing recurses.
 *
 * Accepted is address-list of RFC 5322 3.4 with 4.4, RFC 6532 and RFC 6854. Refused, although RFC 5322 4 allows it, is what
 * readers take in different ways: control octets, source routes and comments that name another domain.
 * Deviates from RFC 5322 3.4.1: dots may stand side by side or at the ends of a local part, because Japanese carriers gave
 * such addresses out and they cannot hide a domain. What else is let pass is said in mailbox_lax.c, and what of the grammar is accepted
 * only as long as nothing else in the field looks like an address in mailbox_odd.c.
 */
#include "config.h"

#include "mailbox.h"

#include "domain.h"
#include "mailbox_lax.h"
#include "mailbox_odd.h"
#include "str.h"

#include <string.h>

enum {
	COMMENT_DEPTH_MAX = 32,
	DOMAINS_TRIED_MAX = 256, /* in all From fields of a message: bounds time in libidn2 and memory */
	LINE_MAX_OCTETS = 998 - sizeof "From: ", /* RFC 5322 2.1.1 */
	LOCAL_MAX = 256,         /* RFC 5321 4.5.3.1.3: a whole path; some readers cut addresses that are longer */
};

struct scan {
	struct as_arena *arena;
	struct as_from *from;
	const char *at;
	const char *end;
	const char *reason;      /* the first fault, or NULL */
	unsigned tried;          /* domains brought to normal form */
	bool has_comment_domain; /* a comment names a domain that was not there before it */
	bool has_gap;            /* white space or a comment beside the "@" of an address, or brackets that are wide and part of a word */
	bool has_wide_brackets;  /* white space or a comment at the brackets, inside of them; or a quoted local part */
	bool is_odd;             /* something that readers take apart in different ways, mailbox_odd.h */
	size_t signs;            /* "@" of addresses, of those that do not show the author's domain at once */
	const char *tail;        /* where the domain that was read last ends */
	const char *word_end;    /* the last "?=" of the field, or NULL */
};

/* What stands before "@", "<" or ":". */
struct words {
	const char *start;
	size_t words;
	bool starts_with_dot;
	bool is_local; /* a dot between any two words */
};

static bool fault(struct scan *s, const char *reason)
{
	if (!s->reason)
		s->reason = reason;
	return false;
}

static bool is_at(const struct scan *s, char c)
{
	return s->at < s->end && *s->at == c;
}

static bool is_eight_bit(char c)
{
	return (unsigned char)c > 0x7f;
}

/* RFC 5322 3.2.3 and RFC 6532 3.2; that eight-bit octets are UTF-8 is checked beforehand. */
static bool is_atext(char c)
{
	return as_is_alnum(c) || is_eight_bit(c) || (c && strchr("!#$%&'*+-/=?^_`{|}~", c));
}

static bool is_domain_char(char c)
{
	return as_is_alnum(c) || is_eight_bit(c) || c == '-' || c == '_' || c == '.';
}

static const char not_utf8[] = "octets that are not UTF-8";

/* Only printable UTF-8, HTAB, and CRLF before white space may pass on to the grammar. */
static bool check_characters(struct scan *s)
{
	for (const char *at = s->at; at < s->end;) {
		size_t left = (size_t)(s->end - at);
		size_t size = as_utf8_size(at, left);
		if (size == 0)
			return fault(s, not_utf8);
		if (left > 2 && at[0] == '\r' && at[1] == '\n' && as_is_wsp(at[2]))
			size = 3;
		else if (*at == '\r' || *at == '\n')
			return fault(s, "bare CR or LF");
		else if (*at != '\t' && !as_printable_size(at, left))
			return fault(s, "control character");
		at += size;
	}
	return true;
}

/* RFC 5322 2.1.1. An MTA that passes the message on breaks longer lines, and be it within a domain. */
static bool check_lines(struct scan *s)
{
	for (const char *at = s->at, *line_end; at < s->end; at = line_end + 1) {
		line_end = memchr(at, '\n', (size_t)(s->end - at));
		if (!line_end)
			line_end = s->end;
		if (line_end - at > LINE_MAX_OCTETS + (line_end > at && line_end[-1] == '\r'))
			return fault(s, "line too long");
	}
	return true;
}

static void add_distinct(struct as_from *from, const char *domain)
{
	for (size_t i = 0; i < from->count; i++)
		if (strcmp(from->domains[i], domain) == 0)
			return;
	if (from->count < AS_FROM_DOMAINS_MAX)
		from->domains[from->count++] = domain;
}

/* RFC 3696 2: no top-level domain is all digits, so "192.0.2.1" is an address. */
static bool is_address_like(const char *domain)
{
	const char *last = as_domain_tail(domain, 1);
	return last[strspn(last, "0123456789")] == '\0';
}

/* Notes a domain as written if it can be an Author Domain (DM-6). */
static bool note_domain(struct scan *s, const char *bytes, size_t n)
{
	const char *domain;
	if (s->tried == DOMAINS_TRIED_MAX)
		return fault(s, "too many addresses");
	s->tried++;
	if (n == 0 || bytes[n - 1] == '.' || as_domain_normal(s->arena, bytes, n, &domain) != AS_OK)
		return fault(s, "not a domain name");
	if (as_domain_labels(domain) < 2)
		return fault(s, "domain of a single label");
	if (is_address_like(domain))
		return fault(s, "address in place of a domain");
	add_distinct(s->from, domain);
	return true;
}

/* Notes whatever a careless reader could take for the domain of an address in these bytes. */
static void collect(struct scan *s, const char *at, const char *end)
{
	const char *reason = s->reason;
	while (at < end && (at = memchr(at, '@', (size_t)(end - at)))) {
		do
			at++;
		while (at < end && as_is_fws(*at));
		const char *start = at;
		while (at < end && is_domain_char(*at))
			at++;
		size_t n = (size_t)(at - start);
		while (n > 0 && start[n - 1] == '.')
			n--;
		note_domain(s, start, n);
	}
	s->reason = reason;
}

static bool skip_comment(struct scan *s)
{
	const char *start = s->at;
	size_t known = s->from->count;
	unsigned depth = 0;
	s->is_odd = true;
	for (; s->at < s->end; s->at++) {
		if (*s->at == '\\') {
			if (++s->at == s->end || *s->at == '\r')
				break;
		} else if (*s->at == '(') {
			if (++depth > COMMENT_DEPTH_MAX)
				return fault(s, "comments nested too deep");
		} else if (*s->at == ')' && --depth == 0) {
			s->at++;
			collect(s, start, s->at);
			s->has_comment_domain |= s->from->count > known;
			return true;
		}
	}
	return fault(s, "comment without end");
}

static bool skip_cfws(struct scan *s)
{
	while (s->at < s->end) {
		if (as_is_fws(*s->at))
			s->at++;
		else if (*s->at != '(')
			return true;
		else if (!skip_comment(s))
			return false;
	}
	return true;
}

static bool skip_quoted(struct scan *s)
{
	const char *content = s->at + 1;
	for (s->at++; s->at < s->end; s->at++) {
		if (*s->at == '"') {
			s->is_odd |= s->at++ == content;
			return true;
		}
		if (*s->at == '\\' && (++s->at == s->end || *s->at == '\r'))
			break;
	}
	return fault(s, "quoted string without end");
}

static bool skip_atom(struct scan *s)
{
	while (s->at < s->end && is_atext(*s->at))
		s->at++;
	return true;
}

/* word *(word / "." / CFWS), or nothing at all: a display name or a local part. */
static bool read_words(struct scan *s, struct words *w)
{
	bool was_word = false;
	*w = (struct words){ .start = s->at, .is_local = true, .starts_with_dot = is_at(s, '.') };
	while (s->at < s->end) {
		if (*s->at == '.') {
			was_word = false;
			s->at++;
		} else if (*s->at == '"' || is_atext(*s->at)) {
			w->is_local &= !was_word;
			w->words++;
			was_word = true;
			if (*s->at == '"' ? !skip_quoted(s) : !skip_atom(s))
				return false;
		} else {
			return true;
		}
		if (!skip_cfws(s))
			return false;
	}
	return true;
}

static const char *last_word_end(const char *value, const char *end)
{
	for (const char *at = end; at - value >= 2; at--)
		if (at[-2] == '?' && at[-1] == '=')
			return at - 2;
	return NULL;
}

/* RFC 2047 5: no encoded-word in an address. A reader that decodes first would find another address there, and one that looks for the
 * end of the word behind the address would cut it in two. */
static bool has_encoded_word(const struct scan *s, const char *start)
{
	const char *open = memmem(start, (size_t)(s->at - start), "=?", 2);
	return open && s->word_end && s->word_end >= open + 2;
}

/* From "@" on. */
static bool read_domain(struct scan *s)
{
	const char *sign = s->at++;
	if (!skip_cfws(s))
		return false;
	if (is_at(s, '['))
		return fault(s, "address literal");
	const char *start = s->at;
	while (s->at < s->end && (is_atext(*s->at) || *s->at == '.'))
		s->at++;
	s->tail = s->at;
	if (s->at == start)
		return fault(s, "address without domain");
	if (!note_domain(s, start, (size_t)(s->at - start)))
		return false;
	s->signs += !as_mailbox_shows(sign + 1, s->end, s->from->domains[0], strlen(s->from->domains[0]));
	return skip_cfws(s);
}

static bool is_gap(char c)
{
	return as_is_fws(c) || c == '(' || c == ')';
}

/* From "@" on; the local part has been read. */
static bool read_at_domain(struct scan *s, const struct words *local)
{
	if (local->words == 0)
		return fault(s, "address without local part");
	if (!local->is_local)
		return fault(s, "text before an address");
	if (has_encoded_word(s, local->start))
		return fault(s, "encoded word in an address");
	if (s->at - local->start > LOCAL_MAX)
		return fault(s, "local part too long");
	if (as_mailbox_is_disguised(local->start, s->at))
		return fault(s, "disguised address");
	s->has_wide_brackets |= memchr(local->start, '"', (size_t)(s->at - local->start)) != NULL;
	s->has_gap |= is_gap(s->at[-1]) || (s->at + 1 < s->end && is_gap(s->at[1]));
	if (!read_domain(s))
		return false;
	s->is_odd |= !as_mailbox_is_plain(local->start, s->tail);
	return true;
}

/* RFC 5322 4.4: obs-route, *(CFWS / ",") "@" domain *("," [CFWS] ["@" domain]) ":". */
static bool read_route(struct scan *s)
{
	while (!is_at(s, ':')) {
		if (is_at(s, ',')) {
			s->at++;
			if (!skip_cfws(s))
				return false;
			continue;
		}
		if (!is_at(s, '@'))
			return fault(s, "malformed source route");
		if (!read_domain(s))
			return false;
		if (!is_at(s, ',') && !is_at(s, ':'))
			return fault(s, "malformed source route");
	}
	s->at++;
	return skip_cfws(s);
}

/* is_glued: a word stands right before it. */
static bool read_angle(struct scan *s, bool is_glued)
{
	struct words local;
	size_t known = s->from->count;
	const char *open = s->at++;
	if (!skip_cfws(s))
		return false;
	bool has_route = is_at(s, '@') || is_at(s, ',');
	if (has_route && !read_route(s))
		return false;
	if (!read_words(s, &local))
		return false;
	if (!is_at(s, '@'))
		return fault(s, "address without domain");
	if (!read_at_domain(s, &local))
		return false;
	if (!is_at(s, '>'))
		return fault(s, "angle bracket without end");
	if (has_route && s->from->count > known + 1)
		return fault(s, "source route through another domain");
	s->has_wide_brackets |= local.start != open + 1 || s->tail != s->at;
	s->has_gap |= s->has_wide_brackets && is_glued;
	s->is_odd |= s->has_wide_brackets;
	s->at++;
	return true;
}

/* One address, or the head of a group up to its colon. */
static bool read_item(struct scan *s, bool *is_in_group)
{
	struct words w;
	if (!read_words(s, &w))
		return false;
	if (is_at(s, '@'))
		return read_at_domain(s, &w);
	if (w.starts_with_dot)
		return fault(s, "dot before a name");
	if (is_at(s, '<'))
		return read_angle(s, w.words && !as_is_fws(s->at[-1]));
	if (is_at(s, ':') && w.words && !*is_in_group) {
		*is_in_group = s->is_odd = true;
		s->at++;
		return true;
	}
	if (s->at == s->end || is_at(s, ',') || is_at(s, ';'))
		return fault(s, "address without domain");
	return fault(s, "unexpected character");
}

/* address-list with obs-addr-list and obs-group-list: elements may be empty. */
static bool read_list(struct scan *s, size_t *addresses, size_t *groups)
{
	bool is_in_group = false;
	bool needs_comma = false;
	for (;;) {
		if (!skip_cfws(s))
			return false;
		if (s->at == s->end)
			return is_in_group ? fault(s, "group without end") : true;
		if (*s->at == ',' || (*s->at == ';' && is_in_group)) {
			needs_comma = *s->at == ';';
			is_in_group &= !needs_comma;
			s->at++;
			continue;
		}
		if (needs_comma)
			return fault(s, "text after an address");
		bool was_in_group = is_in_group;
		if (!read_item(s, &is_in_group))
			return false;
		needs_comma = is_in_group == was_in_group;
		*(needs_comma ? addresses : groups) += 1;
	}
}

static void conclude(struct as_from *from, enum as_from_status status, const char *reason)
{
	from->status = status;
	from->reason = reason;
	from->domain = status == AS_FROM_ONE ? from->domains[0] : NULL;
}

/* What breaks the grammar but leaves no doubt. Characters that no reader shows alike have been refused before. */
static bool read_lax(struct scan *s, const char *value, size_t n)
{
	const char *angle;
	size_t length;
	if (!as_mailbox_is_lax(value, n, &angle, &length))
		return false;
	s->at = angle;
	s->end = angle + length;
	s->reason = NULL;
	return read_angle(s, false) && s->at == s->end && s->from->count == 1;
}

/* A fault that decoding cannot cure: control characters, line breaks of any kind or where they are missing. */
static bool has_bad_characters(struct scan *s, const char *value, size_t n)
{
	s->at = value;
	s->end = value + n;
	s->reason = NULL;
	return !check_lines(s) || (!check_characters(s) && strcmp(s->reason, not_utf8) != 0);
}

static bool is_readable(struct scan *s, const char *value, size_t n)
{
	const char *reason = s->reason;
	if (!n || has_bad_characters(s, value, n) || !read_lax(s, value, n)) {
		s->reason = reason;
		return false;
	}
	return true;
}

/* Is the whole field, read by the grammar, something that no reader can take in another way? */
static bool is_clear(const struct scan *s, const char *value, size_t n)
{
	if (!s->is_odd && !as_mailbox_has_loose_word(value, n))
		return true;
	bool has_no_address = s->has_gap || (s->has_wide_brackets && memchr(value, '"', n)); /* in the eyes of some readers */
	if (has_no_address && memmem(value, n, "=?", 2)) /* these decode all of it then, and show the name first */
		return false;
	return as_mailbox_signs(value, n, s->from->domains[0]) == s->signs;
}

static void read_field(struct scan *s, const char *value, size_t n)
{
	size_t addresses = 0;
	size_t groups = 0;
	s->at = value;
	s->end = n ? value + n : value;
	s->reason = NULL;
	s->word_end = n ? last_word_end(s->at, s->end) : NULL;
	s->has_comment_domain = s->has_gap = s->has_wide_brackets = s->is_odd = false;
	s->signs = 0;
	bool is_regular = check_lines(s) && check_characters(s) && read_list(s, &addresses, &groups);
	if (!is_regular && is_readable(s, value, n)) {
		conclude(s->from, AS_FROM_ONE, NULL);
	} else if (!is_regular) {
		if (n)
			collect(s, value, value + n);
		conclude(s->from, AS_FROM_MALFORMED, s->reason);
	} else if (!addresses && !groups) {
		conclude(s->from, AS_FROM_MALFORMED, "no address");
	} else if (!addresses) {
		conclude(s->from, AS_FROM_EMPTY, "a group of nobody");
	} else if (s->from->count == 1 && is_clear(s, value, n)) {
		conclude(s->from, AS_FROM_ONE, NULL);
	} else if (s->from->count == 1) {
		collect(s, value, value + n);
		conclude(s->from, AS_FROM_MALFORMED, "readers may see another address");
	} else if (s->has_comment_domain) {
		conclude(s->from, AS_FROM_MALFORMED, "comment naming another domain");
	} else {
		conclude(s->from, AS_FROM_SEVERAL, "several domains");
	}
}

void as_from_parse(struct as_arena *arena, const char *value, size_t n, struct as_from *from)
{
	struct scan s = { .arena = arena, .from = from };
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

/* Does the name have a line end before "From"? A reader that stops there finds such a field. */
static bool is_behind_line_end(const struct as_field *field)
{
	for (size_t i = 1; i < field->name_length; i++) {
		char before = field->name[i - 1];
		if ((before == '\r' || before == '\n') && as_field_is_addressed(field->name + i, field->name_length - i, "From"))
			return true;
	}
	return false;
}

void as_from_judge(struct as_arena *arena, const struct as_fields *fields, struct as_from *from)
{
	struct scan s = { .arena = arena, .from = from };
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
