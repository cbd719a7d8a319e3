/* SPDX-License-Identifier: BSD-2-Clause */
/* metrics_http.h - GET /metrics over HTTP, in a thread of its own. The only file that knows libmicrohttpd. */
#ifndef AS_METRICS_HTTP_H
#define AS_METRICS_HTTP_H

#include "str.h"

struct as_metrics_http;

/* Serves on fd, a listening socket, which is closed in the end. write_text(user, out) makes the text anew for each request, in the thread
 * of the endpoint. Signals are blocked by now. NULL when it cannot start; fd is then of no use any more. */
struct as_metrics_http *as_metrics_http_new(int fd, void (*write_text)(void *user, struct as_buf *out), void *user);

/* Ends all connections, waits for a write_text() that runs, stops the thread. NULL is allowed. */
void as_metrics_http_free(struct as_metrics_http *http);

#endif
