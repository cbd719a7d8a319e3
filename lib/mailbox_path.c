/* SPDX-License-Identifier: BSD-2-Clause */
/* mailbox_path.c - addresses of the envelope, RFC 5321 4.1.2.
 *
 * The MTA has accepted the address already, so the local part may be odd; the domain may not.
 */
#include "config.h"

#include "mailbox.h"

#include "domain.h"
#include "str.h"

#include <string.h>

/* RFC 5321 4.1.2: A-d-l ":" before the mailbox, to be ignored. NULL: a route without end. */
static const char *skip_route(const char *at, const char *end)
{
	if (at == end || *at != '@')
		return at;
	const char *colon = memchr(at, ':', (size_t)(end - at));
	return colon ? colon + 1 : NULL;
}

/* Adds the content of the quoted string at `at`; returns what follows it, NULL if it does not end. */
static const char *read_quoted(const char *at, const char *end, struct as_buf *out)
{
	for (at++; at < end && *at != '"'; at++) {
		if (*at == '\\' && ++at == end)
			return NULL;
		as_buf_putc(out, *at);
	}
	return at < end ? at + 1 : NULL;
}

/* Adds the local part with quotes and backslashes taken off; returns its "@", NULL if there is none. */
static const char *read_local(const char *at, const char *end, struct as_buf *out)
{
	bool is_at_word = true;
	while (at < end && *at != '@') {
		bool is_quoted = *at == '"';
		if (is_quoted ? !is_at_word : (unsigned char)*at <= 0x20 || *at == 0x7f || strchr("<>\\", *at))
			return NULL;
		is_at_word = *at == '.';
		if (!is_quoted)
			as_buf_putc(out, *at++);
		else if (!(at = read_quoted(at, end, out)))
			return NULL;
		else if (at < end && *at != '.' && *at != '@')
			return NULL;
	}
	return at < end ? at : NULL;
}

enum as_err as_path_parse(struct as_arena *arena, const char *path, const char **local, const char **domain)
{
	const char *unused;
	const char *end = path + strlen(path);
	struct as_buf text = as_buf_new(arena);
	if (!local)
		local = &unused;
	*local = *domain = "";
	if (*path == '<') {
		path++;
		if (path == end || *--end != '>')
			return AS_ERR_SYNTAX;
	}
	if (path == end)
		return AS_OK;
	const char *at = skip_route(path, end);
	if (!at || !(at = read_local(at, end, &text)))
		return AS_ERR_SYNTAX;
	*local = text.text;
	return as_domain_normal(arena, at + 1, (size_t)(end - at - 1), domain);
}

enum as_err as_path_parse_lax(struct as_arena *arena, const char *path, const char **local, const char **domain)
{
	if (as_path_parse(arena, path, local, domain) == AS_OK)
		return AS_OK;
	char *address = as_strdup(arena, path + (*path == '<'));
	size_t n = strlen(address);
	if (n && address[n - 1] == '>')
		address[n - 1] = '\0';
	char *at = strrchr(address, '@');
	*local = address;
	*domain = "";
	if (!at)
		return AS_ERR_SYNTAX;
	*at = '\0';
	*domain = at + 1;
	return as_domain_normal(arena, at + 1, strlen(at + 1), domain);
}
