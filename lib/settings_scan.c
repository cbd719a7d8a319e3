/* SPDX-License-Identifier: BSD-2-Clause */
/* settings_scan.c - blanks comments. libconfuse 3.3 counts lines wrongly behind a comment, refuses one inside a list, and takes
 * the end of the file for the end of an open comment. What is a comment here is one there. */
#include "config.h"

#include "settings_scan.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* The end of a string that begins at text: behind its closing quote, or NULL. A backslash takes the next character with it. */
static char *string_end(char *text)
{
	char quote = *text;
	for (char *at = text + 1; *at; at++) {
		if (*at == quote)
			return at + 1;
		if (*at == '\\' && at[1])
			at++;
	}
	return NULL;
}

/* The end of a comment that begins at text; text itself when none does; NULL when it is not closed. */
static char *comment_end(char *text)
{
	if (text[0] == '#' || (text[0] == '/' && text[1] == '/'))
		return text + strcspn(text, "\n");
	if (text[0] != '/' || text[1] != '*')
		return text;
	char *end = strstr(text + 2, "*/");
	return end ? end + 2 : NULL;
}

static int line_of(const char *text, const char *at)
{
	int line = 1;
	for (; text < at; text++)
		line += *text == '\n';
	return line;
}

const char *as_settings_scan(char *text, int *line)
{
	char *end;
	for (char *at = text; *at; at = end) {
		bool is_string = *at == '"' || *at == '\'';
		end = is_string ? string_end(at) : comment_end(at);
		if (!end) {
			*line = line_of(text, at);
			return is_string ? "string" : "comment";
		}
		for (char *blank = at; !is_string && blank < end; blank++)
			if (*blank != '\n')
				*blank = ' ';
		end += end == at;
	}
	return NULL;
}
