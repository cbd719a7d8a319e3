/* SPDX-License-Identifier: BSD-2-Clause */
/* authres.h - the Authentication-Results field, RFC 8601: writing ours, reading any, recognising forged ones. */
#ifndef AS_AUTHRES_H
#define AS_AUTHRES_H

#include "arena.h"
#include "code.h"
#include "err.h"
#include "result.h"

#include <stdbool.h>
#include <stddef.h>

enum as_dnssec_mark { AS_MARK_NONE, AS_MARK_COMMENT, AS_MARK_PROPERTY };

struct as_authres {
	const char *authserv_id;
	unsigned version; /* 1 when absent */
	size_t count;     /* 0: "none" */
	const struct as_result *results;
};

enum { AS_AUTHRES_VALUE_MAX = 255, AS_AUTHRES_RESULTS_MAX = 1000 };

/* The field body for insertion: starts with a space, folded with LF + HTAB (what libmilter wants) near 78 columns and never beyond 998,
 * no line end after the last line. Every foreign value is written so that it parses back to itself (RE-0..RE-3), so that whoever decodes
 * words of RFC 2047 finds none, and whoever searches for "dmarc=pass" finds no value. What cannot be written: each octet of what
 * as_printable_size() refuses becomes "?", and a value longer than AS_AUTHRES_VALUE_MAX octets is cut to that with "..." at its end, so
 * that no part of a domain passes for the whole. Method, ptype and property are ours and written as they are. count 0 writes "; none".
 * Arena memory. */
char *as_authres_write(struct as_arena *arena, const char *authserv_id, const struct as_result *results, size_t count,
		       enum as_dnssec_mark mark);

/* Parses a field body by the grammar of RFC 8601 2.2. Comments are dropped; method, ptype and property come in lower case; result words
 * are matched without case, an unknown word is AS_NONE with is_unknown; properties beyond AS_PROPERTIES_MAX are dropped.
 * AS_ERR_SYNTAX / AS_ERR_LIMIT (more than AS_AUTHRES_RESULTS_MAX results) leave the results that were complete. */
enum as_err as_authres_parse(struct as_arena *arena, const char *value, size_t n, struct as_authres *parsed);

/* The same of what is written in the field: a word that is no property ("action=none", "smtp.remote-ip=2001:db8::1") and a result that
 * is none are skipped, and the rest is kept. */
enum as_err as_authres_parse_lax(struct as_arena *arena, const char *value, size_t n, struct as_authres *parsed);

/* Does this field body claim authserv_id? Total and lax, as the laxest mail reader would see it: comments, quotes, folding, case,
 * control octets and U-labels do not hide it; nor do bytes after the id that do not parse. "id.evil", "id-evil" and "evil, id" are not
 * equal. A body whose id cannot be read, for an encoded word too, counts as a claim (RE-11, RE-13), and so does one of an unsupported
 * version (RE-12). */
bool as_authres_claims(struct as_arena *arena, const char *value, size_t n, const char *authserv_id);

#endif
