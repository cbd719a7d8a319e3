/* SPDX-License-Identifier: BSD-2-Clause */
/* dns_world.h - a fake world of DNS and the lookups of one message in it: what the tests of SPF, DMARC and reverse DNS share. */
#ifndef AS_TEST_DNS_WORLD_H
#define AS_TEST_DNS_WORLD_H

#include "dns_fake.h"

#include <stddef.h>
#include <stdint.h>

struct as_dns_world {
	struct as_arena *arena;
	struct as_dns_fake *fake;
	struct as_dns *dns;
	struct as_dns_set *set; /* 20 seconds of virtual time */
	unsigned budget;        /* of questions, for each set */
};

/* Zone text as in dns_fake.h, "" for none; fails the test when it is wrong. The clock stands at now_s. cache_bytes 0: nothing is kept. */
struct as_dns_world as_dns_world_open(const char *zone, int64_t now_s, size_t cache_bytes, unsigned budget);
void as_dns_world_close(struct as_dns_world *world);

/* More of the zone. */
void as_dns_world_load(struct as_dns_world *world, const char *zone);

/* The lookups of another message. The caller frees them. */
struct as_dns_set *as_dns_world_set(const struct as_dns_world *world);

#endif
