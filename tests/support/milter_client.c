/* SPDX-License-Identifier: BSD-2-Clause */
/* milter_client.c - packets: four bytes of length, a letter, data. */
#include "config.h"

#include "milter_client.h"

#include "arena.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	CHUNK = 65535,
	ANSWER_MAX = 1024 * 1024,
	NR_HEADER = 0x80,
	NR_CONNECT = 0x1000,
	NR_HELO = 0x2000,
	NR_MAIL = 0x4000,
	NR_RCPT = 0x8000,
	NR_DATA = 0x10000,
	NR_EOH = 0x40000,
	NR_BODY = 0x80000,
	NO_DATA = 0x200,
};

struct bytes {
	char *data;
	size_t length, room;
};

struct milter_client {
	int fd;
	struct milter_terms terms;
	struct bytes out;
	struct bytes packet; /* the latest answer: data without letter, NUL-ended */
	char reply[1024];
	struct milter_result result;
};

static void put(struct bytes *b, const void *data, size_t n)
{
	if (b->room - b->length < n) {
		b->room = (b->length + n) * 2;
		b->data = as_xrealloc(b->data, b->room);
	}
	if (n)
		memcpy(b->data + b->length, data, n);
	b->length += n;
}

static void put_text(struct bytes *b, const char *text)
{
	put(b, text, strlen(text) + 1);
}

/* --- the connection ------------------------------------------------------------------------------------------------- */

static socklen_t parse_inet(const char *text, struct sockaddr_storage *address)
{
	char host[64] = "";
	const char *at = strchr(text, '@'), *colon = strrchr(text, ':');
	const char *port = at ? text : colon ? colon + 1 : text;
	if (at)
		snprintf(host, sizeof host, "%s", at + 1);
	else if (colon)
		snprintf(host, sizeof host, "%.*s", (int)(colon - text), text);
	char *bare = host;
	if (*bare == '[') {
		bare[strcspn(bare, "]")] = 0;
		bare++;
	}
	struct sockaddr_in *v4 = (struct sockaddr_in *)address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)address;
	uint16_t number = htons((uint16_t)strtoul(port, NULL, 10));
	if (inet_pton(AF_INET6, bare, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = number;
		return sizeof *v6;
	}
	memset(address, 0, sizeof *address);
	if (inet_pton(AF_INET, strcmp(bare, "localhost") == 0 ? "127.0.0.1" : bare, &v4->sin_addr) != 1)
		return 0;
	v4->sin_family = AF_INET;
	v4->sin_port = number;
	return sizeof *v4;
}

static socklen_t parse_address(const char *text, struct sockaddr_storage *address)
{
	memset(address, 0, sizeof *address);
	const char *rest = strchr(text, ':');
	if (!rest)
		return 0;
	rest++;
	if (strncmp(text, "inet", 4) == 0)
		return parse_inet(rest, address);
	struct sockaddr_un *path = (struct sockaddr_un *)address;
	if (strlen(rest) >= sizeof path->sun_path)
		return 0;
	path->sun_family = AF_UNIX;
	memcpy(path->sun_path, rest, strlen(rest) + 1);
	return sizeof *path;
}

struct milter_client *milter_open(const char *text)
{
	struct sockaddr_storage address;
	socklen_t length = parse_address(text, &address);
	int fd = length ? socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0) : -1, on = 1;
	if (fd < 0)
		return NULL;
	if (connect(fd, (struct sockaddr *)&address, length) != 0) {
		int error = errno;
		close(fd);
		errno = error;
		return NULL;
	}
	if (address.ss_family != AF_UNIX)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	struct milter_client *c = as_xalloc(sizeof *c);
	c->fd = fd;
	return c;
}

static void clear_result(struct milter_result *result)
{
	for (size_t i = 0; i < result->edit_count; i++) {
		free(result->edits[i].name);
		free(result->edits[i].value);
	}
	free(result->edits);
	free(result->text);
	free(result->quarantine);
	*result = (struct milter_result){ 0 };
}

void milter_close(struct milter_client *c)
{
	if (!c)
		return;
	close(c->fd);
	clear_result(&c->result);
	for (size_t i = 0; i < sizeof c->terms.symbols / sizeof c->terms.symbols[0]; i++)
		free(c->terms.symbols[i]);
	free(c->out.data);
	free(c->packet.data);
	free(c);
}

int milter_fd(const struct milter_client *c)
{
	return c->fd;
}

bool milter_flush(struct milter_client *c)
{
	size_t sent = 0;
	while (sent < c->out.length) {
		ssize_t n = send(c->fd, c->out.data + sent, c->out.length - sent, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		sent += (size_t)n;
	}
	bool is_sent = sent == c->out.length;
	c->out.length = 0;
	return is_sent;
}

static bool read_all(struct milter_client *c, void *data, size_t n)
{
	char *p = data;
	while (n > 0) {
		struct pollfd wait = { .fd = c->fd, .events = POLLIN };
		int ready = poll(&wait, 1, MILTER_WAIT_MS);
		if (ready < 0 && errno == EINTR)
			continue;
		ssize_t got = ready > 0 ? read(c->fd, p, n) : -1;
		if (got <= 0)
			return false;
		p += got;
		n -= (size_t)got;
	}
	return true;
}

/* The letter of the next packet, its data in c->packet; 0 when there is none. */
static char read_packet(struct milter_client *c)
{
	unsigned char head[5];
	if (!milter_flush(c) || !read_all(c, head, sizeof head))
		return 0;
	size_t n = (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
	if (n == 0 || n > ANSWER_MAX)
		return 0;
	c->packet.length = 0;
	c->packet.room = n + 1;
	c->packet.data = as_xrealloc(c->packet.data, c->packet.room);
	if (!read_all(c, c->packet.data, n - 1))
		return 0;
	c->packet.length = n - 1;
	c->packet.data[n - 1] = 0;
	return (char)head[4];
}

/* --- commands ------------------------------------------------------------------------------------------------------- */

void milter_raw(struct milter_client *c, const void *bytes, size_t n)
{
	put(&c->out, bytes, n);
}

void milter_packet(struct milter_client *c, char command, const void *bytes, size_t n)
{
	uint32_t length = htonl((uint32_t)n + 1);
	put(&c->out, &length, sizeof length);
	put(&c->out, &command, 1);
	put(&c->out, bytes, n);
}

enum milter_answer milter_answer(struct milter_client *c)
{
	char letter;
	do
		letter = read_packet(c);
	while (letter == 'p');
	if (letter == MILTER_REPLY)
		snprintf(c->reply, sizeof c->reply, "%s", c->packet.data);
	return (enum milter_answer)letter;
}

static enum milter_answer command(struct milter_client *c, char letter, const struct bytes *data, uint32_t no_reply)
{
	milter_packet(c, letter, data ? data->data : NULL, data ? data->length : 0);
	if (c->terms.steps & no_reply)
		return MILTER_SILENT;
	return milter_answer(c);
}

static enum milter_answer command_text(struct milter_client *c, char letter, const char *a, const char *b, uint32_t no_reply)
{
	struct bytes data = { 0 };
	put_text(&data, a);
	if (b)
		put_text(&data, b);
	enum milter_answer answer = command(c, letter, &data, no_reply);
	free(data.data);
	return answer;
}

static uint32_t number_at(const struct bytes *b, size_t at)
{
	uint32_t n;
	memcpy(&n, b->data + at, sizeof n);
	return ntohl(n);
}

static void read_symbols(struct milter_client *c)
{
	size_t stages = sizeof c->terms.symbols / sizeof c->terms.symbols[0];
	for (size_t at = 12; at + 4 < c->packet.length;) {
		uint32_t stage = number_at(&c->packet, at);
		const char *text = c->packet.data + at + 4;
		if (stage < stages) {
			free(c->terms.symbols[stage]);
			c->terms.symbols[stage] = as_xstrdup(text);
		}
		at += 4 + strlen(text) + 1;
	}
}

bool milter_negotiate(struct milter_client *c, uint32_t version, uint32_t actions, uint32_t steps)
{
	uint32_t offer[3] = { htonl(version), htonl(actions), htonl(steps) };
	milter_packet(c, 'O', offer, sizeof offer);
	if (read_packet(c) != 'O' || c->packet.length < sizeof offer)
		return false;
	c->terms.version = number_at(&c->packet, 0);
	c->terms.actions = number_at(&c->packet, 4);
	c->terms.steps = number_at(&c->packet, 8);
	read_symbols(c);
	return true;
}

const struct milter_terms *milter_terms(const struct milter_client *c)
{
	return &c->terms;
}

void milter_macros(struct milter_client *c, char letter, const char *const *pairs)
{
	struct bytes data = { 0 };
	put(&data, &letter, 1);
	for (size_t i = 0; pairs[i]; i++)
		put_text(&data, pairs[i]);
	milter_packet(c, 'D', data.data, data.length);
	free(data.data);
}

enum milter_answer milter_connect(struct milter_client *c, const char *name, char family, uint16_t port, const char *address)
{
	struct bytes data = { 0 };
	uint16_t number = htons(port);
	put_text(&data, name);
	put(&data, &family, 1);
	if (family != 'U') {
		put(&data, &number, sizeof number);
		put_text(&data, address);
	}
	enum milter_answer answer = command(c, 'C', &data, NR_CONNECT);
	free(data.data);
	return answer;
}

enum milter_answer milter_helo(struct milter_client *c, const char *name)
{
	return command_text(c, 'H', name, NULL, NR_HELO);
}

enum milter_answer milter_mail(struct milter_client *c, const char *path)
{
	return command_text(c, 'M', path, NULL, NR_MAIL);
}

enum milter_answer milter_rcpt(struct milter_client *c, const char *path)
{
	return command_text(c, 'R', path, NULL, NR_RCPT);
}

enum milter_answer milter_data(struct milter_client *c)
{
	return c->terms.steps & NO_DATA ? MILTER_SILENT : command(c, 'T', NULL, NR_DATA);
}

enum milter_answer milter_header(struct milter_client *c, const char *name, const char *value)
{
	if (!(c->terms.steps & MILTER_HEADER_LEADING_SPACE) && *value == ' ')
		value++;
	return command_text(c, 'L', name, value, NR_HEADER);
}

enum milter_answer milter_eoh(struct milter_client *c)
{
	return command(c, 'N', NULL, NR_EOH);
}

enum milter_answer milter_body(struct milter_client *c, const void *bytes, size_t n)
{
	enum milter_answer answer = MILTER_SILENT;
	const char *p = bytes;
	while (n > 0 && answer != MILTER_SKIP && answer != MILTER_LOST) {
		size_t part = n < CHUNK ? n : CHUNK;
		struct bytes data = { .data = (char *)p, .length = part };
		answer = command(c, 'B', &data, NR_BODY);
		p += part;
		n -= part;
	}
	return answer;
}

void milter_abort(struct milter_client *c)
{
	milter_packet(c, 'A', NULL, 0);
	(void)milter_flush(c); /* the next command shows a lost connection */
}

void milter_quit(struct milter_client *c)
{
	milter_packet(c, 'Q', NULL, 0);
	(void)milter_flush(c);
}

const char *milter_reply_text(const struct milter_client *c)
{
	return c->reply;
}

/* --- end of message ------------------------------------------------------------------------------------------------- */

static void add_edit(struct milter_client *c, char kind)
{
	size_t at = kind == 'h' ? 0 : 4;
	if (c->packet.length < at)
		return;
	const char *name = c->packet.data + at, *end = c->packet.data + c->packet.length;
	const char *value = name + strlen(name) + 1;
	struct milter_result *result = &c->result;
	result->edits = as_xrealloc(result->edits, (result->edit_count + 1) * sizeof *result->edits);
	result->edits[result->edit_count++] = (struct milter_edit){
		.kind = kind,
		.index = at ? number_at(&c->packet, 0) : 0,
		.name = as_xstrdup(name),
		.value = as_xstrdup(value < end ? value : ""),
	};
}

bool milter_eom_send(struct milter_client *c)
{
	milter_packet(c, 'E', NULL, 0);
	return milter_flush(c);
}

const struct milter_result *milter_eom_read(struct milter_client *c)
{
	struct milter_result *result = &c->result;
	clear_result(result);
	for (;;) {
		char letter = read_packet(c);
		if (letter == 'p') {
			result->progress++;
		} else if (letter == 'h' || letter == 'i' || letter == 'm') {
			add_edit(c, letter);
		} else if (letter == 'q') {
			free(result->quarantine);
			result->quarantine = as_xstrdup(c->packet.data);
		} else {
			result->answer = (enum milter_answer)letter;
			if (letter == MILTER_REPLY)
				result->text = as_xstrdup(c->packet.data);
			return result;
		}
	}
}

const struct milter_result *milter_eom(struct milter_client *c)
{
	(void)milter_eom_send(c); /* the answer shows a lost connection */
	return milter_eom_read(c);
}
