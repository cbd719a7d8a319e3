/* SPDX-License-Identifier: BSD-2-Clause */
/* fuzz_dns.c - answer packets and zone text. The first byte chooses: 'z' is zone text, otherwise it is the type that was asked. */
#include "config.h"

#include "dns_answer.h"
#include "dns_fake.h"
#include "dns_name.h"
#include "dns_packet.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEADER = 12 };

static void fuzz_zone(const char *text, size_t n)
{
	static const struct as_dns_options options = { .cache_bytes = 1 << 20, .max_ttl_s = 60, .failure_ttl_s = 5 };
	static const struct as_dns_limits limits = { .budget = 10, .timeout_ms = 1000 };
	static const enum as_dns_type types[] = { AS_DNS_A, AS_DNS_AAAA, AS_DNS_TXT, AS_DNS_MX, AS_DNS_PTR, AS_DNS_NS, AS_DNS_TLSA };
	struct as_arena *arena = as_arena_new();
	struct as_dns_fake *fake = as_dns_fake_new(0);
	const char *detail = NULL;
	if (as_dns_fake_load(fake, arena, text, n, &detail) != AS_OK && !detail)
		abort();
	struct as_dns *dns = as_dns_new(as_dns_fake_backend(fake), &options, as_dns_fake_clock(fake));
	struct as_dns_set *set = as_dns_set_new(dns, &limits);
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		as_dns_get(set, "a.example", types[i]);
	as_dns_set_free(set);
	as_dns_unref(dns);
	as_dns_fake_free(fake);
	as_arena_free(arena);
}

static void check_answer(const struct as_dns_answer *answer)
{
	if ((answer->status == AS_DNS_OK) != (answer->count > 0) || (answer->status == AS_DNS_TEMPFAIL) != (answer->reason != NULL))
		abort();
	if (answer->dnssec == AS_DNSSEC_BOGUS && answer->count > 0)
		abort();
	for (size_t i = 0; i < answer->count; i++) {
		const struct as_dns_record *r = &answer->records[i];
		for (const char *p = r->name; p && *p; p++)
			if (*p <= 0x20 || *p >= 0x7f)
				abort();
		if ((r->name && strlen(r->name) > 253) || (answer->type == AS_DNS_TXT && r->data[r->size] != 0))
			abort();
	}
}

/* The question is the packet's own, so that a change of its name does not end the reading at once. */
static void fuzz_packet(enum as_dns_type type, const uint8_t *packet, size_t size)
{
	char name[AS_DNS_NAME_SIZE];
	if (size < HEADER || !as_dns_name_from_wire(packet + HEADER, size - HEADER, name))
		memcpy(name, "a.example", sizeof "a.example");
	struct as_dns_builder *b = as_dns_builder_new(name, type);
	as_dns_packet_decode(packet, size, size & 1 ? AS_DNSSEC_SECURE : AS_DNSSEC_INSECURE, b);
	const struct as_dns_answer *answer = as_dns_builder_finish(b);
	check_answer(answer);
	as_dns_answer_unref(answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 0 && data[0] == 'z')
		fuzz_zone((const char *)data + 1, size - 1);
	else if (size > 0)
		fuzz_packet((enum as_dns_type)data[0], data + 1, size - 1);
	return 0;
}
