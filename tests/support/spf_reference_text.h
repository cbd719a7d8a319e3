/* SPDX-License-Identifier: BSD-2-Clause */
/* spf_reference_text.h - the texts of SPF for spf_reference.c: the grammar of RFC 7208 section 12, read anew at every use. */
#ifndef AS_SPF_REFERENCE_TEXT_H
#define AS_SPF_REFERENCE_TEXT_H

#include "code.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes inside a record. */
struct ref_text {
	const char *at;
	size_t n;
};

struct ref_macro {
	char letter; /* lower case; or one of "%_-" */
	bool is_escaped;
	bool is_reversed;
	bool is_cut; /* digits were given */
	size_t parts;
	struct ref_text delimiters;
};

enum ref_kind { REF_ALL, REF_INCLUDE, REF_A, REF_MX, REF_PTR, REF_IP4, REF_IP6, REF_EXISTS, REF_REDIRECT, REF_EXP, REF_UNKNOWN };

struct ref_term {
	enum ref_kind kind;
	enum as_code qualifier;
	bool has_spec;
	struct ref_text spec;     /* domain-spec */
	uint8_t network[16];  /* ip4, ip6 */
	unsigned bits4;
	unsigned bits6;
};

struct ref_text ref_skip(struct ref_text text, size_t n);
bool ref_is_one_of(char c, const char *set); /* a NUL is in no set */

/* The letters of macros in terms, and in explanations and unknown modifiers (7.2). */
extern const char ref_term_letters[];
extern const char ref_exp_letters[];

/* macro-expand at the start of the text: its size, 0 when there is none. */
size_t ref_read_macro(struct ref_text text, const char *letters, struct ref_macro *macro);

/* macro-string, with spaces explain-string; *tail is the literal text after its last macro-expand. */
bool ref_is_macro_string(struct ref_text text, const char *letters, bool has_spaces, struct ref_text *tail);

/* Takes the next word off the record; false at its end. */
bool ref_next_word(struct ref_text *record, struct ref_text *word);

/* One word of a record as a directive or a modifier; false: it is neither. */
bool ref_read_term(struct ref_text text, struct ref_term *term);

/* 4.6: syntax errors anywhere in the record; section 6: redirect and exp once at most. terms is what follows the version. */
bool ref_is_record(struct ref_text terms);

#endif
