/* SPDX-License-Identifier: BSD-2-Clause */
/* received.c - reads a Received field in two steps: words and comments of the whole field, then the forms that MTAs give to the client.
 *
 *	from HELO (NAME [IP]) ... by HOST		Postfix, Sendmail, OpenSMTPD, Google and most others
 *	from HELO (NAME [IP] (may be forged)) by HOST	Sendmail
 *	from HELO (IDENT:user@NAME [IP]) by HOST	Sendmail
 *	from HELO ([IP]) by HOST			Sendmail without a name, Domino, amavis; Exim when the HELO is the name
 *	from NAME ([IP] helo=HELO) by HOST		Exim
 *	from [IP] (helo=HELO) by HOST			Exim without a name
 *	from [IP] by HOST with ... (Exim 4.96)		Exim, the HELO being the address
 *	from HELO (IP) by HOST				Exchange
 *	from NAME (HELO name) (ident@IP) by HOST	qmail, AsyncOS ([IP]), James
 *	from NAME (ident@IP) by HOST			qmail, the HELO being the name
 *
 * A HELO may hold spaces and parentheses where an MTA does not replace them. It then brings words or comments of its own, while those
 * of the MTA are still there behind it: a second "by", a second ";" or a second address beside the first one makes the field unusable.
 */
#include "config.h"

#include "received.h"

#include "str.h"

#include <string.h>

enum { VALUE_MAX = 8192, TOKENS_MAX = 128, PARTS_MAX = 6 };

struct span {
	const char *at;
	size_t n;
};

struct token {
	enum { WORD, COMMENT, SEMICOLON } kind;
	struct span text; /* of a comment what is inside */
};

struct tokens {
	struct token list[TOKENS_MAX];
	size_t count;
};

/* --- words and comments ------------------------------------------------------------------------------------------------------ */

/* RFC 5322 2.2.3: a line end stands before white space, or it is none of the field. */
static bool has_odd_bytes(const char *value, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)value[i];
		bool is_fold = (c == '\r' && i + 1 < n && value[i + 1] == '\n') ||
			       (c == '\n' && i > 0 && value[i - 1] == '\r' && i + 1 < n && as_is_wsp(value[i + 1]));
		if ((c < 0x20 || c == 0x7f) && c != '\t' && !is_fold)
			return true;
	}
	return false;
}

/* Size of the comment that begins at text, parentheses included; 0: it has no end. */
static size_t comment_size(const char *text, size_t n)
{
	unsigned depth = 0;
	for (size_t i = 0; i < n; i++) {
		depth += text[i] == '(';
		depth -= text[i] == ')';
		i += text[i] == '\\';
		if (!depth)
			return i < n ? i + 1 : 0;
	}
	return 0;
}

/* Size of the quoted string that begins at text; 0: it has no end. */
static size_t quoted_size(const char *text, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		if (text[i] == '"')
			return i + 1;
		i += text[i] == '\\';
	}
	return 0;
}

/* Up to white space, a comment or ";". 0: nothing that may stand here. */
static size_t word_size(const char *text, size_t n)
{
	size_t i = 0;
	while (i < n && !as_is_fws(text[i]) && !strchr("();\\", text[i])) {
		size_t size = text[i] == '"' ? quoted_size(text + i, n - i) : 1;
		if (!size)
			return 0;
		i += size;
	}
	return i;
}

static bool split(const char *value, size_t n, struct tokens *tokens)
{
	for (size_t i = 0, size; i < n; i += size) {
		size = 1;
		if (as_is_fws(value[i]))
			continue;
		if (tokens->count == TOKENS_MAX)
			return false;
		struct token *token = &tokens->list[tokens->count++];
		if (value[i] == ';') {
			*token = (struct token){ SEMICOLON, { value + i, 1 } };
		} else if (value[i] == '(') {
			size = comment_size(value + i, n - i);
			*token = (struct token){ COMMENT, { value + i + 1, size - 2 } };
		} else {
			size = word_size(value + i, n - i);
			*token = (struct token){ WORD, { value + i, size } };
		}
		if (!size)
			return false;
	}
	return true;
}

static bool is_word(const struct token *token, const char *word)
{
	return token->kind == WORD && as_equal_nocase_n(token->text.at, token->text.n, word, strlen(word));
}

/* Behind "from" and the first word, which may be anything. */
static size_t count_words(const struct tokens *tokens, const char *word)
{
	size_t count = 0;
	for (size_t i = 2; i < tokens->count; i++)
		count += is_word(&tokens->list[i], word);
	return count;
}

static size_t count_semicolons(const struct tokens *tokens)
{
	size_t count = 0;
	for (size_t i = 0; i < tokens->count; i++)
		count += tokens->list[i].kind == SEMICOLON;
	return count;
}

/* --- addresses --------------------------------------------------------------------------------------------------------------- */

static bool is_address(struct span text, struct as_ip *ip)
{
	static const struct as_ip nothing; /* 0.0.0.0 and :: are no client's */
	char buf[sizeof "IPv6:" + AS_IP_TEXT];
	if (text.n >= sizeof buf || memchr(text.at, '\0', text.n))
		return false;
	memcpy(buf, text.at, text.n);
	buf[text.n] = '\0';
	return as_ip_parse(buf, ip) == AS_OK && memcmp(ip->bytes, nothing.bytes, sizeof nothing.bytes) != 0;
}

/* "[IP]" or "[IP]:port" */
static bool is_literal(struct span text, struct as_ip *ip)
{
	const char *end = text.n && text.at[0] == '[' ? memchr(text.at, ']', text.n) : NULL;
	if (!end)
		return false;
	struct span rest = { end + 1, text.n - (size_t)(end + 1 - text.at) };
	if (rest.n && (rest.n < 2 || rest.n > 6 || rest.at[0] != ':'))
		return false;
	for (size_t i = 1; i < rest.n; i++)
		if (!as_is_digit(rest.at[i]))
			return false;
	return is_address((struct span){ text.at + 1, (size_t)(end - text.at) - 1 }, ip);
}

static bool is_host_name(struct span text)
{
	for (size_t i = 0; i < text.n; i++)
		if (!as_is_alnum(text.at[i]) && !strchr(".-_", text.at[i]))
			return false;
	return text.n > 0;
}

/* --- forms of the client ------------------------------------------------------------------------------------------------------ */

/* A comment word by word; words beyond PARTS_MAX are counted only. */
struct parts {
	struct span list[PARTS_MAX];
	size_t count;
};

static struct parts parts_of(struct span text)
{
	struct parts parts = { .count = 0 };
	for (size_t i = 0; i < text.n;) {
		size_t begin = i;
		while (i < text.n && !as_is_fws(text.at[i]))
			i++;
		if (i > begin && parts.count++ < PARTS_MAX)
			parts.list[parts.count - 1] = (struct span){ text.at + begin, i - begin };
		i += i == begin;
	}
	return parts;
}

static bool is_part(const struct parts *parts, size_t i, const char *word)
{
	return i < parts->count && i < PARTS_MAX && as_equal_nocase_n(parts->list[i].at, parts->list[i].n, word, strlen(word));
}

/* What a form found. Spans point into the field. */
struct found {
	struct as_ip ip;
	struct span name, helo; /* at NULL: not told */
};

/* Sendmail's remark, all that may stand behind the address: its name does not lead back. */
static bool is_remark(const struct parts *parts, size_t i)
{
	return parts->count == i + 3 && is_part(parts, i, "(may") && is_part(parts, i + 1, "be") && is_part(parts, i + 2, "forged)");
}

/* Exim: "helo=x", "ident=x" and "port=x" from part i on. */
static bool take_exim(const struct parts *parts, size_t i, struct found *found)
{
	static const char *const keys[] = { "helo=", "ident=", "port=" };
	if (i >= parts->count || parts->count > PARTS_MAX)
		return false;
	for (; i < parts->count; i++) {
		struct span part = parts->list[i];
		size_t k = 0;
		while (k < 3 && (part.n < strlen(keys[k]) || memcmp(part.at, keys[k], strlen(keys[k])) != 0))
			k++;
		if (k == 3)
			return false;
		if (k == 0 && !found->helo.at)
			found->helo = (struct span){ part.at + strlen(keys[0]), part.n - strlen(keys[0]) };
	}
	return true;
}

/* Without "user@" of the ident protocol, for which Sendmail and qmail allow no bracket. */
static struct span without_ident(struct span text)
{
	const char *at = memrchr(text.at, '@', text.n);
	if (!at || memchr(text.at, '[', (size_t)(at - text.at)) || memchr(text.at, '=', text.n))
		return text;
	return (struct span){ at + 1, text.n - (size_t)(at + 1 - text.at) };
}

/* The comment behind the first word. A name may look like an address; then one in brackets stands behind it. */
static bool take_client(struct span comment, struct span first, struct found *found)
{
	struct parts parts = parts_of(comment);
	if (!parts.count)
		return false;
	if (is_literal(first, &found->ip) && take_exim(&parts, 0, found))
		return true;
	struct span head = without_ident(parts.list[0]);
	bool has_literal = is_literal(head, &found->ip);
	found->helo = found->name = (struct span){ NULL, 0 };
	if (has_literal && head.at == parts.list[0].at && take_exim(&parts, 1, found)) {
		found->name = first;
		found->helo = found->helo.at ? found->helo : first;
		return true;
	}
	found->helo = first;
	if (has_literal || (parts.count == 1 && is_address(head, &found->ip)))
		return parts.count == 1 || is_remark(&parts, 1);
	if (!is_host_name(head) || parts.count < 2 || !is_literal(parts.list[1], &found->ip))
		return false;
	found->name = parts.count == 2 ? head : found->name;
	return parts.count == 2 || is_remark(&parts, 2);
}

/* qmail: "(HELO x) (user@IP)"; the first word is the name. */
static bool take_qmail(const struct token *token, struct span first, struct found *found)
{
	struct parts helo = parts_of(token[0].text), client = parts_of(token[1].text);
	if (helo.count > 2 || client.count != 1)
		return false;
	struct span address = without_ident(client.list[0]);
	found->name = first;
	found->helo = helo.count == 2 ? helo.list[1] : (struct span){ NULL, 0 };
	return is_literal(address, &found->ip) || is_address(address, &found->ip);
}

static bool is_helo(struct span comment)
{
	struct parts parts = parts_of(comment);
	return is_part(&parts, 0, "HELO") || is_part(&parts, 0, "EHLO");
}

/* Could this be meant for a client? TLS, SMTP AUTH and the like write no address. */
static bool is_like_client(struct span comment)
{
	struct found found = { .name = { NULL, 0 } };
	return memchr(comment.at, '[', comment.n) || is_helo(comment) || take_client(comment, (struct span){ "x", 1 }, &found);
}

static bool is_by_exim(const struct tokens *tokens)
{
	for (size_t i = 0; i < tokens->count && tokens->list[i].kind != SEMICOLON; i++)
		if (tokens->list[i].kind == COMMENT && tokens->list[i].text.n > 5 && memcmp(tokens->list[i].text.at, "Exim ", 5) == 0)
			return true;
	return false;
}

/* The comments between the first word and "by": from token 2 to `by`. */
static const char *take_from(const struct tokens *tokens, size_t by, struct found *found)
{
	const struct token *comment = &tokens->list[2];
	size_t count = by - 2, taken = 1;
	struct span first = tokens->list[1].text;
	if (count == 0) {
		found->helo = first;
		return is_literal(first, &found->ip) && is_by_exim(tokens) ? NULL : "it names no address";
	}
	if (is_helo(comment->text)) {
		if (count != 2 || !take_qmail(comment, first, found))
			return "it names no address behind the HELO name";
		taken = 2;
	} else if (!take_client(comment->text, first, found)) {
		return "it names no address where one belongs";
	}
	for (size_t i = taken; i < count; i++)
		if (is_like_client(comment[i].text))
			return "it may name several addresses";
	return NULL;
}

static const char *copy(struct as_arena *arena, struct span text)
{
	return text.at ? as_strndup(arena, text.at, text.n < AS_RECEIVED_WORD ? text.n : AS_RECEIVED_WORD) : NULL;
}

const char *as_received_parse(struct as_arena *arena, const char *value, size_t n, struct as_received *received)
{
	struct tokens tokens = { .count = 0 };
	struct found found = { .name = { NULL, 0 } };
	*received = (struct as_received){ .name = NULL };
	if (n > VALUE_MAX)
		return "it is too long";
	if (has_odd_bytes(value, n) || !split(value, n, &tokens))
		return "it breaks the syntax";
	if (tokens.count < 2 || !is_word(&tokens.list[0], "from") || tokens.list[1].kind != WORD)
		return "it names no client";
	size_t by = 2;
	while (by < tokens.count && tokens.list[by].kind == COMMENT)
		by++;
	if (by + 1 >= tokens.count || !is_word(&tokens.list[by], "by") || tokens.list[by + 1].kind != WORD)
		return "no host stands behind its client";
	if (count_words(&tokens, "from") != 0 || count_words(&tokens, "by") != 1 || count_semicolons(&tokens) != 1)
		return "it may be two fields in one";
	const char *trouble = take_from(&tokens, by, &found);
	if (trouble)
		return trouble;
	bool is_nameless = !found.name.n || as_equal_nocase_n(found.name.at, found.name.n, "unknown", strlen("unknown"));
	received->client = found.ip;
	received->name = is_nameless ? NULL : copy(arena, found.name);
	received->helo = copy(arena, found.helo);
	received->by = copy(arena, tokens.list[by + 1].text);
	return NULL;
}
