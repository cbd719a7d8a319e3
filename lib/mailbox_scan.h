/* SPDX-License-Identifier: BSD-2-Clause */
/* mailbox_scan.h - the grammar of one From field, and what it meets there that makes some readers go wrong. Domains that it meets are
 * added to struct as_from; what follows from all that is judged in mailbox.c. One message, one thread. */
#ifndef AS_MAILBOX_SCAN_H
#define AS_MAILBOX_SCAN_H

#include "mailbox.h"

struct as_mailbox_scan {
	struct as_arena *arena;
	struct as_from *from;
	unsigned tried;          /* domains brought to normal form, in all fields of the message */

	const char *reason;      /* of this field: the first fault, or NULL; a static string */
	size_t addresses, groups;
	bool has_comment_domain; /* a comment names a domain that was not there before it */
	bool has_gap;            /* white space or a comment beside the "@" of an address, or brackets that are wide and part of a word */
	bool has_wide_brackets;  /* white space or a comment at the brackets, inside of them; or a quoted local part */
	bool is_odd;             /* something that readers take apart in different ways, mailbox_odd.h */
	size_t signs;            /* "@" of addresses, of those that do not show the author's domain at once */

	const char *at, *end;    /* for mailbox_scan.c alone */
	const char *tail;        /* where the domain that was read last ends */
	const char *word_end;    /* the last "?=" of the field, or NULL */
};

/* Begins a field: forgets the one before. value may be NULL when n is 0; it stays until the field is done. */
void as_mailbox_scan_start(struct as_mailbox_scan *scan, const char *value, size_t n);

/* The whole field as address-list. Its characters have been looked at: printable UTF-8 and white space. False: a fault, see reason. */
bool as_mailbox_scan_list(struct as_mailbox_scan *scan);

/* A part of the field, "<" to ">", as an address and nothing else. False: it is none. */
bool as_mailbox_scan_angle(struct as_mailbox_scan *scan, const char *value, size_t n);

/* Notes whatever a careless reader could take for the domain of an address in these bytes, of any kind; leaves reason alone. */
void as_mailbox_scan_collect(struct as_mailbox_scan *scan, const char *at, const char *end);

#endif
