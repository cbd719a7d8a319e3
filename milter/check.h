/* SPDX-License-Identifier: BSD-2-Clause */
/* check.h - assayd -n. */
#ifndef AS_CHECK_H
#define AS_CHECK_H

#include "settings.h"

/* Checks what the settings point at (trust anchor, public suffix list, socket; warns of the user), prints the decision
 * matrix on stdout, what is wrong on stderr. Returns EX_OK or EX_CONFIG. */
int as_check(const struct as_settings *settings);

#endif
