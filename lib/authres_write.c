/* SPDX-License-Identifier: BSD-2-Clause */
/* authres_write.c - the field body that we add, RFC 8601 2.2. */
#include "config.h"

#include "authres.h"

#include "authres_lex.h"
#include "str.h"

#include <string.h>

enum { COLUMNS = 77 /* one less than RFC 5322 2.1.1 likes: a ";" may follow */, TAB = 8 };

struct out {
	struct as_buf buf;
	size_t column;
};

/* Adds a piece that must not be broken after a space, or on a new line when this one is full. */
static void add_piece(struct out *out, const char *text, size_t n)
{
	bool is_full = out->column + 1 + n > COLUMNS;
	as_buf_puts(&out->buf, is_full ? "\n\t" : " ");
	as_buf_add(&out->buf, text, n);
	out->column = (is_full ? TAB : out->column + 1) + n;
}

/* The value without what cannot be written, AS_AUTHRES_VALUE_MAX octets at most; see as_authres_write(). */
static struct as_buf clean(struct as_arena *arena, const char *value)
{
	static const char cut_mark[] = "...";
	const size_t most_when_cut = AS_AUTHRES_VALUE_MAX - (sizeof cut_mark - 1);
	struct as_buf out = as_buf_new(arena);
	size_t cut_at = 0;
	size_t n = strlen(value);
	for (size_t i = 0, size; i < n; i += size ? size : 1) {
		size = as_printable_size(value + i, n - i);
		if (out.length <= most_when_cut)
			cut_at = out.length;
		if (out.length + (size ? size : 1) > AS_AUTHRES_VALUE_MAX) {
			out.text[out.length = cut_at] = '\0';
			as_buf_puts(&out, cut_mark);
			break;
		}
		as_buf_add(&out, size ? value + i : "?", size ? size : 1);
	}
	return out;
}

/* Is the sign at `i` one that careless readers take for more than a part of a value? They decode "=?" as RFC 2047 has it even here, or look
 * for "dmarc=pass" anywhere in a field. The first "?" of a value comes behind a "=" of ours. */
static bool is_misread(const struct as_buf *text, size_t i)
{
	static const char *const said[] = { "dmarc", "dkim", "spf", "iprev", "auth", "from", "helo" };
	const char *before = text->text;
	if (text->text[i] == '?')
		return i == 0 || before[i - 1] == '=';
	if (text->text[i] != '=')
		return false;
	while (i > 0 && before[i - 1] == ' ')
		i--;
	for (size_t j = 0; j < sizeof said / sizeof said[0]; j++) {
		size_t n = strlen(said[j]);
		if (i >= n && as_equal_nocase_n(before + i - n, n, said[j], n))
			return true;
	}
	return false;
}

/* Copies text with a backslash before each of `escaped`, and into what is misread. */
static void add_escaped(struct as_buf *out, const struct as_buf *text, const char *escaped)
{
	for (size_t i = 0; i < text->length; i++) {
		if (strchr(escaped, text->text[i]) || is_misread(text, i))
			as_buf_putc(out, '\\');
		as_buf_putc(out, text->text[i]);
	}
}

static bool holds_misread(const struct as_buf *text)
{
	for (size_t i = 0; i < text->length; i++)
		if (is_misread(text, i))
			return true;
	return false;
}

/* RE-0, RE-1: bare as a token or an identity, else quoted. */
static void add_value(struct as_buf *out, const char *value, bool is_identity)
{
	struct as_buf text = clean(out->arena, value);
	bool is_bare = as_lex_is_token(text.text, text.length) || (is_identity && as_lex_is_identity(text.text, text.length));
	if (is_bare && !holds_misread(&text)) {
		as_buf_add(out, text.text, text.length);
		return;
	}
	as_buf_putc(out, '"');
	add_escaped(out, &text, "\"\\");
	as_buf_putc(out, '"');
}

/* In one piece if it fits a line, else word by word. */
static void add_comment(struct out *out, const char *comment)
{
	struct as_buf text = clean(out->buf.arena, comment);
	struct as_buf piece = as_buf_new(out->buf.arena);
	as_buf_putc(&piece, '(');
	add_escaped(&piece, &text, "()\\");
	as_buf_putc(&piece, ')');
	if (TAB + piece.length <= COLUMNS) {
		add_piece(out, piece.text, piece.length);
		return;
	}
	const char *rest = piece.text;
	for (size_t n; *(rest += strspn(rest, " ")); rest += n) {
		n = strcspn(rest, " ");
		add_piece(out, rest, n);
	}
}

static void add_property(struct out *out, const struct as_property *property)
{
	struct as_buf piece = as_buf_new(out->buf.arena);
	as_buf_printf(&piece, "%s.%s=", property->ptype, property->property);
	add_value(&piece, property->value, property->is_identity);
	add_piece(out, piece.text, piece.length);
}

static void add_dnssec_comment(struct out *out, enum as_dnssec state)
{
	struct as_buf piece = as_buf_new(out->buf.arena);
	as_buf_printf(&piece, "(dnssec: %s)", as_dnssec_name(state));
	add_piece(out, piece.text, piece.length);
}

static void add_result(struct out *out, const struct as_result *result, enum as_dnssec_mark mark)
{
	size_t start = out->buf.length;
	as_buf_printf(&out->buf, "%s=%s", result->method, as_code_name(result->code));
	out->column = TAB + out->buf.length - start;
	if (result->comment && *result->comment)
		add_comment(out, result->comment);
	if (result->has_dnssec && mark == AS_MARK_COMMENT)
		add_dnssec_comment(out, result->dnssec);
	if (result->reason) {
		struct as_buf piece = as_buf_new(out->buf.arena);
		as_buf_puts(&piece, "reason=");
		add_value(&piece, result->reason, false);
		add_piece(out, piece.text, piece.length);
	}
	for (size_t i = 0; i < result->count; i++)
		add_property(out, &result->properties[i]);
	if (result->has_dnssec && mark == AS_MARK_PROPERTY) {
		const struct as_property property = { .ptype = "policy", .property = "dnssec", .value = as_dnssec_name(result->dnssec) };
		add_property(out, &property);
	}
}

char *as_authres_write(struct as_arena *arena, const char *authserv_id, const struct as_result *results, size_t count,
		       enum as_dnssec_mark mark)
{
	struct out out = { .buf = as_buf_new(arena) };
	as_buf_putc(&out.buf, ' ');
	add_value(&out.buf, authserv_id, false);
	if (!count)
		as_buf_puts(&out.buf, "; none");
	for (size_t i = 0; i < count; i++) {
		as_buf_puts(&out.buf, ";\n\t");
		add_result(&out, &results[i], mark);
	}
	return out.buf.text;
}
