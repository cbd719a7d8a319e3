/* SPDX-License-Identifier: BSD-2-Clause */
/* capture.h - a judged message with all that its judgement rests on as one file, and that file judged again. assay(1) has the format.
 *
 * A recorder keeps the bytes that the engine does not keep, from MAIL on and only for messages that may be captured.
 */
#ifndef AS_CAPTURE_H
#define AS_CAPTURE_H

#include "dns_capture.h"
#include "engine.h"
#include "err.h"

/* --- recording ----------------------------------------------------------------------------------------------------- */

/* Keeps what comes from now on, after as_engine_mail() and before the first header field. capture.maximum-bytes bounds it. is_chosen:
 * captured whatever the decision is; otherwise for the rules of capture.rules only. */
void as_capture_begin(struct as_message *message, bool is_chosen);

/* For engine.c: message->recorder is there. */
void as_capture_field(struct as_message *message, const char *name, size_t name_length, const char *value, size_t value_length);
void as_capture_body(struct as_message *message, const unsigned char *bytes, size_t n);
bool as_capture_wants_body(const struct as_message *message);

/* Is this message to be captured, after as_engine_eom()? */
bool as_capture_is_wanted(const struct as_message *message);

/* The content of the file; NULL: not even the header and the answers fit into capture.maximum-bytes. Between as_engine_eom() and
 * as_engine_end(), of a message with a recorder. Arena memory of the message. ms: how long the end of the message took. */
const char *as_capture_make(struct as_message *message, const struct as_verdict *verdict, const char *queue_id, int64_t ms, size_t *size);

/* --- reading ------------------------------------------------------------------------------------------------------- */

struct as_captured_field {
	const char *name;
	size_t name_length;
	const char *value;
	size_t value_length;
};

struct as_capture {
	int64_t time_s;  /* wall clock at MAIL */
	int64_t mono_ms; /* the other clock at the decision */
	struct as_ip client;
	const char *client_name, *helo, *hostname, *queue_id; /* NULL */
	const char *path; /* of MAIL */
	bool is_authenticated;
	const char *login_mechanism, *login_name, *tls_version, *tls_cipher; /* NULL */
	const char **recipients;
	size_t recipient_count;
	const char *internal_error; /* NULL */
	bool is_cut;                /* the message was longer than what was kept of it */
	struct as_captured_field *fields;
	size_t field_count;
	const unsigned char *body;
	size_t body_size;
	struct as_dns_captured *lookups;
	size_t lookup_count;
	const char *action, *rule; /* the decision */
	const char *reply;         /* NULL */
	const char *results;       /* value of the Authentication-Results field, NULL */
	const char *log_line;
};

/* Reads a file's bytes, which must stay. AS_ERR_SYNTAX: *detail says what is wrong. Arena memory; pure. */
enum as_err as_capture_read(struct as_arena *arena, const char *bytes, size_t n, struct as_capture *capture, const char **detail);

/* --- judging again ------------------------------------------------------------------------------------------------- */

struct as_replay {
	struct as_clock clock; /* stands still */
	struct as_env *env;
	struct as_session *session;
	struct as_message *message;
	struct as_verdict verdict;
};

/* settings, capture and log are borrowed and outlive the replay. NULL: *trouble (malloc'ed) says why the settings cannot be used. */
struct as_replay *as_replay_new(const struct as_settings *settings, const struct as_capture *capture, const struct as_log *log,
				char **trouble);
void as_replay_free(struct as_replay *replay); /* NULL is allowed */

/* Questions that the judgement rests on and that were not captured: "NAME TYPE, NAME TYPE". NULL: none. Arena memory of the message. */
const char *as_replay_missing(const struct as_replay *replay);

/* "550 5.7.1 text" of a decision, NULL when nothing is refused. Arena memory. */
const char *as_capture_reply(struct as_arena *arena, const struct as_decision *decision);

/* The value of the Authentication-Results field that a verdict writes; NULL. */
const char *as_capture_results(const struct as_verdict *verdict);

/* The checksum of the format: 64-bit FNV-1a. */
uint64_t as_capture_sum(const char *bytes, size_t n);

#define AS_CAPTURE_MAGIC "assay-capture 1"

#endif
