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
	const char *reason;                    /* of the failure; NULL */
	enum as_dnssec dnssec;
	unsigned records;                      /* DMARC records at the name; only 1 counts (DM-9) */
	const struct as_dmarc_record *record;  /* NULL without exactly one */
};

struct as_walk {
	size_t count;
	struct as_walk_step steps[AS_WALK_MAX]; /* longest name first */
	bool failed;                  /* the last step had a temporary error: what is above it stays unknown */
	const char *failed_name;
	const char *organization;     /* Organizational Domain; pointer into the start name; NULL when failed */
	enum as_dnssec dnssec;        /* weakest state of the steps */
	const char *weakest;          /* the name asked, with "_dmarc." */
};

/* The DMARC record of a TXT answer: parsed once, kept with the answer and living as long. NULL unless there is exactly one (DM-9);
 * *records is how many there are. Any thread. */
const struct as_dmarc_record *as_walk_record(const struct as_dns_answer *answer, unsigned *records);

/* One name: start the question at _dmarc.<name> (then may be NULL), or wait for its answer. step->name is borrowed. */
void as_walk_start_at(struct as_dns_set *set, const char *name, as_dns_then *then, void *user);
void as_walk_ask(struct as_dns_set *set, const char *name, struct as_walk_step *step);

/* The names a walk from domain asks, in order, without "_dmarc."; returns the number, at most AS_WALK_MAX. DM-13..DM-15. */
size_t as_walk_names(const char *domain, const char *names[AS_WALK_MAX]);

/* Starts all queries of the walk at once. domain in normal form. */
void as_walk_start(struct as_dns_set *set, const char *domain);

/* Does the walk and applies the rules (a)-(d) of 4.10.2. Arena memory; records live in the answers of set. */
void as_walk_run(struct as_arena *arena, struct as_dns_set *set, const char *domain, struct as_walk *walk);

/* The last step that has a record, the one with the fewest labels; NULL without. */
const struct as_walk_step *as_walk_last_record(const struct as_walk *walk);

#endif
