/* SPDX-License-Identifier: BSD-2-Clause */
/* dns_anchor.h - what a trust anchor file holds. Only dns*.c include this. */
#ifndef AS_DNS_ANCHOR_H
#define AS_DNS_ANCHOR_H

#include "arena.h"
#include "err.h"

#include <stdbool.h>

struct as_dns_anchor {
	const char *tags; /* "20326 38696" */
	const char *zone; /* of one anchor, without trailing dot; the root ("") if it has one */
	unsigned count;
	bool has_root;
	bool has_2017; /* the root's key 20326 */
	bool has_2024; /* the root's key 38696 */
};

/* Reads DNSKEY and DS lines in master-file form; everything else, and algorithms that nobody validates, is skipped. AS_ERR_SYSTEM: not
 * readable; AS_ERR_SYNTAX: no anchor in it, or a malformed one. *detail says why, owned by the arena. RFC 4034 2.2, 5.3, appendix B. */
enum as_err as_dns_anchor_read(struct as_arena *arena, const char *file, struct as_dns_anchor *anchor, const char **detail);

/* What an administrator must know about it, or NULL. DN-9. */
const char *as_dns_anchor_warning(const struct as_dns_anchor *anchor);

#endif
