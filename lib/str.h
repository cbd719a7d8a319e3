/* SPDX-License-Identifier: BSD-2-Clause */
/* str.h - ASCII text: comparing without a locale, a growing buffer, and escaping of foreign bytes for people's eyes. */
#ifndef AS_STR_H
#define AS_STR_H

#include "arena.h"

#include <stdbool.h>
#include <stddef.h>

/* ASCII only, no locale: bytes above 0x7f are equal only to themselves. */
static inline char as_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static inline bool as_is_alpha(char c)
{
	return as_lower(c) >= 'a' && as_lower(c) <= 'z';
}

static inline bool as_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool as_is_alnum(char c)
{
	return as_is_alpha(c) || as_is_digit(c);
}

/* What a digit of lower-case hexadecimal stands for; -1: it is none. */
static inline int as_hex_digit(char c)
{
	return as_is_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* SP or HTAB, RFC 5234 B.1 */
static inline bool as_is_wsp(char c)
{
	return c == ' ' || c == '\t';
}

/* SP, HTAB, CR or LF */
static inline bool as_is_fws(char c)
{
	return as_is_wsp(c) || c == '\r' || c == '\n';
}

bool as_equal_nocase(const char *a, const char *b);
bool as_equal_nocase_n(const char *a, size_t na, const char *b, size_t nb);

/* Size in octets (1 to 4) of the well-formed UTF-8 character at text (RFC 3629 4; no surrogates, nothing overlong); 0: none. */
size_t as_utf8_size(const char *text, size_t n);

/* The same for printable characters only: SP to "~", and UTF-8 without U+0080..U+009F, U+2028 and U+2029, in which some readers of
 * Unicode text see line ends. */
size_t as_printable_size(const char *text, size_t n);

/* Lower-case copy owned by the arena. */
char *as_lower_copy(struct as_arena *arena, const char *bytes, size_t n);

/* A text that grows in an arena. Start with as_buf_new; text is always NUL-terminated. */
struct as_buf {
	struct as_arena *arena;
	char *text;
	size_t length;
	size_t room;
};
struct as_buf as_buf_new(struct as_arena *arena);
void as_buf_add(struct as_buf *buf, const char *bytes, size_t n);
void as_buf_puts(struct as_buf *buf, const char *text);
void as_buf_putc(struct as_buf *buf, char c);
void as_buf_printf(struct as_buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Foreign bytes as printable ASCII in one line: anything outside 0x21..0x7e (and backslash) becomes \xHH, space stays;
 * at most `most` characters, of which "..." at the end marks a cut. Owned by the arena. Safe for log lines and replies. */
char *as_escape(struct as_arena *arena, const char *bytes, size_t n, size_t most);

#endif
