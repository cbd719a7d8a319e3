/* SPDX-License-Identifier: BSD-2-Clause */
/* dns_name.h - names on the wire, and record types by name. Only dns*.c include this. */
#ifndef AS_DNS_NAME_H
#define AS_DNS_NAME_H

#include "dns.h"

enum { AS_DNS_WIRE_MAX = 255, AS_DNS_NAME_SIZE = 256 };

/* Text of an uncompressed wire name: lower case, no trailing dot, "" for the root. Returns the octets taken, 0 if the name is cut
 * off, too long, or holds a byte that as_domain_is_queryable() does not allow (a control byte, non-ASCII) or a dot inside a label. */
size_t as_dns_name_from_wire(const uint8_t *wire, size_t size, char text[AS_DNS_NAME_SIZE]);

/* Lower-case copy; what is too long is cut, but stays too long to be asked. */
void as_dns_name_lower(const char *name, char out[AS_DNS_NAME_SIZE]);

#endif
