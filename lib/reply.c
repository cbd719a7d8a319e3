/* SPDX-License-Identifier: BSD-2-Clause */
/* reply.c - reply texts with macros. RFC 3463, RFC 3986, RFC 5321 4.2.1 and 4.5.3.1.5. */
#include "config.h"

#include "reply.h"

#include "str.h"
#include "table.h"

#include <string.h>

static const struct as_name_code macros[] = {
	{ "from-domain", AS_REPLY_FROM_DOMAIN },
	{ "policy-domain", AS_REPLY_POLICY_DOMAIN },
	{ "policy", AS_REPLY_POLICY },
	{ "spf", AS_REPLY_SPF },
	{ "dkim", AS_REPLY_DKIM },
	{ "dmarc", AS_REPLY_DMARC },
	{ "client", AS_REPLY_CLIENT },
	{ "helo", AS_REPLY_HELO },
	{ "envelope-domain", AS_REPLY_ENVELOPE_DOMAIN },
	{ "queue-id", AS_REPLY_QUEUE_ID },
	{ "hostname", AS_REPLY_HOSTNAME },
	{ "rule", AS_REPLY_RULE },
	{ "from-problem", AS_REPLY_FROM_PROBLEM },
	{ "spf-explanation", AS_REPLY_SPF_EXPLANATION },
	{ "spf-helo", AS_REPLY_SPF_HELO },
	{ "arc", AS_REPLY_ARC },
	{ "iprev", AS_REPLY_IPREV },
	{ "client-name", AS_REPLY_CLIENT_NAME },
	{ "tls", AS_REPLY_TLS },
	{ "list-id", AS_REPLY_LIST_ID },
	{ "id", AS_REPLY_ID },
	{ "time", AS_REPLY_TIME },
	{ NULL, 0 },
};

/* A domain fits; longer values are somebody's game. */
enum { VALUE_MAX = 255, UNKNOWN = -1 };

#define HEX "0123456789abcdefABCDEF"

/* Length of a run of one to three digits; 0 without one. */
static size_t digits(const char *text)
{
	size_t n = strspn(text, "0123456789");
	return n <= 3 ? n : 0;
}

/* Length of an enhanced code at the start of the text, RFC 3463 2; 0 without one. A code is followed by a space or the end. */
static size_t code_length(const char *text)
{
	size_t length = 1;
	if (!as_is_digit(text[0]))
		return 0;
	for (int part = 0; part < 2; part++) {
		size_t n = text[length] == '.' ? digits(text + length + 1) : 0;
		if (!n)
			return 0;
		length += 1 + n;
	}
	return text[length] == ' ' || !text[length] ? length : 0;
}

char as_reply_class(const char *text)
{
	return code_length(text) ? text[0] : '\0';
}

const char *as_reply_split(struct as_arena *arena, const char *text, const char **enhanced)
{
	size_t n = code_length(text);
	*enhanced = n ? as_strndup(arena, text, n) : NULL;
	text += n;
	return text + strspn(text, " ");
}

static const char *macro_list(struct as_arena *arena)
{
	struct as_buf list = as_buf_new(arena);
	for (const struct as_name_code *m = macros; m->name; m++)
		as_buf_printf(&list, "%%{%s} ", m->name);
	as_buf_puts(&list, "%%");
	return list.text;
}

/* Reads the macro behind a '%': its length after the '%' (0: malformed) and its code, '%' itself as UNKNOWN with length 1. */
static size_t read_macro(const char *text, int *code)
{
	*code = UNKNOWN;
	if (text[0] == '%')
		return 1;
	const char *end = text[0] == '{' ? strchr(text, '}') : NULL;
	if (!end)
		return 0;
	*code = as_table_code(macros, text + 1, (size_t)(end - text - 1), UNKNOWN);
	return *code == UNKNOWN ? 0 : (size_t)(end - text) + 1;
}

static enum as_err refuse_macro(struct as_arena *arena, const char *at, const char **detail)
{
	*detail = as_printf(arena, "unknown macro at \"%.20s\"; there are %s", at, macro_list(arena));
	return AS_ERR_SYNTAX;
}

static enum as_err check_length(struct as_arena *arena, const char *text, size_t most, const char **detail)
{
	if (strlen(text) <= most)
		return AS_OK;
	*detail = as_printf(arena, "a reply has at most %zu characters", most);
	return AS_ERR_RANGE;
}

enum as_err as_reply_check(struct as_arena *arena, const char *text, const char **detail)
{
	const char *enhanced;
	const char *rest = as_reply_split(arena, text, &enhanced);
	if (enhanced && enhanced[0] != '4' && enhanced[0] != '5') {
		*detail = as_printf(arena, "\"%s\" is no code of a refusal; it begins with 4 (later) or 5 (never)", enhanced);
		return AS_ERR_SYNTAX;
	}
	if (strspn(rest, "0123456789") == 3 && (rest[3] == ' ' || rest[3] == '-' || !rest[3])) {
		*detail = as_printf(arena, "\"%.3s\" follows from the action and is not written; "
				    "begin with a code such as 5.7.1, or with the text", rest);
		return AS_ERR_SYNTAX;
	}
	if (enhanced && !*rest) {
		*detail = "a text must follow the code";
		return AS_ERR_SYNTAX;
	}
	for (const char *at = rest; *at; at++) {
		if (*at < 0x20 || *at > 0x7e) {
			*detail = "only printable ASCII in one line can stand in a reply";
			return AS_ERR_SYNTAX;
		}
		if (*at != '%')
			continue;
		int code;
		size_t n = read_macro(at + 1, &code);
		if (!n)
			return refuse_macro(arena, at, detail);
		at += n;
	}
	return check_length(arena, text, AS_REPLY_MAX, detail);
}

/* A percent sign begins a macro, or is doubled before two hexadecimal digits. Returns the length behind it; 0: neither. */
static size_t read_url_macro(const char *text, int *code)
{
	size_t n = read_macro(text, code);
	return *code == UNKNOWN && n && strspn(text + n, HEX) < 2 ? 0 : n;
}

enum as_err as_reply_check_url(struct as_arena *arena, const char *text, const char **detail)
{
	static const char *const schemes[] = { "https://", "http://" };
	size_t scheme = 0;
	for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
		if (strncmp(text, schemes[i], strlen(schemes[i])) == 0)
			scheme = strlen(schemes[i]);
	const char *path = text + scheme + strcspn(text + scheme, "/?#");
	if (*text && (!scheme || path == text + scheme)) {
		*detail = "it must be an address such as \"https://mail.example.com/why?id=%{id}\"";
		return AS_ERR_SYNTAX;
	}
	for (const char *at = text; *at; at++) {
		if (!as_is_alnum(*at) && !strchr("-._~:/?#[]@!$&'()*+,;=%", *at)) { /* RFC 3986 2.2, 2.3 */
			*detail = as_printf(arena, "\"%s\" cannot stand in an address; write it as %%%%%02X",
					    as_escape(arena, at, 1, 4), (unsigned char)*at);
			return AS_ERR_SYNTAX;
		}
		if (*at != '%')
			continue;
		int code;
		size_t n = read_url_macro(at + 1, &code);
		if (!n)
			return refuse_macro(arena, at, detail);
		if (at < path && code != AS_REPLY_HOSTNAME) {
			*detail = "before the path only %{hostname} may stand: no stranger is to say where the address leads to";
			return AS_ERR_SYNTAX;
		}
		at += n;
	}
	return check_length(arena, text, AS_REPLY_URL_MAX, detail);
}

static void add_value(struct as_buf *out, const char *value)
{
	as_buf_puts(out, as_escape(out->arena, value, strlen(value), VALUE_MAX));
}

/* RFC 3986 2.1: everything but the unreserved characters of 2.3. */
static void add_encoded(struct as_buf *out, const char *value)
{
	for (size_t i = 0; value[i] && i < VALUE_MAX; i++) {
		if (as_is_alnum(value[i]) || strchr("-._~", value[i]))
			as_buf_putc(out, value[i]);
		else
			as_buf_printf(out, "%%%02X", (unsigned char)value[i]);
	}
}

static const char *expand(struct as_arena *arena, const char *text, const struct as_reply_values *values,
			  void (*add)(struct as_buf *out, const char *value))
{
	struct as_buf out = as_buf_new(arena);
	for (const char *at = text; *at; at++) {
		int code = UNKNOWN;
		size_t n = *at == '%' ? read_macro(at + 1, &code) : 0;
		if (code == UNKNOWN)
			as_buf_putc(&out, *at);
		else
			add(&out, values->of[code] && *values->of[code] ? values->of[code] : "-");
		at += n;
	}
	return out.text;
}

static const char *cut(struct as_arena *arena, const char *text, size_t most)
{
	static const char mark[] = "...";
	if (strlen(text) <= most)
		return text;
	return as_printf(arena, "%.*s%s", (int)(most - strlen(mark)), text, mark);
}

static const char *expand_text(struct as_arena *arena, const char *text, const struct as_reply_values *values, size_t most)
{
	const char *line = expand(arena, text, values, add_value);
	return *line ? cut(arena, line, most) : "-";
}

const char *as_reply_expand(struct as_arena *arena, const char *text, const struct as_reply_values *values)
{
	return expand_text(arena, text, values, AS_REPLY_MAX);
}

const char *as_reply_line(struct as_arena *arena, const char *text, const char *url, const struct as_reply_values *values)
{
	static const char glue[] = "; see ";
	const char *address = expand(arena, url ? url : "", values, add_encoded);
	size_t n = strlen(address);
	if (!n || n > AS_REPLY_URL_MAX)
		return as_reply_expand(arena, text, values);
	return as_printf(arena, "%s%s%s", expand_text(arena, text, values, AS_REPLY_MAX - strlen(glue) - n), glue, address);
}
