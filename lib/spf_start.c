/* SPDX-License-Identifier: BSD-2-Clause */
/* spf_start.c - asks early, and in parallel, what the evaluation will ask one after the other.
 *
 * Each record is parsed where it arrives; the lookups of its terms start at once, those of included records too. Nothing is
 * decided here: a lookup more or less changes the time an evaluation takes, not its result. To keep a hostile domain from
 * using up the budget of the message, no more than QUESTIONS_MAX lookups are started, and none when half of it is used up. Names that
 * need %{p} are left out: the macro has no value here.
 *
 * Answers may come in several threads, or inside the call that asks. They go to a queue; whoever finds nobody working on it works
 * until it is empty. So the state has one user at a time, no lock is held while calling out, and nothing recurses.
 */
#include "config.h"

#include "spf_check.h"

#include "spf_query.h"

#include "domain.h"

#include <pthread.h>

enum { QUESTIONS_MAX = 40 };

struct starter;

/* A lookup whose answer leads to more. */
struct lead {
	struct starter *starter;
	struct lead *next; /* in the queue, once answered */
	const struct as_dns_answer *answer;
	void (*follow)(struct starter *starter, const struct lead *lead);
	const char *about; /* the domain of a record, the target of a ptr */
};

struct starter {
	struct as_arena *arena;
	struct as_dns_set *set;
	struct as_spf_query query;
	unsigned terms;
	unsigned questions;

	pthread_mutex_t lock; /* guards what follows */
	struct lead *first, *last;
	bool is_busy;
};

static void release(void *handle)
{
	struct starter *starter = handle;
	pthread_mutex_destroy(&starter->lock);
	as_arena_free(starter->arena);
}

static struct lead *take(struct starter *starter)
{
	struct lead *lead = starter->first;
	starter->is_busy = lead != NULL;
	if (lead)
		starter->first = lead->next;
	return lead;
}

static void on_answer(void *user, const struct as_dns_answer *answer)
{
	struct lead *lead = user;
	struct starter *starter = lead->starter;
	lead->answer = answer;
	pthread_mutex_lock(&starter->lock);
	if (starter->first)
		starter->last->next = lead;
	else
		starter->first = lead;
	starter->last = lead;
	lead = starter->is_busy ? NULL : take(starter);
	while (lead) {
		pthread_mutex_unlock(&starter->lock);
		lead->follow(starter, lead);
		pthread_mutex_lock(&starter->lock);
		lead = take(starter);
	}
	pthread_mutex_unlock(&starter->lock);
}

/* Starts a lookup if there is room for it and the name can be asked; follow NULL: its answer leads nowhere. about, of the starter's
 * arena, is for follow. */
static void ask(struct starter *starter, const char *name, enum as_dns_type type,
	void (*follow)(struct starter *starter, const struct lead *lead), const char *about)
{
	if (!name || !as_domain_is_queryable(name) || starter->questions == QUESTIONS_MAX || !as_dns_set_has_room(starter->set))
		return;
	starter->questions++;
	if (!follow) {
		as_dns_start(starter->set, name, type);
		return;
	}
	struct lead *lead = as_alloc(starter->arena, sizeof *lead);
	*lead = (struct lead){ .starter = starter, .follow = follow, .about = about };
	as_dns_start_then(starter->set, name, type, on_answer, lead);
}

static void follow_names(struct starter *starter, const struct lead *lead)
{
	bool is_mx = lead->answer->type == AS_DNS_MX;
	if (is_mx && lead->answer->count > AS_SPF_NAMES_MAX)
		return; /* permerror, SP-10 */
	for (size_t i = 0; i < lead->answer->count && i < AS_SPF_NAMES_MAX; i++)
		if (is_mx || as_domain_is_below(lead->answer->records[i].name, lead->about))
			ask(starter, lead->answer->records[i].name, as_spf_query_address_type(&starter->query), NULL, NULL);
}

static void follow_record(struct starter *starter, const struct lead *lead);

static void start_term(struct starter *starter, const struct as_spf_term *term, const char *domain)
{
	if (starter->terms == AS_SPF_TERMS_MAX)
		return;
	starter->terms++;
	starter->query.values.domain = domain;
	const char *name = as_spf_query_name(starter->arena, &starter->query, term);
	switch (term->kind) {
	case AS_SPF_INCLUDE:
	case AS_SPF_REDIRECT:
		ask(starter, name && as_spf_query_is_domain(name) ? name : NULL, AS_DNS_TXT, follow_record, name);
		return;
	case AS_SPF_A:
		ask(starter, name, as_spf_query_address_type(&starter->query), NULL, NULL);
		return;
	case AS_SPF_EXISTS:
		ask(starter, name, AS_DNS_A, NULL, NULL);
		return;
	case AS_SPF_MX:
		ask(starter, name, AS_DNS_MX, follow_names, name);
		return;
	case AS_SPF_PTR:
		if (name)
			ask(starter, as_dns_reverse_name(starter->arena, &starter->query.values.client), AS_DNS_PTR, follow_names, name);
		return;
	case AS_SPF_ALL:
	case AS_SPF_IP4:
	case AS_SPF_IP6:
		return;
	}
}

static void follow_record(struct starter *starter, const struct lead *lead)
{
	const struct as_spf_record *record = as_spf_query_record(lead->answer);
	if (!record || record->error)
		return;
	for (size_t i = 0; i < record->count; i++) {
		if (as_spf_query_is_static_match(&starter->query, &record->terms[i]))
			return; /* the evaluation ends here */
		if (!as_spf_kind_queries(record->terms[i].kind))
			continue;
		start_term(starter, &record->terms[i], lead->about);
	}
	if (record->has_redirect)
		start_term(starter, &record->redirect, lead->about);
}

void as_spf_start(struct as_dns_set *set, const struct as_spf_request *request)
{
	struct as_arena *arena = as_arena_new();
	struct starter *starter = as_alloc(arena, sizeof *starter);
	if (as_spf_query_new(arena, request, &starter->query)) {
		as_arena_free(arena);
		return;
	}
	starter->arena = arena;
	starter->set = set;
	pthread_mutex_init(&starter->lock, NULL);
	as_dns_set_defer(set, release, starter);
	ask(starter, starter->query.domain, AS_DNS_TXT, follow_record, starter->query.domain);
}
