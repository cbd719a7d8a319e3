/* SPDX-License-Identifier: BSD-2-Clause */
/* ip.h - client addresses and networks. IPv4-mapped IPv6 addresses are IPv4 from the first moment (RFC 7208 5, SP-4). */
#ifndef AS_IP_H
#define AS_IP_H

#include "err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct as_ip {
	uint8_t family;   /* 4, 6, or 0: no address (a local socket, or unknown) */
	uint8_t bytes[16]; /* network order; 4 or 16 are used */
};

struct as_network {
	struct as_ip ip;
	uint8_t bits; /* 0..32 or 0..128 */
};

enum { AS_IP_TEXT = 46 };

/* "192.0.2.1", "2001:db8::1", "IPv6:2001:db8::1" (the form of Sendmail's macros). ::ffff:a.b.c.d becomes IPv4. */
enum as_err as_ip_parse(const char *text, struct as_ip *ip);

/* From 4 or 16 bytes in network order; any other size gives family 0. */
struct as_ip as_ip_from_bytes(const uint8_t *bytes, size_t size);

/* RFC 5952 text in buf, "unknown" for family 0. Returns buf. */
const char *as_ip_text(const struct as_ip *ip, char buf[AS_IP_TEXT]);

/* "192.0.2.0/24", "2001:db8::/32" or an address alone. Bits set beyond the prefix are an error (AS_ERR_RANGE). */
enum as_err as_network_parse(const char *text, struct as_network *net);

/* Is ip in the network? Families must agree. */
bool as_network_has(const struct as_network *net, const struct as_ip *ip);

/* Do the first `bits` bits of two addresses of one family agree? bits beyond the family's width: all of them. */
bool as_ip_prefix_equal(const struct as_ip *a, const struct as_ip *b, unsigned bits);

#endif
