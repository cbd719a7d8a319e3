/* SPDX-License-Identifier: BSD-2-Clause */
/* test_dkim_many.c - several signatures, several keys, caps, hostile headers, and the vectors of RFC 6376 and 8463. */
#include "config.h"

#include "test.h"

#include "dkim_sign.h"
#include "dkim_world.h"
#include "str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGE \
	"From: joe@example.com\r\nTo: jane@example.net\r\nSubject: hello\r\nDate: Sun, 22 Nov 2026 05:00:00 +0000\r\n\r\nHello.\r\n"

static const unsigned char seed[32] = "a seed that everybody may know.";
static EVP_PKEY *key, *other;
static const char *record, *other_record;
static struct as_arena *common;
static struct as_dkim_lib *lib;

static int set_up_all(void **state)
{
	(void)state; /* file-wide */
	common = as_arena_new();
	key = as_sign_seed_key(seed);
	other = as_sign_new_key("ed25519");
	record = as_sign_record(common, key);
	other_record = as_sign_record(common, other);
	lib = as_dkim_lib_new();
	return 0;
}

static int tear_down_all(void **state)
{
	(void)state; /* file-wide */
	EVP_PKEY_free(key);
	EVP_PKEY_free(other);
	as_dkim_lib_free(lib);
	as_arena_free(common);
	return 0;
}

/* Adds the signature of a domain on top. */
static void sign(struct as_dkim_world *world, struct as_buf *message, const struct as_signer *signer)
{
	struct as_signer complete = *signer;
	complete.key = key;
	const char *text = as_sign(world->arena, &complete, message->text, message->length);
	struct as_buf out = as_buf_new(world->arena);
	as_buf_puts(&out, text);
	as_buf_add(&out, message->text, message->length);
	*message = out;
}

static struct as_buf message_of(struct as_dkim_world *world, const char *text)
{
	struct as_buf out = as_buf_new(world->arena);
	as_buf_puts(&out, text);
	return out;
}

static void expect(const struct as_dkim_outcome *outcome, size_t i, const char *domain, enum as_code code, const char *reason)
{
	assert_true(i < outcome->count);
	const struct as_dkim_signature *got = &outcome->signatures[i];
	if (got->code != code || (reason ? !got->reason || strcmp(got->reason, reason) != 0 : got->reason != NULL))
		fail_msg("%zu: %s (%s) instead of %s (%s)", i, as_code_name(got->code), got->reason ? got->reason : "-",
			 as_code_name(code), reason ? reason : "-");
	if (domain ? !got->domain || strcmp(got->domain, domain) != 0 : got->domain != NULL)
		fail_msg("%zu: domain %s instead of %s", i, got->domain ? got->domain : "-", domain ? domain : "-");
}

static void no_signature(void **state)
{
	(void)state; /* file-wide */
	struct as_dkim_world *world = as_dkim_world_new(lib);
	struct as_dkim_outcome outcome = as_dkim_world_verify(world, MESSAGE, strlen(MESSAGE));
	assert_int_equal(outcome.count, 0);
	assert_int_equal(outcome.left_out, 0);
	assert_int_equal(as_dns_set_count(world->set), 0);
	as_dkim_world_free(world);
}

static void what_is_reported(void **state)
{
	(void)state; /* file-wide */
	struct as_dkim_world *world = as_dkim_world_new(lib);
	struct as_buf message = message_of(world, MESSAGE);
	as_dkim_world_txt(world, "s._domainkey.example.com", as_printf(world->arena, "t=y; %s", strstr(record, "k=")));
	const struct as_signer signer = { .selector = "S", .domain = "Example.COM", .identity = "=4aoe@Example.com" };
	struct as_buf spoiled = message;
	sign(world, &message, &signer);
	struct as_dkim_outcome outcome = as_dkim_world_verify(world, message.text, message.length);
	const struct as_dkim_signature *got = outcome.signatures;
	expect(&outcome, 0, "example.com", AS_PASS, NULL);
	assert_string_equal(got->identity, "=4aoe@Example.com");
	assert_string_equal(got->selector, "s");
	assert_string_equal(got->algorithm, "ed25519-sha256");
	assert_int_equal(strlen(got->b), 8);
	assert_memory_equal(got->b, strstr(message.text, "b=") ? strstr(message.text, "\tb=") + 3 : "", 8);
	assert_int_equal(got->key_bits, 256);
	assert_true(got->is_testing);
	assert_false(got->has_unsigned_tail);
	assert_true(got->was_asked);
	assert_int_equal(got->dnssec, AS_DNSSEC_INSECURE);
	sign(world, &spoiled, &(struct as_signer){ .selector = "S", .spoils_signature = true });
	outcome = as_dkim_world_verify(world, spoiled.text, spoiled.length);
	expect(&outcome, 0, "example.com", AS_FAIL, "signature mismatch"); /* what is known of the key is still told */
	assert_int_equal(outcome.signatures[0].key_bits, 256);
	assert_true(outcome.signatures[0].is_testing);
	as_dkim_world_free(world);
}

#define U20 "\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc" \
	"\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc"

/* What a signature says of itself, also one that is not tried. */
static void what_is_named(void **state)
{
	(void)state; /* file-wide */
	static const struct {
		const char *value;
		enum as_code code;
		const char *identity, *algorithm;
	} cases[] = {
		{ " d=Example.ORG; s=S; a=rsa-sha256; i=joe@example.org", AS_NEUTRAL, NULL, "rsa-sha256" }, /* no v= */
		{ " v=1; d=example.org; s=s; a=rsa-sha256; h=from; bh=; b=AAAA; i=joe@b.example", AS_PERMERROR,
		  "joe@b.example", "rsa-sha256" },
		{ " v=1; d=example.org; s=s; a=a23456789012345678901234567890123456789012; h=from; bh=; b=AAAA", AS_NEUTRAL, "@example.org",
		  "a234567890123456789012345678901234567..." },
		{ " v=1; d=example.org; s=s; a=rsa-sha256; h=from; bh=; b=AAAA; i=" U20 U20 U20 "@example.org", AS_FAIL,
		  U20 U20 U20 "@example.org", "rsa-sha256" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct as_dkim_world *world = as_dkim_world_new(lib);
		const char *text = as_printf(world->arena, "DKIM-Signature:%s\r\n%s", cases[i].value, MESSAGE);
		const char *identity = cases[i].identity;
		struct as_dkim_outcome outcome = as_dkim_world_verify(world, text, strlen(text));
		const struct as_dkim_signature *got = outcome.signatures;
		identity = identity ? as_escape(world->arena, identity, strlen(identity), 2000) : "-";
		assert_int_equal(outcome.count, 1);
		assert_int_equal(got->code, cases[i].code);
		assert_string_equal(got->domain ? got->domain : "-", "example.org");
		assert_string_equal(got->selector ? got->selector : "-", "s");
		assert_string_equal(got->identity ? got->identity : "-", identity);
		assert_string_equal(got->algorithm ? got->algorithm : "-", cases[i].algorithm);
		as_dkim_world_free(world);
	}
}

static void aligned_come_first(void **state)
{
	(void)state; /* file-wide */
	static const char *const domains[] = { "example.org", "mail.example.com", "com", "example.com", "notexample.com" }; /* bottom up */
	struct as_dkim_world *world = as_dkim_world_new(lib);
	struct as_buf message = message_of(world, MESSAGE);
	for (size_t i = 0; i < sizeof domains / sizeof *domains; i++) {
		as_dkim_world_txt(world, as_printf(world->arena, "sel._domainkey.%s", domains[i]), record);
		sign(world, &message, &(struct as_signer){ .domain = domains[i] });
	}
	world->options.maximum_signatures = 4;
	struct as_dkim_outcome outcome = as_dkim_world_verify(world, message.text, message.length);
	assert_int_equal(outcome.count, 5);
	expect(&outcome, 0, "example.com", AS_PASS, NULL);
	expect(&outcome, 1, "com", AS_PASS, NULL);
	expect(&outcome, 2, "mail.example.com", AS_PASS, NULL);
	expect(&outcome, 3, "notexample.com", AS_PASS, NULL);
	expect(&outcome, 4, "example.org", AS_POLICY, "too many signatures");
	assert_int_equal(as_dns_set_count(world->set), 4);
	as_dkim_world_free(world);
}

/* Bad ones neither hide a good one nor count against the cap. */
static void bad_neighbours(void **state)
{
	(void)state; /* file-wide */
	static const struct as_signer bad[] = {
		{ .value = "" }, { .value = " a\xff; b\x01" }, { .value = " v=1; h=from; h=to" }, { .algorithm = "rsa-sha1" },
		{ .names = "to" },
		{ .domain = "b\xc3\xbc" "cher.example" }, { .value = " v=1; b=;b=" },
	};
	enum { BAD = sizeof bad / sizeof *bad };
	struct as_dkim_world *world = as_dkim_world_new(lib);
	struct as_buf message = message_of(world, "Z\xfcrich: x\r\n" MESSAGE);
	as_dkim_world_txt(world, "sel._domainkey.example.com", record);
	sign(world, &message, &(struct as_signer){ .domain = "example.com" });
	for (size_t i = 0; i < BAD; i++)
		sign(world, &message, &bad[i]);
	world->options.maximum_signatures = 2;
	world->author = NULL;
	struct as_dkim_outcome outcome = as_dkim_world_verify(world, message.text, message.length);
	assert_int_equal(outcome.count, BAD + 1);
	expect(&outcome, BAD, "example.com", AS_PASS, NULL);
	as_dkim_world_free(world);
}

/* More fields that libopendkim would hash wrongly than are kept in mind, the signed one behind them. */
static void many_odd_fields(void **state)
{
	(void)state; /* file-wide */
	struct as_dkim_world *world = as_dkim_world_new(lib);
	struct as_buf text = as_buf_new(world->arena);
	for (int i = 0; i < 101; i++)
		as_buf_puts(&text, "X-Odd: a\v b\r\n");
	as_buf_puts(&text, "Subject: a \f b\r\nFrom: joe@example.com\r\n\r\nHello.\r\n");
	struct as_buf message = message_of(world, text.text);
	as_dkim_world_txt(world, "sel._domainkey.example.com", record);
	sign(world, &message, &(struct as_signer){ .names = "from:subject" });
	struct as_dkim_outcome outcome = as_dkim_world_verify(world, message.text, message.length);
	expect(&outcome, 0, "example.com", AS_PASS, NULL);
	as_dkim_world_free(world);
}

/* Every signature also covers those below it. */
static void signatures_cover_signatures(void **state)
{
	(void)state; /* file-wide */
	struct as_dkim_world *world = as_dkim_world_new(lib);
	struct as_buf message = message_of(world, MESSAGE);
	as_dkim_world_txt(world, "sel._domainkey.example.com", record);
	sign(world, &message, &(struct as_signer){ .names = "from" });
	sign(world, &message, &(struct as_signer){ .names = "from:dkim-signature", .tags = "zb=1" });
	sign(world, &message, &(struct as_signer){ .names = "from:DKIM-Signature:dkim-signature" });
	struct as_dkim_outcome outcome = as_dkim_world_verify(world, message.text, message.length);
	for (size_t i = 0; i < 3; i++)
		expect(&outcome, i, "example.com", AS_PASS, NULL);
	as_dkim_world_free(world);
}

/* RFC 6376 6.1.2: each record is tried, five at most, until two keys did not fit. */
static void several_keys(void **state)
{
	(void)state; /* file-wide */
	static const struct { const char *name; const char *order; enum as_code code; const char *reason; } cases[] = {
		{ "right one last", "xor", AS_PASS, NULL },
		{ "right one first", "ro", AS_PASS, NULL },
		{ "wrong ones", "xo", AS_FAIL, "signature mismatch" },
		{ "revoked and unknown", "-x", AS_PERMERROR, "key revoked" },
		{ "right one is the fifth", "xxxor", AS_PASS, NULL },
		{ "right one is the third key", "oor", AS_FAIL, "signature mismatch" },
		{ "right one after a revoked and a wrong one", "-or", AS_PASS, NULL },
		{ "right one is the sixth", "xxxxor", AS_FAIL, "signature mismatch" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct as_dkim_world *world = as_dkim_world_new(lib);
		struct as_buf message = message_of(world, MESSAGE);
		for (const char *c = cases[i].order; *c; c++)
			as_dkim_world_txt(world, "sel._domainkey.example.com",
					  *c == 'r' ? record : *c == 'o' ? other_record : *c == '-' ? "p=" :
					  as_printf(world->arena, "text %td", c - cases[i].order));
		sign(world, &message, &(struct as_signer){ 0 });
		struct as_dkim_outcome outcome = as_dkim_world_verify(world, message.text, message.length);
		expect(&outcome, 0, "example.com", cases[i].code, cases[i].reason);
		as_dkim_world_free(world);
	}
}

/* How the record comes: in strings (RFC 6376 3.6.2.2), below an alias or a wildcard, beside others, or not at all. */
static void keys_in_zones(void **state)
{
	(void)state; /* file-wide */
	static const struct { const char *name, *zone; enum as_code code; const char *reason; } cases[] = { /* @ is the record, # its p= */
		{ "strings", "k TXT \"v=DK\" \"IM1; k=ed25519; p\" \"\" \"=\" \"#\"", AS_PASS, NULL },
		{ "strings with a space between", "k TXT \"v=DK \" \"IM1; k=ed25519; p=#\"", AS_PERMERROR, "unknown key version" },
		{ "alias", "k CNAME a.provider.example.\na.provider.example. TXT \"@\"", AS_PASS, NULL },
		{ "aliases", "k CNAME l\nl CNAME a.provider.example.\na.provider.example. TXT \"@\"", AS_PASS, NULL },
		{ "alias of nothing", "k CNAME a.provider.example.", AS_PERMERROR, "no key" },
		{ "alias of another type", "k CNAME a.provider.example.\na.provider.example. A 192.0.2.1", AS_PERMERROR, "no key" },
		{ "aliases in a ring", "k CNAME l\nl CNAME k", AS_TEMPERROR, "key lookup failed" },
		{ "other types", "k A 192.0.2.1\nk MX 10 mx.example.com.", AS_PERMERROR, "no key" },
		{ "name between", "x.k TXT \"@\"", AS_PERMERROR, "no key" },
		{ "wildcard", "* TXT \"@\"", AS_PASS, NULL },
		{ "wildcard of something else", "*.example.com. TXT \"v=spf1 -all\"", AS_PERMERROR, "unknown key version" },
		{ "beside something else", "k TXT \"v=spf1 -all\"\nk TXT \"@\"\nk A 192.0.2.1", AS_PASS, NULL },
		{ "empty string", "k TXT \"\"", AS_PERMERROR, "key syntax error" },
		{ "NUL", "k TXT \"@\\000\"", AS_PERMERROR, "key syntax error" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct as_dkim_world *world = as_dkim_world_new(lib);
		struct as_buf message = message_of(world, MESSAGE), zone = as_buf_new(world->arena);
		const char *at = cases[i].zone, *mark, *detail;
		as_buf_puts(&zone, "$ORIGIN _domainkey.example.com.\n");
		for (; *(mark = at + strcspn(at, "@#")); at = mark + 1) {
			as_buf_add(&zone, at, (size_t)(mark - at));
			as_buf_puts(&zone, *mark == '@' ? record : strstr(record, "p=") + 2);
		}
		as_buf_printf(&zone, "%s\n", at);
		if (as_dns_fake_load(world->fake, world->arena, zone.text, zone.length, &detail) != AS_OK)
			fail_msg("%s: %s", cases[i].name, detail);
		sign(world, &message, &(struct as_signer){ .selector = "k" });
		struct as_dkim_outcome outcome = as_dkim_world_verify(world, message.text, message.length);
		if (!as_dkim_world_is(cases[i].name, outcome.signatures[0].code, outcome.signatures[0].reason, cases[i].code, cases[i].reason))
			fail();
		as_dkim_world_free(world);
	}
}

#define D64 "DDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDD"

/* RFC 6008 3: as many characters of b= as tell it apart. */
static void b_is_unique(void **state)
{
	(void)state; /* file-wide */
	struct as_dkim_world *world = as_dkim_world_new(lib);
	static const struct { const char *b, *shown; } cases[] = {
		{ "AAAA\r\n BBBBCCAA", "AAAABBBBCCA" }, { "AAAABBBBCCxx", "AAAABBBBCCx" }, { "ZZZZ", "ZZZZ" },
		{ "AAAABBBBCCyz", "AAAABBBBCCy" },
		{ "AAAABBBBCCyz", "AAAABBBBCCy" }, { "CCCCCCCCCCCCCCCC", "CCCCCCCC" },
		{ D64 "DDDDxx", D64 }, { D64 "DDDDyy", D64 }, /* no more than 64 are shown */
	};
	enum { CASES = sizeof cases / sizeof *cases };
	struct as_buf message = as_buf_new(world->arena);
	for (size_t i = 0; i < CASES; i++)
		as_buf_printf(&message, "DKIM-Signature: v=1; a=x; d=example.com; s=s; h=from; bh=; b=%s\r\n", cases[i].b);
	as_buf_puts(&message, MESSAGE);
	struct as_dkim_outcome outcome = as_dkim_world_verify(world, message.text, message.length);
	assert_int_equal(outcome.count, CASES);
	for (size_t i = 0; i < CASES; i++)
		assert_string_equal(outcome.signatures[i].b, cases[i].shown);
	as_dkim_world_free(world);
}

/* OpenDKIM 271: a thousand signatures cause no more lookups and work than the cap. */
static void very_many_signatures(void **state)
{
	(void)state; /* file-wide */
	struct as_dkim_world *world = as_dkim_world_new(lib);
	struct as_buf message = message_of(world, MESSAGE), all = as_buf_new(world->arena);
	as_dkim_world_txt(world, "sel._domainkey.example.com", record);
	sign(world, &message, &(struct as_signer){ 0 });
	const char *own = as_strndup(world->arena, message.text, message.length - strlen(MESSAGE));
	for (int i = 0; i < 1000; i++)
		as_buf_puts(&all, own);
	as_buf_puts(&all, MESSAGE);
	for (size_t most = 10; most <= 50; most += 40) { /* the default, and as many as may be wanted */
		world->options.maximum_signatures = (unsigned)most;
		struct as_dkim_outcome outcome = as_dkim_world_verify(world, all.text, all.length);
		assert_int_equal(outcome.count, 50);
		assert_int_equal(outcome.left_out, 950);
		for (size_t i = 0; i < 50; i++)
			expect(&outcome, i, "example.com", i < most ? AS_PASS : AS_POLICY, i < most ? NULL : "too many signatures");
		assert_int_equal(as_dns_fake_queries(world->fake, NULL, 0), 1);
	}
	as_dkim_world_free(world);
}

/* The author's own is found below 199 of strangers, and not below 200. */
static void read_at_most(void **state)
{
	(void)state; /* file-wide */
	for (int strangers = 199; strangers <= 200; strangers++) {
		struct as_dkim_world *world = as_dkim_world_new(lib);
		struct as_buf message = message_of(world, MESSAGE), all = as_buf_new(world->arena);
		as_dkim_world_txt(world, "sel._domainkey.example.com", record);
		sign(world, &message, &(struct as_signer){ 0 });
		for (int i = 0; i < strangers; i++)
			as_buf_puts(&all, "DKIM-Signature: v=1; d=example.org\r\n");
		as_buf_add(&all, message.text, message.length);
		struct as_dkim_outcome outcome = as_dkim_world_verify(world, all.text, all.length);
		assert_int_equal(outcome.count, 50);
		assert_int_equal(outcome.left_out, strangers + 1 - 50);
		if (strangers == 199)
			expect(&outcome, 0, "example.com", AS_PASS, NULL);
		else
			expect(&outcome, 0, "example.org", AS_NEUTRAL, "required tag missing");
		as_dkim_world_free(world);
	}
}

/* Each l= of its own is another pass over the body; signatures without it are not touched by the cap. */
static void many_lengths(void **state)
{
	(void)state; /* file-wide */
	struct as_dkim_world *world = as_dkim_world_new(lib);
	struct as_buf message = message_of(world, MESSAGE);
	world->options.accepts_length = true;
	as_dkim_world_txt(world, "sel._domainkey.example.com", record);
	sign(world, &message, &(struct as_signer){ 0 });
	for (size_t i = 5; i > 0; i--)
		sign(world, &message, &(struct as_signer){ .has_length = true, .length = i });
	struct as_dkim_outcome outcome = as_dkim_world_verify(world, message.text, message.length);
	assert_int_equal(outcome.count, 6);
	for (size_t i = 0; i < 6; i++) {
		bool is_tried = i < 3 || i == 5;
		expect(&outcome, i, "example.com", is_tried ? AS_PASS : AS_POLICY, is_tried ? NULL : "too many signatures with l=");
	}
	as_dkim_world_free(world);
}

static void very_many_fields(void **state)
{
	(void)state; /* file-wide */
	static const int counts[] = { 950, 1100, 20000 }; /* libopendkim hashes, or we do */
	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
		struct as_dkim_world *world = as_dkim_world_new(lib);
		struct as_buf message = as_buf_new(world->arena);
		for (int j = 0; j < counts[i]; j++)
			as_buf_printf(&message, "X-%d:  some   text\r\n", j % 700);
		as_buf_puts(&message, MESSAGE);
		as_dkim_world_txt(world, "sel._domainkey.example.com", record);
		sign(world, &message, &(struct as_signer){ .names = "from:x-1:x-1:x-1:x-699:subject" });
		struct as_dkim_outcome outcome = as_dkim_world_verify(world, message.text, message.length);
		expect(&outcome, 0, "example.com", AS_PASS, NULL);
		as_dkim_world_free(world);
	}
}

static void header_was_cut(void **state)
{
	(void)state; /* file-wide */
	struct as_dkim_world *world = as_dkim_world_new(lib);
	struct as_buf message = message_of(world, MESSAGE);
	sign(world, &message, &(struct as_signer){ 0 });
	world->most_fields = 4;
	struct as_dkim_outcome outcome = as_dkim_world_verify(world, message.text, message.length);
	expect(&outcome, 0, "example.com", AS_POLICY, "header too large");
	as_dkim_world_free(world);
}

static const char *repeat(struct as_arena *arena, const char *text, size_t times)
{
	struct as_buf out = as_buf_new(arena);
	while (times-- > 0)
		as_buf_puts(&out, text);
	return out.text;
}

/* z= that makes a field of this size. */
static const char *filled(struct as_dkim_world *world, size_t size)
{
	const struct as_signer shortest = { .key = key, .tags = "z=" };
	size_t least = strlen(as_sign(world->arena, &shortest, MESSAGE, strlen(MESSAGE))) - strlen(":\r\n");
	return as_printf(world->arena, "z=%s", repeat(world->arena, "z", size - least));
}

/* A field of more than 64 KB, for which libopendkim gives up all signatures of the message. */
static void large_neighbour(void **state)
{
	(void)state; /* file-wide */
	struct as_dkim_world *world = as_dkim_world_new(lib);
	struct as_buf message = message_of(world, MESSAGE);
	as_dkim_world_txt(world, "sel._domainkey.example.com", record);
	sign(world, &message, &(struct as_signer){ 0 });
	sign(world, &message, &(struct as_signer){ .tags = filled(world, 70000) });
	struct as_dkim_outcome outcome = as_dkim_world_verify(world, message.text, message.length);
	assert_int_equal(outcome.count, 2);
	expect(&outcome, 0, "example.com", AS_PASS, NULL);
	expect(&outcome, 1, NULL, AS_POLICY, "signature field too large");
	as_dkim_world_free(world);
}

/* OpenDKIM 433 (z= among others). libopendkim knows the first 4095 bytes of h=. */
static void caps_of_a_field(void **state)
{
	(void)state; /* file-wide */
	struct as_dkim_world *world = as_dkim_world_new(lib);
	struct as_arena *arena = world->arena;
	const struct {
		struct as_signer signer;
		enum as_code code;
		const char *reason;
	} cases[] = {
		{ { .names = as_printf(arena, "from%s", repeat(arena, ":x", 99)) }, AS_PASS, NULL },
		{ { .names = as_printf(arena, "from%s", repeat(arena, ":x", 100)) }, AS_POLICY, "too many names in h=" },
		{ { .identity = as_printf(arena, "%s@example.com", repeat(arena, "i", 254 - 12)) }, AS_PASS, NULL },
		{ { .identity = as_printf(arena, "%s@example.com", repeat(arena, "i", 255 - 12)) }, AS_NEUTRAL, "identity too long" },
		{ { .identity = "joe=@example.com" }, AS_PASS, NULL },
		{ { .identity = "joe=4@example.com" }, AS_PASS, NULL },
		{ { .tags = filled(world, 16384) }, AS_PASS, NULL },
		{ { .tags = filled(world, 16385) }, AS_POLICY, "signature field too large" },
		{ { .tags = as_printf(arena, "y=1%s", repeat(arena, ";", 91)) }, AS_NEUTRAL, "syntax error" }, /* 100 tags with the other 8 */
		{ { .tags = as_printf(arena, "y=1%s", repeat(arena, ";", 92)) }, AS_POLICY, "too many tags" },
		{ { .names = as_printf(arena, "from:%s:subject", repeat(arena, "n", 4095 - 13)) }, AS_PASS, NULL },
		{ { .names = as_printf(arena, "from:%s:subject", repeat(arena, "n", 4096 - 13)) }, AS_PASS, NULL },
		{ { .names = as_printf(arena, "from:%s:subject:to", repeat(arena, "n", 5000)) }, AS_PASS, NULL },
	};
	as_dkim_world_txt(world, "sel._domainkey.example.com", record);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct as_buf message = message_of(world, MESSAGE);
		sign(world, &message, &cases[i].signer);
		struct as_dkim_outcome outcome = as_dkim_world_verify(world, message.text, message.length);
		const struct as_dkim_signature *got = &outcome.signatures[0];
		if (got->code != cases[i].code || (cases[i].reason && strcmp(got->reason, cases[i].reason) != 0))
			fail_msg("case %zu: %s (%s)", i, as_code_name(got->code), got->reason ? got->reason : "-");
	}
	as_dkim_world_free(world);
}

/* Values with NUL bytes and CRs of their own are hashed as they came. */
static void strange_values(void **state)
{
	(void)state; /* file-wide */
	static const char strange[] = "Subject: a\0b \r c\r\nX: \r\r\r\n y\r\n" MESSAGE;
	static const char *const canons[] = { "relaxed/relaxed", "simple/simple" };
	for (size_t i = 0; i < 2; i++) {
		struct as_dkim_world *world = as_dkim_world_new(lib);
		struct as_buf message = as_buf_new(world->arena);
		as_buf_add(&message, strange, sizeof strange - 1);
		as_dkim_world_txt(world, "sel._domainkey.example.com", record);
		sign(world, &message, &(struct as_signer){ .names = "from:subject:subject", .canon = canons[i] });
		struct as_dkim_outcome outcome = as_dkim_world_verify(world, message.text, message.length);
		assert_int_equal(outcome.count, 1);
		expect(&outcome, 0, "example.com", AS_PASS, NULL);
		as_dkim_world_free(world);
	}
}

/* The heap overflow of libopendkim 2.11: h= names all fields and one more. */
static void every_field_named(void **state)
{
	(void)state; /* file-wide */
	for (int fields = 1; fields < 40; fields++) {
		struct as_dkim_world *world = as_dkim_world_new(lib);
		struct as_buf message = as_buf_new(world->arena), names = as_buf_new(world->arena);
		for (int i = 0; i < fields; i++) {
			as_buf_printf(&message, "X-%d: x\r\n", i);
			as_buf_printf(&names, "X-%d:", i);
		}
		as_buf_puts(&message, MESSAGE);
		as_buf_puts(&names, "from:to:subject:date");
		as_dkim_world_txt(world, "sel._domainkey.example.com", record);
		struct as_buf once = message;
		sign(world, &once, &(struct as_signer){ .names = as_printf(world->arena, "%s:x", names.text) });
		sign(world, &once, &(struct as_signer){ .names = as_printf(world->arena, "%s:dkim-signature:x", names.text) });
		sign(world, &once, &(struct as_signer){ .names = as_printf(world->arena, "%s:x:x:x:x", names.text) });
		struct as_dkim_outcome outcome = as_dkim_world_verify(world, once.text, once.length);
		for (size_t i = 0; i < 3; i++)
			expect(&outcome, i, "example.com", AS_PASS, NULL);
		as_dkim_world_free(world);
	}
}

/* RFC 6376 appendix A.2: simple/simple. */
static void rfc6376(void **state)
{
	(void)state; /* file-wide */
	static const char text[] =
		"DKIM-Signature: v=1; a=rsa-sha256; s=brisbane; d=example.com;\r\n"
		"      c=simple/simple; q=dns/txt; i=joe@football.example.com;\r\n"
		"      h=Received : From : To : Subject : Date : Message-ID;\r\n"
		"      bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
		"      b=AuUoFEfDxTDkHlLXSZEpZj79LICEps6eda7W3deTVFOk4yAUoqOB\r\n"
		"      4nujc7YopdG5dWLSdNg6xNAZpOPr+kHxt1IrE+NahM6L/LbvaHut\r\n"
		"      KVdkLLkpVaVVQPzeRDI009SO2Il5Lu7rDNH6mZckBdrIx0orEtZV\r\n"
		"      4bmp/YzhwvcubU4=;\r\n"
		"Received: from client1.football.example.com  [192.0.2.1]\r\n"
		"      by submitserver.example.com with SUBMISSION;\r\n"
		"      Fri, 11 Jul 2003 21:01:54 -0700 (PDT)\r\n"
		"From: Joe SixPack <joe@football.example.com>\r\n"
		"To: Suzie Q <suzie@shopping.example.net>\r\n"
		"Subject: Is dinner ready?\r\n"
		"Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n"
		"Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n"
		"\r\n"
		"Hi.\r\n"
		"\r\n"
		"We lost the game. Are you hungry yet?\r\n"
		"\r\n"
		"Joe.\r\n";
	struct as_dkim_world *world = as_dkim_world_new(lib);
	as_dkim_world_txt(world, "brisbane._domainkey.example.com",
			  "v=DKIM1; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkMoGeLnQg1fWn7/zYtIxN2SnFCjxOCKG9"
			  "v3b4jYfcTNh5ijSsq631uBItLa7od+v/RtdC2UzJ1lWT947qR+Rcac2gbto/NMqJ0fzfVjH4OuKhitdY9tf6mcwGjaNBcWToIMmPSPDdQ"
			  "PNUYckcQ2QIDAQAB");
	struct as_dkim_outcome outcome = as_dkim_world_verify(world, text, sizeof text - 1);
	assert_int_equal(outcome.count, 1);
	expect(&outcome, 0, "example.com", AS_PASS, NULL);
	assert_string_equal(outcome.signatures[0].identity, "joe@football.example.com");
	as_dkim_world_free(world);
}

/* RFC 8463 appendix A: an Ed25519 and an RSA signature of one message. */
static void rfc8463(void **state)
{
	(void)state; /* file-wide */
	static const char text[] =
		"DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n"
		" d=football.example.com; i=@football.example.com;\r\n"
		" q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n"
		" subject : date : message-id : from : subject : date;\r\n"
		" bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
		" b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus\r\n"
		" Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==\r\n"
		"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\r\n"
		" d=football.example.com; i=@football.example.com;\r\n"
		" q=dns/txt; s=test; t=1528637909; h=from : to : subject :\r\n"
		" date : message-id : from : subject : date;\r\n"
		" bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
		" b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3\r\n"
		" DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz\r\n"
		" dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=\r\n"
		"From: Joe SixPack <joe@football.example.com>\r\n"
		"To: Suzie Q <suzie@shopping.example.net>\r\n"
		"Subject: Is dinner ready?\r\n"
		"Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n"
		"Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n"
		"\r\n"
		"Hi.\r\n"
		"\r\n"
		"We lost the game.  Are you hungry yet?\r\n"
		"\r\n"
		"Joe.\r\n";
	struct as_dkim_world *world = as_dkim_world_new(lib);
	as_dkim_world_txt(world, "brisbane._domainkey.football.example.com",
			  "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=");
	as_dkim_world_txt(world, "test._domainkey.football.example.com",
			  "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQi"
			  "Y/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3"
			  "Ip3G+2kryOTIKT+l/K4w3QIDAQAB");
	struct as_dkim_outcome outcome = as_dkim_world_verify(world, text, sizeof text - 1);
	assert_int_equal(outcome.count, 2);
	expect(&outcome, 0, "football.example.com", AS_PASS, NULL);
	expect(&outcome, 1, "football.example.com", AS_PASS, NULL);
	assert_int_equal(outcome.signatures[0].key_bits, 256);
	assert_int_equal(outcome.signatures[1].key_bits, 1024);
	as_dkim_world_free(world);
}

int main(void)
{
	static const struct CMUnitTest all[] = {
		cmocka_unit_test(no_signature),
		cmocka_unit_test(what_is_reported),
		cmocka_unit_test(what_is_named),
		cmocka_unit_test(aligned_come_first),
		cmocka_unit_test(bad_neighbours),
		cmocka_unit_test(many_odd_fields),
		cmocka_unit_test(signatures_cover_signatures),
		cmocka_unit_test(several_keys),
		cmocka_unit_test(keys_in_zones),
		cmocka_unit_test(b_is_unique),
		cmocka_unit_test(very_many_signatures),
		cmocka_unit_test(read_at_most),
		cmocka_unit_test(many_lengths),
		cmocka_unit_test(very_many_fields),
		cmocka_unit_test(header_was_cut),
		cmocka_unit_test(large_neighbour),
		cmocka_unit_test(caps_of_a_field),
		cmocka_unit_test(strange_values),
		cmocka_unit_test(every_field_named),
		cmocka_unit_test(rfc6376),
		cmocka_unit_test(rfc8463),
	};
	return cmocka_run_group_tests(all, set_up_all, tear_down_all);
}
