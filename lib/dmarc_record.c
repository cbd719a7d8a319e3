/* SPDX-License-Identifier: BSD-2-Clause */
/* dmarc_record.c - the tags of a DMARC policy record and what bad ones fall back to.
 *
 * Decisions where RFC 9989 is silent: of a tag written twice the first counts (DM-39); tag names are case-sensitive as in RFC 6376
 * 3.2, keyword values are not (DM-38); a report address is a URI after RFC 3986, and a mailto: one must name a mailbox, since a
 * list of empty ones gives nobody to report to (DM-34).
 */
#include "config.h"

#include "dmarc_record.h"

#include <string.h>

#include "str.h"
#include "taglist.h"

enum { TAGS_MAX = 100, URIS_MAX = 50, TEXT_MAX = 1024 };

struct keyword {
	const char *word;
	int value;
};

static const struct keyword requests[] = {
	{ "none", AS_DMARC_NONE }, { "quarantine", AS_DMARC_QUARANTINE }, { "reject", AS_DMARC_REJECT }, { NULL, 0 },
};
static const struct keyword psds[] = { { "u", AS_PSD_UNKNOWN }, { "y", AS_PSD_YES }, { "n", AS_PSD_NO }, { NULL, 0 } };
static const struct keyword testings[] = { { "n", false }, { "y", true }, { NULL, 0 } };
static const struct keyword modes[] = { { "r", false }, { "s", true }, { NULL, 0 } };
static const struct keyword options[] = { { "0", AS_FO_ALL }, { "1", AS_FO_ANY }, { "d", AS_FO_DKIM }, { "s", AS_FO_SPF }, { NULL, 0 } };

const char *as_dmarc_policy_name(enum as_dmarc_policy policy)
{
	return requests[policy].word;
}

static size_t skip_wsp(const char *text, size_t n, size_t at)
{
	while (at < n && as_is_wsp(text[at]))
		at++;
	return at;
}

bool as_dmarc_is_record(const char *text, size_t n)
{
	/* RFC 9989 4.8: dmarc-version = "v" equals %s"DMARC1", first, and then the end or a separator (DM-8) */
	static const char version[] = "DMARC1";
	const size_t length = sizeof version - 1;
	if (n == 0 || text[0] != 'v')
		return false;
	size_t at = skip_wsp(text, n, 1);
	if (at == n || text[at] != '=')
		return false;
	at = skip_wsp(text, n, at + 1);
	if (n - at < length || memcmp(text + at, version, length) != 0)
		return false;
	at = skip_wsp(text, n, at + length);
	return at == n || text[at] == ';';
}

static const struct keyword *find_keyword(const struct keyword *words, const char *text, size_t n)
{
	for (; words->word; words++)
		if (as_equal_nocase_n(words->word, strlen(words->word), text, n))
			return words;
	return NULL;
}

/* The value of a keyword tag; *value stays as it is unless the tag is there and valid. Bytes that no value may hold make it as invalid as
 * a word that nobody knows: somebody meant to say something (DM-34). */
static enum as_dmarc_tag_state read_keyword(const struct as_taglist *list, const char *name, const struct keyword *words, int *value)
{
	const struct as_tag *tag = as_taglist_find_any(list, name);
	if (!tag)
		return AS_TAG_ABSENT;
	const struct keyword *found = find_keyword(words, tag->value, tag->value_length);
	if (!found)
		return AS_TAG_INVALID;
	*value = found->value;
	return AS_TAG_VALID;
}

static enum as_dmarc_tag_state read_request(const struct as_taglist *list, const char *name, enum as_dmarc_policy *policy)
{
	int value = AS_DMARC_NONE;
	enum as_dmarc_tag_state state = read_keyword(list, name, requests, &value);
	*policy = (enum as_dmarc_policy)value;
	return state;
}

static bool read_flag(const struct as_taglist *list, const char *name, const struct keyword *words)
{
	int value = false;
	read_keyword(list, name, words, &value); /* absent or invalid: the default, DM-37 */
	return value;
}

static enum as_dmarc_psd read_psd(const struct as_taglist *list)
{
	int value = AS_PSD_UNKNOWN; /* DM-23 */
	read_keyword(list, "psd", psds, &value);
	return (enum as_dmarc_psd)value;
}

/* RFC 9989 4.8, dmarc-fo: each option once, 0 and 1 exclude each other; anything else falls back to the default. */
static unsigned read_options(const struct as_taglist *list)
{
	const struct as_tag *tag = as_taglist_find_any(list, "fo");
	if (!tag)
		return AS_FO_ALL;
	unsigned bits = 0;
	const char *end = tag->value + tag->value_length;
	for (const char *at = tag->value; at <= end;) {
		const char *colon = memchr(at, ':', (size_t)(end - at));
		const char *stop = colon ? colon : end;
		const struct keyword *option = find_keyword(options, at, (size_t)(stop - at));
		if (!option || (bits & (unsigned)option->value))
			return AS_FO_ALL;
		bits |= (unsigned)option->value;
		at = stop + 1;
	}
	return (bits & AS_FO_ALL) && (bits & AS_FO_ANY) ? AS_FO_ALL : bits;
}

static bool is_hex(char c)
{
	return as_is_digit(c) || (as_lower(c) >= 'a' && as_lower(c) <= 'f');
}

/* Unreserved, reserved and escaped characters of RFC 3986 2; "," and "!" never come this far. */
static bool is_uri_text(const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (text[i] == '%') {
			if (n - i < 3 || !is_hex(text[i + 1]) || !is_hex(text[i + 2]))
				return false;
			i += 2;
		} else if (!as_is_alnum(text[i]) && (text[i] == '\0' || !strchr("-._~:/?#[]@$&'()*+;=", text[i]))) {
			return false;
		}
	}
	return n > 0;
}

static bool is_scheme(const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!as_is_alnum(text[i]) && text[i] != '+' && text[i] != '-' && text[i] != '.')
			return false;
	return n > 0 && as_is_alpha(text[0]);
}

static bool names_mailbox(const char *text, size_t n)
{
	const char *query = memchr(text, '?', n);
	size_t length = query ? (size_t)(query - text) : n;
	const char *at = memchr(text, '@', length);
	return at && at > text && at + 1 < text + length;
}

static bool is_uri(const char *text, size_t n)
{
	const char *colon = memchr(text, ':', n);
	if (!colon)
		return false;
	size_t scheme = (size_t)(colon - text);
	size_t rest = n - scheme - 1;
	if (!is_scheme(text, scheme) || !is_uri_text(colon + 1, rest))
		return false;
	return !as_equal_nocase_n(text, scheme, "mailto", 6) || names_mailbox(colon + 1, rest);
}

/* RFC 9989 4.8: obs-dmarc-report-size, as "!10m", at the end of a URI; 0 without one. */
static size_t obsolete_size(const char *text, size_t n)
{
	size_t end = n > 0 && memchr("kmgt", as_lower(text[n - 1]), 4) ? n - 1 : n;
	size_t start = end;
	while (start > 0 && as_is_digit(text[start - 1]))
		start--;
	return start > 0 && start < end && text[start - 1] == '!' ? n - start + 1 : 0;
}

/* One URI of a list without the white space around it and the obsolete size behind it (DM-40); NULL when malformed. */
static const char *read_uri(struct as_arena *arena, const char *text, size_t n)
{
	size_t start = skip_wsp(text, n, 0);
	while (n > start && as_is_wsp(text[n - 1]))
		n--;
	text += start;
	n -= start;
	n -= obsolete_size(text, n);
	return is_uri(text, n) ? as_strndup(arena, text, n) : NULL;
}

static const char *const *read_uris(struct as_arena *arena, const struct as_taglist *list, const char *name)
{
	const char **uris = as_alloc_array(arena, URIS_MAX + 1, sizeof *uris);
	const struct as_tag *tag = as_taglist_find_any(list, name);
	if (!tag)
		return uris;
	size_t count = 0;
	const char *end = tag->value + tag->value_length;
	for (const char *at = tag->value; at < end && count < URIS_MAX;) {
		const char *comma = memchr(at, ',', (size_t)(end - at));
		const char *stop = comma ? comma : end;
		if ((uris[count] = read_uri(arena, at, (size_t)(stop - at))))
			count++;
		at = stop + 1;
	}
	return uris;
}

void as_dmarc_record_parse(struct as_arena *arena, const char *text, size_t n, struct as_dmarc_record *record)
{
	struct as_taglist list;
	struct as_arena *scratch = as_arena_new(); /* the record stays long, in the cache */
	as_taglist_parse(scratch, text, n, TAGS_MAX, &list); /* parts beyond the cap are as unknown as unknown tags */
	*record = (struct as_dmarc_record){ 0 };
	record->p_state = read_request(&list, "p", &record->p);
	record->sp_state = read_request(&list, "sp", &record->sp);
	record->np_state = read_request(&list, "np", &record->np);
	record->psd = read_psd(&list);
	record->is_testing = read_flag(&list, "t", testings);
	record->strict_dkim = read_flag(&list, "adkim", modes);
	record->strict_spf = read_flag(&list, "aspf", modes);
	record->rua = read_uris(arena, &list, "rua");
	record->ruf = read_uris(arena, &list, "ruf");
	record->fo = read_options(&list);
	record->text = as_escape(arena, text, n, TEXT_MAX);
	as_arena_free(scratch);
}
