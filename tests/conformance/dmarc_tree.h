/* SPDX-License-Identifier: BSD-2-Clause */
/* dmarc_tree.h - random trees of DNS names for DMARC, and a message of an author somewhere in them. */
#ifndef AS_DMARC_TREE_H
#define AS_DMARC_TREE_H

#include "arena.h"
#include "dmarc_check.h"
#include "dns_fake.h"
#include "str.h"

#include <stdbool.h>
#include <stdint.h>

enum { TREE_SIGNATURES = 5, TREE_DOMAINS = TREE_SIGNATURES + 2, TREE_NAMES = 200 };

/* The caller gives arena, fake, log (empty) and random (the seed); the same seed makes the same tree and message. */
struct tree {
	struct as_arena *arena;
	struct as_dns_fake *fake;
	struct as_buf log;        /* what is in it, to print */
	uint64_t random;
	bool is_failing;          /* lookups may fail */
	bool has_timeouts;
	const char *written;      /* the author domain as a From field might have it */
	size_t domain_count;
	const char *domains[TREE_DOMAINS]; /* in normal form: the author domain, and those of the identifiers */
	size_t name_count;
	const char *names[TREE_NAMES]; /* the domains and all above them, each once */
	struct as_spf_outcome spf;
	struct as_dkim_outcome dkim;
	struct as_dkim_signature signatures[TREE_SIGNATURES];
	struct as_dmarc_request request;
};

/* True so many times of a hundred. */
bool tree_chance(struct tree *tree, unsigned percent);

/* Makes up the message and what DNS has for it. */
void tree_fill(struct tree *tree);

#endif
