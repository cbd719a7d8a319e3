/* SPDX-License-Identifier: BSD-2-Clause */
/* dkim_check.c - signatures and keys. */
#include "config.h"

#include "dkim_check.h"

#include "domain.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

enum {
	RSA_BITS_LEAST = 1024, /* RFC 8301 3.2 */
	MISMATCHES_MOST = 2,   /* of one signature: each is an operation with a key as large as somebody likes */
};

static bool is_rsa_signature(EVP_PKEY *pkey, const struct as_dkim_parsed *parsed, const unsigned char *hash)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(pkey, NULL);
	bool is_right = context && EVP_PKEY_verify_init(context) == 1 && EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1 &&
			EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) == 1 &&
			EVP_PKEY_verify(context, parsed->b, parsed->b_size, hash, AS_SHA256_SIZE) == 1;
	EVP_PKEY_CTX_free(context);
	return is_right;
}

/* RFC 8463 3: PureEdDSA whose message is the hash. */
static bool is_ed25519_signature(EVP_PKEY *pkey, const struct as_dkim_parsed *parsed, const unsigned char *hash)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool is_right = context && EVP_DigestVerifyInit(context, NULL, NULL, NULL, pkey) == 1 &&
			EVP_DigestVerify(context, parsed->b, parsed->b_size, hash, AS_SHA256_SIZE) == 1;
	EVP_MD_CTX_free(context);
	return is_right;
}

static struct as_dkim_verdict check_key(const struct as_dkim_parsed *parsed, const unsigned char *hash, const struct as_dkim_key *key,
					unsigned minimum_key_bits)
{
	unsigned least = minimum_key_bits > RSA_BITS_LEAST ? minimum_key_bits : RSA_BITS_LEAST;
	if (key->problem)
		return (struct as_dkim_verdict){ AS_PERMERROR, key->problem, key };
	if (key->is_ed25519 != parsed->is_ed25519)
		return (struct as_dkim_verdict){ AS_PERMERROR, "key type does not fit", key };
	if (!key->allows_sha256)
		return (struct as_dkim_verdict){ AS_PERMERROR, "key does not allow sha256", key };
	if (key->is_strict && !as_domain_equal(parsed->identity_domain, parsed->domain))
		return (struct as_dkim_verdict){ AS_PERMERROR, "identity not allowed by the key", key };
	if (!key->is_ed25519 && key->bits < least)
		return (struct as_dkim_verdict){ AS_POLICY, "key too short", key };
	bool is_right = key->is_ed25519 ? is_ed25519_signature(key->pkey, parsed, hash) : is_rsa_signature(key->pkey, parsed, hash);
	if (is_right)
		return (struct as_dkim_verdict){ AS_PASS, NULL, key };
	ERR_clear_error(); /* of this thread: nothing reads it, and it must not be taken for another's */
	return (struct as_dkim_verdict){ AS_FAIL, "signature mismatch", key };
}

/* What a signature gets when several keys give different results: the one that comes first here. */
static int rank(enum as_code code)
{
	static const enum as_code best_first[] = { AS_PASS, AS_FAIL, AS_POLICY };
	enum { RANKS = sizeof best_first / sizeof *best_first };
	int i = 0;
	while (i < RANKS && best_first[i] != code)
		i++;
	return i;
}

struct as_dkim_verdict as_dkim_check(const struct as_dkim_parsed *parsed, const unsigned char hash[AS_SHA256_SIZE],
				     const struct as_dkim_keys *keys, unsigned minimum_key_bits)
{
	struct as_dkim_verdict best = { AS_PERMERROR, "no key", NULL };
	unsigned mismatches = 0;
	for (size_t i = 0; i < keys->count && best.code != AS_PASS && mismatches < MISMATCHES_MOST; i++) {
		struct as_dkim_verdict next = check_key(parsed, hash, &keys->list[i], minimum_key_bits);
		mismatches += next.code == AS_FAIL;
		if (i == 0 || rank(next.code) < rank(best.code))
			best = next;
	}
	return best;
}
