/* SPDX-License-Identifier: BSD-2-Clause */
/* canon.h - what a header hash covers, RFC 6376 3.4.1, 3.4.2, 3.7 and 5.4.2: for signatures that libopendkim would hash wrongly. */
#ifndef AS_CANON_H
#define AS_CANON_H

#include "field.h"
#include "str.h"

#include <stdbool.h>
#include <stddef.h>

/* One field, without a CRLF at its end. */
void as_canon_field(struct as_buf *out, const char *name, size_t name_length, const char *value, size_t value_length, bool is_relaxed);

/* The fields that the names of h= choose, each with CRLF: instances from the bottom up, a name without one left adds nothing.
 * except: the signature itself, which its own h= never means. */
void as_canon_fields(struct as_buf *out, const struct as_fields *fields, const struct as_field *except, const char *const *names,
		     size_t count, bool is_relaxed);

/* A signature's value with the value of its b= tag taken out and every other byte kept. */
struct as_buf as_canon_without_b(struct as_arena *arena, const char *value, size_t n);

#endif
