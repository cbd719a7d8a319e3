/* SPDX-License-Identifier: BSD-2-Clause */
/* test_dns_packet.c - answer packets, hand-made: what is read from good ones and that bad ones become TEMPFAIL. */
#include "config.h"

#include "test.h"

#include "dns_answer.h"
#include "dns_packet.h"
#include "str.h"

#include <stdlib.h>
#include <string.h>

#define NOERROR "\x81\x80"
#define NXDOMAIN "\x81\x83"
#define COUNTS(an, ns) "\0\1\0" an "\0" ns "\0\0"
#define QNAME "\1a\7example\0"
#define QUESTION(type) QNAME "\0" type "\0\1"
#define P "\xc0\x0c"       /* the question's name */
#define EXAMPLE "\xc0\x0e" /* "example" in it */
#define RR(type, ttl) "\0" type "\0\1\0\0\0" ttl
#define SOA(ttl, minimum) \
	EXAMPLE RR("\6", ttl) "\0\x16" "\0\0" "\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0" minimum
#define ADDRESS "\0\4\xc0\0\2"
#define X48 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define X63 X48 "xxxxxxxxxxxxxxx"
#define LABEL63 "\x3f" X63
#define BYTES(text) text, sizeof(text) - 1

static const struct {
	const char *what;
	enum as_dns_type type;
	const char *bytes;
	size_t size;
	const char *want;
} packets[] = {
	{ "two addresses, the smaller TTL", AS_DNS_A,
	  BYTES("id" NOERROR COUNTS("\2", "\0") QUESTION("\1") P RR("\1", "\x3c") ADDRESS "\1" P RR("\1", "\x32") ADDRESS "\2"),
	  "ok 50 a.example: \\xc0\\x00\\x02\\x01, \\xc0\\x00\\x02\\x02" },
	{ "the owner in another case, a signature beside", AS_DNS_A,
	  BYTES("id" NOERROR COUNTS("\2", "\0") QUESTION("\1") "\1A\7EXAMPLE\0" RR("\1", "\x3c") ADDRESS "\1" P RR("\x2e", "\1") "\0\1x"),
	  "ok 60 a.example: \\xc0\\x00\\x02\\x01" },
	{ "records of other names and classes", AS_DNS_A,
	  BYTES("id" NOERROR COUNTS("\2", "\0") QUESTION("\1") EXAMPLE RR("\1", "\x3c") ADDRESS "\1" P "\0\1\0\3\0\0\0\1\0\4\xc0\0\2\1"),
	  "nodata 0 a.example" },
	{ "the longest name", AS_DNS_A,
	  BYTES("id" NOERROR COUNTS("\2", "\0") QUESTION("\1")
		LABEL63 LABEL63 LABEL63 "\x33" X48 "xxx" P RR("\1", "\x3c") ADDRESS "\1" P RR("\1", "\x3c") ADDRESS "\2"),
	  "ok 60 a.example: \\xc0\\x00\\x02\\x02" },
	{ "an address of a wrong size is left out", AS_DNS_A,
	  BYTES("id" NOERROR COUNTS("\2", "\0") QUESTION("\1") P RR("\1", "\x3c") "\0\3\xc0\0\2" P RR("\1", "\x3c") ADDRESS "\2"),
	  "ok 60 a.example: \\xc0\\x00\\x02\\x02" },
	{ "only wrong ones: no data", AS_DNS_A,
	  BYTES("id" NOERROR COUNTS("\1", "\0") QUESTION("\1") P RR("\1", "\x3c") "\0\3\xc0\0\2"), "nodata 60 a.example" },
	{ "strings are joined", AS_DNS_TXT,
	  BYTES("id" NOERROR COUNTS("\1", "\0") QUESTION("\x10")
		P RR("\x10", "\x3c") "\0\x8\3v=s\0\2\0x"), "ok 60 a.example: v=s\\x00x" },
	{ "a string beyond its record", AS_DNS_TXT,
	  BYTES("id" NOERROR COUNTS("\1", "\0") QUESTION("\x10") P RR("\x10", "\x3c") "\0\3\3v="), "nodata 60 a.example" },
	{ "compressed exchange", AS_DNS_MX,
	  BYTES("id" NOERROR COUNTS("\1", "\0") QUESTION("\xf")
		P RR("\xf", "\x3c") "\0\7\0\xa\2Mx\xc0\x0e"), "ok 60 a.example: 10 mx.example" },
	{ "an exchange with a control byte", AS_DNS_MX,
	  BYTES("id" NOERROR COUNTS("\1", "\0") QUESTION("\xf") P RR("\xf", "\x3c") "\0\7\0\xa\2m\1\xc0\x0e"), "nodata 60 a.example" },
	{ "an exchange without a name", AS_DNS_MX,
	  BYTES("id" NOERROR COUNTS("\2", "\0") QUESTION("\xf") P RR("\xf", "\x3c") "\0\1\0" P RR("\xf", "\x3c") "\0\2\0\xa"),
	  "nodata 60 a.example" },
	{ "the longest name there is to point to", AS_DNS_PTR,
	  BYTES("id" NOERROR COUNTS("\1", "\0") QUESTION("\xc")
		P RR("\xc", "\x3c") "\0\xff" LABEL63 LABEL63 LABEL63 "\x3d" X48 "xxxxxxxxxxxxx\0"),
	  "ok 60 a.example: " X63 "." X63 "." X63 "." X48 "xxxxxxxxxxxxx" },
	{ "a name shorter than its rdata", AS_DNS_PTR,
	  BYTES("id" NOERROR COUNTS("\1", "\0") QUESTION("\xc") P RR("\xc", "\x3c") "\0\6\2mx\xc0\x0ex"), "nodata 60 a.example" },
	{ "a name longer than its rdata", AS_DNS_PTR,
	  BYTES("id" NOERROR COUNTS("\1", "\0") QUESTION("\xc") P RR("\xc", "\x3c") "\0\3\2mx\xc0\x0e"), "nodata 60 a.example" },
	{ "an alias, its TTL counts", AS_DNS_A,
	  BYTES("id" NOERROR COUNTS("\2", "\0") QUESTION("\1")
		P RR("\5", "\x14") "\0\4\1b\xc0\x0e" "\xc0\x27" RR("\1", "\x3c") ADDRESS "\1"),
	  "ok 20 b.example: \\xc0\\x00\\x02\\x01" },
	{ "an alias of another class", AS_DNS_A,
	  BYTES("id" NOERROR COUNTS("\2", "\0") QUESTION("\1")
		P "\0\5\0\3\0\0\0\x14\0\4\1b\xc0\x0e" "\xc0\x27" RR("\1", "\x3c") ADDRESS "\1"), "nodata 0 a.example" },
	{ "an alias shorter than its rdata", AS_DNS_A,
	  BYTES("id" NOERROR COUNTS("\2", "\0") QUESTION("\1")
		P RR("\5", "\x14") "\0\5\1b\xc0\x0ex" "\xc0\x27" RR("\1", "\x3c") ADDRESS "\1"), "nodata 0 a.example" },
	{ "an alias after its target", AS_DNS_A,
	  BYTES("id" NOERROR COUNTS("\2", "\0") QUESTION("\1")
		"\1b" EXAMPLE RR("\1", "\x3c") ADDRESS "\1" P RR("\5", "\x14") "\0\2\xc0\x1b"),
	  "ok 20 b.example: \\xc0\\x00\\x02\\x01" },
	{ "an alias to nothing", AS_DNS_A,
	  BYTES("id" NXDOMAIN COUNTS("\1", "\1") QUESTION("\1") P RR("\5", "\x14") "\0\4\1b\xc0\x0e" SOA("\x64", "\xf")),
	  "nxdomain 15 b.example" },
	{ "an alias to nothing, with a byte that names of mail have not", AS_DNS_A,
	  BYTES("id" NXDOMAIN COUNTS("\1", "\0") QUESTION("\1") P RR("\5", "\x14") "\0\4\1\0\xc0\x0e"), "nxdomain 0 ?" },
	{ "an alias to itself", AS_DNS_A, BYTES("id" NOERROR COUNTS("\1", "\0") QUESTION("\1") P RR("\5", "\x14") "\0\2" P),
	  "tempfail 0 a.example [CNAME chain too long]" },
	{ "the alias itself", AS_DNS_CNAME,
	  BYTES("id" NOERROR COUNTS("\1", "\0") QUESTION("\5") P RR("\5", "\x14") "\0\4\1b\xc0\x0e"), "ok 20 a.example: b.example" },
	{ "no data, the SOA's minimum", AS_DNS_A,
	  BYTES("id" NOERROR COUNTS("\0", "\1") QUESTION("\1") SOA("\x64", "\x32")),
	  "nodata 50 a.example" },
	{ "no such name, the SOA's TTL", AS_DNS_A,
	  BYTES("id" NXDOMAIN COUNTS("\0", "\1") QUESTION("\1") SOA("\x14", "\x32")),
	  "nxdomain 20 a.example" },
	{ "no data, a SOA without its numbers", AS_DNS_A,
	  BYTES("id" NOERROR COUNTS("\0", "\1") QUESTION("\1") EXAMPLE RR("\6", "\x64") "\0\2\0\0"), "nodata 0 a.example" },
	{ "no data, the SOA at the wrong place", AS_DNS_A,
	  BYTES("id" NOERROR COUNTS("\1", "\0") QUESTION("\1") SOA("\x64", "\x32")), "nodata 0 a.example" },
	{ "no such name, nothing about keeping it", AS_DNS_A,
	  BYTES("id" NXDOMAIN COUNTS("\0", "\0") QUESTION("\1")), "nxdomain 0 a.example" },
	{ "a TTL with its highest bit", AS_DNS_A,
	  BYTES("id" NOERROR COUNTS("\1", "\0") QUESTION("\1")
		P "\0\1\0\1\x80\0\0\1\0\4\xc0\0\2\1"), "ok 0 a.example: \\xc0\\x00\\x02\\x01" },
	{ "SERVFAIL", AS_DNS_A, BYTES("id\x81\x82" COUNTS("\0", "\0") QUESTION("\1")), "tempfail 0 a.example [SERVFAIL]" },
	{ "REFUSED", AS_DNS_A, BYTES("id\x81\x85" COUNTS("\0", "\0") QUESTION("\1")), "tempfail 0 a.example [REFUSED]" },
	{ "an RCODE nobody knows", AS_DNS_A,
	  BYTES("id\x81\x8f" COUNTS("\0", "\0") QUESTION("\1")), "tempfail 0 a.example [unknown RCODE]" },
	{ "truncated", AS_DNS_A,
	  BYTES("id\x83\x80" COUNTS("\0", "\0") QUESTION("\1")), "tempfail 0 a.example [truncated answer]" },
	{ "a question, not an answer", AS_DNS_A,
	  BYTES("id\x01\x80" COUNTS("\0", "\0") QUESTION("\1")), "tempfail 0 a.example [malformed answer]" },
	{ "the answer to another name", AS_DNS_A,
	  BYTES("id" NOERROR COUNTS("\0", "\0") "\1b\7example\0\0\1\0\1"), "tempfail 0 a.example [malformed answer]" },
	{ "the answer to another type", AS_DNS_A,
	  BYTES("id" NOERROR COUNTS("\0", "\0") QUESTION("\x10")), "tempfail 0 a.example [malformed answer]" },
	{ "no question", AS_DNS_A, BYTES("id" NOERROR "\0\0\0\0\0\0\0\0"), "tempfail 0 a.example [malformed answer]" },
	{ "empty", AS_DNS_A, BYTES(""), "tempfail 0 a.example [malformed answer]" },
	{ "fewer records than announced", AS_DNS_A,
	  BYTES("id" NOERROR COUNTS("\1", "\0") QUESTION("\1")), "tempfail 0 a.example [malformed answer]" },
	{ "rdata beyond the end", AS_DNS_A,
	  BYTES("id" NOERROR COUNTS("\1", "\0") QUESTION("\1") P RR("\1", "\x3c") "\0\4\xc0\0\2"),
	  "tempfail 0 a.example [malformed answer]" },
	{ "a pointer to itself", AS_DNS_A,
	  BYTES("id" NOERROR COUNTS("\1", "\0") QUESTION("\1") "\xc0\x1b" RR("\1", "\x3c") ADDRESS "\1"),
	  "tempfail 0 a.example [malformed answer]" },
	{ "a pointer forwards", AS_DNS_A,
	  BYTES("id" NOERROR COUNTS("\1", "\0") QUESTION("\1") "\xc0\x30" RR("\1", "\x3c") ADDRESS "\1"),
	  "tempfail 0 a.example [malformed answer]" },
	{ "a name that is too long by one", AS_DNS_A,
	  BYTES("id" NOERROR COUNTS("\2", "\0") QUESTION("\1")
		LABEL63 LABEL63 LABEL63 "\x34" X48 "xxxx" P RR("\1", "\x3c") ADDRESS "\1" P RR("\1", "\x3c") ADDRESS "\2"),
	  "tempfail 0 a.example [malformed answer]" },
	{ "a label that is too long by one", AS_DNS_A,
	  BYTES("id" NOERROR COUNTS("\1", "\0") QUESTION("\1") "\x40" X48 "xxxxxxxxxxxxxxxx\0" RR("\1", "\x3c") ADDRESS "\1"),
	  "tempfail 0 a.example [malformed answer]" },
	{ "an unknown kind of label", AS_DNS_A,
	  BYTES("id" NOERROR COUNTS("\1", "\0") QUESTION("\1") "\x41" "a\0" RR("\1", "\x3c") ADDRESS "\1"),
	  "tempfail 0 a.example [malformed answer]" },
};

static const char *show(struct as_arena *arena, const struct as_dns_answer *answer)
{
	static const char *const states[] = { "ok", "nodata", "nxdomain", "tempfail" };
	struct as_buf text = as_buf_new(arena);
	as_buf_printf(&text, "%s %u %s", states[answer->status], answer->ttl, answer->canonical);
	if (answer->reason)
		as_buf_printf(&text, " [%s]", answer->reason);
	for (size_t i = 0; i < answer->count; i++) {
		const struct as_dns_record *r = &answer->records[i];
		as_buf_puts(&text, i ? ", " : ": ");
		if (answer->type == AS_DNS_MX)
			as_buf_printf(&text, "%u ", r->preference);
		as_buf_puts(&text, r->name ? r->name : as_escape(arena, (const char *)r->data, r->size, 400));
	}
	return text.text;
}

static const struct as_dns_answer *decode(enum as_dns_type type, const void *packet, size_t size, enum as_dnssec dnssec)
{
	struct as_dns_builder *b = as_dns_builder_new("a.example", type);
	as_dns_packet_decode(packet, size, dnssec, b);
	return as_dns_builder_finish(b);
}

/* rspamd 4.1.0: every length and pointer of an answer is a lie until it was looked at. */
static void check_packets(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof packets / sizeof *packets; i++) {
		struct as_arena *arena = as_arena_new();
		const struct as_dns_answer *answer = decode(packets[i].type, packets[i].bytes, packets[i].size, AS_DNSSEC_SECURE);
		const char *got = show(arena, answer);
		if (strcmp(got, packets[i].want) != 0)
			fail_msg("%s:\n got: %s\nwant: %s", packets[i].what, got, packets[i].want);
		bool is_failure = answer->status == AS_DNS_TEMPFAIL && strcmp(answer->reason, "CNAME chain too long") != 0;
		assert_int_equal(answer->dnssec, is_failure ? AS_DNSSEC_INDETERMINATE : AS_DNSSEC_SECURE);
		as_dns_answer_unref(answer);
		as_arena_free(arena);
	}
}

/* Cut off anywhere, a good packet is malformed, never half an answer. */
static void check_every_cut(void **state)
{
	(void)state;
	static const char packet[] =
		"id" NOERROR COUNTS("\2", "\0") QUESTION("\1") P RR("\5", "\x14") "\0\4\1b\xc0\x0e"
		"\xc0\x27" RR("\1", "\x3c") ADDRESS "\1";
	for (size_t size = 0; size < sizeof packet - 1; size++) {
		char *exact = as_xalloc(size); /* so that a sanitizer sees a byte too far */
		memcpy(exact, packet, size);
		const struct as_dns_answer *answer = decode(AS_DNS_A, exact, size, AS_DNSSEC_INSECURE);
		assert_string_equal(answer->reason, "malformed answer");
		as_dns_answer_unref(answer);
		free(exact);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(check_packets),
		cmocka_unit_test(check_every_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
