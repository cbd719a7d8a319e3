/* SPDX-License-Identifier: BSD-2-Clause */
/* logger.h - the library's log sink: syslog, or standard error for foreground and journal. */
#ifndef AS_LOGGER_H
#define AS_LOGGER_H

#include "arena.h"
#include "log.h"
#include "settings.h"

#include <stdbool.h>

/* A sink as log{} asks for, owned by the arena; is_verbose raises the level to debug. Thread safe. Every line goes out under the
 * name "assayd"; what libmilter says by itself always goes to syslog, under the same name. */
const struct as_log *as_logger_new(struct as_arena *arena, const struct as_settings *settings, bool is_verbose);

/* Does this sink write to standard error? */
bool as_logger_is_stderr(const struct as_log *log);

#endif
