/* SPDX-License-Identifier: BSD-2-Clause */
/* env.c - the shared environment: made once, never changed, freed with its last reference. */
#include "config.h"

#include "env.h"

#include "shadow_counts.h"

#include <stdatomic.h>
#include <stdlib.h>

/* The counter stands beside the public, immutable part. */
struct counted_env {
	struct as_env env;
	struct as_arena *arena;
	atomic_uint references;
};

static void destroy(struct counted_env *counted)
{
	as_dns_unref(counted->env.dns);
	as_dkim_lib_free(counted->env.dkim);
	as_psl_free(counted->env.psl);
	as_arena_free(counted->arena);
	free(counted);
}

static const char *load_libraries(struct counted_env *counted)
{
	struct as_env *env = &counted->env;
	const char *detail = NULL;
	env->dkim = as_dkim_lib_new();
	if (!env->dkim)
		return "libopendkim cannot be set up";
	if (env->settings->dmarc.discovery != AS_DISCOVERY_PSL)
		return NULL;
	env->psl = as_psl_load(counted->arena, env->settings->dmarc.public_suffix_list, &detail);
	return env->psl ? NULL : detail;
}

struct as_env *as_env_new(struct as_arena *arena, const struct as_settings *settings, struct as_dns *dns, const struct as_clock *clock,
			  const struct as_log *log, char **detail)
{
	struct counted_env *counted = as_xalloc(sizeof *counted);
	counted->arena = arena;
	counted->env = (struct as_env){ .settings = settings, .dns = dns, .clock = clock, .log = log };
	atomic_init(&counted->references, 1);
	if (settings->shadow.settings)
		counted->env.shadow_counts = as_alloc(arena, sizeof *counted->env.shadow_counts);
	const char *trouble = load_libraries(counted);
	if (!trouble)
		return &counted->env;
	*detail = as_xstrdup(trouble);
	destroy(counted);
	return NULL;
}

struct as_dns *as_env_dns(struct as_arena *arena, const struct as_settings *settings, const struct as_clock *clock,
			  const struct as_log *log, const char **state, const char **detail)
{
	/* Half of the memory is for whole answers and what was parsed from them, half for what libunbound knows of the ways there. */
	struct as_dns_unbound_options world = {
		.mode = settings->dns.mode,
		.forward = settings->dns.forward,
		.trust_anchor = settings->dns.trust_anchor,
		.insecure = settings->dns.insecure,
		.stubs = settings->dns.stubs,
		.stub_count = settings->dns.stub_count,
		.cache_bytes = (size_t)settings->dns.cache_bytes / 2,
		.log = log,
	};
	struct as_dns_options cache = {
		.cache_bytes = (size_t)settings->dns.cache_bytes / 2,
		.max_ttl_s = (uint32_t)settings->dns.max_ttl_s,
		.failure_ttl_s = (uint32_t)settings->dns.failure_ttl_s,
	};
	struct as_dns_backend *backend = as_dns_unbound_new(arena, &world, state, detail);
	return backend ? as_dns_new(backend, &cache, clock) : NULL;
}

struct as_env *as_env_ref(struct as_env *env)
{
	atomic_fetch_add(&((struct counted_env *)env)->references, 1);
	return env;
}

void as_env_unref(struct as_env *env)
{
	struct counted_env *counted = (struct counted_env *)env;
	if (counted && atomic_fetch_sub(&counted->references, 1) == 1)
		destroy(counted);
}
