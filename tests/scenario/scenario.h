/* SPDX-License-Identifier: BSD-2-Clause */
/* scenario.h - one mail judged in one world, as a data file: configuration, zone, client, envelope, message, expected report.
 *
 *   name: TEXT
 *   client: ADDRESS        helo: NAME        from: PATH        rcpt: PATH (repeatable)        auth: yes
 *   tls: VERSION CIPHER
 *   login: NAME            of SMTP AUTH, with the mechanism PLAIN; default bob
 *   hostname: NAME         default mx.example.net
 *   time: SECONDS          default 1800000000
 *   sign: key=NAME d=DOMAIN s=SELECTOR [a=ALG] [c=CANON] [h=NAMES] [i=ID] [l=LENGTH] [tags=T;T]    repeatable; the first is signed first
 *   seal: as sign, and [cv=WORD] [n=INSTANCE] [spoil=seal] [times=COUNT] [results=AAR, + for a space] for an ARC set;
 *     signs and seals are made in the order of the file
 *   config <<END / shadow <<END / zone <<END / message <<END / expect <<END     text up to a line END; shadow: a shadow configuration
 *
 * @NAME@ in the zone is the record text of tests/support/keys/NAME.pem. Lines starting with "#" outside texts are comments.
 * "message" is written with LF; \xHH in it (and \\) stands for a byte. The expected text is what as_scenario_report() writes.
 */
#ifndef AS_TEST_SCENARIO_H
#define AS_TEST_SCENARIO_H

#include "arena.h"
#include "engine.h"
#include "str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SCENARIO_LIST_MAX = 32 };

struct as_scenario {
	const char *file;
	const char *name, *client, *helo, *from, *hostname;
	const char *login;
	const char *recipients[SCENARIO_LIST_MAX];
	size_t recipient_count;
	const char *signs[SCENARIO_LIST_MAX]; /* "sign ..." and "seal ..." */
	size_t sign_count;
	const char *tls_version, *tls_cipher;
	bool is_authenticated;
	int64_t time_s;
	const char *config, *zone, *expect;
	const char *shadow; /* NULL: none */
	const char *message; /* CRLF, signed */
	size_t message_size;
};

/* Reads and prepares (signs, fills in keys); exits with a message when the file is wrong: it is ours. */
void as_scenario_read(struct as_arena *arena, const char *file, struct as_scenario *scenario);

/* The folder's files in order; NULL ends. */
const char **as_scenario_files(struct as_arena *arena, const char *folder);

/* Splits the message as an MTA does and feeds it to each_field (value with leading space) until the header ends; returns the body. */
const char *as_scenario_fields(const struct as_scenario *scenario,
			       void (*each_field)(void *user, const char *name, size_t name_length,
						  const char *value, size_t value_length),
			       void *user);

/* A world for the scenario: fake DNS, settings, fixed clock. Exits on trouble. */
struct as_dns_fake;
struct as_env *as_scenario_env(const struct as_scenario *scenario, struct as_dns_fake **fake);

/* What the library makes of it, one line each: action, rule, reply, quarantine, remove, insert (unfolded), log. Arena memory. */
char *as_scenario_report(struct as_arena *arena, const struct as_scenario *scenario);

/* The same, and how many queries it took. */
char *as_scenario_report_counted(struct as_arena *arena, const struct as_scenario *scenario, unsigned *queries);

/* A capture of the scenario, in the arena, and the report of the judgement that it captures. NULL: it does not fit. */
const char *as_scenario_capture(struct as_arena *arena, const struct as_scenario *scenario, size_t *size, char **report);

/* The lines of a report for a verdict. Arena memory. */
char *as_scenario_describe(struct as_arena *arena, const struct as_verdict *verdict);

/* One "insert:" line: folds become single spaces. */
void as_scenario_insert_line(struct as_buf *out, const char *name, const char *value);

#endif
