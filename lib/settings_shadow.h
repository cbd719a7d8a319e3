/* SPDX-License-Identifier: BSD-2-Clause */
/* settings_shadow.h - joins a second configuration to the one in force. Private to settings.c. */
#ifndef AS_SETTINGS_SHADOW_H
#define AS_SETTINGS_SHADOW_H

#include "settings.h"

/* Sets active->shadow: rules, actions and replies of next, all else of active. Memory of arena, which owns both. */
void as_settings_join(struct as_arena *arena, struct as_settings *active, const struct as_settings *next);

#endif
