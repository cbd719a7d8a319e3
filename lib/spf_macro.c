/* SPDX-License-Identifier: BSD-2-Clause */
/* spf_macro.c - macro strings of SPF: their grammar and their expansion, RFC 7208 section 7.
 *
 * The text and every value are hostile. An expansion never grows beyond KEEP + one value: a domain needs only its last 253
 * octets (7.3), an explanation its first AS_SPF_EXPLANATION_MAX; what is cut away from that is not even looked up. A value may be a
 * thousand octets long and give none, so the number of macros is bounded as well.
 */
#include "config.h"

#include "spf_macro.h"

#include "domain.h"
#include "str.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { KEEP = 1024, PARTS_MAX = 9999 };

/* One "%..." of a macro string. */
struct macro {
	char letter;       /* lower case; or one of "%", "_", "-" for %%, %_ and %- */
	bool is_escaped;   /* the letter was upper case: URL escaping (7.3) */
	bool is_reversed;
	unsigned parts;    /* right-most parts to keep; 0: all of them */
	unsigned delimiters;         /* a bit for each of delimiter_signs; 0: the dot */
};

static const char delimiter_signs[] = ".-+,/_="; /* 7.1 */

static const char letters_everywhere[] = "slodipvh";
static const char letters_in_text[] = "slodipvhcrt";

static const char hex_digits[] = "0123456789ABCDEF";

static bool is_one_of(char c, const char *set)
{
	return c != '\0' && strchr(set, c);
}

/* 0: it is none. */
static unsigned delimiter_bit(char c)
{
	const char *sign = c ? strchr(delimiter_signs, c) : NULL;
	return sign ? 1u << (sign - delimiter_signs) : 0;
}

/* Reads the macro at the start of text, which is a "%". Returns its length, 0 if it is none. */
static size_t read_macro(struct as_spf_text text, const char *letters, struct macro *macro)
{
	*macro = (struct macro){ 0 };
	if (text.n < 2)
		return 0;
	macro->letter = text.at[1];
	if (is_one_of(macro->letter, "%_-"))
		return 2;
	if (macro->letter != '{' || text.n < 4)
		return 0;
	macro->letter = as_lower(text.at[2]);
	macro->is_escaped = macro->letter != text.at[2];
	if (!is_one_of(macro->letter, letters))
		return 0;
	size_t i = 3;
	bool has_digits = i < text.n && as_is_digit(text.at[i]);
	for (; i < text.n && as_is_digit(text.at[i]); i++)
		if (macro->parts <= PARTS_MAX)
			macro->parts = macro->parts * 10 + (unsigned)(text.at[i] - '0');
	if (has_digits && macro->parts == 0)
		return 0; /* 7.1: must be nonzero */
	macro->is_reversed = i < text.n && as_lower(text.at[i]) == 'r';
	i += macro->is_reversed;
	for (; i < text.n && is_one_of(text.at[i], delimiter_signs); i++)
		macro->delimiters |= delimiter_bit(text.at[i]);
	return i < text.n && text.at[i] == '}' ? i + 1 : 0;
}

static bool is_literal(char c, enum as_spf_macro_place place)
{
	return (c > ' ' && c < 0x7f && c != '%') || (c == ' ' && place == AS_SPF_IN_EXPLANATION);
}

/* Checks a macro string; *end_macro is where its last macro starts when the string ends in one, else n. */
static bool scan(struct as_spf_text text, enum as_spf_macro_place place, size_t *end_macro)
{
	const char *letters = place == AS_SPF_IN_DOMAIN ? letters_everywhere : letters_in_text;
	static const size_t most[] = {
		[AS_SPF_IN_DOMAIN] = AS_SPF_DOMAIN_MACROS_MAX,
		[AS_SPF_IN_MODIFIER] = SIZE_MAX, /* nobody expands them */
		[AS_SPF_IN_EXPLANATION] = AS_SPF_EXPLANATION_MACROS_MAX,
	};
	size_t macros = 0;
	*end_macro = text.n;
	for (size_t i = 0; i < text.n;) {
		struct macro macro;
		size_t length = 1;
		if (text.at[i] == '%')
			length = ++macros > most[place] ? 0 : read_macro((struct as_spf_text){ text.at + i, text.n - i }, letters, &macro);
		else if (!is_literal(text.at[i], place))
			return false;
		if (length == 0)
			return false;
		if (text.at[i] == '%' && i + length == text.n)
			*end_macro = i;
		i += length;
	}
	return true;
}

bool as_spf_macro_is_valid(struct as_spf_text text, enum as_spf_macro_place place)
{
	size_t end_macro;
	return scan(text, place, &end_macro);
}

/* toplabel of RFC 7208 7.1: letters, digits and inner hyphens, not digits alone. */
static bool is_top_label(const char *label, size_t n)
{
	bool is_number = true;
	if (n == 0 || label[0] == '-' || label[n - 1] == '-')
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!as_is_alnum(label[i]) && label[i] != '-')
			return false;
		is_number = is_number && as_is_digit(label[i]);
	}
	return !is_number;
}

bool as_spf_domain_spec_is_valid(struct as_spf_text text)
{
	size_t end_macro;
	if (!scan(text, AS_SPF_IN_DOMAIN, &end_macro))
		return false;
	if (end_macro < text.n)
		return true;
	size_t end = text.n && text.at[text.n - 1] == '.' ? text.n - 1 : text.n;
	size_t start = end;
	while (start > 0 && text.at[start - 1] != '.')
		start--;
	return start > 0 && is_top_label(text.at + start, end - start);
}

/* 7.3: the "i" macro; dotted nibbles for IPv6. */
static const char *client_dotted(struct as_arena *arena, const struct as_ip *client)
{
	if (client->family == 4)
		return as_printf(arena, "%u.%u.%u.%u", client->bytes[0], client->bytes[1], client->bytes[2], client->bytes[3]);
	char *text = as_alloc(arena, 64);
	for (size_t i = 0; i < 32; i++) {
		text[2 * i] = hex_digits[i % 2 ? client->bytes[i / 2] & 0xf : client->bytes[i / 2] >> 4];
		text[2 * i + 1] = '.';
	}
	text[63] = '\0';
	return text;
}

static const char *client_text(struct as_arena *arena, const struct as_ip *client)
{
	char buf[AS_IP_TEXT];
	return as_strdup(arena, as_ip_text(client, buf));
}

/* The value of a letter; NULL if nobody can say it. */
static const char *value_of(struct as_arena *arena, char letter, const struct as_spf_macro_values *values)
{
	switch (letter) {
	case 's':
		return as_printf(arena, "%s@%s", values->local, values->sender_domain);
	case 'l':
		return values->local;
	case 'o':
		return values->sender_domain;
	case 'd':
		return values->domain;
	case 'i':
		return client_dotted(arena, &values->client);
	case 'p':
		return values->validated_name ? values->validated_name(values->user, values->domain) : NULL;
	case 'v':
		return values->client.family == 4 ? "in-addr" : "ip6";
	case 'h':
		return values->helo;
	case 'c':
		return client_text(arena, &values->client);
	case 'r':
		return values->receiver;
	case 't':
		return as_printf(arena, "%" PRId64, values->now_s);
	default:
		return letter == '_' ? " " : letter == '-' ? "%20" : "%";
	}
}

/* Unreserved characters of RFC 3986 2.3 stay, all others become %XX (7.3). */
static void add_part(struct as_buf *out, const char *part, size_t n, bool is_escaped)
{
	if (!is_escaped) {
		as_buf_add(out, part, n);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		if (as_is_alnum(part[i]) || is_one_of(part[i], "-._~"))
			as_buf_putc(out, part[i]);
		else
			as_buf_add(out, (const char[]){ '%', hex_digits[(unsigned char)part[i] >> 4], hex_digits[part[i] & 0xf] }, 3);
	}
}

static bool is_delimiter(char c, unsigned delimiters)
{
	return delimiters ? delimiter_bit(c) & delimiters : c == '.';
}

/* Splits, reverses, keeps the right-most parts, and joins them with dots (7.3). The parts of a reversed value are kept from the
 * left end of the original, and so on: both are one walk over the value, forwards or backwards. */
static void add_value(struct as_buf *out, const char *value, const struct macro *macro)
{
	size_t n = strlen(value);
	size_t total = 1;
	for (size_t i = 0; i < n; i++)
		total += is_delimiter(value[i], macro->delimiters);
	size_t skip = macro->parts && macro->parts < total ? total - macro->parts : 0;
	size_t start = 0;
	size_t end = n;
	for (size_t part = 0; part < total; part++) {
		if (macro->is_reversed)
			for (start = end; start > 0 && !is_delimiter(value[start - 1], macro->delimiters);)
				start--;
		else
			for (end = start; end < n && !is_delimiter(value[end], macro->delimiters);)
				end++;
		if (part > skip)
			as_buf_putc(out, '.');
		if (part >= skip)
			add_part(out, value + start, end - start, macro->is_escaped);
		if (macro->is_reversed)
			end = start ? start - 1 : 0;
		else
			start = end + 1;
	}
}

/* Adds what stands at the start of a valid text, one macro or a run of literals. Returns how much of the text that was; 0 when a
 * macro has no value. */
static size_t add_next(struct as_buf *out, struct as_spf_text text, const struct as_spf_macro_values *values)
{
	const char *percent = memchr(text.at, '%', text.n);
	size_t literals = percent ? (size_t)(percent - text.at) : text.n;
	if (literals) {
		size_t run = literals < KEEP ? literals : KEEP;
		as_buf_add(out, text.at, run);
		return run;
	}
	struct macro macro;
	size_t length = read_macro(text, letters_in_text, &macro);
	if (length == 0)
		return 0;
	const char *value = value_of(out->arena, macro.letter, values);
	if (!value)
		return 0;
	if (length == 2)
		as_buf_puts(out, value); /* %%, %_ and %- are not split */
	else
		add_value(out, value, &macro);
	return length;
}

static bool is_ascii(const char *text)
{
	for (; *text; text++)
		if (*text & 0x80)
			return false;
	return true;
}

/* Does a valid text hold a macro of the local part? Asked first, so that a term that cannot match asks nothing for %{p}. */
static bool has_local(struct as_spf_text text)
{
	const char *end = text.at + text.n;
	const char *at = text.at;
	while ((at = memchr(at, '%', (size_t)(end - at)))) {
		struct macro macro;
		size_t length = read_macro((struct as_spf_text){ at, (size_t)(end - at) }, letters_in_text, &macro);
		if (length == 0 || is_one_of(macro.letter, "ls"))
			return length != 0;
		at += length;
	}
	return false;
}

/* Keeps the last KEEP octets: more are never needed of a domain. */
static void keep_tail(struct as_buf *out)
{
	if (out->length <= KEEP)
		return;
	memmove(out->text, out->text + out->length - KEEP, KEEP + 1);
	out->length = KEEP;
}

const char *as_spf_expand_domain(struct as_arena *arena, struct as_spf_text spec, const struct as_spf_macro_values *values)
{
	struct as_buf out = as_buf_new(arena);
	if (!is_ascii(values->local) && has_local(spec))
		return NULL;
	while (spec.n) {
		size_t used = add_next(&out, spec, values);
		if (used == 0)
			return NULL;
		spec.at += used;
		spec.n -= used;
		keep_tail(&out);
	}
	if (out.length && out.text[out.length - 1] == '.')
		out.text[--out.length] = '\0';
	const char *name = out.text;
	size_t n = out.length;
	while (n > AS_DOMAIN_MAX) {
		const char *dot = memchr(name, '.', n);
		const char *rest = dot ? dot + 1 : name + n;
		n -= (size_t)(rest - name);
		name = rest;
	}
	return as_lower_copy(arena, name, n);
}

const char *as_spf_expand_explanation(struct as_arena *arena, struct as_spf_text text, const struct as_spf_macro_values *values)
{
	if (!as_spf_macro_is_valid(text, AS_SPF_IN_EXPLANATION))
		return NULL;
	struct as_buf out = as_buf_new(arena);
	while (text.n && out.length < AS_SPF_EXPLANATION_MAX) {
		size_t used = add_next(&out, text, values);
		if (used == 0)
			return NULL;
		text.at += used;
		text.n -= used;
	}
	if (out.length > AS_SPF_EXPLANATION_MAX)
		out.text[AS_SPF_EXPLANATION_MAX] = '\0';
	for (const char *c = out.text; *c; c++)
		if (*c < ' ' || *c > '~')
			return NULL;
	return out.text[strspn(out.text, " ")] ? out.text : NULL;
}
