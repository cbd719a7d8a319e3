/* SPDX-License-Identifier: BSD-2-Clause */
/* evidence.h - what speaks for a message that fails DMARC: RFC 9989 7.4 forbids to reject it for its policy alone (DM-54).
 *
 * Everything stands on something that was authenticated. A list proves only that it is that list: anybody can found one.
 */
#ifndef AS_EVIDENCE_H
#define AS_EVIDENCE_H

#include <stdbool.h>

/* Strings are printable, or domains in normal form. */
struct as_evidence {
	const char *list;      /* List-Id, RFC 2919, in normal form, when a domain of the same organization passed; else NULL */
	const char *list_why;  /* "users.lists.example.org by dkim of example.org" */
	const char *forwarder; /* why the client is one of the forwarders: "client 192.0.2.1", "spf of example.org"; NULL: it is not */
	const char *arc;       /* RFC 8617 7.2.2: "arc=pass as[1].d=example.org as[1].s=s1 remote-ip[1]=192.0.2.1"; NULL: no trusted word */
	bool is_undecided;     /* a lookup failed that might have shown one of these */
	bool lacks_client;     /* the client, which a relay does not tell, might have */
	const char *unproven_list; /* List-Id whose proof hangs on a lookup that failed; else NULL */
};

#endif
