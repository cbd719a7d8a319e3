/* SPDX-License-Identifier: BSD-2-Clause */
/* dns_characters.c - one function for each character, and the table of them. */
#include "config.h"

#include "dns_characters.h"

#include "dns.h"
#include "str.h"

#include <string.h>

enum { HEADER = 12, TC = 0x02, QR_AA = 0x84 };

static void put(struct dns_reply *r, const void *bytes, size_t n)
{
	memcpy(r->bytes + r->size, bytes, n);
	r->size += n;
}

static void put16(struct dns_reply *r, unsigned value)
{
	const uint8_t bytes[2] = { (uint8_t)(value >> 8), (uint8_t)value };
	put(r, bytes, 2);
}

static void set_rcode(struct dns_reply *r, unsigned rcode)
{
	r->bytes[3] = (uint8_t)rcode;
}

/* Owner: the question's name. TTL 60. */
static void put_rr(struct dns_reply *r, enum as_dns_type type, const void *rdata, size_t n)
{
	put16(r, 0xc00c);
	put16(r, type);
	put16(r, 1);
	put16(r, 0);
	put16(r, 60);
	put16(r, (unsigned)n);
	put(r, rdata, n);
	r->bytes[6] += ++r->bytes[7] == 0;
}

static void answer_address(struct dns_reply *r, enum as_dns_type type)
{
	if (type == AS_DNS_A)
		put_rr(r, type, "\xc0\0\2\1", 4);
}

static void answer_pointer(struct dns_reply *r, enum as_dns_type type)
{
	if (type != AS_DNS_PTR)
		return;
	put_rr(r, type, "\4good\7example", 14);
	put_rr(r, type, "\4b\1ad\7example", 14);
}

static void answer_big(struct dns_reply *r, enum as_dns_type type)
{
	static uint8_t strings[DNS_BIG_TEXT];
	if (type != AS_DNS_TXT)
		return;
	if (!r->is_tcp) {
		r->bytes[2] |= TC;
		return;
	}
	memset(strings, 'x', sizeof strings);
	for (size_t at = 0; at < sizeof strings; at += 256)
		strings[at] = (uint8_t)(sizeof strings - at < 256 ? sizeof strings - at - 1 : 255);
	put_rr(r, type, strings, sizeof strings);
}

static void answer_alias(struct dns_reply *r, enum as_dns_type type)
{
	(void)type;
	put_rr(r, AS_DNS_CNAME, "\1a\4test", 8);
}

static void answer_lost(struct dns_reply *r, enum as_dns_type type)
{
	(void)type;
	put_rr(r, AS_DNS_CNAME, "\7nowhere\4test", 14);
}

static void answer_loop(struct dns_reply *r, enum as_dns_type type)
{
	(void)type;
	put_rr(r, AS_DNS_CNAME, "\xc0\x0c", 2);
}

static void answer_servfail(struct dns_reply *r, enum as_dns_type type)
{
	(void)type;
	set_rcode(r, 2);
}

static void answer_nothing(struct dns_reply *r, enum as_dns_type type)
{
	(void)type;
	r->size = 0;
}

static void answer_garbage(struct dns_reply *r, enum as_dns_type type)
{
	put_rr(r, type, "\xc0\0\2\1", 4);
	r->size -= 6;
}

static void answer_no_name(struct dns_reply *r, enum as_dns_type type)
{
	(void)type;
	set_rcode(r, 3);
}

static void answer_refused(struct dns_reply *r, enum as_dns_type type)
{
	(void)type;
	set_rcode(r, 5);
}

static void answer_formerr(struct dns_reply *r, enum as_dns_type type)
{
	(void)type;
	set_rcode(r, 1);
}

static void answer_notimp(struct dns_reply *r, enum as_dns_type type)
{
	(void)type;
	set_rcode(r, 4);
}

/* A forger who does not see the question: another id. */
static void answer_wrong_id(struct dns_reply *r, enum as_dns_type type)
{
	answer_address(r, type);
	r->bytes[1] ^= 1;
}

static void answer_wrong_question(struct dns_reply *r, enum as_dns_type type)
{
	answer_address(r, type);
	r->bytes[HEADER + 1] ^= 1;
}

/* A record of somebody else instead of the one asked for. */
static void answer_other_name(struct dns_reply *r, enum as_dns_type type)
{
	put(r, "\6victim\4test", 13);
	put16(r, type);
	put16(r, 1);
	put16(r, 0);
	put16(r, 60);
	put16(r, 4);
	put(r, "\xc0\0\2\x42", 4);
	r->bytes[7]++;
}

/* A record of another owner, below test.'s reach or not, into the section whose count is at that byte of the header. */
static void put_foreign(struct dns_reply *r, size_t count_at, const char *owner, size_t owner_size, const char *rr, size_t rr_size)
{
	put(r, owner, owner_size);
	put(r, rr, rr_size);
	r->bytes[count_at]++;
}

#define REVERSE "\1" "7\1" "1\3" "168\3" "192\7in-addr\4arpa\0"
#define FORGED_PTR "\0\x0c\0\1\0\0\0\x3c\0\x0d\6forged\4test\0"

/* What was asked for, and in each section a record for a zone that is not this server's. */
static void answer_foreign(struct dns_reply *r, enum as_dns_type type)
{
	answer_address(r, type);
	for (size_t count_at = 7; count_at <= 11; count_at += 2)
		put_foreign(r, count_at, REVERSE, sizeof REVERSE - 1, FORGED_PTR, sizeof FORGED_PTR - 1);
}

/* The right name and type, of class CHAOS. */
static void answer_class(struct dns_reply *r, enum as_dns_type type)
{
	answer_address(r, type);
	r->bytes[r->size - 11] = 3;
}

/* More than UDP takes. */
static void answer_many(struct dns_reply *r, enum as_dns_type type)
{
	if (!r->is_tcp)
		r->bytes[2] |= TC;
	for (unsigned i = 0; r->is_tcp && i < DNS_MANY; i++) {
		const uint8_t address[4] = { 192, 0, (uint8_t)(i >> 8), (uint8_t)i };
		put_rr(r, type, address, sizeof address);
	}
}

/* Of dname.below.test: below.test. DNAME test. */
static void answer_tree(struct dns_reply *r, enum as_dns_type type)
{
	static const char below[] = "\5below\4test";
	if (memcmp(r->bytes + HEADER + 6, below, sizeof below) != 0)
		answer_address(r, type);
	else
		put_foreign(r, 7, below, sizeof below, "\0\x27\0\1\0\0\0\x14\0\6\4test\0", 16);
}

/* An alias of the name without its first label. */
static void answer_step(struct dns_reply *r, enum as_dns_type type)
{
	(void)type;
	put_rr(r, AS_DNS_CNAME, "\xc0\x0e", 2);
}

/* To a name that no text can hold, and that does not exist. */
static void answer_odd_alias(struct dns_reply *r, enum as_dns_type type)
{
	static const char target[] = "\4o\0.\xff\4test";
	(void)type;
	put_rr(r, AS_DNS_CNAME, target, sizeof target);
}

static void answer_empty_strings(struct dns_reply *r, enum as_dns_type type)
{
	put_rr(r, type, "\0\2ab\0\0\1c\0", 8);
	put_rr(r, type, "\0", 1);
}

/* What was asked for, and a record for victim.test that nobody asked for. */
static void answer_poison(struct dns_reply *r, enum as_dns_type type)
{
	answer_address(r, type);
	answer_other_name(r, AS_DNS_A);
}

/* Lame: not authoritative, refers to the root. */
static void answer_lame(struct dns_reply *r, enum as_dns_type type)
{
	(void)type;
	r->bytes[2] = 0x80;
	put(r, "\0\0\2\0\1\0\0\0\74\0\4\2ns\0", 15);
	r->bytes[9]++;
}

/* Truncated, and nothing over TCP. */
static void answer_cut(struct dns_reply *r, enum as_dns_type type)
{
	(void)type;
	r->bytes[2] |= TC;
	if (r->is_tcp)
		r->size = 0;
}

static void answer_empty(struct dns_reply *r, enum as_dns_type type)
{
	(void)r, (void)type; /* no record, no SOA */
}

static void answer_zero_ttl(struct dns_reply *r, enum as_dns_type type)
{
	answer_address(r, type);
	memset(r->bytes + r->size - 10, 0, 4);
}

/* RFC 2181 section 8: the highest bit set counts as zero. */
static void answer_huge_ttl(struct dns_reply *r, enum as_dns_type type)
{
	answer_zero_ttl(r, type);
	r->bytes[r->size - 10] = 0x80;
}

/* A chain without an end: each name leads to a longer one. */
static void answer_chain(struct dns_reply *r, enum as_dns_type type)
{
	(void)type;
	put_rr(r, AS_DNS_CNAME, "\5chain\xc0\x0c", 8);
}

/* The first question of two fails. */
static void answer_flapping(struct dns_reply *r, enum as_dns_type type)
{
	static unsigned questions; /* of the server's thread */
	if (questions++ % 2 == 0)
		set_rcode(r, 2);
	else
		answer_address(r, type);
}

/* A target of 256 octets on the wire. */
static void answer_long_target(struct dns_reply *r, enum as_dns_type type)
{
	uint8_t target[256];
	memset(target, 'x', sizeof target);
	for (size_t at = 0; at < 4 * 64; at += 64)
		target[at] = 63;
	target[3 * 64] = 62;
	target[sizeof target - 1] = 0;
	put_rr(r, type, target, sizeof target);
}

static const struct {
	const char *label;
	void (*answer)(struct dns_reply *r, enum as_dns_type type);
} behaviours[] = {
	{ "victim", answer_address },       { "refused", answer_refused },     { "formerr", answer_formerr },
	{ "notimp", answer_notimp },        { "wrong-id", answer_wrong_id },   { "wrong-question", answer_wrong_question },
	{ "other-name", answer_other_name }, { "poison", answer_poison },       { "lame", answer_lame },
	{ "cut", answer_cut },              { "empty", answer_empty },         { "ttl-zero", answer_zero_ttl },
	{ "ttl-huge", answer_huge_ttl },    { "chain", answer_chain },         { "flapping", answer_flapping },
	{ "8", answer_long_target },        { "foreign", answer_foreign },     { "class", answer_class },
	{ "many", answer_many },            { "dname", answer_tree },          { "odd", answer_odd_alias },
	{ "empty-strings", answer_empty_strings },
	{ "a", answer_address },        { "back\\slash", answer_address }, { "7", answer_pointer },
	{ "big", answer_big },          { "alias", answer_alias },         { "loop", answer_loop },
	{ "lost", answer_lost },        { "s", answer_step },
	{ "servfail", answer_servfail }, { "silent", answer_nothing },      { "garbage", answer_garbage },
};

void dns_characters_answer(struct dns_reply *r, const uint8_t *query, size_t size)
{
	size_t at = HEADER;
	while (at < size && query[at])
		at += query[at] + 1U;
	r->size = 0;
	if (at + 5 > size)
		return;
	unsigned type = (unsigned)query[at + 1] << 8 | query[at + 2];
	put(r, query, at + 5);
	memset(r->bytes + 6, 0, 6);
	r->bytes[2] = QR_AA;
	r->bytes[3] = 0;
	for (size_t i = 0; i < sizeof behaviours / sizeof *behaviours; i++) {
		const char *label = behaviours[i].label;
		if (as_equal_nocase_n(label, strlen(label), (const char *)query + HEADER + 1, query[HEADER])) {
			behaviours[i].answer(r, (enum as_dns_type)type);
			return;
		}
	}
	answer_no_name(r, (enum as_dns_type)type);
}
