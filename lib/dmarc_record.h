/* SPDX-License-Identifier: BSD-2-Clause */
/* dmarc_record.h - one DMARC policy record, RFC 9989 4.7 and 4.8 (DM-36..DM-42). No I/O. */
#ifndef AS_DMARC_RECORD_H
#define AS_DMARC_RECORD_H

#include "arena.h"

#include <stdbool.h>
#include <stddef.h>

enum as_dmarc_policy { AS_DMARC_NONE, AS_DMARC_QUARANTINE, AS_DMARC_REJECT };
enum as_dmarc_tag_state { AS_TAG_ABSENT, AS_TAG_VALID, AS_TAG_INVALID };
enum as_dmarc_psd { AS_PSD_UNKNOWN, AS_PSD_YES, AS_PSD_NO };

struct as_dmarc_record {
	enum as_dmarc_policy p, sp, np; /* meaningful when the state is AS_TAG_VALID */
	enum as_dmarc_tag_state p_state, sp_state, np_state;
	enum as_dmarc_psd psd;
	bool is_testing;   /* t=y */
	bool strict_dkim;  /* adkim=s */
	bool strict_spf;   /* aspf=s */
	const char *const *rua; /* well-formed URIs, "!size" removed; NULL ends */
	const char *const *ruf;
	unsigned fo;       /* AS_FO_* bits; AS_FO_ALL when absent */
	const char *text;  /* the record, printable, for people */
};
enum { AS_FO_ALL = 1, AS_FO_ANY = 2, AS_FO_DKIM = 4, AS_FO_SPF = 8 }; /* fo=0, 1, d, s */

/* Is this TXT a DMARC record: first tag v, value exactly DMARC1 (DM-8)? */
bool as_dmarc_is_record(const char *text, size_t n);

/* Parses a text for which as_dmarc_is_record holds; bad tags fall back as DM-37 says. Arena memory. */
void as_dmarc_record_parse(struct as_arena *arena, const char *text, size_t n, struct as_dmarc_record *record);

/* "none", "quarantine", "reject". */
const char *as_dmarc_policy_name(enum as_dmarc_policy policy);

#endif
