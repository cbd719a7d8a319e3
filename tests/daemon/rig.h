/* SPDX-License-Identifier: BSD-2-Clause */
/* rig.h - a running assayd with a name server of its own, and a client that talks to it as Postfix does. */
#ifndef AS_RIG_H
#define AS_RIG_H

#include "daemon.h"
#include "dns_responder.h"
#include "milter_client.h"

/* In the zone: example.com has SPF for 192.0.2.1 and p=reject; quarantine.example and none.example have those policies;
 * silent.example is not answered before rig->dns is released. */
struct rig {
	struct daemon *daemon;
	struct dns_responder *dns;
	char address[128]; /* unix socket, for milter_open() */
	char config[4096]; /* what the daemon runs with */
};

enum { RIG_CLIENT_OURS = 1, RIG_CLIENT_FOREIGN = 66 }; /* last octet of 192.0.2.x */

/* extra: lines added to the configuration. The daemon runs. Fails the test when it does not. */
struct rig *rig_new(const char *extra);
/* The same, with what daemon_prepare() says. */
struct rig *rig_new_prepared(const char *extra, void (*prepare)(void *user), void *user);
/* cmocka: runs a test with a rig of no extra lines, as *state. */
int rig_setup(void **state);
int rig_teardown(void **state);
void rig_free(struct rig *rig); /* asserts that the daemon stops with 0 */
void rig_discard(struct rig *rig); /* the daemon has ended, or may end as it likes */

/* Configuration text of this rig plus other lines. */
void rig_configure(struct rig *rig, const char *extra);

/* Connected, negotiated, CONNECT from 192.0.2.x and HELO sent. */
struct milter_client *rig_client(const struct rig *rig, int last_octet);
/* Only connected and negotiated. */
struct milter_client *rig_negotiated(const struct rig *rig);

/* MAIL with this path and RCPT; asserts the answers. */
void rig_mail(struct milter_client *client, const char *path);
/* Header with From at this domain, end of header, a body. */
void rig_content(struct milter_client *client, const char *from_domain);
/* All of it for user@domain, and the end of message. */
const struct milter_result *rig_message(struct milter_client *client, const char *domain);

/* A whole session of one message for user@domain in one write, answers unread; and the bytes of it alone, returning their number. */
enum { RIG_SESSION_MAX = 512 };
void rig_session_send(struct milter_client *client, const char *domain);
size_t rig_session_bytes(char bytes[RIG_SESSION_MAX], const char *domain);
/* Its answers. MILTER_LOST: the connection ended before. */
const struct milter_result *rig_session_read(struct milter_client *client);

/* QUIT and close. */
void rig_farewell(struct milter_client *client);

/* The n-th insertion of a field of that name; NULL when there are fewer. */
const struct milter_edit *rig_inserted(const struct milter_result *result, const char *name, unsigned n);

#endif
