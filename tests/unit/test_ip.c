/* SPDX-License-Identifier: BSD-2-Clause */
/* test_ip.c - addresses and networks. */
#include "config.h"

#include "ip.h"

#include <string.h>

#include "test.h"

static void test_parse(void **state)
{
	static const struct {
		const char *in, *out; /* out NULL: AS_ERR_SYNTAX */
		unsigned family;
	} cases[] = {
		{ "192.0.2.1", "192.0.2.1", 4 },
		{ "0.0.0.0", "0.0.0.0", 4 },
		{ "2001:DB8:0:0:0:0:0:1", "2001:db8::1", 6 },
		{ "IPv6:2001:db8::1", "2001:db8::1", 6 },
		{ "ipv6:::1", "::1", 6 },
		{ "::", "::", 6 },
		{ "2001:db8:0:1:0:0:0:1", "2001:db8:0:1::1", 6 },
		{ "2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1", 6 },
		{ "::ffff:192.0.2.1", "192.0.2.1", 4 },
		{ "::FFFF:c000:201", "192.0.2.1", 4 },
		{ "IPv6:::ffff:192.0.2.1", "192.0.2.1", 4 },
		{ "IPv6:192.0.2.1", NULL, 0 },
		{ "IPv6:IPv6:::1", NULL, 0 },
		{ "", NULL, 0 },
		{ "unknown", NULL, 0 },
		{ "192.0.2", NULL, 0 },
		{ "192.0.2.256", NULL, 0 },
		{ "192.0.2.1 ", NULL, 0 },
		{ "192.0.2.01", NULL, 0 },
		{ "[192.0.2.1]", NULL, 0 },
		{ "2001:db8::1::2", NULL, 0 },
		{ "fe80::1%eth0", NULL, 0 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char text[AS_IP_TEXT];
		struct as_ip ip = { 0 };
		enum as_err err = as_ip_parse(cases[i].in, &ip);
		if (err != (cases[i].out ? AS_OK : AS_ERR_SYNTAX) || ip.family != cases[i].family)
			fail_msg("%s: error %d, family %u", cases[i].in, (int)err, ip.family);
		if (strcmp(as_ip_text(&ip, text), cases[i].out ? cases[i].out : "unknown") != 0)
			fail_msg("%s: %s", cases[i].in, text);
	}
}

static void test_from_bytes(void **state)
{
	static const uint8_t mapped[16] = { [10] = 0xff, 0xff, 192, 0, 2, 1 };
	static const uint8_t compatible[16] = { [12] = 192, 0, 2, 1 };
	static const struct {
		const uint8_t *bytes;
		size_t size;
		const char *text;
	} cases[] = {
		{ mapped + 12, 4, "192.0.2.1" }, { mapped, 16, "192.0.2.1" }, { compatible, 16, "::192.0.2.1" },
		{ mapped, 15, "unknown" },       { mapped, 0, "unknown" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char text[AS_IP_TEXT];
		struct as_ip ip = as_ip_from_bytes(cases[i].bytes, cases[i].size);
		if (strcmp(as_ip_text(&ip, text), cases[i].text) != 0)
			fail_msg("case %zu: %s", i, text);
	}
}

static void test_network_parse(void **state)
{
	static const struct {
		const char *in;
		enum as_err err;
		unsigned family, bits;
	} cases[] = {
		{ "192.0.2.0/24", AS_OK, 4, 24 },
		{ "192.0.2.1", AS_OK, 4, 32 },
		{ "192.0.2.1/32", AS_OK, 4, 32 },
		{ "0.0.0.0/0", AS_OK, 4, 0 },
		{ "128.0.0.0/1", AS_OK, 4, 1 },
		{ "2001:db8::/32", AS_OK, 6, 32 },
		{ "2001:db8::1", AS_OK, 6, 128 },
		{ "::/0", AS_OK, 6, 0 },
		{ "IPv6:2001:db8::/32", AS_OK, 6, 32 },
		{ "::ffff:192.0.2.0/24", AS_OK, 4, 24 },
		{ "192.0.2.1/24", AS_ERR_RANGE, 0, 0 },
		{ "192.0.2.0/33", AS_ERR_RANGE, 0, 0 },
		{ "128.0.0.0/0", AS_ERR_RANGE, 0, 0 },
		{ "2001:db8::/129", AS_ERR_RANGE, 0, 0 },
		{ "2001:db8::1/127", AS_ERR_RANGE, 0, 0 },
		{ "::ffff:192.0.2.0/120", AS_ERR_RANGE, 0, 0 },
		{ "192.0.2.0/", AS_ERR_SYNTAX, 0, 0 },
		{ "192.0.2.0/+8", AS_ERR_SYNTAX, 0, 0 },
		{ "192.0.2.0/ 8", AS_ERR_SYNTAX, 0, 0 },
		{ "192.0.2.0/-1", AS_ERR_SYNTAX, 0, 0 },
		{ "192.0.2.0/0024", AS_ERR_SYNTAX, 0, 0 },
		{ "192.0.2.0/24/8", AS_ERR_SYNTAX, 0, 0 },
		{ "192.0.2/24", AS_ERR_SYNTAX, 0, 0 },
		{ "/24", AS_ERR_SYNTAX, 0, 0 },
		{ "", AS_ERR_SYNTAX, 0, 0 },
		{ "0000000000000000000000000000000000000000000000000000000000000000", AS_ERR_SYNTAX, 0, 0 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct as_network net = { 0 };
		enum as_err err = as_network_parse(cases[i].in, &net);
		if (err != cases[i].err || (!err && (net.ip.family != cases[i].family || net.bits != cases[i].bits)))
			fail_msg("%s: error %d, family %u, %u bits", cases[i].in, (int)err, net.ip.family, net.bits);
	}
}

static void test_network_has(void **state)
{
	static const struct {
		const char *net, *ip;
		bool has;
	} cases[] = {
		{ "192.0.2.0/24", "192.0.2.255", true },   { "192.0.2.0/24", "192.0.3.0", false },
		{ "192.0.2.128/25", "192.0.2.127", false }, { "192.0.2.128/25", "192.0.2.128", true },
		{ "192.0.2.4/30", "192.0.2.7", true },     { "192.0.2.4/30", "192.0.2.8", false },
		{ "192.0.2.1", "192.0.2.1", true },        { "192.0.2.1", "192.0.2.0", false },
		{ "0.0.0.0/0", "203.0.113.9", true },      { "0.0.0.0/0", "2001:db8::1", false },
		{ "0.0.0.0/0", "::ffff:192.0.2.1", true }, { "::/0", "2001:db8::1", true },
		{ "::/0", "192.0.2.1", false },            { "2001:db8::/33", "2001:db8:7fff::1", true },
		{ "2001:db8::/33", "2001:db8:8000::1", false }, { "2001:db8::1", "2001:db8::1", true },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct as_network net;
		struct as_ip ip;
		assert_int_equal(as_network_parse(cases[i].net, &net), AS_OK);
		assert_int_equal(as_ip_parse(cases[i].ip, &ip), AS_OK);
		if (as_network_has(&net, &ip) != cases[i].has)
			fail_msg("%s in %s", cases[i].ip, cases[i].net);
	}
}

static void test_prefix_equal(void **state)
{
	(void)state;
	struct as_ip a, b;
	const struct as_ip none = { 0 };
	assert_int_equal(as_ip_parse("192.0.2.1", &a), AS_OK);
	assert_int_equal(as_ip_parse("192.0.2.3", &b), AS_OK);
	assert_true(as_ip_prefix_equal(&a, &b, 30));
	assert_false(as_ip_prefix_equal(&a, &b, 31));
	assert_false(as_ip_prefix_equal(&a, &b, 1000));
	assert_true(as_ip_prefix_equal(&a, &a, 1000));
	assert_false(as_ip_prefix_equal(&none, &none, 0));
	assert_false(as_ip_prefix_equal(&a, &none, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),       cmocka_unit_test(test_from_bytes),   cmocka_unit_test(test_network_parse),
		cmocka_unit_test(test_network_has), cmocka_unit_test(test_prefix_equal),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
