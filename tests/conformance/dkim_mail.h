/* SPDX-License-Identifier: BSD-2-Clause */
/* dkim_mail.h - random messages, signed at random, and what happens to them on the way. Everything follows from the random state. */
#ifndef AS_TEST_DKIM_MAIL_H
#define AS_TEST_DKIM_MAIL_H

#include "dkim_reference.h"
#include "dkim_sign.h"
#include "str.h"

enum mail_key { MAIL_RSA1024, MAIL_RSA2048, MAIL_SHORT, MAIL_EDWARDS, MAIL_OTHER_RSA, MAIL_OTHER_EDWARDS, MAIL_KEYS };

/* Read once for a run. */
struct mail_keys {
	EVP_PKEY *keys[MAIL_KEYS];
	const char *p[MAIL_KEYS];     /* what that tag of the key record holds */
	const char *pkcs1[MAIL_KEYS]; /* the same in the other form; RSA only */
};

enum { MAIL_RECORDS_MAX = 16 };

struct mail {
	struct as_arena *arena;
	const struct mail_keys *keys;
	uint64_t random;
	struct as_buf text;
	size_t signatures;
	struct dkim_reference_txt records[MAIL_RECORDS_MAX];
	size_t record_count;
};

void mail_keys_new(struct as_arena *arena, struct mail_keys *keys);
void mail_keys_free(struct mail_keys *keys);

size_t mail_below(struct mail *mail, size_t limit);

/* Header, body, one or two signatures and their keys. */
void mail_make(struct mail *mail);

/* One octet of the message, or of a key record, replaced, taken out or put in. */
void mail_damage(struct mail *mail);

#endif
