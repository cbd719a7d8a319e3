/* SPDX-License-Identifier: BSD-2-Clause */
/* dns_world.c - opening and closing it. */
#include "config.h"

#include "dns_world.h"

#include "test.h"

#include <string.h>

struct as_dns_world as_dns_world_open(const char *zone, int64_t now_s, size_t cache_bytes, unsigned budget)
{
	const struct as_dns_options options = { .cache_bytes = cache_bytes, .max_ttl_s = 3600, .failure_ttl_s = 1 };
	struct as_dns_world world = { .arena = as_arena_new(), .fake = as_dns_fake_new(now_s), .budget = budget };
	as_dns_world_load(&world, zone);
	world.dns = as_dns_new(as_dns_fake_backend(world.fake), &options, as_dns_fake_clock(world.fake));
	world.set = as_dns_world_set(&world);
	return world;
}

void as_dns_world_load(struct as_dns_world *world, const char *zone)
{
	const char *detail = NULL;
	if (as_dns_fake_load(world->fake, world->arena, zone, strlen(zone), &detail) != AS_OK)
		fail_msg("zone: %s\n%s", detail, zone);
}

struct as_dns_set *as_dns_world_set(const struct as_dns_world *world)
{
	const struct as_dns_limits limits = { .budget = world->budget, .timeout_ms = 20000 };
	return as_dns_set_new(world->dns, &limits);
}

void as_dns_world_close(struct as_dns_world *world)
{
	as_dns_set_free(world->set);
	as_dns_unref(world->dns);
	as_dns_fake_free(world->fake);
	as_arena_free(world->arena);
}
