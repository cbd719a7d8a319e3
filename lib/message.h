/* SPDX-License-Identifier: BSD-2-Clause */
/* message.h - one message, from MAIL to end of message or abort: what it said, what the methods found. One thread at a time. */
#ifndef AS_MESSAGE_H
#define AS_MESSAGE_H

#include "arc_chain.h"
#include "arena.h"
#include "body_hashes.h"
#include "dkim_verify.h"
#include "dmarc_check.h"
#include "evidence.h"
#include "field.h"
#include "iprev_check.h"
#include "mailbox.h"
#include "policy.h"
#include "result.h"
#include "session.h"

#include <stdbool.h>
#include <stddef.h>

struct as_forged;
struct as_recorder;
struct as_shadow;

enum { AS_OWN_FIELDS = 2 }; /* names of header fields that only we may write (edits.c) */

struct as_message {
	struct as_arena *arena;
	struct as_session *session;
	struct as_env *env;          /* the environment the message began with; a reference */
	const char *hostname;        /* authserv-id, by this environment */
	struct as_dns_set *dns;
	int64_t now_s;               /* wall clock at MAIL */
	const char *skipped_by;      /* rule that keeps the methods from running, or NULL */
	/* who is judged: the client of the session, or the one that a relay tells of, from the end of the header on */
	const struct as_relay *relay; /* the client of the session; NULL: it is none. Settings memory */
	struct as_ip client;          /* family 0: local or unknown */
	const char *client_name, *helo; /* NULL */
	const char *client_trouble;   /* why the client of a relay is not known; printable; NULL */
	bool is_trusted;              /* one of trusted-networks */
	bool is_authenticated;
	const char *login_mechanism; /* as the MTA says: "PLAIN"; NULL */
	const char *login_name;      /* NULL */
	bool has_eoh;                /* the header is complete and the methods have seen it */
	struct as_body_hashes *bodies; /* what they asked for; NULL before */
	const char *envelope_path;   /* the sender as given, but for the beginning of a very long one */
	const char *envelope_local;  /* "" for a null sender */
	const char *envelope_domain; /* normal form of domain.h, else as given, any bytes; "" for a null sender and without an "@" */
	bool has_null_sender;
	const char **recipients;     /* as given */
	size_t recipient_count;
	const char *tls_version, *tls_cipher; /* NULL: none */
	int64_t size;                /* bytes of header and body that were seen */
	struct as_fields fields;
	struct as_from from;
	/* fields of ours that somebody else wrote, in the order of the header (edits.c) */
	struct as_forged *forged;
	size_t forged_count;
	bool hides_forged;           /* there is one inside another field */
	unsigned own_seen[AS_OWN_FIELDS];
	const char *decision_id;     /* in the reply and the trace; NULL unless traces are kept */
	struct as_recorder *recorder; /* keeps the bytes for a capture; NULL: it is not captured (capture.h) */
	int64_t decided_ms;          /* monotonic clock, when the decision got its name */
	unsigned shortages;          /* of memory, until it began (heap.h) */
	const char *internal_error;  /* first thing that failed inside us, or NULL */

	/* state and findings of the methods; NULL: not run */
	struct as_dkim *dkim_state;
	struct as_arc *arc_state; /* NULL also without an ARC field */
	struct as_spf_outcome *spf_helo; /* beside spf: NULL with a null sender */
	struct as_spf_outcome *spf;
	struct as_dkim_outcome *dkim;
	struct as_arc_outcome *arc;
	struct as_dmarc_outcome *dmarc;
	const struct as_evidence *evidence; /* NULL: nothing hangs on it */
	struct as_iprev_outcome *iprev;
	struct as_results results;
	struct as_decision decision;
	const struct as_shadow *shadow; /* NULL: there is no shadow configuration (shadow.h) */
};

#endif
