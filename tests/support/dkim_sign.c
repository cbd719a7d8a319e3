/* SPDX-License-Identifier: BSD-2-Clause */
/* dkim_sign.c - DKIM signatures and ARC sets for tests, RFC 6376 5, 8463, 8617 5.1. Plain rather than fast: everything is canonicalised into a buffer. */
#include "config.h"

#include "dkim_sign.h"

#include "str.h"

#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void need(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "dkim_sign: %s failed\n", what);
	exit(EXIT_FAILURE);
}

static const char *either(const char *given, const char *otherwise)
{
	return given ? given : otherwise;
}

char *as_sign_base64(struct as_arena *arena, const unsigned char *bytes, size_t n)
{
	char *text = as_alloc(arena, n / 3 * 4 + 5);
	EVP_EncodeBlock((unsigned char *)text, bytes, (int)n);
	return text;
}

/* --- canonicalisation, RFC 6376 3.4 --- */

static bool header_is_relaxed(const char *canon)
{
	return strncmp(canon, "relaxed", strlen("relaxed")) == 0;
}

static bool body_is_relaxed(const char *canon)
{
	const char *slash = strchr(canon, '/');
	return slash && strcmp(slash + 1, "relaxed") == 0;
}

/* One field without its last CRLF. */
static void add_field(struct as_buf *out, const char *field, size_t n, bool is_relaxed)
{
	if (!is_relaxed) {
		as_buf_add(out, field, n);
		return;
	}
	size_t colon = 0;
	while (colon < n && field[colon] != ':')
		colon++;
	size_t name = colon;
	while (name > 0 && as_is_wsp(field[name - 1]))
		name--;
	for (size_t i = 0; i < name; i++)
		as_buf_putc(out, as_lower(field[i]));
	as_buf_putc(out, ':');
	bool is_started = false, has_gap = false;
	for (size_t i = colon + 1; i < n; i++) {
		if (field[i] == '\r' && i + 1 < n && field[i + 1] == '\n') {
			i++; /* unfolded */
			continue;
		}
		if (as_is_wsp(field[i])) {
			has_gap = is_started;
			continue;
		}
		if (has_gap)
			as_buf_putc(out, ' ');
		has_gap = false;
		is_started = true;
		as_buf_putc(out, field[i]);
	}
}

static void add_line(struct as_buf *out, const char *line, size_t n, bool is_relaxed)
{
	if (!is_relaxed) {
		as_buf_add(out, line, n);
		return;
	}
	while (n > 0 && as_is_wsp(line[n - 1]))
		n--;
	for (size_t i = 0; i < n; i++) {
		if (!as_is_wsp(line[i]))
			as_buf_putc(out, line[i]);
		else if (!as_is_wsp(line[i + 1]))
			as_buf_putc(out, ' ');
	}
}

static struct as_buf canonical_body(struct as_arena *arena, const char *body, size_t n, bool is_relaxed)
{
	struct as_buf out = as_buf_new(arena);
	size_t blank = 0;
	for (size_t at = 0; at < n;) {
		size_t end = at;
		while (end < n && !(body[end] == '\r' && end + 1 < n && body[end + 1] == '\n'))
			end++;
		struct as_buf line = as_buf_new(arena);
		add_line(&line, body + at, end - at, is_relaxed);
		at = end + 2;
		if (line.length == 0) {
			blank++;
			continue;
		}
		for (; blank > 0; blank--)
			as_buf_add(&out, "\r\n", 2);
		as_buf_add(&out, line.text, line.length);
		as_buf_add(&out, "\r\n", 2);
	}
	if (out.length == 0 && !is_relaxed)
		as_buf_add(&out, "\r\n", 2); /* RFC 6376 3.4.3 */
	return out;
}

/* --- the header --- */

struct line {
	const char *text; /* a whole field, folds included, without the last CRLF */
	size_t length;
	bool is_used;
};

struct lines {
	struct line list[30000];
	size_t count;
	const char *body;
	size_t body_length;
};

static struct lines *split(struct as_arena *arena, const char *message, size_t n)
{
	struct lines *lines = as_alloc(arena, sizeof *lines);
	const char *end = message + n, *at = message;
	while (at < end && !(end - at >= 2 && at[0] == '\r' && at[1] == '\n')) {
		const char *stop = at;
		while (stop < end && !(end - stop >= 2 && stop[0] == '\r' && stop[1] == '\n' && (end - stop == 2 || !as_is_wsp(stop[2]))))
			stop++;
		need(lines->count < sizeof lines->list / sizeof *lines->list, "too many fields: splitting");
		lines->list[lines->count++] = (struct line){ .text = at, .length = (size_t)(stop - at) };
		at = stop < end ? stop + 2 : end;
	}
	lines->body = at < end ? at + 2 : end;
	lines->body_length = (size_t)(end - lines->body);
	return lines;
}

static size_t name_length(const struct line *line)
{
	size_t n = 0;
	while (n < line->length && line->text[n] != ':')
		n++;
	while (n > 0 && as_is_wsp(line->text[n - 1]))
		n--;
	return n;
}

/* RFC 6376 5.4.2: instances from the bottom up, a name without an instance left adds nothing. */
static void add_signed(struct as_buf *out, struct lines *lines, const char *name, size_t n, bool is_relaxed)
{
	for (size_t i = lines->count; i > 0; i--) {
		struct line *line = &lines->list[i - 1];
		if (line->is_used || !as_equal_nocase_n(line->text, name_length(line), name, n))
			continue;
		line->is_used = true;
		add_field(out, line->text, line->length, is_relaxed);
		as_buf_add(out, "\r\n", 2);
		return;
	}
}

static void add_all_signed(struct as_buf *out, struct lines *lines, const char *names, bool is_relaxed)
{
	for (const char *at = names; *at;) {
		size_t n = strcspn(at, ":");
		add_signed(out, lines, at, n, is_relaxed);
		at += n;
		at += *at == ':';
	}
}

/* --- the signature field --- */

static const char *algorithm_of(const struct as_signer *signer)
{
	return either(signer->algorithm, EVP_PKEY_is_a(signer->key, "ED25519") ? "ed25519-sha256" : "rsa-sha256");
}

static const EVP_MD *hash_of(const struct as_signer *signer)
{
	return strstr(algorithm_of(signer), "sha1") ? EVP_sha1() : EVP_sha256();
}

static const char *template_of(struct as_arena *arena, const struct as_signer *signer, const char *canon, const char *names)
{
	if (signer->value)
		return signer->value;
	struct as_buf out = as_buf_new(arena);
	as_buf_puts(&out, signer->instance ? as_printf(arena, " i=%u;", signer->instance) : " v=1;");
	as_buf_printf(&out, " a=%s; d=%s; s=%s;\r\n\th=%s;", algorithm_of(signer), either(signer->domain, "example.com"),
		      either(signer->selector, "sel"), names);
	if (!signer->canon || signer->canon[0])
		as_buf_printf(&out, " c=%s;", canon);
	if (signer->identity)
		as_buf_printf(&out, " i=%s;", signer->identity);
	if (signer->has_length)
		as_buf_printf(&out, " l=%zu;", signer->length);
	if (signer->tags)
		as_buf_printf(&out, " %s;", signer->tags);
	as_buf_puts(&out, "\r\n\tbh={bh};\r\n\tb={b}");
	return out.text;
}

/* The template with mark replaced by text. */
static const char *replace(struct as_arena *arena, const char *template, const char *mark, const char *text)
{
	const char *at = strstr(template, mark);
	if (!at)
		return template;
	return as_printf(arena, "%.*s%s%s", (int)(at - template), template, text, at + strlen(mark));
}

/* RFC 6376 3.5 b=: taken out with all the white space around it. */
static const char *without_b(struct as_arena *arena, const char *template)
{
	const char *mark = strstr(template, "{b}");
	if (!mark)
		return template;
	const char *from = mark, *to = mark + strlen("{b}");
	while (from > template && as_is_fws(from[-1]))
		from--;
	while (as_is_fws(*to))
		to++;
	return as_printf(arena, "%.*s%s", (int)(from - template), template, to);
}

static char *body_hash(struct as_arena *arena, const struct as_signer *signer, const struct lines *lines, const char *canon)
{
	struct as_buf body = canonical_body(arena, lines->body, lines->body_length, body_is_relaxed(canon));
	size_t length = signer->has_length && signer->length < body.length ? signer->length : body.length;
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned size = 0;
	need(EVP_Digest(body.text, length, digest, &size, hash_of(signer), NULL), "hashing");
	digest[0] ^= signer->spoils_body_hash;
	return as_sign_base64(arena, digest, size);
}

static char *signature(struct as_arena *arena, const struct as_signer *signer, const struct as_buf *input)
{
	unsigned char sig[2048], digest[EVP_MAX_MD_SIZE];
	size_t size = sizeof sig;
	unsigned digest_size = 0;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool is_edwards = EVP_PKEY_is_a(signer->key, "ED25519");
	need(context && EVP_DigestSignInit(context, NULL, is_edwards ? NULL : hash_of(signer), NULL, signer->key), "signing");
	if (is_edwards) { /* RFC 8463 3: PureEdDSA over the hash */
		need(EVP_Digest(input->text, input->length, digest, &digest_size, EVP_sha256(), NULL), "hashing");
		need(EVP_DigestSign(context, sig, &size, digest, digest_size), "signing");
	} else {
		need(EVP_DigestSign(context, sig, &size, (const unsigned char *)input->text, input->length), "signing");
	}
	EVP_MD_CTX_free(context);
	sig[0] ^= signer->spoils_signature;
	return as_sign_base64(arena, sig, size);
}

char *as_sign(struct as_arena *arena, const struct as_signer *signer, const char *message, size_t n)
{
	const char *canon = signer->canon && signer->canon[0] ? signer->canon : signer->canon ? "simple/simple" : "relaxed/relaxed";
	const char *names = either(signer->names, "from:to:subject:date");
	struct lines *lines = split(arena, message, n);
	struct as_buf input = as_buf_new(arena);
	add_all_signed(&input, lines, names, header_is_relaxed(canon));
	const char *value = template_of(arena, signer, canon, names);
	value = replace(arena, value, "{bh}", body_hash(arena, signer, lines, canon));
	const char *field = as_printf(arena, "%s:%s", either(signer->field_name, "DKIM-Signature"), value);
	const char *bare = without_b(arena, field);
	add_field(&input, bare, strlen(bare), header_is_relaxed(canon));
	return as_printf(arena, "%s\r\n", replace(arena, field, "{b}", signature(arena, signer, &input)));
}

char *as_sign_message(struct as_arena *arena, const struct as_signer *signer, const char *message, size_t n, size_t *size)
{
	const char *field = as_sign(arena, signer, message, n);
	struct as_buf out = as_buf_new(arena);
	as_buf_puts(&out, field);
	as_buf_add(&out, message, n);
	*size = out.length;
	return out.text;
}

/* --- ARC --- */

static const char *const set_names[] = { "ARC-Authentication-Results", "ARC-Message-Signature", "ARC-Seal" };
enum { SET_FIELDS = sizeof set_names / sizeof *set_names };

/* The instance of an ARC field that we made, or one like it; 0: it is none, or another one. */
static unsigned instance_of(const struct line *line, const char *name)
{
	size_t n = name_length(line);
	if (!as_equal_nocase_n(line->text, n, name, strlen(name)))
		return 0;
	for (size_t i = n + 1; i + 2 < line->length; i++)
		if (strncmp(&line->text[i], "i=", 2) == 0 && (as_is_fws(line->text[i - 1]) || line->text[i - 1] == ';' || i == n + 1))
			return (unsigned)strtoul(&line->text[i + 2], NULL, 10);
	return 0;
}

static unsigned next_instance(const struct lines *lines)
{
	unsigned highest = 0;
	for (size_t i = 0; i < lines->count; i++)
		for (size_t k = 0; k < SET_FIELDS; k++)
			if (instance_of(&lines->list[i], set_names[k]) > highest)
				highest = instance_of(&lines->list[i], set_names[k]);
	return highest + 1;
}

/* RFC 8617 5.1.1: set by set, the newest without a seal yet. */
static void add_sets(struct as_buf *input, const struct lines *lines, unsigned newest)
{
	for (unsigned instance = 1; instance <= newest; instance++)
		for (size_t k = 0; k < SET_FIELDS; k++)
			for (size_t i = 0; i < lines->count; i++)
				if (instance_of(&lines->list[i], set_names[k]) == instance) {
					add_field(input, lines->list[i].text, lines->list[i].length, true);
					as_buf_puts(input, "\r\n");
				}
}

static char *seal(struct as_arena *arena, const struct as_sealer *sealer, unsigned instance, const char *message, size_t n)
{
	struct as_signer same = sealer->signer;
	const struct as_signer *signer = sealer->seal_signer ? sealer->seal_signer : &same;
	struct as_buf input = as_buf_new(arena);
	same.spoils_signature = false; /* that was meant for the other one */
	const char *value = sealer->seal;
	if (!value)
		value = as_printf(arena, " i=%u; a=%s; cv=%s; d=%s; s=%s;\r\n\tt=1795323600; b={b}", instance, algorithm_of(signer),
				  either(sealer->cv, instance == 1 ? "none" : "pass"), either(signer->domain, "example.com"),
				  either(signer->selector, "sel"));
	const char *field = as_printf(arena, "ARC-Seal:%s", value);
	const char *bare = without_b(arena, field);
	add_sets(&input, split(arena, message, n), instance);
	add_field(&input, bare, strlen(bare), true);
	return as_printf(arena, "%s\r\n", replace(arena, field, "{b}", signature(arena, signer, &input)));
}

char *as_seal_message(struct as_arena *arena, const struct as_sealer *sealer, const char *message, size_t n, size_t *size)
{
	struct as_signer signer = sealer->signer;
	unsigned instance = sealer->instance ? sealer->instance : next_instance(split(arena, message, n));
	struct as_buf one = as_buf_new(arena), out = as_buf_new(arena);
	as_buf_printf(&one, "ARC-Authentication-Results: i=%u; %s\r\n", instance, either(sealer->results, "mx.example.org; none"));
	as_buf_add(&one, message, n);
	signer.instance = instance;
	signer.field_name = set_names[1];
	message = as_sign_message(arena, &signer, one.text, one.length, &n);
	as_buf_puts(&out, seal(arena, sealer, instance, message, n));
	as_buf_add(&out, message, n);
	*size = out.length;
	return out.text;
}

/* --- keys --- */

EVP_PKEY *as_sign_new_key(const char *kind)
{
	if (strcmp(kind, "ed25519") == 0)
		return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	if (strncmp(kind, "rsa", 3) != 0)
		return NULL;
	return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)strtoul(kind + 3, NULL, 10));
}

EVP_PKEY *as_sign_seed_key(const unsigned char seed[32])
{
	return EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, 32);
}

char *as_sign_record(struct as_arena *arena, EVP_PKEY *key)
{
	if (EVP_PKEY_is_a(key, "ED25519")) { /* RFC 8463 4: the raw key */
		unsigned char raw[32];
		size_t size = sizeof raw;
		need(EVP_PKEY_get_raw_public_key(key, raw, &size), "reading the public key");
		return as_printf(arena, "v=DKIM1; k=ed25519; p=%s", as_sign_base64(arena, raw, size));
	}
	unsigned char *der = NULL;
	int size = i2d_PUBKEY(key, &der);
	need(size > 0, "encoding the public key");
	char *text = as_printf(arena, "v=DKIM1; k=rsa; p=%s", as_sign_base64(arena, der, (size_t)size));
	OPENSSL_free(der);
	return text;
}

void as_sign_new_keys(struct as_arena *arena, const char *const *kinds, size_t count, EVP_PKEY **keys, const char **records)
{
	for (size_t i = 0; i < count; i++) {
		keys[i] = as_sign_new_key(kinds[i]);
		records[i] = as_sign_record(arena, keys[i]);
	}
}
