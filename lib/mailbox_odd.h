/* SPDX-License-Identifier: BSD-2-Clause */
/* mailbox_odd.h - what the grammar of a From field allows and readers take apart in different ways. All pure.
 *
 * White space, comments, quotes, routes or dots in an odd place of an address, groups, comments and empty quotes anywhere, "=?" that
 * begins no encoded-word: each makes some reader in use go wrong and look for the next thing with an "@", be it in a comment or a quoted
 * name. So a field with one of them may hold no other "@" than those of its addresses, unless the author's own domain stands behind it.
 */
#ifndef AS_MAILBOX_ODD_H
#define AS_MAILBOX_ODD_H

#include <stdbool.h>
#include <stddef.h>

/* Is it local@domain, both without white space, comments and quotes, no dot but between two other characters? One "@" is there. */
bool as_mailbox_is_plain(const char *at, const char *end);

/* Does this domain of n octets stand at `at`, in ASCII, and then end for everybody? */
bool as_mailbox_shows(const char *at, const char *end, const char *domain, size_t n);

/* How many "@" are there that show something else than this domain? */
size_t as_mailbox_signs(const char *value, size_t n, const char *domain);

/* What stands behind the next "@", up to a character that no domain has, and without dots at its end: n octets, maybe none. *at moves
 * behind it. NULL: there is no "@". */
const char *as_mailbox_next_domain(const char **at, const char *end, size_t *n);

/* RFC 2047 2: "=?" charset "?" encoding "?" encoded-text "?=", in ASCII. at: a "=?" before end. Its end, or NULL when it is no such word or
 * holds one of the characters refused. */
const char *as_mailbox_skip_encoded_word(const char *at, const char *end, const char *refused);

/* Does "=?" begin something that is not an encoded-word of RFC 2047 2? Some readers look for its end far behind. */
bool as_mailbox_has_loose_word(const char *value, size_t n);

/* Does it hold a character that turns the direction of text, or that looks like "@"? With them the local part can be made to look like
 * a domain: U+202E moc.knab@ecila.example. The octets are UTF-8. */
bool as_mailbox_is_disguised(const char *at, const char *end);

#endif
