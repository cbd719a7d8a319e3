/* SPDX-License-Identifier: BSD-2-Clause */
/* launch.h - threads of libmilter that the system refuses are made as soon as it allows them. */
#ifndef AS_LAUNCH_H
#define AS_LAUNCH_H

#include <stdbool.h>

/* From here on a thread that cannot be made waits instead of failing, unless the calling thread wants it. That is the process's first,
 * which makes all of our own; signals are blocked by now. False: no thread. */
bool as_launcher_start(void);

/* Waiting threads are forgotten, new ones fail again. Before libmilter is stopped: it takes away what they would work on. */
void as_launcher_stop(void);

/* Do threads wait? Any thread. */
bool as_launcher_has_waiting(void);

#endif
