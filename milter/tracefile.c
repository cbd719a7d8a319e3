/* SPDX-License-Identifier: BSD-2-Clause */
/* tracefile.c - lines into a file.
 *
 * Each line goes out in one write to a file opened for appending, so that a reader never sees half a line. A disk that is full, slow
 * or gone costs traces, never mail.
 */
#include "config.h"

#include "tracefile.h"

#include "arena.h"
#include "queue.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { PATH_ROOM = 4096, WAITING_MAX = 8 << 20 };

struct job {
	struct as_queue_job head;
	int64_t size;
	char line[];
};

/* All but the queue is its thread's own. */
struct as_tracefile {
	struct as_queue *queue;
	int fd; /* -1: closed */
	int64_t size;
	char path[PATH_ROOM];
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

static bool work(void *user, const struct as_queue_job *head)
{
	const struct job *job = (const struct job *)head;
	return write_line(user, head->path, job->size, job->line);
}

struct as_tracefile *as_tracefile_new(const struct as_log *log)
{
	struct as_tracefile *f = as_xalloc(sizeof *f);
	f->fd = -1;
	f->queue = as_queue_new(&(struct as_queue_purpose){
		.what = "traces", .most_bytes = WAITING_MAX, .work = work, .user = f, .log = log });
	if (f->queue)
		return f;
	free(f);
	return NULL;
}

void as_tracefile_finish(struct as_tracefile *f)
{
	as_queue_finish(f->queue);
}

void as_tracefile_free(struct as_tracefile *f)
{
	if (!f)
		return;
	as_queue_free(f->queue);
	shut(f);
	free(f);
}

void as_tracefile_append(struct as_tracefile *f, const char *path, int64_t size, const char *line)
{
	size_t line_size = strlen(line) + 1, path_size = strlen(path) + 1;
	size_t cost = sizeof(struct job) + line_size + path_size;
	struct job *job = as_xalloc(cost);
	job->head.cost = cost;
	job->size = size;
	memcpy(job->line, line, line_size);
	job->head.path = memcpy(job->line + line_size, path, path_size);
	as_queue_put(f->queue, &job->head);
}

uint64_t as_tracefile_lost(const struct as_tracefile *f)
{
	return as_queue_lost(f->queue);
}
