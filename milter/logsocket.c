/* SPDX-License-Identifier: BSD-2-Clause */
/* logsocket.c - a ring of lines, a thread that sends them.
 *
 * The ring is there from the start, so that to log needs no memory. Its first line stays in it until it is sent; only the sender takes
 * lines out, which is the thread, or who puts a line in before there is one.
 */
#include "config.h"

#include "logsocket.h"

#include "arena.h"
#include "clock.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

enum {
	RING = 1 << 20,
	RECORD_MAX = 4096 + 256, /* a line of as_log() and what stands before it */
	LENGTH = 2,              /* octets before each record */
	SHORT_MAX = 1024,        /* what every log takes, RFC 3164 4.1 */
	STEP_MS = 200,           /* then a socket that takes nothing is opened anew: there may be another at the path */
	FLUSH_MS = 1000,
};

enum outcome { SENT, FULL, DOWN };

struct as_logsocket {
	pthread_t thread;
	bool has_thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	size_t first, used; /* of the ring, in octets */
	uint64_t lost;      /* lines, behind the last of the ring */
	uint64_t lost_ever;
	int facility;       /* of the latest line */
	bool is_stopping;
	char *ring;
	const char *path;
	const char *tag;
	int fd;         /* -1: none; from here on the sender's own */
	bool is_stream; /* records end in a zero then, and a part of one may be sent */
	size_t sent;    /* octets of the first record */
};

/* --- the ring: lock held ---------------------------------------------------------------------------------------------- */

static void copy_in(struct as_logsocket *s, const void *bytes, size_t n)
{
	size_t at = (s->first + s->used) % RING, before_end = RING - at < n ? RING - at : n;
	memcpy(s->ring + at, bytes, before_end);
	memcpy(s->ring, (const char *)bytes + before_end, n - before_end);
	s->used += n;
}

static void copy_out(const struct as_logsocket *s, size_t offset, void *bytes, size_t n)
{
	size_t at = (s->first + offset) % RING, before_end = RING - at < n ? RING - at : n;
	memcpy(bytes, s->ring + at, before_end);
	memcpy((char *)bytes + before_end, s->ring, n - before_end);
}

static bool push(struct as_logsocket *s, const char *record, size_t n)
{
	uint16_t length = (uint16_t)n;
	if (RING - s->used < LENGTH + n)
		return false;
	copy_in(s, &length, LENGTH);
	copy_in(s, record, n);
	return true;
}

static size_t peek(const struct as_logsocket *s, char record[RECORD_MAX])
{
	uint16_t length = 0;
	if (!s->used)
		return 0;
	copy_out(s, 0, &length, LENGTH);
	copy_out(s, LENGTH, record, length);
	return length;
}

/* A record with the zero at its end. RFC 3164 4.1 in the form of syslog(3): the host's name is left out on a local socket. */
static size_t format(const struct as_logsocket *s, int priority, const char *id, const char *line, char record[RECORD_MAX])
{
	char when[32] = "";
	time_t now = time(NULL);
	struct tm local;
	if (localtime_r(&now, &local))
		strftime(when, sizeof when, "%b %e %H:%M:%S", &local);
	int n = snprintf(record, RECORD_MAX, "<%d>%s %s[%d]: %s%s%s", priority, when, s->tag, (int)getpid(), id ? id : "", id ? ": " : "",
			 line);
	if (n < 0)
		n = record[0] = 0;
	return (n < RECORD_MAX ? (size_t)n : RECORD_MAX - 1) + 1;
}

static void complain(struct as_logsocket *s)
{
	char text[96], record[RECORD_MAX];
	snprintf(text, sizeof text, "%llu lines of the log are lost, nobody read them", (unsigned long long)s->lost);
	if (push(s, record, format(s, s->facility | LOG_WARNING, NULL, text, record)))
		s->lost = 0;
}

static void drop_first(struct as_logsocket *s)
{
	uint16_t length = 0;
	copy_out(s, 0, &length, LENGTH);
	s->first = (s->first + LENGTH + length) % RING;
	s->used -= LENGTH + length;
	if (!s->used && s->lost)
		complain(s);
}

/* --- the sender ------------------------------------------------------------------------------------------------------- */

static void disconnect(struct as_logsocket *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	s->sent = 0;
}

static bool connect_as(struct as_logsocket *s, int type)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	snprintf(address.sun_path, sizeof address.sun_path, "%s", s->path);
	s->fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->fd >= 0 && connect(s->fd, (struct sockaddr *)&address, sizeof address) == 0)
		return true;
	int error = errno;
	disconnect(s);
	errno = error;
	return false;
}

static bool reconnect(struct as_logsocket *s)
{
	disconnect(s);
	s->is_stream = false;
	if (connect_as(s, SOCK_DGRAM))
		return true;
	if (errno != EPROTOTYPE) /* as syslog(3): a socket that wants a stream says so */
		return false;
	s->is_stream = true;
	return connect_as(s, SOCK_STREAM);
}

/* A part of the record or all of it; 0: it does not take any now, negative: it is gone. */
static ssize_t send_some(struct as_logsocket *s, const char *record, size_t n)
{
	size_t whole = s->is_stream ? n : n - 1;
	ssize_t sent = send(s->fd, record + s->sent, whole - s->sent, MSG_NOSIGNAL);
	if (sent < 0 && errno == EMSGSIZE && send(s->fd, record, SHORT_MAX, MSG_NOSIGNAL) > 0)
		sent = (ssize_t)whole;
	if (sent < 0)
		return errno == EAGAIN || errno == EINTR || errno == ENOBUFS ? 0 : -1;
	s->sent += (size_t)sent;
	return sent;
}

static bool is_whole(const struct as_logsocket *s, size_t n)
{
	return s->sent >= (s->is_stream ? n : n - 1);
}

static enum outcome wait_for_room(struct as_logsocket *s)
{
	struct pollfd room = { .fd = s->fd, .events = POLLOUT };
	if (poll(&room, 1, STEP_MS) <= 0 && !s->is_stream) /* a stream whose reader is gone says so */
		disconnect(s);
	return FULL;
}

/* One step on the way of the first record, which is there. */
static enum outcome send_first(struct as_logsocket *s)
{
	char record[RECORD_MAX];
	pthread_mutex_lock(&s->lock);
	size_t n = peek(s, record);
	pthread_mutex_unlock(&s->lock);
	bool was_connected = s->fd >= 0;
	if (!was_connected && !reconnect(s))
		return DOWN;
	ssize_t sent = send_some(s, record, n);
	if (sent < 0 && was_connected && reconnect(s)) /* it was started again */
		sent = send_some(s, record, n);
	if (sent < 0) {
		disconnect(s);
		return DOWN;
	}
	if (!sent && !is_whole(s, n))
		return wait_for_room(s);
	if (!is_whole(s, n))
		return FULL;
	s->sent = 0;
	pthread_mutex_lock(&s->lock);
	drop_first(s);
	pthread_mutex_unlock(&s->lock);
	return SENT;
}

static void flush(struct as_logsocket *s)
{
	int64_t until_ms = as_clock_mono_ms(&as_clock_system) + FLUSH_MS;
	while (s->used && send_first(s) != DOWN && as_clock_mono_ms(&as_clock_system) < until_ms)
		continue;
}

/* A log that is not there is looked for again after a while, or when the end has come. Lock held. */
static void pause_once(struct as_logsocket *s)
{
	struct timespec until = as_clock_until(STEP_MS);
	if (!s->is_stopping)
		(void)pthread_cond_timedwait(&s->changed, &s->lock, &until);
}

static void *run(void *user)
{
	struct as_logsocket *s = user;
	pthread_mutex_lock(&s->lock);
	while (!s->is_stopping) {
		if (!s->used) {
			pthread_cond_wait(&s->changed, &s->lock);
			continue;
		}
		pthread_mutex_unlock(&s->lock);
		enum outcome outcome = send_first(s);
		pthread_mutex_lock(&s->lock);
		if (outcome == DOWN)
			pause_once(s);
	}
	pthread_mutex_unlock(&s->lock);
	flush(s); /* nobody puts anything in any more */
	return NULL;
}

/* --- for all threads ---------------------------------------------------------------------------------------------------- */

struct as_logsocket *as_logsocket_new(const char *path, const char *tag)
{
	struct as_logsocket *s = as_xalloc(sizeof *s);
	pthread_condattr_t attributes;
	s->ring = as_xalloc(RING);
	s->path = path;
	s->tag = tag;
	s->fd = -1;
	pthread_mutex_init(&s->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&s->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	return s;
}

bool as_logsocket_start(struct as_logsocket *s)
{
	s->has_thread = pthread_create(&s->thread, NULL, run, s) == 0;
	return s->has_thread;
}

void as_logsocket_put(struct as_logsocket *s, int priority, const char *id, const char *line)
{
	char record[RECORD_MAX];
	size_t n = format(s, priority, id, line, record);
	pthread_mutex_lock(&s->lock);
	bool was_empty = !s->used, is_open = !s->is_stopping;
	s->facility = priority & LOG_FACMASK;
	if (is_open && s->lost && s->used <= RING / 2) /* not after each single line that found room again */
		complain(s);
	if (is_open && (s->lost || !push(s, record, n))) {
		s->lost++;
		s->lost_ever++;
	}
	if (was_empty)
		pthread_cond_signal(&s->changed);
	pthread_mutex_unlock(&s->lock);
	if (is_open && !s->has_thread)
		flush(s);
}

uint64_t as_logsocket_lost(struct as_logsocket *s)
{
	pthread_mutex_lock(&s->lock);
	uint64_t lost = s->lost_ever;
	pthread_mutex_unlock(&s->lock);
	return lost;
}

void as_logsocket_stop(struct as_logsocket *s)
{
	pthread_mutex_lock(&s->lock);
	s->is_stopping = true;
	pthread_cond_signal(&s->changed);
	pthread_mutex_unlock(&s->lock);
	if (s->has_thread)
		pthread_join(s->thread, NULL);
}

void as_logsocket_free(struct as_logsocket *s)
{
	if (!s)
		return;
	disconnect(s);
	pthread_cond_destroy(&s->changed);
	pthread_mutex_destroy(&s->lock);
	free(s->ring);
	free(s);
}
