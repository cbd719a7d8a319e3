/* SPDX-License-Identifier: BSD-2-Clause */
/* engine.h - a message's way through the library: events in, decision and header edits out. Knows no milter and no socket.
 *
 * Events come in the order of RFC 5321: connect, helo, mail, rcpt*, header*, eoh, body*, eom. Missing ones are filled in, repeated
 * ones are allowed, so that a peer that breaks the order gets a defined answer. One thread per session at a time.
 */
#ifndef AS_ENGINE_H
#define AS_ENGINE_H

#include "message.h"
#include "shadow.h"

/* CONNECT. client NULL: unknown or local. name: the MTA's idea of the client's name, NULL. hostname: the MTA's {j}, NULL. Takes its own
 * reference to env. */
struct as_session *as_engine_connect(struct as_env *env, const struct as_ip *client, const char *name, const char *hostname);
void as_engine_helo(struct as_session *session, const char *helo);
void as_engine_close(struct as_session *session); /* NULL is allowed; messages must be gone */

/* MAIL. path: "<a@b>" or "a@b"; authenticated: SMTP AUTH was used. The caller frees with as_engine_end(). env NULL: the session's. */
struct as_message *as_engine_mail(struct as_session *session, struct as_env *env, const char *path, bool is_authenticated);
/* Between MAIL and end of message: what the MTA tells of the session's TLS ({tls_version}, {cipher}); NULL for what it does not tell. */
void as_engine_tls(struct as_message *message, const char *version, const char *cipher);

/* What the MTA says of SMTP AUTH, after MAIL: the mechanism and the name of the login ({auth_type}, {auth_authen}); either may be NULL. */
void as_engine_login(struct as_message *message, const char *mechanism, const char *name);
void as_engine_rcpt(struct as_message *message, const char *path);
void as_engine_header(struct as_message *message, const char *name, size_t name_length, const char *value, size_t value_length);
void as_engine_eoh(struct as_message *message);
bool as_engine_wants_body(const struct as_message *message);
void as_engine_body(struct as_message *message, const unsigned char *bytes, size_t n);
void as_engine_end(struct as_message *message); /* NULL is allowed */

/* One header edit for the applying side, to be done in this order. */
struct as_edit {
	enum { AS_EDIT_DELETE, AS_EDIT_INSERT } kind;
	const char *name;
	unsigned instance;  /* DELETE: 1-based among fields of that name, highest first. INSERT: 0 = top */
	const char *value;  /* INSERT: with leading space */
};

struct as_verdict {
	const struct as_decision *decision;
	size_t edit_count;
	const struct as_edit *edits; /* also for a message that will be refused: the applier may leave them out then */
	const struct as_shadow *shadow; /* what a shadow configuration would have decided; NULL: there is none */
	const char *log_line;        /* "from=<...> helo=... ..." without the queue id; printable */
};

/* EOM: waits for what is missing, decides. queue_id may be NULL. before_wait (NULL allowed) is called in this thread before the
 * first wait that blocks. Strings in the message's arena. */
void as_engine_eom(struct as_message *message, const char *queue_id, void (*before_wait)(void *user), void *user,
		   struct as_verdict *verdict);

/* Marks a failure inside us (a callback that could not do its work): the decision becomes on-internal-error. */
void as_engine_internal_error(struct as_message *message, const char *what);

#endif
