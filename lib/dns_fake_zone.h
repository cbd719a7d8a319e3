/* SPDX-License-Identifier: BSD-2-Clause */
/* dns_fake_zone.h - reads the zone text of dns_fake.h line by line. Pure. Only dns_fake.c includes this. */
#ifndef AS_DNS_FAKE_ZONE_H
#define AS_DNS_FAKE_ZONE_H

#include "arena.h"
#include "dns.h"
#include "err.h"

enum as_zone_kind {
	AS_ZONE_RECORD,
	AS_ZONE_ORIGIN,
	AS_ZONE_TTL,
	AS_ZONE_SECURE,
	AS_ZONE_SERVFAIL,
	AS_ZONE_BOGUS,
	AS_ZONE_NXDOMAIN,
	AS_ZONE_TIMEOUT,
	AS_ZONE_DELAY,
	AS_ZONE_STRICT,
};

struct as_zone_line {
	enum as_zone_kind kind;
	const char *name; /* lower case, no trailing dot */
	enum as_dns_type type; /* 0: every type */
	uint32_t ttl;
	uint32_t ms;
	const uint8_t *rdata; /* wire format; TXT strings longer than 255 octets were divided */
	size_t size;
};

struct as_zone_reader {
	struct as_arena *arena; /* owns all that comes out */
	const char *at;
	const char *end;
	unsigned line;
	uint32_t ttl;
	const char *origin;
	const char *detail; /* of an error: "line N: ..." */
};

struct as_zone_reader as_zone_open(struct as_arena *arena, const char *text, size_t n);

/* The next line that says something. AS_ERR_NOT_FOUND: there is none; AS_ERR_SYNTAX: reader->detail says why. */
enum as_err as_zone_next(struct as_zone_reader *reader, struct as_zone_line *line);

/* A record by text; name and rdata are relative to the root. */
enum as_err as_zone_record(struct as_arena *arena, const char *name, enum as_dns_type type, const char *rdata, struct as_zone_line *line,
			   const char **detail);

/* Bytes as TXT rdata: strings of 255 octets and what is left. */
const uint8_t *as_zone_txt(struct as_arena *arena, const char *bytes, size_t n, size_t *size);

#endif
