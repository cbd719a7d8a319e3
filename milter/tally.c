/* SPDX-License-Identifier: BSD-2-Clause */
/* tally.c - a hash table that only grows: an entry becomes visible by one compare-and-swap and never moves. */
#include "config.h"

#include "tally.h"

#include "rule.h"

#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 4096 };

struct as_tally {
	atomic_size_t count;
	struct as_tally_entry *_Atomic buckets[BUCKETS];
};

struct as_tally *as_tally_new(void)
{
	return as_xalloc(sizeof(struct as_tally));
}

void as_tally_free(struct as_tally *tally)
{
	for (size_t i = 0; tally && i < BUCKETS; i++) {
		struct as_tally_entry *entry = atomic_load(&tally->buckets[i]);
		while (entry) {
			struct as_tally_entry *next = entry->next;
			free(entry);
			entry = next;
		}
	}
	free(tally);
}

static struct as_tally_entry *find(struct as_tally_entry *entry, const char *name, uint64_t fingerprint)
{
	while (entry && (entry->fingerprint != fingerprint || strcmp(entry->name, name) != 0))
		entry = entry->next;
	return entry;
}

static struct as_tally_entry *entry_new(const char *name, uint64_t fingerprint)
{
	size_t size = strlen(name) + 1;
	struct as_tally_entry *entry = as_xalloc(sizeof *entry + size);
	entry->fingerprint = fingerprint;
	memcpy(entry->name, name, size);
	return entry;
}

struct as_tally_entry *as_tally_get(struct as_tally *tally, const char *name, uint64_t fingerprint)
{
	struct as_tally_entry *_Atomic *bucket = &tally->buckets[as_rule_hash(name) % BUCKETS];
	struct as_tally_entry *first = atomic_load_explicit(bucket, memory_order_acquire), *entry = find(first, name, fingerprint);
	if (entry)
		return entry;
	if (atomic_fetch_add(&tally->count, 1) >= AS_TALLY_MAX && strcmp(name, AS_TALLY_OTHER) != 0) {
		atomic_fetch_sub(&tally->count, 1);
		return as_tally_get(tally, AS_TALLY_OTHER, 0);
	}
	entry = entry_new(name, fingerprint);
	do {
		struct as_tally_entry *other = find(first, name, fingerprint);
		if (other) { /* another thread was faster */
			free(entry);
			atomic_fetch_sub(&tally->count, 1);
			return other;
		}
		entry->next = first;
	} while (!atomic_compare_exchange_weak_explicit(bucket, &first, entry, memory_order_release, memory_order_acquire));
	return entry;
}

void as_tally_hit(struct as_tally_entry *entry, int64_t now_s)
{
	long long last_s = atomic_load_explicit(&entry->last_s, memory_order_relaxed);
	atomic_fetch_add_explicit(&entry->hits, 1, memory_order_relaxed);
	while (now_s > last_s && !atomic_compare_exchange_weak_explicit(&entry->last_s, &last_s, now_s, memory_order_relaxed,
									memory_order_relaxed))
		;
}

uint64_t as_tally_hits(const struct as_tally *tally, const char *name)
{
	uint64_t hits = 0;
	const struct as_tally_entry *entry = atomic_load_explicit(&tally->buckets[as_rule_hash(name) % BUCKETS], memory_order_acquire);
	for (; entry; entry = entry->next)
		if (strcmp(entry->name, name) == 0)
			hits += atomic_load_explicit(&entry->hits, memory_order_relaxed);
	return hits;
}

static int compare(const void *a, const void *b)
{
	return strcmp((*(struct as_tally_entry *const *)a)->name, (*(struct as_tally_entry *const *)b)->name);
}

struct as_tally_entry **as_tally_list(struct as_arena *arena, const struct as_tally *tally, size_t *count)
{
	size_t room = atomic_load(&tally->count), n = 0; /* what comes meanwhile is left out */
	struct as_tally_entry **list = as_alloc_array(arena, room, sizeof(struct as_tally_entry *));
	for (size_t i = 0; i < BUCKETS; i++) {
		struct as_tally_entry *entry = atomic_load_explicit(&tally->buckets[i], memory_order_acquire);
		for (; entry && n < room; entry = entry->next)
			if (!entry->fingerprint)
				list[n++] = entry;
	}
	qsort(list, n, sizeof *list, compare);
	*count = n;
	return list;
}
