/* SPDX-License-Identifier: BSD-2-Clause */
/* dns_capture.c - gives captured answers again. Nothing is ever late: a wait that once ended at its deadline was captured as such. */
#include "config.h"

#include "dns_capture.h"

#include "dns_backend.h"
#include "str.h"

#include <stdlib.h>
#include <string.h>

enum { STRING_MAX = 255 };

struct open_question {
	struct open_question *next;
	struct as_dns_question *question;
	const char *name;
	enum as_dns_type type;
	const struct as_dns_captured *known; /* NULL: was not asked */
};

struct capture_backend {
	struct as_dns_backend backend; /* first: what dns.c has a pointer to */
	const struct as_dns_captured *list;
	size_t count;
	struct open_question *open; /* in the order of asking */
	struct open_question **last_open;
};

struct as_dns_rdata as_dns_capture_rdata(struct as_arena *arena, enum as_dns_type type, const struct as_dns_record *record)
{
	if (type != AS_DNS_TXT)
		return (struct as_dns_rdata){ record->data, record->size };
	uint8_t *bytes = as_alloc(arena, record->size + record->size / STRING_MAX + 1);
	size_t size = 0, at = 0;
	do {
		size_t left = record->size - at, n = left < STRING_MAX ? left : STRING_MAX;
		bytes[size++] = (uint8_t)n;
		if (n)
			memcpy(bytes + size, record->data + at, n);
		size += n;
		at += n;
	} while (at < record->size);
	return (struct as_dns_rdata){ bytes, size };
}

static const struct as_dns_captured *find(const struct capture_backend *backend, const char *name, enum as_dns_type type)
{
	for (size_t i = 0; i < backend->count; i++)
		if (backend->list[i].type == type && strcmp(backend->list[i].name, name) == 0)
			return &backend->list[i];
	return NULL;
}

static void capture_start(struct as_dns_backend *self, struct as_dns_question *question, const char *name, enum as_dns_type type)
{
	struct capture_backend *backend = (struct capture_backend *)self;
	struct open_question *open = as_xalloc(sizeof *open);
	*open = (struct open_question){ .question = question, .name = name, .type = type, .known = find(backend, name, type) };
	*backend->last_open = open;
	backend->last_open = &open->next;
}

/* The builder escapes reasons: what was escaped already must not be so twice. */
static void give_reason(struct as_dns_builder *b, const char *reason)
{
	char *plain = as_xalloc(strlen(reason) + 1);
	size_t n = 0;
	for (const char *p = reason; *p; p++) {
		bool is_escape = p[0] == '\\' && p[1] == 'x' && as_hex_digit(p[2]) >= 0 && as_hex_digit(p[3]) >= 0;
		plain[n++] = is_escape ? (char)(as_hex_digit(p[2]) << 4 | as_hex_digit(p[3])) : *p;
		p += is_escape ? 3 : 0;
	}
	as_dns_builder_reason(b, plain, n);
	free(plain);
}

static struct as_dns_builder *answer(const struct open_question *open, const char *otherwise)
{
	const struct as_dns_captured *known = open->known;
	struct as_dns_builder *b = as_dns_builder_new(open->name, open->type);
	if (!known || !known->is_answered) {
		give_reason(b, otherwise);
		return b;
	}
	as_dns_builder_state(b, known->status, known->dnssec, known->ttl);
	if (known->reason)
		give_reason(b, known->reason);
	if (known->canonical)
		as_dns_builder_canonical(b, known->canonical);
	for (size_t i = 0; i < known->count; i++)
		as_dns_builder_rdata(b, known->records[i].bytes, known->records[i].size);
	return b;
}

/* Nobody waited for what has no answer: it is given none, unless somebody waits now and nothing else is left. */
static int64_t rank(const struct open_question *open)
{
	return open->known && open->known->is_answered ? open->known->ms : INT64_MAX;
}

static void deliver(struct capture_backend *backend, struct open_question **link, const char *otherwise)
{
	struct open_question *open = *link;
	*link = open->next;
	if (backend->last_open == &open->next)
		backend->last_open = link;
	as_dns_deliver(open->question, answer(open, otherwise));
	free(open);
}

static bool capture_pump(struct as_dns_backend *self, int64_t until_ms)
{
	struct capture_backend *backend = (struct capture_backend *)self;
	struct open_question **first = &backend->open;
	(void)until_ms; /* all there is is there at once */
	if (!*first)
		return false;
	for (struct open_question **link = first; *link; link = &(*link)->next)
		if (rank(*link) < rank(*first))
			first = link;
	deliver(backend, first, AS_DNS_NOT_CAPTURED);
	return true;
}

static void capture_free(struct as_dns_backend *self)
{
	struct capture_backend *backend = (struct capture_backend *)self;
	while (backend->open)
		deliver(backend, &backend->open, "shutting down");
	free(backend);
}

struct as_dns_backend *as_dns_capture_backend(const struct as_dns_captured *list, size_t count)
{
	struct capture_backend *backend = as_xalloc(sizeof *backend);
	backend->backend = (struct as_dns_backend){ .start = capture_start, .pump = capture_pump, .free = capture_free };
	backend->list = list;
	backend->count = count;
	backend->last_open = &backend->open;
	return &backend->backend;
}
