/* SPDX-License-Identifier: BSD-2-Clause */
/* test_trim.c - when a burst of connections is over. */
#include "config.h"

#include "test.h"

#include "trim.h"

/* "+" opens a connection, "-" closes one; a number before it: so many. What comes out is how many bursts ended. */
static unsigned play(const char *script)
{
	struct as_burst burst = { 0 };
	unsigned ends = 0, count = 0;
	for (; *script; script++) {
		if (*script >= '0' && *script <= '9') {
			count = count * 10 + (unsigned)(*script - '0');
			continue;
		}
		for (count = count ? count : 1; count > 0; count--) {
			if (*script == '+')
				as_burst_open(&burst);
			else
				ends += as_burst_close(&burst);
		}
	}
	return ends;
}

static void test_bursts(void **state)
{
	static const struct {
		const char *script;
		unsigned ends;
	} cases[] = {
		{ "", 0 },
		{ "+-+-+-", 0 },
		{ "63+63-", 0 },
		{ "64+64-", 1 },
		{ "64+55-", 0 },
		{ "64+56-", 1 },
		{ "64+56-8-", 1 },
		{ "1000+875-", 1 },
		{ "1000+874-", 0 },
		{ "1000+875-125+125-", 1 },
		{ "1000+875-125+219-", 2 },
		{ "1000+1000-63+63-64+64-", 3 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		if (play(cases[i].script) != cases[i].ends)
			fail_msg("%s: %u instead of %u", cases[i].script, play(cases[i].script), cases[i].ends);
}

/* The thread ends at once, also while it waits for its time. */
static void test_end(void **state)
{
	(void)state;
	struct as_trimmer *trimmer = as_trimmer_new();
	assert_non_null(trimmer);
	for (int i = 0; i < AS_TRIM_BURST; i++)
		as_trimmer_open(trimmer);
	for (int i = 0; i < AS_TRIM_BURST; i++)
		as_trimmer_close(trimmer);
	as_trimmer_free(trimmer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bursts),
		cmocka_unit_test(test_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
