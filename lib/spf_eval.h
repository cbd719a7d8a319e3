/* SPDX-License-Identifier: BSD-2-Clause */
/* spf_eval.h - one evaluation of SPF under way: records opened, terms counted, lookups judged. Internal to spf_*.c. */
#ifndef AS_SPF_EVAL_H
#define AS_SPF_EVAL_H

#include "spf_libspf2.h"
#include "spf_query.h"

enum {
	AS_SPF_VOIDS_MAX = 2,                     /* RFC 7208 4.6.4, SP-11 */
	AS_SPF_NODES_MAX = AS_SPF_TERMS_MAX + 1,  /* each but the first costs a term */
	AS_SPF_ASKED_MAX = 1 + AS_SPF_NODES_MAX * AS_SPF_STEPS_MAX,
};

/* A record being read, and what led to it. */
struct as_spf_node {
	const char *domain;
	const struct as_spf_record *record;
	const struct as_spf_asked *from;
};

/* What an id of a program stands for. asked[0] is the request itself and has no term. */
struct as_spf_asked {
	const struct as_spf_node *node;
	const struct as_spf_term *term;
};

struct as_spf_eval {
	struct as_arena *arena;
	struct as_dns_set *set;
	struct as_spf_query query;

	bool is_forced;        /* code and reason are the result, whatever the rest of the record says */
	enum as_code code;
	const char *reason;

	unsigned terms, voids;
	bool has_asked_ptr;    /* %{p} is counted once (SP-24) */
	bool is_explaining;    /* nothing is counted any more (4.6.4) */
	bool has_dnssec;
	enum as_dnssec dnssec;
	const char *weakest;

	const struct as_spf_node *frame;    /* the record whose default and exp= count: the first, or where it redirects */
	const struct as_spf_asked *matched; /* the last term that matched */
	size_t node_count, asked_count;
	struct as_spf_node nodes[AS_SPF_NODES_MAX];
	struct as_spf_asked asked[AS_SPF_ASKED_MAX];
};

/* query has been filled in (as_spf_query_new); the rest is zero. */
void as_spf_eval_init(struct as_spf_eval *eval, struct as_arena *arena, struct as_dns_set *set);

/* Runs the evaluation: code, reason, counters, matched and frame are set. Returns true if no term matched. */
bool as_spf_eval_run(struct as_spf_eval *eval);

/* A lookup whose DNSSEC state counts. */
const struct as_dns_answer *as_spf_eval_ask(struct as_spf_eval *eval, const char *name, enum as_dns_type type);

/* Does the term match? Only for terms that are neither include nor redirect. Counts it. */
enum as_spf_match as_spf_eval_term(struct as_spf_eval *eval, const struct as_spf_term *term);

/* %{p}: the validated name of the client that is nearest to domain, or "unknown"; user is the evaluation (5.5, 7.3). NULL: its lookup
 * was one term too many, or had no time left. */
const char *as_spf_eval_client_name(void *user, const char *domain);

/* One more term that queries DNS. False: that was one too many. */
bool as_spf_eval_count(struct as_spf_eval *eval);

/* The result from now on; the first one stands. Returns AS_SPF_STOP. */
enum as_spf_match as_spf_eval_force(struct as_spf_eval *eval, enum as_code code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* A temporary error because of this answer. */
enum as_spf_match as_spf_eval_lost(struct as_spf_eval *eval, const struct as_dns_answer *answer);

/* A foreign name for a text that people read. */
const char *as_spf_eval_shown(struct as_spf_eval *eval, const char *name);

#endif
