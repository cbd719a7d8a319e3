/* SPDX-License-Identifier: BSD-2-Clause */
/* fuzz_mailbox.c - the From field and what its name shows, envelope addresses, domains and tag lists, with what must hold for any bytes. */
#include "config.h"

#include "display_name.h"
#include "domain.h"
#include "mailbox.h"
#include "taglist.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

/* A domain that leaves a parser is its own normal form. */
static void check_domain(struct as_arena *arena, const char *domain)
{
	const char *again;
	require(as_domain_is_queryable(domain));
	require(as_domain_normal(arena, domain, strlen(domain), &again) == AS_OK && strcmp(domain, again) == 0);
}

static void check_from(struct as_arena *arena, const struct as_from *from)
{
	require(from->count <= AS_FROM_DOMAINS_MAX);
	for (size_t i = 0; i < from->count; i++) {
		check_domain(arena, from->domains[i]);
		for (size_t k = 0; k < i; k++)
			require(strcmp(from->domains[i], from->domains[k]) != 0);
	}
	bool is_one = from->status == AS_FROM_ONE;
	require(is_one == (from->domain != NULL) && is_one == (from->reason == NULL));
	require(!is_one || (from->count == 1 && from->domain == from->domains[0]));
	require(from->status != AS_FROM_SEVERAL || from->count > 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct as_arena *arena = as_arena_new();
	const char *text = as_strndup(arena, (const char *)data, size);
	const char *local, *domain;
	struct as_from from;
	struct as_display_name shown;
	struct as_taglist list;
	struct as_fields fields;

	as_from_parse(arena, text, size, &from);
	check_from(arena, &from);
	as_fields_init(&fields, arena, 10, 1 << 20);
	as_fields_add(&fields, "From", 4, text, size / 2);
	as_from_judge(arena, &fields, &from);
	check_from(arena, &from);
	as_fields_add(&fields, "from", 4, text + size / 2, size - size / 2);
	as_from_judge(arena, &fields, &from);
	check_from(arena, &from);
	require(from.status == AS_FROM_REPEATED);
	as_display_name_find(arena, &fields, "example.com", &shown);
	for (size_t i = 0; i < shown.count; i++) {
		check_domain(arena, shown.domains[i]);
		require(strcmp(shown.domains[i], "example.com") != 0);
	}

	if (as_path_parse(arena, text, &local, &domain) == AS_OK && *domain)
		check_domain(arena, domain);
	if (as_path_parse_lax(arena, text, &local, &domain) == AS_OK && *domain)
		check_domain(arena, domain);
	if (as_domain_normal(arena, text, size, &domain) == AS_OK)
		check_domain(arena, domain);
	as_taglist_parse(arena, text, size, 100, &list);
	require(list.count <= 100);
	as_taglist_has_duplicate(&list);
	as_arena_free(arena);
	return 0;
}
