/* SPDX-License-Identifier: BSD-2-Clause */
/* logger.h - the library's log sink: the system log, or standard error for foreground and journal. */
#ifndef AS_LOGGER_H
#define AS_LOGGER_H

#include "arena.h"
#include "log.h"
#include "settings.h"

#include <stdbool.h>
#include <stdint.h>

/* A sink as log{} asks for, owned by the arena; is_verbose raises the level to debug. Thread safe. Every line goes out under the
 * name "assayd". The first one made fixes the socket of the system log, the latest one is where the lines of libraries go. */
const struct as_log *as_logger_new(struct as_arena *arena, const struct as_settings *settings, bool is_verbose);

/* From now on a thread writes to the system log, and nobody waits for it. After the first sink and the fork, with signals blocked.
 * False: no thread can be made. */
bool as_logger_start(void);

/* At the end of the process: waits a second at most for what is not written yet. Lines that come later go nowhere. */
void as_logger_stop(void);

/* A line of a library that writes by syslog(3). */
void as_logger_library(enum as_log_level level, const char *line);

/* Lines that nobody took, ever. Any thread. */
uint64_t as_logger_lost(void);

/* Does this sink write to standard error? */
bool as_logger_is_stderr(const struct as_log *log);

#endif
