/* SPDX-License-Identifier: BSD-2-Clause */
/* kick.c - connect and close. */
#include "config.h"

#include "kick.h"

#include <pthread.h>
#include <time.h>
#include <unistd.h>

struct as_kicker {
	struct sockaddr_storage address;
	socklen_t address_length;
	pthread_mutex_t lock;
	pthread_cond_t somebody_waits;
	unsigned waiting;
};

void as_kick(const struct as_kicker *kicker)
{
	int fd = socket(kicker->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	(void)!connect(fd, (const struct sockaddr *)&kicker->address, kicker->address_length); /* a full backlog kicks as well */
	close(fd);
}

static void *run(void *user)
{
	struct as_kicker *kicker = user;
	const struct timespec pause = { .tv_nsec = 20 * 1000000L };
	for (;;) {
		pthread_mutex_lock(&kicker->lock);
		while (!kicker->waiting)
			pthread_cond_wait(&kicker->somebody_waits, &kicker->lock);
		pthread_mutex_unlock(&kicker->lock);
		nanosleep(&pause, NULL);
		as_kick(kicker);
	}
	return NULL;
}

struct as_kicker *as_kicker_new(struct as_arena *arena, const struct as_socket *socket)
{
	struct as_kicker *kicker = as_alloc(arena, sizeof *kicker);
	pthread_t thread;
	kicker->address = socket->address;
	kicker->address_length = socket->address_length;
	pthread_mutex_init(&kicker->lock, NULL);
	pthread_cond_init(&kicker->somebody_waits, NULL);
	if (pthread_create(&thread, NULL, run, kicker) != 0)
		return NULL;
	pthread_detach(thread);
	return kicker;
}

void as_kicker_wait_begin(struct as_kicker *kicker)
{
	pthread_mutex_lock(&kicker->lock);
	if (kicker->waiting++ == 0)
		pthread_cond_signal(&kicker->somebody_waits);
	pthread_mutex_unlock(&kicker->lock);
	as_kick(kicker);
}

void as_kicker_wait_end(struct as_kicker *kicker)
{
	pthread_mutex_lock(&kicker->lock);
	kicker->waiting--;
	pthread_mutex_unlock(&kicker->lock);
}
