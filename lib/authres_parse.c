/* SPDX-License-Identifier: BSD-2-Clause */
/* authres_parse.c - reading field bodies by the grammar of RFC 8601 2.2, from left to right without recursion.
 *
 * What is skipped in a lax reading ends at white space, a comment or ";", and quotes hide these as anywhere else: no part of a value
 * becomes a property or a result by it.
 */
#include "config.h"

#include "authres.h"

#include "authres_lex.h"
#include "str.h"

#include <limits.h>
#include <string.h>

struct reader {
	struct as_arena *arena;
	const char *at;
	const char *end;
	bool is_lax;
};

static size_t left(const struct reader *r)
{
	return (size_t)(r->end - r->at);
}

static bool is_at(const struct reader *r, char c)
{
	return r->at < r->end && *r->at == c;
}

/* [CFWS]. False: a comment does not end. */
static bool skip_cfws(struct reader *r)
{
	for (;;) {
		size_t size = as_lex_fws_size(r->at, left(r));
		if (!size && !is_at(r, '('))
			return true;
		if (!size)
			size = as_lex_comment_size(r->at, left(r));
		if (!size)
			return false;
		r->at += size;
	}
}

/* [CFWS] c [CFWS] */
static bool skip_sign(struct reader *r, char c)
{
	if (!skip_cfws(r) || !is_at(r, c))
		return false;
	r->at++;
	return skip_cfws(r);
}

/* Keyword = *(ALPHA / DIGIT / "-") Let-dig, RFC 5321 4.1.2. NULL: there is none. */
static const char *read_keyword(struct reader *r)
{
	const char *start = r->at;
	while (r->at < r->end && (as_is_alnum(*r->at) || *r->at == '-'))
		r->at++;
	size_t n = (size_t)(r->at - start);
	if (n == 0 || n > AS_LEX_KEYWORD_MAX || r->at[-1] == '-')
		return NULL;
	return as_lower_copy(r->arena, start, n);
}

/* The content of a quoted string: no quotes, no backslashes, no line ends. */
static const char *unquote(struct as_arena *arena, const char *quoted, size_t n)
{
	char *text = as_alloc(arena, n);
	size_t length = 0;
	for (size_t i = 1; i + 1 < n; i++) {
		if (quoted[i] == '\r' || quoted[i] == '\n')
			continue;
		if (quoted[i] == '\\')
			i++;
		text[length++] = quoted[i];
	}
	return text;
}

/* value = token / quoted-string. NULL: there is none. */
static const char *read_value(struct reader *r)
{
	const char *start = r->at;
	if (is_at(r, '"')) {
		size_t size = as_lex_quoted_size(start, left(r));
		r->at += size;
		return size ? unquote(r->arena, start, size) : NULL;
	}
	while (r->at < r->end && as_lex_is_token_char(*r->at))
		r->at++;
	return r->at > start ? as_strndup(r->arena, start, (size_t)(r->at - start)) : NULL;
}

/* value / [ [ local-part ] "@" ] domain-name */
static bool read_pvalue(struct reader *r, struct as_property *property)
{
	const char *start = r->at;
	size_t quoted = is_at(r, '"') ? as_lex_quoted_size(start, left(r)) : 0;
	if (is_at(r, '"') && (quoted == left(r) || start[quoted] != '@'))
		return (property->value = read_value(r)) != NULL;
	r->at += quoted;
	while (r->at < r->end && as_lex_is_pvalue_char(*r->at))
		r->at++;
	size_t n = (size_t)(r->at - start);
	property->is_identity = !as_lex_is_token(start, n);
	property->value = as_strndup(r->arena, start, n);
	return !property->is_identity || as_lex_is_identity(start, n);
}

/* Is this the end of a word, or of something quoted? */
static bool is_at_end(const struct reader *r)
{
	return r->at == r->end || as_is_fws(*r->at) || *r->at == ';' || *r->at == '(' || r->at[-1] == '"';
}

/* One reasonspec or propspec; in a lax reading not the beginning of something else, such as of an address without quotes. */
static bool read_spec(struct reader *r, struct as_result *result)
{
	struct as_property property = { 0 };
	property.ptype = read_keyword(r);
	if (!property.ptype || !skip_cfws(r))
		return false;
	if (is_at(r, '=') && strcmp(property.ptype, "reason") == 0 && !result->reason && !result->count)
		return skip_sign(r, '=') && (result->reason = read_value(r)) && skip_cfws(r);
	if (!skip_sign(r, '.') || !(property.property = read_keyword(r)))
		return false;
	if (!skip_sign(r, '=') || !read_pvalue(r, &property) || (r->is_lax && !is_at_end(r)))
		return false;
	if (result->count < AS_PROPERTIES_MAX)
		result->properties[result->count++] = property;
	return skip_cfws(r);
}

/* Up to white space, a comment or ";", and what follows of the first two. False: there is nothing, or a quote or comment does not end. */
static bool skip_word(struct reader *r)
{
	const char *start = r->at;
	while (r->at < r->end && !as_is_fws(*r->at) && *r->at != ';' && *r->at != '(') {
		size_t size = *r->at == '"' ? as_lex_quoted_size(r->at, left(r)) : 1;
		if (!size)
			return false;
		r->at += size;
	}
	return r->at > start && skip_cfws(r);
}

static bool skip_result(struct reader *r)
{
	while (r->at < r->end && *r->at != ';')
		if (!skip_word(r))
			return false;
	return true;
}

/* Behind a quote, without a space, only another spec may stand: else nobody knows what was quoted. */
static bool read_specs(struct reader *r, struct as_result *result)
{
	while (r->at < r->end && *r->at != ';') {
		const char *start = r->at;
		if (read_spec(r, result))
			continue;
		r->at = start;
		if (!r->is_lax || start[-1] == '"' || !skip_word(r))
			return false;
	}
	return true;
}

static void set_code(struct as_result *result, const char *word)
{
	for (int code = 0; code < AS_CODES; code++) {
		if (strcmp(as_code_name((enum as_code)code), word) == 0) {
			result->code = (enum as_code)code;
			return;
		}
	}
	result->is_unknown = true;
}

/* What follows the method: [ "/" version ] "=" result *spec. */
static bool read_result(struct reader *r, struct as_result *result)
{
	if (is_at(r, '/')) {
		if (!skip_sign(r, '/') || r->at == r->end || !as_is_digit(*r->at))
			return false;
		while (r->at < r->end && as_is_digit(*r->at))
			r->at++;
	}
	if (!skip_sign(r, '='))
		return false;
	const char *word = read_keyword(r), *behind = r->at;
	if (!word || !skip_cfws(r))
		return false;
	set_code(result, word);
	bool is_whole = r->at > behind || r->at == r->end || *r->at == ';';
	return is_whole && read_specs(r, result);
}

static unsigned read_version(struct reader *r)
{
	unsigned version = 0;
	for (; r->at < r->end && as_is_digit(*r->at); r->at++)
		version = version > UINT_MAX / 10 - 1 ? UINT_MAX / 10 : version * 10 + (unsigned)(*r->at - '0');
	return version;
}

static bool read_head(struct reader *r, struct as_authres *parsed)
{
	if (!skip_cfws(r) || !(parsed->authserv_id = read_value(r)) || !skip_cfws(r))
		return false;
	if (r->at < r->end && as_is_digit(*r->at))
		parsed->version = read_version(r);
	return skip_cfws(r);
}

static enum as_err read_results(struct reader *r, struct as_results *results)
{
	do {
		struct as_result result = { 0 };
		if (!skip_sign(r, ';'))
			return AS_ERR_SYNTAX;
		const char *start = r->at;
		bool is_valid = (result.method = read_keyword(r)) && skip_cfws(r);
		if (is_valid && r->at == r->end && !results->count && strcmp(result.method, "none") == 0)
			return AS_OK;
		if (!is_valid || !read_result(r, &result)) {
			r->at = start;
			if (!r->is_lax || !skip_result(r))
				return AS_ERR_SYNTAX;
			continue;
		}
		if (results->count == AS_AUTHRES_RESULTS_MAX)
			return AS_ERR_LIMIT;
		*as_results_add(r->arena, results, result.method, result.code) = result;
	} while (r->at < r->end);
	return AS_OK;
}

static enum as_err parse(struct as_arena *arena, const char *value, size_t n, bool is_lax, struct as_authres *parsed)
{
	struct reader r = { .arena = arena, .at = value, .end = n ? value + n : value, .is_lax = is_lax };
	struct as_results results = { 0 };
	*parsed = (struct as_authres){ .authserv_id = "", .version = 1 };
	if (n == 0 || !read_head(&r, parsed)) {
		parsed->authserv_id = parsed->authserv_id ? parsed->authserv_id : "";
		return AS_ERR_SYNTAX;
	}
	enum as_err err = read_results(&r, &results);
	parsed->count = results.count;
	parsed->results = results.list;
	return err;
}

enum as_err as_authres_parse(struct as_arena *arena, const char *value, size_t n, struct as_authres *parsed)
{
	return parse(arena, value, n, false, parsed);
}

enum as_err as_authres_parse_lax(struct as_arena *arena, const char *value, size_t n, struct as_authres *parsed)
{
	return parse(arena, value, n, true, parsed);
}
