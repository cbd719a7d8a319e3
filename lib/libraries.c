/* SPDX-License-Identifier: BSD-2-Clause */
/* libraries.c - hooks that are one for the process. */
#include "config.h"

#include "libraries.h"

#include "heap.h"
#include "spf_check.h"

#include <stdlib.h>

#include <jansson.h>
#include <openssl/crypto.h>

static void *crypto_alloc(size_t size, const char *file, int line)
{
	(void)file, (void)line; /* OpenSSL's own, for debugging */
	return size ? as_heap_alloc(size) : NULL;
}

static void crypto_free(void *block, const char *file, int line)
{
	(void)file, (void)line; /* as above */
	free(block);
}

/* As OpenSSL's own: size 0 frees. */
static void *crypto_realloc(void *block, size_t size, const char *file, int line)
{
	if (size)
		return as_heap_realloc(block, size);
	crypto_free(block, file, line);
	return NULL;
}

void as_libraries_init(void)
{
	as_spf_global_init();
	json_set_alloc_funcs(as_heap_alloc, free);
	(void)CRYPTO_set_mem_functions(crypto_alloc, crypto_realloc, crypto_free); /* refused when OpenSSL has memory already */
}
