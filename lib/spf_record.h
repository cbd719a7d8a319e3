/* SPDX-License-Identifier: BSD-2-Clause */
/* spf_record.h - an SPF record as data: the grammar of RFC 7208 section 12, complete and nothing else. Pure. */
#ifndef AS_SPF_RECORD_H
#define AS_SPF_RECORD_H

#include "code.h"
#include "ip.h"
#include "spf_macro.h"

#include <stdbool.h>
#include <stddef.h>

enum as_spf_kind {
	AS_SPF_ALL,
	AS_SPF_INCLUDE,
	AS_SPF_A,
	AS_SPF_MX,
	AS_SPF_PTR,
	AS_SPF_IP4,
	AS_SPF_IP6,
	AS_SPF_EXISTS,
	AS_SPF_REDIRECT, /* a modifier, but a term that asks DNS as include does */
};

enum { AS_SPF_TERMS_MAX = 10 }; /* RFC 7208 4.6.4: terms that query DNS */

struct as_spf_term {
	enum as_spf_kind kind;
	enum as_code qualifier;     /* pass, fail, softfail or neutral */
	struct as_spf_text text;    /* the term as written */
	struct as_spf_text domain;  /* its domain-spec; empty: the current domain */
	struct as_network network;  /* ip4, ip6 */
	uint8_t bits4, bits6;       /* a, mx: prefix lengths */
};

/* Points into the bytes it was parsed from. terms holds the mechanisms in order, what cannot be reached left out: everything after
 * "all" (5.1) and after the eleventh term that queries DNS (4.6.4). */
struct as_spf_record {
	const char *error;        /* NULL: the record is well-formed; else a few words, a static text, and the rest is empty */
	struct as_spf_text fault; /* the term at fault: any bytes */
	bool has_redirect;        /* and no "all" that would cancel it (6.1) */
	struct as_spf_term redirect;
	struct as_spf_text exp;   /* domain-spec; empty without */
	size_t count;
	struct as_spf_term terms[];
};

/* Is this TXT record an SPF record: "v=spf1" alone or before a space (4.5)? Case is ignored (SP-5). */
bool as_spf_record_is_one(const char *bytes, size_t n);

/* Parses a record for which as_spf_record_is_one. Never NULL; one block, released with free(). bytes must outlive it. */
struct as_spf_record *as_spf_record_parse(const char *bytes, size_t n);

/* A record that is only an error: what stands for several records (4.5). */
struct as_spf_record *as_spf_record_bad(const char *error);

/* Does the kind count against the limit of terms? */
bool as_spf_kind_queries(enum as_spf_kind kind);

#endif
