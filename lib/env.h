/* SPDX-License-Identifier: BSD-2-Clause */
/* env.h - what all messages share: settings, DNS, libraries, clock, log. Immutable and counted; a reload makes a new one and
 * messages in flight keep theirs (DESIGN.md section 2 of the architecture: as_env). */
#ifndef AS_ENV_H
#define AS_ENV_H

#include "arena.h"
#include "clock.h"
#include "dkim_verify.h"
#include "dmarc_walk.h"
#include "dns.h"
#include "log.h"
#include "settings.h"

struct as_shadow_counts;

struct as_env {
	const struct as_settings *settings;
	struct as_dns *dns;
	struct as_dkim_lib *dkim;
	struct as_psl *psl; /* NULL unless dmarc.discovery asks for it */
	const struct as_clock *clock;
	const struct as_log *log;
	struct as_shadow_counts *shadow_counts; /* of its shadow configuration, for who counts; NULL without one */
};

/* Builds an environment. Takes over arena (which holds the settings) and one reference to dns, also on error. clock and log are
 * borrowed and outlive it. NULL on error: *detail (malloc'ed, caller frees) says why. Thread safe to share afterwards. */
struct as_env *as_env_new(struct as_arena *arena, const struct as_settings *settings, struct as_dns *dns, const struct as_clock *clock,
			  const struct as_log *log, char **detail);

/* The DNS service that the dns section of the settings describes, over libunbound. *state is a line for the log. NULL on error: *detail
 * says why. Both in the arena. Signals must be blocked before (a thread starts). */
struct as_dns *as_env_dns(struct as_arena *arena, const struct as_settings *settings, const struct as_clock *clock,
			  const struct as_log *log, const char **state, const char **detail);

struct as_env *as_env_ref(struct as_env *env);
void as_env_unref(struct as_env *env); /* NULL is allowed */

#endif
