/* SPDX-License-Identifier: BSD-2-Clause */
/* dns_unbound_conf.h - a configured libunbound context on a libevent base, and the probe of forwarders. Only dns_unbound*.c. */
#ifndef AS_DNS_UNBOUND_CONF_H
#define AS_DNS_UNBOUND_CONF_H

#include "arena.h"
#include "dns_anchor.h"
#include "dns_unbound.h"

struct ub_ctx;
struct event_base;

/* What of the options is left once the mode is decided. */
struct as_dns_plan {
	const struct as_dns_unbound_options *options;
	const struct as_dns_anchor *anchor; /* NULL: no validation */
	const char *const *forward;         /* NULL: recurse */
	unsigned range;                     /* sockets for questions under way */
	bool is_makeshift;                  /* AUTO: recurse because no server answered */
};

/* Are the addresses and zones well-formed? NULL, or what is wrong. */
const char *as_dns_unbound_complaint(struct as_arena *arena, const struct as_dns_unbound_options *options);

/* libunbound's settings for that. Arena memory. */
const char *as_dns_unbound_settings(struct as_arena *arena, const struct as_dns_plan *plan);

/* A context with these settings that has answered its first (local) question, so that they are known to work. NULL: *detail.
 * Any thread: the process makes or deletes one at a time. */
struct ub_ctx *as_dns_unbound_open(struct as_arena *arena, struct event_base *base, const char *settings, const char **detail);

/* Deletes it, calling what is still under way. Thread of the base. */
void as_dns_unbound_close(struct ub_ctx *ctx);

/* AUTO: makes the servers of resolv.conf that hand signatures through (all of them if nothing is validated) the plan's forwarders; none:
 * recurse. Takes 2.5 s at most. Returns why, for the log. */
const char *as_dns_unbound_probe(struct as_arena *arena, struct as_dns_plan *plan);

#endif
