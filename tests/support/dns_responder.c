/* SPDX-License-Identifier: BSD-2-Clause */
/* dns_responder.c - RFC 1035 messages, the little that is needed. */
#include "config.h"

#include "dns_responder.h"

#include "arena.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { HEADER = 12, TYPE_TXT = 16, NAME_ROOM = 256, PACKET = 512, HELD_MAX = 1024, COUNTED_MAX = 256, NXDOMAIN = 3 };

struct held {
	struct sockaddr_in from;
	size_t size;
	uint8_t packet[PACKET];
};

struct dns_responder {
	const struct dns_responder_row *rows;
	int fd;
	int wake[2]; /* a byte: release; closed: end */
	unsigned port;
	pthread_t thread;
	bool is_released;
	struct held held[HELD_MAX];
	size_t held_count;
	pthread_mutex_t lock; /* of what follows */
	size_t counted;
	struct {
		char name[NAME_ROOM];
		unsigned count;
	} seen[COUNTED_MAX];
};

/* The question's name in dots and lower case, and where it ends; 0 for a malformed one. */
static size_t read_name(const uint8_t *packet, size_t size, char name[NAME_ROOM])
{
	size_t at = HEADER, n = 0;
	while (at < size && packet[at]) {
		size_t label = packet[at++];
		if (label > 63 || at + label + 5 > size || n + label + 2 > NAME_ROOM)
			return 0;
		if (n)
			name[n++] = '.';
		for (size_t i = 0; i < label; i++)
			name[n++] = (char)(packet[at + i] >= 'A' && packet[at + i] <= 'Z' ? packet[at + i] + 32 : packet[at + i]);
		at += label;
	}
	name[n] = 0;
	return at + 5 <= size ? at + 1 : 0;
}

static const struct dns_responder_row *find(const struct dns_responder *r, const char *name)
{
	for (const struct dns_responder_row *row = r->rows; row->name; row++) {
		if (strcmp(row->name, name) == 0)
			return row;
	}
	return NULL;
}

static void count(struct dns_responder *r, const char *name)
{
	pthread_mutex_lock(&r->lock);
	size_t i = 0;
	while (i < r->counted && strcmp(r->seen[i].name, name) != 0)
		i++;
	if (i == r->counted && i < COUNTED_MAX) {
		memcpy(r->seen[i].name, name, strlen(name) + 1);
		r->counted++;
	}
	if (i < COUNTED_MAX)
		r->seen[i].count++;
	pthread_mutex_unlock(&r->lock);
}

/* Writes the answer over the question; end is where the question ends. */
static size_t answer(uint8_t *packet, size_t end, const char *text, int rcode)
{
	static const uint8_t soa[] = { 0, 0, 6, 0, 1, 0, 0, 0, 60, 0, 22, 0, 0, 0, 0, 0, 1,
				       0, 0, 0, 60, 0, 0, 0, 60, 0, 0, 0, 60, 0, 0, 0, 60 };
	packet[2] = 0x85; /* QR AA RD */
	packet[3] = (uint8_t)(0xa0 | rcode); /* RA AD: what a server says of validation counts for nothing (DN-3) */
	memset(packet + 4, 0, 8);
	packet[5] = 1;
	if (!text) {
		packet[9] = 1;
		memcpy(packet + end, soa, sizeof soa);
		return end + sizeof soa;
	}
	packet[7] = 1;
	size_t n = strlen(text);
	const uint8_t record[] = { 0xc0, HEADER, 0, TYPE_TXT, 0, 1, 0, 0, 0, 60, (uint8_t)((n + 1) >> 8), (uint8_t)(n + 1), (uint8_t)n };
	memcpy(packet + end, record, sizeof record);
	memcpy(packet + end + sizeof record, text, n);
	return end + sizeof record + n;
}

static void respond(struct dns_responder *r, const struct held *question)
{
	uint8_t packet[PACKET * 2];
	char name[NAME_ROOM];
	memcpy(packet, question->packet, question->size);
	size_t end = read_name(packet, question->size, name);
	if (!end)
		return;
	const struct dns_responder_row *row = find(r, name);
	if (row && !row->text && !r->is_released) {
		if (r->held_count < HELD_MAX)
			r->held[r->held_count++] = *question;
		count(r, name);
		return;
	}
	int type = packet[end] << 8 | packet[end + 1];
	bool is_text = row && row->text && type == TYPE_TXT;
	size_t size = answer(packet, end + 4, is_text ? row->text : NULL, row && row->text ? 0 : NXDOMAIN);
	count(r, name); /* before the answer: who has it may look at the count */
	(void)!sendto(r->fd, packet, size, 0, (const struct sockaddr *)&question->from, sizeof question->from);
}

static void release_held(struct dns_responder *r)
{
	r->is_released = true;
	for (size_t i = 0; i < r->held_count; i++)
		respond(r, &r->held[i]);
	r->held_count = 0;
}

static void *run(void *user)
{
	struct dns_responder *r = user;
	for (;;) {
		struct pollfd wait[] = { { .fd = r->fd, .events = POLLIN }, { .fd = r->wake[0], .events = POLLIN } };
		if (poll(wait, 2, -1) < 0)
			continue;
		if (wait[1].revents) {
			char byte;
			if (read(r->wake[0], &byte, 1) != 1)
				return NULL;
			release_held(r);
		}
		if (!wait[0].revents)
			continue;
		struct held question;
		socklen_t length = sizeof question.from;
		ssize_t n = recvfrom(r->fd, question.packet, sizeof question.packet, 0, (struct sockaddr *)&question.from, &length);
		question.size = n > HEADER ? (size_t)n : 0;
		if (question.size)
			respond(r, &question);
	}
}

struct dns_responder *dns_responder_new(const struct dns_responder_row *rows)
{
	return dns_responder_new_at(rows, 0);
}

struct dns_responder *dns_responder_new_at(const struct dns_responder_row *rows, unsigned port)
{
	struct dns_responder *r = as_xalloc(sizeof *r);
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons((uint16_t)port),
	};
	socklen_t length = sizeof address;
	r->rows = rows;
	r->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	pthread_mutex_init(&r->lock, NULL);
	if (r->fd < 0 || bind(r->fd, (struct sockaddr *)&address, length) != 0 ||
	    getsockname(r->fd, (struct sockaddr *)&address, &length) != 0 || pipe2(r->wake, O_CLOEXEC) != 0)
		abort();
	r->port = ntohs(address.sin_port);
	if (pthread_create(&r->thread, NULL, run, r) != 0)
		abort();
	return r;
}

unsigned dns_responder_port(const struct dns_responder *r)
{
	return r->port;
}

void dns_responder_release(struct dns_responder *r)
{
	(void)!write(r->wake[1], "", 1); /* a pipe with room */
}

unsigned dns_responder_count(struct dns_responder *r, const char *name)
{
	unsigned n = 0;
	pthread_mutex_lock(&r->lock);
	for (size_t i = 0; i < r->counted; i++) {
		if (strcmp(r->seen[i].name, name) == 0)
			n = r->seen[i].count;
	}
	pthread_mutex_unlock(&r->lock);
	return n;
}

bool dns_responder_wait(struct dns_responder *r, const char *name)
{
	for (int ms = 0; ms < 30000; ms += 5) {
		if (dns_responder_count(r, name) > 0)
			return true;
		nanosleep(&(struct timespec){ .tv_nsec = 5 * 1000000L }, NULL);
	}
	return false;
}

void dns_responder_free(struct dns_responder *r)
{
	if (!r)
		return;
	close(r->wake[1]);
	pthread_join(r->thread, NULL);
	close(r->wake[0]);
	close(r->fd);
	pthread_mutex_destroy(&r->lock);
	free(r);
}
