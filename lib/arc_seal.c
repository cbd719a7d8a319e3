/* SPDX-License-Identifier: BSD-2-Clause */
/* arc_seal.c - one running hash over the sets, from which each seal's branches off. */
#include "config.h"

#include "arc_seal.h"

#include "canon.h"

#include <openssl/evp.h>

/* One field; each but the seal's own ends in CRLF. */
static void add(EVP_MD_CTX *context, struct as_buf *text, const struct as_field *field, const char *value, size_t n, bool is_own)
{
	text->length = 0;
	as_canon_field(text, field->name, field->name_length, value, n, true);
	if (!is_own)
		as_buf_puts(text, "\r\n");
	if (EVP_DigestUpdate(context, text->text, text->length) != 1)
		as_oom();
}

static void add_whole(EVP_MD_CTX *context, struct as_buf *text, const struct as_field *field)
{
	add(context, text, field, field->value, field->value_length, false);
}

void as_arc_seal_hashes(struct as_buf *text, const struct as_arc_sets *sets, unsigned char (*hashes)[AS_SHA256_SIZE])
{
	EVP_MD_CTX *running = EVP_MD_CTX_new(), *branch = EVP_MD_CTX_new();
	if (!running || !branch || EVP_DigestInit_ex(running, EVP_sha256(), NULL) != 1)
		as_oom();
	for (size_t i = 0; i < sets->count; i++) {
		const struct as_arc_set *set = &sets->list[i];
		struct as_buf bare = as_canon_without_b(text->arena, set->seal->value, set->seal->value_length);
		add_whole(running, text, set->results);
		add_whole(running, text, set->message);
		if (EVP_MD_CTX_copy_ex(branch, running) != 1)
			as_oom();
		add(branch, text, set->seal, bare.text, bare.length, true);
		if (EVP_DigestFinal_ex(branch, hashes[i], NULL) != 1)
			as_oom();
		add_whole(running, text, set->seal);
	}
	EVP_MD_CTX_free(running);
	EVP_MD_CTX_free(branch);
}
