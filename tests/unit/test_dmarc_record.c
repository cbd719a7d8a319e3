/* SPDX-License-Identifier: BSD-2-Clause */
/* test_dmarc_record.c - which texts are DMARC records, and what each tag becomes. */
#include "config.h"

#include "test.h"

#include <string.h>

#include "dmarc_record.h"
#include "str.h"

static void test_is_record(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool expected;
	} cases[] = {
		{ "v=DMARC1", true },
		{ "v=DMARC1;", true },
		{ "v=DMARC1; p=none", true },
		{ "v=DMARC1;p=none", true },
		{ "v = DMARC1 ; p=none", true },
		{ "v\t=\tDMARC1\t", true },
		{ "v=DMARC1;;;", true },
		{ "", false },
		{ "v", false },
		{ "v ", false },
		{ "v=", false },
		{ "v=DMARC", false },
		{ "v=dmarc1", false },
		{ "v=Dmarc1; p=none", false },
		{ "V=DMARC1", false },
		{ "v=DMARC10", false },
		{ "v=DMARC1 p=none", false },
		{ "v=DMARC1,p=none", false },
		{ "v=DMARC1\n", false },
		{ "v=\"DMARC1\"", false },
		{ " v=DMARC1", false },
		{ "\"v=DMARC1\"", false },
		{ ";v=DMARC1", false },
		{ "p=none; v=DMARC1", false },
		{ "vv=DMARC1", false },
		{ "v=spf1 -all", false },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		if (as_dmarc_is_record(cases[i].text, strlen(cases[i].text)) != cases[i].expected)
			fail_msg("\"%s\" should%s be a record", cases[i].text, cases[i].expected ? "" : " not");
	assert_false(as_dmarc_is_record("v=DMARC1\0; p=none", 17));
	assert_false(as_dmarc_is_record("v=DMARC1", 7));
}

/* One line for a record: what differs from the defaults is easy to see. */
static const char *describe(struct as_arena *arena, const char *text, size_t n)
{
	static const char *const states[] = { "-", "", "?" };
	static const char *const psds[] = { "u", "y", "n" };
	struct as_dmarc_record r;
	as_dmarc_record_parse(arena, text, n, &r);
	struct as_buf buf = as_buf_new(arena);
	const struct {
		const char *name;
		enum as_dmarc_policy policy;
		enum as_dmarc_tag_state state;
	} policies[] = { { "p", r.p, r.p_state }, { "sp", r.sp, r.sp_state }, { "np", r.np, r.np_state } };
	for (size_t i = 0; i < 3; i++)
		as_buf_printf(&buf, "%s%s=%s", i ? " " : "", policies[i].name,
			      policies[i].state == AS_TAG_VALID ? as_dmarc_policy_name(policies[i].policy) : states[policies[i].state]);
	as_buf_printf(&buf, " psd=%s%s%s%s", psds[r.psd], r.is_testing ? " t" : "", r.strict_dkim ? " adkim" : "",
		      r.strict_spf ? " aspf" : "");
	as_buf_printf(&buf, "%s", r.fo == AS_FO_ALL ? "" : " fo");
	for (unsigned bit = AS_FO_ALL; r.fo != AS_FO_ALL && bit <= AS_FO_SPF; bit <<= 1)
		if (r.fo & bit)
			as_buf_printf(&buf, ":%u", bit);
	for (const char *const *uri = r.rua; *uri; uri++)
		as_buf_printf(&buf, " rua<%s>", *uri);
	for (const char *const *uri = r.ruf; *uri; uri++)
		as_buf_printf(&buf, " ruf<%s>", *uri);
	return buf.text;
}

static const struct {
	const char *name;
	const char *text; /* behind "v=DMARC1" */
	const char *expected;
} cases[] = {
	{ "nothing", "", "p=- sp=- np=- psd=u" },
	{ "p none", "; p=none", "p=none sp=- np=- psd=u" },
	{ "p quarantine", ";p=quarantine;", "p=quarantine sp=- np=- psd=u" },
	{ "p reject", " ; p = reject ; ", "p=reject sp=- np=- psd=u" },
	{ "DM-38 values without case", ";p=ReJect;sp=NONE;t=Y;psd=N;adkim=S;aspf=S", "p=reject sp=none np=- psd=n t adkim aspf" },
	{ "tag names with case", ";P=reject;Sp=none", "p=- sp=- np=- psd=u" },
	{ "p empty", ";p=;rua=mailto:a@example.com", "p=? sp=- np=- psd=u rua<mailto:a@example.com>" },
	{ "p unknown word", ";p=monitor", "p=? sp=- np=- psd=u" },
	{ "p prefix of a word", ";p=rejec", "p=? sp=- np=- psd=u" },
	{ "p with more behind it", ";p=reject now", "p=? sp=- np=- psd=u" },
	{ "p with a colon", ";p:reject", "p=- sp=- np=- psd=u" },
	{ "p not second", "; rua=mailto:a@example.com; p=reject", "p=reject sp=- np=- psd=u rua<mailto:a@example.com>" },
	{ "sp and np", ";p=reject;sp=quarantine;np=none", "p=reject sp=quarantine np=none psd=u" },
	{ "sp invalid", ";p=reject;sp=x", "p=reject sp=? np=- psd=u" },
	{ "np invalid", ";p=reject;np=", "p=reject sp=- np=? psd=u" },
	{ "DM-39 first of two counts", ";p=reject;p=none;psd=n;psd=y", "p=reject sp=- np=- psd=n" },
	{ "DM-39 first of two counts though invalid", ";p=x;p=none", "p=? sp=- np=- psd=u" },
	{ "DM-37 unknown tags", ";p=none;x=y;pct=50;rf=afrf;ri=86400;foo_1=bar", "p=none sp=- np=- psd=u" },
	{ "DM-37 broken tags cost only themselves", ";=;p=none;bad;sp none;1=2;;np=reject;t", "p=none sp=- np=reject psd=u" },
	{ "DM-37 control bytes cost one tag", ";foo=no\001ne;p=reject", "p=reject sp=- np=- psd=u" },
	{ "DM-34 control byte in sp", ";sp=no\001ne;p=reject", "p=reject sp=? np=- psd=u" },
	{ "DM-34 no-break space before sp", ";p=reject;sp=\xc2\xa0none", "p=reject sp=? np=- psd=u" },
	{ "DM-34 no-break space before np, not UTF-8", ";p=reject;np=\xa0none", "p=reject sp=- np=? psd=u" },
	{ "DM-39 first of two counts though not UTF-8", ";p=re\x80ject;p=none;t=\xff;t=y", "p=? sp=- np=- psd=u" },
	{ "DM-23 psd invalid", ";psd=x;p=none", "p=none sp=- np=- psd=u" },
	{ "psd u", ";psd=u;p=none", "p=none sp=- np=- psd=u" },
	{ "psd y", ";psd=y;p=none", "p=none sp=- np=- psd=y" },
	{ "t n", ";t=n;p=none", "p=none sp=- np=- psd=u" },
	{ "t invalid", ";t=yes;p=none", "p=none sp=- np=- psd=u" },
	{ "adkim invalid, aspf valid", ";adkim=strict;aspf=s;p=none", "p=none sp=- np=- psd=u aspf" },
	{ "adkim r", ";adkim=r;aspf=r;p=none", "p=none sp=- np=- psd=u" },
	{ "fo default", ";fo=0;p=none", "p=none sp=- np=- psd=u" },
	{ "fo 1", ";fo=1;p=none", "p=none sp=- np=- psd=u fo:2" },
	{ "fo d:s", ";fo=d:S;p=none", "p=none sp=- np=- psd=u fo:4:8" },
	{ "fo 1:d:s", ";fo=1:d:s;p=none", "p=none sp=- np=- psd=u fo:2:4:8" },
	{ "fo 0:d", ";fo=0:d;p=none", "p=none sp=- np=- psd=u fo:1:4" },
	{ "fo d", ";fo=d;p=none", "p=none sp=- np=- psd=u fo:4" },
	{ "fo 0 and 1", ";fo=0:1;p=none", "p=none sp=- np=- psd=u" },
	{ "fo twice", ";fo=d:d;p=none", "p=none sp=- np=- psd=u" },
	{ "fo empty option", ";fo=1:;p=none", "p=none sp=- np=- psd=u" },
	{ "fo empty", ";fo=;p=none", "p=none sp=- np=- psd=u" },
	{ "fo unknown", ";fo=1:x;p=none", "p=none sp=- np=- psd=u" },
	{ "rua list", ";rua=mailto:a@example.com , mailto:b@example.net,https://example.com/r?x=1",
	  "p=- sp=- np=- psd=u rua<mailto:a@example.com> rua<mailto:b@example.net> rua<https://example.com/r?x=1>" },
	{ "DM-40 size stripped", ";rua=mailto:a@example.com!10m,mailto:b@example.com!1",
	  "p=- sp=- np=- psd=u rua<mailto:a@example.com> rua<mailto:b@example.com>" },
	{ "DM-40 not a size", ";rua=mailto:a@example.com!,mailto:a@example.com!m,mailto:a@example.com!10x,mailto:a!1@example.com,!1",
	  "p=- sp=- np=- psd=u" },
	{ "DM-40 escaped comma and exclamation mark", ";rua=mailto:a%2Cb%21@example.com",
	  "p=- sp=- np=- psd=u rua<mailto:a%2Cb%21@example.com>" },
	{ "rua bad escape", ";rua=mailto:a%2@example.com,mailto:%zz@example.com,mailto:a@example.com%2", "p=- sp=- np=- psd=u" },
	{ "rua without a scheme", ";rua=a@example.com", "p=- sp=- np=- psd=u" },
	{ "rua bad scheme", ";rua=1x:a@example.com,:a@example.com,m_t:a@example.com", "p=- sp=- np=- psd=u" },
	{ "rua scheme without case", ";rua=MAILTO:a@example.com", "p=- sp=- np=- psd=u rua<MAILTO:a@example.com>" },
	{ "rua without a mailbox", ";rua=mailto:,mailto:a,mailto:@example.com,mailto:a@,mailto:?to=a@example.com", "p=- sp=- np=- psd=u" },
	{ "rua only one of many good", ";rua=,,x,mailto:a@example.com,", "p=- sp=- np=- psd=u rua<mailto:a@example.com>" },
	{ "rua inner space", ";rua=mailto:a b@example.com", "p=- sp=- np=- psd=u" },
	{ "rua empty", ";rua=", "p=- sp=- np=- psd=u" },
	{ "ruf", ";ruf=mailto:f@example.com;p=none", "p=none sp=- np=- psd=u ruf<mailto:f@example.com>" },
	{ "other schemes are well-formed", ";rua=x-foo+1.a:b", "p=- sp=- np=- psd=u rua<x-foo+1.a:b>" },
};

static void test_tags(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct as_arena *arena = as_arena_new();
		const char *text = as_printf(arena, "v=DMARC1%s", cases[i].text);
		assert_true(as_dmarc_is_record(text, strlen(text)));
		const char *got = describe(arena, text, strlen(text));
		if (strcmp(got, cases[i].expected) != 0)
			fail_msg("%s: got \"%s\", expected \"%s\"", cases[i].name, got, cases[i].expected);
		as_arena_free(arena);
	}
}

static void test_nul_bytes(void **state)
{
	(void)state;
	static const char text[] = "v=DMARC1; p=reject\0; sp=none; rua=mailto:a\0@example.com";
	struct as_arena *arena = as_arena_new();
	assert_string_equal(describe(arena, text, sizeof text - 1), "p=? sp=none np=- psd=u");
	as_arena_free(arena);
}

static void test_bounds(void **state)
{
	(void)state;
	struct as_arena *arena = as_arena_new();
	struct as_buf buf = as_buf_new(arena);
	as_buf_puts(&buf, "v=DMARC1; p=reject; rua=");
	for (int i = 0; i < 3000; i++)
		as_buf_printf(&buf, "mailto:a%d@example.com,", i);
	for (int i = 0; i < 10000; i++)
		as_buf_puts(&buf, ";x=y");
	struct as_dmarc_record record;
	as_dmarc_record_parse(arena, buf.text, buf.length, &record);
	size_t count = 0;
	while (record.rua[count])
		count++;
	assert_int_equal(count, 50);
	assert_int_equal(record.p, AS_DMARC_REJECT);
	assert_string_equal(record.text + 1021, "...");
	for (int before = 98; before <= 99; before++) { /* p= is the 100th tag, or one too late */
		buf = as_buf_new(arena);
		as_buf_puts(&buf, "v=DMARC1");
		for (int i = 0; i < before; i++)
			as_buf_puts(&buf, ";x=y");
		as_buf_puts(&buf, ";p=reject");
		as_dmarc_record_parse(arena, buf.text, buf.length, &record);
		assert_int_equal(record.p_state, before == 98 ? AS_TAG_VALID : AS_TAG_ABSENT);
	}
	as_arena_free(arena);
}

static void test_text(void **state)
{
	(void)state;
	static const char text[] = "v=DMARC1; p=none\r\nX: \001\xff";
	struct as_arena *arena = as_arena_new();
	struct as_dmarc_record record;
	as_dmarc_record_parse(arena, text, sizeof text - 1, &record);
	assert_string_equal(record.text, "v=DMARC1; p=none\\x0d\\x0aX: \\x01\\xff");
	as_arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_is_record), cmocka_unit_test(test_tags), cmocka_unit_test(test_nul_bytes),
		cmocka_unit_test(test_bounds),	  cmocka_unit_test(test_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
