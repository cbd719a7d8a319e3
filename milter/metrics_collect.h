/* SPDX-License-Identifier: BSD-2-Clause */
/* metrics_collect.h - everything there is to tell of the running daemon, for the endpoint. */
#ifndef AS_METRICS_COLLECT_H
#define AS_METRICS_COLLECT_H

#include "callbacks.h"
#include "str.h"

/* Appends the text; user is a struct as_service that serves. Takes short locks of the cache and the queues. Any thread. */
void as_metrics_collect(void *user, struct as_buf *out);

#endif
