/* SPDX-License-Identifier: BSD-2-Clause */
/* fuzz_received.c - Received fields. The input is a field, and then what a stranger says to an MTA that repeats it as it came: whatever
 * that is, the field names the address of the connection or none. */
#include "config.h"

#include "received.h"
#include "str.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static bool is_told(const char *text)
{
	return text && strlen(text) <= AS_RECEIVED_WORD;
}

static void check_field(struct as_arena *arena, const char *value, size_t n)
{
	struct as_received received;
	const char *trouble = as_received_parse(arena, value, n, &received);
	require(!trouble == (received.client.family != 0));
	require(trouble || (is_told(received.by) && *received.by));
	require(!received.helo || is_told(received.helo));
	require(!received.name || (is_told(received.name) && *received.name));
}

/* What fits into a line of SMTP. */
static const char *said(struct as_arena *arena, const uint8_t *data, size_t size)
{
	struct as_buf text = as_buf_new(arena);
	for (size_t i = 0; i < size && i < 1000; i++)
		if (data[i] && data[i] != '\r' && data[i] != '\n')
			as_buf_putc(&text, (char)data[i]);
	return text.text;
}

/* "#" is what was said. */
static const char *const fields[] = {
	" from # (mail.example.org [203.0.113.9])\r\n\tby mx2.example.com (Postfix) with ESMTP id 4F\r\n\tfor <a@b.example>; 22 Nov 2026",
	" from # (unknown [203.0.113.9])\r\n\t(using TLSv1.3)\r\n\t(Client CN \"x\")\r\n\tby mx2.example.com (Postfix) with ESMTPS id 4F; 22 Nov",
	" from # ([203.0.113.9])\r\n\tby mx2.example.com (8.17.1/8.17.1) with ESMTP id 3A; 22 Nov 2026",
	" from # (IDENT:joe@[203.0.113.9] (may be forged))\r\n\tby mx2.example.com (8.17.1/8.17.1) with ESMTP id 3A; 22 Nov 2026",
	" from a.example (b.example [203.0.113.9])\r\n\t(Client CN \"#\", Issuer \"x\")\r\n\tby mx2.example.com (Postfix) with ESMTPS id 4F; 22 Nov",
	" from mail.example.org ([203.0.113.9] helo=#)\r\n\tby mx2.example.com with esmtp (Exim 4.96)\r\n\tid 1a; 22 Nov 2026",
	" from [203.0.113.9] (helo=#)\r\n\tby mx2.example.com with esmtp (Exim 4.96)\r\n\tid 1a; 22 Nov 2026",
	" from # (203.0.113.9) by mx2.example.com\r\n (192.0.2.25) with Microsoft SMTP Server id 15.2; 22 Nov 2026",
	" from unknown (HELO #) (203.0.113.9) by mx2.example.com with SMTP; 22 Nov 2026",
	" from unknown (HELO #) ([203.0.113.9]) by mx2.example.com with ESMTP; 22 Nov 2026",
};

static void check_stranger(struct as_arena *arena, const char *field, const char *words)
{
	static const uint8_t client[4] = { 203, 0, 113, 9 };
	struct as_received received;
	size_t split = strcspn(field, "#");
	const char *value = as_printf(arena, "%.*s%s%s", (int)split, field, words, field + split + 1);
	if (as_received_parse(arena, value, strlen(value), &received))
		return;
	require(received.client.family == 4 && memcmp(received.client.bytes, client, sizeof client) == 0);
	require(strcmp(received.by, "mx2.example.com") == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct as_arena *arena = as_arena_new();
	const char *words = said(arena, data, size);
	check_field(arena, (const char *)data, size);
	for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
		check_stranger(arena, fields[i], words);
	as_arena_free(arena);
	return 0;
}
