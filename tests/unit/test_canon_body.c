/* SPDX-License-Identifier: BSD-2-Clause */
/* test_canon_body.c - canonical bodies and their hashes against a plain byte-wise reference. */
#include "config.h"

#include "body_hashes.h"

#include "str.h"

#include <openssl/evp.h>
#include <string.h>

#include "test.h"

static bool is_line_end(const char *text, size_t n, size_t at)
{
	return at + 1 < n && text[at] == '\r' && text[at + 1] == '\n';
}

/* RFC 6376 3.4.3 and 3.4.4 in the order of their sentences. */
static struct as_buf reference(struct as_arena *arena, const char *text, size_t n, bool is_relaxed)
{
	struct as_buf out = as_buf_new(arena);
	for (size_t i = 0, blanks; i < n; i += blanks + !blanks) {
		for (blanks = 0; is_relaxed && i + blanks < n && as_is_wsp(text[i + blanks]);)
			blanks++;
		if (blanks == 0)
			as_buf_putc(&out, text[i]);
		else if (i + blanks < n && !is_line_end(text, n, i + blanks))
			as_buf_putc(&out, ' ');
	}
	while (out.length >= 2 && is_line_end(out.text, out.length, out.length - 2))
		out.length -= 2;
	if (out.length > 0 || !is_relaxed)
		as_buf_puts(&out, "\r\n");
	return out;
}

/* --- known bodies --------------------------------------------------------------------------------------------------- */

/* clang-format off */
static const struct {
	const char *name, *body, *simple, *relaxed;
} known[] = {
	{ "RFC 6376 3.4.5", " C \r\nD \t E\r\n\r\n\r\n", " C \r\nD \t E\r\n", " C\r\nD E\r\n" },
	{ "nothing", "", "\r\n", "" },
	{ "a line end", "\r\n", "\r\n", "" },
	{ "line ends", "\r\n\r\n\r\n", "\r\n", "" },
	{ "white space", " \r\n\t\r\n", " \r\n\t\r\n", "" },
	{ "white space without a line end", " \t", " \t\r\n", "" },
	{ "no line end", "hello", "hello\r\n", "hello\r\n" },
	{ "no line end, white space", "hello \t", "hello \t\r\n", "hello\r\n" },
	{ "no line end, half of it", "hello\r", "hello\r\r\n", "hello\r\r\n" },
	{ "a CR", "\r", "\r\r\n", "\r\r\n" },
	{ "a LF", "\n", "\n\r\n", "\n\r\n" },
	{ "a line of a CR", "a\r\n\r\r\n\r\n", "a\r\n\r\r\n", "a\r\n\r\r\n" },
	{ "LF, CR", "a\n\r\n\r", "a\n\r\n\r\r\n", "a\n\r\n\r\r\n" },
	{ "blank lines at the start", "\r\n \r\na\r\n", "\r\n \r\na\r\n", "\r\n\r\na\r\n" },
	{ "a bare CR in white space", "a \r b\r\n", "a \r b\r\n", "a \r b\r\n" },
	{ "white space at the end of every line", "one two \r\n\t three  four\t\r\n", "one two \r\n\t three  four\t\r\n", "one two\r\n three four\r\n" },
	{ "a line that begins with white space", "some words\r\n and more of them\r\n\r\n", "some words\r\n and more of them\r\n",
	  "some words\r\n and more of them\r\n" },
	{ "marks besides white space", "a !! \f \v b\x1f\x21\x89\x8d\xa0 ! c\r\n", "a !! \f \v b\x1f\x21\x89\x8d\xa0 ! c\r\n",
	  "a !! \f \v b\x1f\x21\x89\x8d\xa0 ! c\r\n" },
};
/* clang-format on */

/* --- against the reference ------------------------------------------------------------------------------------------ */

static uint32_t random_state = 20260115;

static size_t random_below(size_t n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state % n;
}

enum { MODES = 4 };

static struct as_buf random_body(struct as_arena *arena, size_t n, size_t mode)
{
	static const char *const parts[MODES][8] = {
		{ "\r", "\n", " ", "\t", "a", "\r\n", "\r\n", "b" },
		{ "word", " ", "!", "longer words and more", ".\r\n", " ", "\r\n", " \r\n" },
		{ "a line like others, with one space between words\r\n", "\r\n", "and another one\r\n", "x", "y", "z", " end", "\r\n\r\n" },
		{ "\r\n", "\r\n", "\r\n", "\r\n\r\n\r\n\r\n", " \t \r\n", "\r\n", "\r", "\r\n" },
	};
	struct as_buf body = as_buf_new(arena);
	while (body.length < n)
		as_buf_puts(&body, parts[mode][random_below(8)]);
	body.length = n;
	return body;
}

/* In random pieces; piece 0: in one. */
static void feed(struct as_body_hashes *hashes, const struct as_buf *body, size_t most)
{
	for (size_t at = 0; at < body->length;) {
		size_t n = most ? 1 + random_below(most) : body->length;
		n = n < body->length - at ? n : body->length - at;
		unsigned char *piece = as_xalloc(n); /* so that a look behind its end is seen */
		memcpy(piece, body->text + at, n);
		as_body_hashes_add(hashes, piece, n);
		free(piece);
		at += n;
	}
	as_body_hashes_end(hashes);
}

static void compare(const struct as_buf *body, const struct as_buf *wanted, const struct as_body_hash *got)
{
	unsigned char hash[AS_SHA256_SIZE];
	size_t n = got->most < wanted->length ? (size_t)got->most : wanted->length;
	assert_int_equal(EVP_Digest(wanted->text, n, hash, NULL, EVP_sha256(), NULL), 1);
	if (got->length == wanted->length && memcmp(got->hash, hash, sizeof hash) == 0)
		return;
	for (size_t i = 0; i < body->length; i++)
		print_error(strchr("\r\n\t", body->text[i]) ? "\\x%02x" : "%c", (unsigned)body->text[i]);
	fail_msg(": %s, first %zu of %zu", got->is_relaxed ? "relaxed" : "simple", n, wanted->length);
}

/* Every length from 0 on, in steps. */
static void check_body(struct as_arena *arena, const struct as_buf *body, size_t step, size_t pieces)
{
	struct as_body_hashes *hashes = as_body_hashes_new(arena);
	struct as_buf wanted[2];
	struct as_buf list = as_buf_new(arena);
	for (int is_relaxed = 0; is_relaxed < 2; is_relaxed++) {
		wanted[is_relaxed] = reference(arena, body->text, body->length, is_relaxed);
		for (size_t most = 0; most < wanted[is_relaxed].length + 2 + step; most += step) {
			const struct as_body_hash *hash = as_body_hashes_need(hashes, is_relaxed, most);
			as_buf_add(&list, (const char *)&hash, sizeof hash);
		}
		const struct as_body_hash *whole = as_body_hashes_need(hashes, is_relaxed, UINT64_MAX);
		as_buf_add(&list, (const char *)&whole, sizeof whole);
	}
	feed(hashes, body, pieces);
	for (size_t at = 0; at < list.length; at += sizeof(struct as_body_hash *)) {
		const struct as_body_hash *hash;
		memcpy(&hash, list.text + at, sizeof hash);
		compare(body, &wanted[hash->is_relaxed], hash);
	}
}

static void known_bodies(void **state)
{
	(void)state; /* nothing is shared */
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		struct as_arena *arena = as_arena_new();
		struct as_buf body = as_buf_new(arena);
		as_buf_puts(&body, known[i].body);
		for (int is_relaxed = 0; is_relaxed < 2; is_relaxed++) {
			const char *wanted = is_relaxed ? known[i].relaxed : known[i].simple;
			struct as_buf got = reference(arena, body.text, body.length, is_relaxed);
			if (got.length != strlen(wanted) || memcmp(got.text, wanted, got.length) != 0)
				fail_msg("%s, %s", known[i].name, is_relaxed ? "relaxed" : "simple");
		}
		check_body(arena, &body, 1, 0);
		check_body(arena, &body, 1, 1);
		as_arena_free(arena);
	}
}

static void small_bodies(void **state)
{
	(void)state; /* nothing is shared */
	enum { BODIES = 3000 };
	for (size_t i = 0; i < BODIES; i++) {
		struct as_arena *arena = as_arena_new();
		struct as_buf body = random_body(arena, random_below(40), i % MODES);
		check_body(arena, &body, 1 + random_below(4), random_below(12));
		as_arena_free(arena);
	}
}

/* Around the sizes at which canon_body.c gathers or hashes directly. */
static void large_bodies(void **state)
{
	(void)state; /* nothing is shared */
	enum { BODIES = 400, LARGEST = 12000 };
	static const size_t pieces[] = { 0, 3, 100, 700, 5000 };
	for (size_t i = 0; i < BODIES; i++) {
		struct as_arena *arena = as_arena_new();
		struct as_buf body = random_body(arena, random_below(LARGEST), i % MODES);
		check_body(arena, &body, 1 + random_below(LARGEST / 2), pieces[i % 5]);
		as_arena_free(arena);
	}
}

/* --- sharing -------------------------------------------------------------------------------------------------------- */

static void one_of_each_kind(void **state)
{
	(void)state; /* nothing is shared */
	struct as_arena *arena = as_arena_new();
	struct as_body_hashes *hashes = as_body_hashes_new(arena);
	assert_false(as_body_hashes_are_needed(hashes));
	const struct as_body_hash *whole = as_body_hashes_need(hashes, true, UINT64_MAX), *simple = as_body_hashes_need(hashes, false, 10);
	assert_true(as_body_hashes_are_needed(hashes));
	assert_ptr_equal(as_body_hashes_need(hashes, true, UINT64_MAX), whole);
	assert_ptr_equal(as_body_hashes_need(hashes, false, 10), simple);
	assert_ptr_not_equal(as_body_hashes_need(hashes, true, 10), whole);
	assert_ptr_not_equal(as_body_hashes_need(hashes, false, UINT64_MAX), simple);
	as_arena_free(arena);
}

int main(void)
{
	static const struct CMUnitTest all[] = {
		cmocka_unit_test(known_bodies),
		cmocka_unit_test(small_bodies),
		cmocka_unit_test(large_bodies),
		cmocka_unit_test(one_of_each_kind),
	};
	return cmocka_run_group_tests(all, NULL, NULL);
}
