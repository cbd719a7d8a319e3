/* SPDX-License-Identifier: BSD-2-Clause */
/* dkim_verify.c - the DKIM signatures of one message; the only file that sees libopendkim.
 *
 * libopendkim parses, canonicalises and hashes the header, at its end: it sees no body, looks up no key and verifies nothing. Two
 * fences stand in front of it, since its h= handling can write one pointer past an array: a first field with a name nobody can
 * guess, so that no h= names every field, and an allocator that adds room behind every block. A signature that it would hash
 * wrongly (is_ordinary, or h= naming a field that cannot be handed over) or that it refuses (l= beyond the empty body that it
 * sees) is hashed by dkim_hash.c.
 */
#include "config.h"

#include "dkim_verify.h"

#include "canon.h"
#include "dkim_check.h"
#include "dkim_hash.h"
#include "dkim_key.h"
#include "dkim_signature.h"
#include "domain.h"
#include "str.h"

#include <inttypes.h>
#include <openssl/rand.h>
#include <opendkim/dkim.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	READ_MOST = 200,      /* DKIM-Signature fields looked at */
	REPORTED_MOST = 50,   /* of these are tried what dkim.maximum-signatures allows, which allows no more */
	LENGTHS_MOST = 3,     /* signatures with l=: each may need a body hash of its own */
	HANDED_MOST = 1000,   /* header fields for libopendkim: its cost is signatures x fields x names */
	ODD_MOST = 100,       /* fields that cannot be handed over; more: none is */
	FENCE = 64,           /* bytes behind each block of libopendkim */
	B_SHOWN_LEAST = 8,    /* RFC 6008 3 */
	B_SHOWN_MOST = 64,
};

struct as_dkim_lib {
	DKIM_LIB *library;
	char guard[48]; /* a whole header field */
};

struct entry {
	const struct as_field *field;
	struct as_dkim_parsed parsed;
	const char *key_name;
	const struct as_body_hash *body;
	bool is_handed_over;  /* to libopendkim */
	bool has_header_hash; /* from there; else it is made when it is needed */
	unsigned char header_hash[AS_SHA256_SIZE];
};

struct as_dkim {
	struct as_arena *arena;
	struct as_dns_set *set;
	struct as_dkim_options options;
	const struct as_fields *fields;
	struct entry *entries; /* in the order of the report */
	size_t count, left_out;
	struct entry **tried;
	size_t tried_count;
};

/* --- the library --------------------------------------------------------------------------------------------------- */

static void *fenced_alloc(void *closure, size_t size)
{
	(void)closure; /* the heap serves all handles */
	return size > SIZE_MAX - FENCE ? NULL : as_xalloc(size + FENCE);
}

static void fenced_free(void *closure, void *block)
{
	(void)closure; /* as above */
	free(block);
}

/* Hashes are there; verifying is ours. */
static DKIM_CBSTAT ignore_all(DKIM *handle, DKIM_SIGINFO **infos, int count)
{
	(void)handle; /* the list says all */
	for (int i = 0; i < count; i++)
		dkim_sig_ignore(infos[i]);
	return DKIM_CBSTAT_CONTINUE;
}

/* Never called while all signatures are ignored; keeps libopendkim away from the network in any case. */
static DKIM_CBSTAT refuse_lookup(DKIM *handle, DKIM_SIGINFO *info, u_char *buffer, size_t size)
{
	(void)handle, (void)info, (void)buffer, (void)size; /* nothing to answer */
	return DKIM_CBSTAT_ERROR;
}

struct as_dkim_lib *as_dkim_lib_new(void)
{
	struct as_dkim_lib *lib = as_xalloc(sizeof *lib);
	unsigned flags = DKIM_LIBFLAGS_BADSIGHANDLES | DKIM_LIBFLAGS_DELAYSIGPROC;
	uint64_t drift = 10ULL * 365 * 24 * 3600; /* times are judged in dkim_signature.c, by the clock we are given */
	uint64_t secret[2];
	lib->library = dkim_init(fenced_alloc, fenced_free);
	if (!lib->library || RAND_bytes((unsigned char *)secret, sizeof secret) != 1)
		as_oom();
	snprintf(lib->guard, sizeof lib->guard, "x-%016" PRIx64 "%016" PRIx64 ": 1", secret[0], secret[1]);
	dkim_options(lib->library, DKIM_OP_SETOPT, DKIM_OPTS_FLAGS, &flags, sizeof flags);
	dkim_options(lib->library, DKIM_OP_SETOPT, DKIM_OPTS_CLOCKDRIFT, &drift, sizeof drift);
	dkim_set_final(lib->library, ignore_all);
	dkim_set_key_lookup(lib->library, refuse_lookup);
	return lib;
}

void as_dkim_lib_free(struct as_dkim_lib *lib)
{
	if (!lib)
		return;
	dkim_close(lib->library);
	free(lib);
}

/* --- which signatures to try --------------------------------------------------------------------------------------- */

static bool is_signature(const struct as_field *field)
{
	return as_field_is(field, DKIM_SIGNHEADER);
}

/* Could a pass of this domain be aligned with the author's? The exact rule is DMARC's; this only decides who comes first. */
static bool is_aligned(const char *domain, const char *author)
{
	return domain && author && (as_domain_is_below(domain, author) || as_domain_is_below(author, domain));
}

/* Those aligned with the author first, each group in the order of the header. */
static void collect(struct as_dkim *dkim, const char *author)
{
	const struct as_fields *fields = dkim->fields;
	size_t total = as_fields_count(fields, DKIM_SIGNHEADER), seen = 0, count = 0;
	size_t room = total < READ_MOST ? total : READ_MOST;
	struct entry *all = as_alloc_array(dkim->arena, room, sizeof *all);
	for (size_t i = 0; i < fields->count && seen < room; i++)
		if (is_signature(&fields->list[i]))
			all[seen++].field = &fields->list[i];
	for (size_t i = 0; i < room; i++)
		as_dkim_signature_parse(dkim->arena, all[i].field, AS_SIGNATURE_DKIM, dkim->options.now_s, dkim->options.drift_s,
					&all[i].parsed);
	dkim->entries = as_alloc_array(dkim->arena, room, sizeof *dkim->entries);
	for (int wanted = 1; wanted >= 0; wanted--)
		for (size_t i = 0; i < room; i++)
			if (is_aligned(all[i].parsed.domain, author) == wanted)
				dkim->entries[count++] = all[i];
	dkim->count = count < REPORTED_MOST ? count : REPORTED_MOST;
	dkim->left_out = total - dkim->count;
}

static void set_result(struct entry *entry, enum as_code code, const char *reason)
{
	entry->parsed.code = code;
	entry->parsed.reason = reason;
}

/* RFC 6376 6.1: the number tried may be limited (DK-1). */
static void choose(struct as_dkim *dkim)
{
	size_t lengths = 0;
	dkim->tried = as_alloc_array(dkim->arena, dkim->count, sizeof(struct entry *));
	for (size_t i = 0; i < dkim->count; i++) {
		struct entry *entry = &dkim->entries[i];
		if (entry->parsed.code != AS_NONE)
			continue;
		if (dkim->fields->is_cut) /* fields below are missing: their hash cannot be known */
			set_result(entry, AS_POLICY, "header too large");
		else if (dkim->tried_count >= dkim->options.maximum_signatures)
			set_result(entry, AS_POLICY, "too many signatures");
		else if (entry->parsed.has_length && ++lengths > LENGTHS_MOST)
			set_result(entry, AS_POLICY, "too many signatures with l=");
		else
			dkim->tried[dkim->tried_count++] = entry;
	}
}

static void start(struct as_dkim *dkim, struct as_body_hashes *bodies)
{
	for (size_t i = 0; i < dkim->count; i++) {
		struct entry *entry = &dkim->entries[i];
		if (entry->parsed.code != AS_NONE)
			continue;
		entry->body = as_body_hashes_need(bodies, entry->parsed.is_relaxed_body, entry->parsed.length);
		entry->key_name = as_printf(dkim->arena, "%s." DKIM_DNSKEYNAME ".%s", entry->parsed.selector, entry->parsed.domain);
		as_dns_start(dkim->set, entry->key_name, AS_DNS_TXT);
	}
}

/* --- handing the header over --------------------------------------------------------------------------------------- */

/* Bytes that libopendkim takes as they are: a plain name, and no control byte but HTAB and folds in the value (it ends at NUL, and
 * takes VT and FF for white space). */
static bool is_plain(const struct as_field *field)
{
	const char *value = field->value;
	for (size_t i = 0; i < field->name_length; i++)
		if (field->name[i] <= 0x20 || field->name[i] >= 0x7f)
			return false;
	for (size_t i = 0, n = field->value_length; i < n; i++) {
		if ((unsigned char)value[i] >= 0x20 || value[i] == '\t')
			continue;
		if (n - i < 3 || value[i] != '\r' || value[i + 1] != '\n' || !as_is_wsp(value[i + 2]))
			return false;
		i++;
	}
	return field->name_length > 0;
}

/* The fields that are not plain. False: too many, or too many fields at all. */
static bool find_odd(const struct as_fields *fields, const struct as_field **odd, size_t *count)
{
	*count = 0;
	if (fields->count > HANDED_MOST)
		return false;
	for (size_t i = 0; i < fields->count; i++) {
		const struct as_field *field = &fields->list[i];
		if (is_signature(field) || is_plain(field))
			continue;
		if (*count == ODD_MOST)
			return false;
		odd[(*count)++] = field;
	}
	return true;
}

/* Does h= name another signature, or a field that cannot be handed over? */
static bool names_any(const struct as_dkim_parsed *parsed, const struct as_field *const *odd, size_t odd_count)
{
	for (size_t i = 0; i < parsed->name_count; i++) {
		if (as_equal_nocase(parsed->names[i], DKIM_SIGNHEADER))
			return true;
		for (size_t j = 0; j < odd_count; j++)
			if (as_field_is(odd[j], parsed->names[i]))
				return true;
	}
	return false;
}

/* False: libopendkim has nothing to do. */
static bool choose_handed_over(struct as_dkim *dkim)
{
	const struct as_field *odd[ODD_MOST];
	size_t odd_count;
	bool has_any = false;
	if (!find_odd(dkim->fields, odd, &odd_count))
		return false;
	for (size_t i = 0; i < dkim->tried_count; i++) {
		const struct as_dkim_parsed *parsed = &dkim->tried[i]->parsed;
		dkim->tried[i]->is_handed_over = parsed->is_ordinary && !names_any(parsed, odd, odd_count);
		has_any = has_any || dkim->tried[i]->is_handed_over;
	}
	return has_any;
}

static void hand_over(DKIM *handle, struct as_buf *line, const struct as_field *field)
{
	line->length = 0;
	as_canon_field(line, field->name, field->name_length, field->value, field->value_length, false);
	(void)dkim_header(handle, (u_char *)line->text, line->length); /* what it refuses shows as an error of the signature */
}

static void hand_over_fields(const struct as_dkim *dkim, DKIM *handle)
{
	struct as_buf line = as_buf_new(dkim->arena);
	for (size_t i = 0; i < dkim->fields->count; i++)
		if (!is_signature(&dkim->fields->list[i]) && is_plain(&dkim->fields->list[i]))
			hand_over(handle, &line, &dkim->fields->list[i]);
	for (size_t i = 0; i < dkim->tried_count; i++)
		if (dkim->tried[i]->is_handed_over)
			hand_over(handle, &line, dkim->tried[i]->field);
}

static void take_hash(struct entry *entry, DKIM_SIGINFO *info)
{
	void *header, *body; /* of an empty body */
	size_t header_size, body_size;
	entry->has_header_hash = dkim_sig_geterror(info) <= 0 &&
				 dkim_sig_gethashes(info, &header, &header_size, &body, &body_size) == DKIM_STAT_OK &&
				 header_size == AS_SHA256_SIZE;
	if (entry->has_header_hash)
		memcpy(entry->header_hash, header, AS_SHA256_SIZE);
}

/* The library lists what was handed over in the same order. */
static void take_hashes(struct as_dkim *dkim, DKIM *handle)
{
	DKIM_SIGINFO **infos = NULL;
	int count = 0, expected = 0, next = 0;
	for (size_t i = 0; i < dkim->tried_count; i++)
		expected += dkim->tried[i]->is_handed_over;
	if (dkim_getsiglist(handle, &infos, &count) != DKIM_STAT_OK || count != expected)
		return;
	for (size_t i = 0; i < dkim->tried_count; i++)
		if (dkim->tried[i]->is_handed_over)
			take_hash(dkim->tried[i], infos[next++]);
}

static void hash_headers(struct as_dkim *dkim, const struct as_dkim_lib *lib)
{
	DKIM_STAT status;
	bool is_testing;
	DKIM *handle = dkim_verify(lib->library, (const u_char *)"-", NULL, &status);
	if (!handle)
		as_oom();
	(void)dkim_header(handle, (u_char *)lib->guard, strlen(lib->guard)); /* a plain field */
	hand_over_fields(dkim, handle);
	(void)dkim_eoh(handle);              /* the list says what became of each */
	(void)dkim_eom(handle, &is_testing); /* all are ignored: it says NOSIG */
	take_hashes(dkim, handle);
	(void)dkim_free(handle);             /* a valid handle */
}

struct as_dkim *as_dkim_begin(struct as_arena *arena, struct as_dkim_lib *lib, struct as_dns_set *set, struct as_body_hashes *bodies,
			      const struct as_dkim_options *options, const struct as_fields *fields, const char *author_domain)
{
	struct as_dkim *dkim = as_alloc(arena, sizeof *dkim);
	*dkim = (struct as_dkim){ .arena = arena, .set = set, .options = *options, .fields = fields };
	collect(dkim, author_domain);
	choose(dkim);
	start(dkim, bodies);
	if (choose_handed_over(dkim))
		hash_headers(dkim, lib);
	return dkim;
}

/* --- the end ------------------------------------------------------------------------------------------------------- */

static const unsigned char *header_hash(struct as_dkim *dkim, struct entry *entry)
{
	struct as_buf text = as_buf_new(dkim->arena);
	if (!entry->has_header_hash)
		as_dkim_hash_header(&text, dkim->fields, entry->field, &entry->parsed, entry->header_hash);
	return entry->header_hash;
}

static void check_keys(struct as_dkim *dkim, struct entry *entry, struct as_dkim_signature *out)
{
	const struct as_dns_answer *answer = as_dns_get(dkim->set, entry->key_name, AS_DNS_TXT);
	out->was_asked = true;
	out->dnssec = answer->dnssec;
	if (answer->status == AS_DNS_TEMPFAIL) {
		set_result(entry, AS_TEMPERROR, answer->dnssec == AS_DNSSEC_BOGUS ? "key lookup bogus" : "key lookup failed");
		return;
	}
	const struct as_dkim_keys none = { 0 };
	const struct as_dkim_keys *keys = answer->count ? as_dkim_keys_of(answer) : &none;
	struct as_dkim_verdict verdict = as_dkim_check(&entry->parsed, header_hash(dkim, entry), keys, dkim->options.minimum_key_bits);
	set_result(entry, verdict.code, verdict.reason);
	out->key_bits = verdict.key ? verdict.key->bits : 0;
	out->is_testing = verdict.key && verdict.key->is_testing;
}

static void judge(struct as_dkim *dkim, struct entry *entry, struct as_dkim_signature *out)
{
	struct as_dkim_parsed *p = &entry->parsed;
	const struct as_body_hash *body = entry->body;
	if (p->has_length && p->length > body->length) { /* RFC 6376 3.7 */
		set_result(entry, AS_FAIL, "body shorter than l=");
		return;
	}
	out->has_unsigned_tail = p->has_length && p->length < body->length;
	/* Before the key, so that trouble in DNS does not hide what is certain. */
	if (p->bh_size != AS_SHA256_SIZE || memcmp(p->bh, body->hash, AS_SHA256_SIZE) != 0) {
		set_result(entry, AS_FAIL, "body hash mismatch");
		return;
	}
	check_keys(dkim, entry, out);
	if (p->code == AS_PASS && out->has_unsigned_tail && !dkim->options.accepts_length)
		set_result(entry, AS_POLICY, "part of the body is not signed");
}

/* RFC 6008 3: so many leading characters that no other signature of the message has the same. */
static const char *shown_b(const struct as_dkim *dkim, const struct entry *entry)
{
	const char *b = entry->parsed.b_text;
	size_t n = B_SHOWN_LEAST;
	for (size_t i = 0; b && i < dkim->count; i++) {
		const char *other = dkim->entries[i].parsed.b_text;
		if (!other || strcmp(other, b) == 0)
			continue;
		while (n < B_SHOWN_MOST && strncmp(b, other, n) == 0)
			n++;
	}
	return b ? as_strndup(dkim->arena, b, strnlen(b, n)) : NULL;
}

void as_dkim_finish(struct as_dkim *dkim, struct as_dkim_outcome *outcome)
{
	struct as_dkim_signature *list = as_alloc_array(dkim->arena, dkim->count, sizeof *list);
	for (size_t i = 0; i < dkim->count; i++) {
		struct entry *entry = &dkim->entries[i];
		struct as_dkim_signature *out = &list[i];
		if (entry->parsed.code == AS_NONE)
			judge(dkim, entry, out);
		out->code = entry->parsed.code;
		out->reason = entry->parsed.reason;
		out->domain = entry->parsed.domain;
		out->identity = entry->parsed.identity;
		out->selector = entry->parsed.selector;
		out->algorithm = entry->parsed.algorithm;
		out->b = shown_b(dkim, entry);
	}
	*outcome = (struct as_dkim_outcome){ .count = dkim->count, .signatures = list, .left_out = dkim->left_out };
}
