/* SPDX-License-Identifier: BSD-2-Clause */
/* logger.c - one line to syslog(3), or to standard error with the "<N>" of sd-daemon(3) where the journal reads it. */
#include "config.h"

#include "logger.h"

#include "table.h"

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

static void write_line(void *user, enum as_log_level level, const char *id, const char *line)
{
	const struct target *target = user;
	const char *colon = id ? ": " : "";
	id = id ? id : "";
	if (!target->is_stderr) {
		syslog(target->facility | levels[level].priority, "%s%s%s", id, colon, line);
		return;
	}
	/* One call, so that the lines of different threads do not mix. */
	if (target->is_journal)
		fprintf(stderr, "<%d>%s%s%s\n", levels[level].priority, id, colon, line);
	else
		fprintf(stderr, "assayd: %s%s%s%s\n", levels[level].word, id, colon, line);
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
	openlog("assayd", LOG_PID, target->facility); /* for libmilter's own lines too */
	return log;
}

bool as_logger_is_stderr(const struct as_log *log)
{
	const struct target *target = log->user;
	return target->is_stderr;
}
