/* SPDX-License-Identifier: BSD-2-Clause */
/* iprev_check.h - does the reverse DNS of a client lead back to it? RFC 8601 3, 2.7.3 (RE-18). Says something about the host that
 * connects, nothing about the author of a message. */
#ifndef AS_IPREV_CHECK_H
#define AS_IPREV_CHECK_H

#include "arena.h"
#include "code.h"
#include "dns.h"
#include "ip.h"

#include <stddef.h>

enum {
	AS_IPREV_NAMES_MAX = 10,                    /* names that are looked up, as RFC 7208 4.6.4 has it; RFC 8601 3 asks for a limit */
	AS_IPREV_QUESTIONS = 1 + AS_IPREV_NAMES_MAX /* what a check asks at most */
};

struct as_iprev_outcome {
	enum as_code code;      /* pass fail temperror permerror; there is no none (RFC 8601 2.7.3) */
	const char *name;       /* pass: the first name that leads back, as in DNS; any bytes 0x20..0x7e; else NULL */
	const char *reason;     /* a few words, printable; NULL on pass */
	size_t count;           /* names that the address has, those beyond the limit too */
	/* temperror: the names whose addresses could not be looked up; none when the names themselves could not */
	size_t undecided_count;
	const char *undecided[AS_IPREV_NAMES_MAX];
	enum as_dnssec dnssec;  /* the weakest state of the lookups that the result rests on */
	const char *weakest;    /* the name with that state */
};

/* Starts what the check will ask: the names of the address, and as they come in, their addresses. Returns at once; changes no result. */
void as_iprev_start(struct as_dns_set *set, const struct as_ip *client);

/* Waits for DNS through `set`. The client's family is 4 or 6. Total; strings live in the arena. */
void as_iprev_check(struct as_arena *arena, struct as_dns_set *set, const struct as_ip *client, struct as_iprev_outcome *outcome);

#endif
