/* SPDX-License-Identifier: BSD-2-Clause */
/* dns.c - the service between messages and a back end: lookups of a message, their deadline and budget, merging, the cache in front.
 *
 * Counting: a set is held by its owner and by each of its lookups under way; the service by its owner and by the owners of sets. A
 * question under way holds no reference to the service: the last as_dns_unref() stops the back end, which delivers all that is open, and
 * only then the service goes. So the back end's own thread never drops the last reference and never waits for itself.
 *
 * Locks: one in each set, one in each shard of the cache; never two at once, and none while anything foreign is called.
 */
#include "config.h"

#include "dns.h"

#include "clock.h"
#include "dns_answer.h"
#include "dns_backend.h"
#include "dns_cache.h"
#include "dns_name.h"
#include "domain.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
	BEYOND_BUDGET = 64,   /* lookups a set remembers without having asked: forbidden names, over budget */
	EARLY_STARTS = 2000,  /* questions under way with which early starts are given up; see is_crowded() */
};

struct as_dns {
	atomic_uint refs;
	struct as_dns_backend *backend;
	struct as_dns_options options;
	const struct as_clock *clock;
	struct as_dns_cache *cache;
	atomic_uint under_way; /* questions */
	atomic_uint_fast64_t asked, hits, merged, sent, timeouts, over_budget, crowded, failures, bogus;
};

struct callback {
	struct callback *next;
	as_dns_then *then;
	void *user;
};

struct lookup {
	struct as_dns_waiter waiter; /* first: the cache keeps a list of these */
	struct as_dns_set *set;
	const char *name;
	enum as_dns_type type;
	const struct as_dns_answer *answer; /* NULL: under way */
	struct callback *callbacks;
	struct callback **last_callback;
	int place;            /* in the set */
	struct lookup *after; /* its answer led to this one; NULL: none */
	int64_t started_ms;
	int64_t ended_ms;
	bool was_cached;
};

/* A callback that runs: what its thread starts comes after this lookup. */
struct cause {
	struct cause *next;
	pthread_t thread;
	struct lookup *lookup;
};

struct as_dns_set {
	atomic_uint refs;
	struct as_dns *dns; /* counted until as_dns_set_free(); then valid in the back end's calls only */
	struct as_dns_set *of; /* as_dns_set_new_held(); else NULL */
	size_t missing;
	struct as_dns_limits limits;
	pthread_mutex_t lock; /* of everything below; answers and callbacks come from other threads */
	pthread_cond_t changed;
	struct as_arena *arena;
	struct lookup **lookups; /* limits.budget + BEYOND_BUDGET at most */
	size_t count;
	unsigned asked;
	unsigned running; /* callbacks in other threads */
	struct cause *causes;
	struct lookup *waited_for; /* the last one that the owner had to wait for */
	int64_t made_ms;
	bool is_closed;
	bool is_armed;
	int64_t deadline_ms;
	const struct as_dns_answer *overflow; /* for lookups that are not even remembered */
	void (*before_wait)(void *user); /* of the owner's thread */
	void *before_wait_user;
};

/* --- the service --------------------------------------------------------------------------------------------------- */

struct as_dns *as_dns_new(struct as_dns_backend *backend, const struct as_dns_options *options, const struct as_clock *clock)
{
	struct as_dns *dns = as_xalloc(sizeof *dns);
	atomic_init(&dns->refs, 1);
	dns->backend = backend;
	dns->options = *options;
	dns->clock = clock;
	dns->cache = as_dns_cache_new(options->cache_bytes);
	return dns;
}

struct as_dns *as_dns_ref(struct as_dns *dns)
{
	atomic_fetch_add_explicit(&dns->refs, 1, memory_order_relaxed);
	return dns;
}

void as_dns_unref(struct as_dns *dns)
{
	if (!dns || atomic_fetch_sub_explicit(&dns->refs, 1, memory_order_acq_rel) != 1)
		return;
	dns->backend->free(dns->backend);
	as_dns_cache_free(dns->cache);
	free(dns);
}

bool as_dns_is_makeshift(const struct as_dns *dns)
{
	return dns->backend->is_makeshift;
}

static void count(atomic_uint_fast64_t *counter)
{
	atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

struct as_dns_stats as_dns_stats(const struct as_dns *dns)
{
	struct as_dns_stats stats = {
		.asked = atomic_load_explicit(&dns->asked, memory_order_relaxed),
		.hits = atomic_load_explicit(&dns->hits, memory_order_relaxed),
		.merged = atomic_load_explicit(&dns->merged, memory_order_relaxed),
		.sent = atomic_load_explicit(&dns->sent, memory_order_relaxed),
		.timeouts = atomic_load_explicit(&dns->timeouts, memory_order_relaxed),
		.over_budget = atomic_load_explicit(&dns->over_budget, memory_order_relaxed),
		.crowded = atomic_load_explicit(&dns->crowded, memory_order_relaxed),
		.failures = atomic_load_explicit(&dns->failures, memory_order_relaxed),
		.bogus = atomic_load_explicit(&dns->bogus, memory_order_relaxed),
		.under_way = atomic_load_explicit(&dns->under_way, memory_order_relaxed),
		.cache_limit = dns->options.cache_bytes,
	};
	as_dns_cache_measure(dns->cache, &stats.cache_entries, &stats.cache_bytes);
	return stats;
}

static int64_t now_ms(const struct as_dns *dns)
{
	return as_clock_mono_ms(dns->clock);
}

/* --- sets ---------------------------------------------------------------------------------------------------------- */

struct as_dns_set *as_dns_set_new(struct as_dns *dns, const struct as_dns_limits *limits)
{
	struct as_dns_set *set = as_xalloc(sizeof *set);
	pthread_condattr_t attributes;
	atomic_init(&set->refs, 1);
	set->dns = as_dns_ref(dns);
	set->limits = *limits;
	set->made_ms = now_ms(dns);
	set->arena = as_arena_new();
	pthread_mutex_init(&set->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&set->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	return set;
}

struct as_dns_set *as_dns_set_new_held(struct as_dns_set *of)
{
	struct as_dns_set *set = as_dns_set_new(of->dns, &of->limits);
	set->of = of;
	return set;
}

size_t as_dns_set_missing(const struct as_dns_set *set)
{
	return set->missing;
}

static void set_unref(struct as_dns_set *set)
{
	if (atomic_fetch_sub_explicit(&set->refs, 1, memory_order_acq_rel) != 1)
		return;
	for (size_t i = 0; i < set->count; i++)
		as_dns_answer_unref(set->lookups[i]->answer);
	as_dns_answer_unref(set->overflow);
	pthread_cond_destroy(&set->changed);
	pthread_mutex_destroy(&set->lock);
	as_arena_free(set->arena);
	free(set);
}

void as_dns_set_free(struct as_dns_set *set)
{
	if (!set)
		return;
	struct as_dns *dns = set->dns;
	pthread_mutex_lock(&set->lock);
	set->is_closed = true;
	while (set->running)
		pthread_cond_wait(&set->changed, &set->lock);
	pthread_mutex_unlock(&set->lock);
	set_unref(set);
	as_dns_unref(dns);
}

static void arm(struct as_dns_set *set)
{
	set->is_armed = true;
	set->deadline_ms = now_ms(set->dns) + set->limits.timeout_ms;
}

void as_dns_set_arm(struct as_dns_set *set)
{
	pthread_mutex_lock(&set->lock);
	arm(set);
	pthread_mutex_unlock(&set->lock);
}

void as_dns_set_on_wait(struct as_dns_set *set, void (*before_wait)(void *user), void *user)
{
	set->before_wait = before_wait;
	set->before_wait_user = user;
}

void as_dns_set_defer(struct as_dns_set *set, void (*release)(void *handle), void *handle)
{
	pthread_mutex_lock(&set->lock);
	as_defer(set->arena, release, handle);
	pthread_mutex_unlock(&set->lock);
}

size_t as_dns_set_count(struct as_dns_set *set)
{
	pthread_mutex_lock(&set->lock);
	size_t n = set->count;
	pthread_mutex_unlock(&set->lock);
	return n;
}

struct as_dns_lookup as_dns_set_lookup(struct as_dns_set *set, size_t i)
{
	pthread_mutex_lock(&set->lock);
	const struct lookup *lookup = set->lookups[i];
	struct as_dns_lookup seen = {
		.name = lookup->name,
		.type = lookup->type,
		.answer = lookup->answer,
		.at_ms = lookup->started_ms - set->made_ms,
		.after = lookup->after ? lookup->after->place : -1,
		.ms = lookup->answer ? lookup->ended_ms - lookup->started_ms : 0,
		.was_cached = lookup->was_cached,
	};
	pthread_mutex_unlock(&set->lock);
	return seen;
}

/* --- answers reach their lookups ----------------------------------------------------------------------------------- */

/* Takes the answer's reference and returns what is to be called with it. The first answer stays: an evaluation that went on after
 * a timeout is not contradicted later. Lock held. */
static const struct callback *settle(struct lookup *lookup, const struct as_dns_answer *answer, bool was_cached)
{
	struct callback *callbacks = lookup->callbacks;
	if (lookup->answer) {
		as_dns_answer_unref(answer);
		return NULL;
	}
	lookup->answer = answer;
	lookup->was_cached = was_cached;
	lookup->ended_ms = now_ms(lookup->set->dns);
	lookup->callbacks = NULL;
	lookup->last_callback = &lookup->callbacks;
	pthread_cond_broadcast(&lookup->set->changed);
	return callbacks;
}

/* Called without the lock. False: the message is done. as_dns_set_free() waits for it. */
static bool run_callback(struct lookup *lookup, as_dns_then *then, void *user, const struct as_dns_answer *answer)
{
	struct as_dns_set *set = lookup->set;
	struct cause cause = { .thread = pthread_self(), .lookup = lookup }, **place;
	pthread_mutex_lock(&set->lock);
	bool may_run = !set->is_closed;
	if (may_run) {
		set->running++;
		cause.next = set->causes;
		set->causes = &cause;
	}
	pthread_mutex_unlock(&set->lock);
	if (!may_run)
		return false;
	then(user, answer);
	pthread_mutex_lock(&set->lock);
	set->running--;
	for (place = &set->causes; *place != &cause;)
		place = &(*place)->next;
	*place = cause.next;
	pthread_cond_broadcast(&set->changed);
	pthread_mutex_unlock(&set->lock);
	return true;
}

static void run_callbacks(struct lookup *lookup, const struct as_dns_answer *answer, const struct callback *callbacks)
{
	while (callbacks && run_callback(lookup, callbacks->then, callbacks->user, answer))
		callbacks = callbacks->next;
}

static void settle_and_run(struct lookup *lookup, const struct as_dns_answer *answer, bool was_cached)
{
	struct as_dns_set *set = lookup->set;
	pthread_mutex_lock(&set->lock);
	const struct callback *callbacks = settle(lookup, answer, was_cached);
	pthread_mutex_unlock(&set->lock);
	run_callbacks(lookup, answer, callbacks);
}

static int64_t ttl_ms(const struct as_dns_options *options, const struct as_dns_answer *answer)
{
	uint32_t ttl = answer->ttl < options->max_ttl_s ? answer->ttl : options->max_ttl_s;
	if (answer->status == AS_DNS_TEMPFAIL)
		ttl = options->failure_ttl_s;
	return (int64_t)ttl * 1000;
}

void as_dns_deliver(struct as_dns_question *question, struct as_dns_builder *b)
{
	struct as_dns *dns = question->owner;
	const struct as_dns_answer *answer = as_dns_builder_finish(b);
	atomic_fetch_sub_explicit(&dns->under_way, 1, memory_order_relaxed);
	if (answer->status == AS_DNS_TEMPFAIL)
		count(&dns->failures);
	if (answer->dnssec == AS_DNSSEC_BOGUS)
		count(&dns->bogus);
	struct as_dns_waiter *waiter =
		as_dns_cache_settle(dns->cache, question, answer, now_ms(dns), ttl_ms(&dns->options, answer));
	while (waiter) {
		struct lookup *lookup = (struct lookup *)waiter;
		struct as_dns_set *set = lookup->set;
		waiter = waiter->next;
		settle_and_run(lookup, as_dns_answer_ref(answer), false);
		set_unref(set);
	}
	as_dns_answer_unref(answer);
}

/* --- questions ----------------------------------------------------------------------------------------------------- */

static struct lookup *find_lookup(const struct as_dns_set *set, const char *name, enum as_dns_type type)
{
	for (size_t i = 0; i < set->count; i++)
		if (set->lookups[i]->type == type && strcmp(set->lookups[i]->name, name) == 0)
			return set->lookups[i];
	return NULL;
}

/* What a lookup started in this thread comes after. */
static struct lookup *cause_of_this(const struct as_dns_set *set)
{
	for (const struct cause *cause = set->causes; cause; cause = cause->next)
		if (pthread_equal(cause->thread, pthread_self()))
			return cause->lookup;
	return set->waited_for;
}

static struct lookup *add_lookup(struct as_dns_set *set, const char *name, enum as_dns_type type)
{
	set->lookups = as_grow(set->arena, set->lookups, set->count, sizeof(struct lookup *));
	struct lookup *lookup = as_alloc(set->arena, sizeof *lookup);
	lookup->set = set;
	lookup->name = as_strdup(set->arena, name);
	lookup->type = type;
	lookup->last_callback = &lookup->callbacks;
	lookup->started_ms = now_ms(set->dns);
	lookup->after = cause_of_this(set);
	lookup->place = (int)set->count;
	set->lookups[set->count++] = lookup;
	return lookup;
}

static void add_callback(struct lookup *lookup, as_dns_then *then, void *user)
{
	struct callback *callback = as_alloc(lookup->set->arena, sizeof *callback);
	callback->then = then;
	callback->user = user;
	*lookup->last_callback = callback;
	lookup->last_callback = &callback->next;
}

static const struct as_dns_answer *timeout_answer(const struct lookup *lookup)
{
	count(&lookup->set->dns->timeouts);
	return as_dns_answer_empty(lookup->name, lookup->type, AS_DNS_TEMPFAIL, "timeout");
}

/* What can be said of a new lookup without asking anybody; NULL: it has to be asked. Lock held. */
static const struct as_dns_answer *answer_unasked(const struct lookup *lookup)
{
	struct as_dns_set *set = lookup->set;
	if (!as_domain_is_queryable(lookup->name))
		return as_dns_answer_empty(lookup->name, lookup->type, AS_DNS_NXDOMAIN, NULL);
	count(&set->dns->asked);
	if (set->asked++ < set->limits.budget)
		return NULL;
	count(&set->dns->over_budget);
	return as_dns_answer_empty(lookup->name, lookup->type, AS_DNS_TEMPFAIL, "query budget used up");
}

/* Into the cache's hands: known, under way already, or to be sent. Without the lock. */
static void ask(struct lookup *lookup)
{
	struct as_dns_set *set = lookup->set;
	struct as_dns *dns = set->dns;
	const struct as_dns_answer *answer = NULL;
	struct as_dns_question *question = NULL;
	atomic_fetch_add_explicit(&set->refs, 1, memory_order_relaxed); /* for the waiter, before another thread can see it */
	switch (as_dns_cache_ask(dns->cache, lookup->name, lookup->type, lookup->started_ms, &lookup->waiter, &answer, &question)) {
	case AS_DNS_KNOWN:
		count(&dns->hits);
		settle_and_run(lookup, answer, true);
		set_unref(set);
		break;
	case AS_DNS_UNDER_WAY:
		count(&dns->merged);
		break;
	case AS_DNS_NEW:
		count(&dns->sent);
		question->owner = dns;
		atomic_fetch_add_explicit(&dns->under_way, 1, memory_order_relaxed);
		dns->backend->start(dns->backend, question, question->name, question->type);
		break;
	}
}

/* After the deadline nothing is started, but what is known is still given. */
static void ask_late(struct lookup *lookup)
{
	struct as_dns *dns = lookup->set->dns;
	const struct as_dns_answer *answer = NULL;
	bool is_known = as_dns_cache_ask(dns->cache, lookup->name, lookup->type, lookup->started_ms, NULL, &answer, NULL) == AS_DNS_KNOWN;
	if (is_known)
		count(&dns->hits);
	settle_and_run(lookup, is_known ? answer : timeout_answer(lookup), is_known);
}

static const struct as_dns_answer *overflow_answer(struct as_dns_set *set, enum as_dns_type type)
{
	count(&set->dns->over_budget);
	if (!set->overflow)
		set->overflow = as_dns_answer_empty("", type, AS_DNS_TEMPFAIL, "query budget used up");
	return set->overflow;
}

struct begun {
	struct lookup *lookup;              /* NULL: not remembered */
	const struct as_dns_answer *answer; /* NULL: under way */
	bool is_new;
	bool is_late;
};

/* Finds or adds a lookup. Lock held. */
static struct begun begin(struct as_dns_set *set, const char *asked_name, enum as_dns_type type)
{
	char name[AS_DNS_NAME_SIZE];
	as_dns_name_lower(asked_name, name);
	struct begun begun = { .lookup = find_lookup(set, name, type) };
	if (begun.lookup) {
		begun.answer = begun.lookup->answer;
	} else if (set->count >= (size_t)set->limits.budget + BEYOND_BUDGET) {
		begun.answer = overflow_answer(set, type);
	} else {
		begun.lookup = add_lookup(set, name, type);
		begun.answer = answer_unasked(begun.lookup);
		if (begun.answer)
			settle(begun.lookup, begun.answer, false);
		begun.is_new = !begun.answer;
		begun.is_late = set->is_armed && begun.lookup->started_ms >= set->deadline_ms;
	}
	return begun;
}

/* Finds or starts a lookup; `then`, if any, is called or noted. NULL: not remembered, or the message is done. */
static struct begun start(struct as_dns_set *set, const char *name, enum as_dns_type type, as_dns_then *then, void *user)
{
	struct begun begun = { 0 };
	pthread_mutex_lock(&set->lock);
	if (!set->is_closed)
		begun = begin(set, name, type);
	if (then && begun.lookup && !begun.answer)
		add_callback(begun.lookup, then, user);
	pthread_mutex_unlock(&set->lock);
	if (then && begun.answer && begun.lookup)
		run_callback(begun.lookup, then, user, begun.answer);
	else if (then && begun.answer)
		then(user, begun.answer);
	if (begun.is_new && begun.is_late)
		ask_late(begun.lookup);
	else if (begun.is_new)
		ask(begun.lookup);
	return begun;
}

/* A lookup goes on when its message has gone: MAIL and RSET in turn would pile up questions to servers that do not answer. A message
 * that waits needs its answers and adds few. */
static bool is_crowded(const struct as_dns_set *set)
{
	if (atomic_load_explicit(&set->dns->under_way, memory_order_relaxed) < EARLY_STARTS)
		return false;
	count(&set->dns->crowded);
	return true;
}

bool as_dns_set_has_room(struct as_dns_set *set)
{
	pthread_mutex_lock(&set->lock);
	bool has_room = set->asked < set->limits.budget / 2;
	pthread_mutex_unlock(&set->lock);
	return has_room;
}

void as_dns_start(struct as_dns_set *set, const char *name, enum as_dns_type type)
{
	if (!set->of && !is_crowded(set))
		start(set, name, type, NULL, NULL);
}

void as_dns_start_then(struct as_dns_set *set, const char *name, enum as_dns_type type, as_dns_then *then, void *user)
{
	if (!set->of && !is_crowded(set))
		start(set, name, type, then, user);
}

/* --- waiting ------------------------------------------------------------------------------------------------------- */

static void sleep_until_changed(struct as_dns_set *set, int64_t ms)
{
	struct timespec until = as_clock_until(ms);
	pthread_cond_timedwait(&set->changed, &set->lock, &until); /* woken or not: the caller looks again */
}

/* Waits a little: until something changed, or one step of a back end without a thread. False: it is of no use to wait on. Lock held,
 * but not meanwhile. */
static bool wait_once(struct as_dns_set *set, int64_t left_ms)
{
	struct as_dns_backend *backend = set->dns->backend;
	if (!backend->pump) {
		sleep_until_changed(set, left_ms);
		return true;
	}
	pthread_mutex_unlock(&set->lock);
	bool is_moving = backend->pump(backend, set->deadline_ms);
	pthread_mutex_lock(&set->lock);
	return is_moving;
}

static void tell_before_wait(struct as_dns_set *set)
{
	void (*before_wait)(void *user) = set->before_wait;
	set->before_wait = NULL;
	if (!before_wait)
		return;
	pthread_mutex_unlock(&set->lock);
	before_wait(set->before_wait_user);
	pthread_mutex_lock(&set->lock);
}

/* Lock held. */
static void wait_for(struct lookup *lookup)
{
	struct as_dns_set *set = lookup->set;
	bool is_moving = true;
	if (!set->is_armed)
		arm(set);
	tell_before_wait(set);
	set->waited_for = lookup;
	while (!lookup->answer) {
		int64_t left_ms = set->deadline_ms - now_ms(set->dns);
		if (left_ms <= 0 || !is_moving)
			break;
		is_moving = wait_once(set, left_ms);
	}
	if (!lookup->answer)
		settle(lookup, timeout_answer(lookup), false); /* its callbacks are dropped: what they would start comes too late */
}

/* Of a set that asks nobody. An answer of the other set stays until that one is freed. */
static const struct as_dns_answer *held_answer(struct as_dns_set *set, const char *asked_name, enum as_dns_type type)
{
	char name[AS_DNS_NAME_SIZE];
	as_dns_name_lower(asked_name, name);
	pthread_mutex_lock(&set->of->lock);
	const struct lookup *lookup = find_lookup(set->of, name, type);
	const struct as_dns_answer *answer = lookup ? lookup->answer : NULL;
	pthread_mutex_unlock(&set->of->lock);
	if (answer)
		return answer;
	set->missing++;
	if (!set->overflow)
		set->overflow = as_dns_answer_empty("", type, AS_DNS_TEMPFAIL, "not looked up");
	return set->overflow;
}

const struct as_dns_answer *as_dns_get(struct as_dns_set *set, const char *name, enum as_dns_type type)
{
	if (set->of)
		return held_answer(set, name, type);
	struct begun begun = start(set, name, type, NULL, NULL);
	if (begun.answer)
		return begun.answer;
	pthread_mutex_lock(&set->lock);
	if (!begun.lookup->answer)
		wait_for(begun.lookup);
	const struct as_dns_answer *answer = begun.lookup->answer;
	pthread_mutex_unlock(&set->lock);
	return answer;
}
