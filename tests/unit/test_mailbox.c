/* SPDX-License-Identifier: BSD-2-Clause */
/* test_mailbox.c - the author of a message and the addresses of the envelope. */
#include "config.h"

#include "mailbox.h"

#include "str.h"

#include <string.h>

#include "test.h"

#define BUECHER "b\xc3\xbc" "cher.example"
#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A992 A64 A64 A64 A64 A64 A64 A64 A64 A64 A64 A64 A64 A64 A64 A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define C8 "(((((((("
#define D8 "))))))))"

struct from_case {
	const char *name;
	const char *in;
	size_t n; /* 0: strlen(in) */
	enum as_from_status status;
	const char *domains; /* joined by spaces */
	const char *reason;
};

/* clang-format off */
static const struct from_case from_cases[] = {
	/* RFC 5322 3.4 */
	{ "addr-spec", " a@victim.example", 0, AS_FROM_ONE, "victim.example", NULL },
	{ "angle-addr", " <a@victim.example>", 0, AS_FROM_ONE, "victim.example", NULL },
	{ "display name", " John Doe <a@victim.example>", 0, AS_FROM_ONE, "victim.example", NULL },
	{ "quoted display name", " \"Doe, John\" <a@victim.example>", 0, AS_FROM_ONE, "victim.example", NULL },
	{ "upper case", " A@Victim.EXAMPLE", 0, AS_FROM_ONE, "victim.example", NULL },
	{ "no space", "a@victim.example", 0, AS_FROM_ONE, "victim.example", NULL },
	{ "all of atext", " !#$%&'*+-/=?^_`{|}~@victim.example", 0, AS_FROM_ONE, "victim.example", NULL },
	{ "folded", " \"John\"\r\n\t<a@victim.example>\r\n ", 0, AS_FROM_ONE, "victim.example", NULL },
	{ "folded inside quotes", " \"John\r\n Doe\" <a@victim.example>", 0, AS_FROM_ONE, "victim.example", NULL },
	{ "lines of white space", " John\r\n \r\n\t\r\n <a@victim.example>", 0, AS_FROM_ONE, "victim.example", NULL },
	{ "white space around @", " a @ victim.example", 0, AS_FROM_ONE, "victim.example", NULL },
	{ "white space inside <>", " < a@victim.example >", 0, AS_FROM_ONE, "victim.example", NULL },
	{ "comments", " (x) John (y (z) \\) ) <a@victim.example> (done)", 0, AS_FROM_ONE, "victim.example", NULL },
	{ "old style name", " a@victim.example (John Doe)", 0, AS_FROM_ONE, "victim.example", NULL },
	{ "comment around @", " a(x)@(y)victim.example", 0, AS_FROM_ONE, "victim.example", NULL },
	{ "comments 32 deep", " " C8 C8 C8 C8 D8 D8 D8 D8 " a@victim.example", 0, AS_FROM_ONE, "victim.example", NULL },
	{ "comments 33 deep", " (" C8 C8 C8 C8 D8 D8 D8 D8 ") a@victim.example", 0, AS_FROM_MALFORMED, "victim.example",
	  "comments nested too deep" },
	{ "underscore", " a@_x.victim.example", 0, AS_FROM_ONE, "_x.victim.example", NULL },
	{ "A-label", " a@XN--bcher-KVA.example", 0, AS_FROM_ONE, "xn--bcher-kva.example", NULL },
	/* DM-1, RFC 6532 */
	{ "DM-1 U-label", " a@" BUECHER, 0, AS_FROM_ONE, "xn--bcher-kva.example", NULL },
	{ "UTF-8 everywhere", " \xc3\x9c \"\xe6\x97\xa5\" <\xf0\x9f\x90\x9d@" BUECHER "> (\xc3\xa4)", 0, AS_FROM_ONE,
	  "xn--bcher-kva.example", NULL },
	{ "not UTF-8", " J\xfcrgen <a@victim.example>", 0, AS_FROM_ONE, "victim.example", NULL },
	{ "not UTF-8 in the domain", " a@b\xfc" "cher.example", 0, AS_FROM_MALFORMED, "", "octets that are not UTF-8" },
	{ "line separator", " x\xe2\x80\xa8 <a@victim.example>", 0, AS_FROM_MALFORMED, "victim.example", "control character" },
	{ "next line", " x\xc2\x85 <a@victim.example>", 0, AS_FROM_MALFORMED, "victim.example", "control character" },
	{ "no-break space", " x\xc2\xa0y <a@victim.example>", 0, AS_FROM_ONE, "victim.example", NULL },
	/* DM-2 */
	{ "DM-2 two domains", " a@victim.example, b@evil.example", 0, AS_FROM_SEVERAL, "victim.example evil.example", "several domains" },
	{ "DM-2 two addresses, one domain", " a@victim.example, B <b@VICTIM.example>", 0, AS_FROM_ONE, "victim.example", NULL },
	{ "U-label and A-label of one domain", " a@" BUECHER ", b@xn--bcher-kva.example", 0, AS_FROM_ONE, "xn--bcher-kva.example", NULL },
	{ "CVE-2019-16378 signed by the second", " <admin@victim.example>, <second@evil.example>", 0, AS_FROM_SEVERAL,
	  "victim.example evil.example", "several domains" },
	{ "ten domains", " a@a.a,a@b.a,a@c.a,a@d.a,a@e.a,a@f.a,a@g.a,a@h.a,a@i.a,a@j.a", 0, AS_FROM_SEVERAL,
	  "a.a b.a c.a d.a e.a f.a g.a h.a", "several domains" },
	{ "empty elements", " , a@victim.example ,, (x),", 0, AS_FROM_ONE, "victim.example", NULL },
	/* CVE-2021-34555: an address without domain at each place */
	{ "CVE-2021-34555 first", " admin, a@victim.example", 0, AS_FROM_MALFORMED, "victim.example", "address without domain" },
	{ "CVE-2021-34555 middle", " a@victim.example, admin, b@evil.example", 0, AS_FROM_MALFORMED, "victim.example evil.example",
	  "address without domain" },
	{ "CVE-2021-34555 last", " a@victim.example, <admin>", 0, AS_FROM_MALFORMED, "victim.example", "address without domain" },
	{ "CVE-2021-34555 nothing after @", " a@victim.example, b@", 0, AS_FROM_MALFORMED, "victim.example", "address without domain" },
	{ "nothing after @, then a comma", " a@, b@victim.example", 0, AS_FROM_MALFORMED, "victim.example", "address without domain" },
	/* RFC 6854 groups */
	{ "group", " Team: a@victim.example, B <b@victim.example>;", 0, AS_FROM_ONE, "victim.example", NULL },
	{ "group of several domains", " Team: a@victim.example, b@evil.example;", 0, AS_FROM_SEVERAL, "victim.example evil.example",
	  "several domains" },
	{ "empty group", " undisclosed-recipients:;", 0, AS_FROM_EMPTY, "", "a group of nobody" },
	{ "empty group of commas", " \"x\" . y: , (c) ,;", 0, AS_FROM_EMPTY, "", "a group of nobody" },
	{ "empty group and an address", " g:;, a@victim.example", 0, AS_FROM_ONE, "victim.example", NULL },
	{ "two groups", " g: a@victim.example;, h: b@evil.example;", 0, AS_FROM_SEVERAL, "victim.example evil.example", "several domains" },
	{ "group without end", " g: a@victim.example", 0, AS_FROM_MALFORMED, "victim.example", "group without end" },
	{ "group without name", " : a@victim.example;", 0, AS_FROM_MALFORMED, "victim.example", "unexpected character" },
	{ "group in a group", " g: h: a@victim.example;;", 0, AS_FROM_MALFORMED, "victim.example", "unexpected character" },
	{ "VU#517845 group named like an address", " a@victim.example: b@evil.example;", 0, AS_FROM_MALFORMED,
	  "victim.example evil.example", "text after an address" },
	{ "VU#517845 text after a group", " g: a@evil.example; b@victim.example", 0, AS_FROM_MALFORMED, "evil.example victim.example",
	  "text after an address" },
	{ "VU#517845 angle-addr after a group", " g:; <b@victim.example>", 0, AS_FROM_MALFORMED, "victim.example",
	  "text after an address" },
	{ "semicolon without group", " a@victim.example;", 0, AS_FROM_MALFORMED, "victim.example", "text after an address" },
	{ "semicolon between addresses", " a@victim.example; b@evil.example", 0, AS_FROM_MALFORMED, "victim.example evil.example",
	  "text after an address" },
	/* DM-5: routes */
	{ "espoofer route portion", " <@evil.example,@any.example:admin@victim.example>", 0, AS_FROM_MALFORMED,
	  "evil.example any.example victim.example", "source route through another domain" },
	{ "VU#517845 route", " <@evil.example:a@victim.example>", 0, AS_FROM_MALFORMED, "evil.example victim.example",
	  "source route through another domain" },
	{ "route of the same domain", " <@victim.example, (x) ,@Victim.example:a@victim.example>", 0, AS_FROM_ONE, "victim.example", NULL },
	{ "route without colon", " <@victim.example a@victim.example>", 0, AS_FROM_MALFORMED, "victim.example", "malformed source route" },
	{ "route outside <>", " @evil.example:a@victim.example", 0, AS_FROM_MALFORMED, "evil.example victim.example",
	  "address without local part" },
	{ "route of nothing", " <,:a@victim.example>", 0, AS_FROM_ONE, "victim.example", NULL },
	/* quoted local parts and quoted pairs */
	{ "OpenDMARC 243 quoted local part", " \"a <b@evil.example>\"@victim.example", 0, AS_FROM_MALFORMED, "victim.example evil.example",
	  "readers may see another address" },
	{ "OpenDMARC 243 in angle brackets", " <\"a <b@evil.example>\"@victim.example>", 0, AS_FROM_MALFORMED, "victim.example evil.example",
	  "readers may see another address" },
	{ "quoted @", " \"a@evil.example\"@victim.example", 0, AS_FROM_MALFORMED, "victim.example evil.example",
	  "readers may see another address" },
	{ "quoted quote", " \"a\\\"@evil.example\"@victim.example", 0, AS_FROM_MALFORMED, "victim.example evil.example",
	  "readers may see another address" },
	{ "local part of 256 octets", " " A64 A64 A64 A64 "@victim.example", 0, AS_FROM_ONE, "victim.example", NULL },
	{ "local part of 257 octets", " <a" A64 A64 A64 A64 "@victim.example>", 0, AS_FROM_MALFORMED, "victim.example", "local part too long" },
	{ "quoted specials", " \"a,;<>()[]:\\\"\"@victim.example", 0, AS_FROM_ONE, "victim.example", NULL },
	{ "quoted backslash ends", " \"a\\\\\"@victim.example", 0, AS_FROM_ONE, "victim.example", NULL },
	{ "empty quoted local part", " \"\"@victim.example", 0, AS_FROM_ONE, "victim.example", NULL },
	{ "obs-local-part", " a . \"b\" (x) .c@victim.example", 0, AS_FROM_ONE, "victim.example", NULL },
	{ "dots in a local part", " .a..b.@victim.example", 0, AS_FROM_ONE, "victim.example", NULL },
	{ "address in a display name, quoted", " \"a@evil.example\" <a@victim.example>", 0, AS_FROM_ONE, "victim.example", NULL },
	{ "dots in a display name", " John Q. Public Jr. <a@victim.example>", 0, AS_FROM_ONE, "victim.example", NULL },
	{ "dot first in a display name", " .John <a@victim.example>", 0, AS_FROM_ONE, "victim.example", NULL },
	{ "word beside a quoted word", " a\"b\"@victim.example", 0, AS_FROM_MALFORMED, "victim.example", "text before an address" },
	{ "quoted word beside a word", " \"b\"a@victim.example", 0, AS_FROM_MALFORMED, "victim.example", "text before an address" },
	{ "two words before @", " evil a@victim.example", 0, AS_FROM_MALFORMED, "victim.example", "text before an address" },
	{ "unclosed quote", " \"John <a@victim.example>", 0, AS_FROM_MALFORMED, "victim.example", "quoted string without end" },
	{ "backslash last", " \"John\\", 0, AS_FROM_MALFORMED, "", "quoted string without end" },
	{ "backslash before a fold", " \"J\\\r\n x\" <a@victim.example>", 0, AS_FROM_MALFORMED, "victim.example",
	  "quoted string without end" },
	{ "quoted pair of a space", " \"J\\ x\" (\\ ) <a@victim.example>", 0, AS_FROM_ONE, "victim.example", NULL },
	/* the espoofer rows */
	{ "espoofer quoted pair", " <admin@victim.example>\\, <second@evil.example>", 0, AS_FROM_MALFORMED, "victim.example evil.example",
	  "text after an address" },
	{ "espoofer precedence", " admin@victim.example,<second@evil.example>", 0, AS_FROM_SEVERAL, "victim.example evil.example",
	  "several domains" },
	{ "espoofer trailing text", " <second@evil.example>admin@victim.example", 0, AS_FROM_MALFORMED, "evil.example victim.example",
	  "text after an address" },
	{ "espoofer trailing word", " <a@evil.example> victim.example", 0, AS_FROM_MALFORMED, "evil.example", "text after an address" },
	{ "espoofer base64 address and another", " =?utf-8?B?PGFkbWluQHZpY3RpbS5leGFtcGxlPg==?=, <second@evil.example>", 0,
	  AS_FROM_MALFORMED, "evil.example", "address without domain" },
	{ "espoofer base64 address as name", " =?utf-8?B?PGFkbWluQHZpY3RpbS5leGFtcGxlPg==?= <second@evil.example>", 0, AS_FROM_ONE,
	  "evil.example", NULL },
	{ "encoded local part", " =?utf-8?B?YUB2aWN0aW0uZXhhbXBsZQ==?=@evil.example", 0, AS_FROM_MALFORMED, "evil.example",
	  "encoded word in an address" },
	{ "encoded local part, quoted", " <\"=?utf-8?Q?a=40victim.example=3e?=\"@evil.example>", 0, AS_FROM_MALFORMED, "evil.example",
	  "encoded word in an address" },
	{ "espoofer NUL", " <admin@victim.example\0@evil.example>", 37, AS_FROM_MALFORMED, "victim.example evil.example",
	  "control character" },
	{ "NUL in a name", " \"x\0y\" <a@victim.example>", 25, AS_FROM_MALFORMED, "victim.example", "control character" },
	{ "comment with an address", " a@evil.example (<b@victim.example>)", 0, AS_FROM_MALFORMED, "evil.example victim.example",
	  "comment naming another domain" },
	{ "comment with an address first", " (b@victim.example) a@evil.example", 0, AS_FROM_MALFORMED, "victim.example evil.example",
	  "comment naming another domain" },
	{ "comment with the same domain", " a@victim.example (a@victim.example)", 0, AS_FROM_ONE, "victim.example", NULL },
	{ "comment inside the domain", " a@victim.example(x).evil.example", 0, AS_FROM_MALFORMED, "victim.example",
	  "text after an address" },
	{ "white space inside the domain", " a@victim.example .evil.example", 0, AS_FROM_MALFORMED, "victim.example",
	  "text after an address" },
	{ "white space after a dot", " a@victim. example", 0, AS_FROM_MALFORMED, "", "not a domain name" },
	/* What the grammar allows and readers take apart in different ways: next to it, no "@" but the address's own. */
	{ "mutt unquotes, then ends at the comma", " \"a@victim.example,\"@evil.example", 0, AS_FROM_MALFORMED,
	  "evil.example victim.example", "readers may see another address" },
	{ "mutt, in angle brackets", " x <\"a@victim.example;\"@evil.example>", 0, AS_FROM_MALFORMED, "evil.example victim.example",
	  "readers may see another address" },
	{ "CVE-2025-13033 Nodemailer", " \"a@victim.example x\"@evil.example", 0, AS_FROM_MALFORMED, "evil.example victim.example",
	  "readers may see another address" },
	{ "quoted @ of the same domain", " \"a@victim.example\"@victim.example", 0, AS_FROM_MALFORMED, "victim.example",
	  "readers may see another address" },
	{ "Roundcube, space inside <>", " \"a@victim.example\" < b@evil.example>", 0, AS_FROM_MALFORMED, "evil.example victim.example",
	  "readers may see another address" },
	{ "Roundcube, space before >", " \"a@victim.example\" <b@evil.example >", 0, AS_FROM_MALFORMED, "evil.example victim.example",
	  "readers may see another address" },
	{ "Roundcube, space before @", " \"a@victim.example\" <b @evil.example>", 0, AS_FROM_MALFORMED, "evil.example victim.example",
	  "readers may see another address" },
	{ "Roundcube, fold after @", " \"a@victim.example\" <b@\r\n evil.example>", 0, AS_FROM_MALFORMED, "evil.example victim.example",
	  "readers may see another address" },
	{ "Roundcube, quoted pair in the name", " \"a@victim\\.example\" < b@evil.example>", 0, AS_FROM_MALFORMED, "evil.example",
	  "readers may see another address" },
	{ "Roundcube, encoded name and space", " =?utf-8?q?a=40victim.example?= <b @ evil.example>", 0, AS_FROM_MALFORMED, "evil.example",
	  "readers may see another address" },
	{ "Roundcube, encoded word in quotes and space", " \"a=?utf-8?q?a=40victim.example?=\" < b@evil.example>", 0, AS_FROM_MALFORMED,
	  "evil.example", "readers may see another address" },
	{ "Roundcube, encoded word at the bracket", " =?utf-8?q?a=40victim.example?=<b@evil.example >", 0, AS_FROM_MALFORMED, "evil.example",
	  "readers may see another address" },
	{ "Roundcube, quoted local part of a space", " \"=?utf-8?q?a=40victim.example?=\"y <\" \"@evil.example>", 0, AS_FROM_MALFORMED,
	  "evil.example", "readers may see another address" },
	{ "encoded word in quotes and two dots", " \"=?utf-8?q?x?=\" <b..c@evil.example>", 0, AS_FROM_ONE, "evil.example", NULL },
	{ "encoded word and space", " =?utf-8?q?a=40victim.example?= < b@evil.example >", 0, AS_FROM_ONE, "evil.example", NULL },
	{ "space inside <>, @ of the same domain", " \"a@victim.example\" < a@Victim.example >", 0, AS_FROM_ONE, "victim.example", NULL },
	{ "Roundcube, words of a local part", " \"a@victim.example\" . b@evil.example", 0, AS_FROM_MALFORMED,
	  "evil.example victim.example", "readers may see another address" },
	{ "Thunderbird, quote in a comment", " (\") \") <a@victim.example>, \" <b@evil.example>", 0, AS_FROM_MALFORMED,
	  "evil.example victim.example", "readers may see another address" },
	{ "Thunderbird, bracket in a comment", " ([) \"]) <a@victim.example>, \" <b@evil.example>", 0, AS_FROM_MALFORMED,
	  "evil.example victim.example", "readers may see another address" },
	{ "Thunderbird, =? that is no word", " =?x \"Z <a@victim.example>, =?utf-8?q?1?=\" <b@evil.example>", 0, AS_FROM_MALFORMED,
	  "evil.example victim.example", "readers may see another address" },
	{ "Thunderbird, a word around a quote", " =?u?q? <b@evil.example>, \"?= <a@victim.example>, \" <b@evil.example>", 0,
	  AS_FROM_MALFORMED, "evil.example victim.example", "readers may see another address" },
	{ "=? in the local part, no word ends behind it", " \"x?=\" <=?=?@victim.example>", 0, AS_FROM_ONE, "victim.example", NULL },
	{ "Thunderbird cuts the address", " =?x@victim.example.evil.example (=?utf-8?q?x?=)", 0, AS_FROM_MALFORMED,
	  "victim.example.evil.example", "encoded word in an address" },
	{ "=? without a charset", " =??q?x?= \"a@victim.example\" <b@evil.example>", 0, AS_FROM_MALFORMED, "evil.example victim.example",
	  "readers may see another address" },
	{ "=? with a strange encoding", " =?utf-8?x?x?= \"a@victim.example\" <b@evil.example>", 0, AS_FROM_MALFORMED,
	  "evil.example victim.example", "readers may see another address" },
	{ "=? and the end", " \"a@victim.example\" =?<b@evil.example>", 0, AS_FROM_MALFORMED, "evil.example victim.example",
	  "readers may see another address" },
	{ "encoded words and a quoted address", " =?utf-8?Q?J=FC_x.?= =?ISO-8859-1*de?b?eA==?= \"a@victim.example\" <b@evil.example>", 0,
	  AS_FROM_ONE, "evil.example", NULL },
	{ "a quoted word of a broken kind", " \"=?utf-8?q?Doe, J?=\" <b@evil.example>", 0, AS_FROM_ONE, "evil.example", NULL },
	{ "group named with an address", " \"a@victim.example\": b@evil.example;", 0, AS_FROM_MALFORMED, "evil.example victim.example",
	  "readers may see another address" },
	{ "quoted address in a group", " g: \"a@victim.example\" <b@evil.example>;", 0, AS_FROM_MALFORMED,
	  "evil.example victim.example", "readers may see another address" },
	{ "Email::Address, dot before @", " \"a@victim.example\" <b.@evil.example>", 0, AS_FROM_MALFORMED, "evil.example victim.example",
	  "readers may see another address" },
	{ "Email::Address, two dots", " \"a@victim.example\" <b..c@evil.example>", 0, AS_FROM_MALFORMED, "evil.example victim.example",
	  "readers may see another address" },
	{ "Email::Address, empty quotes", " \"a@victim.example\"\"\" <b@evil.example>", 0, AS_FROM_MALFORMED,
	  "evil.example victim.example", "readers may see another address" },
	{ "route beside a quoted address", " \"a@victim.example\" <@evil.example:b@evil.example>", 0, AS_FROM_MALFORMED,
	  "evil.example victim.example", "readers may see another address" },
	{ "comment beside a quoted address", " \"a@victim.example\" <b@evil.example> (x)", 0, AS_FROM_MALFORMED,
	  "evil.example victim.example", "readers may see another address" },
	{ "comment with an escaped address", " b@evil.example (a@victim\\.example)", 0, AS_FROM_MALFORMED, "evil.example",
	  "readers may see another address" },
	{ "comment with the domain and more", " b@evil.example (b@evil.example .victim.example)", 0, AS_FROM_MALFORMED, "evil.example",
	  "readers may see another address" },
	{ "comment with the domain in brackets", " b@evil.example (<b@evil.example>)", 0, AS_FROM_ONE, "evil.example", NULL },
	{ "comment with a handle", " b@evil.example (@jane)", 0, AS_FROM_ONE, "evil.example", NULL },
	{ "comment with a handle before the address", " Jane (@jane-d_1) <b@evil.example>", 0, AS_FROM_ONE, "evil.example", NULL },
	{ "comment with a sign between words", " b@evil.example (Jane @ the office)", 0, AS_FROM_ONE, "evil.example", NULL },
	{ "comment with a sign and a dot", " b@evil.example (Jane @ victim.\r\n example)", 0, AS_FROM_MALFORMED, "evil.example",
	  "readers may see another address" },
	{ "comment with a sign and an escape", " b@evil.example (@victim\\.example)", 0, AS_FROM_MALFORMED, "evil.example",
	  "readers may see another address" },
	{ "comment with a sign and a wide dot", " b@evil.example (@victim\xe3\x80\x82" "example)", 0, AS_FROM_MALFORMED,
	  "evil.example victim.example", "comment naming another domain" },
	{ "comment with a handle, and quotes", " \"Jane\" <b@evil.example> (@jane)", 0, AS_FROM_MALFORMED, "evil.example",
	  "readers may see another address" },
	{ "comment with a handle, and a backslash", " (\\)) b@evil.example (@jane)", 0, AS_FROM_MALFORMED, "evil.example",
	  "readers may see another address" },
	{ "comment with a handle behind a hyphen", " b@evil.example (a-@jane)", 0, AS_FROM_MALFORMED, "evil.example",
	  "readers may see another address" },
	{ "comment with a comment and a handle", " b@evil.example (x (@jane) y)", 0, AS_FROM_ONE, "evil.example", NULL },
	{ "comment with a handle and a comment", " b@evil.example (@jane (x))", 0, AS_FROM_MALFORMED, "evil.example",
	  "readers may see another address" },
	{ "comment with an address of one label", " b@evil.example (jane@corp)", 0, AS_FROM_MALFORMED, "evil.example",
	  "readers may see another address" },
	{ "comment with a sign at its end", " b@evil.example (@) .victim.example", 0, AS_FROM_MALFORMED, "evil.example",
	  "text after an address" },
	{ "comment with a sign, a dot behind it", " \"x\" (@victim) .example <b@evil.example >", 0, AS_FROM_MALFORMED, "evil.example",
	  "readers may see another address" },
	{ "U-label with a comment", " a@" BUECHER " (x)", 0, AS_FROM_ONE, "xn--bcher-kva.example", NULL },
	{ "Google Groups", " \"'a@victim.example' via List\" <list@evil.example>", 0, AS_FROM_ONE, "evil.example", NULL },
	{ "help desk", " \"Jane <a@victim.example>\" <desk@evil.example>", 0, AS_FROM_ONE, "evil.example", NULL },
	/* what the eye takes for another domain */
	{ "Weak Links right-to-left override", " \xe2\x80\xaemoc.mitciv@ecila.example", 0, AS_FROM_MALFORMED, "ecila.example",
	  "disguised address" },
	{ "U+2067 in a quoted local part", " <\"x\xe2\x81\xa7\"@evil.example>", 0, AS_FROM_MALFORMED, "evil.example",
	  "disguised address" },
	{ "U+200F in the local part", " <x\xe2\x80\x8f@evil.example>", 0, AS_FROM_MALFORMED, "evil.example", "disguised address" },
	{ "U+061C in the local part", " <x\xd8\x9c@evil.example>", 0, AS_FROM_MALFORMED, "evil.example", "disguised address" },
	{ "U+FF20 in the local part", " <a\xef\xbc\xa0victim.example@evil.example>", 0, AS_FROM_MALFORMED, "evil.example",
	  "disguised address" },
	{ "U+FE6B in the local part", " a\xef\xb9\xabvictim.example@evil.example", 0, AS_FROM_MALFORMED, "evil.example",
	  "disguised address" },
	{ "their neighbours", " <\xd8\x9b\xd8\x9d\xe2\x80\x8d\xe2\x80\x90\xe2\x80\xaf\xe2\x81\xa5\xe2\x81\xaa\xef\xb9\xaa\xef\xbc\x9f\xef\xbc\xa1"
	  "@victim.example>", 0, AS_FROM_ONE, "victim.example", NULL },
	{ "U+202E in the domain", " a@\xe2\x80\xaex.example", 0, AS_FROM_MALFORMED, "", "not a domain name" },
	{ "digits of another script", " a@192.0.2.\xef\xbc\x91", 0, AS_FROM_MALFORMED, "", "address in place of a domain" },
	{ "U+FF20 in the domain", " a@victim.example\xef\xbc\xa0" "evil.example", 0, AS_FROM_MALFORMED, "", "not a domain name" },
	{ "direction marks in a name", " \xe2\x80\xab\xd7\x90\xe2\x80\xac <a@victim.example>", 0, AS_FROM_ONE, "victim.example", NULL },
	/* RFC 5322 2.1.1: Postfix breaks such a line on the way to the next host. */
	{ "line of 991 octets", " x\r\n " A64 A64 A64 A64 A64 A64 A64 A64 A64 A64 A64 A64 A64 A64 A64 "aaaaaaaaaaa <a@victim.example>\r\n\t(x)", 0,
	  AS_FROM_ONE, "victim.example", NULL },
	{ "line of 992 octets", " x\r\n " A64 A64 A64 A64 A64 A64 A64 A64 A64 A64 A64 A64 A64 A64 A64 "aaaaaaaaaaaa <a@victim.example>\r\n\t(x)", 0,
	  AS_FROM_MALFORMED, "victim.example", "line too long" },
	{ "a line that breaks within the domain", " \"" A992 "\" <b@victim.example.evil.example>", 0, AS_FROM_MALFORMED,
	  "victim.example.evil.example", "line too long" },
	{ "a long line in another character set", " \xe9" A992 " <b@victim.example.evil.example>", 0, AS_FROM_MALFORMED,
	  "victim.example.evil.example", "line too long" },
	/* unbalanced */
	{ "OpenDMARC 174 user@victim>", " user@victim.example>", 0, AS_FROM_MALFORMED, "victim.example", "text after an address" },
	{ "<user@victim", " <user@victim.example", 0, AS_FROM_MALFORMED, "victim.example", "angle bracket without end" },
	{ "<<user@victim>>", " <<user@victim.example>>", 0, AS_FROM_MALFORMED, "victim.example", "address without domain" },
	{ "two angle-addrs", " <a@victim.example><b@evil.example>", 0, AS_FROM_MALFORMED, "victim.example evil.example",
	  "text after an address" },
	{ "missing comma", " a@victim.example b@evil.example", 0, AS_FROM_MALFORMED, "victim.example evil.example",
	  "text after an address" },
	/* broken names before an address that leaves no doubt */
	{ "address as an unquoted name", " a@victim.example <a@victim.example>", 0, AS_FROM_ONE, "victim.example", NULL },
	{ "other case of the domain", " a@Victim.Example <b@victim.example>", 0, AS_FROM_ONE, "victim.example", NULL },
	{ "unquoted comma", " Doe, John <a@victim.example>", 0, AS_FROM_ONE, "victim.example", NULL },
	{ "folded unquoted comma", " Doe,\r\n John <a@victim.example>", 0, AS_FROM_ONE, "victim.example", NULL },
	{ "comma in an encoded word", " =?UTF-8?Q?D=C3=B6,=20John?= <a@victim.example>", 0, AS_FROM_ONE, "victim.example", NULL },
	{ "comma and spaces in an encoded word", " X =?UTF-8?q?D=C3=B6, John?=\r\n <a@victim.example>", 0, AS_FROM_ONE, "victim.example", NULL },
	{ "comma behind an encoded word", " =?utf-8?q?a=40victim.example?=, x <b@evil.example>", 0, AS_FROM_MALFORMED, "evil.example",
	  "address without domain" },
	{ "comma in two encoded words", " =?utf-8?q?,?= =?utf-8?q?a=40victim.example?= =?utf-8?q?,?= <b@evil.example>", 0, AS_FROM_MALFORMED,
	  "evil.example", "address without domain" },
	{ "comma in an encoded word, quoted", " =?utf-8?q?a,\"?=\" <b@evil.example>", 0, AS_FROM_MALFORMED, "evil.example",
	  "address without domain" },
	{ "comma in a word of no encoding", " =?utf-8?z?a,b?= <b@evil.example>", 0, AS_FROM_MALFORMED, "evil.example",
	  "address without domain" },
	{ "comma in a word without end", " =?utf-8?q?a,b <b@evil.example>", 0, AS_FROM_MALFORMED, "evil.example",
	  "address without domain" },
	{ "Latin-1 name", " Ren\xe9 <a@victim.example>", 0, AS_FROM_ONE, "victim.example", NULL },
	{ "unquoted name and a word", " a@victim.exam ple <b@victim.exam>", 0, AS_FROM_MALFORMED, "victim.exam", "text after an address" },
	{ "unquoted name and a dot", " a@victim.example .evil.example <b@victim.example>", 0, AS_FROM_MALFORMED, "victim.example",
	  "text after an address" },
	{ "unquoted names", " Doe, a@victim.example , J <b@victim.example>", 0, AS_FROM_ONE, "victim.example", NULL },
	{ "Latin-1 name in quotes", " \"Doe, Ren\xe9 (x)\" <a@victim.example>", 0, AS_FROM_ONE, "victim.example", NULL },
	{ "GBK name in quotes, folded", " \"\xd5\xc5\xc8\xfd\"\r\n <a@victim.example>", 0, AS_FROM_ONE, "victim.example", NULL },
	{ "Latin-1 name in quotes, the same domain", " \"\xe9 a@victim.example\" <a@victim.example>", 0, AS_FROM_ONE, "victim.example", NULL },
	{ "Latin-1 name in quotes, another domain", " \"\xe9 a@victim.example\" <b@evil.example>", 0, AS_FROM_MALFORMED,
	  "victim.example evil.example", "octets that are not UTF-8" },
	{ "Shift-JIS name that ends in a backslash", " \"\x95\\\" <b@evil.example>", 0, AS_FROM_MALFORMED, "evil.example",
	  "octets that are not UTF-8" },
	{ "Latin-1 name in two pairs of quotes", " \"\xe9\" \"x\" <b@evil.example>", 0, AS_FROM_MALFORMED, "evil.example",
	  "octets that are not UTF-8" },
	{ "Latin-1 name after a quote", " \"\xe9 <b@evil.example>", 0, AS_FROM_MALFORMED, "evil.example", "octets that are not UTF-8" },
	{ "Latin-1 and an encoded word in quotes", " \"\xe9 =?utf-8?q?a,b?=\" <b@evil.example>", 0, AS_FROM_MALFORMED, "evil.example",
	  "octets that are not UTF-8" },
	{ "another domain as an unquoted name", " a@evil.example <a@victim.example>", 0, AS_FROM_MALFORMED,
	  "evil.example victim.example", "text after an address" },
	{ "a longer domain as an unquoted name", " a@victim.example.evil.example <a@victim.example>", 0, AS_FROM_MALFORMED,
	  "victim.example.evil.example victim.example", "text after an address" },
	{ "a shorter domain as an unquoted name", " a@victim <a@victim.example>", 0, AS_FROM_MALFORMED, "victim.example",
	  "domain of a single label" },
	{ "broken name, two addresses", " Doe, John <a@victim.example>, <b@victim.example>", 0, AS_FROM_MALFORMED, "victim.example",
	  "address without domain" },
	{ "broken name, text after", " [x] <a@victim.example> y", 0, AS_FROM_MALFORMED, "victim.example", "unexpected character" },
	{ "broken name with a comment", " [x] (y) <a@victim.example>", 0, AS_FROM_MALFORMED, "victim.example",
	  "unexpected character" },
	{ "broken name with a quote", " [x] \"y <a@victim.example>", 0, AS_FROM_MALFORMED, "victim.example", "unexpected character" },
	{ "Latin-1 in the address", " <Ren\xe9@victim.example>", 0, AS_FROM_MALFORMED, "victim.example", "octets that are not UTF-8" },
	{ "broken name with ESC", " [x]\033 <a@victim.example>", 0, AS_FROM_MALFORMED, "victim.example", "control character" },
	{ "broken name with U+2028", " [x]\xe2\x80\xa8 <a@victim.example>", 0, AS_FROM_MALFORMED, "victim.example",
	  "control character" },
	{ "Latin-1 name with C1", " [x]\xe9 \033 <a@victim.example>", 0, AS_FROM_MALFORMED, "victim.example",
	  "octets that are not UTF-8" },
	{ "list inside <>", " <a@victim.example,b@evil.example>", 0, AS_FROM_MALFORMED, "victim.example evil.example",
	  "angle bracket without end" },
	{ "unclosed comment", " a@victim.example (x", 0, AS_FROM_MALFORMED, "victim.example", "comment without end" },
	{ "unclosed comment hides an address", " a@victim.example (x, b@evil.example", 0, AS_FROM_MALFORMED,
	  "victim.example evil.example", "comment without end" },
	{ "comment ends with a backslash", " a@victim.example (x\\", 0, AS_FROM_MALFORMED, "victim.example", "comment without end" },
	{ "comment closed by a quoted pair only", " a@victim.example (x\\)", 0, AS_FROM_MALFORMED, "victim.example",
	  "comment without end" },
	{ "parenthesis closes nothing", " a@victim.example )", 0, AS_FROM_MALFORMED, "victim.example", "text after an address" },
	{ "brackets in a name", " [List] x <a@victim.example>", 0, AS_FROM_ONE, "victim.example", NULL },
	{ "two @", " a@b@victim.example", 0, AS_FROM_MALFORMED, "victim.example", "domain of a single label" },
	{ "two @, two domains", " a@evil.example@victim.example", 0, AS_FROM_MALFORMED, "evil.example victim.example",
	  "text after an address" },
	/* nothing */
	{ "empty", "", 0, AS_FROM_MALFORMED, "", "no address" },
	{ "white space", " \r\n ", 0, AS_FROM_MALFORMED, "", "no address" },
	{ "comment alone", " (x)", 0, AS_FROM_MALFORMED, "", "no address" },
	{ "commas", " ,,", 0, AS_FROM_MALFORMED, "", "no address" },
	{ "null path", " <>", 0, AS_FROM_MALFORMED, "", "address without domain" },
	{ "name and null path", " MAILER-DAEMON <>", 0, AS_FROM_MALFORMED, "", "address without domain" },
	{ "word", " root", 0, AS_FROM_MALFORMED, "", "address without domain" },
	{ "no local part", " @victim.example", 0, AS_FROM_MALFORMED, "victim.example", "address without local part" },
	{ "no local part in <>", " <.@victim.example>", 0, AS_FROM_MALFORMED, "victim.example", "address without local part" },
	/* DM-6 */
	{ "DM-6 address literal", " a@[192.0.2.1]", 0, AS_FROM_MALFORMED, "", "address literal" },
	{ "DM-6 address literal, IPv6", " <a@[IPv6:2001:db8::1]>", 0, AS_FROM_MALFORMED, "", "address literal" },
	{ "DM-6 address without brackets", " a@192.0.2.1", 0, AS_FROM_MALFORMED, "", "address in place of a domain" },
	{ "DM-6 single label", " a@localhost", 0, AS_FROM_MALFORMED, "", "domain of a single label" },
	{ "single label beside a domain", " a@localhost, b@victim.example", 0, AS_FROM_MALFORMED, "victim.example",
	  "domain of a single label" },
	/* CVE-2020-12272: signs in the domain */
	{ "CVE-2020-12272 single quote", " a@victim'x.example", 0, AS_FROM_MALFORMED, "", "not a domain name" },
	{ "CVE-2020-12272 double quote", " a@victim.example\"x", 0, AS_FROM_MALFORMED, "victim.example", "text after an address" },
	{ "CVE-2020-12272 parenthesis", " a@victim.example(.evil.example", 0, AS_FROM_MALFORMED, "victim.example", "comment without end" },
	{ "CVE-2020-12272 backslash", " a@victim.example\\.evil.example", 0, AS_FROM_MALFORMED, "victim.example", "text after an address" },
	{ "percent", " a@vic%tim.example", 0, AS_FROM_MALFORMED, "", "not a domain name" },
	{ "trailing dot", " a@victim.example.", 0, AS_FROM_MALFORMED, "victim.example", "not a domain name" },
	{ "two dots", " a@victim..example", 0, AS_FROM_MALFORMED, "", "not a domain name" },
	{ "leading dot", " a@.victim.example", 0, AS_FROM_MALFORMED, "", "not a domain name" },
	/* octets */
	{ "bare CR", " a@victim.example\r, b@evil.example", 0, AS_FROM_MALFORMED, "victim.example evil.example", "bare CR or LF" },
	{ "bare LF", " a@victim.example\n b", 0, AS_FROM_MALFORMED, "victim.example", "bare CR or LF" },
	{ "CRLF without white space", " a@victim.example\r\nFrom: b@evil.example", 0, AS_FROM_MALFORMED, "victim.example evil.example",
	  "bare CR or LF" },
	{ "CRLF at the end", " a@victim.example\r\n", 0, AS_FROM_MALFORMED, "victim.example", "bare CR or LF" },
	{ "escape", " \x1b <a@victim.example>", 0, AS_FROM_MALFORMED, "victim.example", "control character" },
	{ "vertical tab", " x\v<a@victim.example>", 0, AS_FROM_MALFORMED, "victim.example", "control character" },
	{ "DEL", " x\x7f <a@victim.example>", 0, AS_FROM_MALFORMED, "victim.example", "control character" },
};
/* clang-format on */

static const char *join_domains(struct as_arena *arena, const struct as_from *from)
{
	struct as_buf out = as_buf_new(arena);
	for (size_t i = 0; i < from->count; i++)
		as_buf_printf(&out, "%s%s", i ? " " : "", from->domains[i]);
	return out.text;
}

static void check_from(struct as_arena *arena, const struct from_case *c, const struct as_from *from)
{
	const char *domains = join_domains(arena, from);
	const char *reason = from->reason ? from->reason : "-";
	bool is_one = from->status == AS_FROM_ONE;
	if (from->status != c->status || strcmp(domains, c->domains) != 0 || strcmp(reason, c->reason ? c->reason : "-") != 0)
		fail_msg("%s: status %d, domains \"%s\", reason \"%s\"", c->name, (int)from->status, domains, reason);
	if (is_one != (from->domain != NULL) || (is_one && strcmp(from->domain, c->domains) != 0))
		fail_msg("%s: Author Domain %s", c->name, from->domain ? from->domain : "-");
}

static void test_from_parse(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof from_cases / sizeof from_cases[0]; i++) {
		const struct from_case *c = &from_cases[i];
		struct as_arena *arena = as_arena_new();
		struct as_from from;
		as_from_parse(arena, c->in, c->n ? c->n : strlen(c->in), &from);
		check_from(arena, c, &from);
		as_arena_free(arena);
	}
}

static void test_from_parse_null(void **state)
{
	(void)state;
	struct as_arena *arena = as_arena_new();
	struct as_from from;
	as_from_parse(arena, NULL, 0, &from);
	assert_int_equal(from.status, AS_FROM_MALFORMED);
	as_arena_free(arena);
}

struct judge_case {
	struct from_case expected; /* `in` is not used */
	const char *header; /* fields divided by "|" */
	size_t n;           /* 0: strlen(header) */
	size_t most_bytes;  /* 0: no cap that matters */
};

/* clang-format off */
static const struct judge_case judge_cases[] = {
	{ { "one", "", 0, AS_FROM_ONE, "victim.example", NULL }, "To: x@y.example|FROM: a@victim.example|Sender: e@evil.example", 0, 0 },
	{ { "none", "", 0, AS_FROM_MISSING, "", "no From field" },
	  "To: x@y.example|Sender: a@victim.example|Resent-From: a@victim.example", 0, 0 },
	{ { "no fields", "", 0, AS_FROM_MISSING, "", "no From field" }, "", 0, 0 },
	{ { "two", "", 0, AS_FROM_REPEATED, "evil.example victim.example", "2 From fields" },
	  "From: a@evil.example|From: b@victim.example", 0, 0 },
	{ { "two, one domain", "", 0, AS_FROM_REPEATED, "victim.example", "2 From fields" },
	  "From: a@victim.example|From: b@victim.example", 0, 0 },
	{ { "espoofer space-ended", "", 0, AS_FROM_REPEATED, "victim.example evil.example", "2 From fields" },
	  "From : a@victim.example|From: b@evil.example", 0, 0 },
	{ { "espoofer space-led", "", 0, AS_FROM_REPEATED, "victim.example evil.example", "2 From fields" },
	  " From: a@victim.example|From: b@evil.example", 0, 0 },
	{ { "espoofer folded", "", 0, AS_FROM_REPEATED, "victim.example evil.example", "2 From fields" },
	  "From\r\n : a@victim.example|From: b@evil.example", 0, 0 },
	{ { "NUL in the name", "", 0, AS_FROM_REPEATED, "victim.example evil.example", "2 From fields" },
	  "From\0: a@victim.example|From: b@evil.example", 45, 0 },
	{ { "white space before the colon", "", 0, AS_FROM_ONE, "victim.example", NULL }, "From \t: a@victim.example", 0, 0 },
	{ { "space-led alone", "", 0, AS_FROM_MALFORMED, "victim.example", "malformed name of the From field" },
	  " From: a@victim.example", 0, 0 },
	{ { "control in the name", "", 0, AS_FROM_MALFORMED, "victim.example", "malformed name of the From field" },
	  "Fr\x01om: a@victim.example", 0, 0 },
	{ { "malformed", "", 0, AS_FROM_MALFORMED, "victim.example", "text after an address" }, "From: a@victim.example>", 0, 0 },
	{ { "empty group", "", 0, AS_FROM_EMPTY, "", "a group of nobody" }, "From: x:;", 0, 0 },
	{ { "empty", "", 0, AS_FROM_MALFORMED, "", "no address" }, "From:", 0, 0 },
	{ { "several", "", 0, AS_FROM_SEVERAL, "a.example b.example", "several domains" }, "From: a@a.example, b@b.example", 0, 0 },
	{ { "header cut after From", "", 0, AS_FROM_MALFORMED, "victim.example", "header too large to be judged" },
	  "From: a@victim.example|Subject: x", 0, 25 },
	{ { "header cut at From", "", 0, AS_FROM_MALFORMED, "", "header too large to be judged" }, "Subject: x|From: a@victim.example", 0, 20 },
	{ { "two, and header cut", "", 0, AS_FROM_MALFORMED, "a.example b.example", "header too large to be judged" },
	  "From: a@a.example|From: b@b.example|Subject: x", 0, 35 },
	{ { "behind a bare CR", "", 0, AS_FROM_MALFORMED, "evil.example", "From behind a bare line end" },
	  "Subject: x\rFrom: a@victim.example|From: b@evil.example", 0, 0 },
	{ { "behind a bare CR of a name", "", 0, AS_FROM_MALFORMED, "evil.example", "From behind a bare line end" },
	  "X\rFrom : a@victim.example|From: b@evil.example", 0, 0 },
	{ { "folded into another field", "", 0, AS_FROM_ONE, "evil.example", NULL },
	  "Subject: x\r\n From: a@victim.example|From: b@evil.example", 0, 0 },
	{ { "X-From", "", 0, AS_FROM_ONE, "victim.example", NULL },
	  "X-From: b@evil.example|Fro: c@evil.example|From: a@victim.example|Fromm: d@evil.example", 0, 0 },
};
/* clang-format on */

static void add_fields(struct as_fields *fields, const char *header, size_t n)
{
	const char *end = header + n;
	while (header < end) {
		const char *bar = memchr(header, '|', (size_t)(end - header));
		const char *stop = bar ? bar : end;
		const char *colon = memchr(header, ':', (size_t)(stop - header));
		as_fields_add(fields, header, (size_t)(colon - header), colon + 1, (size_t)(stop - colon - 1));
		header = bar ? bar + 1 : end;
	}
}

static void test_from_judge(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof judge_cases / sizeof judge_cases[0]; i++) {
		const struct judge_case *c = &judge_cases[i];
		struct as_arena *arena = as_arena_new();
		struct as_fields fields;
		struct as_from from;
		as_fields_init(&fields, arena, 100, c->most_bytes ? c->most_bytes : 10000);
		add_fields(&fields, c->header, c->n ? c->n : strlen(c->header));
		as_from_judge(arena, &fields, &from);
		check_from(arena, &c->expected, &from);
		as_arena_free(arena);
	}
}

/* One megabyte of a repeated piece, in lines of some length: judged in bounded memory. */
static void test_from_is_bounded(void **state)
{
	static const struct {
		const char *piece, *first, *last;
		enum as_from_status status;
	} cases[] = {
		{ "(", "", "", AS_FROM_MALFORMED },
		{ "()", "", " a@victim.example", AS_FROM_ONE },
		{ "\"", "", "", AS_FROM_MALFORMED },
		{ "\\\"", "\"", "\" <a@victim.example>", AS_FROM_ONE },
		{ "<", "", "", AS_FROM_MALFORMED },
		{ "@", "", "", AS_FROM_MALFORMED },
		{ ",", "", "a@victim.example", AS_FROM_ONE },
		{ "a ", "", "<a@victim.example>", AS_FROM_ONE },
		{ "a.", "", "@victim.example", AS_FROM_MALFORMED },
		{ "@", "\"", "\" <a@victim.example>", AS_FROM_ONE },
		{ "=?", "\"", "\" <a@victim.example>", AS_FROM_ONE },
		{ "=?u?q?x?=", "", " < a@victim.example>", AS_FROM_ONE },
		{ "(@victim.example)", "", "a@victim.example", AS_FROM_MALFORMED },
		{ "=?", "", "@victim.example", AS_FROM_MALFORMED },
		{ "a", "x@", "", AS_FROM_MALFORMED },
		{ "\xc3\xbc", "x@", "", AS_FROM_MALFORMED },
		{ "a@b.example,", "", "", AS_FROM_MALFORMED },
		{ "a@b\xc3\xbc.example,", "", "", AS_FROM_MALFORMED },
		{ "(@b\xc3\xbc.example)", "", "a@victim.example", AS_FROM_MALFORMED },
		{ "@a.example,", "<", ":a@victim.example>", AS_FROM_MALFORMED },
		{ "g:;,", "", "", AS_FROM_EMPTY },
		{ "\r\n ", "", "a@victim.example", AS_FROM_ONE },
	};
	enum { SIZE = 1 << 20, MEMORY_MAX = 1 << 20, LINE = 900 };
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct as_arena *arena = as_arena_new();
		struct as_buf text = as_buf_new(arena);
		struct as_from from;
		as_buf_puts(&text, cases[i].first);
		for (size_t line = 0; text.length < SIZE; as_buf_puts(&text, cases[i].piece)) {
			if (text.length - line > LINE) {
				as_buf_puts(&text, "\r\n ");
				line = text.length;
			}
		}
		as_buf_puts(&text, cases[i].last);
		size_t before = as_arena_size(arena);
		as_from_parse(arena, text.text, text.length, &from);
		if (from.status != cases[i].status || as_arena_size(arena) - before > MEMORY_MAX)
			fail_msg("\"%s\": status %d (%s), %zu octets", cases[i].piece, (int)from.status, from.reason ? from.reason : "-",
				 as_arena_size(arena) - before);
		as_arena_free(arena);
	}
}

/* So many addresses are read, in all From fields of a message. */
static void test_from_addresses(void **state)
{
	(void)state;
	for (int count = 256; count <= 257; count++) {
		struct as_arena *arena = as_arena_new();
		struct as_buf text = as_buf_new(arena);
		struct as_from from;
		for (int i = 0; i < count; i++)
			as_buf_puts(&text, "a@victim.example,\r\n ");
		as_from_parse(arena, text.text, text.length, &from);
		assert_int_equal(from.status, count == 256 ? AS_FROM_ONE : AS_FROM_MALFORMED);
		assert_string_equal(from.reason ? from.reason : "-", count == 256 ? "-" : "too many addresses");
		as_arena_free(arena);
	}
}

/* clang-format off */
static const struct {
	const char *path;
	enum as_err err;
	const char *local, *domain;
} path_cases[] = {
	{ "", AS_OK, "", "" },
	{ "<>", AS_OK, "", "" },
	{ "<a@victim.example>", AS_OK, "a", "victim.example" },
	{ "a@Victim.Example", AS_OK, "a", "victim.example" },
	{ "<a@victim.example.>", AS_OK, "a", "victim.example" },
	{ "<a@localhost>", AS_OK, "a", "localhost" },
	{ "\"x\"@victim.example", AS_OK, "x", "victim.example" },
	{ "<\"a b\\\"c@d\\\\\"@victim.example>", AS_OK, "a b\"c@d\\", "victim.example" },
	{ "<\"<b@evil.example>\"@victim.example>", AS_OK, "<b@evil.example>", "victim.example" },
	{ "<a.\"b@c\".d@victim.example>", AS_OK, "a.b@c.d", "victim.example" },
	{ "<\"\"@victim.example>", AS_OK, "", "victim.example" },
	{ "<a..b.@victim.example>", AS_OK, "a..b.", "victim.example" },
	{ "<SRS0=x=tt=d.example=a@victim.example>", AS_OK, "SRS0=x=tt=d.example=a", "victim.example" },
	{ "<a:b,(c)[d]@victim.example>", AS_OK, "a:b,(c)[d]", "victim.example" },
	{ "<@evil.example,@any.example:a@victim.example>", AS_OK, "a", "victim.example" },
	{ "@evil.example:a@victim.example", AS_OK, "a", "victim.example" },
	{ "<\xc3\xbc@" BUECHER ">", AS_OK, "\xc3\xbc", "xn--bcher-kva.example" },
	{ "<postmaster>", AS_ERR_SYNTAX, "", "" },
	{ "<a@[192.0.2.1]>", AS_ERR_SYNTAX, "a", "" },
	{ "<a@>", AS_ERR_SYNTAX, "a", "" },
	{ "<a@victim.example", AS_ERR_SYNTAX, "", "" },
	{ "<", AS_ERR_SYNTAX, "", "" },
	{ "a@victim.example>", AS_ERR_SYNTAX, "a", "" },
	{ "<a@b@victim.example>", AS_ERR_SYNTAX, "a", "" },
	{ "<@victim.example>", AS_ERR_SYNTAX, "", "" },
	{ "<@evil.example:>", AS_ERR_SYNTAX, "", "" },
	{ "<\"a@victim.example>", AS_ERR_SYNTAX, "", "" },
	{ "<\"a\"b@victim.example>", AS_ERR_SYNTAX, "", "" },
	{ "<a\"b\"@victim.example>", AS_ERR_SYNTAX, "", "" },
	{ "<a b@victim.example>", AS_ERR_SYNTAX, "", "" },
	{ "<a\\b@victim.example>", AS_ERR_SYNTAX, "", "" },
	{ "<a\x01@victim.example>", AS_ERR_SYNTAX, "", "" },
	{ "<a@victim.example(x)>", AS_ERR_SYNTAX, "a", "" },
	{ "<a@vic'tim.example>", AS_ERR_SYNTAX, "a", "" },
	{ "<a@vic;tim.example>", AS_ERR_SYNTAX, "a", "" },
	{ "<a@b\xfc.example>", AS_ERR_SYNTAX, "a", "" },
	{ "<a@<b@victim.example>>", AS_ERR_SYNTAX, "a", "" },
};
/* clang-format on */

static void test_path_parse(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof path_cases / sizeof path_cases[0]; i++) {
		struct as_arena *arena = as_arena_new();
		const char *local = NULL;
		const char *domain = NULL;
		enum as_err err = as_path_parse(arena, path_cases[i].path, &local, &domain);
		if (err != path_cases[i].err || strcmp(local, path_cases[i].local) != 0 || strcmp(domain, path_cases[i].domain) != 0)
			fail_msg("%s: error %d, local part \"%s\", domain \"%s\"", path_cases[i].path, (int)err, local, domain);
		assert_int_equal(as_path_parse(arena, path_cases[i].path, NULL, &domain), err);
		as_arena_free(arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_from_parse),      cmocka_unit_test(test_from_parse_null), cmocka_unit_test(test_from_judge),
		cmocka_unit_test(test_from_is_bounded), cmocka_unit_test(test_from_addresses),  cmocka_unit_test(test_path_parse),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
