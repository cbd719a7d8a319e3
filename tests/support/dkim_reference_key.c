/* SPDX-License-Identifier: BSD-2-Clause */
/* dkim_reference_key.c - RFC 6376 3.2, 3.6.1 and 6.1.2; RFC 8301 3.2; RFC 8463 3 and 4. */
#include "config.h"

#include "dkim_reference_key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <string.h>

enum { RECORDS_MAX = 5, MISMATCHES_MAX = 2, BITS_MIN = 1024, BITS_USUAL = 4096, BITS_MAX = 8192, ED25519_OCTETS = 32 };

/* --- lists of tags ------------------------------------------------------------------------------------------------- */

static bool is_wsp(char c)
{
	return c == ' ' || c == '\t';
}

static struct as_buf part(struct as_arena *arena, const char *text, size_t from, size_t to)
{
	struct as_buf out = as_buf_new(arena);
	while (from < to && is_wsp(text[from]))
		from++;
	while (to > from && is_wsp(text[to - 1]))
		to--;
	as_buf_add(&out, text + from, to - from);
	return out;
}

/* CRLF before WSP is taken out: what is left is FWS or wrong. */
static struct as_buf unfolded(struct as_arena *arena, const struct as_buf *text)
{
	struct as_buf out = as_buf_new(arena);
	for (size_t i = 0; i < text->length; i++) {
		if (i + 2 < text->length && text->text[i] == '\r' && text->text[i + 1] == '\n' && is_wsp(text->text[i + 2]))
			i++;
		else
			as_buf_putc(&out, text->text[i]);
	}
	return out;
}

static bool is_name(const struct as_buf *name)
{
	for (size_t i = 0; i < name->length; i++)
		if (!as_is_alpha(name->text[i]) && (i == 0 || (!as_is_digit(name->text[i]) && name->text[i] != '_')))
			return false;
	return name->length > 0;
}

static bool is_value(const struct as_buf *value)
{
	for (size_t i = 0, size; i < value->length; i += size) {
		size = as_utf8_size(value->text + i, value->length - i);
		if (size == 0 || (size == 1 && value->text[i] != '\t' && (value->text[i] < ' ' || value->text[i] > '~')))
			return false;
	}
	return true;
}

bool ref_tags(struct as_arena *arena, const struct as_buf *folded, struct ref_tags *tags)
{
	struct as_buf text = unfolded(arena, folded);
	*tags = (struct ref_tags){ 0 };
	for (size_t from = 0, to; from <= text.length; from = to + 1) {
		for (to = from; to < text.length && text.text[to] != ';';)
			to++;
		if (to == text.length && part(arena, text.text, from, to).length == 0)
			break; /* the last semicolon */
		size_t equals = from;
		while (equals < to && text.text[equals] != '=')
			equals++;
		struct ref_tag tag = { part(arena, text.text, from, equals), as_buf_new(arena) };
		if (equals < to)
			tag.value = part(arena, text.text, equals + 1, to);
		if (equals == to || !is_name(&tag.name) || !is_value(&tag.value))
			return false;
		tags->list = as_grow(arena, tags->list, tags->count, sizeof *tags->list);
		tags->list[tags->count++] = tag;
	}
	return true;
}

const struct ref_tag *ref_tag(const struct ref_tags *tags, const char *name)
{
	for (size_t i = 0; i < tags->count; i++)
		if (strcmp(tags->list[i].name.text, name) == 0)
			return &tags->list[i];
	return NULL;
}

bool ref_has_duplicate(const struct ref_tags *tags)
{
	for (size_t i = 0; i < tags->count; i++)
		for (size_t k = 0; k < i; k++)
			if (strcmp(tags->list[i].name.text, tags->list[k].name.text) == 0)
				return true;
	return false;
}

struct ref_list ref_list(struct as_arena *arena, const struct as_buf *value)
{
	struct ref_list list = { 0 };
	for (size_t from = 0, to; from <= value->length; from = to + 1) {
		for (to = from; to < value->length && value->text[to] != ':';)
			to++;
		list.items = as_grow(arena, list.items, list.count, sizeof *list.items);
		list.items[list.count++] = part(arena, value->text, from, to);
	}
	return list;
}

bool ref_list_has(struct as_arena *arena, const struct as_buf *value, const char *word)
{
	struct ref_list list = ref_list(arena, value);
	for (size_t i = 0; i < list.count; i++)
		if (strcmp(list.items[i].text, word) == 0)
			return true;
	return false;
}

struct as_buf ref_unspaced(struct as_arena *arena, const struct as_buf *value)
{
	struct as_buf out = as_buf_new(arena);
	for (size_t i = 0; i < value->length; i++)
		if (!is_wsp(value->text[i]))
			as_buf_putc(&out, value->text[i]);
	return out;
}

/* RFC 4648 4; without its padding it is read as well. */
bool ref_base64(struct as_arena *arena, const struct as_buf *value, struct as_buf *bytes)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	struct as_buf text = ref_unspaced(arena, value);
	size_t pads = 0;
	*bytes = as_buf_new(arena);
	while (pads < 2 && text.length > pads && text.text[text.length - 1 - pads] == '=')
		pads++;
	text.length -= pads;
	if (text.length % 4 == 1 || (pads > 0 && (text.length + pads) % 4 != 0))
		return false;
	for (size_t bit = 0; bit < text.length * 6; bit++) {
		const char *sextet = text.text[bit / 6] ? strchr(alphabet, text.text[bit / 6]) : NULL;
		if (!sextet)
			return false;
		if (bit % 8 == 0 && bit + 8 <= text.length * 6)
			as_buf_putc(bytes, 0);
		if (bit / 8 < bytes->length && ((sextet - alphabet) >> (5 - bit % 6) & 1))
			bytes->text[bit / 8] = (char)(bytes->text[bit / 8] | 0x80 >> bit % 8);
	}
	return true;
}

/* --- one key ------------------------------------------------------------------------------------------------------- */

static EVP_PKEY *rsa_key(const struct as_buf *bytes)
{
	const unsigned char *at = (const unsigned char *)bytes->text;
	EVP_PKEY *key = d2i_PUBKEY(NULL, &at, (long)bytes->length);
	at = (const unsigned char *)bytes->text;
	return key ? key : d2i_PublicKey(EVP_PKEY_RSA, NULL, &at, (long)bytes->length);
}

static bool is_usable_rsa(const EVP_PKEY *key)
{
	BIGNUM *e = NULL;
	if (!EVP_PKEY_is_a(key, "RSA") || !EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e))
		return false;
	int bits = EVP_PKEY_get_bits(key);
	bool is_usable = bits <= BITS_MAX && BN_is_odd(e) && BN_get_word(e) > 1 && BN_num_bits(e) <= 33 &&
			 (bits <= BITS_USUAL || BN_get_word(e) <= 65537);
	BN_free(e);
	return is_usable;
}

/* The public key, or NULL. */
static EVP_PKEY *read_key(struct as_arena *arena, const struct dkim_reference_txt *record, const struct ref_question *question)
{
	struct as_buf text = as_buf_new(arena), bytes;
	struct ref_tags tags;
	as_buf_add(&text, record->text, record->length);
	if (!ref_tags(arena, &text, &tags) || ref_has_duplicate(&tags))
		return NULL;
	const struct ref_tag *v = ref_tag(&tags, "v"), *h = ref_tag(&tags, "h"), *k = ref_tag(&tags, "k"), *p = ref_tag(&tags, "p"),
			     *s = ref_tag(&tags, "s"), *t = ref_tag(&tags, "t");
	if (v && (v != tags.list || strcmp(v->value.text, "DKIM1") != 0))
		return NULL;
	if (h && !ref_list_has(arena, &h->value, "sha256"))
		return NULL;
	if (s && !ref_list_has(arena, &s->value, "*") && !ref_list_has(arena, &s->value, "email"))
		return NULL;
	if (t && ref_list_has(arena, &t->value, "s") && question->is_subdomain)
		return NULL;
	if (strcmp(k ? k->value.text : "rsa", question->is_ed25519 ? "ed25519" : "rsa") != 0)
		return NULL;
	if (!p || p->value.length == 0 || !ref_base64(arena, &p->value, &bytes))
		return NULL;
	if (question->is_ed25519)
		return bytes.length == ED25519_OCTETS ? EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL,
			(const unsigned char *)bytes.text, bytes.length) : NULL;
	EVP_PKEY *key = rsa_key(&bytes);
	if (key && is_usable_rsa(key))
		return key;
	EVP_PKEY_free(key);
	return NULL;
}

/* Ed25519 signs the hash, RSA the text. */
static bool is_signed(EVP_PKEY *key, const struct ref_question *question)
{
	unsigned char hash[32];
	const unsigned char *text = (const unsigned char *)question->text->text, *b = (const unsigned char *)question->b->text;
	size_t n = question->text->length;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool is_right = context && EVP_Digest(text, n, hash, NULL, EVP_sha256(), NULL) == 1 &&
			EVP_DigestVerifyInit(context, NULL, question->is_ed25519 ? NULL : EVP_sha256(), NULL, key) == 1 &&
			EVP_DigestVerify(context, b, question->b->length, question->is_ed25519 ? hash : text,
					 question->is_ed25519 ? sizeof hash : n) == 1;
	EVP_MD_CTX_free(context);
	return is_right;
}

static enum as_code ask_key(struct as_arena *arena, const struct dkim_reference_txt *record, const struct ref_question *question)
{
	EVP_PKEY *key = read_key(arena, record, question);
	enum as_code code = AS_PERMERROR;
	if (key && !question->is_ed25519 && EVP_PKEY_get_bits(key) < BITS_MIN)
		code = AS_POLICY;
	else if (key)
		code = is_signed(key, question) ? AS_PASS : AS_FAIL;
	EVP_PKEY_free(key);
	ERR_clear_error();
	return code;
}

enum as_code ref_ask_keys(struct as_arena *arena, const struct dkim_reference_world *world, const char *name,
			  const struct ref_question *question)
{
	bool has[AS_CODES] = { false };
	unsigned seen = 0, mismatches = 0;
	for (size_t i = 0; i < world->count && seen < RECORDS_MAX && mismatches < MISMATCHES_MAX && !has[AS_PASS]; i++) {
		if (strcmp(world->records[i].name, name) != 0)
			continue;
		enum as_code code = ask_key(arena, &world->records[i], question);
		seen++;
		mismatches += code == AS_FAIL;
		has[code] = true;
	}
	return has[AS_PASS] ? AS_PASS : has[AS_FAIL] ? AS_FAIL : has[AS_POLICY] ? AS_POLICY : AS_PERMERROR;
}
