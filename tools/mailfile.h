/* SPDX-License-Identifier: BSD-2-Clause */
/* mailfile.h - a mail in a file, split into what an MTA hands to a milter. */
#ifndef AS_TOOLS_MAILFILE_H
#define AS_TOOLS_MAILFILE_H

#include "arena.h"
#include "err.h"

#include <stddef.h>

struct as_mail_field {
	const char *name;
	size_t name_length;
	const char *value; /* with its leading space, folds as in the file, no line end */
	size_t value_length;
};

struct as_mail {
	size_t count;
	struct as_mail_field *fields;
	const unsigned char *body; /* line ends are CRLF */
	size_t body_size;
};

enum { AS_MAIL_MAX = 256 << 20 };

/* Reads a file, "-" is standard input; at most AS_MAIL_MAX bytes (AS_ERR_LIMIT). Line ends may be LF or CRLF; an mbox "From " line
 * before the header is skipped; a line that is no header field ends the header, as in an MTA. Arena memory. */
enum as_err as_mail_read(struct as_arena *arena, const char *path, struct as_mail *mail);

/* The same from memory. */
void as_mail_split(struct as_arena *arena, const char *bytes, size_t n, struct as_mail *mail);

/* The bytes of a file alone, with the same bound. */
enum as_err as_mail_bytes(struct as_arena *arena, const char *path, char **bytes, size_t *size);

#endif
