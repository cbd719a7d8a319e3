/* SPDX-License-Identifier: BSD-2-Clause */
/* environment.h - the current as_env of the daemon: made from the configuration file, replaced by a reload. */
#ifndef AS_ENVIRONMENT_H
#define AS_ENVIRONMENT_H

#include "arena.h"
#include "env.h"

#include <stdbool.h>

struct as_environment;

struct as_environment_options {
	const char *file; /* for reloads; NULL: the defaults alone. Borrowed for good */
	bool is_verbose;
};

/* Takes settings_arena over, which holds settings, also on error. Starts the resolver's thread: signals are blocked and
 * privileges are gone by now. NULL on error: *detail in arena. *state: the resolver's line for the start of the log (arena). */
struct as_environment *as_environment_new(struct as_arena *arena, const struct as_environment_options *options,
					  struct as_arena *settings_arena, const struct as_settings *settings, const char **state,
					  const char **detail);

/* The present environment with a reference for the caller. Any thread. */
struct as_env *as_environment_ref(struct as_environment *environment);

/* Reads the file again. False: the file is broken, the old environment stays; either way the log says so. One thread at a time. */
bool as_environment_reload(struct as_environment *environment);

/* Gives the reference up; messages in flight may still hold theirs. */
void as_environment_free(struct as_environment *environment);

#endif
