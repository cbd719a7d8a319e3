/* SPDX-License-Identifier: BSD-2-Clause */
/* test_dkim.c - whole messages, signed here by an independent signer and verified over the fake DNS. */
#include "config.h"

#include "test.h"

#include "dkim_sign.h"
#include "dkim_world.h"
#include "str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEADER \
	"Received: from mx.example.com\r\n\tby mail.example.net; now\r\n" \
	"From: Joe  Bloggs <joe@example.com>\r\n" \
	"To: jane@example.net\r\n" \
	"Subject: a  folded \r\n  subject \t line \r\n" \
	"Date: Sun, 22 Nov 2026 05:00:00 +0000\r\n"
#define BODY "Hello  Jane, \t\r\n\r\n some  text\t \r\nend\r\n\r\n\r\n"
#define MESSAGE HEADER "\r\n" BODY

enum key { RSA2048, RSA1024, RSA1023, ED25519, OTHER, KEYS };

static EVP_PKEY *keys[KEYS];
static const char *records[KEYS]; /* of the keys, as DNS has them */
static struct as_arena *common;
static struct as_dkim_lib *lib;

static int set_up_all(void **state)
{
	(void)state; /* file-wide */
	static const char *const kinds[KEYS] = { "rsa2048", "rsa1024", "rsa1023", "ed25519", "rsa2048" };
	common = as_arena_new();
	as_sign_new_keys(common, kinds, KEYS, keys, records);
	lib = as_dkim_lib_new();
	return 0;
}

static int tear_down_all(void **state)
{
	(void)state; /* file-wide */
	for (int i = 0; i < KEYS; i++)
		EVP_PKEY_free(keys[i]);
	as_dkim_lib_free(lib);
	as_arena_free(common);
	return 0;
}

/* text with the first `from` made `to`; NULL from: as it is. */
static const char *edited(struct as_arena *arena, const char *text, size_t *n, const char *from, const char *to)
{
	const char *at = from ? strstr(text, from) : NULL;
	if (from && !at)
		fail_msg("\"%s\" is not in the message", from);
	if (!at)
		return text;
	struct as_buf out = as_buf_new(arena);
	as_buf_add(&out, text, (size_t)(at - text));
	as_buf_puts(&out, to);
	as_buf_add(&out, at + strlen(from), *n - (size_t)(at - text) - strlen(from));
	*n = out.length;
	return out.text;
}

/* Says what differs; all cases of a table run before the test fails. */
static unsigned failures;

static void expect(const char *name, const struct as_dkim_signature *got, enum as_code code, const char *reason)
{
	failures += !as_dkim_world_is(name, got->code, got->reason, code, reason);
}

/* --- one signature ------------------------------------------------------------------------------------------------- */

struct test {
	const char *name;
	struct as_signer signer;
	enum key key;
	const char *record;    /* NULL: the right one; "" none */
	const char *from, *to; /* changed after signing */
	const char *message;   /* NULL: MESSAGE */
	enum as_code code;
	const char *reason;
	bool accepts_length;
	unsigned bits; /* minimum_key_bits; 0: 1024 */
};

#define TEMPLATE(more) " v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=sel; h=from:to:subject:date; " more "bh={bh}; b={b}"
#define SIMPLE(more) " v=1; a=rsa-sha256; c=simple/simple; d=example.com; s=sel; h=from:to:subject:date; " more "bh={bh}; b={b}"

static const struct test tests[] = {
	/* canonicalization and algorithms */
	{ .name = "relaxed/relaxed", .code = AS_PASS },
	{ .name = "relaxed/simple", .signer = { .canon = "relaxed/simple" }, .code = AS_PASS },
	{ .name = "simple/relaxed", .signer = { .canon = "simple/relaxed" }, .code = AS_PASS },
	{ .name = "simple/simple", .signer = { .canon = "simple/simple" }, .code = AS_PASS },
	{ .name = "relaxed alone", .signer = { .canon = "relaxed" }, .code = AS_PASS },
	{ .name = "simple alone", .signer = { .canon = "simple" }, .code = AS_PASS },
	{ .name = "no c=", .signer = { .canon = "" }, .code = AS_PASS },
	{ .name = "rsa 1024", .key = RSA1024, .code = AS_PASS },
	{ .name = "ed25519", .key = ED25519, .code = AS_PASS },
	{ .name = "ed25519 simple", .key = ED25519, .signer = { .canon = "simple/simple" }, .code = AS_PASS },
	{ .name = "unknown c=", .signer = { .value = " v=1; a=rsa-sha256; c=nice; d=example.com; s=sel; h=from; bh={bh}; b={b}" },
	  .code = AS_NEUTRAL, .reason = "unknown canonicalization" },
	{ .name = "unknown a=", .signer = { .algorithm = "rsa-sha512" }, .code = AS_NEUTRAL, .reason = "unknown algorithm" },
	{ .name = "a= in capitals", .signer = { .value = " v=1; a=RSA-SHA256; d=example.com; s=sel; h=from; bh={bh}; b={b}" },
	  .code = AS_NEUTRAL, .reason = "unknown algorithm" },
	{ .name = "sha1", .signer = { .algorithm = "rsa-sha1" }, .code = AS_POLICY, .reason = "rsa-sha1 not accepted" },
	/* changes on the way */
	{ .name = "relaxed survives white space", .from = "Subject: a  folded", .to = "SUBJECT:a folded", .code = AS_PASS },
	{ .name = "relaxed survives a space before the colon", .from = "Subject:", .to = "Subject :", .code = AS_PASS },
	{ .name = "simple does not survive white space", .signer = { .canon = "simple/simple" }, .from = "Subject: a  folded",
	  .to = "Subject: a folded", .code = AS_FAIL, .reason = "signature mismatch" },
	{ .name = "subject changed", .from = "folded", .to = "foldex", .code = AS_FAIL, .reason = "signature mismatch" },
	{ .name = "unsigned field changed", .from = "mx.example.com", .to = "mx.example.org", .code = AS_PASS },
	{ .name = "body changed", .from = "some", .to = "same", .code = AS_FAIL, .reason = "body hash mismatch" },
	{ .name = "relaxed body survives white space", .from = "Hello  Jane, \t", .to = "Hello Jane,", .code = AS_PASS },
	{ .name = "simple body does not", .signer = { .canon = "relaxed/simple" }, .from = "Hello  Jane", .to = "Hello Jane",
	  .code = AS_FAIL, .reason = "body hash mismatch" },
	{ .name = "blank lines at the end do not count", .signer = { .canon = "simple/simple" }, .from = "end\r\n\r\n\r\n",
	  .to = "end\r\n", .code = AS_PASS },
	{ .name = "wrong bh", .signer = { .spoils_body_hash = true }, .code = AS_FAIL, .reason = "body hash mismatch" },
	{ .name = "wrong b", .signer = { .spoils_signature = true }, .code = AS_FAIL, .reason = "signature mismatch" },
	{ .name = "wrong b, ed25519", .signer = { .spoils_signature = true }, .key = ED25519, .code = AS_FAIL,
	  .reason = "signature mismatch" },
	{ .name = "short bh", .signer = { .value = " v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=sel; h=from; bh=AAAA; b={b}",
	  .names = "from" }, .code = AS_FAIL, .reason = "body hash mismatch" },
	{ .name = "bh of the first 30 octets", .signer = { .value = " v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=sel; "
	  "h=from:to:subject:date; bh=slpv/Ns8pq9DS/medW0blhKGKvRnjmyH74xcaNF6; b={b}" }, .code = AS_FAIL, .reason = "body hash mismatch" },
	{ .name = "empty bh", .signer = { .value = " v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=sel; h=from:to:subject:date; "
	  "bh=; b={b}" }, .code = AS_FAIL, .reason = "body hash mismatch" },
	{ .name = "bh of 33 octets", .signer = { .value = TEMPLATE("") }, .from = "=; b=", .to = "A; b=", .code = AS_FAIL,
	  .reason = "body hash mismatch" },
	/* h= */
	{ .name = "oversigned", .signer = { .names = "from:from:to:to:subject:date:cc:cc" }, .code = AS_PASS },
	{ .name = "oversigned field added", .signer = { .names = "from:from:to:subject:date" }, .from = "To:",
	  .to = "From: eve@example.org\r\nTo:", .code = AS_FAIL, .reason = "signature mismatch" },
	{ .name = "every field and one more", .signer = { .names = "received:from:to:subject:date:dkim-signature:x" }, .code = AS_PASS },
	{ .name = "names in h= with folds",
	  .signer = { .value = " v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=sel; h=From : "
			     "\r\n\tTO:subject :Date; bh={bh}; b={b}" }, .code = AS_PASS },
	{ .name = "From not signed", .signer = { .names = "to:subject" }, .code = AS_PERMERROR, .reason = "From not signed" },
	{ .name = "empty name in h=", .signer = { .names = "from::to" }, .code = AS_NEUTRAL, .reason = "syntax error in h=" },
	{ .name = "8-bit name in h=", .signer = { .names = "from:s\xc3\xbc" }, .code = AS_NEUTRAL, .reason = "syntax error in h=" },
	/* l= */
	{ .name = "l= of all", .signer = { .has_length = true, .length = 32 }, .code = AS_PASS },
	{ .name = "l= short", .signer = { .has_length = true, .length = 10 }, .code = AS_POLICY,
	  .reason = "part of the body is not signed" },
	{ .name = "l= short, wanted", .signer = { .has_length = true, .length = 10 }, .code = AS_PASS, .accepts_length = true },
	{ .name = "l= 0", .signer = { .has_length = true }, .code = AS_POLICY, .reason = "part of the body is not signed" },
	{ .name = "l= long", .signer = { .has_length = true, .length = 33 }, .code = AS_FAIL, .reason = "body shorter than l=" },
	{ .name = "l= huge", .signer = { .value = TEMPLATE("l=99999999999999999999999999999999; ") }, .code = AS_FAIL,
	  .reason = "body shorter than l=" },
	{ .name = "l= of 76 digits", .signer = { .value = TEMPLATE("l=0000000000000000000000000000000000000000000000000000000000000000000000000032; "),
	  .has_length = true, .length = 32 }, .code = AS_PASS },
	{ .name = "l= of 77 digits", .signer = { .value = TEMPLATE("l=00000000000000000000000000000000000000000000000000000000000000000000000000032; "),
	  .has_length = true, .length = 32 }, .code = AS_NEUTRAL, .reason = "syntax error in l=" },
	{ .name = "l= of 19 digits", .signer = { .value = TEMPLATE("l=1000000000000000032; ") }, .code = AS_FAIL,
	  .reason = "body shorter than l=" },
	{ .name = "l= empty", .signer = { .value = TEMPLATE("l=; ") }, .code = AS_NEUTRAL, .reason = "syntax error in l=" },
	{ .name = "l= bad", .signer = { .value = TEMPLATE("l=-1; ") }, .code = AS_NEUTRAL, .reason = "syntax error in l=" },
	{ .name = "appended below l=", .signer = { .has_length = true, .length = 32 }, .from = "end\r\n", .to = "end\r\nspam\r\n",
	  .code = AS_POLICY, .reason = "part of the body is not signed" },
	/* identity */
	{ .name = "i= at d=", .signer = { .identity = "joe@example.com" }, .code = AS_PASS },
	{ .name = "i= below d=", .signer = { .identity = "joe@sub.example.com" }, .code = AS_PASS },
	{ .name = "i= quoted", .signer = { .identity = "j=3Boe=@example.com" }, .code = AS_PASS },
	{ .name = "i= elsewhere", .signer = { .identity = "joe@example.org" }, .code = AS_PERMERROR,
	  .reason = "identity not below the domain" },
	{ .name = "i= above d=", .signer = { .identity = "@com" }, .code = AS_PERMERROR, .reason = "identity not below the domain" },
	{ .name = "i= no address", .signer = { .identity = "joe" }, .code = AS_NEUTRAL, .reason = "identity is no address" },
	{ .name = "t=s and i= at d=", .signer = { .identity = "joe@EXAMPLE.com" }, .record = "t=s:y; ", .code = AS_PASS },
	{ .name = "t=s and i= below d=", .signer = { .identity = "joe@sub.example.com" }, .record = "t=y : s; ", .code = AS_PERMERROR,
	  .reason = "identity not allowed by the key" },
	/* times; AS_DKIM_NOW is 1795323600 */
	{ .name = "fresh", .signer = { .tags = "t=1795323000; x=1795400000" }, .code = AS_PASS },
	{ .name = "t= very small", .signer = { .tags = "t=5" }, .code = AS_PASS },
	{ .name = "expired", .signer = { .tags = "x=1795323299" }, .code = AS_PERMERROR, .reason = "expired" },
	{ .name = "expired long ago", .signer = { .tags = "x=0" }, .code = AS_PERMERROR, .reason = "expired" },
	{ .name = "expired within the drift", .signer = { .tags = "x=1795323300" }, .code = AS_PASS },
	{ .name = "future", .signer = { .tags = "t=1795323901" }, .code = AS_PERMERROR, .reason = "signed in the future" },
	{ .name = "future within the drift", .signer = { .tags = "t=1795323900" }, .code = AS_PASS },
	{ .name = "x= before t=", .signer = { .tags = "t=1795323600; x=1795323600" }, .code = AS_PERMERROR,
	  .reason = "expires before it was made" },
	{ .name = "t= of 12 digits", .signer = { .tags = "t=001795323900; x=001795323901" }, .code = AS_PASS },
	{ .name = "x= empty", .signer = { .tags = "x=" }, .code = AS_NEUTRAL, .reason = "syntax error in t= or x=" },
	{ .name = "t= bad", .signer = { .tags = "t=abc" }, .code = AS_NEUTRAL, .reason = "syntax error in t= or x=" },
	{ .name = "x= far", .signer = { .tags = "x=99999999999999999999999" }, .code = AS_PASS },
	/* other tags */
	{ .name = "unknown tags", .signer = { .tags = "zz=1; r=y; q=dns/txt" }, .code = AS_PASS },
	{ .name = "q= unknown", .signer = { .tags = "q=http/well-known" }, .code = AS_NEUTRAL, .reason = "unknown query method" },
	{ .name = "q= with a space in its word", .signer = { .tags = "q=dns/t xt" }, .code = AS_NEUTRAL, .reason = "unknown query method" },
	{ .name = "q= one known", .signer = { .tags = "q=foo : dns/txt" }, .code = AS_PASS },
	{ .name = "v=2", .signer = { .value = " v=2; a=rsa-sha256; d=example.com; s=sel; h=from; bh={bh}; b={b}" }, .code = AS_NEUTRAL,
	  .reason = "unknown version" },
	{ .name = "no v=", .signer = { .value = " a=rsa-sha256; d=example.com; s=sel; h=from; bh={bh}; b={b}" }, .code = AS_NEUTRAL,
	  .reason = "required tag missing" },
	{ .name = "no a=", .signer = { .value = " v=1; d=example.com; s=sel; h=from; bh={bh}; b={b}" }, .code = AS_NEUTRAL,
	  .reason = "required tag missing" },
	{ .name = "no d=", .signer = { .value = " v=1; a=rsa-sha256; s=sel; h=from; bh={bh}; b={b}" }, .code = AS_NEUTRAL,
	  .reason = "required tag missing" },
	{ .name = "no s=", .signer = { .value = " v=1; a=rsa-sha256; d=example.com; h=from; bh={bh}; b={b}" }, .code = AS_NEUTRAL,
	  .reason = "required tag missing" },
	{ .name = "no h=", .signer = { .value = " v=1; a=rsa-sha256; d=example.com; s=sel; bh={bh}; b={b}" }, .code = AS_NEUTRAL,
	  .reason = "required tag missing" },
	{ .name = "no bh=", .signer = { .value = " v=1; a=rsa-sha256; d=example.com; s=sel; h=from; b={b}" }, .code = AS_NEUTRAL,
	  .reason = "required tag missing" },
	{ .name = "no b=", .signer = { .value = " v=1; a=rsa-sha256; d=example.com; s=sel; h=from; bh={bh}" }, .code = AS_NEUTRAL,
	  .reason = "required tag missing" },
	{ .name = "duplicate tag", .signer = { .value = TEMPLATE("d=example.com; ") }, .code = AS_NEUTRAL, .reason = "duplicate tag" },
	{ .name = "garbage", .signer = { .value = " hello world" }, .code = AS_NEUTRAL, .reason = "syntax error" },
	{ .name = "empty", .signer = { .value = "" }, .code = AS_NEUTRAL, .reason = "required tag missing" },
	{ .name = "bad b", .signer = { .value = " v=1; a=rsa-sha256; d=example.com; s=sel; h=from; bh={bh}; b=!!" }, .code = AS_NEUTRAL,
	  .reason = "syntax error in b=" },
	{ .name = "empty b", .signer = { .value = " v=1; a=rsa-sha256; d=example.com; s=sel; h=from; bh={bh}; b=" }, .code = AS_NEUTRAL,
	  .reason = "syntax error in b=" },
	{ .name = "bad d", .signer = { .domain = "exa mple.com" }, .code = AS_NEUTRAL, .reason = "domain not valid" },
	{ .name = "bad s", .signer = { .selector = "a..b" }, .code = AS_NEUTRAL, .reason = "selector not valid" },
	/* where libopendkim would hash wrongly */
	{ .name = "tag that ends in b", .signer = { .value = TEMPLATE("zb=abc; ") }, .code = AS_PASS },
	{ .name = "tag that ends in b, simple", .signer = { .value = SIMPLE("zb=abc; "), .canon = "simple/simple" }, .code = AS_PASS },
	{ .name = "b with a space",
	  .signer = { .value = " v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=sel; h=from:to:subject:date; bh={bh}; b ={b}" },
	  .code = AS_PASS },
	{ .name = "b folded",
	  .signer = { .value = " v=1; a=rsa-sha256; c=simple/simple; d=example.com; s=sel; h=from:to:subject:date;\r\n"
			     " bh={bh};\r\n b\r\n =\r\n {b}\r\n ; r=y", .canon = "simple/simple" }, .code = AS_PASS },
	{ .name = "b first",
	  .signer = { .value = "b={b}; v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=sel; h=from:to:subject:date; bh={bh}" },
	  .code = AS_PASS },
	{ .name = "b first, simple",
	  .signer = { .value = "b={b}; v=1; a=rsa-sha256; c=simple/simple; d=example.com; s=sel; h=from:to:subject:date; bh={bh}",
	  .canon = "simple/simple" }, .code = AS_PASS },
	{ .name = "b in the middle of much space",
	  .signer = { .value = " v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=sel;"
			     "\r\n\t h=from:to:subject:date \r\n\t; bh={bh} ;  b={b}  ; zz=  q \t" }, .code = AS_PASS },
	{ .name = "signature field in capitals", .signer = { .field_name = "DKIM-SIGNATURE" }, .code = AS_PASS },
	{ .name = "signature field with a space", .signer = { .field_name = "DKIM-Signature " }, .code = AS_PASS },
	{ .name = "signature field with a space, simple", .signer = { .field_name = "Dkim-Signature ", .canon = "simple/simple" },
	  .code = AS_PASS },
	{ .name = "U-label in d=", .signer = { .domain = "b\xc3\xbc" "cher.example" }, .code = AS_PASS },
	{ .name = "U-label in d=, simple", .signer = { .domain = "b\xc3\xbc" "cher.example", .canon = "simple/simple" }, .code = AS_PASS },
	/* keys */
	{ .name = "no key", .record = "", .code = AS_PERMERROR, .reason = "no key" },
	{ .name = "key of another", .key = OTHER, .record = "rsa2048", .code = AS_FAIL, .reason = "signature mismatch" },
	{ .name = "key too short", .key = RSA1023, .code = AS_POLICY, .reason = "key too short" },
	{ .name = "key too short whatever the settings say", .key = RSA1023, .bits = 1, .code = AS_POLICY, .reason = "key too short" },
	{ .name = "key too short for us", .key = RSA1024, .bits = 2048, .code = AS_POLICY, .reason = "key too short" },
	{ .name = "as many bits as wanted", .bits = 2048, .code = AS_PASS },
	{ .name = "bits are those of RSA", .key = ED25519, .bits = 2048, .code = AS_PASS },
	{ .name = "key type does not fit", .record = "ed25519", .code = AS_PERMERROR, .reason = "key type does not fit" },
	{ .name = "a= does not fit", .key = ED25519, .record = "rsa2048", .code = AS_PERMERROR, .reason = "key type does not fit" },
	{ .name = "revoked", .record = "v=DKIM1; p=", .code = AS_PERMERROR, .reason = "key revoked" },
	{ .name = "not a key", .record = "some text", .code = AS_PERMERROR, .reason = "key syntax error" },
	{ .name = "h= of the key has sha256", .record = "h=sha1:sha256; ", .code = AS_PASS },
	{ .name = "h= of the key lacks sha256", .record = "h=sha1; ", .code = AS_PERMERROR, .reason = "key does not allow sha256" },
	{ .name = "s= of the key", .record = "s=tlsrpt; ", .code = AS_PERMERROR, .reason = "key not for e-mail" },
	{ .name = "s=email", .record = "s=tlsrpt:email; ", .code = AS_PASS },
	{ .name = "servfail", .record = "$SERVFAIL", .code = AS_TEMPERROR, .reason = "key lookup failed" },
	{ .name = "bogus", .record = "$BOGUS", .code = AS_TEMPERROR, .reason = "key lookup bogus" },
	{ .name = "timeout", .record = "$TIMEOUT", .code = AS_TEMPERROR, .reason = "key lookup failed" },
	{ .name = "a changed body is certain whatever DNS says", .record = "$SERVFAIL", .from = "some", .to = "same", .code = AS_FAIL,
	  .reason = "body hash mismatch" },
	/* bodies and headers */
	{ .name = "no body", .message = HEADER "\r\n", .code = AS_PASS },
	{ .name = "no body, simple", .message = HEADER "\r\n", .signer = { .canon = "simple/simple" }, .code = AS_PASS },
	{ .name = "no empty line", .message = HEADER, .code = AS_PASS },
	{ .name = "only blank lines", .message = HEADER "\r\n\r\n\r\n", .code = AS_PASS },
	{ .name = "only blank lines, simple", .message = HEADER "\r\n\r\n\r\n", .signer = { .canon = "simple/simple" }, .code = AS_PASS },
	{ .name = "only white space", .message = HEADER "\r\n \r\n\t\r\n", .code = AS_PASS },
	{ .name = "no CRLF at the end", .message = HEADER "\r\nhello", .code = AS_PASS },
	{ .name = "no CRLF at the end, simple", .message = HEADER "\r\nhello", .signer = { .canon = "simple/simple" }, .code = AS_PASS },
	{ .name = "white space at the end", .message = HEADER "\r\nhello \t", .code = AS_PASS },
	{ .name = "two of a kind: the lower counts", .message = "Subject: one\r\nFrom: a@example.com\r\nSubject: two\r\n\r\nx\r\n",
	  .from = "one", .to = "ono", .code = AS_PASS },
	{ .name = "8-bit value", .message = "From: a@example.com\r\nSubject: gr\xc3\xbc\xff\xc3\x9f\r\n\r\nx\r\n", .code = AS_PASS },
	{ .name = "field without a value", .message = "From: a@example.com\r\nSubject:\r\nTo: \r\n\r\nx\r\n", .code = AS_PASS },
	{ .name = "VT and FF in a value are no white space",
	  .message = "From: a@example.com\r\nSubject: a \v \f b\f\r\n\r\nx\r\n", .code = AS_PASS },
	{ .name = "VT and FF in the body", .message = HEADER "\r\na \f\r\n\f\r\nb \v c\v\r\n\f\r\n", .code = AS_PASS },
	{ .name = "VT and FF in the body, simple", .message = HEADER "\r\na \f\r\n\f\r\nb \v c\v\r\n\f\r\n",
	  .signer = { .canon = "simple/simple" }, .code = AS_PASS },
	{ .name = "bare CR in a value", .message = "From: a@example.com\r\nSubject: a\rb c\r\n\r\nx\r\n", .code = AS_PASS },
	{ .name = "NUL and 8-bit in the body", .message = HEADER "\r\na\xff\x80 \x01\x7f\r\n", .code = AS_PASS },
	{ .name = "a line end that is no fold", .message = "From: a@example.com\r\nSubject: ab\r\n\r\nx\r\n",
	  .from = "Subject: ab", .to = "Subject: a\nb", .code = AS_PASS },
	{ .name = "8-bit field name", .message = "From: a@example.com\r\ns\xc3\xbc: x\r\n\r\nx\r\n", .code = AS_PASS },
	{ .name = "no From", .message = "To: a@example.com\r\n\r\nx\r\n", .code = AS_PASS },
};

/* A CR or LF alone is a byte like others. */
static const struct test bare[] = {
	{ .name = "bare LF", .message = HEADER "\r\nhello\nworld\r\nend\n", .signer = { .canon = "simple/simple" }, .code = AS_PASS },
	{ .name = "bare CR", .message = HEADER "\r\nhello\rworld\r\nend\r\r\n", .signer = { .canon = "simple/simple" }, .code = AS_PASS },
	{ .name = "line of a CR", .message = HEADER "\r\nhello\r\n\r\r\nend\r\n", .signer = { .canon = "simple/simple" }, .code = AS_PASS },
	{ .name = "LF, LF", .message = HEADER "\r\nend\n\nx\r\n", .signer = { .canon = "simple/simple" }, .code = AS_PASS },
	{ .name = "bare LF, relaxed", .message = HEADER "\r\nhello \n world\r\nend\n", .code = AS_PASS },
	{ .name = "bare CR, relaxed", .message = HEADER "\r\nhello \r world\r\nend\r\r\n", .code = AS_PASS },
	{ .name = "many kinds", .message = HEADER "\r\n \r \t x\r\n\r\n \t\r\n a  b \r\r\n\r\n \r\n", .code = AS_PASS },
	{ .name = "white space at the end", .message = HEADER "\r\na\n\r\n \t", .code = AS_PASS },
	{ .name = "LF is not CRLF", .from = "end\r\n", .to = "end\n", .code = AS_FAIL, .reason = "body hash mismatch" },
	{ .name = "l= of all", .message = HEADER "\r\na\rb\r\n", .signer = { .has_length = true, .length = 5 }, .code = AS_PASS },
	{ .name = "l= short", .message = HEADER "\r\na\rb\r\n", .signer = { .has_length = true, .length = 3 }, .code = AS_POLICY,
	  .reason = "part of the body is not signed" },
	{ .name = "l= long", .message = HEADER "\r\na\rb \r\n", .signer = { .has_length = true, .length = 6 }, .code = AS_FAIL,
	  .reason = "body shorter than l=" },
};

static void load_key(struct as_dkim_world *world, const struct test *t)
{
	const char *domain = t->signer.domain && strchr(t->signer.domain, '\xc3') ? "xn--bcher-kva.example" : "example.com";
	const char *name = as_printf(world->arena, "sel._domainkey.%s", domain);
	const char *record = t->record;
	static const struct { const char *word; enum as_dns_behaviour behaviour; } troubles[] = {
		{ "$SERVFAIL", AS_FAKE_SERVFAIL }, { "$BOGUS", AS_FAKE_BOGUS }, { "$TIMEOUT", AS_FAKE_TIMEOUT },
	};
	as_dkim_world_txt(world, "example.com", "v=spf1 -all");
	for (size_t i = 0; record && i < sizeof troubles / sizeof *troubles; i++)
		if (strcmp(record, troubles[i].word) == 0) {
			as_dns_fake_behave(world->fake, name, AS_DNS_TXT, troubles[i].behaviour);
			return;
		}
	if (!record)
		as_dkim_world_txt(world, name, records[t->key]);
	else if (strcmp(record, "rsa2048") == 0)
		as_dkim_world_txt(world, name, records[RSA2048]);
	else if (strcmp(record, "ed25519") == 0)
		as_dkim_world_txt(world, name, records[ED25519]);
	else if (record[0] && record[strlen(record) - 1] == ' ') /* tags before the key's */
		as_dkim_world_txt(world, name, as_printf(world->arena, "v=DKIM1; %s%s", record, records[t->key] + strlen("v=DKIM1; ")));
	else if (record[0])
		as_dkim_world_txt(world, name, record);
}

static void run(const struct test *t, size_t piece)
{
	struct as_dkim_world *world = as_dkim_world_new(lib);
	const char *plain = t->message ? t->message : MESSAGE;
	size_t n = strlen(plain);
	struct as_signer signer = t->signer;
	world->piece = piece;
	world->options.accepts_length = t->accepts_length;
	world->options.minimum_key_bits = t->bits ? t->bits : 1024;
	load_key(world, t);
	signer.key = keys[t->key];
	const char *message = as_sign_message(world->arena, &signer, plain, n, &n);
	message = edited(world->arena, message, &n, t->from, t->to);
	struct as_dkim_outcome outcome = as_dkim_world_verify(world, message, n);
	if (outcome.count != 1)
		fail_msg("%s: %zu signatures", t->name, outcome.count);
	expect(t->name, &outcome.signatures[0], t->code, t->reason);
	if (t->record && !*t->record)
		assert_int_equal(outcome.signatures[0].key_bits, 0);
	as_dkim_world_free(world);
}

static void one_signature(void **state)
{
	(void)state; /* file-wide */
	for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) {
		run(&tests[i], 0);
		run(&tests[i], 1);
	}
	assert_int_equal(failures, 0);
}

static void bare_line_ends(void **state)
{
	(void)state; /* file-wide */
	for (size_t i = 0; i < sizeof bare / sizeof *bare; i++) {
		run(&bare[i], 0);
		run(&bare[i], 1);
	}
	assert_int_equal(failures, 0);
}

int main(void)
{
	static const struct CMUnitTest all[] = {
		cmocka_unit_test(one_signature),
		cmocka_unit_test(bare_line_ends),
	};
	return cmocka_run_group_tests(all, set_up_all, tear_down_all);
}
