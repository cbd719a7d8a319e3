/* SPDX-License-Identifier: BSD-2-Clause */
/* dns_packet.c - DNS messages on the wire, RFC 1035 section 4. Every offset is checked before it is used; compression pointers must
 * point backwards, so that reading a name ends.
 */
#include "config.h"

#include "dns_packet.h"

#include "dns_answer.h"
#include "dns_name.h"
#include "domain.h"
#include "str.h"
#include "table.h"

#include <string.h>

enum {
	HEADER = 12,
	FLAG_QR = 0x80, /* byte 2 */
	FLAG_TC = 0x02,
	RCODE_NOERROR = 0,
	RCODE_NXDOMAIN = 3,
	CLASS_IN = 1,
	CHAIN_MAX = 16,
	SOA_NUMBERS = 20, /* serial, refresh, retry, expire, minimum */
};

static const struct as_name_code rcodes[] = {
	{ "NOERROR", 0 }, { "FORMERR", 1 }, { "SERVFAIL", 2 }, { "NXDOMAIN", 3 }, { "NOTIMP", 4 },
	{ "REFUSED", 5 }, { "YXDOMAIN", 6 }, { "NOTAUTH", 9 }, { NULL, 0 },
};

struct name {
	uint8_t wire[AS_DNS_WIRE_MAX];
	size_t size;
};

struct packet {
	const uint8_t *bytes;
	size_t size;
	size_t answers_at;
	unsigned answers;
	unsigned authorities;
};

struct rr {
	struct name owner;
	unsigned type;
	unsigned class;
	uint32_t ttl;
	size_t rdata_at;
	size_t rdata_size;
};

const char *as_dns_rcode_name(int rcode)
{
	const char *name = as_table_name(rcodes, rcode);
	return *name == '?' ? "unknown RCODE" : name;
}

static unsigned get16(const uint8_t *at)
{
	return (unsigned)at[0] << 8 | at[1];
}

static uint32_t get32(const uint8_t *at)
{
	return (uint32_t)get16(at) << 16 | get16(at + 2);
}

/* Reads a name, following compression within the packet; *at moves behind it. False: malformed. */
static bool read_name(const struct packet *p, size_t *at, struct name *name)
{
	size_t pos = *at;
	size_t lowest = pos; /* a pointer must lead below everything read so far */
	bool jumped = false;
	name->size = 0;
	while (pos < p->size) {
		size_t n = p->bytes[pos];
		if ((n & 0xc0) == 0xc0) {
			if (pos + 2 > p->size)
				return false;
			size_t target = get16(p->bytes + pos) & 0x3fff;
			if (!jumped)
				*at = pos + 2;
			if (target >= lowest)
				return false;
			jumped = true;
			pos = lowest = target;
			continue;
		}
		if (n > AS_LABEL_MAX || n + 1 > p->size - pos || name->size + n + 1 > sizeof name->wire)
			return false;
		memcpy(name->wire + name->size, p->bytes + pos, n + 1);
		name->size += n + 1;
		pos += n + 1;
		if (n > 0)
			continue;
		if (!jumped)
			*at = pos;
		return true;
	}
	return false;
}

static bool same_name(const struct name *a, const struct name *b)
{
	/* Length octets are below 0x40 and so untouched by the folding of case. */
	return as_equal_nocase_n((const char *)a->wire, a->size, (const char *)b->wire, b->size);
}

static bool read_rr(const struct packet *p, size_t *at, struct rr *rr)
{
	if (!read_name(p, at, &rr->owner) || p->size - *at < 10)
		return false;
	const uint8_t *fixed = p->bytes + *at;
	rr->type = get16(fixed);
	rr->class = get16(fixed + 2);
	rr->ttl = get32(fixed + 4);
	if (rr->ttl > INT32_MAX)
		rr->ttl = 0; /* RFC 2181 section 8 */
	rr->rdata_size = get16(fixed + 8);
	rr->rdata_at = *at + 10;
	if (rr->rdata_size > p->size - rr->rdata_at)
		return false;
	*at = rr->rdata_at + rr->rdata_size;
	return true;
}

/* The header and the one question, which must be the one that was asked. */
static bool open_packet(struct packet *p, const struct as_dns_builder *b, struct name *question)
{
	char text[AS_DNS_NAME_SIZE];
	size_t at = HEADER;
	if (p->size < HEADER || !(p->bytes[2] & FLAG_QR) || get16(p->bytes + 4) != 1)
		return false;
	if (!read_name(p, &at, question) || p->size - at < 4)
		return false;
	if (get16(p->bytes + at) != (unsigned)as_dns_builder_type(b) || get16(p->bytes + at + 2) != CLASS_IN)
		return false;
	if (!as_dns_name_from_wire(question->wire, question->size, text) || !as_equal_nocase(text, as_dns_builder_name(b)))
		return false;
	p->answers = get16(p->bytes + 6);
	p->authorities = get16(p->bytes + 8);
	p->answers_at = at + 4;
	return true;
}

static void shorten(uint32_t *ttl, uint32_t other)
{
	if (other < *ttl)
		*ttl = other;
}

/* Every record well-formed up to the end of the authority section? Then later loops need not doubt. */
static bool is_whole(const struct packet *p)
{
	struct rr rr;
	size_t at = p->answers_at;
	for (unsigned i = 0; i < p->answers + p->authorities; i++)
		if (!read_rr(p, &at, &rr))
			return false;
	return true;
}

/* The CNAME at `name`: moves name to its target. False: there is none, or it is malformed. */
static bool follow_alias(const struct packet *p, struct name *name, uint32_t *ttl)
{
	struct rr rr;
	size_t at = p->answers_at;
	for (unsigned i = 0; i < p->answers && read_rr(p, &at, &rr); i++) {
		if (rr.type != AS_DNS_CNAME || rr.class != CLASS_IN || !same_name(&rr.owner, name))
			continue;
		size_t target_at = rr.rdata_at;
		struct name target;
		if (!read_name(p, &target_at, &target) || target_at != rr.rdata_at + rr.rdata_size)
			return false;
		*name = target;
		shorten(ttl, rr.ttl);
		return true;
	}
	return false;
}

struct flat {
	uint8_t bytes[4 + 2 * AS_DNS_WIRE_MAX + SOA_NUMBERS];
	size_t size;
};

/* Copies `before` octets, then `names` names without compression, then `after` octets; all of rdata must be used. */
static bool flatten(const struct packet *p, const struct rr *rr, size_t before, unsigned names, size_t after, struct flat *flat)
{
	size_t at = rr->rdata_at + before;
	size_t end = rr->rdata_at + rr->rdata_size;
	if (before > rr->rdata_size)
		return false;
	memcpy(flat->bytes, p->bytes + rr->rdata_at, before);
	flat->size = before;
	for (unsigned i = 0; i < names; i++) {
		struct name name;
		if (!read_name(p, &at, &name) || at > end)
			return false;
		memcpy(flat->bytes + flat->size, name.wire, name.size);
		flat->size += name.size;
	}
	if (end - at != after)
		return false;
	memcpy(flat->bytes + flat->size, p->bytes + at, after);
	flat->size += after;
	return true;
}

static void add_record(const struct packet *p, const struct rr *rr, enum as_dns_type type, struct as_dns_builder *b)
{
	struct flat flat;
	bool good = false;
	switch (type) {
	case AS_DNS_NS:
	case AS_DNS_CNAME:
	case AS_DNS_PTR:
		good = flatten(p, rr, 0, 1, 0, &flat);
		break;
	case AS_DNS_MX:
		good = flatten(p, rr, 2, 1, 0, &flat);
		break;
	case AS_DNS_SOA:
		good = flatten(p, rr, 0, 2, SOA_NUMBERS, &flat);
		break;
	case AS_DNS_A:
	case AS_DNS_TXT:
	case AS_DNS_AAAA:
	case AS_DNS_TLSA:
		as_dns_builder_rdata(b, p->bytes + rr->rdata_at, rr->rdata_size); /* malformed ones are left out there */
		return;
	}
	if (good)
		as_dns_builder_rdata(b, flat.bytes, flat.size);
}

/* Adds the records of the type at the end of the chain; how many there were, good or not. */
static unsigned add_records(const struct packet *p, const struct name *name, struct as_dns_builder *b, uint32_t *ttl)
{
	struct rr rr;
	unsigned found = 0;
	size_t at = p->answers_at;
	enum as_dns_type type = as_dns_builder_type(b);
	for (unsigned i = 0; i < p->answers && read_rr(p, &at, &rr); i++) {
		if (rr.type != (unsigned)type || rr.class != CLASS_IN || !same_name(&rr.owner, name))
			continue;
		shorten(ttl, rr.ttl);
		add_record(p, &rr, type, b);
		found++;
	}
	return found;
}

/* RFC 2308 section 5: the smaller of the SOA's own TTL and its last field. Without SOA: not to be kept. */
static uint32_t negative_ttl(const struct packet *p)
{
	struct rr rr;
	size_t at = p->answers_at;
	for (unsigned i = 0; i < p->answers + p->authorities && read_rr(p, &at, &rr); i++) {
		if (i < p->answers || rr.type != AS_DNS_SOA || rr.rdata_size < SOA_NUMBERS)
			continue;
		uint32_t minimum = get32(p->bytes + rr.rdata_at + rr.rdata_size - 4);
		return minimum < rr.ttl ? minimum : rr.ttl;
	}
	return 0;
}

static void fail(struct as_dns_builder *b, enum as_dnssec dnssec, const char *reason)
{
	as_dns_builder_reason(b, reason, strlen(reason));
	as_dns_builder_state(b, AS_DNS_TEMPFAIL, dnssec, 0);
}

static void decode_chain(const struct packet *p, struct name *name, bool is_nxdomain, enum as_dnssec dnssec, struct as_dns_builder *b)
{
	char canonical[AS_DNS_NAME_SIZE];
	uint32_t ttl = UINT32_MAX;
	unsigned steps = 0;
	while (as_dns_builder_type(b) != AS_DNS_CNAME && steps <= CHAIN_MAX && follow_alias(p, name, &ttl))
		steps++;
	if (steps > CHAIN_MAX) {
		fail(b, dnssec, "CNAME chain too long");
		return;
	}
	as_dns_builder_canonical(b, as_dns_name_from_wire(name->wire, name->size, canonical) ? canonical : "?");
	if (!is_nxdomain && add_records(p, name, b, &ttl) > 0) {
		as_dns_builder_state(b, AS_DNS_OK, dnssec, ttl);
		return;
	}
	shorten(&ttl, negative_ttl(p));
	as_dns_builder_state(b, is_nxdomain ? AS_DNS_NXDOMAIN : AS_DNS_NODATA, dnssec, ttl);
}

void as_dns_packet_decode(const uint8_t *packet, size_t size, enum as_dnssec dnssec, struct as_dns_builder *b)
{
	struct packet p = { .bytes = packet, .size = size };
	struct name name;
	if (size < HEADER || !open_packet(&p, b, &name)) {
		fail(b, AS_DNSSEC_INDETERMINATE, "malformed answer");
		return;
	}
	int rcode = packet[3] & 0x0f;
	if (rcode != RCODE_NOERROR && rcode != RCODE_NXDOMAIN)
		fail(b, AS_DNSSEC_INDETERMINATE, as_dns_rcode_name(rcode));
	else if (packet[2] & FLAG_TC)
		fail(b, AS_DNSSEC_INDETERMINATE, "truncated answer");
	else if (!is_whole(&p))
		fail(b, AS_DNSSEC_INDETERMINATE, "malformed answer");
	else
		decode_chain(&p, &name, rcode == RCODE_NXDOMAIN, dnssec, b);
}
