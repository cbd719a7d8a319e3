/* SPDX-License-Identifier: BSD-2-Clause */
/* base64.c - base64 with white space in it. */
#include "config.h"

#include "base64.h"

#include "str.h"

#include <stdint.h>

/* Of a character the six bits and one more, so that 0 is none. RFC 4648 4 */
static const unsigned char sextets[256] = {
	['A'] = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26,
	['a'] = 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52,
	['0'] = 53, 54, 55, 56, 57, 58, 59, 60, 61, 62,
	['+'] = 63,
	['/'] = 64,
};

bool as_base64_decode(struct as_arena *arena, const char *text, size_t n, unsigned char **bytes, size_t *size)
{
	unsigned char *out = as_alloc(arena, n / 4 * 3 + 3);
	size_t count = 0, written = 0, pads = 0;
	uint32_t group = 0;
	for (size_t i = 0; i < n; i++) {
		uint32_t sextet = sextets[(unsigned char)text[i]];
		if (!sextet && as_is_fws(text[i]))
			continue;
		if (text[i] == '=') {
			pads++;
			continue;
		}
		if (!sextet || pads > 0)
			return false;
		group = group << 6 | (sextet - 1);
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
