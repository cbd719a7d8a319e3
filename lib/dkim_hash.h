/* SPDX-License-Identifier: BSD-2-Clause */
/* dkim_hash.h - the hash that a signature of header fields signs, RFC 6376 3.7: DKIM-Signature and ARC-Message-Signature. Pure. */
#ifndef AS_DKIM_HASH_H
#define AS_DKIM_HASH_H

#include "canon_body.h"
#include "dkim_signature.h"
#include "str.h"

/* signature: the field that `parsed` was read from. text: room to work in; what it holds is replaced. */
void as_dkim_hash_header(struct as_buf *text, const struct as_fields *fields, const struct as_field *signature,
			 const struct as_dkim_parsed *parsed, unsigned char hash[AS_SHA256_SIZE]);

#endif
