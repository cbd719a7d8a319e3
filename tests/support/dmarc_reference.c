/* SPDX-License-Identifier: BSD-2-Clause */
/* dmarc_reference.c - RFC 9989: the records of 4.7 and 4.8, the tree walk of 4.10, discovery of 4.10.1, alignment of 4.10.2, results of 5.3.
 *
 * Where the text leaves a side open the library's is taken, as assayd(8) names it: a record without usable p and rua and several records
 * are permerror; an identifier that is the author domain passes whatever failed; of a tag written twice the first counts; mailto: must name
 * a mailbox; while the existence of the author domain is open the stricter of both policies stands. RFC 7489 3.2 and 6.6.3 are the other
 * way to find an Organizational Domain.
 */
#include "config.h"

#include "dmarc_reference.h"

#include <string.h>
#include <strings.h>

enum { WALK_MAX = 8, LABELS_MAX = 8, LABELS_LEFT = 7 };

/* --- records, 4.7 and 4.8 ------------------------------------------------------------------------------------------ */

struct span {
	const char *at; /* NULL: absent */
	size_t n;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_figure(char c)
{
	return c >= '0' && c <= '9';
}

static struct span skip(struct span text, size_t n)
{
	return (struct span){ text.at + n, text.n - n };
}

static struct span trimmed(struct span text)
{
	while (text.n && is_blank(text.at[0]))
		text = skip(text, 1);
	while (text.n && is_blank(text.at[text.n - 1]))
		text.n--;
	return text;
}

/* Takes what stands before the next `mark` off the text; false at its end. */
static bool next_part(struct span *text, char mark, struct span *part)
{
	if (!text->at)
		return false;
	const char *end = memchr(text->at, mark, text->n);
	*part = (struct span){ text->at, end ? (size_t)(end - text->at) : text->n };
	*text = end ? skip(*text, part->n + 1) : (struct span){ NULL, 0 };
	return true;
}

static bool is_word(struct span text, const char *word)
{
	return text.n == strlen(word) && strncasecmp(text.at, word, text.n) == 0;
}

/* dmarc-tag: what stands before the "=", letters alone, and behind it. False: it is none. */
static bool read_tag(struct span part, struct span *name, struct span *value)
{
	part = trimmed(part);
	size_t n = 0;
	while (n < part.n && is_letter(part.at[n]))
		n++;
	*name = (struct span){ part.at, n };
	part = trimmed(skip(part, n));
	if (!n || !part.n || part.at[0] != '=')
		return false;
	*value = trimmed(skip(part, 1));
	return true;
}

/* The value of the first tag of that name. */
static struct span value_of(struct span record, const char *wanted)
{
	struct span part, name, value;
	while (next_part(&record, ';', &part))
		if (read_tag(part, &name, &value) && name.n == strlen(wanted) && memcmp(name.at, wanted, name.n) == 0)
			return value;
	return (struct span){ NULL, 0 };
}

/* 4.8: dmarc-version, and then the end or a separator. */
static bool is_dmarc(struct span record)
{
	struct span version, name, value;
	if (!next_part(&record, ';', &version) || !version.n || version.at[0] != 'v')
		return false;
	return read_tag(version, &name, &value) && name.n == 1 && value.n == 6 && memcmp(value.at, "DMARC1", 6) == 0;
}

static char flag_of(struct span record, const char *name, const char *letters)
{
	struct span value = value_of(record, name);
	for (const char *c = letters; value.at && *c; c++)
		if (is_word(value, (char[]){ *c, '\0' }))
			return *c;
	return letters[0]; /* the default stands first */
}

static char psd_of(struct span record)
{
	return flag_of(record, "psd", "uyn");
}

enum request { ABSENT = -2, INVALID = -1 };

/* An enum as_dmarc_policy, ABSENT or INVALID. */
static int request_of(struct span record, const char *name)
{
	struct span value = value_of(record, name);
	if (!value.at)
		return ABSENT;
	return is_word(value, "none")  ? AS_DMARC_NONE
		: is_word(value, "quarantine") ? AS_DMARC_QUARANTINE
		: is_word(value, "reject")     ? AS_DMARC_REJECT
					       : INVALID;
}

/* obs-dmarc-report-size at the end of the text. */
static size_t obsolete_size(struct span text)
{
	size_t end = text.n;
	if (end && strchr("kmgtKMGT", text.at[end - 1]))
		end--;
	size_t start = end;
	while (start && is_figure(text.at[start - 1]))
		start--;
	return start < end && start && text.at[start - 1] == '!' ? text.n - start + 1 : 0;
}

/* RFC 3986, as far as it can be told from single characters. */
static bool is_uri(struct span text)
{
	text = trimmed(text);
	text.n -= obsolete_size(text);
	struct span scheme, rest = text;
	if (!next_part(&rest, ':', &scheme) || !rest.n || !scheme.n || !is_letter(scheme.at[0]))
		return false;
	for (size_t i = 0; i < scheme.n; i++)
		if (!is_letter(scheme.at[i]) && !is_figure(scheme.at[i]) && !memchr("+-.", scheme.at[i], 3))
			return false;
	for (size_t i = 0; i < rest.n; i++) {
		char c = rest.at[i];
		if (c <= ' ' || c >= 0x7f || strchr("\"<>\\^`{|}!,", c))
			return false;
		if (c == '%' && (i + 2 >= rest.n || strspn(rest.at + i + 1, "0123456789abcdefABCDEF") < 2))
			return false;
	}
	struct span mailbox, domain;
	return !is_word(scheme, "mailto") || (next_part(&rest, '?', &domain) && next_part(&domain, '@', &mailbox) && mailbox.n && domain.n);
}

static bool has_report_address(struct span record)
{
	struct span list = value_of(record, "rua"), uri;
	while (next_part(&list, ',', &uri))
		if (is_uri(uri))
			return true;
	return false;
}

/* --- names --------------------------------------------------------------------------------------------------------- */

static unsigned labels_of(const char *name)
{
	unsigned labels = *name != '\0';
	while ((name = strchr(name, '.'))) {
		labels++;
		name++;
	}
	return labels;
}

static const char *without_left(const char *name)
{
	const char *dot = strchr(name, '.');
	return dot ? dot + 1 : "";
}

static const char *shortened(const char *name, unsigned labels)
{
	while (labels_of(name) > labels)
		name = without_left(name);
	return name;
}

static bool is_same(const char *a, const char *b)
{
	return strcasecmp(a, b) == 0;
}

static bool is_at_or_above(const char *above, const char *name)
{
	return is_same(above, shortened(name, labels_of(above)));
}

/* --- the tree walk, 4.10 ------------------------------------------------------------------------------------------- */

enum found { NOTHING, RECORD, SEVERAL, FAILED };

struct step {
	const char *name;
	enum found found;
	struct span record;
};

struct walk {
	size_t count;
	struct step steps[WALK_MAX];
	bool has_failed;
	bool has_several;
};

struct check {
	struct as_arena *arena;
	struct as_dns_set *set;
	const struct as_dmarc_request *request;
	struct dmarc_reference *out;
	struct span record; /* that is applied */
	bool has_several;
};

/* Steps 1 and 2, 5 and 6. */
static struct step query(struct check *c, const char *name)
{
	struct step step = { .name = name };
	const struct as_dns_answer *answer = as_dns_get(c->set, as_printf(c->arena, "_dmarc.%s", name), AS_DNS_TXT);
	if (answer->status == AS_DNS_TEMPFAIL)
		step.found = FAILED;
	for (size_t i = 0; answer->status == AS_DNS_OK && i < answer->count; i++) {
		struct span text = { (const char *)answer->records[i].data, answer->records[i].size };
		if (!is_dmarc(text))
			continue;
		step.found = step.found == NOTHING ? RECORD : SEVERAL;
		step.record = text;
	}
	return step;
}

static struct walk tree_walk(struct check *c, const char *start)
{
	struct walk walk = { .count = 0 };
	for (const char *target = start; *target;) {
		struct step *step = &walk.steps[walk.count++];
		*step = query(c, target);
		walk.has_failed |= step->found == FAILED;
		walk.has_several |= step->found == SEVERAL;
		if (walk.has_failed || (step->found == RECORD && psd_of(step->record) != 'u'))
			break;
		/* steps 4 and 7 */
		target = walk.count == 1 && labels_of(start) >= LABELS_MAX ? shortened(start, LABELS_LEFT) : without_left(target);
	}
	return walk;
}

/* 4.10.2, the numbered list, from the longest to the shortest. */
static const char *organization_of(const struct walk *walk, const char *start)
{
	const char *fewest = NULL;
	if (walk->has_failed)
		return NULL;
	for (size_t i = 0; i < walk->count; i++) {
		const struct step *step = &walk->steps[i];
		if (step->found != RECORD)
			continue;
		if (psd_of(step->record) == 'n')
			return step->name;
		if (psd_of(step->record) == 'y' && !is_same(step->name, start))
			return shortened(start, labels_of(step->name) + 1);
		fewest = step->name;
	}
	return fewest ? fewest : start;
}

/* RFC 7489 3.2: one label more than the longest public suffix, and "*" is the rule where there is none. */
static const char *organization_by_list(const char *domain)
{
	static const char *const rules[] = { "co.uk", "hosting.example" };
	unsigned labels = 1;
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
		if (is_at_or_above(rules[i], domain))
			labels = 2;
	return shortened(domain, labels + 1);
}

/* NULL: a lookup failed. */
static const char *find_organization(struct check *c, const char *domain)
{
	if (c->request->discovery == AS_DISCOVERY_PSL)
		return organization_by_list(domain);
	struct walk walk = tree_walk(c, domain);
	return organization_of(&walk, domain);
}

/* --- discovery, 4.10.1 --------------------------------------------------------------------------------------------- */

static void apply(struct check *c, const struct step *step)
{
	c->record = step->record;
	c->out->policy_domain = step->name;
}

/* The record of the organization, else that of the public suffix domain. */
static void discover_above(struct check *c)
{
	const char *author = c->request->author_domain;
	const char *start = labels_of(author) <= LABELS_MAX ? without_left(author) : shortened(author, LABELS_LEFT);
	struct walk walk = tree_walk(c, start);
	const char *organization = organization_of(&walk, start);
	c->has_several |= walk.has_several;
	c->out->is_policy_unknown = walk.has_failed;
	for (size_t i = 0; organization && i < walk.count && !c->record.at; i++)
		if (walk.steps[i].found == RECORD && is_same(walk.steps[i].name, organization))
			apply(c, &walk.steps[i]);
	for (size_t i = 0; organization && i < walk.count && !c->record.at; i++)
		if (walk.steps[i].found == RECORD && psd_of(walk.steps[i].record) == 'y')
			apply(c, &walk.steps[i]);
}

/* RFC 7489 6.6.3: several records end the search. */
static void discover_by_list(struct check *c)
{
	const char *organization = organization_by_list(c->request->author_domain);
	if (c->has_several || is_same(organization, c->request->author_domain))
		return;
	struct step step = query(c, organization);
	c->has_several = step.found == SEVERAL;
	c->out->is_policy_unknown = step.found == FAILED;
	if (step.found == RECORD)
		apply(c, &step);
}

static void discover(struct check *c)
{
	struct step author = query(c, c->request->author_domain);
	c->has_several = author.found == SEVERAL;
	if (author.found == FAILED)
		c->out->is_policy_unknown = true;
	else if (author.found == RECORD)
		apply(c, &author);
	else if (c->request->discovery == AS_DISCOVERY_PSL)
		discover_by_list(c);
	else
		discover_above(c);
}

static void publish(struct check *c, const char *source, enum as_dmarc_policy policy)
{
	struct dmarc_reference *out = c->out;
	out->source = source;
	out->published = out->policy = policy;
	if (flag_of(c->record, "t", "ny") != 'y')
		return;
	if (policy == AS_DMARC_REJECT)
		out->policy = AS_DMARC_QUARANTINE;
	if (policy == AS_DMARC_QUARANTINE)
		out->policy = AS_DMARC_NONE;
}

/* 3.2.13. RFC 8020 2: the name that is denied is the last one of a chain of aliases. */
static void publish_for_subdomain(struct check *c, const char *other, enum as_dmarc_policy policy)
{
	const char *author = c->request->author_domain;
	int np = request_of(c->record, "np");
	publish(c, other, policy);
	if (np == ABSENT || np == (int)policy)
		return;
	const struct as_dns_answer *answer = as_dns_get(c->set, author, AS_DNS_TXT);
	bool is_denied = answer->status == AS_DNS_NXDOMAIN && (!answer->canonical || is_same(answer->canonical, author));
	c->out->is_policy_unknown = answer->status == AS_DNS_TEMPFAIL;
	if (is_denied || (c->out->is_policy_unknown && np > (int)policy))
		publish(c, "np", (enum as_dmarc_policy)np);
}

/* False: no processing of this message. */
static bool select_policy(struct check *c)
{
	int p = request_of(c->record, "p"), sp = request_of(c->record, "sp"), np = request_of(c->record, "np");
	if (p < 0 || sp == INVALID || np == INVALID) {
		publish(c, "p", AS_DMARC_NONE);
		return has_report_address(c->record);
	}
	if (is_same(c->out->policy_domain, c->request->author_domain))
		publish(c, "p", (enum as_dmarc_policy)p);
	else if (sp >= 0)
		publish_for_subdomain(c, "sp", (enum as_dmarc_policy)sp);
	else
		publish_for_subdomain(c, "p", (enum as_dmarc_policy)p);
	return true;
}

/* --- alignment, 4.10.2 --------------------------------------------------------------------------------------------- */

static enum dmarc_reference_alignment align(struct check *c, const char *domain, const char *mode)
{
	const char *author = c->request->author_domain;
	if (!domain)
		return REF_UNALIGNED;
	if (is_same(domain, author))
		return REF_ALIGNED;
	if (!c->record.at || flag_of(c->record, mode, "rs") == 's')
		return REF_UNALIGNED;
	/* an Organizational Domain is the name itself or one above it */
	if (!is_same(shortened(domain, 1), shortened(author, 1)))
		return REF_UNALIGNED;
	if (!c->out->organization)
		return REF_UNDECIDED;
	if (!is_at_or_above(c->out->organization, domain))
		return REF_UNALIGNED;
	const char *organization = find_organization(c, domain);
	if (!organization)
		return REF_UNDECIDED;
	return is_same(organization, c->out->organization) ? REF_ALIGNED : REF_UNALIGNED;
}

static void align_all(struct check *c)
{
	const struct as_dmarc_request *request = c->request;
	c->out->organization = find_organization(c, request->author_domain);
	if (request->spf)
		c->out->spf = align(c, request->spf->domain, "aspf");
	for (size_t i = 0; request->dkim && i < request->dkim->count; i++)
		c->out->dkim[i] = align(c, request->dkim->signatures[i].domain, "adkim");
}

/* --- results, 5.3 -------------------------------------------------------------------------------------------------- */

/* Is there an identifier with that code and alignment? */
static bool has(const struct check *c, enum as_code code, enum dmarc_reference_alignment alignment)
{
	const struct as_dmarc_request *request = c->request;
	if (request->spf && request->spf->code == code && c->out->spf == alignment)
		return true;
	for (size_t i = 0; request->dkim && i < request->dkim->count; i++)
		if (request->dkim->signatures[i].code == code && c->out->dkim[i] == alignment)
			return true;
	return false;
}

static enum as_code judge(const struct check *c)
{
	if (has(c, AS_PASS, REF_ALIGNED))
		return AS_PASS;
	/* 5.3.6: neither pass nor fail */
	if (c->out->is_policy_unknown || has(c, AS_PASS, REF_UNDECIDED))
		return AS_TEMPERROR;
	return has(c, AS_TEMPERROR, REF_ALIGNED) || has(c, AS_TEMPERROR, REF_UNDECIDED) ? AS_TEMPERROR : AS_FAIL;
}

void dmarc_reference_check(struct as_arena *arena, struct as_dns_set *set, const struct as_dmarc_request *request,
	struct dmarc_reference *outcome)
{
	struct check c = { .arena = arena, .set = set, .request = request, .out = outcome };
	*outcome = (struct dmarc_reference){ .code = AS_NONE };
	outcome->dkim = as_alloc_array(arena, request->dkim ? request->dkim->count + 1 : 1, sizeof *outcome->dkim);
	discover(&c);
	align_all(&c);
	if (!c.record.at && !outcome->is_policy_unknown) {
		outcome->code = c.has_several ? AS_PERMERROR : AS_NONE;
	} else if (c.record.at && !select_policy(&c)) {
		outcome->code = AS_PERMERROR;
		outcome->policy_domain = outcome->source = NULL;
	} else {
		outcome->code = judge(&c);
	}
}
