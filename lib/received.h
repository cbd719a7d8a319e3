/* SPDX-License-Identifier: BSD-2-Clause */
/* received.h - the trace of one hop: the client that a Received field tells of, RFC 5321 4.4, as Postfix, Sendmail, Exim, Exchange,
 * qmail and their kin write it.
 *
 * Only for fields of hosts that are trusted. Even these repeat what a stranger said (HELO, ident, reverse DNS, the subject of a
 * certificate): an address counts only in the place where an MTA puts that of the connection, and a field in which something else
 * could be meant for one does not count at all.
 */
#ifndef AS_RECEIVED_H
#define AS_RECEIVED_H

#include "arena.h"
#include "ip.h"

#include <stddef.h>

/* Strings are the arena's, any bytes above 0x20, cut to AS_RECEIVED_WORD. */
struct as_received {
	struct as_ip client;
	const char *name; /* of the client, as its reverse DNS was confirmed; NULL */
	const char *helo; /* what it said; an MTA that writes it only when it differs from the name or address leaves us these */
	const char *by;   /* the host that wrote the field */
};

enum { AS_RECEIVED_WORD = 512 };

/* The value of a field. Returns NULL, or why it tells of no client: a few printable words, static. Total and pure. */
const char *as_received_parse(struct as_arena *arena, const char *value, size_t n, struct as_received *received);

#endif
