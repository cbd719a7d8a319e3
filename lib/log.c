/* SPDX-License-Identifier: BSD-2-Clause */
/* log.c - level filter and formatting. */
#include "config.h"

#include "log.h"

#include <stdio.h>

void as_log(const struct as_log *log, enum as_log_level level, const char *id, const char *format, ...)
{
	if (!log || level > log->level)
		return;
	char line[4096]; /* syslog servers cut longer lines anyway (RFC 5424 6.1) */
	va_list args;
	va_start(args, format);
	vsnprintf(line, sizeof line, format, args);
	va_end(args);
	log->write(log->user, level, id, line);
}
