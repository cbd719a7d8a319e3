/* SPDX-License-Identifier: BSD-2-Clause */
/* dmarc_walk.h - finding policy record and Organizational Domain: the tree walk of RFC 9989 4.10 (DM-7..DM-35), or RFC 7489's
 * public suffix list (libpsl) when the configuration says so. */
#ifndef AS_DMARC_WALK_H
#define AS_DMARC_WALK_H

#include "arena.h"
#include "code.h"
#include "dmarc_record.h"
#include "dns.h"
#include "err.h"

struct as_psl; /* a loaded public suffix list: immutable, thread safe */
/* File in DAFSA or text form; "" takes the one built into libpsl. NULL on error, *detail says why. */
struct as_psl *as_psl_load(struct as_arena *arena, const char *file, const char **detail);
void as_psl_free(struct as_psl *psl);
/* The registrable domain; the name itself when the list has none for it. Pointer into domain. */
const char *as_psl_organization(const struct as_psl *psl, const char *domain);

enum { AS_WALK_MAX = 8 }; /* queries of one walk, RFC 9989 4.10 */

struct as_walk_step {
	const char *name;                      /* queried at _dmarc.<name> */
	bool failed;                           /* temporary error */
	unsigned records;                      /* DMARC records at the name; only 1 counts (DM-9) */
	const struct as_dmarc_record *record;  /* NULL without exactly one */
};

struct as_walk {
	size_t count;
	struct as_walk_step steps[AS_WALK_MAX]; /* longest name first */
	bool failed;                  /* a step that was needed had a temporary error: nothing below may be trusted */
	const char *failed_name;
	const char *organization;     /* Organizational Domain; pointer into the start name */
	enum as_dnssec dnssec;        /* weakest state */
	const char *weakest;
};

/* The names a walk from domain asks, in order, without "_dmarc."; returns the number, at most AS_WALK_MAX. DM-13..DM-15. */
size_t as_walk_names(const char *domain, const char *names[AS_WALK_MAX]);

/* Starts all queries of the walk at once. domain in normal form. */
void as_walk_start(struct as_dns_set *set, const char *domain);

/* Does the walk and applies the rules (a)-(d) of 4.10.2. Arena memory. */
void as_walk_run(struct as_arena *arena, struct as_dns_set *set, const char *domain, struct as_walk *walk);

#endif
