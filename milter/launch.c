/* SPDX-License-Identifier: BSD-2-Clause */
/* launch.c - tries again to make threads that could not be made.
 *
 * libmilter makes a thread for a connection with something to read when no other is idle. When it gets none it says so and forgets
 * the connection: nobody reads from it or closes it any more, and our own kicks (kick.h) are such connections, too. So libmilter is
 * not told: what its thread was for waits here for memory, or for other threads to end. libmilter never looks at the name of a thread
 * that it has made.
 *
 * A function of the program stands before the C library's of the same name, for shared libraries as well.
 */
#include "config.h"

#include "launch.h"

#include "clock.h"
#include "heap.h"
#include "logger.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

enum { WAITING_MOST = 4096, AGAIN_MS = 50 };

struct work {
	void *(*run)(void *user);
	void *user;
};

typedef int create_function(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *user);

/* Where clang links a sanitizer's runtime into the program, this is its own. */
extern create_function __interceptor_pthread_create __attribute__((weak));

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	pthread_t thread, first_thread;
	bool is_open;
	struct work waiting[WAITING_MOST]; /* a ring */
	size_t first, count;
} launcher = { .lock = PTHREAD_MUTEX_INITIALIZER };

static create_function *find_create(void)
{
	static atomic_uintptr_t known;
	if (__interceptor_pthread_create)
		return __interceptor_pthread_create;
	if (!atomic_load(&known))
		atomic_store(&known, (uintptr_t)dlsym(RTLD_NEXT, "pthread_create"));
	return (create_function *)atomic_load(&known);
}

/* Lock held. */
static void forget_first(void)
{
	launcher.first = (launcher.first + 1) % WAITING_MOST;
	launcher.count--;
}

/* As many as can be made now. Lock held: what is made now is not forgotten at the same time. */
static bool make_waiting(void)
{
	while (launcher.count) {
		pthread_t thread;
		const struct work *work = &launcher.waiting[launcher.first];
		if (find_create()(&thread, NULL, work->run, work->user) != 0)
			return false;
		forget_first();
	}
	return true;
}

/* Lock held. */
static void pause_once(void)
{
	struct timespec until = as_clock_until(AGAIN_MS);
	while (launcher.is_open && pthread_cond_timedwait(&launcher.changed, &launcher.lock, &until) == 0)
		continue;
}

static void say(const char *line)
{
	pthread_mutex_unlock(&launcher.lock);
	as_logger_library(AS_LOG_WARNING, line);
	pthread_mutex_lock(&launcher.lock);
}

static void *launch(void *user)
{
	(void)user;
	bool has_complained = false;
	pthread_mutex_lock(&launcher.lock);
	while (launcher.is_open) {
		bool is_done = make_waiting();
		if (is_done == has_complained)
			say(is_done ? "connections that waited for threads are served"
				    : "the system refuses threads, connections wait for them");
		has_complained = !is_done;
		if (!is_done)
			pause_once();
		else if (launcher.is_open && !launcher.count)
			pthread_cond_wait(&launcher.changed, &launcher.lock);
	}
	pthread_mutex_unlock(&launcher.lock);
	return NULL;
}

static bool put_off(void *(*run)(void *user), void *user)
{
	pthread_mutex_lock(&launcher.lock);
	bool is_taken = launcher.is_open && launcher.count < WAITING_MOST && !pthread_equal(pthread_self(), launcher.first_thread);
	if (is_taken) {
		launcher.waiting[(launcher.first + launcher.count++) % WAITING_MOST] = (struct work){ run, user };
		pthread_cond_signal(&launcher.changed);
	}
	pthread_mutex_unlock(&launcher.lock);
	return is_taken;
}

/* Where there is none for a thread there may be none for a message: new ones are looked at. */
int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *user), void *user)
{
	int error = find_create()(thread, attributes, run, user);
	if (error != EAGAIN || !put_off(run, user))
		return error;
	as_heap_suspect();
	return 0;
}

bool as_launcher_start(void)
{
	pthread_condattr_t attributes;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&launcher.changed, &attributes);
	pthread_condattr_destroy(&attributes);
	launcher.first_thread = pthread_self();
	launcher.is_open = true;
	if (pthread_create(&launcher.thread, NULL, launch, NULL) == 0)
		return true;
	launcher.is_open = false;
	return false;
}

void as_launcher_stop(void)
{
	pthread_mutex_lock(&launcher.lock);
	bool was_open = launcher.is_open;
	launcher.is_open = false;
	launcher.count = 0;
	pthread_cond_signal(&launcher.changed);
	pthread_mutex_unlock(&launcher.lock);
	if (was_open)
		pthread_join(launcher.thread, NULL);
}

bool as_launcher_has_waiting(void)
{
	pthread_mutex_lock(&launcher.lock);
	bool has = launcher.count > 0;
	pthread_mutex_unlock(&launcher.lock);
	return has;
}
