/* SPDX-License-Identifier: BSD-2-Clause */
/* dns_fake.c - a world of records in memory and a back end that answers from it in virtual time.
 *
 * One thread at a time. Answers are made when they are delivered, in the order in which they are due; time moves only in pump().
 */
#include "config.h"

#include "dns_fake.h"

#include "dns_backend.h"
#include "dns_fake_zone.h"
#include "dns_name.h"
#include "domain.h"
#include "str.h"

#include <stdlib.h>
#include <string.h>

enum {
	NEGATIVE_TTL = 300,
	CHAIN_MAX = 12, /* CNAMEs followed before a resolver gives up */
};

struct record {
	struct record *next;
	struct as_zone_line line;
};

struct rule {
	struct rule *next;
	const char *name;
	enum as_dns_type type; /* 0: all */
	enum as_dns_behaviour behaviour;
};

struct delay {
	struct delay *next;
	const char *name;
	enum as_dns_type type;
	uint32_t ms;
};

struct name_list {
	struct name_list *next;
	const char *name;
};

struct query {
	struct query *next;
	const char *name;
	enum as_dns_type type;
	unsigned count;
};

struct as_dns_fake {
	struct as_arena *arena;
	struct as_clock clock;
	int64_t start_wall_s;
	int64_t now_ms;
	struct record *records;
	struct record **last_record;
	struct rule *rules; /* the newest first: the newest counts */
	struct delay *delays;
	struct name_list *secure;
	struct query *queries;
	bool is_strict;
	const char *unlisted;
};

struct open_question {
	struct open_question *next;
	struct as_dns_question *question;
	const char *name;
	enum as_dns_type type;
	int64_t due_ms; /* negative: never */
};

struct fake_backend {
	struct as_dns_backend backend; /* first: what dns.c has a pointer to */
	struct as_dns_fake *fake;
	struct open_question *open; /* in the order of asking */
	struct open_question **last_open;
};

/* --- the world ----------------------------------------------------------------------------------------------------- */

static int64_t fake_wall_s(void *user)
{
	const struct as_dns_fake *fake = user;
	return fake->start_wall_s + fake->now_ms / 1000;
}

static int64_t fake_mono_ms(void *user)
{
	const struct as_dns_fake *fake = user;
	return fake->now_ms;
}

struct as_dns_fake *as_dns_fake_new(int64_t start_wall_s)
{
	struct as_arena *arena = as_arena_new();
	struct as_dns_fake *fake = as_alloc(arena, sizeof *fake);
	fake->arena = arena;
	fake->start_wall_s = start_wall_s;
	fake->clock = (struct as_clock){ .wall_s = fake_wall_s, .mono_ms = fake_mono_ms, .user = fake };
	fake->last_record = &fake->records;
	return fake;
}

void as_dns_fake_free(struct as_dns_fake *fake)
{
	if (fake)
		as_arena_free(fake->arena);
}

const struct as_clock *as_dns_fake_clock(struct as_dns_fake *fake)
{
	return &fake->clock;
}

void as_dns_fake_advance(struct as_dns_fake *fake, int64_t ms)
{
	fake->now_ms += ms;
}

static const char *plain_name(struct as_dns_fake *fake, const char *name)
{
	size_t n = strlen(name);
	return as_lower_copy(fake->arena, name, n > 0 && name[n - 1] == '.' ? n - 1 : n);
}

static void add_record(struct as_dns_fake *fake, const struct as_zone_line *line)
{
	struct record *record = as_alloc(fake->arena, sizeof *record);
	record->line = *line;
	*fake->last_record = record;
	fake->last_record = &record->next;
}

static void add_rule(struct as_dns_fake *fake, const char *name, enum as_dns_type type, enum as_dns_behaviour behaviour)
{
	struct rule *rule = as_alloc(fake->arena, sizeof *rule);
	*rule = (struct rule){ .next = fake->rules, .name = name, .type = type, .behaviour = behaviour };
	fake->rules = rule;
}

static void add_delay(struct as_dns_fake *fake, const struct as_zone_line *line)
{
	struct delay *delay = as_alloc(fake->arena, sizeof *delay);
	*delay = (struct delay){ .next = fake->delays, .name = line->name, .type = line->type, .ms = line->ms };
	fake->delays = delay;
}

static void add_secure(struct as_dns_fake *fake, const char *name)
{
	struct name_list *entry = as_alloc(fake->arena, sizeof *entry);
	*entry = (struct name_list){ .next = fake->secure, .name = name };
	fake->secure = entry;
}

static void apply(struct as_dns_fake *fake, const struct as_zone_line *line)
{
	switch (line->kind) {
	case AS_ZONE_RECORD:
		add_record(fake, line);
		break;
	case AS_ZONE_SECURE:
		add_secure(fake, line->name);
		break;
	case AS_ZONE_SERVFAIL:
		add_rule(fake, line->name, line->type, AS_FAKE_SERVFAIL);
		break;
	case AS_ZONE_BOGUS:
		add_rule(fake, line->name, line->type, AS_FAKE_BOGUS);
		break;
	case AS_ZONE_NXDOMAIN:
		add_rule(fake, line->name, line->type, AS_FAKE_NXDOMAIN);
		break;
	case AS_ZONE_TIMEOUT:
		add_rule(fake, line->name, line->type, AS_FAKE_TIMEOUT);
		break;
	case AS_ZONE_DELAY:
		add_delay(fake, line);
		break;
	case AS_ZONE_STRICT:
		fake->is_strict = true;
		break;
	case AS_ZONE_ORIGIN:
	case AS_ZONE_TTL:
		break; /* the reader's own */
	}
}

enum as_err as_dns_fake_load(struct as_dns_fake *fake, struct as_arena *arena, const char *text, size_t n, const char **detail)
{
	struct as_zone_reader reader = as_zone_open(fake->arena, text, n);
	struct as_zone_line line;
	enum as_err err;
	*detail = NULL;
	while ((err = as_zone_next(&reader, &line)) == AS_OK)
		apply(fake, &line);
	if (err == AS_ERR_NOT_FOUND)
		return AS_OK;
	*detail = as_strdup(arena, reader.detail);
	return err;
}

void as_dns_fake_txt(struct as_dns_fake *fake, const char *name, const char *bytes, size_t n)
{
	struct as_zone_line line = { .kind = AS_ZONE_RECORD, .name = plain_name(fake, name), .type = AS_DNS_TXT, .ttl = NEGATIVE_TTL };
	line.rdata = as_zone_txt(fake->arena, bytes, n, &line.size);
	add_record(fake, &line);
}

enum as_err as_dns_fake_record(struct as_dns_fake *fake, const char *name, enum as_dns_type type, const char *rdata)
{
	struct as_zone_line line;
	const char *detail;
	enum as_err err = as_zone_record(fake->arena, name, type, rdata, &line, &detail);
	if (!err)
		add_record(fake, &line);
	return err;
}

void as_dns_fake_behave(struct as_dns_fake *fake, const char *name, enum as_dns_type type, enum as_dns_behaviour behaviour)
{
	add_rule(fake, plain_name(fake, name), type, behaviour);
}

unsigned as_dns_fake_queries(const struct as_dns_fake *fake, const char *name, enum as_dns_type type)
{
	unsigned sum = 0;
	for (const struct query *q = fake->queries; q; q = q->next)
		if ((!name || as_domain_equal(q->name, name)) && (!type || q->type == type))
			sum += q->count;
	return sum;
}

const char *as_dns_fake_unlisted(const struct as_dns_fake *fake)
{
	return fake->unlisted;
}

/* --- resolving ----------------------------------------------------------------------------------------------------- */

static enum as_dns_behaviour behaviour_of(const struct as_dns_fake *fake, const char *name, enum as_dns_type type)
{
	for (const struct rule *rule = fake->rules; rule; rule = rule->next)
		if ((!rule->type || rule->type == type) && strcmp(rule->name, name) == 0)
			return rule->behaviour;
	return AS_FAKE_ANSWER;
}

static bool has_rule(const struct as_dns_fake *fake, const char *name)
{
	for (const struct rule *rule = fake->rules; rule; rule = rule->next)
		if (strcmp(rule->name, name) == 0)
			return true;
	return false;
}

static bool is_secure(const struct as_dns_fake *fake, const char *name)
{
	for (const struct name_list *entry = fake->secure; entry; entry = entry->next)
		if (!*entry->name || as_domain_is_below(name, entry->name))
			return true;
	return false;
}

static bool exists(const struct as_dns_fake *fake, const char *name)
{
	for (const struct record *record = fake->records; record; record = record->next)
		if (!*name || as_domain_is_below(record->line.name, name))
			return true;
	return false;
}

static const struct record *find_record(const struct record *record, const char *name, enum as_dns_type type)
{
	while (record && (record->line.type != type || strcmp(record->line.name, name) != 0))
		record = record->next;
	return record;
}

/* The owner whose records answer for name: itself, or the wildcard below its closest encloser (RFC 4592 3.3.1). NULL: none. */
static const char *source_of(const struct as_dns_fake *fake, const char *name, char wildcard[AS_DNS_NAME_SIZE + 2])
{
	if (exists(fake, name))
		return name;
	const char *encloser = as_domain_parent(name);
	while (!exists(fake, encloser) && *encloser)
		encloser = as_domain_parent(encloser);
	size_t n = strlen(encloser);
	memcpy(wildcard, "*.", 2);
	memcpy(wildcard + 2, encloser, n + 1);
	if (n == 0)
		wildcard[1] = '\0';
	for (const struct record *record = fake->records; record; record = record->next)
		if (strcmp(record->line.name, wildcard) == 0)
			return wildcard;
	return NULL;
}

static const struct record *alias_of(const struct as_dns_fake *fake, const char *source, enum as_dns_type type)
{
	return source && type != AS_DNS_CNAME ? find_record(fake->records, source, AS_DNS_CNAME) : NULL;
}

static uint32_t delay_of(const struct as_dns_fake *fake, const char *name, enum as_dns_type type)
{
	for (const struct delay *delay = fake->delays; delay; delay = delay->next)
		if ((!delay->type || delay->type == type) && strcmp(delay->name, name) == 0)
			return delay->ms;
	return 0;
}

struct state {
	enum as_dns_status status;
	enum as_dnssec dnssec;
	uint32_t ttl;
};

static void weaken(struct state *state, enum as_dnssec dnssec)
{
	if (dnssec > state->dnssec)
		state->dnssec = dnssec;
}

static void shorten(struct state *state, uint32_t ttl)
{
	if (ttl < state->ttl)
		state->ttl = ttl;
}

static void add_records(struct as_dns_builder *b, struct state *state, const struct record *record, enum as_dns_type type)
{
	const char *owner = record->line.name;
	for (; record; record = find_record(record->next, owner, type)) {
		as_dns_builder_rdata(b, record->line.rdata, record->line.size); /* a hostile one is left out, as from the wire */
		shorten(state, record->line.ttl);
	}
}

static void give_reason(struct as_dns_builder *b, const char *reason)
{
	as_dns_builder_reason(b, reason, strlen(reason));
}

/* One name of the chain. True: go on at `next`. */
static bool answer_at(struct as_dns_fake *fake, struct as_dns_builder *b, struct state *state, const char *name, enum as_dns_type type,
		      char next[AS_DNS_NAME_SIZE])
{
	char wildcard[AS_DNS_NAME_SIZE + 2];
	enum as_dns_behaviour behaviour = behaviour_of(fake, name, type);
	weaken(state, is_secure(fake, name) ? AS_DNSSEC_SECURE : AS_DNSSEC_INSECURE);
	if (behaviour == AS_FAKE_SERVFAIL || behaviour == AS_FAKE_BOGUS) {
		state->status = AS_DNS_TEMPFAIL;
		if (behaviour == AS_FAKE_SERVFAIL)
			state->dnssec = AS_DNSSEC_INDETERMINATE;
		weaken(state, behaviour == AS_FAKE_BOGUS ? AS_DNSSEC_BOGUS : AS_DNSSEC_INDETERMINATE);
		give_reason(b, behaviour == AS_FAKE_BOGUS ? "bogus: said so by the zone text" : "SERVFAIL");
		return false;
	}
	const char *source = behaviour == AS_FAKE_NXDOMAIN ? NULL : source_of(fake, name, wildcard);
	const struct record *alias = alias_of(fake, source, type);
	if (alias) {
		shorten(state, alias->line.ttl);
		return as_dns_name_from_wire(alias->line.rdata, alias->line.size, next) != 0;
	}
	const struct record *record = source ? find_record(fake->records, source, type) : NULL;
	if (record) {
		state->status = AS_DNS_OK;
		add_records(b, state, record, type);
		return false;
	}
	state->status = source ? AS_DNS_NODATA : AS_DNS_NXDOMAIN;
	shorten(state, NEGATIVE_TTL);
	return false;
}

static struct as_dns_builder *answer(struct as_dns_fake *fake, const char *asked, enum as_dns_type type)
{
	struct as_dns_builder *b = as_dns_builder_new(asked, type);
	struct state state = { .status = AS_DNS_TEMPFAIL, .dnssec = AS_DNSSEC_SECURE, .ttl = UINT32_MAX };
	char name[AS_DNS_NAME_SIZE];
	char next[AS_DNS_NAME_SIZE];
	as_dns_name_lower(asked, name);
	unsigned steps = 0;
	while (answer_at(fake, b, &state, name, type, next) && ++steps < CHAIN_MAX)
		memcpy(name, next, sizeof name);
	if (state.status == AS_DNS_TEMPFAIL) {
		weaken(&state, AS_DNSSEC_INDETERMINATE); /* a loop or a target that cannot be asked comes here too: "SERVFAIL" */
		state.ttl = 0;
	}
	as_dns_builder_canonical(b, name);
	as_dns_builder_state(b, state.status, state.dnssec, state.ttl);
	return b;
}

/* --- the back end -------------------------------------------------------------------------------------------------- */

static void note_query(struct as_dns_fake *fake, const char *name, enum as_dns_type type)
{
	char wildcard[AS_DNS_NAME_SIZE + 2];
	if (fake->is_strict && !fake->unlisted && !has_rule(fake, name) && !source_of(fake, name, wildcard))
		fake->unlisted = as_strdup(fake->arena, name);
	for (struct query *q = fake->queries; q; q = q->next) {
		if (q->type == type && strcmp(q->name, name) == 0) {
			q->count++;
			return;
		}
	}
	struct query *query = as_alloc(fake->arena, sizeof *query);
	*query = (struct query){ .next = fake->queries, .name = as_strdup(fake->arena, name), .type = type, .count = 1 };
	fake->queries = query;
}

/* Follows the aliases as answer() does, so that silence and delays behind them count. Negative: never. */
static int64_t due_ms(const struct as_dns_fake *fake, const char *asked, enum as_dns_type type)
{
	char wildcard[AS_DNS_NAME_SIZE + 2];
	char name[AS_DNS_NAME_SIZE];
	int64_t due = fake->now_ms;
	as_dns_name_lower(asked, name);
	for (unsigned steps = 0; steps < CHAIN_MAX; steps++) {
		if (behaviour_of(fake, name, type) == AS_FAKE_TIMEOUT)
			return -1;
		due += delay_of(fake, name, type);
		const struct record *alias = alias_of(fake, source_of(fake, name, wildcard), type);
		if (!alias || !as_dns_name_from_wire(alias->line.rdata, alias->line.size, name))
			break;
	}
	return due;
}

static void fake_start(struct as_dns_backend *self, struct as_dns_question *question, const char *name, enum as_dns_type type)
{
	struct fake_backend *backend = (struct fake_backend *)self;
	struct open_question *open = as_xalloc(sizeof *open);
	note_query(backend->fake, name, type);
	open->question = question;
	open->name = name;
	open->type = type;
	open->due_ms = due_ms(backend->fake, name, type);
	*backend->last_open = open;
	backend->last_open = &open->next;
}

static void take_out(struct fake_backend *backend, struct open_question **link)
{
	struct open_question *open = *link;
	*link = open->next;
	if (backend->last_open == &open->next)
		backend->last_open = link;
}

static bool fake_pump(struct as_dns_backend *self, int64_t until_ms)
{
	struct fake_backend *backend = (struct fake_backend *)self;
	struct as_dns_fake *fake = backend->fake;
	struct open_question **first = NULL;
	for (struct open_question **link = &backend->open; *link; link = &(*link)->next) {
		int64_t due = (*link)->due_ms;
		if (due >= 0 && due <= until_ms && (!first || due < (*first)->due_ms))
			first = link;
	}
	int64_t then_ms = first ? (*first)->due_ms : until_ms;
	if (then_ms > fake->now_ms)
		fake->now_ms = then_ms;
	if (!first)
		return false;
	struct open_question *open = *first;
	take_out(backend, first);
	as_dns_deliver(open->question, answer(fake, open->name, open->type));
	free(open);
	return true;
}

static void fake_free(struct as_dns_backend *self)
{
	struct fake_backend *backend = (struct fake_backend *)self;
	while (backend->open) {
		struct open_question *open = backend->open;
		take_out(backend, &backend->open);
		struct as_dns_builder *b = as_dns_builder_new(open->name, open->type);
		give_reason(b, "shutting down");
		as_dns_deliver(open->question, b);
		free(open);
	}
	free(backend);
}

struct as_dns_backend *as_dns_fake_backend(struct as_dns_fake *fake)
{
	struct fake_backend *backend = as_xalloc(sizeof *backend);
	backend->backend = (struct as_dns_backend){ .start = fake_start, .pump = fake_pump, .free = fake_free };
	backend->fake = fake;
	backend->last_open = &backend->open;
	return &backend->backend;
}
