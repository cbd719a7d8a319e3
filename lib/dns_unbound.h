/* SPDX-License-Identifier: BSD-2-Clause */
/* dns_unbound.h - the back end that asks the world: libunbound with ub_resolve_event in one thread of its own, validating. */
#ifndef AS_DNS_UNBOUND_H
#define AS_DNS_UNBOUND_H

#include "arena.h"
#include "err.h"
#include "log.h"

#include <stdbool.h>
#include <stddef.h>

struct as_dns_backend;

#define AS_DNS_RESOLV_CONF "/etc/resolv.conf"

/* AUTO asks each server of resolv.conf, in 2.5 s at most and all at once, for a record that the trust anchor proves. Those that answer
 * with good signatures become forwarders; if there is none - also when the network is not there yet - it recurses from the root.
 * Without a trust anchor the servers are taken as they are, and every answer is AS_DNSSEC_INDETERMINATE (RFC 4033 section 5). */
enum as_dns_mode { AS_DNS_AUTO, AS_DNS_FORWARD, AS_DNS_RECURSE };

struct as_dns_stub {
	const char *zone;
	const char **addresses; /* "ADDR" or "ADDR@PORT", NULL ends */
	bool insecure;          /* do not validate below this zone (domain-insecure) */
};

struct as_dns_unbound_options {
	enum as_dns_mode mode;
	const char **forward;      /* FORWARD: servers "ADDR[@PORT]", NULL ends */
	const char *trust_anchor;  /* file of DNSKEY/DS lines; "" = no validation */
	const char **insecure;     /* negative trust anchors, RFC 7646; NULL ends. Not at the very zone of an anchor: that one counts */
	const struct as_dns_stub *stubs;
	size_t stub_count;
	size_t cache_bytes;        /* bound of libunbound's own caches together; 0: its defaults */
	const char *resolv_conf;   /* AUTO; NULL = AS_DNS_RESOLV_CONF */
	const struct as_log *log;
};

/* Builds the context, checks anchor and servers, starts the thread. On error *detail says what is wrong (owned by arena) and
 * the result is NULL. *state: one line for the start of the log ("forwarding to ..., DNSSEC validation on, anchor FILE (tags
 * 20326 38696)"). Signals must be blocked before. DN-7..DN-14, LIBRARIES.md B. */
struct as_dns_backend *as_dns_unbound_new(struct as_arena *arena, const struct as_dns_unbound_options *options, const char **state,
					  const char **detail);

/* Can the trust anchor file be read and which key tags does it hold? For `assayd -n`. *state and *detail as above. */
enum as_err as_dns_anchor_check(struct as_arena *arena, const char *file, const char **state, const char **detail);

#endif
