/* SPDX-License-Identifier: BSD-2-Clause */
/* dns_cache.c - sharded hash tables of answers, bounded in bytes, and of the questions under way.
 *
 * Names come from strangers, so the hash is keyed (SipHash-1-3): nobody can choose names that meet in one chain. Each shard throws out by
 * second chance: a ring in order of arrival; what was used since the hand last came by stays for another round.
 */
#include "config.h"

#include "dns_cache.h"

#include "dns_answer.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum {
	SHARDS = 64,
	FIRST_BUCKETS = 16,
	OVERHEAD = 256,       /* of an entry */
	/* Of what is parsed from TXT records and hangs on the answer, when it is already in here: 0.6 to 4 KB for keys and policies, up to
	 * five times its text for an SPF record. */
	PARSED = 4096,
	PARSED_TIMES = 6,
};

struct entry {
	struct entry *chain;
	struct entry *older, *newer; /* the ring of the shard */
	const struct as_dns_answer *answer;
	uint64_t hash;
	int64_t expires_ms;
	size_t size;
	bool was_used;
};

struct shard {
	pthread_mutex_t lock;
	struct entry **buckets;
	size_t bucket_count; /* a power of two */
	size_t entry_count;
	struct entry *hand; /* the next to be looked at for throwing out; new ones are put behind it */
	size_t size;
	struct entry *dropped; /* thrown out, to be freed without the lock: what is attached has release functions of its own */
	struct as_dns_question *questions;
};

struct as_dns_cache {
	uint64_t key[2];
	size_t shard_bytes;
	struct shard shards[SHARDS];
};

static uint64_t rotate(uint64_t x, unsigned bits)
{
	return x << bits | x >> (64 - bits);
}

static void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[0] = rotate(v[0], 32);
	v[2] += v[3];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[2] = rotate(v[2], 32);
}

static void sip_word(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	sip_round(v);
	v[0] ^= word;
}

static uint64_t hash_question(const uint64_t key[2], const char *name, enum as_dns_type type)
{
	uint64_t v[4] = { key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d,
			  key[0] ^ 0x6c7967656e657261, key[1] ^ 0x7465646279746573 };
	size_t n = strlen(name);
	size_t left = n;
	for (; left >= 8; left -= 8, name += 8) {
		uint64_t word;
		memcpy(&word, name, sizeof word);
		sip_word(v, word);
	}
	uint64_t last = 0;
	memcpy(&last, name, left);
	sip_word(v, last);
	sip_word(v, (uint64_t)n << 32 | (uint32_t)type);
	v[2] ^= 0xff;
	for (int i = 0; i < 3; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

struct as_dns_cache *as_dns_cache_new(size_t bytes)
{
	struct as_dns_cache *cache = as_xalloc(sizeof *cache);
	if (getrandom(cache->key, sizeof cache->key, 0) != (ssize_t)sizeof cache->key)
		cache->key[0] = (uint64_t)(uintptr_t)cache; /* only old kernels in early boot: the address is what is left */
	cache->shard_bytes = bytes / SHARDS;
	for (size_t i = 0; i < SHARDS; i++) {
		struct shard *shard = &cache->shards[i];
		pthread_mutex_init(&shard->lock, NULL);
		shard->bucket_count = FIRST_BUCKETS;
		shard->buckets = as_xalloc(FIRST_BUCKETS * sizeof *shard->buckets);
	}
	return cache;
}

static struct entry **slot(struct shard *shard, uint64_t hash)
{
	return &shard->buckets[hash / SHARDS & (shard->bucket_count - 1)];
}

static void drop(struct shard *shard, struct entry *entry)
{
	struct entry **link = slot(shard, entry->hash);
	while (*link != entry)
		link = &(*link)->chain;
	*link = entry->chain;
	if (shard->hand == entry)
		shard->hand = entry->newer == entry ? NULL : entry->newer;
	entry->older->newer = entry->newer;
	entry->newer->older = entry->older;
	shard->size -= entry->size;
	shard->entry_count--;
	entry->chain = shard->dropped;
	shard->dropped = entry;
}

static void free_dropped(struct entry *entry)
{
	while (entry) {
		struct entry *next = entry->chain;
		as_dns_answer_unref(entry->answer);
		free(entry);
		entry = next;
	}
}

void as_dns_cache_free(struct as_dns_cache *cache)
{
	for (size_t i = 0; i < SHARDS; i++) {
		struct shard *shard = &cache->shards[i];
		while (shard->hand)
			drop(shard, shard->hand);
		free_dropped(shard->dropped);
		free(shard->buckets);
		pthread_mutex_destroy(&shard->lock);
	}
	free(cache);
}

static struct entry *find_entry(struct shard *shard, uint64_t hash, const char *name, enum as_dns_type type)
{
	struct entry *entry = *slot(shard, hash);
	while (entry && (entry->hash != hash || entry->answer->type != type || strcmp(entry->answer->name, name) != 0))
		entry = entry->chain;
	return entry;
}

static struct as_dns_question *find_question(struct shard *shard, uint64_t hash, const char *name, enum as_dns_type type)
{
	struct as_dns_question *q = shard->questions;
	while (q && (q->hash != hash || q->type != type || strcmp(q->name, name) != 0))
		q = q->next;
	return q;
}

static struct as_dns_question *add_question(struct shard *shard, uint64_t hash, const char *name, enum as_dns_type type)
{
	size_t size = strlen(name) + 1;
	struct as_dns_question *q = as_xalloc(sizeof *q + size);
	memcpy(q->name, name, size);
	q->type = type;
	q->hash = hash;
	q->next = shard->questions;
	shard->questions = q;
	return q;
}

/* Newest first; as_dns_cache_settle() turns the order round. */
static void add_waiter(struct as_dns_question *question, struct as_dns_waiter *waiter)
{
	waiter->next = question->waiters;
	question->waiters = waiter;
}

enum as_dns_found as_dns_cache_ask(struct as_dns_cache *cache, const char *name, enum as_dns_type type, int64_t now_ms,
				   struct as_dns_waiter *waiter, const struct as_dns_answer **answer, struct as_dns_question **question)
{
	uint64_t hash = hash_question(cache->key, name, type);
	struct shard *shard = &cache->shards[hash % SHARDS];
	enum as_dns_found found = AS_DNS_NEW;
	pthread_mutex_lock(&shard->lock);
	struct entry *entry = find_entry(shard, hash, name, type);
	if (entry && entry->expires_ms > now_ms) {
		entry->was_used = true;
		*answer = as_dns_answer_ref(entry->answer);
		found = AS_DNS_KNOWN;
	} else {
		struct as_dns_question *q = find_question(shard, hash, name, type);
		if (q)
			found = AS_DNS_UNDER_WAY;
		else if (waiter)
			*question = q = add_question(shard, hash, name, type);
		if (waiter)
			add_waiter(q, waiter);
	}
	pthread_mutex_unlock(&shard->lock);
	return found;
}

static void grow(struct shard *shard)
{
	size_t count = shard->bucket_count * 2;
	struct entry **old = shard->buckets;
	struct entry **buckets = as_xalloc(count * sizeof *buckets);
	size_t old_count = shard->bucket_count;
	shard->buckets = buckets;
	shard->bucket_count = count;
	for (size_t i = 0; i < old_count; i++) {
		for (struct entry *entry = old[i]; entry;) {
			struct entry *next = entry->chain;
			struct entry **home = slot(shard, entry->hash);
			entry->chain = *home;
			*home = entry;
			entry = next;
		}
	}
	free(old);
}

static void make_room(struct shard *shard, size_t bound)
{
	while (shard->size > bound) {
		struct entry *entry = shard->hand;
		if (entry->was_used) {
			entry->was_used = false;
			shard->hand = entry->newer;
		} else {
			drop(shard, entry);
		}
	}
}

static size_t cost(const struct as_dns_answer *answer)
{
	size_t size = as_dns_answer_size(answer);
	bool is_parsed = answer->type == AS_DNS_TXT && answer->count > 0;
	return OVERHEAD + size + (is_parsed ? PARSED + PARSED_TIMES * size : 0);
}

static void keep(struct shard *shard, size_t bound, uint64_t hash, const struct as_dns_answer *answer, int64_t expires_ms)
{
	struct entry *entry = find_entry(shard, hash, answer->name, answer->type);
	if (entry)
		drop(shard, entry);
	size_t size = cost(answer);
	if (size > bound)
		return;
	make_room(shard, bound - size);
	if (shard->entry_count >= shard->bucket_count)
		grow(shard);
	entry = as_xalloc(sizeof *entry);
	entry->answer = as_dns_answer_ref(answer);
	entry->hash = hash;
	entry->expires_ms = expires_ms;
	entry->size = size;
	struct entry **home = slot(shard, hash);
	entry->chain = *home;
	*home = entry;
	if (!shard->hand)
		shard->hand = entry->older = entry->newer = entry;
	entry->newer = shard->hand;
	entry->older = shard->hand->older;
	entry->older->newer = entry;
	shard->hand->older = entry;
	shard->size += size;
	shard->entry_count++;
}

static struct as_dns_waiter *turn_round(struct as_dns_waiter *waiters)
{
	struct as_dns_waiter *turned = NULL;
	while (waiters) {
		struct as_dns_waiter *next = waiters->next;
		waiters->next = turned;
		turned = waiters;
		waiters = next;
	}
	return turned;
}

struct as_dns_waiter *as_dns_cache_settle(struct as_dns_cache *cache, struct as_dns_question *question, const struct as_dns_answer *answer,
					  int64_t now_ms, int64_t ttl_ms)
{
	struct shard *shard = &cache->shards[question->hash % SHARDS];
	pthread_mutex_lock(&shard->lock);
	if (ttl_ms > 0 && cache->shard_bytes > 0)
		keep(shard, cache->shard_bytes, question->hash, answer, now_ms + ttl_ms);
	struct as_dns_question **link = &shard->questions;
	while (*link != question)
		link = &(*link)->next;
	*link = question->next;
	struct entry *dropped = shard->dropped;
	shard->dropped = NULL;
	pthread_mutex_unlock(&shard->lock);
	free_dropped(dropped);
	struct as_dns_waiter *waiters = turn_round(question->waiters);
	free(question);
	return waiters;
}

void as_dns_cache_measure(struct as_dns_cache *cache, size_t *entries, size_t *bytes)
{
	*entries = *bytes = 0;
	for (size_t i = 0; i < SHARDS; i++) {
		struct shard *shard = &cache->shards[i];
		pthread_mutex_lock(&shard->lock);
		*entries += shard->entry_count;
		*bytes += shard->size;
		pthread_mutex_unlock(&shard->lock);
	}
}
