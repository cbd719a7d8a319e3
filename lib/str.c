/* SPDX-License-Identifier: BSD-2-Clause */
/* str.c - ASCII text helpers. */
#include "config.h"

#include "str.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

bool as_equal_nocase_n(const char *a, size_t na, const char *b, size_t nb)
{
	if (na != nb)
		return false;
	for (size_t i = 0; i < na; i++)
		if (as_lower(a[i]) != as_lower(b[i]))
			return false;
	return true;
}

bool as_equal_nocase(const char *a, const char *b)
{
	return as_equal_nocase_n(a, strlen(a), b, strlen(b));
}

size_t as_utf8_size(const char *text, size_t n)
{
	/* RFC 3629 4: first octet, range of the second, size; the others are 80..BF. */
	static const struct {
		unsigned char first, last, second_from, second_to, size;
	} rows[] = {
		{ 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 },
		{ 0xee, 0xef, 0x80, 0xbf, 3 }, { 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};
	const unsigned char *c = (const unsigned char *)text;
	if (n > 0 && c[0] < 0x80)
		return 1;
	for (size_t i = 0; n > 0 && i < sizeof rows / sizeof rows[0]; i++) {
		if (c[0] < rows[i].first || c[0] > rows[i].last)
			continue;
		if (rows[i].size > n || c[1] < rows[i].second_from || c[1] > rows[i].second_to)
			return 0;
		for (size_t k = 2; k < rows[i].size; k++)
			if ((c[k] & 0xc0) != 0x80)
				return 0;
		return rows[i].size;
	}
	return 0;
}

size_t as_printable_size(const char *text, size_t n)
{
	size_t size = as_utf8_size(text, n);
	if (size == 1 && (text[0] < 0x20 || text[0] == 0x7f))
		return 0;
	if (size == 2 && (unsigned char)text[0] == 0xc2 && (unsigned char)text[1] < 0xa0)
		return 0;
	if (size == 3 && (memcmp(text, "\xe2\x80\xa8", 3) == 0 || memcmp(text, "\xe2\x80\xa9", 3) == 0))
		return 0;
	return size;
}

char *as_lower_copy(struct as_arena *arena, const char *bytes, size_t n)
{
	char *copy = as_strndup(arena, bytes, n);
	for (size_t i = 0; i < n; i++)
		copy[i] = as_lower(copy[i]);
	return copy;
}

struct as_buf as_buf_new(struct as_arena *arena)
{
	enum { FIRST = 128 };
	return (struct as_buf){ .arena = arena, .text = as_alloc(arena, FIRST), .room = FIRST };
}

static void reserve(struct as_buf *buf, size_t more)
{
	if (more > SIZE_MAX / 4 || buf->length > SIZE_MAX / 4)
		as_oom();
	size_t need = buf->length + more + 1;
	if (need <= buf->room)
		return;
	size_t room = buf->room * 2 > need ? buf->room * 2 : need;
	char *text = as_alloc(buf->arena, room);
	memcpy(text, buf->text, buf->length);
	buf->text = text;
	buf->room = room;
}

void as_buf_add(struct as_buf *buf, const char *bytes, size_t n)
{
	if (!n)
		return;
	reserve(buf, n);
	memcpy(buf->text + buf->length, bytes, n);
	buf->length += n;
	buf->text[buf->length] = '\0';
}

void as_buf_puts(struct as_buf *buf, const char *text)
{
	as_buf_add(buf, text, strlen(text));
}

void as_buf_putc(struct as_buf *buf, char c)
{
	as_buf_add(buf, &c, 1);
}

/* Into the room there is; again if it was not enough. No argument points into the buffer. */
void as_buf_printf(struct as_buf *buf, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int length = vsnprintf(buf->text + buf->length, buf->room - buf->length, format, args);
	va_end(args);
	if (length > 0 && (size_t)length >= buf->room - buf->length) {
		reserve(buf, (size_t)length);
		va_start(args, format);
		vsnprintf(buf->text + buf->length, buf->room - buf->length, format, args);
		va_end(args);
	}
	buf->length += length > 0 ? (size_t)length : 0;
	buf->text[buf->length] = '\0';
}

char *as_escape(struct as_arena *arena, const char *bytes, size_t n, size_t most)
{
	static const char mark[] = "...";
	size_t mark_length = most < sizeof mark - 1 ? most : sizeof mark - 1;
	size_t cut_at = 0; /* what fits together with the mark */
	struct as_buf out = as_buf_new(arena);
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)bytes[i];
		bool is_plain = c >= 0x20 && c <= 0x7e && c != '\\';
		if (out.length + (is_plain ? 1 : 4) > most) {
			out.text[out.length = cut_at] = '\0';
			as_buf_add(&out, mark, mark_length);
			break;
		}
		if (is_plain)
			as_buf_putc(&out, (char)c);
		else
			as_buf_printf(&out, "\\x%02x", c);
		if (out.length <= most - mark_length)
			cut_at = out.length;
	}
	return out.text;
}
