/* SPDX-License-Identifier: BSD-2-Clause */
/* arena.h - memory that lives and dies together: one arena per message, per session, per configuration.
 *
 * An arena belongs to one thread at a time. Allocation never returns NULL, see heap.h. Memory is bounded because every input is capped
 * before it is copied here.
 */
#ifndef AS_ARENA_H
#define AS_ARENA_H

#include "heap.h"

#include <stdarg.h>
#include <stddef.h>

struct as_arena;

/* A new empty arena. The caller frees it with as_arena_free(). */
struct as_arena *as_arena_new(void);

/* Runs the deferred clean-ups, newest first, then releases all memory. NULL is allowed. */
void as_arena_free(struct as_arena *arena);

/* `size` zeroed bytes, aligned for any type, owned by the arena. size 0 gives a valid pointer. */
void *as_alloc(struct as_arena *arena, size_t size);

/* Room for `count` objects of `size` bytes, zeroed; aborts if the product overflows. */
void *as_alloc_array(struct as_arena *arena, size_t count, size_t size);

/* Makes room for one more behind the `count` objects of a list that only this function has made: returns the list, or a copy with twice
 * the room when it is full. list NULL with count 0 begins one. What is new is zeroed. */
void *as_grow(struct as_arena *arena, void *list, size_t count, size_t size);

/* Copies owned by the arena, NUL-terminated. as_strdup(NULL) is NULL. as_strndup copies exactly n bytes, NULs included. */
char *as_strdup(struct as_arena *arena, const char *text);
char *as_strndup(struct as_arena *arena, const char *bytes, size_t n);

/* printf into the arena. */
char *as_printf(struct as_arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *as_vprintf(struct as_arena *arena, const char *format, va_list args) __attribute__((format(printf, 2, 0)));

/* Calls release(handle) when the arena is freed: for what is not memory (DKIM *, references, descriptors). */
void as_defer(struct as_arena *arena, void (*release)(void *handle), void *handle);

/* Bytes taken from the system so far. */
size_t as_arena_size(const struct as_arena *arena);

/* Heap memory for what no arena owns; freed with free(). Zeroed; never NULL. */
void *as_xalloc(size_t size);
void *as_xrealloc(void *block, size_t size);
char *as_xstrdup(const char *text);

#endif
