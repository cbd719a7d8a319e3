/* SPDX-License-Identifier: BSD-2-Clause */
/* capturefile.h - captured messages on disk: one file each in a private folder, the oldest removed when there are too many.
 *
 * A thread of its own writes; no message waits for a disk. What the disk cannot take is dropped and counted.
 */
#ifndef AS_CAPTUREFILE_H
#define AS_CAPTUREFILE_H

#include "log.h"

#include <stddef.h>
#include <stdint.h>

struct as_capturefile;

/* Starts the thread; log is borrowed and outlives it. Signals are blocked by now. NULL when no thread can be made. */
struct as_capturefile *as_capturefile_new(const struct as_log *log);

/* Writes what is waiting, stops the thread. What comes later is dropped. */
void as_capturefile_finish(struct as_capturefile *file);

/* The same, and takes it away. NULL is allowed. */
void as_capturefile_free(struct as_capturefile *file);

/* Hands one capture over. It becomes TIME-ID-RANDOM.capture in folder, of which there are most_files at most; id may be NULL. Never waits.
 * Any thread. */
void as_capturefile_put(struct as_capturefile *file, const char *folder, int64_t most_files, int64_t time_s, const char *id,
			const char *content, size_t size);

/* Captures that were dropped or could not be written, ever. Any thread. */
uint64_t as_capturefile_lost(const struct as_capturefile *file);

#endif
