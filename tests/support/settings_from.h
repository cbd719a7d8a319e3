/* SPDX-License-Identifier: BSD-2-Clause */
/* settings_from.h - a configuration that a test has as text. */
#ifndef AS_SETTINGS_FROM_H
#define AS_SETTINGS_FROM_H

#include "settings.h"

/* What the text sets, in the arena; fails the test when it has an error. */
const struct as_settings *settings_from(struct as_arena *arena, const char *text);

#endif
