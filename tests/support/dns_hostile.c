/* SPDX-License-Identifier: BSD-2-Clause */
/* dns_hostile.c - one thread, two UDP ports, a table of bad manners. */
#include "config.h"

#include "dns_hostile.h"

#include "arena.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	HEADER = 12,
	QUESTION_MAX = 1500,
	REPLY_MAX = 65000, /* what loopback carries in one datagram */
	NAME_ROOM = 256,
	TYPE_CNAME = 5,
	TYPE_TXT = 16,
	SERVFAIL = 2,
	NXDOMAIN = 3,
	REFUSED = 5,
};

struct reply {
	uint8_t bytes[REPLY_MAX];
	size_t size;      /* 0: none is sent */
	size_t end;       /* of the question */
	char name[NAME_ROOM];
	char base[NAME_ROOM]; /* KINDn.hostile.example */
	int type;
};

struct dns_hostile {
	int fd[2], stop[2];
	unsigned port[2];
	pthread_t thread;
	struct reply reply;
};

/* --- parts of an answer --------------------------------------------------------------------------------------------- */

static void put(struct reply *r, const void *bytes, size_t n)
{
	if (r->size + n > REPLY_MAX)
		return;
	memcpy(r->bytes + r->size, bytes, n);
	r->size += n;
}

static void put_number(struct reply *r, unsigned n)
{
	const uint8_t two[] = { (uint8_t)(n >> 8), (uint8_t)n };
	put(r, two, sizeof two);
}

/* An answer to the question with that many records to come. */
static void begin(struct reply *r, int rcode, unsigned records)
{
	r->bytes[2] = 0x85; /* QR AA RD */
	r->bytes[3] = (uint8_t)(0x80 | rcode);
	memset(r->bytes + 4, 0, 8);
	r->bytes[5] = 1;
	r->bytes[6] = (uint8_t)(records >> 8);
	r->bytes[7] = (uint8_t)records;
	r->size = r->end;
}

static void put_record_head(struct reply *r, unsigned type, size_t size)
{
	put_number(r, 0xc000 | HEADER);
	put_number(r, type);
	put_number(r, 1);
	put_number(r, 0);
	put_number(r, 60);
	put_number(r, (unsigned)size);
}

/* One TXT record in strings of 255 octets. */
static void put_text(struct reply *r, const char *text, size_t n)
{
	put_record_head(r, TYPE_TXT, n + (n + 254) / 255);
	while (n > 0) {
		uint8_t piece = (uint8_t)(n < 255 ? n : 255);
		put(r, &piece, 1);
		put(r, text, piece);
		text += piece;
		n -= piece;
	}
}

static void put_name(struct reply *r, const char *name)
{
	while (*name) {
		uint8_t n = (uint8_t)strcspn(name, ".");
		put(r, &n, 1);
		put(r, name, n);
		name += n + (name[n] == '.');
	}
	put(r, "", 1);
}

static void negative(struct reply *r, int rcode)
{
	static const uint8_t soa[] = { 0, 0, 6, 0, 1, 0, 0, 0, 60, 0, 22, 0, 0, 0, 0, 0, 1, 0, 0, 0, 60, 0, 0, 0, 60, 0, 0, 0, 60, 0, 0, 0, 60 };
	begin(r, rcode, 0);
	r->bytes[9] = 1;
	put(r, soa, sizeof soa);
}

/* A text for whoever asks for TXT; nothing for others. */
static void one_text(struct reply *r, const char *text, size_t n)
{
	if (r->type != TYPE_TXT) {
		negative(r, 0);
		return;
	}
	begin(r, 0, 1);
	put_text(r, text, n);
}

static bool is_dmarc(const struct reply *r)
{
	return strncmp(r->name, "_dmarc.", 7) == 0;
}

/* --- bad manners ---------------------------------------------------------------------------------------------------- */

static void silent(struct reply *r)
{
	r->size = 0;
}

static void truncated(struct reply *r)
{
	begin(r, 0, 0);
	r->bytes[2] |= 2; /* and nobody listens with TCP */
}

static void wrong_id(struct reply *r)
{
	one_text(r, "v=spf1 +all", 11);
	r->bytes[0] ^= 0x55;
}

static void wrong_name(struct reply *r)
{
	one_text(r, "v=spf1 +all", 11);
	r->bytes[HEADER + 1] ^= 1;
}

static void loop(struct reply *r)
{
	begin(r, 0, 1);
	put_record_head(r, TYPE_CNAME, 2);
	put_number(r, 0xc000 | HEADER);
}

/* An alias of a longer name, and so on. */
static void chain(struct reply *r)
{
	begin(r, 0, 1);
	put_record_head(r, TYPE_CNAME, 10);
	put(r, "\7further", 8);
	put_number(r, 0xc000 | HEADER);
}

static void foreign_alias(struct reply *r)
{
	static const char target[] = "w.good.example";
	begin(r, 0, 1);
	put_record_head(r, TYPE_CNAME, sizeof target + 1);
	put_name(r, target);
}

/* A string that is longer than its record. */
static void lengths(struct reply *r)
{
	begin(r, 0, 1);
	put_record_head(r, (unsigned)r->type, 12);
	put(r, "\xffv=spf1 +all", 12);
}

static void counts(struct reply *r)
{
	begin(r, 0, 65535);
	put_text(r, "v=spf1 +all", 11);
}

static void large(struct reply *r)
{
	enum { SIZE = 60000 };
	char *text = as_xalloc(SIZE);
	memset(text, 'a', SIZE);
	memcpy(text, is_dmarc(r) ? "v=DMARC1;p=none;" : "v=spf1 ip4:192.0.2.9 ", is_dmarc(r) ? 16 : 21);
	one_text(r, text, SIZE);
	free(text);
}

static void many(struct reply *r)
{
	enum { RECORDS = 800 };
	begin(r, 0, RECORDS);
	for (int i = 0; i < RECORDS; i++)
		put_text(r, is_dmarc(r) ? "v=DMARC1; p=reject" : "v=spf1 mx -all", is_dmarc(r) ? 18 : 14);
}

static void failure(struct reply *r)
{
	begin(r, SERVFAIL, 0);
}

static void refusal(struct reply *r)
{
	begin(r, REFUSED, 0);
}

static void head_only(struct reply *r)
{
	begin(r, 0, 1);
	r->size = HEADER;
}

static void pointer(struct reply *r)
{
	begin(r, 0, 1);
	put_number(r, 0xc000 | (unsigned)r->end); /* a name that is itself */
	put_number(r, (unsigned)r->type);
}

static void noise(struct reply *r)
{
	begin(r, 0, 3);
	uint32_t state = r->bytes[0] * 256U + r->bytes[1] + 1U;
	for (int i = 0; i < 300; i++) {
		state = state * 1664525U + 1013904223U;
		put(r, (const uint8_t[]){ (uint8_t)(state >> 24) }, 1);
	}
}

/* What would split a line, end a comment or a string, or end a text early. */
static void binary(struct reply *r)
{
	static const char dmarc[] = "v=DMARC1; p=reject\r\nX-Injected: yes; rua=mailto:a\0b@example.com; sp=\x01\xff";
	static const char spf[] = "v=spf1 exists:\r\nX-Injected:%{l}\0\xff\x80(\" -all";
	if (is_dmarc(r))
		one_text(r, dmarc, sizeof dmarc - 1);
	else
		one_text(r, spf, sizeof spf - 1);
}

/* A record whose evaluation asks for as much as it may. */
static void greedy(struct reply *r)
{
	char text[2 * NAME_ROOM + 200];
	int n = snprintf(text, sizeof text, "v=spf1 include:a.%s exists:%%{ir}.%%{l}.%s mx ptr a:b.%s include:%s redirect=c.%s", r->base, r->base,
			 r->base, "silent1.hostile.example", r->base);
	one_text(r, text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1);
}

static const struct {
	const char *name;
	void (*answer)(struct reply *r);
} kinds[] = {
	{ "silent", silent },     { "truncated", truncated }, { "id", wrong_id },   { "name", wrong_name },   { "loop", loop },
	{ "chain", chain },       { "foreign", foreign_alias }, { "lengths", lengths }, { "counts", counts }, { "large", large },
	{ "many", many },         { "failure", failure },     { "refusal", refusal }, { "head", head_only },  { "pointer", pointer },
	{ "noise", noise },       { "binary", binary },       { "greedy", greedy },
};

const char *dns_hostile_kind(size_t i)
{
	return i < sizeof kinds / sizeof *kinds ? kinds[i].name : NULL;
}

/* --- the server ----------------------------------------------------------------------------------------------------- */

/* The question's name in dots and lower case, its type, and where it ends. */
static bool read_question(struct reply *r, size_t size)
{
	size_t at = HEADER, n = 0;
	while (at < size && r->bytes[at]) {
		size_t label = r->bytes[at++];
		if (label > 63 || at + label + 5 > size || n + label + 2 > NAME_ROOM)
			return false;
		if (n)
			r->name[n++] = '.';
		for (size_t i = 0; i < label; i++)
			r->name[n++] = (char)(r->bytes[at + i] >= 'A' && r->bytes[at + i] <= 'Z' ? r->bytes[at + i] + 32 : r->bytes[at + i]);
		at += label;
	}
	r->name[n] = 0;
	if (at + 5 > size)
		return false;
	r->type = r->bytes[at + 1] << 8 | r->bytes[at + 2];
	r->end = at + 5;
	return true;
}

static const char *ending(const char *name, const char *zone)
{
	size_t n = strlen(name), k = strlen(zone);
	return n >= k && strcmp(name + n - k, zone) == 0 ? name + n - k : NULL;
}

static void make_answer(struct reply *r)
{
	const char *zone = ending(r->name, ".hostile.example");
	if (ending(r->name, ".good.example")) {
		one_text(r, is_dmarc(r) ? "v=DMARC1; p=reject" : "v=spf1 ip4:192.0.2.1 -all", is_dmarc(r) ? 18 : 25);
		return;
	}
	negative(r, NXDOMAIN);
	if (!zone)
		return;
	const char *label = zone;
	while (label > r->name && label[-1] != '.')
		label--;
	snprintf(r->base, sizeof r->base, "%s", label);
	size_t n = strcspn(label, "0123456789.");
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (strncmp(label, kinds[i].name, n) == 0 && !kinds[i].name[n])
			kinds[i].answer(r);
}

static void serve(struct dns_hostile *h, int fd)
{
	struct sockaddr_in from;
	socklen_t length = sizeof from;
	struct reply *r = &h->reply;
	ssize_t n = recvfrom(fd, r->bytes, QUESTION_MAX, 0, (struct sockaddr *)&from, &length);
	if (n <= HEADER || !read_question(r, (size_t)n))
		return;
	make_answer(r);
	if (r->size)
		(void)!sendto(fd, r->bytes, r->size, 0, (const struct sockaddr *)&from, length);
}

static void *run(void *user)
{
	struct dns_hostile *h = user;
	for (;;) {
		struct pollfd wait[] = { { .fd = h->fd[0], .events = POLLIN }, { .fd = h->fd[1], .events = POLLIN },
					 { .fd = h->stop[0], .events = POLLIN } };
		if (poll(wait, 3, -1) < 0)
			continue;
		if (wait[2].revents)
			return NULL;
		for (int i = 0; i < 2; i++)
			if (wait[i].revents)
				serve(h, h->fd[i]);
	}
}

struct dns_hostile *dns_hostile_new(void)
{
	struct dns_hostile *h = as_xalloc(sizeof *h);
	for (int i = 0; i < 2; i++) {
		struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
		socklen_t length = sizeof address;
		h->fd[i] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		if (h->fd[i] < 0 || bind(h->fd[i], (struct sockaddr *)&address, length) != 0 ||
		    getsockname(h->fd[i], (struct sockaddr *)&address, &length) != 0)
			abort();
		h->port[i] = ntohs(address.sin_port);
	}
	if (pipe(h->stop) != 0 || pthread_create(&h->thread, NULL, run, h) != 0)
		abort();
	return h;
}

unsigned dns_hostile_good_port(const struct dns_hostile *h)
{
	return h->port[0];
}

unsigned dns_hostile_port(const struct dns_hostile *h)
{
	return h->port[1];
}

void dns_hostile_free(struct dns_hostile *h)
{
	if (!h)
		return;
	close(h->stop[1]);
	pthread_join(h->thread, NULL);
	close(h->stop[0]);
	close(h->fd[0]);
	close(h->fd[1]);
	free(h);
}
