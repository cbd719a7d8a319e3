/* SPDX-License-Identifier: BSD-2-Clause */
/* policy.h - the decision: a pure function from settings, facts and outcomes to an action. No I/O, no state. */
#ifndef AS_POLICY_H
#define AS_POLICY_H

#include "arc_chain.h"
#include "arena.h"
#include "dkim_verify.h"
#include "dmarc_check.h"
#include "evidence.h"
#include "iprev_check.h"
#include "mailbox.h"
#include "rule.h"
#include "settings.h"
#include "spf_check.h"

#include <stdbool.h>
#include <stdio.h>

/* Everything a decision may look at. Pointers NULL: the method is off or did not run. */
struct as_facts {
	struct as_ip client;
	bool is_trusted;        /* client in trusted-networks */
	bool is_client_unknown; /* a relay does not tell it */
	const struct as_relay *relay; /* that brought the message; NULL */
	bool is_authenticated;  /* SMTP AUTH */
	bool has_many_forged;   /* more fields claim to be ours than can be taken out */
	bool hides_forged;      /* one stands behind a bare line end, where it cannot be taken out */
	bool had_internal_error;
	const char *internal_error;
	const char *helo;
	const char *envelope_domain; /* "" for a null sender, or one without a domain */
	const char *queue_id;
	const char *id;              /* under which the decision is found: that of the trace, else of the queue; NULL */
	const char *hostname;        /* our authserv-id */
	const struct as_from *from;
	const struct as_spf_outcome *spf_helo; /* HELO identity; with a null sender spf */
	const struct as_spf_outcome *spf;      /* MAIL FROM identity */
	const struct as_dkim_outcome *dkim;
	const struct as_arc_outcome *arc; /* newest sealer last */
	const struct as_dmarc_outcome *dmarc;
	const struct as_iprev_outcome *iprev;
	const struct as_evidence *evidence;
	const char *tls_version, *tls_cipher; /* of the SMTP session, as the MTA says; NULL: none */
	int64_t now_s;

	/* only what the needs of the rules ask for (rule.h); recipients also for translations */
	const char *message_id;
	const struct as_display_name *display_name; /* addresses that the name of the author shows; NULL */
	const char *list_id; /* of a list that is proven; NULL */
	int64_t size;        /* bytes of header and body */
	const struct as_recipient *recipients;
	size_t recipient_count;
	const unsigned char *header; /* as_rules_see_header() */
};

/* Why a message that fails DMARC is treated otherwise than its domain asks: the reasons of RFC 9990 (AG-8). */
enum as_override {
	AS_OVERRIDE_NONE,
	AS_OVERRIDE_LOCAL_POLICY,
	AS_OVERRIDE_MAILING_LIST,
	AS_OVERRIDE_POLICY_TEST_MODE,
	AS_OVERRIDE_TRUSTED_FORWARDER,
};

struct as_decision {
	enum as_verb verb;       /* what is done */
	enum as_verb computed;   /* what would be done without report-only; equal to verb otherwise */
	const struct as_rule *noted; /* the first rule in report-only that matched; NULL. Settings memory */
	size_t noted_count;
	const unsigned char *matched; /* one for each of settings->rules, see struct as_rule_choice; NULL: they were not asked */
	enum as_verb wanted;     /* what would be done without a relay's on-reject; equal to computed otherwise */
	const char *rule;        /* stable name of the row that decided: "dmarc-reject", "trusted-network", ... Static or settings memory */
	const char *reason;      /* printable words; NULL */
	unsigned reply_code;     /* 550, 451; 0 when nothing is refused */
	const char *enhanced;    /* "5.7.1" */
	const char *text;        /* reply text: one line of printable ASCII, 1..400 octets, macros expanded */
	enum as_override override;
	const char *override_comment; /* printable; NULL */
	bool is_skipped;         /* methods are not applied to this message (trusted, authenticated) */
};

/* The signatures of a message in one word: any pass is a pass; without one an error may have hidden it. */
enum as_code as_facts_dkim(const struct as_facts *facts);

/* Is this the name of a row of the built-in table? */
bool as_policy_has_row(const char *name);
/* Is it the name of one that may refuse, so that it has a reply? */
bool as_policy_can_refuse(const char *name);
/* For a message about a name that is neither a row nor a rule: what may have been meant, and which there are. rules NULL: none.
 * wants_replies: of the rows those that may refuse. */
const char *as_policy_known(struct as_arena *arena, const struct as_rules *rules, const char *name, bool wants_replies);

/* The name of the n-th row of the built-in table; NULL: there are no more. Some rows share one. */
const char *as_policy_row_name(size_t n);

/* "local_policy", "mailing_list", ... */
const char *as_override_name(enum as_override override);

/* Should methods run for this client at all? Returns the rule that skips ("trusted-network", "authenticated") or NULL. */
const char *as_policy_skips(const struct as_settings *settings, const struct as_facts *facts);

/* Decides. Reads only its arguments; strings in the arena. Rules of the configuration come before the built-in table,
 * but after its first rows: our own trouble and clients that are not judged. */
void as_policy_decide(struct as_arena *arena, const struct as_settings *settings, const struct as_facts *facts,
		      struct as_decision *decision);

/* `assayd -n`: the decision matrix that these settings make, computed with as_policy_decide itself. */
void as_policy_write_matrix(const struct as_settings *settings, FILE *out);
/* The rows of the matrix in which the shadow configuration differs. There is one. */
void as_policy_write_changes(const struct as_settings *settings, FILE *out);

#endif
