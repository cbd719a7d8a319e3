/* SPDX-License-Identifier: BSD-2-Clause */
/* test_shadow.c - a configuration tried beside the one in force: what it knows, what it says, and that nothing else changes. */
#include "config.h"

#include "test.h"

#include "dns.h"
#include "dns_fake.h"

#include <stdio.h>
#include <string.h>

static struct as_dns *new_dns(struct as_dns_fake *fake, const char *zone)
{
	static const struct as_dns_options options = { .cache_bytes = 1 << 20, .max_ttl_s = 3600, .failure_ttl_s = 1 };
	struct as_arena *arena = as_arena_new();
	const char *detail = NULL;
	if (as_dns_fake_load(fake, arena, zone, strlen(zone), &detail) != AS_OK)
		fail_msg("%s", detail);
	as_arena_free(arena);
	return as_dns_new(as_dns_fake_backend(fake), &options, as_dns_fake_clock(fake));
}

/* What another set holds is known; nothing is asked, not even of the cache, and nothing is waited for. */
static void held_set_asks_nobody(void **state)
{
	(void)state;
	static const struct as_dns_limits limits = { .budget = 5, .timeout_ms = 1000 };
	struct as_dns_fake *fake = as_dns_fake_new(1000);
	struct as_dns *dns = new_dns(fake, "a 60 A 192.0.2.1\nb 60 A 192.0.2.2\nc 60 A 192.0.2.3\n$SERVFAIL d\n");
	struct as_dns_set *other = as_dns_set_new(dns, &limits), *set = as_dns_set_new(dns, &limits);
	as_dns_get(other, "c", AS_DNS_A);
	const struct as_dns_answer *a = as_dns_get(set, "a", AS_DNS_A), *d = as_dns_get(set, "d", AS_DNS_A);
	as_dns_start(set, "b", AS_DNS_A); /* under way */
	struct as_dns_set *held = as_dns_set_new_held(set);
	unsigned queries = as_dns_fake_queries(fake, NULL, 0);
	assert_ptr_equal(as_dns_get(held, "A", AS_DNS_A), a);
	assert_ptr_equal(as_dns_get(held, "d", AS_DNS_A), d);
	as_dns_start(held, "c", AS_DNS_A);
	assert_int_equal(as_dns_set_missing(held), 0);
	static const char *const missing[] = { "b", "c", "a.b" };
	for (size_t i = 0; i < 3; i++) {
		const struct as_dns_answer *answer = as_dns_get(held, missing[i], AS_DNS_A);
		assert_int_equal(answer->status, AS_DNS_TEMPFAIL);
		assert_string_equal(answer->reason, "not looked up");
		assert_int_equal(as_dns_set_missing(held), i + 1);
	}
	as_dns_set_free(held);
	assert_int_equal(as_dns_set_missing(set), 0);
	assert_int_equal(as_dns_set_count(set), 3);
	assert_int_equal(as_dns_fake_queries(fake, NULL, 0), queries);
	assert_int_equal(as_dns_get(set, "b", AS_DNS_A)->status, AS_DNS_OK);
	as_dns_set_free(set);
	as_dns_set_free(other);
	as_dns_unref(dns);
	as_dns_fake_free(fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(held_set_asks_nobody),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
