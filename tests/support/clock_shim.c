/* SPDX-License-Identifier: BSD-2-Clause */
/* clock_shim.c - loaded into assayd by tests: its clocks, as many seconds ahead of the system's as a file says that is mapped by both.
 *
 * AS_SHIM_CLOCK names the file: an int64_t for the clock of the wall, and one for the monotonic one.
 */
#define _GNU_SOURCE /* RTLD_NEXT */

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { WALL, MONOTONIC, CLOCKS };

static _Atomic int64_t *ahead; /* NULL: the clocks are the system's */

__attribute__((constructor)) static void open_shim(void)
{
	const char *path = getenv("AS_SHIM_CLOCK");
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void *pages = fd >= 0 ? mmap(NULL, CLOCKS * sizeof *ahead, PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;
	if (fd >= 0)
		close(fd);
	if (pages != MAP_FAILED)
		ahead = pages;
}

static int64_t ahead_s(int clock)
{
	return ahead ? atomic_load(&ahead[clock]) : 0;
}

int clock_gettime(clockid_t id, struct timespec *now)
{
	int failed = (int)syscall(SYS_clock_gettime, id, now);
	if (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)
		now->tv_sec += ahead_s(WALL);
	if (id == CLOCK_MONOTONIC || id == CLOCK_MONOTONIC_COARSE)
		now->tv_sec += ahead_s(MONOTONIC);
	return failed;
}

time_t time(time_t *copy)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	if (copy)
		*copy = now.tv_sec;
	return now.tv_sec;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
	struct timespec exact;
	(void)zone; /* there is none */
	clock_gettime(CLOCK_REALTIME, &exact);
	*now = (struct timeval){ exact.tv_sec, exact.tv_nsec / 1000 };
	return 0;
}

/* Waits end when they would by the clock of the caller. Which one that is, the number tells: nothing runs for thirty years. */
int pthread_cond_timedwait(pthread_cond_t *restrict changed, pthread_mutex_t *restrict lock, const struct timespec *restrict until)
{
	static int (*real)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
	struct timespec own = *until;
	own.tv_sec -= ahead_s(until->tv_sec > 1000000000 ? WALL : MONOTONIC);
	if (!real)
		real = (int (*)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *))dlsym(RTLD_NEXT, "pthread_cond_timedwait");
	return real(changed, lock, &own);
}
