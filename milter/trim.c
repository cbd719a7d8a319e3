/* SPDX-License-Identifier: BSD-2-Clause */
/* trim.c - malloc_trim() of glibc, some seconds after the end of a burst: lookups that nobody waits for any more are still under way. */
#include "config.h"

#include "trim.h"

#include "arena.h"
#include "clock.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#ifdef HAVE_MALLOC_TRIM
#include <malloc.h>
#else
#define malloc_trim(pad) ((void)(pad))
#define mallopt(option, value) ((void)(value))
#endif

enum { LATER_S = 10, ARENAS_PER_CPU = 2 };

struct as_trimmer {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t has_news;
	struct as_burst burst;
	bool is_due;
	bool is_ending;
};

void as_trim_prepare(void)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	(void)mallopt(M_ARENA_MAX, ARENAS_PER_CPU * (cpus > 0 ? (int)cpus : 1)); /* else it stays as it is */
}

void as_burst_open(struct as_burst *burst)
{
	burst->open++;
	burst->most = burst->open > burst->most ? burst->open : burst->most;
}

bool as_burst_close(struct as_burst *burst)
{
	burst->open--;
	if (burst->most < AS_TRIM_BURST || burst->open > burst->most / AS_TRIM_SHARE)
		return false;
	burst->most = burst->open;
	return true;
}

static void wait_until_later(struct as_trimmer *t)
{
	struct timespec until = as_clock_until(LATER_S * 1000);
	while (!t->is_ending && pthread_cond_timedwait(&t->has_news, &t->lock, &until) == 0)
		;
}

static void *run(void *user)
{
	struct as_trimmer *t = user;
	pthread_mutex_lock(&t->lock);
	while (!t->is_ending) {
		if (!t->is_due) {
			pthread_cond_wait(&t->has_news, &t->lock);
			continue;
		}
		wait_until_later(t);
		t->is_due = false;
		pthread_mutex_unlock(&t->lock);
		(void)malloc_trim(0); /* whether there was anything to give back */
		pthread_mutex_lock(&t->lock);
	}
	pthread_mutex_unlock(&t->lock);
	return NULL;
}

static void release(struct as_trimmer *t)
{
	pthread_cond_destroy(&t->has_news);
	pthread_mutex_destroy(&t->lock);
	free(t);
}

struct as_trimmer *as_trimmer_new(void)
{
	struct as_trimmer *t = as_xalloc(sizeof *t);
	pthread_mutex_init(&t->lock, NULL);
	pthread_condattr_t attributes;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&t->has_news, &attributes);
	pthread_condattr_destroy(&attributes);
	if (pthread_create(&t->thread, NULL, run, t) == 0)
		return t;
	release(t);
	return NULL;
}

void as_trimmer_free(struct as_trimmer *t)
{
	pthread_mutex_lock(&t->lock);
	t->is_ending = true;
	pthread_cond_signal(&t->has_news);
	pthread_mutex_unlock(&t->lock);
	pthread_join(t->thread, NULL);
	release(t);
}

void as_trimmer_open(struct as_trimmer *t)
{
	pthread_mutex_lock(&t->lock);
	as_burst_open(&t->burst);
	pthread_mutex_unlock(&t->lock);
}

void as_trimmer_close(struct as_trimmer *t)
{
	pthread_mutex_lock(&t->lock);
	if (as_burst_close(&t->burst)) {
		t->is_due = true;
		pthread_cond_signal(&t->has_news);
	}
	pthread_mutex_unlock(&t->lock);
}
