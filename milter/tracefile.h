/* SPDX-License-Identifier: BSD-2-Clause */
/* tracefile.h - the traces on disk: two files of half the configured size each, the older one replaced when the newer is full.
 *
 * A thread of its own writes; no message waits for a disk. What the disk cannot take is dropped and counted.
 */
#ifndef AS_TRACEFILE_H
#define AS_TRACEFILE_H

#include "log.h"

#include <stdint.h>

struct as_tracefile;

/* Starts the thread; log is borrowed and outlives it. Signals are blocked by now. NULL when no thread can be made. */
struct as_tracefile *as_tracefile_new(const struct as_log *log);

/* Writes what is waiting, stops the thread. What comes later is dropped. */
void as_tracefile_finish(struct as_tracefile *file);

/* The same, and takes it away. NULL is allowed. */
void as_tracefile_free(struct as_tracefile *file);

/* Hands one line over for path, which may take size bytes with its predecessor. Never waits. Any thread. */
void as_tracefile_append(struct as_tracefile *file, const char *path, int64_t size, const char *line);

/* Lines that were dropped or could not be written, ever. Any thread. */
uint64_t as_tracefile_lost(const struct as_tracefile *file);

#endif
