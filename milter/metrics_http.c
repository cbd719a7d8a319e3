/* SPDX-License-Identifier: BSD-2-Clause */
/* metrics_http.c - one thread that polls all its connections; who is slow waits for nobody but himself.
 *
 * At most CONNECTIONS are open at once, more wait in the backlog of the socket until one ends, at the latest when it has been silent for
 * PATIENCE_S. A request is read into REQUEST_BYTES at most. When the process has no descriptor left, libmicrohttpd tries to accept again
 * and again, as libmilter does; connections are bounded well below that (maximum-connections).
 */
#include "config.h"

#include "metrics_http.h"

#include <stdlib.h>
#include <string.h>

#include <microhttpd.h>

enum { CONNECTIONS = 8, PATIENCE_S = 10, REQUEST_BYTES = 16 * 1024 };

struct as_metrics_http {
	struct MHD_Daemon *daemon;
	void (*write)(void *user, struct as_buf *out);
	void *user;
};

static enum MHD_Result respond(struct MHD_Connection *connection, unsigned status, const char *type, const char *text, size_t n)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(n, (void *)text, MHD_RESPMEM_MUST_COPY);
	if (!response)
		return MHD_NO;
	enum MHD_Result result = MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	if (result == MHD_YES && status == MHD_HTTP_METHOD_NOT_ALLOWED)
		result = MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	if (result == MHD_YES)
		result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result refuse(struct MHD_Connection *connection, unsigned status, const char *text)
{
	return respond(connection, status, "text/plain", text, strlen(text));
}

static enum MHD_Result answer(void *user, struct MHD_Connection *connection, const char *path, const char *method, const char *version,
			      const char *body, size_t *body_size, void **state)
{
	struct as_metrics_http *http = user;
	(void)version, (void)body, (void)body_size, (void)state; /* answered at the end of the header, whatever follows */
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		return refuse(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "Only GET is understood.\n");
	if (strcmp(path, "/metrics") != 0)
		return refuse(connection, MHD_HTTP_NOT_FOUND, "There is only /metrics.\n");
	struct as_arena *arena = as_arena_new();
	struct as_buf out = as_buf_new(arena);
	http->write(http->user, &out);
	enum MHD_Result result = respond(connection, MHD_HTTP_OK, "text/plain; version=0.0.4; charset=utf-8", out.text, out.length);
	as_arena_free(arena);
	return result;
}

struct as_metrics_http *as_metrics_http_new(int fd, void (*write_text)(void *user, struct as_buf *out), void *user)
{
	struct as_metrics_http *http = as_xalloc(sizeof *http);
	http->write = write_text;
	http->user = user;
	/* Not select(): descriptors are above its reach when mail has taken the low ones. */
	http->daemon = MHD_start_daemon(MHD_USE_POLL_INTERNAL_THREAD, 0, NULL, NULL, answer, http, MHD_OPTION_LISTEN_SOCKET, fd,
					MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT,
					(unsigned)PATIENCE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)REQUEST_BYTES, MHD_OPTION_END);
	if (http->daemon)
		return http;
	free(http); /* whether fd is closed then depends on where it failed */
	return NULL;
}

void as_metrics_http_free(struct as_metrics_http *http)
{
	if (!http)
		return;
	MHD_stop_daemon(http->daemon);
	free(http);
}
