/* SPDX-License-Identifier: BSD-2-Clause */
/* authres_lex.c - the words of Authentication-Results. */
#include "config.h"

#include "authres_lex.h"

#include "str.h"

#include <string.h>

static bool is_one_of(char c, const char *set)
{
	return c && strchr(set, c);
}

static bool is_eight_bit(char c)
{
	return (unsigned char)c > 0x7f;
}

bool as_lex_is_token_char(char c)
{
	return as_is_alnum(c) || is_one_of(c, "!#$%&'*+-.^_`{|}~");
}

bool as_lex_is_token(const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!as_lex_is_token_char(text[i]))
			return false;
	return n > 0;
}

bool as_lex_is_pvalue_char(char c)
{
	return as_lex_is_token_char(c) || is_eight_bit(c) || is_one_of(c, "@/=?");
}

size_t as_lex_fws_size(const char *text, size_t n)
{
	if (n > 0 && as_is_wsp(text[0]))
		return 1;
	if (n > 1 && text[0] == '\n' && as_is_wsp(text[1]))
		return 1;
	return n > 2 && text[0] == '\r' && text[1] == '\n' && as_is_wsp(text[2]) ? 2 : 0;
}

/* Size of the character, quoted pair or white space at text, inside quotes or a comment; 0: nothing that may stand there. */
static size_t content_size(const char *text, size_t n)
{
	size_t fws = as_lex_fws_size(text, n);
	if (fws || *text != '\\')
		return fws ? fws : as_printable_size(text, n);
	size_t size = n > 1 ? as_printable_size(text + 1, n - 1) : 0;
	return size ? size + 1 : 0;
}

size_t as_lex_quoted_size(const char *text, size_t n)
{
	for (size_t i = 1, size; i < n; i += size) {
		if (text[i] == '"')
			return i + 1;
		size = content_size(text + i, n - i);
		if (!size)
			return 0;
	}
	return 0;
}

size_t as_lex_comment_size(const char *text, size_t n)
{
	unsigned depth = 0;
	for (size_t i = 0, size; i < n; i += size) {
		if (text[i] == '(' && ++depth > AS_LEX_COMMENT_DEPTH_MAX)
			return 0;
		if (text[i] == ')' && --depth == 0)
			return i + 1;
		size = content_size(text + i, n - i);
		if (!size)
			return 0;
	}
	return 0;
}

static bool is_well_formed(const char *text, size_t n)
{
	for (size_t i = 0, size; i < n; i += size) {
		size = as_utf8_size(text + i, n - i);
		if (!size)
			return false;
	}
	return true;
}

/* Parts of allowed characters, one dot between them. */
static bool is_dotted(const char *text, size_t n, bool (*is_allowed)(char c))
{
	bool was_dot = true;
	for (size_t i = 0; i < n; i++) {
		bool is_dot = text[i] == '.';
		if (is_dot ? was_dot : !is_allowed(text[i]))
			return false;
		was_dot = is_dot;
	}
	return !was_dot;
}

static bool is_label_char(char c)
{
	return as_is_alnum(c) || c == '-' || is_eight_bit(c);
}

/* RFC 6376 3.5: sub-domain 1*("." sub-domain); no label begins or ends with a hyphen. */
static bool is_domain_name(const char *text, size_t n)
{
	if (!memchr(text, '.', n) || !is_dotted(text, n, is_label_char) || text[0] == '-' || text[n - 1] == '-')
		return false;
	for (size_t i = 1; i < n; i++)
		if ((text[i - 1] == '.' && text[i] == '-') || (text[i - 1] == '-' && text[i] == '.'))
			return false;
	return true;
}

static bool is_atext(char c)
{
	return c != '@' && c != '.' && as_lex_is_pvalue_char(c);
}

bool as_lex_is_identity(const char *text, size_t n)
{
	size_t local = n > 0 && text[0] == '"' ? as_lex_quoted_size(text, n) : 0;
	const char *at = local < n ? memchr(text + local, '@', n - local) : NULL;
	if (!at || !is_well_formed(text, n))
		return !at && n > 0 && is_domain_name(text, n) && is_well_formed(text, n);
	if (local ? at != text + local : at > text && !is_dotted(text, (size_t)(at - text), is_atext))
		return false;
	at++;
	return is_domain_name(at, (size_t)(text + n - at));
}
