/* SPDX-License-Identifier: BSD-2-Clause */
/* base64.h - base64 as DKIM carries it: white space anywhere, RFC 6376 3.2, RFC 2045 6.8. */
#ifndef AS_BASE64_H
#define AS_BASE64_H

#include "arena.h"

#include <stdbool.h>
#include <stddef.h>

/* Decodes into the arena. White space is skipped, missing padding is tolerated (seen in key records); false on anything else that is
 * not base64. */
bool as_base64_decode(struct as_arena *arena, const char *text, size_t n, unsigned char **bytes, size_t *size);

#endif
