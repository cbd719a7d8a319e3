/* SPDX-License-Identifier: BSD-2-Clause */
/* dns_unbound_probe.c - mode "auto": do the servers of resolv.conf hand DNSSEC signatures through? DN-11.
 *
 * Each server gets a context of its own, all on one event base, and is asked for the SOA record of a zone we have an anchor for. A secure
 * answer makes it a forwarder. If none gives one (it strips signatures, or is silent), we recurse: that is right wherever the Internet can
 * be reached, and a machine without network at start finds it later.
 */
#include "config.h"

#include "dns_unbound_conf.h"

#include "dns.h"
#include "ip.h"
#include "str.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>

#include <event2/event.h>
#include <unbound.h>
#include <unbound-event.h>

enum { SERVERS_MAX = 4, PROBE_RANGE = 8, PROBE_MS = 2500, BOGUS = 1, SECURE = 2, SERVFAIL = 2, RCODE_AT = 3 };

struct probe {
	struct event_base *base;
	unsigned *left;
	struct ub_ctx *ctx;
	const char *server[2]; /* NULL ends */
	bool has_answer;
	bool is_secure;
};

static size_t read_servers(struct as_arena *arena, const char *file, const char *servers[SERVERS_MAX + 1])
{
	char line[512];
	size_t n = 0;
	FILE *stream = fopen(file, "re");
	while (stream && n < SERVERS_MAX && fgets(line, sizeof line, stream)) {
		static const char key[] = "nameserver";
		struct as_ip ip;
		if (strncmp(line, key, sizeof key - 1) != 0 || !as_is_wsp(line[sizeof key - 1]))
			continue;
		const char *address = line + sizeof key + strspn(line + sizeof key, " \t");
		const char *text = as_strndup(arena, address, strcspn(address, " \t\r\n#;"));
		if (as_ip_parse(text, &ip) == AS_OK)
			servers[n++] = text;
	}
	if (stream)
		fclose(stream);
	servers[n] = NULL;
	return n;
}

static void on_answer(void *user, int rcode, void *packet, int size, int security, char *why_bogus, int was_ratelimited)
{
	struct probe *probe = user;
	const uint8_t *header = packet;
	bool is_failure = rcode != 0 || size < RCODE_AT + 1 || (header[RCODE_AT] & 0x0f) == SERVFAIL;
	(void)why_bogus, (void)was_ratelimited; /* only the validator's word counts */
	probe->has_answer = security == BOGUS || !is_failure;
	probe->is_secure = rcode == 0 && security == SECURE;
	if (--*probe->left == 0)
		event_base_loopbreak(probe->base);
}

static void run(struct as_arena *arena, struct probe *probes, size_t n, const struct as_dns_unbound_options *options,
		const struct as_dns_anchor *anchor)
{
	const struct timeval patience = { .tv_sec = PROBE_MS / 1000, .tv_usec = PROBE_MS % 1000 * 1000 };
	struct as_dns_unbound_options bare = { .trust_anchor = options->trust_anchor };
	struct event_base *base = event_base_new();
	const char *zone = *anchor->zone ? anchor->zone : ".";
	const char *detail;
	unsigned left = (unsigned)n;
	if (!base)
		return;
	for (size_t i = 0; i < n; i++) {
		struct as_dns_plan plan = { .options = &bare, .anchor = anchor, .forward = probes[i].server, .range = PROBE_RANGE };
		probes[i].base = base;
		probes[i].left = &left;
		probes[i].ctx = as_dns_unbound_open(arena, base, as_dns_unbound_settings(arena, &plan), &detail);
		if (!probes[i].ctx || ub_resolve_event(probes[i].ctx, zone, AS_DNS_SOA, 1, &probes[i], on_answer, NULL) != 0)
			left--;
	}
	if (left > 0) {
		event_base_loopexit(base, &patience);
		event_base_dispatch(base);
	}
	for (size_t i = 0; i < n; i++)
		if (probes[i].ctx)
			as_dns_unbound_close(probes[i].ctx);
	event_base_free(base);
}

const char *as_dns_unbound_probe(struct as_arena *arena, struct as_dns_plan *plan)
{
	const char *file = plan->options->resolv_conf ? plan->options->resolv_conf : AS_DNS_RESOLV_CONF;
	const char **servers = as_alloc_array(arena, SERVERS_MAX + 1, sizeof *servers);
	struct probe probes[SERVERS_MAX] = { 0 };
	size_t good = 0;
	bool any_answer = false;
	size_t n = read_servers(arena, file, servers);
	if (n == 0 || !plan->anchor) {
		plan->forward = n ? servers : NULL;
		return as_printf(arena, n ? "the servers of %s, not tested" : "no servers in %s", file);
	}
	for (size_t i = 0; i < n; i++)
		probes[i].server[0] = servers[i];
	run(arena, probes, n, plan->options, plan->anchor);
	for (size_t i = 0; i < n; i++) {
		any_answer = any_answer || probes[i].has_answer;
		if (probes[i].is_secure)
			servers[good++] = servers[i];
	}
	servers[good] = NULL;
	plan->forward = good ? servers : NULL;
	plan->is_makeshift = !any_answer;
	const char *verdict = any_answer ? "do not hand DNSSEC signatures through" : "did not answer the probe";
	return as_printf(arena, "the servers of %s %s", file, good ? "hand DNSSEC signatures through" : verdict);
}
