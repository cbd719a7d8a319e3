/* SPDX-License-Identifier: BSD-2-Clause */
/* signals.h - the running daemon: serves until a signal says stop, reloads and reports on the way. */
#ifndef AS_SIGNALS_H
#define AS_SIGNALS_H

#include "callbacks.h"

#include <stdbool.h>

/* Blocks what as_signals_serve() waits for, and ignores SIGPIPE; before the first thread, so that all inherit it. */
void as_signals_block(void);

/* Runs libmilter in a thread of its own and waits for signals in the calling one, which must be the process's first. ready() is
 * called once all of that runs. Returns after a stop: true when every message in flight was finished
 * and the listener did not fail.
 * USR1: reload. USR2: a line of statistics. TERM, INT, HUP: new messages are deferred, those in flight are finished for as long as
 * evaluation-timeout allows, then libmilter stops; a second one does not wait. (HUP stops because libmilter decides that.) */
bool as_signals_serve(struct as_service *service, void (*ready)(void *user), void *user);

#endif
