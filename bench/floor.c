/* SPDX-License-Identifier: BSD-2-Clause */
/* floor.c - what libcrypto needs for a message of 20 KB with two RSA-2048 signatures, and nothing else, as one line of JSON.
 *
 * usage: floor KEY.pem
 */
#include "config.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROUNDS = 9, REPEATS = 1000, BODY = 20480, SIGNATURES = 2, SIGNATURE_MAX = 1024 };

static unsigned char body[BODY], digest[32], signature[SIGNATURE_MAX];

static double cpu_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void check(int worked)
{
	if (worked > 0)
		return;
	fputs("floor: libcrypto refuses\n", stderr);
	exit(EXIT_FAILURE);
}

static size_t sign(EVP_PKEY *key)
{
	size_t size = sizeof signature;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	check(EVP_PKEY_sign_init(ctx));
	check(EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()));
	check(EVP_PKEY_sign(ctx, signature, &size, digest, sizeof digest));
	EVP_PKEY_CTX_free(ctx);
	return size;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	FILE *file = argc == 2 ? fopen(argv[1], "r") : NULL;
	EVP_PKEY *key = file ? PEM_read_PrivateKey(file, NULL, NULL, NULL) : NULL;
	if (!key) {
		fputs("usage: floor KEY.pem\n", stderr);
		return EXIT_FAILURE;
	}
	fclose(file);
	size_t size = sign(key);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	check(EVP_PKEY_verify_init(ctx));
	check(EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()));
	double verify[ROUNDS], hash[ROUNDS];
	for (int round = 0; round < ROUNDS; round++) {
		unsigned char other[32];
		double begin = cpu_us();
		for (int i = 0; i < REPEATS; i++)
			check(EVP_PKEY_verify(ctx, signature, size, digest, sizeof digest));
		double middle = cpu_us();
		for (int i = 0; i < REPEATS; i++)
			check(EVP_Digest(body, sizeof body, other, NULL, EVP_sha256(), NULL));
		verify[round] = (middle - begin) / REPEATS;
		hash[round] = (cpu_us() - middle) / REPEATS;
	}
	qsort(verify, ROUNDS, sizeof *verify, by_size);
	qsort(hash, ROUNDS, sizeof *hash, by_size);
	double v = verify[ROUNDS / 2], h = hash[ROUNDS / 2];
	printf("{\"verify_us\": %.1f, \"sha256_us\": %.1f, \"sum_us\": %.1f}\n", v, h, SIGNATURES * v + h);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(key);
	return EXIT_SUCCESS;
}
