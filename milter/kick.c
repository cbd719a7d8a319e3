/* SPDX-License-Identifier: BSD-2-Clause */
/* kick.c - connect and close. */
#include "config.h"

#include "kick.h"

#include "clock.h"
#include "launch.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

enum { WAITING_MS = 20, OPEN_MS = 200 };

struct as_kicker {
	struct sockaddr_storage address;
	socklen_t address_length;
	pthread_mutex_t lock;
	pthread_cond_t has_news;
	unsigned waiting;
	unsigned open;
	bool is_ending;
	pthread_t thread;
};

void as_kick(const struct as_kicker *kicker)
{
	if (as_launcher_has_waiting())
		return;
	int fd = socket(kicker->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	(void)!connect(fd, (const struct sockaddr *)&kicker->address, kicker->address_length); /* a full backlog kicks as well */
	close(fd);
}

static void pause_for(struct as_kicker *kicker, long ms)
{
	struct timespec until = as_clock_until(ms);
	(void)pthread_cond_timedwait(&kicker->has_news, &kicker->lock, &until); /* woken early: one kick more */
}

static void *run(void *user)
{
	struct as_kicker *kicker = user;
	pthread_mutex_lock(&kicker->lock);
	while (!kicker->is_ending) {
		if (!kicker->waiting && !kicker->open) {
			pthread_cond_wait(&kicker->has_news, &kicker->lock);
			continue;
		}
		pause_for(kicker, kicker->waiting ? WAITING_MS : OPEN_MS);
		pthread_mutex_unlock(&kicker->lock);
		as_kick(kicker);
		pthread_mutex_lock(&kicker->lock);
	}
	pthread_mutex_unlock(&kicker->lock);
	return NULL;
}

struct as_kicker *as_kicker_new(const struct as_socket *socket)
{
	struct as_kicker *kicker = as_xalloc(sizeof *kicker);
	kicker->address = socket->address;
	kicker->address_length = socket->address_length;
	pthread_mutex_init(&kicker->lock, NULL);
	pthread_condattr_t attributes;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&kicker->has_news, &attributes);
	pthread_condattr_destroy(&attributes);
	if (pthread_create(&kicker->thread, NULL, run, kicker) == 0)
		return kicker;
	free(kicker);
	return NULL;
}

void as_kicker_free(struct as_kicker *kicker)
{
	pthread_mutex_lock(&kicker->lock);
	kicker->is_ending = true;
	pthread_cond_signal(&kicker->has_news);
	pthread_mutex_unlock(&kicker->lock);
	pthread_join(kicker->thread, NULL);
	pthread_cond_destroy(&kicker->has_news);
	pthread_mutex_destroy(&kicker->lock);
	free(kicker);
}

void as_kicker_wait_begin(struct as_kicker *kicker)
{
	pthread_mutex_lock(&kicker->lock);
	if (kicker->waiting++ == 0)
		pthread_cond_signal(&kicker->has_news);
	pthread_mutex_unlock(&kicker->lock);
	as_kick(kicker);
}

void as_kicker_wait_end(struct as_kicker *kicker)
{
	pthread_mutex_lock(&kicker->lock);
	kicker->waiting--;
	pthread_mutex_unlock(&kicker->lock);
}

void as_kicker_open(struct as_kicker *kicker)
{
	pthread_mutex_lock(&kicker->lock);
	if (kicker->open++ == 0)
		pthread_cond_signal(&kicker->has_news);
	pthread_mutex_unlock(&kicker->lock);
}

void as_kicker_close(struct as_kicker *kicker)
{
	pthread_mutex_lock(&kicker->lock);
	kicker->open--;
	pthread_mutex_unlock(&kicker->lock);
}
