/* SPDX-License-Identifier: BSD-2-Clause */
/* mailbox_lax.h - From fields as they are in the wild: a name that breaks the grammar before an address that leaves no doubt. */
#ifndef AS_MAILBOX_LAX_H
#define AS_MAILBOX_LAX_H

#include <stdbool.h>
#include <stddef.h>

/* Is this `name <local@domain>` whose name is not a phrase of RFC 5322 (commas, brackets, an "@" that repeats the domain, octets of an
 * old character set), and is the address the only one that any reader could find? *angle and *angle_length: the address with its
 * brackets, inside value. Pure. */
bool as_mailbox_is_lax(const char *value, size_t n, const char **angle, size_t *angle_length);

#endif
