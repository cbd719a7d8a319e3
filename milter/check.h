/* SPDX-License-Identifier: BSD-2-Clause */
/* check.h - assayd -n. */
#ifndef AS_CHECK_H
#define AS_CHECK_H

#include "settings.h"

/* Checks what the settings, those of file or the defaults where there is none, point at (trust anchor, public suffix list, socket;
 * warns of user and groups), prints the decision matrix on stdout, what is wrong on stderr. Returns EX_OK, EX_CONFIG, or EX_IOERR
 * when standard output does not take it. */
int as_check(const struct as_settings *settings, const char *file);

#endif
