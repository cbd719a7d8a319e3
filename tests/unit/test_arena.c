/* SPDX-License-Identifier: BSD-2-Clause */
/* test_arena.c - memory that lives and dies together. */
#include "config.h"

#include "arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

static void test_alloc(void **state)
{
	static const size_t sizes[] = { 0, 1, 2, 15, 16, 17, 100, 4000, 4096, 5000, 16384, 16385, 100000, 1, 3 };
	enum { COUNT = sizeof sizes / sizeof sizes[0] };
	unsigned char *blocks[COUNT];
	(void)state;
	struct as_arena *arena = as_arena_new();
	for (size_t i = 0; i < COUNT; i++) {
		blocks[i] = as_alloc(arena, sizes[i]);
		assert_int_equal((uintptr_t)blocks[i] % _Alignof(max_align_t), 0);
		for (size_t k = 0; k < sizes[i]; k++)
			assert_int_equal(blocks[i][k], 0);
		memset(blocks[i], (int)i + 1, sizes[i]);
	}
	for (size_t i = 0; i < COUNT; i++)
		for (size_t k = 0; k < sizes[i]; k++)
			if (blocks[i][k] != i + 1)
				fail_msg("block %zu of %zu octets was overwritten at %zu", i, sizes[i], k);
	as_arena_free(arena);
}

static void test_size(void **state)
{
	(void)state;
	struct as_arena *arena = as_arena_new();
	assert_int_equal(as_arena_size(arena), 0);
	as_alloc(arena, 1);
	size_t first = as_arena_size(arena);
	assert_true(first > 0);
	as_alloc(arena, 1 << 20);
	size_t second = as_arena_size(arena);
	assert_true(second >= first + (1 << 20));
	/* The first chunk has room still: a large block does not push it away. */
	as_alloc(arena, 1000);
	assert_int_equal(as_arena_size(arena), second);
	as_arena_free(arena);
}

static void test_array(void **state)
{
	(void)state;
	struct as_arena *arena = as_arena_new();
	uint64_t *numbers = as_alloc_array(arena, 1000, sizeof *numbers);
	for (size_t i = 0; i < 1000; i++)
		assert_int_equal(numbers[i], 0);
	assert_non_null(as_alloc_array(arena, 0, sizeof *numbers));
	assert_non_null(as_alloc_array(arena, 7, 0));
	as_arena_free(arena);
}

/* The objects stay, what is new is zero, and the list moves only when it is full. */
static void test_grow(void **state)
{
	(void)state;
	struct as_arena *arena = as_arena_new();
	struct { uint64_t number; char text[5]; } *list = NULL;
	size_t moves = 0;
	for (size_t i = 0; i < 1000; i++) {
		void *before = list;
		list = as_grow(arena, list, i, sizeof *list);
		moves += list != before;
		assert_int_equal(list[i].number, 0);
		list[i].number = i + 1;
		memset(list[i].text, (int)i, sizeof list[i].text);
	}
	for (size_t i = 0; i < 1000; i++)
		assert_int_equal(list[i].number, i + 1);
	assert_int_equal(moves, 8); /* 8, 16, 32, ... 1024 */
	as_arena_free(arena);
}

static void test_copies(void **state)
{
	(void)state;
	struct as_arena *arena = as_arena_new();
	char text[] = "text";
	char *copy = as_strdup(arena, text);
	text[0] = 'n';
	assert_string_equal(copy, "text");
	assert_null(as_strdup(arena, NULL));
	assert_string_equal(as_strdup(arena, ""), "");
	assert_memory_equal(as_strndup(arena, "a\0b", 3), "a\0b", 4);
	assert_string_equal(as_strndup(arena, "abc", 2), "ab");
	assert_string_equal(as_strndup(arena, NULL, 0), "");
	as_arena_free(arena);
}

static void test_printf(void **state)
{
	(void)state;
	struct as_arena *arena = as_arena_new();
	assert_string_equal(as_printf(arena, "%s-%d", "a", 7), "a-7");
	assert_string_equal(as_printf(arena, "%s", ""), "");
	assert_int_equal(strlen(as_printf(arena, "%20000d", 1)), 20000);
	for (int n = 250; n < 260; n++) { /* the first attempt has 256 octets */
		const char *text = as_printf(arena, "%*d", n, 7);
		assert_int_equal(strlen(text), n);
		assert_int_equal(text[n - 1], '7');
	}
	as_arena_free(arena);
}

struct step {
	struct step **last;
	struct step *before;
	const char *text;
};

static void note(void *handle)
{
	struct step *step = handle;
	assert_string_equal(step->text, "alive");
	step->before = *step->last;
	*step->last = step;
}

static void test_defer(void **state)
{
	(void)state;
	struct step *last = NULL;
	struct step steps[3];
	struct as_arena *arena = as_arena_new();
	for (size_t i = 0; i < 3; i++) {
		steps[i] = (struct step){ .last = &last, .text = as_strdup(arena, "alive") };
		as_defer(arena, note, &steps[i]);
	}
	assert_null(last);
	as_arena_free(arena);
	assert_ptr_equal(last, &steps[0]);
	assert_ptr_equal(steps[0].before, &steps[1]);
	assert_ptr_equal(steps[1].before, &steps[2]);
	assert_null(steps[2].before);
	as_arena_free(NULL);
}

static void test_heap(void **state)
{
	(void)state;
	char *block = as_xalloc(10);
	for (size_t i = 0; i < 10; i++)
		assert_int_equal(block[i], 0);
	memset(block, 'a', 10);
	block = as_xrealloc(block, 10000);
	assert_memory_equal(block, "aaaaaaaaaa", 10);
	free(block);
	block = as_xstrdup("text");
	assert_string_equal(block, "text");
	free(block);
	block = as_xalloc(0);
	assert_non_null(block);
	block = as_xrealloc(block, 0);
	assert_non_null(block);
	free(block);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alloc),  cmocka_unit_test(test_size),  cmocka_unit_test(test_array), cmocka_unit_test(test_grow),
		cmocka_unit_test(test_copies),
		cmocka_unit_test(test_printf), cmocka_unit_test(test_defer), cmocka_unit_test(test_heap),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
