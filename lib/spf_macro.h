/* SPDX-License-Identifier: BSD-2-Clause */
/* spf_macro.h - macro strings of SPF: their grammar and their expansion, RFC 7208 section 7. Pure, but for %{p}, which asks. */
#ifndef AS_SPF_MACRO_H
#define AS_SPF_MACRO_H

#include "arena.h"
#include "ip.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes inside a text that lives elsewhere. */
struct as_spf_text {
	const char *at;
	size_t n;
};

enum {
	AS_SPF_EXPLANATION_MAX = 450, /* a line of an SMTP reply has room for less, RFC 5321 4.5.3.1.5 */
	/* ours: there is room for no more in what comes out */
	AS_SPF_DOMAIN_MACROS_MAX = 32,
	AS_SPF_EXPLANATION_MACROS_MAX = 256,
};

/* What the letters stand for. Nothing is owned. */
struct as_spf_macro_values {
	struct as_ip client;  /* i, c, v; family 4 or 6 */
	const char *local;    /* l, s: never empty */
	const char *sender_domain; /* o, s */
	const char *domain;   /* d: the domain whose record is being read */
	const char *helo;     /* h */
	const char *receiver; /* r */
	int64_t now_s;        /* t */
	/* p: the validated name of the client or "unknown"; called when a text holds the macro. NULL: such a text has no expansion */
	const char *(*validated_name)(void *user, const char *domain);
	void *user;
};

/* Where a macro string stands: c, r and t are for explanations and unknown modifiers, spaces for explanations (7.2, 6.2). */
enum as_spf_macro_place { AS_SPF_IN_DOMAIN, AS_SPF_IN_MODIFIER, AS_SPF_IN_EXPLANATION };

/* Does the text follow the grammar of macro-string (explain-string in an explanation)? An empty one does. One with too many macros
 * does not, unless it is that of an unknown modifier. */
bool as_spf_macro_is_valid(struct as_spf_text text, enum as_spf_macro_place place);

/* The same for domain-spec: what ends in a top label or in a macro (7.1). */
bool as_spf_domain_spec_is_valid(struct as_spf_text text);

/* The domain a valid domain-spec stands for: lower case, no trailing dot, cut from the left at a dot to 253 octets (7.3). It may
 * still be no name that can be asked (as_domain_is_queryable). NULL: the spec uses the local part, which is not ASCII, so that
 * its term does not match (RFC 8616 4, SP-31); or it uses %{p} and nobody can say it. Arena memory. */
const char *as_spf_expand_domain(struct as_arena *arena, struct as_spf_text spec, const struct as_spf_macro_values *values);

/* An explanation as printable US-ASCII, cut to AS_SPF_EXPLANATION_MAX octets. NULL: the text is no explain-string, or what is left of
 * its expansion is empty or holds other bytes (6.2, SP-25). Arena memory. */
const char *as_spf_expand_explanation(struct as_arena *arena, struct as_spf_text text, const struct as_spf_macro_values *values);

#endif
