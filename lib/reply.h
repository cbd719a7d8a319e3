/* SPDX-License-Identifier: BSD-2-Clause */
/* reply.h - the text of an SMTP reply: "5.7.1 rejected for %{from-domain}", checked when configured, expanded when used. */
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
};
enum { AS_REPLY_MACROS = AS_REPLY_SPF_EXPLANATION + 1, AS_REPLY_MAX = 400 };

/* What the macros stand for; NULL and "" expand to "-". Any bytes. */
struct as_reply_values {
	const char *of[AS_REPLY_MACROS];
};

/* May this be a reply: an optional enhanced code of class 4 or 5 (RFC 3463), then printable ASCII with known macros? On error
 * *detail (owned by arena) says what is wrong and what would be right. "" is allowed: the built-in text. */
enum as_err as_reply_check(struct as_arena *arena, const char *text, const char **detail);

/* The class, '4' or '5', of the enhanced code at the start of a text; '\0' without one. */
char as_reply_class(const char *text);

/* Splits the enhanced code off: *enhanced is an arena string or NULL. Returns the text after it (a pointer into text). */
const char *as_reply_split(struct as_arena *arena, const char *text, const char **enhanced);

/* Expands a text that as_reply_check accepts, without its code: one line of printable ASCII of 1..AS_REPLY_MAX octets; foreign bytes
 * are escaped, a long value and a long line are cut with "...". Arena memory. */
const char *as_reply_expand(struct as_arena *arena, const char *text, const struct as_reply_values *values);

#endif
