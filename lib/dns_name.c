/* SPDX-License-Identifier: BSD-2-Clause */
/* dns_name.c - names on the wire, reverse names, and record types by name. RFC 1035 3.1. */
#include "config.h"

#include "dns_name.h"

#include "domain.h"
#include "ip.h"
#include "str.h"
#include "table.h"

#include <string.h>

static const struct as_name_code types[] = {
	{ "A", AS_DNS_A },     { "NS", AS_DNS_NS },   { "CNAME", AS_DNS_CNAME }, { "SOA", AS_DNS_SOA },   { "PTR", AS_DNS_PTR },
	{ "MX", AS_DNS_MX },   { "TXT", AS_DNS_TXT }, { "AAAA", AS_DNS_AAAA },   { "TLSA", AS_DNS_TLSA }, { NULL, 0 },
};

const char *as_dns_type_name(enum as_dns_type type)
{
	return as_table_name(types, (int)type);
}

enum as_dns_type as_dns_type_code(const char *name, size_t n)
{
	return (enum as_dns_type)as_table_code(types, name, n, 0);
}

static bool is_name_byte(uint8_t c)
{
	return c >= 0x20 && c <= 0x7e && c != '.';
}

size_t as_dns_name_from_wire(const uint8_t *wire, size_t size, char text[AS_DNS_NAME_SIZE])
{
	size_t at = 0;
	size_t length = 0;
	for (;;) {
		if (at >= size || at >= AS_DNS_WIRE_MAX)
			return 0;
		size_t label = wire[at++];
		if (label == 0)
			break;
		if (label > AS_LABEL_MAX || label > size - at || at + label >= AS_DNS_WIRE_MAX)
			return 0;
		if (length)
			text[length++] = '.';
		for (size_t i = 0; i < label; i++, at++) {
			if (!is_name_byte(wire[at]))
				return 0;
			text[length++] = as_lower((char)wire[at]);
		}
	}
	text[length] = '\0';
	return at;
}

void as_dns_name_lower(const char *name, char out[AS_DNS_NAME_SIZE])
{
	size_t n = strnlen(name, AS_DNS_NAME_SIZE - 1);
	for (size_t i = 0; i < n; i++)
		out[i] = as_lower(name[i]);
	out[n] = '\0';
}

char *as_dns_reverse_name(struct as_arena *arena, const struct as_ip *ip)
{
	const uint8_t *b = ip->bytes;
	if (ip->family == 4)
		return as_printf(arena, "%u.%u.%u.%u.in-addr.arpa", b[3], b[2], b[1], b[0]);
	struct as_buf name = as_buf_new(arena);
	for (size_t i = 16; i-- > 0;)
		as_buf_printf(&name, "%x.%x.", b[i] & 15U, b[i] >> 4);
	as_buf_puts(&name, "ip6.arpa");
	return name.text;
}
