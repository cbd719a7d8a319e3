/* SPDX-License-Identifier: BSD-2-Clause */
/* heap.c - malloc that tries again with the reserve. */
#include "config.h"

#include "heap.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { RESERVE = 16 << 20 }; /* the most that a message takes, assayd(8) */

static _Atomic(void *) reserve;
static atomic_bool is_short;
static atomic_uint shortages;

_Noreturn void as_oom(void)
{
	static const char text[] = "assay: out of memory\n";
	fwrite(text, 1, sizeof text - 1, stderr);
	abort();
}

void as_heap_reserve(void)
{
	if (!atomic_load(&reserve))
		atomic_store(&reserve, malloc(RESERVE));
}

bool as_heap_is_short(void)
{
	if (!atomic_load(&is_short))
		return false;
	void *block = malloc(RESERVE), *none = NULL;
	if (!block)
		return true;
	if (!atomic_compare_exchange_strong(&reserve, &none, block))
		free(block); /* another thread was faster */
	atomic_store(&is_short, false);
	return false;
}

/* Another thread may have given it up a moment ago: to try again is right all the same. */
void as_heap_ran_out(void)
{
	atomic_fetch_add(&shortages, 1);
	free(atomic_exchange(&reserve, NULL));
	atomic_store(&is_short, true);
}

unsigned as_heap_shortages(void)
{
	return atomic_load(&shortages);
}

void *as_heap_alloc(size_t size)
{
	void *block = malloc(size ? size : 1);
	if (block)
		return block;
	as_heap_ran_out();
	block = malloc(size ? size : 1);
	if (!block)
		as_oom();
	return block;
}

void *as_heap_zeroed(size_t size)
{
	void *block = calloc(1, size ? size : 1);
	if (block)
		return block;
	as_heap_ran_out();
	block = calloc(1, size ? size : 1);
	if (!block)
		as_oom();
	return block;
}

void *as_heap_realloc(void *old, size_t size)
{
	void *block = realloc(old, size ? size : 1);
	if (block)
		return block;
	as_heap_ran_out();
	block = realloc(old, size ? size : 1);
	if (!block)
		as_oom();
	return block;
}
