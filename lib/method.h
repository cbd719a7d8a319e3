/* SPDX-License-Identifier: BSD-2-Clause */
/* method.h - a method is one file and one row: a hook for each event it cares about. Hooks return nothing: a method cannot fail,
 * it records temperror with a reason. The order of the rows is the order of evaluation and of the header field. */
#ifndef AS_METHOD_H
#define AS_METHOD_H

#include "message.h"

struct as_method {
	const char *name;
	bool sees_skipped; /* finish is called for messages that are not judged too */
	void (*connect)(struct as_session *session); /* connect and helo: not for a trusted client and for a relay */
	void (*helo)(struct as_session *session);
	void (*client)(struct as_message *message); /* client and sender are known: at MAIL, or for a relay at the end of the header. Starts
						     * lookups; left out when the client's messages come to no end */
	void (*author)(struct as_message *message); /* the author is known, at the end of the header: lookups that come before those of eoh,
						     * whose number a stranger chooses */
	void (*eoh)(struct as_message *message);
	void (*finish)(struct as_message *message); /* may wait for DNS; adds results */
};

/* What speaks for a message under these settings, as far as dns knows; NULL: nothing hangs on it. With a set of as_dns_set_new_held()
 * some lookups may be missing: *most is then what would be found if all of them spoke for the message, otherwise NULL. After the methods
 * before it have finished. Memory of the message. */
const struct as_evidence *as_evidence_find(struct as_message *message, const struct as_settings *settings, struct as_dns_set *dns,
					   const struct as_evidence **most);

/* The rows; name NULL ends. */
extern const struct as_method as_method_spf;
extern const struct as_method as_method_dkim;
extern const struct as_method as_method_arc;
extern const struct as_method as_method_dmarc;
extern const struct as_method as_method_evidence;
extern const struct as_method as_method_iprev;
extern const struct as_method as_method_auth;

#endif
