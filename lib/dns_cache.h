/* SPDX-License-Identifier: BSD-2-Clause */
/* dns_cache.h - by question: the answers that are known, and the questions under way with those who wait. Only dns.c includes this.
 *
 * Both live under the same locks, so that a question is either answered, or under way once, or new. Thread safe.
 */
#ifndef AS_DNS_CACHE_H
#define AS_DNS_CACHE_H

#include "dns_backend.h"

struct as_dns_waiter {
	struct as_dns_waiter *next;
};

struct as_dns_question {
	struct as_dns_question *next;
	struct as_dns_waiter *waiters;
	void *owner;
	uint64_t hash;
	enum as_dns_type type;
	char name[];
};

struct as_dns_cache;

/* bytes bounds what is kept; 0 keeps nothing. */
struct as_dns_cache *as_dns_cache_new(size_t bytes);
/* No question may be under way any more. */
void as_dns_cache_free(struct as_dns_cache *cache);

enum as_dns_found { AS_DNS_KNOWN, AS_DNS_UNDER_WAY, AS_DNS_NEW };

/* KNOWN: *answer with a reference of its own; waiter is not used. UNDER_WAY: waiter was added, unless NULL. NEW: unless waiter is NULL,
 * *question is now under way with waiter as its first, and the caller must get it answered. name is lower case. */
enum as_dns_found as_dns_cache_ask(struct as_dns_cache *cache, const char *name, enum as_dns_type type, int64_t now_ms,
				   struct as_dns_waiter *waiter, const struct as_dns_answer **answer, struct as_dns_question **question);

/* Ends a question: keeps the answer for ttl_ms (0: not at all) and returns who waits, in the order they came. Frees the question. */
struct as_dns_waiter *as_dns_cache_settle(struct as_dns_cache *cache, struct as_dns_question *question, const struct as_dns_answer *answer,
					  int64_t now_ms, int64_t ttl_ms);

/* What is kept now; the shards are looked at one after the other. */
void as_dns_cache_measure(struct as_dns_cache *cache, size_t *entries, size_t *bytes);

#endif
