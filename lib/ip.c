/* SPDX-License-Identifier: BSD-2-Clause */
/* ip.c - addresses and networks. */
#include "config.h"

#include "ip.h"

#include "str.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t mapped_prefix[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

struct as_ip as_ip_from_bytes(const uint8_t *bytes, size_t size)
{
	struct as_ip ip = { 0 };
	if (size == 16 && memcmp(bytes, mapped_prefix, sizeof mapped_prefix) == 0) {
		bytes += sizeof mapped_prefix;
		size = 4;
	}
	if (size != 4 && size != 16)
		return ip;
	ip.family = size == 4 ? 4 : 6;
	memcpy(ip.bytes, bytes, size);
	return ip;
}

enum as_err as_ip_parse(const char *text, struct as_ip *ip)
{
	uint8_t bytes[16];
	bool is_tagged = strncasecmp(text, "IPv6:", 5) == 0;
	if (is_tagged)
		text += 5;
	if (!is_tagged && inet_pton(AF_INET, text, bytes) == 1)
		*ip = as_ip_from_bytes(bytes, 4);
	else if (inet_pton(AF_INET6, text, bytes) == 1)
		*ip = as_ip_from_bytes(bytes, 16);
	else
		return AS_ERR_SYNTAX;
	return AS_OK;
}

const char *as_ip_text(const struct as_ip *ip, char buf[AS_IP_TEXT])
{
	int family = ip->family == 4 ? AF_INET : AF_INET6;
	if (!ip->family || !inet_ntop(family, ip->bytes, buf, AS_IP_TEXT))
		memcpy(buf, "unknown", sizeof "unknown");
	return buf;
}

bool as_ip_prefix_equal(const struct as_ip *a, const struct as_ip *b, unsigned bits)
{
	if (a->family != b->family || !a->family)
		return false;
	unsigned width = a->family == 4 ? 32 : 128;
	if (bits > width)
		bits = width;
	if (memcmp(a->bytes, b->bytes, bits / 8) != 0)
		return false;
	unsigned rest = bits % 8;
	if (!rest)
		return true;
	uint8_t mask = (uint8_t)(0xff << (8 - rest));
	return ((a->bytes[bits / 8] ^ b->bytes[bits / 8]) & mask) == 0;
}

bool as_network_has(const struct as_network *net, const struct as_ip *ip)
{
	return as_ip_prefix_equal(&net->ip, ip, net->bits);
}

static enum as_err parse_bits(const char *text, unsigned width, uint8_t *bits)
{
	size_t n = strlen(text);
	if (n == 0 || n > 3 || strspn(text, "0123456789") != n)
		return AS_ERR_SYNTAX;
	unsigned long value = strtoul(text, NULL, 10);
	if (value > width)
		return AS_ERR_RANGE;
	*bits = (uint8_t)value;
	return AS_OK;
}

enum as_err as_network_parse(const char *text, struct as_network *net)
{
	char address[AS_IP_TEXT + 8];
	const char *slash = strchr(text, '/');
	size_t n = slash ? (size_t)(slash - text) : strlen(text);
	if (n >= sizeof address)
		return AS_ERR_SYNTAX;
	memcpy(address, text, n);
	address[n] = '\0';
	enum as_err err = as_ip_parse(address, &net->ip);
	if (err)
		return err;
	unsigned width = net->ip.family == 4 ? 32 : 128;
	net->bits = (uint8_t)width;
	if (slash && (err = parse_bits(slash + 1, width, &net->bits)))
		return err;
	for (unsigned bit = net->bits; bit < width; bit++)
		if (net->ip.bytes[bit / 8] & (0x80 >> bit % 8))
			return AS_ERR_RANGE;
	return AS_OK;
}
