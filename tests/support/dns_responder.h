/* SPDX-License-Identifier: BSD-2-Clause */
/* dns_responder.h - a name server for tests on a UDP port of loopback: TXT records of a small table, and names it keeps quiet about. */
#ifndef AS_DNS_RESPONDER_H
#define AS_DNS_RESPONDER_H

#include <stdbool.h>

struct dns_responder;

struct dns_responder_row {
	const char *name; /* lower case, no trailing dot; NULL ends the table */
	const char *text; /* up to 255 octets; NULL: not answered until dns_responder_release() */
};

/* Starts the thread; the table is borrowed. What is not listed is NXDOMAIN, other types are NODATA. NULL: no port. */
struct dns_responder *dns_responder_new(const struct dns_responder_row *rows);
/* The same on a port that a responder had before. */
struct dns_responder *dns_responder_new_at(const struct dns_responder_row *rows, unsigned port);
unsigned dns_responder_port(const struct dns_responder *r);
/* Answers what was kept back, NXDOMAIN, and keeps nothing back any more. */
void dns_responder_release(struct dns_responder *r);
/* Questions for this name so far. */
unsigned dns_responder_count(struct dns_responder *r, const char *name);
/* Waits until a question for this name has come. */
bool dns_responder_wait(struct dns_responder *r, const char *name);
void dns_responder_free(struct dns_responder *r);

#endif
