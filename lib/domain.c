/* SPDX-License-Identifier: BSD-2-Clause */
/* domain.c - domain names of mail; the only user of libidn2.
 *
 * Names that are ASCII already, nearly all, never reach libidn2. Of the others each label with bytes above 0x7f goes there on
 * its own, so "xn--" and "_" labels beside it stay as they are. What comes back is checked like any other name: the mapping of
 * UTS 46 may yield dots and signs (U+3002, U+FF20).
 */
#include "config.h"

#include "domain.h"

#include "str.h"

#include <stdlib.h>
#include <string.h>

#include <idn2.h>

/* The longest input worth a look: 253 octets of A-labels come from fewer characters, of at most 4 octets each. */
enum { INPUT_MAX = 4 * AS_DOMAIN_MAX };

static bool is_name_char(char c)
{
	return as_is_alnum(c) || c == '-' || c == '_';
}

/* RFC 7208 7.2: "%_" in a domain-spec is a space, so SPF may ask for a name that holds one. */
static bool is_printable(char c)
{
	return c >= ' ' && c < 0x7f;
}

/* 1 to 253 octets in labels of 1 to 63, each of bytes that is_allowed knows, single dots between them. */
static bool has_labels(const char *name, size_t n, bool (*is_allowed)(char c))
{
	size_t label = 0;
	if (n > AS_DOMAIN_MAX)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (name[i] != '.') {
			if (!is_allowed(name[i]) || ++label > AS_LABEL_MAX)
				return false;
			continue;
		}
		if (!label)
			return false;
		label = 0;
	}
	return label > 0;
}

static bool is_ascii(const char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)bytes[i] > 0x7f)
			return false;
	return true;
}

/* Adds the A-label of a U-label, NUL-terminated and in lower case as far as ASCII goes. False: it has none. */
static bool add_a_label(struct as_buf *out, const char *label)
{
	uint8_t *mapped = NULL;
	if (strstr(label, "\xe1\xba\x9e")) /* U+1E9E: UTS 46 made "ss" of it until 2023, and the sharp s since */
		return false;
	int status = idn2_lookup_u8((const uint8_t *)label, &mapped, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
	if (status == IDN2_MALLOC)
		as_heap_ran_out();
	if (status != IDN2_OK)
		return false;
	as_buf_puts(out, (const char *)mapped);
	idn2_free(mapped);
	return true;
}

static bool add_labels(struct as_arena *arena, struct as_buf *out, const char *bytes, size_t n)
{
	for (;;) {
		const char *dot = memchr(bytes, '.', n);
		size_t length = dot ? (size_t)(dot - bytes) : n;
		const char *lower = as_lower_copy(arena, bytes, length);
		if (is_ascii(lower, length))
			as_buf_add(out, lower, length);
		else if (!add_a_label(out, lower))
			return false;
		if (!dot)
			return true;
		as_buf_putc(out, '.');
		bytes = dot + 1;
		n -= length + 1;
	}
}

enum as_err as_domain_normal(struct as_arena *arena, const char *bytes, size_t n, const char **domain)
{
	if (n > 0 && bytes[n - 1] == '.')
		n--;
	if (n == 0 || n > INPUT_MAX || memchr(bytes, '\0', n))
		return AS_ERR_SYNTAX;
	if (is_ascii(bytes, n)) {
		if (!has_labels(bytes, n, is_name_char))
			return AS_ERR_SYNTAX;
		*domain = as_lower_copy(arena, bytes, n);
		return AS_OK;
	}
	struct as_buf out = as_buf_new(arena);
	if (!add_labels(arena, &out, bytes, n) || !has_labels(out.text, out.length, is_name_char))
		return AS_ERR_SYNTAX;
	*domain = as_lower_copy(arena, out.text, out.length);
	return AS_OK;
}

bool as_domain_is_queryable(const char *name)
{
	return has_labels(name, strnlen(name, AS_DOMAIN_MAX + 1), is_printable);
}

unsigned as_domain_labels(const char *domain)
{
	unsigned labels = *domain ? 1 : 0;
	for (; *domain; domain++)
		labels += *domain == '.';
	return labels;
}

const char *as_domain_tail(const char *domain, unsigned labels)
{
	const char *tail = domain + strlen(domain);
	if (!labels)
		return tail;
	while (tail > domain) {
		if (tail[-1] == '.' && --labels == 0)
			break;
		tail--;
	}
	return tail;
}

const char *as_domain_parent(const char *domain)
{
	const char *dot = strchr(domain, '.');
	return dot ? dot + 1 : domain + strlen(domain);
}

bool as_domain_equal(const char *a, const char *b)
{
	return as_equal_nocase(a, b);
}

bool as_domain_is_below(const char *domain, const char *ancestor)
{
	size_t n = strlen(domain);
	size_t above = strlen(ancestor);
	if (n == above)
		return as_equal_nocase(domain, ancestor);
	/* "" is no ancestor: an empty name must never match everything. */
	return above > 0 && n > above && domain[n - above - 1] == '.' && as_equal_nocase(domain + n - above, ancestor);
}

bool as_domain_is_listed(const char *const *patterns, const char *domain)
{
	for (; *patterns; patterns++) {
		const char *pattern = *patterns;
		bool is_below = pattern[0] == '.' && as_domain_is_below(domain, pattern + 1) && !as_domain_equal(domain, pattern + 1);
		if (is_below || as_domain_equal(domain, pattern))
			return true;
	}
	return false;
}
