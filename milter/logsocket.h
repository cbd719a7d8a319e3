/* SPDX-License-Identifier: BSD-2-Clause */
/* logsocket.h - lines for the system log, which no message waits for: syslog(3) does, for as long as the log takes nothing. */
#ifndef AS_LOGSOCKET_H
#define AS_LOGSOCKET_H

#include <stdbool.h>
#include <stdint.h>

struct as_logsocket;

/* For the socket at that path, of either kind; nothing is opened yet. tag: the name of the program. Both borrowed. */
struct as_logsocket *as_logsocket_new(const char *path, const char *tag);

/* Starts the thread that sends; signals are blocked by now. Until then as_logsocket_put() sends, and waits a second at most. */
bool as_logsocket_start(struct as_logsocket *socket);

/* A line in the form of syslog(3), RFC 3164 4.1: priority is facility and severity together, id may be NULL. Lines keep their order. While
 * the log takes nothing, or is not there, 1 MB of lines waits; what is too much is dropped and counted, and a line says how much it was
 * where it is missing. Never waits for the log. Any thread. */
void as_logsocket_put(struct as_logsocket *socket, int priority, const char *id, const char *line);

/* Lines that were dropped, ever. Any thread. */
uint64_t as_logsocket_lost(struct as_logsocket *socket);

/* Sends what waits, for a second at most and only to a log that is there; lines that come later are dropped. */
void as_logsocket_stop(struct as_logsocket *socket);

/* After the stop. NULL is allowed. */
void as_logsocket_free(struct as_logsocket *socket);

#endif
