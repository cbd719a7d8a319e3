/* SPDX-License-Identifier: BSD-2-Clause */
/* spf_zone.h - random worlds for SPF, small ones in which names meet, and questions about them. */
#ifndef AS_SPF_ZONE_H
#define AS_SPF_ZONE_H

#include "arena.h"
#include "dns_fake.h"
#include "spf_check.h"
#include "str.h"

#include <stdbool.h>
#include <stdint.h>

enum { ZONE_NOW_S = 1735689600 };

/* The caller gives arena, fake, log (empty) and random (the seed); the same seed makes the same zone and questions. */
struct zone {
	struct as_arena *arena;
	struct as_dns_fake *fake;
	struct as_buf log; /* what is in it, to print */
	uint64_t random;
	bool is_dirty;     /* may hold syntax errors */
	bool is_rich;      /* has addresses, hosts and explanations everywhere, so that evaluations go far */
};

/* True so many times of a hundred. */
bool zone_chance(struct zone *zone, unsigned percent);

/* Puts records, and names that misbehave, into the world. */
void zone_fill(struct zone *zone);

/* What one might ask in it; the strings are static or the zone's. */
struct as_spf_request zone_question(struct zone *zone);

#endif
