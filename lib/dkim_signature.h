/* SPDX-License-Identifier: BSD-2-Clause */
/* dkim_signature.h - one signature field, read and judged before it costs anything: DKIM-Signature (RFC 6376 3.5) and its two likes of
 * ARC (RFC 8617 4.1.2, 4.1.3). Pure. */
#ifndef AS_DKIM_SIGNATURE_H
#define AS_DKIM_SIGNATURE_H

#include "arena.h"
#include "code.h"
#include "field.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum as_signature_kind { AS_SIGNATURE_DKIM, AS_SIGNATURE_ARC_MESSAGE, AS_SIGNATURE_ARC_SEAL };
enum { AS_ARC_INSTANCE_MAX = 50 };

struct as_dkim_parsed {
	enum as_code code;    /* AS_NONE: may be tried; else the result, with its reason */
	const char *reason;   /* static */
	const char *domain;   /* d= in normal form; NULL unusable. As are all of the following, each on its own */
	const char *selector; /* s= in normal form */
	const char *identity; /* i= as given, made printable, or "@d" */
	const char *identity_domain; /* the domain of i= in normal form */
	const char *algorithm;       /* a=, printable */
	const char *b_text;          /* b= without white space, printable */
	unsigned instance;           /* ARC: i=, 1 to AS_ARC_INSTANCE_MAX; 0 unusable */
	enum as_code chain;          /* ARC seal: cv= none, fail or pass; AS_NEUTRAL unusable */
	/* --- from here on only when code is AS_NONE --- */
	bool is_ed25519;
	bool is_relaxed_header;
	bool is_relaxed_body;
	const char *const *names; /* of h= */
	size_t name_count;
	const unsigned char *b;
	size_t b_size;
	const unsigned char *bh;
	size_t bh_size;
	bool has_length;
	uint64_t length; /* l=; UINT64_MAX without */
	/* Does libopendkim read and hash this field as the RFC says? Not with a tag besides b whose name ends in "b", a space before
	 * the "=" of b, bytes outside ASCII, a quoted i=, an h= over 4095 bytes, or a line end that is no fold. */
	bool is_ordinary;
};

/* now_s and drift_s: for t= and x=. Everything is owned by the arena or by field. What a kind does not have (a seal: no body, no h=)
 * stays 0; i= of ARC is no identity, its identity_domain is d=. */
void as_dkim_signature_parse(struct as_arena *arena, const struct as_field *field, enum as_signature_kind kind, int64_t now_s,
			     int64_t drift_s, struct as_dkim_parsed *parsed);

#endif
