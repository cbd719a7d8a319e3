/* SPDX-License-Identifier: BSD-2-Clause */
/* spf_reference_text.c - RFC 7208 section 12 and RFC 4291 2.2, rule by rule. */
#include "config.h"

#include "spf_reference_text.h"

#include "str.h"

#include <string.h>

struct ref_text ref_skip(struct ref_text text, size_t n)
{
	return (struct ref_text){ text.at + n, text.n - n };
}

static bool is_text(struct ref_text text, const char *word)
{
	return as_equal_nocase_n(text.at, text.n, word, strlen(word));
}

bool ref_is_one_of(char c, const char *set)
{
	return c != '\0' && strchr(set, c);
}

size_t ref_read_macro(struct ref_text text, const char *letters, struct ref_macro *macro)
{
	size_t i = 2;
	*macro = (struct ref_macro){ 0 };
	if (text.n < 2 || text.at[0] != '%')
		return 0;
	macro->letter = as_lower(text.at[1]);
	if (ref_is_one_of(text.at[1], "%_-"))
		return 2;
	if (text.at[1] != '{' || text.n < 4 || !ref_is_one_of(as_lower(text.at[2]), letters))
		return 0;
	macro->letter = as_lower(text.at[2]);
	macro->is_escaped = text.at[2] != macro->letter;
	for (i = 3; i < text.n && as_is_digit(text.at[i]); i++) {
		macro->is_cut = true;
		if (macro->parts < 100000)
			macro->parts = macro->parts * 10 + (size_t)(text.at[i] - '0');
	}
	if (macro->is_cut && macro->parts == 0) /* 7.3: the value MUST be nonzero */
		return 0;
	if (i < text.n && as_lower(text.at[i]) == 'r') {
		macro->is_reversed = true;
		i++;
	}
	macro->delimiters.at = text.at + i;
	while (i < text.n && ref_is_one_of(text.at[i], ".-+,/_="))
		i++;
	macro->delimiters.n = (size_t)(text.at + i - macro->delimiters.at);
	return i < text.n && text.at[i] == '}' ? i + 1 : 0;
}

const char ref_term_letters[] = "slodiphv";
const char ref_exp_letters[] = "slodiphvcrt";

/* macro-literal, or SP where the text of an explanation allows it */
static bool is_literal(char c, bool has_spaces)
{
	return (c > 0x20 && c < 0x7f && c != '%') || (has_spaces && c == ' ');
}

bool ref_is_macro_string(struct ref_text text, const char *letters, bool has_spaces, struct ref_text *tail)
{
	struct ref_macro macro;
	*tail = text;
	while (text.n) {
		size_t n = ref_read_macro(text, letters, &macro);
		if (!n && !is_literal(*text.at, has_spaces))
			return false;
		text = ref_skip(text, n ? n : 1);
		if (n)
			*tail = text;
	}
	return true;
}

static bool is_toplabel(struct ref_text label)
{
	bool has_alpha = false;
	bool has_hyphen = false;
	if (!label.n || !as_is_alnum(label.at[0]) || !as_is_alnum(label.at[label.n - 1]))
		return false;
	for (size_t i = 0; i < label.n; i++) {
		if (!as_is_alnum(label.at[i]) && label.at[i] != '-')
			return false;
		has_alpha = has_alpha || as_is_alpha(label.at[i]);
		has_hyphen = has_hyphen || label.at[i] == '-';
	}
	return has_alpha || has_hyphen;
}

static bool is_domain_spec(struct ref_text text)
{
	struct ref_text tail;
	if (!text.n || !ref_is_macro_string(text, ref_term_letters, false, &tail))
		return false;
	if (!tail.n) /* domain-end is a macro-expand */
		return true;
	if (tail.at[tail.n - 1] == '.')
		tail.n--;
	size_t start = tail.n;
	while (start && tail.at[start - 1] != '.')
		start--;
	return start && is_toplabel(ref_skip(tail, start));
}

/* Takes "/" and a number without leading zeros off the end. False when there is none, or it is too large. */
static bool take_prefix(struct ref_text *text, unsigned most, unsigned *bits)
{
	size_t start = text->n;
	while (start && as_is_digit(text->at[start - 1]))
		start--;
	size_t digits = text->n - start;
	if (!start || text->at[start - 1] != '/' || !digits || digits > 3 || (digits > 1 && text->at[start] == '0'))
		return false;
	unsigned value = 0;
	for (size_t i = start; i < text->n; i++)
		value = value * 10 + (unsigned)(text->at[i] - '0');
	if (value > most)
		return false;
	*bits = value;
	text->n = start - 1;
	return true;
}

/* dual-cidr-length at the end of the text */
static void take_dual_prefix(struct ref_text *text, struct ref_term *term)
{
	struct ref_text rest = *text;
	unsigned bits;
	if (take_prefix(&rest, 128, &bits) && rest.n && rest.at[rest.n - 1] == '/') {
		rest.n--;
		term->bits6 = bits;
		*text = rest;
	}
	(void)take_prefix(text, 32, &term->bits4); /* optional */
}

/* qnum "." qnum "." qnum "." qnum */
static bool read_ip4(struct ref_text text, uint8_t bytes[4])
{
	for (int i = 0; i < 4; i++) {
		unsigned value = 0;
		size_t n = 0;
		while (n < text.n && n < 3 && as_is_digit(text.at[n]))
			value = value * 10 + (unsigned)(text.at[n++] - '0');
		if (!n || value > 255 || (n > 1 && text.at[0] == '0'))
			return false;
		bytes[i] = (uint8_t)value;
		text = ref_skip(text, n);
		if (i < 3 && (!text.n || text.at[0] != '.'))
			return false;
		text = ref_skip(text, i < 3);
	}
	return text.n == 0;
}

static int hex_value(char c)
{
	const char *digits = "0123456789abcdef";
	return ref_is_one_of(as_lower(c), digits) ? (int)(strchr(digits, as_lower(c)) - digits) : -1;
}

/* Groups of up to four hexadecimal digits between colons, the last perhaps in dotted form. Returns the octets read, -1: syntax. */
static int read_groups(struct ref_text text, bool is_last, uint8_t *bytes, int room)
{
	int size = 0;
	while (text.n) {
		unsigned value = 0;
		size_t n = 0;
		if (is_last && memchr(text.at, '.', text.n) && !memchr(text.at, ':', text.n))
			return size + 4 <= room && read_ip4(text, bytes + size) ? size + 4 : -1;
		while (n < text.n && n < 5 && hex_value(text.at[n]) >= 0)
			value = value * 16 + (unsigned)hex_value(text.at[n++]);
		if (!n || n > 4 || size + 2 > room || (n < text.n && text.at[n] != ':') || n + 1 == text.n)
			return -1;
		bytes[size++] = (uint8_t)(value >> 8);
		bytes[size++] = (uint8_t)value;
		text = ref_skip(text, n < text.n ? n + 1 : n);
	}
	return size;
}

/* RFC 4291 2.2 */
static bool read_ip6(struct ref_text text, uint8_t bytes[16])
{
	uint8_t tail[16];
	size_t gap = 0;
	memset(bytes, 0, 16);
	while (gap + 1 < text.n && memcmp(text.at + gap, "::", 2) != 0)
		gap++;
	if (gap + 1 >= text.n)
		return read_groups(text, true, bytes, 16) == 16;
	int before = read_groups((struct ref_text){ text.at, gap }, false, bytes, 14);
	int after = read_groups(ref_skip(text, gap + 2), true, tail, before < 0 ? 0 : 14 - before);
	if (before < 0 || after < 0)
		return false;
	memcpy(bytes + 16 - after, tail, (size_t)after);
	return true;
}

static bool read_network(struct ref_text text, struct ref_term *term)
{
	bool is_6 = term->kind == REF_IP6;
	if (memchr(text.at, '/', text.n) && !take_prefix(&text, is_6 ? 128 : 32, is_6 ? &term->bits6 : &term->bits4))
		return false;
	return is_6 ? read_ip6(text, term->network) : read_ip4(text, term->network);
}

static const struct {
	const char *name;
	enum ref_kind kind;
	bool has_argument; /* may have one */
	bool needs_argument;
	bool has_prefix;
} mechanisms[] = {
	{ "all", REF_ALL, false, false, false },      { "include", REF_INCLUDE, true, true, false }, { "a", REF_A, true, false, true },
	{ "mx", REF_MX, true, false, true },          { "ptr", REF_PTR, true, false, false },        { "ip4", REF_IP4, true, true,
		false },
	{ "ip6", REF_IP6, true, true, false },        { "exists", REF_EXISTS, true, true, false },
};

static bool read_directive(struct ref_text text, struct ref_term *term)
{
	static const char signs[] = "+-?~";
	static const enum as_code codes[] = { AS_PASS, AS_FAIL, AS_NEUTRAL, AS_SOFTFAIL };
	term->qualifier = AS_PASS;
	if (text.n && ref_is_one_of(text.at[0], signs)) {
		term->qualifier = codes[strchr(signs, text.at[0]) - signs];
		text = ref_skip(text, 1);
	}
	size_t n = 0;
	while (n < text.n && as_is_alnum(text.at[n]))
		n++;
	size_t i = 0;
	while (i < sizeof mechanisms / sizeof mechanisms[0] && !is_text((struct ref_text){ text.at, n }, mechanisms[i].name))
		i++;
	if (i == sizeof mechanisms / sizeof mechanisms[0])
		return false;
	term->kind = mechanisms[i].kind;
	text = ref_skip(text, n);
	bool has_colon = text.n && text.at[0] == ':';
	if (has_colon ? !mechanisms[i].has_argument : mechanisms[i].needs_argument)
		return false;
	text = ref_skip(text, has_colon);
	if (term->kind == REF_IP4 || term->kind == REF_IP6)
		return read_network(text, term);
	if (mechanisms[i].has_prefix)
		take_dual_prefix(&text, term);
	term->has_spec = has_colon;
	term->spec = text;
	return has_colon ? is_domain_spec(text) : text.n == 0;
}

static bool read_modifier(struct ref_text text, size_t name_size, struct ref_term *term)
{
	struct ref_text name = { text.at, name_size };
	struct ref_text tail;
	term->spec = ref_skip(text, name_size + 1);
	term->kind = is_text(name, "redirect") ? REF_REDIRECT : is_text(name, "exp") ? REF_EXP : REF_UNKNOWN;
	return term->kind == REF_UNKNOWN ? ref_is_macro_string(term->spec, ref_exp_letters, false, &tail) : is_domain_spec(term->spec);
}

bool ref_read_term(struct ref_text text, struct ref_term *term)
{
	size_t n = 0;
	*term = (struct ref_term){ .bits4 = 32, .bits6 = 128 };
	while (n < text.n && (as_is_alpha(text.at[n]) || (n && (as_is_digit(text.at[n]) || ref_is_one_of(text.at[n], "-_.")))))
		n++;
	if (n && n < text.n && text.at[n] == '=')
		return read_modifier(text, n, term);
	return read_directive(text, term);
}

bool ref_next_word(struct ref_text *record, struct ref_text *word)
{
	size_t n = 0;
	while (record->n && record->at[0] == ' ')
		*record = ref_skip(*record, 1);
	while (n < record->n && record->at[n] != ' ')
		n++;
	*word = (struct ref_text){ record->at, n };
	*record = ref_skip(*record, n);
	return n > 0;
}

bool ref_is_record(struct ref_text terms)
{
	struct ref_text word;
	unsigned seen[REF_UNKNOWN + 1] = { 0 };
	while (ref_next_word(&terms, &word)) {
		struct ref_term term;
		if (!ref_read_term(word, &term))
			return false;
		seen[term.kind]++;
	}
	return seen[REF_REDIRECT] <= 1 && seen[REF_EXP] <= 1;
}
