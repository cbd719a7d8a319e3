/* SPDX-License-Identifier: BSD-2-Clause */
/* heap.c - malloc that tries again with the reserve.
 *
 * The reserve is the system's and not malloc's: what is freed stays in one of malloc's arenas, where the other threads do not find it.
 */
#include "config.h"

#include "heap.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

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

/* NULL: the system has not got as much. */
static void *take_reserve(void)
{
	void *pages = mmap(NULL, RESERVE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return pages == MAP_FAILED ? NULL : pages;
}

static void give_back(void *pages)
{
	if (pages)
		munmap(pages, RESERVE);
}

void as_heap_reserve(void)
{
	if (!atomic_load(&reserve))
		atomic_store(&reserve, take_reserve());
}

bool as_heap_is_short(void)
{
	if (!atomic_load(&is_short))
		return false;
	void *pages = take_reserve(), *none = NULL;
	if (!pages)
		return true;
	if (!atomic_compare_exchange_strong(&reserve, &none, pages))
		give_back(pages); /* another thread was faster, or there only was a suspicion */
	atomic_store(&is_short, false);
	if (!atomic_load(&reserve)) /* and another one gave it up meanwhile */
		atomic_store(&is_short, true);
	return atomic_load(&is_short);
}

/* Another thread may have given it up a moment ago: to try again is right all the same. */
void as_heap_ran_out(void)
{
	atomic_fetch_add(&shortages, 1);
	give_back(atomic_exchange(&reserve, NULL));
	atomic_store(&is_short, true);
}

void as_heap_suspect(void)
{
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
