/* SPDX-License-Identifier: BSD-2-Clause */
/* test_received.c - Received fields of the MTAs there are, and what a stranger can make of them. */
#include "config.h"

#include "received.h"

#include "str.h"

#include <stdlib.h>
#include <string.h>

#include "test.h"

#define NO_ADDRESS "it names no address where one belongs"
#define NO_HOST "no host stands behind its client"
#define SEVERAL "it may name several addresses"
#define TWO "it may be two fields in one"
#define SYNTAX "it breaks the syntax"
#define DATE "; Sun, 22 Nov 2026 10:00:00 +0000"
#define TLS "(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)\r\n\t key-exchange X25519 server-digest SHA256)"
/* What the honest MTA writes about the client 203.0.113.9 behind a HELO that it repeats as it came. */
#define POSTFIX(helo) " from " helo " (mail.example.org [203.0.113.9])\r\n\tby mx2.example.com (Postfix) with ESMTP id 4F" DATE
#define NAMELESS(helo) " from " helo " (unknown [203.0.113.9])\r\n\tby mx2.example.com (Postfix) with ESMTP id 4F" DATE
#define EXIM(helo) " from mail.example.org ([203.0.113.9] helo=" helo ")\r\n\tby mx2.example.com with esmtp (Exim 4.96)\r\n\tid 1a" DATE
#define EXIM_NAMELESS(helo) " from [203.0.113.9] (helo=" helo ")\r\n\tby mx2.example.com with esmtp (Exim 4.96)\r\n\tid 1a" DATE
#define ASYNCOS(helo) " from unknown (HELO " helo ") ([203.0.113.9])\r\n  by mx2.example.com with ESMTP" DATE
#define HELO_IS(helo) "203.0.113.9 helo=" helo " name=mail.example.org by=mx2.example.com"
#define ONLY_HELO(helo) "203.0.113.9 helo=" helo " by=mx2.example.com"

/* clang-format off */
static const struct {
	const char *name, *in, *want;
} cases[] = {
	/* the forms that MTAs write */
	{ "Postfix", POSTFIX("mail.example.org"), HELO_IS("mail.example.org") },
	{ "Postfix, no reverse DNS", NAMELESS("mail.example.org"), ONLY_HELO("mail.example.org") },
	{ "Postfix, IPv6", " from a.example (a.example [IPv6:2001:db8::25]) by mx2.example.com (Postfix) with ESMTP id 4F" DATE,
	  "2001:db8::25 helo=a.example name=a.example by=mx2.example.com" },
	{ "Postfix, TLS and certificate", " from a.example (b.example [203.0.113.9])\r\n\t" TLS "\r\n"
	  "\t(Client CN \"a.example\", Issuer \"R3\" (verified OK))\r\n\tby mx2.example.com (Postfix) with ESMTPS id 4F" DATE,
	  "203.0.113.9 helo=a.example name=b.example by=mx2.example.com" },
	{ "Postfix, SMTP AUTH", " from [192.0.2.77] (unknown [203.0.113.9])\r\n\t" TLS "\r\n\t(No client certificate requested)\r\n"
	  "\t(Authenticated sender: bob@example.com)\r\n\tby mx2.example.com (Postfix) with ESMTPSA id 4F" DATE,
	  ONLY_HELO("[192.0.2.77]") },
	{ "Sendmail", " from a.example (b.example [203.0.113.9])\r\n\tby mx2.example.com (8.17.1/8.17.1) with ESMTP id 3A\r\n"
	  "\tfor <a@b.example>" DATE " GMT", "203.0.113.9 helo=a.example name=b.example by=mx2.example.com" },
	{ "Sendmail, name may be forged", " from a.example (b.example [203.0.113.9] (may be forged))\r\n\tby mx2.example.com (8.17.1/8.17.1)"
	  " with ESMTP id 3A" DATE, ONLY_HELO("a.example") },
	{ "Sendmail, no name", " from a.example ([203.0.113.9])\r\n\tby mx2.example.com (8.17.1/8.17.1) with ESMTP id 3A" DATE,
	  ONLY_HELO("a.example") },
	{ "Sendmail, no name, may be forged", " from a.example ([203.0.113.9] (may be forged)) by mx2.example.com with ESMTP id 3A" DATE,
	  ONLY_HELO("a.example") },
	{ "Sendmail, ident", " from a.example (IDENT:joe@b.example [203.0.113.9])\r\n\tby mx2.example.com (8.17.1/8.17.1) with ESMTP id 3A" DATE,
	  "203.0.113.9 helo=a.example name=b.example by=mx2.example.com" },
	{ "Sendmail, ident, no name", " from a.example (IDENT:joe@[203.0.113.9])\r\n\tby mx2.example.com with ESMTP id 3A" DATE,
	  ONLY_HELO("a.example") },
	{ "Sendmail, older ident", " from a.example (joe@b.example [203.0.113.9]) by mx2.example.com with ESMTP id 3A" DATE,
	  "203.0.113.9 helo=a.example name=b.example by=mx2.example.com" },
	{ "Sendmail, SMTP AUTH", " from a.example (b.example [203.0.113.9])\r\n\t(authenticated bits=0)\r\n\tby mx2.example.com with ESMTPSA id 3A"
	  DATE, "203.0.113.9 helo=a.example name=b.example by=mx2.example.com" },
	{ "Exim", EXIM("a.example"), HELO_IS("a.example") },
	{ "Exim, HELO is the name", " from mail.example.org ([203.0.113.9])\r\n\tby mx2.example.com with esmtps (TLS1.3) tls TLS_AES_256\r\n\t"
	  "(Exim 4.96)\r\n\t(envelope-from <x@a.example>)\r\n\tid 1a" DATE, ONLY_HELO("mail.example.org") },
	{ "Exim, no name", EXIM_NAMELESS("a.example"), ONLY_HELO("a.example") },
	{ "Exim, port", " from mail.example.org ([203.0.113.9]:4711 helo=a.example) by mx2.example.com with esmtp (Exim 4.96) id 1a" DATE,
	  HELO_IS("a.example") },
	{ "Exim, no name, port", " from [203.0.113.9] (port=4711 helo=a.example) by mx2.example.com with esmtp (Exim 4.96) id 1a" DATE,
	  ONLY_HELO("a.example") },
	{ "Exim, no name, port behind", " from [203.0.113.9]:4711 (helo=a.example) by mx2.example.com with esmtp (Exim 4.96) id 1a" DATE,
	  ONLY_HELO("a.example") },
	{ "Exim, ident", " from mail.example.org ([203.0.113.9] helo=a.example ident=joe) by mx2.example.com with esmtp (Exim 4.96) id 1a" DATE,
	  HELO_IS("a.example") },
	{ "Exim, ident alone", " from mail.example.org ([203.0.113.9] ident=joe) by mx2.example.com with esmtp (Exim 4.96) id 1a" DATE,
	  HELO_IS("mail.example.org") },
	{ "Exim, HELO is the address", " from [203.0.113.9]\r\n\tby mx2.example.com with esmtp (Exim 4.96)\r\n\tid 1a" DATE,
	  ONLY_HELO("[203.0.113.9]") },
	{ "Exim, IPv6", " from [2001:db8::25] (helo=a.example) by mx2.example.com with esmtp (Exim 4.96) id 1a" DATE,
	  "2001:db8::25 helo=a.example by=mx2.example.com" },
	{ "Exchange", " from a.example (203.0.113.9) by mx2.example.com\r\n (192.0.2.25) with Microsoft SMTP Server (version=TLS1_2,\r\n"
	  " cipher=TLS_ECDHE) id 15.2.1118.40" DATE, ONLY_HELO("a.example") },
	{ "Exchange, IPv6", " from a.example (2001:db8::25) by mx2.example.com\r\n (2001:db8::1) with Microsoft SMTP Server id 15.2" DATE,
	  "2001:db8::25 helo=a.example by=mx2.example.com" },
	{ "qmail", " from unknown (HELO a.example) (203.0.113.9)\r\n  by mx2.example.com with SMTP; 22 Nov 2026 10:00:00 -0000",
	  ONLY_HELO("a.example") },
	{ "qmail, ident", " from mail.example.org (HELO a.example) (joe@203.0.113.9)\r\n  by mx2.example.com with SMTP" DATE,
	  HELO_IS("a.example") },
	{ "qmail, HELO is the name", " from mail.example.org (203.0.113.9)\r\n  by mx2.example.com with SMTP; 22 Nov 2026 10:00:00 -0000",
	  ONLY_HELO("mail.example.org") },
	{ "qmail, empty HELO", " from mail.example.org (HELO ) (203.0.113.9) by mx2.example.com with SMTP" DATE,
	  "203.0.113.9 name=mail.example.org by=mx2.example.com" },
	{ "AsyncOS", ASYNCOS("a.example"), ONLY_HELO("a.example") },
	{ "James", " from 203.0.113.9 (EHLO a.example) ([203.0.113.9])\r\n by mx2.example.com with ESMTP ID 12" DATE,
	  "203.0.113.9 helo=a.example name=203.0.113.9 by=mx2.example.com" },
	{ "Google", " from a.example (a.example. [203.0.113.9])\r\n        by mx2.example.com with ESMTPS id d2e1-20\r\n"
	  "        for <a@b.example>\r\n        (version=TLS1_3 cipher=TLS_AES_128_GCM_SHA256 bits=128/128);\r\n        Sun, 22 Nov 2026 02:00:00 -0800 (PST)",
	  "203.0.113.9 helo=a.example name=a.example. by=mx2.example.com" },
	{ "Courier, mapped address", " from a.example (b.example [::ffff:203.0.113.9])\r\n  (TLS: TLSv1.3,256bits,AES_256_GCM)\r\n"
	  "  by mx2.example.com with ESMTPS id 00" DATE, "203.0.113.9 helo=a.example name=b.example by=mx2.example.com" },
	{ "Domino", " from a.example ([203.0.113.9])\r\n          by mx2.example.com (HCL Domino Release 12.0.2)\r\n"
	  "          with ESMTP id 2026112210" DATE, ONLY_HELO("a.example") },
	{ "amavis", " from mx2.example.com ([127.0.0.1])\r\n by localhost (mx2.example.com [127.0.0.1]) (amavisd-new, port 10024)\r\n"
	  " with ESMTP id X" DATE, "127.0.0.1 helo=mx2.example.com by=localhost" },
	{ "no fold, small letters", "FROM a.example (B.example [203.0.113.9]) BY MX2.example.com WITH SMTP" DATE,
	  "203.0.113.9 helo=a.example name=B.example by=MX2.example.com" },

	/* no client */
	{ "empty", "", "it names no client" },
	{ "from alone", " from", "it names no client" },
	{ "local submission to Postfix", " by mx2.example.com (Postfix, from userid 1000)\r\n\tid 4F" DATE, "it names no client" },
	{ "local submission to Sendmail", " (from joe@localhost)\r\n\tby mx2.example.com (8.17.1/8.17.1/Submit) id 3A" DATE,
	  "it names no client" },
	{ "local submission to Exim", " from joe by mx2.example.com with local (Exim 4.96) id 1a" DATE, "it names no address" },
	{ "no address at all", " from a.example by mx2.example.com with ESMTP" DATE, "it names no address" },
	{ "a literal that only the client said", " from [192.0.2.1] by mx2.example.com with ESMTP" DATE, "it names no address" },
	{ "nothing behind the client", " from a.example (b.example [203.0.113.9])", NO_HOST },
	{ "no name behind by", " from a.example (b.example [203.0.113.9]) by", NO_HOST },
	{ "by and a comment", " from a.example (b.example [203.0.113.9]) by (Postfix)" DATE, NO_HOST },
	{ "via before by", " from a.example (b.example [203.0.113.9]) via x by mx2.example.com" DATE, NO_HOST },
	{ "no date", " from a.example (b.example [203.0.113.9]) by mx2.example.com with ESMTP", TWO },
	{ "IPv6 with a zone", " from a.example ([fe80::1%4]) by mx2.example.com" DATE, NO_ADDRESS },
	{ "no address in Postfix", " from a.example (unknown [unknown]) by mx2.example.com" DATE, NO_ADDRESS },
	{ "address 0.0.0.0", " from a.example (unknown [0.0.0.0]) by mx2.example.com" DATE, NO_ADDRESS },
	{ "address ::", " from a.example ([IPv6:::]) by mx2.example.com" DATE, NO_ADDRESS },
	{ "octal address", " from a.example ([0203.0.113.9]) by mx2.example.com" DATE, NO_ADDRESS },
	{ "short address", " from a.example ([203.9]) by mx2.example.com" DATE, NO_ADDRESS },
	{ "number for an address", " from a.example ([3405803785]) by mx2.example.com" DATE, NO_ADDRESS },
	{ "very long address", " from a.example ([2001:db8:0000:0000:0000:0000:0000:0000000000000000000000025]) by mx2.example.com" DATE,
	  NO_ADDRESS },
	{ "port too long", " from a.example ([203.0.113.9]:123456) by mx2.example.com" DATE, NO_ADDRESS },
	{ "text behind the address", " from a.example ([203.0.113.9]x) by mx2.example.com" DATE, NO_ADDRESS },
	{ "unclosed address", " from a.example ([203.0.113.9) by mx2.example.com" DATE, NO_ADDRESS },
	{ "empty comment", " from a.example () by mx2.example.com" DATE, NO_ADDRESS },
	{ "unclosed comment", " from a.example (b.example [203.0.113.9] by mx2.example.com" DATE, SYNTAX },
	{ "comment closed too often", " from a.example (b.example [203.0.113.9])) by mx2.example.com" DATE, SYNTAX },
	{ "comment that ends in a backslash", " from a.example (b.example [203.0.113.9] \\)", SYNTAX },
	{ "control", " from a.ex\x01mple (b.example [203.0.113.9]) by mx2.example.com" DATE, SYNTAX },
	{ "bare CR", " from a.example\r(b.example [203.0.113.9]) by mx2.example.com" DATE, SYNTAX },
	{ "bare LF", " from a.example\n (b.example [203.0.113.9]) by mx2.example.com" DATE, SYNTAX },
	{ "line end without a fold", " from a.example\r\n(b.example [203.0.113.9]) by mx2.example.com" DATE, SYNTAX },

	/* HELO names of strangers, as an MTA repeats them that replaces nothing; the client is 203.0.113.9 or nobody */
	{ "HELO is an address", POSTFIX("[192.0.2.1]"), HELO_IS("[192.0.2.1]") },
	{ "HELO is a bare address", POSTFIX("192.0.2.1"), HELO_IS("192.0.2.1") },
	{ "HELO is an address and a port", NAMELESS("[192.0.2.1]:25"), ONLY_HELO("[192.0.2.1]:25") },
	{ "HELO is \"by\"", POSTFIX("by"), HELO_IS("by") },
	{ "HELO is \"from\"", POSTFIX("from"), HELO_IS("from") },
	{ "HELO in 8 bits", POSTFIX("b\xc3\xbc.example"), HELO_IS("b\xc3\xbc.example") },
	{ "HELO with brackets and letters", POSTFIX("a[192.0.2.1]"), HELO_IS("a[192.0.2.1]") },
	{ "HELO with a client of its own", POSTFIX("a (b.example [192.0.2.1])"), SEVERAL },
	{ "HELO with an address in parentheses", POSTFIX("a ([192.0.2.1])"), SEVERAL },
	{ "HELO with a bare address in parentheses", POSTFIX("a (192.0.2.1)"), SEVERAL },
	{ "HELO with ident in parentheses", POSTFIX("a (x@192.0.2.1)"), SEVERAL },
	{ "HELO as Exim writes it", POSTFIX("[192.0.2.1] (helo=a)"), SEVERAL },
	{ "HELO as qmail writes it", POSTFIX("a (HELO b) (192.0.2.1)"), "it names no address behind the HELO name" },
	{ "HELO as qmail begins it", POSTFIX("a (HELO [192.0.2.1])"), "it names no address behind the HELO name" },
	{ "HELO with a whole field", POSTFIX("a (b [192.0.2.1]) by mx2.example.com; Sun, 22 Nov 2026 10:00:00 +0000"), TWO },
	{ "HELO with by", POSTFIX("a (b [192.0.2.1]) by mx2.example.com"), TWO },
	{ "HELO with by and an open comment", POSTFIX("a (b [192.0.2.1]) by mx2.example.com; x ("), SYNTAX },
	{ "HELO with an open comment that the recipient closes",
	  " from a (b [192.0.2.1]) by mx2.example.com ( (mail.example.org [203.0.113.9])\r\n"
	  "\tby mx2.example.com (Postfix) with ESMTP id 4F\r\n\tfor <\"a)\"@b.example>" DATE, SYNTAX },
	{ "the same with a date", " from a (b [192.0.2.1]) by mx2.example.com; x ( (mail.example.org [203.0.113.9])\r\n"
	  "\tby mx2.example.com (Postfix) with ESMTP id 4F\r\n\tfor <a)@b.example>" DATE, TWO },
	{ "HELO with an open quote", POSTFIX("a \""), SYNTAX },
	{ "HELO is a quoted client", POSTFIX("\"a (b [192.0.2.1])\""), HELO_IS("\"a (b [192.0.2.1])\"") },
	{ "HELO with a backslash", POSTFIX("a\\"), SYNTAX },
	{ "HELO with a semicolon", POSTFIX("a;b"), NO_HOST },
	{ "HELO with a space", POSTFIX("a b"), NO_HOST },
	{ "HELO of Exim is an address", EXIM("[192.0.2.1]"), HELO_IS("[192.0.2.1]") },
	{ "HELO of Exim with an address", EXIM("a [192.0.2.1]"), NO_ADDRESS },
	{ "HELO of Exim ends the comment", EXIM("a) (b [192.0.2.1]"), SEVERAL },
	{ "HELO of Exim with another helo", EXIM("a helo=b"), HELO_IS("a") },
	{ "HELO of nameless Exim is an address", EXIM_NAMELESS("[192.0.2.1]"), ONLY_HELO("[192.0.2.1]") },
	{ "HELO of nameless Exim like ident", EXIM_NAMELESS("a@192.0.2.1"), ONLY_HELO("a@192.0.2.1") },
	{ "HELO like ident behind a name", " from mail.example.org (helo=a@192.0.2.1) by mx2.example.com" DATE, NO_ADDRESS },
	{ "HELO of nameless Exim with an address", EXIM_NAMELESS("a [192.0.2.1]"), NO_ADDRESS },
	{ "HELO of nameless Exim ends the comment", EXIM_NAMELESS("a) (b [192.0.2.1]"), SEVERAL },
	{ "HELO of AsyncOS is an address", ASYNCOS("[192.0.2.1]"), ONLY_HELO("[192.0.2.1]") },
	{ "HELO of AsyncOS ends the comment", ASYNCOS("a) ([192.0.2.1]"), "it names no address behind the HELO name" },
	{ "HELO of AsyncOS with an address", ASYNCOS("a [192.0.2.1]"), "it names no address behind the HELO name" },

	/* reverse DNS of strangers */
	{ "name is an address", " from a.example (192.0.2.1 [203.0.113.9]) by mx2.example.com" DATE,
	  "203.0.113.9 helo=a.example name=192.0.2.1 by=mx2.example.com" },
	{ "name is an address in brackets", " from a.example ([192.0.2.1] [203.0.113.9]) by mx2.example.com" DATE, NO_ADDRESS },
	{ "name with an address", " from a.example (b [192.0.2.1] [203.0.113.9]) by mx2.example.com" DATE, NO_ADDRESS },
	{ "name with a remark", " from a.example (b [192.0.2.1] (may be forged) [203.0.113.9]) by mx2.example.com" DATE, NO_ADDRESS },
	{ "name is \"HELO\"", " from a.example (HELO [203.0.113.9]) by mx2.example.com" DATE, "it names no address behind the HELO name" },
	{ "name of qmail is an address", " from 192.0.2.1 (HELO a.example) (203.0.113.9) by mx2.example.com" DATE,
	  "203.0.113.9 helo=a.example name=192.0.2.1 by=mx2.example.com" },
	{ "ident with an address", " from a.example (IDENT:[192.0.2.1]@b.example [203.0.113.9]) by mx2.example.com" DATE, NO_ADDRESS },
	{ "ident with two at signs", " from a.example (192.0.2.1@192.0.2.2@203.0.113.9) by mx2.example.com" DATE, ONLY_HELO("a.example") },

	/* certificates and logins of strangers */
	{ "certificate with an address", " from a.example (b.example [203.0.113.9])\r\n"
	  "\t(Client CN \"[192.0.2.1]\", Issuer \"x\" (not verified))\r\n\tby mx2.example.com (Postfix) with ESMTPS id 4F" DATE, SEVERAL },
	{ "certificate with a client", " from a.example (b.example [203.0.113.9])\r\n\t(Client CN \"x) (y [192.0.2.1]) (\")\r\n"
	  "\tby mx2.example.com (Postfix) with ESMTPS id 4F" DATE, SEVERAL },
	{ "comment before the address", " from a.example (x) (b.example [203.0.113.9]) by mx2.example.com" DATE, NO_ADDRESS },
};
/* clang-format on */

static const char *show(struct as_arena *arena, const char *trouble, const struct as_received *received)
{
	char client[AS_IP_TEXT];
	struct as_buf out = as_buf_new(arena);
	if (trouble)
		return trouble;
	as_buf_puts(&out, as_ip_text(&received->client, client));
	if (received->helo)
		as_buf_printf(&out, " helo=%s", received->helo);
	if (received->name)
		as_buf_printf(&out, " name=%s", received->name);
	as_buf_printf(&out, " by=%s", received->by);
	return out.text;
}

static void test_parse(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct as_arena *arena = as_arena_new();
		struct as_received received;
		const char *shown = show(arena, as_received_parse(arena, cases[i].in, strlen(cases[i].in), &received), &received);
		if (strcmp(shown, cases[i].want) != 0)
			fail_msg("%s: %s, not %s", cases[i].name, shown, cases[i].want);
		as_arena_free(arena);
	}
}

static void test_nul(void **state)
{
	static const char value[] = "from a\0b (b.example [203.0.113.9]) by mx2.example.com" DATE;
	(void)state;
	struct as_arena *arena = as_arena_new();
	struct as_received received;
	assert_string_equal(as_received_parse(arena, value, sizeof value - 1, &received), SYNTAX);
	as_arena_free(arena);
}

/* A field of this many bytes in the HELO name, the comment or words behind it. */
static const char *parse_long(struct as_arena *arena, const char *format, size_t n, struct as_received *received)
{
	char *filling = as_alloc(arena, n + 1);
	memset(filling, 'a', n);
	size_t split = strcspn(format, "#");
	const char *value = as_printf(arena, "%.*s%s%s", (int)split, format, filling, format + split + 1);
	return as_received_parse(arena, value, strlen(value), received);
}

static void test_long(void **state)
{
	(void)state;
	struct as_arena *arena = as_arena_new();
	struct as_received received;
	assert_null(parse_long(arena, "from # (b.example [203.0.113.9]) by mx2.example.com" DATE, 2000, &received));
	assert_int_equal(strlen(received.helo), AS_RECEIVED_WORD);
	assert_null(parse_long(arena, "from a (b.example [203.0.113.9]) (#) by mx2.example.com" DATE, 8000, &received));
	const char *trouble = parse_long(arena, "from a (b.example [203.0.113.9]) by mx2.example.com with #" DATE, 9000, &received);
	assert_string_equal(trouble, "it is too long");
	as_arena_free(arena);
}

static void test_many_words(void **state)
{
	(void)state;
	struct as_arena *arena = as_arena_new();
	struct as_received received;
	struct as_buf value = as_buf_new(arena);
	as_buf_puts(&value, "from a (b [203.0.113.9]) by mx2.example.com");
	for (size_t i = 0; i < 200; i++)
		as_buf_puts(&value, i % 2 ? " x" : " (x)");
	as_buf_puts(&value, DATE);
	assert_string_equal(as_received_parse(arena, value.text, value.length, &received), SYNTAX);
	as_arena_free(arena);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_many_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
