/* SPDX-License-Identifier: BSD-2-Clause */
/* mailbox_lax.c - the one deviation from the grammar of RFC 5322 3.4 that is accepted.
 *
 * Good mail says `Doe, John <a@b.example>`, `[List] Jane <a@b.example>`, `a@b.example <a@b.example>` and, encoded by hand,
 * `=?utf-8?q?D=C3=B6, J?= <a@b.example>`. Refusing it protects nobody as long as no reader can see another domain: one "<" and one ">",
 * the ">" at the end, a plain address between them, a name before them that stands in quotes as a whole or has nothing that quotes,
 * comments, groups, escapes or encodes in another way, and no "@" there but with the same domain. In character sets with two octets a
 * character the second is never "<" or ">", so a reader that decodes them finds the same brackets.
 */
#include "config.h"

#include "mailbox_lax.h"

#include "mailbox_odd.h"
#include "str.h"

#include <string.h>

struct part {
	const char *at, *end;
};

static struct part trim(const char *value, size_t n)
{
	struct part part = { value, value + n };
	while (part.at < part.end && as_is_fws(*part.at))
		part.at++;
	while (part.at < part.end && as_is_fws(part.end[-1]))
		part.end--;
	return part;
}

static bool is_address_char(char c)
{
	return as_is_alnum(c) || (c && strchr("!#$%&'*+-/=?^_`{|}~.", c));
}

/* local@domain of plain characters; *domain is what follows the "@". */
static bool is_plain_address(struct part address, struct part *domain)
{
	const char *sign = memchr(address.at, '@', (size_t)(address.end - address.at));
	if (!sign || sign == address.at || sign + 1 == address.end)
		return false;
	*domain = (struct part){ sign + 1, address.end };
	for (const char *p = address.at; p < address.end; p++)
		if (p != sign && !is_address_char(*p))
			return false;
	return true;
}

/* Is what begins with "=?" one encoded-word up to the end of the name, with a comma or spaces that are not encoded? A reader that divides
 * the field at the comma has two halves of a word that it cannot decode. */
static bool is_last_word(const char *at, const char *end)
{
	const char *rest = as_mailbox_skip_encoded_word(at, end, "\"()\\:;@");
	while (rest && rest < end && as_is_fws(*rest))
		rest++;
	return rest == end;
}

/* In quotes most signs mean nothing, but a quoted pair does: in some character sets its backslash is half of a letter. */
static bool is_harmless_name(struct part name, struct part domain)
{
	bool is_quoted = name.end - name.at > 1 && *name.at == '"' && name.end[-1] == '"';
	const char *refused = is_quoted ? "\"\\" : "\"()\\:;";
	if (is_quoted)
		name = (struct part){ name.at + 1, name.end - 1 };
	for (const char *p = name.at; p < name.end; p++) {
		bool is_fold = name.end - p > 2 && p[0] == '\r' && p[1] == '\n' && as_is_wsp(p[2]);
		if (is_fold) {
			p += 2;
			continue;
		}
		if (p[0] == '=' && p + 1 < name.end && p[1] == '?') /* some readers decode, then read the grammar */
			return !is_quoted && is_last_word(p, name.end);
		if (((unsigned char)*p < ' ' && *p != '\t') || *p == 0x7f || strchr(refused, *p))
			return false;
		if (*p == '@' && !as_mailbox_shows(p + 1, name.end, domain.at, (size_t)(domain.end - domain.at)))
			return false;
	}
	return true;
}

bool as_mailbox_is_lax(const char *value, size_t n, const char **angle, size_t *angle_length)
{
	struct part whole = trim(value, n), domain;
	const char *open = memchr(whole.at, '<', (size_t)(whole.end - whole.at));
	const char *close = open ? memchr(whole.at, '>', (size_t)(whole.end - whole.at)) : NULL;
	if (!close || close + 1 != whole.end || close < open)
		return false;
	struct part address = { open + 1, close };
	if (memchr(address.at, '<', (size_t)(close - address.at)) || !is_plain_address(address, &domain))
		return false;
	if (!is_harmless_name(trim(whole.at, (size_t)(open - whole.at)), domain))
		return false;
	*angle = open;
	*angle_length = (size_t)(whole.end - open);
	return true;
}
