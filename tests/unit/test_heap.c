/* SPDX-License-Identifier: BSD-2-Clause */
/* test_heap.c - the reserve is taken again after each shortage, also after one that another thread has at the worst moment. */
#include "config.h"

#include "heap.h"

#include "sanitized.h"
#include "test.h"

#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SKIPPED = 77, RESERVE_LEAST = 8 << 20 };

static unsigned given_back; /* reserves */
static unsigned shortages;  /* that come now, while the next one is given back */

#if !IS_SANITIZED

int munmap(void *pages, size_t size)
{
	int result = (int)syscall(SYS_munmap, pages, size);
	given_back += size >= RESERVE_LEAST;
	if (size >= RESERVE_LEAST && shortages) {
		shortages--;
		as_heap_ran_out();
	}
	return result;
}

#endif

/* Is there one? It is given up, and taken again. */
static bool has_reserve(void)
{
	unsigned before = given_back;
	as_heap_ran_out();
	bool had = given_back > before;
	assert_false(as_heap_is_short());
	return had;
}

static void test_reserve(void **state)
{
	static const struct {
		const char *name;
		bool runs_out, is_suspected;
		unsigned meanwhile;
	} cases[] = {
		{ "nothing", false, false, 0 },
		{ "a shortage", true, false, 0 },
		{ "a suspicion", false, true, 0 },
		{ "both", true, true, 0 },
		{ "a shortage within the look at a suspicion", false, true, 1 },
	};
	(void)state;
	as_heap_reserve();
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		if (cases[i].runs_out)
			as_heap_ran_out();
		if (cases[i].is_suspected)
			as_heap_suspect();
		shortages = cases[i].meanwhile;
		while (as_heap_is_short())
			continue;
		(void)as_heap_is_short(); /* the next message */
		if (shortages || !has_reserve())
			fail_msg("%s: no reserve", cases[i].name);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reserve),
	};
	if (IS_SANITIZED) {
		puts("skipped: the sanitizer has a heap of its own");
		return SKIPPED;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
