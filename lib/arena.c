/* SPDX-License-Identifier: BSD-2-Clause */
/* arena.c - bump allocation in chunks; large blocks get a chunk of their own. */
#include "config.h"

#include "arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CHUNK = 4096, CHUNK = 16384 };

struct chunk {
	struct chunk *next;
	size_t size; /* bytes in data[] */
	size_t used;
	max_align_t data[];
};

struct cleanup {
	struct cleanup *next;
	void (*release)(void *);
	void *handle;
};

struct as_arena {
	struct chunk *chunks; /* only the first is allocated from */
	struct cleanup *cleanups;
	size_t size;
};

void *as_xalloc(size_t size)
{
	return as_heap_zeroed(size);
}

void *as_xrealloc(void *block, size_t size)
{
	return as_heap_realloc(block, size);
}

char *as_xstrdup(const char *text)
{
	size_t size = strlen(text) + 1;
	return memcpy(as_xalloc(size), text, size);
}

struct as_arena *as_arena_new(void)
{
	return as_xalloc(sizeof(struct as_arena));
}

void as_arena_free(struct as_arena *arena)
{
	if (!arena)
		return;
	/* A clean-up may use the arena's memory, so all run before any chunk goes. The nodes live in the chunks. */
	for (struct cleanup *c = arena->cleanups; c; c = c->next)
		c->release(c->handle);
	for (struct chunk *chunk = arena->chunks; chunk;) {
		struct chunk *next = chunk->next;
		free(chunk);
		chunk = next;
	}
	free(arena);
}

/* A chunk for a block larger than usual goes behind the newest, whose rest stays in use. */
static struct chunk *add_chunk(struct as_arena *arena, size_t least)
{
	size_t size = arena->chunks ? CHUNK : FIRST_CHUNK;
	if (size < least)
		size = least;
	if (size > SIZE_MAX - sizeof(struct chunk))
		as_oom();
	struct chunk *chunk = as_heap_alloc(sizeof *chunk + size);
	struct chunk **place = arena->chunks && size > CHUNK ? &arena->chunks->next : &arena->chunks;
	chunk->next = *place;
	chunk->size = size;
	chunk->used = 0;
	*place = chunk;
	arena->size += sizeof *chunk + size;
	return chunk;
}

static void *take(struct as_arena *arena, size_t size)
{
	const size_t align = _Alignof(max_align_t) - 1;
	if (size > SIZE_MAX / 2)
		as_oom();
	size_t rounded = ((size ? size : 1) + align) & ~align;
	struct chunk *chunk = arena->chunks;
	if (!chunk || chunk->size - chunk->used < rounded)
		chunk = add_chunk(arena, rounded);
	void *block = (char *)chunk->data + chunk->used;
	chunk->used += rounded;
	return block;
}

void *as_alloc(struct as_arena *arena, size_t size)
{
	return memset(take(arena, size), 0, size);
}

void *as_alloc_array(struct as_arena *arena, size_t count, size_t size)
{
	if (size && count > SIZE_MAX / 2 / size)
		as_oom();
	return as_alloc(arena, count * size);
}

/* Full at 0, 8, 16, 32, ...: the count alone tells. */
void *as_grow(struct as_arena *arena, void *list, size_t count, size_t size)
{
	enum { FIRST = 8 };
	if (count && (count < FIRST || count & (count - 1)))
		return list;
	if (count > SIZE_MAX / 2)
		as_oom();
	void *bigger = as_alloc_array(arena, count ? count * 2 : FIRST, size);
	if (count)
		memcpy(bigger, list, count * size);
	return bigger;
}

char *as_strndup(struct as_arena *arena, const char *bytes, size_t n)
{
	char *copy = take(arena, n + 1);
	if (n)
		memcpy(copy, bytes, n);
	copy[n] = '\0';
	return copy;
}

char *as_strdup(struct as_arena *arena, const char *text)
{
	return text ? as_strndup(arena, text, strlen(text)) : NULL;
}

char *as_vprintf(struct as_arena *arena, const char *format, va_list args)
{
	char most[256]; /* nearly all texts fit, and formatting costs more than copying */
	va_list again;
	va_copy(again, args);
	int length = vsnprintf(most, sizeof most, format, again);
	va_end(again);
	if (length < 0)
		return as_strdup(arena, "");
	if ((size_t)length < sizeof most)
		return as_strndup(arena, most, (size_t)length);
	char *text = take(arena, (size_t)length + 1);
	vsnprintf(text, (size_t)length + 1, format, args);
	return text;
}

char *as_printf(struct as_arena *arena, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	char *text = as_vprintf(arena, format, args);
	va_end(args);
	return text;
}

void as_defer(struct as_arena *arena, void (*release)(void *handle), void *handle)
{
	struct cleanup *c = as_alloc(arena, sizeof *c);
	c->release = release;
	c->handle = handle;
	c->next = arena->cleanups;
	arena->cleanups = c;
}

size_t as_arena_size(const struct as_arena *arena)
{
	return arena->size;
}
