/* SPDX-License-Identifier: BSD-2-Clause */
/* queue.c - jobs in a list, one lock, one thread. What the jobs are about belongs to the thread. */
#include "config.h"

#include "queue.h"

#include "arena.h"

#include <pthread.h>
#include <stdlib.h>

struct as_queue {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct as_queue_job *first, **last;
	size_t waiting, most; /* cost of the jobs in the list */
	uint64_t dropped;
	bool is_stopping;
	bool (*work)(void *user, const struct as_queue_job *job, uint64_t dropped);
	void *user;
};

/* The next job and what was dropped before; NULL: there will be none. */
static struct as_queue_job *take(struct as_queue *q, uint64_t *dropped)
{
	pthread_mutex_lock(&q->lock);
	while (!q->first && !q->is_stopping)
		pthread_cond_wait(&q->changed, &q->lock);
	struct as_queue_job *job = q->first;
	if (job) {
		q->first = job->next;
		q->last = q->first ? q->last : &q->first;
		q->waiting -= job->cost;
	}
	*dropped = q->dropped;
	pthread_mutex_unlock(&q->lock);
	return job;
}

static void settle(struct as_queue *q, bool is_done, uint64_t dropped)
{
	pthread_mutex_lock(&q->lock);
	q->dropped = is_done ? q->dropped - dropped : q->dropped + 1;
	pthread_mutex_unlock(&q->lock);
}

static void *run(void *user)
{
	struct as_queue *q = user;
	uint64_t dropped;
	for (struct as_queue_job *job; (job = take(q, &dropped));) {
		settle(q, q->work(q->user, job, dropped), dropped);
		free(job);
	}
	return NULL;
}

static void release(struct as_queue *q)
{
	pthread_cond_destroy(&q->changed);
	pthread_mutex_destroy(&q->lock);
	free(q);
}

struct as_queue *as_queue_new(size_t most_bytes, bool (*work)(void *user, const struct as_queue_job *job, uint64_t dropped), void *user)
{
	struct as_queue *q = as_xalloc(sizeof *q);
	pthread_mutex_init(&q->lock, NULL);
	pthread_cond_init(&q->changed, NULL);
	q->last = &q->first;
	q->most = most_bytes;
	q->work = work;
	q->user = user;
	if (pthread_create(&q->thread, NULL, run, q) == 0)
		return q;
	release(q);
	return NULL;
}

void as_queue_free(struct as_queue *q)
{
	if (!q)
		return;
	pthread_mutex_lock(&q->lock);
	q->is_stopping = true;
	pthread_cond_signal(&q->changed);
	pthread_mutex_unlock(&q->lock);
	pthread_join(q->thread, NULL);
	release(q);
}

void as_queue_put(struct as_queue *q, struct as_queue_job *job)
{
	job->next = NULL;
	pthread_mutex_lock(&q->lock);
	bool fits = !q->is_stopping && (!q->first || (q->waiting <= q->most && job->cost <= q->most - q->waiting));
	if (fits) {
		*q->last = job;
		q->last = &job->next;
		q->waiting += job->cost;
		pthread_cond_signal(&q->changed);
	} else {
		q->dropped++;
	}
	pthread_mutex_unlock(&q->lock);
	if (!fits)
		free(job);
}
