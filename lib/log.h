/* SPDX-License-Identifier: BSD-2-Clause */
/* log.h - where the library's messages go: a sink that the program hands in. The level filter is here, not at the callers. */
#ifndef AS_LOG_H
#define AS_LOG_H

#include <stdarg.h>

/* warning: an administrator should act; error: we failed. */
enum as_log_level { AS_LOG_ERROR, AS_LOG_WARNING, AS_LOG_INFO, AS_LOG_DEBUG };

struct as_log {
	enum as_log_level level; /* what is less important is dropped */
	/* One line without a line end. `id` is a message's queue id or NULL. Called from any thread. */
	void (*write)(void *user, enum as_log_level level, const char *id, const char *line);
	void *user;
};

/* Formats and hands on one line; foreign text must have gone through as_escape(). log NULL: nothing happens. Thread safe. */
void as_log(const struct as_log *log, enum as_log_level level, const char *id, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

#endif
