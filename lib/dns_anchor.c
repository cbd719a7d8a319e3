/* SPDX-License-Identifier: BSD-2-Clause */
/* dns_anchor.c - reads trust anchor files to say what is in them; libunbound reads them again to use them.
 *
 * libunbound learns of a bad file only with its first question, too late for a clear message; and a file that is readable but old makes
 * every signed answer of the world bogus.
 */
#include "config.h"

#include "dns_anchor.h"

#include "dns_unbound.h"
#include "str.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	FILE_MAX = 1 << 20,
	KEY_MAX = 4096,
	ROOT_KEY_2017 = 20326,
	ROOT_KEY_2024 = 38696,
	WORDS_MAX = 64, /* of one record; base64 may come in pieces */
};

struct words {
	const char *list[WORDS_MAX];
	size_t sizes[WORDS_MAX];
	size_t count;
};

struct reader {
	struct as_arena *arena;
	const char *at;
	const char *end;
	unsigned line;
	const char *detail;
};

static bool is_space(char c)
{
	return as_is_wsp(c) || c == '\r' || c == '(' || c == ')';
}

/* The words of the next record: a line, or several within parentheses. False: the end. */
static bool next_record(struct reader *r, struct words *words)
{
	int depth = 0;
	words->count = 0;
	r->line++;
	while (r->at < r->end) {
		char c = *r->at;
		if (c == '\n') {
			r->at++;
			if (depth <= 0)
				return true;
			r->line++;
		} else if (c == ';') {
			while (r->at < r->end && *r->at != '\n')
				r->at++;
		} else if (is_space(c)) {
			depth += c == '(' ? 1 : c == ')' ? -1 : 0;
			r->at++;
		} else {
			const char *start = r->at;
			while (r->at < r->end && !is_space(*r->at) && *r->at != '\n' && *r->at != ';')
				r->at++;
			if (words->count < WORDS_MAX) {
				words->list[words->count] = start;
				words->sizes[words->count++] = (size_t)(r->at - start);
			}
		}
	}
	return words->count > 0;
}

static bool is_word(const struct words *words, size_t i, const char *text)
{
	return i < words->count && as_equal_nocase_n(words->list[i], words->sizes[i], text, strlen(text));
}

static bool number(const struct words *words, size_t i, unsigned most, unsigned *value)
{
	*value = 0;
	if (i >= words->count || words->sizes[i] > 5)
		return false;
	for (size_t at = 0; at < words->sizes[i]; at++) {
		if (!as_is_digit(words->list[i][at]))
			return false;
		*value = *value * 10 + (unsigned)(words->list[i][at] - '0');
	}
	return *value <= most;
}

static int base64_digit(char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;
	return at ? (int)(at - digits) : -1;
}

/* Joins the words from `i` on. 0: malformed or too long. */
static size_t read_base64(const struct words *words, size_t i, uint8_t *out, size_t room)
{
	uint32_t bits = 0;
	unsigned have = 0;
	size_t n = 0;
	for (; i < words->count; i++) {
		for (size_t at = 0; at < words->sizes[i]; at++) {
			char c = words->list[i][at];
			int digit = base64_digit(c);
			if (c == '=')
				continue;
			if (digit < 0 || n == room)
				return 0;
			bits = (bits << 6 | (uint32_t)digit) & 0xffffff;
			have += 6;
			if (have >= 8) {
				have -= 8;
				out[n++] = (uint8_t)(bits >> have);
			}
		}
	}
	return n;
}

/* RFC 4034 appendix B */
static unsigned key_tag(const uint8_t *rdata, size_t size)
{
	uint32_t sum = 0;
	for (size_t i = 0; i < size; i++)
		sum += i & 1 ? rdata[i] : (uint32_t)rdata[i] << 8;
	return (sum + (sum >> 16)) & 0xffff;
}

/* What libunbound validates with; a zone all of whose anchors are of other kinds would count as unsigned. RFC 4035 5.2 */
static bool is_algorithm(unsigned algorithm)
{
	static const uint8_t known[] = { 5, 7, 8, 10, 13, 14, 15, 16 };
	return memchr(known, (int)algorithm, sizeof known) != NULL;
}

static bool is_digest_type(unsigned type)
{
	return type == 1 || type == 2 || type == 4;
}

static bool dnskey_tag(const struct words *words, size_t i, unsigned *tag, bool *is_usable)
{
	uint8_t rdata[4 + KEY_MAX];
	unsigned flags, protocol, algorithm;
	if (!number(words, i, UINT16_MAX, &flags) || !number(words, i + 1, UINT8_MAX, &protocol))
		return false;
	if (!number(words, i + 2, UINT8_MAX, &algorithm))
		return false;
	size_t n = read_base64(words, i + 3, rdata + 4, KEY_MAX);
	if (n == 0)
		return false;
	rdata[0] = (uint8_t)(flags >> 8);
	rdata[1] = (uint8_t)flags;
	rdata[2] = (uint8_t)protocol;
	rdata[3] = (uint8_t)algorithm;
	*tag = key_tag(rdata, 4 + n);
	*is_usable = is_algorithm(algorithm);
	return true;
}

/* RFC 4034 5.3: hexadecimal digits, perhaps in pieces. Their number follows from the type of the digest. */
static bool is_digest(const struct words *words, size_t i, unsigned type)
{
	static const size_t digits_of[] = { [1] = 40, [2] = 64, [3] = 64, [4] = 96 };
	size_t digits = 0;
	for (; i < words->count; i++) {
		for (size_t at = 0; at < words->sizes[i]; at++) {
			char c = words->list[i][at];
			if (!as_is_digit(c) && !(c >= 'A' && c <= 'F') && !(c >= 'a' && c <= 'f'))
				return false;
		}
		digits += words->sizes[i];
	}
	bool is_known = type > 0 && type < sizeof digits_of / sizeof *digits_of;
	return is_known ? digits == digits_of[type] : digits > 0 && digits % 2 == 0;
}

static bool ds_tag(const struct words *words, size_t i, unsigned *tag, bool *is_usable)
{
	unsigned algorithm, digest;
	if (!number(words, i, UINT16_MAX, tag) || !number(words, i + 1, UINT8_MAX, &algorithm) ||
	    !number(words, i + 2, UINT8_MAX, &digest) || !is_digest(words, i + 3, digest))
		return false;
	*is_usable = is_algorithm(algorithm) && is_digest_type(digest);
	return true;
}

static void note(struct reader *r, struct as_dns_anchor *anchor, const struct words *words, unsigned tag)
{
	size_t n = words->sizes[0];
	bool ends_in_dot = n > 0 && words->list[0][n - 1] == '.';
	const char *zone = as_lower_copy(r->arena, words->list[0], ends_in_dot ? n - 1 : n);
	anchor->tags = anchor->count++ ? as_printf(r->arena, "%s %u", anchor->tags, tag) : as_printf(r->arena, "%u", tag);
	if (!anchor->zone || !*zone)
		anchor->zone = zone;
	if (*zone)
		return;
	anchor->has_root = true;
	anchor->has_2017 = anchor->has_2017 || tag == ROOT_KEY_2017;
	anchor->has_2024 = anchor->has_2024 || tag == ROOT_KEY_2024;
}

static bool read_record(struct reader *r, const struct words *words, struct as_dns_anchor *anchor)
{
	size_t i = 1;
	unsigned tag, ttl;
	unsigned line = r->line;
	bool is_usable = false;
	while (i < words->count && (is_word(words, i, "IN") || number(words, i, 99999, &ttl)))
		i++;
	bool is_key = is_word(words, i, "DNSKEY");
	if (!is_key && !is_word(words, i, "DS"))
		return true; /* something else; libunbound skips it too */
	if (is_key ? !dnskey_tag(words, i + 1, &tag, &is_usable) : !ds_tag(words, i + 1, &tag, &is_usable)) {
		r->detail = as_printf(r->arena, "line %u: a malformed %s record", line, is_key ? "DNSKEY" : "DS");
		return false;
	}
	if (is_usable)
		note(r, anchor, words, tag);
	return true;
}

static enum as_err read_file(struct as_arena *arena, const char *file, struct reader *r, const char **detail)
{
	FILE *stream = fopen(file, "re");
	if (!stream) {
		static const char hint[] = "; name the file that your system has in dns.trust-anchor (Debian: apt install dns-root-data)";
		*detail = as_printf(arena, "trust anchor %s: %s%s", file, strerror(errno), errno == ENOENT ? hint : "");
		return AS_ERR_SYSTEM;
	}
	char *text = as_alloc(arena, FILE_MAX);
	size_t n = fread(text, 1, FILE_MAX, stream);
	bool is_broken = ferror(stream) != 0;
	fclose(stream);
	if (is_broken || n == FILE_MAX) {
		*detail = as_printf(arena, "trust anchor %s: %s", file, is_broken ? "cannot be read" : "is too large");
		return AS_ERR_SYSTEM;
	}
	*r = (struct reader){ .arena = arena, .at = text, .end = text + n };
	return AS_OK;
}

enum as_err as_dns_anchor_read(struct as_arena *arena, const char *file, struct as_dns_anchor *anchor, const char **detail)
{
	struct reader reader;
	struct words words;
	*anchor = (struct as_dns_anchor){ .tags = "" };
	enum as_err err = read_file(arena, file, &reader, detail);
	if (err)
		return err;
	bool good = true;
	while (good && next_record(&reader, &words))
		good = words.count == 0 || read_record(&reader, &words, anchor);
	if (good && anchor->count > 0)
		return AS_OK;
	*detail = as_printf(arena, "trust anchor %s: %s", file, good ? "no DNSKEY or DS record in it that can be used" : reader.detail);
	return AS_ERR_SYNTAX;
}

const char *as_dns_anchor_warning(const struct as_dns_anchor *anchor)
{
	if (!anchor->has_root)
		return "no key of the root in it: only what is below its own zones is validated";
	if (!anchor->has_2017 && !anchor->has_2024)
		return "none of the root's keys (20326, 38696) in it: all signed names of the public DNS will be bogus";
	/* The published schedule: the root is signed with 38696 from 2026-10-11, 20326 is revoked from 2027-01-11. */
	if (!anchor->has_2024)
		return "the root's key 38696 is not in it, with which the root is signed since 2026-10-11: signed names will be bogus";
	return NULL;
}

enum as_err as_dns_anchor_check(struct as_arena *arena, const char *file, const char **state, const char **detail)
{
	struct as_dns_anchor anchor;
	enum as_err err = as_dns_anchor_read(arena, file, &anchor, detail);
	if (err)
		return err;
	const char *warning = as_dns_anchor_warning(&anchor);
	*state = as_printf(arena, "trust anchor %s (tags %s)%s%s", file, anchor.tags, warning ? "; warning: " : "", warning ? warning : "");
	return AS_OK;
}
