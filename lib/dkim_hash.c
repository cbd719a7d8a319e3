/* SPDX-License-Identifier: BSD-2-Clause */
/* dkim_hash.c - the hash of the signed fields and of the signature field without its b=. */
#include "config.h"

#include "dkim_hash.h"

#include "canon.h"

#include <openssl/evp.h>

void as_dkim_hash_header(struct as_buf *text, const struct as_fields *fields, const struct as_field *signature,
			 const struct as_dkim_parsed *parsed, unsigned char hash[AS_SHA256_SIZE])
{
	struct as_buf bare = as_canon_without_b(text->arena, signature->value, signature->value_length);
	text->length = 0;
	as_canon_fields(text, fields, signature, parsed->names, parsed->name_count, parsed->is_relaxed_header);
	as_canon_field(text, signature->name, signature->name_length, bare.text, bare.length, parsed->is_relaxed_header);
	if (EVP_Digest(text->text, text->length, hash, NULL, EVP_sha256(), NULL) != 1)
		as_oom();
}
