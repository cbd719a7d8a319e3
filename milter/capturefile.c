/* SPDX-License-Identifier: BSD-2-Clause */
/* capturefile.c - captures into a folder.
 *
 * A file is written under a name that nobody can foresee and then renamed: what ends in ".capture" is whole. The names sort by time. All is
 * done relative to the open folder, which nobody else may write to or read.
 */
#include "config.h"

#include "capturefile.h"

#include "arena.h"
#include "queue.h"
#include "str.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define ENDING ".capture"
#define UNFINISHED ".unfinished"

enum { WAITING_MAX = 64 << 20, NAME_ROOM = 128, ID_MAX = 32, PATH_ROOM = 4096 };

struct job {
	struct as_queue_job head;
	int64_t most_files;
	char name[NAME_ROOM]; /* without ENDING */
	size_t size;
	char content[];
};

/* All but the queue is its thread's own. */
struct as_capturefile {
	struct as_queue *queue;
	int fd; /* of the folder; -1: closed */
	char folder[PATH_ROOM];
	int64_t count; /* files in it */
};

static bool ends_in(const char *name, const char *ending)
{
	size_t n = strlen(name), m = strlen(ending);
	return n > m && strcmp(name + n - m, ending) == 0;
}

static int is_capture(const struct dirent *entry)
{
	return *entry->d_name != '.' && ends_in(entry->d_name, ENDING);
}

/* Ours alone are files of these endings; what a killed process left unfinished goes. */
static int is_unfinished(const struct dirent *entry)
{
	return *entry->d_name != '.' && ends_in(entry->d_name, UNFINISHED);
}

/* Removes the first of the folder's files, sorted by name, until `most` of them are left. The number left; negative: errno. */
static int64_t thin_out(int fd, int (*filter)(const struct dirent *entry), int64_t most)
{
	struct dirent **entries;
	int n = scandirat(fd, ".", &entries, filter, alphasort);
	int64_t left = n;
	for (int i = 0; i < n; i++) {
		if (left > most && (unlinkat(fd, entries[i]->d_name, 0) == 0 || errno == ENOENT))
			left--;
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	return left;
}

static void shut(struct as_capturefile *f)
{
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
}

static bool is_private(int fd)
{
	struct stat status;
	if (fstat(fd, &status) != 0)
		return false;
	errno = EACCES;
	return status.st_uid == geteuid() && (status.st_mode & 077) == 0;
}

static bool is_same(int fd, const char *folder)
{
	struct stat ours, there;
	return fstat(fd, &ours) == 0 && stat(folder, &there) == 0 && ours.st_ino == there.st_ino && ours.st_dev == there.st_dev;
}

static bool open_folder(struct as_capturefile *f, const char *folder, int64_t most)
{
	if (f->fd >= 0 && strcmp(f->folder, folder) == 0 && is_same(f->fd, folder))
		return true;
	shut(f);
	size_t n = strlen(folder);
	if (n >= sizeof f->folder) {
		errno = ENAMETOOLONG;
		return false;
	}
	memcpy(f->folder, folder, n + 1);
	(void)mkdir(folder, 0700); /* open() says what is wrong */
	f->fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (f->fd < 0)
		return false;
	if (is_private(f->fd) && thin_out(f->fd, is_unfinished, 0) >= 0) {
		f->count = thin_out(f->fd, is_capture, most);
		if (f->count >= 0)
			return true;
	}
	int saved = errno;
	shut(f);
	errno = saved;
	return false;
}

static bool write_all(int fd, const char *bytes, size_t n)
{
	while (n > 0) {
		ssize_t written = write(fd, bytes, n);
		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return false;
		bytes += written;
		n -= (size_t)written;
	}
	return true;
}

static bool write_file(struct as_capturefile *f, const struct job *job)
{
	char unfinished[NAME_ROOM + sizeof UNFINISHED], name[NAME_ROOM + sizeof ENDING];
	snprintf(unfinished, sizeof unfinished, "%s" UNFINISHED, job->name);
	snprintf(name, sizeof name, "%s" ENDING, job->name);
	int fd = openat(f->fd, unfinished, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return false;
	bool is_written = write_all(fd, job->content, job->size);
	int saved = errno;
	is_written = close(fd) == 0 && is_written;
	if (is_written && renameat(f->fd, unfinished, f->fd, name) == 0)
		return true;
	saved = is_written ? errno : saved;
	(void)unlinkat(f->fd, unfinished, 0);
	errno = saved;
	return false;
}

static bool keep(struct as_capturefile *f, const struct job *job)
{
	if (!open_folder(f, job->head.path, job->most_files))
		return false;
	if (f->count >= job->most_files) /* some at once, so that a full folder is not read for every message */
		f->count = thin_out(f->fd, is_capture, job->most_files - job->most_files / 16 - 1);
	if (f->count < 0 || f->count >= job->most_files || !write_file(f, job))
		return false;
	f->count++;
	return true;
}

static bool work(void *user, const struct as_queue_job *head)
{
	return keep(user, (const struct job *)head);
}

struct as_capturefile *as_capturefile_new(const struct as_log *log)
{
	struct as_capturefile *f = as_xalloc(sizeof *f);
	f->fd = -1;
	f->queue = as_queue_new(&(struct as_queue_purpose){
		.what = "captures", .most_bytes = WAITING_MAX, .work = work, .user = f, .log = log });
	if (f->queue)
		return f;
	free(f);
	return NULL;
}

void as_capturefile_finish(struct as_capturefile *f)
{
	as_queue_finish(f->queue);
}

void as_capturefile_free(struct as_capturefile *f)
{
	if (!f)
		return;
	as_queue_free(f->queue);
	shut(f);
	free(f);
}

/* 20270115T080000Z-4XyZ-0123456789abcdef: of the id only what a file name may hold. */
static void make_name(char name[NAME_ROOM], int64_t time_s, const char *id)
{
	char stamp[32] = "0", plain[ID_MAX + 1] = "";
	uint64_t random = 0;
	struct tm parts;
	time_t seconds = (time_t)time_s;
	if (gmtime_r(&seconds, &parts))
		strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%SZ", &parts);
	for (size_t n = 0; id && *id && n < ID_MAX; id++)
		if (as_is_alnum(*id))
			plain[n++] = *id;
	if (getrandom(&random, sizeof random, 0) != sizeof random)
		random = (uint64_t)time_s; /* O_EXCL refuses a name that is there */
	snprintf(name, NAME_ROOM, "%s-%s-%016llx", stamp, *plain ? plain : "0", (unsigned long long)random);
}

void as_capturefile_put(struct as_capturefile *f, const char *folder, int64_t most_files, int64_t time_s, const char *id,
			const char *content, size_t size)
{
	size_t folder_size = strlen(folder) + 1, cost = sizeof(struct job) + size + folder_size;
	struct job *job = as_xalloc(cost);
	job->head.cost = cost;
	job->most_files = most_files;
	job->size = size;
	make_name(job->name, time_s, id);
	memcpy(job->content, content, size);
	job->head.path = memcpy(job->content + size, folder, folder_size);
	as_queue_put(f->queue, &job->head);
}

uint64_t as_capturefile_lost(const struct as_capturefile *f)
{
	return as_queue_lost(f->queue);
}
