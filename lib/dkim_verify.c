/* SPDX-License-Identifier: BSD-2-Clause */
/* dkim_verify.c - the DKIM signatures of one message; the only file that sees libopendkim.
 *
 * libopendkim parses, canonicalises and hashes what dkim_signature.c found in order; it looks up no key and verifies nothing.
 * Two fences stand in front of it, since its h= handling can write one pointer past an array: a first field with a name nobody
 * can guess, so that no h= names every field, and an allocator that adds room behind every block. A signature that it would
 * hash wrongly (is_ordinary, or h= naming a field that cannot be handed over) is given to it as a plain stand-in with the same
 * a=, l= and body canonicalization: the body hash comes from there, the header hash from canon.c. For bodies with bare CR or LF
 * both are ours (canon_body.c).
 */
#include "config.h"

#include "dkim_verify.h"

#include "canon.h"
#include "canon_body.h"
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
	REPORTED_MOST = 50,
	LENGTHS_MOST = 3,     /* signatures with l=: each may cost another pass over the body */
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
	bool is_stand_in;  /* libopendkim got a stand-in; we hash the header */
	const char *key_name;
	DKIM_SIGINFO *info;
	struct as_canon_body *body; /* NULL: libopendkim hashes it */
};

struct as_dkim {
	struct as_arena *arena;
	const struct as_dkim_lib *lib;
	struct as_dns_set *set;
	struct as_dkim_options options;
	const struct as_fields *fields;
	DKIM *handle;          /* NULL: nothing needs the body */
	struct entry *entries; /* in the order of the report */
	size_t count, left_out;
	struct entry **tried;  /* in the order of the header */
	size_t tried_count;
	DKIM_SIGINFO *whole[2]; /* [is_relaxed_body]: of a stand-in without l=, where a signature has one */
	char last[2];          /* of the body */
	uint64_t body_bytes;
	bool has_bare;         /* a CR or LF alone in the body: libopendkim's hash is wrong */
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

static int by_field(const void *a, const void *b)
{
	const struct entry *const *x = a, *const *y = b;
	return ((*x)->field > (*y)->field) - ((*x)->field < (*y)->field);
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
	qsort(dkim->tried, dkim->tried_count, sizeof(struct entry *), by_field);
}

static void start_lookups(struct as_dkim *dkim)
{
	for (size_t i = 0; i < dkim->count; i++) {
		struct entry *entry = &dkim->entries[i];
		if (entry->parsed.code != AS_NONE)
			continue;
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

static void choose_stand_ins(struct as_dkim *dkim)
{
	const struct as_field *odd[ODD_MOST];
	size_t odd_count;
	bool can_hand_over = find_odd(dkim->fields, odd, &odd_count);
	for (size_t i = 0; i < dkim->tried_count; i++) {
		const struct as_dkim_parsed *parsed = &dkim->tried[i]->parsed;
		dkim->tried[i]->is_stand_in = !can_hand_over || !parsed->is_ordinary || names_any(parsed, odd, odd_count);
	}
}

static void hand_over(DKIM *handle, struct as_buf *line)
{
	(void)dkim_header(handle, (u_char *)line->text, line->length); /* what it refuses shows as an error of the signature */
	line->length = 0;
}

static void hand_over_stand_in(DKIM *handle, struct as_buf *line, const struct as_dkim_parsed *parsed, bool has_length)
{
	as_buf_printf(line, DKIM_SIGNHEADER ": v=1; a=%s; c=simple/%s; d=example.com; s=x; h=from; bh=AAAA; b=AAAA",
		      parsed->is_ed25519 ? "ed25519-sha256" : "rsa-sha256", parsed->is_relaxed_body ? "relaxed" : "simple");
	if (has_length)
		as_buf_printf(line, "; l=%" PRIu64, parsed->length);
	hand_over(handle, line);
}

static void hand_over_signature(DKIM *handle, struct as_buf *line, const struct entry *entry)
{
	if (entry->is_stand_in) {
		hand_over_stand_in(handle, line, &entry->parsed, entry->parsed.has_length);
		return;
	}
	as_canon_field(line, entry->field->name, entry->field->name_length, entry->field->value, entry->field->value_length, false);
	hand_over(handle, line);
}

/* libopendkim stops counting the body at l=: how much there is behind it shows in a signature without l=. */
static const struct entry *find_with_length(const struct as_dkim *dkim, bool is_relaxed_body)
{
	for (size_t i = 0; i < dkim->tried_count; i++)
		if (dkim->tried[i]->parsed.has_length && dkim->tried[i]->parsed.is_relaxed_body == is_relaxed_body)
			return dkim->tried[i];
	return NULL;
}

static bool has_original(const struct as_dkim *dkim)
{
	for (size_t i = 0; i < dkim->tried_count; i++)
		if (!dkim->tried[i]->is_stand_in)
			return true;
	return false;
}

static void hand_over_fields(struct as_dkim *dkim, DKIM *handle)
{
	struct as_buf line = as_buf_new(dkim->arena);
	for (size_t i = 0; has_original(dkim) && i < dkim->fields->count; i++) {
		const struct as_field *field = &dkim->fields->list[i];
		if (is_signature(field) || !is_plain(field))
			continue;
		as_canon_field(&line, field->name, field->name_length, field->value, field->value_length, false);
		hand_over(handle, &line);
	}
	for (size_t i = 0; i < dkim->tried_count; i++)
		hand_over_signature(handle, &line, dkim->tried[i]);
	for (int i = 0; i < 2; i++)
		if (find_with_length(dkim, i))
			hand_over_stand_in(handle, &line, &find_with_length(dkim, i)->parsed, false);
}

/* The library's view of what was handed over, in the same order; those it refused are NULL. */
static void take_infos(struct as_dkim *dkim)
{
	DKIM_SIGINFO **infos = NULL;
	int count = 0;
	size_t next = dkim->tried_count, expected = next + !!find_with_length(dkim, false) + !!find_with_length(dkim, true);
	bool is_complete = dkim_getsiglist(dkim->handle, &infos, &count) == DKIM_STAT_OK && (size_t)count == expected;
	for (size_t i = 0; i < dkim->tried_count; i++)
		dkim->tried[i]->info = is_complete && dkim_sig_geterror(infos[i]) <= 0 ? infos[i] : NULL;
	for (int i = 0; i < 2; i++)
		dkim->whole[i] = is_complete && find_with_length(dkim, i) ? infos[next++] : NULL;
}

/* One handle with everything in it. False: libopendkim refused a signature that we take; it is a stand-in from now on. */
static bool fill_handle(struct as_dkim *dkim)
{
	DKIM_STAT status;
	bool is_taken = true;
	dkim->handle = dkim_verify(dkim->lib->library, (const u_char *)"-", NULL, &status);
	if (!dkim->handle)
		as_oom();
	(void)dkim_header(dkim->handle, (u_char *)dkim->lib->guard, strlen(dkim->lib->guard)); /* a plain field */
	hand_over_fields(dkim, dkim->handle);
	(void)dkim_eoh(dkim->handle); /* the list says what became of each */
	take_infos(dkim);
	for (size_t i = 0; i < dkim->tried_count; i++) {
		struct entry *entry = dkim->tried[i];
		is_taken = is_taken && (entry->info || entry->is_stand_in);
		entry->is_stand_in = entry->is_stand_in || !entry->info;
	}
	return is_taken;
}

static void free_handle(void *user)
{
	struct as_dkim *dkim = user;
	if (dkim->handle)
		dkim_free(dkim->handle);
	dkim->handle = NULL;
}

struct as_dkim *as_dkim_begin(struct as_arena *arena, struct as_dkim_lib *lib, struct as_dns_set *set,
			      const struct as_dkim_options *options, const struct as_fields *fields, const char *author_domain)
{
	struct as_dkim *dkim = as_alloc(arena, sizeof *dkim);
	*dkim = (struct as_dkim){ .arena = arena, .lib = lib, .set = set, .options = *options, .fields = fields };
	collect(dkim, author_domain);
	choose(dkim);
	if (dkim->tried_count == 0)
		return dkim;
	start_lookups(dkim);
	choose_stand_ins(dkim);
	as_defer(arena, free_handle, dkim);
	if (!fill_handle(dkim)) {
		free_handle(dkim);
		(void)fill_handle(dkim); /* without an info an entry becomes neutral */
	}
	return dkim;
}

/* --- the body ------------------------------------------------------------------------------------------------------ */

bool as_dkim_wants_body(const struct as_dkim *dkim)
{
	return dkim->handle;
}

/* Is there a CR without LF behind it, or a LF without CR before it? A CR at the end is judged with the next bytes. */
static bool has_bare_end(char before, const unsigned char *bytes, size_t n)
{
	const unsigned char *end = bytes + n;
	if (before == '\r' && bytes[0] != '\n')
		return true;
	for (const unsigned char *cr = bytes; (cr = memchr(cr, '\r', (size_t)(end - cr))); cr++)
		if (cr + 1 < end && cr[1] != '\n')
			return true;
	for (const unsigned char *lf = bytes; (lf = memchr(lf, '\n', (size_t)(end - lf))); lf++)
		if ((lf > bytes ? lf[-1] : (unsigned char)before) != '\r')
			return true;
	return false;
}

/* From the first piece on, which an MTA sends with 64 KB: nothing is kept to begin again with. Bare ones that only come later
 * leave the signatures neutral. */
static void start_own_bodies(struct as_dkim *dkim)
{
	for (size_t i = 0; i < dkim->tried_count; i++) {
		const struct as_dkim_parsed *parsed = &dkim->tried[i]->parsed;
		uint64_t most = parsed->has_length ? parsed->length : UINT64_MAX;
		dkim->tried[i]->body = as_canon_body_new(dkim->arena, parsed->is_relaxed_body, most);
	}
}

void as_dkim_body(struct as_dkim *dkim, const unsigned char *bytes, size_t n)
{
	if (!dkim->handle || n == 0)
		return;
	if (!dkim->has_bare && has_bare_end(dkim->last[1], bytes, n)) {
		dkim->has_bare = true;
		if (dkim->body_bytes == 0)
			start_own_bodies(dkim);
	}
	for (size_t i = 0; i < dkim->tried_count && dkim->tried[i]->body; i++)
		as_canon_body_add(dkim->tried[i]->body, bytes, n);
	dkim->last[0] = n > 1 ? (char)bytes[n - 2] : dkim->last[1];
	dkim->last[1] = (char)bytes[n - 1];
	dkim->body_bytes += n;
	(void)dkim_body(dkim->handle, (u_char *)bytes, n); /* fails only for lack of memory, which ends the process */
}

/* RFC 6376 3.4.3, 3.4.4: a body that does not end in CRLF gets one. */
static void end_body(struct as_dkim *dkim)
{
	bool is_testing;
	dkim->has_bare = dkim->has_bare || dkim->last[1] == '\r';
	if (dkim->body_bytes > 0 && memcmp(dkim->last, "\r\n", 2) != 0)
		(void)dkim_body(dkim->handle, (u_char *)"\r\n", 2); /* as in as_dkim_body */
	(void)dkim_eom(dkim->handle, &is_testing); /* all are ignored: it says NOSIG */
}

/* --- the end ------------------------------------------------------------------------------------------------------- */

struct hashes {
	unsigned char header[AS_SHA256_SIZE];
	unsigned char body[AS_SHA256_SIZE];
	uint64_t body_length; /* of the canonical body; 0 where there is no l= */
};

/* How much body there is behind l= shows in the stand-in without l=. */
static uint64_t whole_length(struct as_dkim *dkim, const struct entry *entry)
{
	ssize_t received, canonical, is_signed;
	DKIM_SIGINFO *whole = dkim->whole[entry->parsed.is_relaxed_body];
	if (!entry->parsed.has_length || !whole)
		return 0;
	return dkim_sig_getcanonlen(dkim->handle, whole, &received, &canonical, &is_signed) == DKIM_STAT_OK ? (uint64_t)canonical : 0;
}

static void hash_header(struct as_dkim *dkim, const struct entry *entry, unsigned char hash[AS_SHA256_SIZE])
{
	struct as_buf text = as_buf_new(dkim->arena);
	as_dkim_hash_header(&text, dkim->fields, entry->field, &entry->parsed, hash);
}

static bool get_hashes(struct as_dkim *dkim, const struct entry *entry, struct hashes *hashes)
{
	void *header, *body;
	size_t header_size, body_size;
	if (entry->body) {
		hashes->body_length = as_canon_body_end(entry->body, hashes->body);
		hash_header(dkim, entry, hashes->header);
		return true;
	}
	if (!entry->info || dkim_sig_geterror(entry->info) > 0 ||
	    dkim_sig_gethashes(entry->info, &header, &header_size, &body, &body_size) != DKIM_STAT_OK || header_size != AS_SHA256_SIZE ||
	    body_size != AS_SHA256_SIZE)
		return false;
	memcpy(hashes->body, body, AS_SHA256_SIZE);
	memcpy(hashes->header, header, AS_SHA256_SIZE);
	hashes->body_length = whole_length(dkim, entry);
	if (entry->is_stand_in)
		hash_header(dkim, entry, hashes->header);
	return true;
}

/* Is l= so large that libopendkim gave no hash? It counts bytes of the canonical body, which can be two longer than what came. */
static bool is_beyond_body(const struct as_dkim *dkim, const struct entry *entry)
{
	const struct as_dkim_parsed *p = &entry->parsed;
	return p->has_length && (p->length > dkim->body_bytes + strlen("\r\n") ||
				 (!entry->body && entry->info && dkim_sig_geterror(entry->info) == DKIM_SIGERROR_TOOLARGE_L));
}

static void check_keys(struct as_dkim *dkim, struct entry *entry, const struct hashes *hashes, struct as_dkim_signature *out)
{
	const struct as_dns_answer *answer = as_dns_get(dkim->set, entry->key_name, AS_DNS_TXT);
	out->was_asked = true;
	out->dnssec = answer->dnssec;
	if (answer->status == AS_DNS_TEMPFAIL) {
		set_result(entry, AS_TEMPERROR, answer->dnssec == AS_DNSSEC_BOGUS ? "key lookup bogus" : "key lookup failed");
		return;
	}
	const struct as_dkim_keys none = { 0 };
	struct as_dkim_verdict verdict = as_dkim_check(&entry->parsed, hashes->header, answer->count ? as_dkim_keys_of(answer) : &none,
						       dkim->options.minimum_key_bits);
	set_result(entry, verdict.code, verdict.reason);
	out->key_bits = verdict.key ? verdict.key->bits : 0;
	out->is_testing = verdict.key && verdict.key->is_testing;
}

static void judge(struct as_dkim *dkim, struct entry *entry, struct as_dkim_signature *out)
{
	struct as_dkim_parsed *p = &entry->parsed;
	struct hashes hashes;
	if (dkim->has_bare && !entry->body) {
		set_result(entry, AS_NEUTRAL, "bare CR or LF in the body");
		return;
	}
	bool is_beyond = is_beyond_body(dkim, entry);
	if (!is_beyond && !get_hashes(dkim, entry, &hashes)) {
		set_result(entry, AS_NEUTRAL, "not processable");
		return;
	}
	if (is_beyond || (p->has_length && p->length > hashes.body_length)) { /* RFC 6376 3.7 */
		set_result(entry, AS_FAIL, "body shorter than l=");
		return;
	}
	out->has_unsigned_tail = p->has_length && p->length < hashes.body_length;
	/* Before the key, so that trouble in DNS does not hide what is certain. */
	if (p->bh_size != AS_SHA256_SIZE || memcmp(p->bh, hashes.body, AS_SHA256_SIZE) != 0) {
		set_result(entry, AS_FAIL, "body hash mismatch");
		return;
	}
	check_keys(dkim, entry, &hashes, out);
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
	if (dkim->handle)
		end_body(dkim);
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
