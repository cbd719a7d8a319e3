/* SPDX-License-Identifier: BSD-2-Clause */
/* test_authres.c - the Authentication-Results field: writing, reading, recognising forgeries. */
#include "config.h"

#include "authres.h"

#include "str.h"

#include <string.h>

#include "test.h"

#define U "b\xc3\xbc" "cher.example"
#define X10 "xxxxxxxxxx"
#define X50 X10 X10 X10 X10 X10
#define X250 X50 X50 X50 X50 X50

struct write_case {
	const char *name;
	enum as_dnssec_mark mark;
	struct as_result result;
	const char *text; /* after " mx.example.com;\n\t" */
};

/* clang-format off */
static const struct write_case write_cases[] = {
	{ "result alone", AS_MARK_NONE, { .method = "dkim", .code = AS_NONE }, "dkim=none" },
	{ "token", AS_MARK_NONE, { .method = "spf", .code = AS_PASS, .count = 1, .properties = { { "smtp", "mailfrom", "example.com",
	  true } } },
	  "spf=pass smtp.mailfrom=example.com" },
	{ "comment", AS_MARK_NONE, { .method = "dkim", .code = AS_PASS, .comment = "2048-bit key", .has_dnssec = true },
	  "dkim=pass (2048-bit key)" },
	{ "comment and dnssec comment", AS_MARK_COMMENT,
	  { .method = "dkim", .code = AS_PASS, .comment = "2048-bit key", .has_dnssec = true, .count = 1, .properties = { { "header", "d",
	    "example.com", true } } },
	  "dkim=pass (2048-bit key) (dnssec: secure) header.d=example.com" },
	{ "dnssec comment", AS_MARK_COMMENT, { .method = "spf", .code = AS_TEMPERROR, .reason = "bogus", .has_dnssec = true,
	  .dnssec = AS_DNSSEC_BOGUS },
	  "spf=temperror (dnssec: bogus) reason=bogus" },
	{ "dnssec property", AS_MARK_PROPERTY,
	  { .method = "spf", .code = AS_PASS, .has_dnssec = true, .dnssec = AS_DNSSEC_INSECURE, .count = 1, .properties = { { "smtp",
	    "helo", "a.example", true } } },
	  "spf=pass smtp.helo=a.example policy.dnssec=insecure" },
	{ "no dnssec state", AS_MARK_COMMENT, { .method = "spf", .code = AS_PASS }, "spf=pass" },
	{ "reason", AS_MARK_NONE, { .method = "dkim", .code = AS_PERMERROR, .reason = "key \"a\\b\" (revoked); x", .count = 1,
	  .properties = { { "header", "s", "sel" , false } } },
	  "dkim=permerror reason=\"key \\\"a\\\\b\\\" (revoked); x\" header.s=sel" },
	{ "empty values", AS_MARK_NONE, { .method = "spf", .code = AS_PASS, .reason = "", .comment = "", .count = 1,
	  .properties = { { "smtp", "mailfrom", "", true } } },
	  "spf=pass reason=\"\" smtp.mailfrom=\"\"" },
	{ "RE-0 identity", AS_MARK_NONE, { .method = "dkim", .code = AS_PASS, .count = 3,
	    .properties = { { "header", "i", "@example.com", true }, { "header", "i", "a+b/c=d@example.com", true }, { "header", "i",
	      "\"a b\"@example.com", true } } },
	  "dkim=pass header.i=@example.com header.i=a+b/c=d@example.com\n\theader.i=\"a b\"@example.com" },
	{ "RE-0 identity that the grammar has no bare form for", AS_MARK_NONE, { .method = "dkim", .code = AS_PASS, .count = 3,
	    .properties = { { "header", "i", "a b@example.com", true }, { "header", "i", "a@localhost", true }, { "header", "i",
	      "a@_x.example.com", true } } },
	  "dkim=pass header.i=\"a b@example.com\" header.i=\"a@localhost\"\n\theader.i=\"a@_x.example.com\"" },
	{ "no identity", AS_MARK_NONE, { .method = "auth", .code = AS_PASS, .count = 1, .properties = { { "smtp", "auth", "a@example.com",
	  false } } },
	  "auth=pass smtp.auth=\"a@example.com\"" },
	{ "RE-1 address and base64", AS_MARK_NONE, { .method = "x", .code = AS_PASS, .count = 2,
	    .properties = { { "policy", "ip", "2001:db8::1", false }, { "header", "b", "ab/+cd==", false } } },
	  "x=pass policy.ip=\"2001:db8::1\" header.b=\"ab/+cd==\"" },
	{ "U-label", AS_MARK_NONE, { .method = "spf", .code = AS_PASS, .count = 2,
	    .properties = { { "smtp", "mailfrom", U, true }, { "smtp", "mailfrom", U, false } } },
	  "spf=pass smtp.mailfrom=" U "\n\tsmtp.mailfrom=\"" U "\"" },
	{ "RE-2 comment signs", AS_MARK_NONE, { .method = "spf", .code = AS_FAIL, .comment = "a) ; spf=pass (b\\" },
	  "spf=fail (a\\) ; spf\\=pass \\(b\\\\)" },
	{ "RE-3 line ends and controls", AS_MARK_NONE, { .method = "spf", .code = AS_FAIL, .comment = "a\r\nX: b\x01", .reason = "c\r\nd",
	  .count = 1,
	    .properties = { { "smtp", "mailfrom", "a\r\n\t\x7f" "b", true } } },
	  "spf=fail (a??X: b?) reason=\"c??d\" smtp.mailfrom=\"a????b\"" },
	{ "RE-3 not UTF-8", AS_MARK_NONE, { .method = "spf", .code = AS_FAIL, .count = 1, .properties = { { "smtp", "mailfrom",
	  "a\xff\xc3(\xe2\x80\xa8\xc2\x85", true } } },
	  "spf=fail smtp.mailfrom=\"a?\?(?\?\?\?\?\"" },
	{ "RE-3 encoded words", AS_MARK_NONE, { .method = "spf", .code = AS_FAIL, .comment = "=?utf-8?q?x?=", .reason = "y==?q=?", .count = 3,
	    .properties = { { "header", "i", "=?utf-8?q?x?=@example.com", true }, { "header", "i", "?utf-8?q?x?=@example.com", true },
	      { "header", "i", "a?=b@example.com", true } } },
	  "spf=fail (=\\?utf-8?q?x?=) reason=\"y==\\?q=\\?\"\n\theader.i=\"=\\?utf-8?q?x?=@example.com\"\n"
	  "\theader.i=\"\\?utf-8?q?x?=@example.com\" header.i=a?=b@example.com" },
	{ "RE-3 what looks like a result", AS_MARK_NONE, { .method = "spf", .code = AS_FAIL, .comment = "DMARC=pass",
	    .reason = "dkim =pass x=y", .count = 4,
	    .properties = { { "smtp", "mailfrom", "dmarc=pass@example.com", true }, { "header", "i", "\"spf  = pass\"@example.com", true },
	      { "header", "i", "prvs=1=a@example.com", true }, { "smtp", "helo", "=from=", false } } },
	  "spf=fail (DMARC\\=pass) reason=\"dkim \\=pass x=y\"\n"
	  "\tsmtp.mailfrom=\"dmarc\\=pass@example.com\"\n"
	  "\theader.i=\"\\\"spf  \\= pass\\\"@example.com\" header.i=prvs=1=a@example.com\n"
	  "\tsmtp.helo=\"=from\\=\"" },
	{ "CVE-2020-12272 parenthesis", AS_MARK_NONE, { .method = "spf", .code = AS_PASS, .count = 1, .properties = { { "smtp",
	  "mailfrom", "victim.example(.evil.example", true } } },
	  "spf=pass smtp.mailfrom=\"victim.example(.evil.example\"" },
	{ "CVE-2020-12272 quotes", AS_MARK_NONE, { .method = "spf", .code = AS_PASS, .count = 2,
	    .properties = { { "smtp", "mailfrom", "victim.example'.evil.example", true }, { "smtp", "helo", "victim.example\"; dkim=pass",
	      true } } },
	  "spf=pass smtp.mailfrom=victim.example'.evil.example\n\tsmtp.helo=\"victim.example\\\"; dkim\\=pass\"" },
	{ "255 octets", AS_MARK_NONE, { .method = "spf", .code = AS_PASS, .count = 1, .properties = { { "smtp", "helo", X250 "yyyyy",
	  false } } },
	  "spf=pass\n\tsmtp.helo=" X250 "yyyyy" },
	{ "256 octets are cut", AS_MARK_NONE, { .method = "spf", .code = AS_PASS, .count = 1, .properties = { { "smtp", "helo",
	  X250 "yyyyyy", false } } },
	  "spf=pass\n\tsmtp.helo=" X250 "yy..." },
	{ "a cut domain does not pass for another", AS_MARK_NONE, { .method = "spf", .code = AS_PASS, .count = 1,
	    .properties = { { "smtp", "mailfrom", X50 X50 X50 X50 X10 X10 X10 "yyyyyyy@victim.example.evil.example", true } } },
	  "spf=pass\n\tsmtp.mailfrom=\"" X50 X50 X50 X50 X10 X10 X10 "yyyyyyy@victim.example...\"" },
	{ "a character is not cut in two", AS_MARK_NONE, { .method = "spf", .code = AS_PASS, .count = 1, .properties = { { "smtp", "helo",
	  X250 "y\xc3\xbc\xc3\xbc\xc3\xbc", false } } },
	  "spf=pass\n\tsmtp.helo=" X250 "y..." },
	{ "long comment", AS_MARK_NONE, { .method = "dmarc", .code = AS_FAIL, .comment = X50 "  " X10 " " X10 " " X50 },
	  "dmarc=fail (" X50 "\n\t" X10 " " X10 "\n\t" X50 ")" },
};
/* clang-format on */

static void test_write(void **state)
{
	static const char head[] = " mx.example.com;\n\t";
	(void)state;
	for (size_t i = 0; i < sizeof write_cases / sizeof write_cases[0]; i++) {
		const struct write_case *c = &write_cases[i];
		struct as_arena *arena = as_arena_new();
		const char *text = as_authres_write(arena, "mx.example.com", &c->result, 1, c->mark);
		if (strncmp(text, head, sizeof head - 1) != 0 || strcmp(text + sizeof head - 1, c->text) != 0)
			fail_msg("%s:\n%s\nwanted:\n%s%s", c->name, text, head, c->text);
		as_arena_free(arena);
	}
}

static void test_write_several(void **state)
{
	(void)state;
	struct as_arena *arena = as_arena_new();
	struct as_results results = { 0 };
	assert_string_equal(as_authres_write(arena, "mx.example.com", NULL, 0, AS_MARK_COMMENT), " mx.example.com; none");
	assert_string_equal(as_authres_write(arena, "my id", NULL, 0, AS_MARK_COMMENT), " \"my id\"; none");
	assert_string_equal(as_authres_write(arena, "", NULL, 0, AS_MARK_COMMENT), " \"\"; none");
	as_result_identity(as_results_add(arena, &results, "spf", AS_SOFTFAIL), "smtp", "mailfrom", "example.com");
	as_result_property(as_results_add(arena, &results, "dkim", AS_NEUTRAL), "header", "d", NULL);
	as_result_identity(as_results_add(arena, &results, "dmarc", AS_POLICY), "header", "from", "example.com");
	assert_string_equal(as_authres_write(arena, "mx.example.com", results.list, results.count, AS_MARK_COMMENT),
			    " mx.example.com;\n\tspf=softfail smtp.mailfrom=example.com;\n\tdkim=neutral;\n"
			    "\tdmarc=policy header.from=example.com");
	as_arena_free(arena);
}

/* A parsed body as text: id/version then |method=code reason property... */
static const char *show(struct as_arena *arena, const struct as_authres *parsed)
{
	struct as_buf out = as_buf_new(arena);
	as_buf_printf(&out, "[%s]%u", parsed->authserv_id, parsed->version);
	for (size_t i = 0; i < parsed->count; i++) {
		const struct as_result *r = &parsed->results[i];
		as_buf_printf(&out, "|%s=%s", r->method, r->is_unknown ? "?" : as_code_name(r->code));
		if (r->reason)
			as_buf_printf(&out, " reason<%s>", r->reason);
		for (size_t k = 0; k < r->count; k++)
			as_buf_printf(&out, " %s.%s<%s>", r->properties[k].ptype, r->properties[k].property, r->properties[k].value);
	}
	return out.text;
}

/* clang-format off */
static const struct {
	const char *name, *in;
	enum as_err err;
	const char *shown;
} parse_cases[] = {
	{ "none", " example.com; none", AS_OK, "[example.com]1" },
	{ "none with version and comments", " (a) example.com (b) 1 (c) ; (d) NONE (e)", AS_OK, "[example.com]1" },
	{ "version", " example.com 17; none", AS_OK, "[example.com]17" },
	{ "huge version", " example.com 99999999999999999999; none", AS_OK, "[example.com]429496729" },
	{ "quoted id", " \"exa\\mple; com\"; none", AS_OK, "[example; com]1" },
	{ "one", " example.com; spf=pass smtp.mailfrom=example.net", AS_OK, "[example.com]1|spf=pass smtp.mailfrom<example.net>" },
	{ "case", " example.com; SPF=Pass SMTP.MailFrom=Example.NET", AS_OK, "[example.com]1|spf=pass smtp.mailfrom<Example.NET>" },
	{ "several",
	  " example.com;\r\n\tspf=fail smtp.helo=a.example;\r\n\tdkim=pass header.d=b.example header.i=@b.example;\n dkim=none", AS_OK,
	  "[example.com]1|spf=fail smtp.helo<a.example>|dkim=pass header.d<b.example> header.i<@b.example>|dkim=none" },
	{ "RFC 8601 B.6 shape",
	  " example.com;\r\n dkim=pass reason=\"good signature\"\r\n header.i=@mail-router.example.net;\r\n"
	  " dkim=fail reason=\"bad signature\"\r\n header.i=@newyork.example.com", AS_OK,
	  "[example.com]1|dkim=pass reason<good signature> header.i<@mail-router.example.net>"
	  "|dkim=fail reason<bad signature> header.i<@newyork.example.com>" },
	{ "RFC 8601 B.7 shape",
	  " foo.example.net (foobar) 1 (baz);\r\n dkim (Because I like it) / 1 (One yay) = (wait for it) fail\r\n"
	  " policy (A dot can go here) . (like that) expired\r\n (this surprised me) = (as I wasn't expecting it) 1362471462", AS_OK,
	  "[foo.example.net]1|dkim=fail policy.expired<1362471462>" },
	{ "no space between quoted values", " a.example; x=pass a.b=\"1\"c.d=\"2\"", AS_OK, "[a.example]1|x=pass a.b<1> c.d<2>" },
	{ "quoted local part", " a.example; x=pass header.i=\"a b\\\"\"@b.example", AS_OK,
	  "[a.example]1|x=pass header.i<\"a b\\\"\"@b.example>" },
	{ "U-labels", " " U "; x=pass header.i=\xc3\xbc@" U, AS_ERR_SYNTAX, "[b]1" },
	{ "U-label in a value", " a.example; x=pass header.i=\xc3\xbc@" U " header.d=" U, AS_OK,
	  "[a.example]1|x=pass header.i<\xc3\xbc@" U "> header.d<" U ">" },
	{ "fold in a quoted value", " a.example; x=pass a.b=\"c\r\n d\\ \\\\\"", AS_OK, "[a.example]1|x=pass a.b<c d \\>" },
	{ "parenthesis in a quoted value", " a.example; x=pass a.b=\"c(d;e\" a.c=f", AS_OK, "[a.example]1|x=pass a.b<c(d;e> a.c<f>" },
	{ "unknown result", " a.example; x=hardfail a.b=c", AS_OK, "[a.example]1|x=? a.b<c>" },
	{ "reason as a ptype", " a.example; x=pass reason.x=y", AS_OK, "[a.example]1|x=pass reason.x<y>" },
	{ "nine properties", " a.example; x=pass a.a=1 a.b=2 a.c=3 a.d=4 a.e=5 a.f=6 a.g=7 a.h=8 a.i=9", AS_OK,
	  "[a.example]1|x=pass a.a<1> a.b<2> a.c<3> a.d<4> a.e<5> a.f<6> a.g<7> a.h<8>" },
	{ "nested comments", " a.example; x=pass (a(b\\)(c)d)) a.b=c", AS_OK, "[a.example]1|x=pass a.b<c>" },
	{ "empty", "", AS_ERR_SYNTAX, "[]1" },
	{ "white space", " ", AS_ERR_SYNTAX, "[]1" },
	{ "id alone", " a.example", AS_ERR_SYNTAX, "[a.example]1" },
	{ "nothing after the semicolon", " a.example;", AS_ERR_SYNTAX, "[a.example]1" },
	{ "no id", " ; spf=pass", AS_ERR_SYNTAX, "[]1" },
	{ "comma after id", " evil, a.example; spf=pass", AS_ERR_SYNTAX, "[evil]1" },
	{ "trailing semicolon", " a.example; spf=pass;", AS_ERR_SYNTAX, "[a.example]1|spf=pass" },
	{ "no result", " a.example; spf=", AS_ERR_SYNTAX, "[a.example]1" },
	{ "no method", " a.example; =pass", AS_ERR_SYNTAX, "[a.example]1" },
	{ "none after a result", " a.example; spf=pass; none", AS_ERR_SYNTAX, "[a.example]1|spf=pass" },
	{ "result after none", " a.example; none; spf=pass", AS_ERR_SYNTAX, "[a.example]1" },
	{ "bad second result", " a.example; spf=pass a.b=c; dkim", AS_ERR_SYNTAX, "[a.example]1|spf=pass a.b<c>" },
	{ "two reasons", " a.example; spf=pass reason=a reason=b", AS_ERR_SYNTAX, "[a.example]1" },
	{ "reason after a property", " a.example; spf=pass a.b=c reason=b", AS_ERR_SYNTAX, "[a.example]1" },
	{ "property without value", " a.example; spf=pass a.b=", AS_ERR_SYNTAX, "[a.example]1" },
	{ "property without ptype", " a.example; spf=pass action=none", AS_ERR_SYNTAX, "[a.example]1" },
	{ "unquoted colon", " a.example; spf=pass policy.ip=2001:db8::1", AS_ERR_SYNTAX, "[a.example]1" },
	{ "unquoted base64", " a.example; dkim=pass header.b=ab/cd==", AS_ERR_SYNTAX, "[a.example]1" },
	{ "open quote", " a.example; spf=pass a.b=\"c", AS_ERR_SYNTAX, "[a.example]1" },
	{ "open comment", " a.example; spf=pass (c", AS_ERR_SYNTAX, "[a.example]1" },
	{ "bare CR", " a.example; spf=pass\r a.b=c", AS_ERR_SYNTAX, "[a.example]1" },
	{ "line end without white space", " a.example; spf=pass\r\na.b=c", AS_ERR_SYNTAX, "[a.example]1" },
	{ "control in quotes", " a.example; spf=pass a.b=\"c\x01\"", AS_ERR_SYNTAX, "[a.example]1" },
	{ "not UTF-8 in quotes", " a.example; spf=pass a.b=\"c\xff\"", AS_ERR_SYNTAX, "[a.example]1" },
	{ "not UTF-8 in a local part", " a.example; spf=pass a.b=\xff@c.example", AS_ERR_SYNTAX, "[a.example]1" },
	{ "keyword ends with a hyphen", " a.example; spf-=pass", AS_ERR_SYNTAX, "[a.example]1" },
	{ "keyword of 65", " a.example; " X50 X10 "yyyyy=pass", AS_ERR_SYNTAX, "[a.example]1" },
	{ "keyword of 64", " a.example; " X50 X10 "yyyy=pass", AS_OK, "[a.example]1|" X50 X10 "yyyy=pass" },
	{ "method version of letters", " a.example; dkim/x=pass", AS_ERR_SYNTAX, "[a.example]1" },
};
/* clang-format on */

static void test_parse(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof parse_cases / sizeof parse_cases[0]; i++) {
		struct as_arena *arena = as_arena_new();
		struct as_authres parsed;
		enum as_err err = as_authres_parse(arena, parse_cases[i].in, strlen(parse_cases[i].in), &parsed);
		const char *shown = show(arena, &parsed);
		if (err != parse_cases[i].err || strcmp(shown, parse_cases[i].shown) != 0)
			fail_msg("%s: error %d\n%s\nwanted:\n%s", parse_cases[i].name, (int)err, shown, parse_cases[i].shown);
		as_arena_free(arena);
	}
}

/* What others write where the grammar has something else; names changed. */
/* clang-format off */
static const struct {
	const char *name, *in;
	enum as_err err;
	const char *shown;
} lax_cases[] = {
	{ "Microsoft", " mx.microsoft.example 1; spf=pass (sender ip is\r\n 192.0.2.1) smtp.rcpttodomain=b.example smtp.mailfrom=a.example;"
	  " dmarc=pass\r\n (p=none sp=none pct=100) action=none header.from=a.example; dkim=pass\r\n (signature was verified) "
	  "header.d=a.example; arc=pass (0 oda=1 ltdi=1\r\n spf=[1,1,smtp.mailfrom=a.example] dkim=[1,1,header.d=a.example])", AS_OK,
	  "[mx.microsoft.example]1|spf=pass smtp.rcpttodomain<b.example> smtp.mailfrom<a.example>|dmarc=pass header.from<a.example>"
	  "|dkim=pass header.d<a.example>|arc=pass" },
	{ "Google", " mx.google.example;\r\n       dkim=pass header.i=@a.example header.s=s1 header.b=\"bitf/S+j\";\r\n"
	  "       arc=pass (i=1 spf=pass spfdomain=a.example dkim=pass dkdomain=a.example dmarc=pass fromdomain=a.example);\r\n"
	  "       spf=pass (google.example: domain of prvs=1=bob@a.example designates 192.0.2.1 as permitted sender) "
	  "smtp.mailfrom=\"prvs=1=bob@a.example\";\r\n       dmarc=pass (p=NONE sp=NONE dis=NONE) header.from=a.example", AS_OK,
	  "[mx.google.example]1|dkim=pass header.i<@a.example> header.s<s1> header.b<bitf/S+j>|arc=pass"
	  "|spf=pass smtp.mailfrom<prvs=1=bob@a.example>|dmarc=pass header.from<a.example>" },
	{ "unquoted address of IPv6", " a.example; arc=none smtp.remote-ip=2001:db8::1 header.oldest-pass=0; dmarc=pass header.from=b.example",
	  AS_OK,
	  "[a.example]1|arc=none header.oldest-pass<0>|dmarc=pass header.from<b.example>" },
	{ "unquoted base64, local host", " a.example; dkim=pass header.b=ab/cd== header.d=b.example; spf=pass smtp.mailfrom=root@localhost x.y=z",
	  AS_OK,
	  "[a.example]1|dkim=pass header.d<b.example>|spf=pass x.y<z>" },
	{ "two reasons", " a.example; spf=pass reason=a reason=b a.b=c", AS_OK, "[a.example]1|spf=pass reason<a> a.b<c>" },
	{ "spaces around the sign", " a.example; spf=pass action = none a.b = c", AS_OK, "[a.example]1|spf=pass a.b<c>" },
	{ "signs", " a.example; spf=pass , = / a.b=c", AS_OK, "[a.example]1|spf=pass a.b<c>" },
	{ "empty results", " a.example; ; spf=pass;; dkim=fail;", AS_OK, "[a.example]1|spf=pass|dkim=fail" },
	{ "results that are none", " a.example; =pass; dkim; spf-=pass; spf=; m/x=pass; x=fail a.b=c; none", AS_OK, "[a.example]1|x=fail a.b<c>" },
	{ "a result word goes on", " a.example; spf=pass,fail; spf=pass_; spf=pass.a.b=c; dkim=pass=x; x=fail", AS_OK, "[a.example]1|x=fail" },
	{ "none of them", " a.example; spf", AS_OK, "[a.example]1" },
	/* what is skipped is skipped whole */
	{ "quotes in a word", " a.example; spf=pass action=\"x a.b=d; dkim=pass\"a.b=d (e; x=pass) a.c=f", AS_OK, "[a.example]1|spf=pass a.c<f>" },
	{ "quotes in no result", " a.example; \"x; dkim=pass a.b=c\" (; dkim=pass); spf=fail", AS_OK, "[a.example]1|spf=fail" },
	{ "a quote glued to something", " a.example; spf=pass a.b=\"c\"d; x=fail a.b=\"c\"=; dkim=pass a.b=\"c\"a.c=\"d\" a.d=e", AS_OK,
	  "[a.example]1|dkim=pass a.b<c> a.c<d> a.d<e>" },
	{ "a value goes on", " a.example; dmarc=pass header.from=a.example,b.example; dkim=pass header.d=a.example:b header.d=c.example[x]", AS_OK,
	  "[a.example]1|dmarc=pass|dkim=pass" },
	{ "property in a word", " a.example; spf=pass action=x:a.b=c", AS_OK, "[a.example]1|spf=pass" },
	{ "quoted local part of no address", " a.example; spf=pass a.b=\"x; dkim=pass\"@localhost", AS_OK, "[a.example]1|spf=pass" },
	/* nobody knows where these end */
	{ "open quote", " a.example; spf=pass; x=pass action=\"c; dkim=pass", AS_ERR_SYNTAX, "[a.example]1|spf=pass" },
	{ "open comment", " a.example; spf=pass; x=pass action=none (c; dkim=pass", AS_ERR_SYNTAX, "[a.example]1|spf=pass" },
	{ "control in quotes", " a.example; x=pass a.b=\"c\x01\"; dkim=pass", AS_ERR_SYNTAX, "[a.example]1" },
	{ "line end without white space", " a.example; spf=pass x\r\na.b=c; dkim=pass", AS_ERR_SYNTAX, "[a.example]1" },
	{ "no id", " spf=pass; dkim=pass", AS_ERR_SYNTAX, "[spf]1" },
	{ "two ids", " evil, a.example; spf=pass", AS_ERR_SYNTAX, "[evil]1" },
};
/* clang-format on */

static void test_parse_lax(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof lax_cases / sizeof lax_cases[0]; i++) {
		struct as_arena *arena = as_arena_new();
		struct as_authres parsed;
		enum as_err err = as_authres_parse_lax(arena, lax_cases[i].in, strlen(lax_cases[i].in), &parsed);
		const char *shown = show(arena, &parsed);
		if (err != lax_cases[i].err || strcmp(shown, lax_cases[i].shown) != 0)
			fail_msg("%s: error %d\n%s\nwanted:\n%s", lax_cases[i].name, (int)err, shown, lax_cases[i].shown);
		as_arena_free(arena);
	}
}

/* What the grammar has is read alike. */
static void test_lax_is_no_other_grammar(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof parse_cases / sizeof parse_cases[0]; i++) {
		struct as_arena *arena = as_arena_new();
		struct as_authres parsed;
		enum as_err err = as_authres_parse_lax(arena, parse_cases[i].in, strlen(parse_cases[i].in), &parsed);
		const char *shown = show(arena, &parsed);
		if (!parse_cases[i].err && (err || strcmp(shown, parse_cases[i].shown) != 0))
			fail_msg("%s: error %d\n%s\nwanted:\n%s", parse_cases[i].name, (int)err, shown, parse_cases[i].shown);
		as_arena_free(arena);
	}
}

/* OpenDMARC 441: a megabyte of a repeated piece after a head: the right error, in bounded memory. */
static void test_parse_is_bounded(void **state)
{
	static const struct {
		const char *name, *head, *piece;
		enum as_err err;
		size_t count;
	} cases[] = {
		{ "results", " a.example", "; spf=pass a.b=c", AS_ERR_LIMIT, AS_AUTHRES_RESULTS_MAX },
		{ "properties", " a.example; spf=pass", " a.b=c", AS_OK, 1 },
		{ "comments", " a.example; spf=pass", " (c)", AS_OK, 1 },
		{ "parentheses", " a.example; spf=pass", "(", AS_ERR_SYNTAX, 0 },
		{ "quotes", " a.example; spf=pass", "\"", AS_ERR_SYNTAX, 0 },
		{ "open quote and quoted pairs", " a.example; spf=pass a.b=\"", "\\\"", AS_ERR_SYNTAX, 0 },
		{ "value", " a.example; spf=pass a.b=", "c", AS_OK, 1 },
		{ "signs @", " a.example; spf=pass a.b=", "@", AS_ERR_SYNTAX, 0 },
		{ "id", " a", "a", AS_ERR_SYNTAX, 0 },
		{ "white space", " ", " ", AS_ERR_SYNTAX, 0 },
	};
	enum { SIZE = 1 << 20, MEMORY_MAX = 9 << 20 };
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct as_arena *arena = as_arena_new();
		struct as_buf text = as_buf_new(arena);
		struct as_authres parsed;
		as_buf_puts(&text, cases[i].head);
		while (text.length < SIZE)
			as_buf_puts(&text, cases[i].piece);
		size_t before = as_arena_size(arena);
		enum as_err err = as_authres_parse(arena, text.text, text.length, &parsed);
		as_authres_claims(arena, text.text, text.length, "mx.example.com");
		if (err != cases[i].err || parsed.count != cases[i].count || as_arena_size(arena) - before > MEMORY_MAX)
			fail_msg("%s: error %d, %zu results, %zu octets", cases[i].name, (int)err, parsed.count,
			  as_arena_size(arena) - before);
		before = as_arena_size(arena);
		as_authres_parse_lax(arena, text.text, text.length, &parsed);
		if (as_arena_size(arena) - before > MEMORY_MAX)
			fail_msg("%s: %zu octets for a lax reading", cases[i].name, as_arena_size(arena) - before);
		as_arena_free(arena);
	}
}

static void test_parse_results(void **state)
{
	static const struct {
		size_t results;
		enum as_err err;
		size_t count;
	} cases[] = {
		{ 1000, AS_OK, 1000 },
		{ 1001, AS_ERR_LIMIT, 1000 },
		{ 10000, AS_ERR_LIMIT, 1000 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct as_arena *arena = as_arena_new();
		struct as_buf text = as_buf_new(arena);
		struct as_authres parsed;
		as_buf_puts(&text, " a.example");
		for (size_t k = 0; k < cases[i].results; k++)
			as_buf_printf(&text, "; m%zu=pass", k);
		enum as_err err = as_authres_parse(arena, text.text, text.length, &parsed);
		if (err != cases[i].err || parsed.count != cases[i].count)
			fail_msg("%zu results: error %d, %zu read", cases[i].results, (int)err, parsed.count);
		as_arena_free(arena);
	}
}

static uint64_t next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static const char *pick(uint64_t *seed, const char *const *words, size_t count)
{
	return words[next_random(seed) % count];
}

#define PICK(seed, words) pick(seed, words, sizeof(words) / sizeof(words)[0])

/* Up to 60 characters that matter to the grammar, or plain ones; all printable. */
static const char *random_value(struct as_arena *arena, uint64_t *seed)
{
	static const char *const pieces[] = { "(", ")", "\"", "\\", ";", " ", "  ", "=", "@", ".", ",", ":", "<", ">", "[", "]", "/", "?",
	  "'", "-",
					      "_", "a", "b", "Z", "7", "example", ".com", "\xc3\xbc", "\xe6\x97\xa5", "\xf0\x9f\x90\x9d",
					        "spf=pass" };
	struct as_buf out = as_buf_new(arena);
	for (uint64_t n = next_random(seed) % 60; n > 0; n--) {
		if (next_random(seed) % 2)
			as_buf_puts(&out, PICK(seed, pieces));
		else
			as_buf_putc(&out, (char)(' ' + next_random(seed) % 95));
	}
	if (out.length > AS_AUTHRES_VALUE_MAX)
		return "x";
	return out.text;
}

static struct as_result random_result(struct as_arena *arena, uint64_t *seed)
{
	static const char *const methods[] = { "spf", "dkim", "dmarc", "arc", "iprev", "x-tls" };
	static const char *const ptypes[] = { "smtp", "header", "policy", "body", "dns" };
	static const char *const names[] = { "mailfrom", "d", "i", "from", "x-y", "rcptto" };
	struct as_result result = { .method = PICK(seed, methods), .code = (enum as_code)(next_random(seed) % AS_CODES) };
	if (next_random(seed) % 2)
		result.reason = random_value(arena, seed);
	if (next_random(seed) % 2)
		result.comment = random_value(arena, seed);
	result.has_dnssec = next_random(seed) % 2;
	result.dnssec = (enum as_dnssec)(next_random(seed) % 4);
	for (size_t n = next_random(seed) % (AS_PROPERTIES_MAX + 1); n > 0; n--) {
		bool is_identity = next_random(seed) % 2;
		(is_identity ? as_result_identity : as_result_property)(&result, PICK(seed, ptypes), PICK(seed, names),
									random_value(arena, seed));
	}
	return result;
}

/* RE-0..RE-3: whatever is written parses back to itself, in lines that no MTA breaks. */
static void test_round_trip(void **state)
{
	enum { ROUNDS = 3000, RESULTS = 5, LINE_MAX_OCTETS = 998 };
	uint64_t seed = 20261122;
	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		struct as_arena *arena = as_arena_new();
		struct as_result results[RESULTS];
		struct as_authres parsed;
		struct as_authres wanted = { random_value(arena, &seed), 1, (size_t)(next_random(&seed) % (RESULTS + 1)), results };
		for (size_t i = 0; i < wanted.count; i++)
			results[i] = random_result(arena, &seed);
		const char *text = as_authres_write(arena, wanted.authserv_id, results, wanted.count, AS_MARK_COMMENT);
		enum as_err err = as_authres_parse(arena, text, strlen(text), &parsed);
		if (err || strcmp(show(arena, &parsed), show(arena, &wanted)) != 0)
			fail_msg("round %d: error %d\n%s\n%s\n%s", round, (int)err, show(arena, &wanted), text, show(arena, &parsed));
		for (const char *line = text; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
			if (strcspn(line, "\n") > LINE_MAX_OCTETS)
				fail_msg("round %d: long line\n%s", round, text);
		as_arena_free(arena);
	}
}

/* The same for every single octet in every place. */
static void test_round_trip_of_each_octet(void **state)
{
	(void)state;
	for (unsigned octet = 0x20; octet < 0x7f; octet++) {
		struct as_arena *arena = as_arena_new();
		struct as_authres parsed;
		const char value[] = { (char)octet, '\0' };
		struct as_result result = { .method = "spf", .code = AS_PASS, .reason = value, .comment = value };
		as_result_identity(&result, "smtp", "mailfrom", value);
		as_result_identity(&result, "smtp", "mailfrom", as_printf(arena, "a@vic%stim.example", value));
		as_result_property(&result, "smtp", "helo", as_printf(arena, "%s%s", value, value));
		struct as_authres wanted = { value, 1, 1, &result };
		const char *text = as_authres_write(arena, value, &result, 1, AS_MARK_PROPERTY);
		if (as_authres_parse(arena, text, strlen(text), &parsed) || strcmp(show(arena, &parsed), show(arena, &wanted)) != 0)
			fail_msg("%02x:\n%s\n%s", octet, text, show(arena, &parsed));
		as_arena_free(arena);
	}
}

/* Whose field it is: authres_status 86, iterate 2340 and Vibe-Trading 1508 took another's for their own. */
/* clang-format off */
static const struct {
	const char *name, *in;
	size_t n; /* 0: strlen(in) */
	bool claims;
} claim_cases[] = {
	{ "plain", " mx.example.com; spf=pass", 0, true },
	{ "no space", "mx.example.com;none", 0, true },
	{ "case", " MX.Example.COM; spf=pass", 0, true },
	{ "id alone", " mx.example.com", 0, true },
	{ "trailing dot", " mx.example.com.; spf=pass", 0, true },
	{ "folded", "\r\n\tmx.example.com\r\n\t;\r\n\tspf=pass", 0, true },
	{ "bare line ends", "\nmx.example.com\n;", 0, true },
	{ "comment before", " (evil.example;) mx.example.com; spf=pass", 0, true },
	{ "nested comment", " (a (b \\) ) c) mx.example.com; spf=pass", 0, true },
	{ "comment after", " mx.example.com(x); spf=pass", 0, true },
	{ "comment inside", " mx(x).example.com; spf=pass", 0, true },
	{ "fold inside", " mx.exam\r\n ple.com; spf=pass", 0, true },
	{ "quoted", " \"mx.example.com\"; spf=pass", 0, true },
	{ "quoted in part", " mx.\"example\".com; spf=pass", 0, true },
	{ "quoted with white space", " \" mx.example.com \"; spf=pass", 0, true },
	{ "quoted pair", " \"mx\\.example\\.com\"; spf=pass", 0, true },
	{ "quoted pair without quotes", " mx\\.example.com; spf=pass", 0, true },
	{ "quoted comment", " \"(x)mx.example.com\"; spf=pass", 0, true },
	{ "quoted, something after a comma", " \"mx.example.com, x\"; spf=pass", 0, true },
	{ "version", " mx.example.com 1; spf=pass", 0, true },
	{ "unsupported version", " mx.example.com 2; spf=pass", 0, true },
	{ "version suffix", " mx.example.com/1; spf=pass", 0, true },
	{ "junk after", " mx.example.com junk = ;;;", 0, true },
	{ "comma after", " mx.example.com, evil.example; spf=pass", 0, true },
	{ "equals after", " mx.example.com=pass", 0, true },
	{ "backslash after", " mx.example.com\\evil; spf=pass", 0, true },
	{ "quoted semicolon after", " mx.example.com\\; evil.example; spf=pass", 0, true },
	{ "U-label after", " mx.example.com\xc3\xa9; spf=pass", 0, true },
	{ "no-break space after", " mx.example.com\xc2\xa0; spf=pass", 0, true },
	{ "ideographic dots", " mx\xe3\x80\x82" "example\xe3\x80\x82" "com; spf=pass", 0, true },
	{ "signs of no host name after", " mx.example.com!evil; spf=pass", 0, true },
	{ "id_evil", " mx.example.com_evil; spf=pass", 0, true },
	{ "apostrophes around", " 'mx.example.com'; spf=pass", 0, true },
	{ "a quote that is none", " mx\\\".example.com; spf=pass", 0, true },
	{ "apostrophe after", " mx.example.com'evil.example; spf=pass", 0, true },
	{ "signs of no host name in quotes", " \"mx.example.com|evil\"; spf=pass", 0, true },
	{ "behind a comment in a comment", " (a (b) mx.example.com; spf=pass ) evil.example; none", 0, true },
	{ "behind a quoted pair in a comment", " (a \\) mx.example.com; spf=pass (b) c) evil.example; none", 0, true },
	{ "the same after another comment", " (x) (a (b) mx.example.com; spf=pass ) evil.example; none", 0, true },
	{ "encoded word inside", " mx.=?utf-8?q?example?=.com; spf=pass", 0, true },
	{ "encoded word alone", " =?utf-8?q?mx.example.com?=; spf=pass", 0, true },
	{ "encoded word in quotes", " \"mx.=?utf-8?q?example?=.com\"; spf=pass", 0, true },
	{ "encoded word ends a comment", " (=?utf-8?q?=29_mx.example.com;_spf=3Dpass?=) evil.example; none", 0, true },
	{ "encoded word behind a backslash", " (\\=?utf-8?q?=29_mx.example.com;_spf=3Dpass?=) evil.example; none", 0, true },
	{ "encoded word in quotes, behind a backslash", " \"\\=?utf-8?q?=22_mx.example.com;_spf=3Dpass?=\"; none", 0, true },
	{ "encoded word in a comment behind", " evil.example (=?utf-8?q?x?=); none", 0, true },
	{ "encoded word behind a quoted semicolon", " \"x;=?utf-8?q?y?=\"; none", 0, true },
	{ "NUL inside", " mx\0.example.com; spf=pass", 26, true },
	{ "NUL after", " mx.example.com\0.evil; spf=pass", 31, true },
	{ "control before", " \x01mx.example.com; spf=pass", 0, true },
	{ "full width letters", " \xef\xbd\x8dx.example.com; spf=pass", 0, true },
	{ "soft hyphen", " m\xc2\xadx.example.com; spf=pass", 0, true },
	{ "empty", "", 0, true },
	{ "white space", " \r\n ", 0, true },
	{ "no id", " ; spf=pass", 0, true },
	{ "id that is none", " =pass", 0, true },
	{ "open quote", " \"evil.example; spf=pass", 0, true },
	{ "open comment", " (evil.example; spf=pass", 0, true },
	{ "open comment after", " evil.example (; spf=pass", 0, true },
	{ "not UTF-8", " m\xffx.example; spf=pass", 0, true },
	{ "RE-12 foreign, version 2", " evil.example 2; spf=pass", 0, true },
	{ "RE-12 foreign, version 10", " evil.example (x)\r\n 10 ; spf=pass", 0, true },
	{ "RE-12 foreign, version 0", " evil.example 0; spf=pass", 0, true },
	{ "foreign", " evil.example; spf=pass", 0, false },
	{ "foreign, version 1", " evil.example 1; spf=pass", 0, false },
	{ "foreign, version 01", " evil.example 01 (x); spf=pass", 0, false },
	{ "foreign of digits", " 2; spf=pass", 0, false },
	{ "foreign, ours inside", " evil.example; spf=pass smtp.mailfrom=mx.example.com; mx.example.com", 0, false },
	{ "id.evil", " mx.example.com.evil; spf=pass", 0, false },
	{ "id-evil", " mx.example.com-evil; spf=pass", 0, false },
	{ "foreign, encoded word in a result", " evil.example; spf=pass reason=\"=?utf-8?q?mx.example.com?=\"", 0, false },
	{ "foreign, no encoded word", " evil.example=x?; spf=pass", 0, false },
	{ "foreign, nested comments", " (a (b) c) evil.example (d (e \\) f)); spf=pass", 0, false },
	{ "signs before", " evil!mx.example.com; spf=pass", 0, false },
	{ "signs in another", " evil!2'x; spf=pass", 0, false },
	{ "foreign, signs before version 1", " evil! 1; spf=pass", 0, false },
	{ "evil, id", " evil, mx.example.com; spf=pass", 0, false },
	{ "evil id", " evil mx.example.com; spf=pass", 0, false },
	{ "evil; id", " evil; mx.example.com; spf=pass", 0, false },
	{ "\"evil; id\"", " \"evil; mx.example.com\"; spf=pass", 0, false },
	{ "\"evil, id\"", " \"evil, mx.example.com\"; spf=pass", 0, false },
	{ "evil.id", " evil.mx.example.com; spf=pass", 0, false },
	{ "parent", " example.com; spf=pass", 0, false },
	{ "in a comment", " evil.example (mx.example.com); spf=pass", 0, false },
	{ "prefix", " mx.example.co; spf=pass", 0, false },
	{ "foreign U-label", " " U "; spf=pass", 0, false },
	{ "foreign U-labels in four pieces", " \xc3\xa4 \xc3\xa4 \xc3\xa4 .example; spf=pass", 0, false },
	{ "in five", " \xc3\xa4 \xc3\xa4 \xc3\xa4 \xc3\xa4 .example; spf=pass", 0, true },
};
/* clang-format on */

static void test_claims(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof claim_cases / sizeof claim_cases[0]; i++) {
		struct as_arena *arena = as_arena_new();
		size_t n = claim_cases[i].n ? claim_cases[i].n : strlen(claim_cases[i].in);
		if (as_authres_claims(arena, claim_cases[i].in, n, "mx.example.com") != claim_cases[i].claims)
			fail_msg("%s: want %d", claim_cases[i].name, claim_cases[i].claims);
		as_arena_free(arena);
	}
}

static void test_claims_other_ids(void **state)
{
	static const struct {
		const char *in, *id;
		bool claims;
	} cases[] = {
		{ " xn--bcher-kva.example; none", U, true },  { " " U "; none", "xn--bcher-kva.example", true },
		{ " B\xc3\x9c" "CHER.example; none", U, true }, { " bucher.example; none", U, false },
		{ " mail1; none", "mail1", true },            { " \"My MX\"; none", "my mx", true },
		{ " my; none", "my mx", false },              { " \"a_b/c\"; none", "a_b/c", true },
	{ " \"my\\ mx\"; none", "my mx", true },     { " \"(x) y\"; none", "(x) y", true },
	{ " a_b; none", "a_c/d", false },              { " mx.example.com; none", "MX.example.com.", true },
		{ " a_b/c; none", "a_b/c", true },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct as_arena *arena = as_arena_new();
		if (as_authres_claims(arena, cases[i].in, strlen(cases[i].in), cases[i].id) != cases[i].claims)
			fail_msg("\"%s\" and %s: want %d", cases[i].in, cases[i].id, cases[i].claims);
		as_arena_free(arena);
	}
}

/* CVE-2024-25768: nothing at all, where others take a pointer for granted. */
static void test_nothing(void **state)
{
	(void)state;
	struct as_arena *arena = as_arena_new();
	struct as_authres parsed;
	assert_int_equal(as_authres_parse(arena, NULL, 0, &parsed), AS_ERR_SYNTAX);
	assert_string_equal(parsed.authserv_id, "");
	assert_true(as_authres_claims(arena, NULL, 0, "mx.example.com"));
	as_arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_write),         cmocka_unit_test(test_write_several),
		cmocka_unit_test(test_parse),         cmocka_unit_test(test_parse_is_bounded),
		cmocka_unit_test(test_parse_lax),     cmocka_unit_test(test_lax_is_no_other_grammar),
		cmocka_unit_test(test_parse_results), cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_round_trip_of_each_octet), cmocka_unit_test(test_claims),
		cmocka_unit_test(test_claims_other_ids), cmocka_unit_test(test_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
