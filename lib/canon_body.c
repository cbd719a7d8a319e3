/* SPDX-License-Identifier: BSD-2-Clause */
/* canon_body.c - canonical bodies, run by run: line ends and white space are held back until something follows them.
 *
 * A run is a stretch of the body that stands for itself, over many lines where it can; long ones are hashed where they are.
 */
#include "config.h"

#include "canon_body.h"

#include "str.h"

#include <openssl/evp.h>
#include <string.h>

enum {
	DIRECT_LEAST = 512, /* shorter runs are gathered before they are hashed */
	WORD = sizeof(uint64_t),
};

/* One hash that is wanted. */
struct digest {
	struct digest *next;
	EVP_MD_CTX *context;
	uint64_t most;
	unsigned char *hash;
};

struct as_canon_body {
	struct as_arena *arena;
	struct digest *digests;
	bool is_relaxed;
	uint64_t length;    /* written; above 0 means that there was content */
	uint64_t hashed;
	uint64_t line_ends; /* held back */
	bool has_gap;       /* relaxed: white space held back, behind the line ends */
	bool has_cr;        /* the last byte was a CR: what it means depends on the next */
	size_t used;
	unsigned char out[4096];
};

static void free_context(void *context)
{
	EVP_MD_CTX_free(context);
}

struct as_canon_body *as_canon_body_new(struct as_arena *arena, bool is_relaxed)
{
	struct as_canon_body *body = as_alloc(arena, sizeof *body);
	body->arena = arena;
	body->is_relaxed = is_relaxed;
	return body;
}

void as_canon_body_want(struct as_canon_body *body, uint64_t most, unsigned char hash[AS_SHA256_SIZE])
{
	struct digest *digest = as_alloc(body->arena, sizeof *digest);
	*digest = (struct digest){ .next = body->digests, .context = EVP_MD_CTX_new(), .most = most, .hash = hash };
	if (!digest->context || EVP_DigestInit_ex(digest->context, EVP_sha256(), NULL) != 1)
		as_oom();
	as_defer(body->arena, free_context, digest->context);
	body->digests = digest;
}

static void update(struct as_canon_body *body, const unsigned char *bytes, size_t n)
{
	for (struct digest *digest = body->digests; digest; digest = digest->next) {
		uint64_t left = digest->most > body->hashed ? digest->most - body->hashed : 0;
		if (left > 0 && EVP_DigestUpdate(digest->context, bytes, n < left ? n : (size_t)left) != 1)
			as_oom();
	}
	body->hashed += n;
}

static void flush(struct as_canon_body *body)
{
	update(body, body->out, body->used);
	body->used = 0;
}

static void put(struct as_canon_body *body, const void *bytes, size_t n)
{
	body->length += n;
	if (n > sizeof body->out - body->used || n >= DIRECT_LEAST)
		flush(body);
	if (n >= DIRECT_LEAST) {
		update(body, bytes, n);
		return;
	}
	memcpy(body->out + body->used, bytes, n);
	body->used += n;
}

static void put_line_ends(struct as_canon_body *body)
{
	static const char ends[] = "\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n";
	const size_t most = strlen(ends) / 2;
	while (body->line_ends > 0) {
		size_t n = body->line_ends < most ? (size_t)body->line_ends : most;
		put(body, ends, 2 * n);
		body->line_ends -= n;
	}
}

static void put_content(struct as_canon_body *body, const void *bytes, size_t n)
{
	put_line_ends(body);
	if (body->has_gap)
		put(body, " ", 1);
	body->has_gap = false;
	put(body, bytes, n);
}

/* --- runs: from `at`, where content is, up to what the functions return ---------------------------------------------- */

/* Simple: all but line ends that nothing follows yet. */
static const unsigned char *simple_run(const unsigned char *at, const unsigned char *end)
{
	if (end[-1] == '\r')
		end--;
	while (end - at >= 2 && end[-2] == '\r' && end[-1] == '\n')
		end -= 2;
	return end;
}

/* May one of the next 8 bytes end a relaxed run? Not without a HTAB, a CR (both are a CR with bit 2 set) or two spaces side by side.
 * The highest bit of each byte of `blank` and `other` says so; it is never missing where it should be. */
static bool is_suspect(const unsigned char *at)
{
	const uint64_t ones = UINT64_MAX / 0xff;
	uint64_t word;
	memcpy(&word, at, WORD);
	uint64_t blank = word ^ ones * ' ', other = (word | ones * 4) ^ ones * '\r';
	blank = (blank - ones) & ~blank;
	other = (other - ones) & ~other;
	return ((blank & blank >> 8) | other) & ones * 0x80;
}

/* Relaxed: the place behind the byte, or the line ends, at `at`; `at` itself when the run ends there. */
static const unsigned char *step(const unsigned char *at, const unsigned char *end)
{
	const unsigned char *next = at;
	if (*at > ' ')
		return at + 1;
	if (*at == '\t')
		return at;
	while (end - next >= 2 && next[0] == '\r' && next[1] == '\n')
		next += 2;
	if (next == at && *at == ' ')
		next++;
	else if (next == at && *at != '\r')
		return at + 1;
	return next < end && !as_is_wsp((char)*next) && *next != '\r' ? next : at;
}

static const unsigned char *relaxed_run(const unsigned char *at, const unsigned char *end)
{
	for (;;) {
		while (end - at >= WORD && !is_suspect(at))
			at += WORD - 1; /* the last one may be half of a pair */
		for (size_t i = 0; i < WORD; i++) {
			const unsigned char *next = at < end ? step(at, end) : at;
			if (next == at)
				return at;
			at = next;
		}
	}
}

void as_canon_body_add(struct as_canon_body *body, const unsigned char *bytes, size_t n)
{
	const unsigned char *end = bytes + n;
	while (bytes < end) {
		bool had_cr = body->has_cr;
		body->has_cr = *bytes == '\r';
		if (had_cr && *bytes == '\n') {
			body->line_ends++;
			body->has_gap = false;
			bytes++;
			continue;
		}
		if (had_cr)
			put_content(body, "\r", 1);
		if (body->has_cr || (body->is_relaxed && as_is_wsp((char)*bytes))) {
			body->has_gap = body->has_gap || !body->has_cr;
			bytes++;
			continue;
		}
		const unsigned char *stop = body->is_relaxed ? relaxed_run(bytes, end) : simple_run(bytes, end);
		put_content(body, bytes, (size_t)(stop - bytes));
		bytes = stop;
	}
}

/* RFC 6376 3.4.3, 3.4.4: content ends in one line end, also where none came; an empty body is a line end, or when relaxed nothing. */
uint64_t as_canon_body_end(struct as_canon_body *body)
{
	if (body->has_cr)
		put_content(body, "\r", 1);
	if (body->length > 0 || !body->is_relaxed)
		put(body, "\r\n", 2);
	flush(body);
	for (struct digest *digest = body->digests; digest; digest = digest->next)
		if (EVP_DigestFinal_ex(digest->context, digest->hash, NULL) != 1)
			as_oom();
	return body->length;
}
