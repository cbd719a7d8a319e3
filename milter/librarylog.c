/* SPDX-License-Identifier: BSD-2-Clause */
/* librarylog.c - what libraries say by syslog(3) goes where our own lines go: a message must not wait for the log in libmilter, either.
 *
 * A function of the program stands before the C library's of the same name, for shared libraries as well. What they call is syslog(),
 * or with _FORTIFY_SOURCE __syslog_chk().
 */
#include "config.h"

#include "arena.h"
#include "logger.h"
#include "str.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { SEVERITY = 7, LINE_MAX_SIZE = 1024 }; /* RFC 5424 6.2.1 */

void syslog(int priority, const char *format, ...) __attribute__((format(printf, 2, 3)));
void __syslog_chk(int priority, int flag, const char *format, ...) __attribute__((format(printf, 3, 4)));

static const enum as_log_level levels[SEVERITY + 1] = {
	AS_LOG_ERROR, AS_LOG_ERROR, AS_LOG_ERROR, AS_LOG_ERROR, AS_LOG_WARNING, AS_LOG_INFO, AS_LOG_INFO, AS_LOG_DEBUG,
};

static void hand_on(int priority, const char *format, va_list args) __attribute__((format(printf, 2, 0)));

/* Nobody knows what a library puts into its lines. */
static void hand_on(int priority, const char *format, va_list args)
{
	char line[LINE_MAX_SIZE];
	struct as_arena *arena = as_arena_new();
	vsnprintf(line, sizeof line, format, args);
	line[strcspn(line, "\n")] = 0;
	as_logger_library(levels[priority & SEVERITY], as_escape(arena, line, strlen(line), sizeof line));
	as_arena_free(arena);
}

void syslog(int priority, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	hand_on(priority, format, args);
	va_end(args);
}

void __syslog_chk(int priority, int flag, const char *format, ...)
{
	va_list args;
	(void)flag; /* asks the C library to distrust the format */
	va_start(args, format);
	hand_on(priority, format, args);
	va_end(args);
}
