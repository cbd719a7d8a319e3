/* SPDX-License-Identifier: BSD-2-Clause */
/* dmarc_tree.c - random trees for DMARC: what it likes are the corners of RFC 9989, not likely mail.
 *
 * Names are made of few labels, so that they meet. The order of arguments and initializers is free in C: no more than one random choice
 * stands in one of their lists.
 */
#include "config.h"

#include "dmarc_tree.h"

#include "test.h"

#include <string.h>

#define COUNT(list) (sizeof(list) / sizeof(list)[0])

/* --- random choices ------------------------------------------------------------------------------------------------ */

/* splitmix64 */
static unsigned below(struct tree *tree, unsigned limit)
{
	uint64_t x = tree->random += 0x9e3779b97f4a7c15u;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return (unsigned)((x ^ x >> 31) >> 32) % limit;
}

bool tree_chance(struct tree *tree, unsigned percent)
{
	return below(tree, 100) < percent;
}

#define PICK(tree, list) (list)[below(tree, COUNT(list))]

static const char *change_case(struct tree *tree, const char *text)
{
	char *copy = as_strdup(tree->arena, text);
	for (char *c = copy; *c; c++)
		if (as_is_alpha(*c) && tree_chance(tree, 50))
			*c ^= 0x20;
	return copy;
}

/* --- domains ------------------------------------------------------------------------------------------------------- */

#define LABEL60 "l23456789-123456789-123456789-123456789-123456789-123456789x"
#define A_LABEL "xn--bcher-kva"

static const char *const labels[] = { "a", "b", "a", "b", "mail", "hosting", "co", A_LABEL };
static const char *const tops[] = { "com", "com", "com", "uk", "example" };

static const char *add_labels(struct tree *tree, unsigned count, const char *domain)
{
	while (count--) {
		const char *label = tree_chance(tree, 1) ? LABEL60 : PICK(tree, labels);
		domain = as_printf(tree->arena, "%s.%s", label, domain);
	}
	return domain;
}

static const char *above(const char *domain, unsigned steps)
{
	while (steps-- && strchr(domain, '.'))
		domain = strchr(domain, '.') + 1;
	return domain;
}

static unsigned depth_of(const char *domain)
{
	unsigned depth = 1;
	while ((domain = strchr(domain, '.'))) {
		depth++;
		domain++;
	}
	return depth;
}

static const char *make_author(struct tree *tree)
{
	unsigned depth = tree_chance(tree, 50) ? 1 + below(tree, 3) : tree_chance(tree, 60) ? below(tree, 6) : 6 + below(tree, 7);
	return add_labels(tree, depth, PICK(tree, tops));
}

/* One that may or may not be aligned. */
static const char *make_identifier(struct tree *tree)
{
	const char *author = tree->domains[0];
	unsigned dice = below(tree, 100);
	const char *base = above(author, below(tree, depth_of(author)));
	if (dice < 15)
		return author;
	if (dice < 35)
		return base;
	if (dice < 65)
		return add_labels(tree, 1 + below(tree, 3), base);
	if (dice < 80)
		return add_labels(tree, 1 + below(tree, 9), author);
	if (dice < 85)
		return as_printf(tree->arena, "x%s", base);
	return add_labels(tree, 1 + below(tree, 2), dice < 93 ? "net" : PICK(tree, tops));
}

static void add_names(struct tree *tree, const char *domain)
{
	for (const char *name = domain; name; name = strchr(name, '.') ? strchr(name, '.') + 1 : NULL) {
		size_t i = 0;
		while (i < tree->name_count && strcmp(tree->names[i], name) != 0)
			i++;
		if (i == tree->name_count && i < TREE_NAMES)
			tree->names[tree->name_count++] = name;
	}
}

/* As it may stand in a message: in any case, with a final dot, in U-labels. */
static const char *write_domain(struct tree *tree, const char *domain)
{
	struct as_buf out = as_buf_new(tree->arena);
	bool has_case = tree_chance(tree, 20);
	for (const char *at = domain; *at;) {
		size_t n = strcspn(at, ".");
		const char *label = as_strndup(tree->arena, at, n);
		if (strcmp(label, A_LABEL) == 0 && tree_chance(tree, 50))
			label = tree_chance(tree, 50) ? "b\xc3\xbc" "cher" : "B\xc3\x9c" "CHER";
		else if (has_case)
			label = change_case(tree, label);
		as_buf_puts(&out, label);
		at += n;
		if (*at == '.')
			as_buf_putc(&out, *at++);
	}
	if (tree_chance(tree, 10))
		as_buf_putc(&out, '.');
	return out.text;
}

/* --- records ------------------------------------------------------------------------------------------------------- */

static void add_blanks(struct tree *tree, struct as_buf *out)
{
	static const char *const blanks[] = { " ", "  ", "\t", " \t " };
	if (tree_chance(tree, 8))
		as_buf_puts(out, PICK(tree, blanks));
}

static void add_request(struct tree *tree, struct as_buf *out)
{
	static const char *const good[] = { "none", "quarantine", "reject" };
	static const char *const bad[] = {
		"", "rejekt", "none reject", "re\x80ject", "\xc2\xa0none", "\xa0none", "\x01", "reject\x7f", "n", "reject,none", "\"none\"", "=none",
	};
	if (tree_chance(tree, 4))
		as_buf_puts(out, PICK(tree, bad));
	else
		as_buf_puts(out, tree_chance(tree, 90) ? PICK(tree, good) : change_case(tree, PICK(tree, good)));
}

static void add_letter(struct tree *tree, struct as_buf *out, const char *letters)
{
	static const char *const bad[] = { "", "yes", "0", "y y", "\xc3\xbc", "y\xff", "\x01" };
	char letter[] = { letters[below(tree, (unsigned)strlen(letters))], '\0' };
	if (tree_chance(tree, 5))
		as_buf_puts(out, PICK(tree, bad));
	else
		as_buf_puts(out, tree_chance(tree, 90) ? letter : change_case(tree, letter));
}

static void add_addresses(struct tree *tree, struct as_buf *out)
{
	static const char *const uris[] = {
		"mailto:d@example.com", "mailto:d@example.com!10m", "https://example.com/r", "MAILTO:d@example.com", "", "mailto:", "d@example.com",
		"mailto:d", "mailto:@", "mailto:a%40b", "mailto:d@example.com!", "mailto:d@example.com!m", "mailto:a b@example.com", "x:",
		"mailto:d@example.com!2x", "1x:d", "mailto:%4@example.com", "mailto:d@example.com?x=y", "mailto:?to=d@example.com", "!5k",
		"mailto:a\xff@b.example",
	};
	for (unsigned n = below(tree, 3);; n--) {
		as_buf_puts(out, tree_chance(tree, 30) ? uris[0] : PICK(tree, uris));
		if (!n)
			return;
		add_blanks(tree, out);
		as_buf_putc(out, ',');
		add_blanks(tree, out);
	}
}

static void add_tag(struct tree *tree, struct as_buf *out, const char *name)
{
	as_buf_puts(out, tree_chance(tree, 1) ? change_case(tree, name) : name);
	add_blanks(tree, out);
	as_buf_putc(out, '=');
	add_blanks(tree, out);
	if (strcmp(name, "rua") == 0 || strcmp(name, "ruf") == 0)
		add_addresses(tree, out);
	else if (strcmp(name, "psd") == 0)
		add_letter(tree, out, "yynnu");
	else if (strcmp(name, "t") == 0)
		add_letter(tree, out, "yn");
	else if (name[0] == 'a')
		add_letter(tree, out, "rs");
	else
		add_request(tree, out);
}

static void add_separator(struct tree *tree, struct as_buf *out)
{
	add_blanks(tree, out);
	as_buf_puts(out, tree_chance(tree, 2) ? ";;" : ";");
	as_buf_puts(out, tree_chance(tree, 70) ? " " : "");
}

static void make_record(struct tree *tree, struct as_buf *out)
{
	static const struct { const char *name; unsigned percent; } tags[] = {
		{ "p", 94 }, { "sp", 35 }, { "np", 35 }, { "psd", 30 }, { "t", 15 }, { "adkim", 20 }, { "aspf", 20 }, { "rua", 30 }, { "ruf", 5 },
	};
	static const char *const junk[] = { "pct=0", "foo=bar", "=", "??", "x1=y", "sp reject", "p", "fo=1", "p:none", "\xa0sp=none", "s p=none" };
	static const char *const versions[] = {
		"v = DMARC1", "v=\tDMARC1 ", "v=dmarc1", "v=DMARC10", " v=DMARC1", "V=DMARC1", "v=DMARC1 p=none", "v=DMARC2", "",
	};
	unsigned first = tree_chance(tree, 70) ? 0 : below(tree, COUNT(tags)); /* any order */
	as_buf_puts(out, tree_chance(tree, 94) ? "v=DMARC1" : PICK(tree, versions));
	for (unsigned i = 0; i < COUNT(tags); i++) {
		unsigned k = (first + i) % COUNT(tags);
		for (unsigned n = tree_chance(tree, tags[k].percent) ? tree_chance(tree, 3) ? 2 : 1 : 0; n; n--) {
			add_separator(tree, out);
			add_tag(tree, out, tags[k].name);
		}
		if (tree_chance(tree, 1)) {
			add_separator(tree, out);
			as_buf_puts(out, PICK(tree, junk));
		}
	}
	if (tree_chance(tree, 30))
		add_separator(tree, out);
}

static void put_text(struct tree *tree, const char *name, const char *bytes, size_t n)
{
	as_dns_fake_txt(tree->fake, name, bytes, n);
	as_buf_printf(&tree->log, "%s TXT \"%s\"\n", name, as_escape(tree->arena, bytes, n, 100000));
}

static void put_record(struct tree *tree, const char *name)
{
	struct as_buf record = as_buf_new(tree->arena);
	make_record(tree, &record);
	put_text(tree, name, record.text, record.length);
}

static void put(struct tree *tree, const char *name, enum as_dns_type type, const char *rdata)
{
	as_buf_printf(&tree->log, "%s %s %s\n", name, as_dns_type_name(type), rdata);
	if (as_dns_fake_record(tree->fake, name, type, rdata) != AS_OK)
		fail_msg("zone data: %s %s %s", name, as_dns_type_name(type), rdata);
}

/* --- the tree ------------------------------------------------------------------------------------------------------ */

static void put_failure(struct tree *tree, const char *name)
{
	static const enum as_dns_behaviour behaviours[] = { AS_FAKE_SERVFAIL, AS_FAKE_SERVFAIL, AS_FAKE_BOGUS, AS_FAKE_TIMEOUT };
	static const char *const words[] = { "answers", "$SERVFAIL", "$BOGUS", "$TIMEOUT" };
	enum as_dns_behaviour behaviour = PICK(tree, behaviours);
	tree->has_timeouts |= behaviour == AS_FAKE_TIMEOUT;
	as_buf_printf(&tree->log, "%s %s TXT\n", words[behaviour], name);
	as_dns_fake_behave(tree->fake, name, AS_DNS_TXT, behaviour);
}

/* An alias that leads to a record, to a failure, or nowhere. */
static void put_alias(struct tree *tree, const char *name, unsigned number)
{
	const char *target = as_printf(tree->arena, "t%u.policy.example.net", number);
	put(tree, name, AS_DNS_CNAME, as_printf(tree->arena, "%s.", target));
	if (tree_chance(tree, 70))
		put_record(tree, target);
	else if (tree->is_failing && tree_chance(tree, 50))
		put_failure(tree, target);
}

/* Something at _dmarc of the name. */
static void put_policy(struct tree *tree, unsigned number)
{
	static const char *const others[] = { "v=spf1 -all", "hello", "", "dmarc", "v=DMARC", "v=STSv1; id=1" };
	const char *name = as_printf(tree->arena, "_dmarc.%s", tree->names[number]);
	unsigned dice = below(tree, 100);
	if (tree->is_failing && tree_chance(tree, 12)) {
		put_failure(tree, name);
	} else if (dice < 6) {
		put_alias(tree, name, number);
	} else if (dice < 10) {
		put(tree, name, AS_DNS_A, "192.0.2.1");
	} else {
		for (unsigned n = dice < 20 ? 2 + below(tree, 2) : 1; n; n--)
			put_record(tree, tree_chance(tree, 10) ? change_case(tree, name) : name);
		if (tree_chance(tree, 10)) {
			const char *other = PICK(tree, others);
			put_text(tree, name, other, strlen(other));
		}
	}
}

/* What may make the author domain exist. */
static void put_author(struct tree *tree)
{
	const char *author = tree->domains[0];
	unsigned dice = below(tree, 100);
	if (tree->is_failing && tree_chance(tree, 15))
		put_failure(tree, author);
	else if (dice < 12)
		put(tree, author, AS_DNS_A, "192.0.2.1");
	else if (dice < 20)
		put_text(tree, author, "hello", 5);
	else if (dice < 28 && strlen(author) < 200)
		put(tree, as_printf(tree->arena, "host.%s", author), AS_DNS_A, "192.0.2.1");
	else if (dice < 36)
		put_alias(tree, author, TREE_NAMES);
	else if (dice < 42 && strchr(author, '.'))
		put(tree, as_printf(tree->arena, "*.%s", above(author, 1)), AS_DNS_AAAA, "2001:db8::1");
	else if (dice < 45) {
		as_buf_printf(&tree->log, "$NXDOMAIN %s\n", author);
		as_dns_fake_behave(tree->fake, author, 0, AS_FAKE_NXDOMAIN);
	}
}

static enum as_code make_code(struct tree *tree)
{
	static const enum as_code codes[] = { AS_PASS, AS_PASS, AS_PASS, AS_TEMPERROR, AS_FAIL, AS_NEUTRAL, AS_POLICY, AS_PERMERROR, AS_NONE };
	return PICK(tree, codes);
}

static void make_message(struct tree *tree)
{
	tree->domains[tree->domain_count++] = make_author(tree);
	tree->written = write_domain(tree, tree->domains[0]);
	tree->request.author_domain = tree->domains[0];
	tree->dkim.signatures = tree->signatures;
	tree->dkim.count = below(tree, TREE_SIGNATURES + 1);
	for (size_t i = 0; i < tree->dkim.count; i++) {
		tree->signatures[i].code = make_code(tree);
		if (!tree_chance(tree, 3))
			tree->signatures[i].domain = tree->domains[tree->domain_count++] = make_identifier(tree);
	}
	tree->spf.code = make_code(tree);
	if (!tree_chance(tree, 3))
		tree->spf.domain = tree->domains[tree->domain_count++] = make_identifier(tree);
	tree->request.spf = tree_chance(tree, 85) ? &tree->spf : NULL;
	tree->request.dkim = tree_chance(tree, 95) ? &tree->dkim : NULL;
	as_buf_printf(&tree->log, "from %s (%s)\n", tree->domains[0], as_escape(tree->arena, tree->written, strlen(tree->written), 1000));
	if (tree->request.spf)
		as_buf_printf(&tree->log, "spf %s %s\n", as_code_name(tree->spf.code), tree->spf.domain ? tree->spf.domain : "-");
	for (size_t i = 0; tree->request.dkim && i < tree->dkim.count; i++)
		as_buf_printf(&tree->log, "dkim %s %s\n", as_code_name(tree->signatures[i].code),
			tree->signatures[i].domain ? tree->signatures[i].domain : "-");
}

void tree_fill(struct tree *tree)
{
	static const unsigned densities[] = { 10, 25, 25, 40, 70 };
	tree->is_failing = tree_chance(tree, 40);
	make_message(tree);
	for (size_t i = 0; i < tree->domain_count; i++)
		add_names(tree, tree->domains[i]);
	unsigned density = PICK(tree, densities);
	for (unsigned i = 0; i < tree->name_count; i++)
		if (tree_chance(tree, density))
			put_policy(tree, i);
	put_author(tree);
}
