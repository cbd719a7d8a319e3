/* SPDX-License-Identifier: BSD-2-Clause */
/* domain.h - domain names of mail: one form everywhere (A-labels, lower case, no trailing dot), RFC 5890, 5891, 8616. */
#ifndef AS_DOMAIN_H
#define AS_DOMAIN_H

#include "arena.h"
#include "err.h"

#include <stdbool.h>
#include <stddef.h>

enum { AS_DOMAIN_MAX = 253, AS_LABEL_MAX = 63 };

/* Brings a domain as found in mail to the one form: U-labels to A-labels (libidn2), lower case, one trailing dot removed.
 * The result holds letters, digits, "-", "_" and single dots only, labels of 1..63 octets, 253 at most, at least one label.
 * AS_ERR_SYNTAX, and *domain as it was, for anything else (address literals, invalid UTF-8, NUL, spaces, empty labels). Thread safe.
 * RFC 9989 5.3.1 */
enum as_err as_domain_normal(struct as_arena *arena, const char *bytes, size_t n, const char **domain);

/* May this name be asked in DNS? Any bytes 0x20..0x7e, labels 1..63, 253 octets at most, no trailing dot. */
bool as_domain_is_queryable(const char *name);

/* Number of labels; "" has 0. */
unsigned as_domain_labels(const char *domain);

/* The rightmost `labels` labels: a pointer into domain; the whole of it when it has fewer. labels 0: "". */
const char *as_domain_tail(const char *domain, unsigned labels);

/* The name above: a pointer into domain; "" above a single label. */
const char *as_domain_parent(const char *domain);

/* Case-insensitive. below: equal to or under `ancestor`, at a label border. */
bool as_domain_equal(const char *a, const char *b);
bool as_domain_is_below(const char *domain, const char *ancestor);

/* Is it one of the patterns? ".example.com" stands for all names below that one, without it. NULL ends the patterns. */
bool as_domain_is_listed(const char *const *patterns, const char *domain);

#endif
