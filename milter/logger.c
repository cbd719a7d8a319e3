/* SPDX-License-Identifier: BSD-2-Clause */
/* logger.c - one line to the system log, or to standard error with the "<N>" of sd-daemon(3) where the journal reads it. */
#include "config.h"

#include "logger.h"

#include "logsocket.h"
#include "table.h"

#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

struct target {
	bool is_stderr;
	bool is_journal;
	int facility;
};

static const struct as_name_code facilities[] = {
	{ "mail", LOG_MAIL }, { "daemon", LOG_DAEMON }, { "user", LOG_USER }, { "auth", LOG_AUTH },
	{ "authpriv", LOG_AUTHPRIV },
	{ "local0", LOG_LOCAL0 }, { "local1", LOG_LOCAL1 }, { "local2", LOG_LOCAL2 }, { "local3", LOG_LOCAL3 },
	{ "local4", LOG_LOCAL4 }, { "local5", LOG_LOCAL5 }, { "local6", LOG_LOCAL6 }, { "local7", LOG_LOCAL7 },
	{ NULL, 0 },
};

static const struct {
	int priority;
	const char *word; /* for people who read standard error */
} levels[] = {
	[AS_LOG_ERROR] = { LOG_ERR, "error: " },
	[AS_LOG_WARNING] = { LOG_WARNING, "warning: " },
	[AS_LOG_INFO] = { LOG_INFO, "" },
	[AS_LOG_DEBUG] = { LOG_DEBUG, "debug: " },
};

/* sd-daemon(3), JOURNAL_STREAM: device and inode of the stream that the journal reads. */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	struct stat st;
	if (!stream || fstat(STDERR_FILENO, &st) != 0)
		return false;
	char own[64];
	snprintf(own, sizeof own, "%llu:%llu", (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
	return strcmp(own, stream) == 0;
}

/* One for the process. */
static struct as_logsocket *system_log;

/* Of standard error, and of what libraries say. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned lost;
static uint64_t lost_ever;
static struct target latest_target;
static struct as_log latest;

/* A reader that has gone to sleep must not stop the mail: what cannot be written now is lost, and counted. PIPE_BUF is what a pipe that
 * is ready for writing takes without a wait. Lock held. */
static bool write_some(const char *text, size_t n)
{
	struct pollfd ready = { .fd = STDERR_FILENO, .events = POLLOUT };
	return poll(&ready, 1, 0) == 1 && ready.revents & POLLOUT && write(STDERR_FILENO, text, n) > 0;
}

static void write_stderr(const struct target *target, enum as_log_level level, const char *id, const char *colon, const char *line)
{
	char text[PIPE_BUF], complaint[96];
	int n = target->is_journal ? snprintf(text, sizeof text, "<%d>%s%s%s\n", levels[level].priority, id, colon, line)
				   : snprintf(text, sizeof text, "assayd: %s%s%s%s\n", levels[level].word, id, colon, line);
	if (n < 0)
		return;
	if ((size_t)n >= sizeof text) {
		n = sizeof text - 1;
		text[n - 1] = '\n';
	}
	pthread_mutex_lock(&lock);
	if (lost) {
		int size = snprintf(complaint, sizeof complaint, "%s%u lines of the log are lost, nobody read them\n",
				    target->is_journal ? "<4>" : "assayd: warning: ", lost);
		if (write_some(complaint, (size_t)size))
			lost = 0;
	}
	if (!write_some(text, (size_t)n)) {
		lost++;
		lost_ever++;
	}
	pthread_mutex_unlock(&lock);
}

static void write_line(void *user, enum as_log_level level, const char *id, const char *line)
{
	const struct target *target = user;
	if (target->is_stderr)
		write_stderr(target, level, id ? id : "", id ? ": " : "", line);
	else
		as_logsocket_put(system_log, target->facility | levels[level].priority, id, line);
}

const struct as_log *as_logger_new(struct as_arena *arena, const struct as_settings *settings, bool is_verbose)
{
	struct target *target = as_alloc(arena, sizeof *target);
	const char *facility = settings->log.facility;
	target->is_stderr = strcmp(settings->log.target, "stderr") == 0;
	target->is_journal = target->is_stderr && stderr_is_journal();
	target->facility = as_table_code(facilities, facility, strlen(facility), LOG_MAIL);
	struct as_log *log = as_alloc(arena, sizeof *log);
	log->level = is_verbose ? AS_LOG_DEBUG : settings->log.level;
	log->write = write_line;
	log->user = target;
	if (!system_log)
		system_log = as_logsocket_new(as_xstrdup(settings->log.socket), "assayd");
	pthread_mutex_lock(&lock);
	latest_target = *target;
	latest = *log;
	pthread_mutex_unlock(&lock);
	return log;
}

void as_logger_library(enum as_log_level level, const char *line)
{
	pthread_mutex_lock(&lock);
	struct target target = latest_target;
	struct as_log log = latest;
	pthread_mutex_unlock(&lock);
	log.user = &target;
	as_log(log.write ? &log : NULL, level, NULL, "%s", line);
}

bool as_logger_start(void)
{
	return as_logsocket_start(system_log);
}

void as_logger_stop(void)
{
	if (system_log)
		as_logsocket_stop(system_log);
}

uint64_t as_logger_lost(void)
{
	pthread_mutex_lock(&lock);
	uint64_t n = lost_ever;
	pthread_mutex_unlock(&lock);
	return n + (system_log ? as_logsocket_lost(system_log) : 0);
}

bool as_logger_is_stderr(const struct as_log *log)
{
	const struct target *target = log->user;
	return target->is_stderr;
}
