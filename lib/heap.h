/* SPDX-License-Identifier: BSD-2-Clause */
/* heap.h - what happens when the system has no memory: some is kept back, and what is under way ends with it in good order.
 *
 * Allocation in this library never returns NULL. When there is no memory the reserve is given up, for this and the other
 * libraries to use; from then on memory is short, messages are deferred, and what they held becomes free. Only when that does not suffice
 * the process ends. Memory is one for the process, and so is this.
 */
#ifndef AS_HEAP_H
#define AS_HEAP_H

#include <stdbool.h>
#include <stddef.h>

/* Takes the reserve, of pages that nobody touches. Once, at the start; without it the process ends at the first shortage. */
void as_heap_reserve(void);

/* Is memory short? Until the system has as much as the reserve, which is taken again here. Any thread. */
bool as_heap_is_short(void);

/* How often memory was short so far: when the number is another than before, something may have failed in between. Any thread. */
unsigned as_heap_shortages(void);

/* Tells of a library that got no memory, and gives the reserve up. Any thread. */
void as_heap_ran_out(void);

/* Tells of a lack of what takes memory without being it, such as threads: as_heap_is_short() finds out whether memory is short, and the
 * reserve stays. Any thread. */
void as_heap_suspect(void);

/* As malloc, calloc and realloc, but never NULL. Freed with free(). */
void *as_heap_alloc(size_t size);
void *as_heap_zeroed(size_t size);
void *as_heap_realloc(void *block, size_t size);

/* The one place that ends the process for lack of memory. */
_Noreturn void as_oom(void);

#endif
