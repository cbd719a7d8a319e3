/* SPDX-License-Identifier: BSD-2-Clause */
/* dns_answer.h - the life of answers: built once, counted, one block of memory each. Only dns*.c include this. */
#ifndef AS_DNS_ANSWER_H
#define AS_DNS_ANSWER_H

#include "dns_backend.h"

/* Thread safe. The last unref releases what was attached. */
const struct as_dns_answer *as_dns_answer_ref(const struct as_dns_answer *answer);
void as_dns_answer_unref(const struct as_dns_answer *answer);

/* Bytes of the answer itself, without what was attached. */
size_t as_dns_answer_size(const struct as_dns_answer *answer);

/* An answer without records and with one reference; reason NULL or a plain literal. */
const struct as_dns_answer *as_dns_answer_empty(const char *name, enum as_dns_type type, enum as_dns_status status, const char *reason);

/* Ends the building: the answer with one reference; the builder is freed. */
const struct as_dns_answer *as_dns_builder_finish(struct as_dns_builder *b);
/* Ends it without an answer. */
void as_dns_builder_free(struct as_dns_builder *b);

/* For decoders: what is being asked. */
const char *as_dns_builder_name(const struct as_dns_builder *b);
enum as_dns_type as_dns_builder_type(const struct as_dns_builder *b);

#endif
