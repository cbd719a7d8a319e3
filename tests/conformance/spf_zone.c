/* SPDX-License-Identifier: BSD-2-Clause */
/* spf_zone.c - random worlds for SPF: what it likes are the corners of RFC 7208, not likely mail.
 *
 * The order of arguments and initializers is free in C: no more than one random choice stands in one of their lists.
 */
#include "config.h"

#include "spf_zone.h"

#include "test.h"

#include <string.h>

#define COUNT(list) (sizeof(list) / sizeof(list)[0])

/* --- random choices ------------------------------------------------------------------------------------------------ */

/* splitmix64 */
static uint64_t next_random(struct zone *zone)
{
	uint64_t x = zone->random += 0x9e3779b97f4a7c15u;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

static unsigned below(struct zone *zone, unsigned limit)
{
	return (unsigned)(next_random(zone) >> 32) % limit;
}

bool zone_chance(struct zone *zone, unsigned percent)
{
	return below(zone, 100) < percent;
}

#define PICK(zone, list) (list)[below(zone, COUNT(list))]

/* --- names and addresses ------------------------------------------------------------------------------------------- */

#define LABEL63 "a23456789012345678901234567890123456789012345678901234567890123"
#define LONG250 LABEL63 "." LABEL63 "." LABEL63 ".b23456789012345678901234567890123456789012345.example.com"

static const char *const domains[] = {
	"example.com", "a.example.com", "b.example.com", "c.example.com", "d.a.example.com", "spf.example.net", "x.example.org",
	"host.example",
};
static const char *const hosts[] = {
	"h0.example.com", "h1.example.com", "h2.a.example.com", "h3.example.org", "hx.example.net", "gone.example.com",
	"example.com",
};
static const char *const clients[] = {
	"192.0.2.1", "192.0.2.1", "192.0.2.130", "127.0.0.1", "0.0.0.0", "2001:db8::1", "2001:db8::1", "::1", "::ffff:192.0.2.1",
	"ff02::abcd",
};
static const char *const addresses4[] = {
	"192.0.2.1", "192.0.2.1", "192.0.2.2", "192.0.2.129", "127.0.0.1", "10.0.0.1", "255.255.255.255",
};
static const char *const addresses6[] = {
	"2001:db8::1", "2001:db8::1", "2001:db8::2", "2001:db8:8000::1", "::1", "::ffff:192.0.2.1", "::",
};

/* --- domain-specs -------------------------------------------------------------------------------------------------- */

static void add_macro(struct zone *zone, struct as_buf *out, bool is_exp)
{
	static const char *const plain[] = { "%%", "%_", "%-" };
	static const char *const digits[] = { "1", "2", "3", "4", "02", "127", "200", "99999999999999999999" };
	static const char *const broken[] = {
		"%", "%{", "%{d", "%{x}", "%{d0}", "%{d00r}", "%(d)", "%{dr2}", "%{d.r}", "%{d|}", "%{}", "%{c}", "%{T}", "%{d }",
	};
	if (zone_chance(zone, 8)) {
		as_buf_puts(out, PICK(zone, plain));
		return;
	}
	if (zone->is_dirty && zone_chance(zone, 5)) {
		as_buf_puts(out, PICK(zone, broken));
		return;
	}
	const char *letters = is_exp ? "slodiphvcrtSLODIPHVCRT" : "slodiphvdddSLODIPHV";
	as_buf_printf(out, "%%{%c", letters[below(zone, (unsigned)strlen(letters))]);
	if (zone_chance(zone, 35))
		as_buf_puts(out, PICK(zone, digits));
	if (zone_chance(zone, 30))
		as_buf_putc(out, zone_chance(zone, 90) ? 'r' : 'R');
	while (zone_chance(zone, 25))
		as_buf_putc(out, ".-+,/_="[below(zone, 7)]);
	as_buf_putc(out, '}');
}

static void add_prefix(struct zone *zone, struct as_buf *out)
{
	static const char *const pieces[] = {
		"_spf.", "x.", "a-b.", "foo/24.", "a:b.", ".", "..", "1.", "=.", "@", "_", "\\.", "\".", "a/8//64.", "~.",
		LABEL63 ".", LABEL63 "x.",
	};
	for (unsigned n = below(zone, 4); n; n--)
		if (zone_chance(zone, 60)) {
			add_macro(zone, out, false);
			as_buf_puts(out, zone_chance(zone, 80) ? "." : "");
		} else
			as_buf_puts(out, PICK(zone, pieces));
}

/* A name that may well be in the zone, or macros that may lead there. */
static void add_domain_spec(struct zone *zone, struct as_buf *out)
{
	static const char *const rare[] = {
		"%{d}", "%{o}", "%{h}", "%{d2}", "%{d1}", "%{d1r}", "%{s}", "%{l}.%{d}", "%{i}.wild.example", "%{p}.wild.example",
		"%{ir}.%{v}.arpa", "%{p}", "%{d}.wild.example", "%{l1r-}.%{l-}.wild.example", "%{S}.wild.example",
		"%{H}.wild.example", LONG250, "%{l}." LONG250,
		LABEL63 "." LABEL63 "." LABEL63 "." LABEL63 "." LABEL63 ".wild.example", "xn--bcher-kva.example", "EXAMPLE.Com.",
		"cname.example.com",
	};
	static const char *const broken[] = {
		"", "com", ".com", "example.com..", "example.123", "a.b-", "a.-b", "[192.0.2.1]", "a.b_c", "example.com/33",
		"%{d}.", "example.com.%{d}x", "a..example.com", ".", "*.example.com", "example.com/24/24", "example.com/",
		"example.com//129", "example.com/024",
	};
	if (zone_chance(zone, 18))
		add_prefix(zone, out);
	if (zone->is_dirty && zone_chance(zone, 5))
		as_buf_puts(out, PICK(zone, broken));
	else if (zone_chance(zone, 18))
		as_buf_puts(out, PICK(zone, rare));
	else
		as_buf_puts(out, zone_chance(zone, 60) ? PICK(zone, domains) : PICK(zone, hosts));
	if (zone_chance(zone, 4))
		as_buf_putc(out, '.');
}

/* --- records ------------------------------------------------------------------------------------------------------- */

static void add_cidr(struct zone *zone, struct as_buf *out)
{
	static const char *const good[] = {
		"/24", "/0", "/32", "/31", "//64", "//0", "//128", "/0//0", "/32//33", "/1//1", "/25//127",
	};
	static const char *const broken[] = {
		"/", "//", "/33", "//129", "/032", "/00", "/-1", "/24/64", "/24//", "///64", "/4294967328", "/24//064",
	};
	if (zone_chance(zone, 25))
		as_buf_puts(out, PICK(zone, good));
	else if (zone->is_dirty && zone_chance(zone, 4))
		as_buf_puts(out, PICK(zone, broken));
}

static void add_ip4(struct zone *zone, struct as_buf *out)
{
	static const char *const good[] = {
		"192.0.2.1", "192.0.2.0/24", "192.0.2.128/25", "0.0.0.0/0", "10.0.0.0/8", "192.0.2.0/31", "127.0.0.0/8",
		"10.9.9.9/1", "192.0.2.1/32", "255.255.255.255",
	};
	static const char *const broken[] = {
		"192.0.2", "192.0.2.256", "192.0.2.01", "192.0.2.1/33", "192.0.2.1/032", "192.0.2.1/", "192.0.2.1//32", "1.2.3.4.5",
		"", "::1", "192.0.2.1/4294967328", "example.com", "%{i}", "192.0.2.1.", "+1.2.3.4", "0x10.0.0.1",
	};
	as_buf_puts(out, "ip4:");
	as_buf_puts(out, zone->is_dirty && zone_chance(zone, 8) ? PICK(zone, broken) : PICK(zone, good));
}

static void add_ip6(struct zone *zone, struct as_buf *out)
{
	static const char *const good[] = {
		"2001:db8::1", "2001:DB8::/32", "::/0", "::1", "::ffff:192.0.2.1", "::ffff:192.0.2.1/96", "::192.0.2.1",
		"::ffff:0:0/0", "2001:db8:0:0:0:0:0:1/128", "2001:db8:8000::/33", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8",
		"1:2:3:4:5:6:1.2.3.4", "ff00::/8",
	};
	static const char *const broken[] = {
		"2001:db8", ":::", "1:2:3:4:5:6:7:8:9", "::1/129", "::1/0128", "::1/", "::1//64", "::1::", "12345::", "::g",
		"::1%eth0", "", "192.0.2.1", "::1.2.3", "::01.2.3.4", "1::2:3:4:5:6:7:8", ":1", "1:", "::1.2.3.4:5",
		"1:2:3:4:5:6:7:1.2.3.4",
	};
	as_buf_puts(out, "ip6:");
	as_buf_puts(out, zone->is_dirty && zone_chance(zone, 8) ? PICK(zone, broken) : PICK(zone, good));
}

static void add_many_networks(struct zone *zone, struct as_buf *out)
{
	unsigned count = 26 + below(zone, 80);
	bool is_6 = zone_chance(zone, 40);
	for (unsigned i = 0; i < count; i++)
		as_buf_printf(out, is_6 ? "ip6:2001:db8:ffff::%x " : "ip4:10.1.2.%u ", i);
	as_buf_puts(out, "?ip4:10.9.9.9");
}

static void add_mechanism(struct zone *zone, struct as_buf *out)
{
	static const char *const named[] = { "a", "mx", "ptr", "include", "exists", "a", "mx", "include", "include" };
	static const char *const broken[] = {
		"foo", "all:example.com", "all/8", "a:", "include", "exists", "ptr/24", "ip4", "mx:", "spf1", "v=spf1x%", "-",
		"a=%", "+redirect=example.com", "redirect:example.com", "all.", "a.example.com", "exists:example.com/24", "1a=b",
		"include:example.com/24",
	};
	unsigned roll = below(zone, 100);
	if (zone_chance(zone, 40))
		as_buf_putc(out, "+-?~"[below(zone, 4)]);
	if (roll < 10)
		add_ip4(zone, out);
	else if (roll < 18)
		add_ip6(zone, out);
	else if (roll < 22)
		as_buf_puts(out, "all");
	else if (zone->is_dirty && roll < 25)
		as_buf_puts(out, PICK(zone, broken));
	else {
		const char *name = PICK(zone, named);
		as_buf_puts(out, name);
		if (*name == 'i' || *name == 'e' || zone_chance(zone, 60)) {
			as_buf_putc(out, ':');
			add_domain_spec(zone, out);
		}
		if (*name == 'a' || *name == 'm')
			add_cidr(zone, out);
	}
}

static void add_modifier(struct zone *zone, struct as_buf *out)
{
	static const char *const unknown[] = {
		"foo=", "foo=bar", "x-y_z.1=%{d}", "all=1", "a=b", "ip4=192.0.2.1", "foo=%{i}%%%_%-", "exp-text=hello",
		"default=fail", "foo==", "foo=/:@=", "redirects=%{l}", "foo=%{p}",
	};
	static const char *const broken[] = {
		"foo=%", "foo=%{d0}", "foo=%{c}", "_foo=bar", "-foo=bar", "foo=%{}", "exp=", "redirect=", "exp=foo", "=bar",
		"foo=%{t}",
	};
	if (zone->is_dirty && zone_chance(zone, 10))
		as_buf_puts(out, PICK(zone, broken));
	else if (zone_chance(zone, 50))
		as_buf_puts(out, PICK(zone, unknown));
	else {
		as_buf_puts(out, zone->is_dirty && zone_chance(zone, 30) ? "redirect=" : "unknown=");
		add_domain_spec(zone, out);
	}
	if (zone_chance(zone, 3))
		for (unsigned i = 0; i < 300; i++)
			as_buf_putc(out, 'z');
}

/* About as many terms as may query DNS, none of which matches a client or finds nothing. */
static void add_counted(struct zone *zone, struct as_buf *out)
{
	static const char *const terms[] = {
		" a:n.example.net", " mx:n.example.net", " include:n.example.net", " -a:n.example.net", " ~mx:n.example.net",
		" -include:n.example.net", " a:n.example.net//128", " mx:n.example.net/32", " include:r.example.net",
	};
	for (unsigned n = 6 + below(zone, 7); n; n--)
		as_buf_puts(out, PICK(zone, terms));
}

static void add_spaces(struct zone *zone, struct as_buf *out)
{
	do
		as_buf_putc(out, ' ');
	while (zone_chance(zone, 6));
}

static const char *const ends[] = { "-all", "-all", "-all", "~all", "?all", "all", "", "" };

static void add_terms(struct zone *zone, struct as_buf *out)
{
	unsigned terms = zone_chance(zone, zone->is_rich ? 20 : 6) ? 9 + below(zone, 6) : below(zone, 5);
	bool has_redirect = zone_chance(zone, 18);
	bool has_exp = zone_chance(zone, zone->is_rich ? 90 : 45);
	if (zone_chance(zone, 2)) {
		add_spaces(zone, out);
		add_many_networks(zone, out);
	}
	if (zone_chance(zone, 5)) {
		add_counted(zone, out);
		terms = below(zone, 2);
		has_redirect = zone_chance(zone, 40);
	}
	for (unsigned i = 0; i <= terms; i++) {
		if (has_redirect && zone_chance(zone, 40)) {
			as_buf_puts(out, " redirect=");
			add_domain_spec(zone, out);
			has_redirect = false;
		}
		if (has_exp && zone_chance(zone, 60)) {
			as_buf_puts(out, zone_chance(zone, 95) ? " exp=" : " EXP=");
			if (zone_chance(zone, 70))
				as_buf_printf(out, "e%u.example.com", below(zone, 3));
			else
				add_domain_spec(zone, out);
			has_exp = zone->is_dirty && zone_chance(zone, 10);
		}
		if (i == terms)
			break;
		add_spaces(zone, out);
		if (zone_chance(zone, 88))
			add_mechanism(zone, out);
		else
			add_modifier(zone, out);
	}
	if (zone_chance(zone, 75))
		as_buf_printf(out, " %s", PICK(zone, ends));
}

/* Cuts, doubles or changes something anywhere. */
static void damage(struct zone *zone, struct as_buf *record)
{
	static const char bytes[] = {
		'\0', '\t', '\n', ' ', '%', '{', '}', '/', ':', '.', '=', '-', '\x7f', '\x80', '\xc3', 'r', '0', '9', '"', '\\',
		'_',
	};
	unsigned at = 6 + below(zone, (unsigned)record->length - 5);
	unsigned n = below(zone, 6);
	if (at >= record->length)
		at = (unsigned)record->length - 1;
	if (n > record->length - at)
		n = (unsigned)(record->length - at);
	switch (below(zone, 3)) {
	case 0:
		record->text[at] = PICK(zone, bytes);
		break;
	case 1:
		memmove(record->text + at, record->text + at + n, record->length - at - n);
		record->length -= n;
		break;
	default:
		as_buf_add(record, as_strndup(zone->arena, record->text + at, n), n);
	}
}

static void change_case(struct zone *zone, struct as_buf *text)
{
	for (size_t i = 0; i < text->length; i++)
		if (as_is_alpha(text->text[i]) && zone_chance(zone, 50))
			text->text[i] ^= 0x20;
}

static void put_txt(struct zone *zone, const char *name, const struct as_buf *text)
{
	as_dns_fake_txt(zone->fake, name, text->text, text->length);
	as_buf_printf(&zone->log, "%s TXT \"%s\"\n", name, as_escape(zone->arena, text->text, text->length, 100000));
}

static void put_text(struct zone *zone, const char *name, const char *bytes)
{
	struct as_buf text = as_buf_new(zone->arena);
	as_buf_puts(&text, bytes);
	put_txt(zone, name, &text);
}

static void put_spf(struct zone *zone, const char *name)
{
	static const char *const other[] = {
		"v=spf10 -all", "v=spf1\t-all", "spf2.0/pra -all", "hello", "v=spf1-all", " v=spf1 -all", "v=spf", "",
	};
	struct as_buf record = as_buf_new(zone->arena);
	as_buf_puts(&record, "v=spf1");
	add_terms(zone, &record);
	if (zone_chance(zone, 5))
		add_spaces(zone, &record);
	if (zone_chance(zone, 8))
		change_case(zone, &record);
	if (zone->is_dirty && zone_chance(zone, 12))
		damage(zone, &record);
	put_txt(zone, name, &record);
	if (zone_chance(zone, 8))
		put_text(zone, name, PICK(zone, other));
	if (zone->is_dirty && zone_chance(zone, 5))
		put_txt(zone, name, &record);
}

static void put_explanation(struct zone *zone, const char *name)
{
	static const char *const words[] = {
		"See ", "http://example.com/?ip=", "&s=", " ", "  ", "not allowed", "100", "-", "\"", "\\", ".",
	};
	static const char *const odd[] = { "caf\xc3\xa9", "\t", "\x01", "\x7f", "%", "%{x}", "%(d)", "%{d0}", "\r\n" };
	struct as_buf text = as_buf_new(zone->arena);
	for (unsigned n = zone_chance(zone, 3) ? 200 : below(zone, 6); n; n--)
		if (zone_chance(zone, 55))
			add_macro(zone, &text, true);
		else
			as_buf_puts(&text, PICK(zone, words));
	if (zone_chance(zone, 8))
		as_buf_puts(&text, PICK(zone, odd));
	if (zone_chance(zone, 2))
		as_buf_add(&text, "\0x", 2);
	put_txt(zone, name, &text);
	if (zone_chance(zone, 5))
		put_txt(zone, name, &text);
}

/* --- the rest of a zone -------------------------------------------------------------------------------------------- */

static void put(struct zone *zone, const char *name, enum as_dns_type type, const char *rdata)
{
	as_buf_printf(&zone->log, "%s %s %s\n", name, as_dns_type_name(type), rdata);
	if (as_dns_fake_record(zone->fake, name, type, rdata) != AS_OK)
		fail_msg("zone data: %s %s %s", name, as_dns_type_name(type), rdata);
}

static void put_addresses(struct zone *zone, const char *name)
{
	if (zone->is_rich) {
		put(zone, name, AS_DNS_A, PICK(zone, addresses4));
		put(zone, name, AS_DNS_AAAA, PICK(zone, addresses6));
	}
	for (unsigned n = below(zone, 4); n; n--)
		if (zone_chance(zone, 60))
			put(zone, name, AS_DNS_A, PICK(zone, addresses4));
		else
			put(zone, name, AS_DNS_AAAA, PICK(zone, addresses6));
}

/* Names that DNS allows and text does not like. */
static const char *const odd_names[] = {
	"a\\032b.example.com.", "a\\.b.example.com.", "a\\000b.example.com.", "\\255.example.com.", "H0.EXAMPLE.COM.", "*.wild.example.", ".",
	LONG250 ".", "\\@.example.com.", "com.",
};

static void put_mx(struct zone *zone, const char *name)
{
	unsigned count = zone_chance(zone, 10) ? 9 + below(zone, 4) : below(zone, 4);
	for (unsigned i = 0; i < count; i++) {
		unsigned preference = below(zone, 3) * 10;
		const char *host = zone_chance(zone, 5) ? "." : count > 8 ? as_printf(zone->arena, "m%u.example.com.", i)
			: as_printf(zone->arena, "%s.", PICK(zone, hosts));
		if (zone_chance(zone, 3))
			host = PICK(zone, odd_names);
		put(zone, name, AS_DNS_MX, as_printf(zone->arena, "%u %s", preference, host));
	}
	if (count > 8)
		put(zone, as_printf(zone->arena, "m%u.example.com", below(zone, count)), AS_DNS_A, "192.0.2.1");
}

static void put_misbehaviour(struct zone *zone, const char *name)
{
	static const enum as_dns_type types[] = { AS_DNS_A, AS_DNS_AAAA, AS_DNS_MX, AS_DNS_TXT, AS_DNS_PTR, 0 };
	static const enum as_dns_behaviour behaviours[] = {
		AS_FAKE_SERVFAIL, AS_FAKE_SERVFAIL, AS_FAKE_BOGUS, AS_FAKE_TIMEOUT, AS_FAKE_NXDOMAIN,
	};
	static const char *const words[] = { "answers", "$SERVFAIL", "$BOGUS", "$TIMEOUT", "$NXDOMAIN" };
	enum as_dns_type type = PICK(zone, types);
	enum as_dns_behaviour behaviour = PICK(zone, behaviours);
	as_buf_printf(&zone->log, "%s %s %s\n", words[behaviour], name, type ? as_dns_type_name(type) : "");
	as_dns_fake_behave(zone->fake, name, type, behaviour);
}

static void put_ptr(struct zone *zone, const char *client)
{
	struct as_ip ip;
	assert_int_equal(as_ip_parse(client, &ip), AS_OK);
	const char *reverse = as_dns_reverse_name(zone->arena, &ip);
	unsigned count = zone_chance(zone, 15) ? 9 + below(zone, 4) : below(zone, 4);
	const char *name = reverse;
	if (zone_chance(zone, 10)) {
		name = as_printf(zone->arena, "r.%s", reverse);
		put(zone, reverse, AS_DNS_CNAME, as_printf(zone->arena, "%s.", name));
	}
	for (unsigned i = 0; i < count; i++) {
		const char *host = zone_chance(zone, 70) ? PICK(zone, hosts) : PICK(zone, domains);
		if (count > 8 && zone_chance(zone, 70))
			host = as_printf(zone->arena, "p%u.example.com", i);
		put(zone, name, AS_DNS_PTR, zone_chance(zone, 4) ? PICK(zone, odd_names) : as_printf(zone->arena, "%s.", host));
	}
	if (zone_chance(zone, 10))
		put_misbehaviour(zone, reverse);
}

static void put_cname(struct zone *zone, const char *name)
{
	put(zone, name, AS_DNS_CNAME, as_printf(zone->arena, "%s.", zone_chance(zone, 80) ? PICK(zone, domains) : name));
}

/* What add_counted names. */
static void put_far(struct zone *zone)
{
	put(zone, "n.example.net", AS_DNS_A, "10.9.8.7");
	put(zone, "n.example.net", AS_DNS_AAAA, "2001:db8:9::9");
	put(zone, "n.example.net", AS_DNS_MX, "0 n.example.net.");
	put_text(zone, "n.example.net", "v=spf1 ?ip4:10.9.8.7 -all exp=e1.example.com");
	put_text(zone, "r.example.net", "v=spf1 redirect=n.example.net exp=e2.example.com");
	if (zone_chance(zone, 10))
		put_text(zone, "com", "v=spf1 -all");
}

/* What is below a secure name is secure too: this is where signed zones begin. */
static void put_states(struct zone *zone)
{
	static const char *const tops[] = {
		"example.com", "a.example.com", "b.example.com", "c.example.com", "h0.example.com", "e0.example.com", "e1.example.com",
		"spf.example.net", "n.example.net", "r.example.net", "hx.example.net", "x.example.org", "h3.example.org",
		"host.example", "wild.example", "xn--bcher-kva.example", "in-addr.arpa", "ip6.arpa", "com",
	};
	struct as_buf lines = as_buf_new(zone->arena);
	const char *detail;
	for (size_t i = 0; i < COUNT(tops); i++)
		if (zone_chance(zone, 75))
			as_buf_printf(&lines, "$SECURE %s.\n", tops[i]);
	if (as_dns_fake_load(zone->fake, zone->arena, lines.text, lines.length, &detail) != AS_OK)
		fail_msg("%s", detail);
	as_buf_puts(&zone->log, lines.text);
}

void zone_fill(struct zone *zone)
{
	zone->is_dirty = zone_chance(zone, 30);
	zone->is_rich = zone_chance(zone, 40);
	for (size_t i = 0; i < COUNT(domains); i++) {
		if (zone_chance(zone, i == 0 ? 97 : 85))
			put_spf(zone, domains[i]);
		put_addresses(zone, domains[i]);
		if (zone_chance(zone, zone->is_rich ? 95 : 60))
			put_mx(zone, domains[i]);
		if (zone_chance(zone, 4))
			put_misbehaviour(zone, domains[i]);
	}
	for (size_t i = 0; i < COUNT(hosts) - 2; i++) {
		put_addresses(zone, hosts[i]);
		if (zone_chance(zone, 5))
			put_misbehaviour(zone, hosts[i]);
	}
	for (unsigned i = 0; i < 3; i++) {
		const char *name = as_printf(zone->arena, "e%u.example.com", i);
		if (zone_chance(zone, 85))
			put_explanation(zone, name);
		if (zone_chance(zone, 5))
			put_misbehaviour(zone, name);
	}
	for (size_t i = 0; i < COUNT(clients); i++)
		if (zone_chance(zone, 80))
			put_ptr(zone, clients[i]);
	for (unsigned i = 0; i < 13; i++) {
		const char *name = as_printf(zone->arena, "p%u.example.com", i);
		if (zone_chance(zone, 40))
			put_addresses(zone, name);
		if (zone_chance(zone, 5))
			put_misbehaviour(zone, name);
	}
	put_far(zone);
	put_cname(zone, "cname.example.com");
	if (zone_chance(zone, 50)) {
		put(zone, "a\\032b.example.com.", AS_DNS_A, "192.0.2.1");
		put(zone, "\\@.example.com.", AS_DNS_A, "192.0.2.1");
		put(zone, "com.", AS_DNS_A, "192.0.2.1");
	}
	if (zone_chance(zone, 80))
		put(zone, "*.wild.example", AS_DNS_A, PICK(zone, addresses4));
	if (zone_chance(zone, 20))
		put_spf(zone, "*.wild.example");
	if (zone_chance(zone, 20))
		put_spf(zone, "xn--bcher-kva.example");
	put_states(zone);
}

/* --- questions ----------------------------------------------------------------------------------------------------- */

#define LOCAL64 "l234567890123456789012345678901234567890123456789012345678901234"

struct as_spf_request zone_question(struct zone *zone)
{
	static const char *const locals[] = {
		"user", "user", "", "a.b.c", "a-b+c", "a_b=c/d,e", "jos\xc3\xa9", "\xff", "with space", "quo\"te", "back\\slash",
		"x@y", "..", ".a", "a.", "UPPER", LOCAL64, LOCAL64 "." LOCAL64 "." LOCAL64 "." LOCAL64 "." LOCAL64, "%{d}",
		"a\r\nb", "\x01", "strong-bad", "tilde~!#$&'*?^`{|}",
	};
	static const char *const helos[] = {
		"mail.example.com", "mail.example.com", "example.com", "OEMCOMPUTER", "[192.0.2.1]", "", "JUMPIN' JUPITER", "a..b",
		".", "x.example.com.", "b\xc3\xbc.example", "a\tb", LONG250, "UPPER.Example.COM", LOCAL64, "192.0.2.1",
	};
	static const char *const odd[] = {
		"EXAMPLE.com", "example.com.", "b\xc3\xbc" "cher.example", "localhost", "", "[192.0.2.1]", "a..example.com",
		".example.com", "example.com..", ".", "x y.example.com", LABEL63 "x.example.com", LONG250, "x." LONG250,
		"none.example.com", "cname.example.com", "xn--bcher-kva.example", "\xff.example.com", "a.wild.example",
		"foo!bar.example.com", "192.0.2.1", "-.example.com", "example.com\n",
	};
	struct as_spf_request request = { .receiver = "mx.example.net", .now_s = ZONE_NOW_S };
	request.helo = PICK(zone, helos); /* one choice a statement: the order of initializers is free */
	request.local = PICK(zone, locals);
	request.domain = zone_chance(zone, 60) ? domains[0] : zone_chance(zone, 70) ? PICK(zone, domains) : PICK(zone, odd);
	request.wants_explanation = zone_chance(zone, 95);
	if (zone_chance(zone, 10)) { /* the identity of a null sender or of HELO */
		request.domain = request.helo;
		request.local = zone_chance(zone, 50) ? "" : "postmaster";
	}
	assert_int_equal(as_ip_parse(PICK(zone, clients), &request.client), AS_OK);
	if (zone_chance(zone, 1))
		request.client.family = 0;
	return request;
}
