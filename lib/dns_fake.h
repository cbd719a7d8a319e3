/* SPDX-License-Identifier: BSD-2-Clause */
/* dns_fake.h - a back end that answers from zone text: tests and `assay message --dns-zone`. No thread, no network, virtual time.
 *
 * Lines, names relative to $ORIGIN unless they end in "." (default origin: the root):
 *   NAME [TTL] [IN] TYPE RDATA        A AAAA TXT MX PTR CNAME NS TLSA(hex), master-file syntax, "\DDD" escapes, ";" comments
 *   $ORIGIN NAME
 *   $SECURE NAME                      answers at and below NAME are secure; others insecure
 *   $SERVFAIL NAME [TYPE]   $BOGUS NAME [TYPE]   $NXDOMAIN NAME
 *   $TIMEOUT NAME [TYPE]              never answered: the wait ends at its deadline
 *   $DELAY MS NAME [TYPE]             answered after MS of virtual time
 *   $STRICT                           a name that is not listed is remembered (as_dns_fake_unlisted) and fails the test
 * Names that exist only because something is below them are NODATA; others NXDOMAIN; "*" wildcards work. CNAMEs are followed.
 */
#ifndef AS_DNS_FAKE_H
#define AS_DNS_FAKE_H

#include "arena.h"
#include "clock.h"
#include "dns.h"
#include "err.h"

struct as_dns_fake;

/* An empty world. The clock it shows stands at start_wall_s and moves only while someone waits for a delayed answer. */
struct as_dns_fake *as_dns_fake_new(int64_t start_wall_s);

/* For as_dns_new(); the backend's free does not free the world, so that a test can still ask it. */
struct as_dns_backend *as_dns_fake_backend(struct as_dns_fake *fake);
const struct as_clock *as_dns_fake_clock(struct as_dns_fake *fake);
void as_dns_fake_free(struct as_dns_fake *fake); /* after the last as_dns_unref */

/* Adds zone text. On error *detail is "line N: ..." */
enum as_err as_dns_fake_load(struct as_dns_fake *fake, struct as_arena *arena, const char *text, size_t n, const char **detail);

/* Adds one TXT record of any bytes (one string of any length), or one record by text rdata. */
void as_dns_fake_txt(struct as_dns_fake *fake, const char *name, const char *bytes, size_t n);
enum as_err as_dns_fake_record(struct as_dns_fake *fake, const char *name, enum as_dns_type type, const char *rdata);

enum as_dns_behaviour { AS_FAKE_ANSWER, AS_FAKE_SERVFAIL, AS_FAKE_BOGUS, AS_FAKE_TIMEOUT, AS_FAKE_NXDOMAIN };
/* type 0: every type of that name. */
void as_dns_fake_behave(struct as_dns_fake *fake, const char *name, enum as_dns_type type, enum as_dns_behaviour behaviour);

/* Queries seen for a name and type; NULL and 0 count all. */
unsigned as_dns_fake_queries(const struct as_dns_fake *fake, const char *name, enum as_dns_type type);
/* The first name asked under $STRICT that is not listed, or NULL. */
const char *as_dns_fake_unlisted(const struct as_dns_fake *fake);
/* Moves the virtual clock. */
void as_dns_fake_advance(struct as_dns_fake *fake, int64_t ms);

#endif
