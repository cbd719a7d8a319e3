/* SPDX-License-Identifier: BSD-2-Clause */
/* check.h - assayd -n. */
#ifndef AS_CHECK_H
#define AS_CHECK_H

#include "settings.h"

/* Checks what the settings, those of file or the defaults where there is none, point at (trust anchor, public suffix list, socket;
 * warns of user and groups), prints the decision matrix on stdout, what is wrong on stderr. Returns EX_OK, EX_CONFIG, or EX_IOERR
 * when standard output does not take it. */
int as_check(const struct as_settings *settings, const char *file);

/* Calls complain for every file of ours that the process could not make when it wants to: traces, captures. mode as of access(2): F_OK
 * where somebody else is going to be the user, W_OK for the user itself. The words are of the arena. */
void as_check_folders(struct as_arena *arena, const struct as_settings *settings, int mode,
		      void (*complain)(void *user, const char *detail), void *user);

#endif
