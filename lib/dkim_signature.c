/* SPDX-License-Identifier: BSD-2-Clause */
/* dkim_signature.c - signature fields: for each kind a list of checks, the first that objects gives the result. */
#include "config.h"

#include "dkim_signature.h"

#include "base64.h"
#include "domain.h"
#include "str.h"
#include "taglist.h"

#include <stdlib.h>
#include <string.h>

/* Our caps: beyond them a signature is not tried (libopendkim has none, and costs grow with the product). */
enum { FIELD_MOST = 16384, TAGS_MOST = 100, NAMES_MOST = 100, IDENTITY_MOST = 254, ALGORITHM_SHOWN = 40, TIME_DIGITS_MOST = 12 };
enum { ORDINARY_NAMES_MOST = 4095 }; /* libopendkim forgets what stands behind them in h= */

struct job {
	struct as_arena *arena;
	const struct as_field *field;
	int64_t now_s, drift_s;
	const char *const *required; /* names of tags; NULL ends */
	struct as_taglist list;
	struct as_dkim_parsed *out;
};

static const struct as_tag *tag(const struct job *job, const char *name)
{
	return as_taglist_find(&job->list, name);
}

static bool refuse(struct job *job, enum as_code code, const char *reason)
{
	job->out->code = code;
	job->out->reason = reason;
	return false;
}

/* A tag's value without the white space that its grammar lets in. */
static const char *squeezed(const struct job *job, const struct as_tag *from, size_t *n)
{
	char *text = as_alloc(job->arena, from->value_length + 1);
	*n = 0;
	for (size_t i = 0; i < from->value_length; i++)
		if (!as_is_fws(from->value[i]))
			text[(*n)++] = from->value[i];
	return text;
}

static bool check_list(struct job *job)
{
	if (job->field->name_length + job->field->value_length > FIELD_MOST)
		return refuse(job, AS_POLICY, "signature field too large");
	if (!as_taglist_parse(job->arena, job->field->value, job->field->value_length, TAGS_MOST, &job->list))
		return refuse(job, AS_POLICY, "too many tags");
	if (!as_taglist_is_clean(&job->list))
		return refuse(job, AS_NEUTRAL, "syntax error");
	if (as_taglist_has_duplicate(&job->list)) /* RFC 6376 3.2: the whole list is invalid; RFC 8601 2.7.1 on errors of syntax */
		return refuse(job, AS_NEUTRAL, "duplicate tag");
	return true;
}

/* What the report names, also for a signature that is not tried. */
static bool take_names(struct job *job)
{
	struct as_dkim_parsed *out = job->out;
	const struct as_tag *d = tag(job, "d"), *s = tag(job, "s"), *a = tag(job, "a"), *b = tag(job, "b");
	size_t n;
	if (d)
		(void)as_domain_normal(job->arena, d->value, d->value_length, &out->domain); /* NULL stays NULL */
	if (s)
		(void)as_domain_normal(job->arena, s->value, s->value_length, &out->selector);
	if (a)
		out->algorithm = as_escape(job->arena, a->value, a->value_length, ALGORITHM_SHOWN);
	if (b && as_base64_decode(job->arena, b->value, b->value_length, (unsigned char **)&out->b, &out->b_size))
		out->b_text = squeezed(job, b, &n);
	return true;
}

static bool check_required(struct job *job)
{
	for (const char *const *name = job->required; *name; name++)
		if (!tag(job, *name))
			return refuse(job, AS_NEUTRAL, "required tag missing");
	return true;
}

static bool check_version(struct job *job)
{
	return strcmp(tag(job, "v")->value, "1") == 0 || refuse(job, AS_NEUTRAL, "unknown version");
}

/* RFC 6376 3.5 i=: an address at or below d=; the local part is quoted-printable and stays as it is. */
static bool take_identity(struct job *job)
{
	struct as_dkim_parsed *out = job->out;
	const struct as_tag *i = tag(job, "i");
	if (!i) {
		out->identity = as_printf(job->arena, "@%s", out->domain);
		return true;
	}
	size_t n;
	const char *text = squeezed(job, i, &n);
	if (n > IDENTITY_MOST)
		return refuse(job, AS_NEUTRAL, "identity too long");
	size_t at = n;
	while (at > 0 && text[at - 1] != '@')
		at--;
	if (at == 0 || as_domain_normal(job->arena, text + at, n - at, &out->identity_domain) != AS_OK)
		return refuse(job, AS_NEUTRAL, "identity is no address");
	out->identity = as_escape(job->arena, text, n, 4 * IDENTITY_MOST);
	if (!as_domain_is_below(out->identity_domain, out->domain))
		return refuse(job, AS_PERMERROR, "identity not below the domain");
	return true;
}

static bool check_domains(struct job *job)
{
	if (!job->out->domain)
		return refuse(job, AS_NEUTRAL, "domain not valid");
	if (!job->out->selector)
		return refuse(job, AS_NEUTRAL, "selector not valid");
	job->out->identity_domain = job->out->domain; /* until i= says more */
	return true;
}

static bool take_algorithm(struct job *job)
{
	const char *a = tag(job, "a")->value;
	if (strcmp(a, "rsa-sha1") == 0) /* RFC 8301 3.1 */
		return refuse(job, AS_POLICY, "rsa-sha1 not accepted");
	job->out->is_ed25519 = strcmp(a, "ed25519-sha256") == 0;
	if (!job->out->is_ed25519 && strcmp(a, "rsa-sha256") != 0)
		return refuse(job, AS_NEUTRAL, "unknown algorithm");
	return true;
}

static const struct {
	const char *c;
	bool is_relaxed_header;
	bool is_relaxed_body;
} canons[] = {
	{ "relaxed/relaxed", true, true }, { "relaxed/simple", true, false }, { "relaxed", true, false },
	{ "simple/relaxed", false, true }, { "simple/simple", false, false }, { "simple", false, false },
};

static bool take_canon(struct job *job)
{
	const struct as_tag *c = tag(job, "c");
	const char *given = c ? c->value : "simple/simple";
	for (size_t i = 0; i < sizeof canons / sizeof *canons; i++)
		if (strcmp(given, canons[i].c) == 0) {
			job->out->is_relaxed_header = canons[i].is_relaxed_header;
			job->out->is_relaxed_body = canons[i].is_relaxed_body;
			return true;
		}
	return refuse(job, AS_NEUTRAL, "unknown canonicalization");
}

/* RFC 6376 3.5 q=: a signature whose methods are all unknown is to be ignored. */
static bool check_query(struct job *job)
{
	const struct as_tag *q = tag(job, "q");
	return !q || as_tag_lists(q, "dns/txt") || refuse(job, AS_NEUTRAL, "unknown query method");
}

static bool is_field_name(const char *name, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (name[i] <= 0x20 || name[i] >= 0x7f)
			return false;
	return n > 0;
}

/* RFC 6376 3.5 h=: names with white space around the colons. */
static bool take_signed_names(struct job *job)
{
	const struct as_tag *h = tag(job, "h");
	const char **names = as_alloc_array(job->arena, NAMES_MOST, sizeof *names);
	const char *at = h->value, *end = at + h->value_length;
	bool has_from = false;
	for (size_t count = 0; at <= end; count++) {
		const char *stop = memchr(at, ':', (size_t)(end - at));
		const char *next = stop ? stop + 1 : end + 1;
		stop = stop ? stop : end;
		while (at < stop && as_is_fws(*at))
			at++;
		while (stop > at && as_is_fws(stop[-1]))
			stop--;
		if (!is_field_name(at, (size_t)(stop - at)))
			return refuse(job, AS_NEUTRAL, "syntax error in h=");
		if (count == NAMES_MOST)
			return refuse(job, AS_POLICY, "too many names in h=");
		names[count] = as_strndup(job->arena, at, (size_t)(stop - at));
		has_from = has_from || as_equal_nocase(names[count], "from");
		job->out->name_count = count + 1;
		at = next;
	}
	job->out->names = names;
	return has_from || refuse(job, AS_PERMERROR, "From not signed");
}

/* Digits. Of more than `most`, zeros in front left out, *value is as large as can be. */
static bool read_number(const struct as_tag *from, size_t most, uint64_t *value)
{
	size_t n = from->value_length;
	if (n == 0 || strspn(from->value, "0123456789") != n)
		return false;
	const char *digits = from->value + strspn(from->value, "0");
	*value = strlen(digits) > most ? UINT64_MAX / 4 : strtoull(digits, NULL, 10);
	return true;
}

static bool take_length(struct job *job)
{
	enum { DIGITS_MOST = 76, DIGITS_KEPT = 18 }; /* RFC 6376 3.5 l= */
	const struct as_tag *l = tag(job, "l");
	job->out->has_length = l;
	if (l && (l->value_length > DIGITS_MOST || !read_number(l, DIGITS_KEPT, &job->out->length)))
		return refuse(job, AS_NEUTRAL, "syntax error in l=");
	return true;
}

/* RFC 6376 3.5 t=, x=; 6.1.1. A clock may be off by drift_s. */
static bool check_times(struct job *job)
{
	const struct as_tag *t = tag(job, "t"), *x = tag(job, "x");
	uint64_t made = 0, ends = 0;
	if ((t && !read_number(t, TIME_DIGITS_MOST, &made)) || (x && !read_number(x, TIME_DIGITS_MOST, &ends)))
		return refuse(job, AS_NEUTRAL, "syntax error in t= or x=");
	if (t && x && ends <= made)
		return refuse(job, AS_PERMERROR, "expires before it was made");
	if (x && (int64_t)ends < job->now_s - job->drift_s)
		return refuse(job, AS_PERMERROR, "expired");
	if (t && (int64_t)made > job->now_s + job->drift_s)
		return refuse(job, AS_PERMERROR, "signed in the future");
	return true;
}

static bool check_b(struct job *job)
{
	return (job->out->b_text && job->out->b_size > 0) || refuse(job, AS_NEUTRAL, "syntax error in b=");
}

static bool take_body_hash(struct job *job)
{
	const struct as_tag *bh = tag(job, "bh");
	struct as_dkim_parsed *out = job->out;
	if (!as_base64_decode(job->arena, bh->value, bh->value_length, (unsigned char **)&out->bh, &out->bh_size))
		return refuse(job, AS_NEUTRAL, "syntax error in bh=");
	return true;
}

/* Is every "b" that ends a tag's name the b= tag itself, with its "=" right behind? libopendkim takes any "b=" for it. */
static bool has_plain_b(const struct job *job)
{
	const char *value = job->field->value;
	for (size_t i = 0; i < job->list.count; i++) {
		const char *name = job->list.tags[i].name;
		if (name[1] && name[strlen(name) - 1] == 'b')
			return false;
	}
	for (const char *at = value; *at; at += *at == ';') {
		at += strspn(at, " \t\r\n");
		if (at[0] == 'b' && as_is_fws(at[1]))
			return false;
		at += strcspn(at, ";");
	}
	return true;
}

static bool take_ordinary(struct job *job)
{
	const struct as_field *field = job->field;
	const struct as_tag *i = tag(job, "i"), *h = tag(job, "h");
	bool is_ascii = as_equal_nocase_n(field->name, field->name_length, "DKIM-Signature", strlen("DKIM-Signature"));
	for (size_t at = 0; at < field->value_length; at++)
		is_ascii = is_ascii && (unsigned char)field->value[at] < 0x7f;
	job->out->is_ordinary = is_ascii && !(i && strchr(i->value, '=')) && h->value_length <= ORDINARY_NAMES_MOST && has_plain_b(job);
	return true;
}

/* --- ARC ------------------------------------------------------------------------------------------------------------- */

/* RFC 8617 4.2.1: 1*2DIGIT, 1 to 50. */
static bool take_instance(struct job *job)
{
	const struct as_tag *i = tag(job, "i");
	uint64_t instance = 0;
	if (!i || i->value_length > 2 || !read_number(i, 2, &instance) || instance == 0 || instance > AS_ARC_INSTANCE_MAX)
		return refuse(job, AS_NEUTRAL, "instance not valid");
	job->out->instance = (unsigned)instance;
	return true;
}

/* RFC 8617 4.1.3 cv=. */
static bool take_chain(struct job *job)
{
	static const enum as_code words[] = { AS_NONE, AS_PASS, AS_FAIL };
	const struct as_tag *cv = tag(job, "cv");
	for (size_t i = 0; cv && i < sizeof words / sizeof *words; i++)
		if (as_equal_nocase(cv->value, as_code_name(words[i]))) {
			job->out->chain = words[i];
			return true;
		}
	return refuse(job, AS_NEUTRAL, cv ? "syntax error in cv=" : "required tag missing");
}

/* RFC 8617 4.1.2: of fields of ARC a message signature must leave out the seals, which are made after it (AR-2). */
static bool check_no_seal_signed(struct job *job)
{
	for (size_t i = 0; i < job->out->name_count; i++)
		if (as_equal_nocase(job->out->names[i], "ARC-Seal"))
			return refuse(job, AS_PERMERROR, "ARC-Seal in h=");
	return true;
}

/* RFC 8617 4.1.3: what a seal covers is fixed. */
static bool check_no_names(struct job *job)
{
	return !tag(job, "h") || refuse(job, AS_PERMERROR, "h= in a seal");
}

static bool check_seal_time(struct job *job)
{
	const struct as_tag *t = tag(job, "t");
	uint64_t made;
	return !t || read_number(t, TIME_DIGITS_MOST, &made) || refuse(job, AS_NEUTRAL, "syntax error in t=");
}

/* --- the kinds ------------------------------------------------------------------------------------------------------- */

/* False: it objected, and what follows is not read. */
typedef bool step(struct job *job);

static step *const dkim_steps[] = {
	check_list, take_names,     check_required,    check_version, check_domains, take_identity, take_algorithm, take_canon, check_query,
	check_b,    take_body_hash, take_signed_names, take_length,   check_times,   take_ordinary, NULL,
};
/* i= first: where the field belongs is known even if it is of no use. v= has no meaning (AR-2). */
static step *const arc_message_steps[] = {
	check_list,  take_instance, take_names,     check_required,    check_domains,        take_algorithm, take_canon,
	check_query, check_b,       take_body_hash, take_signed_names, check_no_seal_signed, take_length,    check_times,
	NULL,
};
static step *const arc_seal_steps[] = {
	check_list,    take_instance,  take_chain, take_names,      check_required, check_no_names,
	check_domains, take_algorithm, check_b,    check_seal_time, NULL,
};

static const char *const dkim_required[] = { "v", "a", "b", "bh", "d", "h", "s", NULL };
static const char *const arc_message_required[] = { "a", "b", "bh", "d", "h", "s", NULL };
static const char *const arc_seal_required[] = { "a", "b", "d", "s", NULL };

static const struct {
	const char *const *required;
	step *const *steps;
} kinds[] = {
	[AS_SIGNATURE_DKIM] = { dkim_required, dkim_steps },
	[AS_SIGNATURE_ARC_MESSAGE] = { arc_message_required, arc_message_steps },
	[AS_SIGNATURE_ARC_SEAL] = { arc_seal_required, arc_seal_steps },
};

void as_dkim_signature_parse(struct as_arena *arena, const struct as_field *field, enum as_signature_kind kind, int64_t now_s,
			     int64_t drift_s, struct as_dkim_parsed *parsed)
{
	struct job job = { .arena = arena, .field = field, .now_s = now_s, .drift_s = drift_s, .out = parsed };
	job.required = kinds[kind].required;
	*parsed = (struct as_dkim_parsed){ .chain = AS_NEUTRAL, .length = UINT64_MAX };
	step *const *next = kinds[kind].steps;
	while (*next && (*next)(&job))
		next++;
}
