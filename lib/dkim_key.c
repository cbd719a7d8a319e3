/* SPDX-License-Identifier: BSD-2-Clause */
/* dkim_key.c - key records.
 *
 * RSA keys are taken out of their SubjectPublicKeyInfo here, because d2i_PUBKEY() of OpenSSL 3.0 is slow and would decode
 * every kind of key there is; only RSA is wanted.
 */
#include "config.h"

#include "dkim_key.h"

#include "base64.h"
#include "str.h"
#include "taglist.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

enum { TAGS_MOST = 50, RSA_BITS_MOST = 8192, ED25519_SIZE = 32 };

/* The work of a verification grows with both. RFC 8301 3.2 asks for keys up to 4096 bits; larger ones have to have a usual exponent. */
enum { EXPONENT_BITS_MOST = 33, RSA_BITS_USUAL = 4096, EXPONENT_USUAL = 65537 };

/* SubjectPublicKeyInfo (RFC 5280 4.1.2.7) of an RSA key. */
static EVP_PKEY *read_spki(const unsigned char *der, size_t n)
{
	const unsigned char *at = der;
	long length;
	int tag, class;
	int form = ASN1_get_object(&at, &length, &tag, &class, (long)n);
	if (form != V_ASN1_CONSTRUCTED || tag != V_ASN1_SEQUENCE || class != V_ASN1_UNIVERSAL)
		return NULL;
	const unsigned char *end = at + length;
	X509_ALGOR *algorithm = d2i_X509_ALGOR(NULL, &at, end - at);
	const ASN1_OBJECT *oid = NULL;
	if (algorithm)
		X509_ALGOR_get0(&oid, NULL, NULL, algorithm);
	bool is_rsa = oid && OBJ_obj2nid(oid) == NID_rsaEncryption;
	X509_ALGOR_free(algorithm);
	ASN1_BIT_STRING *bits = is_rsa ? d2i_ASN1_BIT_STRING(NULL, &at, end - at) : NULL;
	if (!bits)
		return NULL;
	const unsigned char *inner = ASN1_STRING_get0_data(bits);
	EVP_PKEY *pkey = d2i_PublicKey(EVP_PKEY_RSA, NULL, &inner, ASN1_STRING_length(bits));
	ASN1_BIT_STRING_free(bits);
	return pkey;
}

/* Both forms are in use: SubjectPublicKeyInfo, and RSAPublicKey of PKCS #1 as the RFC's text had it. */
static EVP_PKEY *read_rsa(const unsigned char *der, size_t n)
{
	EVP_PKEY *pkey = read_spki(der, n);
	return pkey ? pkey : d2i_PublicKey(EVP_PKEY_RSA, NULL, &der, (long)n);
}

static bool has_sane_exponent(const EVP_PKEY *pkey)
{
	BIGNUM *e = NULL;
	bool is_sane = EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &e) && BN_is_odd(e) && !BN_is_one(e) &&
		       BN_num_bits(e) <= EXPONENT_BITS_MOST &&
		       (EVP_PKEY_get_bits(pkey) <= RSA_BITS_USUAL || BN_get_word(e) <= EXPONENT_USUAL);
	BN_free(e);
	return is_sane;
}

static const char *take_rsa(struct as_dkim_key *key, const unsigned char *der, size_t n)
{
	EVP_PKEY *pkey = read_rsa(der, n);
	if (!pkey)
		return "key not decodable";
	key->bits = (unsigned)EVP_PKEY_get_bits(pkey);
	key->pkey = pkey;
	if (key->bits > RSA_BITS_MOST)
		return "key too large";
	return has_sane_exponent(pkey) ? NULL : "key exponent not accepted";
}

static const char *take_ed25519(struct as_dkim_key *key, const unsigned char *raw, size_t n)
{
	key->is_ed25519 = true;
	if (n != ED25519_SIZE)
		return "key not decodable";
	key->bits = 256;
	key->pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, raw, n);
	return key->pkey ? NULL : "key not decodable";
}

static const struct {
	const char *name; /* k= */
	const char *(*take)(struct as_dkim_key *key, const unsigned char *bytes, size_t n);
} kinds[] = {
	{ "rsa", take_rsa },
	{ "ed25519", take_ed25519 },
};

static const char *take_key(struct as_arena *arena, const struct as_taglist *list, struct as_dkim_key *key)
{
	const struct as_tag *p = as_taglist_find(list, "p"), *k = as_taglist_find(list, "k");
	if (!p)
		return "key syntax error";
	if (p->value_length == 0)
		return "key revoked";
	unsigned char *bytes;
	size_t size;
	if (!as_base64_decode(arena, p->value, p->value_length, &bytes, &size))
		return "key not decodable";
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (strcmp(k ? k->value : "rsa", kinds[i].name) == 0)
			return kinds[i].take(key, bytes, size);
	return "unknown key type";
}

/* RFC 6376 3.6.1: v= is optional; if there it is the first tag and exactly DKIM1. */
static bool has_right_version(const struct as_taglist *list)
{
	const struct as_tag *v = as_taglist_find(list, "v");
	return !v || (v == list->tags && strcmp(v->value, "DKIM1") == 0);
}

static const char *take_record(struct as_arena *arena, const char *text, size_t n, struct as_dkim_key *key)
{
	struct as_taglist list;
	if (!as_taglist_parse(arena, text, n, TAGS_MOST, &list) || !as_taglist_is_clean(&list) || as_taglist_has_duplicate(&list))
		return "key syntax error";
	if (!has_right_version(&list))
		return "unknown key version";
	const struct as_tag *h = as_taglist_find(&list, "h"), *s = as_taglist_find(&list, "s"), *t = as_taglist_find(&list, "t");
	key->allows_sha256 = !h || as_tag_lists(h, "sha256");
	key->is_testing = t && as_tag_lists(t, "y");
	key->is_strict = t && as_tag_lists(t, "s");
	if (s && !as_tag_lists(s, "*") && !as_tag_lists(s, "email"))
		return "key not for e-mail";
	return take_key(arena, &list, key);
}

void as_dkim_key_parse(const char *text, size_t n, struct as_dkim_key *key)
{
	struct as_arena *arena = as_arena_new();
	*key = (struct as_dkim_key){ 0 };
	key->problem = take_record(arena, text, n, key);
	if (key->problem)
		as_dkim_key_clear(key);
	ERR_clear_error(); /* what OpenSSL said about undecodable keys */
	as_arena_free(arena);
}

void as_dkim_key_clear(struct as_dkim_key *key)
{
	EVP_PKEY_free(key->pkey);
	key->pkey = NULL;
}

static void free_keys(void *parsed)
{
	struct as_dkim_keys *keys = parsed;
	for (size_t i = 0; i < keys->count; i++)
		as_dkim_key_clear(&keys->list[i]);
	free(keys);
}

const struct as_dkim_keys *as_dkim_keys_of(const struct as_dns_answer *answer)
{
	static const char kind;
	struct as_dkim_keys *keys = as_dns_parsed(answer, &kind);
	if (keys)
		return keys;
	keys = as_xalloc(sizeof *keys);
	for (size_t i = 0; i < answer->count && i < AS_DKIM_KEYS_MAX; i++)
		as_dkim_key_parse((const char *)answer->records[i].data, answer->records[i].size, &keys->list[keys->count++]);
	return as_dns_attach(answer, &kind, keys, free_keys);
}
