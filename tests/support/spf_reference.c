/* SPDX-License-Identifier: BSD-2-Clause */
/* spf_reference.c - RFC 7208, check_host() as its sections 4 to 7 tell it; RFC 8616 4 for addresses that are not ASCII. */
#include "config.h"

#include "spf_reference.h"

#include "domain.h"
#include "spf_reference_text.h"
#include "str.h"

#include <string.h>

enum { TERMS_MAX = 10, VOIDS_MAX = 2, NAMES_MAX = 10, NAME_OCTETS = 253, LABEL_OCTETS = 63, EXPLANATION_OCTETS = 450 };

/* --- one evaluation ------------------------------------------------------------------------------------------------ */

struct check {
	struct as_arena *arena;
	struct as_dns_set *set;
	const struct as_spf_request *request;
	const char *local;   /* of <sender> */
	const char *domain;  /* of <sender> */
	bool is_local_ascii;
	bool is_p_counted;
	bool is_explaining;  /* after the result: nothing is counted */
	unsigned terms;
	unsigned voids;
	unsigned includes;   /* how deep */
	const char *exp_domain; /* the record whose "fail" is the result */
	struct ref_text exp_spec;
	struct ref_text matched; /* the term that is the result; empty: none matched */
	const char *where;
	const char *first[AS_DNSSEC_BOGUS + 1]; /* by DNSSEC state: the name that had it before others */
};

/* A term matches or not, or ends the evaluation. */
enum match { NO, YES, TEMP, PERM };

static const struct as_dns_answer *ask(struct check *check, const char *name, enum as_dns_type type)
{
	const struct as_dns_answer *answer = as_dns_get(check->set, name, type);
	if (!check->is_explaining && !check->first[answer->dnssec])
		check->first[answer->dnssec] = as_lower_copy(check->arena, name, strlen(name));
	return answer;
}

static bool is_timeout(const struct as_dns_answer *answer)
{
	return answer->status == AS_DNS_TEMPFAIL && strcmp(answer->reason, "timeout") == 0;
}

/* RFC 1035 2.3.4, and characters that a name in text form can hold. */
static bool is_name(const char *name)
{
	size_t label = 0;
	if (!*name || strlen(name) > NAME_OCTETS)
		return false;
	for (const char *c = name; *c; c++) {
		if (*c < 0x20 || *c > 0x7e || (*c == '.' && label == 0))
			return false;
		label = *c == '.' ? 0 : label + 1;
		if (label > LABEL_OCTETS)
			return false;
	}
	return label > 0;
}

static enum match count_term(struct check *check)
{
	if (check->is_explaining)
		return NO;
	return ++check->terms > TERMS_MAX ? PERM : NO;
}

static enum match count_void(struct check *check, const struct as_dns_answer *answer)
{
	if (answer->status != AS_DNS_NODATA && answer->status != AS_DNS_NXDOMAIN)
		return NO;
	return ++check->voids > VOIDS_MAX ? PERM : NO;
}

static bool is_same_network(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	for (unsigned bit = 0; bit < bits; bit++)
		if ((a[bit / 8] ^ b[bit / 8]) & (0x80 >> bit % 8))
			return false;
	return true;
}

static enum as_dns_type address_type(const struct check *check)
{
	return check->request->client.family == 4 ? AS_DNS_A : AS_DNS_AAAA;
}

static bool has_client(const struct check *check, const struct as_dns_answer *answer, unsigned bits4, unsigned bits6)
{
	const struct as_ip *client = &check->request->client;
	for (size_t i = 0; i < answer->count; i++)
		if (is_same_network(client->bytes, answer->records[i].data, client->family == 4 ? bits4 : bits6))
			return true;
	return false;
}

static bool is_at_or_below(const char *name, const char *top)
{
	size_t n = strlen(name);
	size_t t = strlen(top);
	return n >= t && as_equal_nocase(name + n - t, top) && (n == t || name[n - t - 1] == '.');
}

/* 5.5: the names of the client; the others than the first 10 are ignored (4.6.4). */
static const struct as_dns_answer *client_names(struct check *check, size_t *count)
{
	const char *reverse = as_dns_reverse_name(check->arena, &check->request->client);
	const struct as_dns_answer *names = ask(check, reverse, AS_DNS_PTR);
	check->is_p_counted = true;
	*count = names->count < NAMES_MAX ? names->count : NAMES_MAX;
	return names;
}

/* Does a name of the client lead back to it? An error skips the name, 5.5; but time that is over is over, 4.6.4. */
static enum match is_validated(struct check *check, const char *name)
{
	if (!is_name(name))
		return NO;
	const struct as_dns_answer *answer = ask(check, name, address_type(check));
	return is_timeout(answer) ? TEMP : has_client(check, answer, 32, 128) ? YES : NO;
}

/* --- macros, section 7 --------------------------------------------------------------------------------------------- */

/* <domain>, else a name below it, else any: so it does not matter what more names than needed would say. */
static enum match expand_p(struct check *check, const char *domain, const char **value)
{
	size_t count;
	*value = "unknown";
	if (!check->is_p_counted && count_term(check) == PERM) /* 4.6.4: the PTR query counts once */
		return PERM;
	const struct as_dns_answer *names = client_names(check, &count);
	if (is_timeout(names))
		return check->is_explaining ? NO : TEMP;
	for (int rank = 0; rank < 3; rank++)
		for (size_t i = 0; i < count; i++) {
			const char *name = names->records[i].name;
			bool is_below = is_at_or_below(name, domain);
			if (rank != (as_equal_nocase(name, domain) ? 0 : is_below ? 1 : 2))
				continue;
			enum match match = is_validated(check, name);
			if (match == TEMP && !check->is_explaining)
				return TEMP;
			if (match == YES) {
				*value = name;
				return NO;
			}
		}
	return NO;
}

static const char *expand_i(struct check *check)
{
	const struct as_ip *client = &check->request->client;
	struct as_buf out = as_buf_new(check->arena);
	for (size_t i = 0; i < (client->family == 4 ? 4 : 16); i++)
		if (client->family == 4)
			as_buf_printf(&out, "%s%u", i ? "." : "", client->bytes[i]);
		else
			as_buf_printf(&out, "%s%X.%X", i ? "." : "", client->bytes[i] >> 4, client->bytes[i] & 15u);
	return out.text;
}

static enum match macro_value(struct check *check, const char *domain, char letter, const char **value)
{
	const struct as_spf_request *request = check->request;
	char *ip = as_alloc(check->arena, AS_IP_TEXT);
	const char *version = request->client.family == 4 ? "in-addr" : "ip6";
	if (letter == 'p')
		return expand_p(check, domain, value);
	*value = letter == 's' ? as_printf(check->arena, "%s@%s", check->local, check->domain)
		: letter == 'l' ? check->local
		: letter == 'o' ? check->domain
		: letter == 'd' ? domain
		: letter == 'i' ? expand_i(check)
		: letter == 'v' ? version
		: letter == 'h' ? (*request->helo ? request->helo : "unknown") /* as %{r} without a name, 7.3 */
		: letter == 'c' ? as_ip_text(&request->client, ip)
		: letter == 'r' ? request->receiver
		: as_printf(check->arena, "%lld", (long long)request->now_s);
	return NO;
}

/* RFC 8616 4: a term with a local part that no label can hold matches nothing; so nothing has to be asked for it either. */
static bool is_unusable(const struct check *check, struct ref_text spec)
{
	struct ref_macro macro;
	while (spec.n && !check->is_local_ascii) {
		size_t n = ref_read_macro(spec, ref_term_letters, &macro);
		if (n && (macro.letter == 's' || macro.letter == 'l'))
			return true;
		spec = ref_skip(spec, n ? n : 1);
	}
	return false;
}

/* Splits, reverses, keeps the right-most parts, joins with ".". */
static const char *transform(struct as_arena *arena, const struct ref_macro *macro, const char *value)
{
	struct ref_text all = (struct ref_text){ value, strlen(value) };
	struct ref_text *parts = as_alloc_array(arena, all.n + 1, sizeof *parts);
	struct ref_text delimiters = macro->delimiters.n ? macro->delimiters : (struct ref_text){ ".", 1 };
	struct as_buf out = as_buf_new(arena);
	size_t count = 0;
	for (size_t start = 0, i = 0; i <= all.n; i++)
		if (i == all.n || memchr(delimiters.at, all.at[i], delimiters.n)) {
			parts[count++] = (struct ref_text){ all.at + start, i - start };
			start = i + 1;
		}
	size_t kept = macro->is_cut && macro->parts < count ? macro->parts : count;
	for (size_t i = count - kept; i < count; i++) {
		struct ref_text part = parts[macro->is_reversed ? count - 1 - i : i];
		as_buf_puts(&out, i > count - kept ? "." : "");
		as_buf_add(&out, part.at, part.n);
	}
	return out.text;
}

static void add_escaped(struct as_buf *out, const char *value)
{
	for (; *value; value++)
		if (as_is_alnum(*value) || ref_is_one_of(*value, "-._~"))
			as_buf_putc(out, *value);
		else
			as_buf_printf(out, "%%%02X", (unsigned)(unsigned char)*value);
}

static enum match expand(struct check *check, const char *domain, struct ref_text text, const char *letters, const char **expanded)
{
	struct as_buf out = as_buf_new(check->arena);
	while (text.n) {
		struct ref_macro macro;
		const char *value = "";
		size_t n = ref_read_macro(text, letters, &macro);
		if (!n)
			as_buf_putc(&out, *text.at);
		else if (ref_is_one_of(macro.letter, "%_-"))
			as_buf_puts(&out, macro.letter == '%' ? "%" : macro.letter == '_' ? " " : "%20");
		else {
			enum match match = macro_value(check, domain, macro.letter, &value);
			if (match)
				return match;
			value = transform(check->arena, &macro, value);
			if (macro.is_escaped)
				add_escaped(&out, value);
			else
				as_buf_puts(&out, value);
		}
		text = ref_skip(text, n ? n : 1);
	}
	*expanded = out.text;
	return NO;
}

/* <target-name>, 4.8: without the final dot, and not over 253 octets, 7.3. NO: there is none, YES: there is. */
static enum match target_name(struct check *check, const char *domain, struct ref_text spec, const char **name)
{
	const char *expanded;
	if (is_unusable(check, spec))
		return NO;
	enum match match = expand(check, domain, spec, ref_term_letters, &expanded);
	if (match)
		return match;
	size_t n = strlen(expanded);
	if (n && expanded[n - 1] == '.')
		n--;
	while (n > NAME_OCTETS) {
		const char *dot = memchr(expanded, '.', n);
		size_t label = dot ? (size_t)(dot + 1 - expanded) : n;
		expanded += label;
		n -= label;
	}
	*name = as_lower_copy(check->arena, expanded, n); /* the same name; the form in which %{d} shows it */
	return YES;
}

/* --- mechanisms, section 5 ----------------------------------------------------------------------------------------- */

static enum as_code check_host(struct check *check, const char *domain);

static enum match match_include(struct check *check, const char *name)
{
	check->includes++;
	enum as_code code = check_host(check, name);
	check->includes--;
	return code == AS_PASS ? YES : code == AS_TEMPERROR ? TEMP : code == AS_PERMERROR || code == AS_NONE ? PERM : NO;
}

static enum match match_a(struct check *check, const char *name, const struct ref_term *term)
{
	if (!is_name(name))
		return NO;
	const struct as_dns_answer *answer = ask(check, name, term->kind == REF_EXISTS ? AS_DNS_A : address_type(check));
	if (answer->status == AS_DNS_TEMPFAIL)
		return TEMP;
	if (count_void(check, answer) == PERM)
		return PERM;
	return term->kind == REF_EXISTS ? answer->count > 0 : has_client(check, answer, term->bits4, term->bits6);
}

static enum match match_mx(struct check *check, const char *name, const struct ref_term *term)
{
	if (!is_name(name))
		return NO;
	const struct as_dns_answer *answer = ask(check, name, AS_DNS_MX);
	if (answer->status == AS_DNS_TEMPFAIL)
		return TEMP;
	if (count_void(check, answer) == PERM || answer->count > NAMES_MAX)
		return PERM;
	for (size_t i = 0; i < answer->count; i++) {
		if (!is_name(answer->records[i].name))
			continue;
		const struct as_dns_answer *addresses = ask(check, answer->records[i].name, address_type(check));
		if (addresses->status == AS_DNS_TEMPFAIL)
			return TEMP;
		if (has_client(check, addresses, term->bits4, term->bits6))
			return YES;
	}
	return NO;
}

static enum match match_ptr(struct check *check, const char *name)
{
	size_t count;
	const struct as_dns_answer *names = client_names(check, &count);
	if (is_timeout(names))
		return TEMP;
	if (count_void(check, names) == PERM)
		return PERM;
	for (size_t i = 0; i < count; i++) {
		enum match match = is_at_or_below(names->records[i].name, name) ? is_validated(check, names->records[i].name) : NO;
		if (match)
			return match;
	}
	return NO;
}

static enum match match_ip(const struct check *check, const struct ref_term *term)
{
	const struct as_ip *client = &check->request->client;
	if (client->family != (term->kind == REF_IP4 ? 4 : 6))
		return NO;
	return is_same_network(client->bytes, term->network, term->kind == REF_IP4 ? term->bits4 : term->bits6);
}

static enum match match_term(struct check *check, const char *domain, const struct ref_term *term)
{
	const char *name = domain;
	if (term->kind == REF_ALL)
		return YES;
	if (term->kind == REF_IP4 || term->kind == REF_IP6)
		return match_ip(check, term);
	if (count_term(check) == PERM)
		return PERM;
	enum match match = term->has_spec ? target_name(check, domain, term->spec, &name) : YES;
	if (match != YES)
		return match;
	if (term->kind == REF_INCLUDE)
		return match_include(check, name);
	if (term->kind == REF_PTR)
		return match_ptr(check, name);
	return term->kind == REF_MX ? match_mx(check, name, term) : match_a(check, name, term);
}

/* --- check_host(), section 4 --------------------------------------------------------------------------------------- */

static void note_match(struct check *check, const char *domain, struct ref_text term)
{
	check->matched = term;
	check->where = domain;
}

static enum as_code redirect(struct check *check, const char *domain, struct ref_text spec)
{
	const char *name;
	if (count_term(check) == PERM)
		return AS_PERMERROR;
	enum match match = target_name(check, domain, spec, &name);
	if (match == TEMP || match == PERM)
		return match == TEMP ? AS_TEMPERROR : AS_PERMERROR;
	if (match == NO) {
		note_match(check, domain, (struct ref_text){ NULL, 0 });
		return AS_NEUTRAL;
	}
	enum as_code code = check_host(check, name);
	return code == AS_NONE ? AS_PERMERROR : code;
}

/* 4.6.2 and 4.7 */
static enum as_code evaluate(struct check *check, const char *domain, struct ref_text terms)
{
	struct ref_text rest = terms;
	struct ref_text word;
	struct ref_term term;
	struct ref_text target = { NULL, 0 };
	struct ref_text exp = { NULL, 0 };
	bool has_all = false;
	while (ref_next_word(&rest, &word) && ref_read_term(word, &term)) {
		has_all = has_all || term.kind == REF_ALL;
		if (term.kind == REF_REDIRECT)
			target = term.spec;
		if (term.kind == REF_EXP)
			exp = term.spec;
	}
	for (rest = terms; ref_next_word(&rest, &word) && ref_read_term(word, &term);) {
		if (term.kind >= REF_REDIRECT)
			continue;
		enum match match = match_term(check, domain, &term);
		if (match == TEMP || match == PERM)
			return match == TEMP ? AS_TEMPERROR : AS_PERMERROR;
		if (match == NO)
			continue;
		if (term.kind != REF_INCLUDE || term.qualifier != AS_PASS) /* else the term of the other record says more */
			note_match(check, domain, word);
		if (term.qualifier == AS_FAIL && check->includes == 0) {
			check->exp_domain = domain;
			check->exp_spec = exp;
		}
		return term.qualifier;
	}
	if (target.n && !has_all)
		return redirect(check, domain, target);
	note_match(check, domain, (struct ref_text){ NULL, 0 });
	return AS_NEUTRAL;
}

/* 4.5: the size of the version section, 0: not an SPF record */
static size_t version_size(const struct as_dns_record *record)
{
	bool is_spf = record->size >= 6 && as_equal_nocase_n((const char *)record->data, 6, "v=spf1", 6);
	return is_spf && (record->size == 6 || record->data[6] == ' ') ? 6 : 0;
}

static enum as_code check_host(struct check *check, const char *domain)
{
	struct ref_text terms = { NULL, 0 };
	if (!is_name(domain) || !strchr(domain, '.')) /* 4.3 */
		return AS_NONE;
	const struct as_dns_answer *answer = ask(check, domain, AS_DNS_TXT);
	if (answer->status == AS_DNS_TEMPFAIL) /* 4.4 */
		return AS_TEMPERROR;
	for (size_t i = 0; i < answer->count; i++) {
		size_t version = version_size(&answer->records[i]);
		if (version && terms.at)
			return AS_PERMERROR;
		if (version)
			terms = (struct ref_text){ (const char *)answer->records[i].data + version, answer->records[i].size - version };
	}
	if (!terms.at)
		return AS_NONE;
	return ref_is_record(terms) ? evaluate(check, domain, terms) : AS_PERMERROR;
}

/* --- the outcome --------------------------------------------------------------------------------------------------- */

/* 6.2, SP-25: cut to what a reply has room for; NULL: none, or nothing in it */
static const char *explain(struct check *check)
{
	const char *name;
	const char *text;
	struct ref_text tail;
	check->is_explaining = true;
	if (!check->exp_spec.n || target_name(check, check->exp_domain, check->exp_spec, &name) != YES || !is_name(name))
		return NULL;
	const struct as_dns_answer *answer = ask(check, name, AS_DNS_TXT);
	if (answer->status != AS_DNS_OK || answer->count != 1)
		return NULL;
	struct ref_text source = { (const char *)answer->records[0].data, answer->records[0].size };
	if (!ref_is_macro_string(source, ref_exp_letters, true, &tail))
		return NULL;
	(void)expand(check, check->exp_domain, source, ref_exp_letters, &text); /* no error is left when nothing is counted */
	const char *shown = as_printf(check->arena, "%.*s", EXPLANATION_OCTETS, text);
	bool is_blank = true;
	for (const char *c = shown; *c; c++) {
		if (*c < 0x20 || *c > 0x7e)
			return NULL;
		is_blank = is_blank && *c == ' ';
	}
	return is_blank ? NULL : shown;
}

/* The domain of the identity as text of A-labels; NULL when it is none. */
static const char *sender_domain(struct as_arena *arena, const char *given)
{
	const char *domain = as_lower_copy(arena, given, strlen(given));
	size_t n = strlen(domain);
	for (const char *c = domain; *c; c++)
		if (*c & 0x80) /* RFC 8616 4; what IDNA says is not for us to write again */
			return as_domain_normal(arena, given, n, &domain) == AS_OK ? domain : NULL;
	for (const char *c = domain; *c; c++)
		if (!as_is_alnum(*c) && !ref_is_one_of(*c, "-_."))
			return NULL;
	return n && domain[n - 1] == '.' ? as_strndup(arena, domain, n - 1) : domain;
}

/* RFC 4035 4.3: one bogus answer spoils all others, then one of which nothing is known, then one that is not signed. */
static void weigh(const struct check *check, struct spf_reference *outcome)
{
	static const enum as_dnssec weakest_first[] = {
		AS_DNSSEC_BOGUS, AS_DNSSEC_INDETERMINATE, AS_DNSSEC_INSECURE, AS_DNSSEC_SECURE,
	};
	for (size_t i = 0; !outcome->weakest && i < sizeof weakest_first / sizeof weakest_first[0]; i++) {
		if (!check->first[weakest_first[i]])
			continue;
		outcome->dnssec = weakest_first[i];
		outcome->weakest = check->first[weakest_first[i]];
	}
}

void spf_reference_check(struct as_arena *arena, struct as_dns_set *set, const struct as_spf_request *request,
	struct spf_reference *outcome)
{
	struct check check = {
		.arena = arena,
		.set = set,
		.request = request,
		.local = *request->local ? request->local : "postmaster", /* 4.3 */
		.domain = sender_domain(arena, request->domain),
		.is_local_ascii = true,
	};
	for (const char *c = check.local; *c; c++)
		if (*c & 0x80)
			check.is_local_ascii = false;
	*outcome = (struct spf_reference){ .code = AS_NONE, .dnssec = AS_DNSSEC_INDETERMINATE };
	if (!request->client.family || !check.domain)
		return;
	outcome->code = check_host(&check, check.domain);
	outcome->terms = check.terms;
	outcome->voids = check.voids;
	weigh(&check, outcome);
	if (outcome->code == AS_PASS || outcome->code == AS_FAIL || outcome->code == AS_SOFTFAIL || outcome->code == AS_NEUTRAL) {
		outcome->mechanism = check.matched.n ? as_strndup(arena, check.matched.at, check.matched.n) : "default";
		outcome->where = check.where;
	}
	if (outcome->code == AS_FAIL && request->wants_explanation)
		outcome->explanation = explain(&check);
}
