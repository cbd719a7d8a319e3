/* SPDX-License-Identifier: BSD-2-Clause */
/* queue.c - jobs in a list, one lock, one thread. What the jobs are about belongs to the thread. */
#include "config.h"

#include "queue.h"

#include "arena.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct as_queue {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct as_queue_job *first, **last;
	size_t waiting;   /* cost of the jobs in the list */
	uint64_t dropped; /* or not done, since one was done */
	uint64_t lost;    /* the same, ever */
	bool is_stopping;
	struct as_queue_purpose purpose;
	bool has_complained; /* the thread's own */
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
	q->lost += !is_done;
	pthread_mutex_unlock(&q->lock);
}

/* One warning when it stops, one when it works again. */
static void report(struct as_queue *q, const struct as_queue_job *job, bool is_done, uint64_t dropped)
{
	const struct as_queue_purpose *p = &q->purpose;
	if (!is_done && !q->has_complained)
		as_log(p->log, AS_LOG_WARNING, NULL, "%s cannot be written to %s, they are dropped: %s", p->what, job->path,
		       strerror(errno));
	if (is_done && dropped)
		as_log(p->log, AS_LOG_WARNING, NULL, "%s are written again; dropped: %llu", p->what, (unsigned long long)dropped);
	q->has_complained = !is_done;
}

static void *run(void *user)
{
	struct as_queue *q = user;
	uint64_t dropped;
	for (struct as_queue_job *job; (job = take(q, &dropped));) {
		bool is_done = q->purpose.work(q->purpose.user, job);
		int error = errno;
		settle(q, is_done, dropped);
		errno = error;
		report(q, job, is_done, dropped);
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

struct as_queue *as_queue_new(const struct as_queue_purpose *purpose)
{
	struct as_queue *q = as_xalloc(sizeof *q);
	pthread_mutex_init(&q->lock, NULL);
	pthread_cond_init(&q->changed, NULL);
	q->last = &q->first;
	q->purpose = *purpose;
	if (pthread_create(&q->thread, NULL, run, q) == 0)
		return q;
	release(q);
	return NULL;
}

void as_queue_finish(struct as_queue *q)
{
	pthread_mutex_lock(&q->lock);
	q->is_stopping = true;
	pthread_cond_signal(&q->changed);
	pthread_mutex_unlock(&q->lock);
	pthread_join(q->thread, NULL);
}

void as_queue_free(struct as_queue *q)
{
	if (!q)
		return;
	as_queue_finish(q);
	release(q);
}

void as_queue_put(struct as_queue *q, struct as_queue_job *job)
{
	size_t most = q->purpose.most_bytes;
	job->next = NULL;
	pthread_mutex_lock(&q->lock);
	bool fits = !q->is_stopping && (!q->first || (q->waiting <= most && job->cost <= most - q->waiting));
	if (fits) {
		*q->last = job;
		q->last = &job->next;
		q->waiting += job->cost;
		pthread_cond_signal(&q->changed);
	} else {
		q->dropped++;
		q->lost++;
	}
	pthread_mutex_unlock(&q->lock);
	if (!fits)
		free(job);
}

uint64_t as_queue_lost(struct as_queue *q)
{
	pthread_mutex_lock(&q->lock);
	uint64_t lost = q->lost;
	pthread_mutex_unlock(&q->lock);
	return lost;
}
