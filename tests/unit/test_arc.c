/* SPDX-License-Identifier: BSD-2-Clause */
/* test_arc.c - chains that cannot be, chains signed here by an independent signer, and what was seen before (RFC 8617). */
#include "config.h"

#include "test.h"

#include "arc_results.h"
#include "dkim_sign.h"
#include "dkim_world.h"
#include "str.h"

#include <stdio.h>
#include <string.h>

#define HEADER \
	"Received: from mx.example.com\r\n\tby mail.example.net; now\r\n" \
	"From: Joe  Bloggs <joe@example.com>\r\n" \
	"To: jane@example.net\r\n" \
	"Subject: a  folded \r\n  subject \t line \r\n" \
	"Date: Sun, 22 Nov 2026 05:00:00 +0000\r\n"
#define MESSAGE HEADER "\r\nHello  Jane, \t\r\n\r\n some  text\t \r\nend\r\n\r\n\r\n"

enum key { RSA2048, RSA1024, RSA1023, ED25519, RSA4096, KEYS };

static EVP_PKEY *keys[KEYS];
static const char *records[KEYS];
static struct as_arena *common;
static unsigned failures; /* all cases of a table run before the test fails */

static int set_up_all(void **state)
{
	(void)state; /* file-wide */
	static const char *const kinds[KEYS] = { "rsa2048", "rsa1024", "rsa1023", "ed25519", "rsa4096" };
	common = as_arena_new();
	as_sign_new_keys(common, kinds, KEYS, keys, records);
	return 0;
}

static int tear_down_all(void **state)
{
	(void)state; /* file-wide */
	for (int i = 0; i < KEYS; i++)
		EVP_PKEY_free(keys[i]);
	as_arena_free(common);
	return 0;
}

static void expect(const char *name, const struct as_arc_outcome *got, enum as_code code, const char *reason)
{
	failures += !as_dkim_world_is(name, got->code, got->reason, code, reason);
}

static void expect_oldest(const char *name, const struct as_arc_outcome *got, int wanted)
{
	int oldest = got->has_oldest_pass ? (int)got->oldest_pass : -1;
	if (oldest == wanted)
		return;
	print_error("%s: oldest-pass %d instead of %d\n", name, oldest, wanted);
	failures++;
}

/* --- what cannot be a chain: nobody is asked ----------------------------------------------------------------------- */

#define AAR(i) "ARC-Authentication-Results: i=" i "; mx.example.org; none\r\n"
#define AMS(i) "ARC-Message-Signature: i=" i "; a=rsa-sha256; d=example.org; s=x; h=from; bh=AAAA; b=AAAA\r\n"
#define AS(i, cv) "ARC-Seal: i=" i "; a=rsa-sha256; cv=" cv "; d=example.org; s=x; b=AAAA\r\n"
#define SET(i, cv) AS(i, cv) AMS(i) AAR(i)
#define SEAL(value) "ARC-Seal: " value "\r\n" AMS("1") AAR("1")
#define SIGNATURE(value) AS("1", "none") "ARC-Message-Signature: " value "\r\n" AAR("1")
#define RESULTS(value) AS("1", "none") AMS("1") "ARC-Authentication-Results:" value "\r\n"

static const struct {
	const char *name;
	const char *fields;
	const char *reason; /* NULL: not even a chain */
} broken[] = {
	{ "no ARC field", "", NULL },
	{ "names that only begin so", "ARC-Seals: i=1\r\nX-ARC-Seal: i=1\r\nARC: 1\r\n", NULL },
	/* sets */
	{ "no seal", AMS("1") AAR("1"), "no ARC-Seal i=1" },
	{ "no message signature", AS("1", "none") AAR("1"), "no ARC-Message-Signature i=1" },
	{ "no results", AS("1", "none") AMS("1"), "no ARC-Authentication-Results i=1" },
	{ "results alone", AAR("1"), "no ARC-Message-Signature i=1" },
	{ "two seals", AS("1", "none") SET("1", "none"), "more than one ARC-Seal i=1" },
	{ "two message signatures", AMS("1") SET("1", "none"), "more than one ARC-Message-Signature i=1" },
	{ "two results", AAR("1") SET("1", "none"), "more than one ARC-Authentication-Results i=1" },
	{ "the first is missing", SET("2", "pass"), "no ARC-Authentication-Results i=1" },
	{ "a gap", SET("3", "pass") SET("1", "none"), "no ARC-Authentication-Results i=2" },
	{ "a gap in the seals", SET("2", "pass") AMS("1") AAR("1"), "no ARC-Seal i=1" },
	{ "a far one", SET("50", "pass") SET("1", "none"), "no ARC-Authentication-Results i=2" },
	{ "other order of the fields", AAR("1") AMS("1") AS("1", "pass"), "ARC-Seal i=1: cv=pass" },
	{ "a space before the colon", "ARC-Seal : i=1; a=rsa-sha256; cv=pass; d=a.example; s=x; b=AAAA\r\n" AMS("1") AAR("1"),
	  "ARC-Seal i=1: cv=pass" },
	/* instances */
	{ "i=0 in the seal", SEAL("i=0; a=rsa-sha256; cv=none; d=a.example; s=x; b=AAAA"), "ARC-Seal: instance not valid" },
	{ "i=51 in the seal", SEAL("i=51; a=rsa-sha256; cv=none; d=a.example; s=x; b=AAAA"), "ARC-Seal: instance not valid" },
	{ "i=001 in the seal", SEAL("i=001; a=rsa-sha256; cv=none; d=a.example; s=x; b=AAAA"), "ARC-Seal: instance not valid" },
	{ "i=-1 in the seal", SEAL("i=-1; a=rsa-sha256; cv=none; d=a.example; s=x; b=AAAA"), "ARC-Seal: instance not valid" },
	{ "i= huge in the seal", SEAL("i=18446744073709551617; a=rsa-sha256; cv=none; d=a.example; s=x; b=AAAA"),
	  "ARC-Seal: instance not valid" },
	{ "no i= in the message signature", SIGNATURE("a=rsa-sha256; d=a.example; s=x; h=from; bh=AAAA; b=AAAA"),
	  "ARC-Message-Signature: instance not valid" },
	{ "i= of DKIM in the message signature", SIGNATURE("i=@a.example; a=rsa-sha256; d=a.example; s=x; h=from; bh=AAAA; b=AAAA"),
	  "ARC-Message-Signature: instance not valid" },
	{ "results i=0", RESULTS(" i=0; x"), "ARC-Authentication-Results: instance not valid" },
	{ "results i=51", RESULTS(" i=51; x"), "ARC-Authentication-Results: instance not valid" },
	{ "results i=001", RESULTS(" i=001; x"), "ARC-Authentication-Results: instance not valid" },
	{ "results i=100", RESULTS(" i=100; x"), "ARC-Authentication-Results: instance not valid" },
	{ "results i=1x", RESULTS(" i=1x; x"), "ARC-Authentication-Results: instance not valid" },
	{ "results I=1", RESULTS(" I=1; x"), "ARC-Authentication-Results: instance not valid" },
	{ "results i", RESULTS(" i"), "ARC-Authentication-Results: instance not valid" },
	{ "results i=", RESULTS(" i="), "ARC-Authentication-Results: instance not valid" },
	{ "results without ;", RESULTS(" i=1"), "ARC-Authentication-Results: instance not valid" },
	{ "results without i=", RESULTS(" mx.example.org; none"), "ARC-Authentication-Results: instance not valid" },
	{ "results empty", RESULTS(""), "ARC-Authentication-Results: instance not valid" },
	{ "results with an open comment", RESULTS(" (i=1; x"), "ARC-Authentication-Results: instance not valid" },
	{ "results with comments", RESULTS(" (a) i (b) =(c)\r\n 02 (d) ; x"), "no ARC-Authentication-Results i=1" },
	/* tags */
	{ "a token without =", SEAL("i=1; cv=none; rsa; b=AAAA"), "ARC-Seal: syntax error" },
	{ "only a token", SEAL("token"), "ARC-Seal: syntax error" },
	{ "an empty seal", SEAL(""), "ARC-Seal: instance not valid" },
	{ "i= twice", SEAL("i=1; i=1; a=rsa-sha256; cv=none; d=a.example; s=x; b=AAAA"), "ARC-Seal: duplicate tag" },
	{ "h= in a seal", SEAL("i=1; a=rsa-sha256; cv=none; d=a.example; s=x; h=from; b=AAAA"), "ARC-Seal i=1: h= in a seal" },
	{ "no cv=", SEAL("i=1; a=rsa-sha256; d=a.example; s=x; b=AAAA"), "ARC-Seal i=1: required tag missing" },
	{ "cv= of another kind", SEAL("i=1; a=rsa-sha256; cv=maybe; d=a.example; s=x; b=AAAA"), "ARC-Seal i=1: syntax error in cv=" },
	{ "no d=", SEAL("i=1; a=rsa-sha256; cv=none; s=x; b=AAAA"), "ARC-Seal i=1: required tag missing" },
	{ "no s=", SEAL("i=1; a=rsa-sha256; cv=none; d=a.example; b=AAAA"), "ARC-Seal i=1: required tag missing" },
	{ "no a=", SEAL("i=1; cv=none; d=a.example; s=x; b=AAAA"), "ARC-Seal i=1: required tag missing" },
	{ "no b=", SEAL("i=1; a=rsa-sha256; cv=none; d=a.example; s=x"), "ARC-Seal i=1: required tag missing" },
	{ "empty b=", SEAL("i=1; a=rsa-sha256; cv=none; d=a.example; s=x; b="), "ARC-Seal i=1: syntax error in b=" },
	{ "sha1 in a seal", SEAL("i=1; a=rsa-sha1; cv=none; d=a.example; s=x; b=AAAA"), "ARC-Seal i=1: rsa-sha1 not accepted" },
	{ "d= no domain", SEAL("i=1; a=rsa-sha256; cv=none; d=a..example; s=x; b=AAAA"), "ARC-Seal i=1: domain not valid" },
	{ "t= no number", SEAL("i=1; a=rsa-sha256; cv=none; d=a.example; s=x; t=now; b=AAAA"), "ARC-Seal i=1: syntax error in t=" },
	{ "sha1 in a message signature", SIGNATURE("i=1; a=rsa-sha1; d=a.example; s=x; h=from; bh=AAAA; b=AAAA"),
	  "ARC-Message-Signature i=1: rsa-sha1 not accepted" },
	{ "no a= in a message signature", SIGNATURE("i=1; d=a.example; s=x; h=from; bh=AAAA; b=AAAA"),
	  "ARC-Message-Signature i=1: required tag missing" },
	{ "no d= in a message signature", SIGNATURE("i=1; a=rsa-sha256; s=x; h=from; bh=AAAA; b=AAAA"),
	  "ARC-Message-Signature i=1: required tag missing" },
	{ "no s= in a message signature", SIGNATURE("i=1; a=rsa-sha256; d=a.example; h=from; bh=AAAA; b=AAAA"),
	  "ARC-Message-Signature i=1: required tag missing" },
	{ "no h= in a message signature", SIGNATURE("i=1; a=rsa-sha256; d=a.example; s=x; bh=AAAA; b=AAAA"),
	  "ARC-Message-Signature i=1: required tag missing" },
	{ "no bh= in a message signature", SIGNATURE("i=1; a=rsa-sha256; d=a.example; s=x; h=from; b=AAAA"),
	  "ARC-Message-Signature i=1: required tag missing" },
	{ "no b= in a message signature", SIGNATURE("i=1; a=rsa-sha256; d=a.example; s=x; h=from; bh=AAAA"),
	  "ARC-Message-Signature i=1: required tag missing" },
	{ "empty b= in a message signature", SIGNATURE("i=1; a=rsa-sha256; d=a.example; s=x; h=from; bh=AAAA; b="),
	  "ARC-Message-Signature i=1: syntax error in b=" },
	{ "q= unknown", SIGNATURE("i=1; a=rsa-sha256; d=a.example; s=x; q=http; h=from; bh=AAAA; b=AAAA"),
	  "ARC-Message-Signature i=1: unknown query method" },
	{ "From not signed", SIGNATURE("i=1; a=rsa-sha256; d=a.example; s=x; h=to; bh=AAAA; b=AAAA"),
	  "ARC-Message-Signature i=1: From not signed" },
	{ "a seal signed", SIGNATURE("i=1; a=rsa-sha256; d=a.example; s=x; h=from:arc-SEAL; bh=AAAA; b=AAAA"),
	  "ARC-Message-Signature i=1: ARC-Seal in h=" },
	{ "expired", SIGNATURE("i=1; a=rsa-sha256; d=a.example; s=x; h=from; x=1; bh=AAAA; b=AAAA"), "ARC-Message-Signature i=1: expired" },
	/* cv= */
	{ "cv=pass first", SET("1", "pass"), "ARC-Seal i=1: cv=pass" },
	{ "cv=none second", SET("2", "none") SET("1", "none"), "ARC-Seal i=2: cv=none" },
	{ "cv=fail newest", SET("1", "fail"), "the newest ARC-Seal says cv=fail" },
	{ "cv=FAIL newest, and nothing else right", AS("3", "FAIL"), "the newest ARC-Seal says cv=fail" },
	{ "cv=fail older", SET("2", "pass") SET("1", "fail"), "ARC-Seal i=1: cv=fail" },
};

static void test_broken(void **state)
{
	(void)state; /* file-wide */
	for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
		struct as_dkim_world *world = as_dkim_world_new(NULL);
		const char *text = as_printf(world->arena, "%s" MESSAGE, broken[i].fields);
		struct as_arc_outcome outcome = as_dkim_world_chain(world, text, strlen(text));
		expect(broken[i].name, &outcome, broken[i].reason ? AS_FAIL : AS_NONE, broken[i].reason);
		if (as_dns_set_count(world->set) != 0 || outcome.was_asked || outcome.count) {
			print_error("%s: somebody was asked\n", broken[i].name);
			failures++;
		}
		as_dkim_world_free(world);
	}
	assert_int_equal(failures, 0);
}

/* Many fields and large ones; the text is made here. */
static void test_caps(void **state)
{
	(void)state; /* file-wide */
	static const struct {
		const char *name, *before, *fill, *after;
		size_t times;
		const char *reason;
	} cases[] = {
		{ "51 seals", "", "ARC-Seal: i=1\r\n", "", 51, "more than 50 sets" },
		{ "2000 of each", "", SET("1", "none"), "", 2000, "more than 50 sets" },
		{ "51 results", "", "ARC-Authentication-Results:\r\n", "", 51, "more than 50 sets" },
		{ "large results", AS("1", "none") AMS("1") "ARC-Authentication-Results: i=1;", "0123456789abcde ", "\r\n", 4096,
		  "ARC-Authentication-Results too large" },
		{ "large seal", AMS("1") AAR("1") "ARC-Seal: i=1; b=", "AAAAAAAAAAAAAAAA", "\r\n", 1024, "ARC-Seal: signature field too large" },
		{ "many tags", AMS("1") AAR("1") "ARC-Seal: i=1", "; x=1", "\r\n", 101, "ARC-Seal: too many tags" },
		{ "many tokens without =", AMS("1") AAR("1") "ARC-Seal: i=1", "; x", "\r\n", 99, "ARC-Seal: syntax error" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct as_dkim_world *world = as_dkim_world_new(NULL);
		struct as_buf text = as_buf_new(world->arena);
		as_buf_puts(&text, cases[i].before);
		for (size_t k = 0; k < cases[i].times; k++)
			as_buf_puts(&text, cases[i].fill);
		as_buf_puts(&text, cases[i].after);
		as_buf_puts(&text, MESSAGE);
		struct as_arc_outcome outcome = as_dkim_world_chain(world, text.text, text.length);
		expect(cases[i].name, &outcome, AS_FAIL, cases[i].reason);
		as_dkim_world_free(world);
	}
	assert_int_equal(failures, 0);
}

static void test_header_cut(void **state)
{
	(void)state; /* file-wide */
	struct as_dkim_world *world = as_dkim_world_new(NULL);
	world->most_fields = 4;
	struct as_arc_outcome outcome = as_dkim_world_chain(world, SET("1", "none") MESSAGE, strlen(SET("1", "none") MESSAGE));
	expect("header cut", &outcome, AS_FAIL, "header too large");
	as_dkim_world_free(world);
	assert_int_equal(failures, 0);
}

/* --- chains signed here -------------------------------------------------------------------------------------------- */

enum { SETS_MAX = 3 };

struct chain {
	const char *name;
	struct as_sealer sets[SETS_MAX]; /* key and selector are filled in: "sel" has the key of the case */
	size_t count;                    /* 0: one */
	enum key key;
	const char *record;              /* NULL: the right one; "" none */
	const char *from, *to;           /* changed after sealing */
	bool accepts_length;
	unsigned bits;
	const char *reason;              /* NULL: pass */
	int oldest;                      /* -1 unknown; only for pass */
	size_t lookups;                  /* of a pass; 0: one */
};

#define T_SEAL(more) " i=1; a=rsa-sha256; cv=none; d=example.com; s=sel; " more "b={b}"
#define S_VALUE(text) { { .signer = { .value = text } } }
#define S_SEAL(more) { { .seal = T_SEAL(more) } }

static const struct chain chains[] = {
	{ .name = "one set" },
	{ .name = "two sets", .count = 2 },
	{ .name = "three sets", .count = 3 },
	{ .name = "ed25519", .count = 3, .key = ED25519 },
	{ .name = "rsa 1024", .count = 2, .key = RSA1024 },
	{ .name = "rsa 4096", .count = 2, .key = RSA4096 },
	{ .name = "rsa 1023", .key = RSA1023, .reason = "ARC-Message-Signature i=1: key too short" },
	{ .name = "own minimum", .key = RSA1024, .bits = 2048, .reason = "ARC-Message-Signature i=1: key too short" },
	/* canonicalization */
	{ .name = "simple/simple", .sets = { { .signer = { .canon = "simple/simple" } } } },
	{ .name = "no c=", .sets = { { .signer = { .canon = "" } } } },
	{ .name = "simple and relaxed in one chain", .sets = { { .signer = { .canon = "simple/simple" } },
	  { .signer = { .canon = "relaxed/relaxed" } }, { .signer = { .canon = "simple/relaxed" } } }, .count = 3 },
	{ .name = "relaxed survives white space", .from = "Subject: a  folded", .to = "SUBJECT:a folded" },
	{ .name = "seals survive white space", .from = "ARC-Authentication-Results: i=1; mx", .to = "arc-authentication-results:  i=1;\r\n\tmx" },
	{ .name = "simple does not", .sets = { { .signer = { .canon = "simple/simple" } } }, .from = "Subject: a  folded",
	  .to = "Subject: a folded", .reason = "ARC-Message-Signature i=1: signature mismatch" },
	{ .name = "a bare LF in the body", .sets = { { .signer = { .canon = "simple/simple" } } }, .from = "some", .to = "some\n",
	  .reason = "ARC-Message-Signature i=1: body hash mismatch" },
	{ .name = "bh of the first 30 octets", .sets = S_VALUE(" i=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=sel; "
	  "h=from:to:subject:date; bh=slpv/Ns8pq9DS/medW0blhKGKvRnjmyH74xcaNF6; b={b}"),
	  .reason = "ARC-Message-Signature i=1: body hash mismatch" },
	{ .name = "empty bh", .sets = S_VALUE(" i=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=sel; h=from:to:subject:date; bh=; b={b}"),
	  .reason = "ARC-Message-Signature i=1: body hash mismatch" },
	/* changes on the way */
	{ .name = "footer", .from = "end\r\n", .to = "end\r\n-- \r\nlist\r\n", .reason = "ARC-Message-Signature i=1: body hash mismatch" },
	{ .name = "subject", .from = "folded", .to = "[list] folded", .reason = "ARC-Message-Signature i=1: signature mismatch" },
	{ .name = "unsigned field", .from = "mx.example.com", .to = "mx.example.org" },
	{ .name = "results", .from = "mx.example.org", .to = "mx.example.com", .reason = "ARC-Seal i=1: signature mismatch" },
	{ .name = "results of the first of two", .count = 2, .from = "i=1; mx.example.org", .to = "i=1; mx.example.com",
	  .reason = "ARC-Seal i=2: signature mismatch" },
	{ .name = "t= of the seal", .from = "t=1795323600", .to = "t=1795323601", .reason = "ARC-Seal i=1: signature mismatch" },
	{ .name = "set 2 taken away", .count = 2, .from = "ARC-Seal: i=2", .to = "X-Seal: i=2", .reason = "no ARC-Seal i=2" },
	/* which signatures count */
	{ .name = "newest message signature wrong", .sets = { { .cv = NULL }, { .signer = { .spoils_signature = true } } }, .count = 2,
	  .reason = "ARC-Message-Signature i=2: signature mismatch" },
	{ .name = "newest body hash wrong", .sets = { { .cv = NULL }, { .signer = { .spoils_body_hash = true } } }, .count = 2,
	  .reason = "ARC-Message-Signature i=2: body hash mismatch" },
	{ .name = "older message signature wrong", .sets = { { .signer = { .spoils_signature = true } } }, .count = 3, .oldest = 2 },
	{ .name = "older body hash wrong", .sets = { { .cv = NULL }, { .signer = { .spoils_body_hash = true } } }, .count = 3, .oldest = 3 },
	{ .name = "both older wrong", .sets = { { .signer = { .spoils_body_hash = true } }, { .signer = { .spoils_signature = true } } },
	  .count = 3, .oldest = 3 },
	{ .name = "older message signature of no use", .sets = { { .signer = { .value =
	  " i=1; a=rsa-sha1; d=example.com; s=sel; h=from; bh={bh}; b={b}" } } }, .count = 2, .oldest = 2 },
	{ .name = "older message signature without a key", .sets = { { .signer = { .value =
	  " i=1; a=rsa-sha256; d=gone.example.com; s=sel; h=from; bh={bh}; b={b}" } } }, .count = 2, .oldest = 2, .lookups = 2 },
	{ .name = "an older message signature of no use asks for nothing", .sets = { { .signer = { .value =
	  " i=1; a=rsa-sha1; d=gone.example.com; s=sel; h=from; bh={bh}; b={b}" } } }, .count = 2, .oldest = 2 },
	/* tags */
	{ .name = "v= has no meaning", .sets = { { .signer = { .tags = "v=2" } } } },
	{ .name = "unknown tag", .sets = { { .signer = { .tags = "zz=top" } } } },
	{ .name = "unknown tag that ends in b", .sets = { { .signer = { .tags = "zb=1" } } } },
	{ .name = "x= later", .sets = { { .signer = { .tags = "t=1795323600; x=1795323700" } } } },
	{ .name = "x= past", .sets = { { .signer = { .tags = "x=1795323000" } } }, .reason = "ARC-Message-Signature i=1: expired" },
	{ .name = "x= past of an older one", .sets = { { .signer = { .tags = "x=1795323000" } } }, .count = 2, .oldest = 2 },
	{ .name = "oversigned", .sets = { { .signer = { .names = "from:from:arc-authentication-results:arc-authentication-results" } } }, .count = 2,
	  .oldest = 2 },
	{ .name = "older signatures signed", .sets = { { .cv = NULL }, { .signer = { .names = "from:arc-message-signature" } } }, .count = 2 },
	{ .name = "seal with an unknown tag", .sets = S_SEAL("x=1; ") },
	{ .name = "seal without t=", .sets = S_SEAL("") },
	{ .name = "seal from the future", .sets = S_SEAL("t=1999999999; ") },
	{ .name = "seal with b= first", .sets = { { .seal = " b={b}; i=1; a=rsa-sha256; cv=none; d=example.com; s=sel" } } },
	{ .name = "seal ends in ;", .sets = { { .seal = " i=1; a=rsa-sha256; cv=none; d=example.com; s=sel; b={b};" } } },
	{ .name = "seal folded everywhere", .sets = { { .seal =
	  "\r\n i\r\n =\r\n 1\r\n ;\r\n\ta=rsa-sha256;cv=NONE;\r\n d=EXAMPLE.com;\r\n s=sel ; b = \r\n {b} " } } },
	{ .name = "i=01", .sets = { { .seal = " i=01; a=rsa-sha256; cv=none; d=example.com; s=sel; b={b}" } } },
	{ .name = "a seal with h=", .sets = S_SEAL("h=from; "), .reason = "ARC-Seal i=1: h= in a seal" },
	{ .name = "cv=fail, signed", .sets = { { .cv = NULL }, { .cv = "fail" } }, .count = 2, .reason = "the newest ARC-Seal says cv=fail" },
	{ .name = "comments before the instance", .sets = { { .results = "mx.example.org (a \"comment\"); none" } } },
	/* l= */
	{ .name = "l= whole", .sets = { { .signer = { .canon = "simple/simple", .has_length = true, .length = 38 } } } },
	{ .name = "l= short", .sets = { { .signer = { .has_length = true, .length = 5 } } },
	  .reason = "ARC-Message-Signature i=1: part of the body is not signed" },
	{ .name = "l= short, accepted", .sets = { { .signer = { .has_length = true, .length = 5 } } }, .accepts_length = true },
	{ .name = "l= long", .sets = { { .signer = { .has_length = true, .length = 5000 } } },
	  .reason = "ARC-Message-Signature i=1: body shorter than l=" },
	/* keys */
	{ .name = "no key", .record = "", .reason = "ARC-Message-Signature i=1: no key" },
	{ .name = "revoked", .record = "v=DKIM1; p=", .reason = "ARC-Message-Signature i=1: key revoked" },
	{ .name = "no key at all", .record = "v=spf1 -all", .reason = "ARC-Message-Signature i=1: unknown key version" },
	{ .name = "t=s", .record = "t=s; ", .count = 2 },
	{ .name = "h=sha1", .record = "h=sha1; ", .reason = "ARC-Message-Signature i=1: key does not allow sha256" },
};

static void load_key(struct as_dkim_world *world, const struct chain *c)
{
	const char *record = c->record ? c->record : records[c->key];
	if (c->record && strlen(c->record) > 0 && c->record[strlen(c->record) - 1] == ' ') /* tags before the key's */
		record = as_printf(world->arena, "v=DKIM1; %s%s", c->record, records[c->key] + strlen("v=DKIM1; "));
	if (*record)
		as_dkim_world_txt(world, "sel._domainkey.example.com", record);
}

static const char *edited(const struct chain *c, struct as_arena *arena, const char *text, size_t *n)
{
	const char *at = c->from ? strstr(text, c->from) : text;
	if (!at)
		fail_msg("%s: \"%s\" is not in the message", c->name, c->from);
	if (!c->from)
		return text;
	text = as_printf(arena, "%.*s%s%s", (int)(at - text), text, c->to, at + strlen(c->from));
	*n = strlen(text);
	return text;
}

static void run_chain(const struct chain *c, size_t piece)
{
	struct as_dkim_world *world = as_dkim_world_new(NULL);
	const char *text = MESSAGE;
	size_t n = strlen(text);
	world->piece = piece;
	world->options.accepts_length = c->accepts_length;
	world->options.minimum_key_bits = c->bits ? c->bits : 1024;
	load_key(world, c);
	for (size_t i = 0; i < (c->count ? c->count : 1); i++) {
		struct as_sealer sealer = c->sets[i];
		sealer.signer.key = keys[c->key];
		text = as_seal_message(world->arena, &sealer, text, n, &n);
	}
	text = edited(c, world->arena, text, &n);
	struct as_arc_outcome outcome = as_dkim_world_chain(world, text, n);
	expect(c->name, &outcome, c->reason ? AS_FAIL : AS_PASS, c->reason);
	expect_oldest(c->name, &outcome, c->reason ? -1 : c->oldest);
	if (!c->reason && as_dns_set_count(world->set) != (c->lookups ? c->lookups : 1)) {
		print_error("%s: %zu lookups\n", c->name, as_dns_set_count(world->set));
		failures++;
	}
	if (!c->reason && (outcome.count != (c->count ? c->count : 1) || strcmp(outcome.sealers[0].domain, "example.com") != 0)) {
		print_error("%s: %zu sealers\n", c->name, outcome.count);
		failures++;
	}
	as_dkim_world_free(world);
}

static void test_chains(void **state)
{
	(void)state; /* file-wide */
	for (size_t i = 0; i < sizeof chains / sizeof *chains; i++) {
		run_chain(&chains[i], 0);
		run_chain(&chains[i], 1);
	}
	assert_int_equal(failures, 0);
}

/* --- other keys for other sets ------------------------------------------------------------------------------------- */

/* Sets 1 and 2 by one domain, set 3 signed by a second and sealed by a third. */
static const char *mixed(struct as_dkim_world *world, size_t *n)
{
	static const struct as_signer other = { .domain = "b.example", .selector = "two" }, third = { .domain = "c.example", .selector = "three" };
	struct as_sealer plain = { .signer = { .key = keys[RSA2048] } }, last = { .signer = other };
	struct as_signer seal_signer = third;
	last.signer.key = keys[ED25519];
	seal_signer.key = keys[RSA1024];
	last.seal_signer = &seal_signer;
	*n = strlen(MESSAGE);
	const char *text = as_seal_message(world->arena, &plain, MESSAGE, *n, n);
	text = as_seal_message(world->arena, &plain, text, *n, n);
	text = as_seal_message(world->arena, &last, text, *n, n);
	as_dkim_world_txt(world, "sel._domainkey.example.com", records[RSA2048]);
	as_dkim_world_txt(world, "two._domainkey.b.example", records[ED25519]);
	as_dkim_world_txt(world, "three._domainkey.c.example", records[RSA1024]);
	return text;
}

static void test_mixed(void **state)
{
	(void)state; /* file-wide */
	size_t n;
	struct as_dkim_world *world = as_dkim_world_new(NULL);
	const char *text = mixed(world, &n), *detail, *zone = "$SECURE example.com.\n";
	assert_int_equal(as_dns_fake_load(world->fake, world->arena, zone, strlen(zone), &detail), AS_OK);
	struct as_arc_outcome outcome = as_dkim_world_chain(world, text, n);
	expect("mixed", &outcome, AS_PASS, NULL);
	assert_int_equal(failures, 0);
	assert_int_equal(outcome.count, 3);
	assert_string_equal(outcome.sealers[1].domain, "example.com");
	assert_string_equal(outcome.sealers[2].domain, "c.example");
	assert_string_equal(outcome.sealers[2].selector, "three");
	assert_int_equal(as_dns_set_count(world->set), 3);
	assert_true(outcome.was_asked);
	assert_int_equal(outcome.dnssec, AS_DNSSEC_INSECURE);
	as_dkim_world_free(world);
}

/* Every failed lookup is a failure (AR-4); the state is the weakest of what the result rests on. */
static void test_lookups(void **state)
{
	(void)state; /* file-wide */
	static const struct {
		const char *name;
		enum as_dns_behaviour behaviour;
		const char *reason;
		enum as_dnssec dnssec;
	} cases[] = {
		{ "two._domainkey.b.example", AS_FAKE_SERVFAIL, "ARC-Message-Signature i=3: key lookup failed", AS_DNSSEC_INDETERMINATE },
		{ "two._domainkey.b.example", AS_FAKE_BOGUS, "ARC-Message-Signature i=3: key lookup bogus", AS_DNSSEC_BOGUS },
		{ "two._domainkey.b.example", AS_FAKE_NXDOMAIN, "ARC-Message-Signature i=3: no key", AS_DNSSEC_INSECURE },
		{ "three._domainkey.c.example", AS_FAKE_TIMEOUT, "ARC-Seal i=3: key lookup failed", AS_DNSSEC_INDETERMINATE },
		{ "three._domainkey.c.example", AS_FAKE_BOGUS, "ARC-Seal i=3: key lookup bogus", AS_DNSSEC_BOGUS },
		{ "sel._domainkey.example.com", AS_FAKE_SERVFAIL, "ARC-Seal i=2: key lookup failed", AS_DNSSEC_INDETERMINATE },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		size_t n;
		struct as_dkim_world *world = as_dkim_world_new(NULL);
		const char *text = mixed(world, &n);
		as_dns_fake_behave(world->fake, cases[i].name, AS_DNS_TXT, cases[i].behaviour);
		struct as_arc_outcome outcome = as_dkim_world_chain(world, text, n);
		expect(cases[i].reason, &outcome, AS_FAIL, cases[i].reason);
		if (outcome.dnssec != cases[i].dnssec) {
			print_error("%s: %s\n", cases[i].reason, as_dnssec_name(outcome.dnssec));
			failures++;
		}
		as_dkim_world_free(world);
	}
	assert_int_equal(failures, 0);
}

/* A key that only an older message signature needs. */
static void test_older_state(void **state)
{
	(void)state; /* file-wide */
	static const enum as_dns_behaviour behaviours[] = { AS_FAKE_ANSWER, AS_FAKE_BOGUS };
	for (size_t i = 0; i < 2; i++) {
		struct as_dkim_world *world = as_dkim_world_new(NULL);
		struct as_signer home = { .key = keys[ED25519] };
		struct as_sealer first = { .signer = { .key = keys[ED25519], .domain = "old.example" }, .seal_signer = &home };
		struct as_sealer second = { .signer = home };
		const char *detail, *zone = "$SECURE example.com.\n";
		size_t n = strlen(MESSAGE);
		assert_int_equal(as_dns_fake_load(world->fake, world->arena, zone, strlen(zone), &detail), AS_OK);
		as_dkim_world_txt(world, "sel._domainkey.example.com", records[ED25519]);
		as_dkim_world_txt(world, "sel._domainkey.old.example", records[ED25519]);
		as_dns_fake_behave(world->fake, "sel._domainkey.old.example", AS_DNS_TXT, behaviours[i]);
		const char *text = as_seal_message(world->arena, &first, MESSAGE, n, &n);
		text = as_seal_message(world->arena, &second, text, n, &n);
		struct as_arc_outcome outcome = as_dkim_world_chain(world, text, n);
		expect("older key", &outcome, AS_PASS, NULL);
		expect_oldest("older key", &outcome, i ? 2 : 0);
		assert_int_equal(outcome.dnssec, i ? AS_DNSSEC_SECURE : AS_DNSSEC_INSECURE);
		as_dkim_world_free(world);
	}
	assert_int_equal(failures, 0);
}

/* --- long chains --------------------------------------------------------------------------------------------------- */

/* Each set has keys of its own: names s1 to sN for the seals, m1 to mN for the message signatures. */
static const char *long_chain(struct as_dkim_world *world, unsigned count, size_t *n)
{
	const char *text = MESSAGE;
	*n = strlen(text);
	for (unsigned i = 1; i <= count; i++) {
		struct as_signer by = { .key = keys[ED25519], .selector = as_printf(world->arena, "s%u", i) };
		struct as_sealer sealer = { .signer = by, .seal_signer = &by };
		sealer.signer.selector = as_printf(world->arena, "m%u", i);
		text = as_seal_message(world->arena, &sealer, text, *n, n);
		as_dkim_world_txt(world, as_printf(world->arena, "s%u._domainkey.example.com", i), records[ED25519]);
		as_dkim_world_txt(world, as_printf(world->arena, "m%u._domainkey.example.com", i), records[ED25519]);
	}
	return text;
}

static void test_long(void **state)
{
	(void)state; /* file-wide */
	static const struct {
		const char *name;
		unsigned count;
		enum as_code code;
		int oldest;
		size_t lookups;
	} cases[] = {
		{ "11 sets", 11, AS_PASS, 0, 22 },
		{ "12 sets", 12, AS_PASS, -1, 23 },
		{ "50 sets", 50, AS_PASS, -1, 61 },
		{ "51 sets", 51, AS_FAIL, -1, 0 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		size_t n;
		struct as_dkim_world *world = as_dkim_world_new(NULL);
		const char *text = long_chain(world, cases[i].count, &n);
		struct as_arc_outcome outcome = as_dkim_world_chain(world, text, n);
		expect(cases[i].name, &outcome, cases[i].code, cases[i].code == AS_FAIL ? "more than 50 sets" : NULL);
		expect_oldest(cases[i].name, &outcome, cases[i].oldest);
		assert_int_equal(as_dns_set_count(world->set), cases[i].lookups);
		as_dkim_world_free(world);
	}
	assert_int_equal(failures, 0);
}

/* An older message signature of a fifth kind of body hash counts as not verified. */
static void test_many_bodies(void **state)
{
	(void)state; /* file-wide */
	struct as_dkim_world *world = as_dkim_world_new(NULL);
	const char *text = MESSAGE;
	size_t n = strlen(text);
	world->options.accepts_length = true;
	as_dkim_world_txt(world, "sel._domainkey.example.com", records[ED25519]);
	for (size_t i = 1; i <= 6; i++) {
		struct as_sealer sealer = { .signer = { .key = keys[ED25519], .has_length = true, .length = i } };
		text = as_seal_message(world->arena, &sealer, text, n, &n);
	}
	struct as_arc_outcome outcome = as_dkim_world_chain(world, text, n);
	expect("six lengths", &outcome, AS_PASS, NULL);
	expect_oldest("six lengths", &outcome, 3);
	as_dkim_world_free(world);
	assert_int_equal(failures, 0);
}

/* --- what was seen before ------------------------------------------------------------------------------------------ */

static void test_results(void **state)
{
	(void)state; /* file-wide */
	static const struct {
		const char *value;
		enum as_err err;
		const char *id;
		size_t count;
		enum as_code first;
	} cases[] = {
		{ " i=1; mx.example.org; spf=pass smtp.mailfrom=a.example; dkim=fail header.d=b.example", AS_OK, "mx.example.org", 2, AS_PASS },
		{ " i=1; mx.microsoft.example 1; spf=fail (sender ip is 192.0.2.1) smtp.rcpttodomain=a.example; dmarc=none", AS_OK,
		  "mx.microsoft.example", 2, AS_FAIL },
		{ " i=1; mx.microsoft.example 1; spf=fail smtp.mailfrom=a.example; dmarc=fail action=none header.from=a.example; arc=none (0)", AS_OK,
		  "mx.microsoft.example", 3, AS_FAIL },
		{ "i=50;mx.example.org; none", AS_OK, "mx.example.org", 0, AS_NONE },
		/* OpenDMARC 222, OpenDMARC 236: a method that is (null), and a token without = */
		{ " i=1; mx.example.org; (null)=pass; dmarc; spf=fail smtp.mailfrom=a.example; x-new=pass", AS_OK, "mx.example.org", 2, AS_FAIL },
		{ " i=1; mx.example.org; dmarc", AS_OK, "mx.example.org", 0, AS_NONE },
		{ " (x) i = 2 (y);\r\n\tmx.example.org;\r\n\tarc=pass smtp.remote-ip=\"2001:db8::1\" header.oldest-pass=0", AS_OK,
		  "mx.example.org", 1, AS_PASS },
		{ " i=1; spf=pass smtp.mailfrom=a.example", AS_ERR_SYNTAX, "spf", 0, AS_NONE }, /* no authserv-id */
		{ " i=1;", AS_ERR_SYNTAX, "", 0, AS_NONE },
		{ " mx.example.org; spf=pass", AS_ERR_SYNTAX, "", 0, AS_NONE },
		{ " i=0; mx.example.org; spf=pass", AS_ERR_SYNTAX, "", 0, AS_NONE },
		{ " i=51; mx.example.org; spf=pass", AS_ERR_SYNTAX, "", 0, AS_NONE },
		{ "", AS_ERR_SYNTAX, "", 0, AS_NONE },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct as_arena *arena = as_arena_new();
		struct as_field field = { .value = cases[i].value, .value_length = strlen(cases[i].value) };
		struct as_authres parsed;
		enum as_err err = as_arc_results(arena, &field, &parsed);
		if (err != cases[i].err || strcmp(parsed.authserv_id, cases[i].id) != 0 || parsed.count != cases[i].count ||
		    (parsed.count && parsed.results[0].code != cases[i].first))
			fail_msg("\"%s\": %d, id \"%s\", %zu results", cases[i].value, (int)err, parsed.authserv_id, parsed.count);
		as_arena_free(arena);
	}
}

/* The sealer's field is the one of its set. */
static void test_results_of_chain(void **state)
{
	(void)state; /* file-wide */
	struct as_dkim_world *world = as_dkim_world_new(NULL);
	struct as_sealer first = { .signer = { .key = keys[ED25519] }, .results = "one.example.org; spf=pass smtp.mailfrom=a.example" };
	struct as_sealer second = { .signer = { .key = keys[ED25519] }, .results = "two.example.org; arc=pass" };
	struct as_authres parsed;
	size_t n = strlen(MESSAGE);
	as_dkim_world_txt(world, "sel._domainkey.example.com", records[ED25519]);
	const char *text = as_seal_message(world->arena, &first, MESSAGE, n, &n);
	text = as_seal_message(world->arena, &second, text, n, &n);
	struct as_arc_outcome outcome = as_dkim_world_chain(world, text, n);
	assert_int_equal(outcome.count, 2);
	assert_int_equal(as_arc_results(world->arena, outcome.sealers[0].results, &parsed), AS_OK);
	assert_string_equal(parsed.authserv_id, "one.example.org");
	assert_string_equal(parsed.results[0].method, "spf");
	assert_int_equal(as_arc_results(world->arena, outcome.sealers[1].results, &parsed), AS_OK);
	assert_string_equal(parsed.authserv_id, "two.example.org");
	as_dkim_world_free(world);
}

int main(void)
{
	static const struct CMUnitTest all[] = {
		cmocka_unit_test(test_broken),    cmocka_unit_test(test_caps),
		cmocka_unit_test(test_header_cut), cmocka_unit_test(test_chains),
		cmocka_unit_test(test_mixed),     cmocka_unit_test(test_lookups),
		cmocka_unit_test(test_older_state), cmocka_unit_test(test_long),
		cmocka_unit_test(test_many_bodies), cmocka_unit_test(test_results),
		cmocka_unit_test(test_results_of_chain),
	};
	return cmocka_run_group_tests(all, set_up_all, tear_down_all);
}
