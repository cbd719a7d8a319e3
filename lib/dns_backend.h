/* SPDX-License-Identifier: BSD-2-Clause */
/* dns_backend.h - what dns.c asks of a back end. Only dns*.c include this. */
#ifndef AS_DNS_BACKEND_H
#define AS_DNS_BACKEND_H

#include "dns.h"

struct as_dns_question; /* of dns.c; the back end hands it back with the answer, exactly once */

struct as_dns_backend {
	/* Begins; never blocks. name is lower case, queryable, and valid until as_dns_deliver() returns. Any thread. */
	void (*start)(struct as_dns_backend *self, struct as_dns_question *question, const char *name, enum as_dns_type type);
	/* Back ends without a thread: make progress, in virtual time up to until_ms at most. False: nothing is left to deliver
	 * before then. NULL for back ends with a thread of their own. */
	bool (*pump)(struct as_dns_backend *self, int64_t until_ms);
	/* Stops, delivering every question still open as TEMPFAIL, then frees itself. */
	void (*free)(struct as_dns_backend *self);
	bool is_makeshift; /* as_dns_is_makeshift() */
};

/* A new answer with one reference; fill it through the builder, then deliver. Memory of the answer is its own arena. */
struct as_dns_builder;
struct as_dns_builder *as_dns_builder_new(const char *name, enum as_dns_type type);
void as_dns_builder_state(struct as_dns_builder *b, enum as_dns_status status, enum as_dnssec dnssec, uint32_t ttl);
void as_dns_builder_reason(struct as_dns_builder *b, const char *reason, size_t n); /* escaped and cut here */
void as_dns_builder_canonical(struct as_dns_builder *b, const char *name);
/* Decodes one record from wire-format rdata (names uncompressed). False: the record was dropped (hostile or malformed). */
bool as_dns_builder_rdata(struct as_dns_builder *b, const uint8_t *rdata, size_t size);

/* Hands the finished answer over; frees the builder. Any thread, no lock held. */
void as_dns_deliver(struct as_dns_question *question, struct as_dns_builder *b);

#endif
