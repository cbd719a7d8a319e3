/* SPDX-License-Identifier: BSD-2-Clause */
/* authres_claims.c - whom does a field speak for? Read as the laxest reader might, for what it says may be a forgery of ours.
 *
 * The id is gathered from its pieces. A piece ends where some reader would see an end (white space, a comment, a quote, a control
 * octet, a sign that no host name has), and at each such place what was gathered so far is compared: "our.id (x) .evil" is ours to one
 * reader, "our(x).id" to another. Where some reader would decode a word of RFC 2047, nobody knows what the id is.
 */
#include "config.h"

#include "authres.h"

#include "authres_lex.h"
#include "domain.h"
#include "str.h"

#include <string.h>

enum { GATHERED_MAX = 4 * AS_DOMAIN_MAX, CONVERSIONS_MAX = 4 };

/* Readers differ in what they know of RFC 5322 3.2. */
struct reading {
	bool respects_quotes; /* any sign may stand between quotes; else quotes and backslashes are as good as nothing */
	bool nests_comments;  /* with quoted pairs too; else a comment ends at the first ")" */
};

struct claim {
	struct as_arena *arena;
	const char *own;        /* as own_id() made it */
	struct as_buf gathered;
	size_t piece;           /* where the last whole piece began */
	size_t compared;        /* where it ended */
	bool has_eight_bit;     /* in what was gathered */
	unsigned conversions;
	bool is_claim;
};

/* What cannot be told apart from ours with little effort counts as ours. */
static bool is_own(struct claim *c)
{
	const char *text = c->gathered.text;
	size_t n = c->gathered.length;
	size_t own = strlen(c->own);
	const char *normal;
	if (as_equal_nocase_n(text, n, c->own, own) || (text[n - 1] == '.' && as_equal_nocase_n(text, n - 1, c->own, own)))
		return true;
	if (!c->has_eight_bit)
		return false;
	return ++c->conversions > CONVERSIONS_MAX || as_domain_normal(c->arena, text, n, &normal) != AS_OK ||
	       as_equal_nocase(normal, c->own);
}

static void gather(struct claim *c, char ch)
{
	as_buf_putc(&c->gathered, ch);
	c->has_eight_bit = c->has_eight_bit || (unsigned char)ch > 0x7f;
}

static void end_piece(struct claim *c)
{
	if (c->gathered.length == c->compared)
		return;
	c->is_claim |= is_own(c);
	c->piece = c->compared;
	c->compared = c->gathered.length;
}

static bool is_control_or_space(char ch)
{
	return (unsigned char)ch <= 0x20 || ch == 0x7f;
}

/* Does every reader take this for a part of an id that began before? Of UTF-8 only the first octet is looked at: conversions cost. */
static bool goes_on(const struct claim *c, char ch)
{
	return as_is_alnum(ch) || ch == '.' || ch == '-' || ((unsigned char)ch > 0x7f && c->has_eight_bit);
}

static bool is_quote(char ch)
{
	return ch == '"' || ch == '\'' || ch == '\\';
}

static bool is_encoded_word(const char *at, const char *end)
{
	return end - at > 1 && at[0] == '=' && at[1] == '?';
}

/* End of the comment at `at`, whatever it holds; NULL if it does not end, or who decodes words may see another end. */
static const char *skip_comment(const char *at, const char *end, bool nests)
{
	size_t depth = 0;
	for (; at < end; at++) {
		if (is_encoded_word(at, end) || (*at == '\\' && is_encoded_word(at + 1, end)))
			return NULL;
		if (*at == '\\' && end - at > 1 && nests)
			at++;
		else if (*at == '(' && (nests || !depth))
			depth++;
		else if (*at == ')' && --depth == 0)
			return at + 1;
	}
	return NULL;
}

/* RE-12: does the last piece say a version other than 1? */
static bool has_unsupported_version(const struct claim *c)
{
	const char *digits = c->gathered.text + c->piece;
	if (c->piece == 0 || !*digits || digits[strspn(digits, "0123456789")])
		return false;
	return strcmp(digits + strspn(digits, "0"), "1") != 0;
}

/* Reads up to the first sign that no id holds. */
static bool read_id(struct claim *c, const char *at, const char *end, const struct reading *reading)
{
	bool is_quoted = false;
	while (at < end && c->gathered.length <= GATHERED_MAX) {
		if (is_encoded_word(at, end))
			return true;
		if (!goes_on(c, *at))
			end_piece(c);
		if (!reading->respects_quotes && is_quote(*at)) {
			at++;
			continue;
		}
		if (as_lex_is_token_char(*at) || (unsigned char)*at > 0x7f) {
			gather(c, *at++);
			continue;
		}
		if (*at == '\\' && end - at > 1) {
			at++;
			if (!is_control_or_space(*at) && !is_encoded_word(at, end))
				gather(c, *at++);
			continue;
		}
		if (*at == '(' && !is_quoted) {
			at = skip_comment(at, end, reading->nests_comments);
			if (!at)
				return true;
			continue;
		}
		if (*at == '"')
			is_quoted = !is_quoted;
		else if (!is_control_or_space(*at) && !is_quoted)
			break;
		else if (!is_control_or_space(*at))
			gather(c, *at);
		at++;
	}
	end_piece(c);
	return c->is_claim || is_quoted || !c->gathered.length || has_unsupported_version(c);
}

/* Our id as read_id() would gather it: without quotes an id ends at the first sign. */
static const char *own_id(struct as_arena *arena, const char *authserv_id, bool respects_quotes)
{
	const char *normal;
	if (as_domain_normal(arena, authserv_id, strlen(authserv_id), &normal) == AS_OK)
		return normal;
	struct as_buf own = as_buf_new(arena);
	for (const char *at = authserv_id; *at; at++) {
		bool is_word = as_lex_is_token_char(*at) || (unsigned char)*at > 0x7f;
		if (is_word || (respects_quotes && !is_control_or_space(*at)))
			as_buf_putc(&own, *at);
		else if (!is_control_or_space(*at))
			break;
	}
	return own.text;
}

bool as_authres_claims(struct as_arena *arena, const char *value, size_t n, const char *authserv_id)
{
	static const struct reading readings[] = { { true, true }, { false, true }, { true, false }, { false, false } };
	if (n == 0)
		return true;
	const char *const own[] = { own_id(arena, authserv_id, false), own_id(arena, authserv_id, true) };
	for (size_t i = 0; i < sizeof readings / sizeof *readings; i++) {
		struct claim claim = {
			.arena = arena,
			.own = own[readings[i].respects_quotes],
			.gathered = as_buf_new(arena),
		};
		if (read_id(&claim, value, value + n, &readings[i]))
			return true;
	}
	return false;
}
