/* SPDX-License-Identifier: BSD-2-Clause */
/* test_log.c - log sinks for tests. */
#include "config.h"

#include "test.h"

static void drop(void *user, enum as_log_level level, const char *id, const char *line)
{
	(void)user, (void)level, (void)id, (void)line; /* that is what it is for */
}

const struct as_log as_test_log_none = { .level = AS_LOG_DEBUG, .write = drop };
