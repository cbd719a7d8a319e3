/* SPDX-License-Identifier: BSD-2-Clause */
/* mailfile.c - reading and splitting a mail. */
#include "config.h"

#include "mailfile.h"

#include "str.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct line {
	const char *text;
	size_t length; /* without the line end */
	const char *next;
};

static struct line take_line(const char *at, const char *end)
{
	const char *lf = memchr(at, '\n', (size_t)(end - at));
	struct line line = { at, (size_t)((lf ? lf : end) - at), lf ? lf + 1 : end };
	if (lf && line.length && at[line.length - 1] == '\r')
		line.length--;
	return line;
}

/* RFC 5322 2.2: printable bytes without colon; white space may stand before the colon (4.5.3). 0: no field starts here. */
static size_t name_length(const struct line *line)
{
	const char *colon = memchr(line->text, ':', line->length);
	if (!colon || colon == line->text || as_is_wsp(*line->text))
		return 0;
	size_t n = (size_t)(colon - line->text), solid = n;
	while (solid && as_is_wsp(line->text[solid - 1]))
		solid--;
	for (size_t i = 0; i < solid; i++)
		if ((unsigned char)line->text[i] <= ' ' || line->text[i] == 0x7f)
			return 0;
	return n;
}

static void add_field(struct as_arena *arena, struct as_mail *mail, struct as_mail_field field)
{
	mail->fields = as_grow(arena, mail->fields, mail->count, sizeof *mail->fields);
	mail->fields[mail->count++] = field;
}

static const char *take_fields(struct as_arena *arena, const char *at, const char *end, struct as_mail *mail)
{
	while (at < end) {
		struct line line = take_line(at, end);
		size_t n = name_length(&line);
		if (line.length == 0)
			return line.next;
		if (!n)
			return at;
		const char *value_end = line.text + line.length;
		while (line.next < end && as_is_wsp(*line.next)) {
			line = take_line(line.next, end);
			value_end = line.text + line.length;
		}
		const char *value = at + n + 1;
		add_field(arena, mail, (struct as_mail_field){ at, n, value, (size_t)(value_end - value) });
		at = line.next;
	}
	return end;
}

static void set_body(struct as_arena *arena, const char *at, const char *end, struct as_mail *mail)
{
	size_t bare = 0;
	for (const char *p = at; p < end; p++)
		bare += *p == '\n' && (p == at || p[-1] != '\r');
	unsigned char *body = as_alloc(arena, (size_t)(end - at) + bare);
	size_t n = 0;
	for (const char *p = at; p < end; p++) {
		if (*p == '\n' && (p == at || p[-1] != '\r'))
			body[n++] = '\r';
		body[n++] = (unsigned char)*p;
	}
	mail->body = body;
	mail->body_size = n;
}

void as_mail_split(struct as_arena *arena, const char *bytes, size_t n, struct as_mail *mail)
{
	const char *end = bytes + n;
	memset(mail, 0, sizeof *mail);
	if (n >= 5 && memcmp(bytes, "From ", 5) == 0)
		bytes = take_line(bytes, end).next;
	set_body(arena, take_fields(arena, bytes, end, mail), end, mail);
}

static enum as_err read_all(struct as_arena *arena, FILE *file, char **bytes, size_t *size)
{
	char *room = NULL;
	size_t capacity = 0, n = 0;
	enum as_err err = AS_OK;
	for (;;) {
		if (n == capacity) {
			capacity = capacity ? capacity * 2 : 1 << 16;
			room = as_xrealloc(room, capacity);
		}
		size_t got = fread(room + n, 1, capacity - n, file);
		n += got;
		if (got == 0)
			break;
		if (n > AS_MAIL_MAX) {
			err = AS_ERR_LIMIT;
			break;
		}
	}
	if (!err && ferror(file))
		err = AS_ERR_SYSTEM;
	*bytes = err ? NULL : as_strndup(arena, room, n);
	*size = n;
	free(room);
	return err;
}

enum as_err as_mail_bytes(struct as_arena *arena, const char *path, char **bytes, size_t *size)
{
	bool is_stdin = strcmp(path, "-") == 0;
	FILE *file = is_stdin ? stdin : fopen(path, "rb");
	if (!file)
		return AS_ERR_SYSTEM;
	enum as_err err = read_all(arena, file, bytes, size);
	int saved = errno;
	if (!is_stdin)
		fclose(file);
	errno = saved;
	return err;
}

enum as_err as_mail_read(struct as_arena *arena, const char *path, struct as_mail *mail)
{
	char *bytes;
	size_t size;
	enum as_err err = as_mail_bytes(arena, path, &bytes, &size);
	if (!err)
		as_mail_split(arena, bytes, size, mail);
	return err;
}
