/* SPDX-License-Identifier: BSD-2-Clause */
/* kick.h - keeps libmilter's pool of workers going while some of them are blocked.
 *
 * Debian's libmilter serves connections with a pool. It counts a worker as idle until that worker has woken, so a burst can leave
 * ready connections without a worker for as long as the busy ones are blocked (seconds). A new connection makes the pool look
 * again: we connect to our own socket before a callback blocks, and every 20 ms while one is blocked. A worker also blocks, in
 * libmilter and for hours, when an MTA stops in the middle of a command: so every 200 ms while any connection is open. Such a
 * connection of ours says nothing and is closed at once: no negotiation, private data NULL.
 */
#ifndef AS_KICK_H
#define AS_KICK_H

#include "socket.h"

struct as_kicker;

/* Starts the thread. NULL when no thread can be made. */
struct as_kicker *as_kicker_new(const struct as_socket *socket);
/* When no callback can run any more. */
void as_kicker_free(struct as_kicker *kicker);

/* One connection to ourselves. Never blocks. None while threads cannot be made: it would be one more to wait for a thread, and the first
 * of those looks after the pool as well. Any thread. */
void as_kick(const struct as_kicker *kicker);

/* Around a callback that blocks. Any thread. */
void as_kicker_wait_begin(struct as_kicker *kicker);
void as_kicker_wait_end(struct as_kicker *kicker);

/* Around the life of a connection. Any thread. */
void as_kicker_open(struct as_kicker *kicker);
void as_kicker_close(struct as_kicker *kicker);

#endif
