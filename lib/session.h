/* SPDX-License-Identifier: BSD-2-Clause */
/* session.h - one SMTP connection, from connect to close. Nothing about a message is kept here. One thread at a time. */
#ifndef AS_SESSION_H
#define AS_SESSION_H

#include "arena.h"
#include "env.h"
#include "ip.h"

struct as_session {
	struct as_arena *arena;
	struct as_env *env;       /* a reference */
	struct as_ip client;      /* family 0: local or unknown */
	const char *client_name;  /* as the MTA resolved it; NULL */
	char *helo;               /* the latest HELO/EHLO, cut to 512 bytes; NULL before */
	unsigned helo_count;
	const char *mta_name;     /* {j}; NULL */
	const char *hostname;     /* authserv-id: configured, else the MTA's {j}, else our host name; of a message see there */
	unsigned unfinished;      /* messages in a row that came to no end */
	struct as_dns_set *early; /* lookups that only warm the cache; NULL: not this client's */
};

#endif
