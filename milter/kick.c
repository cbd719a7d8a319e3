/* SPDX-License-Identifier: BSD-2-Clause */
/* kick.c - connect and close. */
#include "config.h"

#include "kick.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

struct as_kicker {
	struct sockaddr_storage address;
	socklen_t address_length;
	pthread_mutex_t lock;
	pthread_cond_t has_news;
	unsigned waiting;
	bool is_ending;
	pthread_t thread;
};

void as_kick(const struct as_kicker *kicker)
{
	int fd = socket(kicker->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	(void)!connect(fd, (const struct sockaddr *)&kicker->address, kicker->address_length); /* a full backlog kicks as well */
	close(fd);
}

/* Sleeps while nobody waits. False: the end. */
static bool somebody_waits(struct as_kicker *kicker)
{
	pthread_mutex_lock(&kicker->lock);
	while (!kicker->waiting && !kicker->is_ending)
		pthread_cond_wait(&kicker->has_news, &kicker->lock);
	bool is_ending = kicker->is_ending;
	pthread_mutex_unlock(&kicker->lock);
	return !is_ending;
}

static void *run(void *user)
{
	struct as_kicker *kicker = user;
	const struct timespec pause = { .tv_nsec = 20 * 1000000L };
	while (somebody_waits(kicker)) {
		nanosleep(&pause, NULL);
		as_kick(kicker);
	}
	return NULL;
}

struct as_kicker *as_kicker_new(const struct as_socket *socket)
{
	struct as_kicker *kicker = as_xalloc(sizeof *kicker);
	kicker->address = socket->address;
	kicker->address_length = socket->address_length;
	pthread_mutex_init(&kicker->lock, NULL);
	pthread_cond_init(&kicker->has_news, NULL);
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
