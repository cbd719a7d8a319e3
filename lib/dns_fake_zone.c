/* SPDX-License-Identifier: BSD-2-Clause */
/* dns_fake_zone.c - zone text for tests: words, escapes, names and rdata of master files (RFC 1035 5.1), and a few directives. */
#include "config.h"

#include "dns_fake_zone.h"

#include "dns_name.h"
#include "domain.h"
#include "str.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <string.h>

enum { DEFAULT_TTL = 3600, STRING_MAX = 255 };

struct word {
	const char *bytes; /* escapes are still there */
	size_t n;
	bool is_quoted;
};

struct words {
	struct word *list;
	size_t count;
};

struct directive {
	const char *word;
	enum as_zone_kind kind;
	bool takes_number;
	bool takes_name;
	bool takes_type;
};

static const struct directive directives[] = {
	{ "$ORIGIN", AS_ZONE_ORIGIN, false, true, false },    { "$TTL", AS_ZONE_TTL, true, false, false },
	{ "$SECURE", AS_ZONE_SECURE, false, true, false },    { "$SERVFAIL", AS_ZONE_SERVFAIL, false, true, true },
	{ "$BOGUS", AS_ZONE_BOGUS, false, true, true },       { "$NXDOMAIN", AS_ZONE_NXDOMAIN, false, true, false },
	{ "$TIMEOUT", AS_ZONE_TIMEOUT, false, true, true },   { "$DELAY", AS_ZONE_DELAY, true, true, true },
	{ "$STRICT", AS_ZONE_STRICT, false, false, false },
};

static bool fail(struct as_zone_reader *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool fail(struct as_zone_reader *r, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	const char *what = as_vprintf(r->arena, format, args);
	va_end(args);
	r->detail = r->line ? as_printf(r->arena, "line %u: %s", r->line, what) : what;
	return false;
}

static const char *show(struct as_zone_reader *r, const struct word *word)
{
	return as_escape(r->arena, word->bytes, word->n, 60);
}

/* --- words --------------------------------------------------------------------------------------------------------- */

static void add_word(struct as_zone_reader *r, struct words *words, struct word word)
{
	words->list = as_grow(r->arena, words->list, words->count, sizeof *words->list);
	words->list[words->count++] = word;
}

static bool ends_word(char c)
{
	return as_is_wsp(c) || c == '\r' || c == ';' || c == '"';
}

static bool split(struct as_zone_reader *r, const char *at, const char *end, struct words *words)
{
	while (at < end && *at != ';') {
		if (as_is_wsp(*at) || *at == '\r') {
			at++;
			continue;
		}
		struct word word = { .is_quoted = *at == '"' };
		word.bytes = word.is_quoted ? ++at : at;
		while (at < end && (word.is_quoted ? *at != '"' : !ends_word(*at)))
			at += *at == '\\' && end - at > 1 ? 2 : 1;
		if (word.is_quoted && at == end)
			return fail(r, "a string is not closed");
		word.n = (size_t)(at - word.bytes);
		at += word.is_quoted;
		if (!word.is_quoted && (*word.bytes == '(' || *word.bytes == ')'))
			return fail(r, "parentheses are not supported: write the record in one line");
		add_word(r, words, word);
	}
	return true;
}

/* One byte, which may be escaped: "\DDD" or "\X" (RFC 1035 5.1). False: a number over 255. */
static bool take_byte(const char **at, const char *end, uint8_t *byte)
{
	const char *p = *at;
	if (*p != '\\' || end - p < 2) {
		*byte = (uint8_t)*p;
		*at = p + 1;
		return true;
	}
	if (end - p >= 4 && as_is_digit(p[1]) && as_is_digit(p[2]) && as_is_digit(p[3])) {
		int value = (p[1] - '0') * 100 + (p[2] - '0') * 10 + (p[3] - '0');
		*byte = (uint8_t)value;
		*at = p + 4;
		return value <= 255;
	}
	*byte = (uint8_t)p[1];
	*at = p + 2;
	return true;
}

static bool number(struct as_zone_reader *r, const struct word *word, uint32_t most, uint32_t *value)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < word->n; i++) {
		if (!as_is_digit(word->bytes[i]) || sum > most)
			return fail(r, "\"%s\" is not a number up to %u", show(r, word), most);
		sum = sum * 10 + (uint64_t)(word->bytes[i] - '0');
	}
	if (word->n == 0 || sum > most)
		return fail(r, "\"%s\" is not a number up to %u", show(r, word), most);
	*value = (uint32_t)sum;
	return true;
}

static bool is_number(const struct word *word)
{
	for (size_t i = 0; i < word->n; i++)
		if (!as_is_digit(word->bytes[i]))
			return false;
	return word->n > 0;
}

/* --- names --------------------------------------------------------------------------------------------------------- */

struct wire {
	uint8_t bytes[AS_DNS_WIRE_MAX];
	size_t size;
};

static bool add_label(struct wire *wire, const uint8_t *label, size_t n)
{
	if (n == 0 || n > AS_LABEL_MAX || wire->size + 1 + n + 1 > sizeof wire->bytes)
		return false;
	wire->bytes[wire->size++] = (uint8_t)n;
	memcpy(wire->bytes + wire->size, label, n);
	wire->size += n;
	return true;
}

/* Labels of text; *ended: the last one had its dot. */
static bool add_labels(struct wire *wire, const char *at, size_t n, bool *ended)
{
	uint8_t label[AS_LABEL_MAX + 1];
	size_t length = 0;
	const char *end = at + n;
	*ended = false;
	while (at < end) {
		*ended = *at == '.';
		if (*ended) {
			at++;
			if (!add_label(wire, label, length))
				return false;
			length = 0;
		} else if (length == sizeof label || !take_byte(&at, end, &label[length++])) {
			return false;
		}
	}
	return *ended || add_label(wire, label, length);
}

static bool wire_name(struct as_zone_reader *r, const struct word *word, struct wire *wire)
{
	bool ended = true;
	wire->size = 0;
	bool is_root = word->n == 1 && word->bytes[0] == '.';
	bool is_origin = word->n == 1 && word->bytes[0] == '@';
	bool good = is_root || (is_origin && !(ended = false)) || add_labels(wire, word->bytes, word->n, &ended);
	if (good && !ended && *r->origin)
		good = add_labels(wire, r->origin, strlen(r->origin), &ended);
	if (!good)
		return fail(r, "\"%s\" is not a domain name", show(r, word));
	wire->bytes[wire->size++] = 0;
	return true;
}

static bool text_name(struct as_zone_reader *r, const struct word *word, const char **name)
{
	struct wire wire;
	char text[AS_DNS_NAME_SIZE];
	if (!wire_name(r, word, &wire))
		return false;
	if (!as_dns_name_from_wire(wire.bytes, wire.size, text))
		return fail(r, "\"%s\" can never be asked", show(r, word));
	*name = as_strdup(r->arena, text);
	return true;
}

/* --- rdata --------------------------------------------------------------------------------------------------------- */

struct rdata {
	struct as_zone_reader *reader;
	const struct word *words;
	size_t count;
	struct as_zone_line *line;
};

static void set_rdata(struct rdata *r, const uint8_t *bytes, size_t size)
{
	r->line->rdata = (const uint8_t *)as_strndup(r->reader->arena, (const char *)bytes, size);
	r->line->size = size;
}

static bool rdata_address(struct rdata *r)
{
	uint8_t bytes[16];
	bool is_v4 = r->line->type == AS_DNS_A;
	const char *text = as_strndup(r->reader->arena, r->words->bytes, r->words->n);
	if (r->count != 1 || inet_pton(is_v4 ? AF_INET : AF_INET6, text, bytes) != 1)
		return fail(r->reader, "\"%s\" is not an IPv%d address", show(r->reader, r->words), is_v4 ? 4 : 6);
	set_rdata(r, bytes, is_v4 ? 4 : 16);
	return true;
}

static bool rdata_name(struct rdata *r)
{
	struct wire wire;
	if (r->count != 1)
		return fail(r->reader, "one name is needed");
	if (!wire_name(r->reader, r->words, &wire))
		return false;
	set_rdata(r, wire.bytes, wire.size);
	return true;
}

static bool rdata_mx(struct rdata *r)
{
	struct wire wire;
	uint32_t preference;
	if (r->count != 2)
		return fail(r->reader, "MX needs a preference and a name");
	if (!number(r->reader, &r->words[0], UINT16_MAX, &preference) || !wire_name(r->reader, &r->words[1], &wire))
		return false;
	uint8_t bytes[2 + AS_DNS_WIRE_MAX] = { (uint8_t)(preference >> 8), (uint8_t)preference };
	memcpy(bytes + 2, wire.bytes, wire.size);
	set_rdata(r, bytes, 2 + wire.size);
	return true;
}

const uint8_t *as_zone_txt(struct as_arena *arena, const char *bytes, size_t n, size_t *size)
{
	uint8_t *out = as_alloc(arena, n + n / STRING_MAX + 1);
	size_t length = 0;
	do {
		size_t part = n < STRING_MAX ? n : STRING_MAX;
		out[length++] = (uint8_t)part;
		memcpy(out + length, bytes, part);
		length += part;
		bytes += part;
		n -= part;
	} while (n > 0);
	*size = length;
	return out;
}

static bool rdata_txt(struct rdata *r)
{
	struct as_buf all = as_buf_new(r->reader->arena);
	for (size_t i = 0; i < r->count; i++) {
		const struct word *word = &r->words[i];
		char *plain = as_alloc(r->reader->arena, word->n);
		size_t n = 0;
		for (const char *at = word->bytes; at < word->bytes + word->n;) {
			uint8_t byte;
			if (!take_byte(&at, word->bytes + word->n, &byte))
				return fail(r->reader, "\\DDD goes to 255");
			plain[n++] = (char)byte;
		}
		size_t size;
		const uint8_t *strings = as_zone_txt(r->reader->arena, plain, n, &size);
		as_buf_add(&all, (const char *)strings, size);
	}
	set_rdata(r, (const uint8_t *)all.text, all.length);
	return true;
}

static int hex_digit(char c)
{
	const char *digits = "0123456789abcdef";
	const char *at = c ? strchr(digits, as_lower(c)) : NULL;
	return at ? (int)(at - digits) : -1;
}

static bool rdata_tlsa(struct rdata *r)
{
	enum { FIELDS = 3 };
	struct as_buf bytes = as_buf_new(r->reader->arena);
	if (r->count < FIELDS + 1)
		return fail(r->reader, "TLSA needs three numbers and hexadecimal digits");
	for (size_t i = 0; i < FIELDS; i++) {
		uint32_t value;
		if (!number(r->reader, &r->words[i], UINT8_MAX, &value))
			return false;
		as_buf_putc(&bytes, (char)value);
	}
	for (size_t i = FIELDS; i < r->count; i++) {
		const struct word *word = &r->words[i];
		for (size_t at = 0; at < word->n; at += 2) {
			int high = hex_digit(word->bytes[at]);
			int low = at + 1 < word->n ? hex_digit(word->bytes[at + 1]) : -1;
			if (high < 0 || low < 0)
				return fail(r->reader, "\"%s\" is not hexadecimal", show(r->reader, word));
			as_buf_putc(&bytes, (char)(high << 4 | low));
		}
	}
	set_rdata(r, (const uint8_t *)bytes.text, bytes.length);
	return true;
}

static bool read_rdata(struct rdata *r)
{
	if (r->count == 0)
		return fail(r->reader, "the record has no data");
	switch (r->line->type) {
	case AS_DNS_A:
	case AS_DNS_AAAA:
		return rdata_address(r);
	case AS_DNS_NS:
	case AS_DNS_CNAME:
	case AS_DNS_PTR:
		return rdata_name(r);
	case AS_DNS_MX:
		return rdata_mx(r);
	case AS_DNS_TXT:
		return rdata_txt(r);
	case AS_DNS_TLSA:
		return rdata_tlsa(r);
	case AS_DNS_SOA:
		break;
	}
	return fail(r->reader, "records of this type are not supported here");
}

/* --- lines --------------------------------------------------------------------------------------------------------- */

static bool read_type(struct as_zone_reader *r, const struct word *word, enum as_dns_type *type)
{
	*type = as_dns_type_code(word->bytes, word->n);
	return *type || fail(r, "\"%s\" is not a record type", show(r, word));
}

static bool read_directive(struct as_zone_reader *r, const struct words *words, struct as_zone_line *line)
{
	const struct word *word = words->list;
	const struct word *end = word + words->count;
	const struct directive *found = NULL;
	for (size_t i = 0; i < sizeof directives / sizeof *directives; i++)
		if (as_equal_nocase_n(directives[i].word, strlen(directives[i].word), word->bytes, word->n))
			found = &directives[i];
	if (!found)
		return fail(r, "\"%s\" is not a directive", show(r, word));
	word++;
	line->kind = found->kind;
	if (found->takes_number + found->takes_name > end - word)
		return fail(r, "%s needs more words", found->word);
	if (found->takes_number && !number(r, word++, UINT32_MAX / 2, &line->ms))
		return false;
	if (found->takes_name && !text_name(r, word++, &line->name))
		return false;
	if (found->takes_type && word < end && !read_type(r, word++, &line->type))
		return false;
	return word == end || fail(r, "\"%s\" is one word too many", show(r, word));
}

static bool read_record(struct as_zone_reader *r, const struct words *words, struct as_zone_line *line)
{
	const struct word *word = words->list;
	const struct word *end = word + words->count;
	line->kind = AS_ZONE_RECORD;
	line->ttl = r->ttl;
	if (!text_name(r, word++, &line->name))
		return false;
	if (word < end && is_number(word) && !number(r, word++, UINT32_MAX / 2, &line->ttl))
		return false;
	if (word < end && as_equal_nocase_n(word->bytes, word->n, "IN", 2))
		word++;
	if (word == end)
		return fail(r, "a record type is missing");
	if (!read_type(r, word++, &line->type))
		return false;
	struct rdata rdata = { r, word, (size_t)(end - word), line };
	return read_rdata(&rdata);
}

struct as_zone_reader as_zone_open(struct as_arena *arena, const char *text, size_t n)
{
	return (struct as_zone_reader){ .arena = arena, .at = text, .end = text + n, .ttl = DEFAULT_TTL, .origin = "" };
}

enum as_err as_zone_next(struct as_zone_reader *r, struct as_zone_line *line)
{
	while (r->at < r->end) {
		struct words words = { 0 };
		const char *start = r->at;
		const char *stop = memchr(start, '\n', (size_t)(r->end - start));
		r->line++;
		r->at = stop ? stop + 1 : r->end;
		if (!split(r, start, stop ? stop : r->end, &words))
			return AS_ERR_SYNTAX;
		if (words.count == 0)
			continue;
		*line = (struct as_zone_line){ 0 };
		const struct word *first = words.list;
		bool is_directive = first->n > 0 && first->bytes[0] == '$' && !first->is_quoted;
		if (!(is_directive ? read_directive : read_record)(r, &words, line))
			return AS_ERR_SYNTAX;
		if (line->kind == AS_ZONE_ORIGIN)
			r->origin = line->name;
		else if (line->kind == AS_ZONE_TTL)
			r->ttl = line->ms;
		else
			return AS_OK;
	}
	return AS_ERR_NOT_FOUND;
}

enum as_err as_zone_record(struct as_arena *arena, const char *name, enum as_dns_type type, const char *rdata, struct as_zone_line *line,
			   const char **detail)
{
	struct as_zone_reader r = as_zone_open(arena, "", 0);
	struct words words = { 0 };
	struct word owner = { .bytes = name, .n = strlen(name) };
	*line = (struct as_zone_line){ .kind = AS_ZONE_RECORD, .type = type, .ttl = r.ttl };
	bool good = text_name(&r, &owner, &line->name) && split(&r, rdata, rdata + strlen(rdata), &words);
	struct rdata parts = { &r, words.list, words.count, line };
	good = good && read_rdata(&parts);
	*detail = r.detail;
	return good ? AS_OK : AS_ERR_SYNTAX;
}
