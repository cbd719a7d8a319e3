/* SPDX-License-Identifier: BSD-2-Clause */
/* canon_body.c - canonical bodies, run by run: blank lines are held back until something follows them. */
#include "config.h"

#include "canon_body.h"

#include "str.h"

#include <openssl/evp.h>
#include <string.h>

struct as_canon_body {
	EVP_MD_CTX *context;
	bool is_relaxed;
	uint64_t most;
	uint64_t length;
	uint64_t blank;    /* lines held back */
	bool has_cr;       /* the last byte was a CR: what it means depends on the next */
	bool has_gap;      /* relaxed: white space that is not written yet */
	bool has_content;  /* the line */
	size_t used;
	unsigned char out[1024];
};

static void free_context(void *context)
{
	EVP_MD_CTX_free(context);
}

struct as_canon_body *as_canon_body_new(struct as_arena *arena, bool is_relaxed, uint64_t most)
{
	struct as_canon_body *body = as_alloc(arena, sizeof *body);
	body->context = EVP_MD_CTX_new();
	body->is_relaxed = is_relaxed;
	body->most = most;
	if (!body->context || EVP_DigestInit_ex(body->context, EVP_sha256(), NULL) != 1)
		as_oom();
	as_defer(arena, free_context, body->context);
	return body;
}

static void flush(struct as_canon_body *body)
{
	if (EVP_DigestUpdate(body->context, body->out, body->used) != 1)
		as_oom();
	body->used = 0;
}

static void put(struct as_canon_body *body, const void *bytes, size_t n)
{
	const unsigned char *from = bytes;
	uint64_t left = body->length < body->most ? body->most - body->length : 0;
	body->length += n;
	n = n < left ? n : (size_t)left;
	while (n > 0) {
		size_t room = sizeof body->out - body->used;
		size_t piece = n < room ? n : room;
		memcpy(body->out + body->used, from, piece);
		body->used += piece;
		from += piece;
		n -= piece;
		if (body->used == sizeof body->out)
			flush(body);
	}
}

static void put_line_end(struct as_canon_body *body)
{
	put(body, "\r\n", 2);
}

static void put_content(struct as_canon_body *body, const void *bytes, size_t n)
{
	for (; body->blank > 0; body->blank--)
		put_line_end(body);
	if (body->has_gap)
		put(body, " ", 1);
	put(body, bytes, n);
	body->has_gap = false;
	body->has_content = true;
}

static void end_line(struct as_canon_body *body)
{
	if (body->has_content)
		put_line_end(body);
	else
		body->blank++;
	body->has_gap = body->has_content = false;
}

static bool ends_run(const unsigned char *at, size_t n)
{
	return *at == ' ' ? n == 1 || as_is_wsp((char)at[1]) : *at == '\t';
}

/* How many bytes of content from here stand for themselves: also a single space between others. */
static size_t run_length(const struct as_canon_body *body, const unsigned char *bytes, size_t n)
{
	const unsigned char *cr = memchr(bytes, '\r', n);
	size_t most = cr ? (size_t)(cr - bytes) : n, run = 1;
	if (!body->is_relaxed)
		return most;
	while (run < most && (bytes[run] > ' ' || !ends_run(bytes + run, most - run)))
		run++;
	return run;
}

void as_canon_body_add(struct as_canon_body *body, const unsigned char *bytes, size_t n)
{
	for (size_t i = 0, run; i < n; i += run) {
		bool had_cr = body->has_cr;
		run = 1;
		body->has_cr = bytes[i] == '\r';
		if (had_cr && bytes[i] == '\n') {
			end_line(body);
			continue;
		}
		if (had_cr)
			put_content(body, "\r", 1);
		if (body->has_cr)
			continue;
		if (body->is_relaxed && as_is_wsp((char)bytes[i])) {
			body->has_gap = true;
			continue;
		}
		run = run_length(body, bytes + i, n - i);
		put_content(body, bytes + i, run);
	}
}

uint64_t as_canon_body_end(struct as_canon_body *body, unsigned char hash[AS_SHA256_SIZE])
{
	if (body->has_cr)
		put_content(body, "\r", 1);
	if (body->has_content)
		end_line(body);
	if (body->length == 0 && !body->is_relaxed)
		put_line_end(body); /* RFC 6376 3.4.3: an empty body is a line end */
	flush(body);
	if (EVP_DigestFinal_ex(body->context, hash, NULL) != 1)
		as_oom();
	return body->length;
}
