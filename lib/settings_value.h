/* SPDX-License-Identifier: BSD-2-Clause */
/* settings_value.h - the text of one value of the configuration, checked and converted. Private to settings.c. */
#ifndef AS_SETTINGS_VALUE_H
#define AS_SETTINGS_VALUE_H

#include "arena.h"
#include "err.h"
#include "settings_table.h"

/* Converts text by the row's kind and stores it in *field: the type that enum as_kind names, for lists that of one element. On error
 * *detail says what is wrong and what would be right; *field is not touched. Strings are owned by arena. */
enum as_err as_value_read(struct as_arena *arena, const struct as_keyword *row, const char *text, void *field, const char **detail);

/* Bytes of an element of a list kind. */
size_t as_value_size(enum as_kind kind);

#endif
