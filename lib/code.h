/* SPDX-License-Identifier: BSD-2-Clause */
/* code.h - the one vocabulary of results, RFC 8601 section 2.7, and of DNSSEC states, RFC 4035 section 4.3. */
#ifndef AS_CODE_H
#define AS_CODE_H

enum as_code {
	AS_NONE,
	AS_PASS,
	AS_FAIL,
	AS_SOFTFAIL,
	AS_NEUTRAL,
	AS_POLICY,
	AS_TEMPERROR,
	AS_PERMERROR,
};
enum { AS_CODES = AS_PERMERROR + 1 };

/* From strongest to weakest: the state of several lookups is the largest of theirs. */
enum as_dnssec { AS_DNSSEC_SECURE, AS_DNSSEC_INSECURE, AS_DNSSEC_INDETERMINATE, AS_DNSSEC_BOGUS };

/* "none", "pass", ...; "secure", "insecure", ... Static strings. */
const char *as_code_name(enum as_code code);
const char *as_dnssec_name(enum as_dnssec state);

#endif
