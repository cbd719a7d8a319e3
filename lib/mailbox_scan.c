/* SPDX-License-Identifier: BSD-2-Clause */
/* mailbox_scan.c - one From field, read once from left to right: every octet is consumed by exactly one rule, nothing recurses.
 *
 * Accepted is address-list of RFC 5322 3.4 with 4.4, RFC 6532 and RFC 6854. Refused, although RFC 5322 4 allows it, is what
 * readers take in different ways: source routes and comments that name another domain.
 * Deviates from RFC 5322 3.4.1: dots may stand side by side or at the ends of a local part, because Japanese carriers gave
 * such addresses out and they cannot hide a domain.
 */
#include "config.h"

#include "mailbox_scan.h"

#include "domain.h"
#include "mailbox_odd.h"
#include "str.h"

#include <string.h>

enum {
	COMMENT_DEPTH_MAX = 32,
	DOMAINS_TRIED_MAX = 256, /* in all From fields of a message: bounds time in libidn2 and memory */
	LOCAL_MAX = 256,         /* RFC 5321 4.5.3.1.3: a whole path; some readers cut addresses that are longer */
};

/* What stands before "@", "<" or ":". */
struct words {
	const char *start;
	size_t words;
	bool starts_with_dot;
	bool is_local; /* a dot between any two words */
};

static bool fault(struct as_mailbox_scan *s, const char *reason)
{
	if (!s->reason)
		s->reason = reason;
	return false;
}

static bool is_at(const struct as_mailbox_scan *s, char c)
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
static bool note_domain(struct as_mailbox_scan *s, const char *bytes, size_t n)
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

void as_mailbox_scan_collect(struct as_mailbox_scan *s, const char *at, const char *end)
{
	const char *reason = s->reason;
	size_t n;
	for (const char *domain; (domain = as_mailbox_next_domain(&at, end, &n));)
		note_domain(s, domain, n);
	s->reason = reason;
}

static bool skip_comment(struct as_mailbox_scan *s)
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
			as_mailbox_scan_collect(s, start, s->at);
			s->has_comment_domain |= s->from->count > known;
			return true;
		}
	}
	return fault(s, "comment without end");
}

static bool skip_cfws(struct as_mailbox_scan *s)
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

static bool skip_quoted(struct as_mailbox_scan *s)
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

static bool skip_atom(struct as_mailbox_scan *s)
{
	while (s->at < s->end && is_atext(*s->at))
		s->at++;
	return true;
}

/* word *(word / "." / CFWS), or nothing at all: a display name or a local part. */
static bool read_words(struct as_mailbox_scan *s, struct words *w)
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
static bool has_encoded_word(const struct as_mailbox_scan *s, const char *start)
{
	const char *open = memmem(start, (size_t)(s->at - start), "=?", 2);
	return open && s->word_end && s->word_end >= open + 2;
}

/* From "@" on. */
static bool read_domain(struct as_mailbox_scan *s)
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
static bool read_at_domain(struct as_mailbox_scan *s, const struct words *local)
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
static bool read_route(struct as_mailbox_scan *s)
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
static bool read_angle(struct as_mailbox_scan *s, bool is_glued)
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
static bool read_item(struct as_mailbox_scan *s, bool *is_in_group)
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

/* With obs-addr-list and obs-group-list: elements may be empty. */
bool as_mailbox_scan_list(struct as_mailbox_scan *s)
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
		*(needs_comma ? &s->addresses : &s->groups) += 1;
	}
}

bool as_mailbox_scan_angle(struct as_mailbox_scan *s, const char *value, size_t n)
{
	s->at = value;
	s->end = value + n;
	s->reason = NULL;
	return is_at(s, '<') && read_angle(s, false) && s->at == s->end;
}

void as_mailbox_scan_start(struct as_mailbox_scan *s, const char *value, size_t n)
{
	const char *end = n ? value + n : value;
	*s = (struct as_mailbox_scan){
		.arena = s->arena,
		.from = s->from,
		.tried = s->tried,
		.at = value,
		.end = end,
		.word_end = n ? last_word_end(value, end) : NULL,
	};
}
