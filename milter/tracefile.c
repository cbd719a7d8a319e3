/* SPDX-License-Identifier: BSD-2-Clause */
/* tracefile.c - a bounded queue and the thread that empties it into a file.
 *
 * Each line goes out in one write to a file opened for appending, so that a reader never sees half a line. A disk that is full, slow
 * or gone costs traces, never mail. The lock covers the queue alone; files belong to the thread.
 */
#include "config.h"

#include "tracefile.h"

#include "arena.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { PATH_ROOM = 4096, WAITING_MAX = 8 << 20 };

struct job {
	struct job *next;
	int64_t size;
	size_t cost;
	char *path; /* behind the line, in the same block */
	char line[];
};

struct as_tracefile {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct job *first, **last;
	size_t waiting; /* bytes in the queue */
	uint64_t dropped;
	bool is_stopping;

	/* the thread's own */
	const struct as_log *log;
	int fd; /* -1: closed */
	int64_t size;
	char path[PATH_ROOM];
	bool has_complained;
};

static void shut(struct as_tracefile *f)
{
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
}

static bool open_at(struct as_tracefile *f, const char *path)
{
	struct stat status;
	if (f->fd >= 0 && strcmp(f->path, path) == 0)
		return true;
	shut(f);
	if (strlen(path) >= sizeof f->path) {
		errno = ENAMETOOLONG;
		return false;
	}
	memcpy(f->path, path, strlen(path) + 1);
	f->fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (f->fd < 0 || fstat(f->fd, &status) != 0) {
		shut(f);
		return false;
	}
	f->size = status.st_size;
	return true;
}

static bool turn_over(struct as_tracefile *f)
{
	char old[PATH_ROOM + 2], path[PATH_ROOM];
	memcpy(path, f->path, sizeof path);
	snprintf(old, sizeof old, "%s.1", path);
	shut(f);
	return rename(path, old) == 0 && open_at(f, path);
}

static bool write_line(struct as_tracefile *f, const char *path, int64_t size, const char *line)
{
	size_t n = strlen(line);
	if (!open_at(f, path))
		return false;
	if (f->size > 0 && f->size + (int64_t)n + 1 > size / 2 && !turn_over(f))
		return false;
	char end[] = "\n";
	const struct iovec parts[] = { { .iov_base = (char *)line, .iov_len = n }, { .iov_base = end, .iov_len = 1 } };
	ssize_t written = writev(f->fd, parts, 2);
	if (written == (ssize_t)n + 1) {
		f->size += written;
		return true;
	}
	if (written > 0) { /* the disk is full: no half lines */
		if (ftruncate(f->fd, f->size) != 0)
			f->size += written;
		errno = ENOSPC;
	}
	return false;
}

/* One warning when writing stops, one when it works again. */
static void report(struct as_tracefile *f, bool is_written, uint64_t dropped)
{
	if (!is_written && !f->has_complained)
		as_log(f->log, AS_LOG_WARNING, NULL, "traces cannot be written to %s, they are dropped: %s", f->path, strerror(errno));
	if (is_written && dropped)
		as_log(f->log, AS_LOG_WARNING, NULL, "traces are written again; dropped: %llu", (unsigned long long)dropped);
	f->has_complained = !is_written;
}

static struct job *take(struct as_tracefile *f)
{
	pthread_mutex_lock(&f->lock);
	while (!f->first && !f->is_stopping)
		pthread_cond_wait(&f->changed, &f->lock);
	struct job *job = f->first;
	if (job) {
		f->first = job->next;
		f->last = f->first ? f->last : &f->first;
		f->waiting -= job->cost;
	}
	pthread_mutex_unlock(&f->lock);
	return job;
}

/* What was dropped so far: more is added, or with a line written again it starts from nothing. */
static uint64_t settle(struct as_tracefile *f, bool is_written)
{
	pthread_mutex_lock(&f->lock);
	uint64_t dropped = f->dropped;
	f->dropped = is_written ? 0 : dropped + 1;
	pthread_mutex_unlock(&f->lock);
	return dropped;
}

static void *run(void *user)
{
	struct as_tracefile *f = user;
	for (struct job *job; (job = take(f));) {
		bool is_written = write_line(f, job->path, job->size, job->line);
		report(f, is_written, settle(f, is_written));
		free(job);
	}
	return NULL;
}

struct as_tracefile *as_tracefile_new(const struct as_log *log)
{
	struct as_tracefile *f = as_xalloc(sizeof *f);
	pthread_mutex_init(&f->lock, NULL);
	pthread_cond_init(&f->changed, NULL);
	f->last = &f->first;
	f->log = log;
	f->fd = -1;
	if (pthread_create(&f->thread, NULL, run, f) == 0)
		return f;
	pthread_cond_destroy(&f->changed);
	pthread_mutex_destroy(&f->lock);
	free(f);
	return NULL;
}

void as_tracefile_free(struct as_tracefile *f)
{
	if (!f)
		return;
	pthread_mutex_lock(&f->lock);
	f->is_stopping = true;
	pthread_cond_signal(&f->changed);
	pthread_mutex_unlock(&f->lock);
	pthread_join(f->thread, NULL);
	shut(f);
	pthread_cond_destroy(&f->changed);
	pthread_mutex_destroy(&f->lock);
	free(f);
}

void as_tracefile_append(struct as_tracefile *f, const char *path, int64_t size, const char *line)
{
	size_t line_size = strlen(line) + 1, path_size = strlen(path) + 1;
	size_t cost = sizeof(struct job) + line_size + path_size;
	struct job *job = as_xalloc(cost);
	job->size = size;
	job->cost = cost;
	job->path = job->line + line_size;
	memcpy(job->line, line, line_size);
	memcpy(job->path, path, path_size);
	pthread_mutex_lock(&f->lock);
	bool fits = f->waiting + cost <= WAITING_MAX && !f->is_stopping;
	if (fits) {
		*f->last = job;
		f->last = &job->next;
		f->waiting += cost;
		pthread_cond_signal(&f->changed);
	} else {
		f->dropped++;
	}
	pthread_mutex_unlock(&f->lock);
	if (!fits)
		free(job);
}
