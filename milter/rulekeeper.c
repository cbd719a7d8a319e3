/* SPDX-License-Identifier: BSD-2-Clause */
/* rulekeeper.c - records of rules, and the file that they come from and go to.
 *
 * The file is replaced by renaming, so that a reader, and a start after a crash, sees the old or the new one and nothing else.
 */
#include "config.h"

#include "rulekeeper.h"

#include "queue.h"
#include "rule.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WAITING_MAX = 2 * AS_RULE_STATS_FILE_MAX };

struct record {
	struct as_rule_stat before; /* first, for comparing; without what the entry has counted beyond `counted` */
	const struct as_tally_entry *entry; /* NULL: the tally is full */
	unsigned long long counted;
};

struct as_rulekeeper {
	const struct as_log *log;
	struct as_tally *tally;
	struct as_queue *queue;
	pthread_mutex_t lock; /* of the next three, which one thread changes */
	struct as_arena *arena;
	struct record *records; /* by name and fingerprint */
	size_t count;
	/* of that thread */
	char *path, *written; /* the text that was handed to the queue last; NULL: none */
	uint64_t lost;        /* by the queue, when that was */
};

struct job {
	struct as_queue_job head;
	size_t size;
	char text[];
};

/* --- the queue's thread --------------------------------------------------------------------------------------------- */

static bool write_all(int fd, const char *text, size_t size)
{
	while (size) {
		ssize_t n = write(fd, text, size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		text += n;
		size -= (size_t)n;
	}
	return fsync(fd) == 0;
}

static bool replace(const char *path, const char *text, size_t size)
{
	char *new = as_xalloc(strlen(path) + sizeof ".new");
	memcpy(new, path, strlen(path));
	memcpy(new + strlen(path), ".new", sizeof ".new");
	(void)unlink(new); /* of a crash */
	int fd = open(new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640), error = 0;
	if (fd < 0) {
		error = errno;
	} else {
		if (!write_all(fd, text, size))
			error = errno;
		close(fd);
		if (!error && rename(new, path) != 0)
			error = errno;
		if (error)
			(void)unlink(new);
	}
	free(new);
	errno = error;
	return !error;
}

static bool work(void *user, const struct as_queue_job *head)
{
	const struct job *job = (const struct job *)head;
	(void)user;
	return replace(head->path, job->text, job->size);
}

/* --- records -------------------------------------------------------------------------------------------------------- */

static struct as_rule_stat present(const struct record *record)
{
	struct as_rule_stat stat = record->before;
	if (!record->entry)
		return stat;
	int64_t last_s = atomic_load(&record->entry->last_s);
	unsigned long long hits = atomic_load(&record->entry->hits) - record->counted;
	stat.hits += hits;
	if (hits && last_s > stat.last_s)
		stat.last_s = last_s;
	return stat;
}

struct as_rule_stats as_rulekeeper_look(struct as_arena *arena, struct as_rulekeeper *k)
{
	pthread_mutex_lock(&k->lock);
	struct as_rule_stats stats = { .count = k->count, .list = as_alloc_array(arena, k->count, sizeof *stats.list) };
	for (size_t i = 0; i < k->count; i++) {
		stats.list[i] = present(&k->records[i]);
		stats.list[i].name = as_strdup(arena, stats.list[i].name);
	}
	pthread_mutex_unlock(&k->lock);
	return stats;
}

/* What the file knows; nothing when it cannot be read, and the log says so unless it is just not there yet. */
static struct as_rule_stats load(const struct as_rulekeeper *k, struct as_arena *arena)
{
	struct as_rule_stats stats;
	const char *detail = NULL;
	errno = 0;
	enum as_err err = as_rule_stats_load(arena, k->path, &stats, &detail);
	if (err && !(err == AS_ERR_SYSTEM && errno == ENOENT))
		as_log(k->log, AS_LOG_WARNING, NULL, "rule statistics: %s; rules that it does not tell of count anew", detail);
	return stats;
}

/* What there is already goes on: a message may count at this moment. */
static struct record record_of(const struct as_rulekeeper *k, const struct as_rule *rule, const struct as_rule_stats *stored,
			       int64_t now_s)
{
	const struct as_rule_stat fresh = { .name = rule->name, .fingerprint = rule->fingerprint, .since_s = now_s };
	const struct record *known = k->count ? bsearch(&fresh, k->records, k->count, sizeof *k->records, as_rule_stat_compare) : NULL;
	if (known)
		return *known;
	const struct as_rule_stat *before = as_rule_stats_find(stored, rule->name, rule->fingerprint);
	const struct as_tally_entry *entry = as_tally_get(k->tally, rule->name, rule->fingerprint);
	if (entry->fingerprint != rule->fingerprint)
		return (struct record){ .before = before ? *before : fresh };
	return (struct record){ .before = before ? *before : fresh, .entry = entry, .counted = atomic_load(&entry->hits) };
}

/* True: it is another file than before. */
static bool take_path(struct as_rulekeeper *k, const char *path)
{
	if (k->path && strcmp(k->path, path) == 0)
		return false;
	free(k->path);
	free(k->written);
	k->path = as_xstrdup(path);
	k->written = NULL;
	return true;
}

void as_rulekeeper_adopt(struct as_rulekeeper *k, const struct as_settings *settings, int64_t now_s)
{
	size_t count = settings->rules ? settings->rules->count : 0;
	struct as_arena *arena = as_arena_new(), *old = k->arena;
	struct as_rule_stats stored = { .count = 0 };
	struct record *records = as_alloc_array(arena, count, sizeof *records);
	if (take_path(k, settings->rule_statistics) && *k->path && count)
		stored = load(k, arena);
	for (size_t i = 0; i < count; i++) {
		records[i] = record_of(k, &settings->rules->list[i], &stored, now_s);
		records[i].before.name = as_strdup(arena, records[i].before.name);
	}
	if (count)
		qsort(records, count, sizeof *records, as_rule_stat_compare);
	pthread_mutex_lock(&k->lock);
	k->arena = arena;
	k->records = records;
	k->count = count;
	pthread_mutex_unlock(&k->lock);
	as_arena_free(old);
	as_rulekeeper_save(k);
}

static void put(struct as_rulekeeper *k, const char *text, size_t size)
{
	size_t path_size = strlen(k->path) + 1;
	struct job *job = as_xalloc(sizeof *job + size + path_size);
	job->head.cost = sizeof *job + size + path_size;
	job->size = size;
	memcpy(job->text, text, size);
	job->head.path = memcpy(job->text + size, k->path, path_size);
	as_queue_put(k->queue, &job->head);
}

void as_rulekeeper_save(struct as_rulekeeper *k)
{
	if (!k->path || !*k->path || (!k->count && !k->written))
		return;
	struct as_arena *arena = as_arena_new();
	struct as_buf text = as_buf_new(arena);
	struct as_rule_stats stats = as_rulekeeper_look(arena, k);
	as_rule_stats_print(&text, &stats);
	uint64_t lost = as_queue_lost(k->queue);
	if (!k->written || strcmp(k->written, text.text) != 0 || lost != k->lost) {
		put(k, text.text, text.length);
		free(k->written);
		k->written = as_xstrdup(text.text);
		k->lost = lost;
	}
	as_arena_free(arena);
}

struct as_rulekeeper *as_rulekeeper_new(const struct as_log *log, struct as_tally *tally)
{
	struct as_rulekeeper *k = as_xalloc(sizeof *k);
	k->log = log;
	k->tally = tally;
	k->arena = as_arena_new();
	pthread_mutex_init(&k->lock, NULL);
	k->queue = as_queue_new(&(struct as_queue_purpose){
		.what = "rule statistics", .most_bytes = WAITING_MAX, .work = work, .log = log });
	if (k->queue)
		return k;
	as_rulekeeper_free(k);
	return NULL;
}

void as_rulekeeper_free(struct as_rulekeeper *k)
{
	if (!k)
		return;
	if (k->queue)
		as_rulekeeper_save(k);
	as_queue_free(k->queue);
	pthread_mutex_destroy(&k->lock);
	as_arena_free(k->arena);
	free(k->path);
	free(k->written);
	free(k);
}
