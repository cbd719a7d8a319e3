/* SPDX-License-Identifier: BSD-2-Clause */
/* base64.c - base64 with white space in it. */
#include "config.h"

#include "base64.h"

#include "str.h"

#include <stdint.h>

/* The six bits of a character, or -1. */
static int sextet(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	return c == '/' ? 63 : -1;
}

bool as_base64_decode(struct as_arena *arena, const char *text, size_t n, unsigned char **bytes, size_t *size)
{
	unsigned char *out = as_alloc(arena, n / 4 * 3 + 3);
	size_t count = 0, written = 0, pads = 0;
	uint32_t group = 0;
	for (size_t i = 0; i < n; i++) {
		if (as_is_fws(text[i]))
			continue;
		if (text[i] == '=') {
			pads++;
			continue;
		}
		int bits = sextet(text[i]);
		if (bits < 0 || pads > 0)
			return false;
		group = group << 6 | (uint32_t)bits;
		if (++count % 4 == 0) {
			out[written++] = (unsigned char)(group >> 16);
			out[written++] = (unsigned char)(group >> 8);
			out[written++] = (unsigned char)group;
		}
	}
	size_t rest = count % 4;
	if (rest == 1 || pads > 2 || (pads > 0 && rest + pads != 4))
		return false;
	if (rest >= 2)
		out[written++] = (unsigned char)(group >> (rest == 2 ? 4 : 10));
	if (rest == 3)
		out[written++] = (unsigned char)(group >> 2);
	*bytes = out;
	*size = written;
	return true;
}
