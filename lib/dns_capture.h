/* SPDX-License-Identifier: BSD-2-Clause */
/* dns_capture.h - answers that were captured with a message, and a back end that gives them again. No thread, no network, no time.
 *
 * What was not captured is TEMPFAIL with the reason AS_DNS_NOT_CAPTURED. Answers come in the order in which they came the first time.
 */
#ifndef AS_DNS_CAPTURE_H
#define AS_DNS_CAPTURE_H

#include "dns.h"

#define AS_DNS_NOT_CAPTURED "not in the capture"

struct as_dns_rdata {
	const uint8_t *bytes;
	size_t size;
};

struct as_dns_captured {
	const char *name; /* lower case */
	enum as_dns_type type;
	bool is_answered; /* false: the message did not wait for it; the rest is unset */
	enum as_dns_status status;
	enum as_dnssec dnssec;
	uint32_t ttl;
	const char *canonical;
	const char *reason; /* NULL; escaped, as in struct as_dns_answer */
	int64_t ms;
	size_t count;
	const struct as_dns_rdata *records; /* wire format */
};

/* A record as rdata on the wire; the text of a TXT record in strings of 255 octets. Arena memory. */
struct as_dns_rdata as_dns_capture_rdata(struct as_arena *arena, enum as_dns_type type, const struct as_dns_record *record);

/* For as_dns_new(). The list is borrowed and outlives the back end; later rows of an equal question are not seen. One thread. */
struct as_dns_backend *as_dns_capture_backend(const struct as_dns_captured *list, size_t count);

#endif
