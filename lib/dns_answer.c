/* SPDX-License-Identifier: BSD-2-Clause */
/* dns_answer.c - answers: a builder gathers in an arena, the finished answer is one block shared between threads.
 *
 * What was parsed from an answer hangs on an atomic list that only grows until the answer dies.
 */
#include "config.h"

#include "dns_answer.h"

#include "dns_name.h"
#include "str.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { REASON_MAX = 200, FIRST_RECORDS = 4 };

struct attachment {
	struct attachment *next;
	const void *kind;
	void *parsed;
	void (*release)(void *parsed);
};

struct answer {
	struct as_dns_answer seen; /* first: what the callers have a pointer to */
	atomic_uint refs;
	size_t size;
	_Atomic(struct attachment *) attachments;
	struct as_dns_record records[]; /* then the texts */
};

struct as_dns_builder {
	struct as_arena *arena;
	struct as_dns_answer answer;
	struct as_dns_record *records;
	size_t room;
};

static struct answer *whole(const struct as_dns_answer *answer)
{
	return (struct answer *)(uintptr_t)answer; /* every answer was made in finish() below, on the heap */
}

const struct as_dns_answer *as_dns_answer_ref(const struct as_dns_answer *answer)
{
	atomic_fetch_add_explicit(&whole(answer)->refs, 1, memory_order_relaxed);
	return answer;
}

void as_dns_answer_unref(const struct as_dns_answer *answer)
{
	if (!answer)
		return;
	struct answer *a = whole(answer);
	if (atomic_fetch_sub_explicit(&a->refs, 1, memory_order_acq_rel) != 1)
		return;
	for (struct attachment *at = atomic_load(&a->attachments); at;) {
		struct attachment *next = at->next;
		if (at->release)
			at->release(at->parsed);
		free(at);
		at = next;
	}
	free(a);
}

size_t as_dns_answer_size(const struct as_dns_answer *answer)
{
	return whole(answer)->size;
}

static struct attachment *find(struct attachment *at, const void *kind)
{
	while (at && at->kind != kind)
		at = at->next;
	return at;
}

void *as_dns_parsed(const struct as_dns_answer *answer, const void *kind)
{
	struct attachment *at = find(atomic_load_explicit(&whole(answer)->attachments, memory_order_acquire), kind);
	return at ? at->parsed : NULL;
}

void *as_dns_attach(const struct as_dns_answer *answer, const void *kind, void *parsed, void (*release)(void *parsed))
{
	struct answer *a = whole(answer);
	struct attachment *mine = as_xalloc(sizeof *mine);
	*mine = (struct attachment){ .kind = kind, .parsed = parsed, .release = release };
	struct attachment *head = atomic_load_explicit(&a->attachments, memory_order_acquire);
	do {
		struct attachment *other = find(head, kind);
		if (other) {
			if (release)
				release(parsed);
			free(mine);
			return other->parsed;
		}
		mine->next = head;
	} while (!atomic_compare_exchange_weak_explicit(&a->attachments, &head, mine, memory_order_acq_rel, memory_order_acquire));
	return parsed;
}

struct as_dns_builder *as_dns_builder_new(const char *name, enum as_dns_type type)
{
	struct as_arena *arena = as_arena_new();
	struct as_dns_builder *b = as_alloc(arena, sizeof *b);
	b->arena = arena;
	b->answer.status = AS_DNS_TEMPFAIL;
	b->answer.dnssec = AS_DNSSEC_INDETERMINATE;
	b->answer.name = as_strdup(arena, name);
	b->answer.type = type;
	return b;
}

void as_dns_builder_free(struct as_dns_builder *b)
{
	as_arena_free(b->arena);
}

const char *as_dns_builder_name(const struct as_dns_builder *b)
{
	return b->answer.name;
}

enum as_dns_type as_dns_builder_type(const struct as_dns_builder *b)
{
	return b->answer.type;
}

void as_dns_builder_state(struct as_dns_builder *b, enum as_dns_status status, enum as_dnssec dnssec, uint32_t ttl)
{
	b->answer.status = status;
	b->answer.dnssec = dnssec;
	b->answer.ttl = ttl;
}

void as_dns_builder_reason(struct as_dns_builder *b, const char *reason, size_t n)
{
	b->answer.reason = as_escape(b->arena, reason, n, REASON_MAX);
}

void as_dns_builder_canonical(struct as_dns_builder *b, const char *name)
{
	b->answer.canonical = as_strdup(b->arena, name);
}

static bool decode_bytes(struct as_dns_builder *b, struct as_dns_record *record, const uint8_t *rdata, size_t size)
{
	record->data = (const uint8_t *)as_strndup(b->arena, (const char *)rdata, size);
	record->size = size;
	return true;
}

/* RFC 7208 3.3: the strings of one record are joined without anything between them. */
static bool decode_txt(struct as_dns_builder *b, struct as_dns_record *record, const uint8_t *rdata, size_t size)
{
	if (size == 0)
		return false;
	uint8_t *text = as_alloc(b->arena, size);
	for (size_t at = 0; at < size;) {
		size_t n = rdata[at++];
		if (n > size - at)
			return false;
		memcpy(text + record->size, rdata + at, n);
		record->size += n;
		at += n;
	}
	record->data = text; /* zeroed, and shorter than rdata by one at least */
	return true;
}

/* A space may be asked for (RFC 7208 7.2), but nothing of mail has a name with one. */
static bool decode_name(struct as_dns_builder *b, struct as_dns_record *record, const uint8_t *rdata, size_t size)
{
	char text[AS_DNS_NAME_SIZE];
	size_t taken = as_dns_name_from_wire(rdata, size, text);
	if (taken == 0 || taken != size || strchr(text, ' '))
		return false;
	record->name = as_strdup(b->arena, text);
	return true;
}

static bool decode_mx(struct as_dns_builder *b, struct as_dns_record *record, const uint8_t *rdata, size_t size)
{
	if (size < 3 || !decode_name(b, record, rdata + 2, size - 2))
		return false;
	record->preference = (uint16_t)(rdata[0] << 8 | rdata[1]);
	return true;
}

static bool decode(struct as_dns_builder *b, struct as_dns_record *record, const uint8_t *rdata, size_t size)
{
	switch (b->answer.type) {
	case AS_DNS_A:
		return size == 4 && decode_bytes(b, record, rdata, size);
	case AS_DNS_AAAA:
		return size == 16 && decode_bytes(b, record, rdata, size);
	case AS_DNS_NS:
	case AS_DNS_CNAME:
	case AS_DNS_PTR:
		return decode_name(b, record, rdata, size) && decode_bytes(b, record, rdata, size);
	case AS_DNS_MX:
		return decode_mx(b, record, rdata, size) && decode_bytes(b, record, rdata, size);
	case AS_DNS_TXT:
		return decode_txt(b, record, rdata, size);
	case AS_DNS_SOA:
	case AS_DNS_TLSA:
		return decode_bytes(b, record, rdata, size);
	}
	return false;
}

bool as_dns_builder_rdata(struct as_dns_builder *b, const uint8_t *rdata, size_t size)
{
	struct as_dns_record record = { 0 };
	if (!decode(b, &record, rdata, size))
		return false;
	if (b->answer.count == b->room) {
		size_t room = b->room ? b->room * 2 : FIRST_RECORDS;
		struct as_dns_record *more = as_alloc_array(b->arena, room, sizeof *more);
		if (b->answer.count)
			memcpy(more, b->records, b->answer.count * sizeof *more);
		b->records = more;
		b->room = room;
	}
	b->records[b->answer.count++] = record;
	return true;
}

/* Bogus data is never seen (DN-2, DN-4), and an answer without records is not AS_DNS_OK. */
static void make_consistent(struct as_dns_answer *answer)
{
	if (answer->dnssec == AS_DNSSEC_BOGUS)
		answer->status = AS_DNS_TEMPFAIL;
	if (answer->status != AS_DNS_OK)
		answer->count = 0;
	else if (answer->count == 0)
		answer->status = AS_DNS_NODATA;
	if (answer->status != AS_DNS_TEMPFAIL)
		answer->reason = NULL;
	else if (!answer->reason)
		answer->reason = "SERVFAIL";
}

struct pen {
	char *at;
};

static const char *put(struct pen *pen, const void *bytes, size_t n)
{
	char *start = pen->at;
	if (n)
		memcpy(start, bytes, n);
	start[n] = '\0';
	pen->at = start + n + 1;
	return start;
}

static size_t text_size(const char *text)
{
	return text ? strlen(text) + 1 : 0;
}

static const char *put_text(struct pen *pen, const char *text)
{
	return text ? put(pen, text, strlen(text)) : NULL;
}

static const struct as_dns_answer *finish(struct as_dns_answer *from, const struct as_dns_record *records)
{
	make_consistent(from);
	size_t size = sizeof(struct answer) + from->count * sizeof *records + text_size(from->name) + text_size(from->canonical) +
		      text_size(from->reason);
	for (size_t i = 0; i < from->count; i++)
		size += (records[i].data ? records[i].size + 1 : 0) + text_size(records[i].name);
	struct answer *a = as_xalloc(size);
	struct pen pen = { (char *)(a->records + from->count) };
	a->seen = *from;
	a->size = size;
	atomic_init(&a->refs, 1);
	atomic_init(&a->attachments, NULL);
	a->seen.records = a->records;
	a->seen.name = put_text(&pen, from->name);
	a->seen.canonical = from->canonical ? put_text(&pen, from->canonical) : a->seen.name;
	a->seen.reason = put_text(&pen, from->reason);
	for (size_t i = 0; i < from->count; i++) {
		a->records[i] = records[i];
		a->records[i].data = records[i].data ? (const uint8_t *)put(&pen, records[i].data, records[i].size) : NULL;
		a->records[i].name = put_text(&pen, records[i].name);
	}
	return &a->seen;
}

const struct as_dns_answer *as_dns_builder_finish(struct as_dns_builder *b)
{
	const struct as_dns_answer *answer = finish(&b->answer, b->records);
	as_dns_builder_free(b);
	return answer;
}

const struct as_dns_answer *as_dns_answer_empty(const char *name, enum as_dns_type type, enum as_dns_status status, const char *reason)
{
	struct as_dns_answer empty = {
		.status = status,
		.dnssec = status == AS_DNS_TEMPFAIL ? AS_DNSSEC_INDETERMINATE : AS_DNSSEC_INSECURE,
		.name = name,
		.type = type,
		.reason = reason,
	};
	return finish(&empty, NULL);
}
