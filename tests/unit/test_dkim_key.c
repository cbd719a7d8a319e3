/* SPDX-License-Identifier: BSD-2-Clause */
/* test_dkim_key.c - key records: what is taken, what is refused and why; base64 underneath. */
#include "config.h"

#include "test.h"

#include "base64.h"
#include "dkim_key.h"
#include "dkim_sign.h"
#include "str.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>
#include <string.h>

static struct as_arena *arena;
static const char *rsa, *rsa_pkcs1, *edwards; /* p= values */

/* An RSA public key with a modulus of so many bits and that exponent; no factors are known, none are needed. */
static EVP_PKEY *made_up_key(int bits, const char *exponent)
{
	BIGNUM *n = BN_new(), *e = NULL;
	EVP_PKEY *pkey = NULL;
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	assert_true(BN_set_bit(n, bits - 1) && BN_set_bit(n, 0) && BN_dec2bn(&e, exponent));
	OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n);
	OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e);
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
	assert_int_equal(EVP_PKEY_fromdata_init(context), 1);
	assert_int_equal(EVP_PKEY_fromdata(context, &pkey, EVP_PKEY_PUBLIC_KEY, params), 1);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	EVP_PKEY_CTX_free(context);
	BN_free(n);
	BN_free(e);
	return pkey;
}

static const char *record_of(EVP_PKEY *pkey)
{
	const char *record = as_sign_record(arena, pkey);
	EVP_PKEY_free(pkey);
	return record;
}

static int set_up(void **state)
{
	(void)state; /* file-wide */
	arena = as_arena_new();
	EVP_PKEY *pkey = as_sign_new_key("rsa1024");
	unsigned char *der = NULL;
	int size = i2d_PublicKey(pkey, &der);
	rsa_pkcs1 = as_sign_base64(arena, der, (size_t)size);
	OPENSSL_free(der);
	rsa = strstr(record_of(pkey), "p=") + 2;
	edwards = strstr(record_of(as_sign_new_key("ed25519")), "p=") + 2;
	return 0;
}

static int tear_down(void **state)
{
	(void)state; /* file-wide */
	as_arena_free(arena);
	return 0;
}

struct test {
	const char *record;  /* RSA, PKCS1, ED stand for the values above */
	const char *problem; /* NULL: none */
	bool is_ed25519, lacks_sha256, is_testing, is_strict;
};

static const struct test tests[] = {
	{ .record = "v=DKIM1; k=rsa; p=RSA" },
	{ .record = "p=RSA" },
	{ .record = " v=DKIM1 ;\tp = RSA ; " },
	{ .record = "v=DKIM1; k=rsa; p=PKCS1" },
	{ .record = "v=DKIM1; k=ed25519; p=ED", .is_ed25519 = true },
	{ .record = "k=ed25519; p=ED; v=DKIM1", .problem = "unknown key version" },
	{ .record = "v=DKIM2; p=RSA", .problem = "unknown key version" },
	{ .record = "v=dkim1; p=RSA", .problem = "unknown key version" },
	{ .record = "v=; p=RSA", .problem = "unknown key version" },
	{ .record = "v=DKIM1; p=", .problem = "key revoked" },
	{ .record = "v=DKIM1; p= \t", .problem = "key revoked" },
	{ .record = "v=DKIM1; k=whatever; p=", .problem = "key revoked" },
	{ .record = "v=DKIM1; k=rsa", .problem = "key syntax error" },
	{ .record = "", .problem = "key syntax error" },
	{ .record = ";", .problem = "key syntax error" },
	{ .record = "v=DKIM1; p=RSA; p=RSA", .problem = "key syntax error" },
	{ .record = "v=DKIM1; hello; p=RSA", .problem = "key syntax error" },
	{ .record = "google-site-verification=abc", .problem = "key syntax error" },
	{ .record = "v=DKIM1; p=!!!", .problem = "key not decodable" },
	{ .record = "v=DKIM1; p=AAAA", .problem = "key not decodable" },
	{ .record = "v=DKIM1; p=ED", .problem = "key not decodable" },
	{ .record = "v=DKIM1; k=ed25519; p=RSA", .problem = "key not decodable" },
	{ .record = "v=DKIM1; k=ed25519; p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==", .problem = "key not decodable" }, /* 31 octets */
	{ .record = "v=DKIM1; k=ed25519; p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", .problem = "key not decodable" }, /* 33 */
	{ .record = "v=DKIM1; k=ed25519; p=MCowBQYDK2VwAyEAED", .problem = "key not decodable" }, /* SubjectPublicKeyInfo */
	{ .record = "v=DKIM1; k=dsa; p=RSA", .problem = "unknown key type" },
	{ .record = "v=DKIM1; k=RSA; p=RSA", .problem = "unknown key type" },
	{ .record = "v=DKIM1; k=; p=RSA", .problem = "unknown key type" },
	{ .record = "h=sha256; p=RSA" },
	{ .record = "h=sha1 : sha256 :x; p=RSA" },
	{ .record = "h=sha1; p=RSA", .lacks_sha256 = true },
	{ .record = "h=sha2567:ssha256; p=RSA", .lacks_sha256 = true },
	{ .record = "s=*; p=RSA" },
	{ .record = "s=foo: email; p=RSA" },
	{ .record = "s=foo; p=RSA", .problem = "key not for e-mail" },
	{ .record = "s=; p=RSA", .problem = "key not for e-mail" },
	{ .record = "h=; p=RSA", .lacks_sha256 = true },
	{ .record = "t=y; p=RSA", .is_testing = true },
	{ .record = "t=Y:S:; p=RSA" },
	{ .record = "t=s; p=RSA", .is_strict = true },
	{ .record = "t=x : s:y; p=RSA", .is_testing = true, .is_strict = true },
	{ .record = "g=*; n=a note; x_1=y; p=RSA" },
	{ .record = "g=; p=RSA" }, /* once it matched nobody; there is no such tag any more: RFC 6376 C.2 */
	{ .record = "g=joe; p=RSA" },
};

static const char *fill(const char *record)
{
	static const struct { const char *mark; const char **value; } marks[] = { { "p=RSA", &rsa }, { "p = RSA", &rsa },
		{ "PKCS1", &rsa_pkcs1 }, { "p=ED", &edwards }, { "ED", &edwards } };
	for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
		const char *at = strstr(record, marks[i].mark);
		if (at)
			return as_printf(arena, "%.*s%s%s%s", (int)(at - record), record, strchr(marks[i].mark, '=') ? "p=" : "", *marks[i].value,
					 at + strlen(marks[i].mark));
	}
	return record;
}

static void records(void **state)
{
	(void)state; /* file-wide */
	for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) {
		const struct test *t = &tests[i];
		const char *record = fill(t->record);
		struct as_dkim_key key;
		as_dkim_key_parse(record, strlen(record), &key);
		if ((t->problem == NULL) != (key.problem == NULL) || (t->problem && strcmp(t->problem, key.problem) != 0))
			fail_msg("\"%s\": %s instead of %s", t->record, key.problem ? key.problem : "fine",
				 t->problem ? t->problem : "fine");
		if (!key.problem != !!key.pkey)
			fail_msg("\"%s\": problem and key do not fit", t->record);
		if (!key.problem && (key.is_ed25519 != t->is_ed25519 || key.bits != (t->is_ed25519 ? 256 : 1024) ||
				     key.allows_sha256 == t->lacks_sha256 || key.is_testing != t->is_testing ||
				     key.is_strict != t->is_strict))
			fail_msg("\"%s\": %u bits, flags differ", t->record, key.bits);
		as_dkim_key_clear(&key);
	}
}

/* Of more than 50 tags it is no record that anybody wrote. */
static void many_tags(void **state)
{
	(void)state; /* file-wide */
	for (int more = 48; more <= 49; more++) {
		struct as_buf record = as_buf_new(arena);
		struct as_dkim_key key;
		as_buf_puts(&record, "v=DKIM1; ");
		for (int i = 0; i < more; i++)
			as_buf_printf(&record, "x%d=; ", i);
		as_buf_printf(&record, "p=%s", rsa);
		as_dkim_key_parse(record.text, record.length, &key);
		assert_string_equal(key.problem ? key.problem : "fine", more == 48 ? "fine" : "key syntax error");
		as_dkim_key_clear(&key);
	}
}

/* keys of the largest size, and with the largest exponents: both are work for who verifies. */
static void strange_rsa(void **state)
{
	(void)state; /* file-wide */
	static const struct { int bits; const char *exponent; const char *problem; } cases[] = {
		{ 512, "65537", NULL },          { 1023, "65537", NULL },
		{ 8192, "3", NULL },             { 8193, "65537", "key too large" },
		{ 16384, "65537", "key too large" }, { 2048, "8589934591", NULL }, /* 2^33 - 1 */
		{ 2048, "8589934593", "key exponent not accepted" },
		{ 4096, "8589934591", NULL },    { 4097, "8589934591", "key exponent not accepted" },
		{ 8192, "65537", NULL },         { 8192, "65539", "key exponent not accepted" },
		{ 2048, "1", "key exponent not accepted" },
		{ 2048, "65536", "key exponent not accepted" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *record = record_of(made_up_key(cases[i].bits, cases[i].exponent));
		struct as_dkim_key key;
		as_dkim_key_parse(record, strlen(record), &key);
		if ((key.problem == NULL) != (cases[i].problem == NULL) || (key.problem && strcmp(key.problem, cases[i].problem) != 0) ||
		    key.bits != (unsigned)cases[i].bits)
			fail_msg("%d bits, e = %s: %s, %u bits", cases[i].bits, cases[i].exponent, key.problem ? key.problem : "fine",
				 key.bits);
		as_dkim_key_clear(&key);
	}
}

/* DER whose outer tag is no SEQUENCE, but has its number. */
static void not_a_sequence(void **state)
{
	(void)state; /* file-wide */
	static const struct { char first; const char *problem; } cases[] = {
		{ 'M', NULL }, /* 0x30 */
		{ 'E', "key not decodable" },  /* 0x10: primitive */
		{ 'c', "key not decodable" },  /* 0x70: of a class of its own */
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char *record = as_printf(arena, "p=%s", rsa);
		struct as_dkim_key key;
		record[2] = cases[i].first;
		as_dkim_key_parse(record, strlen(record), &key);
		if (!key.problem != !cases[i].problem || (key.problem && strcmp(key.problem, cases[i].problem) != 0))
			fail_msg("%c: %s", cases[i].first, key.problem ? key.problem : "fine");
		as_dkim_key_clear(&key);
	}
}

/* Every cut of a record, and every byte of its key changed, must leave a key or a problem. */
static void damaged(void **state)
{
	(void)state; /* file-wide */
	const char *record = as_printf(arena, "v=DKIM1; p=%s", rsa);
	size_t n = strlen(record);
	for (size_t i = 0; i < n; i++) {
		char *copy = as_strdup(arena, record);
		struct as_dkim_key key;
		as_dkim_key_parse(copy, i, &key);
		assert_true(!key.problem == !!key.pkey);
		as_dkim_key_clear(&key);
		copy[i] ^= 1;
		as_dkim_key_parse(copy, n, &key);
		assert_true(!key.problem == !!key.pkey);
		as_dkim_key_clear(&key);
	}
}

static void base64(void **state)
{
	(void)state; /* file-wide */
	static const struct { const char *text; const char *bytes; } cases[] = { /* NULL: refused. RFC 4648 10 */
		{ "", "" }, { "Zg==", "f" }, { "Zm8=", "fo" }, { "Zm9v", "foo" }, { "Zm9vYg==", "foob" }, { "Zm9vYmFy", "foobar" },
		{ " Z\tm9\r\n v", "foo" }, { "Zg", "f" }, { "Zm8", "fo" }, { "Zm8 = ", "fo" }, { "+/+/", "\xfb\xff\xbf" },
		{ "Z", NULL }, { "Zg=", NULL }, { "Zg===", NULL }, { "Zm9v=", NULL }, { "Zg==Zg==", NULL }, { "Zm-v", NULL }, { "=", NULL },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		unsigned char *bytes;
		size_t n;
		bool is_right = as_base64_decode(arena, cases[i].text, strlen(cases[i].text), &bytes, &n);
		if (is_right != !!cases[i].bytes || (is_right && (n != strlen(cases[i].bytes) || memcmp(bytes, cases[i].bytes, n) != 0)))
			fail_msg("\"%s\"", cases[i].text);
	}
}

int main(void)
{
	static const struct CMUnitTest all[] = {
		cmocka_unit_test(records),
		cmocka_unit_test(many_tags),
		cmocka_unit_test(strange_rsa),
		cmocka_unit_test(not_a_sequence),
		cmocka_unit_test(damaged),
		cmocka_unit_test(base64),
	};
	return cmocka_run_group_tests(all, set_up, tear_down);
}
