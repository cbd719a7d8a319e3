/* SPDX-License-Identifier: BSD-2-Clause */
/* mailbox_odd.c - what the grammar of a From field allows and readers take apart in different ways. */
#include "config.h"

#include "mailbox_odd.h"

#include "str.h"

#include <string.h>

bool as_mailbox_is_plain(const char *at, const char *end)
{
	bool was_dot = true;
	for (; at < end; at++) {
		bool is_border = *at == '.' || *at == '@';
		if ((is_border && was_dot) || as_is_fws(*at) || *at == '"')
			return false;
		was_dot = is_border;
	}
	return true;
}

/* Some readers drop quotes, brackets and white space, so that the next word would become a part of the domain. */
bool as_mailbox_shows(const char *at, const char *end, const char *domain, size_t n)
{
	if ((size_t)(end - at) < n || !as_equal_nocase_n(at, n, domain, n))
		return false;
	at += n;
	while (at < end && (as_is_fws(*at) || *at == '"' || *at == '>' || *at == ')'))
		at++;
	return at == end || *at == ',' || *at == ';' || *at == '<' || *at == '(';
}

static bool is_word_char(char c)
{
	return as_is_alnum(c) || as_is_fws(c) || c == '-' || c == '_';
}

/* "(@jane)", "(Jane @ the office)": a sign among words, no dot, nothing before it that could be a local part. */
static bool is_handle(const char *sign, const char *value, const char *end)
{
	const char *open = sign, *close = sign + 1;
	if (open > value && !as_is_fws(open[-1]) && open[-1] != '(')
		return false;
	while (open > value && is_word_char(open[-1]))
		open--;
	while (close < end && is_word_char(*close))
		close++;
	return open > value && open[-1] == '(' && close < end && *close == ')';
}

size_t as_mailbox_signs(const char *value, size_t n, const char *domain)
{
	const char *end = value + n;
	size_t length = strlen(domain);
	size_t signs = 0;
	bool can_hide = memchr(value, '"', n) || memchr(value, '\\', n); /* where comments begin and end */
	for (const char *at = value; (at = memchr(at, '@', (size_t)(end - at))); at++)
		signs += !as_mailbox_shows(at + 1, end, domain, length) && (can_hide || !is_handle(at, value, end));
	return signs;
}

static bool is_domain_char(char c)
{
	return as_is_alnum(c) || (unsigned char)c > 0x7f || c == '-' || c == '_' || c == '.';
}

const char *as_mailbox_next_domain(const char **at, const char *end, size_t *n)
{
	const char *sign = *at < end ? memchr(*at, '@', (size_t)(end - *at)) : NULL;
	if (!sign)
		return NULL;
	const char *domain = sign + 1;
	while (domain < end && as_is_fws(*domain))
		domain++;
	*at = domain;
	while (*at < end && is_domain_char(**at))
		++*at;
	*n = (size_t)(*at - domain);
	while (*n > 0 && domain[*n - 1] == '.')
		--*n;
	return domain;
}

static const char *skip_part(const char *at, const char *end, const char *refused)
{
	while (at < end && *at >= ' ' && *at < 0x7f && *at != '?' && !strchr(refused, *at))
		at++;
	return at;
}

const char *as_mailbox_skip_encoded_word(const char *at, const char *end, const char *refused)
{
	const char *charset = at + 2, *mark = skip_part(charset, end, refused);
	if (mark == charset || end - mark < 3 || mark[0] != '?' || !mark[1] || !strchr("BbQq", mark[1]) || mark[2] != '?')
		return NULL;
	mark = skip_part(mark + 3, end, refused);
	return end - mark >= 2 && mark[0] == '?' && mark[1] == '=' ? mark + 2 : NULL;
}

/* In such a word no character may mean something in a From field. */
bool as_mailbox_has_loose_word(const char *value, size_t n)
{
	const char *end = value + n;
	const char *at = value;
	while (at && (at = memmem(at, (size_t)(end - at), "=?", 2)))
		if (!(at = as_mailbox_skip_encoded_word(at, end, " \"(),:;<>@[\\]")))
			return true;
	return false;
}

bool as_mailbox_is_disguised(const char *at, const char *end)
{
	/* U+061C, U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069; U+FE6B, U+FF20 */
	static const struct {
		char first[4], last[4];
	} rows[] = {
		{ "\xd8\x9c", "\xd8\x9c" },         { "\xe2\x80\x8e", "\xe2\x80\x8f" }, { "\xe2\x80\xaa", "\xe2\x80\xae" },
		{ "\xe2\x81\xa6", "\xe2\x81\xa9" }, { "\xef\xb9\xab", "\xef\xb9\xab" }, { "\xef\xbc\xa0", "\xef\xbc\xa0" },
	};
	for (size_t size; at < end; at += size) {
		size = as_utf8_size(at, (size_t)(end - at));
		if (!size)
			return true;
		for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
			if (size == strlen(rows[i].first) && memcmp(at, rows[i].first, size) >= 0 && memcmp(at, rows[i].last, size) <= 0)
				return true;
	}
	return false;
}
