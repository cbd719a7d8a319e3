/* SPDX-License-Identifier: BSD-2-Clause */
/* dns_packet.h - reads a DNS answer packet: hostile bytes in, an answer out. Pure. Only dns*.c include this. */
#ifndef AS_DNS_PACKET_H
#define AS_DNS_PACKET_H

#include "dns_backend.h"

/* Fills the builder from the packet that answers its question: RCODE, the CNAME chain, the records at its end, the TTL (of the whole
 * chain; of a negative answer from the SOA record, RFC 2308 section 5). A packet that makes no sense gives TEMPFAIL. dnssec is what
 * the validator said. */
void as_dns_packet_decode(const uint8_t *packet, size_t size, enum as_dnssec dnssec, struct as_dns_builder *b);

/* "SERVFAIL", "REFUSED", ...; "RCODE n" becomes "unknown RCODE". */
const char *as_dns_rcode_name(int rcode);

#endif
