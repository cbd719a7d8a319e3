/* SPDX-License-Identifier: BSD-2-Clause */
/* body_hashes.c - the body in both canonical forms, as far as they are wanted, and a list of hashes. */
#include "config.h"

#include "body_hashes.h"

struct kind {
	struct kind *next;
	struct as_body_hash result;
};

struct as_body_hashes {
	struct as_arena *arena;
	struct kind *first;
	struct as_canon_body *canons[2]; /* simple, relaxed; NULL: nobody asked */
};

struct as_body_hashes *as_body_hashes_new(struct as_arena *arena)
{
	struct as_body_hashes *hashes = as_alloc(arena, sizeof *hashes);
	hashes->arena = arena;
	return hashes;
}

const struct as_body_hash *as_body_hashes_need(struct as_body_hashes *hashes, bool is_relaxed, uint64_t most)
{
	struct as_canon_body **canon = &hashes->canons[is_relaxed];
	struct kind **at = &hashes->first;
	for (; *at; at = &(*at)->next)
		if ((*at)->result.is_relaxed == is_relaxed && (*at)->result.most == most)
			return &(*at)->result;
	*at = as_alloc(hashes->arena, sizeof **at);
	(*at)->result = (struct as_body_hash){ .is_relaxed = is_relaxed, .most = most };
	if (!*canon)
		*canon = as_canon_body_new(hashes->arena, is_relaxed);
	as_canon_body_want(*canon, most, (*at)->result.hash);
	return &(*at)->result;
}

bool as_body_hashes_are_needed(const struct as_body_hashes *hashes)
{
	return hashes->first;
}

void as_body_hashes_add(struct as_body_hashes *hashes, const unsigned char *bytes, size_t n)
{
	for (size_t i = 0; i < 2; i++)
		if (hashes->canons[i])
			as_canon_body_add(hashes->canons[i], bytes, n);
}

void as_body_hashes_end(struct as_body_hashes *hashes)
{
	uint64_t lengths[2] = { 0 };
	for (size_t i = 0; i < 2; i++)
		if (hashes->canons[i])
			lengths[i] = as_canon_body_end(hashes->canons[i]);
	for (struct kind *kind = hashes->first; kind; kind = kind->next)
		kind->result.length = lengths[kind->result.is_relaxed];
}
