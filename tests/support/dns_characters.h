/* SPDX-License-Identifier: BSD-2-Clause */
/* dns_characters.h - answers of name servers of many characters, honest, broken and lying: the first label of the question chooses. */
#ifndef AS_DNS_CHARACTERS_H
#define AS_DNS_CHARACTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	DNS_REPLY_MAX = 65535,
	DNS_BIG_TEXT = 60000, /* octets of the TXT record of "big" */
	DNS_MANY = 1000,      /* addresses of "many" */
};

struct dns_reply {
	uint8_t bytes[DNS_REPLY_MAX];
	size_t size; /* 0: no answer */
	bool is_tcp; /* set before */
};

/* Makes a reply of a query. From one thread. */
void dns_characters_answer(struct dns_reply *r, const uint8_t *query, size_t size);

#endif
