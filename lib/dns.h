/* SPDX-License-Identifier: BSD-2-Clause */
/* dns.h - DNS lookups of messages: started early, run in parallel, merged, cached, validated, waited for once.
 *
 * struct as_dns is the shared service: a back end (dns_unbound.h, dns_fake.h) behind a cache that honours TTLs.
 * struct as_dns_set is the lookups of one message: it merges equal questions, counts them against a budget, holds every
 * answer until it is freed, and knows the one deadline. Code that needs an answer writes as_dns_get(); code that knows
 * early what will be needed calls as_dns_start(). Nothing else changes: an evaluation is right without any early start.
 *
 * DNSSEC (RFC 4035 4.3, DN-1..DN-6): a bogus answer comes out as AS_DNS_TEMPFAIL with dnssec AS_DNSSEC_BOGUS and no records.
 */
#ifndef AS_DNS_H
#define AS_DNS_H

#include "arena.h"
#include "clock.h"
#include "code.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum as_dns_type {
	AS_DNS_A = 1,
	AS_DNS_NS = 2,
	AS_DNS_CNAME = 5,
	AS_DNS_SOA = 6,
	AS_DNS_PTR = 12,
	AS_DNS_MX = 15,
	AS_DNS_TXT = 16,
	AS_DNS_AAAA = 28,
	AS_DNS_TLSA = 52,
};

/* OK: at least one record. NODATA: the name exists, the type does not. TEMPFAIL: anything that may be different later. */
enum as_dns_status { AS_DNS_OK, AS_DNS_NODATA, AS_DNS_NXDOMAIN, AS_DNS_TEMPFAIL };

struct as_dns_record {
	const uint8_t *data; /* A, AAAA: 4 or 16 bytes. TXT: the strings joined (RFC 7208 3.3). Others: rdata as on the wire */
	size_t size;         /* data[size] is 0 for TXT, and data may hold NUL bytes before it */
	const char *name;    /* MX exchange, PTR, NS, CNAME target: lower case, no trailing dot, "" is the root; else NULL */
	uint16_t preference; /* MX */
};

/* An answer is immutable, counted, and shared between threads. */
struct as_dns_answer {
	enum as_dns_status status;
	enum as_dnssec dnssec;
	const char *name; /* the question, lower case */
	enum as_dns_type type;
	const char *canonical; /* the name at the end of the CNAME chain, "?" if no text can hold it; equal to name without one */
	const char *reason;    /* TEMPFAIL: "timeout", "SERVFAIL", "bogus: ..." (printable ASCII); else NULL */
	uint32_t ttl;          /* seconds, when the answer came */
	size_t count;
	const struct as_dns_record *records; /* those with names over 253 octets or control bytes have been left out */
};

struct as_dns;
struct as_dns_set;
struct as_dns_backend;

struct as_dns_options {
	size_t cache_bytes;        /* bound of the answer cache; 0: no cache */
	uint32_t max_ttl_s;        /* TTLs are cut to this */
	uint32_t failure_ttl_s;    /* how long TEMPFAIL and bogus answers are kept */
};

/* Takes the back end over (freed with the service). clock is borrowed and outlives the service. */
struct as_dns *as_dns_new(struct as_dns_backend *backend, const struct as_dns_options *options, const struct as_clock *clock);
struct as_dns *as_dns_ref(struct as_dns *dns);
void as_dns_unref(struct as_dns *dns); /* NULL is allowed. The last one waits for the back end to stop. Thread safe */

/* Were the servers that it should ask silent when it was made, so that another one made now may be better? */
bool as_dns_is_makeshift(const struct as_dns *dns);

struct as_dns_stats {
	uint64_t asked;      /* questions of all sets */
	uint64_t hits;       /* answered by the cache */
	uint64_t merged;     /* joined a question already under way */
	uint64_t sent;       /* went to the back end */
	uint64_t timeouts;   /* waits that ended at a deadline */
	uint64_t over_budget;
	uint64_t crowded;    /* early starts given up, because very many questions were under way */
	uint64_t failures;   /* answers of the back end that were TEMPFAIL, bogus ones included */
	uint64_t bogus;
	uint64_t under_way;  /* now, at the back end */
	size_t cache_entries, cache_bytes; /* now; bytes as far as they are counted against cache_limit */
	size_t cache_limit;
};
/* Thread safe; the numbers are not of one moment. */
struct as_dns_stats as_dns_stats(const struct as_dns *dns);

/* --- the lookups of one message ------------------------------------------------------------------------------------ */

struct as_dns_limits {
	/* Questions at most, those that the cache answers included; beyond it every answer is TEMPFAIL "query budget used up". */
	unsigned budget;
	int64_t timeout_ms; /* how long all waits of this set may last together; counted from as_dns_set_arm() or the first wait */
};

struct as_dns_set *as_dns_set_new(struct as_dns *dns, const struct as_dns_limits *limits);

/* A set that asks nobody, for the thread that owns `of` and no longer than it lives: as_dns_get() gives what `of` holds and never waits,
 * as_dns_start() does nothing. What `of` does not hold yet is TEMPFAIL "not looked up", and counted. */
struct as_dns_set *as_dns_set_new_held(struct as_dns_set *of);
size_t as_dns_set_missing(const struct as_dns_set *set); /* how often; 0 for every other set */

/* The message is done. Lookups under way go on and fill the cache; no `then` is called any more, and one that runs just now in the
 * resolver's thread has ended when this returns. Not from within a `then`. NULL is allowed. */
void as_dns_set_free(struct as_dns_set *set);

/* Is more than half of the budget left? For lookups whose number a stranger chooses, before they are started early: the other half is for
 * what an evaluation really needs, in its order. */
bool as_dns_set_has_room(struct as_dns_set *set);

/* The deadline runs from now. */
void as_dns_set_arm(struct as_dns_set *set);

/* Called once, in the waiting thread, just before the first wait that really blocks. */
void as_dns_set_on_wait(struct as_dns_set *set, void (*before_wait)(void *user), void *user);

/* Calls release(handle) when the last reference to the set is gone (lookups under way hold one): for what `then` uses. */
void as_dns_set_defer(struct as_dns_set *set, void (*release)(void *handle), void *handle);

/* Starts a lookup; returns at once. A question already in the set costs nothing. A name that may not be asked
 * (as_domain_is_queryable) is answered NXDOMAIN without a query. Names are compared without case. With thousands of questions under way
 * nothing is started, and `then` below is not called: as_dns_get() asks when the time has come. */
void as_dns_start(struct as_dns_set *set, const char *name, enum as_dns_type type);

/* The same, and calls then(user, answer) once the answer is there: at once when it is, else in the resolver's thread. `then`
 * must not block and may call as_dns_start and as_dns_start_then. Several may run at once, in the owner's thread and in the resolver's.
 * Not called after as_dns_set_free, nor when as_dns_get has given the lookup up at the deadline. */
typedef void as_dns_then(void *user, const struct as_dns_answer *answer);
void as_dns_start_then(struct as_dns_set *set, const char *name, enum as_dns_type type, as_dns_then *then, void *user);

/* The answer, started now if it was not before; blocks until the deadline at most, then TEMPFAIL "timeout", and stays so for this set.
 * After the deadline nothing is started, but what the cache knows is given.
 * Never NULL; valid until as_dns_set_free. Only the thread that owns the message calls it. */
const struct as_dns_answer *as_dns_get(struct as_dns_set *set, const char *name, enum as_dns_type type);

/* For the trace and the log: the questions of this set in the order asked. answer NULL: still under way. */
struct as_dns_lookup {
	const char *name;
	enum as_dns_type type;
	const struct as_dns_answer *answer;
	int64_t at_ms;   /* when it was started; the set was made at 0 */
	int64_t ms;      /* from start to answer */
	bool was_cached;
	int after;       /* the lookup whose answer led to this one, as a place in the set; -1: none */
};
size_t as_dns_set_count(struct as_dns_set *set);
struct as_dns_lookup as_dns_set_lookup(struct as_dns_set *set, size_t i);

/* --- what was parsed from an answer, kept with it ------------------------------------------------------------------ */

/* A parsed form lives as long as its answer (and so as long as the cache keeps it): parsed SPF records, keys, DMARC records.
 * `kind` is the address of a static variable of the parsing module. Returns NULL if nothing of that kind is attached. */
void *as_dns_parsed(const struct as_dns_answer *answer, const void *kind);

/* Attaches; if another thread was faster, frees `parsed` and returns the other's. `parsed` must be immutable from now on. */
void *as_dns_attach(const struct as_dns_answer *answer, const void *kind, void *parsed, void (*release)(void *parsed));

/* "A", "TXT", ...; code of a name or 0. */
const char *as_dns_type_name(enum as_dns_type type);
enum as_dns_type as_dns_type_code(const char *name, size_t n);

/* Reverse name of an address: "1.2.0.192.in-addr.arpa", RFC 1035 3.5, RFC 3596 2.5. Owned by the arena. */
struct as_ip;
char *as_dns_reverse_name(struct as_arena *arena, const struct as_ip *ip);

#endif
