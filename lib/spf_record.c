/* SPDX-License-Identifier: BSD-2-Clause */
/* spf_record.c - parses SPF records, RFC 7208 section 12.
 *
 * The whole record is checked, also what no evaluation reaches (4.6, SP-7). Nothing here depends on who asks, so the result is
 * kept with the DNS answer and shared between threads.
 */
#include "config.h"

#include "spf_record.h"

#include "arena.h"
#include "str.h"

#include <arpa/inet.h>
#include <string.h>

static const char version[] = "v=spf1";

enum domain_use { NO_DOMAIN, MAY_DOMAIN, MUST_DOMAIN, MUST_NETWORK };

static const struct mechanism {
	const char *name;
	enum as_spf_kind kind;
	enum domain_use use;
	bool has_prefix; /* dual-cidr-length */
	bool queries;
} mechanisms[] = {
	{ "all", AS_SPF_ALL, NO_DOMAIN, false, false },
	{ "include", AS_SPF_INCLUDE, MUST_DOMAIN, false, true },
	{ "a", AS_SPF_A, MAY_DOMAIN, true, true },
	{ "mx", AS_SPF_MX, MAY_DOMAIN, true, true },
	{ "ptr", AS_SPF_PTR, MAY_DOMAIN, false, true },
	{ "ip4", AS_SPF_IP4, MUST_NETWORK, false, false },
	{ "ip6", AS_SPF_IP6, MUST_NETWORK, false, false },
	{ "exists", AS_SPF_EXISTS, MUST_DOMAIN, false, true },
};
enum { MECHANISMS = sizeof mechanisms / sizeof mechanisms[0] };

/* A parse under way. */
struct parser {
	struct as_spf_record *record;
	size_t room;
	unsigned queries;   /* terms that query DNS, so far */
	bool is_complete;   /* no evaluation goes beyond what is stored */
	bool has_all;
	bool has_redirect;
	bool has_exp;
};

bool as_spf_kind_queries(enum as_spf_kind kind)
{
	for (size_t i = 0; i < MECHANISMS; i++)
		if (mechanisms[i].kind == kind)
			return mechanisms[i].queries;
	return kind == AS_SPF_REDIRECT;
}

bool as_spf_record_is_one(const char *bytes, size_t n)
{
	const size_t length = sizeof version - 1;
	return n >= length && as_equal_nocase_n(bytes, length, version, length) && (n == length || bytes[length] == ' ');
}

static bool is_name(struct as_spf_text text, const char *name)
{
	return as_equal_nocase_n(text.at, text.n, name, strlen(name));
}

static struct as_spf_text rest_of(struct as_spf_text text, size_t from)
{
	return (struct as_spf_text){ text.at + from, text.n - from };
}

static size_t name_length(struct as_spf_text text)
{
	size_t n = 0;
	if (text.n == 0 || !as_is_alpha(text.at[0]))
		return 0;
	while (n < text.n && (as_is_alnum(text.at[n]) || text.at[n] == '-' || text.at[n] == '_' || text.at[n] == '.'))
		n++;
	return n;
}

/* The number of some digits, without leading zeros and up to most; -1 for anything else. RFC 7208 5.6 */
static int read_number(struct as_spf_text digits, int most)
{
	int value = 0;
	if (digits.n > 3 || (digits.n > 1 && digits.at[0] == '0'))
		return -1;
	for (size_t i = 0; i < digits.n; i++)
		value = value * 10 + (digits.at[i] - '0');
	return value <= most ? value : -1;
}

/* Takes a prefix length with `slashes` slashes before it off the end of *text. False: there is one, but out of its range. */
static bool take_prefix(struct as_spf_text *text, size_t slashes, int most, uint8_t *bits)
{
	size_t digits = 0;
	while (digits < text->n && as_is_digit(text->at[text->n - 1 - digits]))
		digits++;
	size_t start = text->n - digits;
	if (digits == 0 || start < slashes || strncmp(text->at + start - slashes, "//", slashes) != 0)
		return true;
	int value = read_number(rest_of(*text, start), most);
	*bits = (uint8_t)value;
	text->n = start - slashes;
	return value >= 0;
}

/* dual-cidr-length, RFC 7208 5.6 */
static const char *take_prefixes(struct as_spf_text *text, struct as_spf_term *term)
{
	term->bits4 = 32;
	term->bits6 = 128;
	if (!take_prefix(text, 2, 128, &term->bits6) || !take_prefix(text, 1, 32, &term->bits4))
		return "prefix length out of range";
	return NULL;
}

/* ip4-network and ip6-network with their prefix length. The address of "ip6" is never taken for IPv4 (SP-19). */
static const char *parse_network(struct as_spf_text text, struct as_spf_term *term)
{
	bool is_ip4 = term->kind == AS_SPF_IP4;
	char address[AS_IP_TEXT];
	term->network.bits = is_ip4 ? 32 : 128;
	if (!take_prefix(&text, 1, term->network.bits, &term->network.bits))
		return "prefix length out of range";
	if (text.n >= sizeof address || memchr(text.at, '\0', text.n))
		return "no IP address";
	memcpy(address, text.at, text.n);
	address[text.n] = '\0';
	if (inet_pton(is_ip4 ? AF_INET : AF_INET6, address, term->network.ip.bytes) != 1)
		return "no IP address";
	term->network.ip.family = is_ip4 ? 4 : 6;
	return NULL;
}

/* value is what follows the name: empty, ":..." or "/...". */
static const char *parse_arguments(struct as_spf_text value, const struct mechanism *mechanism, struct as_spf_term *term)
{
	bool has_colon = value.n && value.at[0] == ':';
	if (mechanism->use == MUST_NETWORK)
		return has_colon ? parse_network(rest_of(value, 1), term) : "address missing";
	const char *error = mechanism->has_prefix ? take_prefixes(&value, term) : NULL;
	if (error)
		return error;
	if (value.n == 0)
		return mechanism->use == MUST_DOMAIN ? "domain missing" : NULL;
	if (mechanism->use == NO_DOMAIN || !has_colon)
		return "unexpected argument";
	term->domain = rest_of(value, 1);
	return as_spf_domain_spec_is_valid(term->domain) ? NULL : "not a domain";
}

static enum as_code read_qualifier(struct as_spf_text *text)
{
	static const struct {
		char sign;
		enum as_code code;
	} signs[] = { { '+', AS_PASS }, { '-', AS_FAIL }, { '~', AS_SOFTFAIL }, { '?', AS_NEUTRAL } };
	for (size_t i = 0; text->n && i < sizeof signs / sizeof signs[0]; i++) {
		if (text->at[0] != signs[i].sign)
			continue;
		*text = rest_of(*text, 1);
		return signs[i].code;
	}
	return AS_PASS;
}

static const char *parse_mechanism(struct as_spf_text text, struct as_spf_term *term)
{
	*term = (struct as_spf_term){ .text = text };
	term->qualifier = read_qualifier(&text);
	size_t n = name_length(text);
	struct as_spf_text name = { text.at, n };
	if (n < text.n && text.at[n] != ':' && text.at[n] != '/')
		return n == 0 ? "not a mechanism" : "unexpected character";
	for (size_t i = 0; i < MECHANISMS; i++) {
		if (!is_name(name, mechanisms[i].name))
			continue;
		term->kind = mechanisms[i].kind;
		return parse_arguments(rest_of(text, n), &mechanisms[i], term);
	}
	return "unknown mechanism";
}

static void store(struct parser *parser, const struct as_spf_term *term)
{
	if (parser->is_complete)
		return;
	if (parser->record->count == parser->room) {
		parser->room = parser->room ? parser->room * 2 : 8;
		parser->record = as_xrealloc(parser->record, sizeof *parser->record + parser->room * sizeof *term);
	}
	parser->record->terms[parser->record->count++] = *term;
	parser->queries += as_spf_kind_queries(term->kind);
	parser->is_complete = term->kind == AS_SPF_ALL || parser->queries > AS_SPF_TERMS_MAX;
}

/* name "=" value. redirect and exp at most once each, other names are ignored when they are well-formed (SP-8). */
static const char *parse_modifier(struct parser *parser, struct as_spf_text text, size_t name_n)
{
	struct as_spf_text name = { text.at, name_n };
	struct as_spf_text value = rest_of(text, name_n + 1);
	bool is_redirect = is_name(name, "redirect");
	if (!is_redirect && !is_name(name, "exp"))
		return as_spf_macro_is_valid(value, AS_SPF_IN_MODIFIER) ? NULL : "not a macro string";
	if (!as_spf_domain_spec_is_valid(value))
		return "not a domain";
	if (is_redirect ? parser->has_redirect : parser->has_exp)
		return "given twice";
	if (is_redirect) {
		parser->has_redirect = true;
		parser->record->redirect =
			(struct as_spf_term){ .kind = AS_SPF_REDIRECT, .qualifier = AS_PASS, .text = text, .domain = value };
	} else {
		parser->has_exp = true;
		parser->record->exp = value;
	}
	return NULL;
}

static const char *parse_term(struct parser *parser, struct as_spf_text text)
{
	struct as_spf_term term;
	size_t n = name_length(text);
	if (n && n < text.n && text.at[n] == '=')
		return parse_modifier(parser, text, n);
	const char *error = parse_mechanism(text, &term);
	if (error)
		return error;
	parser->has_all = parser->has_all || term.kind == AS_SPF_ALL;
	store(parser, &term);
	return NULL;
}

struct as_spf_record *as_spf_record_bad(const char *error)
{
	struct as_spf_record *record = as_xalloc(sizeof *record);
	record->error = error;
	return record;
}

static struct as_spf_record *fault(struct as_spf_record *record, const char *error, struct as_spf_text text)
{
	*record = (struct as_spf_record){ .error = error, .fault = text };
	return as_xrealloc(record, sizeof *record);
}

struct as_spf_record *as_spf_record_parse(const char *bytes, size_t n)
{
	struct parser parser = { .record = as_xalloc(sizeof *parser.record) };
	for (size_t i = sizeof version - 1; i < n;) {
		if (bytes[i] == ' ') {
			i++;
			continue;
		}
		const char *space = memchr(bytes + i, ' ', n - i);
		struct as_spf_text text = { bytes + i, space ? (size_t)(space - bytes) - i : n - i };
		const char *error = parse_term(&parser, text);
		if (error)
			return fault(parser.record, error, text);
		i += text.n;
	}
	parser.record->has_redirect = parser.has_redirect && !parser.has_all;
	return as_xrealloc(parser.record, sizeof *parser.record + parser.record->count * sizeof parser.record->terms[0]);
}
