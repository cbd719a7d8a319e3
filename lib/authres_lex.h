/* SPDX-License-Identifier: BSD-2-Clause */
/* authres_lex.h - the words of Authentication-Results, shared by its writer and its readers: RFC 8601 2.2, RFC 2045 5.1, RFC 5321 4.1.2. */
#ifndef AS_AUTHRES_LEX_H
#define AS_AUTHRES_LEX_H

#include <stdbool.h>
#include <stddef.h>

enum { AS_LEX_KEYWORD_MAX = 64, AS_LEX_COMMENT_DEPTH_MAX = 32 };

/* A character, and a whole text, of RFC 2045's token. */
bool as_lex_is_token_char(char c);
bool as_lex_is_token(const char *text, size_t n);

/* A character that may stand in an unquoted pvalue: of a token, a local part or a domain. */
bool as_lex_is_pvalue_char(char c);

/* Is the whole text [ [ local-part ] "@" ] domain-name? U-labels and UTF-8 local parts count (RFC 6531 3.3). */
bool as_lex_is_identity(const char *text, size_t n);

/* Size of the fold or white space at text: WSP, or CRLF or LF before WSP (which is not counted); 0: none. */
size_t as_lex_fws_size(const char *text, size_t n);

/* Size of the quoted string at text with both quotes, and of the comment at text with its parentheses; 0: malformed or without end. */
size_t as_lex_quoted_size(const char *text, size_t n);
size_t as_lex_comment_size(const char *text, size_t n);

#endif
