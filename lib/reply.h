/* SPDX-License-Identifier: BSD-2-Clause */
/* reply.h - the text of an SMTP reply: "5.7.1 rejected for %{from-domain}", checked when configured, expanded when used.
 *
 * Always ASCII (RFC 5321 4.2.1): SMTPUTF8 allows more in the addresses of 251 and 551 only (RFC 6531 3.7.4.1).
 */
#ifndef AS_REPLY_H
#define AS_REPLY_H

#include "arena.h"
#include "err.h"

enum as_reply_macro {
	AS_REPLY_FROM_DOMAIN,
	AS_REPLY_POLICY_DOMAIN,
	AS_REPLY_POLICY,
	AS_REPLY_SPF,
	AS_REPLY_DKIM,
	AS_REPLY_DMARC,
	AS_REPLY_CLIENT,
	AS_REPLY_HELO,
	AS_REPLY_ENVELOPE_DOMAIN,
	AS_REPLY_QUEUE_ID,
	AS_REPLY_HOSTNAME,
	AS_REPLY_RULE,
	AS_REPLY_FROM_PROBLEM,
	AS_REPLY_SPF_EXPLANATION,
	AS_REPLY_SPF_HELO,
	AS_REPLY_ARC,
	AS_REPLY_IPREV,
	AS_REPLY_CLIENT_NAME,
	AS_REPLY_TLS,
	AS_REPLY_LIST_ID,
	AS_REPLY_ID,
	AS_REPLY_TIME,
};
enum { AS_REPLY_MACROS = AS_REPLY_TIME + 1, AS_REPLY_MAX = 400, AS_REPLY_URL_MAX = 250 };

/* What the macros stand for; NULL and "" expand to "-". Any bytes. */
struct as_reply_values {
	const char *of[AS_REPLY_MACROS];
};

/* May this be a reply: an optional enhanced code of class 4 or 5 (RFC 3463), then printable ASCII with known macros? On error
 * *detail (owned by arena) says what is wrong and what would be right. "" is allowed: the built-in text. */
enum as_err as_reply_check(struct as_arena *arena, const char *text, const char **detail);

/* May this be the address of a page of help: http or https, the characters of RFC 3986 2, and known macros, before the path
 * %{hostname} alone: no stranger says where a reply leads to? Errors as above. "" is allowed: there is none. */
enum as_err as_reply_check_url(struct as_arena *arena, const char *text, const char **detail);

/* The class, '4' or '5', of the enhanced code at the start of a text; '\0' without one. */
char as_reply_class(const char *text);

/* Splits the enhanced code off: *enhanced is an arena string or NULL. Returns the text after it (a pointer into text). */
const char *as_reply_split(struct as_arena *arena, const char *text, const char **enhanced);

/* Expands a text that as_reply_check accepts, without its code: one line of printable ASCII of 1..AS_REPLY_MAX octets; foreign bytes
 * are escaped, a long value and a long line are cut with "...". Arena memory. */
const char *as_reply_expand(struct as_arena *arena, const char *text, const struct as_reply_values *values);

/* The same with "; see URL" behind it, which is never cut: the text is, so that both have AS_REPLY_MAX octets. In the URL values are
 * percent-encoded (RFC 3986 2.1); one that grows beyond AS_REPLY_URL_MAX is left out. url NULL or "": the text alone. */
const char *as_reply_line(struct as_arena *arena, const char *text, const char *url, const struct as_reply_values *values);

#endif
