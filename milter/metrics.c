/* SPDX-License-Identifier: BSD-2-Clause */
/* metrics.c - counting. */
#include "config.h"

#include "metrics.h"

#include "policy.h"
#include "rule.h"

#include <string.h>

/* Around the time of a local lookup, of one across the world, and of evaluation-timeout. */
static const int64_t bounds_us[AS_METRICS_BOUNDS] = {
	1000, 5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000, 2500000, 5000000, 20000000,
};

static const char *const methods[AS_METRICS_METHODS] = { "spf", "dkim", "arc", "dmarc", "iprev" };

int64_t as_metrics_bound(size_t i)
{
	return bounds_us[i];
}

const char *as_metrics_method_name(enum as_metrics_method method)
{
	return methods[method];
}

static void add(atomic_ullong *counter, unsigned long long n)
{
	atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

void as_metrics_init(struct as_metrics *m, int64_t now_s)
{
	m->started_s = now_s;
	atomic_store(&m->loaded_s, now_s);
	m->tally = as_tally_new();
	for (size_t i = 0; as_policy_row_name(i); i++)
		(void)as_tally_get(m->tally, as_policy_row_name(i), 0);
}

void as_metrics_clear(struct as_metrics *m)
{
	as_tally_free(m->tally);
	m->tally = NULL;
}

void as_metrics_expect(struct as_metrics *m, const struct as_settings *settings)
{
	for (size_t i = 0; settings->rules && i < settings->rules->count; i++)
		(void)as_tally_get(m->tally, settings->rules->list[i].name, 0);
}

void as_metrics_reload(struct as_metrics *m, bool is_done, int64_t now_s)
{
	add(&m->reloads[is_done], 1);
	atomic_store(&m->is_reload_failed, !is_done);
	if (is_done)
		atomic_store(&m->loaded_s, now_s);
}

void as_metrics_connection(struct as_metrics *m, enum as_metrics_fate fate)
{
	add(&m->connections[fate], 1);
}

void as_metrics_deferred(struct as_metrics *m, enum as_metrics_fate fate)
{
	add(&m->deferred[fate], 1);
}

static void count_result(struct as_metrics *m, enum as_metrics_method method, enum as_code code)
{
	add(&m->results[method][code], 1);
}

/* One for each method that ran, in the words of the log line. */
static void count_results(struct as_metrics *m, const struct as_message *message)
{
	if (message->spf)
		count_result(m, AS_METRICS_SPF, message->spf->code);
	if (message->dkim)
		count_result(m, AS_METRICS_DKIM, as_facts_dkim(&(struct as_facts){ .dkim = message->dkim }));
	if (message->arc)
		count_result(m, AS_METRICS_ARC, message->arc->code);
	if (message->dmarc)
		count_result(m, AS_METRICS_DMARC, message->dmarc->code);
	if (message->iprev)
		count_result(m, AS_METRICS_IPREV, message->iprev->code);
}

/* One for each result of the header field that rests on lookups: each signature has its own. */
static void count_states(struct as_metrics *m, const struct as_results *results)
{
	for (size_t i = 0; i < results->count; i++)
		for (size_t method = 0; results->list[i].has_dnssec && method < AS_METRICS_METHODS; method++)
			if (strcmp(results->list[i].method, methods[method]) == 0)
				add(&m->states[method][results->list[i].dnssec], 1);
}

static void count_time(struct as_metrics *m, int64_t us)
{
	size_t bucket = 0;
	while (bucket < AS_METRICS_BOUNDS && us > bounds_us[bucket])
		bucket++;
	add(&m->within[bucket], 1);
	add(&m->time_us, us > 0 ? (unsigned long long)us : 0);
}

static void count_hits(struct as_metrics *m, const struct as_message *message)
{
	const unsigned char *matched = message->decision.matched;
	const struct as_rules *rules = matched ? message->env->settings->rules : NULL;
	for (size_t i = 0; rules && i < rules->count; i++)
		if (matched[i])
			as_tally_hit(as_tally_get(m->tally, rules->list[i].name, rules->list[i].fingerprint), message->now_s);
}

void as_metrics_message(struct as_metrics *m, const struct as_message *message, enum as_verb done, int64_t us)
{
	const struct as_decision *decision = &message->decision;
	add(&m->actions[done], 1);
	if (decision->computed != decision->verb)
		add(&m->spared[decision->computed], 1);
	if (message->internal_error || done != decision->verb)
		add(&m->internal_errors, 1);
	add(&as_tally_get(m->tally, decision->rule, 0)->decided, 1);
	add(&m->bytes, (unsigned long long)message->size);
	count_hits(m, message);
	count_results(m, message);
	count_states(m, &message->results);
	count_time(m, us);
}
